"""Calls the owner API as API Gateway does: with the recorded event of a signed request, through the Lambda handler."""

import base64
import gzip
import json
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from ocpi.transport.door import LambdaHandler

_EVENT = json.loads((Path(__file__).parent.parent / "events" / "owner_request.json").read_text())
PATH = "/owner/v1"


@dataclass(frozen=True)
class Reply:
    """An answer of the owner API."""

    status: int
    headers: dict[str, str]
    body: Any
    """The JSON; None where there is none."""
    text: str
    """The same as it came."""

    @property
    def detail(self) -> str:
        """What is wrong, if it is a problem document."""
        return str(self.body["detail"])


def owner(
    method: str,
    path: str,
    body: object = None,
    *,
    authorizer: object = _EVENT["requestContext"]["authorizer"],
    headers: dict[str, str] | None = None,
    handler: LambdaHandler | None = None,
) -> Reply:
    """Send a request below :data:`PATH`; `body` is JSON unless it is bytes, `handler` that of another platform."""
    event = json.loads(json.dumps(_EVENT))
    path, _, query = (PATH + path).partition("?")
    event |= {"rawPath": path, "rawQueryString": query}
    event["requestContext"]["http"] |= {"method": method, "path": path}
    event["requestContext"]["authorizer"] = authorizer
    event["headers"] |= headers or {}
    if body is not None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        event |= {"body": base64.b64encode(content).decode(), "isBase64Encoded": True}
        event["headers"] |= {"content-type": "application/json", "content-length": str(len(content))}
    answer = (handler or import_module("owner.app").handler)(event, None)
    text = answer["body"]
    if answer["headers"].get("content-encoding") == "gzip":
        text = gzip.decompress(base64.b64decode(text)).decode()
    return Reply(answer["statusCode"], answer["headers"], json.loads(text) if text else None, text)
