"""The query of a request about a charging profile, with a URL in it (CHP-01, CHP-03, decision 30)."""

import re
from dataclasses import dataclass
from typing import Self
from urllib.parse import unquote

from pydantic import TypeAdapter, ValidationError

from ocpi.transport.status import invalid
from ocpi.types.chargingprofiles import MAX_SECONDS
from ocpi.types.primitives import Url

RESPONSE_URL = "query parameter response_url"

_URL = TypeAdapter(Url)
_DURATION = re.compile(r"(?:^|&)duration=([^&]*)")
_RESPONSE_URL = re.compile(r"(?:^|&)response_url=(.*)", re.DOTALL)


@dataclass(frozen=True)
class ProfileQuery:
    """Both parameters, checked."""

    response_url: str
    duration: int | None

    @classmethod
    def of(cls, query: str) -> Self:
        """From the query as it came.

        A response_url should be percent-encoded. Where it is not, parameters of its own cannot be told from those of
        the request: all that follow it are its own, but for `duration`.

        Raises:
            OcpiError: 2001 naming the parameter that is missing or wrong.
        """
        given = _RESPONSE_URL.search(query)
        if given is None:
            raise invalid(f"{RESPONSE_URL}: must be given")
        before, rest = query[: given.start()], given[1]
        duration = _DURATION.search(before)
        if duration is None:
            duration = _DURATION.search(rest)
            rest = _DURATION.sub("", rest, count=1) if duration else rest
        raw = "&" in rest  # parameters of the URL itself: nothing in it was encoded
        return cls(_url(rest if raw else unquote(rest)), _seconds(duration[1]) if duration else None)


def _url(text: str) -> str:
    try:
        return _URL.validate_python(text)
    except ValidationError as error:
        raise invalid(f"{RESPONSE_URL}: {error.errors()[0]['msg']}") from None


def _seconds(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else 0
    if not 0 < number <= MAX_SECONDS:
        raise invalid(f"query parameter duration: must be a whole number of seconds from 1 to {MAX_SECONDS}")
    return number
