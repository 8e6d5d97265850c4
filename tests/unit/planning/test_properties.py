"""What every plan keeps, whatever the problem."""

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from optimizer.planning import solve as solving
from optimizer.planning.case import Case
from optimizer.planning.check import broken_limits
from optimizer.planning.problem import Floats, Plan, Problem, Wiring
from optimizer.planning.shortfall import SHORT_KWH
from optimizer.planning.solve import solve
from optimizer.planning.steady import Planner, with_few_changes
from tests.unit.planning.problems import START, problems

MANY = settings(max_examples=100, deadline=None)
SOME = settings(max_examples=25, deadline=None)


def drawn_kwh(of: Problem, rates: Floats) -> Floats:
    """The energy of a plan, counted by hand, at most what was needed."""
    total = []
    for vehicle, own in zip(of.vehicles, rates.tolist(), strict=True):
        volts = of.voltage_v
        if of.wiring is Wiring.LINE_TO_LINE:
            volts *= 3**0.5 / 3 if len(vehicle.phases) == 3 else 1 / 2
        kw = 1.0 if vehicle.dc else len(vehicle.phases) * volts / 1000
        kwh = 0.0
        for rate, start, end in zip(own, of.edges_s, of.edges_s[1:], strict=False):
            there = min(end, vehicle.departure_s) - max(start, vehicle.arrival_s)
            kwh += rate * kw * max(0.0, there) / 3600
        total.append(min(kwh, vehicle.energy_kwh))
    return np.array(total)


def told_kwh(reasons: tuple[str, ...]) -> float:
    """What the reasons add up to; each ends in its part."""
    parts = [re.fullmatch(r".+: ([0-9.]+) kWh short", reason) for reason in reasons]
    return sum(float(part[1]) if part else np.nan for part in parts)


def assert_sound(of: Problem, plan: Plan) -> None:
    assert broken_limits(of, plan.rates, plan.battery_kw) == []
    # Who misses less than is noticed has all.
    assert plan.delivered_kwh == pytest.approx(drawn_kwh(of, plan.rates), abs=SHORT_KWH + 1e-9)
    need = np.array([vehicle.energy_kwh for vehicle in of.vehicles])
    assert plan.delivered_kwh + plan.short_kwh == pytest.approx(need, abs=1e-9)
    assert len(plan.why) == len(of.vehicles)
    for short, reasons in zip(plan.short_kwh.tolist(), plan.why, strict=True):
        assert bool(reasons) == (short > SHORT_KWH)
        if reasons:
            assert told_kwh(reasons) == pytest.approx(short, rel=0.06, abs=0.051 * len(reasons))


@MANY
@given(problems())
def test_a_plan_breaks_nothing_and_gives_a_reason_for_all_that_is_short(of: Problem) -> None:
    plan = solve(of)
    assert plan.failures == ()
    assert plan.solver == "highs"
    assert_sound(of, plan)


@SOME
@given(problems())
def test_bare_plans_keep_all_limits_too(of: Problem) -> None:
    plan = solve(of, bare=True)
    assert plan.solver == "highs", plan.failures
    assert broken_limits(of, plan.rates, plan.battery_kw, chargeable=False) == []


@SOME
@given(problems())
def test_a_solver_that_dies_leaves_a_greedy_plan_that_is_as_sound(of: Problem) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(solving, "Relaxation", _dies)
        plan = solve(of)
    assert plan.solver == "greedy"
    assert plan.failures == ("highs: MemoryError: the solver died",)
    assert_sound(of, plan)


@SOME
@given(problems())
def test_if_even_that_fails_everyone_gets_a_share_that_is_as_sound(of: Problem) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(solving, "Relaxation", _dies)
        patch.setattr(solving, "greedy", _dies)
        plan = solve(of)
    assert plan.solver == "static"
    assert len(plan.failures) == 2
    assert_sound(of, plan)


@SOME
@given(problems(), st.floats(1.001, 3))
def test_a_solver_whose_plan_is_wrong_is_not_believed(of: Problem, factor: float) -> None:
    def exaggerated(case: Case, planner: Planner) -> Floats:
        rates = with_few_changes(case, planner)
        return np.where(rates > 0, np.round(rates * factor + 0.1, 1), 0.0)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(solving, "with_few_changes", exaggerated)
        plan = solve(of)
    assert_sound(of, plan)


@SOME
@given(problems())
def test_a_solver_without_time_leaves_a_sound_plan(of: Problem) -> None:
    assert_sound(of, solve(of, time_limit_s=0.0))


def _dies(*_: object, **__: object) -> None:
    raise MemoryError("the solver died")


@SOME
@given(problems(), st.integers(2, 50))
def test_of_two_that_are_alike_the_one_with_the_higher_priority_gets_no_less(of: Problem, priority: int) -> None:
    # But for what rounding and calming may cost (3 % of its need), and needs of less than a block of charging.
    assume(of.vehicles and of.vehicles[0].energy_kwh >= 1)
    low = replace(of.vehicles[0], priority=1.0)
    high = replace(low, id="high", priority=float(priority))
    plan = solve(replace(of, vehicles=[low, *of.vehicles[1:], high], previous={}))
    assert plan.delivered_kwh[-1] >= plan.delivered_kwh[0] - 0.03 * low.energy_kwh


@SOME
@given(problems())
def test_the_same_problem_has_the_same_plan(of: Problem) -> None:
    assert (solve(of).rates == solve(of).rates).all()


@SOME
@given(problems())
def test_a_plan_that_is_the_one_before_is_kept(of: Problem) -> None:
    plan = solve(of)
    before = {vehicle.id: rates for vehicle, rates in zip(of.vehicles, plan.rates, strict=True)}
    again = solve(replace(of, previous=before))
    assert (again.rates == plan.rates).all()


def test_a_site_without_vehicles_or_time_has_a_plan() -> None:
    empty = Problem(START, [900], 230.0, [], [])
    assert solve(empty).rates.shape == (0, 1)
    assert solve(replace(empty, step_seconds=[])).rates.shape == (0, 0)
