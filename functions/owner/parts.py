"""PUT, PATCH and GET of the EVSEs and connectors of our Locations."""

from dataclasses import dataclass

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import Response

from ocpi.intake import locations
from ocpi.intake.parts import way
from ocpi.store.keys import ObjectId
from ocpi.store.objects import Objects
from ocpi.transport.validation import parse_object
from ocpi.types.locations import EVSE, Connector
from ocpi.types.versions import ModuleID
from owner import examples
from owner.addressing import Addresses
from owner.answers import stored, written
from owner.describe import CHANGED, WRITTEN, body, found, patch_body, reference


@dataclass(frozen=True)
class Part:
    """A kind of part of a Location: where it is below the Location, what it is, one of it, and a change to it."""

    path: str
    model: type[BaseModel]
    example: examples.Example
    change: examples.Example


PARTS = (
    Part("/{evse_uid}", EVSE, examples.EVSE, examples.EVSE_CHANGE),
    Part("/{evse_uid}/{connector_id}", Connector, examples.CONNECTOR, examples.CONNECTOR_CHANGE),
)


def routes(part: Part, objects: Objects, addresses: Addresses) -> APIRouter:
    """The routes of one kind of part."""
    prefix = f"/{ModuleID.LOCATIONS}/{{country_code}}/{{party_id}}/{{location_id}}"
    router = APIRouter(prefix=prefix, tags=[ModuleID.LOCATIONS])
    name = part.model.__name__

    def addressed(request: Request) -> ObjectId:
        names = request.path_params
        return addresses.object(ModuleID.LOCATIONS, names["country_code"], names["party_id"], names["location_id"])

    @router.get(
        part.path,
        operation_id=f"get{name}",
        summary=f"Get one {name} of a Location of ours",
        responses=found(reference(part.model), part.example),
    )
    async def get(request: Request) -> Response:
        return stored(locations.read(objects, addressed(request), way(request.path_params)))

    @router.put(
        part.path,
        operation_id=f"put{name}",
        summary=f"Create or replace one {name} of a Location",
        responses=WRITTEN,
        openapi_extra=body(reference(part.model), part.example),
    )
    async def put(request: Request) -> Response:
        document = parse_object(await request.body())
        return written(locations.put(objects, addressed(request), way(request.path_params), document))

    @router.patch(
        part.path,
        operation_id=f"patch{name}",
        summary=f"Change some fields of one {name} of a Location",
        responses=CHANGED,
        openapi_extra=patch_body(part.model, part.change),
    )
    async def patch(request: Request) -> Response:
        fields = parse_object(await request.body())
        return written(locations.patch(objects, addressed(request), way(request.path_params), fields))

    return router
