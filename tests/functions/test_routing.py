"""Routing headers on a platform of several parties."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.api import Reply, deployed_as, request
from tests.functions.conftest import Register
from tests.objects import SESSION, TOKEN
from tests.own import put_token

TO_ONE = {"OCPI-to-country-code": "NL", "OCPI-to-party-id": "OCS"}
TO_TWO = {"OCPI-to-country-code": "DE", "OCPI-to-party-id": "TWO"}
URL = "/ocpi/2.2.1/sender/tokens"


@pytest.fixture
def cpo(register: Register) -> Iterator[str]:
    """The token of the CPO NL/SIM; we are the eMSPs NL/OCS, which has a Token, and DE/TWO, which has none."""
    token = register("CPO NL SIM", "CPO NL SIB")
    put_token(TOKEN)
    with deployed_as("EMSP NL OCS", "EMSP DE TWO"):
        yield token


def authorize(token: str, headers: dict[str, str]) -> Reply:
    return request("POST", f"{URL}/{TOKEN['uid']}/authorize", token=token, headers=headers)


@pytest.mark.requirement("ROU-07")
def test_one_party_is_never_answered_for_by_another(cpo: str) -> None:
    assert authorize(cpo, TO_ONE).data["token"]["party_id"] == "OCS"
    assert authorize(cpo, TO_TWO).status_code == 2004
    assert len(request("GET", URL, token=cpo, headers=TO_ONE).data) == 1
    assert request("GET", URL, token=cpo, headers=TO_TWO).data == []


@pytest.mark.requirement("ROU-06")
@pytest.mark.parametrize("to", [TO_ONE, TO_TWO])
def test_the_answer_comes_from_the_party_that_was_addressed(cpo: str, to: dict[str, str]) -> None:
    headers = to | {"OCPI-from-country-code": "NL", "OCPI-from-party-id": "SIB"}
    answered = authorize(cpo, headers).headers
    assert answered["ocpi-from-country-code"] == to["OCPI-to-country-code"]
    assert answered["ocpi-from-party-id"] == to["OCPI-to-party-id"]
    assert (answered["ocpi-to-country-code"], answered["ocpi-to-party-id"]) == ("NL", "SIB")


@pytest.mark.requirement("ROU-04", "ROU-07")
@pytest.mark.parametrize(
    ("headers", "named"),
    [
        ({}, "OCPI-to-party-id"),
        ({"OCPI-to-country-code": "NL", "OCPI-to-party-id": "SIM"}, "OCPI-to-party-id"),
        (TO_ONE | {"OCPI-to-party-id": "TWO"}, "OCPI-to-party-id"),
        (TO_ONE | {"OCPI-from-country-code": "NL", "OCPI-from-party-id": "XXX"}, "OCPI-from-party-id"),
    ],
    ids=["nobody", "the caller", "half of each", "from a stranger"],
)
def test_decision_34_a_header_that_is_missing_or_wrong_is_2001(cpo: str, headers: dict[str, str], named: str) -> None:
    reply = authorize(cpo, headers)
    assert (reply.http_status, reply.status_code) == (200, 2001)
    assert named in reply.message
    assert "data" not in reply.envelope


@pytest.mark.requirement("ROU-07")
def test_what_partners_push_belongs_to_its_owner_whoever_is_addressed(cpo: str) -> None:
    url = "/ocpi/2.2.1/receiver/sessions/NL/SIM/S1"
    sent: dict[str, Any] = SESSION
    assert request("PUT", url, token=cpo, body=sent, headers=TO_TWO).http_status == 201
    assert request("GET", url, token=cpo, headers=TO_ONE).data == sent


@pytest.mark.requirement("ROU-19", "ROU-16")
def test_a_broadcast_through_a_hub_keeps_its_owner(register: Register) -> None:
    token = register("HUB NL HUB")
    headers = {"OCPI-from-country-code": "NL", "OCPI-from-party-id": "HUB"}
    url = "/ocpi/2.2.1/receiver/tokens/NL/TNM/012345678"
    reply = request("PUT", url, token=token, body=TOKEN, headers=headers | TO_ONE)
    assert reply.http_status == 201
    assert (reply.headers["ocpi-to-party-id"], reply.headers["ocpi-from-party-id"]) == ("HUB", "OCS")
    assert request("GET", url, token=token).data == TOKEN
