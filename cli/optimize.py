"""ocpi optimize: plan a scenario from a file, without a platform."""

from pathlib import Path
from typing import Annotated

import typer

from cli.files import read_bytes
from cli.output import AsJson


def optimize(
    file: Annotated[
        Path, typer.Argument(metavar="SCENARIO", help="The scenario as JSON (docs/optimize.md); - for standard input.")
    ],
    out: Annotated[Path | None, typer.Option(help="Write the plan to this file, as JSON.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the plan to this file, as PNG.")] = None,
    bare: Annotated[
        bool, typer.Option("--bare", help="Energy, limits and phases only: no fair sharing, no least current.")
    ] = False,
    time_limit: Annotated[float, typer.Option(min=0.1, max=3600, help="Seconds that the solver may take.")] = 60.0,
    as_json: AsJson = False,
) -> None:
    """Plan the charging of a site from a file: what it bears, who is there, and prices. Needs no AWS."""
    from cli import scenario  # noqa: PLC0415 - the solver takes most of a second to load, for all commands

    planned = scenario.plan(read_bytes(file), with_picture=plot is not None, bare=bare, time_limit_s=time_limit)
    if out:
        planned.write(out)
    if plot:
        planned.draw(plot)
    planned.tell(as_json=as_json)
