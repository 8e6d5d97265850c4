"""What a run adds to the record of its site: what was drawn and what might have been, who has left, what happened.

Pure: it says what is to be written, from what was read and decided, and from how far the record goes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ocpi.sites.record import Book, Event, LoadSlot, VisitRecord, hour_of
from optimizer.recording.happenings import happenings
from optimizer.recording.present import Present
from optimizer.recording.slots import Load, adding, joined, looked_at, slot
from optimizer.recording.visits import left, metered

EVERY = timedelta(minutes=1)
"""So often the record is taken further, unless somebody has left or a curtailment is to be proved."""


@dataclass(frozen=True)
class Entry:
    """What is to be written.

    `seen` are the slots in which somebody looked, with nothing drawn, `drawn` what the meters add to slots.
    """

    book: Book
    seen: Mapping[datetime, LoadSlot]
    drawn: Mapping[datetime, Load]
    visits: Sequence[VisitRecord]
    events: Sequence[Event]

    @property
    def first(self) -> datetime:
        """When the first slot begins that changes."""
        return min([*self.seen, *self.drawn])

    def hours(self, present: Present, known: Iterable[LoadSlot]) -> list[LoadSlot]:
        """All slots of the hours that change, in order; `known` are those on record from the hour of `first` on."""
        before = {slot.start: slot for slot in known}
        after = dict(before)
        for start in {*self.seen, *self.drawn}:
            slots = [each for each in (before.get(start), self.seen.get(start)) if each] or [slot(present, start, None)]
            after[start] = adding(joined(slots), self.drawn.get(start, {}))
        changed = {hour_of(start) for start in after if after[start] != before.get(start)}
        return [after[start] for start in sorted(after) if hour_of(start) in changed]


def due(book: Book | None, present: Present) -> bool:
    """Whether the record is to be taken further."""
    if book is None or not timedelta(0) <= present.now - book.at < EVERY:
        return True
    return bool(left(book, present.states)) or any(present.now < cap.end for _, cap in present.caps())


def entry(book: Book | None, present: Present) -> Entry:
    """What is to be written now."""
    meters, visits, taken = metered(book, present)
    going_on, events = happenings(book, present)
    return Entry(
        book=Book(at=present.now, meters=meters, ahead_a=present.ahead_a, open=going_on),
        seen={start: slot(present, start, allowed) for start, allowed in looked_at(book, present)},
        drawn=taken,
        visits=visits,
        events=events,
    )
