"""Tokens: what eMSPs push to us, and what CPOs ask of us."""

import threading
from collections.abc import Iterator
from importlib import import_module
from typing import Any, ClassVar

import boto3
import pytest
from pydantic import ValidationError

from ocpi import wire
from ocpi.store.requests import Request, RequestStatus
from ocpi.types.parties import Party
from tests import own
from tests.api import Reply, deployed, event_loop, request
from tests.functions.conftest import Register
from tests.objects import EVSE, LOCATION, TOKEN, without
from tests.owner import owner

RECEIVER = "/ocpi/2.2.1/receiver/tokens/NL/TNM"
SENDER = "/ocpi/2.2.1/sender/tokens"
UID = TOKEN["uid"]
LATER = "2026-11-22T09:00:00Z"
OURS = TOKEN | {"party_id": "OCS"}


@pytest.fixture
def emsp(register: Register) -> str:
    """The token of an eMSP, NL/TNM."""
    return register("EMSP NL TNM")


@pytest.fixture
def cpo(register: Register) -> str:
    """The token of a CPO, NL/SIM."""
    return register("CPO NL SIM")


def put(token: str, document: dict[str, Any], query: str = "") -> Reply:
    return request("PUT", f"{RECEIVER}/{document['uid']}{query}", token=token, body=document)


def get(token: str, query: str = "", uid: str = UID) -> Reply:
    return request("GET", f"{RECEIVER}/{uid}{query}", token=token)


def own_token(**changes: object) -> None:
    """Our backend puts a Token of ours."""
    own.put_token(OURS | changes)


def authorize(token: str, query: str = "", body: object = None, uid: str = UID) -> Reply:
    return request("POST", f"{SENDER}/{uid}/authorize{query}", token=token, body=body)


class TestReceiver:
    @pytest.mark.requirement("TOK-01", "TOK-02", "STA-05")
    def test_a_token_is_created_replaced_and_read(self, emsp: str) -> None:
        assert put(emsp, TOKEN).http_status == 201
        assert get(emsp).data == TOKEN
        assert get(emsp, "?type=RFID").data == TOKEN
        replacement = without(TOKEN, "visual_number") | {"issuer": "Other", "last_updated": LATER}
        assert put(emsp, replacement).http_status == 200
        assert get(emsp).data == replacement

    @pytest.mark.requirement("TOK-01", "TOK-06")
    def test_the_same_uid_with_another_type_is_another_token(self, emsp: str) -> None:
        app = TOKEN | {"type": "APP_USER", "issuer": "App"}
        assert put(emsp, TOKEN, "?type=RFID").http_status == 201
        assert put(emsp, app, "?type=APP_USER").http_status == 201
        assert get(emsp).data == TOKEN
        assert get(emsp, "?type=APP_USER").data == app
        assert get(emsp, "?type=OTHER").http_status == 404

    def test_decision_24_without_a_type_the_body_decides(self, emsp: str) -> None:
        app = TOKEN | {"type": "APP_USER"}
        assert put(emsp, app).http_status == 201
        assert get(emsp).http_status == 404
        assert get(emsp, "?type=APP_USER").data == app

    @pytest.mark.requirement("TOK-02")
    @pytest.mark.parametrize(
        ("change", "query", "field"),
        [
            ({"type": "APP_USER"}, "?type=RFID", "/type"),
            ({"country_code": "BE"}, "", "/country_code"),
            ({"party_id": "XXX"}, "", "/party_id"),
            ({}, "?type=CARD", "query parameter type"),
            ({}, "?type=", "query parameter type"),
        ],
    )
    def test_decision_24_url_and_body_must_agree(
        self, emsp: str, change: dict[str, Any], query: str, field: str
    ) -> None:
        reply = put(emsp, TOKEN | change, query)
        assert (reply.http_status, reply.status_code) == (200, 2001)
        assert reply.message.startswith(field)
        assert get(emsp).http_status == 404

    def test_the_uid_in_url_and_body_must_agree(self, emsp: str) -> None:
        reply = request("PUT", f"{RECEIVER}/another", token=emsp, body=TOKEN)
        assert (reply.status_code, reply.message.split(":")[0]) == (2001, "/uid")

    @pytest.mark.requirement("TOK-22", "STA-10")
    @pytest.mark.parametrize(
        "field",
        ["country_code", "party_id", "type", "contract_id", "issuer", "valid", "whitelist", "last_updated"],
    )
    def test_a_required_field_that_is_missing_is_2001_and_named(self, emsp: str, field: str) -> None:
        reply = put(emsp, without(TOKEN, field))
        assert reply.status_code == 2001
        assert f"/{field}" in reply.message

    @pytest.mark.requirement("TOK-22")
    @pytest.mark.parametrize(
        ("field", "longest"),
        [("contract_id", 36), ("group_id", 36), ("issuer", 64), ("visual_number", 64)],
    )
    def test_a_text_may_be_as_long_as_ocpi_allows(self, emsp: str, field: str, longest: int) -> None:
        assert put(emsp, TOKEN | {field: "x" * longest}).status_code == 1000
        reply = put(emsp, TOKEN | {field: "x" * (longest + 1)})
        assert (reply.status_code, reply.message) == (
            2001,
            f"/{field}: String should have at most {longest} characters",
        )

    @pytest.mark.parametrize(
        ("change", "query", "message"),
        [
            ({"contract_id": ""}, "", "/contract_id: String should have at least 1 character"),
            ({"issuer": 1}, "", "/issuer: must be a string"),
            ({"type": "APP_USER"}, "?type=RFID", "/type: the body says 'APP_USER', the URL 'RFID'"),
        ],
    )
    def test_what_is_wrong_is_told_in_the_words_of_ocpi(
        self, emsp: str, change: dict[str, Any], query: str, message: str
    ) -> None:
        assert put(emsp, TOKEN | change, query).message == message

    @pytest.mark.requirement("TOK-22")
    def test_a_uid_may_have_36_characters(self, emsp: str) -> None:
        assert put(emsp, TOKEN | {"uid": "x" * 36}).status_code == 1000
        assert get(emsp, uid="X" * 36).status_code == 1000
        assert put(emsp, TOKEN | {"uid": "x" * 37}).http_status == 404

    @pytest.mark.requirement("TOK-03", "TOK-05")
    def test_patch_changes_only_the_given_fields(self, emsp: str) -> None:
        put(emsp, TOKEN)
        put(emsp, TOKEN | {"type": "APP_USER"})
        change = {"valid": False, "last_updated": LATER}
        assert request("PATCH", f"{RECEIVER}/{UID}?type=APP_USER", token=emsp, body=change).status_code == 1000
        assert get(emsp).data == TOKEN
        assert get(emsp, "?type=APP_USER").data == TOKEN | {"type": "APP_USER"} | change

    @pytest.mark.requirement("TOK-03")
    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"valid": False}, "/last_updated"),
            ({"type": "OTHER", "last_updated": LATER}, "/type"),
            ({"uid": "other", "last_updated": LATER}, "/uid"),
            ({"issuer": None, "last_updated": LATER}, "/issuer"),
        ],
    )
    def test_a_wrong_patch_is_2001_and_changes_nothing(self, emsp: str, change: dict[str, Any], field: str) -> None:
        put(emsp, TOKEN)
        reply = request("PATCH", f"{RECEIVER}/{UID}", token=emsp, body=change)
        assert (reply.status_code, reply.message.split(":")[0]) == (2001, field)
        assert get(emsp).data == TOKEN

    @pytest.mark.requirement("STA-03", "STA-13")
    def test_an_unknown_token_is_404_with_2004(self, emsp: str) -> None:
        patched = request("PATCH", f"{RECEIVER}/{UID}", token=emsp, body={"valid": False, "last_updated": LATER})
        for reply in (get(emsp), patched):
            assert (reply.http_status, reply.status_code) == (404, 2004)

    def test_decision_22_an_older_token_is_ignored(self, emsp: str) -> None:
        put(emsp, TOKEN | {"last_updated": LATER})
        assert put(emsp, TOKEN | {"issuer": "Old"}).status_code == 1000
        old = {"issuer": "Old", "last_updated": TOKEN["last_updated"]}
        assert request("PATCH", f"{RECEIVER}/{UID}", token=emsp, body=old).status_code == 1000
        assert get(emsp).data == TOKEN | {"last_updated": LATER}

    @pytest.mark.requirement("TOK-04")
    @pytest.mark.parametrize("method", ["POST", "DELETE"])
    def test_tokens_can_be_neither_posted_nor_deleted(self, emsp: str, method: str) -> None:
        put(emsp, TOKEN)
        assert request(method, f"{RECEIVER}/{UID}", token=emsp, body=TOKEN).http_status == 405
        assert get(emsp).data == TOKEN

    @pytest.mark.requirement("TRA-37")
    def test_only_its_own_party_may_push_a_token(self, emsp: str, cpo: str) -> None:
        put(emsp, TOKEN)
        for method in ("GET", "PUT", "PATCH"):
            assert request(method, f"{RECEIVER}/{UID}", token=cpo, body=TOKEN).http_status == 404


class TestOurs:
    """What our own Tokens must be like."""

    @pytest.mark.requirement("TOK-23")
    @pytest.mark.parametrize("type_", ["APP_USER", "AD_HOC_USER"])
    def test_tokens_of_an_app_are_never_whitelisted(self, aws: None, type_: str) -> None:
        own_token(type=type_, whitelist="NEVER")
        own.assert_refused(own.put("tokens", OURS | {"type": type_, "whitelist": "ALLOWED"}), "/whitelist")

    @pytest.mark.requirement("TOK-24")
    def test_a_group_id_fits_into_charge_points(self, aws: None) -> None:
        own_token(group_id="x" * 20)
        own.assert_refused(own.put("tokens", OURS | {"group_id": "x" * 21}), "/group_id")

    @pytest.mark.requirement("TOK-23")
    def test_a_patch_is_checked_as_well(self, aws: None) -> None:
        own_token(type="APP_USER", whitelist="NEVER")
        change = {"whitelist": "ALLOWED", "last_updated": LATER}
        reply = owner("PATCH", f"/tokens/NL/OCS/{UID}?type=APP_USER", change)
        own.assert_refused(reply, "/whitelist")


class TestSender:
    @pytest.mark.requirement("TOK-07")
    def test_tokens_are_listed_by_pages_and_dates(self, cpo: str) -> None:
        own_token()
        own_token(uid="second", last_updated=LATER)
        first = request("GET", f"{SENDER}?limit=1", token=cpo)
        assert first.data == [OURS]
        assert first.headers["x-total-count"] == "2"
        link = first.headers["link"]
        path = link[link.index("/ocpi/") : link.index(">")]
        assert [token["uid"] for token in request("GET", path, token=cpo).data] == ["second"]
        assert [token["uid"] for token in request("GET", f"{SENDER}?date_from={LATER}", token=cpo).data] == ["second"]
        assert request("GET", f"{SENDER}?date_to={LATER}", token=cpo).data == [OURS]

    @pytest.mark.requirement("TRA-28")
    @pytest.mark.parametrize("stranger", ["EMSP NL TNM", "SCSP NL PLN", "NSP NL NAV", "NAP NL NAT", "OTHER NL ANY"])
    def test_tokens_are_shown_to_cpos_and_hubs_alone(self, register: Register, stranger: str) -> None:
        own_token()
        own_token(uid="second", last_updated=LATER)
        token = register(stranger)
        for query in ("", "?limit=1", "?offset=1", f"?date_from={LATER}"):
            listed = request("GET", SENDER + query, token=token)
            assert (listed.status_code, listed.data, listed.headers["x-total-count"]) == (1000, [], "0")
            assert "link" not in listed.headers
        refused = authorize(token)
        assert (refused.http_status, refused.status_code) == (404, 2004)
        assert refused.envelope.keys() == authorize(token, uid="unknown").envelope.keys()

    @pytest.mark.requirement("TRA-28")
    @pytest.mark.parametrize("parties", [["HUB NL HUB"], ["EMSP NL TNM", "CPO NL TNM"]], ids="+".join)
    def test_who_has_a_role_that_needs_tokens_sees_them(self, register: Register, parties: list[str]) -> None:
        own_token()
        token = register(*parties)
        assert request("GET", SENDER, token=token).data == [OURS]
        assert authorize(token).data["allowed"] == "ALLOWED"

    @pytest.mark.requirement("TOK-09")
    @pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
    @pytest.mark.parametrize("path", ["", f"/{UID}/authorize"])
    def test_tokens_are_only_listed_and_authorized(self, cpo: str, method: str, path: str) -> None:
        assert request(method, SENDER + path, token=cpo, body={}).http_status == 405


class TestAuthorize:
    """Decided by the stored Token: there is no backend."""

    @pytest.mark.requirement("TOK-10", "TOK-16", "TOK-17")
    @pytest.mark.parametrize("body", [None, b"", b" \r\n", {"location_id": "L1"}])
    def test_a_valid_token_is_allowed(self, cpo: str, body: object) -> None:
        own_token()
        reply = authorize(cpo, body=body)
        assert (reply.http_status, reply.status_code) == (200, 1000)
        assert reply.data["allowed"] == "ALLOWED"
        assert reply.data["token"] == OURS
        assert 0 < len(reply.data["authorization_reference"]) <= 36
        assert authorize(cpo).data["authorization_reference"] != reply.data["authorization_reference"]

    @pytest.mark.requirement("TOK-10", "TOK-16")
    def test_an_invalid_token_is_blocked_and_told_whole(self, cpo: str) -> None:
        own_token(valid=False)
        data = authorize(cpo, body={"location_id": "L1"}).data
        assert data == {"allowed": "BLOCKED", "token": OURS | {"valid": False}}

    @pytest.mark.requirement("TOK-10")
    def test_the_type_is_rfid_unless_told(self, cpo: str) -> None:
        own_token(type="APP_USER", whitelist="NEVER")
        assert authorize(cpo).http_status == 404
        assert authorize(cpo, "?type=APP_USER").data["token"]["type"] == "APP_USER"
        assert authorize(cpo, "?type=CARD").status_code == 2001

    @pytest.mark.requirement("TOK-11", "STA-13")
    @pytest.mark.parametrize("uid", ["unknown", "x" * 37, "x" * 3000])
    def test_an_unknown_token_is_404_with_2004_and_no_data(self, cpo: str, uid: str) -> None:
        reply = authorize(cpo, uid=uid)
        assert (reply.http_status, reply.status_code) == (404, 2004)
        assert "data" not in reply.envelope

    @pytest.mark.requirement("TOK-12", "STA-11")
    def test_a_token_that_needs_a_location_is_2002_without(self, cpo: str) -> None:
        own_token(location_required=True)
        reply = authorize(cpo)
        assert (reply.http_status, reply.status_code) == (200, 2002)
        assert "data" not in reply.envelope
        assert authorize(cpo, body={"location_id": "L1"}).data["allowed"] == "ALLOWED"

    @pytest.mark.requirement("TOK-12")
    def test_a_blocked_token_needs_no_location(self, cpo: str) -> None:
        own_token(location_required=True, valid=False)
        assert authorize(cpo).data["allowed"] == "BLOCKED"

    @pytest.mark.requirement("TOK-13", "TOK-15")
    def test_what_was_asked_for_is_allowed_even_where_we_know_no_location(self, cpo: str) -> None:
        own_token()
        asked = {"location_id": "private", "evse_uids": ["E1", "E2"]}
        assert authorize(cpo, body=asked).data["location"] == asked
        assert "location" not in authorize(cpo).data

    @pytest.mark.requirement("TOK-14")
    def test_opening_hours_and_status_are_no_reason_to_refuse(self, cpo: str) -> None:
        own_token()
        monday = {"weekday": 1, "period_begin": "03:00", "period_end": "03:01"}
        closed = {"opening_times": {"twentyfourseven": False, "regular_hours": [monday]}}
        out_of_order = LOCATION | closed | {"evses": [EVSE | {"status": "OUTOFORDER"}]}
        stored = request("PUT", "/ocpi/2.2.1/receiver/locations/NL/SIM/L1", token=cpo, body=out_of_order)
        assert stored.status_code == 1000, stored
        data = authorize(cpo, body={"location_id": "L1", "evse_uids": ["E1"]}).data
        assert (data["allowed"], data["location"]["evse_uids"]) == ("ALLOWED", ["E1"])

    @pytest.mark.parametrize(
        ("body", "code"),
        [(b"{", 2000), (b"[]", 2001), ({"evse_uids": ["E1"]}, 2001), ({"location_id": "x" * 37}, 2001)],
    )
    def test_a_wrong_body_is_an_error(self, cpo: str, body: object, code: int) -> None:
        own_token()
        assert authorize(cpo, body=body).status_code == code


class Backend:
    """Our backend: it decides on every request for authorization, through the owner API."""

    def __init__(self, decision: dict[str, Any]) -> None:
        self.decision = decision
        self.asked: list[Request] = []
        self.told: list[int] = []
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Backend":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()
        assert set(self.told) <= {200}, self.told

    def _run(self) -> None:
        while not self._stopped.wait(0.02):
            for known in pending():
                self.asked.append(known)
                with event_loop():
                    self.told.append(owner("POST", f"/requests/{known.id}/result", self.decision).status)


def stored_requests() -> list[Request]:
    items = boto3.client("dynamodb").scan(TableName="objects")["Items"]
    texts = [item["document"]["S"] for item in items if item["sk"]["S"] == "REQUEST"]
    return [Request.model_validate(wire.loads(text)) for text in texts]


def pending() -> list[Request]:
    return [known for known in stored_requests() if known.status is RequestStatus.PENDING]


@pytest.fixture
def asking_backend(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Our backend is asked, and awaited for as long as may be."""
    with deployed(AUTHORIZATION_WAIT_S="8"):
        monkeypatch.setattr("tokens.authorizing.POLL_S", 0.01)
        yield


@pytest.mark.usefixtures("asking_backend")
class TestAskingTheBackend:
    ASKED: ClassVar[dict[str, Any]] = {"location_id": "L1", "evse_uids": ["E1", "E2"]}

    def test_it_hears_who_asks_for_what(self, cpo: str) -> None:
        own_token()
        with Backend({"allowed": "ALLOWED"}) as backend:
            authorize(cpo, body=self.ASKED)
        (asked,) = backend.asked
        assert (asked.direction, asked.module, asked.kind) == ("RECEIVED", "tokens", "AUTHORIZE")
        assert (asked.partner_id, asked.own_party) == ("sim", Party("NL", "OCS"))
        assert asked.document == {"token": OURS, "location": self.ASKED}
        assert asked.response_url is None

    @pytest.mark.requirement("TOK-10", "TOK-16")
    @pytest.mark.parametrize("allowed", ["BLOCKED", "EXPIRED", "NO_CREDIT", "NOT_ALLOWED"])
    def test_it_may_refuse_and_tell_why(self, cpo: str, allowed: str) -> None:
        own_token()
        info = {"language": "en", "text": "Call us"}
        with Backend({"allowed": allowed, "info": info, "location": self.ASKED}):
            data = authorize(cpo, body=self.ASKED).data
        assert data == {"allowed": allowed, "token": OURS, "info": info}

    def test_its_word_counts_more_than_the_stored_token(self, cpo: str) -> None:
        own_token(valid=False)
        with Backend({"allowed": "ALLOWED", "authorization_reference": "R1"}):
            data = authorize(cpo).data
        assert (data["allowed"], data["authorization_reference"]) == ("ALLOWED", "R1")

    @pytest.mark.requirement("TOK-13")
    @pytest.mark.parametrize(
        ("granted", "told"),
        [
            (None, ["E1", "E2"]),
            (["e2", "E3"], ["e2"]),
            ([], ["E1", "E2"]),
        ],
    )
    def test_only_the_evses_it_allows_are_told(self, cpo: str, granted: list[str] | None, told: list[str]) -> None:
        own_token()
        location = {} if granted is None else {"location": {"location_id": "L1", "evse_uids": granted}}
        with Backend({"allowed": "ALLOWED"} | location):
            data = authorize(cpo, body=self.ASKED).data
        assert (data["allowed"], data["location"]) == ("ALLOWED", {"location_id": "L1", "evse_uids": told})

    @pytest.mark.requirement("TOK-13")
    def test_the_evses_of_a_whole_location(self, cpo: str) -> None:
        own_token()
        with Backend({"allowed": "ALLOWED", "location": {"location_id": "L1", "evse_uids": ["E3"]}}):
            data = authorize(cpo, body={"location_id": "L1"}).data
        assert data["location"] == {"location_id": "L1", "evse_uids": ["E3"]}

    @pytest.mark.requirement("TOK-13")
    @pytest.mark.parametrize(
        "location", [{"location_id": "L2"}, {"location_id": "L1", "evse_uids": ["E3"]}], ids=["elsewhere", "other EVSE"]
    )
    def test_what_it_allows_elsewhere_is_not_allowed_here(self, cpo: str, location: dict[str, Any]) -> None:
        own_token()
        with Backend({"allowed": "ALLOWED", "location": location}):
            data = authorize(cpo, body=self.ASKED).data
        assert data == {"allowed": "NOT_ALLOWED", "token": OURS}

    @pytest.mark.requirement("TOK-13")
    def test_no_location_is_told_where_none_was_asked_for(self, cpo: str) -> None:
        own_token()
        with Backend({"allowed": "ALLOWED", "location": self.ASKED}):
            data = authorize(cpo).data
        assert (data["allowed"], "location" in data) == ("ALLOWED", False)

    @pytest.mark.requirement("TOK-12", "STA-11")
    def test_it_may_need_a_location(self, cpo: str) -> None:
        own_token()
        with Backend({"allowed": "NOT_ALLOWED", "location_required": True}):
            assert authorize(cpo).status_code == 2002
            assert authorize(cpo, body=self.ASKED).data["allowed"] == "NOT_ALLOWED"

    @pytest.mark.requirement("TOK-11")
    def test_it_is_not_asked_for_an_unknown_token(self, cpo: str) -> None:
        with Backend({"allowed": "ALLOWED"}) as backend:
            assert authorize(cpo).status_code == 2004
        assert backend.asked == []


def test_without_a_word_of_the_backend_the_stored_token_decides(cpo: str, monkeypatch: pytest.MonkeyPatch) -> None:
    own_token()
    with deployed(AUTHORIZATION_WAIT_S="0.05"):
        monkeypatch.setattr("tokens.authorizing.POLL_S", 0.01)
        assert authorize(cpo).data["allowed"] == "ALLOWED"
    (asked,) = stored_requests()
    assert asked.status is RequestStatus.EXPIRED, "a late answer of the backend is refused"


@pytest.mark.parametrize("seconds", ["-1", "9", "nan", "long"])
def test_nobody_waits_longer_than_a_driver_would(seconds: str) -> None:
    with deployed(AUTHORIZATION_WAIT_S=seconds), pytest.raises(ValidationError, match="authorization_wait_s"):
        import_module("tokens.app")
