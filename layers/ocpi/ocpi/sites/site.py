"""A site as an energy manager writes it: one JSON file that says what the grid connection and the feeders behind it
bear, what hangs on them, and what energy costs.

The command line reads it, the store keeps it, the optimizer plans with it; so nothing heavy is imported here.
Currents are ampere per phase, `limit_kw` is the power of all phases together, shared equally by them; times are UTC.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Discriminator, Field, Tag, ValidationError, model_validator

from ocpi.sites.phases import PHASES, Phase
from ocpi.sites.reading import (
    LARGEST,
    Amount,
    Name,
    Phases,
    PositiveAmount,
    Strict,
    TimeZone,
    UtcTime,
    WrongInput,
    problems_of,
    read,
    utc,
)
from ocpi.store.keys import ObjectId
from ocpi.types.primitives import format_datetime
from ocpi.types.versions import ModuleID

GRID = "grid"
"""What the grid connection is called where a feeder could be meant."""

_EARLIEST = datetime.min.replace(tzinfo=UTC)
_LATEST = datetime.max.replace(tzinfo=UTC)
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


Number = Annotated[float, Field(strict=True, ge=-LARGEST, le=LARGEST, allow_inf_nan=False)]
Series = Annotated[
    Annotated[Number, Tag("[number]")] | Annotated[tuple[Number, ...], AfterValidator(_of_a_day), Tag("[series]")],
    Discriminator(_kind_of_series),
]
"""A number for ever, or one for each hour of the day in the site's time zone."""
NodeId = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$")]


class LimitPeriod(Strict):
    """The site's limit from `start` (none: ever since) to `end` (none: for ever), of one of the two kinds."""

    start: UtcTime | None = None
    end: UtcTime | None = None
    limit_a: dict[Phase, Amount] | None = None
    limit_kw: Amount | None = None

    @model_validator(mode="after")
    def _one_kind_in_order(self) -> Self:
        if (self.limit_a is None) == (self.limit_kw is None):
            raise ValueError("give either limit_a (ampere for each phase) or limit_kw (all phases together)")
        if self.begins >= self.ends:
            raise ValueError(f"must start before it ends: {_span(self)}")
        return self

    @property
    def begins(self) -> datetime:
        """`start`, or the beginning of time."""
        return self.start or _EARLIEST

    @property
    def ends(self) -> datetime:
        """`end`, or the end of time."""
        return self.end or _LATEST


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


class _Limited(Strict):
    """What bears a limit, and the base load right there: what is drawn by others than EVSEs, as its highest.

    Less than zero is what flows in. It never makes room, it only counts in prices.
    """

    limits: tuple[LimitPeriod, ...]
    base_load_a: dict[Phase, Series] | None = None
    base_load_kw: Series | None = None

    @model_validator(mode="after")
    def _one_kind_of_load(self) -> Self:
        if self.base_load_a is not None and self.base_load_kw is not None:
            raise ValueError("give either base_load_a (ampere for each phase) or base_load_kw (all phases together)")
        return self


class Feeder(_Limited):
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
    limits: tuple[LimitPeriod, ...]
    base_load: Mapping[Phase, Series]
    """In ampere; less than zero flows in."""

    def limit(self, start: datetime, end: datetime | None = None) -> dict[Phase, float]:
        """The lowest limit in force within [`start`, `end`), in ampere by phase; no `end` means for ever."""
        until = max(end or _LATEST, start + timedelta(microseconds=1))
        in_force = [self.amperes(each) for each in self.limits if each.begins < until and each.ends > start]
        return {phase: min(amperes[phase] for amperes in in_force) for phase in self.phases}

    def limit_changes(self, start: datetime, end: datetime | None = None) -> list[datetime]:
        """The moments after `start` and before `end` at which another limit comes into force, in order."""
        return [each.begins for each in self.limits[1:] if start < each.begins < (end or _LATEST)]

    def amperes(self, period: LimitPeriod) -> Mapping[Phase, float]:
        """A limit in ampere by phase."""
        if period.limit_a is not None:
            return period.limit_a
        share = (period.limit_kw or 0.0) * 1000 / (self.voltage_v * len(self.phases))
        return dict.fromkeys(self.phases, share)

    def base_load_a(self, hour: int, phase: Phase) -> float:
        """What others draw right there in an hour of the day, in ampere."""
        return in_hour(self.base_load.get(phase, 0.0), hour)


class Site(_Limited):
    """A grid connection and the feeders and EVSEs behind it.

    `default_limit_a` is what an EVSE draws per phase for a session that has no profile yet (None: its
    connector's maximum); `arrival_headroom` is the number of such newcomers that room is kept for.
    `assumed_stay_hours` and `assumed_energy_kwh` stand in for what a driver did not say. A car draws nothing
    or at least `min_a`. What comes in costs `price_per_kwh`, what flows out earns `feed_in_per_kwh`, in any currency;
    `pv_kw` is what the site's own solar power is expected to give.
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
    price_per_kwh: Series | None = None
    feed_in_per_kwh: Series | None = None
    demand_charge: DemandCharge | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        problems = [
            *_problems_of_limited("", self, self.phases, "site"),
            *_problems_of_feeders(self),
            *_problems_of_evses(self),
        ]
        if problems:
            raise WrongInput(problems)
        return self

    def branches(self) -> tuple[Branch, ...]:
        """The grid connection first, then the feeders, in their order in the file."""
        phases = _phases_of_feeders(self)
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

    def limit_changes(self, start: datetime, end: datetime | None = None) -> list[datetime]:
        """When the limit of the grid connection changes; see :meth:`Branch.limit_changes`."""
        return self.grid.limit_changes(start, end)

    def hours(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, int]]:
        """`start` and each moment before `end` at which an hour begins at the site, with the hour, 0 to 23.

        An hour that a change of clocks skips is left out; one that it repeats comes twice.
        """
        zone = ZoneInfo(self.time_zone)
        moment = start.astimezone(UTC)
        while moment < end:
            local = moment.astimezone(zone)
            yield moment, local.hour
            moment += timedelta(hours=1) - timedelta(
                minutes=local.minute, seconds=local.second, microseconds=local.microsecond
            )

    def warnings(self, now: datetime) -> list[str]:
        """What can be, but hardly is meant: limits of the next year that base load alone is above, and what is idle."""
        branches = self.branches()
        hanging = below(branches)
        low = [
            f"{branch.id}, {phase}: the base load of {load:g} A is above the limit of {limit:g} A"
            f" ({_span(period)}): sessions get nothing there as long as it is"
            for branch in branches
            for period in branch.limits
            if period.ends > now and period.begins < now + _A_YEAR
            for phase, limit in branch.amperes(period).items()
            if (load := self._highest_load_a(hanging[branch.id], period, phase, now)) > limit
        ]
        idle = [name for name in ("pv_kw", "feed_in_per_kwh") if getattr(self, name) and self.price_per_kwh is None]
        return [*low, *(f"{name}: counts for nothing without price_per_kwh" for name in idle)]

    def with_limit(
        self,
        start: datetime | None,
        end: datetime | None,
        limit: Mapping[Phase, float] | float,
        node: str = GRID,
    ) -> "Site":
        """The same site with another limit from `start` to `end` (None: ever since, for ever).

        Args:
            start: from when it holds.
            end: until when it holds.
            limit: ampere by phase, or kW of all phases together.
            node: the feeder whose limit it is, or the grid connection.

        Raises:
            SiteError: the period is empty, the limit is none for this site, or there is no such feeder.
        """
        kind = {"limit_a": dict(limit)} if isinstance(limit, Mapping) else {"limit_kw": limit}
        known = self.branch(node).limits
        try:
            new = LimitPeriod.model_validate({"start": start, "end": end, **kind})
            before = [_cut(each, each.begins, min(each.ends, new.begins)) for each in known]
            after = [_cut(each, max(each.begins, new.ends), each.ends) for each in known]
            periods = _merged([each for each in (*before, new, *after) if each])
            if node == GRID:
                return Site.model_validate({**dict(self), "limits": periods})
            feeders = [
                each.model_copy(update={"limits": periods}) if each.id == node else each for each in self.feeders
            ]
            return Site.model_validate({**dict(self), "feeders": feeders})
        except ValidationError as error:
            raise SiteError(problems_of(error, Site)) from None

    def _branch(self, limited: _Limited, id_: str, parent: str | None, phases: tuple[Phase, ...]) -> Branch:
        load = limited.base_load_a
        if load is None:
            load = dict.fromkeys(phases, _shared(limited.base_load_kw or 0.0, self.voltage_v * len(phases)))
        return Branch(id_, parent, phases, self.voltage_v, limited.limits, load)

    def _highest_load_a(self, branches: Sequence[Branch], period: LimitPeriod, phase: Phase, now: datetime) -> float:
        """What others draw at most in a period of a limit, in ampere."""
        start = max(period.begins, now)
        day = min(period.ends - start, timedelta(days=1))
        hours = {hour for _, hour in self.hours(start, start + day)}
        return max(base_load_a(branches, hour, phase) for hour in hours)


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


def _problems_of_limited(place: str, limited: _Limited, phases: Sequence[Phase], whose: str) -> Iterator[str]:
    """What is wrong with limits and base load; `place` is their path, `whose` names what has the phases."""
    yield from (f"{place}{problem}" for problem in _problems_in_time(limited.limits))
    known = ", ".join(phases)
    for number, period in enumerate(limited.limits):
        if period.limit_a is None:
            continue
        for phase in phases:
            if phase not in period.limit_a:
                yield f"{place}limits[{number}].limit_a.{phase}: missing: give every phase ({known})"
        for phase in period.limit_a:
            if phase not in phases:
                yield f"{place}limits[{number}].limit_a.{phase}: the {whose} has no such phase ({known})"
    for phase in limited.base_load_a or ():
        if phase not in phases:
            yield f"{place}base_load_a.{phase}: the {whose} has no such phase ({known})"


def _problems_in_time(limits: Sequence[LimitPeriod]) -> Iterator[str]:
    if not limits:
        yield "limits: must not be empty: give at least one period"
        return
    if limits[0].start is not None:
        yield "limits[0].start: the first period holds from ever: leave its start out"
    for number, (before, this) in enumerate(pairwise(limits), start=1):
        if before.end is None:
            yield f"limits[{number - 1}].end: missing: only the last period may be without an end"
        if this.start is None:
            yield f"limits[{number}].start: missing: only the first period may be without a start"
        if before.end and this.start and before.end != this.start:
            what = "gap" if before.end < this.start else "overlap"
            yield (
                f"limits[{number}].start: {what}: the period before ends {format_datetime(before.end)}, "
                f"this one starts {format_datetime(this.start)}: make them equal"
            )
    if limits[-1].end is not None:
        yield f"limits[{len(limits) - 1}].end: the last period holds for ever: leave its end out"


def _problems_of_feeders(site: Site) -> Iterator[str]:
    first: dict[str, int] = {}
    for number, feeder in enumerate(site.feeders):
        earlier = first.setdefault(feeder.id, number)
        if feeder.id == GRID:
            yield f"feeders[{number}].id: {GRID!r} is the grid connection: choose another"
        elif earlier != number:
            yield f"feeders[{number}].id: {feeder.id!r} is already feeders[{earlier}]: keep one"
    parents = {feeder.id: feeder.parent or GRID for feeder in site.feeders}
    phases = _phases_of_feeders(site)
    for number, feeder in enumerate(site.feeders):
        place = f"feeders[{number}]."
        parent = parents[feeder.id]
        if parent != GRID and parent not in parents:
            yield f"{place}parent: there is no feeder {parent!r}: {_known_feeders(site)}"
        if feeder.id in _above(feeder.id, parents):
            yield f"{place}parent: {feeder.id!r} is before itself, by way of {parent!r}: one must hang on the grid"
        of_parent = phases.get(parent, site.phases)
        for phase in feeder.phases or ():
            if phase not in of_parent:
                yield f"{place}phases: {phase} does not come from {parent!r} ({', '.join(of_parent)})"
        yield from _problems_of_limited(place, feeder, phases[feeder.id], "feeder")


def _above(id_: str, parents: Mapping[str, str]) -> list[str]:
    """The feeders before a feeder, nearest first, until there is none, or one comes again."""
    above: list[str] = []
    parent = parents[id_]
    while parent in parents and parent not in above:
        above.append(parent)
        parent = parents[parent]
    return above


def _phases_of_feeders(site: Site) -> dict[str, tuple[Phase, ...]]:
    """The phases of each feeder: its own, or those of the nearest before it that says."""
    own = {feeder.id: feeder.phases for feeder in site.feeders}
    parents = {feeder.id: feeder.parent or GRID for feeder in site.feeders}
    return {
        id_: next((phases for each in (id_, *_above(id_, parents)) if (phases := own[each])), site.phases)
        for id_ in own
    }


def _problems_of_evses(site: Site) -> Iterator[str]:
    first: dict[str, int] = {}
    phases = {GRID: site.phases, **_phases_of_feeders(site)}
    for number, evse in enumerate(site.evses):
        earlier = first.setdefault(evse.evse_uid.lower(), number)
        if earlier != number:
            yield f"evses[{number}].evse_uid: {evse.evse_uid!r} is already evses[{earlier}]: keep one"
        feeder = evse.feeder or GRID
        if feeder not in phases:
            yield f"evses[{number}].feeder: there is no feeder {feeder!r}: {_known_feeders(site)}"
        known = phases.get(feeder, site.phases)
        for phase in evse.phases or ():
            if phase not in known:
                whose = "site" if feeder == GRID else f"feeder {feeder}"
                yield f"evses[{number}].phases: the {whose} has no phase {phase} ({', '.join(known)})"


def _known_feeders(site: Site) -> str:
    return f"use one of {', '.join((GRID, *(feeder.id for feeder in site.feeders)))}"


def _cut(period: LimitPeriod, begins: datetime, ends: datetime) -> LimitPeriod | None:
    """The part of `period` from `begins` to `ends`; None if there is none."""
    if begins >= ends:
        return None
    start = None if begins == _EARLIEST else begins
    return period.model_copy(update={"start": start, "end": None if ends == _LATEST else ends})


def _merged(periods: Sequence[LimitPeriod]) -> list[LimitPeriod]:
    """The periods with equal neighbours made one."""
    merged = [periods[0]]
    for period in periods[1:]:
        last = merged[-1]
        if (last.limit_a, last.limit_kw) == (period.limit_a, period.limit_kw):
            merged[-1] = last.model_copy(update={"end": period.end})
        else:
            merged.append(period)
    return merged


def _span(period: LimitPeriod) -> str:
    return " to ".join(format_datetime(moment) if moment else "ever" for moment in (period.start, period.end))
