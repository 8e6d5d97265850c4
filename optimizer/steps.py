"""The uneven grid of steps that a site is planned on, and series over time on it."""

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate, pairwise

import numpy as np

from optimizer.history import HORIZON
from optimizer.planning.problem import Floats
from optimizer.profiles import Schedule


def grid(now: datetime, until: datetime, changes: Iterable[datetime] = ()) -> tuple[int, ...]:
    """The lengths of the steps in seconds from `now` (its whole second) to `until` or a little later.

    About 12 steps of 5 minutes, then 12 of 15, then hours, 36 h at most, with a cut at each change of a
    limit. The steps lie on the clock (a 15-minute step starts at :00, :15, :30 or :45), so that a plan made a
    little later has the same boundaries and is the same plan if nothing happened.
    """
    start = now.astimezone(UTC).replace(microsecond=0)
    end = min(_on_the_clock(until.astimezone(UTC), 3600), _on_the_clock(start + HORIZON, 6 * 3600, up=False))
    if until <= start:
        return ()
    quarters = _on_the_clock(start + timedelta(hours=1), 900)
    hours = _on_the_clock(start + timedelta(hours=4), 3600)
    marks = {
        *_marks(start, min(quarters, end), 300),
        *_marks(quarters, min(hours, end), 900),
        *_marks(hours, end, 3600),
        *(change.astimezone(UTC) for change in changes if start < change < end),
    }
    edges = sorted({start, *marks, end})
    return tuple(round((later - earlier).total_seconds()) for earlier, later in pairwise(edges))


def _on_the_clock(moment: datetime, seconds: int, *, up: bool = True) -> datetime:
    """The next moment (or the last) whose time in UTC is a multiple of `seconds`."""
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    steps = (moment - midnight) / timedelta(seconds=seconds)
    return midnight + timedelta(seconds=seconds) * (math.ceil(steps) if up else math.floor(steps))


def _marks(start: datetime, end: datetime, seconds: int) -> list[datetime]:
    """All multiples of `seconds` from `start` to before `end`."""
    first = _on_the_clock(start, seconds)
    count = max(0, math.ceil((end - first) / timedelta(seconds=seconds)))
    return [first + timedelta(seconds=seconds * number) for number in range(count)]


class Steps:
    """Steps of some seconds from `start` on."""

    def __init__(self, start: datetime, seconds: Sequence[int]) -> None:
        edges = [start + timedelta(seconds=offset) for offset in accumulate(seconds, initial=0)]
        self.spans: list[tuple[datetime, datetime]] = list(pairwise(edges))
        """When each begins and ends."""
        self._edges: Floats = np.array([edge.timestamp() for edge in edges])

    def highest(self, schedule: Schedule, until: datetime | None = None) -> Floats:
        """The highest rate within each step; of what comes into force from `until` on, nothing counts."""
        highest = schedule.sampled(self._edges[:-1])
        starts = np.array([start.timestamp() for start in schedule.starts])
        rates = np.array([rate for _, rate in schedule.steps])
        end = min(self._edges[-1], until.timestamp()) if until else self._edges[-1]
        within = (starts > self._edges[0]) & (starts < end)
        numbers = np.searchsorted(self._edges, starts[within], side="right") - 1
        np.maximum.at(highest, numbers, rates[within])
        return highest

    def mean(self, values: Sequence[tuple[datetime, float]]) -> Floats:
        """The mean within each step of what has a value from each moment to the next; the first is the start."""
        begun = [(moment.timestamp(), value) for moment, value in values if moment.timestamp() < self._edges[-1]]
        moments = np.array([*(moment for moment, _ in begun), self._edges[-1]])
        sums = np.concatenate([[0.0], np.cumsum(np.diff(moments) * [value for _, value in begun])])
        return np.asarray(np.diff(np.interp(self._edges, moments, sums)) / np.diff(self._edges))
