"""What holds at some hours of some weekdays, by the clocks at the site."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Annotated

from pydantic import AfterValidator

from ocpi import zones
from ocpi.sites.reading import Strict
from ocpi.types.tariffs import DayOfWeek

_DAY = timedelta(days=1)
_MINUTES_OF_DAY = 24 * 60
MINUTES_OF_WEEK = 7 * _MINUTES_OF_DAY
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00", re.ASCII)
DAYS = tuple(DayOfWeek)


def _time_of_day(text: str) -> str:
    if not _TIME.fullmatch(text):
        raise ValueError("must be a time of day such as 17:30, or 24:00")
    return text


def _days_once(days: tuple[DayOfWeek, ...]) -> tuple[DayOfWeek, ...]:
    return tuple(day for day in DAYS if day in days)


TimeOfDay = Annotated[str, AfterValidator(_time_of_day)]


class WeeklyTime(Strict):
    """Hours of some weekdays (none named: of every day), as in an OCPI TariffRestrictions.

    They begin on these days. An `end_time` that is not after the `start_time` is one of the next day; from 00:00 to
    24:00, or from a time to the same, is a whole day.
    """

    day_of_week: Annotated[tuple[DayOfWeek, ...], AfterValidator(_days_once)] = ()
    start_time: TimeOfDay
    end_time: TimeOfDay

    def spans(self, start: datetime, end: datetime, zone: tzinfo) -> Iterator[tuple[datetime, datetime]]:
        """When it holds within [`start`, `end`), in UTC and in order.

        A time that the clocks skip is the moment when they do; one that they show twice begins the first time, and ends
        the second.
        """
        day, last = start.astimezone(zone).date() - _DAY, end.astimezone(zone).date()
        while day <= last:
            if self.on(day):
                begins, ends = (zones.moment(local, last=last_time) for local, last_time in self._bounds(day, zone))
                if max(begins, start) < min(ends, end):
                    yield max(begins, start).astimezone(UTC), min(ends, end).astimezone(UTC)
            day += _DAY

    def on(self, day: date) -> bool:
        """Whether it begins on a day."""
        return not self.day_of_week or DAYS[day.weekday()] in self.day_of_week

    def changed_by_clocks(self, day: date, zone: tzinfo) -> bool:
        """Whether it is another time than it seems if it begins on this day: clocks skip a bound, or show it twice."""
        bounds = [local for local, _ in self._bounds(day, zone)]
        return any(not zones.shown(local) or zones.shown_twice(local) for local in bounds)

    def minutes(self) -> list[tuple[int, int]]:
        """Where it lies in a week without a change of clocks: from which minute to which, less than a week later."""
        begins, ends = _minutes(self.start_time), _minutes(self.end_time)
        length = ends - begins if ends > begins else ends - begins + _MINUTES_OF_DAY
        days = self.day_of_week or DAYS
        starts = [DAYS.index(day) * _MINUTES_OF_DAY + begins for day in days]
        return [(start, start + length) for start in starts]

    def __str__(self) -> str:
        days = ", ".join(day.title()[:3] for day in self.day_of_week) or "every day"
        return f"{days} {self.start_time} to {self.end_time}"

    def _bounds(self, day: date, zone: tzinfo) -> Iterator[tuple[datetime, bool]]:
        """Both, by the clocks; and whether the last time counts, if they show it twice."""
        begins, ends = _minutes(self.start_time), _minutes(self.end_time)
        yield _local(day, begins, zone), False
        yield _local(day, ends if ends > begins else ends + _MINUTES_OF_DAY, zone), True


def overlaps(entries: Sequence[WeeklyTime]) -> Iterator[tuple[int, int]]:
    """Pairs of entries, by their numbers, that hold at the same time; each that meets another is in one of them."""
    week = [(*span, number) for number, entry in enumerate(entries) for span in entry.minutes()]
    again = ((begins + MINUTES_OF_WEEK, ends + MINUTES_OF_WEEK, number) for begins, ends, number in week)
    found = set()
    last_end, last = 0, 0
    for begins, ends, number in sorted((*week, *again)):
        if begins < last_end and number != last:
            found.add((min(number, last), max(number, last)))
        last_end, last = max((last_end, last), (ends, number))
    yield from sorted(found)


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def _local(day: date, minutes: int, zone: tzinfo) -> datetime:
    days, rest = divmod(minutes, _MINUTES_OF_DAY)
    return datetime.combine(day + timedelta(days=days), time(rest // 60, rest % 60), zone)
