"""What is to be planned, on which steps of time, and the plan that comes of it."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import accumulate, pairwise

import numpy as np

from optimizer.phases import Phase
from optimizer.profiles import Schedule
from optimizer.site import Site

HORIZON = timedelta(hours=36)
"""How far ahead is planned at most."""


@dataclass(frozen=True, slots=True)
class Vehicle:
    """A vehicle at a charging station, as far as it is known.

    `max_a` and `min_a` are ampere per phase: it draws nothing, or between the two, alike on all of `phases`.
    It is believed to leave at `departure` and to want `energy_kwh` until then, after the `taken_kwh` that it
    has (they make the sharing fair over the whole stay); a higher `priority` is served first. `tail_a` is
    what it may draw for ever after the plan (see `optimizer.profiles.safe_tails`).

    Raises:
        ValueError: a number is negative or not finite, `departure` has no time zone, or there are no phases.
    """

    id: str
    phases: Sequence[Phase]
    min_a: float
    max_a: float
    departure: datetime
    energy_kwh: float
    priority: float = 1.0
    taken_kwh: float = 0.0
    tail_a: float = 0.0

    def __post_init__(self) -> None:
        for name in ("min_a", "max_a", "energy_kwh", "priority", "taken_kwh", "tail_a"):
            number = getattr(self, name)
            if not (math.isfinite(number) and number >= 0):
                raise ValueError(f"vehicle {self.id}: {name} must be 0 or more, not {number}")
        if self.departure.tzinfo is None:
            raise ValueError(f"vehicle {self.id}: departure needs a time zone")
        if not self.phases:
            raise ValueError(f"vehicle {self.id}: no phases")


@dataclass(frozen=True)
class Problem:
    """What is to be planned: vehicles under limits on a grid of steps.

    `available_a` holds for each phase one value a step: the limit less head-room less what others draw (see
    `available`); a negative one counts as zero and is reported. `previous` are the schedules planned before,
    by vehicle, for as few changes as possible.

    Raises:
        ValueError: steps that are no positive whole seconds, series of another length or with numbers that
            are not finite, two vehicles of one id, or a vehicle on a phase without a limit.
    """

    start: datetime
    step_seconds: Sequence[int]
    voltage_v: float
    available_a: Mapping[Phase, Sequence[float]]
    vehicles: Sequence[Vehicle]
    previous: Mapping[str, Schedule] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.start.microsecond:
            raise ValueError("start must be a whole second with a time zone")
        if not (math.isfinite(self.voltage_v) and self.voltage_v > 0):
            raise ValueError(f"voltage_v must be more than 0, not {self.voltage_v}")
        if any(seconds < 1 or seconds != int(seconds) for seconds in self.step_seconds):
            raise ValueError("step_seconds must be whole seconds of at least 1")
        for phase, series in self.available_a.items():
            if len(series) != len(self.step_seconds) or not all(map(math.isfinite, series)):
                raise ValueError(f"available_a {phase}: one finite number a step, please")
        if len({vehicle.id for vehicle in self.vehicles}) != len(self.vehicles):
            raise ValueError("two vehicles have the same id")
        for vehicle in self.vehicles:
            if not self.available_a.keys() >= set(vehicle.phases):
                raise ValueError(f"vehicle {vehicle.id} is on a phase that has no limit")

    @cached_property
    def starts(self) -> tuple[datetime, ...]:
        """When each step starts, and as one more the end of the horizon."""
        offsets = accumulate(self.step_seconds, initial=0)
        return tuple(self.start + timedelta(seconds=int(offset)) for offset in offsets)


@dataclass(frozen=True)
class Plan:
    """What each vehicle may draw, in ampere per phase, one value a step (0 once it is believed to have left).

    `unmet_kwh` is what a vehicle will miss of its energy, `over_a` what is drawn above the limit by others
    than the planned vehicles (by phase, one value a step). `solver` made the plan: "highs", "greedy", or
    "none" if even that failed and everything is 0.
    """

    current_a: Mapping[str, tuple[float, ...]]
    unmet_kwh: Mapping[str, float]
    over_a: Mapping[Phase, tuple[float, ...]]
    solver: str
    solve_ms: float


def grid(now: datetime, until: datetime, changes: Iterable[datetime] = ()) -> tuple[int, ...]:
    """The lengths of the steps in seconds from `now` (its whole second) to `until` or a little later.

    About 12 steps of 5 minutes, then 12 of 15, then hours, 36 h at most, with a cut at each change of a
    limit. The steps lie on the clock (a 15-minute step starts at :00, :15, :30 or :45), so that a plan made a
    little later has the same boundaries and is the same plan if nothing happened.
    """
    start = now.astimezone(UTC).replace(microsecond=0)
    end = min(_on_the_clock(until.astimezone(UTC), 3600), _on_the_clock(start + HORIZON, 6 * 3600, up=False))
    if until <= start:
        return ()
    quarters = _on_the_clock(start + timedelta(hours=1), 900)
    hours = _on_the_clock(start + timedelta(hours=4), 3600)
    marks = {
        *_marks(start, min(quarters, end), 300),
        *_marks(quarters, min(hours, end), 900),
        *_marks(hours, end, 3600),
        *(change.astimezone(UTC) for change in changes if start < change < end),
    }
    edges = sorted({start, *marks, end})
    return tuple(round((later - earlier).total_seconds()) for earlier, later in pairwise(edges))


def _on_the_clock(moment: datetime, seconds: int, up: bool = True) -> datetime:
    """The next moment (or the last) whose time in UTC is a multiple of `seconds`."""
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    steps = (moment - midnight) / timedelta(seconds=seconds)
    return midnight + timedelta(seconds=seconds) * (math.ceil(steps) if up else math.floor(steps))


def _marks(start: datetime, end: datetime, seconds: int) -> list[datetime]:
    """All multiples of `seconds` from `start` to before `end`."""
    first = _on_the_clock(start, seconds)
    count = max(0, math.ceil((end - first) / timedelta(seconds=seconds)))
    return [first + timedelta(seconds=seconds * number) for number in range(count)]


def available(
    site: Site,
    start: datetime,
    step_seconds: Sequence[int],
    reserved_a: Mapping[Phase, float],
    others: Iterable[tuple[Sequence[Phase], Schedule]] = (),
) -> dict[Phase, tuple[float, ...]]:
    """What the limits leave for the vehicles of a plan, ampere by phase, one value a step; may be below zero.

    Args:
        site: whose limits; the lowest in force within a step counts.
        start: of the first step.
        step_seconds: the lengths of the steps.
        reserved_a: ampere by phase kept free at all times, such as the head-room for arrivals.
        others: phases and worst case of each session that cannot be planned; its highest within a step
            counts.
    """
    starts = [start + timedelta(seconds=int(offset)) for offset in accumulate(step_seconds, initial=0)]
    steps = list(pairwise(starts))
    free = {
        phase: np.array([site.limit(*step)[phase] - reserved_a.get(phase, 0.0) for step in steps])
        for phase in site.phases
    }
    for phases, schedule in others:
        highest = np.array([schedule.highest(*step) for step in steps])
        for phase in phases:
            free[phase] = free[phase] - highest
    return {phase: tuple(series.tolist()) for phase, series in free.items()}
