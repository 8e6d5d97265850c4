"""Linear programs: modelled in PuLP 4 by its batch calls, handed to HiGHS in one.

PuLP's own way to HiGHS reads the model back out of it term by term, which costs several times the solving. Here the
arrays that the model was built from go to HiGHS as they are, and its values come back as one array. That leans on
PuLP's Rust core (`LpProblem.toRustModel`) and on the hooks of `pulp.HiGHS`; tests compare with PuLP's own way, so an
upgrade that changes them is noticed.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import highspy
import numpy as np
import pulp
from numpy.typing import NDArray
from pulp import _rustcore

from optimizer.planning.problem import Floats

Ints = NDArray[np.int64]


class SolverFailed(Exception):
    """The solver ended without an optimum."""


@dataclass
class Timing:
    """Where the time went, in ms."""

    build: float = 0.0
    solve: float = 0.0
    read: float = 0.0


@dataclass
class _Rows:
    """A block of rows as a compressed sparse matrix: `counts` terms a row, one row after the other."""

    counts: Ints
    columns: Ints
    factors: Floats
    lower: Floats
    upper: Floats


@dataclass
class Program:
    """A minimization. Columns and rows are added as arrays; nothing is solved before :meth:`minimized`."""

    timing: Timing = field(default_factory=Timing)
    size: int = 0
    _lower: list[Floats] = field(default_factory=list)
    _upper: list[Floats] = field(default_factory=list)
    _costs: list[Floats] = field(default_factory=list)
    _rows: list[_Rows] = field(default_factory=list)
    _problem: Any = None

    @property
    def row_count(self) -> int:
        """How many rows there are."""
        return sum(rows.upper.size for rows in self._rows)

    def columns(self, upper: Floats, cost: Floats, lower: Floats | None = None) -> Ints:
        """Add variables between `lower` (or 0) and `upper`, (n,) each; returns their numbers, (n,)."""
        first, self.size = self.size, self.size + upper.size
        self._lower.append(np.zeros(upper.size) if lower is None else lower)
        self._upper.append(upper)
        self._costs.append(np.broadcast_to(cost, upper.shape))
        return np.arange(first, self.size)

    def rows(self, counts: Ints, columns: Ints, factors: Floats, limit: Floats, *, equal: bool = False) -> None:
        """Demand of each row that its terms add up to `limit` at most (or to just that, if `equal`).

        Args:
            counts: how many terms each row has, (rows,).
            columns: the numbers of the variables, row after row, (terms,).
            factors: what each is multiplied with, (terms,).
            limit: (rows,)
            equal: whether the sum must be the limit.
        """
        lower = limit if equal else np.full(limit.shape, -np.inf)
        self._rows.append(_Rows(counts, columns, factors, lower, limit))

    def minimized(self, time_limit_s: float, options: Mapping[str, object]) -> Floats:
        """The values of all variables at the optimum, (columns,).

        Args:
            time_limit_s: how long the solver may take.
            options: further ones of HiGHS.

        Raises:
            SolverFailed: there is no optimum, for whatever reason, or not in time.
        """
        if time_limit_s <= 0:
            raise SolverFailed("no time left")
        began = time.perf_counter()
        arrays = self._arrays()
        self._problem = _in_pulp(arrays)
        self.timing.build += _ms_since(began)
        return self._solved(_InOneCall(arrays, timeLimit=time_limit_s, **options))

    def minimized_again(self, numbers: Ints, lower: Floats, upper: Floats, time_limit_s: float) -> Floats:
        """The same with other bounds of some variables, from the optimum before, which is near.

        Args:
            numbers: of the variables, (n,).
            lower: (n,)
            upper: (n,)
            time_limit_s: how long the solver may take.

        Raises:
            SolverFailed: there is no optimum, for whatever reason, or not in time.
        """
        if time_limit_s <= 0:
            raise SolverFailed("no time left")
        began = time.perf_counter()
        model = self._problem.toRustModel()
        for number, low, high in zip(numbers.tolist(), lower.tolist(), upper.tolist(), strict=True):
            variable = model.get_variable(number)
            variable.set_lb(low)
            variable.set_ub(high)
        self.timing.build += _ms_since(began)
        return self._solved(_Again(self._problem.solverModel, numbers, lower, upper, time_limit_s))

    def _solved(self, solver: "_Solver") -> Floats:
        stats = self._problem.solve(solver)
        self.timing.build += solver.timing.build
        self.timing.solve += solver.timing.solve
        self.timing.read += solver.timing.read
        if solver.values is None or not stats.has_solution:
            raise SolverFailed(f"HiGHS ended with {stats.status_str}")
        if not np.isfinite(solver.values).all():
            raise SolverFailed("HiGHS gave values that are no numbers")
        return solver.values

    def _arrays(self) -> "_Arrays":
        nothing = np.zeros(0)
        counts = np.concatenate([nothing, *(rows.counts for rows in self._rows)])
        return _Arrays(
            cost=np.concatenate([nothing, *self._costs]),
            lower=np.concatenate([nothing, *self._lower]),
            upper=np.concatenate([nothing, *self._upper]),
            row_lower=np.concatenate([nothing, *(rows.lower for rows in self._rows)]),
            row_upper=np.concatenate([nothing, *(rows.upper for rows in self._rows)]),
            starts=np.concatenate([[0], np.cumsum(counts)]).astype(np.int32),
            columns=np.concatenate([nothing, *(rows.columns for rows in self._rows)]).astype(np.int32),
            factors=np.concatenate([nothing, *(rows.factors for rows in self._rows)]),
        )


@dataclass(frozen=True)
class _Arrays:
    """The whole program, its rows as a compressed sparse matrix."""

    cost: Floats
    lower: Floats
    upper: Floats
    row_lower: Floats
    row_upper: Floats
    starts: NDArray[np.int32]
    columns: NDArray[np.int32]
    factors: Floats


def _in_pulp(arrays: _Arrays) -> Any:
    """The program as a PuLP problem."""
    problem = pulp.LpProblem("site", pulp.LpMinimize)
    model = problem.toRustModel()
    names = [f"x{number}" for number in range(arrays.cost.size)]
    lower, upper = arrays.lower, arrays.upper
    changes = (lower[1:] != lower[:-1]) | (upper[1:] != upper[:-1])
    edges = [0, *(np.flatnonzero(changes) + 1).tolist(), len(names)] if names else [0]
    for begin, end in pairwise(edges):
        low, high = float(lower[begin]), float(upper[begin])
        model.add_variables_batch(names[begin:end], low, high, _rustcore.Category.Continuous)
    ids = arrays.columns.astype(np.uint64)
    starts, limits = arrays.starts.tolist(), arrays.row_upper.tolist()
    equal = (arrays.row_lower == arrays.row_upper).tolist()
    for row, limit in enumerate(limits):
        terms = slice(starts[row], starts[row + 1])
        sense = _rustcore.Sense.Equal if equal[row] else _rustcore.Sense.LessEqual
        model.add_constraint(_expression(model, ids[terms], arrays.factors[terms], -limit, sense))
    model.set_objective(_expression(model, np.arange(len(names), dtype=np.uint64), arrays.cost))
    return problem


def _expression(model: Any, ids: NDArray[np.uint64], factors: Floats, constant: float = 0.0, sense: Any = None) -> Any:
    expression = _rustcore.AffineExpr()
    expression.add_term_ids_coeffs(model, ids, factors)
    if sense is not None:
        expression.set_constant(constant)
        expression.set_sense(sense)
    return expression


class _Solver(pulp.HiGHS):
    """HiGHS by the hooks of PuLP's own class, its values read back as one array.

    One thread, for HiGHS refuses a second solve in a process with another number.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(msg=False, threads=1, **options)
        self.values: Floats | None = None
        self.timing = Timing()

    def callSolver(self, lp: Any) -> None:  # noqa: N802 - PuLP's name
        """Solve it."""
        began = time.perf_counter()
        lp.solverModel.run()
        self.timing.solve = _ms_since(began)

    def findSolutionValues(self, lp: Any) -> tuple[pulp.LpSolveStatus, bool]:  # noqa: N802 - PuLP's name
        """Keep the values of an optimum; nothing else will do (PuLP would take what a run stopped by the clock has)."""
        began = time.perf_counter()
        status = _STATUS.get(lp.solverModel.getModelStatus(), pulp.LpSolveStatus.Undefined)
        optimal = status == pulp.LpSolveStatus.Optimal
        if optimal:
            self.values = np.array(lp.solverModel.getSolution().col_value)
        self.timing.read = _ms_since(began)
        return status, optimal

    def buildStats(  # noqa: N802 - PuLP's name
        self, lp: Any, status: int, has_solution: bool, *, start: tuple[float, float], best_bound: float | None = None
    ) -> pulp.LpSolveStats:
        """How it went, without making an object of each variable and row only to count them."""
        return pulp.LpSolveStats(
            solver=self.name,
            status=pulp.LpSolveStatus(status),
            has_solution=has_solution,
            objective=lp.solverModel.getObjectiveValue() if has_solution else None,
            best_bound=best_bound,
            num_variables=lp.solverModel.getNumCol(),
            num_constraints=lp.solverModel.getNumRow(),
        )


class _InOneCall(_Solver):
    """Given the arrays of the very program that the PuLP problem was made of."""

    def __init__(self, arrays: _Arrays, **options: Any) -> None:
        super().__init__(**options)
        self._arrays = arrays

    def buildSolverModel(self, lp: Any) -> None:  # noqa: N802 - PuLP's name
        """Hand over the program."""
        began = time.perf_counter()
        lp.solverModel.passModel(_highs_lp(self._arrays))
        self.timing.build = _ms_since(began)


class _Again(_Solver):
    """Given a solver that has found an optimum, and other bounds; the dual simplex goes on from there."""

    def __init__(self, highs: Any, numbers: Ints, lower: Floats, upper: Floats, time_limit_s: float) -> None:
        super().__init__()
        self._highs = highs
        self._bounds = numbers.astype(np.int32), lower, upper
        self._time_limit_s = time_limit_s

    def createAndConfigureSolver(self, lp: Any) -> None:  # noqa: N802 - PuLP's name
        """Take the solver of before; its clock runs on."""
        lp.solverModel = self._highs
        self._highs.setOptionValue("solver", "simplex")
        self._highs.setOptionValue("time_limit", self._highs.getRunTime() + self._time_limit_s)

    def buildSolverModel(self, lp: Any) -> None:  # noqa: N802 - PuLP's name
        """Change the bounds."""
        numbers, lower, upper = self._bounds
        lp.solverModel.changeColsBounds(numbers.size, numbers, lower, upper)


_STATUS = {
    highspy.HighsModelStatus.kOptimal: pulp.LpSolveStatus.Optimal,
    highspy.HighsModelStatus.kInfeasible: pulp.LpSolveStatus.Infeasible,
    highspy.HighsModelStatus.kUnbounded: pulp.LpSolveStatus.Unbounded,
    highspy.HighsModelStatus.kTimeLimit: pulp.LpSolveStatus.TimeLimit,
    highspy.HighsModelStatus.kIterationLimit: pulp.LpSolveStatus.IterationLimit,
    highspy.HighsModelStatus.kMemoryLimit: pulp.LpSolveStatus.MemoryLimit,
}


def _highs_lp(arrays: _Arrays) -> Any:
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = arrays.cost.size, arrays.row_upper.size
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = arrays.cost, arrays.lower, arrays.upper
    lp.row_lower_, lp.row_upper_ = arrays.row_lower, arrays.row_upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = arrays.starts, arrays.columns, arrays.factors
    return lp


def _ms_since(began: float) -> float:
    return (time.perf_counter() - began) * 1000
