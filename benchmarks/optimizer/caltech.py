"""A real month of the Caltech garage, planned by `ocpi simulate`: the part of the need that is met."""

import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.optimizer.row import Row, Target
from benchmarks.processes import ROOT

PUBLISHED_PCT = {10: 59.105, 20: 88.571, 30: 99.256, 40: 99.884}
"""Of plans that know everything, under a limit of so many kW on all together."""

SAME_PCT = 0.01
LONGEST_S = 120.0
SITES = ROOT / "docs" / "examples"


def demand_met(sessions: Path) -> Iterator[Row]:
    """Under each limit, by a plan that knows everything; and as it is planned while the month goes on."""
    for limit_kw, published in PUBLISHED_PCT.items():
        # What knows everything is always told; beside it the policy that costs least.
        options = ("--policy", "uncontrolled", "--limit-kw", str(limit_kw))
        policies, _ = _simulated(sessions, "caltech-single-phase.json", *options)
        met = policies["offline"]["demand_met_pct"]
        what = f"Caltech, {limit_kw} kW, known ahead: difference of the demand met"
        yield Row(what, "% points", abs(met - published), published, "published", Target("ours", SAME_PCT))
    policies, spent_s = _simulated(sessions, "caltech-three-phase.json", "--policy", "lp")
    what = "Caltech, 30 kW on three phases, planned as it goes on"
    ours, ahead = policies["lp"], policies["offline"]["demand_met_pct"]
    beside = "a plan that knows everything"
    yield Row(f"{what}: demand met", "%", ours["demand_met_pct"], ahead, beside, Target("ours", 91.9, at_least=True))
    yield Row(f"{what}: steps above a limit", "steps", ours["intervals_over_limit"], None, "", Target("ours", 0))
    yield Row(f"{what}: all of the month", "s", spent_s, None, "", Target("ours", LONGEST_S))


def _simulated(sessions: Path, site: str, *options: str) -> tuple[dict[str, Any], float]:
    """What `ocpi simulate` says of each policy, and the CPU seconds that it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    program = str(Path(sys.executable).with_name("ocpi"))
    command = [program, "simulate", str(sessions), "--site", str(SITES / site), *options, "--json"]
    answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    policies: dict[str, Any] = json.loads(answer.stdout)["policies"]
    return policies, spent_s
