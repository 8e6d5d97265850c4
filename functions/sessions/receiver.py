"""GET, PUT and PATCH of Sessions, receiver interface (SES-10 to SES-18)."""

from fastapi import APIRouter, Request

from ocpi.intake import sessions
from ocpi.parties.ownership import owned
from ocpi.parties.serving import read, written
from ocpi.store.keys import ObjectId
from ocpi.store.objects import Objects
from ocpi.transport.envelope import OcpiResponse, success
from ocpi.transport.validation import parse_object
from ocpi.types.versions import ModuleID

_SESSION = "/{country_code}/{party_id}/{session_id}"


def routes(objects: Objects) -> APIRouter:
    """The routes of the interface."""
    router = APIRouter()

    @router.get(_SESSION)
    async def get(request: Request) -> OcpiResponse:
        return read(objects, _addressed(request), "Session")

    @router.put(_SESSION)
    async def put(request: Request) -> OcpiResponse:
        session = _addressed(request)
        return written(sessions.put(objects, session, parse_object(await request.body())))

    @router.patch(_SESSION)
    async def patch(request: Request) -> OcpiResponse:
        session = _addressed(request)
        sessions.patch(objects, session, parse_object(await request.body()))
        return success()

    return router


def _addressed(request: Request) -> ObjectId:
    names = request.path_params
    return owned(request, ModuleID.SESSIONS, names["country_code"], names["party_id"], names["session_id"])
