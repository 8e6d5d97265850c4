"""Letting the push function look at what is due to partners, with one message at a time for each."""

from collections.abc import Iterable
from datetime import timedelta

from ocpi import clock
from ocpi.push.messages import Wake
from ocpi.push.queue import FifoQueue
from ocpi.store import keys
from ocpi.store.table import Conflict, Table

LONGEST_ASLEEP = timedelta(minutes=7)
"""A wake that has led to no round for so long is lost; the message of a round that is killed hides for 6 minutes."""


class Waking:
    """Wakes partners.

    A partner that was woken, and whose round has not begun yet, is not woken again: the round will find what is due.

    Args:
        table: the deliveries table.
        push_queue: where rounds are asked for.
    """

    def __init__(self, table: str, push_queue: FifoQueue) -> None:
        self._table = Table(table)
        self._push_queue = push_queue

    def wake(self, partner_ids: Iterable[str]) -> int:
        """Have what is due to partners sent, as soon as nobody else is at it; returns how many had to be woken.

        What is due has to be marked before: a round that begins at this moment reads the marks after this call.

        Raises:
            NotSent: the queue refused some of them; the caller has to try again as a whole.
        """
        asleep = [partner_id for partner_id in partner_ids if self._is_asleep(partner_id)]
        wakes = (Wake(partner_id=partner_id) for partner_id in asleep)
        try:
            self._push_queue.send((wake.group, wake) for wake in wakes)
        except Exception:
            for partner_id in asleep:
                self.begin(partner_id)
            raise
        return len(asleep)

    def begin(self, partner_id: str) -> None:
        """The round that a partner was woken for begins; it reads the marks after this call."""
        self._table.delete(keys.woken(partner_id))

    def _is_asleep(self, partner_id: str) -> bool:
        """Whether the partner has to be woken; if so, nobody else does it."""
        now = clock.now()
        lost = {":lost": keys.sortable(now - LONGEST_ASLEEP)}
        try:
            item = {"woken": keys.sortable(now)}
            self._table.put(keys.woken(partner_id), item, "attribute_not_exists(pk) OR woken < :lost", lost)
        except Conflict:
            return False
        return True
