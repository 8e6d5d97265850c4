"""An OpenAPI document of all OCPI endpoints, made of the routes and the models that serve them."""

import re
from importlib import import_module
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from ocpi.types import (
    cdrs,
    chargingprofiles,
    commands,
    credentials,
    hubclientinfo,
    locations,
    sessions,
    tariffs,
    tokens,
)
from ocpi.types.versions import InterfaceRole
from tests.fuzz.platform import ENDPOINTS, OCPI, Endpoint

type Described = dict[str, Any]

MODULES = ("locations", "sessions", "cdrs", "tariffs", "tokens", "commands", "chargingprofiles", "hubclientinfo")
_TYPES = (cdrs, chargingprofiles, commands, credentials, hubclientinfo, locations, sessions, tariffs, tokens)
_KNOWN = (
    "NL",
    "SIM",
    "TNM",
    "L1",
    "E1",
    "1",
    "S1",
    "T1",
    "C0",
    "U1",
    "012345678",
    "XYZ",
    "STOP_SESSION",
    "START_SESSION",
)
_MOMENT: Described = {"type": "string", "format": "date-time"}
_QUERY: Described = {
    "limit": {"type": "integer"},
    "offset": {"type": "integer"},
    "date_from": _MOMENT,
    "date_to": _MOMENT,
    "cursor": {"type": "string"},
    "type": {"enum": ["RFID", "APP_USER", "other"]},
    "duration": {"type": "integer"},
    "response_url": {"type": "string", "format": "uri"},
}


class _Schema(GenerateJsonSchema):
    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        return {"type": "number"}


def function_of(path: str) -> str:
    """Whose handler serves a path."""
    return next((name for name in (*MODULES, "credentials") if f"/{name}" in path), "versions")


def document() -> Described:
    """The document."""
    paths: Described = {}
    for path, route in _routes():
        for method in route.methods or ():
            paths.setdefault(path, {})[method.lower()] = _operation(method, path)
    return {
        "openapi": "3.1.0",
        "info": {"title": "OCPI", "version": "2.2.1"},
        "paths": paths,
        "components": {"schemas": _schemas()},
    }


def _routes() -> list[tuple[str, APIRoute]]:
    found = [
        (f"{OCPI}/{role.lower()}/{module}", router)
        for module in MODULES
        for role, router in _interfaces(module).items()
    ]
    handshake = import_module("credentials.app").handshake
    found += [
        ("/ocpi", import_module("versions.routes").routes(handshake.own)),
        ("/ocpi", import_module("credentials.routes").routes(handshake)),
    ]
    return [
        (prefix + each.path, each) for prefix, router in found for each in router.routes if isinstance(each, APIRoute)
    ]


def _interfaces(module: str) -> dict[InterfaceRole, APIRouter]:
    interfaces: dict[InterfaceRole, APIRouter] = import_module(f"{module}.app").interfaces
    return interfaces


def _operation(method: str, path: str) -> Described:
    operation: Described = {
        "responses": {"default": {"description": "The envelope."}},
        "parameters": [
            *(
                _parameter("path", name, {"anyOf": [{"enum": [*_KNOWN]}, {"type": "string"}]})
                for name in re.findall(r"{(\w+)}", path)
            ),
            *(_parameter("query", name, schema) for name, schema in _QUERY.items()),
        ],
    }
    model = _model(method, path)
    if model:
        schema = {"$ref": f"#/components/schemas/{model}"}
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return operation


def _parameter(place: str, name: str, schema: Described) -> Described:
    return {"in": place, "name": name, "schema": schema, "required": place == "path"}


def endpoint_of(method: str, path: str) -> Endpoint | None:
    """The endpoint that is an instance of a path."""
    pattern = re.sub(r"{\w+}", "[^/]+", path)
    return next((e for e in ENDPOINTS if e.method == method and re.fullmatch(pattern, e.path.partition("?")[0])), None)


def _model(method: str, path: str) -> str | None:
    endpoint = endpoint_of(method, path)
    return endpoint.model if endpoint else None


def _schemas() -> Described:
    names = {endpoint.model for endpoint in ENDPOINTS if not endpoint.of_owner}
    models: list[tuple[type[BaseModel], Any]] = [(_class(name), "validation") for name in sorted(names)]
    _, generated = models_json_schema(models, ref_template="#/components/schemas/{model}", schema_generator=_Schema)
    schemas: Described = generated["$defs"]
    return schemas


def _class(name: str) -> type[BaseModel]:
    found: type[BaseModel] = next(getattr(module, name) for module in _TYPES if hasattr(module, name))
    return found
