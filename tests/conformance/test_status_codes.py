"""Status codes: those that we send, and what we make of those that others send."""

import re
from datetime import datetime

import pytest

from ocpi.parties.handshake import Handshake
from ocpi.store.partner import PartnerStatus
from ocpi.transport.status import OcpiError
from tests.api import request
from tests.functions.conftest import Connection
from tests.objects import LOCATION
from tests.partner import Partner

DETAILS = "/ocpi/2.2.1"
LOCATION_URL = f"{DETAILS}/receiver/locations/NL/SIM/L1"


@pytest.mark.requirement("STA-06", "STA-08", "STA-18", "TRA-10", "TRA-13")
@pytest.mark.parametrize(
    ("method", "path", "body", "http_status", "status_code"),
    [
        ("GET", "/ocpi/versions", None, 200, 1000),
        ("GET", DETAILS, None, 200, 1000),
        ("GET", f"{DETAILS}/credentials", None, 200, 1000),
        ("DELETE", f"{DETAILS}/credentials", None, 200, 1000),
        ("PUT", LOCATION_URL, LOCATION, 201, 1000),
        ("GET", LOCATION_URL, None, 404, 2003),
        ("PUT", LOCATION_URL, {}, 200, 2001),
        ("PATCH", LOCATION_URL, {}, 200, 2001),
        ("PUT", LOCATION_URL, b"{", 400, 2000),
        ("POST", LOCATION_URL, LOCATION, 405, 2000),
        ("GET", f"{DETAILS}/receiver/locations/NL/ABC/L1", None, 404, 2000),
        ("GET", f"{DETAILS}/nothing", None, 404, 2000),
    ],
)
def test_every_answer_is_an_envelope_with_a_standard_code(
    connection: Connection, method: str, path: str, body: object, http_status: int, status_code: int
) -> None:
    reply = request(method, path, token=connection.token, body=body)
    assert (reply.http_status, reply.status_code) == (http_status, status_code)
    assert reply.headers["content-type"] == "application/json"
    assert re.fullmatch(r"[123][0-8]\d\d", str(reply.envelope["status_code"]))
    assert datetime.fromisoformat(reply.envelope["timestamp"]).tzinfo
    assert len(reply.envelope["timestamp"]) <= 25
    assert isinstance(reply.envelope.get("status_message", ""), str)


@pytest.mark.requirement("STA-07", "STA-08")
@pytest.mark.parametrize("status_code", [2000, 2999, 3999, 4999, 5000, 0])
def test_a_code_outside_1xxx_is_a_failure_whatever_comes_with_it(
    handshake: Handshake, partner: Partner, status_code: int
) -> None:
    partner.answers["POST", "/credentials"] = (200, {"status_code": status_code, "data": partner.credentials()})
    with pytest.raises(OcpiError, match=f"OCPI {status_code}"):
        handshake.register("CPO", partner.versions_url, "token-a")
    assert handshake.partners.get("cpo") is None


@pytest.mark.requirement("STA-08")
def test_an_unknown_code_that_starts_with_1_is_a_success(handshake: Handshake, partner: Partner) -> None:
    partner.answers["POST", "/credentials"] = (200, {"status_code": 1999, "data": partner.credentials()})
    assert handshake.register("CPO", partner.versions_url, "token-a").status is PartnerStatus.REGISTERED
