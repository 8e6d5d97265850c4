"""The HTTP client of the checks: raw headers, verified TLS, bounded time and size, no retries, no redirects."""

import time
from collections.abc import Callable, Mapping
from uuid import uuid4

import urllib3
from urllib3.exceptions import HTTPError

from cli.check.exchange import Exchange, printable
from ocpi import wire
from ocpi.transport.headers import AUTHORIZATION, CORRELATION_ID, REQUEST_ID
from ocpi.transport.tokens import authorization

MAX_ANSWER_BYTES = 5_000_000

type Headers = Mapping[str, str | None]
"""Headers on top of the usual ones; None leaves one out."""


class NoAnswer(Exception):
    """A request got no answer that can be looked at; the message says why."""


class Client:
    """Sends requests with a credentials token and keeps everybody posted who watches.

    Args:
        token: presented with every request.
        timeout: seconds an answer may take, from first to last byte.
    """

    def __init__(self, token: str, timeout: float) -> None:
        self.token = token
        self.watchers: list[Callable[[Exchange], None]] = []
        self._timeout = timeout
        self._pool = urllib3.PoolManager(retries=False, num_pools=4)

    def send(
        self,
        method: str,
        url: str,
        *,
        body: object = None,
        headers: Headers | None = None,
        routed: bool = False,
    ) -> Exchange:
        """Send one request. A `body` is sent as JSON, bytes as they are.

        Raises:
            NoAnswer: the network or the platform failed, it took too long, or answered too much.
        """
        content = body if isinstance(body, bytes) else wire.dumps(body) if body is not None else None
        sent = self._headers(has_body=content is not None, extra=headers or {})
        deadline = time.monotonic() + self._timeout
        try:
            response = self._pool.request(
                method,
                url,
                body=content,
                headers=sent,
                redirect=False,
                timeout=urllib3.Timeout(total=self._timeout),
                preload_content=False,
            )
            answer = self._read(response, deadline)
        except (HTTPError, ValueError) as error:
            raise NoAnswer(f"{method} {printable(url)}: {self._reason(error)}") from None
        exchange = Exchange(method, url, sent, response.status, response.headers, answer, routed)
        for watch in self.watchers:
            watch(exchange)
        return exchange

    def close(self) -> None:
        """Let go of all connections."""
        self._pool.clear()

    def _headers(self, *, has_body: bool, extra: Headers) -> dict[str, str]:
        headers: dict[str, str | None] = {
            **authorization(self.token),
            REQUEST_ID: str(uuid4()),
            CORRELATION_ID: str(uuid4()),
            "Accept": "application/json",
            "Content-Type": "application/json" if has_body else None,
        }
        replaced = {name.lower() for name in extra}
        headers = {name: value for name, value in headers.items() if name.lower() not in replaced} | dict(extra)
        return {name: value for name, value in headers.items() if value is not None}

    def _read(self, response: urllib3.BaseHTTPResponse, deadline: float) -> bytes:
        content = b""
        while chunk := response.read1(65536, decode_content=True):
            content += chunk
            if len(content) > MAX_ANSWER_BYTES:
                response.close()
                raise HTTPError(f"the answer is larger than {MAX_ANSWER_BYTES // 1_000_000} MB")
            if time.monotonic() > deadline:
                response.close()
                raise HTTPError(f"the answer took longer than {self._timeout:g} s")
        response.release_conn()
        return content

    def _reason(self, error: Exception) -> str:
        match error:
            case urllib3.exceptions.NameResolutionError():
                return "there is no such host"
            case urllib3.exceptions.NewConnectionError():
                return "the connection was refused"
            case urllib3.exceptions.TimeoutError():
                return f"no answer within {self._timeout:g} s"
            case urllib3.exceptions.SSLError():
                return f"TLS failed: {error}"
            case urllib3.exceptions.ProtocolError():
                return "the connection broke, or that is no HTTP"
            case ValueError():
                return f"that cannot be sent: {printable(str(error))}"
        return str(error) or type(error).__name__


def without_authorization() -> Headers:
    """Leaves out the Authorization header."""
    return {AUTHORIZATION: None}
