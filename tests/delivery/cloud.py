"""The asynchronous side of a platform as AWS runs it, in virtual time: streams, queues and a schedule start functions.

Each call that a function makes (to the store, a queue or a partner) is a *step*: it takes a little time, in which
others run, and before and after it the function may meet an accident. State is DynamoDB's alone, so what a function had
in memory is lost with it, and AWS starts it again as it does: a stream repeats the batch, a queue shows the message
again after its visibility timeout.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from random import Random
from types import SimpleNamespace
from typing import Any, Literal
from zlib import crc32

import pytest

from ocpi.transport.client import Answer, PartnerClient
from tests.delivery.dynamodb import MemoryDynamoDB, Typed
from tests.delivery.simulation import Killed, Simulation
from tests.delivery.sqs import Message, Queue, Settings, SQSClient

# All as in template.yaml, which tests/template/test_delivery.py compares.
QUEUES = {
    "push.fifo": Settings(fifo=True, visibility_s=360, max_receives=5, concurrency=50),
    "timeouts": Settings(fifo=False, visibility_s=180, max_receives=5, concurrency=20),
}
NOT_HEARD = {"optimize.fifo", "pull.fifo"}
"""Queues whose messages are not about sending objects."""

SOURCES = {"push.fifo": "push", "timeouts": "timeouts"}
TIMEOUTS_S = {"outbox": 60.0, "push": 60.0, "timeouts": 30.0, "sweep": 60.0}
SWEEP_EVERY_S = 300.0
BATCH_SIZE = 100
LANES = 4
LONGEST_AGE_S = 3600.0
"""After so long the stream gives a record up."""

LONGEST_STEP_S = 0.01
"""What a call to the store or a queue takes."""

LONGEST_TRIP_S = 0.2
"""What a request to a partner takes if nothing is wrong."""

type Handler = Callable[[Any, Any], Any]
type Moment = Literal["before", "after"]
type Accident = Callable[[str, int, Moment], BaseException | None]
"""What befalls a function (by its name) before or after its n-th step; counted over all its invocations."""

type Send = Callable[[PartnerClient, str, str, bytes | None], Answer]
"""As :class:`PartnerClient` sends a request: method, URL and body."""

type Ended = Callable[[BaseException | None], None]
"""Is told that a function has ended: why, if it has not succeeded."""

_running: ContextVar["Invocation | None"] = ContextVar("running", default=None)


class Unavailable(Exception):
    """AWS answers a call with an error of its own; before the call is done, or after it."""


@dataclass
class Invocation:
    """One run of a function."""

    function: str
    deadline: float
    simulation: Simulation
    dead: bool = False

    def get_remaining_time_in_millis(self) -> int:
        """As Lambda's context tells it."""
        return int((self.deadline - self.simulation.seconds) * 1000)


class Cloud:
    """A platform's functions and what starts them.

    Args:
        seed: of the time that steps take, and of what queues do.
        functions: the handlers of outbox, push, timeouts and sweep.
        tables: the tables with a stream.
        accident: what befalls functions.
        queues: the settings of the queues.
        request: sends a request to a partner.
    """

    def __init__(
        self,
        seed: object,
        functions: Mapping[str, Handler],
        tables: tuple[str, ...],
        accident: Accident = lambda function, number, moment: None,
        queues: Mapping[str, Settings] = QUEUES,
        request: Send = PartnerClient._request,
    ) -> None:
        self.simulation = Simulation()
        self.random = Random(f"cloud/{seed}")
        self.dynamodb = MemoryDynamoDB(self._changed)
        self.queues = {name: Queue(self.simulation, settings, self.random) for name, settings in queues.items()}
        self.failures = 0
        """How many functions have met an accident."""
        self.took = 0.0
        """How long the network says that the request which it has just carried took, beside the usual."""
        self.steps: dict[str, int] = dict.fromkeys(functions, 0)
        self.hear: Callable[[str, Typed], None] = lambda table, record: None
        """Is told of every change in any table."""
        self.streams = {table: Stream(self) for table in tables}
        self._functions = functions
        self._accident = accident
        self._request = request
        for name, queue in self.queues.items():
            queue.awaken = Poller(self, queue, SOURCES[name]).poll

    @contextmanager
    def running(self) -> Iterator[None]:
        """Within, this is the AWS of this process, and its clock the only one."""
        dynamodb, sqs = (Stepping(each, self.step) for each in (self.dynamodb, SQSClient(self.queues, NOT_HEARD)))
        no_events = SimpleNamespace(put_events=lambda **_: {"FailedEntryCount": 0})

        def exchange(client: PartnerClient, method: str, url: str, body: bytes | None) -> Answer:
            self.took = 0.0
            try:
                return self._request(client, method, url, body)
            finally:
                self._spend(self.took + self.random.uniform(0, LONGEST_TRIP_S))

        def stepping(*asked: Any) -> Answer:
            return self.step(partial(exchange, *asked))

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("ocpi.clock.now", self.simulation.now)
            patch.setattr("ocpi.store.table.client", lambda: dynamodb)
            patch.setattr("ocpi.store.table.time", SimpleNamespace(sleep=self.simulation.sleep))
            patch.setattr("ocpi.store.table.random", Random(0))
            patch.setattr("ocpi.push.queue._client", lambda: sqs)
            patch.setattr("ocpi.push.events._client", lambda: no_events)
            patch.setattr("ocpi.parties.secrets._pepper", lambda secret_id: b"pepper")
            patch.setattr("ocpi.parties.secrets._kms", PlainKMS)
            patch.setattr("ocpi.transport.client.PartnerClient._request", stepping)
            self.simulation.after(SWEEP_EVERY_S, self._sweep)
            try:
                yield
            finally:
                self.simulation.close()

    def invoke(self, function: str, event: object, ended: Ended) -> None:
        """Run a function beside all others."""

        def body() -> None:
            invocation = Invocation(function, self.simulation.seconds + TIMEOUTS_S[function], self.simulation)
            _running.set(invocation)
            try:
                self._functions[function](event, invocation)
            except (Killed, Unavailable) as error:
                self.failures += 1
                ended(error)
            else:
                ended(None)

        self.simulation.start(body)

    def step[T](self, act: Callable[[], T]) -> T:
        """Do what a function asks of the world outside."""
        invocation = _running.get()
        if invocation is None:
            return act()
        self._spend(self.random.uniform(0, LONGEST_STEP_S))
        self.steps[invocation.function] += 1
        number = self.steps[invocation.function]
        self._meet(invocation, number, "before")
        try:
            return act()
        finally:
            self._meet(invocation, number, "after")

    def _spend(self, seconds: float) -> None:
        """The function that runs waits, but no longer than it may run."""
        invocation = _running.get()
        if invocation is None:
            return
        left = invocation.deadline - self.simulation.seconds
        self.simulation.sleep(min(seconds, max(left, 0)))
        if invocation.dead or seconds > left:
            invocation.dead = True  # what it would do in the end, such as in a `finally`, is not done either
            raise Killed

    def _meet(self, invocation: Invocation, number: int, moment: Moment) -> None:
        accident = self._accident(invocation.function, number, moment)
        if accident:
            invocation.dead = isinstance(accident, Killed)
            raise accident

    def _changed(self, table: str, record: Typed) -> None:
        self.hear(table, record)
        if table in self.streams:
            self.streams[table].add(record)

    def _sweep(self) -> None:
        self.simulation.after(SWEEP_EVERY_S, self._sweep)
        self.invoke("sweep", {}, lambda error: None)


class Stepping:
    """A client of AWS whose every call is a step."""

    def __init__(self, client: object, step: Callable[[Callable[[], Any]], Any]) -> None:
        self._client = client
        self._step = step

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        return (lambda **asked: self._step(partial(found, **asked))) if callable(found) else found


class PlainKMS:
    """KMS that keeps no secret."""

    def encrypt(self, *, Plaintext: bytes, **_: object) -> dict[str, bytes]:  # noqa: N803 - as boto3 names them
        return {"CiphertextBlob": Plaintext}

    def decrypt(self, *, CiphertextBlob: bytes, **_: object) -> dict[str, bytes]:  # noqa: N803 - as boto3 names them
        return {"Plaintext": CiphertextBlob}


class Poller:
    """Lambda's event source on a queue: BatchSize 1, at most so many functions at a time."""

    def __init__(self, cloud: Cloud, queue: Queue, function: str) -> None:
        self._cloud = cloud
        self._queue = queue
        self._function = function
        self._running = 0

    def poll(self) -> None:
        """Start functions, as long as there are messages and places."""
        while self._running < self._queue.settings.concurrency and (message := self._queue.receive()):
            self._running += 1
            self._cloud.invoke(self._function, message.event(), partial(self._ended, message))

    def _ended(self, message: Message, error: BaseException | None) -> None:
        self._running -= 1
        if error is None:
            self._queue.delete(message)
        self._cloud.simulation.after(0, self.poll)


class Stream:
    """A table's stream, of one shard, and Lambda's event source on it: some lanes, and an item always in the same."""

    def __init__(self, cloud: Cloud) -> None:
        self._lanes = [Lane(cloud) for _ in range(LANES)]

    def add(self, record: Typed) -> None:
        """Something was written."""
        image = record["dynamodb"].get("NewImage") or record["dynamodb"]["OldImage"]
        self._lanes[crc32(image["pk"]["S"].encode()) % LANES].add(record)

    def forget(self) -> None:
        """Whatever was written, was long ago."""
        for lane in self._lanes:
            lane.records.clear()


class Lane:
    """One batch after the other; one that fails is tried again in halves, until it is too old."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self.records: list[Typed] = []
        self._busy = False
        self._attempts = 0
        self._size = BATCH_SIZE
        self._failing_since = 0.0

    def add(self, record: Typed) -> None:
        self.records.append(record)
        self._cloud.simulation.after(0, self._carry)

    def _carry(self) -> None:
        if self._busy or not self.records:
            return
        self._busy = True
        if not self._attempts:
            self._failing_since = self._cloud.simulation.seconds
        batch = self.records[: self._size]
        self._cloud.invoke("outbox", {"Records": batch}, partial(self._ended, len(batch)))

    def _ended(self, number: int, error: BaseException | None) -> None:
        self._busy = False
        if error is None:
            del self.records[:number]
            self._attempts, self._size = 0, BATCH_SIZE
            self._cloud.simulation.after(0, self._carry)
            return
        self._attempts += 1
        assert self._cloud.simulation.seconds < self._failing_since + LONGEST_AGE_S, "the outbox gives records up"
        self._size = max(number // 2, 1)
        self._cloud.simulation.after(self._attempts, self._carry)
