"""ocpi simulate: real sessions from a file, charged by several policies, without a platform."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.files import read_bytes
from cli.output import AsJson


def simulate(  # noqa: PLR0913, PLR0917 - the options of a command
    file: Annotated[
        Path, typer.Argument(metavar="SESSIONS", help="The sessions: CSV, or the JSON of ACN-Data (docs/simulate.md).")
    ],
    site: Annotated[Path, typer.Option(help="The site as JSON, as in a scenario (docs/simulate.md).")],
    policy: Annotated[
        list[str] | None,
        typer.Option(help="lp, edf, llf, round-robin or uncontrolled; may be given often. Default: all."),
    ] = None,
    beliefs: Annotated[
        str, typer.Option(help="What is known of cars on arrival: told (the truth), learned, or unknown.")
    ] = "told",
    from_: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], metavar="DATE", help="Only who arrives on this day or later."),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="Only who arrives before this day."),
    ] = None,
    score_from: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], metavar="DATE", help="Play all, but count only who arrives on this day or later."
        ),
    ] = None,
    limit_kw: Annotated[
        float | None, typer.Option(help="The grid connection's limit instead of the site's, all phases together.")
    ] = None,
    schedule: Annotated[
        bool, typer.Option("--schedule", help="With --json: the power of each session, step by step.")
    ] = False,
    plot: Annotated[Path | None, typer.Option(help="Draw the policies to this file, as PNG.")] = None,
    as_json: AsJson = False,
) -> None:
    """Charge real sessions by several policies and compare them with what could have been done. Needs no AWS."""
    from cli import comparison  # noqa: PLC0415 - the solver takes most of a second to load, for all commands

    wanted = comparison.Wanted(
        policies=comparison.policies(policy or []),
        beliefs=comparison.beliefs(beliefs),
        begin=from_ and from_.date(),
        end=until and until.date(),
        score_from=score_from and score_from.date(),
        limit_kw=limit_kw,
    )
    compared = comparison.compare(file, read_bytes(site), wanted, with_picture=plot is not None)
    if plot:
        compared.draw(plot)
    compared.tell(as_json=as_json, schedule=schedule)
