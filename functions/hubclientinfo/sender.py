"""GET of who is connected to us as a hub, sender interface (HUB-01)."""

from fastapi import APIRouter, Request

from hubclientinfo.connected import Connected
from ocpi.parties.listing import Listing
from ocpi.parties.secrets import Hasher
from ocpi.store.lists import ObjectList
from ocpi.store.partner import Partner
from ocpi.store.partners import Partners
from ocpi.transport.envelope import OcpiResponse


def routes(partners: Partners, hasher: Hasher, url: str) -> APIRouter:
    """The routes of the interface, which partners know under `url`."""
    router = APIRouter()

    @router.get("")
    async def list_(request: Request) -> OcpiResponse:
        caller: Partner = request.state.caller
        listing = Listing(Connected(partners, caller), hasher)
        return listing.answer(request, ObjectList(f"CLIENTS#{caller.id}"), url)

    return router
