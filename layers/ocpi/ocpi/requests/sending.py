"""Asking partners: commands and charging profiles, on behalf of one of our parties."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from pydantic import ValidationError

from ocpi import clock, wire
from ocpi.parties.calling import Calling, address
from ocpi.parties.own import OwnPlatform
from ocpi.requests.bodies import ACTIVE, CLEAR, COMMANDS, SET
from ocpi.requests.deadlines import LONGEST_DELAY, Deadlines
from ocpi.requests.evses import can, evses
from ocpi.store import keys
from ocpi.store.keys import ObjectId
from ocpi.store.objects import Objects
from ocpi.store.partners import Partners
from ocpi.store.requests import (
    ANSWER_WITHIN,
    LONGEST_FAILURE,
    ROOM_TO_END,
    Direction,
    Request,
    Requests,
    RequestStatus,
    new_request_id,
)
from ocpi.transport.client import Answer, PartnerClient, PartnerUnreachable
from ocpi.transport.headers import Routing
from ocpi.transport.status import OcpiError, StatusCode, invalid, unknown
from ocpi.transport.validation import MAX_REQUEST_BYTES, explain, validated
from ocpi.types.chargingprofiles import MAX_SECONDS, ChargingProfileResponse, SetChargingProfile
from ocpi.types.commands import CommandResponse, CommandType
from ocpi.types.locations import Capability
from ocpi.types.parties import Party
from ocpi.types.primitives import parse_datetime
from ocpi.types.tokens import Token
from ocpi.types.versions import InterfaceRole, ModuleID

_RESPONSES: dict[ModuleID, type[CommandResponse | ChargingProfileResponse]] = {
    ModuleID.COMMANDS: CommandResponse,
    ModuleID.CHARGING_PROFILES: ChargingProfileResponse,
}
_ACCEPTED = "ACCEPTED"

ON_THE_WAY = timedelta(seconds=5)
"""How long a result may take to reach us: partners too send TIMEOUT when the time is over, not before."""

type _Call = Callable[[PartnerClient, str], Answer]
"""Sends the request to the URL that it is given; a URL in a query is percent-encoded (decision 30)."""


@dataclass(frozen=True)
class Sending:
    """Sends requests whose results come later, to our response URLs.

    Each method returns the request with the partner's `answer`; it is CONCLUDED already if that is a refusal. A result
    that is awaited and does not come in time lets the request expire (CMD-07, CHP-16).

    Raises:
        OcpiError: 2001 for what must not be sent; HTTP 404 for an unknown partner; 3001 if the partner could not be
            reached or answered with an error: the request is then kept as FAILED.
    """

    requests: Requests
    objects: Objects
    partners: Partners
    calling: Calling
    own: OwnPlatform
    deadlines: Deadlines

    def command(
        self,
        partner_id: str,
        command: CommandType,
        document: wire.JsonObject,
        own_party: Party,
        party: Party | None = None,
    ) -> Request:
        """Send a command to a CPO, as one of our eMSPs (CMD-13 to CMD-15, CMD-19, CMD-21, CMD-26 to CMD-28).

        Args:
            partner_id: the connection.
            command: which one.
            document: its body; `response_url` is set here, and the token is sent as it is stored.
            own_party: our eMSP.
            party: the CPO; None where a hub is to find out (ROU-22).

        Raises:
            OcpiError: see the class; also 2004 for a token that is none of `own_party`.
        """
        id_ = new_request_id()
        response_url = self.own.response_url(ModuleID.COMMANDS, id_)
        body: dict[str, Any] = document | {"response_url": response_url}
        validated(COMMANDS[command], body)
        if "token" in COMMANDS[command].model_fields:
            body["token"] = self._own_token(body["token"], own_party)
        if command is CommandType.START_SESSION and party:
            self._require_connector(partner_id, party, body)
        request = self._new(id_, ModuleID.COMMANDS, command, partner_id, own_party, party, body)
        until = parse_datetime(body["expiry_date"]) if command is CommandType.RESERVE_NOW else None
        return self._ask(request, command, lambda client, url: client.post(url, body), until)

    def set_profile(
        self,
        partner_id: str,
        party: Party | None,
        session_id: str,
        profile: wire.JsonObject,
        own_party: Party,
        *,
        forwards: str | None = None,
    ) -> Request:
        """Ask the CPO of a session to put a ChargingProfile on it (CHP-02).

        Args:
            partner_id: the connection that the Session came over.
            party: the CPO.
            session_id: as the CPO knows it (CHP-29).
            profile: the ChargingProfile.
            own_party: our eMSP or SCSP.
            forwards: see :attr:`Request.forwards`.
        """
        id_ = new_request_id()
        response_url = self.own.response_url(ModuleID.CHARGING_PROFILES, id_)
        body: wire.JsonObject = {"charging_profile": profile, "response_url": response_url}
        validated(SetChargingProfile, body)
        document = {"session_id": session_id} | body
        request = self._profile_request(id_, SET, partner_id, own_party, party, document, forwards)
        return self._ask(request, session_id, lambda client, url: client.put(url, body))

    def clear_profile(
        self, partner_id: str, party: Party | None, session_id: str, own_party: Party, *, forwards: str | None = None
    ) -> Request:
        """Ask the CPO of a session to clear the ChargingProfile that we have set (CHP-03)."""
        id_ = new_request_id()
        query = {"response_url": self.own.response_url(ModuleID.CHARGING_PROFILES, id_)}
        document = {"session_id": session_id} | query
        request = self._profile_request(id_, CLEAR, partner_id, own_party, party, document, forwards)
        return self._ask(request, session_id, lambda client, url: client.delete(f"{url}?{urlencode(query)}"))

    def active_profile(
        self,
        partner_id: str,
        party: Party | None,
        session_id: str,
        duration: int,
        own_party: Party,
        *,
        forwards: str | None = None,
    ) -> Request:
        """Ask the CPO of a session for the ActiveChargingProfile of the next `duration` seconds (CHP-01)."""
        if not 0 < duration <= MAX_SECONDS:
            raise invalid(f"/duration: must be 1 to {MAX_SECONDS} seconds")
        id_ = new_request_id()
        query = {"duration": duration, "response_url": self.own.response_url(ModuleID.CHARGING_PROFILES, id_)}
        document = {"session_id": session_id} | query
        request = self._profile_request(id_, ACTIVE, partner_id, own_party, party, document, forwards)
        return self._ask(request, session_id, lambda client, url: client.get(f"{url}?{urlencode(query)}"))

    # What may be sent

    def _own_token(self, given: Any, own_party: Party) -> wire.JsonObject:
        """The stored Token: only our own may be used, and only while they are valid (CMD-19)."""
        token = Token.model_validate(given)
        stored = None
        if own_party.named(token.country_code, token.party_id):
            uid = keys.typed_uid(token.uid, token.type)
            stored = self.objects.get(ObjectId(keys.OWN, ModuleID.TOKENS, token.country_code, token.party_id, uid))
        if stored is None:
            message = f"/token: {own_party} has no Token {token.uid} ({token.type})"
            raise OcpiError(StatusCode.UNKNOWN_TOKEN, message)
        document = stored.parsed()
        if not document["valid"]:
            raise invalid(f"/token: the Token {token.uid} is not valid")
        return document

    def _require_connector(self, partner_id: str, cpo: Party, body: dict[str, Any]) -> None:
        """Some EVSEs cannot find out themselves which connector is meant (CMD-15)."""
        if body.get("connector_id") is not None:
            return
        location = ObjectId(partner_id, ModuleID.LOCATIONS, cpo.country_code, cpo.party_id, body["location_id"])
        stored = self.objects.get(location)
        candidates = evses(stored.parsed(), body.get("evse_uid")) if stored else []
        if candidates and all(can(evse, Capability.START_SESSION_CONNECTOR_REQUIRED) for evse in candidates):
            raise invalid("/connector_id: must be given for an EVSE with START_SESSION_CONNECTOR_REQUIRED")

    # The request and its answer

    def _profile_request(
        self,
        id_: str,
        kind: str,
        partner_id: str,
        own_party: Party,
        party: Party | None,
        document: dict[str, Any],
        forwards: str | None,
    ) -> Request:
        request = self._new(id_, ModuleID.CHARGING_PROFILES, kind, partner_id, own_party, party, document)
        return request.model_copy(update={"forwards": forwards})

    def _new(
        self,
        id_: str,
        module: ModuleID,
        kind: str,
        partner_id: str,
        own_party: Party,
        party: Party | None,
        document: dict[str, Any],
    ) -> Request:
        now = clock.now()
        return Request(
            id=id_,
            direction=Direction.SENT,
            module=module,
            kind=kind,
            partner_id=partner_id,
            own_party=own_party,
            party=party,
            document=document,
            response_url=document["response_url"],
            created=now,
            deadline=now + ANSWER_WITHIN,
        )

    def _ask(self, request: Request, about: str, call: _Call, keep_until: datetime | None = None) -> Request:
        """Send a request to the partner's interface, at the URL of what it is about."""
        partner = self.partners.get(request.partner_id)
        if partner is None:
            raise unknown(f"partner {request.partner_id}")
        self.deadlines.keep(self.requests, request, keep_until)
        try:
            url = address(partner, request.module, InterfaceRole.RECEIVER, about)
            client = self.calling.client(partner, Routing(request.own_party, request.party))
            return self._answered(request, call(client, url))
        except PartnerUnreachable as error:
            ended = None if self.requests.fail(request.id, str(error)) else self.requests.get(request.id)
            if ended:  # by its result, which was faster than the answer
                return ended
            raise OcpiError(StatusCode.UNABLE_TO_USE_API, str(error)[:LONGEST_FAILURE]) from None

    def _answered(self, request: Request, answer: Answer) -> Request:
        """Keep the answer; an error may carry a response as well (CMD-10)."""
        if len(wire.dumps(answer.data)) > MAX_REQUEST_BYTES:
            raise PartnerUnreachable(f"the partner's answer is larger than {MAX_REQUEST_BYTES} bytes")
        if answer.http_status >= 500:
            raise PartnerUnreachable(str(answer))
        try:
            response = _RESPONSES[request.module].model_validate(answer.data)
        except ValidationError as error:
            why = explain(error) if answer.ok else str(answer)
            raise PartnerUnreachable(f"the partner's answer is no {request.module} response: {why}") from None
        accepted = response.result == _ACCEPTED
        if accepted and not answer.ok:  # nobody knows what that means
            raise PartnerUnreachable(str(answer))
        failure = None if answer.ok else str(answer)[:LONGEST_FAILURE]
        kept: dict[str, object] = {"answer": answer.data, "failure": failure}
        deadline = clock.now() + min(timedelta(seconds=response.timeout), LONGEST_DELAY) + ON_THE_WAY

        def keep(known: Request) -> dict[str, object]:
            if known.status is not RequestStatus.PENDING:  # the result was faster than the answer
                return kept
            return kept | ({"deadline": deadline} if accepted else {"status": RequestStatus.CONCLUDED})

        changed = self.requests.change(request.id, keep, ROOM_TO_END) or request
        if changed.status is RequestStatus.PENDING:
            self.deadlines.wake(request.id, deadline)
        return changed
