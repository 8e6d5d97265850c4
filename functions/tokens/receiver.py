"""GET, PUT and PATCH of Tokens, receiver interface (TOK-01 to TOK-06)."""

from fastapi import APIRouter, Request

from ocpi.intake import tokens
from ocpi.parties.ownership import owned
from ocpi.parties.serving import written
from ocpi.store.keys import ObjectId
from ocpi.store.objects import Objects
from ocpi.transport.envelope import OcpiResponse, stored, success
from ocpi.transport.validation import parse_object
from ocpi.types.tokens import TokenType
from ocpi.types.versions import ModuleID

_PATH = "/{country_code}/{party_id}/{token_uid}"


def routes(objects: Objects) -> APIRouter:
    """The routes of the interface."""
    router = APIRouter()

    @router.get(_PATH)
    async def read(request: Request) -> OcpiResponse:
        return stored(tokens.get(objects, _addressed(request), _type(request)).document)

    @router.put(_PATH)
    async def put(request: Request) -> OcpiResponse:
        token = _addressed(request)
        return written(tokens.put(objects, token, parse_object(await request.body()), _type(request)))

    @router.patch(_PATH)
    async def patch(request: Request) -> OcpiResponse:
        token = _addressed(request)
        tokens.patch(objects, token, parse_object(await request.body()), _type(request))
        return success()

    return router


def _addressed(request: Request) -> ObjectId:
    names = request.path_params
    return owned(request, ModuleID.TOKENS, names["country_code"], names["party_id"], names["token_uid"])


def _type(request: Request) -> TokenType | None:
    return tokens.type_of(request.query_params.get("type"))
