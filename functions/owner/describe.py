"""What the routes tell of themselves for the OpenAPI document (see `owner.openapi`).

Bodies are only described here: they are parsed and checked as those of partners are, by `ocpi.intake`.
"""

from collections.abc import Mapping

from pydantic import BaseModel

from ocpi.transport.describing import Described, Responses, content, found, query, reference, returns
from ocpi.types.parties import Party
from ocpi.types.tokens import TokenType
from owner.answers import PROBLEM_TYPE, Problem, Written

__all__ = ["Described", "found", "query", "reference", "returns"]


def body(schema: Described, example: object, *, required: bool = True) -> Described:
    """A request body; what FastAPI takes as `openapi_extra`."""
    return {"requestBody": {"required": required, "content": content(schema, example)}}


def patch_body(model: type[BaseModel], example: object) -> Described:
    """The body of a PATCH: some fields of a model, and when they changed."""
    schema = {
        "type": "object",
        "required": ["last_updated"],
        "properties": {"last_updated": {"type": "string", "format": "date-time"}},
        "description": f"Some fields of the {model.__name__}. What is not given stays; null clears an optional field.",
    }
    return body(schema, example)


OWN_PARTY = [
    query("own_country_code", {"type": "string"}, "Our party that asks; may be left out if there is one only."),
    query("own_party_id", {"type": "string"}, "See own_country_code."),
]
OWN_PARTY_NAMES = "query parameters own_country_code and own_party_id"


def named_party(parameters: Mapping[str, str]) -> Party | None:
    """Our party that the parameters :data:`OWN_PARTY` name, if they do."""
    country_code, party_id = parameters.get("own_country_code"), parameters.get("own_party_id")
    return Party(country_code or "", party_id or "") if country_code or party_id else None


def problem(description: str) -> Described:
    """An answer that tells what is wrong."""
    return {"description": description, "content": content(reference(Problem), media_type=PROBLEM_TYPE)}


PROBLEMS: Responses = {
    400: problem("The body or a parameter is wrong; `detail` names each wrong field by its JSON Pointer."),
    403: problem("The request is not signed by a principal that may use this API."),
    404: problem("There is no such object, party or partner."),
    "default": problem("Something else went wrong."),
}
"""What any request may be answered with."""

CONFLICT: Responses = {409: problem("It does not go together with what is stored.")}
PARTNER_FAILED: Responses = {502: problem("The partner could not be reached, or answered no OCPI.")}

WRITTEN: Responses = CONFLICT | {
    200: returns(reference(Written), "It was there, and is as told now.", {"outcome": "UPDATED"}),
    201: returns(reference(Written), "It is new.", {"outcome": "CREATED"}),
}
"""What a write is answered with."""

CHANGED = {status: answer for status, answer in WRITTEN.items() if status != 201}
"""What a PATCH is answered with."""


def listed(schema: Described, example: object) -> Responses:
    """What a list is answered with."""
    headers: Mapping[str, tuple[str, Described]] = {
        "Link": ('The next page, if there is one, as `<URL>; rel="next"`.', {"type": "string"}),
        "X-Total-Count": ("How many objects the list has.", {"type": "integer"}),
        "X-Limit": ("How many objects a page has at most.", {"type": "integer"}),
    }
    answer = returns({"type": "array", "items": schema}, "A page, by time of change.", [example])
    answer["headers"] = {
        name: {"description": description, "schema": schema} for name, (description, schema) in headers.items()
    }
    return {200: answer}


TOKEN_TYPE = query(
    "type", {"type": "string", "enum": [*TokenType], "default": TokenType.RFID}, "What kind of Token it is."
)

_MOMENT: Described = {"type": "string", "format": "date-time"}

PAGING: Described = {
    "parameters": [
        query("date_from", _MOMENT, "Only what changed then or later."),
        query("date_to", _MOMENT, "Only what changed before."),
        query("offset", {"type": "integer", "minimum": 0}, "How many to skip. Better follow the Link header."),
        query("limit", {"type": "integer", "minimum": 1}, "How many to get at most."),
        query("cursor", {"type": "string"}, "Where a page begins, as the Link header tells."),
    ]
}
"""The parameters of a list."""
