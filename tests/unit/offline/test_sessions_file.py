"""Reading real sessions."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from optimizer.offline.sessions_file import SessionsError, read_sessions

HEADER = "session_id,station_id,phase_angle_deg,arrival_5min,departure_5min,kwh"
ITEM: dict[str, Any] = {
    "connectionTime": "Wed, 25 Apr 2018 11:08:04 GMT",
    "disconnectTime": "Wed, 25 Apr 2018 13:20:10 GMT",
    "doneChargingTime": None,
    "kWhDelivered": 7.932,
    "sessionID": "A",
    "stationID": "2-39-78-362",
    "spaceID": "CA-496",
    "timezone": "America/Los_Angeles",
    "userID": "194",
    "userInputs": [
        {"kWhRequested": 25.0, "minutesAvailable": 90, "requestedDeparture": "Wed, 25 Apr 2018 12:38:04 GMT"},
        {"kWhRequested": 5.0, "minutesAvailable": 10},
    ],
}


def table(folder: Path, *rows: str, header: str = HEADER) -> Path:
    file = folder / "sessions.csv"
    file.write_text("\n".join([header, *rows]) + "\n")
    return file


def export(folder: Path, document: object) -> Path:
    file = folder / "sessions.json"
    file.write_text(document if isinstance(document, str) else json.dumps(document))
    return file


def problems(file: Path) -> list[str]:
    with pytest.raises(SessionsError) as error:
        read_sessions(file)
    return [problem.removeprefix(f"{file}, ").removeprefix(f"{file}: ") for problem in error.value.problems]


def test_a_table_counts_elapsed_steps_also_over_the_change_to_summer_time(tmp_path: Path) -> None:
    visits = read_sessions(table(tmp_path, "B,CA-2,270,2880,2892,1.5", "A,CA-1,-90,0,3,0")).visits
    assert [visit.id for visit in visits] == ["A", "B"], "by arrival"
    assert visits[0].arrival == datetime(2019, 3, 1, 8, 0, tzinfo=UTC)
    assert visits[1].arrival == datetime(2019, 3, 11, 8, 0, tzinfo=UTC)
    assert [visit.angle_deg for visit in visits] == [-90, -90]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("A,CA-1,30,9,9,1", "line 2, column departure_5min: the departure is not after the arrival"),
        ("A,CA-1,30,9,8,1", "line 2, column departure_5min: the departure is not after the arrival"),
        ("A,CA-1,30,0,99999,1", "line 2, column departure_5min: the stay lasts longer than 31 days"),
        ("A,CA-1,30,0,3,nan", "line 2, column kwh: 'nan' is not an energy in kWh, 0 to 1000"),
        ("A,CA-1,30,0,3,-1", "line 2, column kwh: '-1' is not an energy in kWh, 0 to 1000"),
        ("A,CA-1,30,0,3", "line 2, column kwh: None is not an energy in kWh, 0 to 1000"),
        ("A,CA-1,45,0,3,1", "line 2, column phase_angle_deg: '45' is not 30, -90 or 150"),
        ("A,CA-1,30,-1,3,1", "line 2, column arrival_5min: '-1' is not a whole number of 5-minute steps, 0 or more"),
        ("A,CA-1,30,1e3,3,1", "line 2, column arrival_5min: '1e3' is not a whole number of 5-minute steps, 0 or more"),
        (",CA-1,30,0,3,1", "line 2, column session_id: '' is not an id"),
    ],
)
def test_a_wrong_row_is_told_with_line_and_column(tmp_path: Path, row: str, problem: str) -> None:
    assert problems(table(tmp_path, row)) == [problem]


def test_every_wrong_row_is_told_up_to_a_number(tmp_path: Path) -> None:
    told = problems(table(tmp_path, *["A,CA-1,30,9,9,1"] * 30))
    assert len(told) == 21
    assert told[-1] == "and 10 more"


def test_rows_must_not_contradict_each_other(tmp_path: Path) -> None:
    told = problems(table(tmp_path, "A,CA-1,30,0,3,1", "A,CA-1,150,4,5,1"))
    assert "line 3, session_id: 'A' stands in" in told[0]
    assert "line 3, phase_angle_deg: CA-1 has 30 in" in told[1]


def test_a_file_without_sessions_or_columns_is_told(tmp_path: Path) -> None:
    assert problems(table(tmp_path)) == ["there is no session in it"]
    assert problems(table(tmp_path, "A,1", header="session_id,kwh")) == [
        "line 1: the column station_id, phase_angle_deg, arrival_5min, departure_5min is missing"
    ]
    assert problems(export(tmp_path, "")) == [f"line 1: the column {', '.join(HEADER.split(','))} is missing"]
    assert "No such file" in problems(tmp_path / "none.csv")[0]


def test_an_export_of_acn_data_is_read(tmp_path: Path) -> None:
    anonymous = {**ITEM, "sessionID": "B", "userID": None, "userInputs": None}
    read = read_sessions(export(tmp_path, {"_meta": {}, "_items": [ITEM, anonymous]}))
    assert read.zone.key == "America/Los_Angeles"
    told, silent = read.visits
    assert (told.station, told.driver, told.energy_kwh) == ("CA-496", "194", 7.932)
    assert told.arrival == datetime(2018, 4, 25, 11, 8, 4, tzinfo=UTC)
    assert told.told_kwh == 25.0, "what was said first"
    assert told.told_departure == datetime(2018, 4, 25, 12, 38, 4, tzinfo=UTC)
    assert (silent.driver, silent.told_kwh, silent.told_departure) == (None, None, None)


def test_minutes_available_say_when_the_driver_leaves(tmp_path: Path) -> None:
    item = {**ITEM, "userInputs": [{"minutesAvailable": 30}]}
    (visit,) = read_sessions(export(tmp_path, [item])).visits
    assert visit.told_departure == datetime(2018, 4, 25, 11, 38, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"connectionTime": "yesterday"}, "_items[0], connectionTime: 'yesterday' is not a time such as"),
        ({"disconnectTime": "Wed, 25 Apr 2018 11:08:04 GMT"}, "_items[0], disconnectTime: the departure is not after"),
        ({"kWhDelivered": "NaN"}, "_items[0], kWhDelivered: Input should be a finite number"),
        ({"timezone": "Mars/Olympus"}, "_items[0], timezone: 'Mars/Olympus' is not a time zone"),
        ({"sessionID": ""}, "_items[0], sessionID: String should have at least 1 character"),
        ({"stationID": None, "spaceID": None}, "_items[0], stationID: there is neither a stationID nor a spaceID"),
        ({"userInputs": [{"kWhRequested": -1}]}, "_items[0], userInputs, 0, kWhRequested: Input should be greater"),
    ],
)
def test_a_wrong_item_is_told_with_its_field(tmp_path: Path, change: dict[str, object], problem: str) -> None:
    (told,) = problems(export(tmp_path, {"_items": [{**ITEM, **change}]}))
    assert told.startswith(problem)


@pytest.mark.parametrize("text", ['{"_items": 3}', '{"items": []}', "[1", '{"_items": [NaN]}'])
def test_json_of_another_kind_is_told_in_one_line(tmp_path: Path, text: str) -> None:
    (told,) = problems(export(tmp_path, text))
    assert "\n" not in told


def test_an_item_that_is_no_object_is_told(tmp_path: Path) -> None:
    (told,) = problems(export(tmp_path, "[3]"))
    assert told.startswith("_items[0]: ")
