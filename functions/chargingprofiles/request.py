"""A request about a charging profile, as it came."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from ocpi import clock
from ocpi.store.keys import ObjectId
from ocpi.store.partner import Partner
from ocpi.store.requests import Direction, Request, new_request_id
from ocpi.transport.headers import correlation
from ocpi.types.parties import Party
from ocpi.types.primitives import Role
from ocpi.types.versions import ModuleID


@dataclass(frozen=True)
class ProfileRequest:
    """What is asked (SET, CLEAR or ACTIVE), by whom over which connection, and of which of our parties."""

    kind: str
    session: ObjectId
    """As one of our own, under the id in the URL."""
    document: dict[str, Any]
    """The checked body, or the query."""
    caller: Partner
    party: Party
    own_party: Party

    def allowed(self, session: dict[str, Any]) -> bool:
        """Whether the caller may control a session: it owns the token, or optimises charging for others (CHP-09)."""
        token = session["cdr_token"]
        if self._is_from(token["country_code"], token["party_id"]):
            return True
        return any(
            role.role is Role.HUB or (role.role is Role.SCSP and self._is_from(role.country_code, role.party_id))
            for role in self.caller.roles
        )

    def _is_from(self, country_code: str, party_id: str) -> bool:
        return self.party.named(country_code, party_id)

    def received(self, session: ObjectId, within: timedelta) -> Request:
        """As a request that is about `session`, and ends within that time."""
        now = clock.now()
        return Request(
            id=new_request_id(),
            direction=Direction.RECEIVED,
            module=ModuleID.CHARGING_PROFILES,
            kind=self.kind,
            partner_id=self.caller.id,
            own_party=self.own_party,
            party=self.party,
            document=self.document | {"session_id": session.id},
            response_url=self.document["response_url"],
            correlation_id=correlation.get(),
            created=now,
            deadline=now + within,
            about=session.text,
        )
