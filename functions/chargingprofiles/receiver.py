"""GET, PUT and DELETE of the charging profile of a session, receiver interface (CHP-01 to CHP-05)."""

from typing import Any

from fastapi import APIRouter, Request

from chargingprofiles.query import ProfileQuery
from chargingprofiles.taking import ProfileDesk
from chargingprofiles.wish import Wish
from ocpi.parties.ownership import ours
from ocpi.parties.routing import addressed_party, requesting_party
from ocpi.requests.bodies import ACTIVE, CLEAR, SET
from ocpi.store.partner import Partner
from ocpi.transport.envelope import OcpiResponse, success
from ocpi.transport.status import invalid
from ocpi.transport.validation import MAX_REQUEST_BYTES, parse_object, validated
from ocpi.types.chargingprofiles import SetChargingProfile
from ocpi.types.versions import ModuleID

_SESSION = "/{session_id}"


def routes(desk: ProfileDesk) -> APIRouter:
    """The routes of the interface."""
    router = APIRouter()

    @router.get(_SESSION)
    async def get(request: Request) -> OcpiResponse:
        query = ProfileQuery.of(request.scope["query_string"].decode("latin-1"))
        if query.duration is None:
            raise invalid("query parameter duration: must be given")
        document = {"duration": query.duration, "response_url": query.response_url}
        return success(desk.take(_wish(request, ACTIVE, document)))

    @router.put(_SESSION)
    async def put(request: Request) -> OcpiResponse:
        body = parse_object(await request.body(), MAX_REQUEST_BYTES)
        validated(SetChargingProfile, body)
        return success(desk.take(_wish(request, SET, body)))

    @router.delete(_SESSION)
    async def delete(request: Request) -> OcpiResponse:
        query = ProfileQuery.of(request.scope["query_string"].decode("latin-1"))
        return success(desk.take(_wish(request, CLEAR, {"response_url": query.response_url})))

    return router


def _wish(request: Request, kind: str, document: dict[str, Any]) -> Wish:
    caller: Partner = request.state.caller
    session = ours(request, ModuleID.SESSIONS, request.path_params["session_id"])
    return Wish(kind, session, document, caller, requesting_party(request), addressed_party(request))
