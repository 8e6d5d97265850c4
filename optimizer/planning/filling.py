"""Raising and lowering rates one vehicle at a time, beside the others and under every limit."""

import numpy as np
from numpy.typing import NDArray

from optimizer.planning.case import EPSILON, Case, floored
from optimizer.planning.problem import Floats


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

    def fill(self, targets_kwh: Floats) -> None:
        """Raise rates towards energies (n,), the vehicle that misses the largest share first."""
        case = self._case
        missing = targets_kwh - case.energy(self.rates)
        shares = missing / np.maximum(case.need_kwh, EPSILON) * case.priority
        for vehicle in np.argsort(-shares, kind="stable")[: int((missing > EPSILON).sum())]:
            if missing[vehicle] > EPSILON:
                self._fill_one(int(vehicle), float(targets_kwh[vehicle]))

    def _fill_one(self, vehicle: int, target_kwh: float) -> None:
        """Raise one vehicle's rates: first where it charges already, for that changes least; then in new steps."""
        case = self._case
        own = self.rates[vehicle].copy()
        kwh = case.kwh_per_unit[vehicle]
        ceiling = self.ceiling(vehicle)
        missing = target_kwh - float(own @ kwh)
        resolution, least = float(case.resolution[vehicle]), float(case.least[vehicle])
        possible = self._order[(ceiling > own + EPSILON)[self._order]]
        for step in [*possible[own[possible] > 0], *possible[own[possible] == 0]]:
            if missing <= EPSILON:
                break
            enough = float(own[step]) + missing / float(kwh[step])
            enough = np.ceil(enough / resolution - EPSILON) / round(1 / resolution)
            raised = min(float(ceiling[step]), max(enough, least))
            missing -= (raised - float(own[step])) * float(kwh[step])
            own[step] = raised
        if missing < -EPSILON:
            _give_back(own, kwh, -missing, least, resolution, self._order)
        self.set(vehicle, own)


def _give_back(own: Floats, kwh: Floats, surplus_kwh: float, least: float, resolution: float, order: NDArray[np.int64]) -> None:
    """Lower rates in place by what is more than needed, the last steps first, none below the least rate."""
    for step in reversed(order.tolist()):
        if own[step] <= least:
            continue
        steps = np.floor(min(own[step] - least, surplus_kwh / kwh[step]) / resolution + EPSILON)
        lowered = round(own[step] / resolution) - steps
        surplus_kwh -= float(steps * resolution * kwh[step])
        own[step] = lowered / round(1 / resolution)
