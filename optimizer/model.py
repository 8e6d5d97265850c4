"""The charging of a site as a linear program, and the plan that comes out of it.

Each vehicle's need is cut into slices whose reward falls from slice to slice, so that a scarce site first
gives everyone some; energy is worth more than anything else, then charging early, then leaving the plan as it
was. What comes out of the solver is made chargeable (a vehicle draws nothing or at least its minimum),
brought back to the plan before wherever little is lost by it (each changed schedule is a request to a charge
point), cut to tenths of an ampere and checked against every limit without a line of this shared. If the
solver fails, a greedy plan stands in.
"""

import logging
import math
import time
from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from optimizer.lp import Lp
from optimizer.problem import Plan, Problem, Vehicle
from optimizer.profiles import EPSILON_A, Floats, floor_tenth

log = logging.getLogger(__name__)

Bools = NDArray[np.bool_]

_Planner = Callable[[Bools, Floats], Floats]
"""Plans the vehicles marked in (n,) anew beside the currents (n, t) of the others, all of which it returns;
(n, t)."""

SLICES = 4
SLICE_REWARDS = np.linspace(3.0, 1.0, SLICES)
"""Per kWh and priority. All other prices are small against the differences of these."""

LATE_PRICE = 1e-3
"""Per kWh and hour of waiting."""

RISE_PRICE = 1e-4
"""Per ampere by which a vehicle's current rises from one step to the next: few, long blocks instead of
many."""

RISE_CELLS = 800
"""Programs of more vehicles times steps go without that price: its rows would cost more time than they are
worth."""

VALUE_LOSS = 0.2
VALUE_LOSS_KWH = 0.5
"""How much of the value of a free plan (and of its kWh) may be given up to leave schedules as they are. It
can be
much: what is planned for later may still be changed later, before anything is lost."""

NEAR_H = 0.5
NEAR_LOSS = 0.15
NEAR_LOSS_KWH = 1.0
"""How much of the energy of the next `NEAR_H` hours may be given up for that: what is not used now is
gone."""

REPAIR_LOSS = 0.002
"""If making a plan chargeable costs more of its value, the program is solved once more for what is left to
decide."""

UNMET_H = 12.0
"""A kWh that is not planned at all counts as one that waits so long, when it is asked who shall fill a
gap."""


def solve(problem: Problem, time_limit_s: float = 5.0) -> Plan:
    """Plan the charging: the most energy, shared fairly by slices, then the earliest, with few changes.

    Never raises for a problem that could be constructed, and never plans above a limit: the linear program,
    then a greedy plan, then nothing at all; the first whose rounded currents pass an independent check is the
    plan.

    Args:
        problem: vehicles, limits and the plan before.
        time_limit_s: how long the solver may take, in seconds.
    """
    began = time.perf_counter()
    case = _Case(problem)

    def optimal(free: Bools, fixed: Floats) -> Floats:
        ends = began + time_limit_s
        relaxed = _relaxed(case, free, fixed, ends - time.perf_counter())
        repaired = _repaired(case, free, fixed, relaxed)
        if not free.any() or (case.value(repaired).sum() >= (1 - REPAIR_LOSS) * case.value(relaxed).sum()):
            return repaired
        again = _relaxed(case, free, fixed, ends - time.perf_counter(), repaired > 0)
        return _repaired(case, free, fixed, again)

    def greedy(free: Bools, fixed: Floats) -> Floats:
        return _greedy(case, free, fixed)

    planners: dict[str, _Planner] = {"highs": optimal, "greedy": greedy}
    for solver, planner in planners.items():
        try:
            plan = _plan(case, _with_few_changes(case, planner), solver, began)
        except Exception:
            log.exception("the %s plan failed", solver)
            continue
        wrong = broken_limits(problem, plan)
        if not wrong:
            return plan
        log.error("the %s plan broke limits: %s", solver, "; ".join(wrong[:5]))
    return _plan(case, np.zeros(case.shape), "none", began)


def broken_limits(problem: Problem, plan: Plan) -> list[str]:
    """Everything a plan breaks: limits of phases and vehicles, the least current, charging after the
    departure.

    Written without a line of the model, so that an error there does not hide here.
    """
    wrong = []
    for vehicle in problem.vehicles:
        for start, current in zip(problem.starts, plan.current_a[vehicle.id], strict=False):
            if current and not vehicle.min_a - EPSILON_A <= current <= vehicle.max_a + EPSILON_A:
                wrong.append(f"{vehicle.id} at {start}: {current} A")
            if current and start >= vehicle.departure:
                wrong.append(f"{vehicle.id} at {start}: has left")
    for phase, limits in problem.available_a.items():
        for step, limit in enumerate(limits):
            end = problem.starts[step + 1]
            on_phase = [vehicle for vehicle in problem.vehicles if phase in vehicle.phases]
            drawn = sum(plan.current_a[vehicle.id][step] for vehicle in on_phase)
            tails = sum(vehicle.tail_a for vehicle in on_phase if vehicle.departure < end)
            if drawn > EPSILON_A and drawn + tails > limit + EPSILON_A:
                wrong.append(f"{phase} at {problem.starts[step]}: {drawn} + {tails} A of tails, not {limit}")
    return wrong


class _Case:
    """A problem as arrays: n vehicles, t steps, p phases."""

    def __init__(self, problem: Problem) -> None:
        vehicles = problem.vehicles
        self.problem = problem
        self.shape = (len(vehicles), len(problem.step_seconds))
        phases = list(problem.available_a)
        edges = np.array([moment.timestamp() for moment in problem.starts])
        leaves = np.array([vehicle.departure.timestamp() for vehicle in vehicles]).reshape(-1, 1)

        self.on_phase: Bools = np.array(
            [[phase in vehicle.phases for vehicle in vehicles] for phase in phases], dtype=bool
        ).reshape(len(phases), len(vehicles))
        """(p, n)"""
        least = np.array([vehicle.min_a for vehicle in vehicles])
        self.min_a: Floats = np.ceil(least * 10 - EPSILON_A) / 10
        self.max_a: Floats = np.array([_usable(vehicle) for vehicle in vehicles])
        self.need_kwh: Floats = np.array([vehicle.energy_kwh for vehicle in vehicles])
        self.priority: Floats = np.array([vehicle.priority for vehicle in vehicles])
        """(n,) each"""
        taken = np.array([vehicle.taken_kwh for vehicle in vehicles])
        hours: Floats = np.clip(np.minimum(leaves, edges[1:]) - edges[:-1], 0.0, None) / 3600
        self.stays: Bools = hours > 0
        self.kwh_per_a: Floats = hours * self.on_phase.sum(axis=0).reshape(-1, 1) * problem.voltage_v / 1000
        """(n, t) each: whether it is there, and what an ampere per phase brings"""
        self.wait_h: Floats = ((edges[1:] + edges[:-1]) / 2 - edges[0]) / 3600
        """(t,)"""
        tails = np.array([vehicle.tail_a for vehicle in vehicles]).reshape(-1, 1)
        free = np.array([problem.available_a[phase] for phase in phases]).reshape(len(phases), -1)
        free = free - self.on_phase @ np.where(leaves < edges[1:], tails, 0.0)
        self.available_a: Floats = np.clip(free, 0.0, None)
        self.over_a: Floats = np.clip(-free, 0.0, None)
        """(p, t) each"""
        edges_kwh = np.linspace(0.0, 1.0, SLICES + 1) * (taken + self.need_kwh).reshape(-1, 1)
        self.slice_kwh: Floats = np.diff(np.maximum(edges_kwh, taken.reshape(-1, 1)), axis=1)
        self.before_a, self.known = _before(problem, self)
        """(n, t) the plan before, 0 where there is none, and (n,) whether there is one"""

    def room(self, currents: Floats, vehicle: int) -> Floats:
        """What the limits leave for one vehicle beside the others at each step; (t,)."""
        free = self.available_a - self.on_phase @ currents
        return np.asarray(free[self.on_phase[:, vehicle]].min(axis=0) + currents[vehicle])

    def ceiling(self, currents: Floats, vehicle: int) -> Floats:
        """The highest current that one vehicle may draw beside the others at each step, and charge with;
        (t,)."""
        highest = np.minimum(self.room(currents, vehicle), self.max_a[vehicle])
        usable = self.stays[vehicle] & (highest >= self.min_a[vehicle] - EPSILON_A)
        return np.asarray(np.where(usable, highest, currents[vehicle]))

    def value(self, currents: Floats) -> Floats:
        """What the plan of each vehicle is worth, as in the objective of the program; (n,)."""
        above = self.energy(currents).reshape(-1, 1) - np.cumsum(self.slice_kwh, axis=1) + self.slice_kwh
        filled = np.clip(above, 0.0, self.slice_kwh)
        late = LATE_PRICE * (currents * self.kwh_per_a) @ self.wait_h
        return np.asarray(self.priority * (filled @ SLICE_REWARDS) - late)

    def energy(self, currents: Floats) -> Floats:
        """The energy that each vehicle takes in kWh, never more than it needs; (n,)."""
        return np.minimum((currents * self.kwh_per_a).sum(axis=1), self.need_kwh)


def _usable(vehicle: Vehicle) -> float:
    """The highest current in tenths of an ampere; 0 if that is below the least one."""
    return floor_tenth(vehicle.max_a) if floor_tenth(vehicle.max_a) >= vehicle.min_a else 0.0


def _before(problem: Problem, case: _Case) -> tuple[Floats, Bools]:
    """The schedules before on the steps of now (the highest within a step), cut to what the vehicle may draw
    now."""
    before = np.zeros(case.shape)
    known = np.zeros(len(problem.vehicles), dtype=bool)
    for row, vehicle in enumerate(problem.vehicles):
        schedule = problem.previous.get(vehicle.id)
        if schedule is None:
            continue
        known[row] = True
        for step, (start, end) in enumerate(pairwise(problem.starts)):
            if start < vehicle.departure:
                before[row, step] = schedule.highest(start, min(end, vehicle.departure))
    before = np.minimum(before, case.max_a.reshape(-1, 1))
    return np.where(before >= case.min_a.reshape(-1, 1), before, 0.0), known


def _with_few_changes(case: _Case, planner: _Planner) -> Floats:
    """A plan nearly as good as a free one in which most vehicles keep the schedule before; (n, t).

    Vehicles without a schedule before are planned into what the others leave. As long as that is not good
    enough, a few more are planned anew with them: those that matter most. A situation that did not change
    gives the same plan.
    """
    best = planner(np.ones(case.shape[0], dtype=bool), np.zeros(case.shape))
    aim = _Aim(case, best)
    free = ~case.known | _unfit(case)
    bound = free.copy()
    while not free.all():
        fixed = np.where(free.reshape(-1, 1), 0.0, case.before_a)
        plan = planner(free, fixed) if free.any() else fixed
        if aim.reached(plan):
            return _taken_back(case, aim, plan, free & ~bound)
        ranking = np.where(free, -1.0, aim.matters(plan))
        free[np.argsort(-ranking, kind="stable")[: max(1, int((free & case.known).sum()) // 2)]] = True
    return best


def _taken_back(case: _Case, aim: "_Aim", plan: Floats, candidates: Bools) -> Floats:
    """The plan with the schedule before for each candidate whose change turns out not to be needed; (n,
    t)."""
    for row in np.flatnonzero(candidates):
        kept = plan.copy()
        kept[row] = case.before_a[row]
        if (kept[row] <= case.room(plan, int(row)) + EPSILON_A).all() and aim.reached(kept):
            plan = kept
    return plan


class _Aim:
    """How good a plan must be beside the best one, and which vehicles stand in the way."""

    def __init__(self, case: _Case, best: Floats) -> None:
        self._case = case
        self._near = case.wait_h < NEAR_H
        self._best_value = case.value(best)
        value, near = float(self._best_value.sum()), float(self._soon(best).sum())
        self._value = value - max(VALUE_LOSS_KWH, VALUE_LOSS * value)
        self._near_kwh = near - max(NEAR_LOSS_KWH, NEAR_LOSS * near)

    def reached(self, plan: Floats) -> bool:
        """Whether the plan is worth enough, and uses what is there now."""
        return self._worth(plan) and self._busy(plan)

    def matters(self, plan: Floats) -> Floats:
        """How much each vehicle has to do with the aim not being reached; (n,)."""
        matters = np.zeros(self._case.shape[0])
        if not self._worth(plan):
            matters += np.abs(self._best_value - self._case.value(plan))
        if not self._busy(plan):
            matters += self._gap_filling(plan)
        return matters

    def _worth(self, plan: Floats) -> bool:
        return bool(self._case.value(plan).sum() >= self._value)

    def _busy(self, plan: Floats) -> bool:
        return bool(self._soon(plan).sum() >= self._near_kwh)

    def _soon(self, plan: Floats) -> Floats:
        """The energy that each vehicle takes in the next `NEAR_H` hours in kWh; (n,)."""
        energy = (plan * self._case.kwh_per_a)[:, self._near].sum(axis=1)
        return np.minimum(energy, self._case.need_kwh)

    def _gap_filling(self, plan: Floats) -> Floats:
        """What each vehicle could take soon in the room left, times how long it would wait else, in kWh h;
        (n,).

        Also the energy that is reserved soon for vehicles that do not need it.
        """
        case, near = self._case, self._near
        energy = plan * case.kwh_per_a
        later = np.where(near, 0.0, energy)
        unmet = case.need_kwh - case.energy(plan)
        postponed = later.sum(axis=1) + unmet
        wait_h = (later @ case.wait_h + UNMET_H * unmet) / np.maximum(postponed, EPSILON_A)
        room = np.array([case.ceiling(plan, row) for row in range(case.shape[0])]).reshape(case.shape)
        possible = ((room - plan).clip(0.0) * case.kwh_per_a)[:, near].sum(axis=1)
        unneeded = (energy[:, near].sum(axis=1) - case.need_kwh).clip(0.0)
        return np.asarray(np.minimum(possible, postponed) * wait_h + unneeded * UNMET_H)


def _unfit(case: _Case) -> Bools:
    """Which of the vehicles cannot keep the plan before: all the others fit together; (n,)."""
    back = case.known.copy()
    while True:
        before = np.where(back.reshape(-1, 1), case.before_a, 0.0)
        above = case.on_phase @ before > case.available_a + EPSILON_A
        if not above.any() or not back.any():
            return ~back
        relief = (before * (case.on_phase.T @ above)).sum(axis=1)
        back[relief.argmax()] = False


def _relaxed(
    case: _Case,
    free: Bools,
    fixed: Floats,
    time_limit_s: float,
    pattern: Bools | None = None,
) -> Floats:
    """The optimum of the linear program for the free vehicles, which may draw any current up to their
    highest.

    Args:
        case: the problem.
        free: (n,) which vehicles are planned.
        fixed: (n, t) the currents of the others; 0 for the free ones.
        time_limit_s: how long the solver may take.
        pattern: (n, t) if given, they draw at least their least current where it is true and nothing
            elsewhere.

    Returns:
        (n, t) currents of all.

    Raises:
        SolverFailed: there is no optimum to be had.
    """
    lp = Lp()
    rows = np.flatnonzero(free)
    highest = np.where(case.stays, case.max_a.reshape(-1, 1), 0.0)[rows]
    kwh_per_a = case.kwh_per_a[rows]
    lowest = np.zeros(highest.shape)
    if pattern is not None:
        highest = np.where(pattern[rows], highest, 0.0)
        lowest = np.where(pattern[rows], case.min_a[rows].reshape(-1, 1), 0.0)
    currents = lp.columns(highest, -LATE_PRICE * case.wait_h * kwh_per_a, lowest)
    slices = lp.columns(case.slice_kwh[rows], np.outer(case.priority[rows], SLICE_REWARDS))
    for row, factors in enumerate(kwh_per_a):
        lp.row([slices[row], currents[row]], [np.ones(SLICES), -factors], 0.0)
    left = np.clip(case.available_a - case.on_phase @ fixed, 0.0, None)
    for on_phase, limits in zip(case.on_phase[:, rows], left, strict=True):
        for step in np.flatnonzero(highest[on_phase].sum(axis=0) > limits):
            ids = currents[on_phase, step]
            lp.row([ids], [np.ones(ids.size)], float(limits[step]))
    if currents.size <= RISE_CELLS:
        _price_rises(lp, currents, highest, case.before_a[rows])
    values = lp.solved(time_limit_s)
    planned = fixed.copy()
    planned[rows] = values[currents]
    return planned


def _price_rises(lp: Lp, currents: NDArray[np.int64], highest: Floats, before_a: Floats) -> None:
    """Let each rise of a current from one step to the next cost a little; the first from what is planned for
    now."""
    rises = lp.columns(highest, np.full(highest.shape, -RISE_PRICE))
    first, others = np.array([1.0, -1.0]), np.array([1.0, -1.0, -1.0])
    earlier = np.roll(currents, 1, axis=1)
    for row, ids in enumerate(np.stack([currents, rises, earlier], axis=2)):
        for step, columns in enumerate(ids):
            if step == 0:
                lp.row([columns[:2]], [first], float(before_a[row, 0]))
            else:
                lp.row([columns], [others], 0.0)


def _repaired(case: _Case, free: Bools, fixed: Floats, relaxed: Floats) -> Floats:
    """Whole tenths of an ampere, 0 or at least the least current, with nearly the energy of `relaxed`; (n,
    t).

    What is below the least current becomes zero; then each vehicle gets back what it lost by that, and then
    whatever the limits still leave, the one that misses the largest share first.
    """
    currents = np.floor(relaxed * 10 + EPSILON_A) / 10
    currents = np.where(currents >= case.min_a.reshape(-1, 1), currents, 0.0)
    currents = np.where(free.reshape(-1, 1), currents, fixed)
    _fill(case, currents, np.where(free, case.energy(relaxed), 0.0))
    _fill(case, currents, np.where(free, case.need_kwh, 0.0))
    return currents


def _greedy(case: _Case, free: Bools, fixed: Floats) -> Floats:
    """Currents without a solver: every vehicle gets a slice of its need in turn, as early as there is room;
    (n, t)."""
    currents = fixed.copy()
    for number in range(1, SLICES + 1):
        _fill(case, currents, np.where(free, case.need_kwh * number / SLICES, 0.0))
    return currents


def _fill(case: _Case, currents: Floats, targets_kwh: Floats) -> None:
    """Raise `currents` (n, t) in place towards energies (n,) where there is room, largest missing share
    first."""
    shares = (targets_kwh - case.energy(currents)) / np.maximum(case.need_kwh, EPSILON_A)
    for row in np.argsort(-shares * case.priority, kind="stable"):
        if shares[row] > EPSILON_A:
            _fill_one(case, currents, int(row), targets_kwh[row])


def _fill_one(case: _Case, currents: Floats, row: int, target_kwh: float) -> None:
    """Raise one vehicle's currents towards `target_kwh` in tenths of an ampere, as early as there is room."""
    own = currents[row]
    ceiling = np.floor(case.ceiling(currents, row) * 10 + EPSILON_A) / 10
    missing = target_kwh - float(own @ case.kwh_per_a[row])
    for step in np.flatnonzero(ceiling > own + EPSILON_A):
        if missing <= EPSILON_A:
            return
        enough = math.ceil((own[step] + missing / case.kwh_per_a[row, step]) * 10 - EPSILON_A) / 10
        raised = min(ceiling[step], max(enough, case.min_a[row]))
        missing -= (raised - own[step]) * case.kwh_per_a[row, step]
        own[step] = raised


def _plan(case: _Case, currents: Floats, solver: str, began: float) -> Plan:
    """The plan as it is told to others."""
    ids = [vehicle.id for vehicle in case.problem.vehicles]
    unmet = np.maximum(case.need_kwh - case.energy(currents), 0.0)
    return Plan(
        current_a={name: tuple(row) for name, row in zip(ids, currents.tolist(), strict=True)},
        unmet_kwh=dict(zip(ids, unmet.tolist(), strict=True)),
        over_a=dict(zip(case.problem.available_a, map(tuple, case.over_a.tolist()), strict=True)),
        solver=solver,
        solve_ms=(time.perf_counter() - began) * 1000,
    )
