"""OCPI objects, ours and those that partners own, each stored as the JSON it came as, beside its keys."""

import random
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import TYPE_CHECKING
from uuid import uuid4

from ocpi import clock, wire
from ocpi.store import keys
from ocpi.store.keys import ObjectId
from ocpi.store.table import Busy, Conflict, Item, Table, attempts
from ocpi.transport.status import invalid
from ocpi.transport.validation import MAX_BODY_BYTES
from ocpi.types.versions import ModuleID

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

COUNTER_SHARDS = 8

_WITH_AUDIENCE = (ModuleID.SESSIONS, ModuleID.CDRS)
"""Modules whose objects concern the party of their token alone."""


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
    listed: bool = True
    """Not so once a full pull did not bring it any more: it is no longer valid (LOC-05, TAR-02)."""

    @classmethod
    def of(cls, item: Item) -> "StoredObject":
        """From its item."""
        moment = datetime.fromisoformat(item["last_updated"])
        return cls(item["document"].encode(), moment, item["version"], "owner_list" in item)

    def parsed(self) -> wire.JsonObject:
        """The document as Python values."""
        return wire.loads_object(self.document)


_ABSENT = "attribute_not_exists(pk)"

type Change = Callable[[wire.JsonObject], tuple[wire.JsonObject, datetime] | None]
"""From the stored document to the new one and its last_updated; None to leave it as it is."""

type Draft = Callable[[StoredObject | None], tuple[wire.JsonObject, datetime] | None]
"""From what is stored, if anything, to the document that shall be; None to leave it as it is."""


class Objects:
    """The objects table."""

    def __init__(self, table: str) -> None:
        self._table = Table(table)

    def get(self, object_id: ObjectId) -> StoredObject | None:
        """The object, or None."""
        item = self._table.get(keys.stored_object(object_id))
        return StoredObject.of(item) if item else None

    def get_all(self, wanted: Iterable[ObjectId]) -> dict[str, StoredObject]:
        """Those that are there, by :attr:`ObjectId.text`.

        Raises:
            Busy: DynamoDB does not take so many reads for long.
        """
        ids = {keys.stored_object(object_id): object_id.text for object_id in wanted}
        return {ids[item["pk"], item["sk"]]: StoredObject.of(item) for item in self._table.get_all(ids)}

    def put(self, object_id: ObjectId, document: wire.JsonObject, last_updated: datetime) -> Outcome:
        """Create or replace an object, unless a newer one is stored (LOC-07, SES-11, decision 22).

        Raises:
            Busy: others write it all the time.
        """
        if object_id.ours:  # it stands in counted lists, so the counters change in the same transaction
            newer = (document, last_updated)
            return self.write(object_id, lambda known: None if known and known.last_updated > last_updated else newer)
        item = _item(object_id, document, last_updated)
        newest = "attribute_not_exists(pk) OR last_updated <= :new"
        try:
            replaced = self._table.put(keys.stored_object(object_id), item, newest, {":new": item["last_updated"]})
        except Busy:
            raise
        except Conflict:
            return Outcome.IGNORED
        return Outcome.UPDATED if replaced else Outcome.CREATED

    def add(self, object_id: ObjectId, document: wire.JsonObject, last_updated: datetime) -> StoredObject | None:
        """Store an object that never changes; returns what is stored already under its id, if anything (CDR-07).

        Raises:
            Busy: others write it, or the counter of its list, all the time.
        """
        item = _item(object_id, document, last_updated)
        for _ in attempts():
            try:
                self._replace(object_id, None, item)
            except Conflict:
                if stored := self.get(object_id):
                    return stored
            else:
                return None
        raise Busy

    def write(self, object_id: ObjectId, draft: Draft) -> Outcome:
        """Create or change an object by what is stored, starting anew when someone else changed it meanwhile."""
        key = keys.stored_object(object_id)
        for _ in attempts():
            known = self._table.get(key)
            drafted = draft(StoredObject.of(known) if known else None)
            if drafted is None:
                return Outcome.IGNORED
            with suppress(Conflict):
                self._replace(object_id, known, _item(object_id, *drafted))
                return Outcome.UPDATED if known else Outcome.CREATED
        return Outcome.IGNORED

    def change(self, object_id: ObjectId, change: Change) -> Outcome | None:
        """Change a stored object, starting anew when someone else changed it meanwhile; None if there is none."""
        known = True

        def draft(stored: StoredObject | None) -> tuple[wire.JsonObject, datetime] | None:
            nonlocal known
            known = stored is not None
            return change(stored.parsed()) if stored else None

        outcome = self.write(object_id, draft)
        return outcome if known else None

    def delete(self, object_id: ObjectId) -> bool:
        """Remove an object; False if there is none (TAR-05)."""
        key = keys.stored_object(object_id)
        for _ in attempts():
            known = self._table.get(key)
            if known is None:
                return False
            actions = [self._table.delete_action(key, "version = :read", {":read": known["version"]})]
            actions += [self._count(list_id, -1) for list_id in _counted(object_id, known)]
            try:
                self._table.transact(actions)
            except Conflict:
                continue
            return True
        return False

    def unlist(self, object_id: ObjectId, since: datetime) -> bool:
        """Take an object out of its list: its owner lists it no more. Whatever comes of it later puts it back.

        Returns whether it was taken out; one that was written at `since` or later is alive.
        """
        key = keys.stored_object(object_id)
        known = self._table.get(key)
        if known is None or "owner_list" not in known or known.get("written", "") >= keys.sortable(since):
            return False
        item = {name: value for name, value in known.items() if name not in ("pk", "sk", "owner_list")}
        try:
            self._table.put(key, item, "version = :read", {":read": known["version"]})
        except Busy:
            raise
        except Conflict:  # changed meanwhile, so it is alive
            return False
        return True

    def _replace(self, object_id: ObjectId, known: Item | None, item: Item) -> None:
        """Write `item` if what is stored is still `known`, and keep the counters of the lists right."""
        key = keys.stored_object(object_id)
        condition, values = ("version = :read", {":read": known["version"]}) if known else (_ABSENT, None)
        before, after = _counted(object_id, known), _counted(object_id, item)
        if before == after:
            self._table.put(key, item, condition, values)
            return
        counts = [self._count(list_id, -1) for list_id in before - after]
        counts += [self._count(list_id, 1) for list_id in after - before]
        self._table.transact([self._table.put_action(key, item, condition, values), *counts])

    def _count(self, list_id: str, number: int) -> "TransactWriteItemTypeDef":
        shard = random.randrange(COUNTER_SHARDS)  # noqa: S311 - no secret
        return self._table.add_action(keys.counter(list_id, shard), "objects", number)


def _counted(object_id: ObjectId, item: Item | None) -> set[str]:
    """The lists that an item counts in; only our own are counted."""
    if item is None or not object_id.ours:
        return set()
    return {item["owner_list"], *filter(None, [item.get("audience_list")])}


def _item(object_id: ObjectId, document: wire.JsonObject, last_updated: datetime) -> Item:
    text = wire.dumps(document)
    if len(text) > MAX_BODY_BYTES:
        raise invalid(f"the object would have {len(text)} bytes; at most {MAX_BODY_BYTES} are kept")
    item = {
        "partner_id": object_id.partner_id,
        "module": object_id.module,
        "document": text.decode(),
        "last_updated": keys.sortable(last_updated),
        "version": uuid4().hex,
        "written": keys.sortable(clock.now()),
        "owner_list": object_id.owner_list,
        "list_position": object_id.position(last_updated),
    }
    audience = _audience(object_id, document)
    return item | {"audience_list": audience} if audience else item


def _audience(object_id: ObjectId, document: wire.JsonObject) -> str | None:
    """The second list that an object stands in: ours by whom they concern, Tokens of eMSPs by their uid."""
    if object_id.module is ModuleID.TOKENS and not object_id.ours:
        return keys.tokens_list(object_id.id)
    if object_id.module not in _WITH_AUDIENCE or not object_id.ours:
        return None
    token: wire.JsonObject = document["cdr_token"]  # type: ignore[assignment]  # validated before it is stored
    return keys.audience_list(object_id.owner_list, str(token["country_code"]), str(token["party_id"]))
