"""An independent check of plans, from the definitions of a problem alone.

Not a line is shared with the model, so that an error there does not hide here: currents are phasors, added up the tree
place by place, where the model has weights and rows. What is counted is the worst moment of a step: all who are there
in any part of it at once, and who leaves within it with its rate or its tail, whichever is higher.
"""

import cmath
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ocpi.sites.phases import PHASES, Phase
from optimizer.planning.problem import Battery, Bools, Floats, Line, Node, Problem, Wiring

TOLERANCE = 1e-6
"""Ampere and kW: above the rounding of sums of floats, below anything that a meter sees."""

TOLERANCE_KWH = 1e-3
"""Of what a battery holds, for the tolerances of a solver add up over the steps."""

Phasors = NDArray[np.complex128]

_Kind = tuple[tuple[Phase, ...], bool]
"""The phases, and whether it is DC: those that share both weigh alike on all lines."""

_VOLTAGES: Mapping[Phase, complex] = {phase: cmath.rect(1.0, math.radians(-120 * n)) for n, phase in enumerate(PHASES)}
"""The direction of the voltage of each line."""


def broken_limits(
    problem: Problem, rates: Floats, battery_kw: Floats | None = None, *, chargeable: bool = True
) -> list[str]:
    """Everything that a plan breaks, a line for each vehicle or limit and kind of error; empty: nothing.

    Vehicles and the battery answer only for what they draw: where others alone are above a limit, they must draw
    nothing under it; tails of vehicles that have left count with the others. What the battery gives must not flow out
    above a limit either.

    Args:
        problem: what the plan is for.
        rates: (vehicles, steps).
        battery_kw: what the battery draws, (steps,); None: it rests.
        chargeable: whether rates must be 0 or at least the least one, and multiples of the resolution.
    """
    shape = len(problem.vehicles), len(problem.step_seconds)
    battery = np.zeros(shape[1]) if battery_kw is None else battery_kw
    if rates.shape != shape or battery.shape != shape[1:]:
        return [f"rates of {rates.shape} and {battery.shape}, not of {shape} and {shape[1:]}"]
    if not (np.isfinite(rates).all() and np.isfinite(battery).all()):
        return ["not all rates are finite"]
    wrong_rates = _wrong_rates(problem, rates, chargeable=chargeable)
    return [*wrong_rates, *_wrong_battery(problem, battery), *_wrong_sums(problem, rates, battery)]


def _wrong_rates(problem: Problem, rates: Floats, *, chargeable: bool) -> Iterator[str]:
    arrives, leaves, least, most, resolution = (
        _column(problem, name) for name in ("arrival_s", "departure_s", "least", "most", "resolution")
    )
    edges = problem.edges_s
    there = (np.maximum(arrives, edges[:-1]) < np.minimum(leaves, edges[1:])) & (arrives < leaves)
    draws = rates > TOLERANCE
    errors: dict[str, Bools] = {
        "is below 0": rates < -TOLERANCE,
        "is drawn outside the stay": draws & ~there,
        "is above the most": rates > most + TOLERANCE,
    }
    if chargeable:
        errors["is below the least"] = draws & (rates < least - TOLERANCE)
        off = abs(rates - np.round(rates / resolution) * resolution)
        errors["is no multiple of the resolution"] = off > TOLERANCE
    for error, wrong in errors.items():
        for number in np.flatnonzero(wrong.any(axis=1)).tolist():
            vehicle = problem.vehicles[number]
            first = int(wrong[number].argmax())
            rate = f"{rates[number, first]:.7g} {'kW' if vehicle.dc else 'A'}"
            yield f"vehicle {vehicle.id}: {rate} {error} {_when(problem, wrong[number], first)}"


def _wrong_battery(problem: Problem, draws_kw: Floats) -> Iterator[str]:
    battery = problem.battery or Battery("", 0.0, 0.0, 0.0, 0.0)
    way = math.sqrt(battery.efficiency)
    stored = np.where(draws_kw > 0, draws_kw * way, draws_kw / way) * np.diff(problem.edges_s) / 3600
    content = battery.stored_kwh + np.cumsum(stored)
    errors: dict[str, Bools] = {
        "charges faster than it can": draws_kw > battery.charge_kw + TOLERANCE,
        "discharges faster than it can": draws_kw < -battery.discharge_kw - TOLERANCE,
        "holds more than fits": content > battery.capacity_kwh + TOLERANCE_KWH,
        "holds less than nothing": content < -TOLERANCE_KWH,
        "holds less in the end than at the start": (content < battery.stored_kwh - TOLERANCE_KWH)
        & (np.arange(content.size) == content.size - 1),
    }
    for error, wrong in errors.items():
        if wrong.any():
            yield f"battery: {error} {_when(problem, wrong, int(wrong.argmax()))}"


def _wrong_sums(problem: Problem, rates: Floats, battery_kw: Floats) -> Iterator[str]:
    flows = _own_flows(problem, rates, battery_kw)
    for node in _from_the_leaves(problem.nodes):
        flow = flows[node.id]
        for line, limit in node.limit_a.items():
            yield from _outside(problem, node, line, limit, flow)
        if node.limit_kw is not None:
            yield from _outside(problem, node, "kW", node.limit_kw, flow)
        if node.parent is not None:
            flows[node.parent].add(flow)


def _outside(problem: Problem, node: Node, line: Line, limit: Floats, flow: "_Flow") -> Iterator[str]:
    """The errors of one limit, each at the step where it is worst."""
    unit = "kW" if line == "kW" else "A"
    total = flow.total(line)
    for amount, planned, direction in (
        (total + _reserve(problem, node, line), flow.drawn[line], ""),
        (-total, flow.given[line], " out of it"),
    ):
        excess = np.where(planned > TOLERANCE, amount - limit, -math.inf)
        wrong = excess > TOLERANCE
        if wrong.any():
            worst = int(excess.argmax())
            told = f"{amount[worst]:.7g} {unit}{direction}, above the limit of {limit[worst]:.7g} {unit}"
            yield f"node {node.id}: {line}: {told} {_when(problem, wrong, worst)}"


class _Flow:
    """What flows into a node, by line, (steps,) each.

    `current` is what vehicles and tails draw; of "kW" it is power, without an imaginary part. `load` is what others
    draw, less what flows in. `drawn` and `given` are what the plan answers for, as sums of amounts.
    """

    def __init__(self, problem: Problem) -> None:
        steps = len(problem.step_seconds)
        self._vectors = problem.wiring is Wiring.LINE_TO_LINE
        self.current: dict[Line, Phasors] = defaultdict(lambda: np.zeros(steps, dtype=complex))
        self.load: dict[Line, Floats] = defaultdict(lambda: np.zeros(steps))
        self.drawn: dict[Line, Floats] = defaultdict(lambda: np.zeros(steps))
        self.given: dict[Line, Floats] = defaultdict(lambda: np.zeros(steps))

    def add(self, other: "_Flow") -> None:
        for line, current in other.current.items():
            self.current[line] += current
        for line, load in other.load.items():
            self.load[line] += load
        for line, drawn in other.drawn.items():
            self.drawn[line] += drawn
        for line, given in other.given.items():
            self.given[line] += given

    def total(self, line: Line) -> Floats:
        """Ampere, or kW. Nobody knows the angles of other loads: between lines they count as the worst, so that there
        what flows in makes no room."""
        if line == "kW":
            return self.current[line].real + self.load[line]
        if self._vectors:
            return np.abs(self.current[line]) + np.maximum(self.load[line], 0.0)
        return (self.current[line] * _VOLTAGES[line].conjugate()).real + self.load[line]


def _own_flows(problem: Problem, rates: Floats, battery_kw: Floats) -> dict[str, _Flow]:
    """What each node feeds itself, without the nodes below."""
    flows = {node.id: _Flow(problem) for node in problem.nodes}
    left = _column(problem, "departure_s") < problem.edges_s[1:]
    with_tails = np.maximum(rates, np.where(left, _column(problem, "tail"), 0.0))
    alike: dict[tuple[str, _Kind], list[int]] = defaultdict(list)
    for number, vehicle in enumerate(problem.vehicles):
        alike[vehicle.node, (vehicle.phases, vehicle.dc)].append(number)
    for (place, kind), numbers in alike.items():
        _draw(problem, flows[place], kind, with_tails[numbers].sum(axis=0), rates[numbers].sum(axis=0))
    if problem.battery:
        _add_battery(problem, flows[problem.battery.node], battery_kw)
    lines: tuple[Line, ...] = (*problem.phases, "kW")
    for node in problem.nodes:
        for line in lines:
            flows[node.id].load[line] += _load(problem, node, line)
    return flows


def _draw(problem: Problem, flow: _Flow, kind: _Kind, rate: Floats, planned: Floats) -> None:
    """Add what sessions of one kind draw, and how much of it was planned."""
    for line, current in _of_one_unit(problem, kind).items():
        flow.current[line] += current * rate
        flow.drawn[line] += abs(current) * planned


def _add_battery(problem: Problem, flow: "_Flow", battery_kw: Floats) -> None:
    """It flows like a load, but the plan answers for it."""
    for line, current in _of_one_unit(problem, (problem.phases, True)).items():
        flow.load[line] += abs(current) * battery_kw
        flow.drawn[line] += abs(current) * np.maximum(battery_kw, 0.0)
        flow.given[line] += abs(current) * np.maximum(-battery_kw, 0.0)


def _of_one_unit(problem: Problem, kind: _Kind) -> dict[Line, complex]:
    """The current on each line, and the power in all, that one unit of a rate draws."""
    phases, dc = kind
    currents = _of_one_ampere(problem, phases)
    to_neutral = problem.voltage_v / (math.sqrt(3) if problem.wiring is Wiring.LINE_TO_LINE else 1.0)
    watts = sum(to_neutral * (current * _VOLTAGES[phase].conjugate()).real for phase, current in currents.items())
    amperes = 1000 / watts if dc else 1.0
    return {**{phase: current * amperes for phase, current in currents.items()}, "kW": watts / 1000 * amperes}


def _of_one_ampere(problem: Problem, phases: Sequence[Phase]) -> dict[Phase, complex]:
    """One ampere on each of these lines: against neutral in phase with their voltages; between two lines in phase with
    the difference of the two, into one and out of the other."""
    if problem.wiring is Wiring.STAR or len(phases) != 2:
        return {phase: _VOLTAGES[phase] for phase in phases}
    one, other = phases
    difference = _VOLTAGES[one] - _VOLTAGES[other]
    return {one: difference / abs(difference), other: -difference / abs(difference)}


def _load(problem: Problem, node: Node, line: Line) -> Floats | float:
    """What others draw right there. What is told only in kW flows alike on all lines, and the other way round."""
    if line == "kW":
        return _power(problem, node.load_a) if node.load_kw is None else node.load_kw
    if node.load_a or node.load_kw is None:
        return node.load_a.get(line, 0.0)
    return node.load_kw * abs(_of_one_unit(problem, (problem.phases, True))[line])


def _reserve(problem: Problem, node: Node, line: Line) -> Floats | float:
    return _power(problem, node.reserve_a) if line == "kW" else node.reserve_a.get(line, 0.0)


def _power(problem: Problem, ampere: Mapping[Phase, Floats]) -> Floats | float:
    """The power in kW of ampere on lines."""
    one = _of_one_unit(problem, (problem.phases, False))["kW"].real
    return sum(ampere.values(), start=np.zeros(1)) * one / len(problem.phases)


def _from_the_leaves(nodes: Sequence[Node]) -> list[Node]:
    """Each node before its parent."""
    parents = {node.id: node.parent for node in nodes}

    def depth(node: Node) -> int:
        steps, above = 0, node.parent
        while above is not None:
            steps, above = steps + 1, parents[above]
        return steps

    return sorted(nodes, key=depth, reverse=True)


def _column(problem: Problem, name: str) -> Floats:
    return np.array([[getattr(vehicle, name)] for vehicle in problem.vehicles], dtype=float).reshape(-1, 1)


def _when(problem: Problem, wrong: Bools, step: int) -> str:
    return f"at {problem.starts[step].isoformat()}" + (" and others" if wrong.sum() > 1 else "")
