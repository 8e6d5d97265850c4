"""What a change in a table means for the sites."""

from collections.abc import Iterable
from typing import Any

from ocpi.push.messages import Reason
from ocpi.store import keys
from ocpi.store.keys import ObjectId
from ocpi.store.sites import Sites
from ocpi.store.table import Item
from ocpi.types.sessions import SessionStatus
from ocpi.types.versions import ModuleID
from outbox.records import content, images


class Outbox:
    """Keeps the ongoing sessions of every Location up to date and tells which sites have to be looked at."""

    def __init__(self, sites: Sites) -> None:
        self._sites = sites

    def work_through(self, records: Iterable[dict[str, Any]]) -> dict[str, Reason]:
        """The sites concerned by stream records, and why; a change outweighs a profile's answer."""
        concerned: dict[str, Reason] = {}
        for record in records:
            locations, reason = self._meaning(*images(record))
            for site_id in filter(None, map(self._sites.site_of, locations)):
                if concerned.get(site_id) is not Reason.CHANGE:
                    concerned[site_id] = reason
        return concerned

    def _meaning(self, old: Item, new: Item) -> tuple[set[str], Reason]:
        """The Locations concerned by a change, and why."""
        image = new or old
        if image.get("module") == ModuleID.SESSIONS and new:
            return self._session(old, new), Reason.CHANGE
        if image.get("module") == ModuleID.LOCATIONS:
            return {_object_id(image, ModuleID.LOCATIONS, "id").text}, Reason.CHANGE
        if image["sk"] == keys.SITE:
            return {_place(image)}, Reason.CHANGE
        if image["sk"].startswith(keys.PROFILE) and new and _partner_told(old, new):
            return {_place(image)}, Reason.PROFILE
        return set(), Reason.CHANGE

    def _session(self, old: Item, new: Item) -> set[str]:
        """Keep the ongoing sessions up to date; a session may have moved to another Location."""
        session, location = _session_and_location(new)
        before = _session_and_location(old)[1] if old else location
        status = content(new)["status"]
        if before != location:
            self._sites.end_session(before, session)
            self._sites.forget_profile(before, session)
        if status == SessionStatus.ACTIVE:
            self._sites.begin_session(location, session, new["document"])
        else:
            self._sites.end_session(location, session)
        if status == SessionStatus.COMPLETED:
            # Only now: a session that becomes active again finds its charge point obeying the profile it had.
            self._sites.forget_profile(location, session)
        return {before, location}


def _session_and_location(image: Item) -> tuple[ObjectId, str]:
    return (
        _object_id(image, ModuleID.SESSIONS, "id"),
        _object_id(image, ModuleID.LOCATIONS, "location_id").text,
    )


def _place(image: Item) -> str:
    return str(image["pk"]).partition("#")[2]


def _object_id(image: Item, module: ModuleID, id_field: str) -> ObjectId:
    document = content(image)
    owner = str(document["country_code"]), str(document["party_id"])
    return ObjectId(image["partner_id"], module, *owner, str(document[id_field]))


def _partner_told(old: Item, new: Item) -> bool:
    """Whether a profile's state changed because the partner has answered, not because we have asked."""
    before, after = content(old) if old else {}, content(new)
    answered = "pending" in before and "pending" not in after
    return answered or before.get("accepted") != after.get("accepted")
