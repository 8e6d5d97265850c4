"""HubClientInfo module: who else is connected to a hub (mod_hub_client_info.asciidoc)."""

from enum import StrEnum

from ocpi.types.primitives import CountryCode, DateTime, OcpiModel, PartyId, Role


class ConnectionStatus(StrEnum):
    """OFFLINE was connected, PLANNED never yet, SUSPENDED never again (HUB-08)."""

    CONNECTED = "CONNECTED"
    OFFLINE = "OFFLINE"
    PLANNED = "PLANNED"
    SUSPENDED = "SUSPENDED"


class ClientInfo(OcpiModel):
    """The connection of one party in one role (HUB-07)."""

    party_id: PartyId
    country_code: CountryCode
    role: Role
    status: ConnectionStatus
    last_updated: DateTime
