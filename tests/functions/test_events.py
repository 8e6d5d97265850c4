"""The recorded events, one for each trigger, as AWS hands them to our functions."""

import json
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from ocpi.store.keys import ObjectId
from ocpi.store.sites import Sites
from ocpi.types.versions import ModuleID
from tests.objects import SITE

PLACE = ObjectId("cpo", ModuleID.LOCATIONS, "NL", "SIM", "L1")
EVENTS = Path(__file__).parent.parent.parent / "events"


def handle(module: str, event: str) -> Any:
    context = SimpleNamespace(get_remaining_time_in_millis=lambda: 60_000)
    return import_module(module).handler(json.loads((EVENTS / f"{event}.json").read_text()), context)


def queued(queue: str) -> list[Any]:
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    return [json.loads(m["Body"]) for m in sqs.receive_message(QueueUrl=url).get("Messages", [])]


@pytest.fixture
def sites(aws: None) -> Sites:
    sites = Sites("sites")
    sites.put_config("garage", json.dumps(SITE), PLACE, None, None)
    return sites


def test_a_session_on_the_stream_asks_for_a_plan_of_its_site(sites: Sites) -> None:
    handle("outbox.app", "stream_session")
    assert [document["id"] for document in sites.place(PLACE).sessions.values()] == ["S1"]
    assert queued("optimize.fifo") == [{"site_id": "garage", "reason": "session"}]


def test_a_message_on_the_optimize_queue_plans_and_queues_profiles(sites: Sites) -> None:
    handle("outbox.app", "stream_session")
    handle("optimizer.handlers", "optimize_message")
    (message,) = queued("push.fifo")
    assert (message["partner_id"], [each["session_id"] for each in message["requests"]]) == ("cpo", ["S1"])


def test_a_message_on_the_push_queue_that_points_at_nothing_is_harmless(sites: Sites) -> None:
    handle("push.app", "push_message")
    assert sites.place(PLACE).profiles == {}


def test_the_schedule_asks_for_a_plan_of_every_site(sites: Sites) -> None:
    handle("optimizer.schedule", "schedule")
    assert queued("optimize.fifo") == [{"site_id": "garage", "reason": "schedule"}]
