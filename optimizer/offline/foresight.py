"""What could have been done by one who had known everything: the most energy that the limits allow."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from optimizer.offline.garage import Garage
from optimizer.planning.problem import Floats
from optimizer.planning.program import Program

TIME_LIMIT_S = 300.0


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Steps `begin` to `end` with the same cars under the same limits; `columns` are the power of each car in kW."""

    begin: int
    end: int
    cars: list[int]
    hours: Floats
    columns: NDArray[np.int64]


def best_power(garage: Garage) -> list[Floats]:
    """The power in kW that delivers the most energy: for each visit one value for each step that its car is there.

    One linear program over the whole time, without rounding. Between two events (a car comes or leaves, a limit
    changes) the same cars are under the same limits, so powers that don't change there lose nothing.

    Raises:
        SolverFailed: there is no optimum within five minutes.
    """
    program = Program()
    stretches = []
    for begin, end, cars in _events(garage):
        hours = np.array([sum(garage.hours(car, step) for step in range(begin, end)) for car in cars])
        columns = program.columns(garage.most_kw[cars], -hours)
        stretches.append(_Stretch(begin, end, cars, hours, columns))
        _limit(program, garage, stretches[-1])
    _satisfy(program, garage, stretches)
    values = program.minimized(TIME_LIMIT_S, {})
    power = [np.zeros(end - first) for first, end in zip(garage.first, garage.end, strict=True)]
    for stretch in stretches:
        for car, value in zip(stretch.cars, values[stretch.columns], strict=True):
            first = garage.first[car]
            power[car][stretch.begin - first : stretch.end - first] = max(value, 0.0)
    return power


def _events(garage: Garage) -> Iterator[tuple[int, int, list[int]]]:
    """The stretches between events, each with the cars that are there."""
    moves = np.flatnonzero((np.diff(garage.room, axis=1) != 0).any(axis=0)) + 1
    partial = np.floor(garage.leaves).astype(int).tolist()  # in the last step a car may be there in part
    edges = sorted({*garage.first, *garage.end, *np.minimum(partial, garage.steps).tolist(), *moves.tolist()})
    first, end = np.array(garage.first), np.array(garage.end)
    for begin, until in pairwise(edges):
        cars = np.flatnonzero((first <= begin) & (end >= until)).tolist()
        if cars:
            yield begin, until, cars


def _limit(program: Program, garage: Garage, stretch: _Stretch) -> None:
    """Every limit that the cars could reach."""
    weights = garage.weights[:, stretch.cars] / garage.kw_per_unit[stretch.cars]
    room = garage.room[:, stretch.begin]
    reached = np.flatnonzero(weights @ garage.most_kw[stretch.cars] > room)
    for row in reached.tolist():
        kept = weights[row] > 0
        program.rows(np.array([kept.sum()]), stretch.columns[kept], weights[row, kept], room[[row]])


def _satisfy(program: Program, garage: Garage, stretches: Sequence[_Stretch]) -> None:
    """No car takes more than it did."""
    cars = np.concatenate([np.zeros(0, dtype=int), *(np.array(stretch.cars) for stretch in stretches)])
    order = np.argsort(cars, kind="stable")
    columns = np.concatenate([np.zeros(0, dtype=int), *(stretch.columns for stretch in stretches)])[order]
    hours = np.concatenate([np.zeros(0), *(stretch.hours for stretch in stretches)])[order]
    counts = np.bincount(cars, minlength=len(garage.visits))
    here = counts > 0
    program.rows(counts[here], columns, hours, garage.need_kwh[here])
