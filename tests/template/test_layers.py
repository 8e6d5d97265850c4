"""What Lambda unpacks for the function that solves."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from local import sam
from tests.template.expanded import PROJECT

MOST_BYTES = 75_000_000
SOLVING = """
import highspy, numpy, pulp
for module in highspy, numpy, pulp:
    assert module.__file__.startswith({layer!r}), module.__file__
problem = pulp.LpProblem("site", pulp.LpMaximize)
rate = problem.add_variable("rate", 0, 32)
problem += rate
problem += 2 * rate <= 20
problem.solve(pulp.HiGHS(msg=False, threads=1))
print(rate.varValue)
"""


@pytest.fixture(scope="session")
def solver_layer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The layer as `sam build` makes it, of the packages that `make setup` has fetched."""
    built = tmp_path_factory.mktemp("layer")
    subprocess.run(
        ["/usr/bin/env", "make", "--silent", "build-SolverLayer", f"ARTIFACTS_DIR={built}"],
        cwd=PROJECT / "layers/solver",
        env={**os.environ, **sam.tools(PROJECT)},
        check=True,
    )
    return built / "python"


def test_the_solver_layer_stays_small(solver_layer: Path) -> None:
    size = sum(file.stat().st_size for file in solver_layer.rglob("*") if file.is_file())
    assert 10_000_000 < size <= MOST_BYTES


@pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"), reason="the layer is built for Lambda's machines"
)
def test_what_was_left_out_of_the_solver_layer_is_not_missed(solver_layer: Path) -> None:
    # Behind the layer, what the other layer brings; of what this one has, none may come from there.
    paths = os.pathsep.join(map(str, (solver_layer, Path(pytest.__file__).parents[1])))
    solved = subprocess.run(
        [sys.executable, "-S", "-c", SOLVING.format(layer=str(solver_layer))],
        env={"PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"},
        check=True,
        capture_output=True,
        text=True,
    )
    assert float(solved.stdout) == 10
