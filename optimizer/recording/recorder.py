"""Keeps the record of a site, at the end of a run.

Nothing waits for it, and what goes wrong here is logged: a site is controlled, whether or not anybody writes it down.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from ocpi import wire
from ocpi.logs import logger
from ocpi.sites.record import SLOT, Book, Event, EventKind, Signal, hour_of
from ocpi.store.keys import ObjectId
from ocpi.store.leases import Lease
from ocpi.store.ledgers import Ledgers
from ocpi.store.objects import Objects, StoredObject
from ocpi.types.sessions import Session
from optimizer.inputs import Inputs
from optimizer.recording.curtailments import awaits, load_kw, loads_proved, proof
from optimizer.recording.entry import due, entry
from optimizer.recording.happenings import left_short, undecided
from optimizer.recording.present import Present
from optimizer.situation import Decision

ENOUGH_S = 10.0
"""With less time left than this the record waits for another run."""


@dataclass(frozen=True)
class Recorder:
    """Writes what happened at a site into its ledger."""

    ledgers: Ledgers
    objects: Objects

    def keep(self, lease: Lease, inputs: Inputs, decision: Decision, left_s: Callable[[], float]) -> bool:
        """Take the record of a site further, if it is time; returns whether it waits for what partners answer: there is
        a curtailment that is not obeyed yet.

        Args:
            lease: that the site is ours.
            inputs: what the run has read.
            decision: what came of it, all of which was sent.
            left_s: how many seconds the function still has.
        """
        if left_s() < ENOUGH_S:
            return False
        try:
            return self._keep(lease, inputs, decision)
        except Exception:  # noqa: BLE001 - whatever it is: the site is looked at again, and so is its record
            logger.exception("the record was not kept", site_id=lease.site_id)
            return False

    def undecided(self, lease: Lease, why: str, now: datetime) -> None:
        """Note that nothing could be decided at a site, once."""
        try:
            book = self.ledgers.book(lease.site_id)
            if (noted := undecided(book, why, now)) is not None:
                self.ledgers.write(lease, noted[0], [], [noted[1]])
        except Exception:  # noqa: BLE001 - as above
            logger.exception("the record was not kept", site_id=lease.site_id)

    def _keep(self, lease: Lease, inputs: Inputs, decision: Decision) -> bool:
        book = self.ledgers.book(lease.site_id)
        present = Present(decision, inputs.sessions)
        if not due(book, present):
            return False
        present = Present(decision, inputs.sessions, self._gone(book, present))
        new = entry(book, present)
        # A visit stands under its own key: written twice, it is there once.
        self.ledgers.put_visits(lease.site_id, new.visits, present.now)
        self.ledgers.note_event(lease.site_id, *filter(None, map(left_short, new.visits)))
        known = self.ledgers.loads(lease.site_id, hour_of(new.first), present.now + SLOT)
        self.ledgers.write(lease, new.book, new.hours(present, known), new.events)
        self._prove(lease.site_id, book, present)
        return awaits(new.book)

    def _gone(self, book: Book | None, present: Present) -> dict[str, Session]:
        """The Sessions of those who are not there any more, as they are now, where one can be read."""
        gone = set(book.meters) - set(present.states) if book else ()
        stored = self.objects.get_all(map(ObjectId.of_text, gone))
        sessions = ((id_, _session(id_, each)) for id_, each in stored.items())
        return {id_: session for id_, session in sessions if session}

    def _prove(self, site_id: str, book: Book | None, present: Present) -> None:
        """Note which curtailments are obeyed, and what they have done to the load."""
        for branch, cap in present.caps():
            signal = self.ledgers.signal(site_id, cap.signal_id)
            if signal is None or signal.cancelled_at:
                continue
            obeyed = proof(signal, branch, cap, book, present)
            proved = self._with_loads(site_id, obeyed or signal, present)
            if proved == signal:
                continue
            self.ledgers.prove(site_id, proved)
            if obeyed and obeyed.obeyed_at:
                self.ledgers.note_event(site_id, _curtailed(obeyed, obeyed.obeyed_at))

    def _with_loads(self, site_id: str, signal: Signal, present: Present) -> Signal:
        starts = loads_proved(signal, present)
        if starts is None:
            return signal
        before, after = (self._load_kw(site_id, start, signal.node, present) for start in starts)
        return signal.model_copy(update={"load_before_kw": before, "load_after_kw": after})

    def _load_kw(self, site_id: str, start: datetime, node: str, present: Present) -> float | None:
        slots = self.ledgers.loads(site_id, start, start + SLOT)
        return load_kw(next(iter(slots), None), node, present.site.voltage_v)


def _session(id_: str, stored: StoredObject) -> Session | None:
    try:
        return Session.model_validate(stored.parsed())
    except (ValidationError, wire.NotJson):
        logger.exception("a session that is over cannot be read", session_id=id_)
        return None


def _curtailed(signal: Signal, obeyed_at: datetime) -> Event:
    reaction_s = signal.reaction_s or 0.0
    return Event(
        at=obeyed_at,
        kind=EventKind.CURTAILED,
        text=f"all that sessions may draw at {signal.node} is within the curtailment, after {reaction_s:.0f} s",
        reason=signal.reason,
        subject=signal.signal_id,
    )
