"""From bytes to checked OCPI objects; what is wrong is named by JSON Pointer (RFC 6901)."""

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from ocpi import wire
from ocpi.transport.status import invalid, not_json
from ocpi.types.primitives import same

MAX_BODY_BYTES = 350_000
"""What one object may weigh: a DynamoDB item holds 400 KB, keys and indexes included."""

MAX_REQUEST_BYTES = 100_000
"""What a request whose result comes later may weigh, its answer and its result each: all are kept in one item."""

MAX_ERRORS_TOLD = 5

_LENGTHS = {"too_short": ("min_length", "at least"), "too_long": ("max_length", "at most")}


def parse_object(body: bytes, most: int = MAX_BODY_BYTES) -> wire.JsonObject:
    """The JSON object in a request body of at most so many bytes.

    Raises:
        OcpiError: HTTP 400 if it is not JSON (STA-01); 2001 if it is no object, or too large.
    """
    if len(body) > most:
        raise invalid(f"the body has {len(body)} bytes; at most {most} are taken")
    try:
        document = wire.loads(body)
    except wire.NotJson as error:
        raise not_json(str(error)) from None
    if not isinstance(document, dict):
        raise invalid("the body must be a JSON object")
    return document


def validated[M: BaseModel](model: type[M], document: object) -> M:
    """`document` as `model`.

    Raises:
        OcpiError: 2001 naming each wrong field by JSON Pointer, at most five of them (STA-10).
    """
    try:
        return model.model_validate(document)
    except ValidationError as error:
        raise invalid(explain(error)) from None


def explain(error: ValidationError) -> str:
    """What a pydantic error says, as ``/path/to/field: message`` for each field."""
    errors = error.errors(include_url=False)
    problems = [f"{_pointer(problem['loc'])}: {_message(problem)}" for problem in errors[:MAX_ERRORS_TOLD]]
    more = len(errors) - MAX_ERRORS_TOLD
    return "; ".join(problems) + (f"; and {more} more" if more > 0 else "")


def _message(problem: ErrorDetails) -> str:
    """What pydantic says, without what it says about itself; of our string types it speaks as if they were lists."""
    if isinstance(problem["input"], str) and problem["type"] in _LENGTHS:
        bound, words = _LENGTHS[problem["type"]]
        length = problem["ctx"][bound]
        return f"String should have {words} {length} character{'s' if length != 1 else ''}"
    return problem["msg"].removeprefix("Value error, ")


def _pointer(location: tuple[int | str, ...]) -> str:
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location) or "/"


def require_same(name: str, in_url: str, in_body: str) -> None:
    """The URL and the body must speak of the same object (TRA-38, LOC-07, SES-11).

    Raises:
        OcpiError: 2001 if they do not.
    """
    if not same(in_url, in_body):
        raise invalid(f"/{name}: the body says {in_body!r}, the URL {in_url!r}")
