"""A round: what is due to one partner is sent, as far as the partner takes it and time allows."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ocpi import clock
from ocpi.logs import logger
from ocpi.parties.calling import Calling
from ocpi.push.breaker import WIDEST, Breaker, Breakers, BreakerState
from ocpi.push.due import DueObject, DueObjects, Given
from ocpi.push.health import Healths
from ocpi.push.queue import Waking
from ocpi.store.keys import ObjectId
from ocpi.store.partner import Partner, PartnerStatus
from ocpi.store.partners import Partners
from ocpi.transport.client import PartnerUnreachable
from ocpi.types.versions import ModuleID
from push.objects import ObjectSender
from push.outcomes import NotTaken, Trouble

LONGEST_SEND_S = 31.0
"""What sending one object may take: a PATCH that is refused, a GET and a PUT, each of 10 s at most."""

FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=15)
"""Until an object is sent again; twice as long after each time in vain."""

OFFLINE_PAUSE = timedelta(minutes=5)
"""How often it is looked whether a party behind a hub is there again; the hub is not asked for that."""

BETWEEN_ROUNDS = timedelta(seconds=1)
"""At the pace of a partner that does not stand any."""

LEAST_ATTEMPTS = 10
PATIENCE = timedelta(hours=6)
_PATIENCE = {ModuleID.CDRS: timedelta(days=1)}
"""How long an object may fail while others get through; only then, and after some attempts, it is parked."""

type TimeLeft = Callable[[], float]
"""How many seconds the function still has."""


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

    def run(self, partner_id: str, time_left: TimeLeft, *, repeated: bool) -> None:
        """Send a partner what is due, or find out whether it is back.

        Args:
            partner_id: which partner; there is only one round of it at a time.
            time_left: for this round and others that follow.
            repeated: the round was asked for before, and may have been cut off in the middle.
        """
        partner = self.partners.get(partner_id)
        if partner is None or partner.status is not PartnerStatus.REGISTERED:
            return  # what is due stays so: whoever makes the partner one of ours again wakes it
        breaker = self.breakers.get(partner_id)
        if breaker.probes(clock.now()) or breaker.outdated(partner.last_updated):
            breaker = self._probe(partner)
        if not breaker.allows(clock.now()):
            self._come_back(partner_id, breaker, breaker.retry_at)
            return
        round_ = Round(self, partner, repeated=repeated)
        breaker = round_.send(breaker, time_left)
        if not breaker.allows(clock.now()):
            self._come_back(partner_id, breaker, breaker.retry_at)
        elif round_.unfinished:
            self._go_on(partner_id, breaker)
        else:
            self._come_back(partner_id, breaker, round_.next_at)

    def _probe(self, partner: Partner) -> Breaker:
        """Ask for the partner's versions: the one request that all platforms answer, and that changes nothing."""
        failure = self._failure(partner)
        logger.info("probe", partner_id=partner.id, failure=failure)

        def probed(breaker: Breaker) -> Breaker:
            if breaker.forced:
                return breaker
            return breaker.opened(failure, clock.now()) if failure else breaker.half_opened(clock.now())

        return self.breakers.change(partner.id, probed)

    def _failure(self, partner: Partner) -> str | None:
        if partner.versions_url is None:
            return None
        try:
            answer = self.calling.client(partner, None).get(partner.versions_url)
        except PartnerUnreachable as error:
            return str(error)
        return None if answer.ok else str(answer)

    def _go_on(self, partner_id: str, breaker: Breaker) -> None:
        """There is more to send: in another round, so that none is longer than a function may run."""
        if breaker.window < WIDEST:
            self._come_back(partner_id, breaker, clock.now() + BETWEEN_ROUNDS)
        else:
            self.waking.now([partner_id])

    def _come_back(self, partner_id: str, breaker: Breaker, at: datetime | None) -> None:
        """Have the partner looked at again, unless somebody has seen to that already."""
        now = clock.now()
        if at is None or (breaker.wake_at and now < breaker.wake_at <= at):
            return
        self.waking.later(partner_id, at)
        self.breakers.change(partner_id, lambda known: known.model_copy(update={"wake_at": at}))


class Round:
    """One round of one partner."""

    def __init__(self, rounds: Rounds, partner: Partner, *, repeated: bool) -> None:
        self._rounds = rounds
        self._partner = partner
        self._repeated = repeated
        self._later: list[datetime] = []
        self.unfinished = False
        """Whether there is more to be sent at once."""

    @property
    def next_at(self) -> datetime | None:
        """When the first object is to be tried again; None if there is none."""
        return min(self._later, default=None)

    def send(self, breaker: Breaker, time_left: TimeLeft) -> Breaker:
        """Send what is due, one after the other; returns what the breaker is then."""
        ripe = self._ripe(breaker)
        window = breaker.window
        for place, due in enumerate(ripe):
            if place == window or time_left() < LONGEST_SEND_S:
                self.unfinished = True
                break
            breaker = self._bring(due, breaker)
            if not breaker.allows(clock.now()):
                return breaker
        return self._change(Breaker.widened) if ripe and window < WIDEST else breaker

    def _ripe(self, breaker: Breaker) -> list[DueObject]:
        """What is due now, the oldest change first; to see whether the partner is back, what never failed."""
        now = clock.now()
        all_due = self._rounds.due.all(self._partner.id)
        self._later = [due.not_before for due in all_due if due.not_before and due.not_before > now]
        ripe = [due for due in all_due if due.not_before is None or due.not_before <= now]
        return sorted(ripe, key=lambda due: due.attempts) if breaker.state is BreakerState.HALF_OPEN else ripe

    def _bring(self, due: DueObject, breaker: Breaker) -> Breaker:
        """Bring one object to the partner, and keep what became of it."""
        fields: dict[str, Any] = {
            "partner_id": due.partner_id,
            "ocpi_module": due.object_id.module,
            "object": _named(due.object_id),
        }
        try:
            outcome = self._rounds.sender.send(self._partner, due, whole=self._repeated)
        except NotTaken as error:
            logger.warning("not pushed", **fields, trouble=error.trouble.name, reason=str(error))
            return self._not_taken(due, breaker, error)
        logger.info("push", **fields, outcome=outcome)
        self._rounds.due.done(due)
        self._rounds.healths.succeeded(due.partner_id, due.object_id.module, clock.now())
        return self._succeeded(breaker)

    def _succeeded(self, breaker: Breaker) -> Breaker:
        """The partner is well. Once it is back, what was given up while it was away is due again."""
        now = clock.now()
        if breaker.succeeded(now) == breaker:
            return breaker
        if breaker.state is BreakerState.HALF_OPEN:
            for parked in self._rounds.due.parked(self._partner.id):
                if parked.given is Given.FAILED:
                    self._rounds.due.redrive(parked)
                    self.unfinished = True
        return self._rounds.breakers.change(self._partner.id, lambda known: known.succeeded(now))

    def _not_taken(self, due: DueObject, breaker: Breaker, error: NotTaken) -> Breaker:
        now, why = clock.now(), str(error)
        self._rounds.healths.failed(due.partner_id, due.object_id.module, now, why)
        match error.trouble:
            case Trouble.REFUSED:
                self._rounds.due.park(due, Given.REFUSED, why)
                return self._succeeded(breaker)
            case Trouble.OFFLINE:
                self._postpone(due, now + OFFLINE_PAUSE, attempts=due.attempts)
                return breaker
            case Trouble.THROTTLED:
                return self._change(lambda known: known.throttled(why, now, error.retry_after))
            case Trouble.LOCKED:
                return self._change(lambda known: known.opened(why, now))
            case Trouble.BEHIND:
                self._retry(due, why)
                return breaker
            case Trouble.FAILED:
                self._retry(due, why)
                return self._count(due, breaker, why)

    def _count(self, due: DueObject, breaker: Breaker, why: str) -> Breaker:
        """An object that fails again tells nothing new of the partner, unless it was to see whether that is back."""
        if due.attempts and breaker.state is not BreakerState.HALF_OPEN:
            return breaker
        now = clock.now()
        return self._change(lambda known: known.failed(why, now))

    def _retry(self, due: DueObject, why: str) -> None:
        if self._is_hopeless(due):
            self._rounds.due.park(due, Given.FAILED, why)
            return
        pause = min(FIRST_PAUSE * 2 ** min(due.attempts, LEAST_ATTEMPTS), LONGEST_PAUSE)
        self._postpone(due, clock.now() + pause, attempts=due.attempts + 1)

    def _postpone(self, due: DueObject, not_before: datetime, *, attempts: int) -> None:
        self._rounds.due.postpone(due, not_before, attempts=attempts)
        self._later.append(not_before)

    def _is_hopeless(self, due: DueObject) -> bool:
        """It has failed for long, and the partner has taken others meanwhile."""
        if due.failing_since is None or due.attempts + 1 < LEAST_ATTEMPTS:
            return False
        if clock.now() - due.failing_since < _PATIENCE.get(due.object_id.module, PATIENCE):
            return False
        healths = self._rounds.healths.all(due.partner_id).values()
        return any(health.last_success and health.last_success > due.failing_since for health in healths)

    def _change(self, change: Callable[[Breaker], Breaker]) -> Breaker:
        return self._rounds.breakers.change(self._partner.id, change)


def _named(object_id: ObjectId) -> str:
    """An object, for the log: of a Token only whose it is, since who knows its uid may copy the card."""
    return object_id.owner_list if object_id.module is ModuleID.TOKENS else object_id.text
