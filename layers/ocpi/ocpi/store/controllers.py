"""Who controls the charging of a session, and what its charge point will do (CHP-07, CHP-17 to CHP-19)."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict

from ocpi import clock, wire
from ocpi.store import keys
from ocpi.store.keys import ObjectId
from ocpi.store.table import Conflict, Table
from ocpi.types.parties import Party

KEPT = timedelta(days=60)
"""Longer than any session lasts."""

ASKED_KEPT = timedelta(days=1)


class Controller(BaseModel):
    """A party that has set a charging profile on a session: it is to hear of every change (CHP-18)."""

    model_config = ConfigDict(frozen=True)

    partner_id: str
    party: Party | None
    own_party: Party
    """Ours, which it has asked."""


class Controllers:
    """What the objects table knows of charging profiles set by partners; a session is its :attr:`ObjectId.text`."""

    def __init__(self, table: str) -> None:
        self._table = Table(table)

    def add(self, session: str, controller: Controller) -> None:
        """A party has successfully set a charging profile on a session."""
        party = controller.party or Party("", "")
        item = {"document": wire.dumps(controller).decode(), "expires_at": _expiry(KEPT)}
        self._table.put(keys.controller(session, controller.partner_id, party.country_code, party.party_id), item)

    def of(self, session: str) -> Iterator[Controller]:
        """Everyone who has set a charging profile on a session."""
        for item in self._table.query(keys.controllers(session)):
            yield Controller.model_validate(wire.loads(item["document"]))

    def may_ask(self, session: str, interval: timedelta) -> bool:
        """Whether a request about a session's profile comes no sooner after the last than `interval` (CHP-07)."""
        now = clock.now()
        item = {"asked": keys.sortable(now), "expires_at": _expiry(ASKED_KEPT)}
        since = {":since": keys.sortable(now - interval)}
        try:
            self._table.put(keys.profile_asked(session), item, "attribute_not_exists(pk) OR asked <= :since", since)
        except Conflict:
            return False
        return True

    def not_asked(self, session: str) -> None:
        """Nothing has come of the last request: the next one may follow at once."""
        self._table.put(keys.profile_asked(session), {"asked": "", "expires_at": _expiry(ASKED_KEPT)})

    def keep_active_profile(self, session: ObjectId, active: wire.JsonObject, told: datetime) -> None:
        """The ActiveChargingProfile of a partner's session: the latest is kept, and the stream tells of it."""
        document = {
            "country_code": session.country_code,
            "party_id": session.party_id,
            "session_id": session.id,
            "told": told,
            "active_charging_profile": active,
        }
        item = {
            "partner_id": session.partner_id,
            "document": wire.dumps(document).decode(),
            "expires_at": _expiry(KEPT),
        }
        self._table.put(keys.active_profile(session), item)


def _expiry(kept: timedelta) -> int:
    return int((clock.now() + kept).timestamp())
