"""What the store promises of prices, forecasts and measurements: the last upload counts, and nothing else is lost."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from ocpi.sites.series import FRESH, SeriesKind
from ocpi.sites.site import GRID
from ocpi.sites.steps import Step, Steps
from ocpi.store import keys
from ocpi.store.series import FORECASTS_KEPT, KEPT, SeriesStore
from ocpi.store.table import Table
from tests.conflicts import others_write
from tests.contract.conftest import Store

NOW = datetime(2026, 11, 23, 13, 7, 30, tzinfo=UTC)
NOON = NOW.replace(hour=12, minute=0, second=0)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

PRICE, BASE_LOAD, MEASURED = SeriesKind.PRICE, SeriesKind.BASE_LOAD, SeriesKind.MEASURED_BASE_LOAD


@pytest.fixture
def series(store: Store) -> SeriesStore:
    return SeriesStore(store.sites_table)


def hourly(*values: float, start: datetime = NOON) -> Steps:
    return tuple(
        Step(start=start + number * HOUR, end=start + (number + 1) * HOUR, value=value)
        for number, value in enumerate(values)
    )


def values(steps: Steps) -> list[float]:
    return [step.value for step in steps]


def test_an_upload_is_read_as_it_was_told(store: Store, series: SeriesStore) -> None:
    told = hourly(*(hour / 100 - 0.05 for hour in range(36)))
    series.put(store.name, PRICE, GRID, told, NOW)
    read = series.read(store.name, [PRICE], NOON - DAY, NOON + 5 * DAY)
    assert list(read) == [(PRICE, GRID)]
    assert [(step.start, step.end, step.value) for step in read[PRICE, GRID]] == [
        (step.start, step.end, step.value) for step in told
    ]
    assert {step.told for step in read[PRICE, GRID]} == {NOW}
    assert values(series.read(store.name, [PRICE], NOON + HOUR, NOON + 3 * HOUR)[PRICE, GRID]) == values(told[1:3])


def test_the_last_upload_counts_for_its_time_and_others_stay(store: Store, series: SeriesStore) -> None:
    series.put(store.name, PRICE, GRID, hourly(1, 2, 3, 4), NOW)
    series.put(store.name, PRICE, GRID, hourly(7, 8, start=NOON + HOUR), NOW + HOUR)
    series.put(store.name, BASE_LOAD, "deck", hourly(5), NOW)
    series.put(store.name, BASE_LOAD, GRID, hourly(6), NOW)
    known = series.read(store.name, list(SeriesKind), NOON - DAY, NOON + DAY)
    assert {key: values(steps) for key, steps in known.items()} == {
        (PRICE, GRID): [1, 7, 8, 4],
        (BASE_LOAD, "deck"): [5],
        (BASE_LOAD, GRID): [6],
    }
    assert [step.told for step in known[PRICE, GRID]] == [NOW, NOW + HOUR, NOW + HOUR, NOW]
    assert list(series.read(store.name, [BASE_LOAD], NOON, NOON + DAY, "deck")) == [(BASE_LOAD, "deck")]


def test_what_was_uploaded_is_taken_back_for_a_time_and_the_rest_stays(store: Store, series: SeriesStore) -> None:
    series.put(store.name, BASE_LOAD, GRID, hourly(*range(24)), NOW)
    series.put(store.name, BASE_LOAD, "deck", hourly(5), NOW)
    series.put(store.name, PRICE, GRID, hourly(6), NOW)
    removed = series.remove(store.name, BASE_LOAD, GRID, NOW, NOON + DAY - HOUR, NOW)
    assert values(removed) == list(range(1, 23)), "two days of UTC, and parts of hours"
    known = series.read(store.name, list(SeriesKind), NOON - DAY, NOON + 2 * DAY)
    assert values(known[BASE_LOAD, GRID]) == [0, 1, 23]
    assert known[BASE_LOAD, GRID][1].end == NOW
    assert values(known[BASE_LOAD, "deck"] + known[PRICE, GRID]) == [5, 6]
    assert series.remove(store.name, BASE_LOAD, GRID, NOW, NOON + DAY - HOUR, NOW) == ()
    series.put(store.name, BASE_LOAD, GRID, hourly(9, start=NOON + 4 * HOUR), NOW)
    read = series.read(store.name, [BASE_LOAD], NOON, NOON + DAY, GRID)
    assert values(read[BASE_LOAD, GRID]) == [0, 1, 9, 23]
    series.remove(store.name, BASE_LOAD, GRID, NOON - DAY, NOON + 2 * DAY, NOW)
    assert series.read(store.name, [BASE_LOAD], NOON, NOON + DAY, GRID) == {}


def test_there_is_nothing_of_another_site_or_time(store: Store, series: SeriesStore) -> None:
    series.put(store.name, PRICE, GRID, hourly(1), NOW)
    assert series.read(store.name + "-2", list(SeriesKind), NOON, NOON + DAY) == {}
    assert series.read(store.name, list(SeriesKind), NOON + HOUR, NOON + DAY) == {}
    assert series.read(store.name, [BASE_LOAD, MEASURED], NOON, NOON + DAY) == {}


def test_an_upload_waits_for_those_who_write_the_same_day(store: Store, series: SeriesStore) -> None:
    with others_write("TransactWriteItems", 2) as met:
        series.put(store.name, PRICE, GRID, hourly(1), NOW)
    assert len(met) == 2
    assert values(series.read(store.name, [PRICE], NOON, NOON + DAY)[PRICE, GRID]) == [1]


@pytest.mark.usefixtures("at_once")
def test_nothing_is_lost_of_many_uploads_at_once(store: Store, series: SeriesStore) -> None:
    with ThreadPoolExecutor(4) as threads:
        list(
            threads.map(
                lambda hour: series.put(store.name, PRICE, GRID, hourly(hour, start=NOON + hour * HOUR), NOW), range(4)
            )
        )
    assert values(series.read(store.name, [PRICE], NOON, NOON + DAY)[PRICE, GRID]) == [0, 1, 2, 3]


def test_of_a_minute_the_highest_base_load_is_kept_and_the_last_of_solar_power(
    store: Store, series: SeriesStore
) -> None:
    for kw in (8.25, 30, 7):
        series.measured(store.name, MEASURED, GRID, NOON + 20 * MINUTE / 60, kw, NOW)
        series.measured(store.name, SeriesKind.MEASURED_PV, GRID, NOON, kw, NOW)
    series.measured(store.name, MEASURED, GRID, NOON + MINUTE, 0.1, NOW)
    series.measured(store.name, MEASURED, "deck", NOON + MINUTE, -2, NOW)
    known = series.read(store.name, [MEASURED, SeriesKind.MEASURED_PV], NOON, NOON + HOUR)
    assert [(step.start, step.end, step.value) for step in known[MEASURED, GRID]] == [
        (NOON, NOON + MINUTE, 30),
        (NOON + MINUTE, NOON + MINUTE + FRESH, 0.1),
    ]
    assert values(known[SeriesKind.MEASURED_PV, GRID]) == [7]
    assert values(known[MEASURED, "deck"]) == [-2]


def test_all_that_counts_now_is_read_at_once(store: Store, series: SeriesStore) -> None:
    series.put(store.name, PRICE, GRID, hourly(1, start=NOON - 47 * HOUR), NOW)
    series.put(store.name, PRICE, GRID, hourly(2, start=NOON + 8 * DAY), NOW)
    series.measured(store.name, MEASURED, GRID, NOW - 14 * MINUTE, 5, NOW)
    series.measured(store.name, MEASURED, GRID, NOW - 40 * MINUTE, 9, NOW)
    known = series.known(store.name, NOW)
    assert {key: values(steps) for key, steps in known.items()} == {(PRICE, GRID): [1, 2], (MEASURED, GRID): [5]}


def test_prices_and_measurements_are_kept_for_reports_and_forecasts_are_not(store: Store, series: SeriesStore) -> None:
    series.put(store.name, PRICE, GRID, hourly(1), NOW)
    series.put(store.name, BASE_LOAD, GRID, hourly(1), NOW)
    series.measured(store.name, MEASURED, GRID, NOW, 1, NOW)
    table = Table(store.sites_table)
    items = [*table.query(keys.site_series(store.name)), *table.query(keys.site_measured(store.name))]
    kept = {item["sk"].split("#")[1]: int(item["expires_at"]) - NOW.timestamp() for item in items}
    assert kept == {
        PRICE: KEPT.total_seconds(),
        BASE_LOAD: FORECASTS_KEPT.total_seconds(),
        MEASURED: KEPT.total_seconds(),
    }


def test_what_cannot_be_read_is_left_out_and_can_be_uploaded_anew(store: Store, series: SeriesStore) -> None:
    series.put(store.name, PRICE, GRID, hourly(1), NOW)
    table = Table(store.sites_table)
    table.put(keys.site_series_day(store.name, NOON.date(), PRICE, GRID), {"document": "{", "revision": "r"})
    table.put(keys.site_series_day(store.name, NOON.date(), "weather", GRID), {"document": "sunny", "revision": "r"})
    assert series.known(store.name, NOW) == {}
    series.put(store.name, PRICE, GRID, hourly(2), NOW)
    assert values(series.known(store.name, NOW)[PRICE, GRID]) == [2]
