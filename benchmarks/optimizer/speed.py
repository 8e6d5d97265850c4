"""What planning costs: beside bare arrays, beside PuLP's ordinary idiom, as a whole step, and from a cold start."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from tempfile import TemporaryDirectory

from benchmarks.figure import Batch, in_turn
from benchmarks.imports import process_ms
from benchmarks.optimizer.arrays import Arrays, arrays_of, best
from benchmarks.optimizer.idiom import best as best_by_idiom
from benchmarks.optimizer.instances import full, site
from benchmarks.optimizer.row import Row, Target
from optimizer.planning.problem import Floats, Plan, Problem
from optimizer.planning.solve import solve

SAME = 1e-6
"""By so much, in parts, may two optima differ to be one."""

FLOOR = "the same program from bare arrays"
STEP_MS = 250.0
START_MS = 2500.0
PATIENCE_S = 120.0
"""CPU time is measured, so a machine that is busy with something else shall not end it."""

COLD = """
import optimizer.handlers
from benchmarks.optimizer.instances import full
from optimizer.planning.solve import solve
assert solve(full({vehicles}, 96), time_limit_s={patience_s}).solver == "highs"
"""
BARE = "import numpy, highspy, pulp"


@dataclass(frozen=True)
class Size:
    """An instance, how often it is solved, and what is aimed at."""

    vehicles: int
    steps: int
    tight: bool
    turns: int
    target: Target | None = None

    @property
    def problem(self) -> Problem:
        """The site."""
        return site(self.vehicles, self.steps, tight=self.tight)

    def __str__(self) -> str:
        return f"{self.vehicles} EVs x {self.steps} steps, {'tight' if self.tight else 'loose'}"


USUAL = Target("ratio", 1.7)
SIZES = (
    Size(10, 96, tight=False, turns=15),
    Size(10, 96, tight=True, turns=15),
    Size(50, 96, tight=False, turns=15),
    Size(50, 96, tight=True, turns=15),
    Size(200, 96, tight=False, turns=15, target=USUAL),
    Size(200, 96, tight=True, turns=15, target=USUAL),
    Size(1000, 96, tight=False, turns=3),
    Size(1000, 96, tight=True, turns=3),
    Size(5000, 96, tight=False, turns=1),
    Size(10, 288, tight=False, turns=15),
    Size(50, 288, tight=False, turns=7),
    Size(200, 288, tight=False, turns=5),
    Size(1000, 288, tight=False, turns=1),
    Size(5000, 288, tight=False, turns=1, target=Target("ratio", 1.25)),
)


def beside_arrays(sizes: Sequence[Size] = SIZES) -> Iterator[Row]:
    """Only energy, limits and phases, built, solved and read."""
    for size in sizes:
        ours_ms, floor_ms = _side_by_side(size, best)
        yield Row(str(size), "ms", ours_ms, floor_ms, FLOOR, size.target)


def beside_idiom(size: Size = Size(200, 96, tight=True, turns=5)) -> Iterator[Row]:
    """The same, beside PuLP as it is mostly used."""
    ours_ms, idiom_ms = _side_by_side(size, best_by_idiom)
    yield Row(str(size), "ms", ours_ms, idiom_ms, "PuLP's ordinary idiom, HiGHS", Target("ratio", 1.0))


def whole_step(vehicles: int = 200, steps: int = 96, turns: int = 5) -> Iterator[Row]:
    """Tree, PV, prices and peak; slices, repair, few changes and check; from nothing, and against the plan before."""
    first = full(vehicles, steps)
    plan = planned(first)
    before = dict(zip((vehicle.id for vehicle in first.vehicles), plan.rates, strict=True))
    # Every tenth leaves an hour earlier than was believed.
    moved = [
        replace(vehicle, departure_s=vehicle.departure_s - 3600) if number % 10 == 0 else vehicle
        for number, vehicle in enumerate(first.vehicles)
    ]
    again = replace(first, vehicles=moved, previous=before)
    arrays = arrays_of(replace(first, prices=None))
    sides = [timed(partial(planned, first)), timed(partial(planned, again)), timed(partial(best, arrays))]
    first_ms, again_ms, floor_ms = in_turn(sides, turns, turn_ms=0)
    for name, ours_ms in (("no plan before", first_ms), ("a plan before", again_ms)):
        what = f"whole step, {vehicles} EVs x {steps} steps, {name}"
        yield Row(what, "ms", ours_ms, floor_ms, "bare arrays, energy and limits alone", Target("ours", STEP_MS))


def cold_start(turns: int = 3, vehicles: int = 200) -> Iterator[Row]:
    """A new process that imports what the function does, compiled, and plans once."""

    def started(code: str, folder: str, times: int) -> list[float]:
        return [process_ms(code, folder) for _ in range(times)]

    with TemporaryDirectory() as folder:
        sides = [
            partial(started, code, folder) for code in (COLD.format(vehicles=vehicles, patience_s=PATIENCE_S), BARE)
        ]
        # The first run of each leaves its bytecode in the folder, as it is in the layer.
        for side in sides:
            side(1)
        ours_ms, bare_ms = in_turn(sides, turns, turn_ms=0)
    yield Row(f"cold start and a whole step, {vehicles} EVs", "ms", ours_ms, bare_ms, BARE, Target("ours", START_MS))


def planned(problem: Problem, *, bare: bool = False, time_limit_s: float = PATIENCE_S) -> Plan:
    """The plan of HiGHS, however long it takes.

    Raises:
        RuntimeError: another had to stand in.
    """
    plan = solve(problem, bare=bare, time_limit_s=time_limit_s)
    if plan.solver != "highs":
        raise RuntimeError(f"the plan was made by {plan.solver}: {'; '.join(plan.failures)}")
    return plan


def timed(call: Callable[[], object]) -> Batch:
    """CPU milliseconds of each call."""

    def batch(times: int) -> list[float]:
        milliseconds = []
        for _ in range(times):
            before = time.process_time()
            call()
            milliseconds.append((time.process_time() - before) * 1000)
        return milliseconds

    return batch


def _side_by_side(size: Size, other: Callable[[Arrays], Floats]) -> tuple[float, float]:
    """What both cost; they must find the same optimum.

    Raises:
        RuntimeError: the optima differ.
    """
    problem = size.problem
    arrays = arrays_of(problem)
    values = [arrays.value(planned(problem, bare=True).rates), arrays.value(other(arrays))]
    if abs(values[0] - values[1]) > SAME * values[1]:
        raise RuntimeError(f"{size}: not the same optimum: {values}")
    ours_ms, other_ms = in_turn(
        [timed(lambda: planned(problem, bare=True)), timed(lambda: other(arrays))], size.turns, turn_ms=0
    )
    return ours_ms, other_ms
