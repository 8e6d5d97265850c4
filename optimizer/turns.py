"""When a site is run: one run at a time, and not one for each of many changes.

A run reads all that there is, so it answers every message that was sent before it began. After a plan the site rests
for a moment, in which further changes gather: a burst makes two plans, one for the first of it and one for the rest.
What the energy manager changes does not wait for that, and ends a rest that another reason has begun.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from ocpi import clock
from ocpi.logs import logger
from ocpi.push.messages import Reason, SiteMessage
from ocpi.push.queue import FifoQueue
from ocpi.store.leases import Lease, LeaseLost, Leases, NotTaken
from ocpi.store.table import Busy
from optimizer.run import Runner

ENOUGH_S = 30.0
"""With less time left than this, a site that is to be looked at once more is left to another message."""

LOOK_EVERY_S = 0.25
"""How often a run that lets its site rest looks whether somebody came who cannot wait."""

type Outcome = dict[str, Any] | NotTaken | None
"""A run's record; why there was none; None for a site that is not there."""


@dataclass(frozen=True)
class Turns:
    """Gives sites to runs. `rest_s` is for how long a site rests after a plan, by the platform's clock.

    What a run has no more time for goes back to the `queue`.
    """

    leases: Leases
    runner: Runner
    queue: FifoQueue
    rest_s: float

    def look(self, message: SiteMessage, sent_at: float, left_s: Callable[[], float]) -> Outcome:
        """Look at the site of a message, unless a run has done so since, or does it now and will do it again.

        Nothing is lost when a run loses its site, which only happens when its time is over: it asks for it anew.

        Args:
            message: the site, and why.
            sent_at: when it was sent, in real seconds since 1970.
            left_s: how many seconds the function still has; then the lease ends, too.
        """
        while True:
            now = time.time()
            turn = self.leases.take(
                message.site_id,
                message.reason,
                sent_at,
                now,
                now + left_s(),
                replans=message.reason.replans,
                at_once=message.reason.at_once,
            )
            if isinstance(turn, NotTaken):
                return turn
            try:
                return self._use(turn, message.reason, left_s)
            except LeaseLost:
                logger.warning("the site was lost to another run", site_id=message.site_id)
            except Exception:
                with suppress(BotoCoreError, ClientError, Busy):
                    self.leases.release(turn)
                raise

    def _use(self, lease: Lease, reason: Reason, left_s: Callable[[], float]) -> Outcome:
        """Run the site, and again as long as somebody has asked for it meanwhile."""
        planned, reason = lease.planned, _weightier(reason, lease.asked)
        while True:
            if reason.replans and not reason.at_once:
                self._rest(lease, planned)
            read_at, now = time.time(), clock.now()
            record = self.runner.run(lease, now, reason, left_s)
            planned = now if reason.replans else planned
            go_on = left_s() > ENOUGH_S
            settled = bool(record and record.get("settled"))
            again = self.leases.finish(lease, read_at, now if reason.replans else None, go_on=go_on, settled=settled)
            if again is None:
                return record
            if not go_on:
                message = SiteMessage(site_id=lease.site_id, reason=Reason(again))
                self.queue.send([(message.group, message)])
                return record
            reason = Reason(again)  # what it was run for before is answered

    def _rest(self, lease: Lease, planned: datetime | None) -> None:
        """Wait until the site has had its rest, or somebody cannot wait; a plan in the future was made by another
        clock."""
        passed_s = (clock.now() - planned).total_seconds() if planned else self.rest_s
        left_s = self.rest_s - passed_s if passed_s >= 0 else 0.0
        while left_s > 0 and not self.leases.pressed(lease):
            time.sleep(min(left_s, LOOK_EVERY_S))
            left_s -= LOOK_EVERY_S


def _weightier(reason: Reason, asked: str | None) -> Reason:
    """Of two reasons the one that asks for more."""
    other = Reason(asked) if asked else None
    return reason if other is None or reason.outweighs(other) else other
