"""How well a policy did. The load is added up as phasors from what the cars drew, not from the rows that plans use."""

import cmath
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ocpi.sites.phases import PHASES, Phase
from optimizer.offline.garage import TOLERANCE, Garage
from optimizer.offline.simulation import Charged
from optimizer.planning.problem import Bools, Floats, Node, Wiring

Phasors = NDArray[np.complex128]

CHANGE_KW = 0.05
"""A limit that moves by less has not changed."""

_VOLTAGES = {phase: cmath.rect(1.0, math.radians(-120 * number)) for number, phase in enumerate(PHASES)}


@dataclass(frozen=True)
class Score:
    """How well a policy did. Energy and changes are those of the visits that count; limits and peak of all."""

    demand_met_pct: float
    delivered_kwh: float
    intervals_over_limit: int
    peak_kw: float
    changes_per_session: float
    """How often what a car may draw changed during its stay, on average, from its first power to its last."""


def score(garage: Garage, charged: Charged, counted: Bools) -> Score:
    """Judge what the cars drew.

    Args:
        garage: the visits and their limits.
        charged: what the cars drew, and what they were allowed.
        counted: the visits that count, (visits,).
    """
    delivered = delivered_kwh(garage, charged)[counted].sum()
    demand = garage.need_kwh[counted].sum()
    changes = [_changes(planned) for planned, counts in zip(charged.planned_kw, counted, strict=True) if counts]
    return Score(
        demand_met_pct=float(100 * delivered / demand) if demand else 100.0,
        delivered_kwh=float(delivered),
        intervals_over_limit=int(over_limit(garage, charged).sum()),
        peak_kw=float(load_kw(garage, charged).max(initial=0.0)),
        changes_per_session=float(np.mean(changes)) if changes else 0.0,
    )


def delivered_kwh(garage: Garage, charged: Charged) -> Floats:
    """What each visit got, (visits,)."""
    hours = garage.step_s / 3600
    sums = np.array([power.sum() * hours for power in charged.power_kw])
    last = np.array([power[-1] if power.size else 0.0 for power in charged.power_kw])
    away = np.array([math.ceil(leave) - leave for leave in garage.leaves])  # of its last step, when the car has left
    return np.asarray(np.minimum(sums - last * away * hours, garage.need_kwh))


def load_kw(garage: Garage, charged: Charged) -> Floats:
    """What all cars drew together, (steps,)."""
    return _total(garage, charged, range(len(garage.visits)))


def over_limit(garage: Garage, charged: Charged) -> Bools:
    """Whether any limit was broken in each step, where the cars drew anything under it; (steps,)."""
    alike: dict[tuple[str, tuple[Phase, ...]], list[int]] = defaultdict(list)
    for number, place in enumerate(garage.places):
        alike[place.node, place.phases].append(number)
    draws = {(node, phases): _total(garage, charged, cars) for (node, phases), cars in alike.items()}
    broken = np.zeros(garage.steps, dtype=bool)
    parents = {node.id: node.parent for node in garage.nodes}
    for node in garage.nodes:
        below = [each for each in garage.nodes if node.id in _path(parents, each.id)]
        ids = {each.id for each in below}
        here = {kind: power for kind, power in draws.items() if kind[0] in ids}
        broken |= _broken(garage, node, below, here)
    return broken


def _broken(
    garage: Garage, node: Node, below: Sequence[Node], draws: dict[tuple[str, tuple[Phase, ...]], Floats]
) -> Bools:
    power = sum(draws.values(), start=np.zeros(garage.steps))
    broken = np.zeros(garage.steps, dtype=bool)
    if node.limit_kw is not None:
        load = sum((_load_kw(garage, each) for each in below), start=np.zeros(garage.steps))
        broken |= power + load > node.limit_kw * (1 + TOLERANCE) + TOLERANCE
    for line, limit in node.limit_a.items():
        current = np.zeros(garage.steps, dtype=complex)
        for (_, phases), drawn in draws.items():
            current += drawn * _ampere_of_kw(garage, phases).get(line, 0.0)
        load = sum((_load_a(garage, each, line) for each in below), start=np.zeros(garage.steps))
        if garage.supply.wiring is Wiring.LINE_TO_LINE:
            amount = np.abs(current) + np.clip(load, 0.0, None)
        else:
            amount = np.abs(current) + load
        broken |= amount > limit * (1 + TOLERANCE) + TOLERANCE
    return broken & (power > TOLERANCE)


def _ampere_of_kw(garage: Garage, phases: Sequence[Phase]) -> dict[Phase, complex]:
    """The current that one kW draws on each of its lines; into one and out of the other between two."""
    voltage = garage.supply.voltage_v
    if garage.supply.wiring is Wiring.STAR:
        return {phase: _VOLTAGES[phase] * 1000 / (voltage * len(phases)) for phase in phases}
    if len(phases) == 3:
        return {phase: _VOLTAGES[phase] * 1000 / (voltage * math.sqrt(3)) for phase in phases}
    one, other = phases
    along = (_VOLTAGES[one] - _VOLTAGES[other]) / math.sqrt(3) * 1000 / voltage
    return {one: along, other: -along}


def _load_kw(garage: Garage, node: Node) -> Floats | float:
    if node.load_kw is not None:
        return node.load_kw
    return sum(node.load_a.values(), start=np.zeros(garage.steps)) / len(garage.supply.phases) * _kw_of_ampere(garage)


def _load_a(garage: Garage, node: Node, line: Phase) -> Floats | float:
    if node.load_a or node.load_kw is None:
        return node.load_a.get(line, 0.0)
    return node.load_kw / _kw_of_ampere(garage)


def _kw_of_ampere(garage: Garage) -> float:
    """The power of one ampere on all lines alike."""
    factor = math.sqrt(3) if garage.supply.wiring is Wiring.LINE_TO_LINE else len(garage.supply.phases)
    return factor * garage.supply.voltage_v / 1000


def _total(garage: Garage, charged: Charged, cars: Sequence[int]) -> Floats:
    total = np.zeros(garage.steps)
    for car in cars:
        total[garage.first[car] : garage.end[car]] += charged.power_kw[car]
    return total


def _path(parents: dict[str, str | None], node: str | None) -> list[str]:
    path = []
    while node is not None:
        path.append(node)
        node = parents[node]
    return path


def _changes(planned: Floats) -> int:
    charging = np.flatnonzero(planned > CHANGE_KW)
    if not charging.size:
        return 0
    during = planned[charging[0] : charging[-1] + 1]
    return int((np.abs(np.diff(during)) > CHANGE_KW).sum())
