"""What we do where the specification is silent: each row of docs/decisions.md has tests that bear its number."""

import json
import re
from pathlib import Path

import boto3
import pytest

from tests.api import request
from tests.functions.conftest import Connect, Connection
from tests.objects import LOCATION, SESSION

ROOT = Path(__file__).parents[2]
WITH_THE_HUB = {2}
"""What concerns the routing of a hub, which is not built yet."""

LOCATION_PATH = "/ocpi/2.2.1/receiver/locations/NL/SIM/L1"
ACTIVE = {
    "start_date_time": "2026-11-22T08:00:10Z",
    "charging_profile": {
        "charging_rate_unit": "A",
        "charging_profile_period": [{"start_period": 0, "limit": 10.0}],
    },
}


def test_each_decision_is_shown_by_a_test() -> None:
    rows = re.findall(r"^\| (\d+) \|", (ROOT / "docs" / "decisions.md").read_text(), re.MULTILINE)
    assert [int(row) for row in rows] == list(range(1, 36))
    sources = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    shown = {int(number) for number in re.findall(r"def test_decision_(\d+)_", sources)}
    assert shown == set(range(1, 36)) - WITH_THE_HUB


@pytest.mark.parametrize(
    ("method", "path", "body", "http_status", "status_code"),
    [
        ("PUT", LOCATION_PATH, LOCATION, 201, 1000),
        ("PUT", LOCATION_PATH, LOCATION | {"city": None}, 200, 2001),
        ("PUT", LOCATION_PATH, LOCATION | {"id": "L2"}, 200, 2001),
        ("PUT", LOCATION_PATH, b"{", 400, 2000),
        ("GET", LOCATION_PATH, None, 404, 2003),
        ("GET", "/ocpi/2.2.1/receiver/locations/NL/ABC/L1", None, 404, 2000),
        ("DELETE", LOCATION_PATH, None, 405, 2000),
        ("GET", "/ocpi/2.2.1/sender/locations?limit=many", None, 200, 2001),
        ("POST", "/ocpi/2.2.1/sender/tokens/NOBODY/authorize", None, 404, 2004),
        ("PUT", "/ocpi/2.2.1/sender/sessions/S1/charging_preferences", {"profile_type": "FAST"}, 404, 2000),
        ("POST", "/ocpi/2.2.1/credentials", {}, 405, 2000),
    ],
)
def test_decision_6_errors_have_http_200_but_where_the_rules_name_another(
    connection: Connection, method: str, path: str, body: object, http_status: int, status_code: int
) -> None:
    reply = request(method, path, token=connection.token, body=body)
    assert (reply.http_status, reply.status_code) == (http_status, status_code)


@pytest.mark.parametrize(
    ("headers", "party_id"),
    [
        ({"OCPI-from-country-code": "NL", "OCPI-from-party-id": "TWO"}, "TWO"),
        ({}, "ONE"),
    ],
)
def test_decision_32_the_session_is_that_of_the_from_headers_else_of_the_first_cpo(
    connect: Connect, headers: dict[str, str], party_id: str
) -> None:
    connection = connect("CPO NL ONE", "CPO NL TWO")
    for party in ("ONE", "TWO"):
        path = f"/ocpi/2.2.1/receiver/sessions/NL/{party}/S1"
        assert request("PUT", path, token=connection.token, body=SESSION | {"party_id": party}).http_status == 201
    reply = request(
        "PUT", "/ocpi/2.2.1/sender/chargingprofiles/S1", token=connection.token, body=ACTIVE, headers=headers
    )
    assert reply.status_code == 1000
    assert kept_for() == [party_id]


def kept_for() -> list[str]:
    """The parties whose active profiles were kept."""
    items = boto3.client("dynamodb").scan(TableName="objects")["Items"]
    documents = [json.loads(item["document"]["S"]) for item in items if item["sk"]["S"] == "ACTIVE_PROFILE"]
    return [document["party_id"] for document in documents]
