"""What is on record of each site, in the sites table: loads, visits, events, and the signals of grid operators."""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import batched, groupby
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from ocpi import wire
from ocpi.logs import logger
from ocpi.sites.record import LONGEST_SIGNAL, Book, Event, LoadSlot, Signal, VisitRecord, hour_of
from ocpi.store import keys
from ocpi.store.leases import Lease, LeaseLost, Leases
from ocpi.store.table import Busy, Conflict, Item, Table, attempts, moment

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

KEPT = timedelta(days=400)
"""A year can be compared with the one before."""

PART_BYTES = 350_000
"""How much of a document goes into one item, which holds 400 kB with its keys."""

WRITTEN_AT_ONCE = 100
"""What one transaction takes."""

_INSTANT = timedelta(microseconds=1)
_PROOF = {"obeyed_at", "load_before_kw", "load_after_kw"}
"""Of a signal, what the optimizer notes, while others may change the rest."""
_SLOTS = TypeAdapter(list[LoadSlot])


class Ledgers:
    """The record of sites. Periods are from `start` up to, but without, `end`."""

    def __init__(self, table: str) -> None:
        self._table = Table(table)
        self._leases = Leases(table)

    # Loads

    def loads(self, site_id: str, start: datetime, end: datetime) -> list[LoadSlot]:
        """The slots that begin within a period, oldest first."""
        hours = (keys.site_hour(site_id, moment)[1] for moment in (hour_of(start), end - _INSTANT))
        items = self._table.span(keys.site_loads(site_id), *hours)
        return [slot for item in items for slot in _slots(site_id, item) if start <= slot.start < end]

    # Visits

    def visits(self, site_id: str, start: datetime, end: datetime) -> Iterator[VisitRecord]:
        """The visits that ended within a period, the last first; read as far as they are asked for."""
        for item in self._within(keys.site_visits(site_id), start, end):
            try:
                yield VisitRecord.model_validate_json(item["document"])
            except ValidationError:
                logger.exception("a visit cannot be read", site_id=site_id, visit=item["sk"])

    def put_visits(self, site_id: str, visits: Sequence[VisitRecord], now: datetime) -> None:
        """Note visits that are over; noting one twice changes nothing."""
        self._write(
            self._table.put_action(
                keys.site_visit(site_id, visit.departure, visit.id),
                {"document": wire.dumps(visit).decode(), "expires_at": _expiry(now)},
            )
            for visit in visits
        )

    # Events

    def events(self, site_id: str, start: datetime, end: datetime) -> Iterator[Event]:
        """What happened within a period, the last first; read as far as it is asked for."""
        for item in self._within(keys.site_events(site_id), start, end):
            try:
                yield Event.model_validate_json(item["document"])
            except ValidationError:
                logger.exception("an event cannot be read", site_id=site_id, event=item["sk"])

    def note_event(self, site_id: str, *events: Event) -> None:
        """Note what happened; noting it twice changes nothing."""
        self._write(self.event_action(site_id, event) for event in events)

    def event_action(self, site_id: str, event: Event) -> "TransactWriteItemTypeDef":
        """The same for a transaction, so that no edit goes without its author."""
        item: Item = {"document": wire.dumps(event).decode(), "expires_at": _expiry(event.at)}
        return self._table.put_action(keys.site_event(site_id, event.at, event.kind, event.subject), item)

    # Grid operators' signals

    def signal(self, site_id: str, signal_id: str) -> Signal | None:
        """A signal, or None."""
        place = self._table.get(keys.site_signal_place(site_id, signal_id))
        item = self._table.get((keys.site_signals(site_id), place["place"])) if place else None
        return _signal(item) if item else None

    def signals(self, site_id: str, start: datetime, end: datetime) -> Iterator[Signal]:
        """The signals that hold at some time of a period, the one that starts last first; read as far as they are
        asked for."""
        signals = map(_signal, self._within(keys.site_signals(site_id), start - LONGEST_SIGNAL, end))
        return (signal for signal in signals if signal.end > start)

    def signal_actions(self, site_id: str, signal: Signal) -> "list[TransactWriteItemTypeDef]":
        """Note a new signal, in a transaction; if there is one of its id, that is in conflict."""
        key, expires_at = keys.site_signal(site_id, signal.start, signal.signal_id), _expiry(signal.end)
        document = signal.model_dump_json(exclude=_PROOF | {"cancelled_at"}, exclude_none=True)
        place = keys.site_signal_place(site_id, signal.signal_id)
        return [
            self._table.put_action(place, {"place": key[1], "expires_at": expires_at}, "attribute_not_exists(pk)"),
            self._table.put_action(key, {"document": document, "expires_at": expires_at}),
        ]

    def cancel_action(self, site_id: str, signal: Signal, now: datetime) -> "TransactWriteItemTypeDef":
        """Note that a signal is taken back, in a transaction; once it was, that is in conflict."""
        return self._table.update_action(
            keys.site_signal(site_id, signal.start, signal.signal_id),
            {"cancelled_at": keys.sortable(now)},
            condition="attribute_not_exists(cancelled_at)",
        )

    def prove(self, site_id: str, signal: Signal) -> None:
        """Note when a signal was obeyed, and what was drawn before and after; one that is not there stays so."""
        proof = wire.dumps(signal.model_dump(include=_PROOF, mode="json")).decode()
        with suppress(Conflict):
            self._table.update(
                keys.site_signal(site_id, signal.start, signal.signal_id),
                {"proof": proof},
                condition="attribute_exists(pk)",
            )

    # How far the record goes

    def metered_until(self, site_id: str) -> datetime | None:
        """Up to when meters have told what was drawn; None: nothing is on record."""
        book = self.book(site_id)
        return book.metered_until if book else None

    def book(self, site_id: str) -> Book | None:
        """How far the record goes, with the meters of ongoing sessions; None: nothing is on record, or readable."""
        items = list(self._table.query(keys.site_meters(site_id)))
        if not items:
            return None
        try:
            parts = [item["part"].value for item in items[: int(items[0]["parts"])]]
            return Book.model_validate_json(zlib.decompress(b"".join(parts)))
        except (KeyError, zlib.error, ValidationError):
            logger.exception("how far the record goes cannot be read", site_id=site_id)
            return None

    def write(self, lease: Lease, book: Book, slots: Sequence[LoadSlot], events: Sequence[Event]) -> None:
        """Take the record further, all or nothing: what was metered is in the loads once.

        Args:
            lease: that the site is the writer's.
            book: how far it goes now.
            slots: all slots of the hours in which something has changed.
            events: what happened meanwhile.

        Raises:
            LeaseLost: the site is somebody else's by now.
            Busy: others write it all the time.
        """
        site_id = lease.site_id
        hours = [self._put_hour(site_id, hour, list(some)) for hour, some in groupby(slots, key=_hour_of)]
        noted = [self.event_action(site_id, event) for event in events]
        actions = [self._leases.check(lease), *self._put_book(site_id, book), *hours, *noted]
        for _ in attempts():
            try:
                self._table.transact(actions)
            except Busy:
                continue
            except Conflict:
                raise LeaseLost from None
            return

    def _put_hour(self, site_id: str, hour: datetime, slots: list[LoadSlot]) -> "TransactWriteItemTypeDef":
        document = zlib.compress(_SLOTS.dump_json(slots, exclude_defaults=True))
        return self._table.put_action(keys.site_hour(site_id, hour), {"slots": document, "expires_at": _expiry(hour)})

    def _put_book(self, site_id: str, book: Book) -> "Iterator[TransactWriteItemTypeDef]":
        """Each part says how many there are: what is left of a longer book counts no more."""
        document = zlib.compress(book.model_dump_json(exclude_defaults=True).encode())
        parts = [document[start : start + PART_BYTES] for start in range(0, len(document), PART_BYTES)]
        for number, part in enumerate(parts):
            item: Item = {"part": part, "parts": len(parts), "expires_at": _expiry(book.at)}
            yield self._table.put_action(keys.site_meters_part(site_id, number), item)

    def _write(self, actions: "Iterable[TransactWriteItemTypeDef]") -> None:
        """Write many items, as many at once as there may be."""
        for some in batched(actions, WRITTEN_AT_ONCE, strict=False):
            self._table.transact(some)

    def _within(self, partition: str, start: datetime, end: datetime) -> Iterator[Item]:
        """The items of a partition that begin with a time within a period, the last first."""
        if start >= end:
            return iter(())
        return self._table.span(partition, keys.sortable(start), keys.sortable(end - _INSTANT) + "~", newest_first=True)


def _slots(site_id: str, item: Item) -> list[LoadSlot]:
    try:
        return _SLOTS.validate_json(zlib.decompress(item["slots"].value))
    except (KeyError, zlib.error, ValidationError):
        logger.exception("loads cannot be read", site_id=site_id, hour=item["sk"])
        return []


def _signal(item: Item) -> Signal:
    """What its operator has sent, what proves that it was obeyed, and when it was taken back: each has one writer."""
    document, proof = (wire.loads_object(item.get(name, "{}")) for name in ("document", "proof"))
    return Signal.model_validate(document | proof | {"cancelled_at": moment(item, "cancelled_at")})


def _hour_of(slot: LoadSlot) -> datetime:
    return hour_of(slot.start)


def _expiry(moment: datetime) -> int:
    return int((moment + KEPT).timestamp())
