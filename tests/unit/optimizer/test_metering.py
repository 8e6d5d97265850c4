"""What meters tell is spread over the time since they told last: just what they told, and as the vehicle drew it."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocpi.sites.phases import PHASES
from ocpi.sites.record import SLOT, Meter, VisitRecord, slot_of
from optimizer.profiles import Schedule
from optimizer.recording.metering import LONGEST, MOST_ORDERS, Drawn, following, told

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
KW_PER_A = 0.69

VISIT = VisitRecord(
    id="S1",
    session_id="S1",
    evse_uid="E1",
    node="grid",
    phases=PHASES,
    arrival=NOW,
    departure=NOW + timedelta(hours=8),
    energy_kwh=0,
    max_kw=22,
)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def meter(*orders: tuple[float, float]) -> Meter:
    """Of a session that may draw so many kW from so many minutes on."""
    allowed = tuple((round(minute * 60), round(kw * 1000)) for minute, kw in orders)
    return Meter(at=NOW, allowed=allowed, visit=VISIT, seen_at=NOW)


def powers(drawn: list[Drawn]) -> list[tuple[float, float]]:
    """Each power, with its minutes."""
    return [((each.end - each.start) / minutes(1), round(each.kw, 6)) for each in drawn]


def test_a_vehicle_that_took_all_that_it_might_has_followed_its_profile() -> None:
    after, drawn = told(meter((0, 11), (5, 0), (10, 4)), 11 / 12 + 4 / 12, NOW + minutes(15))
    assert powers(drawn) == [(5, 11), (5, 0), (5, 4)]
    assert (after.level_kw, after.held_back) == (None, True)
    assert after.peak_kw == pytest.approx(11)


def test_a_vehicle_that_took_less_kept_to_its_own_power_where_it_might() -> None:
    after, drawn = told(meter((0, 11), (5, 2)), 3.7 / 12 + 2 / 6, NOW + minutes(15))
    assert powers(drawn) == [(5, pytest.approx(3.7)), (10, 2)]
    assert after.level_kw == pytest.approx(3.7)
    assert after.peak_kw == pytest.approx(3.7)
    assert not after.held_back


def test_what_was_drawn_beyond_all_that_was_allowed_is_told_all_the_same() -> None:
    _, drawn = told(meter((0, 4), (6, 0)), 0.8, NOW + minutes(12))
    assert powers(drawn) == [(6, 8), (6, 0)]
    _, drawn = told(meter((0, 0)), 1.0, NOW + minutes(30))
    assert powers(drawn) == [(30, 2)]


def test_a_meter_that_stands_still_for_long_tells_that_nothing_was_drawn() -> None:
    after, drawn = told(meter((0, 11)), 0, NOW + minutes(30))
    assert powers(drawn) == [(30, 0)]
    assert (after.at, after.level_kw) == (NOW + minutes(30), 0)


def test_a_word_without_a_reading_leaves_the_meter_as_it_was() -> None:
    before = meter((0, 11))
    assert told(before, 0, NOW + minutes(2)) == (before, [])


def test_a_meter_that_tells_less_than_before_is_not_believed() -> None:
    before, _ = told(meter((0, 11)), 5, NOW + minutes(30))
    assert told(before, 4, NOW + minutes(40)) == (before, [])


def test_what_took_weeks_counts_in_the_last_of_them() -> None:
    _, drawn = told(meter((0, 11)), 30, NOW + timedelta(days=20))
    assert drawn[0].start == NOW + timedelta(days=20) - LONGEST
    assert sum(each.kwh for each in drawn) == pytest.approx(30)


def test_a_profile_counts_from_when_it_is_obeyed_until_another_is() -> None:
    obeyed = Schedule(((NOW, 16), (NOW + minutes(30), 8)))
    after = following(meter((0, 4)), obeyed, KW_PER_A, NOW + minutes(10), NOW + minutes(11))
    assert after.allowed == ((0, 4000), (600, 11040), (1800, 5520))
    less = following(after, Schedule.constant(6, NOW), KW_PER_A, NOW + minutes(20), NOW + minutes(21))
    assert less.allowed == ((0, 4000), (600, 11040), (1200, 4140))
    moved, _ = told(less, 1, NOW + minutes(15))
    assert moved.allowed == ((0, 11040), (300, 4140))


def test_one_quick_word_of_a_meter_is_no_power_that_a_vehicle_takes() -> None:
    """A meter that counts in tenths of a kWh, and tells one moment twice: the second of it is no 360 kW."""
    known = meter((0, 11))
    for minute in range(1, 61):
        known, _ = told(known, round(3.7 * minute / 60, 1), NOW + minutes(minute))
        if minute == 30:
            known, drawn = told(known, known.kwh + 0.1, NOW + minutes(minute))
            assert drawn[0].kw == pytest.approx(360), "what was told is all counted"
    assert known.peak_kw == pytest.approx(3.7, abs=0.5)
    assert not known.held_back


def test_nothing_is_drawn_beyond_what_was_allowed_as_far_as_a_vehicle_is_concerned() -> None:
    after, _ = told(meter((0, 4)), 12, NOW + minutes(60))
    assert (after.peak_kw, after.held_back) == (4, True)


def test_what_a_vehicle_takes_is_seen_over_many_words_through_changes_of_its_profile() -> None:
    known, kwh = meter((0, 11)), 0.0
    for minute in range(1, 16):
        allowed_kw = 11 if minute <= 7 else 2
        known = following(known, Schedule.constant(allowed_kw, NOW), 1, NOW + minutes(minute - 1), NOW)
        kwh += min(allowed_kw, 7.4) / 60
        known, _ = told(known, kwh, NOW + minutes(minute))
    assert known.peak_kw == pytest.approx(7.4)
    assert not known.held_back


def test_who_is_watched_for_less_than_a_quarter_of_an_hour_may_take_more_than_seen() -> None:
    after, _ = told(meter((0, 11)), 0.3, NOW + minutes(10))
    assert after.level_kw == pytest.approx(1.8)
    assert after.held_back


steps = st.lists(st.tuples(st.integers(1, 90), st.integers(0, 32)), min_size=1, max_size=40)
readings = st.lists(
    st.tuples(st.floats(-120, 5000), st.floats(0, 80).map(lambda kwh: round(kwh, 3))), min_size=1, max_size=12
)


@given(orders=steps, words=readings)
def test_energy_is_conserved_whatever_the_order_and_the_gaps_of_readings(
    orders: list[tuple[int, int]], words: list[tuple[float, float]]
) -> None:
    now, known = NOW, meter((0, 4))
    total: dict[datetime, float] = {}
    for minute, ampere in orders:
        known = following(known, Schedule.constant(ampere, now), KW_PER_A, now, now)
        now += minutes(minute)
    assert len(known.allowed) <= MOST_ORDERS
    for after, kwh in words:
        known, drawn = told(known, kwh, NOW + minutes(after))
        assert all(each.kw >= 0 for each in drawn)
        assert all(earlier.end == later.start for earlier, later in pairwise(drawn))
        for each in drawn:
            for slot, kw in each.by_slot():
                assert slot == slot_of(slot)
                total[slot] = total.get(slot, 0.0) + kw
    spread = sum(total.values()) * (SLOT / timedelta(hours=1))
    assert spread == pytest.approx(max(kwh for _, kwh in words), rel=1e-6, abs=1e-6)
