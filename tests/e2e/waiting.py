"""Waiting for what happens by itself."""

import time
from collections.abc import Callable
from typing import Any


def eventually(what: Callable[[], object], within_s: float) -> Any:
    """The first true value of `what`."""
    deadline = time.monotonic() + within_s
    while not (value := what()):
        assert time.monotonic() < deadline, f"not within {within_s} s"
        time.sleep(0.2)
    return value
