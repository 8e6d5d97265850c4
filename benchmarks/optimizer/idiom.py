"""The same linear program as everybody writes it in PuLP: a dict of variables, sums of products, `solve`."""

import numpy as np
import pulp

from benchmarks.optimizer.arrays import Arrays
from optimizer.planning.problem import Floats


def best(arrays: Arrays) -> Floats:
    """The rates that are worth the most; (n, t)."""
    lp = pulp.LpProblem("site", pulp.LpMaximize)
    cells = [tuple(cell) for cell in np.argwhere(arrays.kwh > 0).tolist()]
    rate = lp.add_variable_dict("rate_%s_%s", cells, 0)
    for (vehicle, _), variable in rate.items():
        variable.bounds(0, arrays.most[vehicle])
    lp += pulp.lpSum(arrays.worth[cell[1]] * arrays.kwh[cell] * rate[cell] for cell in cells)
    for vehicle, need_kwh in enumerate(arrays.need_kwh):
        own = [cell for cell in cells if cell[0] == vehicle]
        lp += pulp.lpSum(arrays.kwh[cell] * rate[cell] for cell in own) <= need_kwh
    at_step: dict[int, list[tuple[int, ...]]] = {}
    for cell in cells:
        at_step.setdefault(cell[1], []).append(cell)
    for row, weights in enumerate(arrays.weights):
        for step, there in at_step.items():
            on_row = [cell for cell in there if weights[cell[0]]]
            lp += pulp.lpSum(weights[cell[0]] * rate[cell] for cell in on_row) <= arrays.room[row, step]
    lp.solve(pulp.HiGHS(msg=False, threads=1, presolve="off"))
    rates = np.zeros(arrays.kwh.shape)
    for cell, variable in rate.items():
        rates[cell] = variable.varValue
    return rates
