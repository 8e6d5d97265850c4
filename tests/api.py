"""Calls our API functions as API Gateway does: with the recorded event, through the Lambda handler."""

import asyncio
import base64
import gzip
import json
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest.mock import patch

_EVENT = json.loads((Path(__file__).parent.parent / "events" / "api_request.json").read_text())
_MODULES = (
    ("/ocpi/2.2.1/credentials", "credentials"),
    ("/ocpi/2.2.1/receiver/locations", "locations"),
    ("/ocpi/2.2.1/receiver/sessions", "sessions"),
    ("/ocpi/2.2.1/sender/locations", "locations"),
    ("/ocpi/2.2.1/sender/sessions", "sessions"),
    ("/ocpi/2.2.1/sender/chargingprofiles", "chargingprofiles"),
    ("/ocpi/2.2.1/receiver/chargingprofiles", "chargingprofiles"),
    ("/ocpi/2.2.1/sender/commands", "commands"),
    ("/ocpi/2.2.1/receiver/commands", "commands"),
    ("/ocpi/2.2.1/sender/cdrs", "cdrs"),
    ("/ocpi/2.2.1/receiver/cdrs", "cdrs"),
    ("/ocpi/2.2.1/sender/tariffs", "tariffs"),
    ("/ocpi/2.2.1/receiver/tariffs", "tariffs"),
    ("/ocpi/2.2.1/sender/tokens", "tokens"),
    ("/ocpi/2.2.1/receiver/tokens", "tokens"),
    ("/ocpi/2.2.1/sender/hubclientinfo", "hubclientinfo"),
    ("/ocpi/2.2.1/receiver/hubclientinfo", "hubclientinfo"),
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
    with event_loop():
        answer = import_module(f"{module}.app").handler(event, None)
    text = answer["body"]
    if answer["isBase64Encoded"]:
        text = gzip.decompress(base64.b64decode(text)).decode()
    return Reply(answer["statusCode"], answer["headers"], json.loads(text), text)


@contextmanager
def deployed(**environment: str) -> Iterator[None]:
    """Our functions as they are with other settings: these variables on top of those that all tests have."""
    functions = {name for _, name in _MODULES}
    usual = {name: module for name, module in sys.modules.items() if name.partition(".")[0] in functions}
    for name in usual:
        del sys.modules[name]
    try:
        with patch.dict(os.environ, environment):
            yield
    finally:
        for name in [name for name in sys.modules if name.partition(".")[0] in functions]:
            del sys.modules[name]
        sys.modules.update(usual)


@contextmanager
def deployed_as(*roles: str) -> Iterator[None]:
    """Our functions on a platform with these parties, each such as ``CPO NL OCS``."""
    parties = [dict(zip(("role", "country_code", "party_id"), role.split(), strict=True)) for role in roles]
    with deployed(ROLES=json.dumps([party | {"business_details": {"name": "Test"}} for party in parties])):
        yield


@contextmanager
def event_loop() -> Iterator[None]:
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
