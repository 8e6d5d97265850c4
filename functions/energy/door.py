"""The front door of the energy API: who comes in, message ids, and problem documents for whatever goes wrong."""

import time
from collections.abc import Mapping
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from energy.access import caller
from energy.answers import Refusal, Wrong, no_such, odd, problem, wrong
from ocpi.energy.edit import (
    Changed,
    Moved,
    NoSuchSignal,
    NoSuchSite,
    Odd,
    OverrideChanged,
    SignalChanged,
    SignalTakenBack,
    Unreadable,
)
from ocpi.logs import logger
from ocpi.push.queue import NotSent
from ocpi.sites.reading import WrongInput
from ocpi.store.grants import Grants
from ocpi.store.table import Busy
from ocpi.transport.door import route_path
from ocpi.transport.headers import MessageIds, correlation
from ocpi.types.primitives import format_datetime

_EVERY_ANSWER = {
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_PRIVATE = {"Cache-Control": "no-store"}


class Door:
    """ASGI middleware around the routes. All below `api_path` is for callers with a token; the page's files are not.

    Args:
        app: the routes.
        api_path: what the paths of the API begin with.
        grants: what callers may do.
        security: headers that say what a browser may do with an answer, unless it says so itself.
    """

    def __init__(self, app: ASGIApp, api_path: str, grants: Grants, security: Mapping[str, str]) -> None:
        self._app = app
        self._api_path = api_path
        self._grants = grants
        self._security = security

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        started = time.perf_counter()
        ids = MessageIds.of(Headers(scope=scope))
        private = scope["path"] == self._api_path or scope["path"].startswith(f"{self._api_path}/")
        always = ids.headers() | _EVERY_ANSWER | (_PRIVATE if private else {})
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers.update(always)
                for name, value in self._security.items():
                    headers.setdefault(name, value)
            await send(message)

        correlation.set(ids.correlation_id)
        logger.append_keys(x_request_id=ids.request_id, x_correlation_id=ids.correlation_id, caller=None)
        try:
            if private:
                who = caller(scope, self._grants)
                logger.append_keys(caller=who.principal)
                scope.setdefault("state", {})["caller"] = who
            await self._app(scope, receive, answer)
        except Exception as error:  # noqa: BLE001 - whatever fails inside, the caller gets a problem document
            refusal = _refusal(error)
            if refusal.status == HTTPStatus.INTERNAL_SERVER_ERROR:
                logger.exception("internal error")
            await problem(refusal, _challenge(refusal))(scope, receive, answer)
        milliseconds = round((time.perf_counter() - started) * 1000, 1)
        logger.info("request", method=scope["method"], path=route_path(scope), status=status, milliseconds=milliseconds)


def _refusal(error: Exception) -> Refusal:
    match error:
        case Refusal():
            return error
        case WrongInput():
            return wrong(error.problems)
        case Odd():
            return odd(error.problems)
        case Changed():
            return Refusal(HTTPStatus.PRECONDITION_FAILED, _told(error))
        case NoSuchSite():
            return no_such(f"site {error}")
        case Moved():
            return _immovable(error)
        case NoSuchSignal():
            return no_such("such signal")
        case Unreadable() | OverrideChanged() | SignalChanged() | SignalTakenBack():
            return Refusal(HTTPStatus.CONFLICT, _conflict(error))
        case Busy() | NotSent():
            return Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "busy: send it again in a moment")
    return Refusal(HTTPStatus.INTERNAL_SERVER_ERROR, "internal error")


def _told(changed: Changed) -> str:
    """Who has changed what, as far as it is known."""
    what = f": {changed.what}" if changed.what else ""
    when = f", at {format_datetime(changed.at)}" if changed.at else ""
    who = changed.by or "somebody"
    return f"{who} has changed the site since you read it{when}{what}; look at it, and send yours again"


def _immovable(error: Moved) -> Refusal:
    detail = "whose EVSEs a site is of is for who controls all sites ('*')"
    errors = [Wrong(pointer=f"/{place}", detail=detail) for place in error.places]
    return Refusal(HTTPStatus.FORBIDDEN, f"{', '.join(error.places)}: {detail}", errors=errors)


def _conflict(error: Exception) -> str:
    """Why what is asked for does not go together with what there is, and what to do."""
    match error:
        case SignalTakenBack():
            at = format_datetime(error.at.replace(microsecond=0))
            return f"that signal was taken back at {at}, and does not hold: use another id"
        case SignalChanged():
            return "there is a signal of that id that asks for something else: use another id"
        case OverrideChanged():
            return "Idempotency-Key: there is an override of that key that says something else: use another key"
    return "the site was written by another version, and cannot be read: describe it anew, with If-Match: *"


def _challenge(refusal: Refusal) -> dict[str, str]:
    return {"WWW-Authenticate": "Bearer"} if refusal.status == HTTPStatus.UNAUTHORIZED else {}


async def http_error(_: Request, error: Exception) -> Response:
    """What has no route, or not with that method."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class only
    detail = "this path does not offer that method" if error.status_code == 405 else "there is no such path"
    return problem(Refusal(HTTPStatus(error.status_code), detail), error.headers)
