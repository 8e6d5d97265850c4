from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import accumulate

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer import model
from optimizer.model import broken_limits, solve
from optimizer.phases import PHASES, Phase
from optimizer.problem import Plan, Problem, Vehicle, available, grid
from optimizer.profiles import Schedule, schedules
from tests.unit.optimizer.simulation import tight_site

START = datetime(2026, 3, 2, 8, 2, 17, tzinfo=UTC)
HOUR = timedelta(hours=1)
L1: tuple[Phase, ...] = ("L1",)


def car(name: str, energy_kwh: float, hours: float = 4, phases: Sequence[Phase] = PHASES, max_a: float = 16) -> Vehicle:
    return Vehicle(name, phases, min_a=6, max_a=max_a, departure=START + HOUR * hours, energy_kwh=energy_kwh)


def problem(vehicles: Sequence[Vehicle], limit_a: float = 100, hours: float = 4) -> Problem:
    steps = grid(START, START + HOUR * hours)
    return Problem(START, steps, 230, {phase: [limit_a] * len(steps) for phase in PHASES}, vehicles)


def delivered(of: Problem, plan: Plan, vehicle: Vehicle) -> float:
    """kWh by the plan's currents, counted by hand."""
    total = 0.0
    for start, seconds, current in zip(of.starts, of.step_seconds, plan.current_a[vehicle.id], strict=False):
        there = min(timedelta(seconds=seconds), max(timedelta(0), vehicle.departure - start))
        total += current * len(vehicle.phases) * of.voltage_v / 1000 * (there / HOUR)
    return total


def test_the_grid_is_fine_soon_and_coarse_later_and_lies_on_the_clock() -> None:
    steps = grid(START, START + 10 * HOUR)
    ends = [START + timedelta(seconds=offset) for offset in accumulate(steps)]
    assert [end.strftime("%H:%M:%S") for end in ends[:3]] == ["08:05:00", "08:10:00", "08:15:00"]
    soon = [end for end in ends if end <= START + HOUR]
    middle = [end for end in ends if START + HOUR + timedelta(minutes=15) < end <= START + 4 * HOUR]
    assert all(end.minute % 5 == 0 for end in soon)
    assert all(end.minute % 15 == 0 for end in middle)
    assert ends[-1] == datetime(2026, 3, 2, 19, tzinfo=UTC)
    assert max(steps) == 3600
    assert len(steps) < 40


def test_the_grid_is_cut_where_a_limit_changes_and_ends_within_36_hours() -> None:
    change = START + 7 * HOUR + timedelta(minutes=7)
    steps = grid(START, START + 100 * HOUR, [change, START - HOUR, START + 200 * HOUR])
    ends = [START + timedelta(seconds=offset) for offset in accumulate(steps)]
    assert change in ends
    assert START + 30 * HOUR <= ends[-1] <= START + 36 * HOUR


def test_a_later_grid_has_the_boundaries_of_the_one_before() -> None:
    until = START + 20 * HOUR
    earlier = {START + timedelta(seconds=offset) for offset in accumulate(grid(START, until))}
    for minutes in (1, 5, 17, 59, 240):
        now = START + timedelta(minutes=minutes)
        later = {now + timedelta(seconds=offset) for offset in accumulate(grid(now, until))}
        assert {moment for moment in earlier if moment > now} <= later


def test_there_is_no_grid_into_the_past() -> None:
    assert grid(START, START) == grid(START, START - HOUR) == ()


def test_the_lowest_limit_within_a_step_counts_and_others_at_their_highest() -> None:
    start = datetime(2026, 3, 2, 16, tzinfo=UTC)
    other = Schedule(((start, 6.0), (start + HOUR / 2, 10.0), (start + HOUR, 0.0)))
    free = available(tight_site(100, 50), start, [7200, 3600], {"L1": 8}, [(L1, other)])
    assert free == {"L1": (50 - 8 - 10, 50 - 8), "L2": (50, 50), "L3": (50, 50)}


def test_everyone_is_served_where_there_is_room_and_as_early_as_can_be() -> None:
    of = problem([car("a", 11.04), car("b", 5.52)])
    plan = solve(of)
    assert plan.solver == "highs"
    assert max(plan.unmet_kwh.values()) < 0.05
    assert min(plan.current_a["a"][0], plan.current_a["b"][0]) >= 12
    last = max(start for start, current in zip(of.starts, plan.current_a["a"], strict=False) if current)
    assert last <= START + 1.25 * HOUR


def test_all_that_a_tight_site_can_give_is_given_and_shared() -> None:
    cars = [car(f"c{number}", 20) for number in range(6)]
    of = problem(cars, limit_a=16)
    plan = solve(of)
    possible = 4 * 16 * 3 * 0.23
    got = [delivered(of, plan, each) for each in cars]
    assert sum(got) >= 0.99 * possible
    assert min(got) >= 0.4 * possible / 6


def test_a_higher_priority_is_served_first() -> None:
    cars = [car("low", 40), replace(car("high", 40), priority=5.0)]
    plan = solve(problem(cars, limit_a=16))
    assert plan.unmet_kwh["high"] < 0.5 < plan.unmet_kwh["low"]


def test_who_has_had_much_gives_way_to_who_has_had_nothing() -> None:
    cars = [replace(car("had", 10, hours=1), taken_kwh=30), car("new", 40, hours=1)]
    plan = solve(problem(cars, limit_a=16, hours=1))
    assert plan.unmet_kwh["had"] > 9
    assert delivered(problem(cars), plan, cars[1]) > 9


def test_a_single_phase_car_uses_only_its_phase() -> None:
    wide = problem([car("one", 50, phases=L1, max_a=32), car("three", 50)], limit_a=32)
    narrow = [10.0] * len(wide.step_seconds)
    plan = solve(replace(wide, available_a={**wide.available_a, "L2": narrow, "L3": narrow}))
    assert plan.current_a["three"][0] == 10
    assert plan.current_a["one"][0] == 22


@pytest.mark.parametrize(
    "vehicles",
    [
        [],
        [car("gone", 10, hours=-1)],
        [car("full", 0)],
        [car("weak", 10, max_a=5)],
        [car("none", 10, max_a=0)],
        [car("ok", 10), car("gone", 10, hours=-1), car("full", 0), car("weak", 10, max_a=5)],
    ],
)
@pytest.mark.parametrize(("limit_a", "hours"), [(100, 4), (0, 4), (-5, 4), (5, 4), (100, 0)])
def test_odd_problems_have_plans_too(vehicles: list[Vehicle], limit_a: float, hours: float) -> None:
    of = problem(vehicles, limit_a, hours)
    plan = solve(of)
    assert plan.current_a.keys() == plan.unmet_kwh.keys() == {vehicle.id for vehicle in vehicles}
    assert not broken_limits(of, plan)
    assert np.isfinite([*plan.unmet_kwh.values(), plan.solve_ms]).all()
    assert schedules(of, plan).keys() == plan.current_a.keys()
    for vehicle in vehicles:
        assert plan.unmet_kwh[vehicle.id] == pytest.approx(
            max(0.0, vehicle.energy_kwh - delivered(of, plan, vehicle)), abs=1e-6
        )
    if limit_a < 0:
        assert all(over == pytest.approx(-limit_a) for series in plan.over_a.values() for over in series)


def test_a_problem_that_makes_no_sense_is_refused() -> None:
    good = problem([car("a", 10)])
    with pytest.raises(ValueError, match="same id"):
        replace(good, vehicles=[car("a", 10), car("a", 5)])
    with pytest.raises(ValueError, match="one finite number a step"):
        replace(good, available_a={phase: [float("nan")] * len(good.step_seconds) for phase in PHASES})
    with pytest.raises(ValueError, match="phase that has no limit"):
        replace(good, available_a={"L1": good.available_a["L1"]})
    with pytest.raises(ValueError, match="step_seconds"):
        replace(good, step_seconds=[0] * len(good.step_seconds))
    with pytest.raises(ValueError, match="energy_kwh"):
        car("a", float("nan"))
    with pytest.raises(ValueError, match="time zone"):
        replace(car("a", 1), departure=START.replace(tzinfo=None))


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    steps = grid(START, START + HOUR * draw(st.integers(1, 9)), [START + timedelta(minutes=47)])
    limits = st.lists(st.sampled_from([-4.0, 0.0, 5.9, 6.0, 13.37, 40.0, 80.0]), min_size=1, max_size=4)
    free = {phase: np.resize(draw(limits), len(steps)).tolist() for phase in PHASES}
    wirings: list[tuple[Phase, ...]] = [PHASES, L1, ("L2",), ("L3", "L1")]
    vehicles = [
        Vehicle(
            id=f"v{number}",
            phases=draw(st.sampled_from(wirings)),
            min_a=draw(st.sampled_from([0.0, 6.0, 6.05])),
            max_a=draw(st.sampled_from([0.0, 5.0, 16.0, 32.0, 31.99])),
            departure=START + timedelta(minutes=draw(st.integers(-30, 700))),
            energy_kwh=draw(st.sampled_from([0.0, 0.3, 5.0, 40.0])),
            priority=draw(st.sampled_from([0.1, 1.0, 3.0])),
            tail_a=draw(st.sampled_from([0.0, 0.0, 6.0])),
        )
        for number in range(draw(st.integers(0, 8)))
    ]
    previous = {
        vehicle.id: Schedule(((START - HOUR, draw(st.sampled_from([0.0, 7.3, 16.0]))), (START + HOUR, 6.0)))
        for vehicle in vehicles
        if draw(st.booleans())
    }
    return Problem(START, steps, 230, free, vehicles, previous)


@settings(max_examples=150, deadline=None)
@given(problems())
def test_no_plan_is_above_a_limit_at_any_moment(of: Problem) -> None:
    plan = solve(of)
    assert plan.solver == "highs"
    wanted = schedules(of, plan)
    for phase, limits in of.available_a.items():
        for start, limit in zip(of.starts, limits, strict=False):
            on_phase = [vehicle for vehicle in of.vehicles if phase in vehicle.phases]
            tails = sum(vehicle.tail_a for vehicle in on_phase if vehicle.departure <= start)
            total = sum(wanted[vehicle.id].at(start) for vehicle in on_phase)
            assert total <= max(limit, tails) + 1e-6
    for vehicle in of.vehicles:
        allowed = {0.0, vehicle.tail_a}
        for _, limit in wanted[vehicle.id].steps:
            assert limit in allowed or vehicle.min_a <= limit <= vehicle.max_a
            assert limit == round(limit, 1)


def test_a_schedule_ends_in_its_tail_when_the_car_is_believed_to_leave() -> None:
    departure = START + 2 * HOUR + timedelta(minutes=7)
    vehicle = replace(car("a", 100), departure=departure, tail_a=6.0)
    of = problem([vehicle])
    assert schedules(of, solve(of))["a"] == Schedule(((START, 16.0), (departure, 6.0)))


def test_the_same_situation_later_has_the_same_plan() -> None:
    cars = [car(f"c{number}", 6 + number, hours=9) for number in range(12)]
    of = problem(cars, limit_a=32, hours=9)
    first = schedules(of, solve(of))
    for minutes in (1, 5, 12, 40):
        now = START + timedelta(minutes=minutes)
        steps = grid(now, START + 9 * HOUR)
        left = [replace(each, energy_kwh=max(0.0, each.energy_kwh - taken(first[each.id], now))) for each in cars]
        later = Problem(now, steps, 230, {phase: [32.0] * len(steps) for phase in PHASES}, left, first)
        second = schedules(later, solve(later))
        assert all(second[name].same(first[name], now) for name in first)


def taken(schedule: Schedule, now: datetime) -> float:
    """kWh on three phases from the start on, minute by minute."""
    minutes = round((now - START) / timedelta(minutes=1))
    return sum(schedule.at(START + timedelta(minutes=number)) for number in range(minutes)) * 0.69 / 60


def test_a_newcomer_changes_few_of_the_others() -> None:
    cars = [car(f"c{number}", 12, hours=9) for number in range(20)]
    of = problem(cars, limit_a=48, hours=9)
    before = schedules(of, solve(of))
    crowded = replace(of, vehicles=[*cars, car("new", 12, hours=9)], previous=before)
    plan = solve(crowded)
    after = schedules(crowded, plan)
    assert sum(not after[name].same(before[name], START) for name in before) <= 2
    assert plan.unmet_kwh["new"] < 3


def test_a_limit_that_drops_is_kept_and_only_those_in_its_way_change() -> None:
    cars = [car(f"c{number}", 30, hours=9) for number in range(4)]
    of = problem(cars, limit_a=64, hours=9)
    before = schedules(of, solve(of))
    lower = replace(of, available_a={phase: [48.0] * len(of.step_seconds) for phase in PHASES}, previous=before)
    plan = solve(lower)
    assert not broken_limits(lower, plan)
    assert sum(plan.current_a[each.id][0] for each in cars) > 32
    assert sum(schedules(lower, plan)[name].same(before[name], START) for name in before) >= 2


def hard(seed: int, cars: int = 40, limit_a: float = 60) -> Problem:
    chance = np.random.default_rng(seed)
    vehicles = [
        car(
            f"c{number}",
            float(chance.uniform(4, 30)),
            hours=float(chance.uniform(1, 9)),
            phases=PHASES if chance.random() < 0.5 else (PHASES[chance.integers(3)],),
            max_a=float(chance.choice([16, 32])),
        )
        for number in range(cars)
    ]
    return problem(vehicles, limit_a, hours=9)


@pytest.mark.parametrize("seed", range(6))
def test_charging_with_6_a_or_nothing_costs_next_to_no_energy(seed: int) -> None:
    of = hard(seed)
    relaxed = replace(of, vehicles=[replace(vehicle, min_a=0) for vehicle in of.vehicles])
    with_minimum, without = (
        sum(vehicle.energy_kwh - plan.unmet_kwh[vehicle.id] for vehicle in of.vehicles)
        for plan in (solve(of), solve(relaxed))
    )
    assert with_minimum >= 0.985 * without


def failing(*_: object) -> None:
    raise RuntimeError("the solver is broken")


@pytest.mark.parametrize("seed", range(3))
def test_without_the_solver_a_greedy_plan_stands_in(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    of = hard(seed)
    best = solve(of)
    monkeypatch.setattr(model, "_relaxed", failing)
    plan = solve(of)
    assert plan.solver == "greedy"
    assert not broken_limits(of, plan)
    assert sum(plan.unmet_kwh.values()) <= 1.2 * sum(best.unmet_kwh.values())


def test_without_time_a_greedy_plan_stands_in() -> None:
    assert solve(hard(1), time_limit_s=0.0).solver == "greedy"
    assert solve(hard(1, cars=150), time_limit_s=0.002).solver == "greedy"


def test_if_everything_fails_nothing_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "_relaxed", failing)
    monkeypatch.setattr(model, "_fill", failing)
    of = hard(1)
    plan = solve(of)
    assert plan.solver == "none"
    assert not any(map(any, plan.current_a.values()))
    assert plan.unmet_kwh == pytest.approx({vehicle.id: vehicle.energy_kwh for vehicle in of.vehicles})


def test_a_plan_above_a_limit_is_never_handed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    of = hard(1)
    monkeypatch.setattr(model, "_repaired", lambda case, *_: np.full(case.shape, 16.0))
    assert solve(of).solver == "greedy"
