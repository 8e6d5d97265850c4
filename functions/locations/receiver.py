"""GET, PUT and PATCH of Locations, EVSEs and connectors, receiver interface (LOC-06 to LOC-14)."""

from datetime import datetime

from fastapi import APIRouter, Request

from locations.parts import LOCATION, Level, Path, find, found, replaced, way
from ocpi import wire
from ocpi.parties.ownership import owned
from ocpi.store.keys import ObjectId
from ocpi.store.objects import Objects, Outcome
from ocpi.transport.envelope import OcpiResponse, stored, success
from ocpi.transport.patch import is_stale, last_updated, merged
from ocpi.transport.status import StatusCode, unknown
from ocpi.transport.validation import parse_object, require_same, validated
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
        location, path = _addressed(request)
        known = objects.get(location)
        if known is None:
            raise _unknown(location)
        return success(found(known.parsed(), path)) if path else stored(known.document)

    @router.put(_LOCATION)
    async def put_location(request: Request) -> OcpiResponse:
        location, _ = _addressed(request)
        document = await _body(request, LOCATION)
        return _answer(objects.put(location, document, last_updated(document)))

    @router.put(_EVSE)
    @router.put(_CONNECTOR)
    async def put_part(request: Request) -> OcpiResponse:
        location, path = _addressed(request)
        return _answer(_put_part(objects, location, path, await _body(request, path[-1][0])))

    @router.patch(_LOCATION)
    @router.patch(_EVSE)
    @router.patch(_CONNECTOR)
    async def patch(request: Request) -> OcpiResponse:
        location, path = _addressed(request)
        return _answer(_patch(objects, location, path, parse_object(await request.body())))

    return router


def _put_part(objects: Objects, location: ObjectId, path: Path, part: wire.JsonObject) -> Outcome:
    created = False

    def change(document: wire.JsonObject) -> tuple[wire.JsonObject, datetime] | None:
        nonlocal created
        known = find(document, path)
        created = known is None
        if known is not None and is_stale(part, known):
            return None
        changed = replaced(document, path, part)
        return changed, last_updated(changed)

    outcome = objects.change(location, change)
    if outcome is None:
        raise _unknown(location)
    return Outcome.CREATED if created else outcome


def _patch(objects: Objects, location: ObjectId, path: Path, fields: wire.JsonObject) -> Outcome:
    level = path[-1][0] if path else LOCATION
    last_updated(fields)

    def change(document: wire.JsonObject) -> tuple[wire.JsonObject, datetime] | None:
        known = found(document, path)
        if is_stale(fields, known):
            return None
        part = merged(known, fields, level.identity)
        validated(level.model, part)
        changed = replaced(document, path, part)
        return changed, last_updated(changed)

    outcome = objects.change(location, change)
    if outcome is None:
        raise _unknown(location)
    return outcome


def _addressed(request: Request) -> tuple[ObjectId, Path]:
    """The Location that the URL names, and the way to the part of it."""
    names = request.path_params
    location = owned(request, ModuleID.LOCATIONS, names["country_code"], names["party_id"], names["location_id"])
    return location, way(request)


async def _body(request: Request, level: Level) -> wire.JsonObject:
    """The checked body of a PUT, which names the same object as the URL."""
    document = parse_object(await request.body())
    validated(level.model, document)
    in_url = list(request.path_params.values())[-len(level.identity) :]
    for name, value in zip(level.identity, in_url, strict=True):
        require_same(name, value, str(document[name]))
    return document


def _answer(outcome: Outcome) -> OcpiResponse:
    return success(http_status=201 if outcome is Outcome.CREATED else 200)


def _unknown(location: ObjectId) -> Exception:
    return unknown(f"Location {location.id}", StatusCode.UNKNOWN_LOCATION)
