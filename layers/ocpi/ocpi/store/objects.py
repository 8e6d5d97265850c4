"""OCPI objects that partners own, each stored as the JSON it came as, beside its keys."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto
from uuid import uuid4

from ocpi import wire
from ocpi.store import keys
from ocpi.store.keys import ObjectId
from ocpi.store.table import Conflict, Item, Table, attempts
from ocpi.transport.status import invalid
from ocpi.transport.validation import MAX_BODY_BYTES


class Outcome(Enum):
    """What a write did."""

    CREATED = auto()
    UPDATED = auto()
    IGNORED = auto()
    """The stored object is newer than the one that came (decision 22)."""


@dataclass(frozen=True)
class StoredObject:
    """An object as stored: `document` is its JSON text, unknown fields included."""

    document: bytes
    last_updated: datetime
    version: str
    """Another one after every write."""

    @classmethod
    def of(cls, item: Item) -> "StoredObject":
        """From its item."""
        moment = datetime.fromisoformat(item["last_updated"])
        return cls(item["document"].encode(), moment, item["version"])

    def parsed(self) -> wire.JsonObject:
        """The document as Python values."""
        return wire.loads_object(self.document)


type Change = Callable[[wire.JsonObject], tuple[wire.JsonObject, datetime] | None]
"""From the stored document to the new one and its last_updated; None to leave it as it is."""


class Objects:
    """The objects table."""

    def __init__(self, table: str) -> None:
        self._table = Table(table)

    def get(self, object_id: ObjectId) -> StoredObject | None:
        """The object, or None."""
        item = self._table.get(keys.stored_object(object_id))
        return StoredObject.of(item) if item else None

    def put(self, object_id: ObjectId, document: wire.JsonObject, last_updated: datetime) -> Outcome:
        """Create or replace an object, unless a newer one is stored (LOC-07, SES-11, decision 22)."""
        item = _item(object_id, document, last_updated)
        newest = "attribute_not_exists(pk) OR last_updated <= :new"
        try:
            replaced = self._table.put(keys.stored_object(object_id), item, newest, {":new": item["last_updated"]})
        except Conflict:
            return Outcome.IGNORED
        return Outcome.UPDATED if replaced else Outcome.CREATED

    def change(self, object_id: ObjectId, change: Change) -> Outcome | None:
        """Change a stored object, starting anew when someone else changed it meanwhile; None if there is none."""
        for _ in attempts():
            stored = self.get(object_id)
            if stored is None:
                return None
            changed = change(stored.parsed())
            if changed is None:
                return Outcome.IGNORED
            try:
                key = keys.stored_object(object_id)
                self._table.put(key, _item(object_id, *changed), "version = :read", {":read": stored.version})
            except Conflict:
                continue
            return Outcome.UPDATED
        return None


def _item(object_id: ObjectId, document: wire.JsonObject, last_updated: datetime) -> Item:
    text = wire.dumps(document)
    if len(text) > MAX_BODY_BYTES:
        raise invalid(f"the object would have {len(text)} bytes; at most {MAX_BODY_BYTES} are kept")
    return {
        "partner_id": object_id.partner_id,
        "module": object_id.module,
        "document": text.decode(),
        "last_updated": _sortable(last_updated),
        "version": uuid4().hex,
    }


def _sortable(moment: datetime) -> str:
    """A timestamp whose order as text is its order in time."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
