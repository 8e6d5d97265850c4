"""ocpi site signal …: what grid operators have curtailed, and curtailing as one."""

from collections.abc import Iterator
from datetime import datetime, tzinfo
from typing import Annotated

import typer
from pydantic import ValidationError

from cli.deployment import Deployment
from cli.failure import Failure
from cli.output import AsJson, answer, answer_table, printable
from cli.site.editing import edited, known
from cli.site.options import Ampere, Kw, Node, Reason, SiteId, Yes, by_phase, given_limit, local
from ocpi import clock
from ocpi.energy.signals import SignalAnswer, SignalOrder
from ocpi.sites.reading import problems_of
from ocpi.sites.site import GRID, SiteError, parse_time

app = typer.Typer(no_args_is_help=True, help="Curtailments by the grid operator.")

SignalId = Annotated[str, typer.Argument(help="The id that the grid operator gave it.")]
_COLUMNS = ("signal_id", "node", "state", "from", "until", "limit_a", "obeyed after", "before_kw", "after_kw", "author")


@app.command("list")
def list_(context: typer.Context, site: SiteId, as_json: AsJson = False) -> None:
    """All signals, the one that starts last first."""
    deployment: Deployment = context.obj
    zone = known(deployment, site).site.zone
    now = clock.now()
    answers = [SignalAnswer.of(each, now) for each in deployment.ledgers.signals(site)]
    if as_json:
        answer(answers, as_json=True, text="")
        return
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
    now = clock.now().replace(microsecond=0)
    before = deployment.ledgers.signal(site, signal_id)
    wanted = given_limit(kw, ampere, found.branch(node))
    starts = parse_time(start) if start else (before.start if before else now)
    about = {"node": node, "start": starts, "end": parse_time(end), "reason": reason}
    try:
        order = SignalOrder.model_validate(wanted.model_dump() | about)
    except ValidationError as error:
        raise SiteError(problems_of(error, SignalOrder)) from None
    signal = order.signal(signal_id, deployment.author, before.received_at if before else now)
    taken = edited(deployment, lambda by: deployment.desk.signal(site, signal, by), yes=yes, reason=reason)
    _tell(SignalAnswer.of(taken, clock.now()), found.zone, as_json=as_json)


@app.command()
def cancel(
    context: typer.Context, site: SiteId, signal_id: SignalId, reason: Reason = None, as_json: AsJson = False
) -> None:
    """Take a signal back; what holds without it holds again at once."""
    deployment: Deployment = context.obj
    zone = known(deployment, site).site.zone
    cancelled = edited(
        deployment, lambda by: deployment.desk.cancel_signal(site, signal_id, by), yes=True, reason=reason
    )
    _tell(SignalAnswer.of(cancelled, clock.now()), zone, as_json=as_json)


def _tell(told: SignalAnswer, zone: tzinfo, *, as_json: bool) -> None:
    answer(told, as_json=as_json, text="\n".join(map(printable, _lines(told, zone))))


def _lines(told: SignalAnswer, zone: tzinfo) -> Iterator[str]:
    yield f"Signal {told.signal_id!r} is {told.state}."
    yield f"What is done: {told.will}; decreases are sent by {_seconds(told.by, zone)}"
    if told.proof:
        before, after = _kw(told.proof.load_before_kw), _kw(told.proof.load_after_kw)
        yield f"Obeyed after {told.proof.reaction_s:.0f} s; the load was {before} before and {after} after."
    yield from (f"Warning: {warning}" for warning in told.warnings)


def _row(told: SignalAnswer, zone: tzinfo) -> dict[str, object]:
    proof = told.proof
    return {
        "signal_id": told.signal_id,
        "node": told.node,
        "state": told.state,
        "from": local(told.start, zone),
        "until": local(told.end, zone),
        "limit_a": by_phase(told.limit_a),
        "obeyed after": f"{proof.reaction_s:.0f} s" if proof else None,
        "before_kw": proof.load_before_kw if proof else None,
        "after_kw": proof.load_after_kw if proof else None,
        "author": told.author,
    }


def _kw(load_kw: float | None) -> str:
    return "unknown" if load_kw is None else f"{load_kw:.1f} kW"


def _seconds(moment: datetime, zone: tzinfo) -> str:
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
