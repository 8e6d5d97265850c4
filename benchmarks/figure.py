"""A measured figure beside the one it is held against."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

type Batch = Callable[[int], Sequence[float]]
"""Calls something so many times; the CPU milliseconds of each call."""

TURN_MS = 50.0
"""How long one side has the machine before it is the other's turn."""

FIRST_CALLS = 3
"""So many tell how many calls fill a turn."""


@dataclass(frozen=True)
class Figure:
    """Medians of CPU milliseconds, of runs that took turns."""

    what: str
    ours_ms: float
    other_ms: float | None
    """None where the other could not be measured; `other` says why."""
    other: str
    request_units: float | None = None
    """What DynamoDB bills for the request's reads."""
    items_read: int | None = None

    @property
    def ratio(self) -> float | None:
        """How many times the other."""
        return self.ours_ms / self.other_ms if self.other_ms else None


def in_turn(sides: Sequence[Batch], turns: int, turn_ms: float = TURN_MS) -> list[float]:
    """The median of each side, called in turn so that the machine's moods hit all alike.

    All turns take about as long: a side that had to wait for slow ones would find the caches and the clock cold.
    With `turn_ms` 0 a turn is one call.
    """
    calls = [round(turn_ms / median(side(FIRST_CALLS))) or 1 if turn_ms else 1 for side in sides]
    measured: list[list[float]] = [[] for _ in sides]
    for _ in range(turns):
        for side, times, so_far in zip(sides, calls, measured, strict=True):
            so_far.extend(side(times))
    return [median(milliseconds) for milliseconds in measured]
