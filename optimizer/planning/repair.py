"""From the optimum of a linear program to rates that can be charged with: nothing, or at least the least one, and whole
multiples of the resolution."""

import numpy as np

from optimizer.planning.case import EPSILON, Case, floored
from optimizer.planning.filling import Filling
from optimizer.planning.linear import Bounds
from optimizer.planning.problem import Bools, Floats

UNSEEN = 0.0005
"""A part of a need that is not worth another change of a profile."""


def repaired(case: Case, free: Bools, rates: Floats, order: Floats) -> Floats:
    """Chargeable rates with nearly the energy of `rates`; (n, t).

    What is below the least rate becomes zero; then each vehicle gets back what it lost by that, and then whatever the
    limits still leave, the one that misses the largest share first.

    Args:
        case: the problem.
        free: (n,) which vehicles may be changed.
        rates: (n, t) from the solver for the free ones; the others' hold.
        order: (t,) which steps are taken first to make up for losses, the lowest.
    """
    down = floored(rates, case.resolution[:, None])
    chargeable = np.where(down >= case.least[:, None], down, 0.0)
    filling = Filling(case, np.where(free[:, None], chargeable, rates), order)
    filling.fill(np.where(free, case.energy(rates), 0.0), UNSEEN)
    filling.fill(np.where(free, case.need_kwh, 0.0), UNSEEN)
    return filling.rates


def pattern(case: Case, free: Bools, rates: Floats) -> Bools:
    """When the free vehicles shall charge, at their least rate or more, so that all that is on fits together; (n, t).

    The nearer a rate is to the least one or the higher above it, the sooner it stays on. A program in which just these
    are on loses much less than rates that were cut off below the least one.
    """
    left = case.left(np.where(free[:, None], 0.0, rates))
    on = np.zeros(case.shape, dtype=bool)
    vehicles, steps = np.nonzero((rates > EPSILON) & free[:, None])
    shares = rates[vehicles, steps] / np.maximum(case.least[vehicles], EPSILON)
    for number in np.argsort(-shares, kind="stable").tolist():
        vehicle, step = vehicles[number], steps[number]
        rows = case.row_numbers[vehicle]
        takes = case.rows.weights[rows, vehicle] * case.least[vehicle]
        if (left[rows, step] >= takes - EPSILON).all():
            left[rows, step] -= takes
            on[vehicle, step] = True
    return on


OPEN_PART = 0.25
"""So much of what is open is decided at a time: the rates nearest to the least one are on, those farthest are off."""


def narrower(case: Case, free: Bools, bounds: Bounds, rates: Floats) -> Bounds | None:
    """Bounds in which some of the rates below the least one are decided; None if there are none.

    Args:
        case: the problem.
        free: (n,) which vehicles are planned.
        bounds: what is decided by now.
        rates: the optimum within them, (n, t).
    """
    least = case.least[:, None]
    undecided = (rates > EPSILON) & (rates < least - EPSILON) & (bounds.upper > bounds.lower)
    if not undecided.any():
        return None
    shares = np.divide(rates, least, out=np.zeros(case.shape), where=undecided)
    low, high = np.quantile(shares[undecided], (OPEN_PART, 1 - OPEN_PART))
    decided = free[:, None] & (bounds.lower > 0)
    wanted = np.where(decided, least + rates, np.where(undecided & (shares >= high), rates, 0.0))
    on = pattern(case, free, np.where(free[:, None], wanted, rates))
    off = undecided & ~on & (shares <= low)
    return Bounds(np.where(free[:, None], np.where(on, least, 0.0), bounds.lower), np.where(off, 0.0, bounds.upper))
