"""The CPO's OCPI client: requests with all their headers over kept connections, answers unwrapped."""

import base64
import uuid
from collections.abc import Mapping

import httpx

from local.cpo.pace import Traffic
from ocpi import wire

TIMEOUT_SECONDS = 20.0


class Unreachable(Exception):
    """No usable answer: no connection, a time-out, a server's failure, no envelope. Worth another try."""


class OcpiError(Exception):
    """The partner understood and said no: `http_status` and OCPI `status_code`."""

    def __init__(self, http_status: int, status_code: int, message: str) -> None:
        super().__init__(f"HTTP {http_status}, OCPI {status_code}: {message}")
        self.http_status = http_status
        self.status_code = status_code


def authorization(token: str) -> str:
    """The Authorization header of a token: Base64, one space, no newline (TRA-02)."""
    return f"Token {base64.b64encode(token.encode()).decode()}"


class Client:
    """Calls partners; everything sent counts as traffic."""

    def __init__(self, traffic: Traffic, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._traffic = traffic
        self._http = httpx.AsyncClient(
            transport=transport, timeout=TIMEOUT_SECONDS, follow_redirects=False, trust_env=False
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def call(
        self,
        method: str,
        url: str,
        token: str,
        body: object = None,
        routing: Mapping[str, str] | None = None,
    ) -> wire.Json:
        """Send one request and return the `data` of the answer.

        Raises:
            Unreachable: there was no usable answer.
            OcpiError: the answer was an error.
        """
        headers = {
            "Authorization": authorization(token),
            "X-Request-ID": str(uuid.uuid4()),
            "X-Correlation-ID": str(uuid.uuid4()),
            **(routing or {}),
        }
        content = None if body is None else wire.dumps(body)
        if content is not None:
            headers["Content-Type"] = "application/json"
        with self._traffic.message():
            try:
                response = await self._http.request(method, url, headers=headers, content=content)
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise Unreachable(f"{method} {url}: {str(error) or type(error).__name__}") from error
        return _unwrap(response)


def _unwrap(response: httpx.Response) -> wire.Json:
    where = f"{response.request.method} {response.request.url}"
    if response.status_code >= 500:
        raise Unreachable(f"{where}: HTTP {response.status_code}")
    try:
        envelope = wire.loads(response.content)
    except wire.NotJson as error:
        raise Unreachable(f"{where}: HTTP {response.status_code} without an OCPI envelope") from error
    if not isinstance(envelope, dict) or not isinstance(code := envelope.get("status_code"), int):
        raise Unreachable(f"{where}: HTTP {response.status_code} without an OCPI envelope")
    if response.status_code >= 400 or not 1000 <= code < 2000:
        raise OcpiError(response.status_code, code, str(envelope.get("status_message", "")))
    return envelope.get("data")
