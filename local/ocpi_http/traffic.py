"""What is on its way between a simulated party and the platform."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Traffic:
    """What is on its way between this process and its partner."""

    under_way: int = 0
    messages: int = 0
    last: float = field(default_factory=time.monotonic)

    @contextmanager
    def message(self) -> Iterator[None]:
        """Around everything that is sent, served, or still to be done for the partner."""
        self.begin()
        try:
            yield
        finally:
            self.end()

    def begin(self) -> None:
        """Something is under way …"""
        self.under_way += 1
        self.messages += 1

    def end(self) -> None:
        """… and is done."""
        self.under_way -= 1
        self.last = time.monotonic()

    def quiet_for(self) -> float:
        """The real seconds since the last message; 0 while there is one."""
        return 0.0 if self.under_way else time.monotonic() - self.last
