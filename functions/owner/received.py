"""GET of what partners have sent us."""

from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.responses import Response

from ocpi.intake import tokens
from ocpi.parties.listing import Listing, compressed
from ocpi.store.lists import ObjectList
from ocpi.store.objects import Objects
from ocpi.transport.status import unknown
from ocpi.types.versions import ModuleID
from owner import examples
from owner.addressing import Addresses, others_party, received
from owner.answers import page, stored
from owner.describe import PAGING, TOKEN_TYPE, found, listed

MODULES = (
    ModuleID.LOCATIONS,
    ModuleID.SESSIONS,
    ModuleID.CDRS,
    ModuleID.TARIFFS,
    ModuleID.TOKENS,
    ModuleID.HUB_CLIENT_INFO,
)
"""Modules whose objects partners send."""

_OBJECT = {"type": "object", "description": "An object of the module, as the partner sent it."}
_LIST = "/received/{partner_id}/{module}/{country_code}/{party_id}"


def routes(objects: Objects, listing: Listing, addresses: Addresses, base_url: str) -> APIRouter:
    """The routes; links lead to pages below `base_url`."""
    router = APIRouter(tags=["received"])

    @router.get(
        _LIST,
        operation_id="listReceived",
        summary="List what a partner's party has sent us",
        responses=listed(_OBJECT, examples.LOCATION),
        openapi_extra=PAGING,
    )
    async def list_(request: Request) -> Response:
        names = request.path_params
        partner, kind = addresses.partner(names["partner_id"]), _module(names["module"])
        party = others_party(names["country_code"], names["party_id"])
        way = "/".join(quote(part, safe="") for part in (partner.id, kind, party.country_code, party.party_id))
        list_of_party = ObjectList.of_partner(partner.id, kind, party)
        return compressed(request, page(*listing.page(request, list_of_party, f"{base_url}/received/{way}")))

    @router.get(
        _LIST + "/{object_id}",
        operation_id="getReceived",
        summary="Get one object that a partner has sent us",
        responses=found(_OBJECT, examples.LOCATION),
        openapi_extra={"parameters": [TOKEN_TYPE]},
    )
    async def get(request: Request) -> Response:
        names = request.path_params
        partner, kind, object_id = addresses.partner(names["partner_id"]), _module(names["module"]), names["object_id"]
        meant = received(partner, kind, names["country_code"], names["party_id"], object_id)
        if kind is ModuleID.TOKENS:
            meant = tokens.typed(meant, tokens.type_of(request.query_params.get("type")))
        known = objects.get(meant)
        if known is None:
            raise unknown(f"object {object_id[:36]} of {kind}")
        return stored(known.document)

    return router


def _module(text: str) -> ModuleID:
    """The module that a path names.

    Raises:
        OcpiError: HTTP 404 if it is none whose objects partners send.
    """
    if text not in MODULES:
        raise unknown(f"module {text[:36]!r}; partners send {', '.join(MODULES)}")
    return ModuleID(text)
