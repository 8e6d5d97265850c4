"""A request through the Lambda handler with an API Gateway event, the store answering from memory.

The floor is a FastAPI and Mangum application whose only route returns a constant.
"""

import base64
import json
import os
from collections.abc import Callable
from functools import cache
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from fastapi import FastAPI
from mangum import Mangum
from starlette.responses import Response

from benchmarks.environment import ENVIRONMENT
from benchmarks.figure import Figure, in_turn
from ocpi.parties import secrets
from ocpi.store.table import client
from tests.objects import SESSION

TIMES = 300
FLOOR = "FastAPI and Mangum, one route, a constant answer"
_EVENT = json.loads((Path(__file__).parent.parent / "events" / "api_request.json").read_text())
_PATH = "/ocpi/2.2.1/receiver/sessions/NL/SIM/S1"
_PARTNER = {
    "id": "cpo",
    "name": "CPO",
    "status": "REGISTERED",
    "roles": [{"role": "CPO", "business_details": {"name": "CPO"}, "party_id": "SIM", "country_code": "NL"}],
    "created": "2026-11-22T08:00:00Z",
    "last_updated": "2026-11-22T08:00:00Z",
}


def _event(method: str, body: object = None) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(json.dumps(_EVENT))
    event |= {"rawPath": _PATH, "body": json.dumps(body) if body else ""}
    event["requestContext"]["http"] |= {"method": method, "path": _PATH}
    event["headers"]["authorization"] = "Token " + base64.b64encode(b"token").decode()
    return event


@cache
def _ours() -> Callable[..., Any]:
    os.environ |= ENVIRONMENT
    handler = import_module("sessions.app").handler
    secrets.__dict__["_pepper"] = lambda _: b"pepper"
    client().meta.events.register("before-send.dynamodb", _answer)  # type: ignore[arg-type]  # its answer counts
    return handler  # type: ignore[no-any-return]  # a Mangum


def _answer(request: Any, **_: object) -> AWSResponse:
    """DynamoDB from memory: the partner in one table, the session in the other."""
    document = _PARTNER if b'"partners"' in request.body else SESSION
    item = {
        "document": {"S": json.dumps(document)},
        "last_updated": {"S": "2026-11-22T08:00:00"},
        "version": {"S": "1"},
    }
    answer = {"Item": item} if b"ConsistentRead" in request.body else {}
    raw = BytesIO(json.dumps(answer).encode())
    raw.stream = lambda **_: iter([raw.getvalue()])  # type: ignore[attr-defined]  # as urllib3 has it
    return AWSResponse(request.url, 200, HTTPHeaders(), raw)


@cache
def _floor() -> Callable[..., Any]:
    app = FastAPI(openapi_url=None)

    @app.api_route(_PATH, methods=["GET", "PUT"])
    async def constant() -> Response:
        return Response(b"{}", media_type="application/json")

    return Mangum(app, lifespan="off")


def _measure(method: str, body: object = None) -> Figure:
    event, ours, floor = _event(method, body), _ours(), _floor()
    answered = json.loads(ours(event, None)["body"])
    if answered["status_code"] != 1000:
        raise RuntimeError(f"{method} was answered with {answered}")
    floor(event, None)
    figures = in_turn(lambda: ours(event, None), lambda: floor(event, None), TIMES)
    return Figure(f"{method} one Session", *figures, FLOOR)


MEASUREMENTS: list[Callable[[], Figure]] = [lambda: _measure("GET"), lambda: _measure("PUT", SESSION)]
