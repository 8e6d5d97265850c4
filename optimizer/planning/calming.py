"""Fewer changes of rate in a plan that is chargeable already. Each change is a period of a charging profile, and unrest
for the car; what is given up for fewer of them is bounded, in energy, cost and time.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from optimizer.planning.bill import Bill
from optimizer.planning.case import EPSILON, Case
from optimizer.planning.filling import Filling, Steps, runs
from optimizer.planning.problem import Bools, Floats

LOSS = 0.001
"""What part of all energy may be given up."""

NEED_LOSS = 0.01
"""What part of its need a vehicle may lose."""

SOON_H = 0.5
"""Energy of so soon is not postponed: who is there now may leave early, and later hours will be planned again."""

RESTLESS = 3
"""With so many changes a vehicle may lose energy for fewer."""

DEARER = 0.0005
"""By what part the cost of all may rise."""

LATER_H = 0.5
"""By how many hours the energy of a vehicle may come later on average."""


def near_changes(case: Case, rates: Floats, distance: int) -> Bools:
    """The steps of stays that lie so close to a change of rate; (n, t)."""
    change = np.zeros(case.shape, dtype=bool)
    change[:, 1:] = (np.abs(np.diff(rates, axis=1)) > EPSILON) & case.stays[:, 1:] & case.stays[:, :-1]
    near = change.copy()
    for shift in range(1, distance + 1):
        near[:, :-shift] |= change[:, shift:]
        if shift < distance:
            near[:, shift:] |= change[:, :-shift]
    return near & case.stays


def calmed(case: Case, filling: Filling, free: Steps) -> None:
    """Change the rates of some vehicles in place, for fewer changes.

    Args:
        case: the problem.
        filling: a chargeable plan.
        free: which vehicles may be changed.
    """
    _Calming(case, filling).calm(free)


class _Calming:
    """What may still be given up."""

    def __init__(self, case: Case, filling: Filling) -> None:
        self._case = case
        self._filling = filling
        self._bill = Bill(case)
        self._net_kw = self._bill.net_kw(filling.rates)
        self._cost = self._bill.cost(self._net_kw)
        self._price = self._bill.price(self._net_kw)
        self._dearest = self._cost + DEARER * abs(self._cost) + EPSILON
        self._kwh_left = LOSS * float((filling.rates * case.kwh_per_unit).sum())
        self._own_kwh_left = NEED_LOSS * case.need_kwh

    def calm(self, free: Steps) -> None:
        for vehicle in free.tolist():
            self._into_one_block(vehicle)
        for vehicle in free.tolist():
            self._level(vehicle)
        self._lower(free)

    def _into_one_block(self, vehicle: int) -> None:
        """Charge at one rate from one step to another, if that is hardly dearer or later."""
        case = self._case
        stay = np.flatnonzero(case.stays[vehicle])
        if stay.size < 2:
            return
        here = slice(stay[0], stay[-1] + 1)
        own = self._filling.rates[vehicle, here]
        had = _changes(own)
        if had <= 1:
            return
        kwh = case.kwh_per_unit[vehicle, here]
        blocks = _Blocks.of(self._filling.ceiling(vehicle)[here], kwh, float(own @ kwh), case, vehicle)
        if not blocks.rate.size:
            return
        dearer = blocks.total(kwh * self._price[here]) - float(own @ (kwh * self._price[here]))
        later = blocks.total(kwh * case.wait_h[here]) - float(own @ (kwh * case.wait_h[here]))
        changes = (blocks.first > 0).astype(int) + (blocks.end < own.size)
        left = self._dearest - self._cost
        fits = (changes < had) & (dearer <= left) & (later <= LATER_H * float(own @ kwh))
        if not fits.any():
            return
        best = np.flatnonzero(fits)[np.lexsort((later[fits], dearer[fits], changes[fits]))[0]]
        rates = np.zeros(case.shape[1])
        rates[stay[0] + blocks.first[best] : stay[0] + blocks.end[best]] = blocks.rate[best]
        self._take(vehicle, rates)

    def _take(self, vehicle: int, rates: Floats) -> bool:
        """Give a vehicle other rates, unless that postpones what it would get soon, or is too dear: what the site sells
        or pays for its peak may change more than a price tells."""
        case = self._case
        if self._soon_kwh(vehicle, rates) < self._soon_kwh(vehicle, self._filling.rates[vehicle]) - EPSILON:
            return False
        more_kwh = (rates - self._filling.rates[vehicle]) * case.kwh_per_unit[vehicle]
        net_kw = self._net_kw + more_kwh / case.hours
        cost = self._bill.cost(net_kw)
        if cost > self._dearest:
            return False
        self._cost, self._net_kw = cost, net_kw
        self._filling.set(vehicle, rates)
        return True

    def _soon_kwh(self, vehicle: int, rates: Floats) -> float:
        """What it gets within `SOON_H`."""
        soon = self._case.wait_h < SOON_H
        return float(rates[soon] @ self._case.kwh_per_unit[vehicle, soon])

    def _level(self, vehicle: int) -> None:
        """Make neighbouring blocks one, at the rate that brings the energy of both, where there is room for it."""
        case = self._case
        rates = self._filling.rates[vehicle].copy()
        ceiling = self._filling.ceiling(vehicle)
        kwh, whole = case.kwh_per_unit[vehicle], round(1 / float(case.resolution[vehicle]))
        block: Steps | None = None
        for steps in runs(rates):
            if block is None or block[-1] + 1 != steps[0]:
                block = steps
                continue
            both = np.concatenate([block, steps])
            rate = float(np.ceil(float(rates[both] @ kwh[both]) / float(kwh[both].sum()) * whole - EPSILON) / whole)
            level = rates.copy()
            level[both] = rate
            if (ceiling[both] < rate - EPSILON).any() or not self._take(vehicle, level):
                block = steps
                continue
            rates, block = level, both

    def _lower(self, free: Steps) -> None:
        """Make neighbouring blocks one at the lower of their rates, the cheapest first, as long as hardly any energy is
        lost."""
        for _, vehicle, high, rate in sorted(self._possible_lowerings(free), key=lambda each: each[0]):
            rates = self._filling.rates[vehicle].copy()
            lost = float((rates[high] - rate) @ self._case.kwh_per_unit[vehicle, high])
            if 0 < lost <= min(self._kwh_left, self._own_kwh_left[vehicle]):
                rates[high] = rate
                self._filling.set(vehicle, rates)
                self._kwh_left -= lost
                self._own_kwh_left[vehicle] -= lost

    def _possible_lowerings(self, free: Steps) -> list[tuple[float, int, Steps, float]]:
        """What is lost, the vehicle, the steps that are lowered, and the rate they get."""
        found = []
        for vehicle in free.tolist():
            rates = self._filling.rates[vehicle]
            if _changes(rates[self._case.stays[vehicle]]) < RESTLESS:
                continue
            for before, after in pairwise(runs(rates)):
                if before[-1] + 1 != after[0]:
                    continue
                high, low = (before, after) if rates[before[0]] > rates[after[0]] else (after, before)
                if self._case.wait_h[high[0]] < SOON_H:
                    continue
                lost = float((rates[high[0]] - rates[low[0]]) * self._case.kwh_per_unit[vehicle, high].sum())
                if lost <= self._own_kwh_left[vehicle]:
                    found.append((lost, vehicle, high, float(rates[low[0]])))
        return found


def _changes(rates: Floats) -> int:
    return int((np.abs(np.diff(rates)) > EPSILON).sum())


@dataclass(frozen=True)
class _Blocks:
    """Every way to take an energy at one rate, from step `first` to before step `end`; (blocks,) each."""

    first: Steps
    end: Steps
    rate: Floats

    @classmethod
    def of(cls, ceiling: Floats, kwh: Floats, energy_kwh: float, case: Case, vehicle: int) -> "_Blocks":
        """Those that a ceiling, (t,), bears."""
        size = kwh.size
        total = np.concatenate([[0.0], np.cumsum(kwh)])
        possible = np.maximum(total[None, :] - total[:-1, None], 0.0)
        rate = np.full(possible.shape, np.inf)
        np.divide(energy_kwh, possible, out=rate, where=possible > EPSILON)
        whole = round(1 / float(case.resolution[vehicle]))
        rate = np.ceil(rate * whole - EPSILON) / whole
        lowest = np.zeros(possible.shape)
        # The lowest ceiling of a longer stretch is that of a shorter one and of one step more.
        low = np.full(size, np.inf)
        for length in range(1, size + 1):
            first = np.arange(size - length + 1)
            low = np.minimum(low[: first.size], ceiling[length - 1 :])
            lowest[first, first + length] = low
        first, end = np.nonzero((rate <= lowest + EPSILON) & (rate >= case.least[vehicle] - EPSILON))
        return cls(first, end, rate[first, end])

    def total(self, values: Floats) -> Floats:
        """The sum of values (t,) over each block, times its rate."""
        total = np.concatenate([[0.0], np.cumsum(values)])
        return np.asarray((total[self.end] - total[self.first]) * self.rate)
