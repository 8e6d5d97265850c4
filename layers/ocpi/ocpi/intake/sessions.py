"""Sessions that come in, from their CPO or from our own backend (SES-10 to SES-18)."""

from collections.abc import Hashable
from datetime import datetime

from ocpi import wire
from ocpi.intake.identity import IDENTITY, checked, items
from ocpi.store.keys import ObjectId
from ocpi.store.objects import Objects, Outcome, StoredObject
from ocpi.transport.patch import is_stale, last_updated, merged
from ocpi.transport.status import invalid, unknown
from ocpi.transport.validation import validated
from ocpi.types.primitives import parse_datetime, same
from ocpi.types.sessions import NOT_AVAILABLE, Session, SessionStatus

_RESERVED_ONLY = {SessionStatus.RESERVATION, SessionStatus.COMPLETED, SessionStatus.INVALID}
"""What a reservation may be that never got an EVSE: waiting for one, or over."""

_BEGUN = {SessionStatus.ACTIVE, SessionStatus.COMPLETED}


def put(objects: Objects, session: ObjectId, document: wire.JsonObject) -> Outcome:
    """Create or replace a Session, all its charging_periods included (SES-11, SES-12, decision 22).

    Raises:
        OcpiError: 2001 naming what is wrong.
    """
    checked(Session, session, document)
    if not session.ours:
        return objects.put(session, document, last_updated(document))

    def draft(known: StoredObject | None) -> tuple[wire.JsonObject, datetime] | None:
        if known is None:
            return _ours(document, None)
        stored = known.parsed()
        if is_stale(document, stored):
            return None
        changed = _begun(_with_preferences(document, stored), stored)
        return None if changed == stored else _ours(changed, stored)

    return objects.write(session, draft)


def patch(objects: Objects, session: ObjectId, fields: wire.JsonObject) -> Outcome:
    """Change some fields of a Session; its charging_periods are appended (SES-13 to SES-15, decisions 21 and 22).

    Raises:
        OcpiError: 2001 naming what is wrong; HTTP 404 if there is no such Session.
    """
    last_updated(fields)

    def change(document: wire.JsonObject) -> tuple[wire.JsonObject, datetime] | None:
        if is_stale(fields, document):
            return None
        changed = merged(document, _with_all_periods(document, fields), IDENTITY)
        validated(Session, changed)
        if not session.ours:
            return changed, last_updated(changed)
        changed = _begun(changed, document)
        return None if changed == document else _ours(changed, document)

    outcome = objects.change(session, change)
    if outcome is None:
        raise unknown(f"Session {session.id}")
    return outcome


def _with_all_periods(session: wire.JsonObject, fields: wire.JsonObject) -> wire.JsonObject:
    """The fields of a PATCH, whose charging_periods are appended to the stored ones (SES-14, SES-15).

    A period that is stored already is left out, so that a PATCH sent twice counts once.
    """
    if "charging_periods" not in fields:
        return fields
    new = [] if fields["charging_periods"] is None else fields["charging_periods"]
    if not isinstance(new, list):
        raise invalid("/charging_periods: must be a list")
    known = items(session, "charging_periods")
    seen = set(map(_hashable, known))
    return fields | {"charging_periods": [*known, *(period for period in new if _hashable(period) not in seen)]}


def _hashable(value: wire.Json) -> Hashable:
    """Equal for equal JSON: there may be thousands of periods, too many to compare each with each."""
    match value:
        case dict():
            return frozenset((name, _hashable(item)) for name, item in value.items())
        case list():
            return tuple(map(_hashable, value))
    return value


def _with_preferences(session: wire.JsonObject, known: wire.JsonObject) -> wire.JsonObject:
    """What a driver wants came from the eMSP, so the backend's next PUT need not know of it."""
    return {name: known[name] for name in ("charging_preferences",) if name in known} | session


def _begun(session: wire.JsonObject, known: wire.JsonObject) -> wire.JsonObject:
    """With the start that it has: while it was PENDING, the time of its creation; once it is ACTIVE, when that began.

    The backend may go on with the start that it has sent first; it is not moved back to that (SES-25).
    """
    before, after = (parse_datetime(str(each["start_date_time"])) for each in (known, session))
    if (known["status"], session["status"]) == (SessionStatus.PENDING, SessionStatus.ACTIVE) and before == after:
        return session | {"start_date_time": session["last_updated"]}
    if known["status"] in _BEGUN and after < before:
        return session | {"start_date_time": known["start_date_time"]}
    return session


def _ours(session: wire.JsonObject, known: wire.JsonObject | None) -> tuple[wire.JsonObject, datetime]:
    """A Session of ours as it is to be stored, where `known` is stored.

    Raises:
        OcpiError: 2001 for a change after COMPLETED (SES-21), and a charging session without an EVSE (SES-26).
    """
    if known and known["status"] == SessionStatus.COMPLETED:
        raise invalid("/status: the Session is COMPLETED, and no such Session is ever changed")
    nowhere = same(NOT_AVAILABLE, str(session["evse_uid"])) or same(NOT_AVAILABLE, str(session["connector_id"]))
    if nowhere and (session["status"] not in _RESERVED_ONLY or session["kwh"]):
        raise invalid(f"/evse_uid: {NOT_AVAILABLE} is only for a reservation that has no EVSE and connector yet")
    return session, last_updated(session)
