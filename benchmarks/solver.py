"""A whole planning step, beside HiGHS alone on the very linear program that it solves."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import highspy
import pulp

from benchmarks.figure import Batch, Figure, in_turn
from optimizer.model import solve
from optimizer.phases import PHASES
from optimizer.problem import Problem, Vehicle, grid

TURNS = 7
SIZES = (50, 200)
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
        available_a={phase: [limit_a] * len(steps) for phase in PHASES},
        vehicles=[
            Vehicle(
                id=str(number),
                phases=PHASES if number % 3 else PHASES[number // 3 % 3 :][:1],
                min_a=6,
                max_a=16 if number % 2 else 32,
                departure=NOW + timedelta(hours=random.uniform(1, 10)),
                energy_kwh=random.uniform(5, 60),
            )
            for number in range(vehicles)
        ],
    )


def measure(turns: int = TURNS, sizes: tuple[int, ...] = SIZES) -> Iterator[Figure]:
    """Sites of so many vehicles."""
    return (_measure(vehicles, turns) for vehicles in sizes)


def _measure(vehicles: int, turns: int) -> Figure:
    problem = _problem(vehicles)
    with TemporaryDirectory() as folder:
        model = _written_model(problem, Path(folder) / "model.mps")
        plan = solve(problem)
        if plan.solver != "highs":
            raise RuntimeError(f"the plan was made by {plan.solver}")
        ours_ms, highs_ms = in_turn([_timed(lambda: solve(problem)), _timed(lambda: _highs(model))], turns, turn_ms=0)
    what = f"plan {vehicles} vehicles x {len(problem.step_seconds)} steps, checked and repaired"
    return Figure(what, ours_ms, highs_ms, "HiGHS on the same program, read from a file in memory")


def _timed(call: Callable[[], object]) -> Batch:
    def batch(times: int) -> list[float]:
        milliseconds = []
        for _ in range(times):
            before = time.process_time()
            call()
            milliseconds.append((time.process_time() - before) * 1000)
        return milliseconds

    return batch


def _written_model(problem: Problem, path: Path) -> Any:
    """The linear program that `solve` hands to HiGHS."""
    original = pulp.LpProblem.solve

    def write_too(lp: Any, *arguments: Any, **options: Any) -> Any:
        lp.writeMPS(str(path))
        return original(lp, *arguments, **options)

    with patch.object(pulp.LpProblem, "solve", write_too):
        solve(problem)
    reader = _new_highs()
    reader.readModel(str(path))
    return reader.getLp()


def _highs(model: Any) -> None:
    highs = _new_highs()
    highs.passModel(model)
    highs.run()


def _new_highs() -> Any:
    highs: Any = highspy.Highs()  # type: ignore[no-untyped-call]  # no types are published
    for option, value in (("output_flag", False), ("threads", 1), ("presolve", "off")):
        highs.setOptionValue(option, value)
    return highs
