"""What counts at a site: what was uploaded or measured, or what its file says; and a measurement makes no room."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocpi.sites.phases import PHASES
from ocpi.sites.series import FRESH, KnownSeries, SeriesKind, Worth, day_ahead_missing, held_until
from ocpi.sites.site import GRID, Site, SiteError, parse_site
from ocpi.sites.steps import Step, Steps, replaced, within
from tests.objects import SITE

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
NOW = datetime(2026, 11, 23, 13, 7, tzinfo=UTC)
"""A Monday, 14:07 at the site."""
NOON = NOW.replace(hour=11, minute=0)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def site(**more: Any) -> Site:
    return parse_site(json.dumps(SITE | {"time_zone": "Europe/Amsterdam"} | more))


def hourly(*values: float, start: datetime = NOON, told: datetime | None = None) -> Steps:
    return tuple(
        Step(start=start + number * HOUR, end=start + (number + 1) * HOUR, value=value, told=told)
        for number, value in enumerate(values)
    )


def known(**series: Steps) -> KnownSeries:
    return {(SeriesKind(kind), GRID): steps for kind, steps in series.items()}


def measured(*values: tuple[datetime, float]) -> Steps:
    return tuple(Step(start=at, end=at + MINUTE, value=value) for at, value in values)


def total_a(worth: Worth, place: Site, moment: datetime = NOW) -> list[float]:
    return [round(worth.base_load_a(place.grid, phase, moment), 3) for phase in PHASES]


# Prices


def test_an_uploaded_price_counts_where_there_is_one_and_the_site_s_elsewhere() -> None:
    worth = Worth(site(price_per_kwh=0.3, feed_in_per_kwh=0.05), known(price=hourly(0.1, -0.2), feed_in=hourly(0.01)))
    assert [worth.price(NOON + hours * HOUR) for hours in (-1, 0, 1, 1.9, 2)] == [0.3, 0.1, -0.2, -0.2, 0.3]
    assert [worth.feed_in(NOON + hours * HOUR) for hours in (0, 1)] == [0.01, 0.05]


def test_a_price_that_nobody_knows_yet_is_what_the_hour_costs_on_other_days() -> None:
    yesterday = hourly(*(hour / 100 for hour in range(24)), start=NOON - 12 * HOUR - DAY)
    today = hourly(*((hour + 2) / 100 for hour in range(24)), start=NOON - 12 * HOUR)
    worth = Worth(site(), known(price=yesterday + today))
    assert worth.price(NOON + DAY) == pytest.approx(0.13)
    assert Worth(site(), known(price=hourly(0.1, 0.3))).price(NOON + 5 * HOUR) == pytest.approx(0.2), "the mean of all"
    assert Worth(site(), {}).price(NOW) is None


def test_prices_by_time_of_use_hold_by_the_clocks_at_the_site() -> None:
    peak = {"day_of_week": ["MONDAY"], "start_time": "17:30", "end_time": "21:00", "value": 0.42}
    night = {"start_time": "23:00", "end_time": "06:00", "value": 0.2}
    place = site(price_per_kwh={"base": 0.3, "weekly": [peak, night]}, feed_in_per_kwh={"base": 0.1})
    worth = Worth(place, {})
    local = NOW.astimezone(AMSTERDAM).replace(minute=0)
    clock = [(17, 0), (17, 30), (20, 59), (21, 0), (23, 30)]
    assert [worth.price(local.replace(hour=hour, minute=minute)) for hour, minute in clock] == [
        0.3,
        0.42,
        0.42,
        0.3,
        0.2,
    ]
    assert worth.price(local.replace(hour=18) + DAY) == 0.3, "on a Tuesday"
    changes = worth.changes(NOW, NOW + DAY)
    assert changes == sorted(set(changes))
    assert {f"{each.astimezone(AMSTERDAM):%H:%M}" for each in changes} >= {"14:07", "17:30", "21:00", "23:00", "06:00"}
    assert worth.feed_in(NOW) == 0.1
    assert parse_site(place.model_dump_json(exclude_none=True)) == place


def test_an_uploaded_price_counts_before_time_of_use() -> None:
    worth = Worth(site(price_per_kwh={"base": 0.3}), known(price=hourly(0.1)))
    assert [worth.price(NOON + hours * HOUR) for hours in (0, 1)] == [0.1, 0.3]


WRONG_TIMES_OF_USE: dict[str, tuple[dict[str, Any], str]] = {
    "overlap": (
        {"base": 1, "weekly": [{"start_time": f"{at}:00", "end_time": "20:00", "value": 1} for at in (16, 17)]},
        r"price_per_kwh.weekly\[1\]: overlaps weekly\[0\] \(every day 16:00 to 20:00\): change the times of one",
    ),
    "no base": ({"weekly": []}, "price_per_kwh.base: missing: give it a value"),
    "no time": (
        {"base": 1, "weekly": [{"start_time": "17", "end_time": "18:00", "value": 1}]},
        r"price_per_kwh.weekly\[0\].start_time: must be a time of day such as 17:30",
    ),
    "no value": (
        {"base": 1, "weekly": [{"start_time": "17:00", "end_time": "18:00"}]},
        r"price_per_kwh.weekly\[0\].value: missing",
    ),
}


@pytest.mark.parametrize(("price", "problem"), WRONG_TIMES_OF_USE.values(), ids=WRONG_TIMES_OF_USE)
def test_wrong_times_of_use_are_refused(price: dict[str, Any], problem: str) -> None:
    with pytest.raises(SiteError, match=problem):
        site(price_per_kwh=price)


# Base load and solar power


def test_a_forecast_of_base_load_stands_in_for_the_site_s() -> None:
    place = site(base_load_kw=6.9)
    worth = Worth(place, known(base_load_kw=hourly(3.45, 13.8, told=NOON)))
    assert [total_a(worth, place, NOON + hours * HOUR) for hours in (0, 1, 2)] == [[5] * 3, [20] * 3, [10] * 3]
    assert worth.base_load_kw(place.grid, NOON) == pytest.approx(3.45)


def test_a_power_is_shared_by_the_phases_as_the_site_s_currents_are() -> None:
    place = site(base_load_a={"L1": [30] * 12 + [0] * 12, "L2": 10, "L3": -4})
    worth = Worth(place, known(base_load_kw=hourly(9.2, told=NOON)), NOON)
    assert total_a(worth, place, NOON) == [30, 10, 0]
    alone = Worth(place, known(measured_base_load_kw=measured((NOON, 18.4))), NOON)
    assert total_a(alone, place, NOON) == [60, 20, 0]


def test_a_forecast_of_long_ago_takes_room_and_makes_none() -> None:
    place = site(base_load_kw=6.9)
    worth = Worth(place, known(base_load_kw=hourly(3.45, 13.8, told=NOON - 47 * HOUR)))
    assert total_a(worth, place, NOON) == [5] * 3
    old = Worth(place, known(base_load_kw=hourly(3.45, 13.8, told=NOON - 48 * HOUR)))
    assert [total_a(old, place, NOON + hours * HOUR) for hours in (0, 1)] == [[10] * 3, [20] * 3]
    (step,) = hourly(3.45, told=NOON + HOUR / 2 - 48 * HOUR)
    assert NOON + HOUR / 2 in Worth(place, known(base_load_kw=(step,))).changes(NOON, NOON + HOUR)
    unknown = Worth(place, known(base_load_kw=hourly(3.45)))
    assert total_a(unknown, place, NOON) == [10] * 3


def test_a_measurement_raises_what_counts_for_a_quarter_of_an_hour() -> None:
    place = site(base_load_kw=6.9)
    pushed = known(measured_base_load_kw=measured((NOW - 20 * MINUTE, 69), (NOW - 10 * MINUTE, 20.7), (NOW, 13.8)))
    worth = Worth(place, pushed, NOW)
    until = held_until(NOW)
    assert f"{until:%H:%M}" == "13:30"
    assert [total_a(worth, place, each) for each in (NOW, until - MINUTE, until)] == [[30] * 3, [30] * 3, [10] * 3]
    assert {NOW, until} <= set(worth.changes(NOW, NOW + DAY))
    low = Worth(place, known(measured_base_load_kw=measured((NOW, 0.1))), NOW)
    assert total_a(low, place) == [10] * 3
    stale = Worth(place, known(measured_base_load_kw=measured((NOW - FRESH, 69))), NOW)
    assert total_a(stale, place) == [10] * 3


def test_in_hindsight_each_measurement_counts_for_its_own_time() -> None:
    place = site(base_load_kw=6.9)
    worth = Worth(place, known(measured_base_load_kw=measured((NOON, 13.8), (NOON + MINUTE, 0))))
    assert [total_a(worth, place, NOON + minutes * MINUTE)[0] for minutes in (-1, 0, 1)] == [10, 20, 10]


def test_each_node_has_its_own_base_load() -> None:
    feeders = [{"id": "deck", "limits": [{"limit_kw": 20}], "phases": ["L2"], "base_load_kw": 1.15}]
    place = site(feeders=feeders)
    told: KnownSeries = {
        (SeriesKind.BASE_LOAD, "deck"): hourly(2.3, told=NOON),
        (SeriesKind.BASE_LOAD, "gone"): hourly(99, told=NOON),
    }
    worth = Worth(place, told)
    assert [worth.base_load_a(place.branch("deck"), "L2", NOON + hours * HOUR) for hours in (0, 1)] == [10, 5]
    assert total_a(worth, place, NOON) == [0] * 3


def test_solar_power_is_what_was_measured_last_then_what_is_foreseen() -> None:
    place = site(pv_kw=[0] * 12 + [4] * 12)
    forecast = hourly(7, 8, 9)
    worth = Worth(place, known(pv_kw=forecast, measured_pv_kw=measured((NOW - MINUTE, 5), (NOW, 3))), NOW)
    assert [worth.pv_kw(each) for each in (NOW, held_until(NOW), NOON + 3 * HOUR)] == [3, 9, 4]


@pytest.mark.parametrize(("minute", "until"), [(0, 15), (1, 30), (15, 30), (29, 45), (44, 60), (45, 60), (46, 75)])
def test_what_was_measured_holds_to_a_quarter_on_the_clock(minute: int, until: int) -> None:
    hour = NOW.replace(minute=0)
    assert held_until(hour + minute * MINUTE) == hour + until * MINUTE


load = st.floats(-30, 60)


@settings(deadline=None)
@given(
    base=load | st.lists(load, min_size=24, max_size=24),
    forecast=st.lists(load, max_size=30),
    told=st.sampled_from([NOON, NOON - 40 * HOUR]),
    pushed=st.lists(st.tuples(st.integers(-30, 0), load), max_size=4),
    hours=st.floats(0, 0.5) | st.floats(0, 40),
)
def test_a_measurement_never_makes_room(
    base: float | list[float],
    forecast: list[float],
    told: datetime,
    pushed: list[tuple[int, float]],
    hours: float,
) -> None:
    place = site(base_load_kw=base)
    foreseen = known(base_load_kw=hourly(*forecast, told=told))
    values = measured(*sorted({NOW + minutes * MINUTE: kw for minutes, kw in pushed}.items()))
    moment = NOW + hours * HOUR
    without = total_a(Worth(place, foreseen, NOW), place, moment)
    counting = Worth(place, {**foreseen, **known(measured_base_load_kw=values)}, NOW)
    assert all(more >= less for more, less in zip(total_a(counting, place, moment), without, strict=True))
    changes = counting.changes(NOW, NOW + 2 * DAY)
    last = max(each for each in changes if each <= moment)
    assert total_a(counting, place, last) == total_a(counting, place, moment), "nothing changes in between"


# Prices of the day ahead that did not come


def test_prices_of_tomorrow_that_are_not_there_in_the_evening_are_told() -> None:
    midnight = datetime(2026, 11, 23, tzinfo=AMSTERDAM).astimezone(UTC)
    today = known(price=hourly(*[0.1] * 24, start=midnight))
    evening = midnight + 18 * HOUR
    place = site(price_per_kwh=0.3)
    assert day_ahead_missing(place, today, evening - MINUTE) is None
    told = "price: those of 2026-11-24 have not been uploaded: the site's own price counts"
    assert day_ahead_missing(place, today, evening) == told
    assert day_ahead_missing(place, today, evening + 8 * HOUR) == told, "nor in the morning"
    assert "what the hours cost before counts" in str(day_ahead_missing(site(), today, evening))
    assert day_ahead_missing(place, known(price=hourly(*[0.1] * 48, start=midnight)), evening) is None
    assert day_ahead_missing(place, {}, evening) is None
    tomorrow = known(price=hourly(*[0.1] * 24, start=midnight + DAY))
    assert day_ahead_missing(place, tomorrow, midnight + 12 * HOUR) is None, "the first that it gets"
    assert day_ahead_missing(place, today, evening + 3 * DAY) is None, "it gets none any more"


# Steps


def test_new_steps_take_the_place_of_old_ones() -> None:
    old = hourly(1, 2, 3, 4)
    new = hourly(7, 8, start=NOON + HOUR)
    assert [step.value for step in replaced(old, NOON + HOUR, NOON + 3 * HOUR, new)] == [1, 7, 8, 4]
    (half,) = hourly(9, start=NOON + HOUR / 2)
    cut = replaced(old, half.start, half.end, (half,))
    assert [(step.start - NOON, step.end - NOON, step.value) for step in cut[:3]] == [
        (0 * HOUR, HOUR / 2, 1),
        (HOUR / 2, 1.5 * HOUR, 9),
        (1.5 * HOUR, 2 * HOUR, 2),
    ]
    assert replaced((), NOON, NOON + 4 * HOUR, old) == old


def test_steps_of_a_time_are_taken_out() -> None:
    rest = replaced(hourly(1, 2, 3, 4), NOON + HOUR / 2, NOON + 3 * HOUR)
    assert [(step.start - NOON, step.end - NOON, step.value) for step in rest] == [
        (0 * HOUR, HOUR / 2, 1),
        (3 * HOUR, 4 * HOUR, 4),
    ]


def test_a_part_of_steps_is_cut_out() -> None:
    part = within(hourly(1, 2, 3), NOON + HOUR / 2, NOON + HOUR)
    assert [(step.start, step.end) for step in part] == [(NOON + HOUR / 2, NOON + HOUR)]
    assert within(hourly(1), NOON + HOUR, NOON + DAY) == ()
