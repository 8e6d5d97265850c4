"""GET, PUT and PATCH of Sessions, receiver interface (SES-10 to SES-18)."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request

from ocpi import wire
from ocpi.parties.ownership import owned
from ocpi.store.keys import ObjectId
from ocpi.store.objects import Objects, Outcome
from ocpi.transport.envelope import OcpiResponse, stored, success
from ocpi.transport.patch import is_stale, last_updated, merged
from ocpi.transport.status import invalid, unknown
from ocpi.transport.validation import parse_object, require_same, validated
from ocpi.types.sessions import Session
from ocpi.types.versions import ModuleID

_SESSION = "/{country_code}/{party_id}/{session_id}"
_IDENTITY = ("country_code", "party_id", "id")


def routes(objects: Objects) -> APIRouter:
    """The routes of the interface."""
    router = APIRouter()

    @router.get(_SESSION)
    async def read(request: Request) -> OcpiResponse:
        session = _addressed(request)
        known = objects.get(session)
        if known is None:
            raise unknown(f"Session {session.id}")
        return stored(known.document)

    @router.put(_SESSION)
    async def put(request: Request) -> OcpiResponse:
        session = _addressed(request)
        document = parse_object(await request.body())
        validated(Session, document)
        for name, value in zip(_IDENTITY, request.path_params.values(), strict=True):
            require_same(name, value, str(document[name]))
        outcome = objects.put(session, document, last_updated(document))
        return success(http_status=201 if outcome is Outcome.CREATED else 200)

    @router.patch(_SESSION)
    async def patch(request: Request) -> OcpiResponse:
        session = _addressed(request)
        fields = parse_object(await request.body())
        last_updated(fields)

        def change(document: wire.JsonObject) -> tuple[wire.JsonObject, datetime] | None:
            if is_stale(fields, document):
                return None
            changed = merged(document, _with_all_periods(document, fields), _IDENTITY)
            validated(Session, changed)
            return changed, last_updated(changed)

        if objects.change(session, change) is None:
            raise unknown(f"Session {session.id}")
        return success()

    return router


def _addressed(request: Request) -> ObjectId:
    names = request.path_params
    return owned(request, ModuleID.SESSIONS, names["country_code"], names["party_id"], names["session_id"])


def _with_all_periods(session: wire.JsonObject, fields: wire.JsonObject) -> wire.JsonObject:
    """The fields of a PATCH, whose charging_periods are appended to the stored ones (SES-14, SES-15).

    A period that is stored already is left out, so that a PATCH sent twice counts once.
    """
    if "charging_periods" not in fields:
        return fields
    new: Any = [] if fields["charging_periods"] is None else fields["charging_periods"]
    if not isinstance(new, list):
        raise invalid("/charging_periods: must be a list")
    known: Any = session.get("charging_periods") or []
    return fields | {"charging_periods": [*known, *(period for period in new if period not in known)]}
