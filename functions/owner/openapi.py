"""The OpenAPI document of the owner API: ``python -m owner.openapi FILE`` writes it."""

import json
import re
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from ocpi.requests.authorization import Authorized
from ocpi.requests.bodies import COMMANDS
from ocpi.transport.describing import name_path_parameters, text
from ocpi.types.cdrs import CDR
from ocpi.types.chargingprofiles import ActiveChargingProfile, ChargingProfile
from ocpi.types.locations import EVSE, Connector, Location
from ocpi.types.sessions import ChargingPreferences, Session
from ocpi.types.tariffs import Tariff
from ocpi.types.tokens import Token
from owner.answers import Problem, Written
from owner.application import application
from owner.authorizations import AuthorizationOrder
from owner.commands import CommandOrder
from owner.describe import Described, reference
from owner.partners import PartnerInfo, PartnerSummary
from owner.preferences import PreferencesAnswer
from owner.pricing import CdrOrder, CdrTerms, PriceOrder, SessionCost, Verification, VerificationOrder
from owner.profiles import Told
from owner.requests import RESULTS, RequestInfo
from owner.settings import Settings

MODELS: tuple[type[BaseModel], ...] = (
    *(Location, EVSE, Connector, Session, CDR, Tariff, Token, ChargingProfile, ActiveChargingProfile),
    ChargingPreferences,
    *COMMANDS.values(),
    *RESULTS,
    *(AuthorizationOrder, Authorized, CommandOrder, PartnerInfo, PartnerSummary, PreferencesAnswer, Problem),
    *(RequestInfo, Told, Written),
    *(PriceOrder, SessionCost, CdrOrder, CdrTerms, VerificationOrder, Verification),
)
"""What the document describes."""

PATH_PARAMETERS = {
    "country_code": "Country code of the party, such as NL.",
    "party_id": "Id of the party, such as OCS.",
    "location_id": "Id of the Location.",
    "evse_uid": "The `uid` of the EVSE.",
    "connector_id": "Id of the connector, within its EVSE.",
    "tariff_id": "Id of the Tariff.",
    "session_id": "Id of the Session.",
    "cdr_id": "Id of the CDR.",
    "token_uid": "The `uid` of the Token.",
    "partner_id": "Id of the partner, as in GET /owner/v1/partners and in events.",
    "module": "The OCPI module: locations, sessions, cdrs, tariffs, tokens or hubclientinfo.",
    "object_id": "Id of the object; of a Token its `uid`, of a ClientInfo its `role`.",
    "command": "The CommandType.",
    "request_id": "Id of the request, as it was answered or came in an event.",
}

_REQUIREMENTS = re.compile(r" \([A-Z]{3}-\d\d[^)]*\)")
"""What our docstrings say of requirements; who reads the document has not got them."""

_GENERIC_LIST = re.compile(r"(ZeroOrMore|OneOrMore)_")
_PLACEHOLDER = "placeholder"


def document() -> Described:
    """The document. It is the same for every deployment, whatever its roles."""
    party = {"role": "OTHER", "country_code": "NL", "party_id": "OCS", "business_details": {"name": _PLACEHOLDER}}
    settings = Settings.model_validate(
        {
            "partners_table": _PLACEHOLDER,
            "objects_table": _PLACEHOLDER,
            "token_pepper_secret_id": _PLACEHOLDER,
            "token_key_id": _PLACEHOLDER,
            "timeout_queue_url": _PLACEHOLDER,
            "public_base_url": "https://ocpi.example.com",
            "allow_private_partners": False,
            "roles": json.dumps([party]),
        }
    )
    described: Described = application(settings).openapi()
    name_path_parameters(described, PATH_PARAMETERS)
    described["components"] = {"schemas": _schemas(), "securitySchemes": _SECURITY_SCHEMES}
    described["security"] = [{"sigv4": []}]
    return described


_SECURITY_SCHEMES = {
    "sigv4": {
        "type": "apiKey",
        "name": "Authorization",
        "in": "header",
        "description": "AWS Signature Version 4, for `execute-api`, by a principal that may `execute-api:Invoke`.",
        "x-amazon-apigateway-authtype": "awsSigv4",
    }
}


class _Schema(GenerateJsonSchema):
    """JSON Schema as OCPI writes its types."""

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        """On the wire, numbers are numbers."""
        return {"type": "number"}

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        """Absent and null mean the same; a document says it best by leaving the field out."""
        return self.generate_inner(schema["schema"])

    def field_title_should_be_set(self, schema: object) -> bool:
        """A title that repeats the name of its field says nothing."""
        return False


def _schemas() -> dict[str, Any]:
    template = "#/components/schemas/{model}"
    wanted: list[tuple[type[BaseModel], JsonSchemaMode]] = [(model, "validation") for model in MODELS]
    _, generated = models_json_schema(wanted, ref_template=template, schema_generator=_Schema)
    definitions: dict[str, Any] = generated["$defs"]
    for command in COMMANDS.values():
        _without(definitions[command.__name__], "response_url")
    definitions[CommandOrder.__name__]["properties"]["command"]["anyOf"] = list(map(reference, COMMANDS.values()))
    lists = {template.format(model=name): schema for name, schema in definitions.items() if _GENERIC_LIST.match(name)}
    return {
        name: _tidy(schema, lists) for name, schema in definitions.items() if template.format(model=name) not in lists
    }


def _without(schema: dict[str, Any], field: str) -> None:
    """What the platform itself fills in."""
    del schema["properties"][field]
    schema["required"].remove(field)


def _tidy(schema: Any, lists: dict[str, Any]) -> Any:
    """`schema` with the generic lists spelled out, and without what is of no use to a reader."""
    match schema:
        case {"$ref": str(reference), **rest} if reference in lists:
            return _tidy(lists[reference] | rest, lists)
        case dict():
            kept = {name: _tidy(part, lists) for name, part in schema.items() if (name, part) not in _NOISE}
            if isinstance(kept.get("description"), str):
                kept["description"] = _REQUIREMENTS.sub("", kept["description"])
            if "ge" in kept:
                kept["minimum"] = kept.pop("ge")
            if "le" in kept:
                kept["maximum"] = kept.pop("le")
            return kept
        case list():
            return [_tidy(part, lists) for part in schema]
    return schema


_NOISE: tuple[tuple[str, object], ...] = (("default", None), ("default", []), ("additionalProperties", True))


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(text(document()))
