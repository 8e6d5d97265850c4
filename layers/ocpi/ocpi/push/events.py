"""Events for the owner's own backend, on an EventBridge bus."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

import boto3

from ocpi import wire
from ocpi.aws import LIMITS
from ocpi.push.queue import NotSent

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

SOURCE = "ocpi"
"""What all our events have as their source, beside those of AWS and of other applications."""

BATCH = 10
"""What one PutEvents takes."""

MAX_BYTES = 256_000
"""What the events of one PutEvents may weigh together; EventBridge takes 256 KiB."""

OVERHEAD_BYTES = 100
"""What source, detail type and time of an event weigh at most."""

DOCUMENT = "document"
LEFT_OUT = "document_left_out"


@dataclass(frozen=True)
class Event:
    """Something that a partner did.

    Args:
        detail_type: what kind of event it is, for rules to match.
        detail: about what. A `document` in it that makes the event too large is left out, and `document_left_out` says
            so; who hears the event then reads the object by the owner API.
    """

    detail_type: str
    detail: wire.JsonObject


@dataclass(frozen=True)
class _Entry:
    """An event as it is put."""

    detail_type: str
    detail: str

    @classmethod
    def of(cls, event: Event) -> "_Entry":
        entry = cls(event.detail_type, wire.dumps(event.detail).decode())
        if entry.weight <= MAX_BYTES:
            return entry
        rest = {name: value for name, value in event.detail.items() if name != DOCUMENT}
        return replace(entry, detail=wire.dumps(rest | {LEFT_OUT: True}).decode())

    @property
    def weight(self) -> int:
        """In bytes."""
        return len(self.detail.encode()) + OVERHEAD_BYTES


class EventBus:
    """One EventBridge bus, by its name."""

    def __init__(self, name: str) -> None:
        self._name = name

    def put(self, events: Iterable[Event]) -> None:
        """Put events on the bus.

        Raises:
            NotSent: the bus refused some of them; the caller has to try again as a whole.
        """
        for batch in _batches(map(_Entry.of, events)):
            answer = _client().put_events(Entries=[self._entry(entry) for entry in batch])
            if answer["FailedEntryCount"]:
                raise NotSent(f"{answer['FailedEntryCount']} of {len(batch)} events were refused")

    def _entry(self, entry: _Entry) -> "PutEventsRequestEntryTypeDef":
        return {
            "Source": SOURCE,
            "DetailType": entry.detail_type,
            "Detail": entry.detail,
            "EventBusName": self._name,
        }


def _batches(entries: Iterable[_Entry]) -> Iterator[list[_Entry]]:
    """As many as go together, by number and by weight."""
    batch: list[_Entry] = []
    weight = 0
    for entry in entries:
        if batch and (len(batch) == BATCH or weight + entry.weight > MAX_BYTES):
            yield batch
            batch, weight = [], 0
        batch.append(entry)
        weight += entry.weight
    if batch:
        yield batch


@cache
def _client() -> "EventBridgeClient":
    return boto3.client("events", config=LIMITS)
