"""What drivers and energy managers get of a plan."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ocpi.sites.phases import PHASES, Phase
from optimizer.planning import solve as step
from optimizer.planning.case import Case
from optimizer.planning.check import broken_limits
from optimizer.planning.linear import Relaxation
from optimizer.planning.problem import Battery, Floats, Node, Plan, Prices, Problem, Vehicle, Wiring
from optimizer.planning.program import SolverFailed
from optimizer.planning.solve import solve
from tests.unit.planning.problems import car, lines, problem


def site(vehicles: list[Vehicle], limit_a: float = 100, hours: int = 4, **other: object) -> Problem:
    return problem([Node("grid", limit_a=lines(limit_a, 4 * hours))], vehicles, steps=4 * hours, **other)


def of(plan: Plan, at: Problem, name: str) -> Floats:
    """The rates of one vehicle."""
    return np.asarray(plan.rates[[vehicle.id for vehicle in at.vehicles].index(name)])


def prices(*per_kwh: float, feed_in: float = 0.0, **other: float) -> Prices:
    return Prices(np.array(per_kwh), np.full(len(per_kwh), feed_in), **other)


def test_everyone_is_served_where_there_is_room_and_as_early_as_can_be() -> None:
    plan = solve(site([car("a", 11.04, hours=4), car("b", 5.52, hours=4)]))
    assert plan.solver == "highs"
    assert plan.short_kwh.tolist() == [0, 0]
    assert plan.why == ((), ())
    assert plan.rates[:, 0].min() >= 12
    assert not plan.rates[:, 5:].any()


def test_all_that_a_tight_site_can_give_is_given_and_shared() -> None:
    plan = solve(site([car(f"c{number}", 20, hours=4) for number in range(6)], limit_a=16))
    possible = 4 * 16 * 3 * 0.23
    assert plan.delivered_kwh.sum() >= 0.99 * possible
    assert plan.delivered_kwh.min() >= 0.4 * possible / 6


def test_a_higher_priority_is_served_first() -> None:
    plan = solve(site([car("low", 40, hours=4), car("high", 40, hours=4, priority=5.0)], limit_a=16))
    assert plan.short_kwh[1] < 0.5 < plan.short_kwh[0]


def test_who_has_had_much_gives_way_to_who_has_had_nothing() -> None:
    plan = solve(site([car("had", 10, taken_kwh=30), car("new", 40)], limit_a=16, hours=1))
    assert plan.delivered_kwh[1] > 9 > plan.delivered_kwh[0]


def test_a_single_phase_car_uses_only_its_phase() -> None:
    limits: dict[Phase, Floats] = {"L1": np.full(4, 32.0), "L2": np.full(4, 10.0), "L3": np.full(4, 10.0)}
    cars = [car("one", 50, phases=("L1",), most=32.0), car("three", 50, most=32.0)]
    plan = solve(problem([Node("grid", limit_a=limits)], cars))
    assert plan.rates[:, 0].tolist() == [22, 10]


def test_a_limit_anywhere_above_a_vehicle_is_kept() -> None:
    nodes = [
        Node("grid", limit_kw=np.full(4, 30.0)),
        Node("transformer", "grid", limit_a=lines(30, 4)),
        Node("F1", "transformer", limit_a=lines(20, 4)),
        Node("F2", "transformer", limit_a=lines(100, 4), load_a=lines(8, 4)),
    ]
    cars = [car(f"F{number % 2 + 1}-{number}", 20, node=f"F{number % 2 + 1}", most=32.0) for number in range(4)]
    at = problem(nodes, cars)
    plan = solve(at)
    assert not broken_limits(at, plan.rates)
    assert plan.rates[::2].sum(axis=0).max() <= 20
    assert plan.rates.sum(axis=0).tolist() == pytest.approx([22] * 4, abs=0.2)
    assert all("transformer" in " ".join(reasons) or "F1" in " ".join(reasons) for reasons in plan.why)


def test_between_lines_currents_add_up_as_vectors() -> None:
    cars = [car("ab", 50, phases=("L1", "L2"), most=32.0), car("ca", 50, phases=("L3", "L1"), most=32.0)]
    at = problem([Node("grid", limit_a=lines(40, 4))], cars, wiring=Wiring.LINE_TO_LINE, voltage_v=208.0)
    plan = solve(at)
    a, b = plan.rates[:, 0]
    assert 0.99 * 40 <= np.sqrt(a**2 + b**2 + a * b) <= 40
    assert a + b > 45


def test_dc_is_planned_in_kw_and_draws_from_all_phases() -> None:
    dc = Vehicle("dc", "grid", PHASES, least=5.0, most=150.0, departure_s=3600, energy_kwh=100, dc=True)
    plan = solve(site([dc, car("ac", 50)], limit_a=100, hours=1))
    assert plan.rates[0, 0] / 0.69 + plan.rates[1, 0] <= 100 + 1e-9
    assert plan.delivered_kwh.sum() == pytest.approx(69, rel=0.005)


def test_cheap_hours_are_used_where_there_is_time() -> None:
    cheap = prices(*[0.4] * 8, *[0.1] * 4, *[0.4] * 4)
    plan = solve(site([car("a", 5, hours=4)], prices=cheap))
    assert not plan.rates[0, :8].any()
    assert plan.short_kwh[0] == 0
    assert plan.objective["cost"] == pytest.approx(0.1 * plan.objective["import_kwh"])


def test_no_price_keeps_a_driver_waiting_for_ever() -> None:
    plan = solve(site([car("a", 11, hours=4)], prices=prices(*[9.0] * 16)))
    assert plan.short_kwh[0] == 0


def test_sunshine_is_used_before_it_is_sold() -> None:
    sun = np.array([0.0] * 8 + [-11.0] * 4 + [0.0] * 4)
    node = Node("grid", limit_a=lines(100, 16), load_kw=sun)
    plan = solve(problem([node], [car("a", 8, hours=4)], steps=16, prices=prices(*[0.3] * 16, feed_in=0.05)))
    assert not plan.rates[0, :8].any()
    assert plan.objective["import_kwh"] == 0
    assert plan.objective["export_kwh"] == pytest.approx(3, abs=0.1)


def test_the_peak_that_is_paid_for_is_not_passed_without_need() -> None:
    cars = [car(f"c{number}", 5, hours=4) for number in range(4)]
    told = prices(*[0.3] * 16, demand_per_kw=10.0, peak_kw=6.0)
    plan = solve(site(cars, prices=told))
    assert plan.short_kwh.sum() <= 0.01 * 20
    assert plan.objective["peak_kw"] <= 6.5
    assert solve(site(cars, prices=prices(*[0.3] * 16))).objective["peak_kw"] > 20


def test_a_battery_carries_a_site_over_a_tight_hour() -> None:
    limits = lines(16, 8)
    tight = {phase: np.concatenate([series[:4], np.full(4, 4.0)]) for phase, series in limits.items()}
    late = car("late", 8, hours=2, arrival_s=3600.0)
    without = problem([Node("grid", limit_a=tight)], [late], steps=8)
    with_battery = replace(without, battery=Battery("grid", 10, 10, 10, stored_kwh=5))
    plan = solve(with_battery)
    assert solve(without).delivered_kwh[0] == 0
    assert plan.delivered_kwh[0] > 5
    assert plan.battery_kw is not None
    assert not broken_limits(with_battery, plan.rates, plan.battery_kw)


def test_a_stay_that_begins_and_ends_within_steps_counts_by_the_minute() -> None:
    plan = solve(site([car("a", 50, arrival_s=1200, departure_s=3000)], hours=1))
    assert plan.rates[0].tolist() == [0, 16, 16, 16]
    assert plan.delivered_kwh[0] == pytest.approx(0.5 * 16 * 0.69)


def hard(seed: int, cars: int = 40, limit_a: float = 60) -> Problem:
    """More is asked for than there is, on all phases and on one."""
    chance = np.random.default_rng(seed)
    vehicles = [
        car(
            f"c{number}",
            float(chance.uniform(4, 30)),
            departure_s=float(chance.uniform(3600, 9 * 3600)),
            phases=PHASES if chance.random() < 0.5 else (PHASES[chance.integers(3)],),
            most=float(chance.choice([16, 32])),
        )
        for number in range(cars)
    ]
    return site(vehicles, limit_a, hours=9)


@pytest.mark.parametrize("seed", range(6))
def test_charging_with_6_a_or_nothing_costs_next_to_no_energy(seed: int) -> None:
    at = hard(seed)
    assert solve(at).delivered_kwh.sum() >= 0.99 * solve(at, bare=True).delivered_kwh.sum()


@pytest.mark.parametrize("seed", range(4))
def test_a_tight_tree_gives_99_percent_of_what_its_limits_bear(seed: int) -> None:
    chance = np.random.default_rng(seed)
    at = hard(seed, cars=50, limit_a=75)
    feeders = [Node(f"F{number}", f"T{number % 2}", lines(25, 36)) for number in range(5)]
    nodes = [*at.nodes, Node("T0", "grid", lines(45, 36)), Node("T1", "grid", lines(40, 36)), *feeders]
    spread = [replace(vehicle, node=f"F{chance.integers(5)}") for vehicle in at.vehicles]
    tight = replace(at, nodes=nodes, vehicles=spread)
    plan = solve(tight)
    assert plan.solver == "highs"
    assert plan.delivered_kwh.sum() >= 0.99 * solve(tight, bare=True).delivered_kwh.sum()


def test_bare_knows_neither_a_least_rate_nor_a_resolution() -> None:
    plan = solve(site([car("a", 1.0, least=6.0, most=15.97, hours=1)], hours=1), bare=True)
    assert plan.delivered_kwh[0] == pytest.approx(1.0)
    assert plan.rates.max() == pytest.approx(1.0 / 0.25 / 0.69)


@pytest.mark.parametrize(
    "vehicles",
    [
        [],
        [car("gone", 10, hours=-1)],
        [car("full", 0)],
        [car("weak", 10, most=5.0)],
        [car("none", 10, most=0.0)],
        [car("ok", 10), car("gone", 10, hours=-1), car("full", 0), car("weak", 10, most=5.0)],
    ],
)
@pytest.mark.parametrize(("limit_a", "hours"), [(100, 4), (0, 4), (-5, 4), (5, 4), (100, 0)])
def test_odd_problems_have_plans_too(vehicles: list[Vehicle], limit_a: float, hours: int) -> None:
    at = site(vehicles, limit_a, hours)
    for plan in (solve(at), solve(at, bare=True)):
        assert plan.solver == "highs"
        assert plan.rates.shape == (len(vehicles), 4 * hours)
        assert (plan.delivered_kwh + plan.short_kwh).tolist() == pytest.approx([car.energy_kwh for car in vehicles])


def failing(*_: object, **__: object) -> None:
    raise RuntimeError("the solver is broken")


@pytest.mark.parametrize("seed", range(3))
def test_without_the_solver_a_greedy_plan_stands_in(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    at = hard(seed)
    best = solve(at)
    monkeypatch.setattr(step, "Relaxation", failing)
    plan = solve(at)
    assert plan.solver == "greedy"
    assert plan.failures == ("highs: RuntimeError: the solver is broken",)
    assert plan.short_kwh.sum() <= 1.2 * best.short_kwh.sum()


def test_without_time_a_greedy_plan_stands_in() -> None:
    assert solve(hard(1), time_limit_s=0.0).solver == "greedy"


def test_a_solver_that_dies_after_the_first_optimum_leaves_a_plan_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    at = hard(1)
    solved: list[Relaxation] = []

    def once(case: Case, *arguments: Any, **options: Any) -> Relaxation:
        if solved:
            raise SolverFailed("out of memory")
        solved.append(Relaxation(case, *arguments, **options))
        return solved[0]

    monkeypatch.setattr(step, "Relaxation", once)
    plan = solve(at)
    assert plan.solver == "highs"
    assert any("out of memory" in failure for failure in plan.failures)


def test_without_solver_and_greedy_shares_stand_in_that_never_change(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step, "Relaxation", failing)
    monkeypatch.setattr(step, "greedy", failing)
    plan = solve(site([car("a", 20, hours=4), car("b", 20, hours=4)], limit_a=20))
    assert plan.solver == "static"
    assert set(plan.rates.ravel()) == {10}


def test_if_everything_fails_nothing_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    for planner in ("Relaxation", "greedy", "static"):
        monkeypatch.setattr(step, planner, failing)
    plan = solve(hard(1))
    assert plan.solver == "none"
    assert not plan.rates.any()
    assert all(plan.why)


def test_a_plan_above_a_limit_is_never_handed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step, "with_few_changes", lambda case, _: np.where(case.stays, 16.0, 0.0))
    plan = solve(hard(1))
    assert plan.solver == "static"
    assert len(plan.failures) == 2


def test_profiles_change_seldom_at_next_to_no_cost() -> None:
    at = replace(
        hard(3, cars=60, limit_a=80), prices=prices(*np.repeat([0.2, 0.25, 0.3, 0.22, 0.2, 0.18, 0.2, 0.3, 0.2], 4))
    )
    plan, optimum = solve(at), solve(at, bare=True)
    assert plan.objective["changes"] <= 0.65 * optimum.objective["changes"]
    per_kwh = [each.objective["cost"] / each.objective["energy_kwh"] for each in (plan, optimum)]
    assert per_kwh[0] <= 1.001 * per_kwh[1]


def test_the_same_situation_later_has_the_same_plan() -> None:
    at = site([car(f"c{number}", 6 + number, hours=9) for number in range(12)], limit_a=32, hours=9)
    first = solve(at).rates
    for passed in (1, 2, 5):
        gone_s = passed * 900
        taken = (first[:, :passed] * 0.25 * 0.69).sum(axis=1)
        later = replace(
            site([], limit_a=32, hours=9),
            step_seconds=at.step_seconds[passed:],
            nodes=[Node("grid", limit_a=lines(32, 36 - passed))],
            vehicles=[
                replace(each, departure_s=each.departure_s - gone_s, energy_kwh=max(0.0, each.energy_kwh - kwh))
                for each, kwh in zip(at.vehicles, taken.tolist(), strict=True)
            ],
            previous={each.id: rates for each, rates in zip(at.vehicles, first[:, passed:], strict=True)},
        )
        assert np.array_equal(solve(later).rates, first[:, passed:])


def test_without_time_to_change_little_the_best_plan_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    at = hard(1)
    best = solve(at)
    shifted = {each.id: np.roll(rates, 1) for each, rates in zip(at.vehicles, best.rates, strict=True)}
    solved: list[Case] = []

    def once(case: Case, *arguments: Any, **options: Any) -> Relaxation:
        if options.get("steady") is None:
            solved.append(case)
        if len(solved) > 1:
            raise SolverFailed("no time left")
        return Relaxation(case, *arguments, **options)

    monkeypatch.setattr(step, "Relaxation", once)
    plan = solve(replace(at, previous=shifted))
    assert plan.solver == "highs"
    assert np.array_equal(plan.rates, best.rates)


def test_a_newcomer_changes_few_of_the_others() -> None:
    at = site([car(f"c{number}", 12, hours=9) for number in range(20)], limit_a=48, hours=9)
    before = solve(at).rates
    known = {each.id: rates for each, rates in zip(at.vehicles, before, strict=True)}
    crowded = replace(at, vehicles=[*at.vehicles, car("new", 12, hours=9)], previous=known)
    plan = solve(crowded)
    assert (plan.rates[:-1] != before).any(axis=1).sum() <= 2
    assert of(plan, crowded, "new").any()
    assert plan.short_kwh[-1] < 3


def test_a_limit_that_drops_is_kept_and_only_those_in_its_way_change() -> None:
    at = site([car(f"c{number}", 30, hours=9) for number in range(4)], limit_a=64, hours=9)
    before = solve(at).rates
    known = {each.id: rates for each, rates in zip(at.vehicles, before, strict=True)}
    lower = replace(at, nodes=[Node("grid", limit_a=lines(48, 36))], previous=known)
    plan = solve(lower)
    assert plan.rates[:, 0].sum() > 32
    assert (plan.rates == before).all(axis=1).sum() >= 2
