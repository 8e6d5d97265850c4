"""Lists of stored objects, by time of change: a page costs the same wherever it is in the list (TRA-15 to TRA-25)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from ocpi.store import keys
from ocpi.store.table import Index, Item, Table
from ocpi.types.parties import Party
from ocpi.types.versions import ModuleID

_OWNER = Index("by_owner", "owner_list", "list_position", "document, list_position")
_OWNER_KEYS = Index("by_owner_keys", "owner_list", "list_position", "list_position")
_AUDIENCE = Index("by_audience", "audience_list", "list_position", "document, list_position")
_AUDIENCE_KEYS = Index("by_audience_keys", "audience_list", "list_position", "list_position")

_IDS_AT_ONCE = 10_000

_END = "~"
"""After every position: they begin with a digit."""


@dataclass(frozen=True)
class ObjectList:
    """A list of objects: all of a module that one party owns, or those of them that concern one audience."""

    owner: str
    audience: str | None = None
    counted: bool = False
    """Whether a counter is kept of it, as of all our own."""

    @classmethod
    def own(cls, module: ModuleID, party: Party, audience: Party | None = None) -> Self:
        """What one of our parties owns; with an `audience`, only what concerns that party (TRA-28)."""
        owner = keys.owner_list(keys.OWN, module, party.country_code, party.party_id)
        concerned = keys.audience_list(owner, audience.country_code, audience.party_id) if audience else None
        return cls(owner, concerned, counted=True)

    @classmethod
    def of_partner(cls, partner_id: str, module: ModuleID, party: Party) -> Self:
        """What came from a party over a partner's connection."""
        return cls(keys.owner_list(partner_id, module, party.country_code, party.party_id))

    @property
    def id(self) -> str:
        """The list's id in its index, and in its counter."""
        return self.audience or self.owner

    @property
    def index(self) -> Index:
        """Where its documents are read from."""
        return _AUDIENCE if self.audience else _OWNER

    @property
    def keys_index(self) -> Index:
        """Where its positions are read and counted."""
        return _AUDIENCE_KEYS if self.audience else _OWNER_KEYS


@dataclass(frozen=True)
class Window:
    """A stretch of time: objects changed at `date_from` or later, and before `date_to` (TRA-16, TRA-17)."""

    date_from: datetime | None = None
    date_to: datetime | None = None

    @property
    def filtered(self) -> bool:
        """Whether anything is left out."""
        return bool(self.date_from or self.date_to)

    @property
    def first(self) -> str:
        """The first position in it."""
        return keys.sortable(self.date_from) if self.date_from else " "

    @property
    def last(self) -> str:
        """The last position in it; a position at `date_to` has its id behind the time, so it comes after."""
        return keys.sortable(self.date_to) if self.date_to else _END


@dataclass(frozen=True)
class Page:
    """Part of a list: JSON texts, and where the next page begins, or None if this is the last."""

    documents: list[str]
    after: str | None


class Lists:
    """The lists in the objects table. They are eventually consistent, as all secondary indexes are."""

    def __init__(self, table: str) -> None:
        self._table = Table(table)

    def page(self, objects: ObjectList, window: Window, after: str, limit: int) -> Page:
        """At most `limit` objects that stand behind the position `after`, or from the start if that is empty."""
        first = _behind(after) if after else window.first
        if first > window.last:
            return Page([], None)
        items, stopped = self._table.between(objects.index, objects.id, first, window.last, limit=limit + 1)
        there_is_more = stopped or len(items) > limit
        shown = items[:limit]
        return Page([item["document"] for item in shown], _position(shown[-1]) if there_is_more and shown else None)

    def skip(self, objects: ObjectList, window: Window, offset: int) -> str | None:
        """The position of the last of the first `offset` objects, empty for none; None if there are not so many."""
        if not offset:
            return ""
        first, left, position = window.first, offset, None
        while left and first <= window.last:
            items, stopped = self._table.between(objects.keys_index, objects.id, first, window.last, limit=left)
            left -= len(items)
            if not items or (left and not stopped):
                return None
            position = _position(items[-1])
            first = _behind(position)
        return position

    def ids(self, objects: ObjectList) -> Iterator[str]:
        """The ids of all objects of a list, in upper case."""
        first: str | None = " "
        while first:
            items, stopped = self._table.between(objects.keys_index, objects.id, first, _END, limit=_IDS_AT_ONCE)
            yield from (keys.id_at(_position(item)) for item in items)
            first = _behind(_position(items[-1])) if stopped or len(items) == _IDS_AT_ONCE else None

    def total(self, objects: ObjectList, window: Window) -> int:
        """How many objects the list holds in the window (TRA-22): one by one only if it is filtered or not counted."""
        if window.first > window.last:
            return 0
        if window.filtered or not objects.counted:
            return self._table.count(objects.keys_index, objects.id, window.first, window.last)
        return sum(int(shard["objects"]) for shard in self._table.query(keys.counters(objects.id)))


def _position(item: Item) -> str:
    return str(item["list_position"])


def _behind(position: str) -> str:
    """The first text behind a position: none of the characters in a position is smaller than a space."""
    return position + " "
