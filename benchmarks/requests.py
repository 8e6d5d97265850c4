"""The requests that are measured: the recorded event of API Gateway with another path, method and body."""

import base64
import json
from pathlib import Path
from typing import Any

TOKEN = "token"  # noqa: S105 - of nobody
_EVENT = json.loads((Path(__file__).resolve().parent.parent / "events" / "api_request.json").read_text())


def event(method: str, path: str, *, query: str = "", body: object = None) -> dict[str, Any]:
    """API Gateway's event for a request by the partner whose credentials token is :data:`TOKEN`."""
    text = json.dumps(body) if body else ""
    http = _EVENT["requestContext"]["http"] | {"method": method, "path": path}
    authorization = "Token " + base64.b64encode(TOKEN.encode()).decode()
    headers = {"authorization": authorization, "content-length": str(len(text.encode()))}
    if text:
        headers["content-type"] = "application/json"
    return {
        **_EVENT,
        "rawPath": path,
        "rawQueryString": query,
        "headers": _EVENT["headers"] | headers,
        "requestContext": _EVENT["requestContext"] | {"http": http},
        "body": text,
    }
