"""GET and PUT of ClientInfo, receiver interface (HUB-02, HUB-03)."""

from fastapi import APIRouter, Request

from ocpi.parties import clients
from ocpi.parties.serving import written
from ocpi.store.objects import Objects
from ocpi.store.partner import Partner
from ocpi.transport.envelope import OcpiResponse, stored
from ocpi.transport.status import OcpiError, StatusCode, unknown
from ocpi.transport.validation import parse_object
from ocpi.types.parties import Party

_CLIENT = "/{country_code}/{party_id}"


def routes(objects: Objects) -> APIRouter:
    """The routes of the interface."""
    router = APIRouter()

    @router.get(_CLIENT)
    async def read(request: Request) -> OcpiResponse:
        hub, party = _hub(request), _party(request)
        told = clients.newest(objects, hub.id, party)
        if told is None:
            raise _unknown(party)
        return stored(told.document)

    @router.put(_CLIENT)
    async def put(request: Request) -> OcpiResponse:
        hub, party = _hub(request), _party(request)
        return written(clients.put(objects, hub.id, party, parse_object(await request.body())))

    return router


def _hub(request: Request) -> Partner:
    caller: Partner = request.state.caller
    if not caller.is_hub:
        raise OcpiError(StatusCode.CLIENT_ERROR, "only a hub tells who is connected to it", 404)
    return caller


def _party(request: Request) -> Party:
    party = Party(request.path_params["country_code"], request.path_params["party_id"])
    if len(party.country_code) > 2 or len(party.party_id) > 3:
        raise _unknown(party)
    return party


def _unknown(party: Party) -> OcpiError:
    return unknown(f"party {party.country_code[:2]}/{party.party_id[:3]}")
