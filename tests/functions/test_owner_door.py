"""The owner API lets in its owner alone, and tells what is wrong with a request without a word of the inside."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from owner import examples
from tests.mutations import mutated
from tests.owner import owner

LOCATION_URL = "/locations/NL/OCS/garage"
URLS = {
    LOCATION_URL: examples.LOCATION,
    "/tariffs/NL/OCS/day": examples.TARIFF,
    "/sessions/NL/OCS/S1": examples.SESSION,
    "/cdrs/NL/OCS/C1": examples.CDR,
    "/tokens/NL/OCS/0123ABCD": examples.TOKEN,
    "/activeprofiles/NL/OCS/S1": examples.ACTIVE_PROFILE,
}
pytestmark = pytest.mark.usefixtures("aws")


@pytest.mark.parametrize(
    "authorizer",
    [None, {}, {"iam": None}, {"iam": {}}, {"iam": {"userArn": ""}}, {"jwt": {"claims": {"sub": "backend"}}}],
)
@pytest.mark.parametrize(("method", "path"), [("GET", "/partners"), ("PUT", LOCATION_URL), ("GET", "/nothing")])
def test_a_request_that_nobody_signed_is_403_and_does_nothing(method: str, path: str, authorizer: object) -> None:
    reply = owner(method, path, examples.LOCATION if method == "PUT" else None, authorizer=authorizer)
    assert (reply.status, reply.headers["content-type"]) == (403, "application/problem+json")
    assert "Signature Version 4" in reply.detail
    assert owner("GET", LOCATION_URL).status == 404


def test_an_error_is_a_problem_document() -> None:
    reply = owner("PUT", LOCATION_URL, {name: value for name, value in examples.LOCATION.items() if name != "city"})
    assert (reply.status, reply.headers["content-type"]) == (400, "application/problem+json")
    assert reply.body == {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "detail": "/city: Field required",
        "status_code": 2001,
    }


def test_the_answer_repeats_both_message_ids() -> None:
    ids = {"x-request-id": "request-1", "x-correlation-id": "correlation-1"}
    assert {name: owner("GET", "/partners", headers=ids).headers[name] for name in ids} == ids


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nothing", 404), ("GET", "", 404), ("POST", LOCATION_URL, 405), ("DELETE", "/cdrs/NL/OCS/C1", 405)],
)
def test_what_is_not_offered_is_a_problem_too(method: str, path: str, status: int) -> None:
    reply = owner(method, path)
    assert (reply.status, reply.body["status"]) == (status, status)


def test_a_party_that_is_not_ours_is_404_with_a_list_of_ours() -> None:
    reply = owner("PUT", "/locations/NL/SIM/garage", examples.LOCATION | {"party_id": "SIM"})
    assert reply.status == 404
    assert "NL/OCS" in reply.detail


@pytest.mark.parametrize("field", ["country_code", "party_id", "id"])
def test_a_body_that_speaks_of_another_object_than_the_url_is_400(field: str) -> None:
    reply = owner("PUT", LOCATION_URL, examples.LOCATION | {field: "XX"})
    assert (reply.status, reply.body["status_code"]) == (400, 2001)
    assert reply.detail.startswith(f"/{field}: ")


@pytest.mark.parametrize("part", ["country_code", "party_id", "id", "uid", "type"])
def test_a_token_that_is_another_than_the_url_says_is_400(part: str) -> None:
    reply = owner("PUT", "/tokens/NL/OCS/0123ABCD?type=RFID", examples.TOKEN | {"uid": "0123ABCD", part: "OTHER"})
    assert reply.status == (201 if part == "id" else 400)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        b"[]",
        b'"text"',
        b'{"id": NaN}',
        b'{"id": 1, "id": 2}',
        b'{"id": "\\ud800"}',
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
        b'{"a": 1e999999999999999999999}',
        b'{"a":"' + b"x" * 400_000 + b'"}',
    ],
)
@pytest.mark.parametrize("path", [LOCATION_URL, "/requests/unknown/result"])
def test_a_body_that_is_no_json_object_is_400(path: str, body: bytes) -> None:
    reply = owner("POST" if "requests" in path else "PUT", path, body)
    assert (reply.status, reply.body["status"]) == (400, 400)


@pytest.mark.parametrize(
    "path",
    [
        "/locations/NL/OCS/" + "x" * 3000,
        "/locations/NL/OCS/é",
        "/locations/NL/OCS/a\x00b",
        "/locations/" + "N" * 3000 + "/OCS/L1",
        "/received/nobody/locations/NL/SIM",
        "/received/" + "x" * 3000 + "/locations/NL/SIM",
        "/partners/😀",
        "/requests/" + "x" * 3000,
        "/requests/é",
        "/commands/EXPLODE",
    ],
)
def test_whatever_stands_in_a_path_there_is_no_such_thing(path: str) -> None:
    assert owner("POST" if "commands" in path else "GET", path, {} if "commands" in path else None).status == 404


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_mutation_of_a_valid_body_makes_us_fail(data: st.DataObject) -> None:
    url = data.draw(st.sampled_from(sorted(URLS)))
    document = data.draw(mutated(URLS[url]))
    method = data.draw(st.sampled_from(["PUT", "PATCH"]))
    if method == "PATCH" and url.split("/")[1] not in ("locations", "sessions", "tokens"):
        method = "PUT"
    reply = owner(method, url, json.dumps(document).encode())
    assert reply.status in (200, 201, 400, 404, 409), reply
    stored = owner("GET", url) if "activeprofiles" not in url else None
    assert stored is None or stored.status in (200, 404)


def test_our_own_failure_tells_nothing_of_the_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("ocpi.store.objects.Objects.get", fail)
    reply = owner("GET", LOCATION_URL)
    assert (reply.status, reply.body["status_code"]) == (500, 3000)
    assert "secret detail" not in reply.text
