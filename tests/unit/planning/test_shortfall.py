from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from optimizer.planning.problem import Battery, Floats, Node, Overload, Problem, Wiring
from optimizer.planning.shortfall import overloads, shortages
from tests.unit.planning.problems import START, car, lines, problem


def why(of: Problem, rates: Floats, battery_kw: Floats | None = None) -> tuple[tuple[str, ...], ...]:
    """As people read it."""
    return tuple(tuple(map(str, each)) for each in shortages(of, rates, battery_kw))


GRID = Node("grid", limit_a=lines(100, 8))
FEEDER = Node("F2", "grid", limit_a={"L2": np.array([16, 16, 10, 10, 10, 16, 16, 16.0])})


def test_who_gets_everything_needs_no_reason() -> None:
    of = problem([GRID], [car("a", 2.76, hours=2)], steps=8)
    assert why(of, np.array([[16.0, 0, 0, 0, 0, 0, 0, 0]])) == ((),)


def test_a_full_limit_is_named_with_its_line_its_times_and_what_it_took() -> None:
    of = problem([GRID, FEEDER], [car("a", 22.08, hours=2, node="F2"), car("b", 2.76, hours=2)], steps=8)
    rates = np.array([[16.0, 16, 10, 10, 10, 16, 16, 16], [16.0, 0, 0, 0, 0, 0, 0, 0]])
    # 6 A on three phases for three quarters of an hour.
    assert why(of, rates) == (("feeder F2, L2, 18:30-19:15: 3.1 kWh short",), ())


def test_several_limits_share_by_what_each_kept_from_the_vehicle() -> None:
    grid = Node("grid", limit_kw=np.array([11.04, 11.04, 11.04, 11.04, 11.04, 11.04, 11.04, 5.52]))
    of = problem([grid, FEEDER], [car("a", 22.08, hours=2, node="F2")], steps=8)
    rates = np.array([[16.0, 16, 10, 10, 10, 16, 16, 8]])
    assert why(of, rates) == (
        ("feeder F2, L2, 18:30-19:15: 3.1 kWh short", "grid connection, kW, 19:45-20:00: 1.4 kWh short"),
    )


def test_of_two_full_limits_the_one_that_is_full_more_often_is_named() -> None:
    grid = Node("grid", limit_a={"L1": np.array([10.0, 10, 10, 10]), "L3": np.array([16.0, 10, 16, 16])})
    of = problem([grid], [car("a", 11.04)])
    assert why(of, np.full((1, 4), 10.0)) == (("grid connection, L1, 18:00-19:00: 4.1 kWh short",),)


def test_a_limit_that_leaves_less_than_the_least_rate_is_the_reason_too() -> None:
    of = problem([Node("grid", limit_a=lines(5.9, 4))], [car("a", 2)])
    assert why(of, np.zeros((1, 4))) == (("grid connection, L1, 18:00-19:00: 2.0 kWh short",),)


def test_what_others_draw_of_a_limit_counts_as_full_and_above_it_as_that() -> None:
    node = Node("grid", limit_a=lines(16, 4), load_a={"L1": np.array([16.0, 16, 20, 20])})
    assert why(problem([node], [car("a", 11.04)]), np.zeros((1, 4))) == (
        (
            "grid connection, L1, limit below base load, 18:30-19:00: 5.5 kWh short",
            "grid connection, L1, 18:00-18:30: 5.5 kWh short",
        ),
    )


def test_what_others_among_the_vehicles_draw_is_in_the_way_and_so_is_a_battery_that_charges() -> None:
    node = Node("grid", limit_a=lines(20, 2))
    rates = np.array([[16.0, 16.0], [0.0, 0.0]])
    of = problem([node], [car("a", 5.52, hours=0.5), car("b", 3, hours=0.5)], steps=2)
    assert why(of, rates)[1] == ("grid connection, L1, 18:00-18:30: 3.0 kWh short",)
    alone = replace(of, vehicles=of.vehicles[1:], battery=Battery("grid", 20, 20, 0, 0))
    assert why(alone, rates[1:])[0] == ("room left unused: 3.0 kWh short",)
    charging = np.full(2, 16 * 0.69)
    assert why(alone, rates[1:], charging)[0] == ("grid connection, L1, 18:00-18:30: 3.0 kWh short",)


def test_it_is_told_which_limit_was_in_the_way() -> None:
    sources = ["base limit", "base limit", "signal dso-1", "signal dso-1"]
    node = Node("grid", limit_a={"L1": np.array([10.0, 10, 4, 4])}, sources=sources)
    assert why(problem([node], [car("a", 11.04)]), np.array([[10.0, 10, 0, 0]])) == (
        (
            "grid connection, L1, signal dso-1, 18:30-19:00: 5.5 kWh short",
            "grid connection, L1, base limit, 18:00-18:30: 2.1 kWh short",
        ),
    )


def test_room_that_is_kept_for_arriving_cars_is_told_so() -> None:
    """Nothing is drawn, and the limit is not reached: the room is there, but not for this car."""
    node = Node("grid", limit_a=lines(20, 4), reserve_a=lines(18, 4))
    assert why(problem([node], [car("a", 2)]), np.zeros((1, 4))) == (
        ("grid connection, L1, room kept for arriving cars, 18:00-19:00: 2.0 kWh short",),
    )
    wide = Node("grid", limit_a=lines(40, 4), reserve_a=lines(18, 4))
    of = problem([wide], [car("a", 2), car("b", 11.04), car("c", 4.14)])
    rates = np.array([[0.0] * 4, [16.0] * 4, [6.0] * 4])
    assert why(of, rates)[0] == ("grid connection, L1, 18:00-19:00: 2.0 kWh short",), "others draw most of it"


def test_room_that_is_kept_for_cars_that_may_stay_longer_than_is_believed_is_told_so() -> None:
    staying = [replace(car(name, 1, hours=0.5), tail=6.0) for name in ("b", "c", "d")]
    of = problem([Node("grid", limit_a=lines(20, 4))], [car("a", 11.04), *staying])
    rates = np.array([[16.0, 16, 0, 0], *([0.0] * 4 for _ in staying)])
    assert why(of, rates)[0] == (
        "grid connection, L1, room kept for cars that may stay longer, 18:30-19:00: 5.5 kWh short",
    )


def test_a_stay_that_is_too_short_says_what_fits_into_it() -> None:
    of = problem([GRID], [car("a", 40, hours=1.1)], steps=8)
    rates = np.array([[16.0, 16, 16, 16, 16, 0, 0, 0]])
    assert why(of, rates) == (("stays too short: 12.1 of 40 kWh fit into 1.1 h at 16 A: 27.9 kWh short",),)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"departure_s": 8000.0}, "horizon too short: 11.0 of 40 kWh fit into 1.0 h at 16 A: 29.0 kWh short"),
        ({"departure_s": -5.0}, "has left: 40.0 kWh short"),
        ({"departure_s": 60.0, "arrival_s": 70.0}, "leaves before it arrives: 40.0 kWh short"),
        ({"departure_s": 9000.0, "arrival_s": 3600.0}, "arrives after the horizon: 40.0 kWh short"),
        ({"most": 4.0}, "most below least (4 A < 6 A): 40.0 kWh short"),
        ({"most": 0.0}, "may draw 0 A at most: 40.0 kWh short"),
        ({"least": 2.0, "most": 1.5, "dc": True}, "most below least (1.5 kW < 2 kW): 40.0 kWh short"),
    ],
)
def test_what_cannot_be_says_why(changes: dict[str, Any], reason: str) -> None:
    of = problem([Node("grid")], [replace(car("a", 40), **changes)])
    rates = np.where(np.full((1, 4), changes == {"departure_s": 8000.0}), 16.0, 0.0)
    assert why(of, rates) == ((reason,),)


def test_less_than_the_least_step_of_its_rate_is_rounding() -> None:
    of = problem([GRID], [car("a", 2.77, hours=2)], steps=8)
    assert why(of, np.array([[16.0, 0, 0, 0, 0, 0, 0, 0]])) == (("rounding to what it can draw: 0.010 kWh short",),)


def test_many_times_become_one_and_times_are_local() -> None:
    flickering = Node("grid", limit_a={"L1": np.array([0, 16.0] * 4)})
    of = problem([flickering], [car("a", 22.08, hours=2)], steps=8, start=START.astimezone(ZoneInfo("Asia/Kolkata")))
    rates = np.array([[0, 16.0] * 4])
    assert why(of, rates) == (("grid connection, L1, 23:30-01:15: 11.0 kWh short",),)


def test_a_horizon_of_more_than_a_day_has_dates() -> None:
    of = problem([Node("grid", limit_a=lines(0, 2))], [car("a", 5, hours=48)], steps=2)
    of = replace(of, step_seconds=[5 * 3600, 20 * 3600])
    assert why(of, np.zeros((1, 2))) == (("grid connection, L1, 2026-03-02 18:00-2026-03-03 19:00: 5.0 kWh short",),)
    night = replace(of, nodes=[Node("grid", limit_a={"L1": np.array([0, 16.0])})], vehicles=[car("a", 250, hours=48)])
    assert why(night, np.array([[0, 16.0]]))[0][0] == "grid connection, L1, 2026-03-02 18:00-23:00: 29.2 kWh short"


def test_times_are_right_on_the_night_when_clocks_change() -> None:
    start = START.replace(month=3, day=29, hour=0).astimezone(ZoneInfo("Europe/Amsterdam"))
    of = problem([Node("grid", limit_a=lines(0, 1))], [car("a", 5, hours=2)], steps=1, start=start)
    of = replace(of, step_seconds=[7200])
    assert why(of, np.zeros((1, 1))) == (("grid connection, L1, 01:00-04:00: 5.0 kWh short",),)


@pytest.mark.parametrize("wiring", Wiring)
def test_overloads_are_told_once_for_each_time(wiring: Wiring) -> None:
    node = Node("grid", limit_a={"L1": np.full(4, 10.0)}, load_a={"L1": np.array([12.0, 15.0, 4.0, 11.0])})
    starts = problem([node], []).starts
    assert overloads(problem([node], [], wiring=wiring)) == (
        Overload("grid", "L1", starts[0], starts[2], 5.0),
        Overload("grid", "L1", starts[3], starts[4], 1.0),
    )
