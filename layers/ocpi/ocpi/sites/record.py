"""What is on record of a site: what was drawn and allowed, who was there, and what happened.

The optimizer writes it at the end of its runs, edits add who changed what. Currents are ampere per phase, times UTC.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from ocpi.sites.limits import Limit
from ocpi.sites.phases import Phase
from ocpi.types.primitives import DateTime

SLOT = timedelta(minutes=5)
"""Loads are on record in slots of this length, which lie on the clock."""


TOLD_WITHIN = timedelta(minutes=15)
"""So often most charge points tell their meters at least."""


def slot_of(moment: datetime) -> datetime:
    """When the slot began that a moment lies in."""
    return moment - timedelta(minutes=moment.minute % 5, seconds=moment.second, microseconds=moment.microsecond)


def hour_of(moment: datetime) -> datetime:
    """When the hour began that a moment lies in; the slots of one are stored together."""
    return moment.replace(minute=0, second=0, microsecond=0)


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True)


class NodeLoad(_Record):
    """What went on in one slot at the grid connection or a feeder, in ampere by phase.

    `limit_a` is the lowest limit within the slot. `base_a` is what counted as base load, of all that hangs there;
    `ev_a` the mean of what sessions drew, by their meters. `allowed_a` is the most that base load and sessions together
    might have drawn, whatever was answered.
    """

    limit_a: Mapping[Phase, float]
    base_a: Mapping[Phase, float]
    ev_a: Mapping[Phase, float]
    allowed_a: Mapping[Phase, float]


class LoadSlot(_Record):
    """What went on at a site from `start` on, for :data:`SLOT`, by node ("grid", or a feeder's id).

    Meters tell late, so `ev_a` of the last hour may still grow. `sessions` is how many were there at once. A slot in
    which nobody looked has no place here.
    """

    start: DateTime
    nodes: Mapping[str, NodeLoad]
    price_per_kwh: float | None = None
    feed_in_per_kwh: float | None = None
    pv_kw: float = 0.0
    sessions: int = 0


class VisitRecord(_Record):
    """A session that is over; who its driver was is not on record.

    `max_kw` is the most that the vehicle took or, where it was never seen to be held back by itself, the most that it
    could have. `needs_kwh` is what its driver had asked for (`told`), or what was believed. `short_kwh` is what it left
    without of that, and `why` says where it went.
    """

    id: str
    """The :attr:`ObjectId.text` of its Session."""
    session_id: str
    evse_uid: str
    node: str
    phases: tuple[Phase, ...]
    dc: bool = False
    arrival: DateTime
    departure: DateTime
    energy_kwh: float
    max_kw: float
    needs_kwh: float | None = None
    told: bool = False
    short_kwh: float = 0.0
    why: tuple[str, ...] = ()


class EventKind(StrEnum):
    """What an event is about; edits first."""

    SITE = "site"
    """The whole document."""
    LIMIT = "limit"
    """The base."""
    WEEKLY = "weekly"
    OVERRIDE = "override"
    PRICES = "prices"
    PRIORITIES = "priorities"
    SERIES = "series"
    SERIES_REMOVED = "series_removed"
    """What was uploaded is taken back."""
    SIGNAL = "signal"
    """A grid operator curtails."""
    SIGNAL_CANCELLED = "signal_cancelled"

    CURTAILED = "curtailed"
    """All that sessions may draw is within a grid operator's cap."""
    NO_PLAN = "no_plan"
    """Nothing could be decided, and nothing was sent."""
    NO_PLAN_OVER = "no_plan_over"
    FALLBACK_PLAN = "fallback_plan"
    FALLBACK_OVER = "fallback_over"
    OVERLOAD = "overload"
    """Others than sessions draw more than a limit bears."""
    OVERLOAD_OVER = "overload_over"
    REFUSED = "refused"
    """An EVSE does not take its profile."""
    LEFT_SHORT = "left_short"


class Event(_Record):
    """Something that happened. `before` and `after` are JSON, of edits; `author` is who did it, None: it was nobody's
    doing."""

    at: DateTime
    kind: EventKind
    text: str
    """What happened, in a line."""
    author: str | None = None
    reason: str | None = None
    before: str | None = None
    after: str | None = None
    subject: str = ""
    """What it is about: a node, a session, a signal. Of one kind, subject and moment there is one event only."""


LONGEST_SIGNAL = timedelta(days=31)
"""What holds for longer is no curtailment, but another limit."""


class Acknowledgement(_Record):
    """What a grid operator was told would be done: in words, and `by` when the decreases will have been sent."""

    will: str
    by: DateTime
    limit_a: Mapping[Phase, float]
    warnings: tuple[str, ...] = ()


class Signal(_Record):
    """A grid operator's curtailment.

    `obeyed_at` is when all that sessions may draw was first within the limit, as far as it is theirs to keep; the loads
    are means of the slots before the curtailment and after it was obeyed, with base load.
    """

    signal_id: str
    node: str
    start: DateTime
    end: DateTime
    limit: Limit
    reason: str | None = None
    author: str
    received_at: DateTime
    acknowledged: Acknowledgement | None = None
    obeyed_at: DateTime | None = None
    load_before_kw: float | None = None
    load_after_kw: float | None = None
    cancelled_at: DateTime | None = None

    @property
    def reaction_s(self) -> float | None:
        """From when it was to be obeyed to when it was."""
        if self.obeyed_at is None:
            return None
        return max(0.0, (self.obeyed_at - max(self.start, self.received_at)).total_seconds())


class Loss(_Record):
    """Energy that an ongoing visit lacks, what took it, and when that stood in the way."""

    cause: str
    kwh: float
    periods: tuple[tuple[DateTime, DateTime], ...] = ()


class Meter(_Record):
    """What is known of the meter of an ongoing session, and of what it may draw; kept from run to run.

    `kwh` was told for the moment `at`; all of it is in the loads. `allowed` is what it may draw: from so many seconds
    after `at` so many watts; less than zero is before it, as far back as its power is watched. `level_kw` is what the
    vehicle keeps to of its own accord where it may draw more; None: it draws all that it may, as far as its meter has
    told.
    """

    at: DateTime
    kwh: float = 0.0
    metered: bool = False
    """Whether its meter has told anything since it came."""
    level_kw: float | None = None
    peak_kw: float = 0.0
    """The most that it was seen to draw."""
    held_back: bool = True
    """Whether it may have drawn more than that if it had been allowed to."""
    watched_s: int = 0
    """So long before `at` it began that its power is watched, to tell the most that it draws."""
    watched_kwh: float = 0.0
    """What was drawn in that time."""
    allowed: tuple[tuple[int, int], ...] = ()
    losses: tuple[Loss, ...] = ()
    """What it is going to lack, by what stood in the way when that arose."""
    visit: VisitRecord
    """What is known of the visit; `departure` is when it is believed to end, `max_kw` what it could draw."""
    seen_at: DateTime
    """When it was there last."""

    def visit_until(self, departure: datetime) -> VisitRecord:
        """The visit as it is if it ends then: with what its meter has told."""
        max_kw = self.visit.max_kw if self.held_back else round(self.peak_kw, 3)
        return self.visit.model_copy(update={"departure": departure, "energy_kwh": self.kwh, "max_kw": max_kw})


class Book(_Record):
    """How far the record of a site goes: up to `at`, and what is needed to go on from there.

    `ahead_a` is the most that sessions might draw, in ampere by node and phase, in each slot from that of `at` on, as
    it was known then. `open` has what goes on, such as an overload, and since when.
    """

    at: DateTime
    meters: Mapping[str, Meter] = {}
    """By the session's :attr:`ObjectId.text`."""
    ahead_a: Mapping[str, Mapping[Phase, tuple[float, ...]]] = {}
    open: Mapping[str, DateTime] = {}

    @property
    def metered_until(self) -> datetime:
        """Up to when all meters have told what was drawn; those that are late for longer than is usual do not count."""
        return max(min((meter.at for meter in self.meters.values()), default=self.at), self.at - TOLD_WITHIN)

    def ongoing(self) -> Iterator["VisitRecord"]:
        """The visits that go on, as far as their meters have told."""
        for meter in self.meters.values():
            visit = meter.visit_until(max(meter.at, meter.visit.arrival))
            yield visit.model_copy(update={"short_kwh": 0.0, "why": ()})
