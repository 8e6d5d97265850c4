"""Partners of the API tests."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from ocpi.parties.handshake import Handshake
from tests import partner as partners
from tests.api import request
from tests.partner import Partner


@pytest.fixture
def handshake(aws: None) -> Handshake:
    """What connects partners, on the tables of the test."""
    from credentials.app import handshake  # noqa: PLC0415 - its settings are read on import

    return handshake


@pytest.fixture
def partner() -> Iterator[Partner]:
    """A partner that serves versions, credentials and a ChargingProfiles receiver."""
    with partners.partner() as partner:
        partner.serve_versions(("chargingprofiles", "RECEIVER"))
        yield partner


@dataclass(frozen=True)
class Connection:
    """A registered partner: the token it calls us with, and its server."""

    token: str
    partner: Partner
    partner_id: str = "cpo"


@pytest.fixture
def connection(handshake: Handshake, partner: Partner) -> Connection:
    """A CPO, NL/SIM, that has registered."""
    token_a = handshake.invite("CPO")
    reply = request("POST", "/ocpi/2.2.1/credentials", token=token_a, body=partner.credentials())
    assert reply.status_code == 1000, reply
    partner.seen.clear()
    return Connection(reply.data["token"], partner)
