"""GET, PUT and DELETE of the charging profile of a session, receiver interface (CHP-01 to CHP-05)."""

from typing import Any

from fastapi import APIRouter, Request

from chargingprofiles.desk import ProfileDesk
from chargingprofiles.query import RESPONSE_URL, ProfileQuery
from chargingprofiles.request import ProfileRequest
from ocpi.parties.ownership import ours
from ocpi.parties.routing import addressed_party, requesting_party
from ocpi.requests.bodies import ACTIVE, CLEAR, SET
from ocpi.requests.response_urls import require_own
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
        require_own(request.state.caller, query.response_url, RESPONSE_URL)
        return success(desk.take(_asked(request, ACTIVE, document)))

    @router.put(_SESSION)
    async def put(request: Request) -> OcpiResponse:
        body = parse_object(await request.body(), MAX_REQUEST_BYTES)
        validated(SetChargingProfile, body)
        require_own(request.state.caller, str(body["response_url"]), "/response_url")
        return success(desk.take(_asked(request, SET, body)))

    @router.delete(_SESSION)
    async def delete(request: Request) -> OcpiResponse:
        query = ProfileQuery.of(request.scope["query_string"].decode("latin-1"))
        require_own(request.state.caller, query.response_url, RESPONSE_URL)
        return success(desk.take(_asked(request, CLEAR, {"response_url": query.response_url})))

    return router


def _asked(request: Request, kind: str, document: dict[str, Any]) -> ProfileRequest:
    caller: Partner = request.state.caller
    session = ours(request, ModuleID.SESSIONS, request.path_params["session_id"])
    return ProfileRequest(kind, session, document, caller, requesting_party(request), addressed_party(request))
