"""Partners of the API tests."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ocpi import clock
from ocpi.clock import now
from ocpi.parties.handshake import Handshake
from ocpi.parties.secrets import Hasher
from ocpi.store.partner import Partner as StoredPartner
from ocpi.store.partner import PartnerStatus
from ocpi.store.partners import Partners
from tests import partner as partners
from tests.api import request
from tests.functions.charging import cpo
from tests.partner import Partner

__all__ = ["cpo"]


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


type Register = Callable[..., str]
"""From parties such as ``EMSP NL TNM`` to the token with which their platform calls us."""


@pytest.fixture
def register(aws: None) -> Register:
    """Registers partners without a handshake; each platform is called by its first party."""

    def registered(*parties: str) -> str:
        roles = [dict(zip(("role", "country_code", "party_id"), party.split(), strict=True)) for party in parties]
        token = f"token-of-{parties[0]}".replace(" ", "-")
        partner = StoredPartner.model_validate(
            {
                "id": roles[0]["party_id"].lower(),
                "name": parties[0],
                "status": PartnerStatus.REGISTERED,
                "token_hash": Hasher("pepper").hash(token),
                "roles": [role | {"business_details": {"name": parties[0]}} for role in roles],
                "created": now(),
                "last_updated": now(),
            }
        )
        Partners("partners").add(partner)
        return token

    return registered


type Connect = Callable[..., Connection]
"""From parties such as ``EMSP NL TNM`` and the interfaces they offer, as (identifier, role), to their platform."""


@pytest.fixture
def connect(handshake: Handshake) -> Iterator[Connect]:
    """Registers partners that listen on a port of their own; each platform is called by its first party."""
    with ExitStack() as servers:

        def connected(*parties: str, offers: Sequence[tuple[str, str]] = ()) -> Connection:
            roles = [dict(zip(("role", "country_code", "party_id"), party.split(), strict=True)) for party in parties]
            server = servers.enter_context(partners.partner())
            server.serve_versions(*offers)
            credentials = server.credentials(f"token-of-{roles[0]['party_id']}") | {
                "roles": [role | {"business_details": {"name": role["party_id"]}} for role in roles]
            }
            token_a = handshake.invite(roles[0]["party_id"])
            reply = request("POST", "/ocpi/2.2.1/credentials", token=token_a, body=credentials)
            assert reply.status_code == 1000, reply
            server.seen.clear()
            return Connection(reply.data["token"], server, roles[0]["party_id"].lower())

        yield connected


@pytest.fixture
def time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """A clock that stands still until the test moves it, by so many `minutes`, for instance."""
    file = tmp_path / "clock.json"
    monkeypatch.setenv("CLOCK_FILE", str(file))
    clock.write(file, datetime(2026, 11, 22, 8, 0, tzinfo=UTC), 0)
    return lambda **passed: clock.write(file, clock.now() + timedelta(**passed), 0)
