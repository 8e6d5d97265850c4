"""Pages at any depth of a long list, reached by following its Link headers as a partner does."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from benchmarks.figure import TURN_MS, Figure, in_turn
from benchmarks.processes import Measured, Worker, worker
from benchmarks.requests import event
from benchmarks.subject import Reads

TURNS = 10
WARM_UP = 10
LENGTHS = (10_000, 100_000)
PAGE = 50
_PATH = "/ocpi/2.2.1/sender/locations"


def measure(turns: int = TURNS, turn_ms: float = TURN_MS, lengths: tuple[int, ...] = LENGTHS) -> Iterator[Figure]:
    """The first page, one in the middle and the last of each list, beside the first page of the shortest."""
    with ExitStack() as stack:
        pages = [
            page
            for length in lengths
            for page in _pages(stack.enter_context(worker("benchmarks.ours", str(length))), length)
        ]
        reads = [page.served_by.run(page.request, WARM_UP).reads or Reads(0, 0) for page in pages]
        first_ms, *rest_ms = in_turn([page.milliseconds for page in pages], turns, turn_ms)
    for page, ours_ms, (units, items) in zip(pages, [first_ms, *rest_ms], reads, strict=True):
        yield Figure(page.what, ours_ms, first_ms, f"the first page of {lengths[0]:,}", units, items)


class _Page(NamedTuple):
    what: str
    served_by: Worker
    request: dict[str, Any]

    def milliseconds(self, times: int) -> list[float]:
        """The CPU time of so many calls."""
        return self.served_by.run(self.request, times).milliseconds


def _pages(of: Worker, length: int) -> list[_Page]:
    """Three pages of a list, gathered by walking through all of it.

    Raises:
        RuntimeError: the walk did not come by as many objects as there are.
    """
    queries, query, seen = [], f"limit={PAGE}", 0
    while query:
        queries.append(query)
        measured = of.run(_request(query), 1)
        seen += len(measured.body["data"])
        query = _next(measured)
    if seen != length:
        raise RuntimeError(f"{seen} Locations were listed, there are {length}")
    middle = len(queries) // 2
    chosen = {"first page": 0, f"page {middle + 1:,}": middle, "last page": -1}
    what = f"GET {PAGE} Locations of {length:,}"
    return [_Page(f"{what}: {name}", of, _request(queries[place])) for name, place in chosen.items()]


def _request(query: str) -> dict[str, Any]:
    return event("GET", _PATH, query=query)


def _next(measured: Measured) -> str:
    """The query of the next link; empty on the last page."""
    link = re.match(r"<([^>]+)>", measured.answer["headers"].get("link", ""))
    return urlsplit(link[1]).query if link else ""
