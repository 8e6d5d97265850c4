"""ocpi site signal …: what grid operators have curtailed, and curtailing as one."""

from collections.abc import Iterator
from datetime import datetime, tzinfo
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from cli.deployment import Deployment
from cli.failure import Failure
from cli.output import AsJson, answer, answer_table, printable
from cli.site.editing import edited, known
from cli.site.options import (
    Ampere,
    Kw,
    Node,
    Reason,
    Since,
    SiteId,
    Until,
    Yes,
    brief,
    brief_by_phase,
    by_phase,
    checked,
    given_limit,
    heading,
    local,
    span,
)
from ocpi import clock
from ocpi.energy.signals import FURTHEST_AHEAD, USUAL, SignalAnswer, SignalOrder, SignalState
from ocpi.sites.site import GRID, parse_time

app = typer.Typer(no_args_is_help=True, help="Curtailments by the grid operator.")

SignalId = Annotated[str, typer.Argument(help="The id that the grid operator gave it.")]
_COLUMNS = ("signal", "state", "node", "from", "until", "limit A", "obeyed in", "by")


@app.command("list")
def list_(
    context: typer.Context, site: SiteId, since: Since = None, until: Until = None, as_json: AsJson = False
) -> None:
    """The signals of the last month and those to come, the one that starts last first."""
    deployment: Deployment = context.obj
    zone = known(deployment, site).site.zone
    now = clock.now()
    start, end = span(since, until, zone, now + FURTHEST_AHEAD, FURTHEST_AHEAD + USUAL)
    answers = [SignalAnswer.of(each, now) for each in deployment.ledgers.signals(site, start, end)]
    if as_json:
        answer(answers, as_json=True, text="")
        return
    print(heading(zone, currents=True))
    answer_table((_row(each, zone) for each in answers), _COLUMNS, as_json=False)


@app.command()
def show(context: typer.Context, site: SiteId, signal_id: SignalId, as_json: AsJson = False) -> None:
    """What will be done about a signal, and what proves afterwards that it was."""
    deployment: Deployment = context.obj
    zone = known(deployment, site).site.zone
    found = deployment.ledgers.signal(site, signal_id)
    if found is None:
        raise Failure(f"there is no signal {signal_id!r}; 'ocpi site signal list {site}' shows all")
    _tell(SignalAnswer.of(found, clock.now()), zone, as_json=as_json)


@app.command()
def send(  # noqa: PLR0913, PLR0917 - the options of the command
    context: typer.Context,
    site: SiteId,
    signal_id: SignalId,
    end: Annotated[str, typer.Option("--until", help="Until when (UTC).")],
    start: Annotated[str | None, typer.Option("--from", help="From when (UTC); now if left out.")] = None,
    kw: Kw = None,
    ampere: Ampere = None,
    node: Node = GRID,
    reason: Reason = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Curtail a site for a while; the same signal again changes nothing."""
    deployment: Deployment = context.obj
    found = known(deployment, site).site
    before = deployment.ledgers.signal(site, signal_id)
    now = clock.now().replace(microsecond=0)
    wanted = given_limit(kw, ampere, found.branch(node))
    starts = parse_time(start) if start else (before.start if before else now)
    about = {"node": node, "start": starts, "end": parse_time(end), "reason": reason}
    order = checked(SignalOrder, wanted.model_dump() | about)
    taken, _ = edited(
        deployment,
        lambda by: deployment.signal_desk.take(site, signal_id, order, by, deployment.author),
        yes=yes,
        reason=reason,
    )
    _tell(SignalAnswer.of(taken, clock.now()), found.zone, as_json=as_json)


@app.command()
def cancel(
    context: typer.Context, site: SiteId, signal_id: SignalId, reason: Reason = None, as_json: AsJson = False
) -> None:
    """Take a signal back; what holds without it holds again at once."""
    deployment: Deployment = context.obj
    cancelled = edited(
        deployment, lambda by: deployment.signal_desk.cancel(site, signal_id, by), yes=True, reason=reason
    )
    now, found = clock.now(), known(deployment, site).site
    told = SignalAnswer.of(cancelled, now)
    branch = found.branch(told.node)
    holds = f"Now {branch.source(now).kind} holds at {branch.id}: {by_phase(branch.limit(now, now))} A per phase."
    answer(told, as_json=as_json, text=printable(f"{_state(told, found.zone)} {holds}"))


def _tell(told: SignalAnswer, zone: ZoneInfo, *, as_json: bool) -> None:
    answer(told, as_json=as_json, text="\n".join(map(printable, _lines(told, zone))))


def _lines(told: SignalAnswer, zone: ZoneInfo) -> Iterator[str]:
    yield f"{_state(told, zone)} Times are in {zone.key}."
    yield (
        f"It asks for at most {by_phase(told.limit_a)} A per phase at {told.node}, base load and sessions together,"
        f" from {local(told.start, zone)} to {local(told.end, zone)}."
    )
    if told.state in (SignalState.PLANNED, SignalState.ACTIVE):
        yield f"Decreases are sent by {_seconds(told.by, zone)}."
    if told.proof:
        before, after = _kw(told.proof.load_before_kw), _kw(told.proof.load_after_kw)
        yield f"Obeyed after {told.proof.reaction_s:.0f} s; the load was {before} before and {after} after."
    yield from (f"Warning: {warning}" for warning in told.warnings)


def _state(told: SignalAnswer, zone: tzinfo) -> str:
    """How far it has come: what is over or was taken back curtails nothing."""
    match told.state:
        case SignalState.CANCELLED if told.cancelled_at:
            return f"Signal {told.signal_id!r} was taken back at {_seconds(told.cancelled_at, zone)}."
        case SignalState.ENDED:
            return f"Signal {told.signal_id!r} is over since {local(told.end, zone)}."
    return f"Signal {told.signal_id!r} is {told.state}."


def _row(told: SignalAnswer, zone: tzinfo) -> dict[str, object]:
    return {
        "signal": told.signal_id,
        "state": told.state,
        "node": told.node,
        "from": brief(told.start, zone),
        "until": brief(told.end, zone),
        "limit A": brief_by_phase(told.limit_a),
        "obeyed in": f"{told.proof.reaction_s:.0f} s" if told.proof else None,
        "by": told.author,
    }


def _kw(load_kw: float | None) -> str:
    return "unknown" if load_kw is None else f"{load_kw:.1f} kW"


def _seconds(moment: datetime, zone: tzinfo) -> str:
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
