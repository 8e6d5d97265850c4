"""ocpi site show and plan: what goes on at a site, and what is planned."""

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Annotated

import typer
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from cli.deployment import Deployment
from cli.output import AsJson, answer, answer_table, printable, table_of, when
from cli.runs import told as told_of_run
from cli.site.editing import known
from cli.site.options import Node, SiteId, by_phase, local
from ocpi import clock
from ocpi.energy.desk import Known
from ocpi.energy.picture import NodeShown, OverloadShown, Picture, RateShown, SessionShown
from ocpi.energy.planned import Planned
from ocpi.sites.limits import SourceKind
from ocpi.sites.phases import Phase
from ocpi.sites.site import GRID
from ocpi.types.primitives import format_datetime

_OF_NODE = ("node", "limit_a", "why", "drawn_a", "allowed_a", "base_load_a", "next_change")
_OF_SESSION = (
    "session_id",
    "evse_uid",
    "node",
    "kwh",
    "drawn_kw",
    "allowed",
    "planned",
    "departure",
    "needs_kwh",
    "short_kwh",
    "why",
)


def show(
    context: typer.Context,
    site: SiteId,
    watch: Annotated[bool, typer.Option("--watch", help="Again and again, until Ctrl-C.")] = False,
    every: Annotated[float, typer.Option(min=1, help="How many seconds lie between two looks.")] = 3.0,
    as_json: AsJson = False,
) -> None:
    """One site: its limits now and next, what is drawn and may be, by whom, and what is the matter."""
    deployment: Deployment = context.obj
    if not watch:
        _show_once(deployment, site, as_json=as_json)
        return
    try:
        _watch(deployment, site, every, as_json=as_json)
    except KeyboardInterrupt:
        raise typer.Exit from None


def _show_once(deployment: Deployment, site: str, *, as_json: bool) -> None:
    shown = known(deployment, site)
    now = clock.now()
    picture = deployment.looking.picture(shown.site, now)
    if as_json:
        answer(_whole(shown, picture, now), as_json=True, text="")
        return
    Console().print(_view(shown, picture, now))
    run = deployment.sites.last_run(site, now)
    if run:
        print(told_of_run(run))


def _watch(deployment: Deployment, site: str, every: float, *, as_json: bool) -> None:
    if as_json:
        while True:
            _show_once(deployment, site, as_json=True)
            time.sleep(every)
    with Live(console=Console(), auto_refresh=False, screen=Console().is_terminal) as live:
        while True:
            shown, now = known(deployment, site), clock.now()
            live.update(_view(shown, deployment.looking.picture(shown.site, now), now), refresh=True)
            time.sleep(every)


def _whole(shown: Known, picture: Picture, now: datetime) -> dict[str, object]:
    """The picture, with the site as it is stored."""
    about = {"document": shown.site, "revision": shown.revision, "warnings": shown.site.warnings(now)}
    return dict(picture) | about


def _view(shown: Known, picture: Picture, now: datetime) -> Group:
    site, zone = shown.site, shown.site.zone
    location = f"{site.location.country_code}/{site.location.party_id}/{site.location.location_id}"
    priced = "" if picture.price_per_kwh is None else f", a kWh costs {picture.price_per_kwh:g}"
    loads = f"{picture.drawn_kw:.1f} kW are drawn, {picture.allowed_kw:.1f} kW may be"
    head = [
        f"{site.name or site.id}: Location {location} of {site.partner_id}",
        f"{local(now, zone)} ({zone.key}), {picture.state}: {loads}, the limit is {picture.limit_kw:.1f} kW{priced}",
        *(f"{each.severity}: {each.text}" for each in picture.alarms),
    ]
    parts: list[RenderableType] = [Text(printable(line)) for line in head]
    parts.append(table_of(_tree(picture.nodes), _OF_NODE))
    parts.append(table_of(map(_session, picture.sessions), _OF_SESSION))
    parts += [Text(printable(line)) for line in dict.fromkeys([*site.warnings(now), *_of_plan(picture)])]
    return Group(*parts)


def _tree(nodes: Sequence[NodeShown], parent: str | None = None, depth: int = 0) -> Iterator[dict[str, object]]:
    """The nodes as people read them, each under what it hangs on."""
    for node in nodes:
        if node.parent == parent:
            change = node.next_change
            yield {
                "node": "  " * depth + node.id,
                "limit_a": by_phase(node.limit_a),
                "why": _why(node),
                "drawn_a": by_phase(node.drawn_a),
                "allowed_a": by_phase(node.allowed_a),
                "base_load_a": by_phase(node.base_load_a) if any(node.base_load_a.values()) else None,
                "next_change": f"{by_phase(change.limit_a)} at {when(change.at)}" if change else None,
            }
            yield from _tree(nodes, node.id, depth + 1)


def _why(node: NodeShown) -> str | None:
    """Why a limit is another one than the base."""
    source = node.source
    if source.kind is SourceKind.BASE:
        return None
    parts = [source.kind, source.id, source.reason, source.author]
    return " ".join(part for part in parts if part)


def _session(session: SessionShown) -> dict[str, object]:
    why = [*session.why, *([f"refused: {session.refusal}"] if session.refusal else [])]
    return {
        "session_id": session.session_id,
        "evse_uid": session.evse_uid,
        "node": session.node,
        "kwh": round(session.energy_kwh, 2),
        "drawn_kw": round(session.drawn_kw, 1),
        "allowed": _rate(session.allowed) or session.profile,
        "planned": _rate(session.planned),
        "departure": session.departure,
        "needs_kwh": session.needs_kwh,
        "short_kwh": session.short_kwh or None,
        "why": "; ".join(why) or None,
    }


def _rate(rate: RateShown | None) -> str | None:
    """What a profile allows, such as ``16 A``."""
    if rate is None:
        return None
    return f"{rate.value:g} A" if rate.unit == "A" else f"{rate.value / 1000:g} kW"


def _of_plan(picture: Picture) -> Iterator[str]:
    """What the plan could not do, or who made it instead of the solver."""
    if picture.plan is None:
        return
    yield from picture.plan.warnings
    for over in picture.plan.overloads:
        yield _overload(over)
    if picture.plan.failures:
        yield f"The plan is from {picture.plan.solver!r}: {'; '.join(picture.plan.failures)}"


def _overload(over: OverloadShown) -> str:
    unit = "kW" if over.line == "kW" else "A"
    times = f"from {format_datetime(over.start)} to {format_datetime(over.end)}"
    return f"{over.node}, {over.line}: others draw {over.amount:g} {unit} above the limit {times}"


def plan(
    context: typer.Context,
    site: SiteId,
    node: Node = GRID,
    as_json: AsJson = False,
) -> None:
    """What is planned for the next 24 hours, an hour a line: limits, base load and sessions; --json has each step."""
    deployment: Deployment = context.obj
    found = known(deployment, site).site
    found.branch(node)
    curves = deployment.looking.planned(found, clock.now())
    if as_json:
        answer(curves, as_json=True, text="")
        return
    columns = ("time", "limit_a", "base_load_a", "sessions_a", "price_per_kwh", "pv_kw")
    answer_table(_hours(curves, node, found.zone), columns, as_json=False)


def _hours(curves: Planned, node: str, zone: tzinfo) -> Iterator[dict[str, object]]:
    """The steps that begin an hour, and the first."""
    lines = curves.nodes[node]

    def at(by_phase_: Mapping[Phase, Sequence[float]], number: int) -> str:
        return by_phase({phase: values[number] for phase, values in by_phase_.items()})

    for number, moment in enumerate(curves.times):
        if number and moment.minute:
            continue
        yield {
            "time": local(moment, zone),
            "limit_a": at(lines.limit_a, number),
            "base_load_a": at(lines.base_a, number),
            "sessions_a": at(lines.ev_a, number),
            "price_per_kwh": curves.price_per_kwh[number],
            "pv_kw": curves.pv_kw[number] or None,
        }
