"""Locations, EVSEs and connectors that come in, from their CPO or from our own backend (LOC-06 to LOC-18)."""

from datetime import datetime

from ocpi import wire
from ocpi.intake.identity import checked
from ocpi.intake.own_location import publishable
from ocpi.intake.parts import LOCATION, Path, find, found, replaced
from ocpi.store.keys import ObjectId
from ocpi.store.objects import Objects, Outcome, StoredObject
from ocpi.transport.patch import is_stale, last_updated, merged
from ocpi.transport.status import OcpiError, StatusCode, unknown
from ocpi.transport.validation import require_same, validated
from ocpi.types.locations import Location


def read(objects: Objects, location: ObjectId, path: Path) -> bytes:
    """The JSON text of a stored Location, or of the part of it at `path` (LOC-02, LOC-03, LOC-06).

    Raises:
        OcpiError: HTTP 404 with 2003 if there is none.
    """
    known = objects.get(location)
    if known is None:
        raise _unknown(location)
    return wire.dumps(found(known.parsed(), path)) if path else known.document


def put(objects: Objects, location: ObjectId, path: Path, document: wire.JsonObject) -> Outcome:
    """Create or replace a Location, or the part of it at `path` (LOC-07 to LOC-09, decision 22).

    Raises:
        OcpiError: 2001 naming what is wrong; HTTP 404 with 2003 for a part of what is not there (decision 23).
    """
    if path:
        return _put_part(objects, location, path, document)
    checked(Location, location, document)
    if not location.ours:
        return objects.put(location, document, last_updated(document))

    def draft(known: StoredObject | None) -> tuple[wire.JsonObject, datetime] | None:
        if known and last_updated(document) < known.last_updated:
            return None
        return _changed(objects, location, document, known.parsed() if known else None)

    return objects.write(location, draft)


def patch(objects: Objects, location: ObjectId, path: Path, fields: wire.JsonObject) -> Outcome:
    """Change some fields of a Location, or of the part of it at `path` (LOC-11 to LOC-13, decisions 21 and 22).

    Raises:
        OcpiError: 2001 naming what is wrong; HTTP 404 with 2003 for what is not there.
    """
    level = path[-1][0] if path else LOCATION
    last_updated(fields)

    def change(document: wire.JsonObject) -> tuple[wire.JsonObject, datetime] | None:
        known = found(document, path)
        if is_stale(fields, known):
            return None
        part = merged(known, fields, level.identity)
        validated(level.model, part)
        return _changed(objects, location, replaced(document, path, part), document)

    outcome = objects.change(location, change)
    if outcome is None:
        raise _unknown(location)
    return outcome


def _put_part(objects: Objects, location: ObjectId, path: Path, part: wire.JsonObject) -> Outcome:
    level, id_ = path[-1]
    validated(level.model, part)
    require_same(level.id_field, id_, str(part[level.id_field]))
    created = False

    def change(document: wire.JsonObject) -> tuple[wire.JsonObject, datetime] | None:
        nonlocal created
        known = find(document, path)
        created = known is None
        if known is not None and is_stale(part, known):
            return None
        return _changed(objects, location, replaced(document, path, part), document)

    outcome = objects.change(location, change)
    if outcome is None:
        raise _unknown(location)
    return Outcome.CREATED if created else outcome


def _changed(
    objects: Objects, location: ObjectId, document: wire.JsonObject, known: wire.JsonObject | None
) -> tuple[wire.JsonObject, datetime]:
    if location.ours:
        document = publishable(objects, location, document, known)
    return document, last_updated(document)


def _unknown(location: ObjectId) -> OcpiError:
    return unknown(f"Location {location.id}", StatusCode.UNKNOWN_LOCATION)
