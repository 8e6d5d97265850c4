"""The floor: the same linear program from plain arrays, handed to HiGHS in one call. No names, no checks, no plan."""

from dataclasses import dataclass, replace
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray

from benchmarks.optimizer.instances import possible_kwh
from optimizer.planning.problem import Bools, Floats, Problem
from optimizer.planning.tree import rows_of

KWH_WORTH = 1000.0
"""A kWh to any vehicle; against this, waiting is next to nothing, as for the optimizer."""

HOUR_PRICE = 0.01
"""Per kWh and hour of waiting."""

PRICE = 30.0
"""Of a kWh at the highest price; energy is worth far more."""

BARRIER_CELLS = 100_000
"""From so many variables on, the interior point method is faster than the simplex method."""


@dataclass(frozen=True)
class Arrays:
    """What the floor is given.

    Most (n,), need (n,), kWh per ampere (n, t), worth of a kWh (t,), weights (rows, n), room (rows, t).
    """

    most: Floats
    need_kwh: Floats
    kwh: Floats
    worth: Floats
    weights: Floats
    room: Floats

    def energy(self, rates: Floats) -> float:
        """What all vehicles together take, in kWh."""
        return float((rates * self.kwh).sum())

    def value(self, rates: Floats) -> float:
        """What the program maximizes."""
        return float((rates * self.kwh * self.worth).sum())


def arrays_of(problem: Problem) -> Arrays:
    """A problem as arrays."""
    rows = rows_of(problem)
    prices = problem.prices.import_per_kwh if problem.prices else np.zeros(len(problem.step_seconds))
    wait_h = (problem.edges_s[1:] + problem.edges_s[:-1]) / 2 / 3600
    return Arrays(
        most=np.array([vehicle.most for vehicle in problem.vehicles]),
        need_kwh=np.array([vehicle.energy_kwh for vehicle in problem.vehicles]),
        kwh=possible_kwh(problem),
        worth=KWH_WORTH - PRICE * prices / max(prices.max(), 1e-9) - HOUR_PRICE * wait_h,
        weights=rows.weights,
        room=rows.room,
    )


def energy_only(arrays: Arrays) -> Arrays:
    """Without any price: nothing counts but energy."""
    return replace(arrays, worth=np.full(arrays.worth.shape, KWH_WORTH))


def best(arrays: Arrays) -> Floats:
    """The rates that are worth the most; (n, t)."""
    there = arrays.kwh > 0
    highs = solved(_model(arrays, there), int(there.sum()))
    rates = np.zeros(there.shape)
    rates[there] = highs.getSolution().col_value
    return rates


def _model(arrays: Arrays, there: Bools) -> Any:
    """A column for each vehicle and step that it is there; a row for each need, and for each limit at each step."""
    vehicle, step = there.nonzero()
    vehicles, steps = there.shape
    rows = arrays.weights.shape[0]
    kwh = arrays.kwh[there]
    # Each column has its vehicle's need, then every limit; those that are none of its own are dropped.
    values = np.concatenate([kwh[:, None], arrays.weights.T[vehicle]], axis=1)
    indices = np.concatenate([vehicle[:, None], vehicles + np.arange(rows) * steps + step[:, None]], axis=1)
    own: NDArray[np.bool_] = values != 0
    lp: Any = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = vehicle.size, vehicles + rows * steps
    lp.sense_ = highspy.ObjSense.kMaximize
    lp.col_cost_ = kwh * arrays.worth[step]
    lp.col_lower_ = np.zeros(vehicle.size)
    lp.col_upper_ = arrays.most[vehicle]
    lp.row_lower_ = np.full(lp.num_row_, -highspy.kHighsInf)
    lp.row_upper_ = np.concatenate([arrays.need_kwh, arrays.room.ravel()])
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = np.concatenate([[0], np.cumsum(own.sum(axis=1))])
    lp.a_matrix_.index_ = indices[own]
    lp.a_matrix_.value_ = values[own]
    return lp


def solved(lp: Any, size: int) -> Any:
    """HiGHS, done with a program.

    Raises:
        RuntimeError: without an optimum.
    """
    highs: Any = highspy.Highs()  # type: ignore[no-untyped-call]  # no types are published
    options = {"solver": "ipm"} if size >= BARRIER_CELLS else {"solver": "simplex", "presolve": "off"}
    for option, value in {"output_flag": False, "threads": 1, **options}.items():
        highs.setOptionValue(option, value)
    highs.passModel(lp)
    highs.run()
    if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        raise RuntimeError(f"HiGHS ended with {highs.getModelStatus()}")
    return highs
