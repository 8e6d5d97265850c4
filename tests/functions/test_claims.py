"""Which parties a partner may say are its own: nobody gets at the data of another by naming its party."""

import pytest

from ocpi.parties.handshake import Handshake
from ocpi.store.partner import Partner as StoredPartner
from ocpi.store.partner import PartnerStatus
from ocpi.transport.status import OcpiError, StatusCode
from ocpi.types.credentials import CredentialsRole
from tests import own
from tests.api import Reply, request
from tests.functions.conftest import Connect, Connection
from tests.objects import SESSION
from tests.partner import TOKEN, Partner, ok

CREDENTIALS = "/ocpi/2.2.1/credentials"
SESSIONS = "/ocpi/2.2.1/sender/sessions?date_from=2020-01-01T00:00:00Z"


def role(text: str) -> dict[str, object]:
    name, country_code, party_id = text.split()
    return {
        "role": name,
        "country_code": country_code,
        "party_id": party_id,
        "business_details": {"name": party_id},
    }


def told(server: Partner, *roles: str, token: str = TOKEN) -> dict[str, object]:
    """Its credentials with these roles, such as ``EMSP NL TNM``."""
    return server.credentials(token) | {"roles": [role(text) for text in roles]}


def put(connection: Connection, *roles: str) -> Reply:
    return request("PUT", CREDENTIALS, token=connection.token, body=told(connection.partner, *roles))


def pinned(*roles: str) -> list[CredentialsRole]:
    return [CredentialsRole.model_validate(role(text)) for text in roles]


def stored(handshake: Handshake, partner_id: str) -> StoredPartner:
    known = handshake.partners.get(partner_id)
    assert known
    return known


def pin(handshake: Handshake, partner_id: str, *roles: str) -> None:
    handshake.partners.replace(
        stored(handshake, partner_id), {"pinned": frozenset(f"{text[:-7]}:{text[-6:-4]}/{text[-3:]}" for text in roles)}
    )


def parties(partner: StoredPartner) -> set[str]:
    return {f"{r.role} {r.country_code} {r.party_id}" for r in partner.roles}


@pytest.fixture
def alice(connect: Connect) -> Connection:
    """The eMSP NL/TNM."""
    return connect("EMSP NL TNM")


@pytest.fixture
def mallory(connect: Connect) -> Connection:
    """The eMSP DE/MAL."""
    return connect("EMSP DE MAL")


def test_nobody_reads_anothers_sessions_by_naming_its_party(
    handshake: Handshake, alice: Connection, mallory: Connection
) -> None:
    own.put_session(SESSION)
    assert len(request("GET", SESSIONS, token=alice.token).data) == 1
    before = stored(handshake, "mal")
    reply = put(mallory, "EMSP DE MAL", "EMSP nl tnm")
    assert (reply.http_status, reply.status_code) == (200, 2001)
    assert "/roles/1: EMSP:NL/TNM is a role of another partner" in reply.message
    assert stored(handshake, "mal") == before
    assert request("GET", SESSIONS, token=mallory.token).data == []


@pytest.mark.parametrize("status", [PartnerStatus.REGISTERED, PartnerStatus.SUSPENDED])
@pytest.mark.parametrize("claimed", ["EMSP NL TNM", "CPO NL TNM", "EMSP NL OCS", "OTHER NL OCS"])
def test_who_registers_gets_no_party_of_ours_or_of_another(
    handshake: Handshake, alice: Connection, partner: Partner, claimed: str, status: PartnerStatus
) -> None:
    handshake.partners.replace(stored(handshake, "tnm"), {"status": status})
    token_a = handshake.invite("Mallory")
    before = stored(handshake, "mallory")
    reply = request("POST", CREDENTIALS, token=token_a, body=told(partner, claimed))
    assert (reply.status_code, reply.data) == (2001, None)
    assert claimed.replace(" ", ":", 1).replace(" ", "/") in reply.message
    assert stored(handshake, "mallory") == before
    assert request("POST", CREDENTIALS, token=token_a, body=told(partner, "EMSP DE MAL")).status_code == 1000


def test_the_party_of_a_partner_that_is_gone_is_free(
    handshake: Handshake, alice: Connection, mallory: Connection
) -> None:
    handshake.end(stored(handshake, "tnm"))
    assert put(mallory, "EMSP NL TNM").status_code == 1000


def test_another_role_of_anothers_party_needs_the_operator(
    handshake: Handshake, alice: Connection, partner: Partner
) -> None:
    token_a = handshake.invite("Its CPO", roles=pinned("CPO NL TNM"))
    assert request("POST", CREDENTIALS, token=token_a, body=told(partner, "CPO NL TNM")).status_code == 1000


def test_what_another_has_is_not_given_away_by_a_pin(
    handshake: Handshake, alice: Connection, mallory: Connection
) -> None:
    pin(handshake, "mal", "EMSP NL TNM")
    assert put(mallory, "EMSP NL TNM").status_code == 2001


def test_who_is_pinned_gets_no_other_role(handshake: Handshake, partner: Partner) -> None:
    token_a = handshake.invite("Bob", roles=pinned("EMSP NL BOB"))
    reply = request("POST", CREDENTIALS, token=token_a, body=told(partner, "EMSP NL BOB", "CPO NL BOB"))
    assert reply.status_code == 2001
    assert "/roles/1: CPO:NL/BOB is not among the roles that were agreed on: EMSP:NL/BOB" in reply.message
    reply = request("POST", CREDENTIALS, token=token_a, body=told(partner, "EMSP NL BOB"))
    assert reply.status_code == 1000
    bob = Connection(reply.data["token"], partner, "bob")
    assert put(bob, "EMSP NL NEW").status_code == 2001
    pin(handshake, "bob")
    assert put(bob, "EMSP NL NEW").status_code == 1000


@pytest.mark.parametrize("claimed", ["HUB DE MAL", "SCSP DE MAL"])
def test_roles_that_see_data_of_others_are_not_taken_on_the_way(
    handshake: Handshake, mallory: Connection, claimed: str
) -> None:
    reply = put(mallory, "EMSP DE MAL", claimed)
    assert reply.status_code == 2001
    assert "/roles/1: " + claimed.replace(" ", ":", 1).replace(" ", "/") in reply.message
    pin(handshake, "mal", "EMSP DE MAL", claimed)
    assert put(mallory, "EMSP DE MAL", claimed).status_code == 1000


@pytest.mark.requirement("CRE-11")
def test_other_changed_roles_are_taken_over(handshake: Handshake, connect: Connect) -> None:
    scsp = connect("SCSP DE SMA")
    assert put(scsp, "SCSP DE SMA", "EMSP DE SMA", "CPO BE NEW").status_code == 1000
    assert parties(stored(handshake, "sma")) == {"SCSP DE SMA", "EMSP DE SMA", "CPO BE NEW"}


def test_a_refresh_takes_no_role_of_another(handshake: Handshake, alice: Connection, mallory: Connection) -> None:
    mallory.partner.answers["GET", "/credentials"] = ok(told(mallory.partner, "EMSP NL TNM"))
    before = stored(handshake, "mal")
    with pytest.raises(OcpiError, match="EMSP:NL/TNM") as failure:
        handshake.refresh(before)
    assert failure.value.status_code is StatusCode.INVALID_PARAMETERS
    assert stored(handshake, "mal") == before


def test_a_renewal_takes_no_role_of_another_and_the_connection_lives_on(
    handshake: Handshake, alice: Connection, mallory: Connection
) -> None:
    mallory.partner.answers["PUT", "/credentials"] = ok(told(mallory.partner, "EMSP NL TNM", token="new-token"))
    with pytest.raises(OcpiError, match="EMSP:NL/TNM"):
        handshake.renew(stored(handshake, "mal"))
    after = stored(handshake, "mal")
    assert parties(after) == {"EMSP DE MAL"}
    assert after.sealed_token
    assert handshake.safe.open(after.sealed_token, "mal") == "new-token"
    (seen,) = mallory.partner.seen
    assert request("GET", CREDENTIALS, token=seen.body["token"]).status_code == 1000


def test_we_do_not_register_with_who_names_a_party_of_another(
    handshake: Handshake, alice: Connection, partner: Partner
) -> None:
    partner.answers["POST", "/credentials"] = ok(told(partner, "EMSP NL TNM"))
    with pytest.raises(OcpiError, match="EMSP:NL/TNM"):
        handshake.register("Mallory", partner.versions_url, "token-a")
    assert handshake.partners.get("mallory") is None


def test_we_register_with_whom_the_operator_expects(handshake: Handshake, partner: Partner) -> None:
    partner.answers["POST", "/credentials"] = ok(told(partner, "EMSP NL TNM"))
    with pytest.raises(OcpiError, match="agreed on: EMSP:NL/BOB"):
        handshake.register("Bob", partner.versions_url, "token-a", roles=pinned("EMSP NL BOB"))
    partner.answers["POST", "/credentials"] = ok(told(partner, "EMSP NL BOB"))
    registered = handshake.register("Bob", partner.versions_url, "token-a", roles=pinned("EMSP NL BOB"))
    assert registered.pinned == {"EMSP:NL/BOB"}


@pytest.mark.parametrize("claimed", ["EMSP NL TNM", "CPO NL OCS"])
def test_no_partner_is_added_with_a_party_of_another(handshake: Handshake, alice: Connection, claimed: str) -> None:
    with pytest.raises(OcpiError, match="/roles/0"):
        handshake.add("Mallory", pinned(claimed))
    assert handshake.partners.get("mallory") is None


def test_pins_outlast_another_invitation_unless_it_has_its_own(handshake: Handshake) -> None:
    handshake.invite("Bob", roles=pinned("EMSP NL BOB"))
    handshake.invite("Bob")
    assert stored(handshake, "bob").pinned == {"EMSP:NL/BOB"}
    handshake.invite("Bob", roles=pinned("CPO NL BOB"))
    assert stored(handshake, "bob").pinned == {"CPO:NL/BOB"}
