"""Lists that are told page by page, the last first."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from fastapi import Request
from pydantic import BaseModel
from starlette.responses import Response

from energy.answers import answer
from energy.describe import MOMENT, SPAN, Described, query
from energy.reading import Span, moment_of, number_of

USUAL_COUNT = 100
MOST_AT_ONCE = 1_000
MOST_BYTES = 2_000_000

PAGING: list[Described] = [
    *SPAN,
    query("before", MOMENT, "Only what was before: the Link header has it for the next page."),
    query("limit", {"type": "integer", "minimum": 1, "maximum": MOST_AT_ONCE, "default": USUAL_COUNT}, "How many."),
]


@dataclass(frozen=True)
class Pages[T: BaseModel]:
    """A list in the order of a time.

    Args:
        base_url: where this API is; links lead to pages below it.
        when: the time of one of its items.
    """

    base_url: str
    when: Callable[[T], datetime]

    def answer(self, request: Request, items: Iterator[T], told: Callable[[T], BaseModel] | None = None) -> Response:
        """A page, with a link to the next one unless it is empty.

        Args:
            request: which page is asked for.
            items: from the first of the page on.
            told: what is told of an item; itself if left out.
        """
        page = self._of(items, number_of(request, "limit", USUAL_COUNT, MOST_AT_ONCE))
        if not page:
            return answer([])
        query = dict(request.query_params) | {"before": self.when(page[-1]).isoformat()}
        path = request.url.path.split("/")[-3:]
        url = f"{self.base_url}/{'/'.join(path)}?{urlencode(query)}"
        return answer([told(each) if told else each for each in page], headers={"Link": f'<{url}>; rel="next"'})

    def _of(self, items: Iterator[T], count: int) -> list[T]:
        """The first of `items`, about as many as asked for or as go into an answer: none is parted from others of its
        time."""
        page: list[T] = []
        size = 0
        for item in items:
            if page and (len(page) >= count or size >= MOST_BYTES) and self.when(item) != self.when(page[-1]):
                break
            page.append(item)
            size += len(item.model_dump_json())
        return page


def before_in(request: Request, span: Span) -> Span:
    """What of a span was before the time that the query names, if it names one."""
    before = moment_of(request, "before")
    return Span(span.start, min(span.end, before)) if before else span
