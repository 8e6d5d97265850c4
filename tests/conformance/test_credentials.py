"""Credentials: tokens, roles, and who is called with what."""

import re

import pytest

from ocpi.parties.handshake import Handshake
from ocpi.transport.status import OcpiError, StatusCode
from tests.api import request
from tests.functions.conftest import Connection
from tests.objects import EVSE, LOCATION, SESSION
from tests.partner import ROLES, Partner, ok

CREDENTIALS = "/ocpi/2.2.1/credentials"
RECEIVER = "/ocpi/2.2.1/receiver"


@pytest.mark.requirement("CRE-06")
def test_after_registration_the_partner_is_called_with_token_c(handshake: Handshake, partner: Partner) -> None:
    partner.answers["POST", "/credentials"] = ok(partner.credentials("token-c"))
    partner.answers["DELETE", "/credentials"] = ok()
    registered = handshake.register("CPO", partner.versions_url, "token-a")
    handshake.unregister(registered)
    assert [(seen.method, seen.token) for seen in partner.seen[-2:]] == [("POST", "token-a"), ("DELETE", "token-c")]


@pytest.mark.requirement("CRE-18")
def test_a_partner_without_the_endpoints_we_need_is_sent_no_credentials(handshake: Handshake, partner: Partner) -> None:
    endpoints = [{"identifier": "sessions", "role": "SENDER", "url": f"{partner.url}/sessions"}]
    partner.answers["GET", "/details"] = ok({"version": "2.2.1", "endpoints": endpoints})
    with pytest.raises(OcpiError, match="lack credentials") as failure:
        handshake.register("CPO", partner.versions_url, "token-a")
    assert failure.value.status_code is StatusCode.NO_MATCHING_ENDPOINTS
    assert [seen.method for seen in partner.seen] == ["GET", "GET"]


@pytest.mark.requirement("CRE-21", "CRE-22")
def test_each_partner_gets_a_token_of_its_own(handshake: Handshake, partner: Partner) -> None:
    tokens = [handshake.invite(name) for name in ("One", "Two")]
    for token_a, party_id in zip(tuple(tokens), ("ONE", "TWO"), strict=True):
        roles = [ROLES[0] | {"party_id": party_id}]
        reply = request("POST", CREDENTIALS, token=token_a, body=partner.credentials() | {"roles": roles})
        tokens.append(reply.data["token"])
    assert len(set(tokens)) == 4
    for token in tokens:
        assert re.fullmatch(r"[!-~]{1,64}", token)


@pytest.mark.requirement("CRE-26")
def test_a_partner_may_have_one_role_many_times(handshake: Handshake, partner: Partner) -> None:
    roles = [ROLES[0] | {"party_id": party_id} for party_id in ("EXO", "PFC", "CGP")]
    token_a = handshake.invite("White-label CPO")
    reply = request("POST", CREDENTIALS, token=token_a, body=partner.credentials() | {"roles": roles})
    for party_id in ("EXO", "PFC", "CGP"):
        url = f"{RECEIVER}/sessions/NL/{party_id}/S1"
        session = SESSION | {"party_id": party_id}
        assert request("PUT", url, token=reply.data["token"], body=session).http_status == 201
        assert request("GET", url, token=reply.data["token"]).data == session


@pytest.mark.requirement("CRE-27")
def test_an_evse_id_may_name_another_operator_than_the_party(connection: Connection) -> None:
    location = LOCATION | {"evses": [EVSE | {"evse_id": "BE*BEC*E041503001"}]}
    url = f"{RECEIVER}/locations/NL/SIM/L1"
    assert request("PUT", url, token=connection.token, body=location).http_status == 201
    assert request("GET", url, token=connection.token).data == location
