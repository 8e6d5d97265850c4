"""What the energy API answers: plain JSON, and problem documents (RFC 9457) where something is wrong."""

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Literal

from pydantic import BaseModel, Field
from starlette.responses import Response

from ocpi import wire
from ocpi.transport.describing import JSON_TYPE

PROBLEM_TYPE = "application/problem+json"
CSV_TYPE = "text/csv"
TEXT_TYPES = (JSON_TYPE, PROBLEM_TYPE, "text/", "image/svg+xml")
"""What goes to API Gateway as text; all else, and what is compressed, in Base64."""

LONGEST_DETAIL = 4_000
_PATH = re.compile(r"([A-Za-z_]\w*(?:\[\d+\])?(?:\.[\w-]+(?:\[\d+\])*)*|\[\d+\](?:\.\w+)*): ", re.ASCII)


class Wrong(BaseModel):
    """One wrong place."""

    pointer: str = Field(examples=["/limits/base/limit_kw"], description="Where in the site's document; '' for all.")
    detail: str = Field(examples=["must be 0 or more, is -5"], description="What is wrong, and what to do.")


class Problem(BaseModel):
    """What is wrong with a request, or went wrong with it (RFC 9457)."""

    type: Literal["about:blank"] = "about:blank"
    title: str = Field(examples=["Unprocessable Content"], description="The name of the HTTP status.")
    status: int = Field(examples=[422], description="The HTTP status.")
    detail: str = Field(examples=["limits.base.limit_kw: must be 0 or more, is -5"], description="All that is wrong.")
    errors: list[Wrong] | None = Field(None, description="The same, each place by its JSON Pointer.")
    confirm: list[str] | None = Field(None, description="What is odd: taken all the same with ?confirm=true.")


class Refusal(Exception):
    """A request is not done, for a reason that its sender is told."""

    def __init__(self, status: HTTPStatus, detail: str, **more: object) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in detail[:LONGEST_DETAIL])
        self.more = more


def wrong(problems: Sequence[str]) -> Refusal:
    """The content is wrong: one line for each place, which it begins with."""
    return Refusal(HTTPStatus.UNPROCESSABLE_CONTENT, "\n".join(problems), errors=[_located(each) for each in problems])


def wrong_parameter(detail: str) -> Refusal:
    """A query parameter or a header is wrong."""
    return Refusal(HTTPStatus.BAD_REQUEST, detail)


def odd(problems: Sequence[str]) -> Refusal:
    """What is asked for has to be confirmed."""
    detail = "Is it meant so? Then send it again with ?confirm=true.\n" + "\n".join(problems)
    errors = [_located(each) for each in problems]
    return Refusal(HTTPStatus.CONFLICT, detail, errors=errors, confirm=[*problems])


def no_such(what: str) -> Refusal:
    """There is none, or none that the caller may know of."""
    return Refusal(HTTPStatus.NOT_FOUND, f"there is no {what}")


def answer(data: object, *, http_status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with `data` as JSON; what is not known of a model is null."""
    return Response(wire.dumps(_whole(data)), http_status, headers, JSON_TYPE)


def etag(revision: str) -> dict[str, str]:
    """The header with which a site is told to be of a revision."""
    return {"ETag": f'"{revision}"'}


def problem(refusal: Refusal, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with what went wrong."""
    status = refusal.status
    body = Problem(title=status.phrase, status=status, detail=refusal.detail)
    return Response(wire.dumps(body.model_copy(update=refusal.more)), int(status), headers, PROBLEM_TYPE)


def _whole(data: object) -> object:
    match data:
        case BaseModel():
            return data.model_dump()
        case Mapping():
            return {name: _whole(each) for name, each in data.items()}
        case list() | tuple():
            return [_whole(each) for each in data]
    return data


def _located(line: str) -> Wrong:
    """A line with the path that it begins with, if it does, as a pointer."""
    found = _PATH.match(line)
    if not found:
        return Wrong(pointer="", detail=line)
    steps = re.sub(r"\[(\d+)\]", r".\1", found[1]).strip(".")
    return Wrong(pointer="/" + steps.replace(".", "/"), detail=line[found.end() :])
