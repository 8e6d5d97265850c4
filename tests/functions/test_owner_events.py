"""Events: the team's own backend hears everything that partners send, by a rule on the bus."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from ocpi.clock import now
from ocpi.parties import clients
from ocpi.requests.decisions import AUTHORIZE
from ocpi.store.keys import ObjectId
from ocpi.store.objects import Objects
from ocpi.store.requests import Direction, Request, Requests
from ocpi.types.parties import Party
from ocpi.types.primitives import format_datetime
from ocpi.types.versions import ModuleID
from outbox.events import DetailType, events_of
from owner import examples
from tests.api import request
from tests.functions.conftest import Connect, Connection
from tests.functions.waiting import put_own_location, stored_requests
from tests.loop import Loop
from tests.objects import CDR, LOCATION, SESSION, TARIFF, TOKEN
from tests.own import put_session
from tests.owner import owner
from tests.partner import ok

EVENTS = Path(__file__).parent.parent.parent / "events"
LATER = "2026-11-22T09:00:00Z"
CHANCE = ("event_id", "request_id", "deadline")
"""What is another each time."""

UNPLANNED = ("id", "start_date_time", "last_updated")
"""What the platform makes up of the Session of a reservation."""

RESULT_PATH = "/results/1"

type Heard = list[dict[str, Any]]


class Backend:
    """The owner's backend: a queue that a rule fills with all events of the platform."""

    def __init__(self) -> None:
        self._sqs = boto3.client("sqs")
        self._queue = self._sqs.create_queue(QueueName="backend")["QueueUrl"]
        told = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])
        arn = told["Attributes"]["QueueArn"]
        rules = boto3.client("events")
        rules.put_rule(Name="all", EventBusName="events", EventPattern='{"source": ["ocpi"]}')
        rules.put_targets(Rule="all", EventBusName="events", Targets=[{"Id": "backend", "Arn": arn}])
        self._loop = Loop()

    def hears(self) -> Heard:
        """What has come since it was asked last, in the order of the kinds of events."""
        self._loop.run()
        heard: Heard = []
        while messages := self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10).get("Messages"):
            heard += [json.loads(message["Body"]) for message in messages]
            for message in messages:
                self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
        return sorted(heard, key=lambda event: str(event["detail-type"]))


@pytest.fixture
def emsp(connect: Connect) -> Connection:
    """NL/TNM and NL/SIM, an eMSP and a CPO of one platform; our Location L1 stands ready."""
    offers = [(module, role) for module in ("commands", "chargingprofiles") for role in ("SENDER", "RECEIVER")]
    connection = connect("EMSP NL TNM", "CPO NL SIM", offers=offers)
    connection.partner.answers["POST", RESULT_PATH] = ok()
    put_own_location()
    return connection


@pytest.fixture
def backend(emsp: Connection) -> Backend:
    """Our backend, which hears what happens from now on."""
    return Backend()


def sample(name: str) -> dict[str, Any]:
    """A recorded event, as EventBridge delivers it."""
    recorded: dict[str, Any] = json.loads((EVENTS / f"owner_event_{name}.json").read_text())
    return recorded


def without_chance(event: dict[str, Any]) -> dict[str, Any]:
    """What is the same each time that a kind of event comes."""
    masked = {name: "?" if name in CHANCE else value for name, value in event["detail"].items()}
    return {"source": event["source"], "detail-type": event["detail-type"], "detail": masked}


def check(event: dict[str, Any], name: str) -> None:
    """The event is such as the recorded one."""
    assert without_chance(event) == without_chance(sample(name))


def send(emsp: Connection, method: str, path: str, body: object, party: str = "SIM") -> None:
    routing = {"OCPI-from-country-code": "NL", "OCPI-from-party-id": party}
    reply = request(method, f"/ocpi/2.2.1/{path}", token=emsp.token, body=body, headers=routing)
    assert reply.status_code == 1000, reply


def put_location(emsp: Connection, **changes: object) -> None:
    send(emsp, "PUT", "receiver/locations/NL/SIM/L1", LOCATION | changes)


def command(emsp: Connection, name: str, body: dict[str, Any]) -> None:
    send(emsp, "POST", f"receiver/commands/{name}", {"response_url": emsp.partner.url + RESULT_PATH} | body, "TNM")


def start(emsp: Connection) -> None:
    command(emsp, "START_SESSION", {"token": TOKEN, "location_id": "L1", "evse_uid": "E1"})


def conclude(result: str) -> None:
    assert owner("POST", f"/requests/{stored_requests()[-1].id}/result", {"result": result}).status == 200


@pytest.mark.parametrize(
    ("name", "path", "document"),
    [
        ("location", "receiver/locations/NL/SIM/L1", LOCATION),
        ("session", "receiver/sessions/NL/SIM/S1", SESSION),
        ("tariff", "receiver/tariffs/NL/SIM/T1", TARIFF),
        ("token", "receiver/tokens/NL/TNM/012345678", TOKEN),
    ],
)
def test_an_object_that_a_partner_puts_is_told_of(
    emsp: Connection, backend: Backend, name: str, path: str, document: dict[str, Any]
) -> None:
    send(emsp, "PUT", path, document)
    (event,) = backend.hears()
    check(event, name)
    assert event["detail"]["document"] == document


def test_a_cdr_that_a_partner_posts_is_told_of(emsp: Connection, backend: Backend) -> None:
    send(emsp, "POST", "receiver/cdrs", CDR)
    (event,) = backend.hears()
    check(event, "cdr")


def test_a_change_is_told_with_the_whole_object_and_the_same_again_is_no_change(
    emsp: Connection, backend: Backend
) -> None:
    put_location(emsp)
    backend.hears()
    send(emsp, "PATCH", "receiver/locations/NL/SIM/L1/E1", {"status": "CHARGING", "last_updated": LATER})
    (event,) = backend.hears()
    assert event["detail"]["change"] == "UPDATED"
    assert event["detail"]["document"] == owner("GET", "/received/tnm/locations/NL/SIM/L1").body
    put_location(emsp, **event["detail"]["document"])
    assert backend.hears() == []


def test_a_tariff_that_is_deleted_is_told_by_its_name(emsp: Connection, backend: Backend) -> None:
    send(emsp, "PUT", "receiver/tariffs/NL/SIM/T1", TARIFF)
    backend.hears()
    send(emsp, "DELETE", "receiver/tariffs/NL/SIM/T1", None)
    (event,) = backend.hears()
    check(event, "tariff_deleted")


def test_an_object_that_a_full_pull_did_not_bring_is_withdrawn(emsp: Connection, backend: Backend) -> None:
    put_location(emsp)
    backend.hears()
    Objects("objects").unlist(ObjectId("tnm", ModuleID.LOCATIONS, "NL", "SIM", "L1"), now())
    (event,) = backend.hears()
    assert event["detail"]["change"] == "WITHDRAWN"


def test_what_a_hub_tells_of_its_parties_is_told(backend: Backend) -> None:
    info = {"country_code": "NL", "party_id": "ALF", "role": "CPO", "status": "CONNECTED", "last_updated": LATER}
    clients.put(Objects("objects"), "hub", Party("NL", "ALF"), dict(info))
    (event,) = backend.hears()
    check(event, "client_info")


def test_a_command_is_told_and_so_is_its_end(emsp: Connection, backend: Backend) -> None:
    start(emsp)
    (event,) = backend.hears()
    check(event, "command")
    assert event["detail"]["request_id"] == stored_requests()[-1].id
    conclude("ACCEPTED")
    (event,) = backend.hears()
    assert event["detail-type"] == DetailType.REQUEST_ENDED
    assert (event["detail"]["direction"], event["detail"]["result"]) == ("RECEIVED", {"result": "ACCEPTED"})


def test_a_wish_for_a_charging_profile_is_told(emsp: Connection, backend: Backend) -> None:
    put_session(SESSION)
    assert backend.hears() == []
    body = {"charging_profile": examples.PROFILE, "response_url": emsp.partner.url + RESULT_PATH}
    send(emsp, "PUT", "receiver/chargingprofiles/S1", body, "TNM")
    (event,) = backend.hears()
    check(event, "charging_profile")


def test_a_question_whether_a_token_may_be_used_is_told(backend: Backend) -> None:
    asked = Request(
        id="1",
        direction=Direction.RECEIVED,
        module=ModuleID.TOKENS,
        kind=AUTHORIZE,
        partner_id="tnm",
        own_party=Party("NL", "OCS"),
        party=Party("NL", "SIM"),
        document={"token": examples.TOKEN, "location": {"location_id": "L1", "evse_uids": ["E1"]}},
        created=now(),
        deadline=now(),
    )
    Requests("objects").add(asked)
    (event,) = backend.hears()
    check(event, "authorization")


def test_the_result_of_what_we_asked_is_told(emsp: Connection, backend: Backend) -> None:
    emsp.partner.answers["POST", "/commands/STOP_SESSION"] = ok({"result": "ACCEPTED", "timeout": 30})
    order = {"partner_id": "tnm", "command": {"session_id": "S1"}}
    assert owner("POST", "/commands/STOP_SESSION", order).status == 202
    assert backend.hears() == []
    path = emsp.partner.seen[0].body["response_url"].removeprefix("https://ocpi.example.com/ocpi/2.2.1/")
    send(emsp, "POST", path, {"result": "ACCEPTED"})
    (event,) = backend.hears()
    check(event, "request_ended")


def test_what_a_partners_charge_point_will_do_is_told(emsp: Connection, backend: Backend) -> None:
    send(emsp, "PUT", "receiver/sessions/NL/SIM/S1", SESSION)
    backend.hears()
    send(emsp, "PUT", "sender/chargingprofiles/S1", examples.ACTIVE_PROFILE)
    (event,) = backend.hears()
    check(event, "active_profile")


def test_what_a_driver_wants_of_our_session_is_told(emsp: Connection, backend: Backend) -> None:
    put_own_location(["CHARGING_PREFERENCES_CAPABLE"])
    put_session(SESSION)
    backend.hears()
    send(emsp, "PUT", "sender/sessions/S1/charging_preferences", {"profile_type": "REGULAR"}, "TNM")
    (event,) = backend.hears()
    check(event, "preferences")


def test_a_reservation_is_told_when_it_begins_and_when_it_ends(emsp: Connection, backend: Backend) -> None:
    until = format_datetime(now() + timedelta(hours=1))
    body = {"token": TOKEN, "location_id": "L1", "evse_uid": "E1", "reservation_id": "R1", "expiry_date": until}
    command(emsp, "RESERVE_NOW", body)
    backend.hears()
    conclude("ACCEPTED")
    _, event = backend.hears()
    session = event["detail"]["document"]
    recorded = sample("reservation")
    assert event["detail-type"] == recorded["detail-type"]
    assert event["detail"].keys() == recorded["detail"].keys()
    assert session == recorded["detail"]["document"] | {name: session[name] for name in session if name in UNPLANNED}
    assert session["id"] == event["detail"]["id"]
    assert (event["detail"]["change"], session["status"]) == ("CREATED", "RESERVATION")
    conclude("CANCELED_RESERVATION")
    _, event = backend.hears()
    assert (event["detail"]["change"], event["detail"]["document"]["status"]) == ("UPDATED", "COMPLETED")


def test_what_the_owner_does_is_no_news(emsp: Connection, backend: Backend) -> None:
    for path, document in (("tariffs/NL/OCS/day", examples.TARIFF), ("tokens/NL/OCS/0123ABCD", examples.TOKEN)):
        assert owner("PUT", f"/{path}", document).status == 201
    assert owner("DELETE", "/tariffs/NL/OCS/day").status == 204
    assert backend.hears() == []


def test_a_record_that_is_delivered_again_has_the_same_event_id(emsp: Connection, backend: Backend) -> None:
    record = json.loads((EVENTS / "stream_session.json").read_text())["Records"][0]
    first, again = (list(events_of([record])) for _ in range(2))
    assert first == again
    assert first[0].detail["event_id"] == record["eventID"]


def test_every_kind_of_event_is_recorded_and_told_in_the_documentation() -> None:
    recorded = {json.loads(path.read_text())["detail-type"] for path in EVENTS.glob("owner_event_*.json")}
    assert recorded == set(DetailType)
    told = (EVENTS.parent / "docs" / "owner-api.md").read_text()
    assert [kind for kind in DetailType if f"`{kind}`" not in told] == []
    assert [path.name for path in EVENTS.glob("owner_event_*.json") if path.name not in told] == []
