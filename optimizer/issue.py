"""Which profiles may be sent now. This is where a site's safety lives.

A charge point obeys the profile it accepted last, and while a request is unanswered nobody knows whether that
is the old one or the new one. So a session counts with the worse of the two, at every instant from now on to
the end of time (a profile's last period never ends). An increase is sent only where the sum of these worst
cases leaves room for it; a decrease is always sent, and makes room once it has been accepted.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from optimizer.phases import Phase
from optimizer.profiles import EPSILON_A, Floats, Schedule, breakpoints

_EVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class SessionState:
    """What is known about the profile of a session.

    `default_limit_a` is what it may draw per phase without a profile, `accepted` the profile in force,
    `pending` the profile that was sent and is not answered yet.
    """

    id: str
    phases: Sequence[Phase]
    default_limit_a: float
    accepted: Schedule | None = None
    pending: Schedule | None = None

    def sent(self, schedule: Schedule) -> "SessionState":
        """A profile is on its way; it may already be in force, or never arrive."""
        return replace(self, pending=schedule)

    def confirmed(self) -> "SessionState":
        """The pending profile was accepted: it is in force."""
        return replace(self, accepted=self.pending or self.accepted, pending=None)

    def refused(self) -> "SessionState":
        """The pending profile was refused: the one before stays in force."""
        return replace(self, pending=None)

    def unanswered(self) -> "SessionState":
        """The answer is given up: either profile may be in force, so the higher of both counts from now
        on."""
        return replace(self, accepted=worst_case(self), pending=None) if self.pending else self


def worst_case(state: SessionState) -> Schedule:
    """The most that a session may draw at every instant: the higher of its profile in force and an unanswered
    one."""
    in_force = state.accepted or Schedule.constant(state.default_limit_a, _EVER)
    return in_force.maximum(state.pending) if state.pending else in_force


def to_send(
    states: Sequence[SessionState],
    desired: Mapping[str, Schedule],
    limits: Mapping[Phase, Schedule],
    now: datetime,
) -> list[tuple[str, Schedule]]:
    """The profiles to send now, so that no combination of answers can break a limit.

    A profile that nowhere allows more than the worst case is sent at once, any other if its rise fits under
    the limits at every instant. Where a limit is broken already (it dropped, or newcomers use the head-room),
    nothing may rise.

    What does not fit waits for the decreases on their way. A change that both rises and falls may itself be
    what others wait for; as few of these as possible take two steps, their falling part first. So once
    everything is answered and accepted, three rounds put any desired schedules that fit together into force.

    Nothing is sent to a session with a pending request, for one without a desired schedule, or that is in
    force already. Ids in `desired` that have no state are ignored.

    Args:
        states: every session of the site that may draw, managed or not; earlier ones get the room first.
        desired: the planned schedule by session.
        limits: ampere by phase, less the head-room for arrivals.
        now: nothing before counts.
    """
    worst = {state.id: worst_case(state) for state in states}
    instants = breakpoints([*worst.values(), *desired.values(), *limits.values()], now)
    drawn = {name: schedule.sampled(instants) for name, schedule in worst.items()}
    changes = [
        _Change(state, drawn[state.id], desired[state.id].sampled(instants))
        for state in states
        if state.pending is None and state.id in desired
    ]
    changes = [change for change in changes if change.needed]
    room = {phase: limit.sampled(instants) for phase, limit in limits.items()}
    for state in states:
        _shift(room, state.phases, -drawn[state.id])

    sends: dict[str, Schedule] = {}
    waiting = []
    for change in sorted(changes, key=lambda each: not each.fall.any()):
        if change.fits(room):
            _shift(room, change.state.phases, -change.rise)
            sends[change.state.id] = desired[change.state.id]
        else:
            waiting.append(change)
    for state in states:
        on_its_way = sends.get(state.id) or state.pending
        if on_its_way:
            before = np.maximum(drawn[state.id], on_its_way.sampled(instants))
            _shift(room, state.phases, before - on_its_way.sampled(instants))
    for change in _in_two_steps(waiting, room):
        sends[change.state.id] = desired[change.state.id].minimum(worst[change.state.id])
    return [(name, schedule.since(now)) for name, schedule in sends.items()]


class _Change:
    """A session that shall get another schedule: its worst case now and then, at each instant."""

    def __init__(self, state: SessionState, drawn: Floats, wish: Floats) -> None:
        self.state = state
        self.rise: Floats = np.where(wish - drawn > EPSILON_A, wish - drawn, 0.0)
        self.fall: Floats = np.where(drawn - wish > EPSILON_A, drawn - wish, 0.0)

    @property
    def needed(self) -> bool:
        """Whether it is not in force yet. A session without a profile gets one in any case."""
        return self.state.accepted is None or bool(self.rise.any() or self.fall.any())

    def fits(self, room: Mapping[Phase, Floats]) -> bool:
        """Whether there is room wherever it rises."""
        rises = self.rise > 0
        return all((self.rise[rises] <= room[phase][rises] + EPSILON_A).all() for phase in self.state.phases)


def _shift(room: dict[Phase, Floats], phases: Iterable[Phase], by: Floats) -> None:
    """Add `by` to the room on some phases, in place."""
    room.update({phase: room[phase] + by for phase in phases})


def _in_two_steps(waiting: Sequence[_Change], room: Mapping[Phase, Floats]) -> list[_Change]:
    """The changes that have to fall before anything rises, so that all the others can be sent whole in the
    next round.

    Args:
        waiting: what does not fit now.
        room: what is left once everything on its way is accepted, by phase.
    """
    mixed = [change for change in waiting if change.fall.any()]
    if not mixed:
        return []
    phases = list(room)
    on_phase = np.array([[phase in change.state.phases for phase in phases] for change in mixed], dtype=float)
    gains = np.stack([change.rise + change.fall for change in mixed])
    left = np.stack(list(room.values())) - on_phase.T @ np.stack([change.rise for change in mixed])
    chosen: list[_Change] = []
    while True:
        short = (left < -EPSILON_A).astype(float)
        relief = (on_phase * (gains @ short.T)).sum(axis=1)
        best = int(relief.argmax())
        if not relief[best]:
            return chosen
        chosen.append(mixed[best])
        left += np.outer(on_phase[best], gains[best])
        gains[best] = 0.0
