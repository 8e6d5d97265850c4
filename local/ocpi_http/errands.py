"""What a simulated party still does after it has answered: results, pushes, new tokens."""

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any

from local.ocpi_http.client import OcpiError, Unreachable
from local.ocpi_http.registration import Refused
from local.ocpi_http.traffic import Traffic


class Errands:
    """Runs them beside everything else; each counts as traffic from the moment it is given."""

    def __init__(self, traffic: Traffic) -> None:
        self._traffic = traffic
        self._under_way: set[asyncio.Task[None]] = set()

    def run(self, errand: Coroutine[Any, Any, None]) -> None:
        """Do something in its own time; that it failed is said, and concerns nobody else."""
        task = asyncio.create_task(_watched(errand))
        self._under_way.add(task)
        self._traffic.begin()
        task.add_done_callback(self._done)

    async def cancel(self) -> None:
        """Give up all that is not done."""
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._traffic.end()
        self._under_way.discard(task)


async def _watched(errand: Coroutine[Any, Any, None]) -> None:
    try:
        await errand
    except (OcpiError, Unreachable, Refused) as error:
        log(f"lost: {error}")


def log(message: str) -> None:
    """Say something that a person should see."""
    print(message, file=sys.stderr, flush=True)
