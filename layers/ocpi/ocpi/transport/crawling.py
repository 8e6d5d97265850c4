"""Reading a partner's list page by page, by the links it gives (TRA-20 to TRA-27)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from ocpi import wire
from ocpi.transport.addresses import AddressRefused, origin
from ocpi.transport.client import Answer, PartnerClient, PartnerUnreachable
from ocpi.transport.paging import LINK, TOTAL_COUNT
from ocpi.transport.status import StatusCode

MAX_PAGES = 10_000
"""After so many pages, and one more for each object that it says to have, a list is taken for endless."""

MAX_EMPTY_PAGES = 20
"""So many empty pages in a row that lead on are taken for its end's never coming."""

MAX_URL_LENGTH = 4_000

_LINK = re.compile(r"<([^<>]*)>([^<]*)")
_NEXT = re.compile(r""";\s*rel\s*=\s*("(?:[^"]*\s)?next(?:\s[^"]*)?"|next(?=[\s;,]|$))""", re.IGNORECASE)

_TRANSIENT = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)
"""HTTP 4xx that say nothing of the list."""

_STEP = 2
"""A step back is made up for once the page is read again, and the one that follows it."""


class BrokenList(Exception):
    """A list cannot be read to its end; the message says where and why."""


@dataclass(frozen=True)
class Place:
    """A place in a list that is being read: the page that comes next, and what was found before it."""

    url: str
    before: str | None = None
    """The page that was read before."""
    total: int | None = None
    """How many objects the list had then (TRA-22)."""
    covered: int = 0
    """So many objects from its start have been seen, as the list was then; counted where pages have an offset."""
    pages: int = 0
    """How many were read."""
    empty: int = 0
    """How many of the last ones had nothing on them."""
    stepped_back: int = 0
    """Of how many pages the last step back still has to be made up for."""


@dataclass(frozen=True)
class FetchedPage:
    """A page of a list as the partner gave it."""

    items: list[wire.Json]
    total: int | None
    """How many objects the whole list has, as the partner says (TRA-22)."""
    following: Place | None
    """Where the list goes on; None at its end."""
    dated: datetime | None = None
    """When it was answered, by the partner's own clock."""


def crawl(client: PartnerClient, home: str, place: Place) -> Iterator[FetchedPage]:
    """The pages of a list from `place` on, until no further link is given (TRA-26).

    If the list gets shorter meanwhile, a server that pages by offset has moved objects to a page that was read before:
    the page before is read again, from as much earlier as the list has got shorter (TRA-27).

    Args:
        client: of the partner.
        home: the address of the list; every page has to be there.
        place: where to begin.

    Raises:
        BrokenList: an answer is no list, links lead elsewhere or in a circle, or there is no end.
        PartnerUnreachable: see :class:`PartnerClient`; or the partner itself failed, or wants to be asked later.
    """
    try:
        elsewhere = _is_elsewhere(place.url, home)
    except AddressRefused as error:
        raise BrokenList(f"{place.url}: {error}") from None
    if elsewhere:
        raise BrokenList(f"{place.url}: this page is not at {home}")
    visited: set[str] = set()
    items: list[wire.Json] = []
    while place.pages < MAX_PAGES + (place.total or 0):
        visited.add(place.url)
        answer = client.get(place.url)
        before, items = items, _items(place.url, answer)
        if items and items == before and not place.stepped_back:
            raise BrokenList(f"{place.url}: the page is the same as the one before")
        following, broken = _following(place, len(items), answer, home, visited), None
        if isinstance(following, BrokenList):
            following, broken = None, following
        yield FetchedPage(items, _total(answer), following, _dated(answer))
        if broken:
            raise broken
        if following is None:
            return
        if following.stepped_back == _STEP:
            visited.clear()
        place = following
    raise BrokenList(f"{place.url}: there is still no end after {place.pages} pages")


def _following(place: Place, shown: int, answer: Answer, home: str, visited: set[str]) -> Place | BrokenList | None:
    """What comes after the page at `place`; what is wrong with it is said once that page has been taken."""
    url, total, offset = place.url, _total(answer), _offset(place.url)
    gone = max(0, place.total - total) if place.total is not None and total is not None else 0
    covered = max(0, place.covered - gone)
    read = Place(url, url, total, covered, place.pages + 1, 0 if shown else place.empty + 1)
    if gone and offset is not None and offset > covered:
        # A list that gets shorter all the time is caught up with only by smaller steps than a page.
        back = _lowered(url, 2 * gone) if place.stepped_back else _lowered(place.before or url, gone)
        return replace(read, url=back, before=back, stepped_back=_STEP)
    target = _next(answer)
    if target is None:
        return None
    try:
        following = urljoin(url, target)
        elsewhere = _is_elsewhere(following, home)
    except (AddressRefused, ValueError):
        return BrokenList(f"{url}: the link to the next page is no URL: {target[:MAX_URL_LENGTH]}")
    if len(following) > MAX_URL_LENGTH:
        return BrokenList(f"{url}: the link to the next page has more than {MAX_URL_LENGTH} characters")
    if elsewhere:
        return BrokenList(f"{url}: the link to the next page leads to another host: {following}")
    if following in visited:
        return BrokenList(f"{url}: the link to the next page leads back to {following}")
    if read.empty > MAX_EMPTY_PAGES:
        return BrokenList(f"{url}: more than {MAX_EMPTY_PAGES} pages in a row have nothing on them")
    covered = max(covered, (offset or 0) + shown)
    return replace(read, url=following, covered=covered, stepped_back=max(0, place.stepped_back - 1))


def _items(url: str, answer: Answer) -> list[wire.Json]:
    if not answer.ok:
        if _is_transient(answer):
            why = f"GET {url}: {answer}"
            raise PartnerUnreachable(why, http_status=answer.http_status, retry_after=answer.retry_after)
        raise BrokenList(f"GET {url}: {answer}")
    if not isinstance(answer.data, list):
        raise BrokenList(f"GET {url}: the answer holds no list")
    return answer.data


def _is_transient(answer: Answer) -> bool:
    """Whether the list itself may be as it should: the partner failed, or does not want to be asked now."""
    server_error = answer.status_code // 1000 == StatusCode.SERVER_ERROR // 1000
    return answer.http_status >= HTTPStatus.INTERNAL_SERVER_ERROR or answer.http_status in _TRANSIENT or server_error


def _total(answer: Answer) -> int | None:
    text = answer.headers.get(TOTAL_COUNT.lower(), "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else None


def _dated(answer: Answer) -> datetime | None:
    try:
        moment = parsedate_to_datetime(answer.headers.get("date", ""))
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _next(answer: Answer) -> str | None:
    """The link to the next page, as it is given."""
    links = _LINK.findall(answer.headers.get(LINK.lower(), ""))
    return next((target for target, parameters in links if _NEXT.search(parameters)), None)


def _is_elsewhere(url: str, home: str) -> bool:
    """Whether a page is not where the list is; raises AddressRefused if that cannot be told."""
    return origin(url) != origin(home)


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
