"""The front door of the owner API: who comes in, message ids, and problem documents for whatever goes wrong."""

import time
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ocpi.logs import logger
from ocpi.transport.client import PartnerUnreachable
from ocpi.transport.door import route_path
from ocpi.transport.envelope import INTERNAL_ERROR
from ocpi.transport.headers import MessageIds, correlation
from ocpi.transport.status import OcpiError, StatusCode, method_not_allowed
from owner.answers import bad_gateway, problem


class Door:
    """ASGI middleware around the routes.

    API Gateway has checked the signature of the request (SigV4) before we see it, and says whose it is. That is looked
    at once more, so that a route without that check by mistake lets nobody in.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        started = time.perf_counter()
        ids = MessageIds.of(Headers(scope=scope))
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message).update(ids.headers())
            await send(message)

        correlation.set(ids.correlation_id)
        logger.append_keys(x_request_id=ids.request_id, x_correlation_id=ids.correlation_id, caller=None)
        try:
            logger.append_keys(caller=_caller(scope))
            await self._app(scope, receive, answer)
        except OcpiError as error:
            await problem(error)(scope, receive, answer)
        except PartnerUnreachable as error:
            await problem(bad_gateway(str(error)))(scope, receive, answer)
        except Exception:  # noqa: BLE001 - whatever fails inside, the caller gets a problem document
            logger.exception("internal error")
            await problem(INTERNAL_ERROR)(scope, receive, answer)
        milliseconds = round((time.perf_counter() - started) * 1000, 1)
        logger.info("request", method=scope["method"], path=route_path(scope), status=status, milliseconds=milliseconds)


def _caller(scope: Scope) -> str:
    """The ARN of the IAM principal that has signed the request.

    Raises:
        OcpiError: HTTP 403 if there is none.
    """
    context: dict[str, Any] = scope["aws.event"]["requestContext"]
    principal = (context.get("authorizer") or {}).get("iam") or {}
    arn = principal.get("userArn")
    if not isinstance(arn, str) or not arn:
        message = "this API is for the platform's owner: sign the request with AWS Signature Version 4"
        raise OcpiError(StatusCode.CLIENT_ERROR, message, 403)
    return arn


async def http_error(_: Request, error: Exception) -> Response:
    """What has no route, or not with that method."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class only
    if error.status_code == 405:
        return problem(method_not_allowed("this path does not offer that method"), error.headers)
    return problem(OcpiError(StatusCode.CLIENT_ERROR, "there is no such path", error.status_code))
