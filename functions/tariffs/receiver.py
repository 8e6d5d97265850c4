"""GET, PUT and DELETE of Tariffs, receiver interface (TAR-03 to TAR-06)."""

from fastapi import APIRouter, Request

from ocpi.intake import tariffs
from ocpi.parties.ownership import owned
from ocpi.parties.serving import read, written
from ocpi.store.keys import ObjectId
from ocpi.store.objects import Objects
from ocpi.transport.envelope import OcpiResponse, success
from ocpi.transport.validation import parse_object
from ocpi.types.versions import ModuleID

_TARIFF = "/{country_code}/{party_id}/{tariff_id}"


def routes(objects: Objects) -> APIRouter:
    """The routes of the interface."""
    router = APIRouter()

    @router.get(_TARIFF)
    async def get(request: Request) -> OcpiResponse:
        return read(objects, _addressed(request), "Tariff")

    @router.put(_TARIFF)
    async def put(request: Request) -> OcpiResponse:
        tariff = _addressed(request)
        return written(tariffs.put(objects, tariff, parse_object(await request.body())))

    @router.delete(_TARIFF)
    async def delete(request: Request) -> OcpiResponse:
        tariffs.delete(objects, _addressed(request))
        return success()

    return router


def _addressed(request: Request) -> ObjectId:
    names = request.path_params
    return owned(request, ModuleID.TARIFFS, names["country_code"], names["party_id"], names["tariff_id"])
