"""ocpi site prices, upload, measure and priority: what energy costs, what others draw, and who comes first."""

from pathlib import Path
from typing import Annotated

import typer

from cli.deployment import Deployment
from cli.failure import Failure
from cli.files import read_bytes
from cli.output import AsJson, answer, answer_table
from cli.site.editing import edited, known
from cli.site.options import Node, Reason, SiteId, Yes, local
from ocpi import clock, wire
from ocpi.energy.desk import PRICES, Measured
from ocpi.sites.series import SeriesKind
from ocpi.sites.site import GRID, parse_time


def prices(
    context: typer.Context,
    site: SiteId,
    file: Annotated[
        Path | None,
        typer.Argument(
            help="JSON with price_per_kwh, feed_in_per_kwh and demand_charge; what it leaves out is removed."
        ),
    ] = None,
    reason: Reason = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Show what energy costs, or set it from a file; prices that were uploaded for a day stand in for these."""
    deployment: Deployment = context.obj
    shown = known(deployment, site)
    if file:
        wanted = _object(file)
        shown = edited(deployment, lambda by: deployment.desk.set_prices(site, wanted, by), yes=yes, reason=reason)
    found = {name: getattr(shown.site, name) for name in PRICES}
    text = "\n".join(
        f"{name}: {wire.dumps(value).decode() if value is not None else '-'}" for name, value in found.items()
    )
    answer(found | {"revision": shown.revision}, as_json=as_json, text=text)


def _object(file: Path) -> wire.JsonObject:
    """Raises:
    Failure: the file is no JSON object.
    """
    try:
        return wire.loads_object(read_bytes(file))
    except wire.NotJson as error:
        raise Failure(f"{file}: {error}") from None


def upload(  # noqa: PLR0913, PLR0917 - the options of the command
    context: typer.Context,
    site: SiteId,
    kind: Annotated[str, typer.Argument(help="price, feed_in, base_load_kw or pv_kw.")],
    file: Annotated[Path, typer.Argument(help="CSV, or JSON (docs/energy-managers.md); - for standard input.")],
    node: Node = GRID,
    content_type: Annotated[
        str | None, typer.Option("--type", help="text/csv or application/json; by the file's name if left out.")
    ] = None,
    reason: Reason = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Upload prices of the day ahead, or a forecast of base load or solar power; the site is planned anew at once."""
    deployment: Deployment = context.obj
    series = _kind(kind)
    zone = known(deployment, site).site.zone
    text = read_bytes(file)
    type_ = content_type or ("application/json" if file.suffix == ".json" or text.lstrip()[:1] in b"[{" else "text/csv")
    steps = edited(
        deployment,
        lambda by: deployment.desk.upload(site, series, node, text, type_, by),
        yes=yes,
        reason=reason,
    )
    start, end = steps[0].start, steps[-1].end
    whole = {"id": site, "kind": series, "node": node, "steps": len(steps), "start": start, "end": end}
    span = f"{local(start, zone)} to {local(end, zone)}, {zone.key}"
    answer(whole, as_json=as_json, text=f"{series}: {len(steps)} steps from {span}.")


def _kind(text: str) -> SeriesKind:
    uploaded = [kind for kind in SeriesKind if not kind.is_measured]
    if text not in uploaded:
        raise Failure(f"there is no series {text!r}: there are {', '.join(uploaded)}")
    return SeriesKind(text)


def measure(  # noqa: PLR0913, PLR0917 - the options of the command
    context: typer.Context,
    site: SiteId,
    base_load_kw: Annotated[
        float | None, typer.Option(help="What others than EVSEs draw right at the node, kW.")
    ] = None,
    pv_kw: Annotated[float | None, typer.Option(help="What the site's solar power gives, kW.")] = None,
    at: Annotated[str | None, typer.Option(help="When it was measured (UTC); now if left out.")] = None,
    node: Node = GRID,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Tell what meters say; it counts for a quarter of an hour, and base load only ever takes room."""
    if base_load_kw is None and pv_kw is None:
        raise Failure("give --base-load-kw, --pv-kw, or both")
    deployment: Deployment = context.obj
    moment = parse_time(at) if at else clock.now().replace(microsecond=0)
    measured = Measured(base_load_kw, pv_kw)
    edited(deployment, lambda by: deployment.desk.measure(site, moment, measured, by, node), yes=yes)
    whole = {"id": site, "at": moment, "node": node, "base_load_kw": base_load_kw, "pv_kw": pv_kw}
    answer(whole, as_json=as_json, text="It is taken.")


def priority(
    context: typer.Context,
    site: SiteId,
    priorities: Annotated[
        list[str] | None, typer.Argument(metavar="EVSE=PRIORITY", help="Such as 034=2; 1 is what all have at first.")
    ] = None,
    reason: Reason = None,
    as_json: AsJson = False,
) -> None:
    """Show which EVSEs come first, or set it; those that are not named keep what they have."""
    deployment: Deployment = context.obj
    shown = known(deployment, site)
    if priorities:
        wanted = dict(map(_priority, priorities))
        shown = edited(deployment, lambda by: deployment.desk.set_priorities(site, wanted, by), yes=True, reason=reason)
    rows = [{"evse_uid": each.evse_uid, "priority": each.priority} for each in shown.site.evses]
    answer_table(rows, ("evse_uid", "priority"), as_json=as_json)


def _priority(text: str) -> tuple[str, float]:
    uid, _, number = text.rpartition("=")
    try:
        return uid, float(number)
    except ValueError:
        raise Failure(f"{text!r}: write the EVSE's uid and its priority, such as 034=2") from None
