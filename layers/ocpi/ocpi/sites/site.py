"""A site as an energy manager writes it: one JSON file that says what the grid connection and the feeders behind it
bear, what hangs on them, and what energy costs.

The command line reads it, the store keeps it, the optimizer plans with it; so nothing heavy is imported here.
Currents are ampere per phase, `limit_kw` is the power of all phases together, shared equally by them; times are UTC.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Discriminator, Field, Tag, ValidationError, model_validator

from ocpi.sites.checks import phases_of_feeders, problems_of_evses, problems_of_feeders, problems_of_limited
from ocpi.sites.limits import (
    Calendar,
    Cap,
    Limit,
    LimitPeriod,
    Limits,
    LimitSource,
    Override,
    Timeline,
    WeeklyLimit,
    span,
)
from ocpi.sites.nodes import GRID, NodeId
from ocpi.sites.oddities import odd
from ocpi.sites.phases import PHASES, Phase
from ocpi.sites.reading import (
    LARGEST,
    Amount,
    Name,
    Number,
    Phases,
    PositiveAmount,
    Strict,
    TimeZone,
    WrongInput,
    problems_of,
    read,
    utc,
)
from ocpi.sites.time_of_use import TimeOfUse
from ocpi.store.keys import ObjectId
from ocpi.types.versions import ModuleID

__all__ = [
    "GRID",
    "Branch",
    "DemandCharge",
    "Feeder",
    "Limited",
    "LocationRef",
    "NodeId",
    "Rates",
    "Series",
    "Site",
    "SiteError",
    "SiteEvse",
    "base_load_a",
    "below",
    "in_hour",
    "parse_site",
    "parse_time",
]

REMEMBERED = timedelta(days=7)
"""How long overrides that are over stay in a site's document."""

CAPS_REMEMBERED = timedelta(hours=2)
"""The same for caps: until what they brought has been measured. The signals themselves are on record."""

CLOCKS_AHEAD = timedelta(days=60)
"""So early it is told what a change of clocks does to a weekly calendar."""

_HOURS = 24
_A_YEAR = timedelta(days=365)


class SiteError(WrongInput):
    """A site that cannot be."""


def _of_a_day(values: tuple[float, ...]) -> tuple[float, ...]:
    if len(values) != _HOURS:
        raise ValueError(f"must be one number, or {_HOURS}, one for each hour of the day; has {len(values)}")
    return values


def _kind_of_series(value: object) -> str:
    return "[series]" if isinstance(value, list | tuple) else "[number]"


def _kind_of_rates(value: object) -> str:
    return "[weekly]" if isinstance(value, dict | TimeOfUse) else _kind_of_series(value)


_OneNumber = Annotated[Number, Tag("[number]")]
_OfADay = Annotated[tuple[Number, ...], AfterValidator(_of_a_day), Tag("[series]")]
Series = Annotated[_OneNumber | _OfADay, Discriminator(_kind_of_series)]
"""A number for ever, or one for each hour of the day in the site's time zone."""
Rates = Annotated[_OneNumber | _OfADay | Annotated[TimeOfUse, Tag("[weekly]")], Discriminator(_kind_of_rates)]
"""The same, or one for ever and others at some hours of some weekdays."""


def _of_three_letters(text: str) -> str:
    if not (len(text) == 3 and text.isascii() and text.isalpha() and text.isupper()):
        raise ValueError("must be the three letters of a currency (ISO 4217) such as EUR")
    return text


Currency = Annotated[str, AfterValidator(_of_three_letters)]


class LocationRef(Strict):
    """The OCPI Location that the site's EVSEs belong to."""

    country_code: Annotated[str, Field(min_length=2, max_length=2)]
    party_id: Annotated[str, Field(min_length=3, max_length=3)]
    location_id: Annotated[str, Field(min_length=1, max_length=36)]

    def of(self, partner_id: str) -> ObjectId:
        """Under which the store has it, as this partner's."""
        return ObjectId(partner_id, ModuleID.LOCATIONS, self.country_code, self.party_id, self.location_id)


class SiteEvse(Strict):
    """What the energy manager knows better than the Location.

    The feeder that an EVSE hangs on (None: right on the grid connection), the phases that it is wired to, in the order
    of its own (`["L2", "L3", "L1"]`: its first is the site's L2), its fuse, and how it is preferred: a session at an
    EVSE of priority 2 is served before one of priority 1.
    """

    evse_uid: Annotated[str, Field(min_length=1, max_length=36)]
    feeder: NodeId | None = None
    phases: Phases | None = None
    max_a: PositiveAmount | None = None
    priority: Annotated[PositiveAmount, Field(le=100)] = 1.0


def _kind_of_limits(value: object) -> str:
    return "[periods]" if isinstance(value, list | tuple) else "[limits]"


class Limited(Strict):
    """What bears a limit, and the base load right there: what is drawn by others than EVSEs, as its highest.

    Less than zero is what flows in. It never makes room, it only counts in prices.
    """

    limits: Annotated[
        Annotated[Limits, Tag("[limits]")] | Annotated[tuple[LimitPeriod, ...], Tag("[periods]")],
        Discriminator(_kind_of_limits),
    ]
    base_load_a: dict[Phase, Series] | None = None
    base_load_kw: Series | None = None

    @model_validator(mode="after")
    def _one_kind_of_load(self) -> Self:
        if self.base_load_a is not None and self.base_load_kw is not None:
            raise ValueError("give either base_load_a (ampere for each phase) or base_load_kw (all phases together)")
        return self

    @property
    def all_limits(self) -> Limits:
        """The limits, also if they were given as periods."""
        return self.limits if isinstance(self.limits, Limits) else Limits.of_periods(self.limits)


class Feeder(Limited):
    """A part of the site with a limit of its own: a transformer, a feeder, a group of EVSEs.

    `parent` is the feeder before it (None: the grid connection), `phases` the lines that go there (None: all of its
    parent's).
    """

    id: NodeId
    parent: NodeId | None = None
    phases: Phases | None = None


class DemandCharge(Strict):
    """What the highest import of a billing period costs, and how high it has been so far."""

    price_per_kw: Amount
    peak_kw: Amount = 0.0


@dataclass(frozen=True, slots=True)
class Branch:
    """The grid connection or a feeder, with what it has from the site."""

    id: str
    parent: str | None
    """None: it is the grid connection."""
    phases: tuple[Phase, ...]
    voltage_v: float
    calendar: Calendar
    """What it bears, and when."""
    base_load: Mapping[Phase, Series]
    """In ampere; less than zero flows in."""

    def limit(self, start: datetime, end: datetime | None = None) -> dict[Phase, float]:
        """The lowest limit in force within [`start`, `end`), in ampere by phase; no `end` means for ever."""
        return self.timeline(start, end).lowest(start, end) if end else self.calendar.lowest_for_ever(start)

    def limit_changes(self, start: datetime, end: datetime) -> list[datetime]:
        """The moments after `start` and before `end` at which another limit comes into force, in order."""
        return self.timeline(start, end).changes

    def timeline(self, start: datetime, end: datetime) -> Timeline:
        """The limits from `start` to `end`, in ampere by phase."""
        return self.calendar.timeline(start, end)

    def source(self, moment: datetime) -> LimitSource:
        """Why the limit is what it is at a moment."""
        return self.calendar.source(moment)

    def highest_a(self, limit: Limit) -> float:
        """The most that a limit leaves on any phase, in ampere."""
        return max(limit.amperes(self.voltage_v, self.phases).values())

    def power_kw(self, limit: Limit) -> float:
        """A limit as the power of all phases together."""
        return sum(limit.amperes(self.voltage_v, self.phases).values()) * self.voltage_v / 1000

    def base_load_a(self, hour: int, phase: Phase) -> float:
        """What others draw right there in an hour of the day, in ampere."""
        return in_hour(self.base_load.get(phase, 0.0), hour)


class Site(Limited):
    """A grid connection and the feeders and EVSEs behind it.

    `default_limit_a` is what an EVSE draws per phase for a session that has no profile yet (None: its
    connector's maximum); `arrival_headroom` is the number of such newcomers that room is kept for.
    `assumed_stay_hours` and `assumed_energy_kwh` stand in for what a driver did not say. A car draws nothing
    or at least `min_a`. What comes in costs `price_per_kwh`, what flows out earns `feed_in_per_kwh`;
    `pv_kw` is what the site's own solar power is expected to give, `currency` that of all prices.
    """

    id: NodeId
    name: Name | None = None
    time_zone: TimeZone
    voltage_v: Annotated[PositiveAmount, Field(le=1000)]
    partner_id: Name
    location: LocationRef
    phases: Phases = PHASES
    feeders: tuple[Feeder, ...] = ()
    default_limit_a: Amount | None = None
    arrival_headroom: Annotated[int, Field(strict=True, ge=0, le=LARGEST)] = 1
    evses: tuple[SiteEvse, ...] = ()
    assumed_stay_hours: PositiveAmount = 8.0
    assumed_energy_kwh: PositiveAmount = 40.0
    min_a: Amount = 6.0
    pv_kw: Series | None = None
    price_per_kwh: Rates | None = None
    feed_in_per_kwh: Rates | None = None
    demand_charge: DemandCharge | None = None
    currency: Currency | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        problems = [
            *problems_of_limited("", self, self.phases, "site"),
            *problems_of_feeders(self),
            *problems_of_evses(self),
        ]
        if problems:
            raise WrongInput(problems)
        return self

    def branches(self) -> tuple[Branch, ...]:
        """The grid connection first, then the feeders, in their order in the file."""
        phases = phases_of_feeders(self)
        feeders = (self._branch(each, each.id, each.parent or GRID, phases[each.id]) for each in self.feeders)
        return (self.grid, *feeders)

    @property
    def grid(self) -> Branch:
        """The grid connection."""
        return self._branch(self, GRID, None, self.phases)

    def branch(self, id_: str) -> Branch:
        """The grid connection or a feeder.

        Raises:
            SiteError: there is none of that id.
        """
        branches = {branch.id: branch for branch in self.branches()}
        if id_ not in branches:
            raise SiteError([f"there is no feeder {id_!r}; there are {', '.join(branches)}"])
        return branches[id_]

    def limit(self, start: datetime, end: datetime | None = None) -> dict[Phase, float]:
        """The lowest limit of the grid connection within [`start`, `end`); see :meth:`Branch.limit`."""
        return self.grid.limit(start, end)

    def limit_changes(self, start: datetime, end: datetime) -> list[datetime]:
        """When the limit of the grid connection changes; see :meth:`Branch.limit_changes`."""
        return self.grid.limit_changes(start, end)

    @property
    def zone(self) -> ZoneInfo:
        """The time zone."""
        return ZoneInfo(self.time_zone)

    def hours(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, int]]:
        """`start` and each moment before `end` at which an hour begins at the site, with the hour, 0 to 23.

        An hour that a change of clocks skips is left out; one that it repeats comes twice.
        """
        moment = start.astimezone(UTC)
        while moment < end:
            local = moment.astimezone(self.zone)
            yield moment, local.hour
            moment += timedelta(hours=1) - timedelta(
                minutes=local.minute, seconds=local.second, microseconds=local.microsecond
            )

    def warnings(self, now: datetime) -> list[str]:
        """What can be, but hardly is meant: limits of the next year that base load alone is above, and what is idle."""
        low = [problem for branch in self.branches() for problem in self._too_low(branch, now)]
        clocks = [
            problem
            for place, limited in self._limited()
            for problem in self._moved_by_clocks(place, limited.all_limits.weekly, now)
        ]
        idle = [name for name in ("pv_kw", "feed_in_per_kwh") if getattr(self, name) and self.price_per_kwh is None]
        unpriced = "counts for nothing without price_per_kwh or uploaded prices"
        return [*low, *clocks, *(f"{name}: {unpriced}" for name in idle)]

    def with_base(self, node: str, limit: Limit) -> "Site":
        """The same site with another base limit of a node.

        Raises:
            SiteError: the limit is none for this node, or there is no such node; so for all that change a limit.
        """
        return self._with_limits(node, base=limit.bare())

    def with_weekly(self, node: str, weekly: Sequence[WeeklyLimit]) -> "Site":
        """The same site with another weekly calendar of a node."""
        return self._with_limits(node, weekly=tuple(weekly))

    def with_override(self, node: str, override: Override) -> "Site":
        """The same site with one more override of a node."""
        return self._with_limits(node, overrides=(*self.limits_of(node).overrides, override))

    def without_override(self, node: str, override_id: str) -> "Site":
        """The same site without an override of a node."""
        kept = self.limits_of(node).overrides
        if all(each.id != override_id for each in kept):
            raise SiteError([f"{node} has no override {override_id!r}"])
        return self._with_limits(node, overrides=tuple(each for each in kept if each.id != override_id))

    def with_cap(self, cap: Cap, node: str = GRID) -> "Site":
        """The same site with one more cap of a node."""
        return self._with_limits(node, caps=(*self.limits_of(node).caps, cap))

    def without_cap(self, signal_id: str) -> "Site":
        """The same site without the cap of a signal, wherever it is."""
        site = self
        for branch in self.branches():
            caps = branch.calendar.limits.caps
            kept = tuple(each for each in caps if each.signal_id != signal_id)
            site = site._with_limits(branch.id, caps=kept) if len(kept) < len(caps) else site
        return site

    def with_priorities(self, priorities: Mapping[str, float]) -> "Site":
        """The same site with these priorities of EVSEs, by uid; those that are not named are left as they are."""
        wanted = {uid.lower(): (uid, priority) for uid, priority in priorities.items()}
        evses = [
            {**dict(evse), "priority": wanted.pop(evse.evse_uid.lower(), ("", evse.priority))[1]} for evse in self.evses
        ]
        evses += [{"evse_uid": uid, "priority": priority} for uid, priority in wanted.values()]
        return self._with(evses=evses)

    def pruned(self, now: datetime) -> "Site":
        """The same site without overrides and caps that have been over for so long (:data:`REMEMBERED`)."""
        site = self
        for branch in self.branches():
            limits = branch.calendar.limits
            overrides = tuple(each for each in limits.overrides if each.ends > now - REMEMBERED)
            caps = tuple(each for each in limits.caps if each.ends > now - CAPS_REMEMBERED)
            if (overrides, caps) != (limits.overrides, limits.caps):
                site = site._with_limits(branch.id, overrides=overrides, caps=caps)
        return site

    def odd(self, before: "Site | None") -> list[str]:
        """What should be confirmed before it is taken, a line each beginning with its path: limits that are far from
        the base of the site `before`, such as kW that were given in W, or that mean something else than before."""
        known = {branch.id: branch for branch in before.branches()} if before else {}
        return [
            line
            for (place, _), branch in zip(self._limited(), self.branches(), strict=True)
            for line in odd(place, branch, known.get(branch.id))
        ]

    def limits_of(self, node: str) -> Limits:
        """The limits of the grid connection or a feeder.

        Raises:
            SiteError: there is none of that id.
        """
        return self.branch(node).calendar.limits

    def _limited(self) -> list[tuple[str, "Limited"]]:
        """The grid connection and the feeders, with the paths of their limits."""
        return [("limits", self), *((f"feeders[{number}].limits", each) for number, each in enumerate(self.feeders))]

    def _with_limits(self, node: str, **changes: object) -> "Site":
        limits = {**dict(self.limits_of(node)), **changes}
        if node == GRID:
            return self._with(limits=limits)
        feeders = [{**dict(each), "limits": limits} if each.id == node else each for each in self.feeders]
        return self._with(feeders=feeders)

    def _with(self, **changes: object) -> "Site":
        try:
            return Site.model_validate({**dict(self), **changes})
        except ValidationError as error:
            raise SiteError(problems_of(error, Site)) from None

    def _branch(self, limited: Limited, id_: str, parent: str | None, phases: tuple[Phase, ...]) -> Branch:
        load = limited.base_load_a
        if load is None:
            load = dict.fromkeys(phases, _shared(limited.base_load_kw or 0.0, self.voltage_v * len(phases)))
        calendar = Calendar(limited.all_limits, self.voltage_v, phases, self.zone)
        return Branch(id_, parent, phases, self.voltage_v, calendar, load)

    def _too_low(self, branch: Branch, now: datetime) -> Iterator[str]:
        hanging = below(self.branches())[branch.id]
        for when, limit, hours in self._to_come(branch.calendar.limits, now):
            for phase, limit_a in limit.amperes(branch.voltage_v, branch.phases).items():
                load_a = max(base_load_a(hanging, hour, phase) for hour in hours)
                if load_a > limit_a:
                    yield (
                        f"{branch.id}, {phase}: the base load of {load_a:g} A is above the limit of {limit_a:g} A"
                        f" ({when}): sessions get nothing there as long as it is"
                    )

    def _to_come(self, limits: Limits, now: datetime) -> Iterator[tuple[str, Limit, Collection[int]]]:
        """The limits of the next year: when each holds, for people, and in which hours of the day."""
        dated = [each for each in (*limits.overrides, *limits.caps) if each.ends > now and each.begins < now + _A_YEAR]
        if limits.recur(now, now + _A_YEAR):
            yield "base", limits.base, range(_HOURS)
            for weekly in limits.weekly:
                minutes = [minute for begins, ends in weekly.minutes() for minute in range(begins, ends)]
                yield str(weekly), weekly, {minute // 60 % _HOURS for minute in minutes}
        for each in dated:
            start = max(each.begins, now)
            day = min(each.ends - start, timedelta(days=1))
            yield span(each), each, {hour for _, hour in self.hours(start, start + day)}

    def _moved_by_clocks(self, place: str, weekly: Sequence[WeeklyLimit], now: datetime) -> Iterator[str]:
        """Weekly limits that begin or end when clocks are changed soon."""
        today = now.astimezone(self.zone).date()
        for day in (today + timedelta(days=number) for number in range(CLOCKS_AHEAD.days) if weekly):
            midnight = datetime.combine(day, time(), self.zone)
            if midnight.utcoffset() == (midnight + timedelta(days=2)).utcoffset():
                continue
            for number, each in enumerate(weekly):
                if each.on(day) and each.changed_by_clocks(day, self.zone):
                    yield f"{place}.weekly[{number}] ({each}): {self._by_clocks(each, day)}"

    def _by_clocks(self, weekly: WeeklyLimit, day: date) -> str:
        midnight = datetime.combine(day, time(), self.zone)
        held = [
            (begins, ends)
            for begins, ends in weekly.spans(midnight, midnight + timedelta(days=2), self.zone)
            if begins.astimezone(self.zone).date() == day
        ]
        if not held:
            return f"the clocks skip it on {day}: it does not hold then"
        (begins, ends), *_ = held
        clocks = " to ".join(f"{each.astimezone(self.zone):%H:%M}" for each in (begins, ends))
        return f"the clocks are changed on {day}: it holds from {clocks}, {(ends - begins) / timedelta(hours=1):g} h"


def in_hour(series: Series, hour: int) -> float:
    """The value of a series in an hour of the day."""
    return series[hour] if isinstance(series, tuple) else series


def base_load_a(branches: Sequence[Branch], hour: int, phase: Phase) -> float:
    """What others draw at some branches together, in ampere; what flows in at one makes no room for another."""
    return sum(max(0.0, branch.base_load_a(hour, phase)) for branch in branches)


def _shared(series_kw: Series, voltage_v: float) -> Series:
    """The current of a power at a voltage."""
    if isinstance(series_kw, tuple):
        return tuple(kw * 1000 / voltage_v for kw in series_kw)
    return series_kw * 1000 / voltage_v


def below(branches: Sequence[Branch]) -> dict[str, list[Branch]]:
    """Each branch with all that hang on it, itself first."""
    by_id = {branch.id: branch for branch in branches}
    hanging: dict[str, list[Branch]] = {branch.id: [] for branch in branches}
    for branch in branches:
        above: Branch | None = branch
        while above:
            hanging[above.id].append(branch)
            above = by_id[above.parent] if above.parent else None
    return hanging


def parse_time(text: str) -> datetime:
    """Read a time as site files write it: with Z, with an offset, or without a zone (it is UTC).

    Raises:
        SiteError: it is none.
    """
    try:
        return utc(text)
    except ValueError as error:
        raise SiteError([f"{text!r}: {error}"]) from None


def parse_site(text: str | bytes) -> Site:
    """Read a site from JSON.

    Raises:
        SiteError: it is no JSON or no site; every wrong place is named by its path, with what to do.
    """
    return read(Site, text, SiteError)
