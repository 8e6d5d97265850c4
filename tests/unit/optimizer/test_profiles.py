from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocpi import wire
from ocpi.sites.phases import PHASES
from ocpi.types.chargingprofiles import ChargingProfile
from optimizer.planning.problem import Node, Plan, Problem, Vehicle
from optimizer.profiles import EPSILON, Schedule, ceiled, floored, safe_tails
from optimizer.profiles import schedules as schedules_of
from tests.unit.optimizer.garage import KINDS, ROWS, Kind

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
    assert schedule.tail == 6


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
def test_what_is_allowed_is_never_rounded_up_and_what_may_be_drawn_never_down(rate: float) -> None:
    for dc, part in ((False, 0.1), (True, 0.001)):
        assert rate - part < floored(rate, dc=dc) <= rate + EPSILON
        assert rate + part > ceiled(rate, dc=dc) >= rate - EPSILON


def test_a_tenth_of_an_ampere_and_a_watt_stay_themselves() -> None:
    for dc, parts in ((False, 10), (True, 1000)):
        rates = [number / parts for number in range(5000)]
        assert [floored(rate, dc=dc) for rate in rates] == rates
        assert [ceiled(rate, dc=dc) for rate in rates] == rates


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


def test_a_profile_for_dc_is_in_whole_watts() -> None:
    profile = Schedule(((at(0), 22.0806), (at(1), 0.0)), dc=True).to_charging_profile(min_charging_rate=3.5)
    assert profile.charging_rate_unit == "W"
    assert profile.min_charging_rate == 3500
    assert [period.limit for period in profile.charging_profile_period] == [Decimal(22080), Decimal(0)]
    assert Schedule.from_charging_profile(profile) == Schedule(((at(0), 22.08), (at(1), 0.0)), dc=True)


def test_a_profile_that_ends_needs_to_be_told_what_holds_then() -> None:
    profile = Schedule(((at(0), 16.0), (at(2), 6.0))).to_charging_profile().model_copy(update={"duration": 3600})
    assert Schedule.from_charging_profile(profile, then=32) == Schedule(((at(0), 16.0), (at(1), 32.0)))
    with pytest.raises(ValueError, match="duration"):
        Schedule.from_charging_profile(profile)


def test_a_relative_profile_has_no_schedule() -> None:
    profile = Schedule.constant(6, at(0)).to_charging_profile().model_copy(update={"start_date_time": None})
    with pytest.raises(ValueError, match="start_date_time"):
        Schedule.from_charging_profile(profile)


@st.composite
def vehicles(draw: st.DrawFn) -> list[tuple[Kind, Vehicle]]:
    kinds = draw(st.lists(st.sampled_from(KINDS), max_size=12))
    return [
        (
            kind,
            Vehicle(
                id=f"v{number}",
                node=kind.node,
                phases=kind.phases,
                least=draw(st.sampled_from([0.0, 3.0, 6.0])),
                most=draw(st.sampled_from([0.0, 4.0, 16.0, 32.0])),
                departure_s=3600,
                energy_kwh=10,
                dc=kind.dc,
            ),
        )
        for number, kind in enumerate(kinds)
    ]


rooms = st.lists(st.floats(-20, 200), min_size=len(ROWS), max_size=len(ROWS))


@given(vehicles(), rooms, st.integers(0, 20), st.lists(tenths, max_size=12))
def test_all_tails_fit_together_under_every_limit_and_can_be_charged_with(
    placed: list[tuple[Kind, Vehicle]], room: list[float], places: int, before: list[float]
) -> None:
    weights = np.array([[kind.draws.get(row, 0.0) for kind, _ in placed] for row in ROWS]).reshape(len(ROWS), -1)
    vehicles = [vehicle for _, vehicle in placed]
    previous = {f"v{number}": tail for number, tail in enumerate(before)}
    tails = safe_tails(vehicles, weights, np.array(room), places, previous)
    assert tails.keys() == {vehicle.id for vehicle in vehicles}
    total = weights @ np.array([tails[vehicle.id] for vehicle in vehicles])
    assert (total <= np.clip(room, 0, None) + EPSILON).all()
    for vehicle in vehicles:
        assert tails[vehicle.id] == 0 or vehicle.least <= tails[vehicle.id] <= vehicle.most


def vehicle(name: str) -> Vehicle:
    return Vehicle(name, "grid", PHASES, 6, 16, 3 * 3600, 10)


def tails_of(names: str, room_a: float, places: int, previous: dict[str, float]) -> dict[str, float]:
    """Safe tails on three phases with the same room."""
    return safe_tails(list(map(vehicle, names)), np.ones((3, len(names))), np.full(3, room_a), places, previous)


def test_where_there_is_room_for_everyone_each_has_a_share_whoever_comes_or_goes() -> None:
    assert tails_of("a", 80, 10, {}) == {"a": 8}
    assert tails_of("ba", 80, 10, {}) == {"a": 8, "b": 8}
    assert set(tails_of("abcdefghij", 83, 10, {}).values()) == {8.3}


def test_where_there_is_little_room_tails_do_not_move_from_one_to_another() -> None:
    tails = tails_of("abc", 15, 10, {})
    assert tails == {"a": 6, "b": 6, "c": 0}
    assert tails_of("nabc", 15, 10, tails) == tails | {"n": 0}
    assert tails_of("bc", 15, 10, tails) == {"b": 6, "c": 0}


def test_no_vehicles_have_no_tails() -> None:
    assert safe_tails([], np.ones((3, 0)), np.full(3, 10.0), 4, {}) == {}


def test_a_plan_becomes_a_schedule_that_ends_in_the_tail_at_the_believed_departure() -> None:
    cars = [
        Vehicle("ac", "grid", PHASES, 6, 16, departure_s=4000.5, energy_kwh=10, tail=6),
        Vehicle("dc", "grid", PHASES, 3, 50, departure_s=9e9, energy_kwh=10, tail=5, dc=True),
        Vehicle("left", "grid", PHASES, 6, 16, departure_s=-5, energy_kwh=10, tail=8),
    ]
    problem = Problem(at(0), [3600, 3600], 230, [Node("grid")], cars)
    rates = np.array([[16.04, 16.08], [22.0, 11.0004], [0.0, 0.0]])
    plan = Plan(rates, np.zeros(3), np.zeros(3), ((), (), ()), "highs")
    ac, dc, left = schedules_of(problem, plan).values()
    assert ac == Schedule(((at(0), 16.0), (at(4000 / 3600), 6.0)))
    assert dc == Schedule(((at(0), 22.0), (at(1), 11.0), (at(2), 5.0)), dc=True)
    assert left == Schedule.constant(8, at(0))
