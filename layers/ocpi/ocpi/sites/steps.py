"""Values that hold for a while each."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from ocpi.sites.reading import UtcTime


class Step(BaseModel):
    """A value from `start` to before `end`; `told` is when it was uploaded."""

    model_config = ConfigDict(frozen=True)

    start: UtcTime
    end: UtcTime
    value: float
    told: UtcTime | None = None


type Steps = tuple[Step, ...]
"""In order; no two overlap, and there may be gaps."""


class Line:
    """Steps to look things up in."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self.steps = steps
        self._starts = [step.start for step in steps]

    def at(self, moment: datetime) -> Step | None:
        """The step that holds at a moment."""
        number = bisect_right(self._starts, moment) - 1
        return self.steps[number] if number >= 0 and moment < self.steps[number].end else None


def within(steps: Iterable[Step], start: datetime, end: datetime) -> Steps:
    """What of them lies between two moments."""
    cut = (_cut(step, max(step.start, start), min(step.end, end)) for step in steps)
    return tuple(step for step in cut if step.start < step.end)


def replaced(steps: Sequence[Step], start: datetime, end: datetime, new: Sequence[Step] = ()) -> Steps:
    """Steps with others, or with nothing, in place of all that was known of a time."""
    before = (_cut(step, step.start, min(step.end, start)) for step in steps if step.start < start)
    after = (_cut(step, max(step.start, end), step.end) for step in steps if step.end > end)
    return (*before, *new, *after)


def _cut(step: Step, start: datetime, end: datetime) -> Step:
    return step if (start, end) == (step.start, step.end) else step.model_copy(update={"start": start, "end": end})
