"""The HTTP client to partners: their token, message ids, routing headers, and bounds on time and size."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from typing import Annotated, Any
from urllib.parse import parse_qsl

import urllib3
from pydantic import BaseModel, Field, ValidationError

from ocpi import wire
from ocpi.transport.addresses import AddressRefused, resolve
from ocpi.transport.deadline import HTTPPool, HTTPSPool
from ocpi.transport.exchanges import MASK, Direction, Exchange, has_open_path, module_in, secrets_in
from ocpi.transport.headers import AUTHORIZATION, MessageIds, Routing, correlation
from ocpi.transport.status import StatusCode
from ocpi.transport.tokens import authorization
from ocpi.types.commands import CommandType

TIMEOUT_S = 10.0
"""How long a partner may take from looking up its host to the last byte of its answer, however slowly bytes come."""

MAX_ANSWER_BYTES = 5_000_000

CONNECTIONS_KEPT = 8
"""To one address, for those who call a partner several times at once."""

LONGEST_REASON = 500
"""So much is quoted at most of what went wrong with an answer that is no HTTP."""

_TOKEN_LIKE = re.compile(r"[\w+=-]{32,}")
"""What may be a credentials token, in clear or in Base64, or the id of a response URL: our own request, repeated."""

_USER = re.compile(r"//[^/?#]*@")
_QUERY = re.compile(r"[?#].*", re.DOTALL)

_RETRY_AFTER = "retry-after"
"""The header with which a partner says when to come again, in seconds or as a date (RFC 9110, 10.2.3)."""


class PartnerUnreachable(Exception):
    """A partner could not be called, or answered no OCPI envelope; the message says what happened, without secrets.

    Args:
        why: what happened.
        http_status: of an answer that is no envelope, such as that of a proxy in between.
        retry_after: how long to leave the partner alone, as that answer says.
    """

    def __init__(self, why: str, *, http_status: int | None = None, retry_after: timedelta | None = None) -> None:
        super().__init__(why)
        self.http_status = http_status
        self.retry_after = retry_after


@dataclass(frozen=True)
class Answer:
    """What a partner answered: the HTTP status, the envelope's content and the headers, named in lower case."""

    http_status: int
    status_code: int
    message: str
    data: wire.Json
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether the request succeeded: a 2xx HTTP status and an OCPI 1xxx code (STA-07, STA-08)."""
        return 200 <= self.http_status < 300 and self.status_code // 1000 == StatusCode.SUCCESS // 1000

    @property
    def retry_after(self) -> timedelta | None:
        """How long the partner wants to be left alone, if it says so."""
        return _retry_after(self.headers)

    def __str__(self) -> str:
        told = f": {self.message}" if self.message else ""
        return f"HTTP {self.http_status}, OCPI {self.status_code}{told}"


class PartnerClient:
    """Calls one partner.

    Args:
        token: the credentials token to present.
        allow_private: see :func:`ocpi.transport.addresses.resolve`.
        routing: who speaks to whom, for functional modules (ROU-05); None on configuration modules (ROU-02).
        plain_token: the token goes without Base64 (decision 5).
        partner_id: whom it calls, for the exchange log.
        correlation_id: of the request that these continue; else of the one that is being served, if any.
    """

    def __init__(
        self,
        token: str,
        *,
        allow_private: bool,
        routing: Routing | None = None,
        plain_token: bool = False,
        partner_id: str | None = None,
        correlation_id: str | None = None,
    ) -> None:
        self._token = token
        self._authorization = authorization(token, plain=plain_token)
        self._allow_private = allow_private
        self._routing = routing
        self._partner_id = partner_id
        self._correlation_id = correlation_id or correlation.get()

    def get(self, url: str) -> Answer:
        """GET `url`."""
        return self._request("GET", url, None)

    def post(self, url: str, body: object | None = None) -> Answer:
        """POST `body` as JSON to `url`, or no body."""
        return self._request("POST", url, None if body is None else wire.dumps(body))

    def put(self, url: str, body: object) -> Answer:
        """PUT `body` as JSON to `url`."""
        return self._request("PUT", url, wire.dumps(body))

    def patch(self, url: str, body: object) -> Answer:
        """PATCH `url` with the changed fields in `body`, as JSON."""
        return self._request("PATCH", url, wire.dumps(body))

    def delete(self, url: str) -> Answer:
        """DELETE `url`."""
        return self._request("DELETE", url, None)

    def _request(self, method: str, url: str, body: bytes | None) -> Answer:
        """Send one request and read its answer.

        Raises:
            PartnerUnreachable: the address is refused, the network or the partner failed, or it took too long.
        """
        exchange = Exchange(
            Direction.OUT,
            method,
            MessageIds.new(self._correlation_id),
            url=self._told(method, url),
            module=module_in(url),
            partner_id=self._partner_id,
            routing=self._routing,
            request=body or b"",
            secrets=self._secrets_with(method, url),
        )
        try:
            answer = self._send(exchange, url, body)
            exchange.status_code, exchange.message = answer.status_code, answer.message
        except PartnerUnreachable as error:
            exchange.error = str(error)
            raise
        finally:
            exchange.write()
        return answer

    def _send(self, exchange: Exchange, url: str, body: bytes | None) -> Answer:
        method, told = exchange.method, f"{exchange.method} {exchange.url}"
        headers = self._authorization | exchange.ids.headers() | {"Accept": "application/json"}
        if self._routing:
            headers |= self._routing.headers()
        if body is not None:
            headers |= {"Content-Type": "application/json"}
        try:
            began = time.monotonic()
            target = resolve(url, allow_private=self._allow_private)
            response = _pool(target.scheme, target.host, target.port, target.address).urlopen(
                method,
                target.path,
                body,
                headers | {"Host": target.host_header},
                retries=False,
                redirect=False,
                timeout=urllib3.Timeout(total=TIMEOUT_S - (time.monotonic() - began)),
                preload_content=False,
            )
            exchange.http_status = response.status
            exchange.answer = _read(response)
        except AddressRefused as error:
            raise PartnerUnreachable(f"{told}: {error}") from None
        except urllib3.exceptions.HTTPError as error:
            raise PartnerUnreachable(f"{told}: {_reason(error)}") from None
        return _answer(told, response, exchange)

    def _told(self, method: str, url: str) -> str:
        """A URL, for messages and logs: behind some modules stand uids of tokens, ids of response URLs.

        What stands in a query is a response URL, or some partner's own key.
        """
        if self._routing is None or has_open_path(method, module_in(url)):
            return _USER.sub("//", _QUERY.sub("", url))
        scheme, _, rest = url.partition("://")
        host, *parts = re.split(r"[/?#]", rest)
        command = next((part for part in parts if part in CommandType), None)
        named = " ".join(filter(None, (module_in("/".join(parts)), command)))
        return f"{scheme}://{host.rpartition('@')[2]}{f' ({named})' if named else ''}"

    def _secrets_with(self, method: str, url: str) -> list[str]:
        """What a partner must not bring into our log by repeating the request."""
        encoded = self._authorization[AUTHORIZATION].partition(" ")[2]
        query = url.partition("?")[2]
        secrets = secrets_in(url, method) if self._routing else (value for _, value in parse_qsl(query))
        return [self._token, encoded, *secrets]


@lru_cache(maxsize=64)
def _pool(scheme: str, host: str, port: int, address: str) -> urllib3.HTTPConnectionPool:
    """Connections to one checked address are kept and used again."""
    if scheme == "http":
        return HTTPPool(address, port, maxsize=CONNECTIONS_KEPT)
    return HTTPSPool(address, port, maxsize=CONNECTIONS_KEPT, server_hostname=host)


def _read(response: urllib3.BaseHTTPResponse) -> bytes:
    if 100 <= response.status < 200:
        response.close()  # the answer proper is still to come, and the next request must not take it for its own
    try:
        content = _content(response)
    except urllib3.exceptions.HTTPError:
        response.close()  # what may be left of it is not waited for
        raise
    response.release_conn()
    return content


def _content(response: urllib3.BaseHTTPResponse) -> bytes:
    content = b""
    while chunk := response.read1(65536, decode_content=True):
        content += chunk
        if len(content) > MAX_ANSWER_BYTES:
            raise urllib3.exceptions.HTTPError(f"the answer is larger than {MAX_ANSWER_BYTES} bytes")
    return content


def _reason(error: urllib3.exceptions.HTTPError) -> str:
    match error:
        case urllib3.exceptions.NewConnectionError():
            return "the connection was refused"
        case urllib3.exceptions.TimeoutError():
            return f"no answer within {TIMEOUT_S:g} s"
        case urllib3.exceptions.SSLError():
            return f"TLS failed: {error}"
        case urllib3.exceptions.ProtocolError():
            # What came may be our own request again, with its path in it.
            return f"the connection broke, or what came is not HTTP ({type(error.args[-1]).__name__})"
    return _TOKEN_LIKE.sub(MASK, str(error))[:LONGEST_REASON] or type(error).__name__


def _answer(request: str, response: urllib3.BaseHTTPResponse, exchange: Exchange) -> Answer:
    headers = {name.lower(): value for name, value in response.headers.items()}
    if 300 <= response.status < 400:
        raise PartnerUnreachable(
            f"{request}: HTTP {response.status} leads elsewhere; redirects are not followed, so give the final URL",
            http_status=response.status,
        )
    try:
        envelope = _Envelope.model_validate(wire.loads(exchange.answer))
    except (wire.NotJson, ValidationError):
        raise PartnerUnreachable(
            f"{request}: HTTP {response.status} without an OCPI envelope",
            http_status=response.status,
            retry_after=_retry_after(headers),
        ) from None
    message = exchange.quoted(_TOKEN_LIKE.sub(MASK, envelope.status_message or ""))
    return Answer(response.status, envelope.status_code, message, envelope.data, headers)


def _retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """None if there is no such header, or none that can be read."""
    if _RETRY_AFTER not in headers:
        return None
    try:
        return timedelta(seconds=urllib3.Retry().parse_retry_after(headers[_RETRY_AFTER]))
    except (urllib3.exceptions.InvalidHeader, OverflowError, ValueError):
        return None


class _Envelope(BaseModel):
    """What is needed of the response envelope; partners leave out or add other things."""

    status_code: Annotated[int, Field(ge=0, le=9999)]
    status_message: str | None = None
    data: Any = None
