"""Commands: what eMSPs ask of our charge points, and what we ask of those of CPOs."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import boto3
import pytest

from ocpi import clock
from ocpi.requests.deadlines import Deadlines
from ocpi.store.requests import Request, Requests, RequestStatus
from ocpi.types.commands import CommandType
from ocpi.types.primitives import format_datetime
from ocpi.types.tokens import TokenType
from tests.api import Reply, event_loop, request
from tests.functions.conftest import Connect, Connection, Register
from tests.functions.waiting import concludes, delayed, put_own_location, stored_requests, tells_result, wake
from tests.objects import CONNECTOR, EVSE, LOCATION, SESSION, TARIFF, TOKEN, without
from tests.own import assert_refused, patch_session, put_location, put_session, put_tariff, put_token
from tests.owner import Reply as OwnerReply
from tests.owner import owner
from tests.partner import Answer, Seen, ok

RESULTS = "/results?of=commands&id=%2F1"
"""A response URL with a query, as hard as they come."""


@dataclass
class Emsp:
    """An eMSP that sends us commands."""

    connection: Connection
    time: Callable[..., None]

    @property
    def response_url(self) -> str:
        return self.connection.partner.url + RESULTS

    def sends(self, command: str, body: dict[str, Any], headers: dict[str, str] | None = None) -> Reply:
        self.time(seconds=1)  # so that the newest request can be told
        body = {"response_url": self.response_url} | body
        path = f"/ocpi/2.2.1/receiver/commands/{command}"
        return request("POST", path, token=self.connection.token, body=body, headers=headers)

    def starts(self, **changes: object) -> Reply:
        return self.sends("START_SESSION", {"token": TOKEN, "location_id": "L1", "evse_uid": "E1"} | changes)

    def reserves(self, **changes: object) -> Reply:
        until = format_datetime(clock.now() + timedelta(hours=1))
        body = {"token": TOKEN, "location_id": "L1", "evse_uid": "E1", "reservation_id": "R1", "expiry_date": until}
        return self.sends("RESERVE_NOW", body | changes)

    def cancels(self, reservation_id: str = "R1") -> Reply:
        return self.sends("CANCEL_RESERVATION", {"reservation_id": reservation_id})

    @property
    def heard(self) -> list[str]:
        """The results that it was told."""
        return [seen.body["result"] for seen in self.posts]

    @property
    def posts(self) -> list[Seen]:
        return [seen for seen in self.connection.partner.seen if seen.path == RESULTS]


@pytest.fixture
def emsp(time: Callable[..., None], connect: Connect) -> Emsp:
    """The eMSP NL/TNM; our Location L1 stands ready."""
    emsp = Emsp(connect("EMSP NL TNM", offers=[("commands", "SENDER")]), time)
    emsp.connection.partner.answers["POST", RESULTS] = ok()
    put_own_location()
    return emsp


def other_emsp(connect: Connect, time: Callable[..., None]) -> Emsp:
    emsp = Emsp(connect("EMSP NL OTH"), time)
    emsp.connection.partner.answers["POST", RESULTS] = ok()
    return emsp


def result_of(reply: Reply) -> str:
    """The result in a CommandResponse."""
    assert reply.status_code == 1000, reply
    return str(reply.data["result"])


def newest() -> Request:
    return stored_requests()[-1]


# We are the CPO and pass commands on


@pytest.mark.requirement("CMD-01", "CMD-02", "CMD-03", "CMD-13", "CMD-21", "CMD-26", "CMD-27", "CMD-28")
@pytest.mark.parametrize(
    ("command", "body"),
    [
        ("START_SESSION", {"token": TOKEN, "location_id": "L1"}),
        ("STOP_SESSION", {"session_id": "S1"}),
        (
            "RESERVE_NOW",
            {"token": TOKEN, "location_id": "L1", "reservation_id": "R1", "expiry_date": "2026-11-22T09:00:00Z"},
        ),
        ("CANCEL_RESERVATION", {"reservation_id": "R1"}),
        ("UNLOCK_CONNECTOR", {"location_id": "L1", "evse_uid": "E1", "connector_id": "1"}),
    ],
)
def test_each_command_is_answered_at_once_and_waits_for_the_charge_point(
    emsp: Emsp, command: str, body: dict[str, Any]
) -> None:
    put_session(SESSION)
    reply = emsp.sends(command, body)
    assert (result_of(reply), reply.data["timeout"]) == ("ACCEPTED", 30)
    assert emsp.heard == []
    waiting = newest()
    assert (waiting.kind, waiting.status, waiting.partner_id) == (command, RequestStatus.PENDING, "tnm")
    assert waiting.document.items() >= body.items()
    assert delayed() >= 1, "the timeouts queue wakes us"
    for field in ("response_url", *body):
        incomplete = without({"response_url": emsp.response_url} | body, field)
        path = f"/ocpi/2.2.1/receiver/commands/{command}"
        reply = request("POST", path, token=emsp.connection.token, body=incomplete)
        assert reply.status_code == 2001
        assert f"/{field}" in reply.message


@pytest.mark.parametrize("command", ["starts", "reserves"])
@pytest.mark.parametrize(
    "elsewhere", ["https://example.com/results", "http://127.0.0.1:9/results", "https://127.0.0.1/"]
)
def test_results_and_our_token_with_them_go_to_the_partner_only(emsp: Emsp, command: str, elsewhere: str) -> None:
    reply = getattr(emsp, command)(response_url=elsewhere)
    assert reply.status_code == 2001
    assert "/response_url" in reply.message
    assert stored_requests() == []


def test_who_has_given_us_no_token_may_name_any_response_url(register: Register, time: Callable[..., None]) -> None:
    token = register("EMSP NL TNM")
    put_own_location()
    body = {"response_url": "https://example.com/", "token": TOKEN, "location_id": "L1"}
    assert (
        result_of(request("POST", "/ocpi/2.2.1/receiver/commands/START_SESSION", token=token, body=body)) == "ACCEPTED"
    )
    assert concludes("ACCEPTED").failure == "the partner is not registered"


@pytest.mark.parametrize(
    "url", ["https://user:pw@example.com/", "https://:443/", "https://a\\b/", "https://a.example/#x", "https://127.1/"]
)
def test_a_response_url_that_cannot_be_called_is_refused_whoever_names_it(register: Register, url: str) -> None:
    token = register("EMSP NL TNM")
    put_own_location()
    body = {"response_url": url, "token": TOKEN, "location_id": "L1"}
    reply = request("POST", "/ocpi/2.2.1/receiver/commands/START_SESSION", token=token, body=body)
    assert (reply.http_status, reply.status_code) == (200, 2001)
    assert reply.message.startswith("/response_url")
    assert stored_requests() == []


@pytest.mark.parametrize("command", ["starts", "reserves"])
def test_no_command_is_kept_that_could_not_be_ended_in_time(
    emsp: Emsp, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr(Deadlines, "wake", _fails)
    assert getattr(emsp, command)().status_code == 3000
    assert stored_requests() == []


@pytest.mark.requirement("CMD-01")
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_commands_are_posted_and_nothing_else(emsp: Emsp, method: str) -> None:
    path = "/ocpi/2.2.1/receiver/commands/START_SESSION"
    assert request(method, path, token=emsp.connection.token).http_status == 405


def test_a_command_that_ocpi_does_not_know_is_404(emsp: Emsp) -> None:
    assert emsp.sends("REBOOT", {}).http_status == 404


@pytest.mark.requirement("CMD-10", "STA-12")
@pytest.mark.parametrize("command", ["starts", "reserves", "unlocks"])
def test_an_unknown_location_is_2003_and_rejected(emsp: Emsp, command: str) -> None:
    if command == "unlocks":
        reply = emsp.sends("UNLOCK_CONNECTOR", {"location_id": "L9", "evse_uid": "E1", "connector_id": "1"})
    else:
        reply = getattr(emsp, command)(location_id="L9")
    assert (reply.http_status, reply.status_code, reply.data["result"]) == (200, 2003, "REJECTED")
    assert stored_requests() == []


@pytest.mark.requirement("CMD-11")
def test_only_known_sessions_of_ones_own_customers_are_stopped(emsp: Emsp, connect: Connect) -> None:
    put_session(SESSION)
    assert result_of(emsp.sends("STOP_SESSION", {"session_id": "S9"})) == "UNKNOWN_SESSION"
    assert result_of(other_emsp(connect, emsp.time).sends("STOP_SESSION", {"session_id": "S1"})) == "REJECTED"
    assert stored_requests() == []
    assert result_of(emsp.sends("STOP_SESSION", {"session_id": "S1"})) == "ACCEPTED"
    patch_session({"status": "COMPLETED", "last_updated": "2026-11-22T08:00:01Z"})
    assert result_of(emsp.sends("STOP_SESSION", {"session_id": "S1"})) == "REJECTED"


@pytest.mark.requirement("CMD-12")
@pytest.mark.parametrize(
    ("command", "missing"),
    [
        ("START_SESSION", "REMOTE_START_STOP_CAPABLE"),
        ("RESERVE_NOW", "RESERVABLE"),
        ("UNLOCK_CONNECTOR", "UNLOCK_CAPABLE"),
        ("STOP_SESSION", "REMOTE_START_STOP_CAPABLE"),
    ],
)
def test_what_an_evse_cannot_do_is_not_supported(emsp: Emsp, command: str, missing: str) -> None:
    every = ["RESERVABLE", "REMOTE_START_STOP_CAPABLE", "UNLOCK_CAPABLE"]
    put_own_location([able for able in every if able != missing])
    put_session(SESSION)
    body = {
        "token": TOKEN,
        "location_id": "L1",
        "evse_uid": "E1",
        "connector_id": "1",
        "session_id": "S1",
        "reservation_id": "R1",
        "expiry_date": "2026-11-22T09:00:00Z",
    }
    assert result_of(emsp.sends(command, body)) == "NOT_SUPPORTED"
    assert stored_requests() == []


@pytest.mark.parametrize(
    "changes",
    [
        {"evse_uid": "E9"},
        {"connector_id": "9"},
        {"token": TOKEN | {"party_id": "OTH"}},
    ],
)
def test_what_does_not_exist_or_belongs_to_others_is_rejected(emsp: Emsp, changes: dict[str, Any]) -> None:
    assert result_of(emsp.starts(**changes)) == "REJECTED"
    assert stored_requests() == []


@pytest.mark.requirement("CMD-14")
def test_a_connector_without_its_evse_is_2001(emsp: Emsp) -> None:
    reply = emsp.starts(evse_uid=None, connector_id="1")
    assert reply.status_code == 2001
    assert "evse_uid" in reply.message
    assert result_of(emsp.starts(evse_uid=None)) == "ACCEPTED", "the charge point chooses"


def test_an_evse_that_cannot_find_the_connector_itself_needs_it_named(emsp: Emsp) -> None:
    put_own_location(["REMOTE_START_STOP_CAPABLE", "START_SESSION_CONNECTOR_REQUIRED"])
    reply = emsp.starts()
    assert reply.status_code == 2001
    assert "/connector_id" in reply.message
    assert result_of(emsp.starts(connector_id="1")) == "ACCEPTED"


@pytest.mark.requirement("CMD-16")
@pytest.mark.parametrize("command", ["starts", "reserves"])
def test_a_token_in_a_command_is_neither_checked_nor_stored(emsp: Emsp, command: str) -> None:
    reply = getattr(emsp, command)(token=TOKEN | {"valid": False, "uid": "never-pushed", "type": "APP_USER"})
    assert result_of(reply) == "ACCEPTED"
    path = "/ocpi/2.2.1/receiver/tokens/NL/TNM/never-pushed?type=APP_USER"
    assert request("GET", path, token=emsp.connection.token).http_status == 404


def authorizes(evse_uid: str | None, type_: TokenType = TokenType.RFID) -> object:
    """What lets the token be used at our Location L1, as our charge points ask; None if nothing does."""
    place = {"location_id": "L1", "evse_uids": [evse_uid] if evse_uid else []}
    order = {"uid": TOKEN["uid"], "type": type_, "location": place}
    return owner("POST", "/authorizations", order).body.get("decided")


@pytest.mark.requirement("CMD-16", "CMD-17", "CMD-18")
@pytest.mark.parametrize("command", ["starts", "reserves"])
def test_a_token_in_a_command_needs_no_asking_there_though_it_was_never_pushed(
    emsp: Emsp, time: Callable[..., None], command: str
) -> None:
    app = TOKEN | {"type": "APP_USER"}
    getattr(emsp, command)()
    getattr(emsp, command)(token=app)
    time(minutes=14)
    assert authorizes("E1") == authorizes(None) == authorizes("E1", TokenType.APP_USER) == "COMMAND"
    assert authorizes("E2") is None
    time(minutes=2)
    assert authorizes("E1") is None
    assert authorizes("E1", TokenType.APP_USER) == "COMMAND"
    getattr(emsp, command)(evse_uid=None, reservation_id="R2")
    assert authorizes("E2") == "COMMAND", "the command was for the whole Location"


# We are the CPO and tell results


@pytest.mark.requirement("CMD-04")
def test_the_result_is_posted_once_to_just_the_url_that_was_given(emsp: Emsp) -> None:
    emsp.starts()
    occupied = [{"language": "en", "text": "occupied"}]
    concludes("EVSE_OCCUPIED", message=occupied)
    concluded = concludes("EVSE_OCCUPIED", message=occupied)
    assert (concluded.status, concluded.failure) == (RequestStatus.CONCLUDED, None)
    (post,) = emsp.posts
    assert post.body == {"result": "EVSE_OCCUPIED", "message": occupied}
    assert post.token == "token-of-TNM"
    assert (post.headers["ocpi-from-party-id"], post.headers["ocpi-to-party-id"]) == ("OCS", "TNM")
    assert tells_result("ACCEPTED").status == 409
    assert emsp.heard == ["EVSE_OCCUPIED"]


@pytest.mark.requirement("CMD-04")
def test_a_refused_command_has_no_result(emsp: Emsp) -> None:
    emsp.starts(evse_uid="E9")
    assert stored_requests() == []
    assert emsp.heard == []


def looks_again_and_again(time: Callable[..., None]) -> None:
    """Our backend repeats itself, and the timeouts queue wakes us, for twenty minutes."""
    for seconds in (9, 1, 29, 1, 119, 1, 599, 1, 440):
        concludes("ACCEPTED")
        wake(newest())
        time(seconds=seconds)


@pytest.mark.requirement("CMD-08")
@pytest.mark.parametrize(
    "failure",
    [
        (500, {"status_code": 3000, "status_message": "!" * 400_000}),
        (200, {"status_code": 3000}),
        (429, {"status_code": 2000}),
        (503, b"try again"),
    ],
)
def test_a_result_that_cannot_be_delivered_is_tried_five_times_and_no_more(
    emsp: Emsp, time: Callable[..., None], failure: Answer
) -> None:
    emsp.connection.partner.answers["POST", RESULTS] = failure
    emsp.starts()
    looks_again_and_again(time)
    assert emsp.heard == ["ACCEPTED"] * 5
    assert f"HTTP {failure[0]}" in str(newest().failure)
    assert len(str(newest().failure)) <= 500


@pytest.mark.parametrize(("retry_after", "seconds"), [("60", 60), ("1", 10), ("86400", 900), ("soon", 10)])
@pytest.mark.parametrize("body", [{"status_code": 2000}, b"a proxy"])
def test_a_result_is_told_again_when_the_partner_wants_it(
    emsp: Emsp, time: Callable[..., None], retry_after: str, seconds: int, body: dict[str, Any] | bytes
) -> None:
    emsp.connection.partner.answers["POST", RESULTS] = (429, body, {"Retry-After": retry_after})
    emsp.starts()
    concludes("ACCEPTED")
    emsp.connection.partner.answers["POST", RESULTS] = ok()
    heard = []
    for passed in (seconds - 1, 1):
        time(seconds=passed)
        wake(newest())
        heard.append(len(emsp.heard))
    assert heard == [1, 2]


@pytest.mark.requirement("CMD-08", "CMD-04")
def test_a_result_that_could_not_be_delivered_at_first_is_taken_once(emsp: Emsp, time: Callable[..., None]) -> None:
    emsp.connection.partner.answers["POST", RESULTS] = (502, b"a proxy")
    emsp.starts()
    assert "HTTP 502" in str(concludes("ACCEPTED").failure)
    emsp.connection.partner.answers["POST", RESULTS] = ok()
    looks_again_and_again(time)
    assert (newest().failure, emsp.heard) == (None, ["ACCEPTED"] * 2)


@pytest.mark.requirement("CMD-08")
@pytest.mark.parametrize(
    "refusal", [(200, {"status_code": 2001}), (404, {"status_code": 2000}), (400, b"no"), (200, b"taken")]
)
def test_a_result_that_is_refused_or_may_have_been_taken_is_not_sent_again(
    emsp: Emsp, time: Callable[..., None], refusal: Answer
) -> None:
    emsp.connection.partner.answers["POST", RESULTS] = refusal
    emsp.starts()
    looks_again_and_again(time)
    assert emsp.heard == ["ACCEPTED"]
    assert f"HTTP {refusal[0]}" in str(newest().failure)


@pytest.mark.requirement("CMD-04")
def test_nobody_else_tells_a_result_that_is_being_told(emsp: Emsp) -> None:
    def answer(_: Seen) -> Answer:
        emsp.connection.partner.answers["POST", RESULTS] = ok()
        with event_loop():
            concludes("ACCEPTED")
            wake(newest())
        return ok()

    emsp.connection.partner.answers["POST", RESULTS] = answer
    emsp.starts()
    concludes("ACCEPTED")
    assert emsp.heard == ["ACCEPTED"]


@pytest.mark.parametrize("result", ["SOON", "accepted"])
def test_a_wrong_result_of_our_backend_is_2001(emsp: Emsp, result: str) -> None:
    emsp.starts()
    assert_refused(tells_result(result), "/result")
    assert newest().status is RequestStatus.PENDING


def test_a_result_for_an_unknown_request_is_404(emsp: Emsp) -> None:
    assert owner("POST", "/requests/no-such-request/result", {"result": "ACCEPTED"}).status == 404


# We are the CPO and keep reservations


def pulled(emsp: Emsp) -> list[dict[str, Any]]:
    """Our Sessions as the eMSP pulls them."""
    path = "/ocpi/2.2.1/sender/sessions?date_from=2026-11-01T00:00:00Z"
    reply = request("GET", path, token=emsp.connection.token)
    assert reply.status_code == 1000, reply
    sessions: list[dict[str, Any]] = reply.data
    return sessions


@pytest.mark.requirement("CMD-20", "CMD-24", "SES-23", "SES-26", "SES-27")
@pytest.mark.parametrize(("evse_uid", "shown"), [("E1", "E1"), (None, "#NA")])
def test_decision_9_a_reservation_makes_a_session_of_that_status(emsp: Emsp, evse_uid: str | None, shown: str) -> None:
    emsp.reserves(evse_uid=evse_uid, authorization_reference="REF-1")
    assert pulled(emsp) == []
    concludes("ACCEPTED")
    assert emsp.heard == ["ACCEPTED"]
    (session,) = pulled(emsp)
    assert (
        session.items()
        >= {
            "country_code": "NL",
            "party_id": "OCS",
            "status": "RESERVATION",
            "start_date_time": "2026-11-22T08:00:01Z",
            "kwh": 0,
            "cdr_token": SESSION["cdr_token"],
            "auth_method": "COMMAND",
            "authorization_reference": "REF-1",
            "location_id": "L1",
            "evse_uid": shown,
            "connector_id": "#NA",
            "currency": "EUR",
        }.items()
    )


def test_a_reservation_that_the_charge_point_refuses_makes_no_session(emsp: Emsp) -> None:
    emsp.reserves()
    concludes("EVSE_OCCUPIED")
    assert pulled(emsp) == []


def test_a_reservation_is_in_the_currency_of_its_tariff(emsp: Emsp) -> None:
    put_tariff(TARIFF | {"currency": "SEK"})
    put_own_location(tariff_ids=["T0", "T1"])
    emsp.reserves()
    concludes("ACCEPTED")
    assert pulled(emsp)[0]["currency"] == "SEK"


@pytest.mark.parametrize("expiry_date", ["2026-11-22T08:00:00Z", "2026-12-22T08:00:00Z"])
def test_a_reservation_must_end_in_the_near_future(emsp: Emsp, expiry_date: str) -> None:
    assert result_of(emsp.reserves(expiry_date=expiry_date)) == "REJECTED"


@pytest.mark.requirement("CMD-22")
def test_the_same_id_replaces_a_reservation(emsp: Emsp) -> None:
    emsp.reserves()
    first = newest()
    concludes("ACCEPTED")
    emsp.reserves(evse_uid=None)
    second = newest()
    assert second.id != first.id
    number = "charge_point_reservation_id"
    assert second.document[number] == first.document[number], "the charge point replaces it"
    concludes("ACCEPTED")
    (session,) = pulled(emsp)
    assert session["evse_uid"] == "#NA"
    assert result_of(emsp.reserves(reservation_id="R2")) == "ACCEPTED"
    assert newest().document[number] != first.document[number]


@pytest.mark.requirement("CMD-22")
def test_a_reservation_that_is_made_longer_is_found_until_its_new_end(emsp: Emsp) -> None:
    emsp.reserves()
    concludes("ACCEPTED")
    until = clock.now() + timedelta(days=5)
    emsp.reserves(expiry_date=format_datetime(until))
    concludes("ACCEPTED")
    items = boto3.client("dynamodb").scan(TableName="objects")["Items"]
    (of_token,) = [item for item in items if item["pk"]["S"].startswith("RESERVED#")]
    assert int(of_token["expires_at"]["N"]) >= until.timestamp()


@pytest.mark.requirement("CMD-22")
def test_an_id_in_use_at_another_location_replaces_nothing(emsp: Emsp) -> None:
    put_location(LOCATION | {"id": "L2", "evses": [EVSE | {"evse_id": "NL*OCS*E3", "capabilities": ["RESERVABLE"]}]})
    emsp.reserves()
    concludes("ACCEPTED")
    assert result_of(emsp.reserves(location_id="L2")) == "REJECTED"


@pytest.mark.requirement("CMD-22")
def test_a_change_that_the_charge_point_refuses_leaves_the_reservation_as_it_was(
    emsp: Emsp, time: Callable[..., None]
) -> None:
    emsp.reserves()
    first = newest()
    concludes("ACCEPTED")
    emsp.reserves(expiry_date="2026-11-22T12:00:00Z", evse_uid=None)
    concludes("REJECTED")
    assert pulled(emsp)[0]["evse_uid"] == "E1"
    time(hours=1)
    wake(newest())
    assert pulled(emsp)[0]["status"] == "RESERVATION"
    wake(first)
    assert pulled(emsp)[0]["status"] == "COMPLETED"


@pytest.mark.requirement("CMD-23")
def test_emsps_cannot_touch_each_other_s_reservations(emsp: Emsp, connect: Connect) -> None:
    emsp.reserves(charge_point_reservation_id=7)
    ours = newest().document
    concludes("ACCEPTED")
    other = other_emsp(connect, emsp.time)
    other.reserves(token=TOKEN | {"party_id": "OTH"})
    theirs = newest().document
    assert ours["reservation_id"] == theirs["reservation_id"]
    numbers = {document["charge_point_reservation_id"] for document in (ours, theirs)}
    assert len(numbers) == 2
    assert all(isinstance(number, int) and 7 < number < 2**31 for number in numbers)
    concludes("REJECTED")
    other.cancels()
    assert newest().document.get("charge_point_reservation_id") != ours["charge_point_reservation_id"]


@pytest.mark.requirement("CMD-26", "SES-24")
def test_an_emsp_cancels_its_reservation(emsp: Emsp) -> None:
    emsp.reserves()
    number = newest().document["charge_point_reservation_id"]
    concludes("ACCEPTED")
    emsp.cancels("r1")
    assert newest().document["charge_point_reservation_id"] == number, "ids are compared without regard to case"
    concludes("ACCEPTED")
    (session,) = pulled(emsp)
    assert (session["status"], session["end_date_time"]) == ("COMPLETED", "2026-11-22T08:00:02Z")
    assert emsp.heard == ["ACCEPTED", "ACCEPTED"]


@pytest.mark.requirement("CMD-26")
def test_cancelling_an_unknown_reservation_has_that_result(emsp: Emsp, time: Callable[..., None]) -> None:
    assert result_of(emsp.cancels()) == "ACCEPTED"
    time(seconds=1)
    wake(newest())
    assert emsp.heard == ["UNKNOWN_RESERVATION"]


@pytest.mark.requirement("CMD-25", "SES-24")
def test_a_reservation_that_we_must_cancel_is_told_to_its_own_url(emsp: Emsp, time: Callable[..., None]) -> None:
    emsp.reserves()
    concludes("ACCEPTED")
    time(minutes=50)
    for _ in range(2):
        concludes("CANCELED_RESERVATION")
    assert emsp.heard == ["ACCEPTED", "CANCELED_RESERVATION"]
    assert pulled(emsp)[0]["status"] == "COMPLETED"


@pytest.mark.requirement("CMD-25")
def test_a_reservation_is_cancelled_only_once_its_emsp_knows_that_it_has_it(
    emsp: Emsp, time: Callable[..., None]
) -> None:
    emsp.connection.partner.answers["POST", RESULTS] = (503, b"try again")
    emsp.reserves()
    concludes("ACCEPTED")
    refused = tells_result("CANCELED_RESERVATION")
    assert (refused.status, "being told" in refused.detail) == (409, True)
    emsp.connection.partner.answers["POST", RESULTS] = ok()
    time(seconds=10)
    wake(newest())
    concludes("CANCELED_RESERVATION")
    assert emsp.heard == ["ACCEPTED", "ACCEPTED", "CANCELED_RESERVATION"]


@pytest.mark.requirement("CMD-22")
def test_a_change_is_not_undone_by_what_is_made_up_for_later(emsp: Emsp, monkeypatch: pytest.MonkeyPatch) -> None:
    emsp.reserves()
    first = newest()
    with monkeypatch.context() as broken:
        broken.setattr(Requests, "claim", _fails)
        assert tells_result("ACCEPTED").status == 500
    emsp.reserves(evse_uid=None)
    concludes("ACCEPTED")
    wake(first)
    assert emsp.heard == ["ACCEPTED", "ACCEPTED"]
    assert pulled(emsp)[0]["evse_uid"] == "#NA"


@pytest.mark.requirement("CMD-25")
def test_a_reservation_that_has_ended_cannot_be_cancelled(emsp: Emsp, time: Callable[..., None]) -> None:
    emsp.reserves()
    concludes("ACCEPTED")
    time(minutes=60)
    assert tells_result("CANCELED_RESERVATION").status == 409
    assert emsp.heard == ["ACCEPTED"]


@pytest.mark.requirement("CMD-24", "SES-24")
def test_a_reservation_that_is_not_used_is_completed_when_it_expires(emsp: Emsp, time: Callable[..., None]) -> None:
    emsp.reserves()
    concludes("ACCEPTED")
    time(minutes=59)
    before = delayed()
    wake(newest())
    assert pulled(emsp)[0]["status"] == "RESERVATION"
    assert delayed() == before + 1, "looked at again"
    time(minutes=1)
    wake(newest())
    assert pulled(emsp)[0]["status"] == "COMPLETED"


@pytest.mark.requirement("SES-24")
def test_charging_with_the_token_of_a_reservation_uses_its_session(emsp: Emsp, time: Callable[..., None]) -> None:
    emsp.reserves()
    concludes("ACCEPTED")
    (session,) = pulled(emsp)
    emsp.starts()
    start = newest()
    assert start.document["session_id"] == session["id"]
    active = {"status": "ACTIVE", "connector_id": "1", "last_updated": "2026-11-22T08:00:03Z"}
    patch_session(active, session["id"])
    time(minutes=61)
    for each in stored_requests():
        wake(each)
    (session,) = pulled(emsp)
    assert session["status"] == "ACTIVE", "its reservation was used, so that expiring ends nothing"
    emsp.starts(token=TOKEN | {"uid": "another"})
    assert "session_id" not in newest().document


# We are the eMSP

TIMEOUT = 60


@dataclass
class Cpo:
    """A CPO that takes our commands."""

    connection: Connection

    def answers(self, answer: Answer | Callable[[Seen], Answer], command: str = "START_SESSION") -> None:
        self.connection.partner.answers["POST", f"/commands/{command}"] = answer

    def is_ordered(self, command: CommandType = CommandType.START_SESSION, **changes: object) -> OwnerReply:
        """Our backend wants a command sent, and gets whatever is answered."""
        body: dict[str, Any] = {"token": OWN_TOKEN, "location_id": "L1", "evse_uid": "E1"}
        document = {name: value for name, value in (body | changes).items() if value is not None}
        return owner("POST", f"/commands/{command}", {"partner_id": "sim", "command": document})

    def is_sent(self, command: CommandType = CommandType.START_SESSION, **changes: object) -> Request:
        """The same, and it was sent."""
        reply = self.is_ordered(command, **changes)
        assert reply.status == 202, reply
        found = Requests("objects").get(reply.body["request_id"])
        assert found
        return found

    def tells(self, sent: Request, result: str, token: str | None = None) -> Reply:
        path = str(sent.response_url).removeprefix("https://ocpi.example.com")
        return request("POST", path, token=token or self.connection.token, body={"result": result})


OWN_TOKEN = TOKEN | {"party_id": "OCS"}


@pytest.fixture
def cpo(time: Callable[..., None], connect: Connect) -> Cpo:
    """The CPO NL/SIM, which accepts commands; our eMSP has a valid Token."""
    put_token(OWN_TOKEN)
    cpo = Cpo(connect("CPO NL SIM", offers=[("commands", "RECEIVER")]))
    cpo.answers(ok({"result": "ACCEPTED", "timeout": TIMEOUT}))
    return cpo


@pytest.mark.requirement("CMD-05", "CMD-06")
def test_a_command_is_sent_and_its_result_awaited_at_a_url_of_its_own(cpo: Cpo) -> None:
    sent = cpo.is_sent()
    assert (sent.status, sent.answer) == (RequestStatus.PENDING, {"result": "ACCEPTED", "timeout": TIMEOUT})
    (seen,) = cpo.connection.partner.seen
    assert seen.body == {
        "token": OWN_TOKEN,
        "location_id": "L1",
        "evse_uid": "E1",
        "response_url": sent.response_url,
    }
    assert str(sent.response_url).startswith("https://ocpi.example.com/ocpi/2.2.1/sender/commands/results/")
    assert (seen.headers["ocpi-from-party-id"], seen.headers["ocpi-to-party-id"]) == ("OCS", "SIM")
    assert cpo.is_sent().response_url != sent.response_url
    reply = cpo.tells(sent, "ACCEPTED")
    assert (reply.status_code, reply.data) == (1000, None)
    assert (stored(sent).status, stored(sent).result) == (RequestStatus.CONCLUDED, {"result": "ACCEPTED"})


def stored(sent: Request) -> Request:
    found = Requests("objects").get(sent.id)
    assert found
    return found


@pytest.mark.requirement("CMD-05")
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_results_are_posted_and_nothing_else(cpo: Cpo, method: str) -> None:
    path = str(cpo.is_sent().response_url).removeprefix("https://ocpi.example.com")
    assert request(method, path, token=cpo.connection.token).http_status == 405


@pytest.mark.requirement("CMD-06")
def test_a_response_url_works_for_the_partner_that_was_asked_only(cpo: Cpo, connect: Connect) -> None:
    sent = cpo.is_sent()
    other = connect("CPO NL OTH")
    assert cpo.tells(sent, "ACCEPTED", token=other.token).http_status == 404
    assert stored(sent).status is RequestStatus.PENDING
    guess = sent.model_copy(update={"response_url": "https://ocpi.example.com/ocpi/2.2.1/sender/commands/results/x"})
    assert cpo.tells(guess, "ACCEPTED").http_status == 404
    assert len(sent.id) >= 32, "not to be guessed"


@pytest.mark.requirement("CMD-05")
def test_a_request_ends_in_one_result(cpo: Cpo) -> None:
    sent = cpo.is_sent()
    assert cpo.tells(sent, "soon").status_code == 2001
    assert cpo.tells(sent, "FAILED").status_code == 1000
    assert cpo.tells(sent, "ACCEPTED").status_code == 1000
    assert stored(sent).outcome == "FAILED"


@pytest.mark.requirement("CMD-25", "CMD-06")
def test_a_reservation_may_be_cancelled_by_the_cpo_later(cpo: Cpo, time: Callable[..., None]) -> None:
    cpo.answers(ok({"result": "ACCEPTED", "timeout": TIMEOUT}), "RESERVE_NOW")
    until = {"reservation_id": "R1", "expiry_date": "2026-11-24T08:00:00Z"}
    sent = cpo.is_sent(CommandType.RESERVE_NOW, **until)
    cpo.tells(sent, "ACCEPTED")
    time(hours=47)
    assert cpo.tells(sent, "CANCELED_RESERVATION").status_code == 1000
    assert stored(sent).outcome == "CANCELED_RESERVATION"
    refused = cpo.is_sent(CommandType.RESERVE_NOW, **until)
    cpo.tells(refused, "REJECTED")
    cpo.tells(refused, "CANCELED_RESERVATION")
    assert stored(refused).outcome == "REJECTED"


def test_a_reservation_without_an_end_in_sight_is_sent(cpo: Cpo) -> None:
    cpo.answers(ok({"result": "ACCEPTED", "timeout": TIMEOUT}), "RESERVE_NOW")
    sent = cpo.is_sent(CommandType.RESERVE_NOW, reservation_id="R1", expiry_date="9999-12-31T23:59:59Z")
    assert sent.status is RequestStatus.PENDING


@pytest.mark.requirement("CMD-07")
def test_a_command_without_a_result_in_time_has_failed(cpo: Cpo, time: Callable[..., None]) -> None:
    sent = cpo.is_sent()
    time(seconds=TIMEOUT)
    wake(sent)
    assert stored(sent).status is RequestStatus.PENDING, "the CPO sends TIMEOUT now"
    time(seconds=5)
    wake(sent)
    assert stored(sent).status is RequestStatus.EXPIRED
    assert cpo.tells(sent, "ACCEPTED").status_code == 1000
    assert stored(sent).status is RequestStatus.EXPIRED, "whoever was told that it failed hears nothing else"


@pytest.mark.parametrize("answer", [ok({"result": "ACCEPTED", "timeout": TIMEOUT}), (500, b"oops")])
def test_a_result_may_be_faster_than_the_answer(cpo: Cpo, answer: Answer) -> None:
    def hasty(seen: Seen) -> Answer:
        path = seen.body["response_url"].removeprefix("https://ocpi.example.com")
        assert request("POST", path, token=cpo.connection.token, body={"result": "ACCEPTED"}).status_code == 1000
        return answer

    cpo.answers(hasty)
    sent = cpo.is_sent()
    assert (sent.status, sent.outcome) == (RequestStatus.CONCLUDED, "ACCEPTED")
    assert bool(sent.answer) is (answer[0] == 200)


def test_a_refusal_ends_the_request(cpo: Cpo) -> None:
    cpo.answers(ok({"result": "NOT_SUPPORTED", "timeout": 0}))
    sent = cpo.is_sent()
    assert (sent.status, sent.outcome) == (RequestStatus.CONCLUDED, None)
    assert sent.answer
    assert sent.answer["result"] == "NOT_SUPPORTED"


@pytest.mark.requirement("CMD-10")
def test_an_error_with_a_response_is_a_refusal(cpo: Cpo) -> None:
    answer = {"status_code": 2003, "timestamp": "2026-11-22T08:00:00Z", "data": {"result": "REJECTED", "timeout": 0}}
    cpo.answers((200, answer))
    sent = cpo.is_sent()
    assert sent.status is RequestStatus.CONCLUDED
    assert "2003" in str(sent.failure)


@pytest.mark.parametrize(
    "answer",
    [
        (500, b"oops"),
        (500, {"status_code": 2000, "data": {"result": "ACCEPTED", "timeout": 3}}),
        (200, {"status_code": 3000}),
        (200, {"status_code": 2000, "data": {"result": "ACCEPTED", "timeout": 3}}),
        ok({"result": "SURE", "timeout": 1}),
        ok(),
    ],
)
def test_a_partner_that_gives_no_answer_fails_the_request(cpo: Cpo, answer: Answer) -> None:
    cpo.answers(answer)
    reply = cpo.is_ordered()
    assert (reply.status, reply.body["status_code"]) == (502, 3001)
    assert newest().status is RequestStatus.FAILED
    assert newest().failure == reply.detail


def test_a_partner_that_fails_at_length_fails_the_request_too(cpo: Cpo) -> None:
    cpo.answers((500, {"status_code": 3000, "status_message": "!" * 400_000}))
    assert cpo.is_ordered().status == 502
    assert newest().status is RequestStatus.FAILED
    assert len(str(newest().failure)) == 500


def test_a_partner_without_a_cpo_cannot_be_asked(connect: Connect) -> None:
    connect("EMSP NL TNM", offers=[("commands", "RECEIVER")])
    told = owner("POST", "/commands/STOP_SESSION", {"partner_id": "tnm", "command": {"session_id": "S1"}})
    assert (told.status, told.detail) == (400, "/partner_id: tnm has no CPO")


def test_of_several_cpos_of_a_partner_one_has_to_be_named(connect: Connect) -> None:
    connect("CPO NL SIM", "CPO NL SIN", offers=[("commands", "RECEIVER")])
    told = owner("POST", "/commands/STOP_SESSION", {"partner_id": "sim", "command": {"session_id": "S1"}})
    assert (told.status, told.detail) == (400, "/party: must be given, since sim has 2 CPOs")


def test_a_partner_without_the_interface_cannot_be_asked(cpo: Cpo, connect: Connect) -> None:
    connect("CPO NL OLD")
    order = {"partner_id": "old", "command": {"session_id": "S1"}}
    assert "offers no receiver of commands" in owner("POST", "/commands/STOP_SESSION", order).detail
    assert owner("POST", "/commands/STOP_SESSION", order | {"partner_id": "nobody"}).status == 404


@pytest.mark.requirement("CMD-13", "CMD-14", "CMD-21", "CMD-26", "CMD-27", "CMD-28")
@pytest.mark.parametrize("command", list(CommandType))
def test_a_command_that_lacks_something_is_not_sent(cpo: Cpo, command: CommandType) -> None:
    reply = cpo.is_ordered(command, evse_uid=None, connector_id="1", token=None)
    assert (reply.status, reply.body["status_code"]) == (400, 2001)
    assert reply.detail.startswith("/command")
    assert cpo.connection.partner.seen == []
    assert stored_requests() == []


@pytest.mark.requirement("CMD-15")
def test_an_evse_that_needs_its_connector_named_is_not_asked_without(cpo: Cpo) -> None:
    needs = EVSE | {"capabilities": ["REMOTE_START_STOP_CAPABLE", "START_SESSION_CONNECTOR_REQUIRED"]}
    location = LOCATION | {"evses": [needs | {"connectors": [CONNECTOR]}]}
    path = "/ocpi/2.2.1/receiver/locations/NL/SIM/L1"
    assert request("PUT", path, token=cpo.connection.token, body=location).status_code == 1000
    assert_refused(cpo.is_ordered(), "/command/connector_id")
    assert cpo.connection.partner.seen == []
    assert cpo.is_sent(connector_id="1").status is RequestStatus.PENDING


@pytest.mark.requirement("CMD-19")
@pytest.mark.parametrize("command", [CommandType.START_SESSION, CommandType.RESERVE_NOW])
def test_only_valid_tokens_of_our_own_are_sent(cpo: Cpo, command: CommandType) -> None:
    until = {"reservation_id": "R1", "expiry_date": "2026-11-22T09:00:00Z"}
    for foreign in (TOKEN, OWN_TOKEN | {"uid": "unknown"}, OWN_TOKEN | {"type": "APP_USER"}):
        assert cpo.is_ordered(command, token=foreign, **until).body["status_code"] == 2004
    put_token(OWN_TOKEN | {"valid": False})
    assert_refused(cpo.is_ordered(command, **until), "/command/token")
    assert cpo.connection.partner.seen == []


@pytest.mark.requirement("CMD-30")
def test_an_accepted_start_makes_no_session_of_its_own(cpo: Cpo) -> None:
    sent = cpo.is_sent()
    cpo.tells(sent, "ACCEPTED")
    path = "/ocpi/2.2.1/receiver/sessions/NL/SIM/S1"
    assert request("GET", path, token=cpo.connection.token).http_status == 404


def _fails(*_: object) -> None:
    raise ConnectionError
