"""GET of our Sessions, and what drivers want of them; sender interface (SES-01 to SES-09)."""

from fastapi import APIRouter, Request

from ocpi.parties.audience import visible
from ocpi.parties.listing import Listing
from ocpi.parties.ownership import ours
from ocpi.store.lists import ObjectList
from ocpi.store.objects import Objects
from ocpi.store.partner import Partner, Quirk
from ocpi.transport.envelope import OcpiResponse, success
from ocpi.transport.status import invalid
from ocpi.transport.validation import parse_object
from ocpi.types.primitives import Role
from ocpi.types.versions import ModuleID
from sessions.preferences import set_preferences

_SEES_ALL = {Role.SCSP, Role.HUB}
"""An SCSP plans for a whole site, so it has to know of every session there."""


def routes(objects: Objects, listing: Listing, url: str) -> APIRouter:
    """The routes of the interface, which partners know under `url`."""
    router = APIRouter()

    @router.get("")
    async def list_(request: Request) -> OcpiResponse:
        _require_date_from(request)
        return listing.answer(request, _visible(request), url)

    @router.put("/{session_id}/charging_preferences")
    async def prefer(request: Request) -> OcpiResponse:
        session = ours(request, ModuleID.SESSIONS, request.path_params["session_id"])
        document = parse_object(await request.body())
        return success(set_preferences(objects, session, document, _visible(request)))

    return router


def _require_date_from(request: Request) -> None:
    """Sessions are the one list that is never asked for whole (SES-02, decision 7)."""
    caller: Partner = request.state.caller
    if "date_from" not in request.query_params and not caller.has(Quirk.LENIENT_DATE_FROM):
        raise invalid("query parameter date_from: must be given")


def _visible(request: Request) -> ObjectList:
    return visible(request, ModuleID.SESSIONS, _SEES_ALL)
