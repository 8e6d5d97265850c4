"""What goes over the wire to partners, and what of their answers is kept."""

import socket
import time

import pytest

from ocpi.parties.calling import Calling
from ocpi.parties.secrets import Safe
from ocpi.store.objects import Objects
from ocpi.store.partners import Partners
from ocpi.transport.client import PartnerClient, PartnerUnreachable
from tests.functions.conftest import Connection
from tests.partner import Answer, Seen, ok
from tests.servers import serving


@pytest.fixture
def client(connection: Connection) -> PartnerClient:
    """Calls the partner."""
    known = Partners("partners").get(connection.partner_id)
    assert known
    return Calling(Safe("alias/token"), allow_private=True, objects=Objects("objects")).client(known, None)


def test_a_patch_carries_the_changed_fields(connection: Connection, client: PartnerClient) -> None:
    def patched(seen: Seen) -> Answer:
        return ok(seen.body)

    connection.partner.answers["PATCH", "/x"] = patched
    answer = client.patch(f"{connection.partner.url}/x", {"kwh": 1})
    assert (answer.ok, answer.data) == (True, {"kwh": 1})


def test_a_post_may_have_no_body(connection: Connection, client: PartnerClient) -> None:
    connection.partner.answers["POST", "/x"] = ok()
    client.post(f"{connection.partner.url}/x")
    (seen,) = connection.partner.seen
    assert (seen.body, seen.headers["content-length"]) == (None, "0")
    assert "content-type" not in seen.headers


def test_the_headers_of_an_answer_are_kept_in_lower_case(connection: Connection, client: PartnerClient) -> None:
    connection.partner.answers["GET", "/x"] = ok(headers={"Location": "https://x.example/1", "X-Total-Count": "3"})
    answer = client.get(f"{connection.partner.url}/x")
    assert (answer.headers["location"], answer.headers["x-total-count"]) == ("https://x.example/1", "3")


HEADERS = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nX: %b\r\n\r\n" % (b"x" * 60)
BODY = b'{"status_code": 1000, "data": 1}'.ljust(100)


@pytest.mark.parametrize(("at_once", "dripping"), [(b"", HEADERS), (HEADERS, BODY)], ids=["headers", "body"])
def test_a_partner_that_answers_byte_by_byte_is_given_up_in_time(
    at_once: bytes, dripping: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ocpi.transport.client.TIMEOUT_S", 0.5)

    def drip(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(at_once)
        for byte in dripping:
            time.sleep(0.03)
            connection.sendall(bytes([byte]))

    with serving(drip) as url:
        began = time.monotonic()
        with pytest.raises(PartnerUnreachable, match=r"no answer within 0\.5 s"):
            PartnerClient("token", allow_private=True).get(url)
        assert 0.4 < time.monotonic() - began < 1.5


def test_a_connection_is_used_again_and_each_request_has_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ocpi.transport.client.TIMEOUT_S", 1)

    def answer(connection: socket.socket) -> None:
        for _ in range(2):
            connection.recv(65536)
            time.sleep(0.6)
            connection.sendall(HEADERS + BODY)

    with serving(answer) as url:
        client = PartnerClient("token", allow_private=True)
        assert [client.get(url).data for _ in range(2)] == [1, 1]
