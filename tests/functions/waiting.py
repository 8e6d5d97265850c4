"""The owner's backend in tests, and what waits for it."""

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import boto3

from ocpi import wire
from ocpi.store.requests import Request
from tests.objects import CONNECTOR, EVSE, LOCATION
from tests.own import put_location
from tests.owner import Reply, owner

_EVENT = (Path(__file__).parent.parent.parent / "events" / "timeout_message.json").read_text()

CAPABILITIES = ["CHARGING_PROFILE_CAPABLE", "RESERVABLE", "REMOTE_START_STOP_CAPABLE", "UNLOCK_CAPABLE"]


def stored_requests() -> list[Request]:
    """Every request that is kept, oldest first."""
    items = boto3.client("dynamodb").scan(TableName="objects")["Items"]
    found = [Request.model_validate(wire.loads(i["document"]["S"])) for i in items if i["sk"]["S"] == "REQUEST"]
    return sorted(found, key=lambda request: request.created)


def tells_result(result: str, **more: object) -> Reply:
    """The backend gives the newest request its result, and gets whatever is answered."""
    return owner("POST", f"/requests/{stored_requests()[-1].id}/result", {"result": result} | more)


def concludes(result: str, **more: object) -> Request:
    """The same, and it is taken; the request as it is then."""
    reply = tells_result(result, **more)
    assert reply.status == 200, reply
    (request,) = [known for known in stored_requests() if known.id == reply.body["request_id"]]
    return request


def wake(request: Request) -> None:
    """The timeouts queue delivers the message about a request, as Lambda receives it."""
    event = json.loads(_EVENT)
    event["Records"][0]["body"] = json.dumps({"kind": "deadline", "request_id": request.id})
    import_module("timeouts.app").handler(event, None)


def delayed() -> int:
    """How many messages the timeouts queue holds back."""
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName="timeouts")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessagesDelayed"])
    return int(attributes["Attributes"]["ApproximateNumberOfMessagesDelayed"])


def put_own_location(capabilities: list[str] | None = None, **connector: Any) -> None:
    """Our Location L1 with the EVSEs E1, which can do everything unless told, and E2, which can do nothing."""
    able = EVSE | {
        "evse_id": "NL*OCS*E1",
        "capabilities": CAPABILITIES if capabilities is None else capabilities,
        "connectors": [CONNECTOR | connector],
    }
    plain = EVSE | {"uid": "E2", "evse_id": "NL*OCS*E2", "capabilities": []}
    put_location(LOCATION | {"evses": [able, plain]})
