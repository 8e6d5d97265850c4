"""What a cold start of each API function costs: a process that imports it, beside one that imports the bare stack.

Nothing is compiled while it is measured, as nothing is in the layer: a first run of each, not counted, leaves its
bytecode in a folder of this measurement's own.
"""

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from tempfile import TemporaryDirectory

from benchmarks.environment import ENVIRONMENT
from benchmarks.figure import Figure, in_turn
from benchmarks.processes import ROOT

TURNS = 7
FLOOR = "FastAPI, Mangum, Logger, Metrics, pydantic, DynamoDB client"
BARE = """
import boto3, pydantic
from aws_lambda_powertools import Logger, Metrics
from fastapi import FastAPI
from mangum import Mangum
class Settings(pydantic.BaseModel): table: str
Logger(); Metrics(); boto3.client("dynamodb"); Mangum(FastAPI(openapi_url=None), lifespan="off")
"""
OURS = "import {function}.app; from ocpi.store.table import client; client()"


def measure(turns: int = TURNS, only: tuple[str, ...] = ()) -> Iterator[Figure]:
    """Each API function, or `only` some, and the floor, in turns."""
    functions = only or api_functions()
    with TemporaryDirectory() as folder:
        codes = [BARE, *(OURS.format(function=function) for function in functions)]
        for code in codes:
            process_ms(code, folder)
        sides = [lambda n, code=code: [process_ms(code, folder) for _ in range(n)] for code in codes]
        floor_ms, *ours_ms = in_turn(sides, turns, turn_ms=0)
    for function, milliseconds in zip(functions, ours_ms, strict=True):
        yield Figure(f"cold import of {function}", milliseconds, floor_ms, FLOOR)


def api_functions() -> tuple[str, ...]:
    """The functions that have routes."""
    modules = (ROOT / "functions").glob("*/*.py")
    return tuple(sorted({module.parent.name for module in modules if "APIRouter(" in module.read_text()}))


def process_ms(code: str, bytecode: str) -> float:
    """User and system CPU milliseconds of a fresh Python that runs `code`."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-W", "ignore", "-c", code],
        check=True,
        env={
            **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
            **ENVIRONMENT,
            "PYTHONPATH": os.pathsep.join(str(ROOT / root) for root in ("functions", "layers/ocpi")),
            "PYTHONPYCACHEPREFIX": bytecode,
        },
        stdout=subprocess.DEVNULL,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000
