"""What must hold of every answer, whatever came in."""

import json
from decimal import Decimal
from typing import Any

from ocpi.types.primitives import parse_datetime
from tests.fuzz.platform import Endpoint, Platform, Reply

LONGEST_MESSAGE = 4_000
LONGEST_HEADERS = 8_000
"""API Gateway takes 10240 bytes of headers from a function; the gateway and others add some."""

_INSIDE = (
    "Traceback",
    'File "',
    ".py",
    "site-packages",
    "pydantic",
    "boto",
    "DynamoDB",
    "ValidationException",
    "<object",
    "0x",
)
"""Words that tell of the inside."""

type Exact = Any
"""JSON with numbers as ``("number", Decimal)``, so that 1 is not true and 0.1 is exact."""


def exact(text: str | bytes) -> Exact:
    """JSON as it is."""
    return json.loads(text, parse_float=_number, parse_int=_number)


def _number(text: str) -> tuple[str, Decimal]:
    return "number", Decimal(text)


def judged(reply: Reply, *, codes: tuple[int, ...] = ()) -> bool:
    """Whether a request was accepted; the answer is proper in any case.

    Args:
        reply: the answer.
        codes: status codes other than 1000 and 2xxx that are right here.
    """
    assert 200 <= reply.status < 500, reply
    assert sum(len(name) + len(value) for name, value in reply.headers.items()) < LONGEST_HEADERS
    assert reply.headers["x-request-id"]
    assert all(value.isascii() and value.isprintable() for value in reply.headers.values()), reply.headers
    envelope = json.loads(reply.text)
    assert reply.headers["content-type"] == "application/json"
    assert envelope.keys() <= {"data", "status_code", "status_message", "timestamp"}
    parse_datetime(envelope["timestamp"])
    code = envelope["status_code"]
    if code == 1000:
        assert reply.status in (200, 201), reply
        return True
    assert 2000 <= code < 3000 or code in codes, reply
    _require_proper(envelope["status_message"])
    return False


def judged_of_owner(reply: Reply) -> bool:
    """The same of the owner API, whose errors are problem documents."""
    assert 200 <= reply.status < 500, reply
    assert reply.headers["x-request-id"]
    if reply.status < 300:
        assert reply.status == 204 or reply.headers["content-type"] == "application/json"
        return True
    assert reply.headers["content-type"] == "application/problem+json"
    problem = json.loads(reply.text)
    assert problem.keys() == {"type", "title", "status", "detail", "status_code"}
    assert problem["status"] == reply.status
    assert 2000 <= problem["status_code"] < 3000, reply
    _require_proper(problem["detail"])
    return False


def _require_proper(message: str) -> None:
    assert 0 < len(message) <= LONGEST_MESSAGE, f"{len(message)} characters: {message[:300]}"
    assert message.isprintable(), ascii(message)
    require_no_inside(message)


def require_no_inside(message: str) -> None:
    """Refuse a message that tells of the inside."""
    assert not [word for word in _INSIDE if word in message], message


def judge(platform: Platform, endpoint: Endpoint, reply: Reply, before: str) -> bool:
    """The same, and that nothing was written where a request was refused."""
    assert not platform.refusals, platform.refusals
    unusable = (3001, 3002, 3003) if endpoint.function == "credentials" else ()
    accepted = judged_of_owner(reply) if endpoint.of_owner else judged(reply, codes=unusable)
    if not accepted:
        assert platform.state() == before, "something was written"
    return accepted
