"""Routing headers on a platform of several parties."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.api import Reply, deployed_as, request
from tests.functions.conftest import Register
from tests.objects import LOCATION, SESSION, TOKEN
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


def of(party_id: str) -> dict[str, str]:
    return {"OCPI-to-country-code": "NL", "OCPI-to-party-id": party_id}


@pytest.fixture
def two_cpos_and_an_emsp(register: Register) -> Iterator[str]:
    """The token of a partner with both roles; we are the CPOs NL/ABC and NL/DEF, and the eMSP NL/GHI."""
    token = register("CPO NL SIM", "EMSP NL SIM")
    with deployed_as("CPO NL ABC", "CPO NL DEF", "EMSP NL GHI"):
        yield token


@pytest.mark.requirement("ROU-07")
@pytest.mark.parametrize(
    ("method", "path", "wrong", "right"),
    [
        ("GET", "sender/locations", ["GHI"], ["ABC", "DEF"]),
        ("GET", "sender/locations/L1/E1", ["GHI"], ["ABC", "DEF"]),
        ("PUT", "receiver/locations/NL/SIM/L1", ["ABC", "DEF"], ["GHI"]),
        ("GET", "sender/tokens", ["ABC", "DEF"], ["GHI"]),
        ("POST", "receiver/commands/UNLOCK_CONNECTOR", ["GHI"], ["ABC", "DEF"]),
    ],
)
def test_a_party_is_not_asked_for_what_another_of_ours_offers(
    two_cpos_and_an_emsp: str, method: str, path: str, wrong: list[str], right: list[str]
) -> None:
    def reply(party_id: str) -> Reply:
        body = LOCATION if method == "PUT" else None
        return request(
            method, f"/ocpi/2.2.1/{path}", token=two_cpos_and_an_emsp, body=body, headers=of(party_id.lower())
        )

    side, module = path.split("/")[:2]
    for party_id in wrong:
        refused = reply(party_id)
        assert (refused.http_status, refused.status_code) == (200, 2001)
        assert refused.message == (
            f"header OCPI-to-party-id: our party NL/{party_id} does not offer the {side.upper()} interface of "
            f"{module}; these do: {', '.join(f'NL/{each}' for each in right)}"
        )
    for party_id in right:
        assert "does not offer" not in reply(party_id).message


@pytest.mark.requirement("ROU-07")
def test_what_the_wrong_party_is_sent_is_not_stored(two_cpos_and_an_emsp: str) -> None:
    url = "/ocpi/2.2.1/receiver/locations/NL/SIM/L1"
    request("PUT", url, token=two_cpos_and_an_emsp, body=LOCATION, headers=of("ABC"))
    assert request("GET", url, token=two_cpos_and_an_emsp, headers=of("GHI")).http_status == 404
    assert request("PUT", url, token=two_cpos_and_an_emsp, body=LOCATION, headers=of("GHI")).http_status == 201


def test_decision_34_of_several_parties_one_must_be_named_even_if_only_one_offers_it(two_cpos_and_an_emsp: str) -> None:
    refused = request("GET", URL, token=two_cpos_and_an_emsp)
    assert (refused.http_status, refused.status_code) == (200, 2001)
    assert refused.message.startswith("header OCPI-to-party-id: must be given")


@pytest.mark.requirement("ROU-19", "ROU-16")
def test_a_broadcast_through_a_hub_keeps_its_owner(register: Register) -> None:
    token = register("HUB NL HUB")
    headers = {"OCPI-from-country-code": "NL", "OCPI-from-party-id": "HUB"}
    url = "/ocpi/2.2.1/receiver/tokens/NL/TNM/012345678"
    reply = request("PUT", url, token=token, body=TOKEN, headers=headers | TO_ONE)
    assert reply.http_status == 201
    assert (reply.headers["ocpi-to-party-id"], reply.headers["ocpi-from-party-id"]) == ("HUB", "OCS")
    assert request("GET", url, token=token).data == TOKEN
