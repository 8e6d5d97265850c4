"""Whatever a partner answers to what we ask of it, we tell what is wrong with it, and keep nothing of it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.amount import examples
from tests.fuzz.mutations import encoded, mutated
from tests.fuzz.platform import ENDPOINTS, OWNER, Endpoint, Platform, call
from tests.fuzz.verdict import judge
from tests.partner import ok

pytestmark = pytest.mark.slow

_NEVER = b"", b"[]", b"null", b"\xff", b"<html>", b'{"status_code":1000}', b"[" * 10_000, b'{"data":"' + b"x" * 400_000


@pytest.mark.parametrize("method", ["POST", "PUT"])
@examples(25)
@given(data=st.data())
def test_no_versions_of_a_partner_do_harm(attacked: Platform, method: str, data: st.DataObject) -> None:
    server = attacked.partner
    server.serve_versions()
    path = data.draw(st.sampled_from(["/versions", "/details"]))
    server.answers["GET", path] = data.draw(_answers(server.answers["GET", path]))
    endpoint = _endpoint(f"{method} /ocpi/2.2.1/credentials")
    before = attacked.restore()
    reply = call(endpoint, encoded(endpoint.documents[0] | {"url": server.versions_url}))
    judge(attacked, endpoint, reply, before)
    server.serve_versions()


@pytest.mark.parametrize("name", [f"POST {OWNER}/commands", f"PUT {OWNER}/chargingprofiles", f"POST {OWNER}/requests"])
@examples(20)
@given(data=st.data())
def test_no_answer_to_a_request_does_harm(attacked: Platform, name: str, data: st.DataObject) -> None:
    answers = attacked.partner.answers
    asked = [("POST", "/commands/STOP_SESSION"), ("PUT", "/chargingprofiles/S1"), ("POST", "/result")]
    answer = data.draw(_answers(ok({"result": "ACCEPTED", "timeout": 30})))
    answers |= dict.fromkeys(asked, answer)
    endpoint = _endpoint(name)
    attacked.restore()
    reply = call(endpoint, encoded(endpoint.documents[0]))
    for each in asked:
        del answers[each]
    assert reply.status in (200, 202, 502), reply
    if reply.status == 502:
        problem = json.loads(reply.text)
        assert problem["status_code"] == 3001
        assert problem["detail"].isprintable()
    assert not attacked.refusals, attacked.refusals


def _endpoint(name: str) -> Endpoint:
    return next(endpoint for endpoint in ENDPOINTS if endpoint.name.startswith(name))


@st.composite
def _answers(draw: st.DrawFn, usual: Any) -> tuple[int, bytes, dict[str, str]]:
    """An answer that is not quite as it should be."""
    _, envelope, *_ = usual
    body = draw(mutated(envelope) | st.sampled_from(_NEVER))
    headers = {"Content-Encoding": "gzip"} if draw(st.integers(0, 9)) == 0 else {}
    return draw(st.sampled_from([200, 200, 200, 201, 301, 400, 404, 500])), body, headers
