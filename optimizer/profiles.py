"""What a session may draw over time, as a step function, and its form on the wire, a ChargingProfile.

A profile is a maximum that stays in force until another replaces it, and its last period goes on for ever. So
every schedule ends in a safe tail: all tails of a site fit together under its lowest limits, whatever becomes
of us.
"""

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from itertools import pairwise

import numpy as np

from ocpi.types.chargingprofiles import ChargingProfile, ChargingProfilePeriod, ChargingRateUnit
from optimizer.planning.problem import Floats, Plan, Problem, Vehicle

_SECOND = timedelta(seconds=1)

_PER_AMPERE, _PER_KW = 10, 1000
"""Rates on the wire are multiples of 0.1 A, or of 1 W."""

EPSILON = 1e-6
"""Rates that differ by less are equal: far below what a profile can tell, far above the rounding of a sum."""

_ROUNDING = 1e-9
"""How far a sum of rates is off."""


@dataclass(frozen=True)
class Schedule:
    """A rate over time: each step holds from its start to the next, the last for ever.

    Rates are ampere per phase, or kW where `dc`. Before its first start a schedule has its first value. Equal
    neighbours are merged on construction.

    Raises:
        ValueError: no step, starts that don't rise, a start without a time zone or not in whole seconds, or a
            rate that is negative or not finite.
    """

    steps: tuple[tuple[datetime, float], ...]
    dc: bool = False

    def __post_init__(self) -> None:
        if not self.steps:
            raise ValueError("a schedule needs at least one step")
        for start, rate in self.steps:
            if start.tzinfo is None or start.microsecond:
                raise ValueError(f"a step starts at a whole second with a time zone, not at {start}")
            if not (math.isfinite(rate) and rate >= 0):
                raise ValueError(f"a rate is 0 or more, not {rate}")
        if any(later[0] <= earlier[0] for earlier, later in pairwise(self.steps)):
            raise ValueError("the starts of the steps must rise")
        changes = [later for earlier, later in pairwise(self.steps) if later[1] != earlier[1]]
        object.__setattr__(self, "steps", (self.steps[0], *changes))

    @classmethod
    def constant(cls, rate: float, since: datetime, *, dc: bool = False) -> "Schedule":
        """The same rate for ever; `since` is cut to the whole second."""
        return cls(((since.replace(microsecond=0), rate),), dc)

    @cached_property
    def starts(self) -> tuple[datetime, ...]:
        """When each step starts."""
        return tuple(start for start, _ in self.steps)

    @property
    def tail(self) -> float:
        """What it allows for ever, in the end."""
        return self.steps[-1][1]

    def at(self, moment: datetime) -> float:
        """The rate in force at `moment`."""
        return self.steps[max(0, bisect_right(self.starts, moment) - 1)][1]

    def sampled(self, seconds: Floats) -> Floats:
        """The rates in force at many moments, given in seconds since 1970; same shape."""
        starts, rates = self._arrays
        return rates[np.maximum(np.searchsorted(starts, seconds, side="right") - 1, 0)]

    def since(self, moment: datetime) -> "Schedule":
        """The same from `moment` on, with nothing before it; `moment` is cut to the whole second."""
        first = moment.replace(microsecond=0)
        return Schedule(((first, self.at(first)), *(step for step in self.steps if step[0] > first)), self.dc)

    def cut(self, end: datetime, choose: Callable[[Iterable[float]], float]) -> "Schedule":
        """The same until `end` (cut to the second), then for ever the `choose` (min or max) of all that comes."""
        last = end.replace(microsecond=0)
        if self.starts[-1] < last:
            return self
        rest = choose([self.at(last), *(rate for start, rate in self.steps if start >= last)])
        return Schedule((*(step for step in self.steps if step[0] < last), (last, rest)), self.dc)

    def maximum(self, other: "Schedule") -> "Schedule":
        """The higher of the two at every moment."""
        return self._joined(other, max)

    def minimum(self, other: "Schedule") -> "Schedule":
        """The lower of the two at every moment."""
        return self._joined(other, min)

    def within(self, other: "Schedule", since: datetime) -> bool:
        """Whether it never allows more than `other` from `since` on, for ever."""
        moments = [since, *(start for start in (*self.starts, *other.starts) if start > since)]
        return all(self.at(moment) <= other.at(moment) + EPSILON for moment in moments)

    def same(self, other: "Schedule", since: datetime) -> bool:
        """Whether both allow the same from `since` on, for ever."""
        return self.within(other, since) and other.within(self, since)

    def floored(self) -> "Schedule":
        """The same in whole tenths of an ampere or whole watts, never more."""
        return Schedule(tuple((start, floored(rate, dc=self.dc)) for start, rate in self.steps), self.dc)

    def ceiled(self) -> "Schedule":
        """The same in whole tenths of an ampere or whole watts, never less: for what may be drawn, not for what is
        allowed."""
        return Schedule(tuple((start, ceiled(rate, dc=self.dc)) for start, rate in self.steps), self.dc)

    def to_charging_profile(self, min_charging_rate: float | None = None) -> ChargingProfile:
        """The schedule as an absolute OCPI ChargingProfile: in ampere, cut down to one decimal, or for DC in whole
        watts (CHP-22 to CHP-26).

        Args:
            min_charging_rate: the least rate that the vehicle charges with, if it shall be told.
        """
        schedule = self.floored()
        zero = schedule.steps[0][0].astimezone(UTC)
        return ChargingProfile(
            start_date_time=zero,
            charging_rate_unit=ChargingRateUnit.W if self.dc else ChargingRateUnit.A,
            min_charging_rate=None if min_charging_rate is None else self._told(min_charging_rate),
            charging_profile_period=[
                ChargingProfilePeriod(start_period=(start - zero) // _SECOND, limit=self._told(rate))
                for start, rate in schedule.steps
            ],
        )

    @classmethod
    def from_charging_profile(cls, profile: ChargingProfile, then: float | None = None) -> "Schedule":
        """Read an absolute ChargingProfile: one in ampere is AC, one in watt DC.

        Args:
            profile: the profile; a fraction of a second in its start is cut off.
            then: the rate that holds after the end of a profile that has a `duration`.

        Raises:
            ValueError: it is relative, has no period, or ends without a word about what holds then.
        """
        if profile.start_date_time is None:
            raise ValueError("only a profile with a start_date_time has a schedule")
        zero = profile.start_date_time.replace(microsecond=0)
        dc = profile.charging_rate_unit is ChargingRateUnit.W
        steps = [
            (zero + timedelta(seconds=period.start_period), float(period.limit / 1000 if dc else period.limit))
            for period in profile.charging_profile_period
        ]
        if profile.duration is None:
            return cls(tuple(steps), dc)
        if then is None:
            raise ValueError("the profile has a duration, so what holds after it must be told")
        end = zero + timedelta(seconds=profile.duration)
        return cls((*(step for step in steps if step[0] < end), (end, then)), dc)

    @cached_property
    def _arrays(self) -> tuple[Floats, Floats]:
        """Starts in seconds since 1970, and rates; both of the length of `steps`."""
        starts, rates = zip(*((start.timestamp(), rate) for start, rate in self.steps), strict=True)
        return np.array(starts), np.array(rates, dtype=float)

    def _joined(self, other: "Schedule", choose: Callable[[float, float], float]) -> "Schedule":
        starts = sorted({*self.starts, *other.starts})
        return Schedule(tuple((start, choose(self.at(start), other.at(start))) for start in starts), self.dc)

    def _told(self, rate: float) -> Decimal:
        """A rate in the unit of the profile."""
        parts = _parts(rate, dc=self.dc)
        return Decimal(parts) if self.dc else Decimal(parts) / _PER_AMPERE


def floored(rate: float, *, dc: bool) -> float:
    """The highest rate of whole tenths of an ampere (DC: whole watts) that is no more than `rate`; 16.3 stays 16.3 in
    spite of binary floats."""
    return _parts(rate, dc=dc) / (_PER_KW if dc else _PER_AMPERE)


def ceiled(rate: float, *, dc: bool) -> float:
    """The lowest rate of whole tenths of an ampere (DC: whole watts) that is no less than `rate`."""
    parts = _PER_KW if dc else _PER_AMPERE
    return math.ceil(rate * parts - EPSILON) / parts


def _parts(rate: float, *, dc: bool) -> int:
    """How many whole tenths of an ampere, or watts."""
    return math.floor(rate * (_PER_KW if dc else _PER_AMPERE) + EPSILON)


def breakpoints(schedules: Iterable[Schedule], since: datetime) -> Floats:
    """All moments from `since` on at which any of the schedules changes, `since` first; in seconds since
    1970."""
    first = since.timestamp()
    starts = np.concatenate([[first], *(schedule._arrays[0] for schedule in schedules)])
    return np.unique(starts[starts >= first])


def safe_tails(
    vehicles: Sequence[Vehicle],
    weights: Floats,
    room: Floats,
    places: int | Sequence[int],
    previous: Mapping[str, float],
) -> dict[str, float]:
    """What each vehicle may draw for ever once its plan has ended: 0 or at least its `least`.

    Where the room divided by the places is enough to charge with, that is everyone's share, whoever comes or
    goes. Elsewhere as many as fit get their `least`: those that had a tail keep it, the rest goes to newcomers in
    the order given, and nobody's tail changes because a neighbour left, for each change of a tail is a
    request to a charge point.

    Args:
        vehicles: all that are charging.
        weights: what one unit of each vehicle's rate adds to each limit, (limits, vehicles).
        room: what each limit bears for ever, (limits,): the lowest in force from now on, less head-room for arrivals
            and less what sessions out of our control may draw.
        places: how many vehicles there can be at once (EVSEs), in all or under each limit.
        previous: the tails before, by vehicle.
    """
    left = np.clip(room, 0.0, None)
    taken = (weights > 0).sum(axis=1)
    shares = _shares(weights, left / np.maximum(np.maximum(places, taken), 1))
    tails = dict.fromkeys((vehicle.id for vehicle in vehicles), 0.0)
    had = [previous.get(vehicle.id) for vehicle in vehicles]
    for number in sorted(range(len(vehicles)), key=lambda each: not had[each]):
        vehicle = vehicles[number]
        most = floored(vehicle.most, dc=vehicle.dc)
        least = ceiled(vehicle.least, dc=vehicle.dc)
        share = floored(min(vehicle.most, shares[number]), dc=vehicle.dc)
        tail = min(most, max(share, least))
        gave_up = share < least and had[number] == 0
        after = left - weights[:, number] * tail
        if gave_up or tail < least or (after < -_ROUNDING).any():
            continue
        tails[vehicle.id] = tail
        left = after
    return tails


def _shares(weights: Floats, room: Floats) -> Floats:
    """The rate at which each vehicle alone fills up the tightest of its limits; (vehicles,)."""
    counts = weights > 0
    rates = np.divide(room[:, np.newaxis], weights, out=np.full(weights.shape, np.inf), where=counts)
    return np.min(rates, axis=0, initial=np.inf)


def schedules(problem: Problem, plan: Plan) -> dict[str, Schedule]:
    """The plan as one schedule for each vehicle: its rates until it is believed to leave, then its safe tail; in whole
    tenths of an ampere or whole watts."""
    return {
        vehicle.id: _schedule(problem, rates, vehicle).floored()
        for vehicle, rates in zip(problem.vehicles, plan.rates.tolist(), strict=True)
    }


def _schedule(problem: Problem, rates: Sequence[float], vehicle: Vehicle) -> Schedule:
    *starts, end = problem.starts
    leaves = problem.start + timedelta(seconds=math.floor(max(0.0, vehicle.departure_s)))
    leaves = min(leaves, end)
    steps = [step for step in zip(starts, rates, strict=True) if step[0] < leaves]
    return Schedule((*steps, (leaves, vehicle.tail)), vehicle.dc)
