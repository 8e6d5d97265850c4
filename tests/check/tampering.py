"""Ways to sit between a client and the reference, and to spoil what passes."""

import re
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from typing import Any

from ocpi import wire
from tests.check.reference import Answer, Proceed, Reference, Request, Tamper

MISSING = object()


type Spoil = Callable[[Answer], None]
type Mislead = Callable[[Request], Request]
type Where = str
type Methods = str


def at(request: Request, where: Where, methods: Methods) -> bool:
    """Whether a request goes there."""
    return request.method in methods.split() and re.fullmatch(where, request.path) is not None


def spoil(where: Where, change: Spoil, methods: Methods = "GET") -> Tamper:
    """Answers of a place are changed on their way out."""

    def tamper(_: Reference, request: Request, proceed: Proceed) -> Answer:
        answer = proceed(request)
        if at(request, where, methods):
            answer.data = deepcopy(answer.data)
            change(answer)
        return answer

    return tamper


def mislead(where: Where, change: Mislead, methods: Methods = "GET") -> Tamper:
    """Requests to a place are changed on their way in."""
    return lambda _, request, proceed: proceed(change(request) if at(request, where, methods) else request)


def instead(where: Where, answer: Callable[[Request], Answer], methods: Methods = "GET") -> Tamper:
    """A place answers something else than it should."""
    return lambda _, request, proceed: answer(request) if at(request, where, methods) else proceed(request)


def careless(where: Where, methods: Methods = "PUT POST PATCH GET DELETE", data: object = None) -> Tamper:
    """What should be refused with 2001 is a success."""

    def forgive(answer: Answer) -> None:
        if answer.code == 2001:
            answer.code, answer.status, answer.data = 1000, 200, data

    return spoil(where, forgive, methods)


def picky(where: Where, reason: Callable[[Request], bool], methods: Methods = "PUT") -> Tamper:
    """What should be taken is refused with 2001."""

    def tamper(_: Reference, request: Request, proceed: Proceed) -> Answer:
        return Answer(code=2001) if at(request, where, methods) and reason(request) else proceed(request)

    return tamper


def serving(where: Where, methods: Methods) -> Tamper:
    """Methods that are not offered have success."""
    return instead(where, lambda _: Answer(), methods)


def put(path: str, value: object) -> Spoil:
    """Set what is in the data at a path such as evses/0/status; MISSING removes it."""

    def change(answer: Answer) -> None:
        if answer.code == 1000 and answer.data:
            set_in(answer.data, path, value)

    return change


def set_in(data: Any, path: str, value: object) -> None:
    *parents, last = (int(part) if part.isdigit() else part for part in path.split("/"))
    for part in parents:
        data = data[part]
    if value is MISSING:
        del data[last]
    else:
        data[last] = value


def recode(was: int, code: int, status: int | None = None) -> Spoil:
    """One OCPI code is given for another."""

    def change(answer: Answer) -> None:
        if answer.code == was:
            answer.code = code
            answer.status = status or answer.status

    return change


def restate(was: int, status: int, code: int | None = None) -> Spoil:
    """One HTTP status is given for another."""

    def change(answer: Answer) -> None:
        if answer.status == was:
            answer.status, answer.code = status, code or answer.code

    return change


def header(name: str, value: str | None) -> Spoil:
    """A header is set, or left out."""

    def change(answer: Answer) -> None:
        answer.headers.pop(name, None)
        if value is not None:
            answer.headers[name] = value

    return change


def body(request: Request, **fields: object) -> Request:
    """The same request with other fields in its body."""
    document = {name: value for name, value in (request.document | fields).items() if value is not MISSING}
    return replace(request, body=wire.dumps(document))
