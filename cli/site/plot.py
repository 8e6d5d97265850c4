"""ocpi site plot: a site's load, past and planned, as a PNG."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from cli.deployment import Deployment
from cli.failure import Failure
from cli.output import AsJson, answer
from cli.site.editing import known
from cli.site.options import Node, SiteId
from ocpi import clock
from ocpi.energy.history import history
from ocpi.sites.site import GRID

STEP_S = 300


def plot(
    context: typer.Context,
    site: SiteId,
    out: Annotated[Path | None, typer.Option(help="Write the picture to this file; SITE.png if left out.")] = None,
    hours: Annotated[float, typer.Option(min=0, max=24 * 7, help="How many hours of the past are drawn.")] = 12.0,
    node: Node = GRID,
    as_json: AsJson = False,
) -> None:
    """Draw each phase against its limit, as it was and for the next 24 hours, with price and solar power below."""
    from cli.site import drawing  # noqa: PLC0415 - matplotlib takes most of a second to load, for all commands

    deployment: Deployment = context.obj
    found, now = known(deployment, site).site, clock.now()
    branch = found.branch(node)
    slots = deployment.ledgers.loads(site, now - timedelta(hours=hours), now)
    was = drawing.stretch_of(history(slots, STEP_S, found.zone), branch)
    to_be = drawing.stretch_of(deployment.looking.planned(found, now), branch)
    assert to_be  # noqa: S101 - a plan knows every node, if only its limits
    file = out or Path(f"{site}.png")
    title = found.name or found.id if node == GRID else f"{found.name or found.id}, {node}"
    try:
        drawing.draw(was, to_be, now, file, found.zone, title)
    except OSError as error:
        raise Failure(f"{file}: {error.strerror}") from None
    answer({"id": site, "node": node, "file": str(file)}, as_json=as_json, text=f"Drawn to {file}.")
