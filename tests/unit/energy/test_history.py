"""What is on record, as curves and as a table."""

import csv
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ocpi.energy.history import history, to_csv
from ocpi.sites.record import SLOT, LoadSlot, NodeLoad

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
START = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
"""Half an hour before the clocks go back."""


def slot(number: int, limit_a: float, ev_a: float, allowed_a: float | None = None, sessions: int = 1) -> LoadSlot:
    allowed = {} if allowed_a is None else {"L1": allowed_a}
    load = NodeLoad.model_validate(
        {"limit_a": {"L1": limit_a}, "base_a": {"L1": 10}, "ev_a": {"L1": ev_a}, "allowed_a": allowed}
    )
    return LoadSlot(start=START + number * SLOT, nodes={"grid": load}, price_per_kwh=0.3, sessions=sessions)


def test_longer_steps_have_the_lowest_limit_the_mean_load_and_the_most_that_was_allowed() -> None:
    past = history([slot(0, 100, 10, 40), slot(1, 80, 20, 70, sessions=3), slot(2, 100, 30, 50)], 900, AMSTERDAM)
    grid = past.nodes["grid"]
    assert past.times == (START,)
    assert (grid.limit_a["L1"], grid.ev_a["L1"], grid.allowed_a["L1"]) == ((80,), (20,), (70,))
    assert past.sessions == (3,)


def test_steps_of_which_nothing_is_known_are_there_and_empty() -> None:
    past = history([slot(0, 100, 10, 40), slot(3, 100, 20)], 300, AMSTERDAM)
    assert past.times == tuple(START + number * SLOT for number in range(4))
    assert past.nodes["grid"].ev_a["L1"] == (10, None, None, 20)
    assert past.nodes["grid"].allowed_a["L1"] == (40, None, None, None)
    assert past.price_per_kwh == (0.3, None, None, 0.3)


def test_hours_are_those_of_the_clock_at_the_site() -> None:
    kathmandu = ZoneInfo("Asia/Kathmandu")
    past = history([slot(0, 100, 10), slot(5, 100, 10)], 3600, kathmandu)
    assert [moment.astimezone(kathmandu).minute for moment in past.times] == [0]


def test_other_steps_are_refused() -> None:
    with pytest.raises(ValueError, match="step: must be 300, 900 or 3600 seconds, is 60"):
        history([], 60, AMSTERDAM)


def test_no_slots_are_no_steps() -> None:
    past = history([], 300, AMSTERDAM)
    assert past.times == ()
    assert to_csv(past, AMSTERDAM) == "start_local,start_utc,price_per_kwh,pv_kw,sessions\r\n"


def test_the_table_tells_the_hour_that_comes_twice_apart() -> None:
    hour = [slot(0, 100, 10, 40), slot(12, 100, 12.5)]
    rows = list(csv.DictReader(to_csv(history(hour, 3600, AMSTERDAM), AMSTERDAM).splitlines()))
    assert [row["start_local"] for row in rows] == ["2026-10-25T02:00+02:00", "2026-10-25T02:00+01:00"]
    assert [row["start_utc"] for row in rows] == ["2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z"]
    assert rows[1]["grid_ev_L1_a"] == "12.5"
    assert rows[1]["grid_allowed_L1_a"] == "", "what is unknown is no number"


def test_what_meters_have_not_told_yet_is_unknown_and_not_nothing() -> None:
    slots = [slot(0, 100, 10), slot(1, 100, 10), slot(2, 100, 0)]
    past = history(slots, 300, AMSTERDAM, slots[1].start + timedelta(minutes=7))
    assert past.nodes["grid"].ev_a["L1"] == (10, 10, None)
    assert past.nodes["grid"].limit_a["L1"] == (100, 100, 100)
