"""What visits to the sites teach: each is learned when it is over, once, by its Session or else by its CDR."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from ocpi import wire
from ocpi.logs import logger
from ocpi.store.histories import Histories
from ocpi.store.keys import ObjectId
from ocpi.store.sites import Sites
from ocpi.store.table import Item
from ocpi.types.cdrs import CDR
from ocpi.types.sessions import Session, SessionStatus
from ocpi.types.versions import ModuleID
from ocpi.visits.visit import Visit, preferences, visit_of_cdr, visit_of_session
from outbox.records import content, images


class Learning:
    """Learns from what partners tell of sessions that are over."""

    def __init__(self, sites: Sites, histories: Histories) -> None:
        self._sites = sites
        self._histories = histories

    def learn(self, records: Iterable[dict[str, Any]], now: datetime) -> int:
        """Learn all visits that stream records bring; returns how many were new.

        What cannot be learned is logged and left: a plan does without, but nobody else may wait for it.
        """
        return sum(self._safely(*images(record), now) for record in records)

    def _safely(self, old: Item, new: Item, now: datetime) -> bool:
        try:
            return self._learn(old, new, now)
        except Exception:  # noqa: BLE001 - whatever it is: those who come after it in the stream are not its fault
            logger.exception("a visit was not learned")
            return False

    def _learn(self, old: Item, new: Item, now: datetime) -> bool:
        match new.get("module"):
            case ModuleID.SESSIONS:
                return self._session(old, new, now)
            case ModuleID.CDRS if not old:
                return self._cdr(new, now)
        return False

    def _session(self, old: Item, new: Item, now: datetime) -> bool:
        document = content(new)
        if document["status"] != SessionStatus.COMPLETED:
            return False
        session = Session.model_validate(document)
        site = self._site(new, session, session.location_id)
        if site is None:
            return False
        # A partner may leave the preferences out of its last word.
        told = preferences(document) or (preferences(content(old)) if old else None)
        visit = visit_of_session(str(site["id"]), session, told, float(str(site["voltage_v"])))
        return self._observe(site, _id(new, ModuleID.SESSIONS, session, session.id).text, visit, now)

    def _cdr(self, new: Item, now: datetime) -> bool:
        """Learn from a CDR for which there is no Session that was learned, or that goes on and will be."""
        cdr = CDR.model_validate(content(new))
        site = self._site(new, cdr, cdr.cdr_location.id)
        if site is None or cdr.credit:
            return False
        module, id_ = (ModuleID.SESSIONS, cdr.session_id) if cdr.session_id else (ModuleID.CDRS, cdr.id)
        visit = _id(new, module, cdr, id_)
        location = _id(new, ModuleID.LOCATIONS, cdr, cdr.cdr_location.id)
        if self._sites.session(location.text, visit):
            return False
        return self._observe(site, visit.text, visit_of_cdr(str(site["id"]), cdr), now)

    def _site(self, image: Item, owner: Session | CDR, location_id: str) -> wire.JsonObject | None:
        """The site that a Location belongs to, as its energy manager described it."""
        site_id = self._sites.site_of(_id(image, ModuleID.LOCATIONS, owner, location_id).text)
        config = self._sites.config(site_id) if site_id else None
        return wire.loads_object(config.document) if config else None

    def _observe(self, site: wire.JsonObject, session: str, visit: Visit, now: datetime) -> bool:
        if not visit.sensible(now):
            logger.warning("a visit cannot have been so and is not learned", session_id=session)
            return False
        return self._histories.learn(str(site["id"]), session, visit, ZoneInfo(str(site["time_zone"])), now)


def _id(image: Item, module: ModuleID, owner: Session | CDR, id_: str) -> ObjectId:
    return ObjectId(image["partner_id"], module, owner.country_code, owner.party_id, id_)
