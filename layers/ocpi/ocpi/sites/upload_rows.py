"""The rows of an uploaded file, and their times: in order, all there, and right where clocks are changed."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from itertools import pairwise

from ocpi import zones
from ocpi.sites.reading import MOST_PROBLEMS, WrongInput
from ocpi.sites.steps import Step, Steps

LONGEST = timedelta(days=8, hours=1)
"""Eight days, of which one may have an hour more."""

_STEP_LENGTHS = tuple(timedelta(minutes=minutes) for minutes in (15, 30, 60))

_TIME_OF_DAY = r"[T ](?P<hour>\d{1,2}):(?P<minute>\d{2})(:(?P<second>\d{2})(\.0+)?)?"
_TIMES = (
    re.compile(
        rf"(?P<year>\d{{4}})-(?P<month>\d{{1,2}})-(?P<day>\d{{1,2}}){_TIME_OF_DAY} ?(?P<offset>Z|[+-]\d\d:?\d\d)?",
        re.ASCII,
    ),
    re.compile(rf"(?P<day>\d{{1,2}})[.-](?P<month>\d{{1,2}})[.-](?P<year>\d{{4}}){_TIME_OF_DAY}(?P<offset>)", re.ASCII),
)
_YEARS = range(2000, 2100)


class UploadError(WrongInput):
    """What was uploaded cannot be."""


@dataclass(frozen=True, slots=True)
class Row:
    """A value as it was written; `place` is its line, or its path."""

    place: str
    start: str
    end: str | None
    value: float


@dataclass(frozen=True)
class Clock:
    """Reads times. `site` is where the days are those of people, `zone` where times without an offset are told."""

    site: tzinfo
    zone: tzinfo

    def steps(self, rows: Sequence[Row], *, whole_days: bool) -> Steps:
        """All rows in time.

        Raises:
            UploadError: they are not in order, or not all there.
        """
        starts = self._starts(rows)
        length = self._length(rows, starts)
        refuse(list(self._breaks(rows, starts, length)))
        refuse(list(self._wrong_ends(rows, starts, length)))
        begins, ends = starts[0], starts[-1] + length
        if ends - begins > LONGEST:
            raise UploadError([f"is of {(ends - begins) / timedelta(days=1):.0f} days: 8 are the most"])
        if whole_days:
            refuse(list(self._parts_of_days(rows, begins, ends)))
        return tuple(
            Step(start=start, end=start + length, value=row.value) for row, start in zip(rows, starts, strict=True)
        )

    def _starts(self, rows: Sequence[Row]) -> list[datetime]:
        """When each begins; one that the clocks show twice is the next after the one before."""
        starts: list[datetime] = []
        problems = []
        for row in rows:
            try:
                moments = self._moments(row.start)
            except ValueError as wrong:
                problems.append(f"{row.place}: {wrong}")
                continue
            later = (moment for moment in moments if not starts or moment > starts[-1])
            starts.append(next(later, moments[0]))
        refuse(problems)
        return starts

    def _length(self, rows: Sequence[Row], starts: Sequence[datetime]) -> timedelta:
        """How long each step is: as most are."""
        lengths = Counter(abs(later - start) for start, later in pairwise(starts) if later != start)
        if not lengths and rows[0].end:
            lengths = Counter(end - starts[0] for end in self._moments(rows[0].end, skipped=True) if end > starts[0])
        if not lengths:
            raise UploadError([f"{rows[0].place}: is the only step: give two at least, or its end"])
        length, _ = lengths.most_common(1)[0]
        if length not in _STEP_LENGTHS:
            raise UploadError([f"{rows[0].place}: steps of {_spoken(length)}: 15, 30 and 60 minutes are known"])
        return length

    def _breaks(self, rows: Sequence[Row], starts: Sequence[datetime], length: timedelta) -> Iterator[str]:
        """Where one does not follow the one before."""
        seen: dict[datetime, str] = {}
        for number, (row, start) in enumerate(zip(rows, starts, strict=True)):
            earlier, before = seen.setdefault(start, row.place), starts[number - 1] if number else start - length
            if earlier != row.place:
                yield f"{row.place}: {self._told(start)} is given twice, in {earlier} too: keep one"
            elif start < before:
                yield f"{row.place}: {self._told(start)} comes after {self._told(before)}: put them in order"
            elif (start - before) % length:
                yield f"{row.place}: {self._told(start)} does not fit: the steps are of {_spoken(length)}"
            elif start - before > length:
                first, last = before + length, start - length
                missing = (
                    f"{self._told(first)} is" if first == last else f"{self._told(first)} to {self._told(last)} are"
                )
                yield (
                    f"{row.place}: {missing} missing: the one before is {self._told(before)}, this one"
                    f" {self._told(start)}"
                )

    def _wrong_ends(self, rows: Sequence[Row], starts: Sequence[datetime], length: timedelta) -> Iterator[str]:
        for row, start in zip(rows, starts, strict=True):
            try:
                ends = self._moments(row.end, skipped=True) if row.end else [start + length]
            except ValueError as wrong:
                yield f"{row.place}: {wrong}"
                continue
            if start + length not in ends:
                yield f"{row.place}: ends at {row.end!r}: the steps are of {_spoken(length)}"

    def _parts_of_days(self, rows: Sequence[Row], begins: datetime, ends: datetime) -> Iterator[str]:
        """What is missing at the beginning or the end of days. With an offset they may begin as those elsewhere do."""
        first, last = (moment.astimezone(self.site) for moment in (begins, ends))
        whole_from = first.time() if self._has_offset(rows[0].start) else time()
        if first.time() != whole_from:
            yield f"{rows[0].place}: the day is not whole: it begins at {first:%H:%M}, and 00:00 is missing"
        if last.time() != whole_from:
            yield f"{rows[-1].place}: the day is not whole: {self._told(ends)} is missing"

    def _has_offset(self, text: str) -> bool:
        return self.zone is not self.site or _parsed(text).tzinfo is not None

    def _moments(self, text: str, *, skipped: bool = False) -> list[datetime]:
        """When the clocks show a time: once, or twice in the night in which they are put back.

        Raises:
            ValueError: never, or it is no time; with `skipped` a time is taken that they skip.
        """
        told = _parsed(text)
        if told.tzinfo:
            return [told.astimezone(UTC)]
        local = told.replace(tzinfo=self.zone)
        if not skipped and not zones.shown(local):
            raise ValueError(f"{text!r} is a time that the clocks skip, for they are put forward then: leave it out")
        return sorted({local.replace(fold=fold).astimezone(UTC) for fold in (0, 1)})

    def _told(self, moment: datetime) -> str:
        local = moment.astimezone(self.zone)
        twice = f" (the {'second' if local.fold else 'first'} time)" if zones.shown_twice(local) else ""
        return f"{local:%Y-%m-%d %H:%M}{twice}"


def _parsed(text: str) -> datetime:
    """A time, with its zone if it has an offset.

    Raises:
        ValueError: it is none, or may be two.
    """
    like_this = "write it like 2026-11-23 14:00"
    if "/" in text:
        raise ValueError(f"{text[:40]!r} may be two days, for some write the month first: {like_this}")
    found = next((found for each in _TIMES if (found := each.fullmatch(text))), None)
    if not found:
        raise ValueError(f"{text[:40]!r} is no time: {like_this}")
    year, *rest = (int(found[name] or 0) for name in ("year", "month", "day", "hour", "minute", "second"))
    month, day, hour, minute, second = (f"{each:02}" for each in rest)
    try:
        told = datetime.fromisoformat(f"{year}-{month}-{day}T{hour}:{minute}:{second}{found['offset'] or ''}")
    except ValueError:
        raise ValueError(f"{text!r} is a time that there is not") from None
    if told.year not in _YEARS:
        raise ValueError(f"{text!r} is not of this century")
    return told


def _spoken(length: timedelta) -> str:
    return f"{length / timedelta(minutes=1):g} minutes"


def refuse(problems: Sequence[str]) -> None:
    """Raise what is wrong, if anything is."""
    if problems:
        more = ["and more"] if len(problems) > MOST_PROBLEMS else []
        raise UploadError([*problems[:MOST_PROBLEMS], *more])
