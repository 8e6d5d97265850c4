"""GET of our Sessions, sender interface (SES-01, SES-02)."""

from fastapi import APIRouter, Request

from ocpi.parties.listing import Listing
from ocpi.parties.routing import addressed_party, requesting_party
from ocpi.store.lists import ObjectList
from ocpi.transport.envelope import OcpiResponse
from ocpi.transport.status import invalid
from ocpi.types.versions import ModuleID


def routes(listing: Listing, url: str) -> APIRouter:
    """The routes of the interface, which partners know under `url`."""
    router = APIRouter()

    @router.get("")
    async def list_(request: Request) -> OcpiResponse:
        if "date_from" not in request.query_params:
            raise invalid("query parameter date_from: must be given")
        sessions = ObjectList.own(ModuleID.SESSIONS, addressed_party(request), requesting_party(request))
        return listing.answer(request, sessions, url)

    return router
