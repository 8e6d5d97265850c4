"""How getting the lists of partners goes: where the next pull begins, how far one has come, what was left out."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import batched
from uuid import uuid4

from pydantic import BaseModel, ConfigDict

from ocpi import clock, wire
from ocpi.store import keys
from ocpi.store.table import Table
from ocpi.transport.crawling import Place
from ocpi.types.parties import Party
from ocpi.types.primitives import DateTime
from ocpi.types.versions import ModuleID

MOST_EXAMPLES = 20
"""So many of the objects that a pull has left out are kept with their reasons."""

MAX_REASON_LENGTH = 500

SEEN_KEPT = timedelta(days=3)
"""How long it is kept what was on the pages of a full list."""

_SEEN_IN_ONE = 1_000
"""How many objects one item of them holds: an item weighs 400 kB at most."""


@dataclass(frozen=True)
class Skipped:
    """An object that was not taken, and why."""

    object: str
    reason: str


@dataclass(frozen=True)
class PulledList:
    """One list of a partner, as one of our parties asks for it; of a configuration module neither party is named."""

    partner_id: str
    module: ModuleID
    own_party: Party | None = None
    party: Party | None = None

    @property
    def key(self) -> keys.Key:
        """Where its record stands."""
        parties = (party for party in (self.own_party, self.party) if party)
        return keys.pull(self.partner_id, self.module, *((each.country_code, each.party_id) for each in parties))


class Checkpoint(BaseModel):
    """How far a pull has come."""

    model_config = ConfigDict(frozen=True)

    pull_id: str
    began: DateTime
    begins_next: DateTime
    """Whatever changes from then on is for the next pull: `began` by the partner's clock, if that is behind."""
    full: bool
    place: Place
    """The page to be read next."""
    objects: int
    skipped: int
    examples: tuple[Skipped, ...] = ()
    at_end: bool = False
    """Whether the list has been read to its end; left is to let go of what was not on it."""
    moved: bool = False
    """Whether objects have come, changed or gone since the pull began: another one may have been missed."""


class PullRecord(BaseModel):
    """How getting one list goes."""

    model_config = ConfigDict(frozen=True)

    module: ModuleID
    own_party: Party | None = None
    """Ours that asks; None on a configuration module."""
    party: Party | None = None
    """The partner's that is asked."""
    last_success: DateTime | None = None
    """When the last pull began that came to the list's end."""
    last_full: DateTime | None = None
    """The same of the last full one."""
    since: DateTime | None = None
    """From where on the next pull asks for what has changed; None for everything."""
    last_error: DateTime | None = None
    reason: str | None = None
    """What was wrong then."""
    failures: int = 0
    """In a row. A pull counts as one until it has come to its end."""
    next_at: DateTime | None = None
    """When the list is to be asked for next by itself; None at once."""
    objects: int = 0
    """How many objects the last pull brought that came to its end, changed or not."""
    skipped: int = 0
    """How many it left out."""
    examples: tuple[Skipped, ...] = ()
    """The first of them, and why."""
    checkpoint: Checkpoint | None = None
    """How far the pull has come that is under way, or was broken off."""
    unsure: Checkpoint | None = None
    """The last full pull, if the list moved meanwhile or lacked much: only what the next one lacks too is gone."""

    def asked_of(self, partner_id: str) -> PulledList:
        """Which list it is."""
        return PulledList(partner_id, self.module, self.own_party, self.party)


class Pulls:
    """The records in the deliveries table."""

    def __init__(self, table: str) -> None:
        self._table = Table(table)

    def of_partner(self, partner_id: str) -> list[PullRecord]:
        """Those of all lists of a partner that were ever asked for, by module and parties."""
        items = self._table.query(keys.all_pulls(partner_id))
        return [PullRecord.model_validate(wire.loads(item["document"])) for item in items]

    def get(self, pulled: PulledList) -> PullRecord:
        """That of one list; an empty one if it was never asked for."""
        item = self._table.get(pulled.key)
        return PullRecord.model_validate(wire.loads(item["document"])) if item else _empty(pulled)

    def change(self, pulled: PulledList, change: Callable[[PullRecord], PullRecord]) -> PullRecord:
        """Change a record, starting anew when someone else changed it meanwhile; returns what it is now."""
        return self._table.change(pulled.key, PullRecord, change, default=_empty(pulled))

    def clear(self, partner_id: str) -> Iterator[int]:
        """Forget when the lists of a partner were pulled; see :meth:`Table.clear`."""
        yield from self._table.clear(keys.all_pulls(partner_id))

    def see(self, pull_id: str, objects: Iterable[str]) -> None:
        """Note which objects were on a page of a full list, each as its :attr:`ObjectId.text`."""
        expires_at = int((clock.now() + SEEN_KEPT).timestamp())
        for some in batched(objects, _SEEN_IN_ONE, strict=False):
            item = {"document": wire.dumps(some).decode(), "expires_at": expires_at}
            self._table.put(keys.seen(pull_id, uuid4().hex), item)

    def seen(self, pull_id: str) -> Collection[str]:
        """All that were on its pages."""
        return {text for item in self._table.query(keys.all_seen(pull_id)) for text in _texts(item["document"])}


def _texts(document: str) -> list[str]:
    texts: list[str] = wire.loads(document)  # type: ignore[assignment]  # as it was written above
    return texts


def _empty(pulled: PulledList) -> PullRecord:
    return PullRecord(module=pulled.module, own_party=pulled.own_party, party=pulled.party)
