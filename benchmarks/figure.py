"""A measured figure beside its floor."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Figure:
    """CPU milliseconds of ours and of the floor, medians of runs that took turns."""

    what: str
    ours_ms: float
    floor_ms: float
    floor: str

    @property
    def ratio(self) -> float:
        """How many times the floor."""
        return self.ours_ms / self.floor_ms


def in_turn(ours: Callable[[], object], floor: Callable[[], object], times: int) -> tuple[float, float]:
    """The median CPU milliseconds of both, called in turn so that the machine's moods hit both alike."""
    ours_ms, floor_ms = [], []
    for _ in range(times):
        ours_ms.append(cpu_ms(ours))
        floor_ms.append(cpu_ms(floor))
    return median(ours_ms), median(floor_ms)


def cpu_ms(call: Callable[[], object]) -> float:
    """The CPU milliseconds of one call, of this process only."""
    before = time.process_time()
    call()
    return (time.process_time() - before) * 1000
