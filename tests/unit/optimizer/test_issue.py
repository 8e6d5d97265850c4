"""The safety of issuing: no combination of answers breaks a limit, and every plan comes into force in the
end."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from optimizer.issue import SessionState, to_send, worst_case
from optimizer.phases import PHASES, Phase
from optimizer.profiles import Schedule

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
WIRINGS: list[tuple[Phase, ...]] = [PHASES, ("L1",), ("L2",), ("L3",)]
THOROUGH = settings(max_examples=150, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck))

Issue = Callable[
    [Sequence[SessionState], Mapping[str, Schedule], Mapping[Phase, Schedule], datetime],
    list[tuple[str, Schedule]],
]


def at(hour: float) -> datetime:
    return START + timedelta(hours=hour)


def steps(*limits: float) -> Schedule:
    """One limit an hour from the start on, the last for ever."""
    return Schedule(tuple((at(hour), limit) for hour, limit in enumerate(limits)))


def limits_of(limit: Schedule) -> dict[Phase, Schedule]:
    return dict.fromkeys(PHASES, limit)


Draws = list[tuple[Sequence[Phase], list[Schedule]]]
"""Phases and possible schedules of each session."""


def moments_of(draws: Draws, limits: Mapping[Phase, Schedule], now: datetime) -> set[datetime]:
    """Every moment from now on at which anything changes."""
    everything = [*limits.values(), *(schedule for _, possible in draws for schedule in possible)]
    return {now, *(start for schedule in everything for start in schedule.starts if start > now)}


def excess(draws: Draws, limits: Mapping[Phase, Schedule], moments: Iterable[datetime]) -> list[float]:
    """By how much the sum of the highest possible draws is above the limit, for each moment and phase."""
    return [
        sum(max(schedule.at(moment) for schedule in possible) for phases, possible in draws if phase in phases)
        - limit.at(moment)
        for moment in moments
        for phase, limit in limits.items()
    ]


def test_an_unanswered_request_counts_with_the_worse_of_both_profiles() -> None:
    state = SessionState("a", PHASES, 16, accepted=steps(10, 6, 0), pending=steps(6, 8, 0))
    assert worst_case(state) == steps(10, 8, 0)
    assert worst_case(state.confirmed()) == steps(6, 8, 0)
    assert worst_case(state.refused()) == steps(10, 6, 0)
    assert worst_case(state.unanswered()) == steps(10, 8, 0)
    assert worst_case(SessionState("b", PHASES, 16)).at(at(99)) == 16


def test_an_increase_waits_for_the_decrease_that_makes_room() -> None:
    states = [SessionState("up", PHASES, 16, steps(6)), SessionState("down", PHASES, 16, steps(16))]
    desired = {"up": steps(16), "down": steps(6)}
    limits = limits_of(steps(22))
    assert to_send(states, desired, limits, at(0)) == [("down", steps(6))]
    asked = [states[0], states[1].sent(steps(6))]
    assert to_send(asked, desired, limits, at(0)) == []
    answered = [states[0], asked[1].confirmed()]
    assert to_send(answered, desired, limits, at(0)) == [("up", steps(16))]


def test_an_increase_that_fits_is_sent_at_once() -> None:
    states = [SessionState("up", PHASES, 16, steps(6)), SessionState("down", PHASES, 16, steps(16))]
    assert to_send(states, {"up": steps(10)}, limits_of(steps(26)), at(0)) == [("up", steps(10))]


def test_two_that_swap_their_hours_take_one_request_more_and_no_limit_is_broken() -> None:
    states = {
        "a": SessionState("a", PHASES, 16, steps(16, 0)),
        "b": SessionState("b", PHASES, 16, steps(0, 16, 0)),
    }
    desired = {"a": steps(0, 16, 0), "b": steps(16, 0)}
    rounds = []
    while sends := to_send(list(states.values()), desired, limits_of(steps(16)), at(0)):
        rounds.append([name for name, _ in sends])
        states |= {name: states[name].sent(schedule).confirmed() for name, schedule in sends}
    assert rounds == [["a"], ["b"], ["a"]]
    assert all(states[name].accepted == schedule for name, schedule in desired.items())


def test_what_is_in_force_already_is_not_sent_again() -> None:
    state = SessionState("a", PHASES, 16, steps(16, 6, 0))
    assert to_send([state], {"a": Schedule(((at(1.5), 6.0), (at(2), 0.0)))}, limits_of(steps(32)), at(1.5)) == []


def test_a_session_without_a_profile_gets_one() -> None:
    assert to_send([SessionState("a", PHASES, 6)], {"a": steps(6)}, limits_of(steps(32)), at(0)) == [("a", steps(6))]


def test_only_what_is_to_come_is_sent() -> None:
    sent = to_send([SessionState("a", PHASES, 6)], {"a": steps(16, 6, 0)}, limits_of(steps(32)), at(1.5))
    assert sent == [("a", Schedule(((at(1.5), 6.0), (at(2), 0.0))))]


def test_a_session_that_ignores_us_does_not_stop_what_still_fits() -> None:
    states = [SessionState("deaf", ("L1",), 32), SessionState("a", ("L2",), 6, steps(6))]
    assert to_send(states, {"a": steps(16)}, limits_of(steps(20)), at(0)) == [("a", steps(16))]
    assert to_send([states[0], replace(states[1], phases=PHASES)], {"a": steps(16)}, limits_of(steps(20)), at(0)) == []


tenths = st.sampled_from([0.0, 0.0, 6.0, 6.1, 8.3, 10.0, 16.0, 32.0])


@st.composite
def some_steps(draw: st.DrawFn) -> Schedule:
    hours = sorted(draw(st.sets(st.integers(0, 8), min_size=1, max_size=5)))
    return Schedule(tuple((at(hour), draw(tenths)) for hour in hours))


def fitting(
    wishes: Mapping[str, tuple[Sequence[Phase], Schedule]], limits: Mapping[Phase, Schedule]
) -> dict[str, Schedule]:
    """Of each wish what still fits beside those before it, at every moment."""
    starts = sorted({start for _, wish in wishes.values() for start in wish.starts}.union(limits["L1"].starts))
    room = {(phase, start): limits[phase].at(start) for phase in PHASES for start in starts}
    result = {}
    for name, (phases, wish) in wishes.items():
        possible = [(start, min(wish.at(start), *(room[phase, start] for phase in phases))) for start in starts]
        for start, limit in possible:
            room.update({(phase, start): room[phase, start] - limit for phase in phases})
        result[name] = Schedule(tuple((start, max(0.0, limit)) for start, limit in possible))
    return result


@st.composite
def transitions(draw: st.DrawFn) -> tuple[list[SessionState], dict[str, Schedule], dict[Phase, Schedule]]:
    """Sessions whose profiles in force fit under the limits, and other profiles that fit too."""
    limits = limits_of(draw(st.sampled_from([steps(32), steps(50, 50, 20, 50), steps(0), steps(16)])))
    wirings = draw(st.lists(st.sampled_from(WIRINGS), min_size=1, max_size=7))
    names = [f"s{number}" for number in range(len(wirings))]
    before = fitting({name: (wiring, draw(some_steps())) for name, wiring in zip(names, wirings, strict=True)}, limits)
    mixed = draw(st.permutations(list(zip(names, wirings, strict=True))))
    desired = fitting({name: (wiring, draw(some_steps())) for name, wiring in mixed}, limits)
    states = [SessionState(name, wiring, 32, before[name]) for name, wiring in zip(names, wirings, strict=True)]
    return states, desired, limits


@settings(max_examples=400, deadline=None)
@given(transitions())
def test_three_rounds_bring_any_fitting_plan_into_force(
    transition: tuple[list[SessionState], dict[str, Schedule], dict[Phase, Schedule]],
) -> None:
    states, desired, limits = transition
    for _ in range(3):
        sends = dict(to_send(states, desired, limits, at(0)))
        asked = [state.sent(sends[state.id]) if state.id in sends else state for state in states]
        draws: Draws = [(state.phases, [worst_case(state)]) for state in asked]
        assert max(excess(draws, limits, moments_of(draws, limits, at(0)))) <= 1e-6
        states = [state.confirmed() for state in asked]
    assert all(state.accepted and state.accepted.same(desired[state.id], at(0)) for state in states)


class Issuing(RuleBasedStateMachine):
    """A platform that knows only answers, against charge points of which any may have obeyed any open
    request."""

    issue: Issue = staticmethod(to_send)

    def __init__(self) -> None:
        super().__init__()
        self.now = at(0)
        self.limits = limits_of(steps(40))
        self.states: dict[str, SessionState] = {}
        self.possible: dict[str, list[Schedule]] = {}
        self.desired: dict[str, Schedule] = {}
        self.count = 0

    def draws(self) -> Draws:
        return [(self.states[name].phases, list(possible)) for name, possible in self.possible.items()]

    @initialize(limit=st.sampled_from([steps(20), steps(40), steps(40, 40, 20, 40)]))
    def begin(self, limit: Schedule) -> None:
        self.limits = limits_of(limit)

    @rule(wiring=st.sampled_from(WIRINGS), default_a=st.sampled_from([0.0, 6.0, 10.0]))
    def comes(self, wiring: tuple[Phase, ...], default_a: float) -> None:
        self.count += 1
        name = f"s{self.count}"
        self.states[name] = SessionState(name, wiring, default_a)
        self.possible[name] = [Schedule.constant(default_a, at(-99))]

    @precondition(lambda self: self.states)
    @rule(data=st.data())
    def goes(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.states)))
        del self.states[name], self.possible[name]

    @precondition(lambda self: self.states)
    @rule(data=st.data())
    def plans(self, data: st.DataObject) -> None:
        names = data.draw(st.permutations(sorted(self.states)))
        wishes = {name: (self.states[name].phases, data.draw(some_steps())) for name in names}
        self.desired = fitting(wishes, self.limits)

    @rule(hours=st.sampled_from([0.1, 0.5, 1.0]))
    def time_passes(self, hours: float) -> None:
        self.now += timedelta(hours=hours)

    @rule(limit=st.sampled_from([steps(20), steps(30), steps(40, 40, 20, 40)]))
    def the_limit_changes(self, limit: Schedule) -> None:
        self.limits = limits_of(limit)

    @rule()
    def sends(self) -> None:
        before = self.draws()
        for name, schedule in self.issue(list(self.states.values()), self.desired, self.limits, self.now):
            assert self.states[name].pending is None
            self.states[name] = self.states[name].sent(schedule)
            self.possible[name].append(schedule)
        moments = sorted(moments_of(self.draws(), self.limits, self.now))
        earlier, later = (excess(draws, self.limits, moments) for draws in (before, self.draws()))
        for was, is_now in zip(earlier, later, strict=True):
            assert is_now <= max(0.0, was) + 1e-6, f"{is_now} A above the limit"

    @precondition(lambda self: any(state.pending for state in self.states.values()))
    @rule(data=st.data(), answer=st.sampled_from(["accepted", "refused", "lost"]))
    def answers(self, data: st.DataObject, answer: str) -> None:
        waiting = sorted(name for name, state in self.states.items() if state.pending)
        name = data.draw(st.sampled_from(waiting))
        state, possible = self.states[name], self.possible[name]
        if answer == "accepted":
            self.states[name] = state.confirmed()
            self.possible[name] = possible[-1:]
        elif answer == "refused":
            self.states[name] = state.refused()
            self.possible[name] = possible[:-1]
        else:
            self.states[name] = state.unanswered()


TestIssuing = Issuing.TestCase
TestIssuing.settings = THOROUGH


def increases_before_decreases(
    states: Sequence[SessionState],
    desired: Mapping[str, Schedule],
    _limits: Mapping[Phase, Schedule],
    _now: datetime,
) -> list[tuple[str, Schedule]]:
    """A planted bug: everything is sent as it is wanted."""
    return [(state.id, desired[state.id]) for state in states if state.id in desired and not state.pending]


def blind_to_open_requests(
    states: Sequence[SessionState],
    desired: Mapping[str, Schedule],
    limits: Mapping[Phase, Schedule],
    now: datetime,
) -> list[tuple[str, Schedule]]:
    """A planted bug: an unanswered decrease counts as accepted."""
    hopeful = [state.confirmed() for state in states]
    waiting = {state.id for state in states if state.pending}
    return [(name, schedule) for name, schedule in to_send(hopeful, desired, limits, now) if name not in waiting]


@pytest.mark.parametrize("bug", [increases_before_decreases, blind_to_open_requests])
def test_a_planted_bug_is_found(bug: Issue) -> None:
    broken = type("Broken", (Issuing,), {"issue": staticmethod(bug)})
    with pytest.raises(AssertionError, match="A above the limit"):
        run_state_machine_as_test(
            broken, settings=settings(THOROUGH, database=None, print_blob=False, max_examples=500)
        )
