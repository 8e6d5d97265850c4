"""What a session may draw over time, as a step function, and its form on the wire, a ChargingProfile.

A profile is a maximum that stays in force until another replaces it, and its last period goes on for ever. So
every schedule ends in a safe tail: all tails of a site fit together under its lowest limit, whatever becomes
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
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ocpi.types.chargingprofiles import ChargingProfile, ChargingProfilePeriod, ChargingRateUnit
from optimizer.phases import Phase
from optimizer.site import Site

if TYPE_CHECKING:
    from optimizer.problem import Plan, Problem, Vehicle

_SECOND = timedelta(seconds=1)

Floats = NDArray[np.float64]

EPSILON_A = 1e-6
"""Currents that differ by less are equal: far below the 0.1 A of a profile, far above the rounding of a
sum."""


@dataclass(frozen=True)
class Schedule:
    """Ampere per phase over time: each step holds from its start to the next, the last for ever.

    Before its first start a schedule has its first value. Equal neighbours are merged on construction.

    Raises:
        ValueError: no step, starts that don't rise, a start without a time zone or not in whole seconds, or a
            limit that is negative or not finite.
    """

    steps: tuple[tuple[datetime, float], ...]

    def __post_init__(self) -> None:
        if not self.steps:
            raise ValueError("a schedule needs at least one step")
        for start, limit_a in self.steps:
            if start.tzinfo is None or start.microsecond:
                raise ValueError(f"a step starts at a whole second with a time zone, not at {start}")
            if not (math.isfinite(limit_a) and limit_a >= 0):
                raise ValueError(f"a limit is 0 or more ampere, not {limit_a}")
        if any(later[0] <= earlier[0] for earlier, later in pairwise(self.steps)):
            raise ValueError("the starts of the steps must rise")
        changes = [later for earlier, later in pairwise(self.steps) if later[1] != earlier[1]]
        object.__setattr__(self, "steps", (self.steps[0], *changes))

    @classmethod
    def constant(cls, limit_a: float, since: datetime) -> "Schedule":
        """The same limit for ever; `since` is cut to the whole second."""
        return cls(((since.replace(microsecond=0), limit_a),))

    @cached_property
    def starts(self) -> tuple[datetime, ...]:
        """When each step starts."""
        return tuple(start for start, _ in self.steps)

    @property
    def tail_a(self) -> float:
        """What it allows for ever, in the end."""
        return self.steps[-1][1]

    def at(self, moment: datetime) -> float:
        """The limit in force at `moment`."""
        return self.steps[max(0, bisect_right(self.starts, moment) - 1)][1]

    def highest(self, start: datetime, end: datetime) -> float:
        """The highest limit in force within [start, end)."""
        within = (limit_a for begins, limit_a in self.steps if start < begins < end)
        return max([self.at(start), *within])

    def sampled(self, seconds: Floats) -> Floats:
        """The limits in force at many moments, given in seconds since 1970; same shape."""
        starts, limits = self._arrays
        return limits[np.maximum(np.searchsorted(starts, seconds, side="right") - 1, 0)]

    def since(self, moment: datetime) -> "Schedule":
        """The same from `moment` on, with nothing before it; `moment` is cut to the whole second."""
        first = moment.replace(microsecond=0)
        return Schedule(((first, self.at(first)), *(step for step in self.steps if step[0] > first)))

    def maximum(self, other: "Schedule") -> "Schedule":
        """The higher of the two at every moment."""
        return self._joined(other, max)

    def minimum(self, other: "Schedule") -> "Schedule":
        """The lower of the two at every moment."""
        return self._joined(other, min)

    def within(self, other: "Schedule", since: datetime) -> bool:
        """Whether it never allows more than `other` from `since` on, for ever."""
        moments = [since, *(start for start in (*self.starts, *other.starts) if start > since)]
        return all(self.at(moment) <= other.at(moment) + EPSILON_A for moment in moments)

    def same(self, other: "Schedule", since: datetime) -> bool:
        """Whether both allow the same from `since` on, for ever."""
        return self.within(other, since) and other.within(self, since)

    def floored(self) -> "Schedule":
        """The same in whole tenths of an ampere, never more."""
        return Schedule(tuple((start, floor_tenth(limit_a)) for start, limit_a in self.steps))

    def ceiled(self) -> "Schedule":
        """The same in whole tenths of an ampere, never less: for what may be drawn, not for what is allowed."""
        return Schedule(tuple((start, math.ceil(limit_a * 10 - EPSILON_A) / 10) for start, limit_a in self.steps))

    def to_charging_profile(self, min_charging_rate: float | None = None) -> ChargingProfile:
        """The schedule as an absolute OCPI ChargingProfile in ampere, cut down to one decimal (CHP-22 to
        CHP-26).

        Args:
            min_charging_rate: the least current in ampere that the vehicle charges with, if it shall be told.
        """
        schedule = self.floored()
        zero = schedule.steps[0][0].astimezone(UTC)
        return ChargingProfile(
            start_date_time=zero,
            charging_rate_unit=ChargingRateUnit.A,
            min_charging_rate=None if min_charging_rate is None else _decimal(floor_tenth(min_charging_rate)),
            charging_profile_period=[
                ChargingProfilePeriod(start_period=(start - zero) // _SECOND, limit=_decimal(limit_a))
                for start, limit_a in schedule.steps
            ],
        )

    @classmethod
    def from_charging_profile(cls, profile: ChargingProfile, then_a: float | None = None) -> "Schedule":
        """Read an absolute ChargingProfile in ampere.

        Args:
            profile: the profile; a fraction of a second in its start is cut off.
            then_a: what holds after the end of a profile that has a `duration`.

        Raises:
            ValueError: it is relative, in watt, has no period, or ends without a word about what holds then.
        """
        if profile.start_date_time is None or profile.charging_rate_unit is not ChargingRateUnit.A:
            raise ValueError("only a profile in ampere with a start_date_time has a schedule")
        zero = profile.start_date_time.replace(microsecond=0)
        steps = [
            (zero + timedelta(seconds=period.start_period), float(period.limit))
            for period in profile.charging_profile_period
        ]
        if profile.duration is None:
            return cls(tuple(steps))
        if then_a is None:
            raise ValueError("the profile has a duration, so what holds after it must be told")
        end = zero + timedelta(seconds=profile.duration)
        return cls((*(step for step in steps if step[0] < end), (end, then_a)))

    @cached_property
    def _arrays(self) -> tuple[Floats, Floats]:
        """Starts in seconds since 1970, and limits; both of the length of `steps`."""
        starts, limits = zip(*((start.timestamp(), limit_a) for start, limit_a in self.steps), strict=True)
        return np.array(starts), np.array(limits)

    def _joined(self, other: "Schedule", choose: Callable[[float, float], float]) -> "Schedule":
        starts = sorted({*self.starts, *other.starts})
        return Schedule(tuple((start, choose(self.at(start), other.at(start))) for start in starts))


def floor_tenth(ampere: float) -> float:
    """The highest current of whole tenths that is no more than `ampere`; 16.3 stays 16.3 in spite of binary
    floats."""
    return math.floor(ampere * 10 + EPSILON_A) / 10


def _decimal(tenths: float) -> Decimal:
    return Decimal(str(tenths))


def breakpoints(schedules: Iterable[Schedule], since: datetime) -> Floats:
    """All moments from `since` on at which any of the schedules changes, `since` first; in seconds since
    1970."""
    first = since.timestamp()
    starts = np.concatenate([[first], *(schedule._arrays[0] for schedule in schedules)])
    return np.unique(starts[starts >= first])


def limit_schedules(site: Site, since: datetime, reserved_a: Mapping[Phase, float]) -> dict[Phase, Schedule]:
    """The site's limits from `since` on, each phase's less what is reserved on it (never below zero).

    Args:
        site: whose limits.
        since: cut to the whole second.
        reserved_a: ampere by phase to keep free at all times, such as the head-room for arrivals.
    """
    first = since.replace(microsecond=0)
    starts = [first, *site.limit_changes(first)]
    limits = [site.limit(start, start) for start in starts]
    return {
        phase: Schedule(
            tuple(
                (start, max(0.0, limit[phase] - reserved_a.get(phase, 0.0)))
                for start, limit in zip(starts, limits, strict=True)
            )
        )
        for phase in site.phases
    }


def safe_tails(
    vehicles: Sequence["Vehicle"],
    room_a: Mapping[Phase, float],
    places: int,
    previous: Mapping[str, Schedule],
) -> dict[str, float]:
    """What each vehicle may draw for ever once its plan has ended: 0 or at least its `min_a`.

    Where the room divided by the places is enough to charge with, that is everyone's share, whoever comes or
    goes. Elsewhere as many as fit get `min_a`: those that had a tail keep it, the rest goes to newcomers in
    the order given, and nobody's tail changes because a neighbour left, for each change of a tail is a
    request to a charge point.

    Args:
        vehicles: all that are charging.
        room_a: ampere by phase, the lowest limit in force from now on less head-room for arrivals and less
            what sessions out of our control may draw.
        places: how many vehicles there can be at once (EVSEs).
        previous: the schedules planned before, by vehicle.
    """
    left = {phase: max(0.0, ampere) for phase, ampere in room_a.items()}
    share = floor_tenth(min(left.values(), default=0.0) / max(places, len(vehicles), 1))
    tails = dict.fromkeys((vehicle.id for vehicle in vehicles), 0.0)
    had = {vehicle.id: previous[vehicle.id].tail_a for vehicle in vehicles if vehicle.id in previous}
    for vehicle in sorted(vehicles, key=lambda each: had.get(each.id, 0.0) == 0.0):
        tail = min(vehicle.max_a, max(share, vehicle.min_a))
        gave_up = share < vehicle.min_a and had.get(vehicle.id) == 0.0
        if gave_up or tail < vehicle.min_a or any(left[phase] < tail for phase in vehicle.phases):
            continue
        tails[vehicle.id] = tail
        left.update({phase: left[phase] - tail for phase in vehicle.phases})
    return tails


def schedules(problem: "Problem", plan: "Plan") -> dict[str, Schedule]:
    """The plan as one schedule for each vehicle: its currents until it is believed to leave, then its safe
    tail."""
    currents = plan.current_a
    return {each.id: _schedule(problem.starts, currents[each.id], each) for each in problem.vehicles}


def _schedule(starts: Sequence[datetime], current_a: Sequence[float], vehicle: "Vehicle") -> Schedule:
    """One schedule out of the currents of the steps; `starts` has one more entry, the end of the horizon."""
    leaves = max(starts[0], min(starts[-1], vehicle.departure.replace(microsecond=0)))
    steps = [step for step in zip(starts[:-1], current_a, strict=True) if step[0] < leaves]
    return Schedule((*steps, (leaves, vehicle.tail_a)))
