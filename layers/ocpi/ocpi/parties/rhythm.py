"""When the lists of partners are asked for: every few hours, each at a time of its own (TRA-35)."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ocpi.store.partner import Partner, Quirk
from ocpi.store.pulls import PulledList, PullRecord

FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=1)
"""After a pull that failed; twice as long after each further one, and however long a partner wants to be left alone."""

_ERA = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Rhythm:
    """How often lists are asked for.

    Args:
        every: those of most partners, which push what changes.
        polled_every: those of partners that cannot push.
        full_every: all there is, to find what is there no more.
    """

    every: timedelta = timedelta(hours=6)
    polled_every: timedelta = timedelta(minutes=5)
    full_every: timedelta = timedelta(days=7)

    def following(self, partner: Partner, pulled: PulledList, now: datetime) -> datetime:
        """When to ask for a list again that was got now.

        Each list has a point of its own within the interval, always the same, so that after whatever has brought all of
        them together they part again; the first time, half an interval too late or too early.
        """
        if partner.has(Quirk.NO_PUSH):
            return _next(pulled, self.polled_every, now)
        return _next(pulled, self.every, now + self.every / 2)

    def is_full(self, record: PullRecord, now: datetime) -> bool:
        """Whether all there is is to be asked for."""
        return record.last_full is None or record.last_full + self.full_every <= now


USUAL = Rhythm()
"""The rhythm of a deployment with the usual parameters."""


def is_due(record: PullRecord, now: datetime) -> bool:
    """Whether a list is to be asked for; one that was never is at once."""
    return record.next_at is None or record.next_at <= now


def backoff(failures: int) -> timedelta:
    """How long to wait after so many failures in a row."""
    return min(FIRST_WAIT * (1 << min(failures - 1, 10)), LONGEST_WAIT)


def _next(pulled: PulledList, every: timedelta, earliest: datetime) -> datetime:
    """The first of a list's points after `earliest`."""
    seconds = int(every.total_seconds())
    name = "/".join(map(str, (pulled.partner_id, pulled.module, pulled.own_party, pulled.party)))
    splay = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]) % seconds
    passed = int((earliest - _ERA).total_seconds()) - splay
    return _ERA + timedelta(seconds=splay + (passed // seconds + 1) * seconds)
