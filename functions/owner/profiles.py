"""Asking CPOs for charging profiles, and telling what the charge points of our own sessions will do."""

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from ocpi.requests.active_profiles import ActiveProfiles
from ocpi.requests.sending import Sending
from ocpi.store.keys import ObjectId
from ocpi.transport.status import invalid
from ocpi.transport.validation import MAX_REQUEST_BYTES, parse_object, validated
from ocpi.types.chargingprofiles import MAX_SECONDS, ActiveChargingProfile, ChargingProfile
from ocpi.types.parties import Party
from ocpi.types.versions import InterfaceRole, ModuleID
from owner import examples
from owner.addressing import Addresses, partners_party, printable_id
from owner.answers import answer
from owner.describe import OWN_PARTY, OWN_PARTY_NAMES, Described, body, named_party, query, reference, returns
from owner.requests import ASKED, asked

DEFAULT_DURATION_S = 3600

_SESSION = "/chargingprofiles/{partner_id}/{country_code}/{party_id}/{session_id}"
_OWN_SESSION = "/activeprofiles/{country_code}/{party_id}/{session_id}"
_DURATION = query(
    "duration",
    {"type": "integer", "minimum": 1, "maximum": MAX_SECONDS, "default": DEFAULT_DURATION_S},
    "For how many seconds from now.",
)


class Told(BaseModel):
    """Who was told."""

    failures: dict[str, str] = Field(
        description="What went wrong, by partner id and party such as `charge-all/NL/ALL`; empty if everyone was told."
    )


def asking(sending: Sending, addresses: Addresses) -> APIRouter:
    """The routes by which CPOs are asked."""
    router = APIRouter(tags=["chargingprofiles"])

    @router.put(
        _SESSION,
        operation_id="setChargingProfile",
        summary="Ask a CPO to put a charging profile on a session",
        responses=ASKED,
        openapi_extra={"parameters": OWN_PARTY} | body(reference(ChargingProfile), examples.PROFILE),
        status_code=202,
    )
    async def set_profile(request: Request) -> Response:
        profile = parse_object(await request.body(), MAX_REQUEST_BYTES)
        validated(ChargingProfile, profile)
        partner_id, party, session_id, own_party = _session(addresses, request)
        return asked(sending.set_profile(partner_id, party, session_id, profile, own_party))

    @router.delete(
        _SESSION,
        operation_id="clearChargingProfile",
        summary="Ask a CPO to clear the charging profile of a session",
        responses=ASKED,
        openapi_extra={"parameters": OWN_PARTY},
        status_code=202,
    )
    async def clear_profile(request: Request) -> Response:
        return asked(sending.clear_profile(*_session(addresses, request)))

    @router.get(
        _SESSION,
        operation_id="askForActiveChargingProfile",
        summary="Ask a CPO what the charge point of a session will do",
        responses=ASKED,
        openapi_extra={"parameters": [*OWN_PARTY, _DURATION]},
        status_code=202,
    )
    async def active_profile(request: Request) -> Response:
        partner_id, party, session_id, own_party = _session(addresses, request)
        duration = _duration(request.query_params.get("duration", str(DEFAULT_DURATION_S)))
        return asked(sending.active_profile(partner_id, party, session_id, duration, own_party))

    return router


def telling(active_profiles: ActiveProfiles, addresses: Addresses) -> APIRouter:
    """The routes by which those who have set a profile on a session of ours hear what its charge point will do."""
    router = APIRouter(tags=["chargingprofiles"])
    told: dict[int | str, Described] = {200: returns(reference(Told), "They were told.", {"failures": {}})}

    def own_session(request: Request) -> ObjectId:
        names = request.path_params
        return addresses.object(ModuleID.SESSIONS, names["country_code"], names["party_id"], names["session_id"])

    @router.put(
        _OWN_SESSION,
        operation_id="putActiveChargingProfile",
        summary="Tell all that control a session of ours what its charge point will do",
        responses=told,
        openapi_extra=body(reference(ActiveChargingProfile), examples.ACTIVE_PROFILE),
    )
    async def put(request: Request) -> Response:
        session = own_session(request)
        active = parse_object(await request.body())
        return answer(Told(failures=dict(active_profiles.tell(session, active))))

    @router.delete(
        _OWN_SESSION,
        operation_id="deleteActiveChargingProfile",
        summary="Tell them that no profile is active: the session has all that its EVSE can give",
        responses=told,
    )
    async def delete(request: Request) -> Response:
        return answer(Told(failures=dict(active_profiles.tell(own_session(request), None))))

    return router


def _session(addresses: Addresses, request: Request) -> tuple[str, Party, str, Party]:
    """The connection, its party and its session that a path means, and our party that asks."""
    names = request.path_params
    partner = addresses.partner(names["partner_id"])
    party = partners_party(partner, names["country_code"], names["party_id"])
    named = named_party(request.query_params)
    own_party = addresses.speaker(ModuleID.CHARGING_PROFILES, InterfaceRole.SENDER, named, OWN_PARTY_NAMES)
    return partner.id, party, printable_id(names["session_id"]), own_party


def _duration(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else 0
    if not 0 < number <= MAX_SECONDS:
        raise invalid(f"query parameter duration: must be a whole number from 1 to {MAX_SECONDS}")
    return number
