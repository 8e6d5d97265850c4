"""Sessions that a CPO pushes to us."""

import pytest

from tests.api import request
from tests.functions.conftest import Connection
from tests.objects import SESSION

URL = "/ocpi/2.2.1/receiver/sessions/NL/SIM/S1"


@pytest.mark.requirement("SES-28")
@pytest.mark.parametrize("cost", [{}, {"total_cost": {"excl_vat": 0.00}}])
def test_a_session_without_a_cost_is_not_made_one_that_is_free(connection: Connection, cost: dict[str, object]) -> None:
    session = SESSION | cost
    assert request("PUT", URL, token=connection.token, body=session).http_status == 201
    stored = request("GET", URL, token=connection.token).data
    assert stored == session
    assert ("total_cost" in stored) == bool(cost)


@pytest.mark.requirement("SES-11")
@pytest.mark.parametrize("change", [{"country_code": "BE"}, {"party_id": "ABC"}, {"id": "S2"}])
def test_url_and_body_must_name_the_same_session(connection: Connection, change: dict[str, object]) -> None:
    reply = request("PUT", URL, token=connection.token, body=SESSION | change)
    (field,) = change
    assert reply.status_code == 2001
    assert reply.message.startswith(f"/{field}")
    assert request("GET", URL, token=connection.token).http_status == 404
