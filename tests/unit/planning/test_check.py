from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ocpi.sites.phases import PHASES, Phase
from optimizer.planning.check import broken_limits
from optimizer.planning.problem import Battery, Floats, Node, Problem, Wiring
from tests.unit.planning.problems import car, lines, problem

GRID = Node("grid", limit_a=lines(32, 4), load_a=lines(4, 4))
FEEDER = Node("F1", "grid", limit_a=lines(20, 4), limit_kw=np.full(4, 12.0), reserve_a=lines(2, 4))


def site(**other: Any) -> Problem:
    """One car on the grid connection, a three-phase and a one-phase car and a DC one on a feeder below."""
    vehicles = [
        car("a", hours=0.6, tail=6.0),
        car("b", node="F1"),
        car("c", node="F1", phases=("L2",), arrival_s=900.0),
        car("d", node="F1", dc=True, least=1.0, most=11.0),
    ]
    return replace(problem([GRID, FEEDER], vehicles), **other)


def plan(**rates: list[float]) -> Floats:
    return np.array([rates.get(name, [0.0] * 4) for name in "abcd"])


FITS = plan(a=[16, 12, 8, 0], b=[6, 6, 6, 8], c=[0, 8, 12, 6], d=[0, 0, 0, 2])


def test_a_plan_within_everything_passes() -> None:
    assert broken_limits(site(), FITS) == []
    assert broken_limits(site(), np.zeros((4, 4))) == []


@pytest.mark.parametrize(
    ("rates", "error"),
    [
        (plan(b=[-0.1, 0, 0, 0]), "vehicle b: -0.1 A is below 0 at 2026-03-02T18:00:00+00:00"),
        (
            plan(b=[0, 5.9, 5.9, 0]),
            "vehicle b: 5.9 A is below the least at 2026-03-02T18:15:00+00:00 and others",
        ),
        (plan(a=[0, 16.1, 0, 0]), "vehicle a: 16.1 A is above the most at 2026-03-02T18:15:00+00:00"),
        (plan(b=[6.05, 0, 0, 0]), "vehicle b: 6.05 A is no multiple of the resolution"),
        (
            plan(d=[1.0005, 0, 0, 0]),
            "vehicle d: 1.0005 kW is no multiple of the resolution",
        ),
        (plan(c=[6, 0, 0, 0]), "vehicle c: 6 A is drawn outside the stay at 2026-03-02T18:00:00+00:00"),
        (plan(a=[0, 0, 0, 6]), "vehicle a: 6 A is drawn outside the stay at 2026-03-02T18:45:00+00:00"),
    ],
)
def test_a_rate_that_no_session_could_have_is_found(rates: Floats, error: str) -> None:
    (told,) = broken_limits(site(), rates)
    assert told.startswith(error)


@pytest.mark.parametrize(
    ("rates", "error"),
    [
        # 2 A are kept free on the feeder.
        (plan(b=[0, 10, 0, 0], c=[0, 8.1, 0, 0]), "node F1: L2: 20.1 A, above the limit of 20 A at"),
        # The feeder's cars count at the grid connection too, and with them the 4 A that others draw there.
        (plan(a=[16, 0, 0, 0], b=[12.1, 0, 0, 0]), "node grid: L3: 32.1 A, above the limit of 32 A at"),
        # DC draws alike on all lines: 6.9 kW are 10 A.
        (
            plan(a=[12.1, 0, 0, 0], b=[6, 0, 0, 0], d=[6.9, 0, 0, 0]),
            "node grid: L1: 32.1 A, above the limit of 32 A at",
        ),
        # 2 A on three lines are 1.38 kW.
        (plan(b=[10, 0, 0, 0], d=[3.73, 0, 0, 0]), "node F1: kW: 12.01 kW, above the limit of 12 kW at"),
        # The tail of who leaves at 18:36 counts from then on.
        (plan(b=[0, 0, 0, 16], c=[0, 0, 0, 6.1]), "node grid: L2: 32.1 A, above the limit of 32 A at"),
        (plan(b=[0, 0, 16, 0], c=[0, 0, 6.1, 0]), "node grid: L2: 32.1 A, above the limit of 32 A at"),
    ],
)
def test_a_sum_above_a_limit_is_found_at_every_level_of_the_tree(rates: Floats, error: str) -> None:
    assert any(line.startswith(error) for line in broken_limits(site(), rates))


def test_what_is_told_at_the_limit_is_within_it() -> None:
    assert broken_limits(site(), plan(a=[16, 0, 0, 0], b=[12, 10, 0, 0], c=[0, 8, 0, 0])) == []


def test_a_vehicle_that_leaves_within_a_step_counts_once() -> None:
    of = problem([Node("grid", limit_a=lines(10, 4))], [car("a", hours=0.6, tail=6.0)])
    assert broken_limits(of, np.array([[0, 0, 10.0, 0]])) == []
    assert broken_limits(replace(of, nodes=[Node("grid", limit_a=lines(5, 4))]), np.zeros((1, 4))) == []


def test_where_others_alone_are_above_a_limit_vehicles_draw_nothing() -> None:
    over = Node("grid", limit_a=lines(32, 4), load_a=lines(40, 4))
    assert broken_limits(site(nodes=[over, FEEDER]), np.zeros((4, 4))) == []
    wrong = broken_limits(site(nodes=[over, FEEDER]), plan(c=[0, 6, 0, 0]))
    assert wrong == ["node grid: L2: 46 A, above the limit of 32 A at 2026-03-02T18:15:00+00:00"]


def test_what_flows_in_makes_room_at_its_node_and_above_only() -> None:
    pv = Node("roof", "grid", load_kw=np.full(4, -6.9))
    rates = plan(a=[16, 0, 0, 0], b=[15, 0, 0, 0])
    assert broken_limits(site(), rates)
    assert broken_limits(site(nodes=[GRID, FEEDER, pv]), rates) == []
    assert broken_limits(site(nodes=[GRID, replace(FEEDER, load_kw=np.full(4, 2.3)), pv]), rates)


def test_a_load_known_only_by_line_counts_in_kw() -> None:
    of = problem([Node("grid", limit_kw=np.full(4, 12.0), load_a={"L1": np.full(4, 10.0)})], [car("a")])
    assert broken_limits(of, np.array([[14.0, 0, 0, 0]])) == []
    assert broken_limits(of, np.array([[14.1, 0, 0, 0]])) == [
        "node grid: kW: 12.029 kW, above the limit of 12 kW at 2026-03-02T18:00:00+00:00"
    ]


@pytest.mark.parametrize(
    ("cars", "ampere"),
    [
        # By geometry: |1 + 1 at 60 degrees|, |1 + 1 at 30 degrees|, opposite ends of one pair, all alike.
        ([("L1", "L2"), ("L2", "L3")], {"L1": 1, "L2": 3**0.5, "L3": 1}),
        ([("L1", "L2"), PHASES], {"L1": 2 * np.cos(np.pi / 12), "L2": 2 * np.cos(np.pi / 12), "L3": 1}),
        ([("L1", "L2"), ("L2", "L1")], {"L1": 2, "L2": 2, "L3": 0}),
        ([("L1", "L2"), ("L2", "L3"), ("L3", "L1")], dict.fromkeys(PHASES, 3**0.5)),
    ],
)
def test_currents_between_lines_add_up_as_vectors(cars: list[tuple[Phase, ...]], ampere: dict[Phase, float]) -> None:
    vehicles = [car(f"v{number}", phases=phases, most=10.0) for number, phases in enumerate(cars)]
    rates = np.full((len(cars), 1), 10.0)
    for line, part in ampere.items():
        for limit, fits in ((10 * part + 0.001, True), (10 * part - 0.001, False)):
            node = Node("grid", limit_a={line: np.array([limit])})
            of = problem([node], vehicles, steps=1, wiring=Wiring.LINE_TO_LINE, voltage_v=208.0)
            assert (broken_limits(of, rates) == []) == (fits or part == 0)


@pytest.mark.parametrize(("phases", "kw"), [(("L1", "L2"), 2.08), (PHASES, 2.08 * 3**0.5)])
def test_power_between_lines(phases: tuple[Phase, ...], kw: float) -> None:
    for limit, fits in ((kw + 1e-4, True), (kw - 1e-4, False)):
        node = Node("grid", limit_kw=np.array([limit]))
        of = problem([node], [car("a", phases=phases)], steps=1, wiring=Wiring.LINE_TO_LINE, voltage_v=208.0)
        assert (broken_limits(of, np.array([[10.0]])) == []) == fits


def test_between_lines_what_flows_in_makes_no_room_for_its_angle_is_unknown() -> None:
    of = problem(
        [Node("grid", limit_a=lines(10, 1), load_a=lines(-5, 1))],
        [car("a", phases=("L1", "L2"))],
        steps=1,
        wiring=Wiring.LINE_TO_LINE,
    )
    assert broken_limits(of, np.array([[10.0]])) == []
    assert broken_limits(of, np.array([[10.1]]))


BATTERY = Battery("F1", capacity_kwh=5, charge_kw=4, discharge_kw=8, stored_kwh=2, efficiency=0.81)


@pytest.mark.parametrize(
    ("draws_kw", "errors"),
    [
        # 0.9 of 2 kW for a quarter of an hour in, and the same out at 0.9.
        ([2, 2, 2, 0], []),
        ([0, 4, 0, -3.24], []),
        ([0, 4, 0, -3.25], ["battery: holds less in the end than at the start at 2026-03-02T18:45:00+00:00"]),
        ([4.1, 0, 0, 0], ["battery: charges faster than it can at 2026-03-02T18:00:00+00:00"]),
        ([4, 4, 4, 4], ["battery: holds more than fits at 2026-03-02T18:45:00+00:00"]),
        ([-8.1, 4, 4, 4], ["battery: discharges faster than it can at", "battery: holds less than nothing at"]),
    ],
)
def test_a_battery_stays_within_itself(draws_kw: list[float], errors: list[str]) -> None:
    wrong = broken_limits(site(battery=BATTERY), np.zeros((4, 4)), np.array(draws_kw))
    assert [line[: len(error)] for line, error in zip(wrong, errors, strict=False)] == errors
    assert all(line.startswith("battery") for line in wrong)


def test_a_battery_takes_room_where_it_charges_and_makes_room_where_it_gives() -> None:
    of = site(battery=BATTERY)
    enough, more = plan(b=[14, 0, 0, 0]), plan(b=[14, 0, 0, 0], d=[2, 0, 0, 0])
    assert broken_limits(of, enough) == []
    assert broken_limits(of, enough, np.array([2.0, 0, 0, 0]))
    assert broken_limits(of, more)
    assert broken_limits(of, more, np.array([-4.0, 4, 4, 0])) == []


def test_what_a_battery_gives_must_not_be_too_much_for_the_way_out() -> None:
    roof = Node("roof", limit_kw=np.full(4, 5.0), load_kw=np.full(4, -3.0))
    of = problem([roof], [], battery=replace(BATTERY, node="roof"))
    rates = np.zeros((0, 4))
    assert broken_limits(of, rates, np.array([-2.0, 0, 4, 4])) == []
    assert broken_limits(of, rates, np.array([-2.1, 0, 4, 4])) == [
        "node roof: kW: 5.1 kW out of it, above the limit of 5 kW at 2026-03-02T18:00:00+00:00"
    ]


def test_a_battery_that_is_not_there_cannot_be_used() -> None:
    assert broken_limits(site(), np.zeros((4, 4)), np.array([1.0, 0, 0, 0]))


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_none_are_found(odd: float) -> None:
    assert broken_limits(site(), plan(a=[odd, 0, 0, 0])) == ["not all rates are finite"]
    assert broken_limits(site(battery=BATTERY), FITS, np.array([odd, 0, 0, 0])) == ["not all rates are finite"]


def test_a_plan_of_another_shape_is_found() -> None:
    assert broken_limits(site(), np.zeros((3, 4))) == ["rates of (3, 4) and (4,), not of (4, 4) and (4,)"]
