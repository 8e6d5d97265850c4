"""Which interfaces a partner offers, by its roles, and what kind of object each is about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from local.ocpi_http.registration import Interface
from ocpi.types.cdrs import CDR
from ocpi.types.credentials import CredentialsRole
from ocpi.types.hubclientinfo import ClientInfo
from ocpi.types.locations import Location
from ocpi.types.primitives import Role
from ocpi.types.sessions import Session
from ocpi.types.tariffs import Tariff
from ocpi.types.tokens import Token
from ocpi.types.versions import InterfaceRole, ModuleID

_PLACES = (ModuleID.LOCATIONS, ModuleID.TARIFFS)
_CHARGING = (ModuleID.SESSIONS, ModuleID.CDRS)

SENDS: Mapping[Role, tuple[ModuleID, ...]] = {
    Role.CPO: (*_PLACES, *_CHARGING),
    Role.EMSP: (ModuleID.TOKENS, ModuleID.CHARGING_PROFILES),
    Role.HUB: (ModuleID.HUB_CLIENT_INFO,),
    Role.NAP: _PLACES,
    Role.NSP: (),
    Role.OTHER: (),
    Role.SCSP: (ModuleID.CHARGING_PROFILES,),
}

RECEIVES: Mapping[Role, tuple[ModuleID, ...]] = {
    Role.CPO: (ModuleID.TOKENS, ModuleID.COMMANDS, ModuleID.CHARGING_PROFILES, ModuleID.HUB_CLIENT_INFO),
    Role.EMSP: (*_PLACES, *_CHARGING, ModuleID.CHARGING_PROFILES, ModuleID.HUB_CLIENT_INFO),
    Role.HUB: (),
    Role.NAP: (*_PLACES, ModuleID.HUB_CLIENT_INFO),
    Role.NSP: (*_PLACES, ModuleID.HUB_CLIENT_INFO),
    Role.OTHER: (*_PLACES, ModuleID.HUB_CLIENT_INFO),
    Role.SCSP: (*_PLACES, ModuleID.SESSIONS, ModuleID.HUB_CLIENT_INFO),
}


@dataclass(frozen=True)
class Kind:
    """A kind of object: its model, and the fields that tell one from all others."""

    model: type[BaseModel]
    identity: tuple[str, ...]


_OWNED = ("country_code", "party_id", "id")

KINDS: Mapping[ModuleID, Kind] = {
    ModuleID.LOCATIONS: Kind(Location, _OWNED),
    ModuleID.TARIFFS: Kind(Tariff, _OWNED),
    ModuleID.TOKENS: Kind(Token, ("country_code", "party_id", "uid", "type")),
    ModuleID.SESSIONS: Kind(Session, _OWNED),
    ModuleID.CDRS: Kind(CDR, _OWNED),
    ModuleID.HUB_CLIENT_INFO: Kind(ClientInfo, ("country_code", "party_id", "role")),
}
"""The objects of each module, in an order in which they may be sent: nothing before what it refers to."""


def offered(roles: Sequence[CredentialsRole]) -> frozenset[Interface]:
    """What a partner of these roles offers, credentials apart."""
    sends = {(module, InterfaceRole.SENDER) for own in roles for module in SENDS[own.role]}
    receives = {(module, InterfaceRole.RECEIVER) for own in roles for module in RECEIVES[own.role]}
    return frozenset(sends | receives)
