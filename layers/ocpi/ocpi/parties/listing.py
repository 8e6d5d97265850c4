"""Serving lists page by page (TRA-15 to TRA-25)."""

import gzip
from dataclasses import dataclass

from starlette.requests import Request

from ocpi.parties.secrets import Hasher
from ocpi.store.lists import Lists, ObjectList, Window
from ocpi.transport.envelope import OcpiResponse, stored_list
from ocpi.transport.paging import Cursor, CursorSigner, PageRequest, page_headers

WORTH_COMPRESSING_BYTES = 2_000


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
        signer = CursorSigner(self.hasher.sign, objects.id)
        page = PageRequest.of(request.query_params, signer)
        window = Window(page.date_from, page.date_to)
        cursor = page.cursor or self._start(objects, window, page.offset)
        if cursor.position is None:
            return stored_list([], page_headers(page, cursor.total, None))
        found = self.lists.page(objects, window, cursor.position, page.limit)
        next_url = None
        if found.after:
            shown = len(found.documents)
            following = signer.write(page, shown, Cursor(found.after, cursor.total))
            next_url = f"{url}?{page.next_query(shown, following)}"
        return _compressed(request, stored_list(found.documents, page_headers(page, cursor.total, next_url)))

    def _start(self, objects: ObjectList, window: Window, offset: int) -> Cursor:
        """Where a request without a cursor begins: counted once, and then carried from page to page."""
        total = self.lists.total(objects, window)
        position = self.lists.skip(objects, window, offset) if offset < total else None
        return Cursor(position, total)


def _compressed(request: Request, answer: OcpiResponse) -> OcpiResponse:
    """Most of what a list costs is what goes over the wire, and it shrinks to a tenth."""
    if "gzip" not in request.headers.get("accept-encoding", "") or len(answer.body) < WORTH_COMPRESSING_BYTES:
        return answer
    answer.body = gzip.compress(answer.body, 1, mtime=0)
    answer.headers["content-encoding"] = "gzip"
    answer.headers["content-length"] = str(len(answer.body))
    return answer
