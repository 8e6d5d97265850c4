"""The start of an API function: it leaves out what it can do without, and ends with a process as any other."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.imports import api_functions

ROOT = Path(__file__).parents[2]
STARTED = (
    "import gc, sys, {function}.app; print(gc.isenabled(), gc.get_freeze_count() > 0, 'pydantic.v1' in sys.modules)"
)


@pytest.mark.parametrize("function", api_functions())
def test_garbage_is_collected_once_the_function_has_started(function: str) -> None:
    path = os.pathsep.join(str(ROOT / folder) for folder in ("functions", "layers/ocpi"))
    started = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", STARTED.format(function=function)],
        env={**os.environ, "PYTHONPATH": path},
        check=True,
        capture_output=True,
        text=True,
    )
    enabled, frozen, old_pydantic = started.stdout.split()
    assert (enabled, frozen) == ("True", "True")
    assert old_pydantic == "False", "a typed parameter of a route makes FastAPI load the old pydantic: 45 ms"
