"""The OpenAPI document of the owner API: current, whole, and with examples that work."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ocpi.transport.describing import JSON_TYPE, text
from ocpi.transport.door import lambda_handler
from owner import openapi
from owner.answers import PROBLEM_TYPE
from owner.application import application
from owner.settings import Settings
from tests.conftest import ROLES
from tests.owner import owner

DOCS = Path(__file__).parent.parent.parent / "docs"
DOCUMENT: dict[str, Any] = json.loads((DOCS / "owner-api.openapi.json").read_text())
NAMES = {
    "country_code": "NL",
    "party_id": "OCS",
    "location_id": "garage",
    "evse_uid": "E1",
    "connector_id": "1",
    "tariff_id": "day",
    "session_id": "S1",
    "cdr_id": "C1",
    "token_uid": "0123ABCD",
    "partner_id": "charge-all",
    "command": "STOP_SESSION",
    "request_id": "1",
}


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_the_committed_document_is_that_of_the_code() -> None:
    stale = "make it anew: .venv/bin/python -m owner.openapi docs/owner-api.openapi.json"
    assert openapi.document() == DOCUMENT, stale
    assert (DOCS / "owner-api.openapi.json").read_text() == text(openapi.document()), stale


def test_every_reference_leads_somewhere_and_every_schema_is_used() -> None:
    used = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(DOCUMENT)))
    assert used == set(DOCUMENT["components"]["schemas"])


def test_every_operation_tells_what_it_is_and_what_it_answers() -> None:
    ids = [operation["operationId"] for _, _, operation in operations()]
    assert len(set(ids)) == len(ids)
    for path, method, operation in operations():
        assert operation["summary"], (path, method)
        assert operation["tags"], (path, method)
        assert {"400", "403", "404", "default"} <= operation["responses"].keys(), (path, method)
        assert ("requestBody" in operation) == (method in ("put", "post", "patch")), (path, method)
        named = {each["name"] for each in operation["parameters"] if each["in"] == "path"}
        assert named == set(re.findall(r"{(\w+)}", path))


def test_nothing_in_the_document_speaks_of_our_requirements_or_generics() -> None:
    text = json.dumps(DOCUMENT)
    assert not re.search(r"\([A-Z]{3}-\d\d", text)
    assert not re.search(r"(ZeroOrMore|OneOrMore)_", text)


@pytest.mark.parametrize("method", ["put", "patch"])
def test_the_examples_of_what_we_keep_work_as_they_stand(aws: None, method: str) -> None:
    modules = "(locations|tariffs|sessions|cdrs|tokens)"
    kept = [(path, each) for path, _, each in _of(method) if re.match(rf"/owner/v1/{modules}/", path)]
    assert kept
    for path, operation in kept:
        if method == "patch":
            _put_all()
        body = operation["requestBody"]["content"]["application/json"]["example"]
        reply = owner(method.upper(), path.format(**NAMES).removeprefix("/owner/v1"), body)
        assert reply.status in (200, 201), (path, reply)


def test_the_example_of_a_body_has_the_fields_of_its_schema() -> None:
    for path, method, operation in operations():
        if "requestBody" not in operation:
            continue
        content = operation["requestBody"]["content"]["application/json"]
        name = content["schema"].get("$ref", "").rpartition("/")[2]
        if name:
            schema = DOCUMENT["components"]["schemas"][name]
            given = content["example"].keys()
            assert set(schema.get("required", [])) <= given <= schema["properties"].keys(), (path, method)


@pytest.mark.parametrize("module", ["locations", "tariffs", "sessions", "cdrs"])
def test_a_platform_that_is_no_cpo_keeps_nothing_of_a_cpo(aws: None, module: str) -> None:
    emsp = [role for role in json.loads(ROLES) if role["role"] == "EMSP"]
    settings = Settings.load().model_copy(update={"roles": _roles(emsp)})
    handler = lambda_handler(application(settings), (JSON_TYPE, PROBLEM_TYPE))
    for method, path in (("PUT", f"/{module}/NL/OCS/1"), ("GET", f"/{module}/NL/OCS")):
        reply = owner(method, path, {} if method == "PUT" else None, handler=handler)
        assert reply.status == 404
        assert f"NL/OCS owns no {module}, for its roles are EMSP" in reply.detail
    assert owner("GET", "/tokens/NL/OCS", handler=handler).body == []


def _roles(roles: list[dict[str, Any]]) -> tuple[Any, ...]:
    return Settings.model_validate(Settings.load().model_dump() | {"roles": json.dumps(roles)}).roles


def _of(method: str) -> list[tuple[str, str, dict[str, Any]]]:
    return [each for each in operations() if each[1] == method]


def _put_all() -> None:
    for path, _, operation in _of("put"):
        if path.count("{") == 3 and "activeprofiles" not in path:
            body = operation["requestBody"]["content"]["application/json"]["example"]
            owner("PUT", path.format(**NAMES).removeprefix("/owner/v1"), body)
