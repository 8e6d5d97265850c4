"""Which profiles may be sent now. This is where a site's safety lives.

A charge point obeys the profile it accepted last, and while a request is unanswered nobody knows whether that
is the old one or the new one. So a session counts with the worst of all that it may obey, at every instant from now on
to the end of time (a profile's last period never ends). An increase is sent only where the sum of these worst
cases leaves room for it; a decrease is always sent, and makes room once it has been accepted.

docs/issuing.md tells what a request goes through, and why this is safe.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np

from ocpi.logs import logger
from ocpi.store.profiles import ProfileState
from ocpi.types.chargingprofiles import ChargingProfile
from optimizer.planning.problem import Floats
from optimizer.planning.tree import Row
from optimizer.profiles import EPSILON, Schedule, breakpoints

AHEAD = timedelta(days=30)
"""So far ahead a profile tells what holds when, then the worst for ever: OCPI bounds how late a period may begin, and a
clock that was wrong may have left us a profile of next year."""

_EVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class SessionState:
    """What is known about the profile of a session.

    `draws` is what one unit of its rate (ampere per phase, DC: kW) adds to each limit. `default_limit` is the rate it
    may draw without a profile, `accepted` the profile in force, `pending` the profile that was sent and may be answered
    still. `doubtful` is what came of requests that nobody has answered, or that another has overtaken: it may be in
    force as well; of several the highest at every moment. `lowest` is the least of all that may be in force but
    `pending`; None: that is `accepted`, or the default. `settles` tells whether a request sent now ends that doubt once
    it is accepted.
    """

    id: str
    draws: Mapping[Row, float]
    default_limit: float
    accepted: Schedule | None = None
    pending: Schedule | None = None
    doubtful: Schedule | None = None
    lowest: Schedule | None = None
    settles: bool = True

    @classmethod
    def of(
        cls,
        id_: str,
        draws: Mapping[Row, float],
        profile: ProfileState,
        now: datetime,
        *,
        default_limit: float,
        highest: float,
        dc: bool,
    ) -> "SessionState":
        """From what is stored.

        Args:
            id_: of the session.
            draws: what one unit of its rate adds to each limit.
            profile: what is known of its profile.
            now: the present time.
            default_limit: the rate that it may draw without a profile.
            highest: the most that its EVSE can give; a profile that cannot be read may allow that, or nothing.
            dc: whether its rate is in kW.
        """

        def read(stored: ChargingProfile | None, else_rate: float = highest) -> Schedule | None:
            return _schedule(stored, else_rate, dc=dc) if stored else None

        least = _lowest(read(stored, else_rate=0.0) for stored in (profile.accepted, *profile.doubtful))
        state = cls(
            id=id_,
            draws=draws,
            default_limit=default_limit,
            accepted=read(profile.accepted),
            pending=read(profile.pending),
            doubtful=_highest(map(read, profile.doubtful)),
            lowest=least if profile.accepted else _lowest([least, Schedule.constant(default_limit, _EVER, dc=dc)]),
            settles=profile.settles(now),
        )
        if not profile.expired(now):
            return state
        return state.unanswered() if profile.asked else state.refused()  # too late, it is never sent

    def at_most(self, highest: float) -> "SessionState":
        """Its EVSE gives no more than that, whatever a profile allows."""

        def capped(schedule: Schedule | None) -> Schedule | None:
            return schedule.minimum(Schedule.constant(highest, _EVER)) if schedule else None

        return replace(
            self,
            accepted=capped(self.accepted),
            pending=capped(self.pending),
            doubtful=capped(self.doubtful),
            lowest=capped(self.lowest),
        )

    def sent(self, schedule: Schedule) -> "SessionState":
        """A profile is on its way; it may already be in force, or never arrive. One that it overtakes may come after
        it."""
        return replace(self.unanswered(), pending=schedule, settles=self.settles and self.pending is None)

    def confirmed(self) -> "SessionState":
        """The pending profile was accepted: it is in force."""
        accepted = self.pending or self.accepted
        if self.settles:
            return replace(self, accepted=accepted, pending=None, doubtful=None, lowest=None)
        return replace(self, accepted=accepted, pending=None, lowest=least_case(self))

    def refused(self) -> "SessionState":
        """The pending profile was refused: the one before stays in force."""
        return replace(self, pending=None)

    def unanswered(self) -> "SessionState":
        """The answer is given up: either profile may be in force."""
        if self.pending is None:
            return self
        doubtful = _highest([self.pending, self.doubtful])
        return replace(self, pending=None, doubtful=doubtful, lowest=least_case(self))


def worst_case(state: SessionState) -> Schedule:
    """The most that a session may draw at every instant: the highest of all profiles that it may obey."""
    in_force = obeyed(state)
    return _highest([in_force, state.doubtful, state.pending]) or in_force


def least_case(state: SessionState) -> Schedule:
    """The least that a session may draw up to at every instant: the lowest of all profiles that it may obey."""
    lowest = state.lowest or obeyed(state)
    return lowest.minimum(state.pending) if state.pending else lowest


def obeyed(state: SessionState) -> Schedule:
    """What it obeys as far as we know."""
    return state.accepted or Schedule.constant(state.default_limit, _EVER)


def sending(
    profile: ProfileState, state: SessionState, schedule: Schedule, request_id: str, now: datetime
) -> ProfileState:
    """What is to be stored before `schedule` is sent: `profile` as it was read into `state`, with the new request."""
    before = state.unanswered() if profile.asked else replace(state, pending=None)
    doubtful: tuple[ChargingProfile, ...] = ()
    if before.doubtful:
        most = before.doubtful.since(now).cut(now + AHEAD, max).ceiled()
        least = least_case(before).since(now).cut(now + AHEAD, min).floored()
        doubtful = (most.to_charging_profile(), least.to_charging_profile())
    return profile.sending(schedule.to_charging_profile(), request_id, now, doubtful)


def to_send(
    states: Sequence[SessionState],
    desired: Mapping[str, Schedule],
    limits: Mapping[Row, Schedule],
    now: datetime,
    whole: Mapping[Row, Schedule] | None = None,
) -> list[tuple[str, Schedule]]:
    """The profiles to send now, so that no combination of answers can break a limit.

    A profile that nowhere allows more than the worst case is sent at once, any other if its rise fits under
    the limits at every instant. Where a limit is broken already (it dropped, or newcomers use the head-room),
    nothing may rise: of a session that may obey one profile or another nothing is sent there above the lower one, for
    nobody knows which it does.

    What does not fit waits for the decreases on their way. A change that both rises and falls may itself be
    what others wait for; as few of these as possible take two steps, their falling part first. So once
    everything is answered and accepted, three rounds put any desired schedules that fit together into force.

    While a request is pending, another is sent to its session only where what it asked for helps to break a limit: the
    limit has dropped since. It falls, and does not rise.

    Nothing is sent to a session without a desired schedule, or whose schedule is in force already. Ids in `desired`
    that have no state are ignored.

    Args:
        states: every session of the site that may draw, managed or not; earlier ones get the room first.
        desired: the planned schedule by session.
        limits: what each limit bears over time, less other loads and the head-room for arrivals.
        now: nothing before counts.
        whole: the limits with the head-room, which newcomers may use; only what breaks these is overtaken. None: as
            `limits`.
    """
    whole = whole or limits
    case = _Case(states, desired, limits, whole, now)
    sends = case.overtaking(whole)
    waiting: list[int] = []
    room = case.room.copy()
    for number in case.changes():
        if case.fits(number, room):
            room -= np.outer(case.weights[:, number], case.rise[number])
            sends[number] = case.wishes[number]
        else:
            waiting.append(number)
    for number in _in_two_steps(case, waiting, case.room_when_accepted(sends)):
        sends[number] = case.wishes[number].minimum(case.worst[number])
    return [(states[number].id, schedule.since(now)) for number, schedule in sends.items()]


class _Case:
    """All sessions under all limits, at every instant at which something changes.

    Sessions have the numbers of `states`. `drawn`, `wish`, `rise` and `fall` are (sessions, instants): what each may
    draw at worst, and what it shall; `weights` is (limits, sessions), `room` (limits, instants): what is left of each
    limit when all draw their worst.
    """

    def __init__(
        self,
        states: Sequence[SessionState],
        desired: Mapping[str, Schedule],
        limits: Mapping[Row, Schedule],
        whole: Mapping[Row, Schedule],
        now: datetime,
    ) -> None:
        self.states = states
        self.worst = [worst_case(state) for state in states]
        wishes = [desired.get(state.id) for state in states]
        self._wished = np.array([wish is not None for wish in wishes], dtype=bool)
        wished = [wish or worst for wish, worst in zip(wishes, self.worst, strict=True)]
        least = [least_case(state) for state in states]
        self._now = now
        self._instants = breakpoints([*self.worst, *least, *wished, *limits.values(), *whole.values()], now)
        self.drawn = self._sampled(self.worst)
        self.weights = np.array([[state.draws.get(row, 0.0) for state in states] for row in limits]).reshape(
            len(limits), len(states)
        )
        self.room = self._left(limits)
        self.wish, self.wishes = self._surely_not_rising(wished, self._sampled(least))
        self.rise = _above(self.wish, self.drawn)
        self.fall = _above(self.drawn, self.wish)

    def _surely_not_rising(self, wished: Sequence[Schedule], least: Floats) -> tuple[Floats, list[Schedule]]:
        """The wishes, sampled and as schedules, at no more than `least` where a limit above a session is broken."""
        broken = (self.weights.T > 0).astype(float) @ (self.room < -EPSILON) > 0
        wish = self._sampled(wished)
        lowered = np.where(broken & self._wished[:, np.newaxis], np.minimum(wish, least), wish)
        starts = [datetime.fromtimestamp(instant, UTC) for instant in self._instants.tolist()]
        return lowered, [
            Schedule(tuple(zip(starts, rates.tolist(), strict=True)), schedule.dc).cut(self._now + AHEAD, min)
            if (rates < before).any()
            else schedule
            for schedule, rates, before in zip(wished, lowered, wish, strict=True)
        ]

    def changes(self) -> list[int]:
        """The sessions that shall get another schedule and wait for no answer; those first that fall somewhere."""
        needed = [number for number, state in enumerate(self.states) if state.pending is None and self._needed(number)]
        return sorted(needed, key=lambda number: not self.fall[number].any())

    def overtaking(self, limits: Mapping[Row, Schedule]) -> dict[int, Schedule]:
        """What to send although a request is pending."""
        broken = (self._left(limits) < -EPSILON).astype(float)
        helps: dict[int, Schedule] = {}
        for number, state in enumerate(self.states):
            if state.pending is None or not self._wished[number]:
                continue
            asked = self._sampled([state.pending])[0]
            if (_above(asked, self.wish[number]) * (self.weights[:, number] @ broken)).any():
                helps[number] = self.wishes[number].minimum(self.worst[number])
        return helps

    def fits(self, number: int, room: Floats) -> bool:
        """Whether there is room wherever a session rises."""
        rises = self.rise[number] > 0
        counts = self.weights[:, number] > 0
        adds = np.outer(self.weights[counts, number], self.rise[number, rises])
        return bool((adds <= room[np.ix_(counts, rises)] + EPSILON).all())

    def room_when_accepted(self, sends: Mapping[int, Schedule]) -> Floats:
        """What is left of each limit once everything on its way is accepted."""
        on_their_way = [sends.get(number) or state.pending for number, state in enumerate(self.states)]
        then = self._sampled([way or worst for way, worst in zip(on_their_way, self.worst, strict=True)])
        return self.room + self.weights @ (self.drawn - then)

    def _needed(self, number: int) -> bool:
        """Whether the wish is not in force yet. A session without a profile gets one in any case."""
        state = self.states[number]
        if not self._wished[number]:
            return False
        if state.accepted is None or not state.accepted.same(self.wishes[number], self._now):
            return True
        return state.settles and bool(self.fall[number].any())

    def _left(self, limits: Mapping[Row, Schedule]) -> Floats:
        """What the limits leave when all draw their worst."""
        return self._sampled(list(limits.values())) - self.weights @ self.drawn

    def _sampled(self, schedules: Sequence[Schedule]) -> Floats:
        """The rates at all instants, a row for each schedule."""
        rows = [schedule.sampled(self._instants) for schedule in schedules]
        return np.array(rows).reshape(len(rows), len(self._instants))


def _above(high: Floats, low: Floats) -> Floats:
    """By how much the one is above the other, 0 where it is not."""
    return np.where(high - low > EPSILON, high - low, 0.0)


def _in_two_steps(case: _Case, waiting: Sequence[int], room: Floats) -> list[int]:
    """The changes that have to fall before anything rises, so that all the others can be sent whole in the
    next round.

    Args:
        case: all sessions.
        waiting: what does not fit now.
        room: what is left once everything on its way is accepted.
    """
    mixed = [number for number in waiting if case.fall[number].any()]
    if not mixed:
        return []
    weights = case.weights[:, mixed]
    gains = case.rise[mixed] + case.fall[mixed]
    left = room - weights @ case.rise[mixed]
    chosen: list[int] = []
    while True:
        short = (left < -EPSILON).astype(float)
        relief = ((weights.T @ short) * gains).sum(axis=1)
        best = int(relief.argmax())
        if not relief[best]:
            return chosen
        chosen.append(mixed[best])
        left += np.outer(weights[:, best], gains[best])
        gains[best] = 0.0


def _highest(schedules: Iterable[Schedule | None]) -> Schedule | None:
    """The highest of all at every moment; None if there is none."""
    highest: Schedule | None = None
    for schedule in filter(None, schedules):
        highest = highest.maximum(schedule) if highest else schedule
    return highest


def _lowest(schedules: Iterable[Schedule | None]) -> Schedule | None:
    """The lowest of all at every moment; None if there is none."""
    lowest: Schedule | None = None
    for schedule in filter(None, schedules):
        lowest = lowest.minimum(schedule) if lowest else schedule
    return lowest


def _schedule(profile: ChargingProfile, else_rate: float, *, dc: bool) -> Schedule:
    """A stored profile; one that cannot be read, or is in the wrong unit, counts with a constant rate."""
    try:
        schedule = Schedule.from_charging_profile(profile, then=else_rate)
    except (ValueError, OverflowError):
        logger.warning("a charging profile cannot be read; it may allow anything")
        return Schedule.constant(else_rate, _EVER, dc=dc)
    if schedule.dc is not dc:
        logger.warning("a charging profile is in the unit of other EVSEs; it may allow anything")
        return Schedule.constant(else_rate, _EVER, dc=dc)
    return schedule
