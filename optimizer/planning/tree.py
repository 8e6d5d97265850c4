"""The limit tree as rows: each says that a weighted sum of rates stays under a series.

Where currents of a line add up as numbers, a line's limit is one row. Between lines they are vectors, 60 degrees apart
on each line: their sum stays inside a circle, of which the rows cut off the part outside a polygon inscribed in it.
All weights are 0 or more, so a lower rate never breaks what a higher one kept.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ocpi.sites.phases import Phase
from optimizer.planning.problem import Floats, Line, Node, Problem, Wiring

FACETS = 8
"""Sides of the polygon in the 60 degrees that sums can lie in: it gives away 0.2 % of the limit at most."""

_FACET_RAD = math.radians(60) / FACETS
_PAIRS: Mapping[frozenset[Phase], Mapping[Phase, float]] = {
    frozenset(("L1", "L2")): {"L1": 30.0, "L2": -30.0},
    frozenset(("L2", "L3")): {"L2": 30.0, "L3": -30.0},
    frozenset(("L3", "L1")): {"L3": 30.0, "L1": -30.0},
}
"""The angle in degrees of the current between two lines, on each of them, against that line's own voltage."""


@dataclass(frozen=True, slots=True)
class Row:
    """One limit: `line` (L1, L2, L3, or kW) of a node; `facet` is the side of the polygon, 0 where there is none."""

    node: str
    line: Line
    facet: int = 0


@dataclass(frozen=True, slots=True)
class Supply:
    """How electricity reaches the sessions of a site; see :class:`Problem` about the fields."""

    wiring: Wiring
    voltage_v: float
    phases: tuple[Phase, ...]

    def kw_per_unit(self, phases: Sequence[Phase], *, dc: bool) -> float:
        """The power in kW that one unit of a session's rate brings."""
        if dc:
            return 1.0
        if self.wiring is Wiring.STAR:
            return len(phases) * self.voltage_v / 1000
        return (math.sqrt(3) if len(phases) == 3 else 1.0) * self.voltage_v / 1000

    def kw_per_line_a(self) -> float:
        """The power in kW that one ampere on all lines alike brings."""
        return self.kw_per_unit(self.phases, dc=False)

    def weight(self, row: Row, phases: Sequence[Phase], *, dc: bool) -> float:
        """What one unit of a session's rate adds to the sum that a row limits."""
        if row.line == "kW":
            return self.kw_per_unit(phases, dc=dc)
        ampere = 1 / self.kw_per_unit(phases, dc=False) if dc else 1.0
        if row.line not in phases:
            return 0.0
        if self.wiring is Wiring.STAR:
            return ampere
        angle = _PAIRS[frozenset(phases)][row.line] if len(phases) == 2 else 0.0
        return ampere * math.cos(math.radians(angle) - _normal_rad(row.facet))

    def adds_up(self, line: Line) -> bool:
        """Whether what flows on a line is the sum of numbers.

        It is not of vectors, and nobody knows the angles of other loads: what flows in makes no room there.
        """
        return line == "kW" or self.wiring is Wiring.STAR

    def rows(self, node: str, line: Line) -> Iterator[tuple[Row, float]]:
        """The rows that keep a line of a node, each with the part of the limit that it allows."""
        if self.adds_up(line):
            yield Row(node, line), 1.0
            return
        for facet in range(FACETS):
            yield Row(node, line, facet), math.cos(_FACET_RAD / 2)


def _normal_rad(facet: int) -> float:
    """The direction of a side of the polygon, against the voltage of its line."""
    return math.radians(-30) + (facet + 0.5) * _FACET_RAD


@dataclass(frozen=True, slots=True)
class Rows:
    """All limits of a problem: for each row and step, `weights` @ rates <= `room`.

    `weights` is (rows, vehicles). `room` is (rows, steps): what the limit leaves beside other loads, tails of vehicles
    that have left, and what is kept free; never below 0. `over` is (rows, steps): by how much other loads alone are
    above the limit; `arriving` and `staying`, alike, what of it is kept for cars that may come, and for those that may
    stay longer than is believed: their tails.
    """

    rows: tuple[Row, ...]
    weights: Floats
    room: Floats
    over: Floats
    arriving: Floats
    staying: Floats


def rows_of(problem: Problem) -> Rows:
    """The limits of a problem."""
    supply = Supply(problem.wiring, problem.voltage_v, problem.phases)
    above = ancestors(problem.nodes)
    rows: list[Row] = []
    free: list[Floats] = []
    over: list[Floats] = []
    kept: list[Floats] = []
    for node, line, limit, load in _limits(problem, supply, above):
        left = limit - (load if supply.adds_up(line) else np.clip(load, 0.0, None))
        reserve = _reserve(supply, node, line)
        for row, part in supply.rows(node.id, line):
            rows.append(row)
            free.append(part * (left - reserve))
            over.append(np.clip(-left, 0.0, None))
            kept.append(np.broadcast_to(part * reserve, left.shape))
    shape = (len(rows), len(problem.step_seconds))
    weights = _weights(problem, supply, above, rows)
    staying = weights @ _tails(problem)
    room = np.clip(np.array(free).reshape(shape) - staying, 0.0, None)
    return Rows(tuple(rows), weights, room, np.array(over).reshape(shape), np.array(kept).reshape(shape), staying)


def weights_of_kw(problem: Problem, node: str, rows: Sequence[Row]) -> Floats:
    """What a kW more of load at a node, alike on all phases, adds to each row: that of a battery, for one; (rows,)."""
    supply = Supply(problem.wiring, problem.voltage_v, problem.phases)
    path = set(ancestors(problem.nodes)[node])
    ampere = 1 / supply.kw_per_line_a()
    return np.array([(1.0 if row.line == "kW" else ampere) if row.node in path else 0.0 for row in rows])


def total_load_kw(problem: Problem) -> Floats:
    """What others than sessions draw from the grid connection, PV being less than zero; (steps,)."""
    supply = Supply(problem.wiring, problem.voltage_v, problem.phases)
    total = np.zeros(len(problem.step_seconds))
    for node in problem.nodes:
        total = total + _load(supply, node, "kW")
    return total


def most_given_kw(problem: Problem, id_: str) -> Floats:
    """What a battery at a node may give at most, so that no limit above it is exceeded the other way round, even if no
    session draws anything; (steps,)."""
    supply = Supply(problem.wiring, problem.voltage_v, problem.phases)
    above = ancestors(problem.nodes)
    most = np.full(len(problem.step_seconds), np.inf)
    for node, line, limit, load in _limits(problem, supply, above):
        if node.id in above[id_]:
            most = np.minimum(most, (limit + load) * (1.0 if line == "kW" else supply.kw_per_line_a()))
    return np.asarray(np.maximum(most, 0.0))


def with_load(problem: Problem, id_: str, load_kw: Floats) -> Problem:
    """The same problem without its battery, and with one load more, (steps,), alike on all lines of a node."""
    supply = Supply(problem.wiring, problem.voltage_v, problem.phases)
    ampere = load_kw / supply.kw_per_line_a()

    def loaded(node: Node) -> Node:
        if node.id != id_:
            return node
        load_a = {phase: _load(supply, node, phase) + ampere for phase in problem.phases}
        return replace(node, load_a=load_a, load_kw=_load(supply, node, "kW") + load_kw)

    return replace(problem, battery=None, nodes=[loaded(node) for node in problem.nodes])


def ancestors(nodes: Sequence[Node]) -> dict[str, list[str]]:
    """Each node with all nodes above it, itself first, the grid connection last."""
    parents = {node.id: node.parent for node in nodes}

    def upwards(id_: str | None) -> Iterator[str]:
        while id_ is not None:
            yield id_
            id_ = parents[id_]

    return {id_: list(upwards(id_)) for id_ in parents}


def _limits(
    problem: Problem, supply: Supply, above: Mapping[str, Sequence[str]]
) -> Iterator[tuple[Node, Line, Floats, Floats]]:
    """Every limit of every node, with what others than sessions draw under it."""
    loaded = [node for node in problem.nodes if node.load_a or node.load_kw is not None]
    for node in problem.nodes:
        below = [each for each in loaded if node.id in above[each.id]]
        limits: list[tuple[Line, Floats]] = [*node.limit_a.items()]
        if node.limit_kw is not None:
            limits.append(("kW", node.limit_kw))
        for line, limit in limits:
            load = np.zeros(limit.shape)
            for each in below:
                load += _load(supply, each, line)
            yield node, line, limit, load


def _load(supply: Supply, node: Node, line: Line) -> Floats | float:
    """What others than sessions draw at a node, on a line in ampere or in all in kW.

    A load that is known only in kW counts alike on all lines, and the other way round.
    """
    if line == "kW":
        if node.load_kw is not None:
            return node.load_kw
        return _mean(supply, node.load_a) * supply.kw_per_line_a()
    if line in node.load_a:
        return node.load_a[line]
    return 0.0 if node.load_a or node.load_kw is None else node.load_kw / supply.kw_per_line_a()


def _reserve(supply: Supply, node: Node, line: Line) -> Floats | float:
    if line == "kW":
        return _mean(supply, node.reserve_a) * supply.kw_per_line_a()
    return node.reserve_a.get(line, 0.0)


def _mean(supply: Supply, ampere: Mapping[Phase, Floats]) -> Floats | float:
    """What flows on the average line."""
    return sum(ampere.values(), start=np.zeros(1)) / len(supply.phases)


def _weights(problem: Problem, supply: Supply, above: Mapping[str, Sequence[str]], rows: Sequence[Row]) -> Floats:
    """What one unit of each vehicle's rate adds to each row; (rows, vehicles)."""
    kinds: dict[tuple[str, tuple[Phase, ...], bool], Floats] = {}
    for vehicle in problem.vehicles:
        kind = vehicle.node, vehicle.phases, vehicle.dc
        if kind not in kinds:
            path = set(above[vehicle.node])
            kinds[kind] = np.array(
                [supply.weight(row, vehicle.phases, dc=vehicle.dc) if row.node in path else 0.0 for row in rows]
            )
    columns = [kinds[vehicle.node, vehicle.phases, vehicle.dc] for vehicle in problem.vehicles]
    return np.array(columns).reshape(len(columns), len(rows)).T


def _tails(problem: Problem) -> Floats:
    """What vehicles may draw after they were believed to leave; (vehicles, steps)."""
    tails = np.array([[vehicle.tail] for vehicle in problem.vehicles]).reshape(-1, 1)
    leaves = np.array([[vehicle.departure_s] for vehicle in problem.vehicles]).reshape(-1, 1)
    return np.where(leaves < problem.edges_s[1:], tails, 0.0)
