"""What a worker process measures. Of the standard library alone: it runs in the peers' environments too."""

from collections.abc import Callable
from typing import Any, NamedTuple

type Handler = Callable[[dict[str, Any], Any], dict[str, Any]]
"""A Lambda handler, for events of an API Gateway HTTP API."""


class Reads(NamedTuple):
    """What requests read from the store."""

    request_units: float
    items: int


class Subject(NamedTuple):
    """A Lambda handler, and what stands in for its store.

    Attributes:
        handler: what is measured.
        elsewhere_s: CPU seconds so far that the stand-in spent on what is not done in the function; not counted.
        reads: what was read so far, or None where nobody counts.
    """

    handler: Handler
    elsewhere_s: Callable[[], float] = float
    reads: Callable[[], Reads | None] = lambda: None
