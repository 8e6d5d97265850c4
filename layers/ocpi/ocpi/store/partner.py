"""A partner: another platform that we are, were or will be connected with."""

import re
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from ocpi.transport.quirks import Quirk
from ocpi.types.credentials import CredentialsRole
from ocpi.types.parties import Party
from ocpi.types.primitives import DateTime, Role
from ocpi.types.versions import Endpoint, InterfaceRole, ModuleID

__all__ = ["Partner", "PartnerStatus", "Quirk", "partner_id"]


class PartnerStatus(StrEnum):
    """How far a connection is."""

    INVITED = "INVITED"
    """Holds our CREDENTIALS_TOKEN_A and has not registered yet."""
    REGISTERING = "REGISTERING"
    """We are registering with the partner; its answer is outstanding."""
    REGISTERED = "REGISTERED"
    SUSPENDED = "SUSPENDED"
    """Registered, but we neither answer nor call until it is resumed."""
    UNREGISTERED = "UNREGISTERED"
    """One of the two sides ended the connection."""


class Partner(BaseModel):
    """One connection, as stored.

    Tokens never stand here in clear: `token_hash` is of the one the partner presents to us, `sealed_token` is the
    encrypted one that we present to the partner. While we renew the credentials there is also `next_token_hash`, of the
    token that the partner is to present from then on.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    name: str
    status: PartnerStatus
    token_hash: str | None = None
    next_token_hash: str | None = None
    sealed_token: str | None = None
    versions_url: str | None = None
    version: str | None = None
    endpoints: list[Endpoint] = []
    roles: list[CredentialsRole] = []
    quirks: frozenset[Quirk] = frozenset()
    """Where it differs from OCPI, as an operator has said."""
    pinned: frozenset[str] = frozenset()
    """The only roles that it may have, such as ``EMSP:NL/TNM``, as an operator has said; none: any that is free."""
    token_issued: DateTime | None = None
    """When the credentials were exchanged last (CRE-30)."""
    created: DateTime
    last_updated: DateTime
    revision: int = 0
    """How often it was changed; a change made on an outdated reading is refused."""

    def endpoint(self, module: ModuleID, role: InterfaceRole) -> str | None:
        """Where the partner offers an interface (VER-12); the role of credentials means nothing (VER-08)."""
        for endpoint in self.endpoints:
            if endpoint.identifier == module and (endpoint.role == role or module is ModuleID.CREDENTIALS):
                return endpoint.url
        return None

    def has(self, quirk: Quirk) -> bool:
        """Whether it differs from OCPI in this way."""
        return quirk in self.quirks

    def hosts(self, party: Party) -> bool:
        """Whether the party is one of its own, rather than one behind it."""
        return any(party.named(role.country_code, role.party_id) for role in self.roles)

    @property
    def is_hub(self) -> bool:
        """Whether it speaks for others too (ROU-19)."""
        return any(role.role is Role.HUB for role in self.roles)

    def owns(self, country_code: str, party_id: str) -> bool:
        """Whether the partner may speak for a party: one of its roles, or any if it is a hub (TRA-37, ROU-19)."""
        return self.is_hub or self.hosts(Party(country_code, party_id))

    def party(self, role: Role) -> Party | None:
        """The partner's first party in a market role."""
        return next((Party(r.country_code, r.party_id) for r in self.roles if r.role is role), None)


def partner_id(name: str) -> str:
    """The id of the partner called `name`: lower case, words joined by hyphens.

    Raises:
        ValueError: nothing is left of the name, or it cannot be printed.
    """
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:64]
    if not slug or not name.isprintable():
        raise ValueError(f"the name {name!r} needs a letter or a digit, and nothing that cannot be printed")
    return slug
