"""The partner's receiver interfaces: what it is sent, it keeps; what it is asked to do, it does."""

from collections.abc import Callable, Collection, Mapping

from fastapi import Depends, FastAPI, Request, Response
from pydantic import BaseModel

from local.ocpi_http.registration import Interface, Registration
from local.ocpi_http.server import CannotDo, answer, body, document, door, parameter, path, whole_number
from local.partner.held import Held, Key
from local.partner.results import TIMEOUT_SECONDS, Desk
from ocpi.types.chargingprofiles import ChargingProfileResponse, ChargingProfileResponseType, SetChargingProfile
from ocpi.types.commands import (
    CancelReservation,
    CommandResponse,
    CommandResponseType,
    CommandType,
    ReserveNow,
    StartSession,
    StopSession,
    UnlockConnector,
)
from ocpi.types.tokens import TokenType
from ocpi.types.versions import InterfaceRole, ModuleID

COMMANDS: Mapping[CommandType, type[BaseModel]] = {
    CommandType.CANCEL_RESERVATION: CancelReservation,
    CommandType.RESERVE_NOW: ReserveNow,
    CommandType.START_SESSION: StartSession,
    CommandType.STOP_SESSION: StopSession,
    CommandType.UNLOCK_CONNECTOR: UnlockConnector,
}


def add_receivers(
    app: FastAPI, base_url: str, interfaces: Collection[Interface], registration: Registration, held: Held, desk: Desk
) -> None:
    """Add those of these interfaces that receive."""
    adding: Mapping[ModuleID, Callable[[FastAPI], None]] = {
        ModuleID.LOCATIONS: lambda app: _add_locations(app, registration, held),
        ModuleID.SESSIONS: lambda app: _add_objects(app, registration, held, ModuleID.SESSIONS),
        ModuleID.CDRS: lambda app: _add_cdrs(app, base_url, registration, held),
        ModuleID.TARIFFS: lambda app: _add_objects(app, registration, held, ModuleID.TARIFFS),
        ModuleID.TOKENS: lambda app: _add_objects(app, registration, held, ModuleID.TOKENS),
        ModuleID.COMMANDS: lambda app: _add_commands(app, registration, desk),
        ModuleID.CHARGING_PROFILES: lambda app: _add_charging_profiles(app, registration, desk),
        ModuleID.HUB_CLIENT_INFO: lambda app: _add_client_infos(app, registration, held),
    }
    for module, role in interfaces:
        if role is InterfaceRole.RECEIVER:
            adding[module](app)


def _add_objects(app: FastAPI, registration: Registration, held: Held, module: ModuleID) -> None:
    may_send = [Depends(door(registration))]
    at = path(module, InterfaceRole.RECEIVER) + "/{country_code}/{party_id}/{id_}"

    @app.get(at, dependencies=may_send)
    async def show(request: Request) -> Response:
        return answer(held.get(module, _key(request, module)))

    @app.put(at, dependencies=may_send)
    async def put(request: Request) -> Response:
        new = held.put(module, _named(request), await document(request))
        return answer(http_status=201 if new else 200)

    if module is ModuleID.TARIFFS:

        @app.delete(at, dependencies=may_send)
        async def delete(request: Request) -> Response:
            held.delete(module, _key(request, module))
            return answer()

        return

    @app.patch(at, dependencies=may_send)
    async def patch(request: Request) -> Response:
        held.patch(module, _key(request, module), await document(request))
        return answer()


def _add_locations(app: FastAPI, registration: Registration, held: Held) -> None:
    _add_objects(app, registration, held, ModuleID.LOCATIONS)
    may_send = [Depends(door(registration))]
    evse = path(ModuleID.LOCATIONS, InterfaceRole.RECEIVER) + "/{country_code}/{party_id}/{id_}/{evse_uid}"
    for at in (evse, evse + "/{connector_id}"):
        app.add_api_route(at, _part_handler(held), methods=["GET", "PUT", "PATCH"], dependencies=may_send)


def _part_handler(held: Held) -> Callable[[Request], object]:
    async def part(request: Request) -> Response:
        inside = [request.path_params[name] for name in ("evse_uid", "connector_id") if name in request.path_params]
        location = _named(request)
        if request.method == "GET":
            return answer(held.get(ModuleID.LOCATIONS, location, inside))
        if request.method == "PATCH":
            held.patch(ModuleID.LOCATIONS, location, await document(request), inside)
            return answer()
        new = held.put_part(location, inside, await document(request))
        return answer(http_status=201 if new else 200)

    return part


def _add_cdrs(app: FastAPI, base_url: str, registration: Registration, held: Held) -> None:
    may_send = [Depends(door(registration))]
    at = path(ModuleID.CDRS, InterfaceRole.RECEIVER)

    @app.post(at, dependencies=may_send)
    async def post(request: Request) -> Response:
        key, new = held.add_cdr(await document(request))
        where = f"{base_url}{at}/{'/'.join(key)}"
        return answer(http_status=201 if new else 200, headers={"Location": where})

    @app.get(at + "/{country_code}/{party_id}/{id_}", dependencies=may_send)
    async def show(request: Request) -> Response:
        return answer(held.get(ModuleID.CDRS, _named(request)))


def _add_client_infos(app: FastAPI, registration: Registration, held: Held) -> None:
    may_send = [Depends(door(registration))]
    at = path(ModuleID.HUB_CLIENT_INFO, InterfaceRole.RECEIVER) + "/{country_code}/{party_id}"

    @app.put(at, dependencies=may_send)
    async def put(country_code: str, party_id: str, request: Request) -> Response:
        new = held.put(ModuleID.HUB_CLIENT_INFO, (country_code, party_id), await document(request))
        return answer(http_status=201 if new else 200)

    @app.get(at, dependencies=may_send)
    async def show(country_code: str, party_id: str) -> Response:
        return answer(held.client_info(country_code, party_id))


def _add_commands(app: FastAPI, registration: Registration, desk: Desk) -> None:
    @app.post(
        path(ModuleID.COMMANDS, InterfaceRole.RECEIVER) + "/{command}", dependencies=[Depends(door(registration))]
    )
    async def post(command: str, request: Request) -> Response:
        if command not in CommandType:
            raise CannotDo(404, 2000, f"there is no command {command}")
        asked = await document(request)
        order = await body(request, COMMANDS[CommandType(command)])
        desk.command(CommandType(command), asked, str(order.model_dump()["response_url"]))
        return answer(CommandResponse(result=CommandResponseType.ACCEPTED, timeout=TIMEOUT_SECONDS))


def _add_charging_profiles(app: FastAPI, registration: Registration, desk: Desk) -> None:
    may_control = [Depends(door(registration))]
    at = path(ModuleID.CHARGING_PROFILES, InterfaceRole.RECEIVER) + "/{session_id}"
    accepted = ChargingProfileResponse(result=ChargingProfileResponseType.ACCEPTED, timeout=TIMEOUT_SECONDS)

    @app.put(at, dependencies=may_control)
    async def put_profile(session_id: str, request: Request) -> Response:
        order = await body(request, SetChargingProfile)
        desk.set_profile(session_id, order.charging_profile, order.response_url)
        return answer(accepted)

    @app.get(at, dependencies=may_control)
    async def get_profile(session_id: str, request: Request) -> Response:
        whole_number(parameter(request, "duration"), "duration")
        desk.active_profile(session_id, parameter(request, "response_url"))
        return answer(accepted)

    @app.delete(at, dependencies=may_control)
    async def delete_profile(session_id: str, request: Request) -> Response:
        desk.clear_profile(session_id, parameter(request, "response_url"))
        return answer(accepted)


def _named(request: Request) -> Key:
    """What the URL names."""
    names = request.path_params
    return names["country_code"], names["party_id"], names["id_"]


def _key(request: Request, module: ModuleID) -> Key:
    """What identifies the object that the URL names; a Token is of type RFID unless it says otherwise (TOK-01)."""
    if module is not ModuleID.TOKENS:
        return _named(request)
    return *_named(request), request.query_params.get("type", TokenType.RFID)
