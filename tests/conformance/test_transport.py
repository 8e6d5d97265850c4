"""Transport: what our requests carry, and what we take in those of others."""

import base64
import json
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from ocpi.parties.handshake import Handshake
from ocpi.transport.status import OcpiError
from tests import partner as partners
from tests.api import request
from tests.functions.conftest import Connection
from tests.objects import LOCATION, SESSION
from tests.partner import Partner, ok
from tests.tls import certificate

CREDENTIALS = "/ocpi/2.2.1/credentials"
LOCATION_URL = "/ocpi/2.2.1/receiver/locations/NL/SIM/L1"
SESSION_URL = "/ocpi/2.2.1/receiver/sessions/NL/SIM/S1"
EVENT = json.loads((Path(__file__).parents[2] / "events" / "api_request.json").read_text())


def register_and_leave(handshake: Handshake, partner: Partner) -> None:
    """Have our platform send every kind of request that the handshake knows."""
    partner.answers["POST", "/credentials"] = ok(partner.credentials("token-c"))
    partner.answers["DELETE", "/credentials"] = ok({"of no": "interest"})
    handshake.unregister(handshake.register("CPO", partner.versions_url, "token-a"))
    assert [seen.method for seen in partner.seen] == ["GET", "GET", "POST", "DELETE"]


@pytest.mark.requirement("TRA-01", "TRA-02")
def test_our_requests_carry_the_token_in_base64_after_one_space(handshake: Handshake, partner: Partner) -> None:
    register_and_leave(handshake, partner)
    sent = [seen.headers["authorization"] for seen in partner.seen]
    assert sent == 3 * ["Token dG9rZW4tYQ=="] + ["Token dG9rZW4tYw=="]


@pytest.mark.requirement("TRA-41", "TRA-42", "TRA-43")
def test_our_requests_carry_uuids_as_ids(handshake: Handshake, partner: Partner) -> None:
    register_and_leave(handshake, partner)
    assert len({UUID(seen.headers["x-request-id"]) for seen in partner.seen}) == 4
    assert all(UUID(seen.headers["x-correlation-id"]) for seen in partner.seen)


@pytest.mark.requirement("TRA-08", "TRA-09")
def test_our_requests_say_that_a_body_is_json(handshake: Handshake, partner: Partner) -> None:
    register_and_leave(handshake, partner)
    sent = {seen.method: seen.headers.get("content-type") for seen in partner.seen}
    assert sent == {"GET": None, "POST": "application/json", "DELETE": None}


@pytest.mark.requirement("TRA-12")
def test_what_a_partner_answers_beyond_the_envelope_is_ignored(handshake: Handshake, partner: Partner) -> None:
    register_and_leave(handshake, partner)
    assert handshake.partners.get("cpo")


def call(method: str, path: str, headers: dict[str, str], body: object = None) -> dict[str, Any]:
    """Call the sessions function with exactly these headers."""
    event = json.loads(json.dumps(EVENT)) | {"rawPath": path, "headers": headers}
    event["requestContext"]["http"] |= {"method": method, "path": path}
    event["body"] = None if body is None else json.dumps(body)
    answer: dict[str, Any] = import_module("sessions.app").handler(event, None)
    return answer


def authorization(token: str) -> str:
    return f"Token {base64.b64encode(token.encode()).decode()}"


@pytest.mark.requirement("TRA-30")
def test_the_case_of_header_names_does_not_count(connection: Connection) -> None:
    headers = {
        "AUTHORIZATION": authorization(connection.token),
        "x-REQUEST-id": "request-1",
        "X-Correlation-Id": "correlation-1",
        "ocpi-FROM-country-code": "NL",
        "OCPI-from-PARTY-ID": "SIM",
        "OCPI-TO-COUNTRY-CODE": "NL",
        "ocpi-to-party-id": "OCS",
    }
    answer = call("GET", SESSION_URL, headers)
    assert answer["statusCode"] == 404
    assert answer["headers"]["x-request-id"] == "request-1"
    assert answer["headers"]["x-correlation-id"] == "correlation-1"
    assert answer["headers"]["ocpi-to-party-id"] == "SIM"
    assert answer["headers"]["ocpi-from-party-id"] == "OCS"


@pytest.mark.requirement("TRA-08")
@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8"])
def test_a_content_type_may_have_parameters(connection: Connection, content_type: str) -> None:
    headers = {"authorization": authorization(connection.token), "content-type": content_type}
    assert call("PUT", SESSION_URL, headers, SESSION)["statusCode"] == 201


@pytest.mark.requirement("TRA-09")
def test_a_request_without_body_needs_no_content_type(connection: Connection) -> None:
    headers = {"authorization": authorization(connection.token)}
    call("PUT", SESSION_URL, headers | {"content-type": "application/json"}, SESSION)
    assert call("GET", SESSION_URL, headers)["statusCode"] == 200


@pytest.mark.requirement("TRA-11")
def test_data_is_a_list_or_one_object_as_the_module_says(connection: Connection) -> None:
    request("PUT", LOCATION_URL, token=connection.token, body=LOCATION)
    paths = ("/ocpi/versions", "/ocpi/2.2.1", CREDENTIALS, LOCATION_URL, f"{LOCATION_URL}/E1")
    data = [type(request("GET", path, token=connection.token).data) for path in paths]
    assert data == [list, dict, dict, dict, dict]


@pytest.mark.requirement("TRA-11")
def test_a_list_of_nothing_is_an_empty_list(connection: Connection) -> None:
    assert request("GET", "/ocpi/2.2.1/sender/locations", token=connection.token).envelope["data"] == []


@pytest.mark.requirement("TRA-12")
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize(("url", "body"), [(LOCATION_URL, LOCATION), (SESSION_URL, SESSION)])
def test_what_is_pushed_is_answered_without_data(
    connection: Connection, method: str, url: str, body: dict[str, Any]
) -> None:
    request("PUT", url, token=connection.token, body=body)
    reply = request(method, url, token=connection.token, body=body)
    assert reply.status_code == 1000
    assert "data" not in reply.envelope


@pytest.mark.requirement("TRA-40")
def test_na_is_taken_where_the_specification_names_it(connection: Connection) -> None:
    reservation = SESSION | {"status": "RESERVATION", "evse_uid": "#NA", "connector_id": "#NA"}
    assert request("PUT", SESSION_URL, token=connection.token, body=reservation).http_status == 201
    assert request("GET", SESSION_URL, token=connection.token).data == reservation


@pytest.mark.requirement("TRA-07")
def test_a_partner_is_called_over_tls_only(handshake: Handshake, partner: Partner) -> None:
    strict = replace(handshake, allow_private=False)
    with pytest.raises(OcpiError, match="use https"):
        strict.register("CPO", partner.versions_url, "token-a")
    assert partner.seen == []


@pytest.mark.requirement("TRA-07")
def test_a_certificate_that_nobody_vouches_for_is_refused(handshake: Handshake, tmp_path: Path) -> None:
    with partners.partner(certificate(tmp_path, "localhost")) as server:
        server.serve_versions()
        with pytest.raises(OcpiError, match="TLS failed"):
            handshake.register("CPO", server.versions_url, "token-a")
        assert server.seen == []
