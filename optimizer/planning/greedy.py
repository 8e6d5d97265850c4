"""Plans without a solver, feasible by construction: for when it fails."""

import numpy as np

from optimizer.planning.case import EPSILON, SLICES, Case, floored
from optimizer.planning.filling import Filling
from optimizer.planning.problem import Bools, Floats


def greedy(case: Case, free: Bools, fixed: Floats, order: Floats) -> Floats:
    """Every vehicle gets a slice of its need in turn, in the best steps where there is room; (n, t).

    Args:
        case: the problem.
        free: (n,) which vehicles are planned.
        fixed: (n, t) the rates of the others, 0 for the free ones.
        order: (t,) which steps are taken first, the lowest.
    """
    filling = Filling(case, fixed.copy(), order)
    for number in range(1, SLICES + 1):
        filling.fill(np.where(free, case.need_kwh * number / SLICES, 0.0))
    return filling.rates


def static(case: Case) -> Floats:
    """One constant rate for each vehicle's whole stay: its share of the tightest limit above it, if that is enough to
    charge with; (n, t).

    Whoever comes or goes within the horizon, the shares of all add up to no more than any limit ever is.
    """
    rows = case.rows
    tightest = rows.room.min(axis=1, initial=np.inf)
    claims = rows.weights @ case.most
    part = np.divide(tightest, claims, out=np.ones(claims.shape), where=claims > tightest)
    parts = np.where(rows.weights.T > 0, part, 1.0).min(axis=1, initial=1.0)
    share = floored(case.most * parts, case.resolution)
    share = np.where((share >= case.least - EPSILON) & (case.need_kwh > EPSILON), share, 0.0)
    return np.asarray(np.where(case.stays, share[:, None], 0.0))
