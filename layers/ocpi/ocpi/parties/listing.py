"""Serving lists page by page (TRA-15 to TRA-25)."""

import gzip
from dataclasses import dataclass
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response

from ocpi.parties.secrets import Hasher
from ocpi.store.lists import ObjectList, Page, Window
from ocpi.transport.envelope import OcpiResponse, stored_list
from ocpi.transport.paging import Cursor, CursorSigner, PageRequest, page_headers

WORTH_COMPRESSING_BYTES = 2_000


class Lists(Protocol):
    """Where lists are read from; see :class:`ocpi.store.lists.Lists`."""

    def page(self, objects: ObjectList, window: Window, after: str, limit: int, /) -> Page:
        """At most `limit` objects that stand behind the position `after`, or from the start if that is empty."""

    def skip(self, objects: ObjectList, window: Window, offset: int, /) -> str | None:
        """The position of the last of the first `offset` objects, empty for none; None if there are not so many."""

    def total(self, objects: ObjectList, window: Window, /) -> int:
        """How many objects the list holds in the window (TRA-22)."""


@dataclass(frozen=True)
class Listing:
    """Answers requests for lists.

    Args:
        lists: where they are.
        hasher: signs the cursors in the links.
    """

    lists: Lists
    hasher: Hasher

    def answer(self, request: Request, objects: ObjectList, url: str) -> OcpiResponse:
        """The page that a request asks for, with links to the next below `url`.

        Raises:
            OcpiError: 2001 for a query that is wrong.
        """
        return compressed(request, stored_list(*self.page(request, objects, url)))

    def page(self, request: Request, objects: ObjectList, url: str) -> tuple[list[str], dict[str, str]]:
        """The same page as JSON texts, and the headers that belong to it."""
        signer = CursorSigner(self.hasher.sign, objects.id)
        page = PageRequest.of(request.query_params, signer)
        window = Window(page.date_from, page.date_to)
        cursor = page.cursor or self._start(objects, window, page.offset)
        if cursor.position is None:
            return [], page_headers(page, cursor.total, None)
        found = self.lists.page(objects, window, cursor.position, page.limit)
        next_url = None
        if found.after:
            shown = len(found.documents)
            following = signer.write(page, shown, Cursor(found.after, cursor.total))
            next_url = f"{url}?{page.next_query(shown, following)}"
        return found.documents, page_headers(page, cursor.total, next_url)

    def _start(self, objects: ObjectList, window: Window, offset: int) -> Cursor:
        """Where a request without a cursor begins: counted once, and then carried from page to page."""
        total = self.lists.total(objects, window)
        position = self.lists.skip(objects, window, offset) if offset < total else None
        return Cursor(position, total)


def compressed[R: Response](request: Request, answer: R) -> R:
    """Most of what a list costs is what goes over the wire, and it shrinks to a tenth."""
    if "gzip" not in request.headers.get("accept-encoding", "") or len(answer.body) < WORTH_COMPRESSING_BYTES:
        return answer
    answer.body = gzip.compress(answer.body, 1, mtime=0)
    answer.headers["content-encoding"] = "gzip"
    answer.headers["content-length"] = str(len(answer.body))
    return answer
