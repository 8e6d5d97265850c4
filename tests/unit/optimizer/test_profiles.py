from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocpi import wire
from ocpi.types.chargingprofiles import ChargingProfile
from optimizer.phases import PHASES, Phase
from optimizer.problem import Vehicle
from optimizer.profiles import Schedule, floor_tenth, limit_schedules, safe_tails
from tests.unit.optimizer.simulation import tight_site

START = datetime(2026, 3, 2, 8, tzinfo=UTC)


def at(hour: float) -> datetime:
    return START + timedelta(hours=hour)


tenths = st.integers(0, 320).map(lambda number: number / 10)


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    hours = sorted(draw(st.sets(st.integers(-5, 20), min_size=1, max_size=6)))
    return Schedule(tuple((at(hour), draw(tenths)) for hour in hours))


moments = st.integers(-6 * 60, 21 * 60).map(lambda minutes: at(minutes / 60))


def test_a_step_holds_until_the_next_and_the_last_for_ever() -> None:
    schedule = Schedule(((at(0), 16.0), (at(1), 0.0), (at(3), 6.0)))
    limits = [schedule.at(at(hour)) for hour in (-9, 0, 0.99, 1, 2.9, 3, 9999)]
    assert limits == [16, 16, 16, 0, 0, 6, 6]
    assert schedule.tail_a == 6


def test_equal_neighbours_are_one_step() -> None:
    assert Schedule(((at(0), 6.0), (at(1), 6.0), (at(2), 0.0))).steps == ((at(0), 6.0), (at(2), 0.0))


@pytest.mark.parametrize(
    "steps",
    [
        (),
        ((at(1), 6.0), (at(0), 3.0)),
        ((at(0), 6.0), (at(0), 3.0)),
        ((at(0), -1.0),),
        ((at(0), float("nan")),),
        ((at(0), float("inf")),),
        ((at(0).replace(tzinfo=None), 1.0),),
        ((at(0).replace(microsecond=5), 1.0),),
    ],
)
def test_what_is_no_schedule_is_refused(steps: tuple[tuple[datetime, float], ...]) -> None:
    with pytest.raises(ValueError):
        Schedule(steps)


@given(schedules(), schedules(), moments)
def test_minimum_and_maximum_hold_at_every_moment(one: Schedule, other: Schedule, moment: datetime) -> None:
    assert one.minimum(other).at(moment) == min(one.at(moment), other.at(moment))
    assert one.maximum(other).at(moment) == max(one.at(moment), other.at(moment))


@given(schedules(), schedules(), moments, moments)
def test_within_means_within_at_every_later_moment(
    one: Schedule, other: Schedule, since: datetime, moment: datetime
) -> None:
    assert one.minimum(other).within(other, since)
    if one.within(other, since) and moment >= since:
        assert one.at(moment) <= other.at(moment)
    if not one.within(other, since):
        later = [since, *(start for start in (*one.starts, *other.starts) if start > since)]
        assert any(one.at(start) > other.at(start) for start in later)


@given(schedules(), moments, moments)
def test_what_is_cut_off_was_before(schedule: Schedule, since: datetime, moment: datetime) -> None:
    cut = schedule.since(since)
    assert cut.steps[0][0] == since
    assert cut.same(schedule, since)
    if moment >= since:
        assert cut.at(moment) == schedule.at(moment)


@given(st.floats(0, 500))
def test_a_current_is_never_rounded_up(ampere: float) -> None:
    assert ampere - 0.1 < floor_tenth(ampere) <= ampere + 1e-6


def test_a_tenth_stays_itself() -> None:
    assert [floor_tenth(number / 10) for number in range(1000)] == [number / 10 for number in range(1000)]


@given(schedules())
def test_a_schedule_survives_the_way_over_the_wire(schedule: Schedule) -> None:
    sent = wire.dumps(schedule.to_charging_profile())
    assert Schedule.from_charging_profile(ChargingProfile.model_validate(wire.loads(sent))) == schedule


def test_a_profile_is_absolute_in_ampere_with_one_decimal() -> None:
    profile = Schedule(((at(0), 16.38), (at(1), 0.0))).to_charging_profile(min_charging_rate=6)
    assert profile.start_date_time == at(0)
    assert profile.charging_rate_unit == "A"
    assert profile.min_charging_rate == 6
    assert profile.duration is None
    periods = [(period.start_period, period.limit) for period in profile.charging_profile_period]
    assert periods == [(0, Decimal("16.3")), (3600, Decimal(0))]


def test_a_profile_that_ends_needs_to_be_told_what_holds_then() -> None:
    profile = Schedule(((at(0), 16.0), (at(2), 6.0))).to_charging_profile().model_copy(update={"duration": 3600})
    assert Schedule.from_charging_profile(profile, then_a=32) == Schedule(((at(0), 16.0), (at(1), 32.0)))
    with pytest.raises(ValueError, match="duration"):
        Schedule.from_charging_profile(profile)


def test_a_relative_profile_has_no_schedule() -> None:
    profile = Schedule.constant(6, at(0)).to_charging_profile().model_copy(update={"start_date_time": None})
    with pytest.raises(ValueError, match="start_date_time"):
        Schedule.from_charging_profile(profile)


def test_limits_over_time_are_less_what_is_reserved() -> None:
    limits = limit_schedules(tight_site(100, 50), datetime(2026, 3, 2, 12, tzinfo=UTC), {"L1": 32, "L2": 60})
    hours = [datetime(2026, 3, 2, hour, tzinfo=UTC) for hour in (12, 16, 17, 20, 21)]
    assert [limits["L1"].at(hour) for hour in hours] == [68, 68, 18, 18, 68]
    assert [limits["L2"].at(hour) for hour in hours] == [40, 40, 0, 0, 40]
    assert [limits["L3"].at(hour) for hour in hours] == [100, 100, 50, 50, 100]


@st.composite
def vehicles(draw: st.DrawFn) -> list[Vehicle]:
    count = draw(st.integers(0, 12))
    wirings: list[tuple[Phase, ...]] = [PHASES, ("L1",), ("L2",), ("L3",), ("L1", "L3")]
    return [
        Vehicle(
            id=f"v{number}",
            phases=draw(st.sampled_from(wirings)),
            min_a=draw(st.sampled_from([0.0, 6.0, 8.0])),
            max_a=draw(st.sampled_from([0.0, 4.0, 16.0, 32.0])),
            departure=at(3),
            energy_kwh=10,
        )
        for number in range(count)
    ]


rooms = st.fixed_dictionaries({phase: st.floats(-20, 200) for phase in PHASES})


@given(vehicles(), rooms, st.integers(0, 20), st.lists(tenths, max_size=12))
def test_all_tails_fit_together_and_can_be_charged_with(
    vehicles: list[Vehicle], room: dict[Phase, float], places: int, before: list[float]
) -> None:
    previous = {f"v{number}": Schedule.constant(tail, at(0)) for number, tail in enumerate(before)}
    tails = safe_tails(vehicles, room, places, previous)
    assert tails.keys() == {vehicle.id for vehicle in vehicles}
    for phase in PHASES:
        total = sum(tails[vehicle.id] for vehicle in vehicles if phase in vehicle.phases)
        assert total <= max(0.0, room[phase]) + 1e-6
    for vehicle in vehicles:
        assert tails[vehicle.id] == 0 or vehicle.min_a <= tails[vehicle.id] <= vehicle.max_a


def vehicle(name: str) -> Vehicle:
    return Vehicle(name, PHASES, 6, 16, at(3), 10)


def test_where_there_is_room_for_everyone_each_has_a_share_whoever_comes_or_goes() -> None:
    room = dict.fromkeys(PHASES, 80.0)
    assert safe_tails([vehicle("a")], room, 10, {}) == {"a": 8}
    assert safe_tails([vehicle("b"), vehicle("a")], room, 10, {}) == {"a": 8, "b": 8}


def test_where_there_is_little_room_tails_do_not_move_from_one_to_another() -> None:
    room = dict.fromkeys(PHASES, 15.0)
    cars = [vehicle("a"), vehicle("b"), vehicle("c")]
    tails = safe_tails(cars, room, 10, {})
    assert tails == {"a": 6, "b": 6, "c": 0}
    previous = {name: Schedule.constant(tail, at(0)) for name, tail in tails.items()}
    assert safe_tails([vehicle("new"), *cars], room, 10, previous) == tails | {"new": 0}
    assert safe_tails(cars[1:], room, 10, previous) == {"b": 6, "c": 0}
