"""What a check finds, and the usual ways to find it."""

from typing import Any

from pydantic import BaseModel, ValidationError

from cli.check.exchange import Exchange, printable
from ocpi.transport.validation import explain


class Unmet(Exception):
    """The platform breaks the rule: what was expected, and what was seen instead."""

    def __init__(self, expected: str, seen: object) -> None:
        super().__init__(expected, seen)
        self.expected = printable(expected)
        self.seen = printable(str(seen), 1000)


class NotApplicable(Exception):
    """The rule cannot be checked here; the message says why."""


def expect(condition: object, expected: str, seen: object) -> None:
    """Raise Unmet unless `condition` holds."""
    if not condition:
        raise Unmet(expected, seen)


def succeeded(exchange: Exchange, what: str = "") -> Any:
    """The data of an answer that must be a success: HTTP 2xx with an OCPI 1xxx code."""
    expect(exchange.ok, f"{what}{': ' if what else ''}HTTP 2xx with OCPI 1000", exchange)
    return exchange.data


def answered(exchange: Exchange, status: int, what: str = "") -> None:
    """The answer must have the HTTP `status`."""
    expect(exchange.status == status, f"{what}{': ' if what else ''}HTTP {status}", exchange)


def refused(exchange: Exchange, code: int = 2001, what: str = "") -> None:
    """The answer must have the OCPI status `code`."""
    expect(exchange.code == code, f"{what}{': ' if what else ''}OCPI {code}", exchange)


def valid(model: type[BaseModel], document: object, seen: object) -> None:
    """`document` must be a `model`."""
    try:
        model.model_validate(document)
    except ValidationError as error:
        raise Unmet(f"a valid {model.__name__}", f"{explain(error)} in {seen}") from None
