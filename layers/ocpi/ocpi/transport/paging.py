"""Paginated lists: what a request asks for, and the headers that lead to the next page (TRA-15 to TRA-24).

The next link carries a signed cursor beside `offset` and every filter. With it a page costs the same at any depth, and
an object that changes during a crawl is seen again and never skipped; an `offset` without a cursor works too.
"""

import base64
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from operator import itemgetter
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from ocpi.transport.status import invalid
from ocpi.types.primitives import parse_datetime

MAX_LIMIT = 100
"""How many objects a page holds at most (TRA-23, TRA-24)."""

MAX_OFFSET = 2**31 - 1

MAX_FILTERS = 2_000
"""How long the other parameters may be: they come back in a header, and API Gateway takes 10240 bytes of headers."""

_PLACE = ("offset", "limit", "cursor")
_SIGNATURE_BYTES = 16

LINK = "Link"
TOTAL_COUNT = "X-Total-Count"
LIMIT = "X-Limit"

type Sign = Callable[[bytes], bytes]
"""A keyed hash that only this platform can make."""


@dataclass(frozen=True)
class Cursor:
    """Where a page begins, and how many objects the whole list had when its first page was read."""

    position: str | None
    """Behind the object at this position; empty at the start of the list, None behind its end."""
    total: int


@dataclass(frozen=True)
class PageRequest:
    """What a client asks of a list."""

    date_from: datetime | None
    date_to: datetime | None
    offset: int
    limit: int
    filters: tuple[tuple[str, str], ...] = ()
    """Every parameter but `offset`, `limit` and `cursor`, as it came."""
    cursor: Cursor | None = None

    @classmethod
    def of(cls, query: QueryParams, signer: "CursorSigner") -> "PageRequest":
        """From the query of a request.

        Raises:
            OcpiError: 2001 naming the parameter that is wrong, or a cursor that is not ours (STA-10).
        """
        date_from, date_to = _moment(query, "date_from"), _moment(query, "date_to")
        offset = _number(query, "offset", 0, least=0)
        limit = min(_number(query, "limit", MAX_LIMIT, least=1), MAX_LIMIT)
        filters = tuple((name, value) for name, value in query.multi_items() if name not in _PLACE)
        if len(urlencode(filters)) > MAX_FILTERS:
            raise invalid(f"query: the filters have more than {MAX_FILTERS} characters")
        page = cls(date_from, date_to, offset, limit, filters)
        text = query.get("cursor")
        return page if text is None else replace(page, cursor=signer.read(text, page))

    def next_query(self, shown: int, cursor: str) -> str:
        """The query of the next page: the same filters, the offset moved on by what was `shown` (TRA-21)."""
        place = (("offset", self.offset + shown), ("limit", self.limit), ("cursor", cursor))
        return urlencode((*self.filters, *place))


@dataclass(frozen=True)
class CursorSigner:
    """Signs the cursors of one list: none can be made up, changed, or used in another list or with other filters.

    Only `limit` may change from page to page.

    Args:
        sign: the keyed hash.
        list_id: the list.
    """

    sign: Sign
    list_id: str

    def write(self, page: PageRequest, shown: int, cursor: Cursor) -> str:
        """The cursor that follows `page`, of which `shown` objects were shown."""
        payload = f"{cursor.total}|{cursor.position}".encode()
        return _encode(self._signature(payload, page, page.offset + shown) + payload)

    def read(self, text: str, page: PageRequest) -> Cursor:
        """The cursor that came with `page`.

        Raises:
            OcpiError: 2001 if it is not just as it was given out.
        """
        content = _decode(text)
        signature, payload = content[:_SIGNATURE_BYTES], content[_SIGNATURE_BYTES:]
        if not hmac.compare_digest(signature, self._signature(payload, page, page.offset)):
            raise invalid("query parameter cursor: take the link of the page before as it is, or leave the cursor out")
        total, _, position = payload.decode().partition("|")
        return Cursor(position, int(total))

    def _signature(self, payload: bytes, page: PageRequest, offset: int) -> bytes:
        filters = urlencode(sorted(page.filters, key=itemgetter(0)))  # clients may put them in another order
        context = f"{self.list_id}|{filters}|{offset}|"
        return self.sign(context.encode() + payload)[:_SIGNATURE_BYTES]


def page_headers(page: PageRequest, total: int, next_url: str | None) -> dict[str, str]:
    """The headers of a page; `next_url` is None on the last (TRA-20 to TRA-23)."""
    headers = {TOTAL_COUNT: str(total), LIMIT: str(MAX_LIMIT)}
    return headers | ({LINK: f'<{next_url}>; rel="next"'} if next_url else {})


def _moment(query: Mapping[str, str], name: str) -> datetime | None:
    if name not in query:
        return None
    try:
        return parse_datetime(query[name])
    except ValueError as error:
        raise invalid(f"query parameter {name}: {error}") from None


def _number(query: Mapping[str, str], name: str, default: int, *, least: int) -> int:
    text = query.get(name)
    if text is None:
        return default
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else -1
    if not least <= number <= MAX_OFFSET:
        raise invalid(f"query parameter {name}: must be a whole number from {least} to {MAX_OFFSET}")
    return number


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _decode(text: str) -> bytes:
    """Nothing for what :func:`_encode` does not write: the last character of a Base64 text has bits to spare."""
    try:
        content = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return b""
    return content if _encode(content) == text else b""
