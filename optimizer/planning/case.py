"""A problem as arrays, for all who compute with it: n vehicles, t steps, r rows of limits."""

from collections.abc import Sequence
from copy import copy
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from optimizer.planning.problem import Bools, Floats, Problem, Vehicle
from optimizer.planning.tree import Row, Rows, Supply, rows_of

EPSILON = 1e-6
"""Rates that differ by less are equal: far below the resolution of a profile, far above the rounding of a sum."""

SLICES = 4
"""Into so many slices a need is cut; each is worth less than the one before, so that a scarce site first gives everyone
some."""


SLICE_WORTH = np.linspace(1.2, 1.0, SLICES)
"""What each slice is worth, in times the last one. Enough to give everyone some first; with a steeper fall, sharing
fairly where cars use different phases costs 1 to 4 % of all energy."""


class Case:
    """The arrays of a problem.

    (n,): `least`, `most`, `resolution`, `need_kwh`, `priority`, `taken_kwh`, `kw_per_unit`.
    (n, t): `stays` (whether it is there in any part of the step), `kwh_per_unit` (what one unit of its rate brings).
    (t,): `hours` (length of each step), `wait_h` (how far ahead its middle is).

    `least` and `most` are multiples of the resolution, and `most` is 0 where it is below `least`; unless they shall be
    `exact`, for a comparison with programs that know no such thing.
    """

    def __init__(self, problem: Problem, *, exact: bool = False) -> None:
        vehicles = problem.vehicles
        self.problem = problem
        self.shape = (len(vehicles), len(problem.step_seconds))
        self.rows: Rows = rows_of(problem)
        self.resolution: Floats = _of(vehicles, "resolution")
        self.least: Floats = ceiled(_of(vehicles, "least"), self.resolution)
        most = _of(vehicles, "most")
        whole = floored(most, self.resolution)
        self.most: Floats = most if exact else np.where(whole >= self.least - EPSILON, whole, 0.0)
        self.need_kwh: Floats = _of(vehicles, "energy_kwh")
        self.priority: Floats = _of(vehicles, "priority")
        self.taken_kwh: Floats = _of(vehicles, "taken_kwh")
        supply = Supply(problem.wiring, problem.voltage_v, problem.phases)
        self.kw_per_unit: Floats = np.array([supply.kw_per_unit(each.phases, dc=each.dc) for each in vehicles])
        edges = problem.edges_s
        arrival, departure = _of(vehicles, "arrival_s")[:, None], _of(vehicles, "departure_s")[:, None]
        there_h = np.clip(np.minimum(departure, edges[1:]) - np.maximum(arrival, edges[:-1]), 0.0, None) / 3600
        self.stays: Bools = there_h > 0
        self.kwh_per_unit: Floats = there_h * self.kw_per_unit[:, None]
        self.hours: Floats = np.diff(edges) / 3600
        self.wait_h: Floats = (edges[1:] + edges[:-1]) / 2 / 3600

    def with_row(self, row: Row, weights: Floats, room: Floats) -> "Case":
        """The same with one limit more: `weights` (n,) of the vehicles' rates, and `room` (t,) for their sum."""
        case = copy(self)
        case.__dict__.pop("row_numbers", None)
        nothing = np.zeros(room.shape)
        case.rows = Rows(
            rows=(*self.rows.rows, row),
            weights=np.vstack([self.rows.weights, weights]),
            room=np.vstack([self.rows.room, np.clip(room, 0.0, None)]),
            over=np.vstack([self.rows.over, nothing]),
            arriving=np.vstack([self.rows.arriving, nothing]),
            staying=np.vstack([self.rows.staying, nothing]),
        )
        return case

    @cached_property
    def slice_kwh(self) -> Floats:
        """How much of each slice is still to be had; (n, slices)."""
        # Of what fits into the stay: who asks for more gets no larger slices by it.
        fits_kwh = np.minimum(self.need_kwh, self.kwh_per_unit.sum(axis=1) * self.most)
        edges = np.linspace(0.0, 1.0, SLICES + 1) * (self.taken_kwh + fits_kwh)[:, None]
        return np.asarray(np.diff(np.maximum(edges, self.taken_kwh[:, None]), axis=1))

    @cached_property
    def row_numbers(self) -> list[NDArray[np.int64]]:
        """The rows that each vehicle weighs on."""
        return [np.flatnonzero(weights) for weights in self.rows.weights.T]

    def left(self, rates: Floats) -> Floats:
        """What the limits leave beside rates (n, t); (r, t)."""
        return self.rows.room - self.rows.weights @ rates

    def energy(self, rates: Floats) -> Floats:
        """The energy that each vehicle takes in kWh, never more than it needs; (n,)."""
        return np.minimum((rates * self.kwh_per_unit).sum(axis=1), self.need_kwh)

    def worth(self, rates: Floats) -> Floats:
        """What the energy of each vehicle is worth, in kWh of a last slice at priority 1; (n,)."""
        above = self.energy(rates)[:, None] - np.cumsum(self.slice_kwh, axis=1) + self.slice_kwh
        return np.asarray(self.priority * (np.clip(above, 0.0, self.slice_kwh) @ SLICE_WORTH))


def floored(rates: Floats, resolution: Floats) -> Floats:
    """The highest multiples of the resolution that are no more; 16.3 stays 16.3 in spite of binary floats."""
    return _multiples(np.floor(rates / resolution + EPSILON), resolution)


def ceiled(rates: Floats, resolution: Floats) -> Floats:
    """The lowest multiples of the resolution that are no less."""
    return _multiples(np.ceil(rates / resolution - EPSILON), resolution)


def _multiples(steps: Floats, resolution: Floats) -> Floats:
    # Dividing by a whole number gives the float that is nearest to the decimal; multiplying by 0.1 does not.
    return np.asarray(steps / np.round(1 / resolution))


def _of(vehicles: Sequence[Vehicle], name: str) -> Floats:
    return np.array([getattr(vehicle, name) for vehicle in vehicles], dtype=float)
