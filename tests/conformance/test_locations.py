"""Locations that a CPO pushes to us."""

import pytest

from tests.api import request
from tests.functions.conftest import Connection
from tests.objects import EVSE, LOCATION, without

URL = "/ocpi/2.2.1/receiver/locations/NL/SIM/L1"
LATER = "2026-11-22T09:00:00Z"
REMOVED = {"status": "REMOVED", "last_updated": LATER}


@pytest.mark.requirement("LOC-18", "LOC-31")
@pytest.mark.parametrize(
    ("method", "evse"), [("PATCH", REMOVED), ("PUT", EVSE | REMOVED), ("PUT", without(EVSE, "evse_id") | REMOVED)]
)
def test_a_removed_evse_can_still_be_read(connection: Connection, method: str, evse: dict[str, object]) -> None:
    named = EVSE | {"evse_id": "NL*SIM*E1"}
    request("PUT", URL, token=connection.token, body=LOCATION | {"evses": [named]})
    assert request(method, f"{URL}/E1", token=connection.token, body=evse).status_code == 1000
    stored = request("GET", f"{URL}/E1", token=connection.token).data
    assert stored == (named | evse if method == "PATCH" else evse)
    assert request("GET", URL, token=connection.token).data["evses"] == [stored]


@pytest.mark.requirement("LOC-13")
def test_a_patched_evse_moves_the_location_on(connection: Connection) -> None:
    request("PUT", URL, token=connection.token, body=LOCATION)
    change = {"status": "CHARGING", "last_updated": LATER}
    assert request("PATCH", f"{URL}/E1", token=connection.token, body=change).status_code == 1000
    assert request("GET", URL, token=connection.token).data["last_updated"] == LATER
