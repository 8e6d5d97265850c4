"""Who the CPO is to others: its party, the interfaces that it offers, and those that it needs."""

from local.cpo.site import COUNTRY_CODE, PARTY_ID
from local.ocpi_http.registration import Registration
from ocpi.types.business import BusinessDetails
from ocpi.types.credentials import CredentialsRole
from ocpi.types.parties import Party
from ocpi.types.primitives import Role
from ocpi.types.versions import InterfaceRole, ModuleID

OURS = Party(COUNTRY_CODE, PARTY_ID)

OFFERED = (
    (ModuleID.CHARGING_PROFILES, InterfaceRole.RECEIVER),
    (ModuleID.SESSIONS, InterfaceRole.SENDER),
    (ModuleID.LOCATIONS, InterfaceRole.SENDER),
)

NEEDED = (
    (ModuleID.LOCATIONS, InterfaceRole.RECEIVER),
    (ModuleID.SESSIONS, InterfaceRole.RECEIVER),
    (ModuleID.CHARGING_PROFILES, InterfaceRole.SENDER),
)
"""What a partner must offer to control our sessions."""


def registration(versions_url: str, invited: str | None = None) -> Registration:
    """The CPO's registration, with nobody so far.

    Args:
        versions_url: where its versions are.
        invited: a token that opens the handshake to a platform.
    """
    role = CredentialsRole(
        role=Role.CPO,
        business_details=BusinessDetails(name="Simulated CPO"),
        party_id=PARTY_ID,
        country_code=COUNTRY_CODE,
    )
    return Registration(versions_url, [role], NEEDED, invited)
