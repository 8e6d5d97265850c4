"""What a partner's answer means for what is sent next."""

from datetime import timedelta
from email.utils import format_datetime

import pytest

from ocpi import clock
from ocpi.parties.calling import NotConnected
from ocpi.transport.client import Answer, PartnerUnreachable
from push.outcomes import NotTaken, Trouble, require_taken


def trouble(http_status: int, status_code: int) -> Trouble | None:
    try:
        require_taken(Answer(http_status, status_code, "", None))
    except NotTaken as error:
        return error.trouble
    return None


@pytest.mark.parametrize(
    ("http_status", "status_code", "expected"),
    [
        (200, 1000, None),
        (201, 1000, None),
        (200, 1999, None),
        (200, 2000, Trouble.REFUSED),
        (200, 2003, Trouble.REFUSED),
        (400, 2001, Trouble.REFUSED),
        (404, 2003, Trouble.REFUSED),
        (405, 1000, Trouble.REFUSED),
        (401, 2002, Trouble.LOCKED),
        (403, 2000, Trouble.FAILED),
        (408, 2000, Trouble.FAILED),
        (425, 2000, Trouble.FAILED),
        (429, 2000, Trouble.THROTTLED),
        (429, 1000, Trouble.THROTTLED),
        (500, 3000, Trouble.FAILED),
        (503, 1000, Trouble.FAILED),
        (200, 3001, Trouble.FAILED),
        (302, 1000, Trouble.FAILED),
        (200, 4000, Trouble.BEHIND),
        (200, 4001, Trouble.REFUSED),
        (200, 4002, Trouble.BEHIND),
        (200, 4003, Trouble.BEHIND),
        (200, 0, Trouble.FAILED),
        (200, 9999, Trouble.FAILED),
    ],
)
def test_an_answer(http_status: int, status_code: int, expected: Trouble | None) -> None:
    assert trouble(http_status, status_code) is expected


@pytest.mark.parametrize(
    ("http_status", "expected"),
    [
        (None, Trouble.FAILED),
        (200, Trouble.FAILED),
        (301, Trouble.FAILED),
        (404, Trouble.FAILED),
        (400, Trouble.FAILED),
        (401, Trouble.LOCKED),
        (429, Trouble.THROTTLED),
        (502, Trouble.FAILED),
    ],
)
def test_no_envelope(http_status: int | None, expected: Trouble) -> None:
    assert NotTaken.of(PartnerUnreachable("why", http_status=http_status)).trouble is expected


def test_a_party_that_its_hub_cannot_reach_was_not_tried() -> None:
    assert NotTaken.of(NotConnected("it is OFFLINE")).trouble is Trouble.OFFLINE


def throttled(headers: dict[str, str]) -> timedelta | None:
    try:
        require_taken(Answer(429, 2000, "", None, headers))
    except NotTaken as error:
        return error.retry_after
    raise AssertionError


@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7), ("0", 0), ("-1", None), ("soon", None), ("", None), ("1e999", None)]
)
def test_retry_after_in_seconds(header: str, seconds: int | None) -> None:
    assert throttled({"retry-after": header}) == (None if seconds is None else timedelta(seconds=seconds))


def test_no_retry_after() -> None:
    assert throttled({}) is None


def test_retry_after_as_a_date() -> None:
    date = format_datetime(clock.now() + timedelta(seconds=90), usegmt=True)
    wait = throttled({"retry-after": date})
    assert wait
    assert timedelta(seconds=85) < wait <= timedelta(seconds=90)


def test_what_a_proxy_says_counts_too() -> None:
    error = NotTaken.of(PartnerUnreachable("why", http_status=503, retry_after=timedelta(seconds=7)))
    assert error.retry_after == timedelta(seconds=7)
