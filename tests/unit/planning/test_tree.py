from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer.planning.check import broken_limits
from optimizer.planning.problem import Floats, Node, Problem, Wiring
from optimizer.planning.tree import FACETS, Row, ancestors, rows_of
from tests.unit.planning.problems import car, lines, problem, problems


def room(of: Problem, row: Row) -> list[float]:
    rows = rows_of(of)
    return [round(value, 6) for value in rows.room[rows.rows.index(row)].tolist()]


def over(of: Problem, row: Row) -> list[float]:
    rows = rows_of(of)
    return [round(value, 6) for value in rows.over[rows.rows.index(row)].tolist()]


def largest(of: Problem, rates: Floats) -> Floats:
    """These rates, scaled at each step so that the tightest row is just full; (vehicles, steps)."""
    rows = rows_of(of)
    used = rows.weights @ rates
    scale = np.divide(rows.room, used, out=np.full(used.shape, np.inf), where=used > 1e-9).min(axis=0, initial=np.inf)
    return np.asarray(rates * np.where(np.isfinite(scale), scale, 1.0))


def breaks_a_sum(of: Problem, rates: Floats) -> bool:
    return any(error.startswith("node ") for error in broken_limits(of, rates))


def some_rates(of: Problem, seed: int) -> Floats:
    drawn = np.random.default_rng(seed).uniform(0, 16, (len(of.vehicles), len(of.step_seconds)))
    return np.where(drawn < 4, 0.0, drawn)


def test_each_node_knows_all_above_it() -> None:
    nodes = [Node("F2", "grid"), Node("F1", "F2"), Node("grid"), Node("other")]
    assert ancestors(nodes) == {"F1": ["F1", "F2", "grid"], "F2": ["F2", "grid"], "grid": ["grid"], "other": ["other"]}


def test_loads_count_at_their_node_and_all_above_and_reserves_only_at_their_own() -> None:
    grid = Node("grid", limit_a=lines(50, 2), load_a=lines(3, 2))
    feeder = Node("F1", "grid", limit_a=lines(20, 2), load_a={"L1": np.array([5.0, 7.0])}, reserve_a=lines(2, 2))
    of = problem([feeder, grid], [], steps=2)
    assert room(of, Row("F1", "L1")) == [13, 11]
    assert room(of, Row("F1", "L2")) == [18, 18]
    assert room(of, Row("grid", "L1")) == [42, 40]
    assert room(of, Row("grid", "L3")) == [47, 47]


def test_a_load_in_kw_counts_alike_on_all_lines_and_ampere_count_in_kw() -> None:
    node = Node("grid", limit_a=lines(50, 1), limit_kw=np.array([40.0]), load_kw=np.array([6.9]))
    assert room(problem([node], [], steps=1), Row("grid", "L2")) == [40]
    assert room(problem([node], [], steps=1), Row("grid", "kW")) == [33.1]
    by_line = replace(node, load_a={"L1": np.array([10.0])}, load_kw=None, reserve_a={"L2": np.array([1.0])})
    assert room(problem([by_line], [], steps=1), Row("grid", "kW")) == [pytest.approx(40 - 2.3 - 0.23)]


def test_pv_makes_room_and_what_others_draw_above_a_limit_is_told() -> None:
    grid = Node("grid", limit_a=lines(20, 2), load_a={"L1": np.array([26.0, 30.0]), "L2": np.array([-5.0, 0.0])})
    pv = Node("roof", "grid", load_a={"L1": np.array([-10.0, 0.0])})
    of = problem([grid, pv], [car("a")], steps=2)
    assert room(of, Row("grid", "L1")) == [4, 0]
    assert over(of, Row("grid", "L1")) == [0, 10]
    assert room(of, Row("grid", "L2")) == [25, 20]


def test_a_tail_takes_room_from_the_step_on_in_which_its_vehicle_leaves() -> None:
    of = problem([Node("grid", limit_a=lines(20, 4))], [car("a", hours=0.5, tail=6.0), car("b", hours=0.6, tail=1.0)])
    assert room(of, Row("grid", "L1")) == [20, 20, 13, 13]


def test_dc_weighs_alike_on_its_lines_and_ac_on_those_that_it_may_use() -> None:
    node = Node("grid", limit_a=lines(20, 1), limit_kw=np.array([9.0]))
    dc = [car("dc", dc=True), car("dc on one", phases=("L1",), dc=True)]
    vehicles = [*dc, car("one", phases=("L2",)), car("two", phases=("L3", "L1"))]
    rows = rows_of(problem([node], vehicles, steps=1))
    assert [row.line for row in rows.rows] == ["L1", "L2", "L3", "kW"]
    assert rows.weights == pytest.approx(
        np.array([[1 / 0.69, 1 / 0.23, 0, 1], [1 / 0.69, 0, 1, 0], [1 / 0.69, 0, 0, 1], [1, 1, 0.23, 0.46]])
    )


def test_between_lines_a_limit_has_as_many_rows_as_the_polygon_has_sides() -> None:
    of = problem([Node("grid", limit_a=lines(20, 1))], [car("a")], steps=1, wiring=Wiring.LINE_TO_LINE)
    assert len(rows_of(of).rows) == 3 * FACETS


def test_between_lines_pv_makes_no_room_for_its_angle_is_unknown() -> None:
    node = Node("grid", limit_a=lines(20, 1), load_a=lines(-10, 1), limit_kw=np.array([9.0]))
    of = problem([node], [], steps=1, wiring=Wiring.LINE_TO_LINE)
    assert max(rows_of(of).room[:-1].ravel()) <= 20
    assert room(of, Row("grid", "kW"))[0] > 9


@settings(max_examples=60, deadline=None)
@given(problems(), st.integers(0, 99))
def test_what_the_rows_allow_breaks_no_limit(of: Problem, seed: int) -> None:
    of = replace(of, battery=None)
    assert not breaks_a_sum(of, largest(of, some_rates(of, seed)))


@settings(max_examples=60, deadline=None)
@given(problems(), st.integers(0, 99))
def test_the_rows_give_away_less_than_a_hundredth(of: Problem, seed: int) -> None:
    of = replace(of, battery=None, vehicles=[replace(vehicle, tail=0.0) for vehicle in of.vehicles])
    rates = largest(of, some_rates(of, seed))
    rows = rows_of(of)
    full = ((rows.room > 1e-3) & (rows.room - rows.weights @ rates < 1e-9)).any()
    assert breaks_a_sum(of, rates * 1.01) == full
