"""What a change in a table means for the sites."""

from collections.abc import Iterable
from typing import Any

from ocpi import wire
from ocpi.push.messages import Reason
from ocpi.store import keys
from ocpi.store.keys import ObjectId
from ocpi.store.sites import Sites
from ocpi.store.table import Item, plain
from ocpi.types.sessions import SessionStatus
from ocpi.types.versions import ModuleID

TOLD_BY_PARTNER = ("accepted", "refusal", "refused_until")
"""The fields of a profile's state that change when a partner has answered, not when we have asked."""


class Outbox:
    """Keeps the ongoing sessions of every Location up to date and tells which sites have to be looked at."""

    def __init__(self, sites: Sites) -> None:
        self._sites = sites

    def work_through(self, records: Iterable[dict[str, Any]]) -> dict[str, Reason]:
        """The sites concerned by stream records, and why; a change outweighs a profile's answer."""
        concerned: dict[str, Reason] = {}
        for record in records:
            images = record["dynamodb"]
            old, new = plain(images.get("OldImage", {})), plain(images.get("NewImage", {}))
            site_id, reason = self._meaning(old, new)
            if site_id and concerned.get(site_id) is not Reason.CHANGE:
                concerned[site_id] = reason
        return concerned

    def _meaning(self, old: Item, new: Item) -> tuple[str | None, Reason]:
        image = new or old
        if image.get("module") == ModuleID.SESSIONS and new:
            return self._session(new), Reason.CHANGE
        if image.get("module") == ModuleID.LOCATIONS:
            return self._sites.site_of(_object_id(image, ModuleID.LOCATIONS, "id").text), Reason.CHANGE
        if image["sk"] == keys.CONFIG:
            return image["pk"].partition("#")[2], Reason.CHANGE
        if image["sk"].startswith(keys.PROFILE) and new and _partner_told(old, new):
            return self._sites.site_of(image["pk"].partition("#")[2]), Reason.PROFILE
        return None, Reason.CHANGE

    def _session(self, image: Item) -> str | None:
        session = _object_id(image, ModuleID.SESSIONS, "id")
        location = _object_id(image, ModuleID.LOCATIONS, "location_id").text
        if _document(image)["status"] == SessionStatus.ACTIVE:
            self._sites.begin_session(location, session, image["document"])
        else:
            self._sites.end_session(location, session)
        return self._sites.site_of(location)


def _object_id(image: Item, module: ModuleID, id_field: str) -> ObjectId:
    document = _document(image)
    owner = str(document["country_code"]), str(document["party_id"])
    return ObjectId(image["partner_id"], module, *owner, str(document[id_field]))


def _partner_told(old: Item, new: Item) -> bool:
    before, after = _document(old) if old else {}, _document(new)
    return any(before.get(name) != after.get(name) for name in TOLD_BY_PARTNER)


def _document(image: Item) -> wire.JsonObject:
    document = wire.loads(image["document"])
    assert isinstance(document, dict)  # noqa: S101 - only objects are stored
    return document
