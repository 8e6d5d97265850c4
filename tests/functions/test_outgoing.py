"""Calls to partners as an attacker would have them: to other hosts, through other servers, without an end."""

import gzip
import json
import socket
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from ocpi.parties.handshake import Handshake
from ocpi.transport import addresses
from ocpi.transport.client import MAX_ANSWER_BYTES, PartnerClient, PartnerUnreachable
from ocpi.transport.exchanges import READ_BYTES
from ocpi.transport.status import OcpiError
from tests import partner as partners
from tests.api import deployed, request
from tests.exchange_log import logging_exchanges
from tests.functions.conftest import Connection
from tests.objects import CDR, PERIOD, SESSION, TOKEN
from tests.partner import TOKEN as PARTNER_TOKEN
from tests.partner import Answer, Partner, Seen, ok
from tests.servers import serving
from tests.tls import certificate

CREDENTIALS = "/ocpi/2.2.1/credentials"
OK = b"HTTP/1.1 200 OK\r\n"
ENVELOPE = b'{"status_code": 1000, "data": 1}'
THEIR_PATH = "/2.2.1/tokens/NL/TNM/012345678"


def get(url: str) -> object:
    """What a partner answers to a GET, over TLS and at any address."""
    return PartnerClient("token-of-ours", allow_private=True).get(url).data


# Which server is spoken to.


type Names = dict[str, list[str]]
"""The addresses of hosts, each list for one look-up after the other; the last one for all that follow."""


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    """Hosts of the test, which name servers know beside the usual ones."""
    known: Names = {}
    system = socket.getaddrinfo

    def look_up(host: str, *arguments: Any, **options: Any) -> list[Any]:
        found = known.get(host)
        if found is None:
            return list(system(host, *arguments, **options))
        now = found.pop(0) if len(found) > 1 else found[0]
        return [answer for address in now.split() for answer in system(address, *arguments, **options)]

    monkeypatch.setattr("ocpi.transport.addresses.socket.getaddrinfo", look_up)
    return known


@pytest.fixture
def only_loopback_is_public(monkeypatch: pytest.MonkeyPatch) -> None:
    """The guard as in production, except that the servers of the test may be called at 127.0.0.1."""
    monkeypatch.setattr(addresses, "is_public", {"127.0.0.1"}.__contains__)


@pytest.fixture
def secure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: Names) -> Iterator[Partner]:
    """A partner over TLS at localhost, with a certificate that is trusted."""
    names["localhost"] = ["127.0.0.1"]
    file = certificate(tmp_path, "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with partners.partner(file) as server:
        server.serve_versions(("locations", "RECEIVER"))
        yield server


@pytest.mark.requirement("TRA-07")
@pytest.mark.usefixtures("only_loopback_is_public")
def test_a_trusted_certificate_for_another_host_is_refused(secure: Partner, names: Names) -> None:
    secure.answers["GET", "/x"] = ok(1)
    client = PartnerClient("token", allow_private=False)
    assert client.get(f"{secure.url}/x").data == 1
    names["other.example"] = ["127.0.0.1"]
    for host in ("other.example", "127.0.0.1"):
        with pytest.raises(PartnerUnreachable, match=r"TLS failed: .*certificate is not valid for"):
            client.get(f"{secure.url.replace('localhost', host)}/x")
    assert [seen.headers["host"] for seen in secure.seen] == [secure.url.removeprefix("https://")]


@pytest.mark.usefixtures("only_loopback_is_public")
def test_what_was_checked_is_what_is_connected_to_though_the_name_leads_elsewhere_a_moment_later(
    secure: Partner, names: Names
) -> None:
    secure.answers["GET", "/x"] = ok(1)
    names["localhost"] = ["127.0.0.1", "127.0.0.2"]
    client = PartnerClient("token", allow_private=False)
    assert client.get(f"{secure.url}/x").data == 1
    assert names["localhost"] == ["127.0.0.2"]
    with pytest.raises(PartnerUnreachable, match="localhost leads to no public address"):
        client.get(f"{secure.url}/x")
    assert len(secure.seen) == 1


@pytest.mark.usefixtures("only_loopback_is_public")
@pytest.mark.parametrize("found", ["127.0.0.1 127.0.0.2", "127.0.0.2 127.0.0.1", "127.0.0.1 ::1"])
def test_a_host_of_which_one_address_is_private_is_not_called(secure: Partner, names: Names, found: str) -> None:
    names["localhost"] = [found]
    with pytest.raises(PartnerUnreachable, match="localhost leads to no public address"):
        PartnerClient("token", allow_private=False).get(f"{secure.url}/x")
    assert secure.seen == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("body", [b"", ok(1)[1]])
def test_a_redirect_is_an_error_and_not_followed(partner: Partner, status: int, body: object) -> None:
    partner.answers["GET", "/x"] = (status, body, {"Location": f"{partner.url}/inside"})
    partner.answers["GET", "/inside"] = ok("secret")
    with pytest.raises(PartnerUnreachable, match=f"HTTP {status} leads elsewhere; redirects are not followed"):
        get(f"{partner.url}/x")
    assert [seen.path for seen in partner.seen] == ["/x"]


def test_proxies_of_the_environment_are_not_used(partner: Partner, monkeypatch: pytest.MonkeyPatch) -> None:
    partner.answers["GET", "/x"] = ok(1)
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
        monkeypatch.setenv(name.upper(), "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert get(f"{partner.url}/x") == 1


# How much it may answer.


def at_once(answer: bytes) -> Callable[[socket.socket], None]:
    """A server that says just this."""
    return lambda connection: connection.sendall(answer)


def endless(beginning: bytes, again: bytes) -> Callable[[socket.socket], None]:
    """A server that goes on until it is hung up on."""

    def talk(connection: socket.socket) -> None:
        connection.sendall(beginning)
        while True:
            connection.sendall(again)

    return talk


def encoded(how: bytes, body: bytes) -> bytes:
    return OK + b"Connection: close\r\nContent-Encoding: " + how + b"\r\n\r\n" + body


NOTHING = bytes(60_000_000)
TOO_LARGE, NOT_HTTP, TOO_LATE = f"larger than {MAX_ANSWER_BYTES} bytes", "is not HTTP", "no answer within"


@pytest.mark.parametrize(
    ("talk", "why"),
    [
        (at_once(encoded(b"gzip", gzip.compress(NOTHING))), TOO_LARGE),
        (at_once(encoded(b"deflate", zlib.compress(NOTHING))), TOO_LARGE),
        (at_once(encoded(b"gzip, gzip", gzip.compress(gzip.compress(NOTHING)))), TOO_LARGE),
        (at_once(encoded(b", ".join([b"gzip"] * 30), b"")), "Too many content encodings"),
        (at_once(encoded(b"gzip", b"not gzip")), "failed to decode"),
        (endless(OK + b"\r\n", bytes(65536)), TOO_LARGE),
        (endless(OK, b"X: y\r\n"), NOT_HTTP),
        (endless(OK + b"X: ", bytes(65536)), NOT_HTTP),
        (endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), TOO_LATE),
        (endless(b"", b"HTTP/1.1 102 Processing\r\n\r\n"), "HTTP 102 without an OCPI envelope"),
        (endless(OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n"), TOO_LATE),
        (endless(OK + b"Transfer-Encoding: chunked\r\n\r\n1;", bytes(65536)), NOT_HTTP),
        (at_once(OK + b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFFFF\r\nx"), NOT_HTTP),
        (at_once(OK + b"Content-Length: 99999999999999999999\r\n\r\nx"), NOT_HTTP),
        (at_once(OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef"), "unmatching"),
        (at_once(OK + b"Content-Length: 900\r\n\r\n" + ENVELOPE), NOT_HTTP),
        (at_once(b"SSH-2.0-OpenSSH_9.9\r\n"), NOT_HTTP),
        (at_once(b""), NOT_HTTP),
    ],
)
def test_an_answer_without_measure_or_sense_is_given_up(
    talk: Callable[[socket.socket], None], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ocpi.transport.client.TIMEOUT_S", 0.5)

    def answer(connection: socket.socket) -> None:
        connection.recv(65536)
        with suppress(OSError):
            talk(connection)

    with serving(answer) as url:
        began = time.monotonic()
        tracemalloc.start()
        try:
            with pytest.raises(PartnerUnreachable, match=why):
                get(url)
            assert tracemalloc.get_traced_memory()[1] < 4 * MAX_ANSWER_BYTES
        finally:
            tracemalloc.stop()
        assert time.monotonic() - began < 3


def test_looking_up_a_host_counts_as_time_of_the_partner(
    partner: Partner, names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(host: str, port: int) -> list[str]:
        time.sleep(0.3)
        return ["127.0.0.1"]

    def answer(_: Seen) -> Answer:
        time.sleep(0.4)
        return ok(1)

    monkeypatch.setattr("ocpi.transport.client.TIMEOUT_S", 0.6)
    monkeypatch.setattr(addresses, "_addresses", slow)
    partner.answers["GET", "/x"] = answer
    assert get(f"{partner.url}/x") == 1
    with pytest.raises(PartnerUnreachable, match=TOO_LATE):
        get(f"{partner.url.replace('127.0.0.1', 'slow.example')}/x")


def test_an_interim_answer_is_not_mixed_up_with_that_of_the_next_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server answers the first request late, when the client has asked for something else already."""
    monkeypatch.setattr("ocpi.transport.client.TIMEOUT_S", 0.3)

    def answer(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        connection.settimeout(1)
        if connection.recv(65536):
            connection.sendall(OK + b"Content-Length: 32\r\n\r\n" + ENVELOPE)

    with serving(answer) as url:
        client = PartnerClient("token", allow_private=True)
        with pytest.raises(PartnerUnreachable, match="HTTP 103"):
            client.get(url)
        with pytest.raises(PartnerUnreachable, match=TOO_LATE):
            client.get(url)


# What is told of it.


def test_a_partner_that_repeats_our_request_is_not_quoted() -> None:
    def echo(connection: socket.socket) -> None:
        connection.sendall(connection.recv(65536))

    with serving(echo) as url, pytest.raises(PartnerUnreachable) as failure:
        get(url.rstrip("/") + THEIR_PATH)
    assert "012345678" not in str(failure.value).partition(THEIR_PATH)[2]


def test_a_token_that_a_partner_repeats_in_its_message_is_masked(partner: Partner) -> None:
    def refuse(seen: Seen) -> Answer:
        told = f"no such token: {seen.token}, {seen.headers['authorization']}, {'a-response-id' * 4}"
        return 200, {"status_code": 2004, "status_message": told}

    partner.answers["GET", "/x"] = refuse
    told = str(PartnerClient("ours", allow_private=True).get(f"{partner.url}/x"))
    assert told.startswith("HTTP 200, OCPI 2004: no such token: ***, ")
    for token in ("a-token-of-twenty-four-c", "t" * 43):
        told = str(PartnerClient(token, allow_private=True).get(f"{partner.url}/x"))
        assert told.count("***") >= 2
        assert token not in told
        assert "response-id" not in told


def test_the_key_in_the_url_of_a_configuration_module_is_not_told(partner: Partner) -> None:
    partner.answers["GET", "/versions?key=their-key-0123"] = lambda seen: (500, str(seen.path).encode())
    with logging_exchanges() as log, pytest.raises(PartnerUnreachable) as failure:
        get(f"{partner.url}/versions?key=their-key-0123")
    assert str(failure.value).startswith(f"GET {partner.url}/versions: HTTP 500")
    assert "their-key-0123" not in "".join(log.lines)


@pytest.mark.parametrize("periods", [1, 200])
def test_no_secret_of_an_object_of_any_size_is_quoted(partner: Partner, periods: int) -> None:
    cdr = CDR | {"charging_periods": [PERIOD] * periods}
    assert (len(json.dumps(cdr)) > READ_BYTES) == (periods > 1)
    token = cdr["cdr_token"]
    why = f"token {token['uid']} of contract {token['contract_id']} is unknown"
    partner.answers["POST", "/cdrs"] = 200, {"status_code": 2004, "status_message": why}
    with logging_exchanges() as log:
        answer = PartnerClient("token-of-ours", allow_private=True).post(f"{partner.url}/cdrs", cdr)
    assert answer.message == "token *** of contract *** is unknown"
    assert log.exchanges[0]["status_message"] == answer.message
    assert not [line for line in log.lines if token["uid"] in line or token["contract_id"] in line]


# Where URLs come from: the credentials, the version details, response URLs.


def pointing(secure: Partner, url: str) -> None:
    """Have a partner advertise this as its Locations receiver."""
    credentials, locations = secure.answers["GET", "/details"][1]["data"]["endpoints"]  # type: ignore[index]  # as this test has put it there
    details = {"version": "2.2.1", "endpoints": [credentials, locations | {"url": url}]}
    secure.answers["GET", "/details"] = ok(details)


UNCALLABLE = [
    ("http://localhost/locations", "the scheme 'http' is not allowed; use https"),
    ("https://10.0.0.1/locations", "10.0.0.1 leads to no public address"),
    ("https://[::ffff:169.254.169.254]/locations", "leads to no public address"),
    ("https://inside.example/locations", "inside.example leads to no public address"),
    ("https://nowhere.invalid/locations", "nowhere.invalid has no address"),
    ("https://2130706433/locations", "'2130706433' is no host"),
    ("https://user:pass@localhost/locations", "must hold no user name or password"),
    ("https://localhost:25/locations", "the port 25 is not allowed"),
    ("https://localhost/locations#", "must hold no fragment"),
]


@pytest.mark.requirement("STA-15")
@pytest.mark.usefixtures("only_loopback_is_public")
@pytest.mark.parametrize(("url", "why"), UNCALLABLE)
def test_a_partner_whose_endpoint_cannot_be_called_is_not_registered(
    handshake: Handshake, secure: Partner, names: Names, url: str, why: str
) -> None:
    names["inside.example"] = ["10.1.2.3"]
    token_a = handshake.invite("CPO")
    before = handshake.partners.get("cpo")
    pointing(secure, url)
    with deployed(ALLOW_PRIVATE_PARTNERS="false"):
        reply = request("POST", CREDENTIALS, token=token_a, body=secure.credentials())
        assert (reply.http_status, reply.status_code) == (200, 3001)
        assert "/endpoints/1/url of the version details (locations RECEIVER)" in reply.message
        assert why in reply.message
        assert handshake.partners.get("cpo") == before
        pointing(secure, f"{secure.url}/elsewhere")
        assert request("POST", CREDENTIALS, token=token_a, body=secure.credentials()).status_code == 1000


@pytest.mark.requirement("STA-15")
@pytest.mark.parametrize(("url", "why"), UNCALLABLE[:-1])
def test_a_partner_whose_versions_cannot_be_called_is_not_registered(
    handshake: Handshake, names: Names, url: str, why: str
) -> None:
    names |= {"inside.example": ["10.1.2.3"], "localhost": ["93.184.215.14"]}
    token_a = handshake.invite("CPO")
    before = handshake.partners.get("cpo")
    body = {"token": PARTNER_TOKEN, "url": url, "roles": partners.ROLES}
    with deployed(ALLOW_PRIVATE_PARTNERS="false"):
        reply = request("POST", CREDENTIALS, token=token_a, body=body)
    assert (reply.http_status, reply.status_code) == (200, 3001)
    assert "/url: " in reply.message
    assert why in reply.message
    assert handshake.partners.get("cpo") == before


@pytest.mark.parametrize(
    ("url", "why"), [("https://127.1/versions", "no host"), ("http://a@127.0.0.1/", "no user name")]
)
def test_we_register_with_nobody_whose_credentials_lead_nowhere(
    handshake: Handshake, partner: Partner, url: str, why: str
) -> None:
    partner.answers["POST", "/credentials"] = ok(partner.credentials() | {"url": url})
    with pytest.raises(OcpiError, match=f"/url of the credentials: .*{why}"):
        handshake.register("CPO", partner.versions_url, "token-a")
    assert handshake.partners.get("cpo") is None


def test_a_renewal_that_leads_nowhere_leaves_the_url_that_was(connection: Connection, handshake: Handshake) -> None:
    known = handshake.partners.get(connection.partner_id)
    assert known
    changed = connection.partner.credentials("token-d") | {"url": "https://127.1/versions"}
    connection.partner.answers["PUT", "/credentials"] = ok(changed)
    with pytest.raises(OcpiError, match="/url of the credentials"):
        handshake.renew(known)
    renewed = handshake.partners.get(connection.partner_id)
    assert renewed
    assert renewed.versions_url == known.versions_url
    assert handshake.safe.open(str(renewed.sealed_token), renewed.id) == "token-d"


def test_the_modules_of_a_partner_may_be_at_other_hosts_than_its_versions(
    handshake: Handshake, partner: Partner
) -> None:
    with ExitStack() as servers:
        other = servers.enter_context(partners.partner())
        other.serve_versions()
        partner.answers["GET", "/versions"] = ok([{"version": "2.2.1", "url": f"{other.url}/details"}])
        token_a = handshake.invite("CPO")
        assert request("POST", CREDENTIALS, token=token_a, body=partner.credentials()).status_code == 1000


@pytest.mark.parametrize(
    "tricked",
    [
        "{scheme}://user@{place}/results/1",
        "{scheme}://{place}@evil.example/results/1",
        "{scheme}://evil.example\\@{place}/results/1",
        "{scheme}://{place}#@evil.example/results/1",
        "{scheme}://evil.example#@{place}/results/1",
        "{scheme}://{place}.evil.example/results/1",
        "https://169.254.169.254/latest/meta-data",
        "https://evil.example/results/1",
    ],
)
def test_a_response_url_that_is_not_at_the_partner_is_2001_naming_the_field(connect: Any, tricked: str) -> None:
    emsp = connect("EMSP NL TNM", offers=[("commands", "SENDER")])
    scheme, _, place = emsp.partner.url.partition("://")
    command = {"token": TOKEN, "location_id": "L1", "response_url": tricked.format(scheme=scheme, place=place)}
    reply = request("POST", "/ocpi/2.2.1/receiver/commands/START_SESSION", token=emsp.token, body=command)
    assert (reply.http_status, reply.status_code) == (200, 2001)
    assert "/response_url" in reply.message
    query = f"?duration=60&response_url={command['response_url']}"
    path = f"/ocpi/2.2.1/receiver/chargingprofiles/{SESSION['id']}{query.replace('#', '%23')}"
    reply = request("GET", path, token=emsp.token)
    assert (reply.http_status, reply.status_code) == (200, 2001)
    assert "response_url" in reply.message
    assert emsp.partner.seen == []
