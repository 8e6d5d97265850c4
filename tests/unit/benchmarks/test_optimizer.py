"""Every measurement of plans runs, and compares plans of the same site."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from benchmarks.environment import ENVIRONMENT
from benchmarks.optimizer import __main__ as command
from benchmarks.optimizer import arrays, caltech, idiom, instances, peers, quality, speed
from benchmarks.optimizer.row import Row, Target
from benchmarks.peers.environments import Unavailable, is_prepared
from optimizer.planning.check import broken_limits
from optimizer.planning.problem import Problem
from optimizer.settings import OptimizeSettings

SMALL = speed.Size(8, 24, tight=True, turns=1, target=speed.USUAL)


@pytest.mark.parametrize(
    ("target", "ours", "other", "reached"),
    [
        (Target("ratio", 1.7), 3.0, 2.0, True),
        (Target("ratio", 1.7), 4.0, 2.0, False),
        (Target("ratio", 0.99, at_least=True), 99.0, 100.0, True),
        (Target("ratio", 0.99, at_least=True), 98.0, 100.0, False),
        (Target("ours", 250), 249.0, None, True),
        (Target("ours", 250), 251.0, 1000.0, False),
        (Target("ratio", 1.7), 1.0, None, None),
        (None, 1.0, 1.0, None),
    ],
)
def test_a_row_says_whether_its_target_is_reached(
    target: Target | None, ours: float, other: float | None, reached: bool | None
) -> None:
    assert Row("what", "ms", ours, other, "other", target).reached is reached


def test_a_tight_site_cannot_serve_everybody_and_a_loose_one_can() -> None:
    for tight in (True, False):
        problem = instances.site(100, 96, tight=tight)
        of = arrays.arrays_of(problem)
        served = of.energy(arrays.best(arrays.energy_only(of))) / of.need_kwh.sum()
        assert (served < 0.99) == tight


@pytest.mark.parametrize(
    "problem",
    [
        instances.site(20, 48, tight=True),
        instances.on_one_phase(20, 48),
        instances.tree(40, 48),
        instances.scarce(40, 48, 0.05),
    ],
    ids=["site", "on one phase", "tree", "scarce"],
)
def test_the_floor_and_the_idiom_find_the_same_optimum_within_all_limits(problem: Problem) -> None:
    of = arrays.arrays_of(problem)
    floor, usual = arrays.best(of), idiom.best(of)
    assert of.value(floor) == pytest.approx(of.value(usual), rel=1e-9)
    assert not broken_limits(problem, np.clip(floor - 1e-9, 0.0, None), chargeable=False)


def test_every_car_can_have_what_it_wants_in_its_stay() -> None:
    for problem in (instances.full(60, 96), instances.on_one_phase(60, 96)):
        fits = instances.possible_kwh(problem).sum(axis=1) * [vehicle.most for vehicle in problem.vehicles]
        assert (fits >= [vehicle.energy_kwh for vehicle in problem.vehicles]).all()


def test_a_bare_plan_is_measured_beside_arrays_and_beside_the_idiom() -> None:
    for rows in (speed.beside_arrays([SMALL]), speed.beside_idiom(SMALL)):
        (row,) = rows
        assert row.ratio
        assert row.reached is not None


def test_plans_of_different_worth_are_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "best", lambda of: np.zeros(of.kwh.shape))
    with pytest.raises(RuntimeError, match="not the same optimum"):
        list(speed.beside_arrays([SMALL]))


def test_a_plan_of_another_solver_is_no_measurement() -> None:
    with pytest.raises(RuntimeError, match="the plan was made by greedy"):
        speed.planned(instances.site(3, 24, tight=True), time_limit_s=0)


def test_a_whole_step_is_measured_with_and_without_a_plan_before() -> None:
    first, again = speed.whole_step(vehicles=12, steps=24, turns=1)
    assert first.ours > 0
    assert again.ours > 0


@pytest.mark.slow
def test_a_cold_start_is_measured_with_the_function_s_settings() -> None:
    needed = {name.upper() for name, field in OptimizeSettings.model_fields.items() if field.is_required()}
    assert needed <= set(ENVIRONMENT)
    (row,) = speed.cold_start(turns=1, vehicles=3)
    assert row.ratio
    assert row.ratio > 1


def test_quality_is_measured_on_chargeable_plans() -> None:
    rows = [
        *quality.fairness(vehicles=20, steps=48),
        *quality.changes(vehicles=20, steps=48),
        *quality.repair(vehicles=24, steps=48),
    ]
    energies = [row for row in rows if row.unit == "kWh"]
    assert len(rows) == 6
    assert all(row.ratio and 0.8 < row.ratio <= 1 + 1e-9 for row in energies)


@pytest.mark.slow
def test_a_day_is_measured_beside_acnportal() -> None:
    if not is_prepared(peers.ACNPORTAL):
        pytest.skip("make bench-optimizer makes the environment of acnportal")
    rows = list(peers.beside_acnportal(vehicles=6, steps=24))
    assert len(rows) == 6
    assert all(row.ratio for row in rows)


def test_without_acnportal_its_row_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def unavailable(_peer: object) -> None:
        raise Unavailable("no registry")

    monkeypatch.setattr(peers, "prepared", unavailable)
    (row,) = peers.beside_acnportal(vehicles=3, steps=24)
    assert row.ratio is None
    assert "no registry" in row.beside


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_the_command_prints_every_row(
    form: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [Row("a plan", "ms", 1.0, 2.0, "arrays", Target("ratio", 1.7)), Row("a day", "ms", 1.0, None, "not here")]
    monkeypatch.setitem(command.MEASUREMENTS, "speed", lambda: iter(rows))
    monkeypatch.setattr(sys, "argv", ["bench-optimizer", "--only", "speed", *form])
    command.main()
    printed = capsys.readouterr().out
    if not form:
        assert "a plan" in printed
        assert "ratio ≤ 1.7" in printed
        return
    answers = json.loads(printed)
    assert [answer["what"] for answer in answers] == ["a plan", "a day"]
    assert answers[0] == answers[0] | {"ratio": 0.5, "target": "ratio ≤ 1.7", "reached": True}


@pytest.mark.slow
def test_a_month_of_sessions_is_planned_by_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caltech, "PUBLISHED_PCT", {30: 99.256})
    sessions = tmp_path / "sessions.csv"
    header = "session_id,station_id,phase_angle_deg,arrival_5min,departure_5min,kwh"
    sessions.write_text(f"{header}\nA,CA-1,30,100,148,12\nB,CA-2,150,100,136,12\n")
    rows = list(caltech.demand_met(sessions))
    assert [row.unit for row in rows] == ["% points", "%", "steps", "s"]
    _, met, above, _ = rows
    assert met.ours == pytest.approx(100)
    assert above.ours == 0


def test_a_measurement_that_fails_hides_neither_itself_nor_the_others(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def failing() -> Iterator[Row]:
        yield Row("the first", "ms", 1.0, None, "")
        raise RuntimeError("the plan was made by greedy")

    monkeypatch.setitem(command.MEASUREMENTS, "speed", failing)
    monkeypatch.setitem(command.MEASUREMENTS, "idiom", lambda: iter([Row("another", "ms", 1.0, None, "")]))
    monkeypatch.setattr(sys, "argv", ["bench-optimizer", "--only", "speed", "--only", "idiom"])
    with pytest.raises(SystemExit, match="speed: the plan was made by greedy"):
        command.main()
    printed = capsys.readouterr().out
    assert "the first" in printed
    assert "another" in printed


def test_changes_are_counted_within_stays() -> None:
    of = arrays.Arrays(*(np.zeros(0),) * 2, np.array([[0.0, 1.0, 1.0, 1.0, 0.0]]), *(np.zeros(0),) * 3)
    assert quality.changes_per_vehicle(of, np.array([[0.0, 6.0, 6.0, 8.0, 0.0]])) == 1
