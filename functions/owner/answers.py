"""What the owner API answers: plain JSON, and problem documents (RFC 9457) where something is wrong."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Literal

from pydantic import BaseModel, Field
from starlette.responses import Response

from ocpi import wire
from ocpi.store.objects import Outcome
from ocpi.transport.describing import JSON_TYPE
from ocpi.transport.status import OcpiError, StatusCode

PROBLEM_TYPE = "application/problem+json"


class Problem(BaseModel):
    """What is wrong with a request, or went wrong with it (RFC 9457)."""

    type: Literal["about:blank"] = "about:blank"
    title: str = Field(examples=["Bad Request"], description="The name of the HTTP status.")
    status: int = Field(examples=[400], description="The HTTP status.")
    detail: str = Field(
        examples=["/city: Field required"], description="What is wrong; a field of the body by its JSON Pointer."
    )
    status_code: int = Field(
        examples=[2001], description="The OCPI status code that a partner would have been answered with."
    )


class Written(BaseModel):
    """What a write did."""

    outcome: Literal["CREATED", "UPDATED", "UNCHANGED"] = Field(
        description="UNCHANGED: the very same is there already."
    )


def answer(data: object, *, http_status: int = 200) -> Response:
    """Answer with `data` as JSON."""
    return stored(wire.dumps(data), http_status=http_status)


def stored(document: bytes, *, http_status: int = 200) -> Response:
    """Answer with what is JSON already, as the store keeps it."""
    return Response(document, http_status, media_type=JSON_TYPE)


def page(documents: Iterable[str], headers: Mapping[str, str]) -> Response:
    """Answer with a page of a list of JSON texts, as the store keeps them."""
    return Response(f"[{','.join(documents)}]".encode(), 200, headers, JSON_TYPE)


def written(outcome: Outcome) -> Response:
    """Answer with what a write did.

    Raises:
        OcpiError: HTTP 409 if it was ignored, for what is stored is newer.
    """
    if outcome is Outcome.IGNORED:
        message = "ignored: what is stored has a newer last_updated; GET it, and set last_updated to the time of change"
        raise conflict(message)
    created = outcome is Outcome.CREATED
    return answer(Written(outcome="CREATED" if created else "UPDATED"), http_status=201 if created else 200)


def unchanged() -> Response:
    """Answer that what came is stored already."""
    return answer(Written(outcome="UNCHANGED"))


def problem(error: OcpiError, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with what went wrong."""
    status = int(_http_status(error))
    body = Problem(
        title=HTTPStatus(status).phrase, status=status, detail=error.message, status_code=int(error.status_code)
    )
    return Response(wire.dumps(body), status, headers, PROBLEM_TYPE)


def conflict(message: str) -> OcpiError:
    """What is asked for does not go together with the state of things."""
    return OcpiError(StatusCode.CLIENT_ERROR, message, HTTPStatus.CONFLICT)


def bad_gateway(message: str) -> OcpiError:
    """A partner could not be asked, or answered no OCPI."""
    return OcpiError(StatusCode.UNABLE_TO_USE_API, message, HTTPStatus.BAD_GATEWAY)


def _http_status(error: OcpiError) -> int:
    """OCPI answers most errors with HTTP 200; this API does not."""
    if error.http_status != HTTPStatus.OK:
        return error.http_status
    if error.status_code == StatusCode.SERVER_ERROR:
        return HTTPStatus.INTERNAL_SERVER_ERROR
    return HTTPStatus.BAD_GATEWAY if error.status_code > StatusCode.SERVER_ERROR else HTTPStatus.BAD_REQUEST
