"""GET of our Tokens and real-time authorization, sender interface (TOK-07 to TOK-17)."""

from fastapi import APIRouter, Request

from ocpi.intake import tokens
from ocpi.parties.listing import Listing
from ocpi.parties.ownership import is_id
from ocpi.parties.routing import addressed_party
from ocpi.store.keys import OWN, ObjectId
from ocpi.store.lists import ObjectList
from ocpi.store.partner import Partner
from ocpi.transport.envelope import OcpiResponse, success
from ocpi.transport.validation import parse_object, validated
from ocpi.types.primitives import Role
from ocpi.types.tokens import LocationReferences
from ocpi.types.versions import ModuleID
from tokens.authorizing import Asked, Authorizing

_MAY_USE = {Role.CPO, Role.HUB}
"""Tokens concern those at whose charge points they are presented, and whoever speaks for those (TRA-28)."""


def routes(authorizing: Authorizing, listing: Listing, url: str) -> APIRouter:
    """The routes of the interface, which partners know under `url`."""
    router = APIRouter()

    @router.get("")
    async def list_(request: Request) -> OcpiResponse:
        return listing.answer(request, _visible(request), url)

    @router.post("/{token_uid}/authorize")
    async def authorize(request: Request) -> OcpiResponse:
        token_uid = request.path_params["token_uid"]
        type_ = tokens.type_of(request.query_params.get("type"))
        references = await _references(request)
        if not is_id(token_uid) or not _concerned(request):
            raise tokens.unknown_token(token_uid)
        party = addressed_party(request)
        token = ObjectId(OWN, ModuleID.TOKENS, party.country_code, party.party_id, token_uid)
        asked = Asked(request.state.caller, request.state.routing.sender, token, type_, references)
        return success(await authorizing.decide(asked))

    return router


def _visible(request: Request) -> ObjectList:
    """All Tokens of the party that is asked, or none: a Token has no audience of its own."""
    party = addressed_party(request)
    return ObjectList.own(ModuleID.TOKENS, party, None if _concerned(request) else party)


def _concerned(request: Request) -> bool:
    caller: Partner = request.state.caller
    return any(role.role in _MAY_USE for role in caller.roles)


async def _references(request: Request) -> LocationReferences | None:
    """Where the token is presented, if that is told: the body may be empty (TOK-10)."""
    body = await request.body()
    return validated(LocationReferences, parse_object(body)) if body.strip() else None
