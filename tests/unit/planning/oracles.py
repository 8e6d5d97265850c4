"""Other ways to the best plan of a small site, without a line of the optimizer's: slow, plain, known to be right."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import highspy

from ocpi.sites.phases import PHASES
from optimizer.planning.problem import Node, Problem, Vehicle

type Cell = tuple[int, int]
"""A vehicle and a step, by their numbers."""


@dataclass(frozen=True)
class Best:
    """What one goal after the other comes to: energy in kWh, what it costs, kWh times hours of waiting."""

    energy_kwh: float
    cost: float
    waiting_kwh_h: float


def lexicographic(problem: Problem) -> Best:
    """The most energy; of all such plans the cheapest; of those the earliest: three programs, one after the other."""
    highs, rates = _program(problem)
    kwh = cell_kwh(problem)
    energy = highs.qsum(kwh[cell] * rate for cell, rate in rates.items())
    cost = highs.qsum(kwh[cell] * price(problem, cell[1]) * rate for cell, rate in rates.items())
    waiting = highs.qsum(kwh[cell] * middle_h(problem, cell[1]) * rate for cell, rate in rates.items())
    most_kwh = _optimum(highs.maximize, highs, energy)
    highs.addConstr(energy >= most_kwh - 1e-7)
    least_cost = _optimum(highs.minimize, highs, cost)
    highs.addConstr(cost <= least_cost + 1e-7)
    return Best(most_kwh, least_cost, _optimum(highs.minimize, highs, waiting))


def most_energy_in_whole_blocks(problem: Problem) -> float:
    """The most energy in kWh where each vehicle draws nothing or at least its least rate: an integer program."""
    highs, rates = _program(problem)
    for (number, _), rate in rates.items():
        vehicle = problem.vehicles[number]
        draws = highs.addBinary()
        highs.addConstr(rate <= vehicle.most * draws)
        highs.addConstr(rate >= vehicle.least * draws)
    kwh = cell_kwh(problem)
    return _optimum(highs.maximize, highs, highs.qsum(kwh[cell] * rate for cell, rate in rates.items()))


def cell_kwh(problem: Problem) -> dict[Cell, float]:
    """What one ampere per phase brings, wherever a vehicle is there."""
    energies = {}
    for number, vehicle in enumerate(problem.vehicles):
        for step, (start, end) in enumerate(pairwise(problem.edges_s.tolist())):
            seconds = min(vehicle.departure_s, end) - max(vehicle.arrival_s, start)
            if seconds > 0:
                energies[number, step] = seconds / 3600 * len(vehicle.phases) * problem.voltage_v / 1000
    return energies


def price(problem: Problem, step: int) -> float:
    """Of a kWh."""
    return float(problem.prices.import_per_kwh[step]) if problem.prices else 0.0


def middle_h(problem: Problem, step: int) -> float:
    """How far ahead the middle of a step is."""
    return float(problem.edges_s[step] + problem.edges_s[step + 1]) / 2 / 3600


def _program(problem: Problem) -> tuple[Any, dict[Cell, Any]]:
    highs: Any = highspy.Highs()  # type: ignore[no-untyped-call]  # no types are published
    highs.setOptionValue("output_flag", False)  # noqa: FBT003 - an option of HiGHS
    highs.setOptionValue("threads", 1)
    kwh = cell_kwh(problem)
    rates = {cell: highs.addVariable(0, problem.vehicles[cell[0]].most) for cell in kwh}
    for number, vehicle in enumerate(problem.vehicles):
        own = [kwh[cell] * rate for cell, rate in rates.items() if cell[0] == number]
        highs.addConstr(highs.qsum(own) <= vehicle.energy_kwh)
    for node in problem.nodes:
        below = [number for number, vehicle in enumerate(problem.vehicles) if node.id in _path(problem, vehicle)]
        for phase, limits in node.limit_a.items():
            on_line = [number for number in below if phase in problem.vehicles[number].phases]
            for step, limit in enumerate(limits.tolist()):
                drawn = [rates[number, step] for number in on_line if (number, step) in rates]
                if drawn:
                    highs.addConstr(highs.qsum(drawn) <= limit)
    return highs, rates


def _path(problem: Problem, vehicle: Vehicle) -> Iterator[str]:
    """The node of a vehicle and all above it."""
    nodes: dict[str, Node] = {node.id: node for node in problem.nodes}
    at: str | None = vehicle.node
    while at is not None:
        yield at
        at = nodes[at].parent


def _optimum(optimize: Any, highs: Any, goal: Any) -> float:
    optimize(goal)
    assert highs.getModelStatus() == highspy.HighsModelStatus.kOptimal
    return float(highs.getObjectiveValue())


@dataclass
class Flow:
    """A network: from the vehicles' needs through the steps of their stays to what the limit gives."""

    capacity: dict[int, dict[int, int]] = field(default_factory=dict)
    cost: dict[tuple[int, int], float] = field(default_factory=dict)

    def edge(self, start: int, end: int, capacity: int, cost: float = 0.0) -> None:
        """Add an edge, and the way back along it."""
        self.capacity.setdefault(start, {})[end] = capacity
        self.capacity.setdefault(end, {}).setdefault(start, 0)
        self.cost[start, end], self.cost[end, start] = cost, -cost

    def cheapest_greatest(self, source: int, sink: int) -> tuple[int, float]:
        """The greatest flow, and the least that it costs: along one shortest path after the other."""
        amount, total = 0, 0.0
        while path := self._shortest(source, sink):
            edges = list(pairwise(path))
            more = min(self.capacity[start][end] for start, end in edges)
            for start, end in edges:
                self.capacity[start][end] -= more
                self.capacity[end][start] += more
            amount += more
            total += more * sum(self.cost[edge] for edge in edges)
        return amount, total

    def _shortest(self, source: int, sink: int) -> Sequence[int]:
        """Bellman and Ford's, with a queue."""
        distance, before = {source: 0.0}, dict[int, int]()
        waiting = deque([source])
        while waiting:
            start = waiting.popleft()
            for end, capacity in self.capacity[start].items():
                far = distance[start] + self.cost[start, end]
                if capacity and far < distance.get(end, float("inf")) - 1e-9:
                    distance[end], before[end] = far, start
                    waiting.append(end)
        if sink not in distance:
            return []
        path = [sink]
        while path[-1] != source:
            path.append(before[path[-1]])
        return path[::-1]


def least_cost_flow(problem: Problem) -> tuple[float, float]:
    """The most energy in kWh and the least that it costs, of three-phase vehicles under one limit.

    All is counted in tenths of an ampere for one step, of which needs, rates and limits must be whole numbers.
    """
    (node,) = problem.nodes
    flow = Flow()
    source, sink = -1, -2
    # A step's limit bounds every line alike, and three-phase vehicles load every line alike.
    for step, limit in enumerate(node.limit_a[PHASES[0]].tolist()):
        flow.edge(1000 + step, sink, round(limit * 10), price(problem, step))
    kwh = cell_kwh(problem)
    unit_kwh = next(iter(kwh.values())) / 10
    for number, vehicle in enumerate(problem.vehicles):
        flow.edge(source, number, round(vehicle.energy_kwh / unit_kwh))
    for number, step in kwh:
        flow.edge(number, 1000 + step, round(problem.vehicles[number].most * 10))
    amount, total = flow.cheapest_greatest(source, sink)
    return amount * unit_kwh, total * unit_kwh
