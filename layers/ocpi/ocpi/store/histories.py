"""What was learned of the visits to each site, in the sites table."""

from collections.abc import Iterable
from datetime import datetime, timedelta, tzinfo
from typing import TYPE_CHECKING
from uuid import uuid4

from ocpi import wire
from ocpi.logs import logger
from ocpi.store import keys
from ocpi.store.table import Conflict, Item, Table, attempts
from ocpi.visits.record import Record, observed, readable
from ocpi.visits.visit import Visit

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

KEPT = timedelta(days=365)
"""What was learned of a driver or an EVSE is forgotten when nobody came for so long."""

VISITS_KEPT = timedelta(days=60)
"""So late a stream or a CDR may still tell of a visit that was learned."""


class Histories:
    """Learns visits, each once, and tells what was learned."""

    def __init__(self, table: str) -> None:
        self._table = Table(table)

    def learned(self, site_id: str, scopes: Iterable[str]) -> dict[str, wire.JsonObject]:
        """What was learned of the visits to a site, by scope (:mod:`ocpi.visits`); nothing of a scope that is new."""
        known = {}
        for item in self._table.get_all(keys.learned(site_id, scope) for scope in scopes):
            try:
                known[item["sk"]] = wire.loads_object(item["document"])
            except (KeyError, wire.NotJson):
                logger.exception("what was learned cannot be read", site_id=site_id, scope=item["sk"])
        return known

    def visited(self, session: str) -> bool:
        """Whether the visit of this session was learned."""
        return self._table.get(keys.learned_visit(session)) is not None

    def learn(self, site_id: str, session: str, visit: Visit, zone: tzinfo, now: datetime) -> bool:
        """Learn a visit to a site, unless that was done before; returns whether it was new.

        Args:
            site_id: the site.
            session: stands for the visit; see :func:`ocpi.store.keys.learned_visit`.
            visit: a sensible one.
            zone: of the site.
            now: the present time.

        Raises:
            Busy: others learn of the same site all the time.
        """
        once = self._table.put_action(
            keys.learned_visit(session), {"expires_at": _expiry(now, VISITS_KEPT)}, "attribute_not_exists(pk)"
        )
        for _ in attempts():
            if self.visited(session):
                return False
            known = {scope: self._table.get(keys.learned(site_id, scope)) for scope in visit.arrival.scopes}
            records = readable({scope: wire.loads_object(item["document"]) for scope, item in known.items() if item})
            actions = [
                self._put(site_id, scope, record, known[scope], now)
                for scope, record in observed(records, visit, zone).items()
            ]
            try:
                self._table.transact([once, *actions])
            except Conflict:
                continue
            return True
        raise AssertionError  # attempts() raises Busy

    def _put(
        self, site_id: str, scope: str, record: Record, known: Item | None, now: datetime
    ) -> "TransactWriteItemTypeDef":
        """Write a record if it is still as it was read."""
        new: Item = {
            "document": wire.dumps(record.document()).decode(),
            "revision": uuid4().hex,
            "expires_at": _expiry(now, KEPT),
        }
        unchanged = "revision = :read" if known else "attribute_not_exists(pk)"
        values = {":read": known["revision"]} if known else None
        return self._table.put_action(keys.learned(site_id, scope), new, unchanged, values)


def _expiry(now: datetime, kept: timedelta) -> int:
    return int((now + kept).timestamp())
