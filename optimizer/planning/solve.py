"""The whole step: a linear program, made chargeable and calm, with few changes against the plan before, checked; and
what stands in if that fails."""

import logging
import time
from collections.abc import Callable
from functools import partial

import numpy as np

from optimizer.planning.bill import Bill
from optimizer.planning.calming import calmed, near_changes
from optimizer.planning.case import Case
from optimizer.planning.check import broken_limits
from optimizer.planning.filling import Filling
from optimizer.planning.greedy import greedy, static
from optimizer.planning.linear import Bounds, Relaxation
from optimizer.planning.problem import Bools, Floats, Plan, Problem
from optimizer.planning.program import SolverFailed, Timing
from optimizer.planning.repair import narrower, pattern, repaired
from optimizer.planning.shortfall import overloads, shortages
from optimizer.planning.steady import with_few_changes
from optimizer.planning.tree import Row, with_load

log = logging.getLogger(__name__)

TIME_LIMIT_S = 20.0
"""How long the solver may take where nobody has less time."""

CALM_CELLS = 50_000
"""Programs of more rates are not solved again for fewer changes: that would cost more time than it is worth."""

FEW_ROWS = 1_500
"""Nor are those of more rows, before it is decided who charges when."""

NOTHING_KWH = 0.001
"""Who misses less has all."""

PEAK = Row("peak", "kW")

REPAIR_LOSS = 0.002
"""If making a plan chargeable costs more of its worth, it is first decided who charges when, and then how much."""

PATTERN_LOSS = 0.008
"""If that costs more, it is decided bit by bit."""

DECISIONS = 10
"""In so many bits, at most."""

PEAK_TOLERANCE = 0.002
"""A part of a need for which the peak that is paid for is not passed."""


def solve(problem: Problem, *, bare: bool = False, time_limit_s: float = TIME_LIMIT_S) -> Plan:
    """Plan the charging of a site.

    Never raises for a problem that could be constructed, and never plans above a limit: the linear program, then a
    greedy plan, then static shares, then nothing at all; the first whose rates pass an independent check is the plan.

    Args:
        problem: what is known.
        bare: only energy, limits and phases: any rate up to the highest, no slices, no calming, no plan before.
        time_limit_s: how long the solver may take; what it could not make better by then stays as good as it is.
    """
    step = _Step(problem, bare=bare, time_limit_s=time_limit_s)
    failures: list[str] = []
    for solver, planner in step.planners().items():
        try:
            rates, battery_kw = planner()
            wrong = step.broken(rates, battery_kw)
            if not wrong:
                return step.plan(rates, battery_kw, solver, failures)
            failures.append(f"{solver}: {'; '.join(wrong[:3])}")
        except Exception as error:
            failures.append(f"{solver}: {type(error).__name__}: {error}")
            log.exception("the %s plan failed", solver)
    return step.plan(np.zeros(step.shape), None, "none", failures)


class _Step:
    """One solve: the case, what time is left, and where time went."""

    def __init__(self, problem: Problem, *, bare: bool, time_limit_s: float) -> None:
        self._began = time.perf_counter()
        self._problem = problem
        self._bare = bare
        self._ends = self._began + time_limit_s
        self._timing = Timing()
        self._check_ms = 0.0
        self._case = Case(problem, exact=bare)
        self._build_ms = _ms_since(self._began)
        self.shape = self._case.shape
        self.setbacks: list[str] = []
        """What the solver could not do, though there is a plan of its own."""

    def planners(self) -> dict[str, Callable[[], tuple[Floats, Floats | None]]]:
        """The ways to a plan, the best first."""
        if self._bare:
            return {"highs": self._relaxed_only}
        return {
            "highs": self._optimal,
            "greedy": lambda: (with_few_changes(self._case, self._greedy), None),
            "static": lambda: (static(self._case), None),
        }

    def broken(self, rates: Floats, battery_kw: Floats | None) -> list[str]:
        """What a plan breaks."""
        began = time.perf_counter()
        wrong = broken_limits(self._problem, rates, battery_kw, chargeable=not self._bare)
        self._check_ms += _ms_since(began)
        return wrong

    def plan(self, rates: Floats, battery_kw: Floats | None, solver: str, failures: list[str]) -> Plan:
        """The plan as it is told to others."""
        case = self._case
        short = np.maximum(case.need_kwh - case.energy(rates), 0.0)
        short = np.where(short > NOTHING_KWH, short, 0.0)
        delivered = case.need_kwh - short
        causes, over = shortages(self._problem, rates, battery_kw), overloads(self._problem)
        timing = self._timing
        known_ms = self._build_ms + timing.build + timing.solve + timing.read + self._check_ms
        return Plan(
            rates=rates,
            delivered_kwh=delivered,
            short_kwh=short,
            shortages=causes,
            solver=solver,
            failures=(*failures, *self.setbacks),
            overloads=over,
            battery_kw=battery_kw,
            objective=_objective(case, rates, battery_kw),
            timing_ms={
                "build": self._build_ms + timing.build,
                "solve": timing.solve,
                "read": timing.read,
                "repair": max(0.0, _ms_since(self._began) - known_ms),
                "check": self._check_ms,
            },
        )

    def _relaxed_only(self) -> tuple[Floats, Floats | None]:
        optimum = self._relaxation(self._case, Bounds.free(self._case), bare=True)
        return optimum.rates, optimum.battery_kw

    def _optimal(self) -> tuple[Floats, Floats | None]:
        """The battery is planned with everything free; from then on it is a load like others."""
        case, battery_kw = self._case, None
        battery = self._problem.battery
        if battery:
            battery_kw = self._relaxation(case, Bounds.free(case)).battery_kw
            assert battery_kw is not None  # noqa: S101 - a battery has columns
            case = Case(with_load(self._problem, battery.node, battery_kw))
        return with_few_changes(case, lambda free, fixed: self._chargeable(case, free, fixed)), battery_kw

    def _chargeable(self, case: Case, free: Bools, fixed: Floats) -> Floats:
        """The best chargeable plan for the free vehicles beside the others; (n, t)."""
        bounds = _beside(case, free, fixed)
        relaxation = self._relaxation(case, bounds)
        first = relaxation.rates
        whole = case
        case = _under_peak(case, first)
        order = _order(case, first)
        wished = self._calmer(case, bounds, first, 1) if relaxation.rows <= FEW_ROWS else first
        plan = repaired(case, free, wished, order)
        for enough, decide in ((1 - REPAIR_LOSS, self._at_once), (1 - PATTERN_LOSS, self._bit_by_bit)):
            if case.worth(plan).sum() >= enough * case.worth(first).sum():
                break
            on, decided = decide(case, bounds, free, relaxation, wished)
            chargeable = repaired(case, free, self._calmer(case, on, decided, 2), order)
            plan = max(plan, chargeable, key=lambda each: float(case.worth(each).sum()))
        filling = Filling(case, plan, order)
        calmed(case, filling, np.flatnonzero(free))
        if not _peak_is_paid(case):
            return filling.rates
        # Energy comes before the peak: what a chargeable plan lacks of the optimum under its peak is taken above it.
        above = Filling(whole, filling.rates, Bill(case).net_kw(filling.rates))
        above.fill(np.where(free, case.energy(first), 0.0), PEAK_TOLERANCE)
        return above.rates

    def _at_once(
        self, case: Case, bounds: Bounds, free: Bools, relaxation: Relaxation, wished: Floats
    ) -> tuple[Bounds, Floats]:
        """Who charges when, all decided by one optimum; and the best rates for that, (n, t)."""
        on = _on(case, bounds, pattern(case, free, wished))
        return on, self._better(partial(relaxation.within, on, self._left_s()), wished)

    def _bit_by_bit(
        self, case: Case, bounds: Bounds, free: Bools, relaxation: Relaxation, _wished: Floats
    ) -> tuple[Bounds, Floats]:
        """The same, decided for the clearest quarter of what is open, again and again: on small feeders it loses half
        as much."""
        rates = relaxation.rates
        narrowed = bounds
        for _ in range(DECISIONS):
            still = narrower(case, free, narrowed, rates)
            if still is None:
                break
            narrowed = still
            rates = self._better(partial(relaxation.within, narrowed, self._left_s()), rates)
        return self._at_once(case, bounds, free, relaxation, rates)

    def _calmer(self, case: Case, bounds: Bounds, rates: Floats, distance: int) -> Floats:
        """Nearly the same optimum with fewer changes: what is so near one is planned anew, and rises have a price."""
        chosen = bounds.upper > bounds.lower
        if int(chosen.sum()) > CALM_CELLS:
            return rates
        near = near_changes(case, rates, distance) & chosen
        around = Bounds(np.where(near, bounds.lower, rates), np.where(near, bounds.upper, rates))
        return self._better(lambda: self._relaxation(case, around, steady=near).rates, rates)

    def _better(self, optimum: Callable[[], Floats], rates: Floats) -> Floats:
        """An optimum; what there is already, if the solver fails or has no time for that."""
        try:
            return optimum()
        except SolverFailed as error:
            self.setbacks.append(f"highs, at making it better: {error}")
            return rates

    def _relaxation(self, case: Case, bounds: Bounds, *, bare: bool = False, steady: Bools | None = None) -> Relaxation:
        return Relaxation(case, bounds, self._left_s(), self._timing, bare=bare, steady=steady)

    def _left_s(self) -> float:
        return self._ends - time.perf_counter()

    def _greedy(self, free: Bools, fixed: Floats) -> Floats:
        return greedy(self._case, free, fixed, _order(self._case, fixed))


def _beside(case: Case, free: Bools, fixed: Floats) -> Bounds:
    """The free vehicles may do anything, the others do what they do."""
    anything = Bounds.free(case)
    return Bounds(np.where(free[:, None], anything.lower, fixed), np.where(free[:, None], anything.upper, fixed))


def _on(case: Case, bounds: Bounds, on: Bools) -> Bounds:
    """Everyone charges just when a pattern says so, at the least rate or more."""
    chosen = bounds.upper > bounds.lower
    lower = np.where(chosen, np.where(on, case.least[:, None], 0.0), bounds.lower)
    return Bounds(lower, np.where(chosen & ~on, 0.0, bounds.upper))


def _peak_is_paid(case: Case) -> bool:
    prices = case.problem.prices
    return prices is not None and prices.demand_per_kw > 0


def _under_peak(case: Case, rates: Floats) -> Case:
    """The same where the peak is paid for, with that of such rates as one limit more."""
    if not _peak_is_paid(case):
        return case
    bill = Bill(case)
    return case.with_row(PEAK, case.kw_per_unit, bill.peak_kw(bill.net_kw(rates)) - bill.others_kw)


def _order(case: Case, rates: Floats) -> Floats:
    """What a kWh more costs in each step beside such rates, the earlier the less where prices are equal; (t,)."""
    bill = Bill(case)
    price = bill.price(bill.net_kw(rates))
    return np.asarray(price + 1e-6 * max(1.0, float(np.abs(price).max(initial=0.0))) * case.wait_h)


def _objective(case: Case, rates: Floats, battery_kw: Floats | None) -> dict[str, float]:
    """What came of it, in numbers."""
    bill = Bill(case, battery_kw)
    net_kw = bill.net_kw(rates)
    delivered = case.energy(rates)
    together = case.stays[:, 1:] & case.stays[:, :-1]
    return {
        "energy_kwh": float(delivered.sum()),
        "short_kwh": float(np.maximum(case.need_kwh - delivered, 0.0).sum()),
        "cost": bill.cost(net_kw),
        "import_kwh": float(np.clip(net_kw, 0.0, None) @ case.hours),
        "export_kwh": float(np.clip(-net_kw, 0.0, None) @ case.hours),
        "peak_kw": bill.peak_kw(net_kw),
        "changes": float(((np.abs(np.diff(rates, axis=1)) > 1e-6) & together).sum()),
    }


def _ms_since(began: float) -> float:
    return (time.perf_counter() - began) * 1000
