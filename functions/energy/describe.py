"""What the routes tell of themselves for the OpenAPI document (see `energy.openapi`)."""

from energy.answers import PROBLEM_TYPE, Problem
from ocpi.transport.describing import Described, Responses, content, found, query, reference, returns

__all__ = ["Described", "Responses", "content", "found", "query", "reference", "returns"]


def listing(schema: Described) -> Described:
    """The schema of a list."""
    return {"type": "array", "items": schema}


def mapping(schema: Described) -> Described:
    """The schema of an object with any names."""
    return {"type": "object", "additionalProperties": schema}


def body(schema: Described, example: object, **others: Described) -> Described:
    """A request body; what FastAPI takes as `openapi_extra`. `others` are further media types."""
    return {"requestBody": {"required": True, "content": content(schema, example) | others}}


def with_etag(answer: Described) -> Described:
    """An answer that tells the revision of the site."""
    header = {"description": "The revision, for If-Match.", "schema": {"type": "string"}}
    return answer | {"headers": {"ETag": header}}


def settled(schema: Described, example: object) -> Responses:
    """What a part of a site is answered with, read or just changed."""
    return {200: with_etag(returns(schema, "So it is now.", example))}


def problem(description: str) -> Described:
    """An answer that tells what is wrong."""
    return {"description": description, "content": content(reference(Problem), media_type=PROBLEM_TYPE)}


def header(name: str, description: str, *, required: bool = False) -> Described:
    """A header of a request."""
    return {
        "name": name,
        "in": "header",
        "required": required,
        "schema": {"type": "string"},
        "description": description,
    }


MOMENT: Described = {"type": "string", "format": "date-time"}

IF_MATCH = header("If-Match", "The ETag of the site as it was read: nothing is changed if it has another by now.")
CONFIRM = query("confirm", {"type": "boolean"}, "true takes odd values too.")
REASON = query("reason", {"type": "string", "maxLength": 255}, "Why, for the audit trail.")
SPAN = [
    query("from", MOMENT, "From when; a day before `until` if left out."),
    query("until", MOMENT, "Until when; now if left out."),
]

PROBLEMS: Responses = {
    400: problem("A query parameter or a header is wrong."),
    401: problem("There is no access token, or it is not valid any more."),
    403: problem("The caller may do other things at this site, but not this."),
    404: problem("There is no such site, or the caller may not know of it."),
    "default": problem("Something else went wrong."),
}
"""What any request may be answered with."""

EDITED: Responses = {
    409: problem("A value is odd: it is taken with ?confirm=true. `confirm` has one line each."),
    412: problem("Somebody else has changed the site since it was read; `detail` says who."),
    413: problem("The body is too long."),
    422: problem("The body is wrong; `errors` has each wrong place."),
    428: problem("If-Match is missing."),
}
"""What an edit may be answered with besides."""
