"""Sending charging profiles, many at a time, and no faster than the partner stands it."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from ocpi import clock
from ocpi.logs import logger
from ocpi.parties.calling import Calling
from ocpi.parties.own import OwnPlatform
from ocpi.push.breaker import Breakers, BreakerState
from ocpi.push.messages import ProfileMessage, Wanted
from ocpi.push.queue import FifoQueue, NotSent
from ocpi.store.partner import Quirk
from ocpi.store.partners import Partners
from ocpi.store.sites import Sites
from ocpi.store.table import Busy
from ocpi.transport.client import TIMEOUT_S
from push.asking import Asking, TooMany

SIDE_BY_SIDE = 8
"""How many requests of a message are under way at a time, if the partner stands it."""

FIRST_PAUSE_S = 0.25
"""After a request that was one too many, where the partner does not say for how long; twice as long after the next."""

LONGEST_PAUSE_S = 40.0
"""A partner that wants to be left alone for longer is not waited for."""

ENOUGH = 6
"""So many refusals in a row, over some seconds, and it is no matter of pace: the partner means these sessions."""

LONGEST_REQUEST_S = TIMEOUT_S + 4.0
"""What a request may take, with what is kept of it."""

type TimeLeft = Callable[[], float]
"""How many seconds the function still has."""


@dataclass(frozen=True)
class ProfileSender:
    """Sends the profiles that are pending for sessions, as they stand when the message is handled."""

    own: OwnPlatform
    partners: Partners
    sites: Sites
    calling: Calling
    breakers: Breakers
    queue: FifoQueue

    def send(self, message: ProfileMessage, time_left: TimeLeft) -> dict[str, str]:
        """Send what `message` points at and keep the partner's answers; returns what became of each session's, for the
        log.

        A request that is one too many for the partner, which therefore did nothing, is sent again, at the partner's
        pace. No other is: without an answer it expires, and the next run of the optimizer sends what is wanted then
        (state is pushed, not messages). So nothing that one request meets ends the others, and AWS failing just now
        does not keep the message, which would hold up what is asked for the same sessions next.
        """
        if not self._awaited(message.partner_id, time_left):
            return dict.fromkeys((each.name for each in message.requests), "the partner's breaker is open")
        partner = self.partners.get(message.partner_id)
        asking = Asking(self.own, self.sites, self.calling, partner, message.partner_id, message.location)
        errand = _Errand(asking, time_left)
        rest = deque(message.requests)
        if len(rest) > 1 and not (partner and partner.has(Quirk.FEW_AT_A_TIME)):
            rest = errand.side_by_side(message.requests)
        if rest := errand.one_by_one(rest):
            self._give_up(message, errand, rest)
        return {each.name: errand.told.get(each.request_id, "left to another function") for each in message.requests}

    def _awaited(self, partner_id: str, time_left: TimeLeft) -> bool:
        """Whether the partner may be called, after the rest that it has asked for, if that is a short one."""
        breaker, now = self.breakers.get(partner_id), clock.now()
        if breaker.allows(now) or breaker.state is BreakerState.OPEN or breaker.retry_at is None:
            return breaker.allows(now)
        rest_s = (breaker.retry_at - now).total_seconds()
        if rest_s > time_left() - LONGEST_REQUEST_S:
            return False
        time.sleep(rest_s)
        return True

    def _give_up(self, message: ProfileMessage, errand: "_Errand", rest: Sequence[Wanted]) -> None:
        """Let the partner be for now. What it refuses for good is left alone, so that others make room for it; the
        rest, for which there was no time, is for another function."""
        try:
            refusal = errand.refusal
            if refusal and refusal.retry_after:
                wish = refusal.retry_after
                self.breakers.change(message.partner_id, lambda known: known.throttled(str(refusal), clock.now(), wish))
            later = tuple(each for each in rest if not (errand.hopeless and errand.leave_alone(each)))
            if later:
                message = message.model_copy(update={"requests": later})
                self.queue.send([(message.group, message)])
        except (BotoCoreError, ClientError, Busy, NotSent):
            logger.exception("profiles' requests are left to expire", partner_id=message.partner_id)


@dataclass
class _Errand:
    """Asks a partner for the profiles of one message."""

    asking: Asking
    time_left: TimeLeft
    told: dict[str, str] = field(default_factory=dict)
    """What became of each request that is done with, by its id."""
    _refused: set[str] = field(default_factory=set)
    """Those that were one too many."""
    _refusals: list[TooMany] = field(default_factory=list)
    """In a row."""

    @property
    def refusal(self) -> TooMany | None:
        """Why the partner is left alone just now."""
        return self._refusals[-1] if self._refusals else None

    @property
    def hopeless(self) -> bool:
        """Whether it is no use to wait."""
        return len(self._refusals) >= ENOUGH or self._pause_s() > LONGEST_PAUSE_S

    def side_by_side(self, requests: Sequence[Wanted]) -> deque[Wanted]:
        """Ask until something is one too many; returns what is not done with, those first that were not refused."""
        with ThreadPoolExecutor(min(SIDE_BY_SIDE, len(requests))) as threads:
            list(threads.map(lambda each: self.refusal or self._is_done(each), requests))
        del self._refusals[1:]  # they were under way at a time, so they are one
        rest = (each for each in requests if each.request_id not in self.told)
        return deque(sorted(rest, key=lambda each: each.request_id in self._refused))

    def one_by_one(self, rest: deque[Wanted]) -> deque[Wanted]:
        """Ask at the pace of the partner, what it refuses behind the others; returns what is left when that is
        hopeless, or there is no time."""
        while rest:
            pause_s = self._pause_s()
            if self.hopeless or pause_s > self.time_left() - LONGEST_REQUEST_S:
                return rest
            if pause_s:
                time.sleep(pause_s)
            wanted = rest.popleft()
            if self._is_done(wanted):
                self._refusals.clear()
            else:
                rest.append(wanted)
        return rest

    def leave_alone(self, wanted: Wanted) -> bool:
        """Leave the session alone for a while if the partner has refused its request; returns whether it has."""
        if wanted.request_id not in self._refused:
            return False
        self.asking.leave_alone(wanted)
        self.told[wanted.request_id] = str(self.refusal)
        return True

    def _pause_s(self) -> float:
        if self.refusal and self.refusal.retry_after:
            return self.refusal.retry_after.total_seconds()
        return FIRST_PAUSE_S * 2 ** (len(self._refusals) - 1) if self._refusals else 0.0

    def _is_done(self, wanted: Wanted) -> bool:
        """Ask for one; returns whether that is done with, well or not."""
        try:
            return self._ask(wanted)
        except (BotoCoreError, ClientError, Busy) as error:
            logger.exception("a profile's request is left to expire", session=wanted.name)
            self.told[wanted.request_id] = str(error)
            return True

    def _ask(self, wanted: Wanted) -> bool:
        try:
            self.told[wanted.request_id] = self.asking.ask(wanted)
        except TooMany as refusal:
            self._refusals.append(refusal)
            self._refused.add(wanted.request_id)
            return False
        return True
