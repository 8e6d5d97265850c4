"""The exchange log: what an operator can read of each request, a partner's or ours, and what nobody can."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from ocpi.logs import logger
from ocpi.parties.handshake import Handshake
from ocpi.transport import exchanges
from ocpi.transport.client import PartnerClient, PartnerUnreachable
from ocpi.transport.headers import Routing
from tests.api import request
from tests.exchange_log import Log, logging_exchanges
from tests.functions.conftest import Connect, Connection, Register
from tests.functions.waiting import concludes, put_own_location
from tests.objects import EVSE, LOCATION, SESSION, TOKEN
from tests.own import put_token
from tests.owner import owner
from tests.partner import TOKEN as TOKEN_OF_THE_PARTNER
from tests.partner import Answer, Partner, ok

CHAIN = {"x-request-id": "request-1", "x-correlation-id": "chain-1"}
UID = TOKEN["uid"]


def only(log: Log, direction: str) -> dict[str, Any]:
    (found,) = [each for each in log.exchanges if each["direction"] == direction]
    return found


def test_a_request_of_a_partner_is_one_line_with_all_that_was_said(connection: Connection) -> None:
    routing = {
        "OCPI-from-country-code": "NL",
        "OCPI-from-party-id": "SIM",
        "OCPI-to-country-code": "NL",
        "OCPI-to-party-id": "OCS",
    }
    path = "/ocpi/2.2.1/receiver/sessions/NL/SIM/S1"
    with logging_exchanges() as log:
        reply = request("PUT", path, token=connection.token, body=SESSION, headers=CHAIN | routing)
    told = only(log, "IN")
    assert told.pop("milliseconds") > 0
    assert json.loads(told.pop("request"))["kwh"] == SESSION["kwh"]
    assert json.loads(told.pop("answer")) == reply.envelope
    assert told == {
        "direction": "IN",
        "partner_id": "cpo",
        "method": "PUT",
        "url": "/ocpi/2.2.1/receiver/sessions/NL/SIM/S1",
        "module": "sessions",
        "request_id": "request-1",
        "correlation_id": "chain-1",
        "from": "NL/SIM",
        "to": "NL/OCS",
        "http_status": 201,
        "status_code": 1000,
    }


def test_a_refusal_is_told_with_its_reason(connection: Connection) -> None:
    with logging_exchanges() as log:
        request("PUT", "/ocpi/2.2.1/receiver/sessions/NL/SIM/S1", token=connection.token, body=SESSION | {"kwh": "a"})
        request("POST", "/ocpi/versions", token=connection.token)
        request("GET", "/ocpi/versions", token="nobody's")
    wrong, not_offered, stranger = log.exchanges
    assert (wrong["http_status"], wrong["status_code"]) == (200, 2001)
    assert "/kwh" in wrong["status_message"]
    assert (not_offered["http_status"], not_offered["status_code"]) == (405, 2000)
    assert stranger["http_status"] == 401
    assert "partner_id" not in stranger
    assert "nobody's" not in log.getvalue()


def test_our_own_failure_is_told_as_the_partner_hears_it(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("ocpi.store.objects.Objects.get", fail)
    with logging_exchanges() as log:
        request("GET", "/ocpi/2.2.1/receiver/sessions/NL/SIM/S1", token=connection.token)
    assert (only(log, "IN")["http_status"], only(log, "IN")["status_code"]) == (200, 3000)


def test_above_the_level_info_nothing_is_written(connection: Connection) -> None:
    with logging_exchanges() as log:
        logger.setLevel("WARNING")
        request("GET", "/ocpi/versions", token=connection.token)
    assert log.exchanges == []


@pytest.fixture
def emsp(connect: Connect) -> Connection:
    """An eMSP whose customer may charge at our Location L1; it takes results."""
    emsp = connect("EMSP NL TNM", offers=[("commands", "SENDER")])
    emsp.partner.answers["POST", "/results/0123-4567"] = ok()
    put_own_location()
    return emsp


def start(emsp: Connection, headers: dict[str, str] | None = None) -> None:
    """The eMSP sends START_SESSION."""
    body = {"token": TOKEN, "location_id": "L1", "response_url": f"{emsp.partner.url}/results/0123-4567"}
    path = "/ocpi/2.2.1/receiver/commands/START_SESSION"
    reply = request("POST", path, token=emsp.token, body=body, headers=headers)
    assert reply.data["result"] == "ACCEPTED", reply


def test_a_request_of_ours_is_one_line_with_all_that_was_said(emsp: Connection) -> None:
    start(emsp)
    with logging_exchanges() as log:
        concludes("ACCEPTED")
    (post,) = emsp.partner.seen
    told = only(log, "OUT")
    assert told.pop("milliseconds") > 0
    assert json.loads(told.pop("answer"))["status_code"] == 1000
    assert told == {
        "direction": "OUT",
        "partner_id": "tnm",
        "method": "POST",
        "url": emsp.partner.url,
        "request_id": post.headers["x-request-id"],
        "correlation_id": post.headers["x-correlation-id"],
        "from": "NL/OCS",
        "to": "NL/TNM",
        "http_status": 200,
        "status_code": 1000,
        "request": '{"result":"ACCEPTED"}',
    }


@pytest.mark.parametrize(
    ("method", "path", "told"),
    [
        ("PUT", "/2.2.1/locations/NL/OCS/L1/E1", "/2.2.1/locations/NL/OCS/L1/E1"),
        ("PATCH", "/sessions/NL/OCS/S-1234", "/sessions/NL/OCS/S-1234"),
        ("DELETE", "/tariffs/NL/OCS/T1?key=0123-4567", "/tariffs/NL/OCS/T1"),
        ("GET", "/cdrs?offset=50&key=0123-4567", "/cdrs"),
        (
            "PUT",
            "/chargingprofiles/S-1234?response_url=https%3A%2F%2Fx.example%2F0123-4567",
            "/chargingprofiles/S-1234",
        ),
        ("POST", "/2.2.1/cdrs", " (cdrs)"),
        ("POST", "/2.2.1/commands/START_SESSION", " (commands START_SESSION)"),
        ("POST", "/commands/results/0123-4567", " (commands)"),
        ("POST", "/chargingprofiles/0123-4567", " (chargingprofiles)"),
        ("POST", "/cb/sessions/0123-4567", " (sessions)"),
        ("PUT", "/tokens/NL/OCS/0123-4567", " (tokens)"),
        ("POST", "/tokens/0123-4567/authorize?type=RFID", " (tokens)"),
        ("GET", "/0123-4567", ""),
    ],
)
def test_it_is_told_which_object_a_request_of_ours_is_about_where_that_is_no_secret(
    partner: Partner, method: str, path: str, told: str
) -> None:
    partner.answers[method, path] = 200, {"status_code": 2000, "status_message": f"what is {path}?"}
    client = PartnerClient("key-of-ours", allow_private=True, routing=Routing(None, None))
    with logging_exchanges() as log:
        getattr(client, method.lower())(f"{partner.url}{path}", *([{}] if method in ("PUT", "PATCH") else []))
    assert only(log, "OUT")["url"] == partner.url + told
    assert "0123-4567" not in log.getvalue()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/ocpi/2.2.1/receiver/locations/NL/SIM/L-1234/E1"),
        ("POST", "/ocpi/2.2.1/receiver/commands/STOP_SESSION"),
        ("DELETE", "/ocpi/2.2.1/receiver/chargingprofiles/S-1234"),
    ],
)
def test_it_is_told_which_object_a_request_of_a_partner_is_about(
    connection: Connection, method: str, path: str
) -> None:
    with logging_exchanges() as log:
        request(method, f"{path}?key=0123-4567", token=connection.token)
    assert only(log, "IN")["url"] == path


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ((502, b"<html>Bad gateway</html>"), {"http_status": 502, "answer": "24 bytes, no JSON"}),
        ((200, [1]), {"http_status": 200, "answer": "[1]"}),
        ((200, b"\xff\xfe"), {"http_status": 200, "answer": "2 bytes, no JSON"}),
        (None, {}),
    ],
    ids=["a proxy's page", "no envelope", "no UTF-8", "nobody there"],
)
def test_what_went_wrong_with_a_request_of_ours_is_told(
    partner: Partner, answer: Answer | None, told: dict[str, Any]
) -> None:
    url = f"{partner.url}/x"
    if answer is None:
        url = "http://127.0.0.1:1/x"
    else:
        partner.answers["GET", "/x"] = answer
    with logging_exchanges() as log, pytest.raises(PartnerUnreachable) as raised:
        PartnerClient("token", allow_private=True).get(url)
    out = only(log, "OUT")
    assert out["error"] == str(raised.value)
    assert {name: out[name] for name in ("http_status", "answer", "status_code") if name in out} == told


def test_bodies_are_cut_and_may_be_left_out(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    def logged(path: str) -> dict[str, Any]:
        with logging_exchanges() as log:
            request("PUT", f"/ocpi/2.2.1/receiver/{path}", token=connection.token, body=body)
        return only(log, "IN")

    body: dict[str, Any] = LOCATION | {"directions": [{"language": "nl", "text": "é" * 500}] * 4}
    assert len(logged("locations/NL/SIM/L1")["request"].encode()) <= exchanges.BODY_BYTES + 3
    monkeypatch.setattr(exchanges, "BODY_BYTES", 0)
    assert not logged("locations/NL/SIM/L1").keys() & {"request", "answer"}
    monkeypatch.undo()
    body |= {"directions": [{"language": "nl", "text": "é" * 500}] * 20}
    assert logged("locations/NL/SIM/L1")["request"] == f"{len(json.dumps(body))} bytes"


# Which requests belong together


@pytest.mark.requirement("TRA-41", "TRA-42")
def test_the_result_of_a_command_carries_the_correlation_id_of_the_command(emsp: Connection) -> None:
    start(emsp, CHAIN)
    concludes("ACCEPTED")
    (post,) = emsp.partner.seen
    assert post.headers["x-correlation-id"] == "chain-1"
    assert len(post.headers["x-request-id"]) == 36


@pytest.mark.requirement("TRA-41", "TRA-42")
def test_a_charging_profile_that_is_passed_on_keeps_its_correlation_id_both_ways(
    connect: Connect, time: Callable[..., None]
) -> None:
    cpo = connect("CPO NL SIM", offers=[("chargingprofiles", "RECEIVER")])
    scsp = connect("SCSP NL OPT", offers=[("chargingprofiles", "SENDER")])
    session = SESSION | {"cdr_token": SESSION["cdr_token"] | {"party_id": "OCS"}}
    for path, body in (("locations/NL/SIM/L1", LOCATION | {"evses": [EVSE]}), ("sessions/NL/SIM/S1", session)):
        assert request("PUT", f"/ocpi/2.2.1/receiver/{path}", token=cpo.token, body=body).status_code == 1000
    cpo.partner.answers["DELETE", "/chargingprofiles/S1"] = ok({"result": "ACCEPTED", "timeout": 30})
    scsp.partner.answers["POST", "/results/0123-4567"] = ok()
    query = f"response_url={scsp.partner.url}/results/0123-4567"
    with logging_exchanges() as log:
        path = f"/ocpi/2.2.1/receiver/chargingprofiles/S1?{query}"
        assert request("DELETE", path, token=scsp.token, headers=CHAIN).data["result"] == "ACCEPTED"
        (asked,) = cpo.partner.seen
        result_path = asked.path.partition("response_url=")[2].partition("ocpi.example.com")[2].replace("%2F", "/")
        reply = request("POST", result_path, token=cpo.token, body={"result": "ACCEPTED"})
        assert reply.status_code == 1000, reply
    (told,) = scsp.partner.seen
    assert [seen.headers["x-correlation-id"] for seen in (asked, told)] == ["chain-1", "chain-1"]
    assert len({"request-1", asked.headers["x-request-id"], told.headers["x-request-id"]}) == 3
    assert [each["direction"] for each in log.exchanges if each["correlation_id"] == "chain-1"] == ["OUT", "IN", "OUT"]
    assert result_path.rpartition("/")[2] not in json.dumps(log.exchanges), "it is for the CPO alone"


@pytest.mark.requirement("TRA-42")
def test_what_our_backend_causes_carries_its_correlation_id(connect: Connect) -> None:
    cpo = connect("CPO NL SIM", offers=[("commands", "RECEIVER")])
    cpo.partner.answers["POST", "/commands/STOP_SESSION"] = ok({"result": "ACCEPTED", "timeout": 30})
    order = {"partner_id": "sim", "command": {"session_id": "S1"}}
    assert owner("POST", "/commands/STOP_SESSION", order, headers=CHAIN).status == 202
    (seen,) = cpo.partner.seen
    assert seen.headers["x-correlation-id"] == "chain-1"
    assert seen.headers["x-request-id"] != "request-1"


# What nobody may read


def test_no_credentials_token_is_in_the_log_of_a_handshake(handshake: Handshake, partner: Partner) -> None:
    token_a = handshake.invite("CPO")
    with logging_exchanges() as log:
        reply = request("POST", "/ocpi/2.2.1/credentials", token=token_a, body=partner.credentials())
        assert reply.status_code == 1000
        request("GET", "/ocpi/2.2.1/credentials", token=reply.data["token"])
    assert [each["direction"] for each in log.exchanges] == ["OUT", "OUT", "IN", "IN"]
    for token in (token_a, reply.data["token"], TOKEN_OF_THE_PARTNER):
        assert token not in log.getvalue()


def test_no_token_of_a_driver_is_in_the_log(register: Register) -> None:
    emsp, cpo = register("EMSP NL TNM"), register("CPO NL SIM")
    put_token(TOKEN | {"party_id": "OCS"})
    with logging_exchanges() as log:
        request("PUT", f"/ocpi/2.2.1/receiver/tokens/NL/TNM/{UID}", token=emsp, body=TOKEN)
        request("GET", f"/ocpi/2.2.1/receiver/tokens/NL/TNM/{UID}", token=emsp)
        request("GET", f"/ocpi/2.2.1/receiver/tokens/NL/TNM/x{UID}", token=emsp)
        request("GET", "/ocpi/2.2.1/sender/tokens", token=cpo)
        request("POST", f"/ocpi/2.2.1/sender/tokens/{UID}/authorize", token=cpo)
        request("POST", f"/ocpi/2.2.1/sender/tokens/x{UID}/authorize", token=cpo)
    assert len(log.exchanges) == 6
    for field in ("uid", "contract_id", "visual_number"):
        assert str(TOKEN[field]) not in log.getvalue()
    assert json.loads(log.exchanges[0]["request"])["contract_id"] == "***" + str(TOKEN["contract_id"])[-3:]


def test_a_partner_that_repeats_our_request_brings_no_secret_into_the_log(emsp: Connection) -> None:
    start(emsp)
    told = f"{TOKEN_OF_THE_PARTNER} and token-of-TNM and POST {emsp.partner.url}/results/0123-4567"
    answer = {"status_code": 2000, "status_message": told, "timestamp": "2026-11-22T08:30:00Z", "data": {"echo": told}}
    emsp.partner.answers["POST", "/results/0123-4567"] = 200, answer
    with logging_exchanges() as log:
        concludes("ACCEPTED")
    out = only(log, "OUT")
    assert "*** and POST" in out["status_message"]
    for secret in ("token-of-TNM", "0123-4567"):
        assert secret not in json.dumps(out)
