"""How good plans are, beside linear programs that may do what a plan may not: leave cars empty, change at every step,
draw any current."""

from collections.abc import Iterator

import numpy as np

from benchmarks.optimizer.arrays import Arrays, arrays_of, best, energy_only
from benchmarks.optimizer.instances import priced, scarce, site, tree
from benchmarks.optimizer.row import Row, Target
from benchmarks.optimizer.speed import planned
from optimizer.planning.problem import Floats, Problem

VEHICLES, STEPS = 200, 96
CAPACITY = 0.05
"""Of what all cars could draw together."""

ENERGY_ALONE = "the linear program for energy alone"
PRICED = "the linear program for energy, then cost, as it is"


def fairness(vehicles: int = VEHICLES, steps: int = STEPS) -> Iterator[Row]:
    """Who gets least where there is little, and what it costs the others."""
    arrays, rates, possible = _beside_energy_alone(scarce(vehicles, steps, CAPACITY))
    what = f"{vehicles} EVs at {CAPACITY:.0%} capacity"
    worst = Target("ours", 50, at_least=True)
    yield Row(f"{what}: worst-served", "%", _worst(arrays, rates), _worst(arrays, possible), ENERGY_ALONE, worst)
    energy = arrays.energy(rates), arrays.energy(possible)
    yield Row(f"{what}: energy", "kWh", *energy, ENERGY_ALONE, Target("ratio", 0.997, at_least=True))


def changes(vehicles: int = VEHICLES, steps: int = STEPS) -> Iterator[Row]:
    """How often a car's rate changes in its stay, and what it costs to have that seldom."""
    problem = priced(vehicles, steps)
    arrays = arrays_of(problem)
    rates, possible = planned(problem).rates, best(arrays)
    what = f"{vehicles} EVs, tight and priced"
    counts = changes_per_vehicle(arrays, rates), changes_per_vehicle(arrays, possible)
    yield Row(f"{what}: changes per EV", "changes", *counts, PRICED, Target("ours", 2.5))
    costs = _cents_per_kwh(problem, arrays, rates), _cents_per_kwh(problem, arrays, possible)
    yield Row(f"{what}: cost of a kWh", "cent", *costs, PRICED, Target("ratio", 1.001))


def repair(vehicles: int = VEHICLES, steps: int = STEPS) -> Iterator[Row]:
    """What is lost where a car draws nothing, or 6 A and more, in tenths of an ampere."""
    instances = {
        "one limit": (site(vehicles, steps, tight=True), 0.997),
        "tree of three levels": (tree(vehicles, steps), 0.99),
    }
    for name, (problem, kept) in instances.items():
        arrays, rates, possible = _beside_energy_alone(problem)
        energy = arrays.energy(rates), arrays.energy(possible)
        what = f"{vehicles} EVs, tight, {name}: energy with 0 or ≥ 6 A"
        yield Row(what, "kWh", *energy, ENERGY_ALONE, Target("ratio", kept, at_least=True))


def _beside_energy_alone(problem: Problem) -> tuple[Arrays, Floats, Floats]:
    arrays = arrays_of(problem)
    return arrays, planned(problem).rates, best(energy_only(arrays))


def _worst(arrays: Arrays, rates: Floats) -> float:
    """The least part of its need that a vehicle gets, in percent."""
    return float(((rates * arrays.kwh).sum(axis=1) / arrays.need_kwh).min()) * 100


def changes_per_vehicle(arrays: Arrays, rates: Floats) -> float:
    """How often a rate changes within a stay; its beginning and its end are no changes."""
    there = arrays.kwh > 0
    within = there[:, 1:] & there[:, :-1]
    return float(((np.abs(np.diff(rates, axis=1)) > 1e-6) & within).sum() / len(rates))


def _cents_per_kwh(problem: Problem, arrays: Arrays, rates: Floats) -> float:
    assert problem.prices
    energy = rates * arrays.kwh
    return float((energy @ problem.prices.import_per_kwh).sum() / energy.sum()) * 100
