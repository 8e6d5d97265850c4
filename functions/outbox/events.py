"""What a change in a table means for the owner's backend: an event, if a partner has caused it."""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Any

from ocpi import wire
from ocpi.push.events import Event
from ocpi.store import keys
from ocpi.store.requests import Direction, RequestStatus
from ocpi.store.table import Item
from ocpi.types.sessions import SessionStatus
from ocpi.types.versions import ModuleID
from outbox.records import content, images


class DetailType(StrEnum):
    """The kinds of events (docs/owner-api.md shows one of each)."""

    LOCATION = "LocationChanged"
    SESSION = "SessionChanged"
    CDR = "CdrReceived"
    TARIFF = "TariffChanged"
    TOKEN = "TokenChanged"  # noqa: S105 - no secret
    CLIENT_INFO = "ClientInfoChanged"
    COMMAND = "CommandReceived"
    CHARGING_PROFILE = "ChargingProfileRequested"
    AUTHORIZATION = "AuthorizationRequested"
    REQUEST_ENDED = "RequestEnded"
    ACTIVE_PROFILE = "ActiveChargingProfileReceived"
    PREFERENCES = "ChargingPreferencesReceived"
    RESERVATION = "ReservationChanged"


class Change(StrEnum):
    """What became of an object."""

    CREATED = "CREATED"
    UPDATED = "UPDATED"
    DELETED = "DELETED"
    WITHDRAWN = "WITHDRAWN"
    """Its owner lists it no more; it is no longer valid (LOC-05)."""


_OBJECTS = {
    ModuleID.LOCATIONS: DetailType.LOCATION,
    ModuleID.SESSIONS: DetailType.SESSION,
    ModuleID.CDRS: DetailType.CDR,
    ModuleID.TARIFFS: DetailType.TARIFF,
    ModuleID.TOKENS: DetailType.TOKEN,
    ModuleID.HUB_CLIENT_INFO: DetailType.CLIENT_INFO,
}
_REQUESTS = {
    ModuleID.COMMANDS: DetailType.COMMAND,
    ModuleID.CHARGING_PROFILES: DetailType.CHARGING_PROFILE,
    ModuleID.TOKENS: DetailType.AUTHORIZATION,
}
_NAMES = {
    ModuleID.TOKENS: ("country_code", "party_id", "uid", "type"),
    ModuleID.HUB_CLIENT_INFO: ("country_code", "party_id", "role"),
}
_USUAL_NAMES = ("country_code", "party_id", "id")
"""What tells an object from the others of its module."""

_UNTOLD = "response_url"
"""A result goes there by the platform alone."""


def events_of(records: Iterable[dict[str, Any]]) -> Iterator[Event]:
    """The events that stream records mean.

    Each has an `event_id`, which is the same when the stream delivers a record again.
    """
    for record in records:
        old, new = images(record)
        for event in _meaning(old, new):
            yield Event(event.detail_type, {"event_id": record["eventID"]} | event.detail)


def _meaning(old: Item, new: Item) -> Iterator[Event]:
    image = new or old
    match image["sk"]:
        case "OBJECT" if image["partner_id"] == keys.OWN:
            yield from _own_object(old, new)
        case "OBJECT":
            yield from _received_object(old, new)
        case "REQUEST" if "document" in image:  # those of the optimizer have none
            yield from _request(old, new)
        case "ACTIVE_PROFILE" if new:
            yield _active_profile(new)


def _received_object(old: Item, new: Item) -> Iterator[Event]:
    change = _change(old, new)
    if change is None:
        return
    image = new or old
    module, document = ModuleID(image["module"]), content(image)
    names = {name: document[name] for name in _NAMES.get(module, _USUAL_NAMES)}
    detail: wire.JsonObject = {"partner_id": image["partner_id"], "module": module, **names, "change": change}
    yield Event(_OBJECTS[module], detail if change is Change.DELETED else detail | {"document": document})


def _own_object(old: Item, new: Item) -> Iterator[Event]:
    """What becomes of our Sessions by partners: drivers' preferences, and reservations, which begin and end here."""
    if not new or new["module"] != ModuleID.SESSIONS:
        return
    before, session = content(old) if old else {}, content(new)
    names = {name: session[name] for name in _USUAL_NAMES}
    preferences = session.get("charging_preferences")
    if preferences and preferences != before.get("charging_preferences"):
        yield Event(DetailType.PREFERENCES, {**names, "document": preferences})
    change = _change(old, new)
    if change and SessionStatus.RESERVATION in (before.get("status"), session["status"]):
        yield Event(DetailType.RESERVATION, {**names, "change": change, "document": session})


def _change(old: Item, new: Item) -> Change | None:
    """What became of an object; None if it was only written again as it was."""
    if not new:
        return Change.DELETED
    if not old:
        return Change.CREATED
    if "owner_list" in old and "owner_list" not in new:
        return Change.WITHDRAWN
    return None if old["document"] == new["document"] else Change.UPDATED


def _request(old: Item, new: Item) -> Iterator[Event]:
    """A request that a partner has made, or the end of any; it is forgotten after a day without a word."""
    if not new:
        return
    before, request = content(old) if old else {}, content(new)
    if request.get("forwarded") or request.get("forwards"):  # passed on between an SCSP and a CPO (CHP-30)
        return
    pending = request["status"] == RequestStatus.PENDING
    if pending and not old and request["direction"] == Direction.RECEIVED:
        yield Event(_REQUESTS[ModuleID(str(request["module"]))], _told(request, "deadline"))
    elif not pending and any(request.get(name) != before.get(name) for name in ("status", "result")):
        yield Event(DetailType.REQUEST_ENDED, _told(request, "direction", "status", "answer", "result", "failure"))


def _told(request: wire.JsonObject, *further: str) -> wire.JsonObject:
    """What is told of a request; its `answer` is called response, as in the owner API."""
    names = ("module", "kind", "partner_id", "own_party", "party", *further)
    told = {"response" if name == "answer" else name: request[name] for name in names if request.get(name) is not None}
    asked: Any = request["document"]
    document = {name: value for name, value in asked.items() if name != _UNTOLD}
    return {"request_id": request["id"], **told, "document": document}


def _active_profile(new: Item) -> Event:
    told = content(new)
    names = {name: told[name] for name in ("country_code", "party_id", "session_id")}
    detail: wire.JsonObject = {"partner_id": new["partner_id"], **names}
    return Event(DetailType.ACTIVE_PROFILE, detail | {"document": told["active_charging_profile"]})
