"""As little change as possible against the plan before: each changed schedule is a request to a charge point."""

from collections.abc import Callable

import numpy as np

from optimizer.planning.case import EPSILON, Case
from optimizer.planning.filling import Filling
from optimizer.planning.linear import LATE_PRICE
from optimizer.planning.problem import Bools, Floats
from optimizer.planning.program import SolverFailed

Planner = Callable[[Bools, Floats], Floats]
"""Plans the vehicles marked in (n,) anew beside the rates (n, t) of the others, all of which it returns; (n, t)."""

VALUE_LOSS = 0.2
VALUE_LOSS_KWH = 0.5
"""How much of the value of a free plan (and of its kWh) may be given up to leave schedules as they are. It can be much:
what is planned for later may still be changed later, before anything is lost."""

NEAR_H = 0.5
NEAR_LOSS = 0.15
NEAR_LOSS_KWH = 1.0
"""How much of the energy of the next `NEAR_H` hours may be given up for that: what is not used now is gone."""

UNMET_H = 12.0
"""A kWh that is not planned at all counts as one that waits so long, when it is asked who shall fill a gap."""


def with_few_changes(case: Case, planner: Planner) -> Floats:
    """A plan nearly as good as a free one in which most vehicles keep the schedule before; (n, t).

    Vehicles without a schedule before are planned into what the others leave. As long as that is not good enough, a few
    more are planned anew with them: those that matter most. A situation that did not change gives the same plan.
    Where there is no time for that, or the solver fails at it, the free plan it is.
    """
    best = planner(np.ones(case.shape[0], dtype=bool), np.zeros(case.shape))
    before, known = _before(case)
    if not known.any():
        return best
    aim = _Aim(case, best)
    free = ~known | _unfit(case, before, known)
    bound = free.copy()
    while not free.all():
        fixed = np.where(free[:, None], 0.0, before)
        try:
            plan = planner(free, fixed) if free.any() else fixed
        except SolverFailed:
            return best
        if aim.reached(plan):
            return _taken_back(case, aim, plan, before, free & ~bound)
        ranking = np.where(free, -1.0, aim.matters(plan))
        free[np.argsort(-ranking, kind="stable")[: max(1, int((free & known).sum()) // 2)]] = True
    return best


def _before(case: Case) -> tuple[Floats, Bools]:
    """The rates before, cut to what the vehicle may draw now, (n, t), and whether there are any, (n,)."""
    previous = case.problem.previous
    before = np.zeros(case.shape)
    known = np.zeros(case.shape[0], dtype=bool)
    for number, vehicle in enumerate(case.problem.vehicles):
        if vehicle.id in previous:
            before[number], known[number] = previous[vehicle.id], True
    before = np.where(case.stays, np.minimum(before, case.most[:, None]), 0.0)
    return np.where(before >= case.least[:, None] - EPSILON, before, 0.0), known


def _taken_back(case: Case, aim: "_Aim", plan: Floats, before: Floats, candidates: Bools) -> Floats:
    """The plan with the schedule before for each candidate whose change turns out not to be needed; (n, t)."""
    filling = Filling(case, plan.copy(), case.wait_h)
    for vehicle in np.flatnonzero(candidates).tolist():
        if (before[vehicle] > filling.ceiling(vehicle) + EPSILON).any():
            continue
        changed = filling.rates[vehicle].copy()
        filling.set(vehicle, before[vehicle])
        if not aim.reached(filling.rates):
            filling.set(vehicle, changed)
    return filling.rates


def _unfit(case: Case, before: Floats, known: Bools) -> Bools:
    """Which of the vehicles cannot keep the plan before: all the others fit together; (n,)."""
    back = known.copy()
    while True:
        kept = np.where(back[:, None], before, 0.0)
        above = case.left(kept) < -EPSILON
        if not above.any() or not back.any():
            return ~back
        relief = (kept * (case.rows.weights.T @ above)).sum(axis=1)
        back[relief.argmax()] = False


class _Aim:
    """How good a plan must be beside the best one, and which vehicles stand in the way."""

    def __init__(self, case: Case, best: Floats) -> None:
        self._case = case
        self._near = case.wait_h < NEAR_H
        self._best_value = self._value_of(best)
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
            matters += np.abs(self._best_value - self._value_of(plan))
        if not self._busy(plan):
            matters += self._gap_filling(plan)
        return matters

    def _worth(self, plan: Floats) -> bool:
        return bool(self._value_of(plan).sum() >= self._value)

    def _busy(self, plan: Floats) -> bool:
        return bool(self._soon(plan).sum() >= self._near_kwh)

    def _value_of(self, plan: Floats) -> Floats:
        """What the plan of each vehicle is worth, as in the linear program, but for cost; (n,)."""
        case = self._case
        late = LATE_PRICE * (plan * case.kwh_per_unit) @ case.wait_h
        return np.asarray(case.worth(plan) - case.priority * late)

    def _soon(self, plan: Floats) -> Floats:
        """The energy that each vehicle takes in the next `NEAR_H` hours in kWh; (n,)."""
        energy = (plan * self._case.kwh_per_unit)[:, self._near].sum(axis=1)
        return np.minimum(energy, self._case.need_kwh)

    def _gap_filling(self, plan: Floats) -> Floats:
        """What each vehicle could take soon in the room left, times how long it would wait else, in kWh h; (n,).

        Also the energy that is reserved soon for vehicles that do not need it.
        """
        case, near = self._case, self._near
        energy = plan * case.kwh_per_unit
        later = np.where(near, 0.0, energy)
        unmet = case.need_kwh - case.energy(plan)
        postponed = later.sum(axis=1) + unmet
        wait_h = (later @ case.wait_h + UNMET_H * unmet) / np.maximum(postponed, EPSILON)
        filling = Filling(case, plan.copy(), case.wait_h)
        ceilings = np.array([filling.ceiling(vehicle) for vehicle in range(case.shape[0])]).reshape(case.shape)
        possible = ((ceilings - plan).clip(0.0) * case.kwh_per_unit)[:, near].sum(axis=1)
        unneeded = (energy[:, near].sum(axis=1) - case.need_kwh).clip(0.0)
        return np.asarray(np.minimum(possible, postponed) * wait_h + unneeded * UNMET_H)
