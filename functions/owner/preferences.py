"""Telling CPOs how drivers of ours want to charge."""

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import Response

from ocpi.requests.preferences import Preferences
from ocpi.transport.validation import parse_object
from ocpi.types.sessions import ChargingPreferences, ChargingPreferencesResponse
from ocpi.types.versions import InterfaceRole, ModuleID
from owner import examples
from owner.addressing import Addresses, partners_party, printable_id
from owner.answers import answer
from owner.describe import OWN_PARTY, OWN_PARTY_NAMES, Described, body, named_party, reference, returns

_SESSION = "/chargingpreferences/{partner_id}/{country_code}/{party_id}/{session_id}"


class PreferencesAnswer(BaseModel):
    """What the CPO says; ACCEPTED is no promise."""

    response: ChargingPreferencesResponse


_ANSWERED: dict[int | str, Described] = {
    200: returns(reference(PreferencesAnswer), "What the CPO says.", {"response": "ACCEPTED"})
}


def routes(preferences: Preferences, addresses: Addresses) -> APIRouter:
    """The routes."""
    router = APIRouter(tags=["chargingpreferences"])

    @router.put(
        _SESSION,
        operation_id="putChargingPreferences",
        summary="Tell a CPO how the driver of a session wants to charge",
        responses=_ANSWERED,
        openapi_extra={"parameters": OWN_PARTY} | body(reference(ChargingPreferences), examples.PREFERENCES),
    )
    async def put(request: Request) -> Response:
        names = request.path_params
        partner = addresses.partner(names["partner_id"])
        party = partners_party(partner, names["country_code"], names["party_id"])
        named = named_party(request.query_params)
        own_party = addresses.speaker(ModuleID.SESSIONS, InterfaceRole.RECEIVER, named, OWN_PARTY_NAMES)
        wanted = parse_object(await request.body())
        session_id = printable_id(names["session_id"])
        return answer(PreferencesAnswer(response=preferences.put(partner, party, session_id, wanted, own_party)))

    return router
