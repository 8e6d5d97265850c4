"""Sessions: drawn repeatably and plausibly, or read from a table whose mistakes are named."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.cpo.sessions import COLUMNS, Day, SessionsError, drawn_day, read_day
from local.cpo.site import garage

MONDAY = date(2026, 3, 2)
ROWS = (
    "s1,CA-1,30,1260,1300,7.5",  # 2019-03-05 09:00
    "s2,CA-2,150,1270,1500,12.25",
    "s3,CA-3,-90,1100,1400,3",  # there since the evening before
    "s4,CA-1,30,1300,1310,2",
    "s5,CA-4,270,2000,2010,2",  # another day
)


def table(folder: Path, *rows: str, header: str = ",".join(COLUMNS)) -> Path:
    path = folder / "sessions.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def check_no_two_cars_at_one_evse(day: Day) -> None:
    free: dict[str, datetime] = {}
    for stay in day.stays:
        assert free.get(stay.berth.evse_uid, stay.arrival) <= stay.arrival
        free[stay.berth.evse_uid] = stay.departure


def test_the_same_seed_draws_the_same_day_and_another_seed_another() -> None:
    assert drawn_day(garage(), MONDAY, 7) == drawn_day(garage(), MONDAY, 7)
    assert drawn_day(garage(), MONDAY, 7).stays != drawn_day(garage(), MONDAY, 8).stays


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**9))
def test_a_drawn_day_is_one_that_can_happen(seed: int) -> None:
    day = drawn_day(garage(), MONDAY, seed)
    assert 50 <= len(day.stays) <= 70
    check_no_two_cars_at_one_evse(day)
    for stay in day.stays:
        assert stay.departure - stay.arrival >= timedelta(minutes=30)
        assert stay.told_departure > stay.arrival
        assert stay.berth.need_kwh >= 1
        assert stay.told_kwh > 0
        assert day.start <= stay.arrival < day.start + timedelta(days=1)


def test_employees_come_in_the_morning_and_residents_in_the_evening() -> None:
    hours = Counter(
        stay.arrival.astimezone(day.site.zone).hour
        for seed in range(20)
        for day in [drawn_day(garage(), MONDAY, seed)]
        for stay in day.stays
    )
    assert sum(hours[h] for h in (7, 8, 9)) > 0.3 * hours.total()
    assert sum(hours[h] for h in (17, 18, 19)) > 0.1 * hours.total()
    assert sum(hours[h] for h in (1, 2, 3, 4)) < 0.02 * hours.total()


def test_most_drivers_leave_before_they_said_and_ask_for_more_than_they_take() -> None:
    stays = [stay for seed in range(20) for stay in drawn_day(garage(), MONDAY, seed).stays]
    early = sum(stay.told_departure - stay.departure > timedelta(minutes=29) for stay in stays)
    greedy = sum(stay.told_kwh > stay.berth.need_kwh for stay in stays)
    assert 0.6 < early / len(stays) < 0.8
    assert greedy / len(stays) > 0.8


def test_the_garage_has_three_phase_and_one_phase_evses_on_all_phases() -> None:
    first = Counter((evse.phases[0], len(evse.phases)) for evse in garage().evses)
    assert len(garage().evses) == 50
    assert all(first[phase, wires] >= 5 for phase in ("L1", "L2", "L3") for wires in (1, 3))


def test_a_tables_day_is_whoever_arrives_on_it(tmp_path: Path) -> None:
    day = read_day(table(tmp_path, *ROWS), date(2019, 3, 5), seed=1)
    assert [stay.berth.evse_uid for stay in day.stays] == ["CA-1", "CA-2", "CA-1"]
    first = day.stays[0]
    nine = datetime(2019, 3, 5, 17, tzinfo=UTC)  # 09:00 in Los Angeles
    assert nine <= first.arrival < nine + timedelta(minutes=5)
    assert first.departure == nine + 40 * timedelta(minutes=5)
    assert first.berth.need_kwh == 7.5
    assert day.start == datetime(2019, 3, 5, 8, tzinfo=UTC)
    check_no_two_cars_at_one_evse(day)


def test_all_stations_of_the_table_are_evses_of_the_site(tmp_path: Path) -> None:
    site = read_day(table(tmp_path, *ROWS), date(2019, 3, 5), seed=1).site
    assert {evse.uid: evse.phases for evse in site.evses} == {
        "CA-1": ("L1", "L2"),
        "CA-2": ("L2", "L3"),
        "CA-3": ("L3", "L1"),
        "CA-4": ("L3", "L1"),
    }
    assert site.voltage_v == 120
    assert site.max_current_a(site.evses[0]) == pytest.approx(6600 / 240)


def test_arrivals_within_their_step_depend_on_the_seed_alone(tmp_path: Path) -> None:
    path = table(tmp_path, *ROWS)
    assert read_day(path, date(2019, 3, 5), 1) == read_day(path, date(2019, 3, 5), 1)
    assert read_day(path, date(2019, 3, 5), 1) != read_day(path, date(2019, 3, 5), 2)


def test_a_day_after_the_change_of_clocks_begins_an_hour_of_steps_earlier(tmp_path: Path) -> None:
    midnight = 11 * 288 - 12  # 2019-03-12 00:00 in summer time
    path = table(tmp_path, f"before,X,30,{midnight - 1},{midnight + 50},1", f"after,Y,30,{midnight},{midnight + 50},1")
    assert [stay.berth.evse_uid for stay in read_day(path, date(2019, 3, 12), 1).stays] == ["Y"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("s1,CA-1,30,1260,1300", "line 3: 5 cells where there must be 6"),
        ("s1,CA-1,45,1260,1300,7.5", "line 3, column phase_angle_deg: '45' is not 30, 150 or 270"),
        ("s1,CA-1,x,1260,1300,7.5", "line 3, column phase_angle_deg: 'x'"),
        ("s1,CA-1,30,-1,1300,7.5", "line 3, column arrival_5min: '-1' is not a whole number"),
        ("s1,CA-1,30,12.5,1300,7.5", "line 3, column arrival_5min: '12.5'"),
        ("s1,CA-1,30,1260,,7.5", "line 3, column departure_5min: ''"),
        ("s1,CA-1,30,1260,1260,7.5", "line 3, column departure_5min: 1260 is not after the arrival at 1260"),
        ("s1,CA-1,30,1260,1300,0", "line 3, column kwh: '0' is not an energy in kWh above 0"),
        ("s1,CA-1,30,1260,1300,nan", "line 3, column kwh: 'nan'"),
        ("s1,,30,1260,1300,7.5", "line 3, column station_id: ''"),
        ("s1,CA-9,30,1255,1300,7.5", "line 3, column arrival_5min: CA-9 is still taken by line 2"),
        ("s1,CA-9,150,1300,1310,7.5", "line 3, column phase_angle_deg: CA-9 has another angle in line 2"),
    ],
)
def test_a_wrong_row_is_named_by_line_and_column(tmp_path: Path, row: str, message: str) -> None:
    path = table(tmp_path, "s0,CA-9,30,1250,1260,1", row)
    with pytest.raises(SessionsError) as raised:
        read_day(path, date(2019, 3, 5), 1)
    assert str(raised.value).startswith(f"{path}, {message}")


def test_another_header_an_absent_file_and_an_empty_day_are_said(tmp_path: Path) -> None:
    with pytest.raises(SessionsError, match="line 1: the columns must be session_id, station_id"):
        read_day(table(tmp_path, *ROWS, header="a,b,c"), date(2019, 3, 5), 1)
    with pytest.raises(SessionsError, match="No such file"):
        read_day(tmp_path / "none.csv", date(2019, 3, 5), 1)
    with pytest.raises(SessionsError, match="no session arrives on 2019-04-01"):
        read_day(table(tmp_path, *ROWS), date(2019, 4, 1), 1)
