"""What holds at some hours of some weekdays, also when clocks are changed."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ocpi.sites.weekly import DAYS, WeeklyTime, overlaps
from ocpi.types.tariffs import DayOfWeek

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
DAY = timedelta(days=1)


def weekly(start: str, end: str, *days: DayOfWeek) -> WeeklyTime:
    return WeeklyTime(day_of_week=days, start_time=start, end_time=end)


def local_spans(entry: WeeklyTime, day: datetime, days: int = 1) -> list[tuple[str, str]]:
    spans = entry.spans(day, day + days * DAY, AMSTERDAM)
    return [(f"{a.astimezone(AMSTERDAM):%a %H:%M}", f"{b.astimezone(AMSTERDAM):%a %H:%M}") for a, b in spans]


def midnight(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, tzinfo=AMSTERDAM)


def test_hours_of_named_days_are_those_of_the_site() -> None:
    evening = weekly("17:00", "21:00", DayOfWeek.MONDAY, DayOfWeek.FRIDAY)
    assert local_spans(evening, midnight(2026, 11, 23), 7) == [("Mon 17:00", "Mon 21:00"), ("Fri 17:00", "Fri 21:00")]
    assert next(evening.spans(midnight(2026, 7, 6), midnight(2026, 7, 7), AMSTERDAM))[0].hour == 15


def test_a_night_goes_into_the_next_day_and_is_cut_to_what_is_asked_for() -> None:
    night = weekly("22:00", "06:00", DayOfWeek.SUNDAY)
    assert local_spans(night, midnight(2026, 11, 22), 2) == [("Sun 22:00", "Mon 06:00")]
    assert local_spans(night, midnight(2026, 11, 23)) == [("Mon 00:00", "Mon 06:00")]


@pytest.mark.parametrize(("start", "end"), [("00:00", "24:00"), ("00:00", "00:00")])
def test_a_whole_day_is_one(start: str, end: str) -> None:
    assert local_spans(weekly(start, end, DayOfWeek.MONDAY), midnight(2026, 11, 22), 3) == [("Mon 00:00", "Tue 00:00")]


def test_what_the_clocks_skip_does_not_hold_and_what_they_repeat_holds_twice_as_long() -> None:
    spring, autumn = midnight(2026, 3, 29), midnight(2026, 10, 25)
    assert local_spans(weekly("02:00", "03:00"), spring) == []
    assert local_spans(weekly("02:30", "04:00"), spring) == [("Sun 03:00", "Sun 04:00")]
    assert local_spans(weekly("01:00", "02:30"), spring) == [("Sun 01:00", "Sun 03:00")]
    ((begins, ends),) = weekly("02:00", "03:00").spans(autumn, autumn + DAY, AMSTERDAM)
    assert ends - begins == timedelta(hours=2)
    assert weekly("02:30", "04:00").changed_by_clocks(spring.date(), AMSTERDAM)
    assert weekly("02:30", "04:00").changed_by_clocks(autumn.date(), AMSTERDAM)
    assert not weekly("01:00", "04:00").changed_by_clocks(spring.date(), AMSTERDAM)


def test_entries_that_hold_at_the_same_time_are_found_also_across_the_end_of_the_week() -> None:
    sunday_night = weekly("22:00", "06:00", DayOfWeek.SUNDAY)
    monday = weekly("05:00", "07:00", DayOfWeek.MONDAY)
    assert list(overlaps([sunday_night, weekly("06:00", "22:00"), monday])) == [(0, 2), (1, 2)]
    assert list(overlaps([weekly("00:00", "12:00"), weekly("12:00", "24:00")])) == []


@pytest.mark.parametrize("text", ["7:00", "25:00", "24:01", "07:60", "noon", "07:00:00", "٠٧:٠٠"])
def test_what_is_no_time_of_day_is_told(text: str) -> None:
    with pytest.raises(ValidationError, match="must be a time of day such as 17:30"):
        weekly(text, "12:00")


times = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59))
entries = st.builds(
    WeeklyTime,
    day_of_week=st.lists(st.sampled_from(DAYS), max_size=3, unique=True).map(tuple),
    start_time=times,
    end_time=times,
)


@given(entries, entries, st.integers(0, 400))
def test_two_entries_overlap_in_a_calm_week_if_and_only_if_they_are_told_to(
    one: WeeklyTime, other: WeeklyTime, days: int
) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC) + days * DAY
    spans = [list(each.spans(start, start + 9 * DAY, UTC)) for each in (one, other)]
    meet = any(a < d and c < b for a, b in spans[0] for c, d in spans[1])
    assert bool(list(overlaps([one, other]))) == meet


@given(entries, st.integers(0, 800), st.integers(1, 72))
def test_spans_lie_within_what_is_asked_for_in_order_and_miss_nothing(entry: WeeklyTime, hour: int, hours: int) -> None:
    start = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(hours=hour)
    end = start + timedelta(hours=hours)
    spans = list(entry.spans(start, end, AMSTERDAM))
    assert all(start <= begins < ends <= end for begins, ends in spans)
    whole = list(entry.spans(start - 3 * DAY, end + 3 * DAY, AMSTERDAM))
    assert sum((b - a for a, b in spans), timedelta()) == sum(
        (max(min(b, end) - max(a, start), timedelta()) for a, b in whole), timedelta()
    )
