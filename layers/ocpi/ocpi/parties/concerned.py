"""Whom an object of ours concerns among our partners, and to which of their parties it is sent."""

from collections.abc import Iterable
from typing import Any

from ocpi import wire
from ocpi.store.partner import Partner, PartnerStatus
from ocpi.types.parties import Party
from ocpi.types.primitives import Role
from ocpi.types.versions import InterfaceRole, ModuleID

_READERS = (Role.EMSP, Role.NSP, Role.NAP, Role.SCSP, Role.OTHER, Role.HUB)

_FOR_EVERYBODY = {
    ModuleID.LOCATIONS: _READERS,
    ModuleID.TARIFFS: _READERS,
    ModuleID.TOKENS: (Role.CPO, Role.HUB),
}
"""Which roles hear of what is meant for everybody (ROU-21, decision 3); a hub hands it on to those behind it."""

_FOR_ONE_PARTY = {ModuleID.SESSIONS: (Role.SCSP,), ModuleID.CDRS: ()}
"""What is sent to the party of the token alone, and the roles that may be contracted to hear of it too (SES-19).

It goes through a hub only if that party is neither a partner itself nor the owner.
"""


_CONNECTED = (PartnerStatus.REGISTERED, PartnerStatus.SUSPENDED)


def concerned(module: ModuleID, document: wire.JsonObject, partners: Iterable[Partner]) -> list[Partner]:
    """The partners that an object concerns, and that offer the interface to send it to; also those in suspense."""
    registered = [partner for partner in partners if partner.status in _CONNECTED]
    return [
        partner
        for partner in _audience(module, document, registered)
        if partner.endpoint(module, InterfaceRole.RECEIVER)
    ]


def _audience(module: ModuleID, document: wire.JsonObject, partners: list[Partner]) -> list[Partner]:
    if module in _FOR_EVERYBODY:
        return [partner for partner in partners if _has(partner, *_FOR_EVERYBODY[module])]
    if module not in _FOR_ONE_PARTY:
        return []
    token = _token_party(document)
    near = _owner(document) == token or any(partner.hosts(token) for partner in partners)
    roles = _FOR_ONE_PARTY[module] if near else (*_FOR_ONE_PARTY[module], Role.HUB)
    return [partner for partner in partners if partner.hosts(token) or _has(partner, *roles)]


def receiving_party(module: ModuleID, document: wire.JsonObject, partner: Partner) -> Party | None:
    """The party of a partner that an object is sent to (ROU-05).

    What is for everybody is addressed to a hub itself (ROU-13), a Session or a CDR to the party of its token (ROU-21).
    """
    if module in _FOR_EVERYBODY:
        return _first(partner, Role.HUB, *_FOR_EVERYBODY[module])
    token = _token_party(document)
    if partner.hosts(token) or partner.is_hub:
        return token
    return _first(partner, *_FOR_ONE_PARTY.get(module, ()))


def _has(partner: Partner, *roles: Role) -> bool:
    return any(role.role in roles for role in partner.roles)


def _first(partner: Partner, *roles: Role) -> Party | None:
    return next(filter(None, map(partner.party, roles)), None)


def _token_party(document: wire.JsonObject) -> Party:
    token: dict[str, Any] = document["cdr_token"]  # type: ignore[assignment]  # checked before it was stored
    return Party(token["country_code"].upper(), token["party_id"].upper())


def _owner(document: wire.JsonObject) -> Party:
    return Party(str(document["country_code"]).upper(), str(document["party_id"]).upper())
