"""Real visits on a grid of even steps, under the limits of a site: what every policy is tried on.

A car is heard of at the first edge of a step after it has plugged in; in its last step it may be there in part.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import pairwise

import numpy as np

from ocpi.sites.phases import Phase
from optimizer.offline.sessions_file import Visit
from optimizer.planning.problem import Floats, Node, Problem, Vehicle
from optimizer.planning.tree import Supply, rows_of

TOLERANCE = 1e-6
"""What counts as numerical noise, relative to a limit."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a car stands: rates are ampere per phase, kW for DC, as those of a :class:`Vehicle`."""

    node: str
    phases: tuple[Phase, ...]
    least: float
    most: float
    dc: bool = False


@dataclass(frozen=True)
class Garage:
    """Visits under a tree of limits; `places` stand in the order of `visits`, series of `nodes` have `steps` values.

    Step 0 begins at `start`.
    """

    start: datetime
    step_s: int
    steps: int
    supply: Supply
    nodes: tuple[Node, ...]
    visits: tuple[Visit, ...]
    places: tuple[Place, ...]

    @cached_property
    def need_kwh(self) -> Floats:
        """What each car really took, (visits,)."""
        return np.array([visit.energy_kwh for visit in self.visits])

    @cached_property
    def first(self) -> list[int]:
        """The step in which each car is heard of."""
        return [math.ceil(self.step_of(visit.arrival) - TOLERANCE) for visit in self.visits]

    @cached_property
    def leaves(self) -> Floats:
        """When each car leaves, in steps, (visits,)."""
        return np.array([self.step_of(visit.departure) for visit in self.visits])

    @cached_property
    def end(self) -> list[int]:
        """The step from which on each car is gone."""
        return [max(first, math.ceil(leave - TOLERANCE)) for first, leave in zip(self.first, self.leaves, strict=True)]

    @cached_property
    def kw_per_unit(self) -> Floats:
        """The power of one unit of each car's rate, (visits,)."""
        return np.array([self.supply.kw_per_unit(place.phases, dc=place.dc) for place in self.places])

    @cached_property
    def least(self) -> Floats:
        """The lowest rate at which each car charges, (visits,)."""
        return np.array([place.least for place in self.places])

    @cached_property
    def most(self) -> Floats:
        """The highest rate of each car, (visits,)."""
        return np.array([place.most for place in self.places])

    @cached_property
    def most_kw(self) -> Floats:
        """The highest power of each car, (visits,)."""
        return np.asarray(self.most * self.kw_per_unit)

    @cached_property
    def weights(self) -> Floats:
        """What one unit of each car's rate adds to each row of the tree, (rows, visits)."""
        vehicles = [
            Vehicle(str(index), place.node, place.phases, place.least, place.most, self.step_s, 0.0, dc=place.dc)
            for index, place in enumerate(self.places)
        ]
        return rows_of(self._problem(vehicles, 1)).weights

    @cached_property
    def room(self) -> Floats:
        """What the limits leave for the cars, (rows, steps)."""
        return rows_of(self._problem([], self.steps)).room

    def hours(self, visit: int, step: int) -> float:
        """How long a car is there in a step."""
        return float(np.clip(self.leaves[visit] - step, 0.0, 1.0)) * self.step_s / 3600

    def time_of(self, step: float) -> datetime:
        """The moment that lies so many steps after the start."""
        return self.start + timedelta(seconds=step * self.step_s)

    def step_of(self, moment: datetime) -> float:
        """How many steps a moment lies after the start."""
        return (moment - self.start).total_seconds() / self.step_s

    def nodes_over(self, begin: int, counts: Sequence[int]) -> list[Node]:
        """The tree on a grid that begins at a step, its steps so many of ours: the lowest limit, the highest load."""
        edges = (begin + np.cumsum([0, *counts])).tolist()
        parts = [np.arange(low, high).clip(0, self.steps - 1) for low, high in pairwise(edges)]

        def lowest(series: Floats) -> Floats:
            return np.array([series[part].min() for part in parts])

        def highest(series: Floats) -> Floats:
            return np.array([series[part].max() for part in parts])

        return [
            Node(
                node.id,
                node.parent,
                {phase: lowest(series) for phase, series in node.limit_a.items()},
                None if node.limit_kw is None else lowest(node.limit_kw),
                {phase: highest(series) for phase, series in node.load_a.items()},
                None if node.load_kw is None else highest(node.load_kw),
            )
            for node in self.nodes
        ]

    def _problem(self, vehicles: Sequence[Vehicle], steps: int) -> Problem:
        return Problem(
            start=self.start,
            step_seconds=[self.step_s] * steps,
            voltage_v=self.supply.voltage_v,
            nodes=self.nodes if steps == self.steps else self.nodes_over(0, [1] * steps),
            vehicles=vehicles,
            wiring=self.supply.wiring,
            phases=self.supply.phases,
        )
