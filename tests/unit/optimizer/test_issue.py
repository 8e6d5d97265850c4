"""What may be sent: increases wait for decreases, and every plan comes into force in the end."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocpi.sites.phases import PHASES, Phase
from ocpi.store.profiles import MOST_DOUBTFUL, ProfileState
from ocpi.types.chargingprofiles import (
    ActiveChargingProfile,
    ChargingProfile,
    ChargingProfileResponse,
    ChargingProfileResultType,
)
from optimizer.issue import SessionState, sending, to_send, worst_case
from optimizer.planning.tree import Row
from optimizer.profiles import EPSILON, Schedule
from tests.unit.optimizer.garage import KINDS, LIMITS, START, at, fitting, rates_over_time, steps

ACCEPTED = ChargingProfileResultType.ACCEPTED


def on(*phases: Phase) -> dict[Row, float]:
    """What a car on these phases adds to each limit."""
    return {Row("grid", phase): 1.0 for phase in phases}


def limits_of(limit: Schedule) -> dict[Row, Schedule]:
    return {Row("grid", phase): limit for phase in PHASES}


def test_an_unanswered_request_counts_with_the_worse_of_both_profiles() -> None:
    state = SessionState("a", on(*PHASES), 16, accepted=steps(10, 6, 0), pending=steps(6, 8, 0))
    assert worst_case(state) == steps(10, 8, 0)
    assert worst_case(state.confirmed()) == steps(6, 8, 0)
    assert worst_case(state.refused()) == steps(10, 6, 0)
    assert worst_case(state.unanswered()) == steps(10, 8, 0)
    assert worst_case(SessionState("b", on(*PHASES), 16)).at(at(99)) == 16


def test_an_increase_waits_for_the_decrease_that_makes_room() -> None:
    states = [SessionState("up", on(*PHASES), 16, steps(6)), SessionState("down", on(*PHASES), 16, steps(16))]
    desired = {"up": steps(16), "down": steps(6)}
    limits = limits_of(steps(22))
    assert to_send(states, desired, limits, at(0)) == [("down", steps(6))]
    asked = [states[0], states[1].sent(steps(6))]
    assert to_send(asked, desired, limits, at(0)) == []
    answered = [states[0], asked[1].confirmed()]
    assert to_send(answered, desired, limits, at(0)) == [("up", steps(16))]


def test_an_increase_that_fits_is_sent_at_once() -> None:
    states = [SessionState("up", on(*PHASES), 16, steps(6)), SessionState("down", on(*PHASES), 16, steps(16))]
    assert to_send(states, {"up": steps(10)}, limits_of(steps(26)), at(0)) == [("up", steps(10))]


def test_two_that_swap_their_hours_take_one_request_more_and_no_limit_is_broken() -> None:
    states = {
        "a": SessionState("a", on(*PHASES), 16, steps(16, 0)),
        "b": SessionState("b", on(*PHASES), 16, steps(0, 16, 0)),
    }
    desired = {"a": steps(0, 16, 0), "b": steps(16, 0)}
    rounds = []
    while sends := to_send(list(states.values()), desired, limits_of(steps(16)), at(0)):
        rounds.append([name for name, _ in sends])
        states |= {name: states[name].sent(schedule).confirmed() for name, schedule in sends}
    assert rounds == [["a"], ["b"], ["a"]]
    assert all(states[name].accepted == schedule for name, schedule in desired.items())


def test_what_is_in_force_already_is_not_sent_again() -> None:
    state = SessionState("a", on(*PHASES), 16, steps(16, 6, 0))
    assert to_send([state], {"a": Schedule(((at(1.5), 6.0), (at(2), 0.0)))}, limits_of(steps(32)), at(1.5)) == []


def test_a_session_without_a_profile_gets_one() -> None:
    assert to_send([SessionState("a", on(*PHASES), 6)], {"a": steps(6)}, limits_of(steps(32)), at(0)) == [
        ("a", steps(6))
    ]


def test_only_what_is_to_come_is_sent() -> None:
    sent = to_send([SessionState("a", on(*PHASES), 6)], {"a": steps(16, 6, 0)}, limits_of(steps(32)), at(1.5))
    assert sent == [("a", Schedule(((at(1.5), 6.0), (at(2), 0.0))))]


def test_a_session_that_ignores_us_does_not_stop_what_still_fits() -> None:
    states = [SessionState("deaf", on("L1"), 32), SessionState("a", on("L2"), 6, steps(6))]
    assert to_send(states, {"a": steps(16)}, limits_of(steps(20)), at(0)) == [("a", steps(16))]
    assert (
        to_send([states[0], replace(states[1], draws=on(*PHASES))], {"a": steps(16)}, limits_of(steps(20)), at(0)) == []
    )


@st.composite
def transitions(draw: st.DrawFn) -> tuple[list[SessionState], dict[str, Schedule], dict[Row, Schedule]]:
    """AC and DC sessions whose profiles in force fit under the limits, and other profiles that fit too."""
    limits = draw(st.sampled_from(LIMITS))
    kinds = {f"s{number}": kind for number, kind in enumerate(draw(st.lists(st.sampled_from(KINDS), min_size=1)))}
    before, desired = (
        fitting({name: (kinds[name].draws, draw(rates_over_time(kinds[name]))) for name in order}, limits)
        for order in (list(kinds), draw(st.permutations(list(kinds))))
    )
    states = [SessionState(name, kind.draws, kind.highest, before[name]) for name, kind in kinds.items()]
    return states, desired, limits


def most(states: list[SessionState], limits: dict[Row, Schedule]) -> float:
    """By how much the sum of the worst cases is above a limit, at most."""
    worst = [(state.draws, worst_case(state)) for state in states]
    schedules = [*limits.values(), *(schedule for _, schedule in worst)]
    moments = {START, *(start for schedule in schedules for start in schedule.starts if start > START)}
    return max(
        sum(draws.get(row, 0.0) * schedule.at(moment) for draws, schedule in worst) - limit.at(moment)
        for row, limit in limits.items()
        for moment in moments
    )


@settings(max_examples=300, deadline=None)
@given(transitions())
def test_three_rounds_bring_any_fitting_plan_into_force(
    transition: tuple[list[SessionState], dict[str, Schedule], dict[Row, Schedule]],
) -> None:
    states, desired, limits = transition
    for _ in range(3):
        sends = dict(to_send(states, desired, limits, START))
        asked = [state.sent(sends[state.id]) if state.id in sends else state for state in states]
        assert most(asked, limits) <= 100 * EPSILON
        states = [state.confirmed() for state in asked]
    assert all(state.accepted and state.accepted.same(desired[state.id], START) for state in states)


def test_a_limit_of_a_feeder_and_of_power_hold_too() -> None:
    limits = {Row("grid", "kW"): steps(11), Row("feeder", "L1"): steps(16)}
    draws = {Row("grid", "kW"): 0.69, Row("feeder", "L1"): 1.0}
    states = [SessionState("a", draws, 6, steps(6)), SessionState("dc", {Row("grid", "kW"): 1.0}, 0, steps(0, dc=True))]
    assert to_send(states, {"a": steps(16.1)}, limits, at(0)) == []
    assert [name for name, _ in to_send(states, {"a": steps(15.9)}, limits, at(0))] == ["a"]
    assert to_send(states, {"dc": steps(6.9, dc=True)}, limits, at(0)) == []
    assert [name for name, _ in to_send(states, {"dc": steps(6.8, dc=True)}, limits, at(0))] == ["dc"]


def test_a_limit_that_drops_overtakes_an_increase_that_is_not_answered() -> None:
    state = SessionState("a", on("L1"), 6, accepted=steps(6), pending=steps(32))
    assert to_send([state], {"a": steps(10)}, limits_of(steps(32)), at(0)) == [], "no limit is broken: it waits"
    ((_, sent),) = to_send([state], {"a": steps(10)}, limits_of(steps(20)), at(0))
    assert sent == steps(6), "for all we know it draws 6 A, and where a limit is broken nothing may rise"
    overtaking = state.sent(sent)
    assert worst_case(overtaking) == steps(32), "whichever comes last is obeyed"
    assert to_send([overtaking], {"a": steps(10)}, limits_of(steps(20)), at(0)) == [], "once is enough"


def test_a_request_that_breaks_the_whole_limit_at_any_time_is_overtaken() -> None:
    state = SessionState("a", on("L1"), 6, accepted=steps(6), pending=steps(32))
    ((_, sent),) = to_send([state], {"a": steps(6)}, limits_of(steps(20)), at(0), limits_of(steps(40, 20)))
    assert sent == steps(6), "from the second hour on"


def test_newcomers_who_use_the_head_room_overtake_nothing() -> None:
    state = SessionState("a", on("L1"), 6, accepted=steps(6), pending=steps(16))
    whole = limits_of(steps(20))
    assert to_send([state], {"a": steps(6)}, limits_of(steps(14)), at(0), whole) == []


def asked(profile: ProfileState, schedule: Schedule, id_: str, hour: float) -> ProfileState:
    """After a request for a schedule was sent."""
    pending = sending(profile, read(profile, hour), schedule, id_, at(hour)).asking(id_, at(hour))
    assert pending
    return pending


def active(schedule: Schedule, hour: float) -> ActiveChargingProfile:
    """What a charge point calculates."""
    profile = schedule.to_charging_profile().model_copy(update={"start_date_time": None})
    return ActiveChargingProfile(start_date_time=at(hour), charging_profile=profile)


def read(profile: ProfileState, hour: float, *, dc: bool = False) -> SessionState:
    return SessionState.of("a", on("L1"), profile, at(hour), default_limit=6, highest=32, dc=dc)


def test_what_was_overtaken_counts_until_a_later_request_is_accepted() -> None:
    profile = asked(ProfileState(), steps(16), "first", 0).answered(_accepted(300), at(0))
    profile = asked(profile, steps(8), "second", 0.01)
    assert worst_case(read(profile, 0.01)).at(at(0.01)) == 16
    profile = profile.concluded(ACCEPTED, at(0.02))
    assert worst_case(read(profile, 0.02)).at(at(0.02)) == 16, "the first may have come after the second"
    assert to_send([read(profile, 0.02)], {"a": steps(8)}, limits_of(steps(32)), at(0.02)) == [], "too early to ask"
    assert to_send([read(profile, 0.2)], {"a": steps(8)}, limits_of(steps(32)), at(0.2))
    profile = asked(profile, steps(8), "third", 0.2).concluded(ACCEPTED, at(0.2))
    assert worst_case(read(profile, 0.2)).at(at(0.2)) == 8


def test_silence_counts_with_both_outcomes_until_a_later_request_is_accepted() -> None:
    profile = asked(ProfileState(), steps(16), "first", 0)
    assert worst_case(read(profile, 1)).at(at(1)) == 16
    assert to_send([read(profile, 1)], {"a": steps(16)}, limits_of(steps(32)), at(1)), "asked again"
    profile = asked(profile, steps(8), "second", 1).concluded(ACCEPTED, at(1))
    assert worst_case(read(profile, 1)).at(at(1)) == 8


def test_a_request_that_was_never_sent_counts_no_more_once_it_is_too_late_for_it() -> None:
    profile = sending(ProfileState(), read(ProfileState(), 0), steps(16), "first", at(0))
    assert worst_case(read(profile, 0)).at(at(0)) == 16
    assert worst_case(read(profile, 1)).at(at(1)) == 6
    assert profile.asking("first", at(1)) is None


def test_what_a_charge_point_tells_while_a_request_is_open_counts_beside_it() -> None:
    told: Any = {"start_date_time": at(0.01), "charging_profile": steps(20).to_charging_profile()}
    told["charging_profile"] = told["charging_profile"].model_copy(update={"start_date_time": at(0.01)})
    profile = asked(ProfileState(), steps(8), "first", 0)
    changed = profile.changed(ActiveChargingProfile.model_validate(told), at(0.01))
    assert changed
    assert worst_case(read(changed.concluded(ACCEPTED, at(0.02)), 0.02)).at(at(0.02)) == 20
    assert worst_case(read(profile.concluded(ACCEPTED, at(0.02)), 0.02)).at(at(0.02)) == 8


def test_what_a_charge_point_tells_counts_however_late_it_is_heard() -> None:
    profile = asked(ProfileState(), steps(10), "first", 1).concluded(ACCEPTED, at(3))
    late = profile.changed(active(steps(32), 2), at(4))
    assert late
    assert worst_case(read(late, 4)).at(at(4)) == 32, "it may have come after the result that we heard of first"
    late = asked(late, steps(10), "second", 5).concluded(ACCEPTED, at(5))
    assert worst_case(read(late, 5)).at(at(5)) == 10
    assert late.changed(active(steps(32), 2), at(6)) is None, "older than what is in force"


def test_what_a_charge_point_tells_late_counts_beside_an_open_request() -> None:
    profile = asked(ProfileState(), steps(10), "first", 1).concluded(ACCEPTED, at(3))
    late = asked(profile, steps(8), "second", 3).changed(active(steps(32), 3), at(4))
    assert late
    assert worst_case(read(late.concluded(ACCEPTED, at(4)), 4)).at(at(4)) == 32


def test_a_clock_that_is_ahead_does_not_silence_a_charge_point() -> None:
    profile = ProfileState().changed(active(steps(8), 9), at(1))
    assert profile
    profile = profile.changed(active(steps(32), 2), at(2))
    assert profile
    assert worst_case(read(profile, 2)).at(at(2)) == 32


def test_a_charge_point_may_tell_any_number_of_profiles() -> None:
    profile = asked(ProfileState(), steps(10), "first", 1).concluded(ACCEPTED, at(3))
    for rate in range(100):
        profile = profile.changed(active(steps(rate % 8), 2), at(4)) or profile
    assert len(profile.doubtful) <= MOST_DOUBTFUL
    assert worst_case(read(profile, 4)).at(at(4)) == 32, "any of them may be in force"


def test_nothing_is_sent_just_before_its_deadline() -> None:
    profile = sending(ProfileState(), read(ProfileState(), 0), steps(16), "first", at(0))
    assert profile.deadline
    assert profile.asking("first", profile.deadline - timedelta(seconds=16))
    assert profile.asking("first", profile.deadline - timedelta(seconds=15)) is None
    assert worst_case(read(profile, 0)).at(at(0)) == 16, "it counts all the same"


def test_no_profile_makes_an_evse_give_more_than_it_can() -> None:
    state = SessionState("a", on("L1"), 6, accepted=steps(999), pending=steps(500, 8), doubtful=steps(40))
    assert worst_case(state.at_most(32)).same(steps(32), at(0))
    assert worst_case(state.at_most(32).refused()).same(steps(32), at(0))


@pytest.mark.parametrize(
    ("changes", "dc"),
    [({"start_date_time": None}, False), ({"charging_rate_unit": "W"}, False), ({}, True), ({"duration": 0}, False)],
)
def test_a_profile_that_cannot_be_read_counts_at_the_maximum_of_the_evse(changes: dict[str, Any], dc: bool) -> None:
    profile = ChargingProfile.model_validate(steps(6).to_charging_profile().model_dump() | changes)
    assert worst_case(read(ProfileState(accepted=profile), 1, dc=dc)).at(at(1)) == 32


def test_a_profile_in_watt_is_read_for_dc() -> None:
    profile = steps(11, 7.4, dc=True).to_charging_profile()
    assert worst_case(read(ProfileState(accepted=profile), 1, dc=True)) == steps(11, 7.4, dc=True)


def test_whoever_hears_too_often_waits_longer_each_time_and_a_success_ends_that() -> None:
    profile, waits = ProfileState(), []
    for number in range(6):
        profile = asked(profile, steps(8), f"r{number}", number).answered(_throttled(), at(number))
        assert profile.refused_until
        waits.append(profile.refused_until - at(number))
        assert profile.left_alone(at(number))
    assert waits == [timedelta(minutes=minutes) for minutes in (1, 2, 4, 8, 15, 15)]
    profile = asked(profile, steps(8), "good", 7).concluded(ACCEPTED, at(7))
    assert not profile.left_alone(at(7))
    profile = asked(profile, steps(10), "again", 8).answered(_throttled(), at(8))
    assert profile.refused_until == at(8) + timedelta(minutes=1)


def test_whoever_is_silent_is_asked_again_at_once_and_later_after_longer_times() -> None:
    profile = asked(ProfileState(), steps(8), "first", 0)
    assert profile.deadline
    assert not profile.left_alone(profile.deadline)
    profile = asked(profile, steps(8), "second", 1)
    assert profile.deadline
    assert profile.left_alone(profile.deadline)
    assert not profile.left_alone(profile.deadline + timedelta(minutes=1))


def test_a_timeout_of_hours_is_believed_when_it_comes_to_what_may_be_in_force() -> None:
    profile = asked(ProfileState(), steps(16), "first", 0).answered(_accepted(3600), at(0))
    assert profile.expired(at(0.1)), "it is asked again"
    profile = asked(profile, steps(8), "second", 0.1).concluded(ACCEPTED, at(0.2))
    assert worst_case(read(profile, 0.2)).at(at(0.2)) == 16
    profile = asked(profile, steps(8), "third", 1).concluded(ACCEPTED, at(1))
    assert worst_case(read(profile, 1)).at(at(1)) == 8


def _accepted(timeout: int) -> ChargingProfileResponse:
    return ChargingProfileResponse.model_validate({"result": "ACCEPTED", "timeout": timeout})


def _throttled() -> ChargingProfileResponse:
    return ChargingProfileResponse.model_validate({"result": "TOO_OFTEN", "timeout": 0})
