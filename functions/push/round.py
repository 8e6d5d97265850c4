"""A round: what is due to one partner is sent, as far as the partner takes it and time allows."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit, single_metric

from ocpi import clock
from ocpi.logs import logger
from ocpi.push.breaker import WIDEST, Breaker, Breakers, BreakerState
from ocpi.push.due import DueObject, DueObjects, Given
from ocpi.push.health import Healths
from ocpi.store.keys import ObjectId
from ocpi.store.partner import Partner
from ocpi.types.versions import ModuleID
from push.agenda import Agenda
from push.objects import ObjectSender
from push.outcomes import NotTaken, Trouble

LONGEST_SEND_S = 36.0
"""What sending one object may take: a PATCH that is refused, a GET and a PUT, each of 10 s at most, and our tables."""

FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=15)
"""Until an object is sent again; twice as long after each time in vain."""

OFFLINE_PAUSE = timedelta(minutes=15)
"""How often it is looked whether a party behind a hub is there again; the hub is not asked for that."""

LEAST_ATTEMPTS = 10
PATIENCE = timedelta(hours=6)
_PATIENCE = {ModuleID.CDRS: timedelta(days=1)}
"""How long an object may fail while others of its module get through; only then, after some attempts, it is parked."""

type TimeLeft = Callable[[], float]
"""How many seconds the function still has."""


@dataclass
class Round:
    """One round of one partner.

    Args:
        partner: whose.
        due: what is due.
        breakers: where its breaker is kept.
        healths: where it is kept how sending goes.
        sender: sends one object.
        whole: something may have been sent of which nothing is known: send no PATCH.
    """

    partner: Partner
    due: DueObjects
    breakers: Breakers
    healths: Healths
    sender: ObjectSender
    whole: bool
    unfinished: bool = False
    """Whether there is more to be sent at once."""
    _later: list[datetime] = field(default_factory=list)
    _modules: set[ModuleID] = field(default_factory=set)
    """Of what is due."""
    _parked: set[str] = field(default_factory=set)
    _all_well: bool = True

    def send(self, breaker: Breaker, time_left: TimeLeft) -> Breaker:
        """Send what is due, one object after the other; returns what the breaker is then."""
        all_due = self.due.all(self.partner.id)
        if not all_due:
            return self._succeeded(breaker, None) if breaker.state is BreakerState.HALF_OPEN else breaker
        self._parked = {parked.object_id.text for parked in self.due.parked(self.partner.id)}
        self._modules = {due.object_id.module for due in all_due}
        agenda = Agenda.of(all_due, breaker, clock.now())
        self._later = agenda.later
        window, sent = breaker.window, 0
        for due in agenda.now:
            module = due.object_id.module
            if breaker.leaves_alone(module) and agenda.trials.get(module) is not due:
                continue  # since a moment ago
            if sent == window or (sent and time_left() < LONGEST_SEND_S):
                self.unfinished = True
                break
            sent += 1
            breaker = self._bring(due, breaker)
            if not breaker.allows(clock.now()):
                return breaker
        if sent and self._all_well and window < WIDEST:
            return self._change(Breaker.widened)
        return breaker

    def next_at(self, breaker: Breaker) -> datetime | None:
        """When there is something to send again; None if there is nothing."""
        now = clock.now()
        sick = [sickness.retry_at for module, sickness in breaker.sick.items() if module in self._modules]
        # The time of a module may have come while its objects have pauses of their own: then it is these that count.
        return min([*self._later, *(at for at in sick if at and at > now)], default=None)

    def _bring(self, due: DueObject, breaker: Breaker) -> Breaker:
        """Bring one object to the partner, and keep what became of it."""
        fields: dict[str, Any] = {
            "partner_id": due.partner_id,
            "ocpi_module": due.object_id.module,
            "object": _named(due.object_id),
        }
        try:
            outcome = self.sender.send(self.partner, due, whole=self.whole)
        except NotTaken as error:
            logger.warning("not pushed", **fields, trouble=error.trouble.name, reason=str(error))
            return self._not_taken(due, breaker, error)
        logger.info("push", **fields, outcome=outcome.told)
        self.due.done(due)
        if due.object_id.text in self._parked:
            self.due.forget_parked(due.partner_id, due.object_id)
        if not outcome.asked:
            return breaker
        self.healths.succeeded(due.partner_id, due.object_id.module, clock.now())
        return self._succeeded(breaker, due.object_id.module)

    def _succeeded(self, breaker: Breaker, module: ModuleID | None) -> Breaker:
        """The partner is well. What was given up while it, or the module, was not is due again."""
        now = clock.now()
        if breaker.succeeded(module, now) == breaker:
            return breaker
        back, recovered = breaker.state is BreakerState.HALF_OPEN, module and breaker.leaves_alone(module)
        if back or recovered:
            self.unfinished = True
            for parked in self.due.parked(self.partner.id):
                if parked.given is Given.FAILED and (back or parked.object_id.module is module):
                    self.due.redrive(parked)
        return self._change(lambda known: known.succeeded(module, now))

    def _not_taken(self, due: DueObject, breaker: Breaker, error: NotTaken) -> Breaker:
        now, why, module = clock.now(), str(error), due.object_id.module
        self.healths.failed(due.partner_id, module, now, why)
        if error.trouble is Trouble.REFUSED:
            self._park(due, Given.REFUSED, why)
            return self._succeeded(breaker, module)
        self._all_well = False
        match error.trouble:
            case Trouble.OFFLINE:
                self._postpone(due, now + OFFLINE_PAUSE, attempts=due.attempts)
                return breaker
            case Trouble.THROTTLED:
                return self._change(lambda known: known.throttled(why, now, error.retry_after))
            case Trouble.LOCKED:
                self._retry(due)
                return self._change(lambda known: known.opened(why, now))
            case Trouble.BEHIND:
                self._retry(due)
                return breaker
            case _:
                return self._failed(due, breaker, why)

    def _failed(self, due: DueObject, breaker: Breaker, why: str) -> Breaker:
        """An object that fails again tells nothing new of the partner, unless it was to see whether that is back."""
        module = due.object_id.module
        if self._is_hopeless(due):
            self._park(due, Given.FAILED, why)
            return breaker
        self._retry(due)
        if due.attempts and breaker.state is not BreakerState.HALF_OPEN and not breaker.leaves_alone(module):
            return breaker
        now = clock.now()
        return self._change(lambda known: known.failed(module, why, now))

    def _retry(self, due: DueObject) -> None:
        pause = min(FIRST_PAUSE * 2 ** min(due.attempts, LEAST_ATTEMPTS), LONGEST_PAUSE)
        self._postpone(due, clock.now() + pause, attempts=due.attempts + 1)

    def _postpone(self, due: DueObject, not_before: datetime, *, attempts: int) -> None:
        self.due.postpone(due, not_before, attempts=attempts)
        self._later.append(not_before)

    def _is_hopeless(self, due: DueObject) -> bool:
        """It has failed for long, and the partner has taken others of its kind meanwhile."""
        module = due.object_id.module
        if due.failing_since is None or due.attempts + 1 < LEAST_ATTEMPTS:
            return False
        if clock.now() - due.failing_since < _PATIENCE.get(module, PATIENCE):
            return False
        health = self.healths.all(due.partner_id).get(module)
        return bool(health and health.last_success and health.last_success > due.failing_since)

    def _park(self, due: DueObject, given: Given, why: str) -> None:
        """Give an object up; somebody has to look at it, so there is an alarm."""
        self.due.park(due, given, why)
        with single_metric(name="ParkedObjects", unit=MetricUnit.Count, value=1):
            pass

    def _change(self, change: Callable[[Breaker], Breaker]) -> Breaker:
        return self.breakers.change(self.partner.id, change)


def _named(object_id: ObjectId) -> str:
    """An object, for the log: of a Token only whose it is, since who knows its uid may copy the card."""
    return object_id.owner_list if object_id.module is ModuleID.TOKENS else object_id.text
