"""What a platform offers and tells in its market roles."""

import re
from importlib import import_module

import pytest

from tests.api import deployed_as, request
from tests.functions.conftest import Connection

CPO_SENDER = {"locations", "sessions", "cdrs", "tariffs"}
EMSP_RECEIVER = {"locations", "sessions", "cdrs", "tariffs"}

INTERFACES = {
    "CPO": (CPO_SENDER, {"tokens", "commands", "chargingprofiles", "hubclientinfo"}),
    "EMSP": (
        {"tokens", "commands", "chargingprofiles"},
        {*EMSP_RECEIVER, "chargingprofiles", "hubclientinfo"},
    ),
    "SCSP": ({"chargingprofiles"}, {"sessions", "locations", "tariffs", "hubclientinfo"}),
    "NSP": (set(), {"locations", "tariffs", "hubclientinfo"}),
    "NAP": ({"locations", "tariffs"}, {"locations", "tariffs", "hubclientinfo"}),
    "OTHER": (set(), {"locations", "tariffs", "hubclientinfo"}),
    "HUB": ({"hubclientinfo"}, set()),
}
"""SENDER and RECEIVER modules of each role, as the specification lists them, and the Locations for an SCSP."""

EVERYTHING = [
    (interface, module)
    for interface in ("sender", "receiver")
    for module in (*CPO_SENDER, "tokens", "commands", "chargingprofiles", "hubclientinfo")
]

COMBINATIONS = [*((role,) for role in INTERFACES), ("CPO", "EMSP"), ("NSP", "SCSP"), ("CPO", "CPO")]


def offered(roles: tuple[str, ...]) -> set[tuple[str, str]]:
    senders = {("sender", module) for role in roles for module in INTERFACES[role][0]}
    return senders | {("receiver", module) for role in roles for module in INTERFACES[role][1]}


def parties(roles: tuple[str, ...]) -> list[str]:
    return [f"{role} NL P{number}" for number, role in enumerate(roles)]


@pytest.mark.requirement("VER-06", "VER-07", "VER-09")
@pytest.mark.parametrize("roles", COMBINATIONS, ids="+".join)
def test_the_details_list_what_the_roles_offer(connection: Connection, roles: tuple[str, ...]) -> None:
    with deployed_as(*parties(roles)):
        details = request("GET", "/ocpi/2.2.1", token=connection.token).data
    endpoints = [(end["role"].lower(), end["identifier"]) for end in details["endpoints"]]
    assert sorted(endpoints) == sorted({*offered(roles), ("sender", "credentials")}), "each once"
    for end in details["endpoints"]:
        if end["identifier"] != "credentials":
            assert end["url"].endswith(f"/2.2.1/{end['role'].lower()}/{end['identifier']}")


@pytest.mark.requirement("VER-15")
@pytest.mark.parametrize("roles", COMBINATIONS, ids="+".join)
def test_modules_are_offered_with_those_they_depend_on(connection: Connection, roles: tuple[str, ...]) -> None:
    with deployed_as(*parties(roles)):
        details = request("GET", "/ocpi/2.2.1", token=connection.token).data
    endpoints = {(end["role"], end["identifier"]) for end in details["endpoints"]}
    modules = {module for _, module in endpoints}
    assert "commands" not in modules or modules >= {"locations", "sessions"}
    assert "chargingprofiles" not in modules or "sessions" in modules
    assert ("RECEIVER", "locations") not in endpoints or "tariffs" in modules


@pytest.mark.requirement("VER-06")
@pytest.mark.parametrize("roles", COMBINATIONS, ids="+".join)
def test_what_the_roles_do_not_offer_is_404(connection: Connection, roles: tuple[str, ...]) -> None:
    paths = {(interface, module): f"/ocpi/2.2.1/{interface}/{module}/NL/SIM/X" for interface, module in EVERYTHING}
    with deployed_as(*parties(roles)):
        for interface, module in set(EVERYTHING) - offered(roles):
            for path in (f"/ocpi/2.2.1/{interface}/{module}", paths[interface, module]):
                reply = request(
                    "GET",
                    path,
                    token=connection.token,
                    headers={"OCPI-to-country-code": "NL", "OCPI-to-party-id": "P0"},
                )
                assert (reply.http_status, reply.status_code) == (404, 2000), path
                assert reply.message == "there is no such endpoint"


@pytest.mark.requirement("CRE-26")
def test_our_credentials_tell_all_parties_and_roles(connection: Connection) -> None:
    ours = ["CPO NL ONE", "CPO NL TWO", "CPO DE ONE", "EMSP NL ONE"]
    with deployed_as(*ours):
        roles = request("GET", "/ocpi/2.2.1/credentials", token=connection.token).data["roles"]
    assert [f"{role['role']} {role['country_code']} {role['party_id']}" for role in roles] == ours


@pytest.mark.requirement("CRE-25", "CRE-28")
@pytest.mark.parametrize(
    ("roles", "problem"),
    [
        (["HUB NL OCS", "CPO NL OCS"], "a hub has only the role HUB"),
        (["CPO NL OCS", "CPO nl ocs"], "the same role, country_code and party_id stand there twice"),
        ([], "a platform needs at least one role"),
    ],
)
def test_decision_1_roles_that_cannot_be_together_stop_the_start(roles: list[str], problem: str) -> None:
    with deployed_as(*roles), pytest.raises(ValueError, match=re.escape(problem)):
        import_module("versions.app")
