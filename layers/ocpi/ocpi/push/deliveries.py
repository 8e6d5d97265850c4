"""What each partner was sent last of each object of ours, so that it hears a change once, and small ones as such."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ocpi import clock
from ocpi.store import keys
from ocpi.store.keys import ObjectId
from ocpi.store.table import Conflict, Table

MAX_URL_LENGTH = 2_000

KEPT = timedelta(days=90)
"""After so long the next change of an object is simply sent whole."""


@dataclass(frozen=True)
class Delivery:
    """An object as a partner has confirmed it."""

    version: str
    """The :attr:`StoredObject.version`."""
    last_updated: datetime
    url: str | None = None
    """Where the partner keeps it, if it is a CDR (CDR-05)."""


class Deliveries:
    """The deliveries in the deliveries table."""

    def __init__(self, table: str) -> None:
        self._table = Table(table)

    def get(self, partner_id: str, object_id: ObjectId) -> Delivery | None:
        """The last delivery of an object to a partner, or None."""
        item = self._table.get(keys.delivered(partner_id, object_id.text))
        if item is None:
            return None
        return Delivery(item["version"], datetime.fromisoformat(item["last_updated"]), item.get("url"))

    def keep(self, partner_id: str, object_id: ObjectId, delivery: Delivery) -> None:
        """Keep a delivery, unless a newer one is kept: the queue may deliver a message twice, at the same time."""
        item: dict[str, Any] = {
            "version": delivery.version,
            "last_updated": keys.sortable(delivery.last_updated),
            "expires_at": int((clock.now() + KEPT).timestamp()),
        }
        if delivery.url:
            item["url"] = delivery.url[:MAX_URL_LENGTH]
        newest = "attribute_not_exists(pk) OR last_updated <= :new"
        with suppress(Conflict):
            key = keys.delivered(partner_id, object_id.text)
            self._table.put(key, item, newest, {":new": item["last_updated"]})

    def forget(self, partner_id: str, object_id: ObjectId) -> None:
        """The partner has the object no more."""
        self._table.delete(keys.delivered(partner_id, object_id.text))

    def clear(self, partner_id: str, owner_list: str = "") -> Iterator[int]:
        """Forget what a partner was sent: all, or one :attr:`ObjectId.owner_list` (:meth:`Table.clear`)."""
        yield from self._table.clear(keys.all_delivered(partner_id), f"{owner_list}*" if owner_list else "")
