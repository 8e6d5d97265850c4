"""POST of results on our response URLs, and PUT of active profiles (CHP-12 to CHP-17)."""

from fastapi import APIRouter, Request

from ocpi import clock, wire
from ocpi.logs import logger
from ocpi.parties.ownership import is_id, owned
from ocpi.requests.active_profiles import ActiveProfiles
from ocpi.requests.answering import Answering
from ocpi.requests.bodies import check_result
from ocpi.store.keys import ObjectId
from ocpi.store.objects import Objects
from ocpi.store.partner import Partner
from ocpi.store.profiles import ProfileState
from ocpi.store.sites import ProfileRequest, Sites
from ocpi.transport.envelope import OcpiResponse, success
from ocpi.transport.status import invalid, unknown
from ocpi.transport.validation import MAX_REQUEST_BYTES, parse_object, validated
from ocpi.types.chargingprofiles import ActiveChargingProfile, ChargingProfileResult
from ocpi.types.primitives import Role
from ocpi.types.sessions import SessionStatus
from ocpi.types.versions import ModuleID


def routes(sites: Sites, objects: Objects, answering: Answering, active_profiles: ActiveProfiles) -> APIRouter:
    """The routes of the interface."""
    router = APIRouter()

    @router.post("/results/{request_id}")
    async def result(request: Request) -> OcpiResponse:
        request_id = request.path_params["request_id"]
        caller: Partner = request.state.caller
        told = parse_object(await request.body(), MAX_REQUEST_BYTES)
        planned = sites.request(request_id) if is_id(request_id) else None
        if planned and planned.partner_id == caller.id:
            _conclude_planned(sites, request_id, planned, validated(ChargingProfileResult, told))
        else:
            _conclude(answering, request_id, caller, told)
        return success()

    @router.put("/{session_id}")
    async def active_profile(request: Request) -> OcpiResponse:
        document = parse_object(await request.body())
        active = validated(ActiveChargingProfile, document)
        session = _session_id(request)
        stored = objects.get(session)
        known = stored.parsed() if stored else {}
        if known.get("status") != SessionStatus.ACTIVE:
            raise unknown(f"ongoing Session {session.id}")
        location = ObjectId(
            session.partner_id,
            ModuleID.LOCATIONS,
            session.country_code,
            session.party_id,
            str(known["location_id"]),
        )
        sites.change_profile(location.text, session.text, lambda state: state.changed(active, clock.now()))
        active_profiles.controllers.keep_active_profile(session, document, clock.now())
        failures = active_profiles.tell(session, document)
        if failures:
            logger.warning("active charging profile not passed on", session_id=session.id, failures=failures)
        return success()

    return router


def _conclude_planned(sites: Sites, request_id: str, asked: ProfileRequest, told: ChargingProfileResult) -> None:
    """The result of a profile that the optimizer has asked for."""

    def conclude(state: ProfileState) -> ProfileState | None:
        return state.concluded(told.result, clock.now()) if state.request_id == request_id else None

    state = sites.change_profile(asked.location, asked.session, conclude)
    logger.info("charging profile result", session=asked.session, result=told.result, late=state is None)


def _conclude(answering: Answering, request_id: str, caller: Partner, told: wire.JsonObject) -> None:
    """The result of what the owner's backend has asked for, or of what we pass on for an SCSP (CHP-31).

    Raises:
        OcpiError: HTTP 404 if the caller was not asked; 2001 for a wrong result.
    """
    asked = answering.requests.get(request_id) if is_id(request_id) else None
    if asked is None or not asked.awaited_from(caller.id, ModuleID.CHARGING_PROFILES):
        raise unknown("request: this response URL was not given to you, or long ago")
    check_result(asked, told)
    if asked.forwards and not asked.refused:  # first: if we fail in between, it is the SCSP that must not be forgotten
        answering.settle(asked.forwards, told)
    concluded = answering.requests.conclude(request_id, told)
    logger.info("charging profile result", kind=asked.kind, result=told["result"], late=concluded is None)


def _session_id(request: Request) -> ObjectId:
    """The URL carries no party: it is the one in the from-headers, else the caller's first CPO (decision 32)."""
    caller: Partner = request.state.caller
    party = request.state.routing.sender or caller.party(Role.CPO)
    if party is None:
        raise invalid("header OCPI-from-party-id: must be given, for you have registered no CPO")
    return owned(request, ModuleID.SESSIONS, party.country_code, party.party_id, request.path_params["session_id"])
