"""The CPO's OCPI 2.2.1 server.

Versions, credentials, chargingprofiles (receiver), sessions and locations (sender); and its control.
"""

from collections.abc import Sequence
from typing import Any

from fastapi import Depends, FastAPI, Request, Response

from local.cpo.identity import OFFERED
from local.cpo.world import World
from local.ocpi_http.client import Client
from local.ocpi_http.conditions import Conditions
from local.ocpi_http.control import add_control
from local.ocpi_http.errands import Errands
from local.ocpi_http.faulty import Faulty
from local.ocpi_http.registration import Registration
from local.ocpi_http.server import (
    CannotDo,
    Listed,
    answer,
    body,
    create_app,
    door,
    page,
    parameter,
    path,
    whole_number,
)
from local.ocpi_http.traffic import Traffic
from ocpi.types.chargingprofiles import ChargingProfileResponse, ChargingProfileResponseType, SetChargingProfile
from ocpi.types.locations import Location
from ocpi.types.sessions import Session
from ocpi.types.versions import InterfaceRole, ModuleID

TIMEOUT_SECONDS = 300
"""When to give up on a result, as told in every ChargingProfileResponse: simulated seconds, so plenty."""

CHARGING_PROFILES = path(ModuleID.CHARGING_PROFILES, InterfaceRole.RECEIVER)
SESSIONS = path(ModuleID.SESSIONS, InterfaceRole.SENDER)
LOCATIONS = path(ModuleID.LOCATIONS, InterfaceRole.SENDER)


def create_cpo(
    base_url: str, registration: Registration, client: Client, world: World, traffic: Traffic, conditions: Conditions
) -> Faulty:
    """The server as an ASGI application; `base_url` is where partners reach it."""
    app = create_app("Simulated CPO", base_url, OFFERED, registration, client)
    _add_charging_profiles(app, registration, world)
    _add_lists(app, base_url, registration, world)
    add_control(app, conditions, lambda: {"sessions": world.book.sessions(), "counts": world.counts})
    errands = Errands(traffic)
    return Faulty(app, conditions, traffic, lambda: errands.run(registration.rotate(client)))


def _add_charging_profiles(app: FastAPI, registration: Registration, world: World) -> None:
    may_control = [Depends(door(registration))]
    profile = CHARGING_PROFILES + "/{session_id}"

    @app.put(profile, dependencies=may_control)
    async def put_profile(session_id: str, request: Request) -> Response:
        order = await body(request, SetChargingProfile)
        result, stay = world.answer(session_id)
        if stay is not None:
            world.set_profile(stay, order.charging_profile, order.response_url)
        return _profile_answer(result)

    @app.get(profile, dependencies=may_control)
    async def get_profile(session_id: str, request: Request) -> Response:
        seconds = whole_number(parameter(request, "duration"), "duration")
        response_url = parameter(request, "response_url")
        result, stay = world.answer(session_id)
        if stay is not None:
            world.report_profile(stay, seconds, response_url)
        return _profile_answer(result)

    @app.delete(profile, dependencies=may_control)
    async def delete_profile(session_id: str, request: Request) -> Response:
        response_url = parameter(request, "response_url")
        result, stay = world.answer(session_id)
        if stay is not None:
            world.clear_profile(stay, response_url)
        return _profile_answer(result)


def _add_lists(app: FastAPI, base_url: str, registration: Registration, world: World) -> None:
    may_read = [Depends(door(registration))]
    site = world.day.site

    @app.get(SESSIONS, dependencies=may_read)
    async def sessions(request: Request) -> Response:
        parameter(request, "date_from")  # required in this module alone (SES-01)
        return page(base_url, request, _listed(world.book.sessions()))

    @app.put(SESSIONS + "/{session_id}/charging_preferences", dependencies=may_read)
    async def preferences(session_id: str) -> Response:
        raise CannotDo(404, 2001, f"session {session_id}: its EVSE takes no charging preferences")

    @app.get(LOCATIONS, dependencies=may_read)
    async def locations(request: Request) -> Response:
        return page(base_url, request, _listed([site.location(world.day.start)]))

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
            raise CannotDo(404, 2003, "there is no such location, EVSE or connector")
        return answer(found)


def _profile_answer(result: ChargingProfileResponseType) -> Response:
    return answer(ChargingProfileResponse(result=result, timeout=TIMEOUT_SECONDS))


def _listed(objects: Sequence[Session | Location]) -> list[Listed]:
    """Objects for a list, oldest first as they are."""
    return [Listed(item, item.last_updated) for item in objects]
