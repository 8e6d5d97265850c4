"""What requests say besides who sends them: bodies, revisions, spans of time."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus

from fastapi import Request
from pydantic import BaseModel, TypeAdapter, ValidationError

from energy.access import calling
from energy.answers import Refusal, wrong_parameter
from ocpi import clock
from ocpi.energy.edit import By
from ocpi.sites.limits import Words
from ocpi.sites.reading import read, utc
from ocpi.sites.site import SiteError

LONGEST_BODY = 300_000
"""In bytes: a site is one item of the table."""

DAY = timedelta(days=1)
LONGEST_SPAN = timedelta(days=62)
YEARS = range(2000, 3000)
"""What is asked about lies in one of them; so times in any zone, and some days before and after, are times, too."""

_WORDS = TypeAdapter[str | None](Words | None)
_ETAG = re.compile(r'(?:W/)?"([A-Za-z0-9-]{1,64})"', re.ASCII)


async def body_of(request: Request, longest: int = LONGEST_BODY) -> bytes:
    """The body of a request.

    Raises:
        Refusal: it is too long.
    """
    body = await request.body()
    if len(body) > longest:
        raise Refusal(HTTPStatus.CONTENT_TOO_LARGE, f"the body has {len(body):,} bytes: {longest:,} are the most")
    return body


async def read_body[M: BaseModel](request: Request, model: type[M], place: str = "") -> M:
    """The body as a model.

    Args:
        request: with the body.
        model: what it has to be.
        place: where in the document of the site it stands; what is wrong is named from there.

    Raises:
        SiteError: it is none.
    """
    try:
        return read(model, await body_of(request), SiteError)
    except SiteError as error:
        raise SiteError([_placed(place, problem) for problem in error.problems]) from None


def by_revision(request: Request) -> By:
    """The caller as one who edits what it has read.

    Raises:
        Refusal: the request does not say which revision that was.
    """
    given = request.headers.get("if-match")
    if given is None:
        detail = "send If-Match with the ETag of the site as you read it, so that nobody else's change is lost"
        raise Refusal(HTTPStatus.PRECONDITION_REQUIRED, detail)
    found = _ETAG.fullmatch(given.strip())
    if not found and given.strip() != "*":
        raise wrong_parameter('If-Match: must be the ETag of the site, such as "0f3a…"')
    return by_anybody(request, found[1] if found else None)


def by_anybody(request: Request, revision: str | None = None) -> By:
    """The caller as one whose edit goes together with any other."""
    reason = request.query_params.get("reason")
    try:
        _WORDS.validate_python(reason)
    except ValidationError:
        raise wrong_parameter("reason: must be one line of 1 to 255 characters that can be printed") from None
    return calling(request).by(revision=revision, confirmed=flag(request, "confirm"), reason=reason)


def flag(request: Request, name: str) -> bool:
    """A query parameter that is true or false.

    Raises:
        Refusal: it is neither.
    """
    given = request.query_params.get(name, "false")
    if given not in ("true", "false"):
        raise wrong_parameter(f"{name}: must be true or false")
    return given == "true"


@dataclass(frozen=True)
class Span:
    """From when until when something is asked for."""

    start: datetime
    end: datetime


def span_of(request: Request, usual: timedelta = DAY, ahead: timedelta = timedelta()) -> Span:
    """The span that the query parameters `from` and `until` tell.

    Args:
        request: with them.
        usual: how long it is if `from` is left out.
        ahead: how far in the future it ends if `until` is left out.

    Raises:
        Refusal: there is none, or it is too long.
    """
    end = moment_of(request, "until") or clock.now() + ahead
    return _span(moment_of(request, "from") or end - usual, end)


def span_ahead(request: Request, ahead: timedelta) -> Span:
    """The same of what is to come: from now on, until so far ahead, where that is left out.

    Raises:
        Refusal: there is none, or it is too long.
    """
    now = clock.now()
    return _span(moment_of(request, "from") or now, moment_of(request, "until") or now + ahead)


def _span(start: datetime, end: datetime) -> Span:
    if start >= end:
        raise wrong_parameter("from: must be before until")
    if end - start > LONGEST_SPAN:
        raise wrong_parameter(f"from: at most {LONGEST_SPAN.days} days before until")
    return Span(start, end)


def moment_of(request: Request, name: str) -> datetime | None:
    """A time in the query; None if it is left out.

    Raises:
        Refusal: it is no time.
    """
    given = request.query_params.get(name)
    try:
        moment = utc(given.replace(" ", "+")) if given else None  # a + of an offset that nobody has encoded
    except ValueError as error:
        raise wrong_parameter(f"{name}: {error}") from None
    if moment and moment.year not in YEARS:
        raise wrong_parameter(f"{name}: is out of range: must be from {YEARS[0]} to {YEARS[-1]}")
    return moment


def number_of(request: Request, name: str, usual: int, most: int) -> int:
    """A whole number in the query.

    Raises:
        Refusal: it is none, or too large.
    """
    given = request.query_params.get(name, str(usual))
    if not re.fullmatch(r"[1-9]\d{0,8}", given, re.ASCII) or int(given) > most:
        raise wrong_parameter(f"{name}: must be a whole number from 1 to {most}")
    return int(given)


def _placed(place: str, problem: str) -> str:
    """A line of what is wrong with a part, as one of the whole."""
    if not place or problem.startswith(("not JSON", "line ", "nested")):
        return problem
    named = re.match(r"[\w\[\].]+: ", problem)
    joint = "" if problem.startswith("[") else "." if named else ": "
    return f"{place}{joint}{problem}"
