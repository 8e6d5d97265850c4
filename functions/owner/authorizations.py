"""Whether drivers may charge: asking at our charge points, and deciding when a CPO asks about a token of ours."""

from fastapi import APIRouter, Request
from pydantic import Field
from starlette.responses import Response

from ocpi import wire
from ocpi.requests.authorization import Authorization, Authorized
from ocpi.requests.bodies import check_result
from ocpi.requests.decisions import AUTHORIZE
from ocpi.store.requests import Direction, Requests
from ocpi.store.requests import Request as StoredRequest
from ocpi.transport.validation import parse_object, validated
from ocpi.types.primitives import CiString36, OcpiModel
from ocpi.types.tokens import LocationReferences, TokenType
from ocpi.types.versions import InterfaceRole, ModuleID
from owner import examples
from owner.addressing import Addresses
from owner.answers import answer, conflict
from owner.describe import Described, body, reference, returns
from owner.parties import PartyName


class AuthorizationOrder(OcpiModel):
    """A driver presents a token at a charge point of ours."""

    own_party: PartyName | None = Field(None, description="Our CPO; may be left out if there is one only.")
    uid: CiString36 = Field(description="What the charge point has read.")
    type: TokenType = TokenType.RFID
    location: LocationReferences | None = Field(None, description="Where the token is presented.")


_AUTHORIZED: dict[int | str, Described] = {
    200: returns(
        reference(Authorized),
        "The driver may charge only if `allowed` is ALLOWED. `decided` tells what that rests on.",
        examples.AUTHORIZED,
    )
}


def routes(authorization: Authorization, addresses: Addresses) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/authorizations", tags=["authorizations"])

    @router.post(
        "",
        operation_id="authorize",
        summary="Ask whether a driver may charge at a charge point of ours",
        responses=_AUTHORIZED,
        openapi_extra=body(reference(AuthorizationOrder), examples.AUTHORIZATION),
    )
    async def authorize(request: Request) -> Response:
        order = validated(AuthorizationOrder, parse_object(await request.body()))
        named = order.own_party.party if order.own_party else None
        own_party = addresses.speaker(ModuleID.TOKENS, InterfaceRole.RECEIVER, named, "/own_party")
        return answer(authorization.authorize(own_party, order.uid, order.type, order.location))

    return router


def awaits_decision(request: StoredRequest) -> bool:
    """Whether a CPO asks by this request if a token of ours may be used."""
    return request.direction is Direction.RECEIVED and request.kind == AUTHORIZE


def decide(requests: Requests, request: StoredRequest, decision: wire.JsonObject) -> StoredRequest:
    """Give such a request its :class:`Decision`, which the CPO is being answered with; again it changes nothing.

    Raises:
        OcpiError: 2001 for a wrong decision; HTTP 409 if there is another, or it comes too late.
    """
    check_result(request, decision)
    decided = requests.conclude(request.id, decision) or requests.get(request.id) or request
    if decided.result != decision:
        raise conflict(f"the request is {decided.status}: the decision comes too late")
    return decided
