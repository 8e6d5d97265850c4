"""Whatever a body holds, the answer is proper, a refusal leaves no trace, and what is accepted is kept as it came."""

import gzip
import json
import time
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocpi.types.primitives import parse_datetime
from tests.fuzz.amount import examples
from tests.fuzz.documents import Document
from tests.fuzz.mutations import encoded, mutated
from tests.fuzz.platform import ENDPOINTS, OCPI, OWNER, Endpoint, Platform, Reply, authorization, call, read, send
from tests.fuzz.verdict import Exact, exact, judge
from tests.objects import CONNECTOR, EVSE, PERIOD, SESSION

pytestmark = pytest.mark.slow

LARGEST = 350_000
"""What one body may have, in bytes."""

_MAINTAINED = {"last_updated", "evses", "connectors", "cdr_location", "start_date_time"}
"""What the platform itself keeps up to date in objects of our own."""

every_endpoint = pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.name)


@pytest.mark.parametrize(
    ("endpoint", "document"),
    [
        pytest.param(endpoint, document, id=f"{endpoint.name} {size}")
        for endpoint in ENDPOINTS
        for size, document in zip(("smallest", "largest"), endpoint.documents, strict=False)
    ],
)
def test_the_documents_that_are_mutated_here_are_valid(
    attacked: Platform, endpoint: Endpoint, document: Document
) -> None:
    reply, accepted = _sent(attacked, endpoint, encoded(document))
    if endpoint.function == "credentials":
        assert json.loads(reply.text)["status_code"] == 3001, "nobody is there at its URL"
    else:
        assert accepted, reply


@pytest.mark.requirement("TRA-13", "TYP-10")
@every_endpoint
@examples(5)
@given(data=st.data())
def test_no_mutation_of_a_valid_document_does_harm(attacked: Platform, endpoint: Endpoint, data: st.DataObject) -> None:
    document = data.draw(st.sampled_from(endpoint.documents))
    _sent(attacked, endpoint, data.draw(mutated(document)))


def _sent(platform: Platform, endpoint: Endpoint, body: bytes) -> tuple[Reply, bool]:
    """Send a body to the platform as it was at first, judge the answer, and look at what is stored."""
    before = platform.restore()
    stored_before = _stored(endpoint) if endpoint.stored_at else None
    reply = call(endpoint, body)
    accepted = judge(platform, endpoint, reply, before)
    if not accepted:
        return reply, False
    if "location" in reply.headers:
        path = unquote(urlsplit(reply.headers["location"]).path)
        found = exact(send(endpoint.function, "GET", path, headers=authorization(endpoint.token)).text)["data"]
        assert found == exact(body)
    if endpoint.stored_at:
        unchanged = platform.state() == before
        _require_kept(endpoint, exact(body), stored_before, _stored(endpoint), unchanged=unchanged)
    platform.pass_on()
    assert not platform.refusals, platform.refusals
    return reply, True


def _stored(endpoint: Endpoint) -> Exact:
    answer = exact(read(endpoint).text)
    if endpoint.of_owner:
        return None if "status_code" in answer else answer
    return answer.get("data")


def _require_kept(endpoint: Endpoint, sent: Exact, before: Exact, after: Exact, *, unchanged: bool) -> None:
    """What was accepted is stored as it came, unless something newer was there."""
    if before and parse_datetime(sent["last_updated"]) < parse_datetime(before["last_updated"]):
        assert unchanged
        return
    expected = _patched(before, sent) if endpoint.method == "PATCH" else sent
    kept = _MAINTAINED if endpoint.of_owner else {"last_updated"} if endpoint.method == "PATCH" else set()
    assert _without(after, kept) == _without(expected, kept)


def _patched(before: Exact, fields: Exact) -> Exact:
    periods = (
        {"charging_periods": before.get("charging_periods", []) + fields["charging_periods"]}
        if fields.get("charging_periods")
        else {}
    )
    return {name: value for name, value in (before | fields | periods).items() if value is not None}


def _without(document: Exact, names: set[str]) -> Exact:
    return {name: value for name, value in document.items() if name not in names}


_BIG = 100_000
"""What a request whose result comes later may have, in bytes."""

NOT_JSON: dict[str, bytes] = {
    "nothing": b"",
    "spaces": b" \r\n\t",
    "half": b'{"id":',
    "zero bytes": b"\0\0\0",
    "a byte that no UTF-8 has": b'{"id":"\xff"}',
    "a lone surrogate": b'{"id":"\\ud800"}',
    "a lone surrogate in UTF-8": '{"id":"\ud800"}'.encode("utf-8", "surrogatepass"),
    "UTF-16": '{"id":"1"}'.encode("utf-16"),
    "UTF-32 without a mark": '{"id":"1"}'.encode("utf-32-le"),
    "NaN": b'{"id":NaN}',
    "Infinity": b'{"id":-Infinity}',
    "a number out of reach": b'{"id":1e999999999999999999999}',
    "a number without end": b'{"id":0.%s}' % (b"1" * 100),
    "a leading zero": b'{"id":01}',
    "a control character": b'{"id":"\n"}',
    "something behind it": b"{} {}",
    "single quotes": b"{'id':1}",
    "a comment": b"{}//",
    "a trailing comma": b'{"id":1,}',
    "lists in lists": b"[" * 10_000 + b"]" * 10_000,
    "objects in objects": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "a name twice": b'{"id":"1","id":"2"}',
    "a long name twice": b'{"%s":1,"%s":2}' % ((b"x" * 40_000,) * 2),
    "a name twice, deep inside": b'{"a":[{"b":{"c":1,"c":1}}]}',
    "gzip": gzip.compress(b'{"id":"1"}'),
    "a form": b"id=1&name=x",
    "many parts": b'--x\r\ncontent-disposition: form-data; name="id"\r\n\r\n1\r\n--x--\r\n',
}
NO_OBJECT = (b"null", b"1", b"[]", b'"{}"', b"true", b"[{}]", b"1e400")


@pytest.mark.requirement("STA-01", "TRA-13")
@every_endpoint
def test_what_is_not_json_is_400(attacked: Platform, endpoint: Endpoint) -> None:
    for what, body in NOT_JSON.items():
        if not body.strip() and endpoint.path.endswith("/authorize"):
            continue  # it need not have a body
        reply, _ = _sent(attacked, endpoint, body)
        assert reply.status == 400, f"{what}: {reply}"


@pytest.mark.requirement("STA-10")
@every_endpoint
def test_what_is_no_object_is_2001(attacked: Platform, endpoint: Endpoint) -> None:
    for body in NO_OBJECT:
        reply, _ = _sent(attacked, endpoint, body)
        assert json.loads(reply.text)["status_code"] == 2001, f"{body!r}: {reply}"


@every_endpoint
def test_a_body_is_read_as_json_in_utf_8_whatever_its_headers_say(attacked: Platform, endpoint: Endpoint) -> None:
    body = encoded(endpoint.documents[0], ascii_only=False)
    usual, _ = _sent(attacked, endpoint, body)
    for headers in (
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "application/json; charset=utf-16"},
        {"content-type": ""},
        {"content-encoding": "gzip"},
        {"content-length": "0"},
    ):
        attacked.restore()
        assert call(endpoint, body, headers).status == usual.status, headers
    attacked.restore()
    assert call(endpoint, b"\xef\xbb\xbf" + body).status == usual.status, "a byte order mark may be ignored"


@pytest.mark.requirement("STA-10")
@every_endpoint
def test_a_body_is_bounded_and_up_to_the_bound_it_is_taken_or_refused_whole(
    attacked: Platform, endpoint: Endpoint
) -> None:
    document = endpoint.documents[0]
    for size in (_BIG, LARGEST):
        padding = size - len(encoded(document | {"vendor": ""}))
        body = encoded(document | {"vendor": "x" * padding})
        assert len(body) == size
        _sent(attacked, endpoint, body)
        _sent(attacked, endpoint, encoded(document | {"vendor": "é" * (padding // 2)}, ascii_only=False))
    for body in (encoded(document | {"vendor": "x" * LARGEST}), encoded(document) + b" " * LARGEST):
        reply, accepted = _sent(attacked, endpoint, body)
        assert not accepted
        assert "at most" in reply.text


SLOW_TO_READ = {
    "many wrong things": b'{"id":"L1","evses":[%s]}' % b",".join([b"{}"] * 100_000),
    "many numbers": b'{"id":"L1","evses":[%s]}' % b",".join([b"1"] * 170_000),
    "many names": b"{%s}" % b",".join(b'"%d":1' % i for i in range(30_000)),
    "many digits": b'{"last_updated":%s}' % (b"9" * 349_000),
    "many escapes": b'{"id":"%s"}' % (b"\\u0041" * 58_000),
}
PATIENCE_S = 5.0


@pytest.mark.parametrize("what", SLOW_TO_READ)
@pytest.mark.parametrize("model", ["Location", "Session", "CDR"])
def test_no_body_takes_long(attacked: Platform, what: str, model: str) -> None:
    endpoint = next(endpoint for endpoint in ENDPOINTS if endpoint.model == model)
    started = time.process_time()
    _sent(attacked, endpoint, SLOW_TO_READ[what])
    assert time.process_time() - started < PATIENCE_S


def test_thousands_of_charging_periods_are_appended_in_no_time(attacked: Platform) -> None:
    put, patch = (_endpoint(f"{method} {OCPI}/receiver/sessions") for method in ("PUT", "PATCH"))
    attacked.restore()
    periods = [PERIOD | {"dimensions": [{"type": "ENERGY", "volume": i}]} for i in range(3_000)]
    assert call(put, encoded(SESSION | {"charging_periods": periods})).status == 200
    started = time.process_time()
    fields = {"last_updated": "2026-11-22T08:20:00Z"}
    again = call(patch, encoded(fields | {"charging_periods": periods[::-1]}))
    call(patch, encoded(fields | {"charging_periods": [1] * 100_000}))
    assert time.process_time() - started < PATIENCE_S
    assert json.loads(again.text)["status_code"] == 1000
    assert len(_stored(put)["charging_periods"]) == 3_000


def test_a_location_of_ours_leaves_the_choice_among_a_bounded_number_of_tariffs(attacked: Platform) -> None:
    endpoint = _endpoint(f"PUT {OWNER}/locations/NL/OCS/L1")
    connector = CONNECTOR | {"tariff_ids": [f"T{i}" for i in range(30_000)]}
    evses = [EVSE | {"connectors": [connector]}]
    reply, accepted = _sent(attacked, endpoint, encoded(endpoint.documents[0] | {"evses": evses}))
    assert not accepted
    assert "/evses/0/connectors/0/tariff_ids" in reply.text


def test_credentials_are_bounded_together_with_the_endpoints_that_they_lead_to(attacked: Platform) -> None:
    endpoint = _endpoint(f"POST {OCPI}/credentials")
    credentials = endpoint.documents[0] | {"url": attacked.partner.versions_url}
    _, accepted = _sent(attacked, endpoint, encoded(credentials))
    assert accepted
    (role,) = credentials["roles"]
    large = credentials | {"roles": [role | {"vendor": "x" * 340_000}]}
    reply, accepted = _sent(attacked, endpoint, encoded(large))
    assert not accepted
    assert json.loads(reply.text)["status_code"] == 2001


@pytest.mark.parametrize("host", ["１２７.0.0.1", "localhost\u3002", "ⓛocalhost", "xn--", "a..b", "x" * 64 + ".com"])
def test_a_host_that_is_none_is_told_as_such(attacked: Platform, host: str) -> None:
    endpoint = _endpoint(f"POST {OCPI}/credentials")
    port = urlsplit(attacked.partner.url).port
    reply, _ = _sent(attacked, endpoint, encoded(endpoint.documents[0] | {"url": f"http://{host}:{port}/versions"}))
    assert json.loads(reply.text)["status_code"] in (2001, 3001)


def _endpoint(name: str) -> Endpoint:
    return next(endpoint for endpoint in ENDPOINTS if endpoint.name.startswith(name))
