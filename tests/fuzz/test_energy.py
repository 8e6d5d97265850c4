"""What schemathesis makes of the energy API's document, right and wrong: each answer is proper, whatever was asked."""

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

from tests.energy import PATH, Reply, claims, described, send
from tests.fuzz.amount import examples
from tests.fuzz.platform import Platform
from tests.fuzz.verdict import LONGEST_MESSAGE, require_no_inside

pytestmark = pytest.mark.slow


def _without_headers() -> dict[str, Any]:
    """The document; headers are given by the test, for schemathesis cannot make the same wrong ones twice."""
    document: dict[str, Any] = json.loads((_DOCS / "energy-api.openapi.json").read_text())
    for operation in (each for methods in document["paths"].values() for each in methods.values()):
        operation["parameters"] = [each for each in operation["parameters"] if each["in"] != "header"]
    return document


_UNSTEADY = ("POST /energy/v1/sites/{site_id}/limits/{node}/overrides", "PUT /energy/v1/sites/{site_id}/priorities")
"""For these schemathesis does not draw the same twice, which hypothesis refuses; see `test_energy_input`."""

_DOCS = Path(__file__).parents[2] / "docs"
OPERATIONS: dict[str, Any] = {
    found.ok().label: found.ok()
    for found in schemathesis.openapi.from_dict(_without_headers()).get_all_operations()
    if isinstance(found, Ok) and found.ok().label not in _UNSTEADY
}
_MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
NAMES = {"site_id": "garage", "node": "grid", "kind": "price", "signal_id": "dso-17", "month": "2026-11"}


@pytest.fixture(scope="module")
def garage(attacked: Platform) -> Platform:
    """The platform, with a site that the attacker may do everything with."""
    described()
    attacked.remember()
    return attacked


@pytest.mark.parametrize("label", OPERATIONS)
@examples(8)
@given(data=st.data())
def test_no_request_to_an_operation_does_harm(garage: Platform, label: str, data: st.DataObject) -> None:
    known, asks, new = (data.draw(st.booleans()) for _ in range(3))
    mode = data.draw(st.sampled_from(_MODES))
    case: Case[Any] = data.draw(OPERATIONS[label].as_strategy(generation_mode=mode))
    before = garage.restore()
    query = dict(case.query or {}) if asks else {}
    reply = send(
        case.method,
        _path(case, NAMES if known else {}) + (f"?{urlencode(query, doseq=True, errors='replace')}" if query else ""),
        _body(case),
        authorizer=claims(),
        headers=_headers(case, new=new),
        content_type=str(case.media_type or "application/json"),
    )
    accepted = judged(reply)
    assert not garage.refusals, garage.refusals
    assert accepted or garage.state() == before, "something was written"
    assert accepted or case.method != "GET" or reply.status < 500


def judged(reply: Reply) -> bool:
    """Whether a request was accepted; the answer is proper in any case."""
    assert 200 <= reply.status < 500, reply
    assert reply.headers["x-request-id"]
    assert all(value.isascii() and value.isprintable() for value in reply.headers.values()), reply.headers
    if reply.status < 300:
        return True
    problem = reply.body
    assert reply.headers["content-type"] == "application/problem+json"
    assert problem.keys() <= {"type", "title", "status", "detail", "errors", "confirm"}
    assert problem["status"] == reply.status
    assert 0 < len(problem["detail"]) <= LONGEST_MESSAGE, problem
    assert problem["detail"].replace("\n", "").isprintable(), ascii(problem["detail"])
    require_no_inside(problem["detail"])
    return False


def _path(case: Case[Any], known: dict[str, str]) -> str:
    path = case.path if case.path.startswith(PATH) else f"{PATH}{case.path}"
    for name, value in ((case.path_parameters or {}) | known).items():
        path = path.replace(f"{{{name}}}", str(value))
    return path.encode(errors="replace").decode()


def _headers(case: Case[Any], *, new: bool) -> dict[str, str]:
    """What a write says of the revision that it has seen: any, or none yet."""
    if case.method != "PUT":
        return {}
    return {"if-none-match": "*"} if new else {"if-match": "*"}


def _body(case: Case[Any]) -> bytes | None:
    body = case.body
    if isinstance(body, bytes):
        return body
    if body is None or type(body).__name__ == "NotSet":
        return None
    if isinstance(body, str) and case.media_type == "text/csv":
        return body.encode(errors="replace")
    return json.dumps(body).encode()
