"""Where grid operators' signals are taken, and taken back."""

import re
from dataclasses import dataclass, replace

from ocpi import clock
from ocpi.energy.edit import By, Edit, NoSuchSignal, SignalChanged, SignalTakenBack
from ocpi.energy.signals import SignalOrder, acknowledge, cap_of, same
from ocpi.energy.writing import Writing
from ocpi.sites.limits import said, span
from ocpi.sites.record import EventKind, Signal
from ocpi.sites.series import Worth
from ocpi.store.ledgers import Ledgers
from ocpi.store.series import SeriesStore
from ocpi.store.table import Conflict, attempts

_OF_THE_SITE = re.compile(r"^[\w.\[\]]*\.(?=limit_)")
"""Where a cap stands in the site's document, which its grid operator does not know."""


@dataclass(frozen=True)
class SignalDesk:
    """Where sites are curtailed. Edits raise what those of :class:`ocpi.energy.desk.Desk` do.

    Args:
        writing: how it is written.
        series: prices, base load and solar power over time.
    """

    writing: Writing
    series: SeriesStore

    @property
    def ledgers(self) -> Ledgers:
        """Where signals are on record."""
        return self.writing.ledgers

    def take(self, site_id: str, signal_id: str, order: SignalOrder, by: By, sender: str) -> tuple[Signal, bool]:
        """Curtail: take a grid operator's signal and say what will be done; the same one again changes nothing.

        A limit that is oddly low is taken all the same, with a warning: it is no danger to the grid.

        Returns the signal as it stands, and whether it is new.

        Raises:
            SignalChanged: there is one with its id and other content.
            SignalTakenBack: there was one, and it was taken back: it would be believed to hold.
        """
        for _ in attempts():
            known = self.ledgers.signal(site_id, signal_id)
            received_at = known.received_at if known else clock.now().replace(microsecond=0)
            signal = order.signal(signal_id, sender, received_at)
            if known:
                return _again(known, signal), False
            try:
                return self._write(site_id, signal, by), True
            except Conflict:
                continue
        raise AssertionError  # attempts() raises Busy

    def _write(self, site_id: str, signal: Signal, by: By) -> Signal:
        before, config = self.writing.read(site_id)
        cap, now = cap_of(signal), signal.received_at
        after = before.site.pruned(now).with_cap(cap, signal.node)
        branch = before.site.branch(signal.node)
        raised = branch.power_kw(cap) > branch.power_kw(branch.calendar.limits.base)
        strange = [_OF_THE_SITE.sub("", line) for line in after.odd(before.site)]
        worth = Worth(before.site, self.series.known(site_id, now), now)
        taken = acknowledge(after, worth, signal, odd=() if raised else tuple(strange))
        edit = Edit(
            after,
            EventKind.SIGNAL,
            f"signal {signal.signal_id}: limit of {signal.node} {span(cap)}: {said(cap)}",
            None,
            cap,
            subject=signal.signal_id,
            odd=strange if raised else (),
            noted=self.ledgers.signal_actions(site_id, taken),
        )
        self.writing.write(edit, config, replace(by, reason=by.reason or signal.reason))
        return taken

    def cancel(self, site_id: str, signal_id: str, by: By) -> Signal:
        """Take a signal back; one that is over or was taken back already stays as it is.

        Raises:
            NoSuchSignal: there is none of that id.
        """
        for _ in attempts():
            known, now = self.ledgers.signal(site_id, signal_id), clock.now()
            if known is None:
                raise NoSuchSignal
            if known.cancelled_at or known.end <= now:
                return known
            before, config = self.writing.read(site_id)
            edit = Edit(
                before.site.without_cap(signal_id),
                EventKind.SIGNAL_CANCELLED,
                f"signal {signal_id}: taken back",
                cap_of(known),
                None,
                subject=signal_id,
                noted=[self.ledgers.cancel_action(site_id, known, now)],
            )
            try:
                self.writing.write(edit, config, by)
            except Conflict:
                continue
            return known.model_copy(update={"cancelled_at": now})
        raise AssertionError  # attempts() raises Busy


def _again(known: Signal, signal: Signal) -> Signal:
    if not same(known, signal):
        raise SignalChanged
    if known.cancelled_at:
        raise SignalTakenBack(known.cancelled_at)
    return known
