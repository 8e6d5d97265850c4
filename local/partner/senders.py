"""The partner's sender interfaces: lists of its own objects, and what else a receiver may ask of them."""

from collections.abc import Collection

from fastapi import Depends, FastAPI, Request, Response

from local.ocpi_http.registration import Interface, Registration
from local.ocpi_http.server import CannotDo, Listed, answer, body, door, page, parameter, path
from local.partner.held import last_updated, part_of
from local.partner.interfaces import KINDS
from local.partner.results import Desk
from local.partner.stock import Stock
from ocpi.types.chargingprofiles import ActiveChargingProfile
from ocpi.types.sessions import ChargingPreferences, ChargingPreferencesResponse
from ocpi.types.tokens import AllowedType
from ocpi.types.versions import InterfaceRole, ModuleID


def add_senders(
    app: FastAPI, base_url: str, interfaces: Collection[Interface], registration: Registration, stock: Stock, desk: Desk
) -> None:
    """Add those of these interfaces that send."""
    modules = {module for module, role in interfaces if role is InterfaceRole.SENDER}
    for module in modules & KINDS.keys():
        _add_list(app, base_url, registration, stock, module)
    if ModuleID.LOCATIONS in modules:
        _add_locations(app, registration, stock)
    if ModuleID.SESSIONS in modules:
        _add_preferences(app, registration, stock)
    if ModuleID.TOKENS in modules:
        _add_authorization(app, registration, stock)
    if ModuleID.CHARGING_PROFILES in modules:
        _add_active_profiles(app, registration, desk)


def _add_list(app: FastAPI, base_url: str, registration: Registration, stock: Stock, module: ModuleID) -> None:
    @app.get(path(module, InterfaceRole.SENDER), dependencies=[Depends(door(registration))])
    async def objects(request: Request) -> Response:
        if module is ModuleID.SESSIONS:
            parameter(request, "date_from")  # required in this module alone (SES-01)
        listed = [Listed(document, last_updated(document)) for document in stock.of(module)]
        return page(base_url, request, listed)


def _add_locations(app: FastAPI, registration: Registration, stock: Stock) -> None:
    may_read = [Depends(door(registration))]
    at = path(ModuleID.LOCATIONS, InterfaceRole.SENDER) + "/{location_id}"

    @app.get(at, dependencies=may_read)
    @app.get(at + "/{evse_uid}", dependencies=may_read)
    @app.get(at + "/{evse_uid}/{connector_id}", dependencies=may_read)
    async def location(location_id: str, evse_uid: str | None = None, connector_id: str | None = None) -> Response:
        found = stock.find(ModuleID.LOCATIONS, "id", location_id)
        part = found and part_of(found, [id_ for id_ in (evse_uid, connector_id) if id_])
        if part is None:
            raise CannotDo(404, 2003, "there is no such location, EVSE or connector")
        return answer(part)


def _add_preferences(app: FastAPI, registration: Registration, stock: Stock) -> None:
    at = path(ModuleID.SESSIONS, InterfaceRole.SENDER) + "/{session_id}/charging_preferences"

    @app.put(at, dependencies=[Depends(door(registration))])
    async def preferences(session_id: str, request: Request) -> Response:
        await body(request, ChargingPreferences)
        if stock.find(ModuleID.SESSIONS, "id", session_id) is None:
            raise CannotDo(404, 2001, f"there is no session {session_id}")
        return answer(ChargingPreferencesResponse.NOT_POSSIBLE)


def _add_authorization(app: FastAPI, registration: Registration, stock: Stock) -> None:
    at = path(ModuleID.TOKENS, InterfaceRole.SENDER) + "/{uid}/authorize"

    @app.post(at, dependencies=[Depends(door(registration))])
    async def authorize(uid: str) -> Response:
        token = stock.find(ModuleID.TOKENS, "uid", uid)
        if token is None:
            raise CannotDo(404, 2004, f"there is no token {uid}")
        return answer({"allowed": AllowedType.ALLOWED if token["valid"] else AllowedType.BLOCKED, "token": token})


def _add_active_profiles(app: FastAPI, registration: Registration, desk: Desk) -> None:
    at = path(ModuleID.CHARGING_PROFILES, InterfaceRole.SENDER) + "/{session_id}"

    @app.put(at, dependencies=[Depends(door(registration))])
    async def told(session_id: str, request: Request) -> Response:
        desk.told[session_id] = await body(request, ActiveChargingProfile)
        return answer()
