"""GET of our Locations, EVSEs and connectors, sender interface (LOC-01 to LOC-04)."""

from fastapi import APIRouter, Request

from ocpi.intake import locations
from ocpi.intake.parts import way
from ocpi.parties.listing import Listing
from ocpi.parties.ownership import ours
from ocpi.parties.routing import addressed_party
from ocpi.store.lists import ObjectList
from ocpi.store.objects import Objects
from ocpi.transport.envelope import OcpiResponse, stored
from ocpi.types.versions import ModuleID

_LOCATION = "/{location_id}"
_EVSE = _LOCATION + "/{evse_uid}"
_CONNECTOR = _EVSE + "/{connector_id}"


def routes(objects: Objects, listing: Listing, url: str) -> APIRouter:
    """The routes of the interface, which partners know under `url`."""
    router = APIRouter()

    @router.get("")
    async def list_(request: Request) -> OcpiResponse:
        return listing.answer(request, ObjectList.own(ModuleID.LOCATIONS, addressed_party(request)), url)

    @router.get(_LOCATION)
    @router.get(_EVSE)
    @router.get(_CONNECTOR)
    async def read(request: Request) -> OcpiResponse:
        location = ours(request, ModuleID.LOCATIONS, request.path_params["location_id"])
        return stored(locations.read(objects, location, way(request.path_params)))

    return router
