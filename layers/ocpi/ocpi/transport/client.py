"""The HTTP client to partners: their token, message ids, routing headers, and bounds on time and size."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import urllib3
from pydantic import BaseModel, ValidationError

from ocpi import wire
from ocpi.transport.addresses import AddressRefused, resolve
from ocpi.transport.deadline import HTTPPool, HTTPSPool
from ocpi.transport.headers import MessageIds, Routing
from ocpi.transport.status import StatusCode
from ocpi.transport.tokens import authorization
from ocpi.types.versions import ModuleID

TIMEOUT_S = 10.0
"""How long a partner may take from the connection to the last byte of its answer, however slowly bytes come."""

MAX_ANSWER_BYTES = 5_000_000


class PartnerUnreachable(Exception):
    """A partner could not be called, or answered no OCPI envelope; the message says what happened, without secrets."""


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
    """

    def __init__(
        self, token: str, *, allow_private: bool, routing: Routing | None = None, plain_token: bool = False
    ) -> None:
        self._authorization = authorization(token, plain=plain_token)
        self._allow_private = allow_private
        self._routing = routing

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
        headers = self._authorization | MessageIds.new().headers() | {"Accept": "application/json"}
        if self._routing:
            headers |= self._routing.headers()
        if body is not None:
            headers |= {"Content-Type": "application/json"}
        try:
            target = resolve(url, allow_private=self._allow_private)
            response = _pool(target.scheme, target.host, target.port, target.address).urlopen(
                method,
                target.path,
                body,
                headers | {"Host": target.host_header},
                retries=False,
                redirect=False,
                timeout=urllib3.Timeout(total=TIMEOUT_S),
                preload_content=False,
            )
            content = _read(response)
        except AddressRefused as error:
            raise PartnerUnreachable(f"{self._told(method, url)}: {error}") from None
        except urllib3.exceptions.HTTPError as error:
            raise PartnerUnreachable(f"{self._told(method, url)}: {_reason(error)}") from None
        return _answer(self._told(method, url), response, content)

    def _told(self, method: str, url: str) -> str:
        """A request, for messages and logs: behind a functional module stand uids of tokens, ids of response URLs."""
        if self._routing is None:
            return f"{method} {url}"
        scheme, _, rest = url.partition("://")
        host, *parts = re.split(r"[/?#]", rest)
        module = next((f" ({part})" for part in parts if part in ModuleID), "")
        return f"{method} {scheme}://{host.rpartition('@')[2]}{module}"


@lru_cache(maxsize=64)
def _pool(scheme: str, host: str, port: int, address: str) -> urllib3.HTTPConnectionPool:
    """Connections to one checked address are kept and used again."""
    if scheme == "http":
        return HTTPPool(address, port)
    return HTTPSPool(address, port, server_hostname=host, assert_hostname=host)


def _read(response: urllib3.BaseHTTPResponse) -> bytes:
    content = b""
    while chunk := response.read1(65536, decode_content=True):
        content += chunk
        if len(content) > MAX_ANSWER_BYTES:
            response.close()
            raise urllib3.exceptions.HTTPError(f"the answer is larger than {MAX_ANSWER_BYTES} bytes")
    response.release_conn()
    return content


def _reason(error: urllib3.exceptions.HTTPError) -> str:
    match error:
        case urllib3.exceptions.NewConnectionError():
            return "the connection was refused"
        case urllib3.exceptions.TimeoutError():
            return f"no answer within {TIMEOUT_S:g} s"
        case urllib3.exceptions.SSLError():
            return f"TLS failed: {error}"
    return str(error) or type(error).__name__


def _answer(request: str, response: urllib3.BaseHTTPResponse, content: bytes) -> Answer:
    try:
        envelope = _Envelope.model_validate(wire.loads(content))
    except (wire.NotJson, ValidationError):
        raise PartnerUnreachable(f"{request}: HTTP {response.status} without an OCPI envelope") from None
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status, envelope.status_code, envelope.status_message or "", envelope.data, headers)


class _Envelope(BaseModel):
    """What is needed of the response envelope; partners leave out or add other things."""

    status_code: int
    status_message: str | None = None
    data: Any = None
