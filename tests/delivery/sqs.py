"""SQS in virtual time, with the semantics that matter: groups, visibility, receive counts, dead letters, delays.

A FIFO queue gives out the messages of a group one after the other, the next one only once the last is deleted; so a
message that is being worked on, or whose worker has died, holds up its group and no other. A standard queue has no
order. Both deliver at least once: now and then a deletion gets lost, and the message comes again.
"""

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.delivery.simulation import Simulation


@dataclass
class Message:
    """A message on a queue."""

    id: str
    body: str
    visible_at: float
    group: str | None = None
    receives: int = 0

    def event(self) -> dict[str, Any]:
        """As Lambda hands it to a function (BatchSize 1)."""
        attributes = {"ApproximateReceiveCount": str(self.receives)}
        return {"Records": [{"messageId": self.id, "body": self.body, "attributes": attributes}]}


@dataclass(frozen=True)
class Settings:
    """Of a queue, and of the Lambda event source on it, as in template.yaml."""

    fifo: bool
    visibility_s: float
    max_receives: int
    concurrency: int
    lost_deletions: float = 0.01
    """How likely it is that a message comes again though it has been worked on."""


@dataclass
class Queue:
    """One queue. `awaken` is called whenever a message may have become visible."""

    simulation: Simulation
    settings: Settings
    random: Random
    awaken: Callable[[], None] = lambda: None
    messages: list[Message] = field(default_factory=list)
    dead: list[Message] = field(default_factory=list)
    sent: int = 0

    def send(self, body: str, *, group: str | None = None, delay_s: float = 0) -> None:
        self.sent += 1
        self.messages.append(Message(str(self.sent), body, self.simulation.seconds + delay_s, group))
        self.simulation.after(delay_s, self.awaken)

    def receive(self) -> Message | None:
        """A message to work on; for the visibility timeout nobody else gets it, nor one behind it in its group."""
        while candidates := list(self._visible()):
            message = candidates[0] if self.settings.fifo else self.random.choice(candidates)
            message.receives += 1
            if message.receives <= self.settings.max_receives:
                self._hide(message)
                return message
            self.messages.remove(message)
            self.dead.append(message)
        return None

    def delete(self, message: Message) -> None:
        """It has been worked on."""
        if self.random.random() >= self.settings.lost_deletions:
            self.messages.remove(message)

    def _visible(self) -> Iterable[Message]:
        held_up = set()
        for message in self.messages:
            if message.group is not None:
                if message.group in held_up:
                    continue
                held_up.add(message.group)
            if message.visible_at <= self.simulation.seconds:
                yield message

    def _hide(self, message: Message) -> None:
        message.visible_at = self.simulation.seconds + self.settings.visibility_s
        self.simulation.after(self.settings.visibility_s, self.awaken)


class SQSClient:
    """The client as ``ocpi.push.queue`` uses it; the last part of a queue's URL is its name.

    Args:
        queues: by name.
        not_heard: the names of those that nobody listens to.
    """

    def __init__(self, queues: Mapping[str, Queue], not_heard: Container[str]) -> None:
        self._queues = queues
        self._not_heard = not_heard

    def send_message_batch(self, *, QueueUrl: str, Entries: Iterable[Mapping[str, Any]]) -> dict[str, Any]:  # noqa: N803 - as boto3 names them
        for entry in Entries:
            self._send(QueueUrl, entry["MessageBody"], group=entry.get("MessageGroupId"))
        return {}

    def send_message(self, *, QueueUrl: str, MessageBody: str, DelaySeconds: int) -> None:  # noqa: N803 - as boto3 names them
        assert DelaySeconds <= 900
        self._send(QueueUrl, MessageBody, delay_s=DelaySeconds)

    def _send(self, url: str, body: str, *, group: str | None = None, delay_s: float = 0) -> None:
        name = url.rpartition("/")[2]
        if name not in self._not_heard:
            self._queues[name].send(body, group=group, delay_s=delay_s)
