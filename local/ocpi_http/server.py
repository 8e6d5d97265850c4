"""What every simulated party's server has: versions, credentials, who may come in, envelopes, pages."""

import base64
import binascii
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, FastAPI, Request, Response
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException

from local.ocpi_http.client import Client
from local.ocpi_http.registration import Interface, Refused, Registration
from ocpi import clock, wire
from ocpi.types.credentials import Credentials
from ocpi.types.primitives import parse_datetime
from ocpi.types.versions import Endpoint, InterfaceRole, ModuleID, Version, VersionDetails, VersionNumber

PAGE = 50
"""The most objects that one page of a list holds."""

VERSIONS = "/ocpi/versions"
DETAILS = "/ocpi/2.2.1"
CREDENTIALS = f"{DETAILS}/credentials"


class CannotDo(Exception):
    """A request that cannot be done, as HTTP status and OCPI status code."""

    def __init__(self, http_status: int, status_code: int, message: str) -> None:
        super().__init__(message)
        self.http_status = http_status
        self.status_code = status_code


def path(module: ModuleID, role: InterfaceRole) -> str:
    """Where an interface is."""
    return f"{DETAILS}/{role.lower()}/{module}"


def create_app(
    title: str, base_url: str, interfaces: Iterable[Interface], registration: Registration, client: Client
) -> FastAPI:
    """A server with versions and credentials, that offers these interfaces; `base_url` is where partners reach it."""
    app = FastAPI(title=title, openapi_url=None, redirect_slashes=False)
    app.add_exception_handler(CannotDo, _cannot_do)
    app.add_exception_handler(HTTPException, _http_error)
    _add_versions(app, base_url, sorted(interfaces), registration)
    _add_credentials(app, registration, client)
    return app


def _add_versions(app: FastAPI, base_url: str, interfaces: Sequence[Interface], registration: Registration) -> None:
    may_configure = [Depends(door(registration, invited_too=True))]
    places = {(ModuleID.CREDENTIALS, InterfaceRole.SENDER): CREDENTIALS}
    places |= {(module, role): path(module, role) for module, role in interfaces}

    @app.get(VERSIONS, dependencies=may_configure)
    async def versions() -> Response:
        return answer([Version(version=VersionNumber.V2_2_1, url=base_url + DETAILS)])

    @app.get(DETAILS, dependencies=may_configure)
    async def details() -> Response:
        endpoints = [Endpoint(identifier=module, role=role, url=base_url + at) for (module, role), at in places.items()]
        return answer(VersionDetails(version=VersionNumber.V2_2_1, endpoints=endpoints))


def _add_credentials(app: FastAPI, registration: Registration, client: Client) -> None:
    registered = Annotated[bool, Depends(door(registration, invited_too=True))]

    @app.get(CREDENTIALS)
    async def show(is_registered: registered) -> Response:
        if not is_registered or registration.accepted is None:
            raise CannotDo(405, 2000, "register first, by POST")
        return answer(registration.credentials(registration.accepted))

    @app.post(CREDENTIALS)
    async def register(is_registered: registered, request: Request) -> Response:
        if is_registered:
            raise CannotDo(405, 2000, "already registered; renew by PUT")
        return await _admit(request, registration, client)

    @app.put(CREDENTIALS)
    async def renew(is_registered: registered, request: Request) -> Response:
        if not is_registered:
            raise CannotDo(405, 2000, "not registered; register by POST")
        return await _admit(request, registration, client)

    @app.delete(CREDENTIALS)
    async def unregister(is_registered: registered) -> Response:
        if not is_registered:
            raise CannotDo(405, 2000, "not registered")
        registration.forget()
        return answer()


async def _admit(request: Request, registration: Registration, client: Client) -> Response:
    theirs = await body(request, Credentials)
    try:
        return answer(await registration.admit(client, theirs))
    except Refused as refusal:
        raise CannotDo(200, refusal.status_code, str(refusal)) from refusal


# --- requests -----------------------------------------------------------------------------------------------


def door(registration: Registration, *, invited_too: bool = False) -> Callable[[Request], Awaitable[bool]]:
    """Who may come in: the registered partner (True) and, where `invited_too`, who was invited (False)."""

    async def check(request: Request) -> bool:
        token = _token(request.headers.get("Authorization", ""))
        if token is not None and token == registration.accepted:
            return True
        if invited_too and token is not None and token == registration.invited:
            return False
        raise CannotDo(401, 2000, "no valid credentials token")

    return check


def _token(header: str) -> str | None:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "token":
        return None
    try:
        return base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None


async def document(request: Request) -> wire.JsonObject:
    """The JSON object in a request's body.

    Raises:
        CannotDo: HTTP 400 if it holds none.
    """
    try:
        return wire.loads_object(await request.body())
    except wire.NotJson as error:
        raise CannotDo(400, 2000, f"the body is not JSON: {error}") from error


async def body[T: BaseModel](request: Request, kind: type[T]) -> T:
    """The OCPI object in a request's body.

    Raises:
        CannotDo: HTTP 400 if it is no JSON, 2001 naming the field that is wrong.
    """
    try:
        content = wire.loads(await request.body())
    except wire.NotJson as error:
        raise CannotDo(400, 2000, f"the body is not JSON: {error}") from error
    return validated(kind, content)


def validated[T: BaseModel](kind: type[T], content: object) -> T:
    """The OCPI object in `content`.

    Raises:
        CannotDo: 2001 naming the field that is wrong.
    """
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        wrong = error.errors()[0]
        place = ".".join(str(part) for part in wrong["loc"]) or "body"
        raise CannotDo(200, 2001, f"{place}: {wrong['msg']}") from error


def parameter(request: Request, name: str) -> str:
    """A query parameter that must be given.

    Raises:
        CannotDo: 2001 if it is not.
    """
    value = request.query_params.get(name)
    if not value:
        raise CannotDo(200, 2001, f"{name}: the parameter is required")
    return value


def whole_number(text: str, name: str) -> int:
    """A number of 0 or more.

    Raises:
        CannotDo: 2001 if it is none.
    """
    if not text.isascii() or not text.isdigit():
        raise CannotDo(200, 2001, f"{name}: must be a whole number, 0 or more")
    return int(text)


# --- answers ------------------------------------------------------------------------------------------------


def answer(
    data: object = None,
    http_status: int = 200,
    status_code: int = 1000,
    message: str = "Success",
    headers: Mapping[str, str] | None = None,
) -> Response:
    """An answer in the envelope."""
    envelope: dict[str, object] = {} if data is None else {"data": data}
    envelope |= {"status_code": status_code, "status_message": message, "timestamp": clock.now()}
    return Response(wire.dumps(envelope), http_status, headers, media_type="application/json")


@dataclass(frozen=True)
class Listed:
    """An object of a list, and when it was changed last."""

    content: object
    last_updated: datetime


def page(base_url: str, request: Request, objects: Sequence[Listed]) -> Response:
    """One page of a list, in the order that they have, with the headers of pagination (TRA-15 to TRA-25)."""
    query = request.query_params
    since = _moment(query.get("date_from"), "date_from")
    before = _moment(query.get("date_to"), "date_to")
    offset = whole_number(query.get("offset", "0"), "offset")
    limit = min(whole_number(query.get("limit", str(PAGE)), "limit"), PAGE) or PAGE
    matching = [
        item.content
        for item in objects
        if (since is None or item.last_updated >= since) and (before is None or item.last_updated < before)
    ]
    headers = {"X-Total-Count": str(len(matching)), "X-Limit": str(PAGE)}
    if offset + limit < len(matching):
        url = request.url.include_query_params(offset=offset + limit, limit=limit)
        headers["Link"] = f'<{base_url}{url.path}?{url.query}>; rel="next"'
    return answer(matching[offset : offset + limit], headers=headers)


def _moment(text: str | None, name: str) -> datetime | None:
    if text is None:
        return None
    try:
        return parse_datetime(text)
    except ValueError as error:
        raise CannotDo(200, 2001, f"{name}: {error}") from error


async def _cannot_do(_: Request, error: Exception) -> Response:
    if not isinstance(error, CannotDo):
        raise error
    return answer(None, error.http_status, error.status_code, str(error))


async def _http_error(_: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    return answer(None, error.status_code, 2000, str(error.detail))
