"""The CPO's OCPI 2.2.1 server.

Versions, credentials, chargingprofiles (receiver), sessions and locations (sender).
"""

import base64
import binascii
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request, Response
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException

from local.cpo.ocpi_client import Client
from local.cpo.pace import Traffic
from local.cpo.registration import Refused, Registration
from local.cpo.world import World
from ocpi import wire
from ocpi.types.chargingprofiles import (
    ChargingProfileResponse,
    ChargingProfileResponseType,
    SetChargingProfile,
)
from ocpi.types.credentials import Credentials
from ocpi.types.locations import Location
from ocpi.types.primitives import parse_datetime
from ocpi.types.sessions import Session
from ocpi.types.versions import Endpoint, InterfaceRole, ModuleID, Version, VersionDetails, VersionNumber

PAGE = 50
"""The most objects that one page of a list holds."""

TIMEOUT_SECONDS = 300
"""When to give up on a result, as told in every ChargingProfileResponse: simulated seconds, so plenty."""

PATHS = {
    (ModuleID.CREDENTIALS, InterfaceRole.SENDER): "/ocpi/2.2.1/credentials",
    (ModuleID.CHARGING_PROFILES, InterfaceRole.RECEIVER): "/ocpi/2.2.1/receiver/chargingprofiles",
    (ModuleID.SESSIONS, InterfaceRole.SENDER): "/ocpi/2.2.1/sender/sessions",
    (ModuleID.LOCATIONS, InterfaceRole.SENDER): "/ocpi/2.2.1/sender/locations",
}
CREDENTIALS = PATHS[ModuleID.CREDENTIALS, InterfaceRole.SENDER]
CHARGING_PROFILES = PATHS[ModuleID.CHARGING_PROFILES, InterfaceRole.RECEIVER]
SESSIONS = PATHS[ModuleID.SESSIONS, InterfaceRole.SENDER]
LOCATIONS = PATHS[ModuleID.LOCATIONS, InterfaceRole.SENDER]


class Fault(Exception):
    """A request that cannot be done, as HTTP status and OCPI status code."""

    def __init__(self, http_status: int, status_code: int, message: str) -> None:
        super().__init__(message)
        self.http_status = http_status
        self.status_code = status_code


def create_app(base_url: str, registration: Registration, client: Client, world: World, traffic: Traffic) -> FastAPI:
    """The server as an ASGI application; `base_url` is where partners reach it."""
    app = FastAPI(title="Simulated CPO", openapi_url=None, redirect_slashes=False)
    app.add_exception_handler(Fault, _fault)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _failure)
    app.middleware("http")(_counted(traffic))
    _add_versions(app, base_url, registration)
    _add_credentials(app, registration, client)
    _add_charging_profiles(app, registration, world)
    _add_lists(app, base_url, registration, world)
    return app


# --- modules ------------------------------------------------------------------------------------------------


def _add_versions(app: FastAPI, base_url: str, registration: Registration) -> None:
    may_configure = [Depends(_door(registration, invited_too=True))]

    @app.get("/ocpi/versions", dependencies=may_configure)
    async def versions() -> Response:
        return _answer([Version(version=VersionNumber.V2_2_1, url=f"{base_url}/ocpi/2.2.1")])

    @app.get("/ocpi/2.2.1", dependencies=may_configure)
    async def details() -> Response:
        endpoints = [
            Endpoint(identifier=module, role=role, url=base_url + path) for (module, role), path in PATHS.items()
        ]
        return _answer(VersionDetails(version=VersionNumber.V2_2_1, endpoints=endpoints))


def _add_credentials(app: FastAPI, registration: Registration, client: Client) -> None:
    registered = Annotated[bool, Depends(_door(registration, invited_too=True))]

    @app.get(CREDENTIALS)
    async def show(is_registered: registered) -> Response:
        if not is_registered or registration.accepted is None:
            raise Fault(405, 2000, "register first, by POST")
        return _answer(registration.credentials(registration.accepted))

    @app.post(CREDENTIALS)
    async def register(is_registered: registered, request: Request) -> Response:
        if is_registered:
            raise Fault(405, 2000, "already registered; renew by PUT")
        return await _admit(request, registration, client)

    @app.put(CREDENTIALS)
    async def renew(is_registered: registered, request: Request) -> Response:
        if not is_registered:
            raise Fault(405, 2000, "not registered; register by POST")
        return await _admit(request, registration, client)

    @app.delete(CREDENTIALS)
    async def unregister(is_registered: registered) -> Response:
        if not is_registered:
            raise Fault(405, 2000, "not registered")
        registration.forget()
        return _answer()


async def _admit(request: Request, registration: Registration, client: Client) -> Response:
    theirs = await _body(request, Credentials)
    try:
        return _answer(await registration.admit(client, theirs))
    except Refused as refusal:
        raise Fault(200, refusal.status_code, str(refusal)) from refusal


def _add_charging_profiles(app: FastAPI, registration: Registration, world: World) -> None:
    may_control = [Depends(_door(registration))]
    path = CHARGING_PROFILES + "/{session_id}"

    @app.put(path, dependencies=may_control)
    async def put_profile(session_id: str, request: Request) -> Response:
        order = await _body(request, SetChargingProfile)
        result, stay = world.answer(session_id)
        if stay is not None:
            world.set_profile(stay, order.charging_profile, order.response_url)
        return _profile_answer(result)

    @app.get(path, dependencies=may_control)
    async def get_profile(session_id: str, request: Request) -> Response:
        seconds = _whole_number(_parameter(request, "duration"), "duration")
        response_url = _parameter(request, "response_url")
        result, stay = world.answer(session_id)
        if stay is not None:
            world.report_profile(stay, seconds, response_url)
        return _profile_answer(result)

    @app.delete(path, dependencies=may_control)
    async def delete_profile(session_id: str, request: Request) -> Response:
        response_url = _parameter(request, "response_url")
        result, stay = world.answer(session_id)
        if stay is not None:
            world.clear_profile(stay, response_url)
        return _profile_answer(result)


def _add_lists(app: FastAPI, base_url: str, registration: Registration, world: World) -> None:
    may_read = [Depends(_door(registration))]
    site = world.day.site

    @app.get(SESSIONS, dependencies=may_read)
    async def sessions(request: Request) -> Response:
        _parameter(request, "date_from")  # required in this module alone (SES-01)
        return _page(base_url, request, world.book.sessions())

    @app.put(SESSIONS + "/{session_id}/charging_preferences", dependencies=may_read)
    async def preferences(session_id: str) -> Response:
        raise Fault(404, 2001, f"session {session_id}: its EVSE takes no charging preferences")

    @app.get(LOCATIONS, dependencies=may_read)
    async def locations(request: Request) -> Response:
        return _page(base_url, request, [site.location(world.day.start)])

    @app.get(LOCATIONS + "/{location_id}", dependencies=may_read)
    @app.get(LOCATIONS + "/{location_id}/{evse_uid}", dependencies=may_read)
    @app.get(LOCATIONS + "/{location_id}/{evse_uid}/{connector_id}", dependencies=may_read)
    async def location(location_id: str, evse_uid: str | None = None, connector_id: str | None = None) -> Response:
        found: Any = site.location(world.day.start)
        found = found if found.id.lower() == location_id.lower() else None
        if found and evse_uid:
            found = next((evse for evse in found.evses if evse.uid.lower() == evse_uid.lower()), None)
        if found and connector_id:
            found = next((item for item in found.connectors if item.id.lower() == connector_id.lower()), None)
        if found is None:
            raise Fault(404, 2003, "there is no such location, EVSE or connector")
        return _answer(found)


# --- requests -----------------------------------------------------------------------------------------------


def _door(registration: Registration, *, invited_too: bool = False) -> Callable[[Request], Awaitable[bool]]:
    """Who may come in: the registered partner (True) and, where `invited_too`, who was invited (False)."""

    async def check(request: Request) -> bool:
        token = _token(request.headers.get("Authorization", ""))
        if token is not None and token == registration.accepted:
            return True
        if invited_too and token is not None and token == registration.invited:
            return False
        raise Fault(401, 2000, "no valid credentials token")

    return check


def _token(header: str) -> str | None:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "token":
        return None
    try:
        return base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None


async def _body[T: BaseModel](request: Request, kind: type[T]) -> T:
    try:
        document = wire.loads(await request.body())
    except wire.NotJson as error:
        raise Fault(400, 2000, f"the body is not JSON: {error}") from error
    try:
        return kind.model_validate(document)
    except ValidationError as error:
        wrong = error.errors()[0]
        place = ".".join(str(part) for part in wrong["loc"]) or "body"
        raise Fault(200, 2001, f"{place}: {wrong['msg']}") from error


def _parameter(request: Request, name: str) -> str:
    value = request.query_params.get(name)
    if not value:
        raise Fault(200, 2001, f"{name}: the parameter is required")
    return value


def _whole_number(text: str, name: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise Fault(200, 2001, f"{name}: must be a whole number, 0 or more")
    return int(text)


# --- answers ------------------------------------------------------------------------------------------------


def _answer(data: object = None, http_status: int = 200, status_code: int = 1000, message: str = "Success") -> Response:
    envelope: dict[str, object] = {} if data is None else {"data": data}
    envelope |= {"status_code": status_code, "status_message": message, "timestamp": datetime.now(UTC)}
    return Response(wire.dumps(envelope), http_status, media_type="application/json")


def _profile_answer(result: ChargingProfileResponseType) -> Response:
    return _answer(ChargingProfileResponse(result=result, timeout=TIMEOUT_SECONDS))


def _page(base_url: str, request: Request, objects: Sequence[Session | Location]) -> Response:
    """One page of a list, oldest first, with the headers of pagination (TRA-15 to TRA-25)."""
    query = request.query_params
    since = _moment(query.get("date_from"), "date_from")
    before = _moment(query.get("date_to"), "date_to")
    offset = _whole_number(query.get("offset", "0"), "offset")
    limit = min(_whole_number(query.get("limit", str(PAGE)), "limit"), PAGE) or PAGE
    matching = [
        item
        for item in objects
        if (since is None or item.last_updated >= since) and (before is None or item.last_updated < before)
    ]
    answer = _answer(matching[offset : offset + limit])
    answer.headers["X-Total-Count"] = str(len(matching))
    answer.headers["X-Limit"] = str(PAGE)
    if offset + limit < len(matching):
        url = request.url.include_query_params(offset=offset + limit, limit=limit)
        answer.headers["Link"] = f'<{base_url}{url.path}?{url.query}>; rel="next"'
    return answer


def _moment(text: str | None, name: str) -> datetime | None:
    if text is None:
        return None
    try:
        return parse_datetime(text)
    except ValueError as error:
        raise Fault(200, 2001, f"{name}: {error}") from error


async def _fault(_: Request, fault: Exception) -> Response:
    if not isinstance(fault, Fault):
        raise fault
    return _answer(None, fault.http_status, fault.status_code, str(fault))


async def _http_error(_: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    return _answer(None, error.status_code, 2000, str(error.detail))


async def _failure(_: Request, error: Exception) -> Response:
    return _answer(None, 500, 3000, f"internal failure: {type(error).__name__}")


ECHOED = {
    "X-Request-ID": "X-Request-ID",
    "X-Correlation-ID": "X-Correlation-ID",
    "OCPI-to-country-code": "OCPI-from-country-code",
    "OCPI-to-party-id": "OCPI-from-party-id",
    "OCPI-from-country-code": "OCPI-to-country-code",
    "OCPI-from-party-id": "OCPI-to-party-id",
}
"""What an answer repeats of its request: the ids as they are, the parties the other way round."""


def _counted(
    traffic: Traffic,
) -> Callable[[Request, Callable[[Request], Awaitable[Response]]], Awaitable[Response]]:
    """Around every request: it counts as traffic, and its answer carries its headers."""

    async def serve(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
        with traffic.message():
            response = await answer(request)
        for theirs, ours in ECHOED.items():
            if theirs in request.headers:
                response.headers[ours] = request.headers[theirs]
        return response

    return serve
