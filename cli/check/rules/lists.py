"""Paginated lists: filters, pages, and the headers that go with them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cli.check.exchange import Exchange
from cli.check.reach import EVER
from cli.check.registry import Level, check, sender
from cli.check.store import same_moment
from cli.check.subject import LISTS, Interface, Subject
from cli.check.verdict import NotApplicable, Unmet, expect, refused, succeeded
from ocpi.types.primitives import parse_datetime

NEVER = "2001-01-01T00:00:00Z"
PAGE = 100
MAX_PAGES = 10

ANY_LIST = sender(*LISTS)

_PORTS = {"http": 80, "https": 443}
_NEXT = re.compile(r'<([^>]*)>\s*;[^,]*\brel="?next"?', re.IGNORECASE)


@dataclass(frozen=True)
class Pull:
    """The first objects of a list.

    Attributes:
        complete: whether these are all.
    """

    interface: Interface
    first: Exchange
    objects: tuple[dict[str, Any], ...]
    complete: bool


def ask(subject: Subject, interface: Interface, **query: object) -> Exchange:
    """GET a list; sessions are only given from a date on (SES-01)."""
    needed = {"date_from": EVER} if interface.module == "sessions" else {}
    return subject.ask("GET", interface, query=needed | query)


def pulled(subject: Subject, interface: Interface) -> Pull:
    """The first pages of a list, read once in a run."""
    known = subject.cache.get(str(interface))
    if isinstance(known, Pull):
        return known
    first = page = ask(subject, interface, limit=PAGE)
    objects = objects_of(page)
    for _ in range(MAX_PAGES):
        url = next_url(page)
        if url is None or not url.startswith("http"):
            break
        try:
            page = follow(subject, interface, url)
        except Unmet as foreign:
            subject.note("TRA-20", foreign)
            break
        objects += objects_of(page)
    pull = Pull(interface, first, tuple(objects), complete=next_url(page) is None)
    subject.cache[str(interface)] = pull
    return pull


def pulls(subject: Subject, least: int = 0) -> list[Pull]:
    """The lists that hold at least so many objects.

    Raises:
        NotApplicable: none does.
    """
    found = [pulled(subject, interface) for interface in subject.lists()]
    enough = [pull for pull in found if len(pull.objects) >= least]
    if not enough:
        raise NotApplicable(f"no list has {least} objects" if least > 1 else "all lists are empty")
    return enough


def follow(subject: Subject, interface: Interface, url: str) -> Exchange:
    """GET the URL of a next link as it is.

    Raises:
        Unmet: it leads elsewhere than the list itself, where our token is nobody's business; nothing is sent.
    """
    expect(_origin(url) == _origin(interface.url), f"a next link to {interface.url}, where the list is", url)
    headers = subject.routing(interface).headers() if interface.routed else {}
    return subject.client.send("GET", url, headers=headers, routed=interface.routed)


def next_url(page: Exchange) -> str | None:
    """The URL of the next link, None on the last page."""
    found = _NEXT.search(page.headers.get("Link", ""))
    return found[1] if found else None


def _origin(url: str) -> tuple[str, str | None, int | None] | None:
    """Scheme, host and port of a URL, None if that is none."""
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None


def objects_of(page: Exchange) -> list[dict[str, Any]]:
    """The objects on a page."""
    return [entry for entry in page.data if isinstance(entry, dict)] if isinstance(page.data, list) else []


def key(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """What tells one object of a list from the others."""
    names = ("country_code", "party_id", "id", "uid", "role", *(["type"] if "uid" in entry else []))
    return tuple(str(entry.get(name)).upper() for name in names)


def changed(entry: Mapping[str, Any]) -> datetime | None:
    """Its last_updated, None if that is no DateTime."""
    try:
        return parse_datetime(str(entry.get("last_updated")))
    except ValueError:
        return None


def _number(page: Exchange, header: str) -> int:
    value = page.headers.get(header, "")
    expect(value.isascii() and value.isdigit(), f"a number in the header {header}", f"{value!r} in {page}")
    return int(value)


@check("TRA-34", *ANY_LIST)
def lists_can_be_read(subject: Subject) -> None:
    """Every list that is offered can be read."""
    for pull in pulls(subject):
        succeeded(pull.first)


@check("TRA-11", *ANY_LIST)
def lists_are_arrays(subject: Subject) -> None:
    """Lists are arrays, also where nothing is found."""
    for interface in subject.lists():
        for page in (pulled(subject, interface).first, ask(subject, interface, date_from=EVER, date_to=NEVER)):
            expect(isinstance(page.data, list), "an array in data", page)


@check("TRA-15", *ANY_LIST)
def lists_take_all_parameters(subject: Subject) -> None:
    """Lists take date_from, date_to, offset and limit."""
    for interface in subject.lists():
        succeeded(ask(subject, interface, date_from=EVER, date_to="2099-01-01T00:00:00Z", offset=0, limit=1))


@check("TRA-16", *ANY_LIST)
def date_from_is_inclusive(subject: Subject) -> None:
    """The filter date_from is inclusive."""
    for pull in pulls(subject, 1):
        dated = [(moment, entry) for entry in pull.objects if (moment := changed(entry))]
        if not dated:
            continue
        newest, entry = max(dated, key=lambda each: each[0])
        page = ask(subject, pull.interface, date_from=entry["last_updated"])
        succeeded(page)
        keys = {key(found) for found in objects_of(page)}
        expect(key(entry) in keys or next_url(page), f"the object with last_updated {entry['last_updated']}", page)
        early = [found for found in objects_of(page) if (changed(found) or newest) < newest]
        expect(not early, f"nothing older than {entry['last_updated']}", page)


@check("TRA-17", *ANY_LIST)
def date_to_is_exclusive(subject: Subject) -> None:
    """The filter date_to is exclusive."""
    for pull in pulls(subject, 1):
        moments = sorted({moment: entry for entry in pull.objects if (moment := changed(entry))}.items())
        for moment, entry in moments[:2]:
            page = ask(subject, pull.interface, date_from=EVER, date_to=entry["last_updated"])
            succeeded(page)
            late = [key(found) for found in objects_of(page) if (changed(found) or moment) >= moment]
            expect(not late, f"only objects older than {entry['last_updated']}", f"{late[:3]} in {page}")
            older = moment > moments[0][0]
            expect(objects_of(page) or not older, f"the objects older than {entry['last_updated']}", page)


@check("TRA-18", *ANY_LIST)
def offset_counts_from_zero(subject: Subject) -> None:
    """The first object has offset 0."""
    for pull in pulls(subject, 2):
        for offset in (0, 1):
            page = ask(subject, pull.interface, offset=offset, limit=1)
            succeeded(page)
            wanted = key(pull.objects[offset])
            expect([key(entry) for entry in objects_of(page)][:1] == [wanted], f"object {offset}: {wanted}", page)


@check("TRA-19", *ANY_LIST)
def limit_is_kept(subject: Subject) -> None:
    """No page holds more objects than limit."""
    for pull in pulls(subject, 2):
        page = ask(subject, pull.interface, limit=1)
        succeeded(page)
        expect(len(page.data) <= 1, "at most one object with limit=1", f"{len(page.data)} objects in {page}")


@check("TRA-20", *ANY_LIST)
def next_links_lead_through(subject: Subject) -> None:
    """Every page but the last has a next link with an absolute URL."""
    for pull in pulls(subject, 2):
        first = ask(subject, pull.interface, limit=1)
        url = next_url(first)
        expect(url, 'a header Link: <URL>; rel="next"', f"{first.headers.get('Link')!r} on {first}")
        expect(str(url).startswith("http"), "an absolute URL in Link", url)
        second = follow(subject, pull.interface, str(url))
        wanted = key(pull.objects[1])
        expect([key(entry) for entry in objects_of(second)][:1] == [wanted], f"object 1: {wanted}", second)
        last = ask(subject, pull.interface, offset=_number(first, "X-Total-Count") - 1, limit=1)
        expect(next_url(last) is None, "no next link on the last page", f"{last.headers.get('Link')!r} on {last}")


@check("TRA-21", *ANY_LIST, level=Level.SHOULD)
def next_links_keep_filters(subject: Subject) -> None:
    """A next link keeps the filters and the limit."""
    filters = {"date_from": EVER, "date_to": "2099-01-01T00:00:00Z"}
    for pull in pulls(subject, 2):
        page = ask(subject, pull.interface, **filters, limit=1)
        query = parse_qs(urlsplit(next_url(page) or "").query)
        for name, value in filters.items():
            got = query.get(name, [""])[0]
            expect(got and same_moment(got, value), f"{name}={value} in the next link", page.headers.get("Link"))
        for name in ("limit", "offset"):
            expect(query.get(name) == ["1"], f"{name}=1 in the next link", page.headers.get("Link"))


@check("TRA-22", *ANY_LIST)
def total_counts_all(subject: Subject) -> None:
    """X-Total-Count is the number of objects that match, whatever the page."""
    for pull in pulls(subject):
        total = _number(pull.first, "X-Total-Count")
        expect(not pull.complete or total == len(pull.objects), f"{len(pull.objects)} in X-Total-Count", total)
        page = ask(subject, pull.interface, limit=1)
        counted = _number(page, "X-Total-Count")
        expect(counted == total, f"X-Total-Count {total} with limit=1, too", counted)
        none = ask(subject, pull.interface, date_from=EVER, date_to=NEVER)
        if not objects_of(none):
            expect(
                _number(none, "X-Total-Count") == 0,
                "X-Total-Count 0 where nothing matches",
                _number(none, "X-Total-Count"),
            )


@check("TRA-23", *ANY_LIST)
def limit_is_told(subject: Subject) -> None:
    """X-Limit is what the server gives at most, on every page."""
    for pull in pulls(subject):
        most = _number(pull.first, "X-Limit")
        expect(most >= max(1, len(objects_of(pull.first))), f"X-Limit of {len(objects_of(pull.first))} or more", most)
        page = ask(subject, pull.interface, limit=1)
        expect(_number(page, "X-Limit") == most, f"X-Limit {most} with limit=1, too", _number(page, "X-Limit"))


@check("TRA-24", *ANY_LIST, level=Level.SHOULD)
def limit_is_capped(subject: Subject) -> None:
    """A limit above the maximum gives pages of the maximum."""
    for pull in pulls(subject):
        most = _number(pull.first, "X-Limit")
        page = ask(subject, pull.interface, limit=most + 1000)
        succeeded(page, f"with limit={most + 1000}")
        expect(len(objects_of(page)) <= most, f"at most {most} objects", f"{len(objects_of(page))} in {page}")
        expect(_number(page, "X-Limit") == most, f"X-Limit {most}", page.headers.get("X-Limit"))


@check("TRA-25", *ANY_LIST, level=Level.SHOULD)
def order_is_stable(subject: Subject) -> None:
    """A list comes in the same order each time."""
    for pull in pulls(subject, 2):
        page = ask(subject, pull.interface, limit=PAGE)
        before, after = ([key(entry) for entry in objects_of(p)] for p in (pull.first, page))
        expect(before == after, f"the order {before[:3]} …", f"{after[:3]} …")


@check("STA-10", *ANY_LIST)
def wrong_parameters(subject: Subject) -> None:
    """Wrong parameters are refused with 2001."""
    wrong = ({"date_from": "yesterday"}, {"date_to": "soon"}, {"offset": -1}, {"limit": -1}, {"limit": "many"})
    for interface in subject.lists():
        for query in wrong:
            refused(ask(subject, interface, **query))


@check("SES-02", *sender("sessions"))
def sessions_need_a_date(subject: Subject) -> None:
    """Sessions are not given without date_from."""
    refused(subject.ask("GET", subject.interface("sessions", "SENDER")))
