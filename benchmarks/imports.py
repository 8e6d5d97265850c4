"""What a cold start of each API function costs: a process that imports it, beside one that imports the bare stack."""

import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks.environment import ENVIRONMENT
from benchmarks.figure import Figure

TIMES = 7
FUNCTIONS = ("versions", "credentials", "locations", "sessions", "chargingprofiles")
BARE = """
import boto3, pydantic
from aws_lambda_powertools import Logger
from fastapi import FastAPI
from mangum import Mangum
Logger(); boto3.client("dynamodb"); Mangum(FastAPI(), lifespan="off")
"""
_ROOTS = [str(Path(__file__).parent.parent / root) for root in ("functions", "layers/ocpi")]


def _import(function: str) -> Figure:
    ours, floor = [], []
    for _ in range(TIMES):
        ours.append(_process_ms(f"import {function}.app; from ocpi.store.table import client; client()"))
        floor.append(_process_ms(BARE))
    return Figure(f"cold import of {function}", median(ours), median(floor), "FastAPI, Mangum, Logger, DynamoDB client")


def _process_ms(code: str) -> float:
    """User and system CPU milliseconds of a fresh Python that runs `code`."""
    before = os.times()
    subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-W", "ignore", "-c", code],
        check=True,
        env={**os.environ, **ENVIRONMENT, "PYTHONPATH": os.pathsep.join(_ROOTS)},
    )
    after = os.times()
    return (after.children_user + after.children_system - before.children_user - before.children_system) * 1000


MEASUREMENTS: list[Callable[[], Figure]] = [partial(_import, function) for function in FUNCTIONS]
