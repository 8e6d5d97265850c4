"""Grid operators' signals: what may be asked for, what is answered, and what proves afterwards that it was done."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from ocpi.sites.limits import Cap, LimitPeriod, Words
from ocpi.sites.phases import Phase
from ocpi.sites.reading import UtcTime
from ocpi.sites.record import LONGEST_SIGNAL, Acknowledgement, Signal
from ocpi.sites.series import Worth
from ocpi.sites.site import GRID, NodeId, Site, SiteError, below
from ocpi.types.primitives import DateTime, format_datetime

FURTHEST_AHEAD = timedelta(days=365)

USUAL = timedelta(days=31)
"""So long back signals are looked at, if nobody says how long."""

SENT_WITHIN = timedelta(seconds=60)
"""Decreases of a signal that holds already are with the charge points' operator by then."""


class SignalOrder(LimitPeriod):
    """What a grid operator asks for: a limit of a node from `start` to `end`."""

    node: NodeId = GRID
    start: UtcTime
    end: UtcTime
    reason: Words | None = None

    def signal(self, signal_id: str, author: str, now: datetime) -> Signal:
        """The signal, as it has come in.

        Raises:
            SiteError: it is over, too long, or too far ahead.
        """
        problems = []
        if self.end <= now:
            problems.append(f"end: was at {format_datetime(self.end)}, and it is {format_datetime(now)}: nothing to do")
        if self.end - self.start > LONGEST_SIGNAL:
            problems.append(f"end: more than {LONGEST_SIGNAL.days} days after the start: change the limit instead")
        if self.start > now + FURTHEST_AHEAD:
            problems.append(f"start: more than {FURTHEST_AHEAD.days} days ahead")
        if problems:
            raise SiteError(problems)
        return Signal(
            signal_id=signal_id,
            node=self.node,
            start=self.start,
            end=self.end,
            limit=self.bare(),
            reason=self.reason,
            author=author,
            received_at=now,
        )


class SignalState(StrEnum):
    """How far a signal has come."""

    PLANNED = "planned"
    ACTIVE = "active"
    ENDED = "ended"
    CANCELLED = "cancelled"


class Proof(BaseModel):
    """What was done: when all that sessions may draw was within the limit, how long that took from when it was to be,
    and the load before and after, with base load."""

    model_config = ConfigDict(frozen=True)

    obeyed_at: DateTime
    reaction_s: float
    load_before_kw: float | None
    load_after_kw: float | None


class SignalAnswer(BaseModel):
    """What a grid operator is told of its signal: what will be done and by when, and what was."""

    model_config = ConfigDict(frozen=True)

    signal_id: str
    state: SignalState
    node: str
    limit_a: Mapping[Phase, float]
    start: DateTime
    end: DateTime
    will: str
    by: DateTime
    warnings: tuple[str, ...]
    reason: str | None
    author: str
    received_at: DateTime
    cancelled_at: DateTime | None
    proof: Proof | None

    @classmethod
    def of(cls, signal: Signal, now: datetime) -> "SignalAnswer":
        """What is told of a signal at a moment."""
        told = signal.acknowledged or Acknowledgement(will="", by=signal.start, limit_a=signal.limit.limit_a or {})
        return cls(
            signal_id=signal.signal_id,
            state=_state(signal, now),
            node=signal.node,
            limit_a=told.limit_a,
            start=signal.start,
            end=signal.end,
            will=told.will,
            by=told.by,
            warnings=told.warnings,
            reason=signal.reason,
            author=signal.author,
            received_at=signal.received_at,
            cancelled_at=signal.cancelled_at,
            proof=_proof(signal),
        )


def same(one: Signal, other: Signal) -> bool:
    """Whether two signals are of the same grid operator, and ask for the same."""
    parts = ("author", "node", "start", "end", "limit")
    return all(getattr(one, part) == getattr(other, part) for part in parts)


def cap_of(signal: Signal) -> Cap:
    """The signal as a limit of its node."""
    return Cap(
        signal_id=signal.signal_id,
        start=signal.start,
        end=signal.end,
        limit_a=signal.limit.limit_a,
        limit_kw=signal.limit.limit_kw,
        reason=signal.reason,
        author=signal.author,
    )


def acknowledge(site: Site, worth: Worth, signal: Signal, odd: tuple[str, ...] = ()) -> Signal:
    """The signal with what will be done about it.

    Args:
        site: as it is with the signal.
        worth: what others than sessions draw.
        signal: as it has come in.
        odd: what is odd about it, and taken all the same.
    """
    branch, begins = site.branch(signal.node), max(signal.start, signal.received_at)
    limit_a = signal.limit.amperes(branch.voltage_v, branch.phases)
    load_a = {
        phase: sum(max(0.0, worth.base_load_a(each, phase, begins)) for each in below(site.branches())[branch.id])
        for phase in branch.phases
    }
    too_much = [
        f"{phase}: the base load of {load:g} A alone is above {limit_a[phase]:g} A, and not ours to lower"
        for phase, load in load_a.items()
        if load > limit_a[phase]
    ]
    others = f" (base load, {_amperes(load_a)}, is not ours to lower)" if any(load_a.values()) else ""
    acknowledged = Acknowledgement(
        will=(
            f"sessions at {branch.id} are limited so that they and base load together draw at most {_amperes(limit_a)}"
            f" from {format_datetime(signal.start)} to {format_datetime(signal.end)}{others}"
        ),
        by=max(signal.start, signal.received_at + SENT_WITHIN),
        limit_a={phase: round(limit, 3) for phase, limit in limit_a.items()},
        warnings=(*too_much, *odd),
    )
    return signal.model_copy(update={"acknowledged": acknowledged})


def _amperes(by_phase: Mapping[Phase, float]) -> str:
    values = {f"{value:.1f}".removesuffix(".0") for value in by_phase.values()}
    if len(values) == 1:
        return f"{values.pop()} A per phase"
    return ", ".join(f"{phase} {value:.1f} A" for phase, value in by_phase.items())


def _state(signal: Signal, now: datetime) -> SignalState:
    if signal.cancelled_at:
        return SignalState.CANCELLED
    if now < signal.start:
        return SignalState.PLANNED
    return SignalState.ACTIVE if now < signal.end else SignalState.ENDED


def _proof(signal: Signal) -> Proof | None:
    if signal.obeyed_at is None or signal.reaction_s is None:
        return None
    return Proof(
        obeyed_at=signal.obeyed_at,
        reaction_s=signal.reaction_s,
        load_before_kw=signal.load_before_kw,
        load_after_kw=signal.load_after_kw,
    )
