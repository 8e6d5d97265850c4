"""A measured number, beside another's, and what is aimed at."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Target:
    """A bound on ours or on the ratio."""

    of: Literal["ours", "ratio"]
    bound: float
    at_least: bool = False

    def __str__(self) -> str:
        return f"{self.of} {'≥' if self.at_least else '≤'} {self.bound:g}"


@dataclass(frozen=True)
class Row:
    """Ours and another's in the same unit."""

    what: str
    unit: str
    ours: float
    other: float | None
    """None where there is nothing to hold ours against, or it could not be measured; `beside` says why."""
    beside: str
    """What the other is."""
    target: Target | None = None

    @property
    def ratio(self) -> float | None:
        """Ours in terms of the other."""
        return self.ours / self.other if self.other else None

    @property
    def reached(self) -> bool | None:
        """Whether the target is reached; None without one, or without the ratio that it is about."""
        value = self.ours if self.target and self.target.of == "ours" else self.ratio
        if self.target is None or value is None:
            return None
        return value >= self.target.bound if self.target.at_least else value <= self.target.bound
