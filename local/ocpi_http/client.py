"""An OCPI client: requests with all their headers over kept connections, answers unwrapped."""

import base64
import uuid
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import quote, urlsplit

import httpx

from local.faults import Replay, Vanish
from local.ocpi_http.conditions import Conditions, module_of
from local.ocpi_http.traffic import Traffic
from ocpi import wire
from ocpi.types.versions import ModuleID

TIMEOUT_SECONDS = 20.0

REMEMBERED = 100
"""How many of the last requests may be replayed."""


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
    """Calls partners; everything sent counts as traffic, and meets the faults of the conditions."""

    def __init__(
        self,
        traffic: Traffic,
        transport: httpx.AsyncBaseTransport | None = None,
        conditions: Conditions | None = None,
    ) -> None:
        self._traffic = traffic
        self._conditions = conditions or Conditions()
        self._http = httpx.AsyncClient(
            transport=transport, timeout=TIMEOUT_SECONDS, follow_redirects=False, trust_env=False
        )
        self._sent: deque[httpx.Request] = deque(maxlen=REMEMBERED)

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
        try:
            request = self._http.build_request(method, url, headers=headers, content=content)
        except (httpx.InvalidURL, ValueError) as error:
            raise Unreachable(f"{method} {url}: {error}") from error
        return await self._meeting_faults(request)

    async def _meeting_faults(self, request: httpx.Request) -> wire.Json:
        module = module_of(urlsplit(str(request.url)).path)
        fault = self._conditions.leaving(request.method, module)
        if isinstance(fault, Vanish):
            self._conditions.sent[module, request.method, fault.kind] += 1
            raise Unreachable(f"{request.method} {request.url}: we have vanished")
        try:
            return await self._send(request, module)
        finally:
            if isinstance(fault, Replay) and self._sent:
                await self._replay(self._conditions.faults.random.choice(self._sent))
            if module not in {ModuleID.CREDENTIALS, "versions"}:
                self._sent.append(request)

    async def _send(self, request: httpx.Request, module: str) -> wire.Json:
        outcome = "unreachable"
        try:
            with self._traffic.message():
                response = await self._http.send(request)
            data = _unwrap(response)
            outcome = "1000"
        except httpx.HTTPError as error:
            raise Unreachable(f"{request.method} {request.url}: {str(error) or type(error).__name__}") from error
        except OcpiError as error:
            outcome = str(error.status_code)
            raise
        finally:
            self._conditions.sent[module, request.method, outcome] += 1
        return data

    async def _replay(self, request: httpx.Request) -> None:
        """Send the very same once more; what is answered to that concerns nobody."""
        module = module_of(urlsplit(str(request.url)).path)
        self._conditions.sent[module, request.method, "replay"] += 1
        again = httpx.Request(request.method, request.url, headers=request.headers, content=request.content)
        with self._traffic.message(), suppress(httpx.HTTPError):
            await self._http.send(again)


def joined(url: str, *segments: str) -> str:
    """An endpoint's URL with further segments, one slash between each."""
    return "/".join([url.rstrip("/"), *(quote(segment, safe="") for segment in segments)])


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
