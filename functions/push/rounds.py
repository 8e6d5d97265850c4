"""Rounds: when a partner is sent what is due, when it is asked whether it is back, and when it is looked at again."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ocpi import clock
from ocpi.logs import logger
from ocpi.parties.calling import Calling
from ocpi.push.breaker import WIDEST, Breaker, Breakers
from ocpi.push.due import DueObjects
from ocpi.push.health import Healths
from ocpi.push.messages import Wake
from ocpi.push.queue import LONGEST_DELAY, DelayQueue
from ocpi.push.waking import Waking
from ocpi.store.partner import Partner, PartnerStatus
from ocpi.store.partners import Partners
from ocpi.transport.client import PartnerUnreachable
from push.objects import ObjectSender
from push.outcomes import NotTaken, require_taken
from push.round import Round, TimeLeft

BETWEEN_ROUNDS = timedelta(seconds=1)
"""At the pace of a partner that does not stand any."""


@dataclass(frozen=True)
class Rounds:
    """Sends partners what is due to them.

    Everything is done in such an order that the function may be killed at any point: an object is due until it is kept
    that the partner has it, and the message that asked for the round comes again.
    """

    partners: Partners
    due: DueObjects
    breakers: Breakers
    healths: Healths
    sender: ObjectSender
    calling: Calling
    waking: Waking
    later: DelayQueue

    def run(self, partner_id: str, time_left: TimeLeft, *, repeated: bool) -> None:
        """Send a partner what is due, or find out whether it is back.

        Args:
            partner_id: which partner; there is only one round of it at a time.
            time_left: for this round and others that follow.
            repeated: the round was asked for before, and may have been cut off in the middle.
        """
        self.waking.begin(partner_id)
        partner = self.partners.get(partner_id)
        if partner is None or partner.status is not PartnerStatus.REGISTERED:
            return  # what is due stays so, until the partner is registered again
        breaker = self.breakers.get(partner_id)
        if breaker.probes(clock.now()) or breaker.outdated(partner.last_updated):
            breaker = self._probe(partner)
        if not breaker.allows(clock.now()):
            self._come_back(partner_id, breaker, breaker.retry_at)
            return
        round_ = Round(partner, self.due, self.breakers, self.healths, self.sender, whole=repeated)
        breaker = round_.send(breaker, time_left)
        if not breaker.allows(clock.now()):
            self._come_back(partner_id, breaker, breaker.retry_at)
        elif round_.unfinished:
            self._go_on(partner_id, breaker)
        else:
            self._come_back(partner_id, breaker, round_.next_at(breaker))

    def _probe(self, partner: Partner) -> Breaker:
        """Ask for the partner's versions: the one request that all platforms answer, and that changes nothing."""
        failure = self._failure(partner)
        logger.info("probe", partner_id=partner.id, failure=failure and str(failure))

        def probed(breaker: Breaker) -> Breaker:
            if breaker.forced:
                return breaker
            now = clock.now()
            return breaker.opened(str(failure), now, failure.retry_after) if failure else breaker.half_opened(now)

        return self.breakers.change(partner.id, probed)

    def _failure(self, partner: Partner) -> NotTaken | None:
        if partner.versions_url is None:
            return None
        try:
            require_taken(self.calling.client(partner, None).get(partner.versions_url))
        except PartnerUnreachable as error:
            return NotTaken.of(error)
        except NotTaken as error:
            return error
        return None

    def _go_on(self, partner_id: str, breaker: Breaker) -> None:
        """There is more to send: in another round, so that none is longer than a function may run."""
        if breaker.window < WIDEST:
            self._come_back(partner_id, breaker, clock.now() + BETWEEN_ROUNDS)
        else:
            self.waking.wake([partner_id])

    def _come_back(self, partner_id: str, breaker: Breaker, at: datetime | None) -> None:
        """Have the partner looked at again, unless somebody has seen to that already."""
        now = clock.now()
        if at is None or (breaker.wake_at and now < breaker.wake_at <= at):
            return
        self.later.send(Wake(partner_id=partner_id), at)
        wake_at = min(at, now + LONGEST_DELAY)
        self.breakers.change(partner_id, lambda known: known.model_copy(update={"wake_at": wake_at}))
