"""What is to be planned, on which steps of time, and the plan that comes of it.

A session draws at a *rate*: ampere per phase where it is AC, kW where it is DC. All series have one value a step.
"""

import math
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cached_property
from itertools import accumulate
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ocpi.sites.phases import PHASES, Phase

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

Line = Phase | Literal["kW"]
"""What a limit bounds: the current of a line, or the power of all together."""


class Wiring(StrEnum):
    """How sessions hang on the lines."""

    STAR = "star"
    """Between a line and neutral, or on all three lines alike; the currents of one line simply add up."""
    LINE_TO_LINE = "line-to-line"
    """Between two lines, or on all three alike; `voltage_v` is that between two lines, and the current of a line is
    the vector sum of currents at angles 60 degrees apart."""


@dataclass(frozen=True, slots=True)
class Node:
    """A place in the limit tree: the grid connection, a transformer, a feeder, a group of EVSEs.

    `limit_a` is ampere on each line (one left out is not limited), `limit_kw` the power of all phases together
    (None: no limit). `load_a` and `load_kw` are what is drawn right there by others than the sessions, on each line
    and in all; it counts here and at every node above. Less than zero is what flows in, such as PV. `reserve_a` is
    kept free for cars that have just plugged in, on each line, here only. Each is a series, (steps,). `sources` says in
    words where the limit of each step comes from; none: nobody is told.
    """

    id: str
    parent: str | None = None
    limit_a: Mapping[Phase, Floats] = field(default_factory=dict)
    limit_kw: Floats | None = None
    load_a: Mapping[Phase, Floats] = field(default_factory=dict)
    load_kw: Floats | None = None
    reserve_a: Mapping[Phase, Floats] = field(default_factory=dict)
    sources: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Vehicle:
    """A vehicle at a charging station, as far as it is known.

    Rates are ampere per phase (AC) or kW (DC): it draws nothing, or between `least` and `most`, and after its
    departure `tail` for ever (see `optimizer.profiles.safe_tails`). `phases` are those that it may use, in the order of
    their wiring; DC draws alike from all of them. It is there from `arrival_s` to `departure_s`, seconds
    after the start of the problem, and wants `energy_kwh` in that time, after the `taken_kwh` that it has (they make
    the sharing fair over the whole stay). A higher `priority` is served first.
    """

    id: str
    node: str
    phases: tuple[Phase, ...]
    least: float
    most: float
    departure_s: float
    energy_kwh: float
    arrival_s: float = 0.0
    priority: float = 1.0
    taken_kwh: float = 0.0
    tail: float = 0.0
    dc: bool = False

    @property
    def resolution(self) -> float:
        """What its rate is a multiple of: 0.1 A, or 1 W."""
        return 0.001 if self.dc else 0.1


@dataclass(frozen=True, slots=True)
class Prices:
    """What energy costs at the grid connection; series are per step, currency per kWh.

    `demand_per_kw` is paid for the highest import of the billing period, which has been `peak_kw` so far.
    """

    import_per_kwh: Floats
    feed_in_per_kwh: Floats
    demand_per_kw: float = 0.0
    peak_kw: float = 0.0


@dataclass(frozen=True, slots=True)
class Battery:
    """A stationary battery at a node, alike on all phases of the site. `efficiency` is that of a whole cycle, half of
    it (its root) each way; at the end it holds what it held at the start, or more."""

    node: str
    capacity_kwh: float
    charge_kw: float
    discharge_kw: float
    stored_kwh: float
    efficiency: float = 0.9


@dataclass(frozen=True)
class Problem:
    """Vehicles under a tree of limits, on a grid of steps.

    `previous` are the rates planned before, (steps,) by vehicle, for as few changes as possible; `phases` are those
    of the site. `voltage_v` is line to neutral in a star, else line to line.

    Raises:
        ValueError: something of it cannot be; the message says what and where.
    """

    start: datetime
    step_seconds: Sequence[int]
    voltage_v: float
    nodes: Sequence[Node]
    vehicles: Sequence[Vehicle]
    wiring: Wiring = Wiring.STAR
    phases: tuple[Phase, ...] = PHASES
    prices: Prices | None = None
    battery: Battery | None = None
    previous: Mapping[str, Floats] = field(default_factory=dict)

    def __post_init__(self) -> None:
        problem = next(_impossible(self), None)
        if problem:
            raise ValueError(problem)

    @cached_property
    def edges_s(self) -> Floats:
        """When each step starts, and as one more the end of the horizon; seconds after the start, (steps + 1,)."""
        return np.array(list(accumulate(self.step_seconds, initial=0)), dtype=float)

    @cached_property
    def starts(self) -> tuple[datetime, ...]:
        """When each step starts, and as one more the end of the horizon; in the time zone of `start`."""
        # In UTC, for a sum in a zone with summer time is one of clock faces.
        first = self.start.astimezone(UTC)
        edges = [first + timedelta(seconds=second) for second in self.edges_s.tolist()]
        return tuple(edge.astimezone(self.start.tzinfo) for edge in edges)


@dataclass(frozen=True)
class Overload:
    """What is drawn above a limit by others than the planned vehicles; the plan cannot help it."""

    node: str
    line: Line
    start: datetime
    end: datetime
    amount: float
    """The most within that time, in ampere or kW."""


@dataclass(frozen=True, slots=True)
class Shortage:
    """Energy that a vehicle misses, and what took it: "feeder F2, L2", "stays too short".

    `periods` is when that is in the way, told with their dates where `dated`; `note` is what more there is to say. As
    words it ends in the energy, as in "feeder F2, L2, 18:00-19:15: 4.2 kWh short".
    """

    cause: str
    kwh: float
    periods: tuple[tuple[datetime, datetime], ...] = ()
    dated: bool = False
    note: str = ""

    def __str__(self) -> str:
        times = "".join(f", {_spoken(*period, dated=self.dated)}" for period in self.periods)
        note = f": {self.note}" if self.note else ""
        return f"{self.cause}{times}{note}: {energy(self.kwh)} kWh short"


def energy(kwh: float) -> str:
    """As exactly as it is told to people."""
    return f"{kwh:.1f}" if kwh >= 1 else f"{kwh:.3f}"


def _spoken(start: datetime, end: datetime, *, dated: bool) -> str:
    if not dated:
        return f"{start:%H:%M}-{end:%H:%M}"
    return f"{start:%Y-%m-%d %H:%M}-{end:{'%H:%M' if end.date() == start.date() else '%Y-%m-%d %H:%M'}}"


@dataclass(frozen=True)
class Plan:
    """What each vehicle may draw, and what came of it.

    `rates` has a row for each vehicle of the problem in its order and a value for each step (0 outside its stay):
    ampere per phase, kW for DC. `delivered_kwh`, `short_kwh` and `shortages` stand in the same order; `shortages` says
    of everything that is short what took it. `solver` made the plan: "highs", "greedy", "static", or "none" where
    everything is 0; `failures` says why those before it did not. `timing_ms` has build, solve, read, repair and check.
    """

    rates: Floats
    delivered_kwh: Floats
    short_kwh: Floats
    shortages: tuple[tuple[Shortage, ...], ...]
    solver: str
    failures: tuple[str, ...] = ()
    overloads: tuple[Overload, ...] = ()
    battery_kw: Floats | None = None
    """What the battery draws (charging) or gives (less than zero), (steps,)."""
    objective: Mapping[str, float] = field(default_factory=dict)
    """energy_kwh, short_kwh, cost, import_kwh, export_kwh, peak_kw, changes."""
    timing_ms: Mapping[str, float] = field(default_factory=dict)

    @cached_property
    def why(self) -> tuple[tuple[str, ...], ...]:
        """The shortages of each vehicle in words."""
        return tuple(tuple(map(str, some)) for some in self.shortages)


def _impossible(problem: Problem) -> Iterator[str]:
    """One line for each thing that cannot be."""
    if problem.start.tzinfo is None or problem.start.microsecond:
        yield "start must be a whole second with a time zone"
    if not (math.isfinite(problem.voltage_v) and problem.voltage_v > 0):
        yield f"voltage_v must be more than 0, is {problem.voltage_v}"
    if any(seconds < 1 or seconds != int(seconds) for seconds in problem.step_seconds):
        yield "step_seconds must be whole seconds, 1 or more"
    between_lines = problem.wiring is Wiring.LINE_TO_LINE
    if len(set(problem.phases)) != len(problem.phases) or len(problem.phases) < (2 if between_lines else 1):
        yield "phases: each once, and at least two where sessions are between lines"
    yield from _impossible_tree(problem)
    yield from _impossible_vehicles(problem)
    if problem.prices and not (math.isfinite(problem.prices.demand_per_kw) and math.isfinite(problem.prices.peak_kw)):
        yield "prices: demand_per_kw and peak_kw must be finite"
    for name, series in _series(problem):
        if series.shape != (len(problem.step_seconds),) or not np.isfinite(series).all():
            yield f"{name}: needs one finite number for each of the {len(problem.step_seconds)} steps"


def _impossible_tree(problem: Problem) -> Iterator[str]:
    parents = {node.id: node.parent for node in problem.nodes}
    if len(parents) != len(problem.nodes):
        yield "two nodes have the same id"
    for node in problem.nodes:
        if node.parent is not None and node.parent not in parents:
            yield f"node {node.id}: its parent {node.parent} is unknown"
        above = {node.id}
        parent = node.parent
        while parent is not None and parent not in above:
            above.add(parent)
            parent = parents.get(parent)
        if parent is not None:
            yield f"node {node.id}: its parents go round in a circle"
    if problem.battery:
        yield from _impossible_battery(problem.battery, parents)


def _impossible_battery(battery: Battery, nodes: Container[str]) -> Iterator[str]:
    if battery.node not in nodes:
        yield f"battery: its node {battery.node} is unknown"
    for name in ("capacity_kwh", "charge_kw", "discharge_kw", "stored_kwh"):
        number = getattr(battery, name)
        if not (math.isfinite(number) and number >= 0):
            yield f"battery: {name} must be 0 or more, is {number}"
    if battery.stored_kwh > battery.capacity_kwh:
        yield f"battery: holds {battery.stored_kwh} kWh of {battery.capacity_kwh}"
    if not 0 < battery.efficiency <= 1:
        yield f"battery: efficiency must be above 0 and up to 1, is {battery.efficiency}"


def _impossible_vehicles(problem: Problem) -> Iterator[str]:
    known = {node.id for node in problem.nodes}
    if len({vehicle.id for vehicle in problem.vehicles}) != len(problem.vehicles):
        yield "two vehicles have the same id"
    for vehicle in problem.vehicles:
        for name in ("least", "most", "energy_kwh", "priority", "taken_kwh", "tail"):
            number = getattr(vehicle, name)
            if not (math.isfinite(number) and number >= 0):
                yield f"vehicle {vehicle.id}: {name} must be 0 or more, is {number}"
        if not (math.isfinite(vehicle.arrival_s) and math.isfinite(vehicle.departure_s)):
            yield f"vehicle {vehicle.id}: arrival_s and departure_s must be finite"
        if vehicle.node not in known:
            yield f"vehicle {vehicle.id}: its node {vehicle.node} is unknown"
        phases = set(vehicle.phases)
        if not phases or not phases <= set(problem.phases) or len(phases) != len(vehicle.phases):
            yield f"vehicle {vehicle.id}: its phases must be some of {', '.join(problem.phases)}, each once"
        if problem.wiring is Wiring.LINE_TO_LINE and len(vehicle.phases) == 1:
            yield f"vehicle {vehicle.id}: between lines it needs two phases or three"


def _series(problem: Problem) -> Iterator[tuple[str, Floats]]:
    """Every series of the problem, with a name for it."""
    for node in problem.nodes:
        for name in ("limit_a", "load_a", "reserve_a"):
            for phase, series in getattr(node, name).items():
                yield f"node {node.id}: {name} {phase}", series
        if node.limit_kw is not None:
            yield f"node {node.id}: limit_kw", node.limit_kw
        if node.load_kw is not None:
            yield f"node {node.id}: load_kw", node.load_kw
    if problem.prices:
        yield "import_per_kwh", problem.prices.import_per_kwh
        yield "feed_in_per_kwh", problem.prices.feed_in_per_kwh
    for id_, series in problem.previous.items():
        yield f"previous {id_}", series
