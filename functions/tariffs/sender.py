"""GET of our Tariffs, sender interface (TAR-01)."""

from fastapi import APIRouter, Request

from ocpi.parties.listing import Listing
from ocpi.parties.routing import addressed_party
from ocpi.store.lists import ObjectList
from ocpi.transport.envelope import OcpiResponse
from ocpi.types.versions import ModuleID


def routes(listing: Listing, url: str) -> APIRouter:
    """The routes of the interface, which partners know under `url`."""
    router = APIRouter()

    @router.get("")
    async def list_(request: Request) -> OcpiResponse:
        return listing.answer(request, ObjectList.own(ModuleID.TARIFFS, addressed_party(request)), url)

    return router
