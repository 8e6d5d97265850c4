"""Simulated time: how fast it runs, and when all is quiet so that it may jump to the next event."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from local.ocpi_http.traffic import Traffic
from ocpi import clock

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType

SLEEP_SECONDS = 0.02


class SimulatedClock:
    """The simulated time that this process owns and, with a file, tells everybody else."""

    def __init__(self, start: datetime, file: Path | None) -> None:
        self._file = file
        self._simulated = start
        self._real = time.monotonic()
        self._rate = 0.0
        self.set(start, rate=0.0)

    def now(self) -> datetime:
        """The simulated time."""
        return self._simulated + timedelta(seconds=(time.monotonic() - self._real) * self._rate)

    @property
    def stopped(self) -> bool:
        """Whether it stands still."""
        return not self._rate

    def set(self, simulated: datetime, rate: float) -> None:
        """It is `simulated` now, and runs at `rate` simulated seconds a second."""
        self._simulated, self._real, self._rate = simulated, time.monotonic(), rate
        if self._file:
            clock.write(self._file, simulated, rate)

    def flow(self, until: datetime) -> datetime:
        """The simulated time, stopped just before it would pass `until` unseen; returns it."""
        now = self.now()
        if self._rate and now + timedelta(seconds=2 * SLEEP_SECONDS * self._rate) >= until:
            now = min(now, until)
            self.set(now, rate=0.0)
        return min(now, until)


class Queues:
    """The platform's SQS queues, looked at to see whether it still has something to do."""

    COUNTS: Sequence["QueueAttributeNameType"] = (
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesDelayed",
    )

    def __init__(self, client: "SQSClient", urls: Sequence[str]) -> None:
        self._client = client
        self._urls = urls

    async def empty(self) -> bool:
        """Whether nothing is in any of them, waiting, being worked on or delayed."""
        return not await asyncio.to_thread(self._waiting)

    def _waiting(self) -> bool:
        return any(
            int(count)
            for url in self._urls
            for count in self._client.get_queue_attributes(QueueUrl=url, AttributeNames=list(self.COUNTS))[
                "Attributes"
            ].values()
        )


class Quiet:
    """Whether everything that an event set off has been said and done, at the partner too.

    That is so after `silence` real seconds without any OCPI message, in which several looks in a row found the
    `queues` empty. Without queues to look at, it is a guess, and the silence should be longer.
    """

    LOOKS = 3

    def __init__(self, traffic: Traffic, silence: float = 0.3, queues: Queues | None = None) -> None:
        self.traffic = traffic
        self._silence = silence
        self._queues = queues
        self._looks = 0
        self._messages = -1

    async def reached(self) -> bool:
        """Whether all is quiet now; to be asked again and again until it is."""
        if self.traffic.under_way or self.traffic.messages != self._messages:
            self._looks, self._messages = 0, self.traffic.messages
            return False
        if self._queues and self._looks < self.LOOKS:
            self._looks = self._looks + 1 if await self._queues.empty() else 0
            return False
        return self.traffic.quiet_for() >= self._silence


@dataclass(frozen=True)
class Steady:
    """A pace that can be watched: from a moment on `rate` simulated seconds a real second, without jumps."""

    since: datetime
    rate: float


@dataclass(frozen=True)
class Pace:
    """How the day is paced: `busy_rate` simulated seconds a real second while messages are on their way.

    `patience` is the real seconds that one event may take to settle.
    """

    clock: SimulatedClock
    quiet: Quiet
    busy_rate: float = 10.0
    patience: float = 20.0
    steady: Steady | None = None


def watch_queues(urls: Sequence[str]) -> Queues | None:
    """Eyes on the platform's queues, with the AWS settings of the environment; None without queues."""
    if not urls:
        return None
    import boto3  # noqa: PLC0415 - only a demo against the platform's own queues needs it

    return Queues(boto3.client("sqs"), urls)
