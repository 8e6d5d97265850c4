"""ocpi site sessions, history, events, savings and report: what happened at a site, and what came of it."""

from collections.abc import Iterator, Sequence
from datetime import timedelta, tzinfo
from pathlib import Path
from typing import Annotated

import typer

from cli.deployment import Deployment
from cli.failure import Failure
from cli.files import write_bytes
from cli.output import AsJson, answer, answer_table, printable
from cli.site.editing import known
from cli.site.options import Node, Since, SiteId, Until, brief, brief_by_phase, heading, local, span
from ocpi import clock
from ocpi.energy.history import History, history, to_csv
from ocpi.energy.months import Months
from ocpi.energy.report import html
from ocpi.energy.savings import Account, Savings
from ocpi.sites.record import VisitRecord
from ocpi.sites.site import GRID, Site

LONGEST = timedelta(days=62)
"""So much of the past is told at once."""

Month = Annotated[str | None, typer.Option(help="Such as 2026-11; this month if left out.")]


def sessions(
    context: typer.Context, site: SiteId, since: Since = None, until: Until = None, as_json: AsJson = False
) -> None:
    """Sessions that are over, the last first: what each took, what it missed, and why; a week back if not told."""
    deployment: Deployment = context.obj
    zone = known(deployment, site).site.zone
    start, end = span(since, until, zone, clock.now(), timedelta(days=7))
    visits = list(deployment.ledgers.visits(site, start, end))
    if as_json:
        answer(visits, as_json=True, text="")
        return
    print(f"{heading(zone)} ~ was believed, not told by the driver.")
    answer_table((_visit(each, zone) for each in visits), _VISITS, as_json=False)
    for each in visits:
        if each.why:
            print(printable(f"EVSE {each.evse_uid}, {brief(each.arrival, zone)}: {'; '.join(each.why)}"))


_VISITS = ("EVSE", "came", "left", "got kWh", "needed", "missed", "session")


def _visit(visit: VisitRecord, zone: tzinfo) -> dict[str, object]:
    needed = None if visit.needs_kwh is None else f"{'' if visit.told else '~'}{visit.needs_kwh:.1f}"
    return {
        "EVSE": visit.evse_uid,
        "came": brief(visit.arrival, zone),
        "left": brief(visit.departure, zone),
        "got kWh": f"{visit.energy_kwh:.2f}",
        "needed": needed,
        "missed": f"{visit.short_kwh:.2f}" if visit.short_kwh else None,
        "session": visit.session_id,
    }


def past(  # noqa: PLR0913, PLR0917 - the options of the command
    context: typer.Context,
    site: SiteId,
    since: Since = None,
    until: Until = None,
    step: Annotated[int, typer.Option(help="The length of a step in seconds: 300, 900 or 3600.")] = 3600,
    node: Node = GRID,
    csv: Annotated[Path | None, typer.Option(help="Write all nodes to this file, as CSV.")] = None,
    as_json: AsJson = False,
) -> None:
    """What was drawn and allowed, beside the limits; a day back if not told."""
    deployment: Deployment = context.obj
    found = known(deployment, site).site
    start, end = span(since, until, found.zone, clock.now(), timedelta(days=1))
    if end - start > LONGEST:
        raise Failure(f"{LONGEST.days} days are the most at once")
    try:
        curves = history(
            deployment.ledgers.loads(site, start, end), step, found.zone, deployment.ledgers.metered_until(site)
        )
    except ValueError:
        raise Failure("--step: must be 300, 900 or 3600") from None
    if csv:
        write_bytes(csv, to_csv(curves, found.zone).encode())
    if csv and not as_json:
        print(f"Written to {csv}.")
        return
    if as_json:
        answer(curves, as_json=True, text="")
        return
    print(heading(found.zone, currents=True))
    answer_table(_steps(curves, node, found), _STEPS, as_json=False)


_STEPS = ("time", "limit A", "others A", "sessions A", "cars", "price", "solar kW")


def _steps(curves: History, node: str, site: Site) -> Iterator[dict[str, object]]:
    """The steps of which anything is on record."""
    branch, lines = site.branch(node), curves.nodes.get(node)
    if lines is None:
        return
    for number, moment in enumerate(curves.times):
        if curves.sessions[number] is None:
            continue

        def at(lines_by_phase: "Sequence[tuple[float | None, ...]]", number: int = number) -> str | None:
            values = {
                phase: value
                for phase, line in zip(branch.phases, lines_by_phase, strict=True)
                if (value := line[number]) is not None
            }
            return brief_by_phase(values) if values else None

        yield {
            "time": brief(moment, site.zone),
            "limit A": at([lines.limit_a[phase] for phase in branch.phases]),
            "others A": at([lines.base_a[phase] for phase in branch.phases]),
            "sessions A": at([lines.ev_a[phase] for phase in branch.phases]),
            "cars": curves.sessions[number],
            "price": curves.price_per_kwh[number],
            "solar kW": curves.pv_kw[number] or None,
        }


def events(
    context: typer.Context, site: SiteId, since: Since = None, until: Until = None, as_json: AsJson = False
) -> None:
    """Who changed what, and what happened, the last first; a week back if not told."""
    deployment: Deployment = context.obj
    zone = known(deployment, site).site.zone
    start, end = span(since, until, zone, clock.now(), timedelta(days=7))
    found = list(deployment.ledgers.events(site, start, end))
    if as_json:
        answer(found, as_json=True, text="")
        return
    rows = ({"at": brief(each.at, zone), "what": each.text, "by": each.author, "why": each.reason} for each in found)
    print(heading(zone))
    answer_table(rows, ("at", "what", "by", "why"), as_json=False)


def savings(context: typer.Context, site: SiteId, month: Month = None, as_json: AsJson = False) -> None:
    """What control has brought in a month, beside uncontrolled charging of the same visits."""
    deployment: Deployment = context.obj
    found = known(deployment, site).site
    brought = Months(deployment.ledgers).savings(found, month or _this_month(found), clock.now())
    if as_json:
        answer(brought, as_json=True, text="")
        return
    span_ = f"{local(brought.start, found.zone)} to {local(brought.end, found.zone)} ({found.time_zone})"
    print(f"{span_}: {brought.visits} visits, {brought.known:.0%} of the time is on record")
    answer_table(
        _accounts(brought, found.zone), ("what", "controlled", "uncontrolled", "control made it"), as_json=False
    )
    for line in brought.left_out:
        print(f"- {printable(line)}")


def _accounts(brought: Savings, zone: tzinfo) -> Iterator[dict[str, object]]:
    """The lines of a bill, with both ways of charging beside each other."""
    charged, other = brought.charged, brought.uncontrolled
    for what, name, unit in (
        ("peak import, 15 min", "peak_kw", " kW"),
        ("energy", "energy_kwh", " kWh"),
        ("cost of energy", "energy_cost", ""),
        ("demand charge", "demand_cost", ""),
        ("cost", "cost", ""),
        ("above a limit", "minutes_over_limit", " min"),
    ):
        was, would_be = _value(charged, name), _value(other, name) if other else None
        if was is None:
            continue
        less = None if would_be is None or name == "energy_kwh" else would_be - was
        yield {
            "what": what,
            "controlled": f"{was:,.2f}{unit}",
            "uncontrolled": None if would_be is None else f"{would_be:,.2f}{unit}",
            "control made it": None if less is None else f"{abs(less):,.2f}{unit} {'less' if less >= 0 else 'more'}",
        }
    yield {
        "what": "peak at",
        "controlled": local(charged.peak_at, zone),
        "uncontrolled": local(other.peak_at, zone) if other else None,
    }


def _value(account: Account, name: str) -> float | None:
    value: float | None = getattr(account, name)
    return value


def report(
    context: typer.Context,
    site: SiteId,
    month: Month = None,
    out: Annotated[Path | None, typer.Option(help="Write the page to this file; SITE-MONTH.html if left out.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write the report of a month as a page of HTML, for a browser or a printer."""
    deployment: Deployment = context.obj
    found = known(deployment, site).site
    made = Months(deployment.ledgers).report(found, month or _this_month(found), clock.now())
    if as_json:
        answer(made, as_json=True, text="")
        return
    file = out or Path(f"{site}-{made.month}.html")
    write_bytes(file, html(made).encode())
    print(f"Written to {file}.")


def _this_month(site: Site) -> str:
    return f"{clock.now().astimezone(site.zone):%Y-%m}"
