"""ocpi site show and plan: what goes on at a site, and what is planned."""

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Annotated

import typer
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from cli.deployment import Deployment
from cli.output import AsJson, answer, answer_table, printable, table_of
from cli.runs import told as told_of_run
from cli.site.editing import known
from cli.site.options import Node, SiteId, brief, brief_by_phase, by_phase, heading, local
from ocpi import clock
from ocpi.energy.edit import Known
from ocpi.energy.picture import NodeShown, OverloadShown, Picture, RateShown, SessionShown
from ocpi.energy.planned import Planned
from ocpi.sites.limits import SourceKind
from ocpi.sites.phases import Phase
from ocpi.sites.site import GRID

_OF_NODE = ("node", "limit A", "drawn A", "may draw A", "others A")
_OF_SESSION = ("EVSE", "until", "got kWh", "needs", "short", "draws kW", "may", "planned")


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
        f"{local(now, zone)}, {picture.state}: {loads}, the limit is {picture.limit_kw:.1f} kW{priced}",
        *(f"{each.severity}: {each.text}" for each in picture.alarms),
        heading(zone, currents=True),
    ]
    shown_below = [
        *(line for node in picture.nodes for line in _of_node(node, zone)),
        *_of_sessions(picture.sessions),
        *site.warnings(now),
        *_of_plan(picture, zone),
    ]
    return Group(
        *(Text(printable(line)) for line in head),
        table_of(_tree(picture.nodes), _OF_NODE),
        *([table_of((_session(each, zone) for each in picture.sessions), _OF_SESSION)] if picture.sessions else []),
        *(Text(printable(line)) for line in dict.fromkeys(shown_below)),
    )


def _tree(nodes: Sequence[NodeShown], parent: str | None = None, depth: int = 0) -> Iterator[dict[str, object]]:
    """The nodes as people read them, each under what it hangs on."""
    for node in nodes:
        if node.parent == parent:
            yield {
                "node": "  " * depth + node.id,
                "limit A": brief_by_phase(node.limit_a),
                "drawn A": brief_by_phase(node.drawn_a),
                "may draw A": brief_by_phase(node.allowed_a),
                "others A": brief_by_phase(node.base_load_a) if any(node.base_load_a.values()) else None,
            }
            yield from _tree(nodes, node.id, depth + 1)


def _of_node(node: NodeShown, zone: tzinfo) -> Iterator[str]:
    """Why its limit is another one than the base, and until when."""
    source, change = node.source, node.next_change
    if source.kind is not SourceKind.BASE:
        parts = [source.kind, source.id, source.reason, source.author]
        yield f"{node.id}: the limit is by {', '.join(part for part in parts if part)}"
    if change:
        yield f"{node.id}: the limit is {by_phase(change.limit_a)} A from {brief(change.at, zone)} on"


def _session(session: SessionShown, zone: tzinfo) -> dict[str, object]:
    return {
        "EVSE": session.evse_uid,
        "until": brief(session.departure, zone),
        "got kWh": f"{session.energy_kwh:.1f}",
        "needs": None if session.needs_kwh is None else f"{session.needs_kwh:.1f}",
        "short": f"{session.short_kwh:.1f}" if session.short_kwh else None,
        "draws kW": f"{session.drawn_kw:.1f}",
        "may": _rate(session.allowed) or session.profile,
        "planned": _rate(session.planned),
    }


def _of_sessions(sessions: Sequence[SessionShown]) -> Iterator[str]:
    """Who will leave short, and who does not take a profile."""
    short = [each for each in sessions if each.short_kwh]
    if short:
        total_kwh = sum(each.short_kwh for each in short)
        yield f"{len(short)} of {len(sessions)} sessions will leave short, by {total_kwh:.1f} kWh together:"
    for each in sessions:
        if each.why:
            yield f"EVSE {each.evse_uid}: {'; '.join(each.why)}"
        if each.refusal:
            yield f"EVSE {each.evse_uid}: refused: {each.refusal}"


def _rate(rate: RateShown | None) -> str | None:
    """What a profile allows, such as ``16 A``."""
    if rate is None:
        return None
    return f"{rate.value:g} A" if rate.unit == "A" else f"{rate.value / 1000:g} kW"


def _of_plan(picture: Picture, zone: tzinfo) -> Iterator[str]:
    """What the plan could not do, or who made it instead of the solver."""
    if picture.plan is None:
        return
    yield from picture.plan.warnings
    for over in picture.plan.overloads:
        yield _overload(over, zone)
    if picture.plan.failures:
        yield f"The plan is from {picture.plan.solver!r}: {'; '.join(picture.plan.failures)}"


def _overload(over: OverloadShown, zone: tzinfo) -> str:
    unit = "kW" if over.line == "kW" else "A"
    times = f"from {brief(over.start, zone)} to {brief(over.end, zone)}"
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
    print(heading(found.zone, currents=True))
    answer_table(_hours(curves, node, found.zone), _PLANNED, as_json=False)


_PLANNED = ("time", "limit A", "others A", "sessions A", "price", "solar kW")


def _hours(curves: Planned, node: str, zone: tzinfo) -> Iterator[dict[str, object]]:
    """The steps that begin an hour, and the first."""
    lines = curves.nodes[node]

    def at(by_phase_: Mapping[Phase, Sequence[float]], number: int) -> str:
        return brief_by_phase({phase: values[number] for phase, values in by_phase_.items()})

    for number, moment in enumerate(curves.times):
        if number and moment.minute:
            continue
        yield {
            "time": brief(moment, zone),
            "limit A": at(lines.limit_a, number),
            "others A": at(lines.base_a, number),
            "sessions A": at(lines.ev_a, number),
            "price": curves.price_per_kwh[number],
            "solar kW": curves.pv_kw[number] or None,
        }
