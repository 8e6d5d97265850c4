"""Raising and lowering rates one vehicle at a time, beside the others and under every limit."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from optimizer.planning.case import EPSILON, Case, floored
from optimizer.planning.problem import Floats

Steps = NDArray[np.int64]


class Filling:
    """Rates on their way to a plan, always chargeable and under every limit.

    `rates` is (n, t); what the limits leave beside them, (r, t), is kept along.
    """

    def __init__(self, case: Case, rates: Floats, order: Floats) -> None:
        """`order` says which steps are taken first, the lowest of (t,)."""
        self.rates = rates
        self._case = case
        self._left = case.left(rates)
        self._order = np.argsort(order, kind="stable")

    def ceiling(self, vehicle: int) -> Floats:
        """The highest rate that a vehicle may charge with at each step beside the others; 0 where it cannot; (t,)."""
        case = self._case
        rows = case.row_numbers[vehicle]
        own = self.rates[vehicle]
        highest = np.full(own.shape, case.most[vehicle])
        if rows.size:
            room = (self._left[rows] / case.rows.weights[rows, vehicle][:, None]).min(axis=0)
            highest = np.minimum(highest, own + room)
        highest = floored(highest, case.resolution[vehicle])
        usable = case.stays[vehicle] & (highest >= case.least[vehicle] - EPSILON) & (highest > 0)
        return np.asarray(np.where(usable, highest, 0.0))

    def set(self, vehicle: int, rates: Floats) -> None:
        """Give a vehicle other rates, (t,)."""
        rows = self._case.row_numbers[vehicle]
        change = rates - self.rates[vehicle]
        self._left[rows] -= self._case.rows.weights[rows, vehicle][:, None] * change
        self.rates[vehicle] = rates

    def fill(self, targets_kwh: Floats, tolerance: float = 0.0) -> None:
        """Raise rates towards energies (n,), the vehicle that misses the largest share first.

        Where no more than a part `tolerance` of a need is missing, that is not worth another change of a profile.
        """
        case = self._case
        missing = targets_kwh - case.energy(self.rates)
        shares = missing / np.maximum(case.need_kwh, EPSILON)
        for vehicle in np.argsort(-shares * case.priority, kind="stable"):
            if missing[vehicle] > EPSILON:
                self._fill_one(int(vehicle), float(missing[vehicle]), tolerance * float(case.need_kwh[vehicle]))

    def _fill_one(self, vehicle: int, missing_kwh: float, worth_a_change_kwh: float) -> None:
        """Raise one vehicle's rates: whole blocks at first, then blocks made longer, then new steps; each the best
        first. That order changes its profile least."""
        case = self._case
        ceiling = self.ceiling(vehicle)
        if (ceiling <= self.rates[vehicle] + EPSILON).all():
            return
        block = _Block(
            rates=self.rates[vehicle].copy(),
            ceiling=ceiling,
            kwh=case.kwh_per_unit[vehicle],
            least=float(case.least[vehicle]),
            resolution=float(case.resolution[vehicle]),
            missing_kwh=missing_kwh,
        )
        block.raise_blocks()
        block.lengthen_blocks(self._order)
        if block.missing_kwh > worth_a_change_kwh + EPSILON:
            block.take_steps(self._order)
            block.give_back(self._order)
        self.set(vehicle, block.rates)


@dataclass
class _Block:
    """One vehicle's rates while they are raised, (t,) each."""

    rates: Floats
    ceiling: Floats
    kwh: Floats
    least: float
    resolution: float
    missing_kwh: float

    def raise_blocks(self) -> None:
        """Raise each run of equal rates as a whole, by a little more than is missing rather than less."""
        for run in runs(self.rates):
            if self.missing_kwh <= EPSILON:
                return
            room = float((self.ceiling[run] - self.rates[run]).min())
            enough = self.missing_kwh / float(self.kwh[run].sum())
            self._add(run, min(room, np.ceil(enough / self.resolution - EPSILON) * self.resolution))

    def lengthen_blocks(self, order: Steps) -> None:
        """Let runs begin earlier or last longer, at the rate they have."""
        while self.missing_kwh > EPSILON:
            beside = np.maximum(np.roll(self.rates, 1), np.roll(self.rates, -1))
            beside[0], beside[-1] = self.rates[1:2].sum(), self.rates[-2:-1].sum()
            fits = (self.rates == 0) & (beside > 0) & (self.ceiling >= beside) & (beside * self.kwh <= self.missing_kwh)
            if not fits.any():
                return
            step = order[fits[order]][:1]
            self._add(step, float(beside[step[0]]))

    def take_steps(self, order: Steps) -> None:
        """Raise single steps, up to the ceiling or to what is enough."""
        possible = order[(self.ceiling > self.rates + EPSILON)[order]]
        for step in [*possible[self.rates[possible] > 0], *possible[self.rates[possible] == 0]]:
            if self.missing_kwh <= EPSILON:
                return
            own = float(self.rates[step])
            enough = own + self.missing_kwh / float(self.kwh[step])
            enough = np.ceil(enough / self.resolution - EPSILON) * self.resolution
            self._add(np.array([step]), min(float(self.ceiling[step]), max(enough, self.least)) - own)

    def give_back(self, order: Steps) -> None:
        """Lower single steps by what is more than needed, the last first, none below the least rate."""
        for step in order[::-1][self.rates[order[::-1]] > self.least]:
            if self.missing_kwh >= -EPSILON:
                return
            surplus = min(float(self.rates[step]) - self.least, -self.missing_kwh / float(self.kwh[step]))
            self._add(np.array([step]), -np.floor(surplus / self.resolution + EPSILON) * self.resolution)

    def _add(self, steps: Steps, rate: float) -> None:
        """Add a rate to some steps, in whole multiples of the resolution."""
        multiples = np.floor(rate / self.resolution + EPSILON)
        whole = round(1 / self.resolution)
        self.missing_kwh -= float(multiples / whole * self.kwh[steps].sum())
        self.rates[steps] = (np.round(self.rates[steps] * whole) + multiples) / whole


def runs(rates: Floats) -> list[Steps]:
    """The steps of each block of equal rates above 0."""
    edges = [0, *(np.flatnonzero(rates[1:] != rates[:-1]) + 1).tolist(), rates.size]
    steps = np.arange(rates.size)
    return [steps[first:end] for first, end in pairwise(edges) if first < end and rates[first] > 0]
