"""Calls our API functions as API Gateway does: with the recorded event, through the Lambda handler."""

import asyncio
import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

_EVENT = json.loads((Path(__file__).parent.parent / "events" / "api_request.json").read_text())
_MODULES = (
    ("/ocpi/2.2.1/credentials", "credentials"),
    ("/ocpi/2.2.1/receiver/locations", "locations"),
    ("/ocpi/2.2.1/receiver/sessions", "sessions"),
    ("/ocpi/2.2.1/sender/chargingprofiles", "chargingprofiles"),
    ("", "versions"),
)


@dataclass(frozen=True)
class Reply:
    """An answer of our API."""

    http_status: int
    headers: dict[str, str]
    envelope: dict[str, Any]
    body: str

    @property
    def status_code(self) -> int:
        """The OCPI status code."""
        return int(self.envelope["status_code"])

    @property
    def message(self) -> str:
        """The status message, empty if there is none."""
        return str(self.envelope.get("status_message", ""))

    @property
    def data(self) -> Any:
        """The payload."""
        return self.envelope.get("data")


def request(
    method: str,
    path: str,
    *,
    token: str | None = None,
    body: object = None,
    headers: dict[str, str] | None = None,
) -> Reply:
    """Send a request; `body` is JSON unless it is bytes, `headers` come on top of the usual ones."""
    event = json.loads(json.dumps(_EVENT))
    path, _, query = path.partition("?")
    event |= {"rawPath": path, "rawQueryString": query}
    event["requestContext"]["http"] |= {"method": method, "path": path}
    del event["headers"]["authorization"]
    if token is not None:
        event["headers"]["authorization"] = f"Token {base64.b64encode(token.encode()).decode()}"
    event["headers"] |= {name.lower(): value for name, value in (headers or {}).items()}
    if body is not None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        event |= {"body": base64.b64encode(content).decode(), "isBase64Encoded": True}
        event["headers"] |= {"content-type": "application/json", "content-length": str(len(content))}
    module = next(name for prefix, name in _MODULES if path.startswith(prefix))
    with _event_loop():
        answer = import_module(f"{module}.app").handler(event, None)
    return Reply(answer["statusCode"], answer["headers"], json.loads(answer["body"]), answer["body"])


@contextmanager
def _event_loop() -> Iterator[None]:
    """Mangum takes the thread's event loop, which only the main thread has without asking."""
    if threading.current_thread() is threading.main_thread():
        yield
        return
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        yield
    finally:
        asyncio.set_event_loop(None)
        loop.close()
