"""GET of our CDRs, sender interface (CDR-01, CDR-02)."""

from fastapi import APIRouter, Request

from ocpi.parties.audience import visible
from ocpi.parties.listing import Listing
from ocpi.transport.envelope import OcpiResponse
from ocpi.types.primitives import Role
from ocpi.types.versions import ModuleID


def routes(listing: Listing, url: str) -> APIRouter:
    """The routes of the interface, which partners know under `url`."""
    router = APIRouter()

    @router.get("")
    async def list_(request: Request) -> OcpiResponse:
        return listing.answer(request, visible(request, ModuleID.CDRS, {Role.HUB}), url)

    return router
