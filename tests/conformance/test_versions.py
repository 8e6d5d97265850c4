"""Versions: what we offer, and what we make of what a partner offers."""

import boto3
import pytest

from ocpi.parties.handshake import Handshake
from tests.api import request
from tests.functions.conftest import Connection
from tests.partner import Partner, ok

VERSIONS = "/ocpi/versions"
DETAILS = "/ocpi/2.2.1"
MODULES = {
    "cdrs",
    "chargingprofiles",
    "commands",
    "credentials",
    "hubclientinfo",
    "locations",
    "sessions",
    "tariffs",
    "tokens",
}
NEEDED = {"commands": {"locations", "sessions"}, "chargingprofiles": {"sessions"}}


@pytest.mark.requirement("VER-05")
def test_each_endpoint_has_identifier_role_and_url(connection: Connection) -> None:
    endpoints = request("GET", DETAILS, token=connection.token).data["endpoints"]
    assert endpoints
    for endpoint in endpoints:
        assert endpoint.keys() == {"identifier", "role", "url"}
        assert endpoint["role"] in ("SENDER", "RECEIVER")
        assert 0 < len(endpoint["url"]) <= 255


@pytest.mark.requirement("VER-09", "VER-15")
def test_one_document_covers_all_our_roles_with_what_their_modules_need(connection: Connection) -> None:
    endpoints = request("GET", DETAILS, token=connection.token).data["endpoints"]
    offered = {(endpoint["identifier"], endpoint["role"]) for endpoint in endpoints}
    assert len(offered) == len(endpoints), "each interface once"
    for role in ("SENDER", "RECEIVER"):
        assert {("locations", role), ("tariffs", role), ("cdrs", role), ("tokens", role)} <= offered
        for module, needed in NEEDED.items():
            assert (module, role) in offered
            assert needed <= {identifier for identifier, _ in offered}


@pytest.mark.requirement("VER-10")
def test_nobody_is_offered_a_module_that_is_not_in_the_specification(connection: Connection) -> None:
    endpoints = request("GET", DETAILS, token=connection.token).data["endpoints"]
    assert {endpoint["identifier"] for endpoint in endpoints} <= MODULES


@pytest.mark.requirement("CRE-20", "VER-12")
def test_of_the_versions_of_a_partner_ours_is_used_wherever_its_urls_lead(
    handshake: Handshake, partner: Partner
) -> None:
    versions = (("2.1.1", "/old"), ("2.2.1", "/b/"), ("3.0", "/new"))
    endpoints = [{"identifier": "credentials", "role": "RECEIVER", "url": f"{partner.url}/c?d=e"}]
    partner.answers = {
        ("GET", "/a"): ok([{"version": version, "url": partner.url + path} for version, path in versions]),
        ("GET", "/b/"): ok({"version": "2.2.1", "endpoints": endpoints}),
        ("POST", "/c?d=e"): ok(partner.credentials()),
    }
    handshake.register("CPO", f"{partner.url}/a", "token-a")
    assert [(seen.method, seen.path) for seen in partner.seen] == [("GET", "/a"), ("GET", "/b/"), ("POST", "/c?d=e")]


@pytest.mark.requirement("VER-08")
@pytest.mark.parametrize("role", ["SENDER", "RECEIVER"])
def test_the_role_of_a_partner_s_credentials_endpoint_does_not_matter(
    handshake: Handshake, partner: Partner, role: str
) -> None:
    endpoints = [{"identifier": "credentials", "role": role, "url": f"{partner.url}/credentials"}]
    partner.answers["GET", "/details"] = ok({"version": "2.2.1", "endpoints": endpoints})
    partner.answers["POST", "/credentials"] = ok(partner.credentials())
    handshake.end(handshake.register("Asked", partner.versions_url, "token-a"))
    token_a = handshake.invite("Invited")
    assert request("POST", f"{DETAILS}/credentials", token=token_a, body=partner.credentials()).status_code == 1000


@pytest.mark.requirement("HUB-15")
def test_asking_for_the_versions_changes_nothing(connection: Connection) -> None:
    def stored() -> list[object]:
        return [boto3.client("dynamodb").scan(TableName=name)["Items"] for name in ("partners", "objects", "sites")]

    before = stored()
    for path in (VERSIONS, DETAILS):
        assert request("GET", path, token=connection.token).status_code == 1000
    assert stored() == before
    assert connection.partner.seen == []
