"""POST of results on our response URLs, and PUT of active profiles (CHP-12 to CHP-17)."""

from fastapi import APIRouter, Request

from ocpi import clock
from ocpi.logs import logger
from ocpi.parties.ownership import is_id, owned
from ocpi.store.keys import ObjectId
from ocpi.store.objects import Objects
from ocpi.store.partner import Partner
from ocpi.store.profiles import ProfileState
from ocpi.store.sites import Sites
from ocpi.transport.envelope import OcpiResponse, success
from ocpi.transport.status import invalid, unknown
from ocpi.transport.validation import parse_object, validated
from ocpi.types.chargingprofiles import ActiveChargingProfile, ChargingProfileResult
from ocpi.types.primitives import Role
from ocpi.types.sessions import SessionStatus
from ocpi.types.versions import ModuleID


def routes(sites: Sites, objects: Objects) -> APIRouter:
    """The routes of the interface."""
    router = APIRouter()

    @router.post("/results/{request_id}")
    async def result(request: Request, request_id: str) -> OcpiResponse:
        caller: Partner = request.state.caller
        told = validated(ChargingProfileResult, parse_object(await request.body())).result
        asked = sites.request(request_id) if is_id(request_id) else None
        if asked is None or asked.partner_id != caller.id:
            raise unknown("request: this response URL was not given to you, or long ago")

        def conclude(state: ProfileState) -> ProfileState | None:
            return state.concluded(told, clock.now()) if state.request_id == request_id else None

        state = sites.change_profile(asked.location, asked.session, conclude)
        logger.info("charging profile result", session=asked.session, result=told, late=state is None)
        return success()

    @router.put("/{session_id}")
    async def active_profile(request: Request, session_id: str) -> OcpiResponse:
        active = validated(ActiveChargingProfile, parse_object(await request.body()))
        session = _session_id(request, session_id)
        stored = objects.get(session)
        document = stored.parsed() if stored else {}
        if document.get("status") != SessionStatus.ACTIVE:
            raise unknown(f"ongoing Session {session_id}")
        location = ObjectId(
            session.partner_id,
            ModuleID.LOCATIONS,
            session.country_code,
            session.party_id,
            str(document["location_id"]),
        )
        sites.change_profile(location.text, session.text, lambda state: state.changed(active))
        return success()

    return router


def _session_id(request: Request, session_id: str) -> ObjectId:
    """The URL carries no party: it is the one in the from-headers, else the caller's first CPO (decision 32)."""
    caller: Partner = request.state.caller
    party = request.state.routing.sender or caller.party(Role.CPO)
    if party is None:
        raise invalid("header OCPI-from-party-id: must be given, for you have registered no CPO")
    return owned(request, ModuleID.SESSIONS, party.country_code, party.party_id, session_id)
