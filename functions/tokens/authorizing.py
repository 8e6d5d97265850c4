"""Whether a token of ours may be used: our backend decides, or else the stored Token (TOK-10 to TOK-16).

Neither opening hours nor the status of an EVSE count, and a Location that nobody has published is as good as any
(TOK-14, TOK-15).
"""

import asyncio
import time
from dataclasses import dataclass
from datetime import timedelta

from ocpi import clock, wire
from ocpi.intake import tokens
from ocpi.requests.decisions import AUTHORIZE, Decision, authorization, by_token
from ocpi.store.keys import ObjectId
from ocpi.store.objects import Objects
from ocpi.store.partner import Partner
from ocpi.store.requests import Direction, Request, Requests, new_request_id
from ocpi.types.parties import Party
from ocpi.types.tokens import AuthorizationInfo, LocationReferences, TokenType
from ocpi.types.versions import ModuleID

POLL_S = 0.1
"""How often it is looked whether our backend has decided."""


@dataclass(frozen=True)
class Asked:
    """What a CPO wants to know.

    Args:
        partner: the platform that asks.
        party: the party of it that asks, if it said so.
        token: the Token, by its plain uid.
        type: the type of the Token, if told.
        location: where it is presented, if told.
    """

    partner: Partner
    party: Party | None
    token: ObjectId
    type: TokenType | None
    location: LocationReferences | None


@dataclass(frozen=True)
class Authorizing:
    """Decides on real-time authorizations.

    Args:
        objects: where our Tokens are.
        requests: where our backend hears of the request and puts its decision.
        wait_s: how long our backend is awaited, in seconds; 0 if it is not asked.
    """

    objects: Objects
    requests: Requests
    wait_s: float

    async def decide(self, asked: Asked) -> AuthorizationInfo:
        """Whether the token may be used.

        Raises:
            OcpiError: HTTP 404 with 2004 for an unknown Token (TOK-11), 2002 if a location is needed (TOK-12).
        """
        document = tokens.get(self.objects, asked.token, asked.type).parsed()
        decision = await self._told_by_backend(asked, document) if self.wait_s else None
        return authorization(document, asked.location, decision or by_token(document))

    async def _told_by_backend(self, asked: Asked, token: wire.JsonObject) -> Decision | None:
        """What our backend decides, or None if it does not in time."""
        now = clock.now()
        request = Request(
            id=new_request_id(),
            direction=Direction.RECEIVED,
            module=ModuleID.TOKENS,
            kind=AUTHORIZE,
            partner_id=asked.partner.id,
            own_party=Party(asked.token.country_code, asked.token.party_id),
            party=asked.party,
            document={"token": token} | ({"location": asked.location} if asked.location else {}),
            created=now,
            deadline=now + timedelta(seconds=self.wait_s),
        )
        self.requests.add(request)
        give_up = time.monotonic() + self.wait_s
        while time.monotonic() < give_up:
            await asyncio.sleep(POLL_S)
            known = self.requests.get(request.id)
            if known and known.result:
                return Decision.model_validate(known.result)
        if self.requests.expire(request.id):
            return None
        known = self.requests.get(request.id)  # decided at the last moment
        return Decision.model_validate(known.result) if known and known.result else None
