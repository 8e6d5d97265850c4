"""PATCH: only the given fields change (TRA-32, LOC-11, LOC-12, SES-13, decisions 21 and 22)."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from ocpi import clock, wire
from ocpi.transport.status import invalid
from ocpi.types.primitives import parse_datetime, same

MOST_AHEAD = timedelta(days=366)
"""How far a partner's clock may be ahead. It is for typing errors: a year too far is one, an hour may be a zone."""


def last_updated(document: wire.JsonObject) -> datetime:
    """When a document was changed last.

    Raises:
        OcpiError: 2001 if ``last_updated`` is missing or no DateTime.
    """
    value = document.get("last_updated")
    if not isinstance(value, str):
        raise invalid("/last_updated: must be given, as a UTC time such as 2026-11-22T08:30:00Z")
    try:
        moment = parse_datetime(value)
    except ValueError as error:
        raise invalid(f"/last_updated: {error}") from None
    if moment > clock.now() + MOST_AHEAD:
        raise invalid("/last_updated: lies in the future; nothing newer could replace the object")
    return moment


def is_stale(change: wire.JsonObject, stored: wire.JsonObject) -> bool:
    """Whether `stored` is newer than the change, which is then ignored."""
    return last_updated(change) < last_updated(stored)


def merged(stored: wire.JsonObject, patch: wire.JsonObject, identity: Iterable[str]) -> wire.JsonObject:
    """`stored` with the fields of `patch`; null clears a field, so a required one is then missed by validation.

    Raises:
        OcpiError: 2001 if a field of the `identity` would change.
    """
    for name in identity:
        if name in patch and not same(str(patch[name]), str(stored[name])):
            raise invalid(f"/{name}: what identifies an object cannot be changed")
    return {name: value for name, value in (stored | patch).items() if value is not None}
