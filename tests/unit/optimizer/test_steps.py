from datetime import UTC, datetime, timedelta
from itertools import accumulate

import numpy as np
import pytest

from optimizer.profiles import Schedule
from optimizer.steps import Steps, grid

START = datetime(2026, 3, 2, 8, 2, 17, tzinfo=UTC)
HOUR = timedelta(hours=1)


def ends_of(steps: tuple[int, ...], start: datetime = START) -> list[datetime]:
    return [start + timedelta(seconds=offset) for offset in accumulate(steps)]


def test_the_grid_is_fine_soon_and_coarse_later_and_lies_on_the_clock() -> None:
    steps = grid(START, START + 10 * HOUR)
    ends = ends_of(steps)
    assert [end.strftime("%H:%M:%S") for end in ends[:3]] == ["08:05:00", "08:10:00", "08:15:00"]
    soon = [end for end in ends if end <= START + HOUR]
    middle = [end for end in ends if START + HOUR + timedelta(minutes=15) < end <= START + 4 * HOUR]
    assert all(end.minute % 5 == 0 for end in soon)
    assert all(end.minute % 15 == 0 for end in middle)
    assert ends[-1] == datetime(2026, 3, 2, 19, tzinfo=UTC)
    assert max(steps) == 3600
    assert len(steps) < 40


def test_the_grid_is_cut_where_a_limit_changes_and_ends_within_36_hours() -> None:
    change = START + 7 * HOUR + timedelta(minutes=7)
    ends = ends_of(grid(START, START + 100 * HOUR, [change, START - HOUR, START + 200 * HOUR]))
    assert change in ends
    assert START + 30 * HOUR <= ends[-1] <= START + 36 * HOUR


def test_a_later_grid_has_the_boundaries_of_the_one_before() -> None:
    until = START + 20 * HOUR
    earlier = set(ends_of(grid(START, until)))
    for minutes in (1, 5, 17, 59, 240):
        now = START + timedelta(minutes=minutes)
        later = {now, *ends_of(grid(now, until), now)}
        assert {moment for moment in earlier if moment > now} <= later


def test_there_is_no_grid_into_the_past() -> None:
    assert grid(START, START) == grid(START, START - HOUR) == ()


def test_the_highest_rate_within_a_step_counts() -> None:
    schedule = Schedule(((START, 6.0), (START + HOUR / 2, 10.0), (START + HOUR, 0.0)))
    steps = Steps(START, [3600, 1800])
    assert steps.highest(schedule).tolist() == [10, 0]
    assert steps.highest(schedule, until=START + HOUR / 2).tolist() == [6, 0]


def test_the_mean_within_a_step_counts_by_time() -> None:
    values = [(START, 1.0), (START + HOUR / 2, 3.0), (START + 2 * HOUR, 9.0)]
    assert Steps(START, [3600, 3600, 60]).mean(values) == pytest.approx(np.array([2.0, 3.0, 9.0]))
    assert Steps(START, [2700, 900]).mean(values) == pytest.approx(np.array([5 / 3, 3.0])), "9 comes after the end"
    assert Steps(START, []).mean(values).tolist() == []
