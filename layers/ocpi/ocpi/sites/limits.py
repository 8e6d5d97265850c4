"""What a grid connection or a feeder bears, and when: a base, a weekly calendar, dated overrides, and the caps of grid
operators.

An override stands in for the base and the calendar. A cap never makes a limit higher. Currents are ampere per phase,
`limit_kw` is the power of all phases together, shared equally by them; times are UTC.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Self
from unicodedata import category

from pydantic import AfterValidator, Field, model_validator

from ocpi.sites.phases import Phase
from ocpi.sites.reading import Amount, Strict, UtcTime, WrongInput
from ocpi.sites.weekly import MINUTES_OF_WEEK, WeeklyTime, overlaps
from ocpi.types.primitives import format_datetime

EARLIEST = datetime.min.replace(tzinfo=UTC)
LATEST = datetime.max.replace(tzinfo=UTC)

A_WEEK = timedelta(days=8)
"""In so long each weekly entry holds as a whole, unless clocks skip it."""

_INSTANT = timedelta(microseconds=1)

MOST_WEEKLY = 200
MOST_DATED = 400
"""So many overrides, and caps, a node may have: a site is one item of the table."""


def _printable(words: str) -> str:
    if not all(character.isprintable() or category(character) == "Zs" for character in words):
        raise ValueError("must be one line of characters that can be printed")
    return words


Words = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_printable)]
Id = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:-]+$")]


class Limit(Strict):
    """A limit of one of the two kinds."""

    limit_a: dict[Phase, Amount] | None = None
    limit_kw: Amount | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if (self.limit_a is None) == (self.limit_kw is None):
            raise ValueError("give either limit_a (ampere for each phase) or limit_kw (all phases together)")
        return self

    def amperes(self, voltage_v: float, phases: Sequence[Phase]) -> dict[Phase, float]:
        """In ampere by phase."""
        if self.limit_a is not None:
            return {phase: self.limit_a[phase] for phase in phases}
        return dict.fromkeys(phases, (self.limit_kw or 0.0) * 1000 / (voltage_v * len(phases)))

    def bare(self) -> "Limit":
        """The limit alone, without when it holds and why."""
        return Limit(limit_a=self.limit_a, limit_kw=self.limit_kw)


class WeeklyLimit(WeeklyTime, Limit):
    """The limit at some hours of some weekdays."""


class LimitPeriod(Limit):
    """A limit from `start` (none: ever since) to `end` (none: for ever)."""

    start: UtcTime | None = None
    end: UtcTime | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.begins >= self.ends:
            raise ValueError(f"must start before it ends: {span(self)}")
        return self

    @property
    def begins(self) -> datetime:
        """`start`, or the beginning of time."""
        return self.start or EARLIEST

    @property
    def ends(self) -> datetime:
        """`end`, or the end of time."""
        return self.end or LATEST

    def holds(self, start: datetime, end: datetime) -> bool:
        """Whether it does at some time within [`start`, `end`)."""
        return self.begins < end and self.ends > start


class Override(LimitPeriod):
    """A limit for a time, with who wants it and why."""

    id: Id
    reason: Words | None = None
    author: Words | None = None


class Cap(LimitPeriod):
    """A grid operator's curtailment, under the id that the operator gave it."""

    signal_id: Id
    start: UtcTime
    end: UtcTime
    reason: Words | None = None
    author: Words | None = None


class Limits(Strict):
    """All limits of a grid connection or a feeder."""

    base: Limit
    weekly: Annotated[tuple[WeeklyLimit, ...], Field(max_length=MOST_WEEKLY)] = ()
    overrides: Annotated[tuple[Override, ...], Field(max_length=MOST_DATED)] = ()
    caps: Annotated[tuple[Cap, ...], Field(max_length=MOST_DATED)] = ()

    @model_validator(mode="after")
    def _each_says_its_own(self) -> Self:
        problems = [
            *(
                f"weekly[{second}]: overlaps weekly[{first}] ({self.weekly[first]}): change the times of one"
                for first, second in overlaps(self.weekly)
            ),
            *_problems_of_overrides(self.overrides),
            *_problems_of_ids("caps", "signal_id", [each.signal_id for each in self.caps]),
        ]
        if problems:
            raise WrongInput(problems)
        return self

    @classmethod
    def of_periods(cls, periods: Sequence[LimitPeriod]) -> Self:
        """The same as periods without gaps, of which the last holds for ever."""
        overrides = (
            Override(
                id=f"period-{number}", start=each.start, end=each.end, limit_a=each.limit_a, limit_kw=each.limit_kw
            )
            for number, each in enumerate(periods[:-1], start=1)
        )
        return cls(base=periods[-1].bare(), overrides=tuple(overrides))

    def recur(self, start: datetime, end: datetime) -> bool:
        """Whether overrides leave some of [`start`, `end`) to the base and the calendar."""
        for override in sorted(self.overrides, key=lambda each: each.begins):
            if override.begins <= start < override.ends:
                start = override.ends
        return start < end

    def recurring(self) -> tuple[Limit, ...]:
        """What holds again and again: the calendar, and the base unless the calendar is the whole week."""
        held = sum(ends - begins for each in self.weekly for begins, ends in each.minutes())
        return self.weekly if held == MINUTES_OF_WEEK else (*self.weekly, self.base)

    def parts(self) -> Iterator[tuple[str, Limit]]:
        """Every limit with its path from here."""
        yield "base", self.base
        for name, several in (("weekly", self.weekly), ("overrides", self.overrides), ("caps", self.caps)):
            yield from ((f"{name}[{number}]", limit) for number, limit in enumerate(several))


def _problems_of_overrides(overrides: Sequence[Override]) -> Iterator[str]:
    yield from _problems_of_ids("overrides", "id", [each.id for each in overrides])
    in_time = sorted(enumerate(overrides), key=lambda each: each[1].begins)
    for (first, one), (second, other) in pairwise(in_time):
        if one.ends > other.begins:
            yield (
                f"overrides[{second}]: {other.id!r} ({span(other)}) overlaps overrides[{first}], {one.id!r}"
                f" ({span(one)}): remove one, or change its times"
            )


def _problems_of_ids(place: str, name: str, ids: Sequence[str]) -> Iterator[str]:
    first: dict[str, int] = {}
    for number, id_ in enumerate(ids):
        if (earlier := first.setdefault(id_, number)) != number:
            yield f"{place}[{number}].{name}: {id_!r} is already {place}[{earlier}]: keep one"


class SourceKind(StrEnum):
    """Why a limit is what it is."""

    BASE = "base"
    WEEKLY = "weekly"
    OVERRIDE = "override"
    CAP = "cap"


@dataclass(frozen=True, slots=True)
class LimitSource:
    """Which limit is in force; `until` is when another may be, None if that is more than a week away."""

    kind: SourceKind
    id: str | None = None
    reason: str | None = None
    author: str | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Timeline:
    """What holds from `start` to `end`: `steps` are the moments at which it changes, `start` first, with the limits in
    ampere by phase from then on."""

    steps: Sequence[tuple[datetime, Mapping[Phase, float]]]

    @property
    def changes(self) -> list[datetime]:
        """When another limit comes into force, without the start."""
        return [moment for (_, before), (moment, after) in pairwise(self.steps) if before != after]

    def lowest(self, start: datetime, end: datetime) -> dict[Phase, float]:
        """The lowest limits within [`start`, `end`), or right at `start`."""
        begun = max((number for number, (moment, _) in enumerate(self.steps) if moment <= start), default=0)
        within = [limit for moment, limit in self.steps[begun:] if moment <= start or moment < end]
        return lowest(within)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Limits with all that is needed to say what holds when.

    Args:
        limits: of which kind ever.
        voltage_v: line to neutral.
        phases: those of the node.
        zone: where the weekly calendar is read.
    """

    limits: Limits
    voltage_v: float
    phases: tuple[Phase, ...]
    zone: tzinfo

    def timeline(self, start: datetime, end: datetime) -> Timeline:
        """What holds from `start` to `end`."""
        return Timeline([(moment, self._amperes(in_force)) for moment, in_force in self._in_force(start, end)])

    def sources(self, start: datetime, end: datetime) -> list[tuple[datetime, LimitSource]]:
        """The moments at which another limit may come into force, `start` first, each with the one that then does;
        `until` is not told."""
        return [(moment, self._source(in_force)) for moment, in_force in self._in_force(start, end)]

    def _in_force(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, "list[_Period]"]]:
        """What holds from `start` on, and from each moment on at which that changes."""
        to_come = sorted(self._periods(start, max(end, start + _INSTANT)), key=lambda each: each.begins, reverse=True)
        moments = {moment for each in to_come for moment in (each.begins, each.ends) if start < moment < end}
        in_force = list[_Period]()
        for moment in sorted({start, *moments}):
            while to_come and to_come[-1].begins <= moment:
                in_force.append(to_come.pop())
            in_force = [each for each in in_force if each.ends > moment]
            yield moment, in_force

    def lowest_for_ever(self, start: datetime) -> dict[Phase, float]:
        """The lowest limits of all time from `start` on."""
        dated = [each for each in (*self.limits.overrides, *self.limits.caps) if each.ends > start]
        recurring = self.limits.recurring() if self.limits.recur(start, LATEST) else ()
        return lowest([self._of(each) for each in (*dated, *recurring)])

    def source(self, moment: datetime) -> LimitSource:
        """Which limit is in force at a moment: the lowest cap where one makes a difference."""
        week_later = _later(moment, A_WEEK)
        periods = self._periods(moment, week_later)
        bounds = (bound for each in periods for bound in (each.begins, each.ends))
        until = min((bound for bound in bounds if moment < bound < week_later), default=None)
        in_force = [each for each in periods if each.begins <= moment < each.ends]
        return replace(self._source(in_force), until=until)

    def _source(self, in_force: Sequence["_Period"]) -> LimitSource:
        plain = min(self._plain(in_force), key=self._sum_a)
        cap = min(_caps(in_force), key=self._sum_a, default=None)
        if cap and lowest([self._of(plain), self._of(cap)]) != self._of(plain):
            return LimitSource(SourceKind.CAP, cap.signal_id, cap.reason, cap.author)
        if isinstance(plain, Override):
            return LimitSource(SourceKind.OVERRIDE, plain.id, plain.reason, plain.author)
        return LimitSource(SourceKind.WEEKLY if isinstance(plain, WeeklyLimit) else SourceKind.BASE)

    def _periods(self, start: datetime, end: datetime) -> list["_Period"]:
        """All but the base that hold within [`start`, `end`)."""
        weekly = (_Period(*span_, each) for each in self.limits.weekly for span_ in each.spans(start, end, self.zone))
        dated = (_Period(each.begins, each.ends, each) for each in (*self.limits.overrides, *self.limits.caps))
        return [*weekly, *(each for each in dated if each.begins < end and each.ends > start)]

    def _amperes(self, in_force: Sequence["_Period"]) -> dict[Phase, float]:
        return lowest([self._of(each) for each in (*self._plain(in_force), *_caps(in_force))])

    def _plain(self, in_force: Sequence["_Period"]) -> Sequence[Limit]:
        """What is in force but for caps; two weekly entries meet where clocks show a time twice, and both count."""
        overrides = [each.limit for each in in_force if isinstance(each.limit, Override)]
        weekly = [each.limit for each in in_force if isinstance(each.limit, WeeklyLimit)]
        return overrides or weekly or [self.limits.base]

    def _sum_a(self, limit: Limit) -> float:
        return sum(self._of(limit).values())

    def _of(self, limit: Limit) -> dict[Phase, float]:
        return limit.amperes(self.voltage_v, self.phases)


@dataclass(frozen=True, slots=True)
class _Period:
    """When a limit holds."""

    begins: datetime
    ends: datetime
    limit: Limit


def _caps(in_force: Sequence[_Period]) -> list[Cap]:
    return [each.limit for each in in_force if isinstance(each.limit, Cap)]


def lowest(limits: Sequence[Mapping[Phase, float]]) -> dict[Phase, float]:
    """The lowest of each phase."""
    return {phase: min(limit[phase] for limit in limits) for phase in limits[0]}


def span(period: LimitPeriod) -> str:
    """When a period holds, for people."""
    return " to ".join(format_datetime(moment) if moment else "ever" for moment in (period.start, period.end))


def said(limit: Limit) -> str:
    """A limit for people."""
    if limit.limit_a is None:
        return f"{limit.limit_kw:g} kW"
    return ", ".join(f"{phase} {limit_a:g} A" for phase, limit_a in limit.limit_a.items())


def _later(moment: datetime, by: timedelta) -> datetime:
    return moment + by if moment < LATEST - by else LATEST
