"""Whether a driver may charge at our charge points: by cached Tokens, or by asking eMSPs over real HTTP."""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Barrier, Event
from time import monotonic
from typing import Any

import pytest

from ocpi.requests import together
from ocpi.requests.authorization import Authorized
from ocpi.types.tokens import LocationReferences, TokenType
from tests.api import request
from tests.functions.conftest import Connect, Connection
from tests.objects import EVSE, LOCATION, TOKEN
from tests.own import put_location, put_token
from tests.owner import Reply
from tests.owner import owner as owner_api
from tests.partner import Answer, Partner, Seen, ok

UID = TOKEN["uid"]
ASKED = f"/tokens/{UID}/authorize?type=RFID"
UNKNOWN = (404, {"status_code": 2004, "timestamp": "2026-11-22T08:30:00Z"})
PLACE = LocationReferences(location_id="L1", evse_uids=["E1"])


@dataclass(frozen=True)
class Emsp:
    """An eMSP with one party: it pushes Tokens and answers requests for authorization."""

    connection: Connection
    party_id: str

    @property
    def server(self) -> Partner:
        return self.connection.partner

    def push(self, **changes: object) -> dict[str, Any]:
        document = TOKEN | {"party_id": self.party_id} | changes
        url = f"/ocpi/2.2.1/receiver/tokens/NL/{document['party_id']}/{document['uid']}?type={document['type']}"
        assert request("PUT", url, token=self.connection.token, body=document).status_code == 1000
        return document

    def decides(self, allowed: str, **fields: object) -> None:
        info = {"allowed": allowed, "token": TOKEN | {"party_id": self.party_id}} | fields
        self.server.answers["POST", ASKED] = ok(info)

    @property
    def asked(self) -> list[Any]:
        return [seen.body for seen in self.server.seen if seen.method == "POST"]


type ConnectEmsp = Callable[..., Emsp]


@pytest.fixture
def connect_emsp(connect: Connect) -> ConnectEmsp:
    """Connects eMSPs: by party id, with the module that they offer."""

    def connected(party_id: str = "TNM", role: str = "EMSP", module: str = "tokens") -> Emsp:
        return Emsp(connect(f"{role} NL {party_id}", offers=[(module, "SENDER")]), party_id)

    return connected


@pytest.fixture
def emsp(connect_emsp: ConnectEmsp) -> Emsp:
    """The eMSP NL/TNM, which offers its Tokens."""
    return connect_emsp()


def ask(location: LocationReferences | None = None, type_: TokenType = TokenType.RFID) -> Reply:
    """Our backend asks if the driver may charge, and gets whatever is answered."""
    place = {"location": location.model_dump(mode="json")} if location else {}
    return owner_api("POST", "/authorizations", {"uid": UID, "type": type_} | place)


def authorize(location: LocationReferences | None = None, type_: TokenType = TokenType.RFID) -> Authorized:
    """The same, and it is answered whether the driver may."""
    reply = ask(location, type_)
    assert reply.status == 200, reply
    return Authorized.model_validate(reply.body)


def summary(authorized: Authorized) -> tuple[str, str]:
    return authorized.info.allowed, authorized.decided


@pytest.mark.requirement("TOK-18", "TOK-19")
@pytest.mark.parametrize(
    ("whitelist", "asked", "decided"),
    [
        ("ALWAYS", 0, ("ALLOWED", "CACHE")),
        ("ALLOWED", 0, ("ALLOWED", "CACHE")),
        ("ALLOWED_OFFLINE", 1, ("EXPIRED", "REAL_TIME")),
        ("NEVER", 1, ("EXPIRED", "REAL_TIME")),
    ],
)
def test_the_whitelist_says_whether_the_emsp_is_asked(
    emsp: Emsp, whitelist: str, asked: int, decided: tuple[str, str]
) -> None:
    emsp.push(whitelist=whitelist)
    emsp.decides("EXPIRED")
    assert summary(authorize()) == decided
    assert len(emsp.asked) == asked


@pytest.mark.requirement("TOK-18", "TOK-19")
@pytest.mark.parametrize(
    ("whitelist", "decided"),
    [("ALLOWED_OFFLINE", ("ALLOWED", "CACHE")), ("NEVER", ("NOT_ALLOWED", "UNREACHABLE"))],
)
@pytest.mark.parametrize("answer", [(502, b"Bad gateway"), (200, {"status_code": 3000}), ok({"allowed": "MAYBE"})])
def test_only_allowed_offline_lets_drivers_charge_without_an_answer(
    emsp: Emsp, whitelist: str, decided: tuple[str, str], answer: tuple[int, object]
) -> None:
    emsp.push(whitelist=whitelist)
    emsp.server.answers["POST", ASKED] = answer
    assert summary(authorize(PLACE)) == decided
    assert len(emsp.asked) == 1


@pytest.mark.requirement("TOK-20")
@pytest.mark.parametrize("whitelist", ["ALLOWED_OFFLINE", "NEVER"])
def test_the_emsp_is_asked_even_about_a_token_that_is_not_valid(emsp: Emsp, whitelist: str) -> None:
    emsp.push(whitelist=whitelist, valid=False)
    emsp.decides("ALLOWED", authorization_reference="R1")
    authorized = authorize()
    assert summary(authorized) == ("ALLOWED", "REAL_TIME")
    assert authorized.info.authorization_reference == "R1"


@pytest.mark.parametrize("whitelist", ["ALWAYS", "ALLOWED", "ALLOWED_OFFLINE"])
def test_decision_25_a_cached_token_that_is_not_valid_is_refused(emsp: Emsp, whitelist: str) -> None:
    document = emsp.push(whitelist=whitelist, valid=False)
    emsp.server.answers["POST", ASKED] = (502, b"")
    authorized = authorize(PLACE)
    assert summary(authorized) == ("BLOCKED", "CACHE")
    assert authorized.info.location is None
    assert authorized.info.token.uid == document["uid"]


@pytest.mark.requirement("TOK-10", "TOK-13", "ROU-05", "VER-12")
def test_the_emsp_hears_which_token_where_and_from_whom(emsp: Emsp) -> None:
    emsp.push(whitelist="NEVER")
    emsp.decides("ALLOWED", location={"location_id": "L1", "evse_uids": ["E1"]})
    assert authorize(PLACE).info.location == PLACE
    (seen,) = emsp.server.seen
    assert (seen.method, seen.path) == ("POST", ASKED)
    assert seen.body == {"location_id": "L1", "evse_uids": ["E1"]}
    assert (seen.headers["ocpi-to-country-code"], seen.headers["ocpi-to-party-id"]) == ("NL", "TNM")
    assert (seen.headers["ocpi-from-country-code"], seen.headers["ocpi-from-party-id"]) == ("NL", "OCS")


@pytest.mark.requirement("TOK-10")
def test_without_a_location_the_body_is_empty(emsp: Emsp) -> None:
    emsp.push(whitelist="NEVER")
    emsp.decides("ALLOWED")
    authorize()
    assert emsp.asked == [None]


@pytest.mark.requirement("TOK-16")
def test_the_answer_must_be_about_the_token(emsp: Emsp) -> None:
    emsp.push(whitelist="NEVER")
    emsp.decides("ALLOWED", token=TOKEN | {"uid": "another"})
    assert summary(authorize()) == ("NOT_ALLOWED", "UNREACHABLE")


@pytest.mark.requirement("TOK-06")
def test_the_type_counts(emsp: Emsp) -> None:
    emsp.push(valid=False)
    emsp.push(type="OTHER")
    assert summary(authorize(type_=TokenType.OTHER)) == ("ALLOWED", "CACHE")
    assert summary(authorize()) == ("BLOCKED", "CACHE")


@pytest.mark.requirement("TOK-12")
def test_a_location_that_the_emsp_needs_is_asked_for(emsp: Emsp) -> None:
    emsp.push(whitelist="NEVER")
    emsp.server.answers["POST", ASKED] = (200, {"status_code": 2002})
    reply = ask()
    assert (reply.status, reply.body["status_code"]) == (400, 2002)


class TestAfterACommand:
    """The eMSP has started a session at the EVSE E1."""

    @pytest.fixture(autouse=True)
    def _location(self, time: Callable[..., None], emsp: Emsp) -> None:
        evses = [EVSE | {"uid": uid, "capabilities": ["REMOTE_START_STOP_CAPABLE"]} for uid in ("E1", "E2")]
        put_location(LOCATION | {"evses": evses})

    def command(self, emsp: Emsp, **token: object) -> None:
        document = emsp.push(whitelist="NEVER", **token)
        body = {"response_url": f"{emsp.server.url}/r", "token": document, "location_id": "L1", "evse_uid": "E1"}
        reply = request("POST", "/ocpi/2.2.1/receiver/commands/START_SESSION", token=emsp.connection.token, body=body)
        assert (reply.status_code, reply.data["result"]) == (1000, "ACCEPTED"), reply
        emsp.decides("EXPIRED")

    @pytest.mark.requirement("CMD-18")
    def test_an_rfid_token_needs_no_asking_there_for_15_minutes(self, emsp: Emsp, time: Callable[..., None]) -> None:
        self.command(emsp)
        time(minutes=14, seconds=59)
        assert summary(authorize(PLACE)) == ("ALLOWED", "COMMAND")
        assert emsp.asked == []
        time(seconds=1)
        assert summary(authorize(PLACE)) == ("EXPIRED", "REAL_TIME")

    @pytest.mark.requirement("CMD-18")
    @pytest.mark.parametrize("evse_uids", [["E2"], ["E1", "E2"]])
    def test_elsewhere_it_is_asked_for_as_ever(self, emsp: Emsp, evse_uids: list[str]) -> None:
        self.command(emsp)
        assert summary(authorize(LocationReferences(location_id="L1", evse_uids=evse_uids))) == ("EXPIRED", "REAL_TIME")
        assert summary(authorize()) == ("EXPIRED", "REAL_TIME")

    @pytest.mark.requirement("CMD-17")
    @pytest.mark.parametrize("type_", [TokenType.APP_USER, TokenType.AD_HOC_USER])
    def test_the_token_of_an_app_is_not_asked_for(self, emsp: Emsp, type_: TokenType) -> None:
        self.command(emsp, type=type_)
        assert summary(authorize(PLACE, type_)) == ("ALLOWED", "COMMAND")
        assert emsp.asked == []


class TestUnknownToken:
    @pytest.mark.requirement("TOK-21")
    def test_every_emsp_is_asked_until_one_knows_it(self, connect_emsp: ConnectEmsp) -> None:
        stranger, owner = connect_emsp("AAA"), connect_emsp("TNM")
        stranger.server.answers["POST", ASKED] = UNKNOWN
        owner.decides("ALLOWED")
        authorized = authorize(PLACE)
        assert summary(authorized) == ("ALLOWED", "REAL_TIME")
        assert authorized.partner_id == "tnm"
        assert len(stranger.asked) == len(owner.asked) == 1

    @pytest.mark.requirement("TOK-21")
    def test_who_cannot_be_asked_does_not_hinder_the_others(self, connect_emsp: ConnectEmsp) -> None:
        gone, owner = connect_emsp("AAA"), connect_emsp("TNM")
        gone.server.answers["POST", ASKED] = (500, b"")
        owner.decides("NO_CREDIT")
        assert summary(authorize()) == ("NO_CREDIT", "REAL_TIME")

    @pytest.mark.requirement("TOK-11", "STA-13")
    def test_what_nobody_knows_is_2004(self, connect_emsp: ConnectEmsp) -> None:
        connect_emsp().server.answers["POST", ASKED] = UNKNOWN
        connect_emsp("BBB", module="locations")
        reply = ask()
        assert (reply.status, reply.body["status_code"]) == (404, 2004)

    @pytest.mark.requirement("TOK-12")
    def test_one_that_needs_a_location_says_so(self, connect_emsp: ConnectEmsp) -> None:
        connect_emsp().server.answers["POST", ASKED] = (200, {"status_code": 2002})
        reply = ask()
        assert (reply.status, reply.body["status_code"]) == (400, 2002)

    @pytest.mark.requirement("TOK-21", "ROU-22")
    def test_decision_4_a_hub_finds_out_whose_it_is(self, connect_emsp: ConnectEmsp) -> None:
        hub = connect_emsp("HUB", role="HUB")
        hub.decides("ALLOWED")
        assert authorize().partner_id == "hub"
        (seen,) = hub.server.seen
        assert "ocpi-to-party-id" not in seen.headers
        assert seen.headers["ocpi-from-party-id"] == "OCS"


def test_of_two_emsps_with_the_same_uid_one_that_allows_it_is_enough(connect_emsp: ConnectEmsp) -> None:
    connect_emsp("AAA").push(valid=False, last_updated="2026-11-22T09:00:00Z")
    connect_emsp("BBB").push()
    authorized = authorize()
    assert (summary(authorized), authorized.partner_id) == (("ALLOWED", "CACHE"), "bbb")


def test_of_many_tokens_with_the_same_uid_those_that_changed_last_count(connect: Connect) -> None:
    parties = [f"T{number:02}" for number in range(21)]
    platform = connect(*(f"EMSP NL {party}" for party in parties))
    for minute, party in enumerate(parties):
        token = {"valid": party == parties[-1], "last_updated": f"2026-11-22T08:{minute:02}:00Z"}
        Emsp(platform, party).push(**token)
    authorized = authorize()
    assert (summary(authorized), authorized.info.token.party_id) == (("ALLOWED", "CACHE"), "T20")


@pytest.mark.requirement("TOK-12")
@pytest.mark.parametrize("first", ["AAA", "BBB"])
def test_one_that_needs_a_location_does_not_hinder_another_that_allows_it(
    connect_emsp: ConnectEmsp, first: str
) -> None:
    needy, owner = connect_emsp("AAA"), connect_emsp("BBB")
    for emsp in (needy, owner):
        emsp.push(whitelist="NEVER", last_updated=f"2026-11-22T{'09' if emsp.party_id == first else '08'}:00:00Z")
    needy.server.answers["POST", ASKED] = (200, {"status_code": 2002})
    owner.decides("ALLOWED")
    assert authorize().partner_id == "bbb"


def test_several_emsps_that_know_it_are_asked_at_the_same_time(connect_emsp: ConnectEmsp) -> None:
    both = Barrier(2, timeout=5)

    def answer(seen: Seen) -> Answer:
        both.wait()  # as long as the other is not asked
        return ok({"allowed": "NO_CREDIT", "token": TOKEN})

    for party in ("AAA", "BBB"):
        emsp = connect_emsp(party)
        emsp.push(whitelist="NEVER")
        emsp.server.answers["POST", ASKED] = answer
    assert summary(authorize()) == ("NO_CREDIT", "REAL_TIME")


@pytest.mark.parametrize("known", [True, False])
def test_an_emsp_that_is_silent_holds_up_nobody_for_long(
    connect_emsp: ConnectEmsp, monkeypatch: pytest.MonkeyPatch, *, known: bool
) -> None:
    monkeypatch.setattr(together, "WITHIN_S", 0.5)
    over = Event()

    def answer(seen: Seen) -> Answer:
        over.wait(8)
        return UNKNOWN

    silent, owner = connect_emsp("AAA"), connect_emsp("BBB")
    if known:
        silent.push(whitelist="NEVER")
        owner.push(whitelist="NEVER")
    silent.server.answers["POST", ASKED] = answer
    owner.decides("ALLOWED")
    asked = monotonic()
    try:
        assert authorize().partner_id == "bbb"
        assert monotonic() - asked < 4
    finally:
        over.set()


class TestOurOwnToken:
    """Our platform is both the CPO and the eMSP."""

    @pytest.mark.requirement("TOK-16")
    @pytest.mark.parametrize(("valid", "allowed"), [(True, "ALLOWED"), (False, "BLOCKED")])
    def test_it_is_decided_as_a_partner_would_be_told(self, emsp: Emsp, valid: bool, allowed: str) -> None:
        put_token(TOKEN | {"valid": valid, "whitelist": "NEVER"})
        authorized = authorize(PLACE)
        assert (summary(authorized), authorized.partner_id) == ((allowed, "CACHE"), None)
        assert authorized.info.location == (PLACE if valid else None)
        assert emsp.asked == []

    @pytest.mark.requirement("TOK-12")
    def test_a_location_that_it_needs_is_asked_for(self, aws: None) -> None:
        put_token(TOKEN | {"location_required": True})
        reply = ask()
        assert (reply.status, reply.body["status_code"]) == (400, 2002)
        assert summary(authorize(PLACE)) == ("ALLOWED", "CACHE")

    @pytest.mark.requirement("TOK-06")
    def test_one_of_another_type_is_another(self, aws: None) -> None:
        put_token(TOKEN)
        reply = ask(type_=TokenType.OTHER)
        assert (reply.status, reply.body["status_code"]) == (404, 2004)


def test_the_token_of_a_partner_that_has_left_counts_no_more(emsp: Emsp) -> None:
    emsp.push()
    assert request("DELETE", "/ocpi/2.2.1/credentials", token=emsp.connection.token).status_code == 1000
    reply = ask()
    assert (reply.status, reply.body["status_code"]) == (404, 2004)
