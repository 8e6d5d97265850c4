"""How high a chart of loads and limits is; the page does the same (page/src/charts/curves.ts)."""

from collections.abc import Iterable

_FAR = 4.0
"""A limit so many times above all else is cut off, for the load would be a flat line beneath it."""


def top_of(loads: Iterable[float], limits: Iterable[float]) -> float:
    """The least that a scale has to reach for all loads to be seen, and the limits that are about as high."""
    ordered = sorted(limits)
    load = max(loads, default=0.0)
    usual = max(load, ordered[len(ordered) // 4] if ordered else 0.0)
    return max(load, *(limit for limit in ordered if limit <= _FAR * usual), 0.0)
