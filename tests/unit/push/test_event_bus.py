"""The event bus: everything is put, in batches that EventBridge takes, or the caller hears that it was not."""

import json
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest

from ocpi.push.events import Event, EventBus
from ocpi.push.queue import NotSent

type Batches = list[list[dict[str, Any]]]

LIMIT = 256 * 1024
"""What one PutEvents may weigh, as EventBridge counts."""


@pytest.fixture
def taken() -> Iterator[Batches]:
    """The batches that EventBridge was given; it takes all but events of the kind Refused."""
    batches: Batches = []

    def call(_: object, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        assert operation == "PutEvents"
        batches.append(arguments["Entries"])
        refused = sum(entry["DetailType"] == "Refused" for entry in arguments["Entries"])
        return {"FailedEntryCount": refused, "Entries": []}

    with patch("botocore.client.BaseClient._make_api_call", call):
        yield batches


def weight(entry: dict[str, Any]) -> int:
    """As EventBridge counts it, with 14 bytes for the time."""
    return 14 + sum(len(entry[name].encode()) for name in ("Source", "DetailType", "Detail"))


def of_size(size: int, text: str = "x") -> Event:
    return Event("LocationChanged", {"id": "L1", "document": {"name": text * size}})


def test_an_event_is_put_on_the_bus_with_its_detail_as_json(taken: Batches) -> None:
    EventBus("bus").put([Event("TariffChanged", {"id": "T1", "change": "DELETED"})])
    ((entry,),) = taken
    assert json.loads(entry.pop("Detail")) == {"id": "T1", "change": "DELETED"}
    assert entry == {"Source": "ocpi", "DetailType": "TariffChanged", "EventBusName": "bus"}


def test_no_events_are_no_request(taken: Batches) -> None:
    EventBus("bus").put([])
    assert taken == []


def test_batches_hold_ten_events_at_most_and_keep_the_order(taken: Batches) -> None:
    EventBus("bus").put(Event("SessionChanged", {"id": str(number)}) for number in range(23))
    assert [len(batch) for batch in taken] == [10, 10, 3]
    assert [json.loads(entry["Detail"])["id"] for batch in taken for entry in batch] == list(map(str, range(23)))


@pytest.mark.parametrize("text", ["x", "é", "😀", '"'])
def test_batches_weigh_no_more_than_eventbridge_takes(taken: Batches, text: str) -> None:
    EventBus("bus").put(of_size(40_000, text) for _ in range(9))
    assert max(sum(map(weight, batch)) for batch in taken) <= LIMIT
    assert sum(map(len, taken)) == 9
    assert len(taken) > 1


@pytest.mark.parametrize("size", [255_000, 262_000, 349_000])
def test_a_document_that_is_too_large_is_left_out_and_the_event_says_so(taken: Batches, size: int) -> None:
    EventBus("bus").put([of_size(size)])
    ((entry,),) = taken
    detail = json.loads(entry["Detail"])
    assert weight(entry) <= LIMIT
    assert (detail == {"id": "L1", "document_left_out": True}) == (size > 256_000)


def test_a_refused_event_is_told_to_the_caller(taken: Batches) -> None:
    with pytest.raises(NotSent, match="1 of 2"):
        EventBus("bus").put([of_size(1), Event("Refused", {})])
