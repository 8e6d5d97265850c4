"""Reading a partner's list page by page, by the links it gives (TRA-20 to TRA-27)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from ocpi import wire
from ocpi.transport.client import Answer, PartnerClient
from ocpi.transport.paging import LINK, TOTAL_COUNT

MAX_PAGES = 10_000
"""After so many pages a list is taken for endless."""

_LINK = re.compile(r"<([^<>]*)>([^<]*)")
_NEXT = re.compile(r""";\s*rel\s*=\s*("[^"]*\bnext\b[^"]*"|next\b)""", re.IGNORECASE)

type _Origin = tuple[str, str | None, int | None]


class BrokenList(Exception):
    """A list cannot be read to its end; the message says where and why."""


@dataclass(frozen=True)
class FetchedPage:
    """A page of a list as the partner gave it."""

    items: list[wire.Json]
    total: int | None
    """How many objects the whole list has, as the partner says (TRA-22)."""


def crawl(client: PartnerClient, url: str) -> Iterator[FetchedPage]:
    """The pages of the list at `url`, until no further link is given (TRA-26).

    If the list gets shorter meanwhile, a server that pages by offset has moved objects to a page that was read before:
    the page before is read again, from as much earlier as the list has got shorter (TRA-27).

    Raises:
        BrokenList: an answer is no list, links lead elsewhere or in a circle, or there is no end.
        PartnerUnreachable: see :class:`PartnerClient`.
    """
    home = _origin(url)
    before, total = url, None
    visited: set[str] = set()
    for _ in range(MAX_PAGES):
        visited.add(url)
        answer = client.get(url)
        page = FetchedPage(_items(url, answer), _total(answer))
        yield page
        gone = total - page.total if total is not None and page.total is not None else 0
        total = page.total
        if gone > 0 and _offset(url) is not None:
            url = before = _lowered(before, gone)
            visited.clear()
            continue
        following, origin = _next(url, answer)
        if following is None:
            return
        if origin != home:
            raise BrokenList(f"{url}: the link to the next page leads to another host: {following}")
        if following in visited:
            raise BrokenList(f"{url}: the link to the next page leads back to {following}")
        before, url = url, following
    raise BrokenList(f"{url}: there is still no end after {MAX_PAGES} pages")


def _items(url: str, answer: Answer) -> list[wire.Json]:
    if not answer.ok:
        raise BrokenList(f"GET {url}: {answer}")
    if not isinstance(answer.data, list):
        raise BrokenList(f"GET {url}: the answer holds no list")
    return answer.data


def _total(answer: Answer) -> int | None:
    text = answer.headers.get(TOTAL_COUNT.lower(), "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else None


def _next(url: str, answer: Answer) -> tuple[str | None, _Origin | None]:
    """The link to the next page, and where it leads."""
    for target, parameters in _LINK.findall(answer.headers.get(LINK.lower(), "")):
        if _NEXT.search(parameters):
            try:
                following = urljoin(url, target)
                return following, _origin(following)
            except ValueError:
                raise BrokenList(f"{url}: the link to the next page is no URL: {target}") from None
    return None, None


def _origin(url: str) -> _Origin:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port


def _offset(url: str) -> int | None:
    text = dict(parse_qsl(urlsplit(url).query)).get("offset", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else None


def _lowered(url: str, number: int) -> str:
    """The URL of a page that begins so much earlier; the first page stays as it is."""
    offset = _offset(url)
    if not offset:
        return url
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True)) | {"offset": str(max(0, offset - number))}
    return urlunsplit(parts._replace(query=urlencode(query)))
