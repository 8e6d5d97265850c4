"""Why vehicles miss energy: what stood in the way, when, and how much it took; and what is above limits anyway."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from optimizer.planning.case import Case, floored
from optimizer.planning.problem import Bools, Floats, Overload, Problem, Shortage, energy
from optimizer.planning.tree import rows_of, with_load

Ints = NDArray[np.int64]

TOO_SHORT = "stays too short"
ARRIVING = "room kept for arriving cars"
STAYING = "room kept for cars that may stay longer"

SHORT_KWH = 1e-3
"""Less is no shortage."""

_UNTOLD_KWH = 5e-4
"""A cause of less stays untold beside a greater one."""

_ROUNDING_KWH = 1e-6
"""Less is no time at which anything was in the way: a departure may lie a hair behind the start of a step."""

_TIMES = 3
"""If a limit was in the way more often, only the first and the last moment are told."""


def shortages(problem: Problem, rates: Floats, battery_kw: Floats | None = None) -> tuple[tuple[Shortage, ...], ...]:
    """Why each vehicle is short, the greatest first; nothing where it is not.

    Together they make what is missing. Times are in the zone of the problem's start.

    Args:
        problem: what was planned.
        rates: (vehicles, steps).
        battery_kw: what the battery draws, (steps,).
    """
    battery = problem.battery
    case = Case(problem if battery is None or battery_kw is None else with_load(problem, battery.node, battery_kw))
    missing = case.need_kwh - case.energy(rates)
    short = np.flatnonzero(missing > SHORT_KWH)
    found: list[tuple[Shortage, ...]] = [()] * case.shape[0]
    if not short.size:
        return tuple(found)
    obstacles = _Obstacles(case, short, rates)
    for number, vehicle in enumerate(short.tolist()):
        found[vehicle] = tuple(_shortages(case, obstacles, number, vehicle, float(missing[vehicle])))
    return tuple(found)


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


def _shortages(
    case: Case, obstacles: "_Obstacles", number: int, vehicle: int, missing_kwh: float
) -> Iterator[Shortage]:
    """All shortages of one vehicle, the greatest first."""
    if case.most[vehicle] == 0:
        yield Shortage(_no_rate(case, vehicle), missing_kwh)
        return
    possible_kwh = float(case.most[vehicle] * case.kwh_per_unit[vehicle].sum())
    beyond_kwh = max(0.0, float(case.need_kwh[vehicle]) - possible_kwh)
    found = [_no_time(case, vehicle, possible_kwh, beyond_kwh)] if beyond_kwh else []
    found += obstacles.of(number, vehicle, missing_kwh - beyond_kwh)
    found.sort(key=lambda each: (each.kwh, each.cause), reverse=True)
    yield from (each for each in found if each.kwh >= min(_UNTOLD_KWH, found[0].kwh))


def _no_rate(case: Case, vehicle: int) -> str:
    """There is no rate that it could charge with."""
    it = case.problem.vehicles[vehicle]
    unit = "kW" if it.dc else "A"
    if it.most >= it.resolution:
        return f"most below least ({it.most:g} {unit} < {it.least:g} {unit})"
    return f"may draw {it.most:g} {unit} at most"


def _no_time(case: Case, vehicle: int, possible_kwh: float, beyond_kwh: float) -> Shortage:
    """Even with the highest rate all the time it could not have all."""
    problem, it = case.problem, case.problem.vehicles[vehicle]
    end_s = float(problem.edges_s[-1])
    if it.departure_s <= 0:
        return Shortage("has left", beyond_kwh)
    if it.departure_s <= it.arrival_s:
        return Shortage("leaves before it arrives", beyond_kwh)
    if it.arrival_s >= end_s:
        return Shortage("arrives after the horizon", beyond_kwh)
    hours = (min(it.departure_s, end_s) - max(it.arrival_s, 0.0)) / 3600
    most = f"{case.most[vehicle]:g} {'kW' if it.dc else 'A'}"
    note = f"{energy(possible_kwh)} of {it.energy_kwh:.4g} kWh fit into {hours:.1f} h at {most}"
    return Shortage(TOO_SHORT if it.departure_s <= end_s else "horizon too short", beyond_kwh, note=note)


class _Obstacles:
    """What kept vehicles from drawing more, beside all others: k vehicles that are short, t steps, r rows."""

    def __init__(self, case: Case, short: Ints, rates: Floats) -> None:
        self._case = case
        self._nodes = {node.id: node for node in case.problem.nodes}
        self._dated = sum(case.problem.step_seconds) > 24 * 3600
        room, row = self._tightest(short, case.left(rates))
        self._causes, self._cause = self._named(row)

        own, most, kwh = rates[short], case.most[short, None], case.kwh_per_unit[short]
        resolution = case.resolution[short, None]
        least = np.maximum(case.least[short, None], resolution)
        reachable = floored(np.minimum(own + room, most), resolution)
        usable = np.where(reachable >= least, np.maximum(reachable - own, 0.0), 0.0)
        lost_kwh = np.maximum(most - own - usable, 0.0) * kwh
        self._lost_kwh: Floats = np.where(lost_kwh > _ROUNDING_KWH, lost_kwh, 0.0)
        """What the limits kept it from, (k, t)."""
        self._unused_kwh: Floats = (usable * kwh).sum(axis=1)
        """What it could have drawn and does not, (k,)."""
        smallest = np.where(usable * kwh > 0, np.where(own > 0, resolution, least) * kwh, np.inf)
        self._smallest_kwh: Floats = smallest.min(axis=1, initial=np.inf)
        """The least part of that, (k,)."""

    def of(self, number: int, vehicle: int, missing_kwh: float) -> Iterator[Shortage]:
        """What each obstacle cost a vehicle, in proportion to what it kept it from.

        Room that it could have used beside the others is nobody else's fault.
        """
        unused_kwh = min(missing_kwh, float(self._unused_kwh[number]))
        if unused_kwh > 0:
            rounding = self._smallest_kwh[number] > missing_kwh
            yield Shortage("rounding to what it can draw" if rounding else "room left unused", unused_kwh)
        lost_kwh, cause = self._lost_kwh[number], self._cause[number]
        if missing_kwh <= unused_kwh or not lost_kwh.any():
            return
        amounts = np.bincount(cause, lost_kwh) * ((missing_kwh - unused_kwh) / lost_kwh.sum())
        for each in np.flatnonzero(amounts).tolist():
            periods = tuple(_periods(self._case.problem, vehicle, (cause == each) & (lost_kwh > 0)))
            yield Shortage(self._causes[each], float(amounts[each]), periods, self._dated)

    def _tightest(self, short: Ints, left: Floats) -> tuple[Floats, Ints]:
        """How much of its rate the limits leave each vehicle, and which row leaves least; (k, t) each.

        Of several that are full it is the one that is full most often: few reasons say more than many.
        """
        case = self._case
        room, row = (
            np.full((short.size, left.shape[1]), np.inf),
            np.zeros((short.size, left.shape[1]), dtype=np.int64),
        )
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
            row[positions] = on[tightest]
        return room, row

    def _named(self, row: Ints) -> tuple[list[str], Ints]:
        """The causes, and which it is of each vehicle and step, given the rows that leave least; (k, t)."""
        steps = row.shape[1]
        places, place = np.unique(row * steps + np.arange(steps), return_inverse=True)
        names = [self._name(*divmod(each, steps)) for each in places.tolist()]
        causes = list(dict.fromkeys(names))
        number = {cause: number for number, cause in enumerate(causes)}
        return causes, np.array([number[name] for name in names], dtype=np.int64)[place].reshape(row.shape)

    def _name(self, row: int, step: int) -> str:
        """What is in the way on a row: the place, the line, where its limit comes from, and what takes most of it."""
        rows = self._case.rows
        if not rows.rows:  # then nothing is
            return ""
        node, line = rows.rows[row].node, rows.rows[row].line
        place = "grid connection" if self._nodes[node].parent is None else f"feeder {node}"
        source = self._nodes[node].sources[step] if self._nodes[node].sources else ""
        arriving, staying = rows.arriving[row, step], rows.staying[row, step]
        kept = ""
        if rows.over[row, step] > 0:
            kept = "limit below base load"
        elif arriving + staying > rows.room[row, step]:
            kept = ARRIVING if arriving >= staying else STAYING
        return ", ".join(filter(None, (place, line, source, kept)))


def _periods(problem: Problem, vehicle: int, steps: Bools) -> Iterator[tuple[datetime, datetime]]:
    """When it is true, as long as a vehicle is there."""
    stays = timedelta(seconds=min(problem.vehicles[vehicle].departure_s, float(problem.edges_s[-1])))
    leaves = (problem.start.astimezone(UTC) + stays).astimezone(problem.start.tzinfo)
    runs = list(_runs(steps))
    if len(runs) > _TIMES:
        runs = [(runs[0][0], runs[-1][1])]
    yield from ((problem.starts[first], min(problem.starts[end], leaves)) for first, end in runs)


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
