"""Linear programs in PuLP 4, solved by HiGHS."""

from collections.abc import Iterable

import numpy as np
import pulp
from numpy.typing import NDArray

from optimizer.profiles import Floats


class SolverFailed(Exception):
    """The solver ended without an optimum."""


class Lp:
    """A maximization in PuLP 4, built from arrays. The only place that knows PuLP and HiGHS."""

    def __init__(self) -> None:
        self._problem = pulp.LpProblem("site", pulp.LpMaximize)
        self._variables: list[pulp.LpVariable] = []
        self._reward: list[tuple[pulp.LpVariable, float]] = []

    def columns(self, upper: Floats, reward: Floats, lower: Floats | None = None) -> NDArray[np.int64]:
        """Add variables between `lower` (or 0) and `upper`, rewarded per unit; numbers in the shape of
        `upper`.

        Where `upper` is 0 there is no variable, and the number is -1.
        """
        wanted = upper > 0
        count = int(wanted.sum())
        first = len(self._variables)
        new = self._problem.add_variable_matrix("x", range(first, first + count), 0)
        least = np.zeros(upper.shape) if lower is None else lower
        for variable, low, high in zip(new, least[wanted].tolist(), upper[wanted].tolist(), strict=True):
            variable.bounds(low, high)
        self._variables += new
        self._reward += zip(new, np.broadcast_to(reward, upper.shape)[wanted].tolist(), strict=True)
        ids = np.full(upper.shape, -1)
        ids[wanted] = np.arange(first, first + count)
        return ids

    def row(self, ids: Iterable[NDArray[np.int64]], factors: Iterable[Floats], limit: float) -> None:
        """Demand that the sum of variables times factors is at most `limit`."""
        pairs = zip(np.concatenate(list(ids)).tolist(), np.concatenate(list(factors)).tolist(), strict=True)
        terms = [(self._variables[number], factor) for number, factor in pairs if number >= 0]
        if terms:
            total = pulp.lpSum_vars_coefs(terms)
            self._problem.addConstraint(total <= limit)

    def solved(self, time_limit_s: float) -> Floats:
        """Solve, and read the values by number; one more at the end, 0, is the value of number -1.

        One thread, because HiGHS refuses a second solve in a process with another number. Without presolve
        the dual simplex is the fastest at this size.

        Raises:
            SolverFailed: no optimum, for whatever reason.
        """
        if time_limit_s <= 0:
            raise SolverFailed("no time left")
        self._problem.setObjective(pulp.lpSum_vars_coefs(self._reward))
        solver = pulp.getSolver("HiGHS", msg=False, threads=1, timeLimit=time_limit_s, presolve="off")
        stats = self._problem.solve(solver)
        if stats.status != pulp.LpSolveStatus.Optimal or not stats.has_solution:
            raise SolverFailed(f"HiGHS ended with {stats.status_str}")
        values = np.array([variable.varValue for variable in self._variables] + [0.0], dtype=np.float64)
        if not np.isfinite(values).all():
            raise SolverFailed("HiGHS gave values that are no numbers")
        return values
