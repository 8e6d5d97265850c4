"""Why vehicles miss energy: what stood in the way, when, and how much it took; and what is above limits anyway."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from optimizer.planning.case import Case, floored
from optimizer.planning.problem import Bools, Floats, Line, Overload, Problem
from optimizer.planning.tree import rows_of, with_load

Ints = NDArray[np.int64]

SHORT_KWH = 1e-3
"""Less is no shortage."""

_UNTOLD_KWH = 5e-4
"""A cause of less stays untold beside a greater one."""

_TIMES = 3
"""If a limit was in the way more often, only the first and the last moment are told."""


def why(problem: Problem, rates: Floats, battery_kw: Floats | None = None) -> tuple[tuple[str, ...], ...]:
    """The reasons why each vehicle is short, the greatest first; none where it is not.

    Each ends in the energy that it took, as in "feeder F2, L2, 18:00-19:15: 4.2 kWh short"; together they make what is
    missing. Times are in the zone of the problem's start.

    Args:
        problem: what was planned.
        rates: (vehicles, steps).
        battery_kw: what the battery draws, (steps,).
    """
    battery = problem.battery
    case = Case(problem if battery is None or battery_kw is None else with_load(problem, battery.node, battery_kw))
    missing = case.need_kwh - case.energy(rates)
    short = np.flatnonzero(missing > SHORT_KWH)
    told: list[tuple[str, ...]] = [()] * case.shape[0]
    if not short.size:
        return tuple(told)
    obstacles = _Obstacles(case, short, rates)
    for number, vehicle in enumerate(short.tolist()):
        told[vehicle] = tuple(_reasons(case, obstacles, number, vehicle, float(missing[vehicle])))
    return tuple(told)


def overloads(problem: Problem) -> tuple[Overload, ...]:
    """What others than the vehicles draw above limits, each time from its start to its end."""
    limits = rows_of(problem)
    # All sides of a polygon tell the same.
    first_sides = [(row, over) for row, over in zip(limits.rows, limits.over, strict=True) if row.facet == 0]
    return tuple(
        Overload(row.node, row.line, problem.starts[first], problem.starts[end], float(over[first:end].max()))
        for row, over in first_sides
        for first, end in _runs(over > 0)
    )


def _reasons(case: Case, obstacles: "_Obstacles", number: int, vehicle: int, missing_kwh: float) -> Iterator[str]:
    """All reasons of one vehicle, the greatest first."""
    if case.most[vehicle] == 0:
        yield _told(missing_kwh, _no_rate(case, vehicle))
        return
    possible_kwh = float(case.most[vehicle] * case.kwh_per_unit[vehicle].sum())
    beyond_kwh = max(0.0, float(case.need_kwh[vehicle]) - possible_kwh)
    causes = [(beyond_kwh, _no_time(case, vehicle, possible_kwh))] if beyond_kwh else []
    causes += obstacles.of(number, missing_kwh - beyond_kwh)
    causes.sort(reverse=True)
    for kwh, cause in causes:
        if kwh >= min(_UNTOLD_KWH, causes[0][0]):
            yield _told(kwh, cause)


def _told(kwh: float, cause: str) -> str:
    return f"{cause}: {_energy(kwh)} kWh short"


def _energy(kwh: float) -> str:
    return f"{kwh:.1f}" if kwh >= 1 else f"{kwh:.3f}"


def _no_rate(case: Case, vehicle: int) -> str:
    """There is no rate that it could charge with."""
    it = case.problem.vehicles[vehicle]
    unit = "kW" if it.dc else "A"
    if it.most >= it.resolution:
        return f"most below least ({it.most:g} {unit} < {it.least:g} {unit})"
    return f"may draw {it.most:g} {unit} at most"


def _no_time(case: Case, vehicle: int, possible_kwh: float) -> str:
    """Even with the highest rate all the time it could not have all."""
    problem, it = case.problem, case.problem.vehicles[vehicle]
    end_s = float(problem.edges_s[-1])
    if it.departure_s <= 0:
        return "has left"
    if it.departure_s <= it.arrival_s:
        return "leaves before it arrives"
    if it.arrival_s >= end_s:
        return "arrives after the horizon"
    hours = (min(it.departure_s, end_s) - max(it.arrival_s, 0.0)) / 3600
    cause = "stays too short" if it.departure_s <= end_s else "horizon too short"
    fits = f"{_energy(possible_kwh)} of {it.energy_kwh:.4g} kWh fit into {hours:.1f} h"
    return f"{cause}: {fits} at {case.most[vehicle]:g} {'kW' if it.dc else 'A'}"


class _Obstacles:
    """What kept vehicles from drawing more, beside all others: k vehicles that are short, t steps, r rows."""

    def __init__(self, case: Case, short: Ints, rates: Floats) -> None:
        self._case = case
        self._calendar = _Calendar(case.problem)
        rows = case.rows.rows
        self._limits: list[tuple[str, Line]] = list(dict.fromkeys((row.node, row.line) for row in rows))
        self._roots = {node.id for node in case.problem.nodes if node.parent is None}
        room, self._cause = self._tightest(short, case.left(rates))

        own, most, kwh = rates[short], case.most[short, None], case.kwh_per_unit[short]
        resolution = case.resolution[short, None]
        least = np.maximum(case.least[short, None], resolution)
        reachable = floored(np.minimum(own + room, most), resolution)
        usable = np.where(reachable >= least, np.maximum(reachable - own, 0.0), 0.0)
        self._lost_kwh: Floats = np.maximum(most - own - usable, 0.0) * kwh
        """What the limits kept it from, (k, t)."""
        self._unused_kwh: Floats = (usable * kwh).sum(axis=1)
        """What it could have drawn and does not, (k,)."""
        smallest = np.where(usable * kwh > 0, np.where(own > 0, resolution, least) * kwh, np.inf)
        self._smallest_kwh: Floats = smallest.min(axis=1, initial=np.inf)
        """The least part of that, (k,)."""

    def of(self, number: int, missing_kwh: float) -> Iterator[tuple[float, str]]:
        """What each obstacle cost a vehicle in kWh, in proportion to what it kept it from.

        Room that it could have used beside the others is nobody else's fault.
        """
        unused_kwh = min(missing_kwh, float(self._unused_kwh[number]))
        if unused_kwh > 0:
            rounding = self._smallest_kwh[number] > missing_kwh
            yield unused_kwh, "rounding to what it can draw" if rounding else "room left unused"
        lost_kwh, cause = self._lost_kwh[number], self._cause[number]
        if missing_kwh <= unused_kwh or not lost_kwh.any():
            return
        amounts = np.bincount(cause, lost_kwh) * ((missing_kwh - unused_kwh) / lost_kwh.sum())
        for each in np.flatnonzero(amounts).tolist():
            yield float(amounts[each]), self._described(each, (cause == each) & (lost_kwh > 0))

    def _tightest(self, short: Ints, left: Floats) -> tuple[Floats, Ints]:
        """How much of its rate the limits leave each vehicle, and which leaves least; (k, t) each.

        Of several that are full it is the one that is full most often: few reasons say more than many.
        """
        case = self._case
        room, cause = (
            np.full((short.size, left.shape[1]), np.inf),
            np.zeros((short.size, left.shape[1]), dtype=np.int64),
        )
        number = {limit: number for number, limit in enumerate(self._limits)}
        limit_of = np.array([number[row.node, row.line] for row in case.rows.rows], dtype=np.int64)
        # Twice its number, and one more where others alone are above the limit.
        causes = 2 * limit_of[:, None] + (case.rows.over > 0)
        alike: dict[bytes, list[int]] = {}
        for position, vehicle in enumerate(short.tolist()):
            alike.setdefault(case.rows.weights[:, vehicle].tobytes(), []).append(position)
        for positions in alike.values():
            vehicle = short[positions[0]]
            on = np.flatnonzero(case.rows.weights[:, vehicle])
            if not on.size:
                continue
            here = floored(np.maximum(left[on] / case.rows.weights[on, vehicle, None], 0.0), case.resolution[vehicle])
            on, here = _sorted(on, here)
            tightest = here.argmin(axis=0)
            steps = np.arange(left.shape[1])
            room[positions] = here[tightest, steps]
            cause[positions] = causes[on[tightest], steps]
        return room, cause

    def _described(self, cause: int, steps: Bools) -> str:
        node, line = self._limits[cause // 2]
        place = f"{'grid connection' if node in self._roots else 'feeder'} {node}"
        what = ", limit below base load" if cause % 2 else ""
        return f"{place}, {line}, {self._calendar.times(steps)}{what}"


class _Calendar:
    """Times of the steps in words; with the date if the horizon is longer than a day."""

    def __init__(self, problem: Problem) -> None:
        dated = sum(problem.step_seconds) > 24 * 3600
        self._days = [f"{start:%Y-%m-%d} " if dated else "" for start in problem.starts]
        self._hours = [f"{start:%H:%M}" for start in problem.starts]

    def times(self, steps: Bools) -> str:
        """When it is true."""
        runs = list(_runs(steps))
        if len(runs) > _TIMES:
            runs = [(runs[0][0], runs[-1][1])]
        return ", ".join(self._time(first, end) for first, end in runs)

    def _time(self, first: int, end: int) -> str:
        day, last_day = self._days[first], self._days[end]
        return f"{day}{self._hours[first]}-{'' if last_day == day else last_day}{self._hours[end]}"


def _sorted(on: Ints, room: Floats) -> tuple[Ints, Floats]:
    """Rows in the order of how often they leave nothing, with what they leave, (r, t)."""
    order = np.argsort(-(room == 0).sum(axis=1), kind="stable")
    return on[order], room[order]


def _runs(steps: Bools) -> Iterator[tuple[int, int]]:
    """Where it is true without a gap, each from its first step to the one behind its last."""
    padded = np.zeros(steps.size + 2, dtype=bool)
    padded[1:-1] = steps
    edges = np.flatnonzero(padded[1:] != padded[:-1]).tolist()
    yield from zip(edges[::2], edges[1::2], strict=True)
