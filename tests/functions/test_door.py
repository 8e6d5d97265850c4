"""What holds for every request, whatever the module."""

import base64
import re

import pytest

from ocpi.parties.handshake import Handshake
from tests.api import request
from tests.exchange_log import logging_exchanges
from tests.functions.conftest import Connection

PATHS = [
    "/ocpi/versions",
    "/ocpi/2.2.1",
    "/ocpi/2.2.1/credentials",
    "/ocpi/2.2.1/receiver/locations/NL/SIM/L1",
    "/ocpi/2.2.1/receiver/sessions/NL/SIM/S1",
    "/ocpi/2.2.1/sender/chargingprofiles/S1",
    "/ocpi/2.2.1/sender/chargingprofiles/results/R1",
    "/nothing",
]
FUNCTIONAL = [path for path in PATHS if "/receiver/" in path or "/sender/" in path]


@pytest.mark.requirement("TRA-05")
@pytest.mark.requirement("TRA-13")
@pytest.mark.requirement("STA-09")
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("token", [None, "wrong"])
def test_without_a_valid_token_it_is_401_in_the_envelope(aws: None, path: str, token: str | None) -> None:
    reply = request("GET", path, token=token)
    assert reply.http_status == 401
    assert reply.status_code == 2000
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z", reply.envelope["timestamp"])
    assert reply.headers["content-type"] == "application/json"


@pytest.mark.requirement("TRA-03")
@pytest.mark.parametrize(
    "scheme", ["{token}", "Token {token}", "Bearer {base64}", "Token  {base64}", "Token {base64}=="]
)
def test_only_the_word_token_and_base64_is_taken(connection: Connection, scheme: str) -> None:
    encoded = base64.b64encode(connection.token.encode()).decode()
    header = scheme.format(token=connection.token, base64=encoded)
    assert request("GET", "/ocpi/versions", headers={"authorization": header}).http_status == 401


@pytest.mark.requirement("TRA-02")
def test_a_newline_encoded_with_the_token_is_dropped(connection: Connection) -> None:
    header = "Token " + base64.b64encode(connection.token.encode() + b"\n").decode()
    assert request("GET", "/ocpi/versions", headers={"authorization": header}).status_code == 1000


@pytest.mark.requirement("TRA-06")
@pytest.mark.parametrize("path", FUNCTIONAL)
def test_token_a_opens_no_functional_module(handshake: Handshake, path: str) -> None:
    token_a = handshake.invite("CPO")
    assert request("GET", path, token=token_a).http_status == 401


@pytest.mark.requirement("TRA-41")
@pytest.mark.requirement("TRA-42")
def test_the_answer_repeats_both_ids(connection: Connection) -> None:
    ids = {"x-request-id": "request-1", "x-correlation-id": "correlation-1"}
    reply = request("GET", "/ocpi/versions", token=connection.token, headers=ids)
    assert {name: reply.headers[name] for name in ids} == ids


def test_missing_ids_are_made(connection: Connection) -> None:
    reply = request(
        "GET", "/ocpi/versions", token=connection.token, headers={"x-request-id": "", "x-correlation-id": ""}
    )
    assert len(reply.headers["x-request-id"]) == 36
    assert reply.headers["x-correlation-id"] == reply.headers["x-request-id"]


@pytest.mark.requirement("ROU-06")
@pytest.mark.requirement("ROU-01")
def test_the_answer_swaps_the_routing_headers(connection: Connection) -> None:
    routing = {
        "OCPI-from-country-code": "NL",
        "OCPI-from-party-id": "SIM",
        "OCPI-to-country-code": "NL",
        "OCPI-to-party-id": "OCS",
    }
    reply = request("GET", "/ocpi/2.2.1/receiver/sessions/NL/SIM/S1", token=connection.token, headers=routing)
    assert reply.headers["ocpi-to-party-id"] == "SIM"
    assert reply.headers["ocpi-from-party-id"] == "OCS"
    assert reply.headers["ocpi-from-country-code"] == "NL"


@pytest.mark.requirement("ROU-02")
def test_configuration_modules_carry_no_routing_headers(connection: Connection) -> None:
    routing = {"OCPI-from-country-code": "NL", "OCPI-from-party-id": "SIM"}
    reply = request("GET", "/ocpi/versions", token=connection.token, headers=routing)
    assert not [name for name in reply.headers if name.startswith("ocpi-")]


@pytest.mark.requirement("ROU-03")
@pytest.mark.parametrize("party", ["", "FOUR", "É"])
def test_a_malformed_routing_header_is_2001_and_named(connection: Connection, party: str) -> None:
    routing = {"OCPI-from-country-code": "NL", "OCPI-from-party-id": party}
    reply = request("GET", "/ocpi/2.2.1/receiver/sessions/NL/SIM/S1", token=connection.token, headers=routing)
    assert reply.status_code == 2001
    assert "OCPI-from-party-id" in reply.message


@pytest.mark.requirement("TRA-14")
@pytest.mark.requirement("STA-09")
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/ocpi/versions"),
        ("PATCH", "/ocpi/2.2.1/credentials"),
        pytest.param("POST", "/ocpi/2.2.1/receiver/locations/NL/SIM/L1", marks=pytest.mark.requirement("LOC-14")),
        pytest.param("DELETE", "/ocpi/2.2.1/receiver/locations/NL/SIM/L1", marks=pytest.mark.requirement("LOC-14")),
        pytest.param("POST", "/ocpi/2.2.1/receiver/sessions/NL/SIM/S1", marks=pytest.mark.requirement("SES-18")),
        pytest.param("DELETE", "/ocpi/2.2.1/receiver/sessions/NL/SIM/S1", marks=pytest.mark.requirement("SES-18")),
        pytest.param("GET", "/ocpi/2.2.1/sender/chargingprofiles/S1", marks=pytest.mark.requirement("CHP-14")),
        pytest.param("PATCH", "/ocpi/2.2.1/sender/chargingprofiles/S1", marks=pytest.mark.requirement("CHP-14")),
        pytest.param("DELETE", "/ocpi/2.2.1/sender/chargingprofiles/S1", marks=pytest.mark.requirement("CHP-14")),
    ],
)
def test_a_method_that_is_not_offered_is_405_in_the_envelope(connection: Connection, method: str, path: str) -> None:
    reply = request(method, path, token=connection.token)
    assert (reply.http_status, reply.status_code) == (405, 2000)


@pytest.mark.requirement("STA-09")
@pytest.mark.requirement("TRA-13")
def test_what_has_no_route_is_404_in_the_envelope(connection: Connection) -> None:
    reply = request("GET", "/ocpi/2.2.1/nothing", token=connection.token)
    assert (reply.http_status, reply.status_code) == (404, 2000)


@pytest.mark.requirement("STA-14")
def test_our_own_failure_is_3000_and_tells_nothing_of_the_inside(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("ocpi.store.objects.Objects.get", fail)
    reply = request("GET", "/ocpi/2.2.1/receiver/sessions/NL/SIM/S1", token=connection.token)
    assert (reply.http_status, reply.status_code) == (200, 3000)
    assert "secret detail" not in str(reply.envelope)


@pytest.mark.requirement("STA-01")
@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"",
        b"\xff",
        b'{"id": NaN}',
        b'{"id": 1, "id": 2}',
        b'"\\ud800"',
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
        b'{"a": 1e999999999999999999999}',
        b"{" + b",".join(b'"%d":1' % number for number in range(30_000)) + b',"1":1}',
    ],
)
def test_a_body_that_is_no_json_is_400(connection: Connection, body: bytes) -> None:
    reply = request("PUT", "/ocpi/2.2.1/receiver/sessions/NL/SIM/S1", token=connection.token, body=body)
    assert (reply.http_status, reply.status_code) == (400, 2000)


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"1", b'{"a":"' + b"x" * 400_000 + b'"}'])
def test_a_body_that_is_no_object_or_too_large_is_2001(connection: Connection, body: bytes) -> None:
    reply = request("PUT", "/ocpi/2.2.1/receiver/sessions/NL/SIM/S1", token=connection.token, body=body)
    assert (reply.http_status, reply.status_code) == (200, 2001)


@pytest.mark.parametrize(
    ("method", "path", "told"),
    [
        ("GET", "/ocpi/2.2.1/receiver/tokens/NL/SIM/0123ABCD", "/tokens/{country_code}/{party_id}/{token_uid}"),
        ("DELETE", "/ocpi/2.2.1/receiver/tokens/NL/SIM/0123ABCD", "/tokens/{country_code}/{party_id}/{token_uid}"),
        ("POST", "/ocpi/2.2.1/sender/tokens/0123ABCD/authorize?type=RFID", "/tokens/{token_uid}/authorize"),
        ("POST", "/ocpi/2.2.1/sender/chargingprofiles/results/0123ABCD", "/chargingprofiles/results/{request_id}"),
        ("GET", "/ocpi/2.2.1/nothing/0123ABCD", ""),
    ],
)
def test_the_log_tells_the_route_and_neither_uids_nor_ids_of_response_urls(
    connection: Connection, method: str, path: str, told: str
) -> None:
    with logging_exchanges() as log:
        request(method, path, token=connection.token)
    (exchange,) = log.exchanges
    assert exchange["method"] == method
    assert exchange.get("url", "").endswith(told)
    assert "0123ABCD" not in log.getvalue()
