"""ocpi site prices, upload, remove-upload, measure, priority: what energy costs, what others draw, who comes first."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from cli.deployment import Deployment
from cli.failure import Failure
from cli.files import read_bytes
from cli.output import AsJson, answer, answer_table
from cli.site.editing import edited, known
from cli.site.options import Node, Reason, SiteId, Yes, local, moment
from ocpi import clock, wire
from ocpi.energy.desk import PRICES, Measured
from ocpi.sites.series import SeriesKind
from ocpi.sites.site import GRID, parse_time
from ocpi.sites.steps import Steps
from ocpi.store.series import LONGEST_REMOVED

REMOVED = timedelta(days=31)
"""So far ahead an upload is taken back, if nobody says how far."""


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
    _answer_steps(site, series, node, steps, zone, as_json=as_json)


def remove_upload(  # noqa: PLR0913, PLR0917 - the options of the command
    context: typer.Context,
    site: SiteId,
    kind: Annotated[str, typer.Argument(help="price, feed_in, base_load_kw or pv_kw.")],
    since: Annotated[
        str | None, typer.Option("--from", help="From when: a date at the site, or a time; now if left out.")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", help="Until when; 31 days from now if left out.")] = None,
    node: Node = GRID,
    reason: Reason = None,
    as_json: AsJson = False,
) -> None:
    """Take an upload back: what the site's file says counts again, and the site is planned anew at once."""
    deployment: Deployment = context.obj
    series, zone, now = _kind(kind), known(deployment, site).site.zone, clock.now()
    start = moment("--from", since, zone) if since else now
    end = moment("--until", until, zone) if until else now + REMOVED
    if start >= end:
        raise Failure("--from must be before --until")
    if end - start > LONGEST_REMOVED:
        raise Failure(f"{LONGEST_REMOVED.days} days are the most at once")
    steps = edited(
        deployment,
        lambda by: deployment.desk.remove_series(site, series, node, start, end, by),
        yes=True,
        reason=reason,
    )
    if not steps:
        raise Failure(f"there is no {series} that was uploaded of that time")
    _answer_steps(site, series, node, steps, zone, as_json=as_json)


def _answer_steps(site: str, kind: SeriesKind, node: str, steps: Steps, zone: ZoneInfo, *, as_json: bool) -> None:
    start, end = steps[0].start, steps[-1].end
    whole = {"id": site, "kind": kind, "node": node, "steps": len(steps), "start": start, "end": end}
    span = f"{local(start, zone)} to {local(end, zone)}, {zone.key}"
    answer(whole, as_json=as_json, text=f"{kind}: {len(steps)} steps from {span}.")


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
    when = parse_time(at) if at else clock.now().replace(microsecond=0)
    measured = Measured(base_load_kw, pv_kw)
    edited(deployment, lambda by: deployment.desk.measure(site, when, measured, by, node), yes=yes)
    whole = {"id": site, "at": when, "node": node, "base_load_kw": base_load_kw, "pv_kw": pv_kw}
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
    wanted = dict(map(_priority, priorities or ()))
    if wanted:
        shown = edited(deployment, lambda by: deployment.desk.set_priorities(site, wanted, by), yes=True, reason=reason)
    asked_for = {uid.lower() for uid in wanted}
    rows = [
        {"evse_uid": each.evse_uid, "priority": each.priority}
        for each in sorted(shown.site.evses, key=lambda each: -each.priority)
        if as_json or not wanted or each.evse_uid.lower() in asked_for
    ]
    answer_table(rows, ("evse_uid", "priority"), as_json=as_json)


def _priority(text: str) -> tuple[str, float]:
    uid, _, number = text.rpartition("=")
    try:
        return uid, float(number)
    except ValueError:
        raise Failure(f"{text!r}: write the EVSE's uid and its priority, such as 034=2") from None
