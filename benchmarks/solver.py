"""A whole planning step, beside HiGHS alone on the very linear program that it solves."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import highspy
import pulp

from benchmarks.figure import Figure, in_turn
from optimizer.model import Problem, Vehicle, grid, solve

TIMES = 7
NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)


def _problem(vehicles: int) -> Problem:
    """A tight site: half of what the vehicles could draw together."""
    random = Random(1)
    steps = grid(NOW, NOW + timedelta(hours=10))
    limit_a = vehicles * 8.0
    return Problem(
        start=NOW,
        step_seconds=steps,
        voltage_v=230,
        available_a={phase: [limit_a] * len(steps) for phase in ("L1", "L2", "L3")},
        vehicles=[
            Vehicle(
                id=str(number),
                phases=("L1", "L2", "L3") if number % 3 else ("L1", "L2", "L3")[number // 3 % 3 :][:1],
                min_a=6,
                max_a=16 if number % 2 else 32,
                departure=NOW + timedelta(hours=random.uniform(1, 10)),
                energy_kwh=random.uniform(5, 60),
            )
            for number in range(vehicles)
        ],
    )


def _measure(vehicles: int) -> Figure:
    problem = _problem(vehicles)
    with TemporaryDirectory() as folder:
        model = _written_model(problem, Path(folder) / "model.mps")
        plan = solve(problem)
        if plan.solver != "highs":
            raise RuntimeError(f"the plan was made by {plan.solver}")
        figures = in_turn(lambda: solve(problem), lambda: _highs(model), TIMES)
    what = f"plan {vehicles} vehicles x {len(problem.step_seconds)} steps, checked and repaired"
    return Figure(what, *figures, "HiGHS on the same program, read from a file in memory")


def _written_model(problem: Problem, path: Path) -> highspy.HighsLp:
    """The linear program that `solve` hands to HiGHS."""
    written: list[Any] = []
    original = pulp.LpProblem.solve

    def write_too(lp: Any, *arguments: Any, **options: Any) -> Any:
        if not written:
            lp.writeMPS(str(path))
            written.append(lp)
        return original(lp, *arguments, **options)

    pulp.LpProblem.solve = write_too
    try:
        solve(problem)
    finally:
        pulp.LpProblem.solve = original
    reader = highspy.Highs()
    reader.setOptionValue("output_flag", False)
    reader.readModel(str(path))
    return reader.getLp()


def _highs(model: highspy.HighsLp) -> None:
    highs = highspy.Highs()
    for option, value in (("output_flag", False), ("threads", 1), ("presolve", "off")):
        highs.setOptionValue(option, value)
    highs.passModel(model)
    highs.run()


MEASUREMENTS: list[Callable[[], Figure]] = [partial(_measure, vehicles) for vehicles in (50, 200)]
