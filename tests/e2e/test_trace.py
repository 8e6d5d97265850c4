"""What partners and we have said to each other is found again in the logs of the real functions."""

import time
from typing import Any

import pytest

from local.aws import Stack
from tests.e2e.client import Client, ocpi
from tests.partner import ROLES, TOKEN, partner

pytestmark = pytest.mark.e2e

TOGETHER = [("IN", "/ocpi/2.2.1/credentials"), ("OUT", "/versions"), ("OUT", "/details")]


def test_a_handshake_is_found_by_its_correlation_id(stack: Stack) -> None:
    invitation = ocpi(stack, "partner", "invite", "--name", "Traced CPO")
    client = Client(invitation["token"])
    with partner() as other:
        other.serve_versions()
        client.register(stack.versions_url, other, roles=[role | {"party_id": "TRC"} for role in ROLES])
    found = _of_partner(stack, "traced-cpo")
    assert {each["correlation_id"] for each in found} == {"e2e"}, "ours carry that of the request that caused them"
    handshake = [(each["direction"], each["url"].removeprefix(other.url)) for each in found]
    assert [each for each in handshake if each in TOGETHER] == TOGETHER
    for token in (invitation["token"], client.token, TOKEN):
        assert token not in str(found)


def _of_partner(stack: Stack, partner_id: str) -> list[dict[str, Any]]:
    """The exchanges with a partner, once the log has them all: that of each request comes after those it caused."""
    end = time.monotonic() + 30
    while True:
        found = [each for each in ocpi(stack, "trace", "e2e") if each.get("partner_id") == partner_id]
        if any(each["method"] == "POST" for each in found) or time.monotonic() > end:
            return found
        time.sleep(1)
