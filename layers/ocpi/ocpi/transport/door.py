"""The front door of every API function: message ids, authorization, routing headers and the envelope, done once."""

from collections.abc import Callable, Sequence
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from mangum import Mangum
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.routing import Route as PathRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ocpi import starting
from ocpi.logs import logger
from ocpi.transport.envelope import INTERNAL_ERROR, OcpiResponse, failure
from ocpi.transport.exchanges import Direction, Exchange, module_in
from ocpi.transport.headers import AUTHORIZATION, CORRELATION_ID, REQUEST_ID, MessageIds, Routing, correlation
from ocpi.transport.quirks import Caller, Quirk
from ocpi.transport.status import OcpiError, StatusCode, method_not_allowed, unauthorized
from ocpi.transport.tokens import Presented, presented

type Authenticate = Callable[[Presented], Caller | None]
"""From a credentials token to who presents it, or None where the token does not open this door."""

type Route = Callable[[Routing, Caller], Routing]
"""From what the routing headers say and the caller to who speaks to whom; it refuses what must not be."""

type LambdaHandler = Callable[[dict[str, Any], Any], dict[str, Any]]

BASE_PATH = "/ocpi"
_PORTS = ("host", "x-forwarded-port")
_SECRET_PARTS = ("request_id", "token_uid")
"""Parameters of routes that nobody may read in a log."""


def ocpi_handler(router: APIRouter, authenticate: Authenticate, route: Route | None = None) -> LambdaHandler:
    """The Lambda handler that serves `router` under ``/ocpi`` to API Gateway (HTTP API, payload format 2.0).

    Args:
        router: the module's routes. They find in ``request.state`` the `caller`, the `token` it presented and, in a
            functional module, the message `routing`.
        authenticate: who presents a token.
        route: how a functional module reads the routing headers; configuration modules have none (ROU-01, ROU-02).
    """
    return lambda_handler(ocpi_app(router, authenticate, route))


def lambda_handler(app: FastAPI, text_types: Sequence[str] = (OcpiResponse.media_type,)) -> LambdaHandler:
    """An ASGI application as a Lambda handler behind an HTTP API; answers of these media types are sent as text.

    Mangum reads a port out of two headers and fails if there is none, so they are left out: nothing here needs them.
    """
    serve = Mangum(app, lifespan="off", text_mime_types=[*text_types])
    starting.end()

    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        headers = {name: value for name, value in event["headers"].items() if name not in _PORTS}
        return serve(event | {"headers": headers}, context)

    return handler


def ocpi_app(router: APIRouter, authenticate: Authenticate, route: Route | None = None) -> FastAPI:
    """The same as an ASGI application."""
    app = FastAPI(openapi_url=None, redirect_slashes=False)
    app.include_router(router, prefix=BASE_PATH)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_middleware(Door, authenticate=authenticate, route=route)
    return app


class Door:
    """ASGI middleware around a module's routes: everything that OCPI asks of every request."""

    def __init__(self, app: ASGIApp, authenticate: Authenticate, route: Route | None) -> None:
        self._app = app
        self._authenticate = authenticate
        self._route = route

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; whatever happens inside, the answer is an OCPI envelope."""
        headers = Headers(scope=scope)
        ids = MessageIds.of(headers)
        answer_headers = ids.headers()
        exchange = Exchange(Direction.IN, scope["method"], ids, module=module_in(scope["path"]))

        async def hear() -> Message:
            message = await receive()
            exchange.request += message.get("body", b"")
            return message

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.http_status = message["status"]
                MutableHeaders(scope=message).update(answer_headers)
            exchange.answer += message.get("body", b"")
            await send(message)

        correlation.set(ids.correlation_id)
        logger.append_keys(x_request_id=ids.request_id, x_correlation_id=ids.correlation_id)
        state = scope.setdefault("state", {})
        try:
            state["token"], caller = self._caller(headers)
            state["caller"] = caller
            exchange.partner_id = caller.id
            _put_up_with(caller, scope, headers)
            if self._route:
                told = Routing.of(headers)
                answer_headers |= Routing(None, told.sender).headers()  # until it is clear who answers
                exchange.routing = state["routing"] = self._route(told, caller)
                answer_headers |= exchange.routing.answer().headers()
            await self._app(scope, hear, answer)
        except OcpiError as error:
            state["error"] = error
            await failure(error)(scope, receive, answer)
        except Exception:  # noqa: BLE001 - whatever fails inside, the partner gets an envelope (STA-14)
            logger.exception("internal error")
            state["error"] = INTERNAL_ERROR
            await failure(INTERNAL_ERROR)(scope, receive, answer)
        _log(exchange, scope)

    def _caller(self, headers: Headers) -> tuple[str, Caller]:
        """The token in clear, and who presents it."""
        for each in presented(headers.get(AUTHORIZATION)):
            caller = self._authenticate(each)
            if caller is not None:
                return each.token, caller
        raise unauthorized()


def route_path(scope: Scope) -> str | None:
    """The path as its route is written, for the log: uids of tokens and ids of response URLs stand in the real one."""
    route = scope.get("route")
    if not isinstance(route, PathRoute):
        return None
    written, asked = route.path.split("/")[1:], scope["path"].split("/")
    return "/".join([*asked[: len(asked) - len(written)], *written])  # the route knows nothing of its prefixes


def _put_up_with(caller: Caller, scope: Scope, headers: Headers) -> None:
    """What is different with this caller; nobody is turned away for lacking message ids (decision 34)."""
    if scope["path"].endswith("/") and caller.has(Quirk.TRAILING_SLASH):
        scope["path"] = scope["path"].removesuffix("/")
    missing = [name for name in (REQUEST_ID, CORRELATION_ID) if not headers.get(name)]
    if missing and not caller.has(Quirk.NO_MESSAGE_IDS):
        logger.warning("message ids were missing", missing=missing)


async def _http_error(request: Request, error: Exception) -> OcpiResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class only
    refusal = OcpiError(StatusCode.CLIENT_ERROR, "there is no such endpoint", error.status_code)
    if error.status_code == 405:
        refusal = method_not_allowed("this interface does not offer that method")
    request.state.error = refusal
    return failure(refusal, headers=error.headers)


def _log(exchange: Exchange, scope: Scope) -> None:
    """Write the exchange with what is known at its end: the route, and what was answered."""
    error: OcpiError | None = scope["state"].get("error")
    parts: dict[str, str] = scope.get("path_params", {})
    secrets = [parts[name] for name in _SECRET_PARTS if name in parts]
    written = route_path(scope)
    exchange.url = written if secrets or not written else scope["path"]
    exchange.secrets = [scope["state"].get("token", ""), *secrets]
    exchange.status_code = error.status_code if error else StatusCode.SUCCESS
    exchange.message = error.message if error else ""
    exchange.write()
