"""The exchange log keeps secrets, wherever partners put them and however they write them."""

import gzip
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocpi.transport.exchanges import BODY_BYTES, MAX_DEPTH, READ_BYTES, Direction, Exchange, Masking, secrets_in
from ocpi.transport.headers import MessageIds
from tests.exchange_log import logging_exchanges
from tests.fuzz.amount import examples

SECRET = "s3cret-0123456789"
FIELDS = (
    "token",
    "token_uid",
    "access_token",
    "Token",
    "Authorization",
    "response_url",
    "uid",
    "auth_id",
    "contract_id",
    "visual_number",
    "group_id",
    "plain_data",
    "signed_data",
)


def line(request: bytes, answer: bytes = b"", **told: Any) -> str:
    """What is logged of an exchange."""
    with logging_exchanges() as log:
        Exchange(Direction.IN, "PUT", MessageIds("r", "c"), request=request, answer=answer, **told).write()
    (written,) = log.lines
    return written


def readable(written: str) -> str:
    """A line with all that is escaped in it, and in the bodies in it, undone."""
    told = json.loads(written)["exchange"]
    return written + "".join(map(str, told.values())) + "".join(map(_undone, (told.get("request"), told.get("answer"))))


def _undone(body: str | None) -> str:
    try:
        return json.dumps(json.loads(body or ""), ensure_ascii=False)
    except ValueError:
        return ""


texts = st.text(max_size=20)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
documents = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=20
)
fields = st.sampled_from(FIELDS)


@st.composite
def with_secret(draw: st.DrawFn) -> object:
    """A document with the secret in a field that is masked, at some depth, by itself or in lists."""
    planted: object = SECRET
    for _ in range(draw(st.integers(0, 3))):
        planted = [planted, draw(scalars)] if draw(st.booleans()) else {draw(texts): planted}
    document: object = draw(st.dictionaries(texts, documents, max_size=3)) | {draw(fields): planted}
    for _ in range(draw(st.integers(0, 2 * MAX_DEPTH))):
        in_list, more = draw(st.booleans()), draw(scalars)
        document = [more, document] if in_list else {draw(texts): document, "more": more}
    return document


@st.composite
def written_anyhow(draw: st.DrawFn, document: object) -> bytes:
    """As JSON, with any of its characters escaped, also those of names."""
    text = json.dumps(document, ensure_ascii=draw(st.booleans()), indent=draw(st.none() | st.integers(0, 2)))
    for letter in draw(st.sets(st.sampled_from("aegiknoprstuvx0123"), max_size=4)):
        # In words like true or a number an escape is no JSON: those are seldom here, and must be harmless too.
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text.encode(errors="surrogatepass")


@given(st.data())
@examples(300)
def test_a_secret_is_never_in_the_line_wherever_and_however_it_is_written(data: st.DataObject) -> None:
    body = data.draw(written_anyhow(data.draw(with_secret())))
    cut = body[: data.draw(st.integers(1, len(body)))] if data.draw(st.booleans()) else body
    assert SECRET not in readable(line(cut, cut))


@given(with_secret())
@examples(100)
def test_a_secret_is_masked_where_the_other_side_quotes_it(document: object) -> None:
    quoting = json.dumps({"status_message": f"no {SECRET} here", "data": [f"?{SECRET}"]}).encode()
    body = json.dumps(document).encode()
    if _depth(document) > MAX_DEPTH:
        return
    assert SECRET not in readable(line(body, quoting, message=f"unknown {SECRET}", error=f"GET {SECRET}: nothing"))


def test_a_secret_of_a_large_body_is_masked_where_it_is_quoted() -> None:
    body = json.dumps({"token": SECRET, "text": "!" * READ_BYTES}).encode()
    told = f"unknown {SECRET}"
    quoting = json.dumps({"status_message": told}).encode()
    assert SECRET not in readable(line(body, quoting, message=told))
    assert SECRET not in readable(line(b"", body, error=told))
    assert Exchange(Direction.OUT, "PUT", MessageIds("r", "c"), request=body).quoted(told) == "unknown ***"


def _depth(document: object) -> int:
    inner = document.values() if isinstance(document, dict) else document if isinstance(document, list) else ()
    return 1 + max(map(_depth, inner), default=0)


@given(st.binary(max_size=300) | documents.map(lambda document: json.dumps(document).encode()))
@examples(300)
def test_any_body_is_one_line_of_json_of_bounded_size(body: bytes) -> None:
    written = line(body, body)
    assert json.loads(written)["message"] == "exchange"
    assert len(written) < 4 * BODY_BYTES


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", None),
        (b"{", "1 bytes, no JSON"),
        (b'"\xff"', "3 bytes, no JSON"),
        (b"[" * 5000, "5000 bytes, no JSON"),
        (gzip.compress(b'{"token":"x"}', mtime=0), "33 bytes, no JSON"),
        (b"[" + b"1," * READ_BYTES + b"1]", f"{2 * READ_BYTES + 3} bytes"),
        (b'"text"', '"text"'),
        (b'{"token": null, "kwh": 1.50}', '{"token":null,"kwh":1.5}'),
        (b'{"token": {"uid": "1234", "type": "RFID"}}', '{"token":{"uid":"***","type":"RFID"}}'),
        (b'{"uid": "0123456789ABCD"}', '{"uid":"***BCD"}'),
        (b'{"token": "0123456789ABCD"}', '{"token":"***"}'),
        (b'{"uid": {"a": "b"}, "auth_id": 12345678}', '{"uid":{"a":"***"},"auth_id":"***"}'),
        (b'{"evses": [{"uid": "3256", "connectors": []}]}', '{"evses":[{"uid":"3256","connectors":[]}]}'),
        (b'{"evse_uid": "3256", "authorization_reference": "A1"}',) * 2,
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_body_is_told_without_secrets(body: bytes, told: str | bytes | None) -> None:
    masking = Masking()
    expected = json.dumps(json.loads(told), separators=(",", ":")) if isinstance(told, bytes) else told
    assert masking.body(masking.masked(body)) == expected


@pytest.mark.parametrize(
    ("url", "secrets"),
    [
        ("https://x.example/ocpi/2.2.1/tokens/NL/TNM/abcdef12/authorize?type=RFID", {"abcdef12"}),
        ("https://x.example/emsp/tokens/NL/TNM/a%2Fbcdef12", {"a/bcdef12"}),
        ("https://x.example/ocpi/2.2.1/sessions/NL/SIM/S-1234", set()),
        ("https://x.example/callback/0123-4567", {"0123-4567"}),
        ("https://x.example/ocpi/commands/START_SESSION/0123-4567", {"0123-4567"}),
        ("https://x.example/chargingprofiles/S1?response_url=https%3A%2F%2Fy.example%2Fr%2F0123-4567", {"0123-4567"}),
        ("https://x.example/callback?id=0123-4567", {"0123-4567"}),
    ],
)
def test_what_is_secret_in_a_url_is_found(url: str, secrets: set[str]) -> None:
    assert secrets <= set(secrets_in(url))
    assert not {part for part in secrets_in(url) if part in ("ocpi", "2.2.1", "callback", "x.example")}
