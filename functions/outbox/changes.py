"""What a change in a table means for the sites."""

from collections.abc import Iterable
from typing import Any

from ocpi import wire
from ocpi.push.messages import Reason
from ocpi.store import keys
from ocpi.store.keys import ObjectId
from ocpi.store.sites import Sites
from ocpi.store.table import Item
from ocpi.types.sessions import SessionStatus
from ocpi.types.versions import ModuleID
from ocpi.visits.visit import GREW_AT
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
                if reason.outweighs(concerned.get(site_id)):
                    concerned[site_id] = reason
        return concerned

    def _meaning(self, old: Item, new: Item) -> tuple[set[str], Reason]:
        """The Locations concerned by a change, and why."""
        image = new or old
        if image.get("module") == ModuleID.SESSIONS and new:
            return self._session(old, new), Reason.SESSION
        if image.get("module") == ModuleID.LOCATIONS:
            return {_object_id(image, ModuleID.LOCATIONS, "id").text}, Reason.LOCATION
        if image["sk"] == keys.SITE:
            return {_place(image)}, Reason.SITE
        if image["sk"].startswith(keys.PROFILE) and new and (told := _told(old, new)):
            return {_place(image)}, told
        return set(), Reason.PROFILE

    def _session(self, old: Item, new: Item) -> set[str]:
        """Keep the ongoing sessions up to date; a session may have moved to another Location."""
        session, location = _session_and_location(new)
        before = _session_and_location(old)[1] if old else location
        status = content(new)["status"]
        if before != location:
            self._sites.end_session(before, session)
            self._sites.forget_profile(before, session)
        if status == SessionStatus.ACTIVE:
            self._sites.begin_session(location, session, self._noted(location, session, new))
        else:
            self._sites.end_session(location, session)
        if status == SessionStatus.COMPLETED:
            # Only now: a session that becomes active again finds its charge point obeying the profile it had.
            self._sites.forget_profile(location, session)
        return {before, location}

    def _noted(self, location: str, session: ObjectId, new: Item) -> str:
        """The Session, with when its meter was seen to move last: a car may be full long before it leaves."""
        before, told = self._sites.session(location, session), content(new)
        stands = before is not None and before.get("kwh") == told["kwh"]
        told[GREW_AT] = (before or {}).get(GREW_AT, told["last_updated"]) if stands else told["last_updated"]
        return wire.dumps(told).decode()


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


def _told(old: Item, new: Item) -> Reason | None:
    """What a partner has told by a change of a profile's state; None if it is we who changed it, to ask for another."""
    before, after = content(old) if old else {}, content(new)
    if after.get("request_id") not in (None, before.get("request_id")):
        return None
    if "refusal" in after and before.get("refused_until") != after["refused_until"]:
        return Reason.REFUSAL
    if "pending" in before and "pending" not in after:
        return Reason.PROFILE
    return Reason.TOLD if any(before.get(name) != after.get(name) for name in ("accepted", "doubtful")) else None
