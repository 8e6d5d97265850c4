"""GET, PUT and PATCH of Locations, EVSEs and connectors, receiver interface (LOC-06 to LOC-14)."""

from fastapi import APIRouter, Request

from ocpi.intake import locations
from ocpi.intake.parts import way
from ocpi.parties.ownership import owned
from ocpi.parties.serving import written
from ocpi.store.keys import ObjectId
from ocpi.store.objects import Objects
from ocpi.transport.envelope import OcpiResponse, stored, success
from ocpi.transport.validation import parse_object
from ocpi.types.versions import ModuleID

_LOCATION = "/{country_code}/{party_id}/{location_id}"
_EVSE = _LOCATION + "/{evse_uid}"
_CONNECTOR = _EVSE + "/{connector_id}"


def routes(objects: Objects) -> APIRouter:
    """The routes of the interface."""
    router = APIRouter()

    @router.get(_LOCATION)
    @router.get(_EVSE)
    @router.get(_CONNECTOR)
    async def read(request: Request) -> OcpiResponse:
        return stored(locations.read(objects, _addressed(request), way(request.path_params)))

    @router.put(_LOCATION)
    @router.put(_EVSE)
    @router.put(_CONNECTOR)
    async def put(request: Request) -> OcpiResponse:
        location = _addressed(request)
        document = parse_object(await request.body())
        return written(locations.put(objects, location, way(request.path_params), document))

    @router.patch(_LOCATION)
    @router.patch(_EVSE)
    @router.patch(_CONNECTOR)
    async def patch(request: Request) -> OcpiResponse:
        location = _addressed(request)
        locations.patch(objects, location, way(request.path_params), parse_object(await request.body()))
        return success()

    return router


def _addressed(request: Request) -> ObjectId:
    names = request.path_params
    return owned(request, ModuleID.LOCATIONS, names["country_code"], names["party_id"], names["location_id"])
