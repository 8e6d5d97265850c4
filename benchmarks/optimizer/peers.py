"""A whole day beside acnportal's algorithms, which decide on one step after the other and cannot look ahead."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.figure import in_turn
from benchmarks.optimizer.instances import on_one_phase
from benchmarks.optimizer.row import Row, Target
from benchmarks.optimizer.speed import planned, timed
from benchmarks.peers.environments import Peer, Unavailable, prepared
from benchmarks.processes import ROOT
from optimizer.planning.problem import Problem

ACNPORTAL = Peer("acnportal", "acnportal")


def beside_acnportal(vehicles: int = 200, steps: int = 96) -> Iterator[Row]:
    """What a day costs, and how much of the need it meets."""
    problem = on_one_phase(vehicles, steps)
    what = f"a day of {vehicles} EVs on one phase x {steps} steps, tight"
    (ours_ms,) = in_turn([timed(lambda: planned(problem, bare=True))], 5, turn_ms=0)
    need_kwh = sum(vehicle.energy_kwh for vehicle in problem.vehicles)
    met_pct = float(planned(problem, bare=True).delivered_kwh.sum()) / need_kwh * 100
    try:
        python = prepared(ACNPORTAL)
    except Unavailable as reason:
        yield Row(what, "ms", ours_ms, None, f"{ACNPORTAL.title}: {reason}")
        return
    for name, figures in _days(problem, python).items():
        beside = f"{ACNPORTAL.title}, {name}"
        yield Row(what, "ms", ours_ms, figures["ms"], beside)
        other_pct = figures["kwh"] / need_kwh * 100
        yield Row(f"{what}: need met", "%", met_pct, other_pct, beside, Target("ratio", 1.0, at_least=True))


def _days(problem: Problem, python: Path) -> dict[str, dict[str, float]]:
    answer = subprocess.run(  # noqa: S603 - the interpreter and the code of this project
        [str(python), "-m", "benchmarks.optimizer.acnportal_day"],
        cwd=ROOT,
        check=True,
        input=json.dumps(_day(problem)),
        stdout=subprocess.PIPE,
        text=True,
    )
    days: dict[str, dict[str, float]] = json.loads(answer.stdout)
    return days


def _day(problem: Problem) -> dict[str, Any]:
    (node,) = problem.nodes
    step_s = problem.step_seconds[0]
    return {
        "minutes": step_s / 60,
        "voltage_v": problem.voltage_v,
        "limit_a": {phase: float(limit[0]) for phase, limit in node.limit_a.items()},
        "cars": [
            {
                "id": vehicle.id,
                "phase": vehicle.phases[0],
                "most": vehicle.most,
                "kwh": vehicle.energy_kwh,
                "voltage_v": problem.voltage_v,
                "arrival": int(vehicle.arrival_s // step_s),
                "departure": int(vehicle.departure_s // step_s),
            }
            for vehicle in problem.vehicles
        ],
    }
