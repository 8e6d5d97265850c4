"""The owner API: whether drivers may charge, asked at our charge points and decided for our own tokens."""

import pytest

from ocpi.clock import now
from ocpi.requests.decisions import AUTHORIZE
from ocpi.store.requests import Direction, Request, Requests
from ocpi.types.parties import Party
from ocpi.types.versions import ModuleID
from owner import examples
from tests.api import request
from tests.functions.conftest import Connect, Connection
from tests.objects import TOKEN
from tests.owner import Reply, owner
from tests.partner import ok

AUTHORIZE_PATH = "/tokens/012345678/authorize"


@pytest.fixture
def emsp(connect: Connect) -> Connection:
    """The eMSP NL/TNM, which authorizes its tokens."""
    return connect("EMSP NL TNM", offers=[("tokens", "SENDER")])


@pytest.fixture
def asked(aws: None) -> Request:
    """A CPO asks about a token of ours, and waits."""
    question = Request(
        id="1",
        direction=Direction.RECEIVED,
        module=ModuleID.TOKENS,
        kind=AUTHORIZE,
        partner_id="sim",
        own_party=Party("NL", "OCS"),
        party=Party("NL", "SIM"),
        document={"token": examples.TOKEN},
        created=now(),
        deadline=now(),
    )
    Requests("objects").add(question)
    return question


def authorize(**changes: object) -> Reply:
    return owner("POST", "/authorizations", {"uid": TOKEN["uid"]} | changes)


def test_a_token_that_its_emsp_has_told_us_of_is_decided_by_that(emsp: Connection) -> None:
    path = "/ocpi/2.2.1/receiver/tokens/NL/TNM/012345678"
    assert request("PUT", path, token=emsp.token, body=TOKEN).status_code == 1000
    reply = authorize()
    assert (reply.status, reply.body["decided"], reply.body["partner_id"]) == (200, "CACHE", "tnm"), reply
    assert reply.body["info"] == {"allowed": "ALLOWED", "token": TOKEN}
    assert not emsp.partner.seen


def test_a_token_that_we_do_not_know_is_asked_about(emsp: Connection) -> None:
    info = {"allowed": "NO_CREDIT", "token": TOKEN, "location": {"location_id": "L1"}}
    emsp.partner.answers["POST", AUTHORIZE_PATH] = ok(info)
    reply = authorize(location={"location_id": "L1"})
    assert (reply.status, reply.body["decided"], reply.body["info"]["allowed"]) == (200, "REAL_TIME", "NO_CREDIT")
    assert emsp.partner.seen[0].body["location_id"] == "L1"


def test_a_token_that_nobody_knows_is_404(emsp: Connection) -> None:
    reply = authorize()
    assert (reply.status, reply.body["status_code"]) == (404, 2004)


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"uid": None}, "/uid: "),
        ({"uid": "x" * 37}, "/uid: "),
        ({"type": "CARD"}, "/type: "),
        ({"location": {}}, "/location/location_id: "),
        ({"own_party": {"country_code": "NL", "party_id": "SIM"}}, "/own_party: "),
    ],
)
def test_a_wrong_question_is_400_naming_the_field(aws: None, changes: dict[str, object], where: str) -> None:
    reply = authorize(**changes)
    assert reply.status == 400
    assert reply.detail.startswith(where)


def test_a_cpos_question_is_decided_once(asked: Request) -> None:
    url = f"/requests/{asked.id}/result"
    assert owner("POST", url, {"result": "ACCEPTED"}).status == 400
    decision = {"allowed": "BLOCKED", "info": {"language": "en", "text": "Call us"}}
    reply = owner("POST", url, decision)
    assert (reply.status, reply.body["status"], reply.body["result"]) == (200, "CONCLUDED", decision)
    assert owner("POST", url, decision).status == 200
    assert owner("POST", url, {"allowed": "ALLOWED"}).status == 409


def test_a_decision_that_comes_too_late_is_409(asked: Request) -> None:
    Requests("objects").expire(asked.id)
    reply = owner("POST", f"/requests/{asked.id}/result", {"allowed": "ALLOWED"})
    assert reply.status == 409
    assert "EXPIRED" in reply.detail
