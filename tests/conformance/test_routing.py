"""Message routing headers, between platforms of one party and of several."""

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ocpi.store.keys import OWN, ObjectId
from ocpi.store.objects import Objects
from ocpi.types.versions import ModuleID
from tests.api import Reply, request
from tests.functions.conftest import Connection
from tests.objects import LOCATION, SESSION

SESSION_URL = "/ocpi/2.2.1/receiver/sessions/NL/SIM/S1"
LOCATION_URL = "/ocpi/2.2.1/sender/locations/L1"
FUNCTIONS = Path(__file__).parents[2] / "functions"


def to(party_id: str, country_code: str = "NL") -> dict[str, str]:
    """The to-headers."""
    return {"OCPI-to-country-code": country_code, "OCPI-to-party-id": party_id}


@pytest.mark.requirement("ROU-04")
def test_between_platforms_of_one_party_each_the_headers_may_be_absent(connection: Connection) -> None:
    assert request("PUT", SESSION_URL, token=connection.token, body=SESSION).http_status == 201
    assert request("GET", SESSION_URL, token=connection.token).data == SESSION


@pytest.mark.requirement("ROU-03")
def test_the_case_of_the_parties_does_not_count(connection: Connection) -> None:
    headers = {"OCPI-from-country-code": "nl", "OCPI-from-party-id": "sim"} | to("ocs", "nl")
    assert request("PUT", SESSION_URL, token=connection.token, body=SESSION, headers=headers).http_status == 201


@pytest.fixture
def two_parties(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connection]:
    """Our platform with two CPOs, each of which has a Location L1."""
    roles = [
        {"role": "CPO", "country_code": "NL", "party_id": party_id, "business_details": {"name": party_id}}
        for party_id in ("ONE", "TWO")
    ]
    monkeypatch.setenv("ROLES", json.dumps(roles))
    for party_id in ("ONE", "TWO"):
        location = ObjectId(OWN, ModuleID.LOCATIONS, "NL", party_id, "L1")
        Objects("objects").put(location, LOCATION | {"party_id": party_id}, datetime(2026, 11, 22, 8, tzinfo=UTC))
    forget_roles()
    yield connection
    forget_roles()


def forget_roles() -> None:
    """The functions read their roles when they are imported, as they do when a Lambda starts."""
    for folder in FUNCTIONS.iterdir():
        sys.modules.pop(f"{folder.name}.app", None)


def location_of(connection: Connection, headers: dict[str, str]) -> Reply:
    return request("GET", LOCATION_URL, token=connection.token, headers=headers)


@pytest.mark.requirement("ROU-07", "ROU-06")
@pytest.mark.parametrize("party_id", ["ONE", "TWO"])
def test_of_several_parties_the_one_addressed_answers_with_its_own(two_parties: Connection, party_id: str) -> None:
    reply = location_of(two_parties, to(party_id))
    assert reply.data == LOCATION | {"party_id": party_id}
    assert (reply.headers["ocpi-from-country-code"], reply.headers["ocpi-from-party-id"]) == ("NL", party_id)
    listed = request("GET", "/ocpi/2.2.1/sender/locations", token=two_parties.token, headers=to(party_id))
    assert [location["party_id"] for location in listed.data] == [party_id]
    assert listed.headers["x-total-count"] == "1"


@pytest.mark.requirement("ROU-07")
@pytest.mark.parametrize(
    ("headers", "problem"), [({}, "must be given"), (to("SIX"), "NL/SIX is none of our parties: NL/ONE, NL/TWO")]
)
def test_of_several_parties_one_must_be_addressed(
    two_parties: Connection, headers: dict[str, str], problem: str
) -> None:
    reply = location_of(two_parties, headers)
    assert (reply.http_status, reply.status_code) == (200, 2001)
    assert reply.message.startswith("header OCPI-to-party-id")
    assert problem in reply.message
    assert "ocpi-from-party-id" not in reply.headers, "nobody answers in the name of a party that is not ours"


@pytest.mark.requirement("ROU-02")
@pytest.mark.parametrize("path", ["/ocpi/versions", "/ocpi/2.2.1", "/ocpi/2.2.1/credentials"])
def test_configuration_modules_need_no_address(two_parties: Connection, path: str) -> None:
    assert request("GET", path, token=two_parties.token).status_code == 1000
