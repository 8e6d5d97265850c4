"""What schemathesis makes of the OpenAPI documents, right and wrong: each answer is proper, whatever was asked."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import schemathesis
from hypothesis import given
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Ok

from tests.fuzz.amount import examples
from tests.fuzz.ocpi_openapi import document, endpoint_of, function_of
from tests.fuzz.platform import OWNER, SIM, Platform, authorization, send
from tests.fuzz.verdict import judged, judged_of_owner

pytestmark = pytest.mark.slow

_OWNER_DOCUMENT = Path(__file__).parents[2] / "docs" / "owner-api.openapi.json"
OPERATIONS: dict[str, Any] = {
    found.ok().label: found.ok()
    for described in (document(), json.loads(_OWNER_DOCUMENT.read_text()))
    for found in schemathesis.openapi.from_dict(described).get_all_operations()
    if isinstance(found, Ok)
}


@pytest.mark.requirement("TRA-13")
@pytest.mark.parametrize("label", OPERATIONS)
@examples(5)
@given(data=st.data())
def test_no_request_to_an_operation_does_harm(attacked: Platform, label: str, data: st.DataObject) -> None:
    mode = data.draw(st.sampled_from([GenerationMode.POSITIVE, GenerationMode.NEGATIVE]))
    case: Case[Any] = data.draw(OPERATIONS[label].as_strategy(generation_mode=mode))
    before = attacked.restore()
    of_owner = case.path.startswith(OWNER)
    endpoint = endpoint_of(case.method, case.path)
    token = endpoint.token if endpoint else SIM
    path = endpoint.path.partition("?")[0] if endpoint and data.draw(st.booleans()) else _path(case)
    reply = send(
        "owner" if of_owner else function_of(case.path),
        case.method,
        path,
        headers=({} if of_owner else authorization(token)) | _headers(case),
        body=_body(case),
        query=urlencode(case.query or {}, doseq=True, errors="replace"),
    )
    accepted = judged_of_owner(reply) if of_owner else judged(reply, codes=(3001, 3002, 3003))
    assert not attacked.refusals, attacked.refusals
    assert accepted or attacked.state() == before, "something was written"


def _path(case: Case[Any]) -> str:
    path = case.path
    for name, value in (case.path_parameters or {}).items():
        path = path.replace(f"{{{name}}}", str(value))
    return path.encode(errors="replace").decode()


def _headers(case: Case[Any]) -> dict[str, str]:
    usual = ("authorization", "content-type")
    return {name.lower(): str(value) for name, value in (case.headers or {}).items() if name.lower() not in usual}


def _body(case: Case[Any]) -> bytes | None:
    if isinstance(case.body, bytes):
        return case.body
    return None if isinstance(case.body, schemathesis.core.NotSet) else json.dumps(case.body).encode()
