"""What a site pays at its grid connection."""

import numpy as np

from optimizer.planning.case import Case
from optimizer.planning.problem import Floats
from optimizer.planning.tree import total_load_kw


class Bill:
    """The cost of a problem's energy: import, export, and the peak of the billing period."""

    def __init__(self, case: Case, battery_kw: Floats | None = None) -> None:
        others_kw = total_load_kw(case.problem)
        self._case = case
        self.others_kw = others_kw if battery_kw is None else others_kw + battery_kw
        """What others than the sessions draw, (t,)."""

    def net_kw(self, rates: Floats) -> Floats:
        """What flows in from the grid on average in each step, (t,); less than zero flows out."""
        return np.asarray((rates * self._case.kwh_per_unit).sum(axis=0) / self._case.hours + self.others_kw)

    def cost(self, net_kw: Floats) -> float:
        """In the currency of the prices; 0 without prices."""
        prices = self._case.problem.prices
        if prices is None:
            return 0.0
        kwh = net_kw * self._case.hours
        energy = np.clip(kwh, 0.0, None) @ prices.import_per_kwh - np.clip(-kwh, 0.0, None) @ prices.feed_in_per_kwh
        return float(energy) + prices.demand_per_kw * self.peak_kw(net_kw)

    def peak_kw(self, net_kw: Floats) -> float:
        """The peak that is paid for."""
        prices = self._case.problem.prices
        return max(float(net_kw.max(initial=0.0)), prices.peak_kw if prices else 0.0)

    def price(self, net_kw: Floats) -> Floats:
        """What a kWh more costs in each step, (t,)."""
        prices = self._case.problem.prices
        if prices is None:
            return np.zeros(net_kw.shape)
        return np.where(net_kw >= 0, prices.import_per_kwh, prices.feed_in_per_kwh)
