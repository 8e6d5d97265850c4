"""Valid bodies with one thing wrong in them, for tests that look for what makes us fail."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
) | st.sampled_from(["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "#NA", "-0", "x" * 5000, 1e15, -(2**63), []])
"""Any JSON, and some that is meant to hurt."""


@st.composite
def mutated(draw: st.DrawFn, document: Mapping[str, Any]) -> dict[str, Any]:
    """`document` with something odd in one place."""
    copy: Any = deepcopy(dict(document))
    *way, last = draw(st.sampled_from(_places(copy)))
    part = copy
    for name in way:
        part = part[name]
    part[last] = draw(ODD)
    changed: dict[str, Any] = copy
    return changed


def _places(value: Any) -> list[tuple[Any, ...]]:
    """The way to every part of a document."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [(name, *inner) for name, child in children for inner in ((), *_places(child))]
