"""PUT, PATCH, DELETE and GET of what our parties own, checked as what partners send is."""

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import Response

from ocpi import wire
from ocpi.intake import cdrs, locations, sessions, tariffs, tokens
from ocpi.intake.identity import checked
from ocpi.parties.listing import Listing, compressed
from ocpi.store.keys import OWN, ObjectId
from ocpi.store.lists import ObjectList
from ocpi.store.objects import Objects, Outcome
from ocpi.transport.patch import last_updated
from ocpi.transport.status import unknown
from ocpi.transport.validation import parse_object
from ocpi.types.cdrs import CDR
from ocpi.types.locations import Location
from ocpi.types.sessions import Session
from ocpi.types.tariffs import Tariff
from ocpi.types.tokens import Token, TokenType
from ocpi.types.versions import ModuleID
from owner import examples
from owner.addressing import Addresses
from owner.answers import page, stored, unchanged, written
from owner.describe import (
    CHANGED,
    PAGING,
    TOKEN_TYPE,
    WRITTEN,
    Described,
    body,
    found,
    listed,
    patch_body,
    reference,
)

type Write = Callable[[Objects, ObjectId, wire.JsonObject, TokenType | None], Outcome]
"""Writes an object; if it is a Token, the query may say of which type."""


@dataclass(frozen=True)
class Kind:
    """A kind of object that a party may own.

    Args:
        module: which module of OCPI it belongs to.
        model: what it is.
        id_name: what its path calls its id.
        example: one of it.
        put: creates or replaces it.
        patch: changes some of its fields, where that is offered.
        change: an example of that.
        delete: removes it, where that is offered.
    """

    module: ModuleID
    model: type[BaseModel]
    id_name: str
    example: examples.Example
    put: Write
    patch: Write | None = None
    change: examples.Example | None = None
    delete: Callable[[Objects, ObjectId], None] | None = None

    @property
    def name(self) -> str:
        """What it is called."""
        return self.model.__name__


def _untyped(write: Callable[[Objects, ObjectId, wire.JsonObject], Outcome]) -> Write:
    return lambda objects, object_id, document, _: write(objects, object_id, document)


def _put_cdr(objects: Objects, cdr_id: ObjectId, document: wire.JsonObject) -> Outcome:
    checked(CDR, cdr_id, document)
    _, created = cdrs.post(objects, OWN, document)
    return Outcome.CREATED if created else Outcome.IGNORED


KINDS = (
    Kind(
        ModuleID.LOCATIONS,
        Location,
        "location_id",
        examples.LOCATION,
        put=lambda objects, location, document, _: locations.put(objects, location, (), document),
        patch=lambda objects, location, fields, _: locations.patch(objects, location, (), fields),
        change=examples.LOCATION_CHANGE,
    ),
    Kind(ModuleID.TARIFFS, Tariff, "tariff_id", examples.TARIFF, _untyped(tariffs.put), delete=tariffs.delete),
    Kind(
        ModuleID.SESSIONS,
        Session,
        "session_id",
        examples.SESSION,
        _untyped(sessions.put),
        _untyped(sessions.patch),
        examples.SESSION_CHANGE,
    ),
    Kind(ModuleID.CDRS, CDR, "cdr_id", examples.CDR, _untyped(_put_cdr)),
    Kind(ModuleID.TOKENS, Token, "token_uid", examples.TOKEN, tokens.put, tokens.patch, examples.TOKEN_CHANGE),
)
"""What this API keeps for us."""


@dataclass(frozen=True)
class Owned:
    """The objects of one kind that our parties own, as routes.

    Args:
        kind: which kind.
        objects: where they are stored.
        listing: how they are listed.
        addresses: which of them a path means.
        base_url: where this API is; links lead to pages below it.
    """

    kind: Kind
    objects: Objects
    listing: Listing
    addresses: Addresses
    base_url: str

    def routes(self) -> APIRouter:
        """The routes."""
        kind, schema = self.kind, reference(self.kind.model)
        router = APIRouter(prefix=f"/{kind.module}/{{country_code}}/{{party_id}}", tags=[kind.module])
        path = f"/{{{kind.id_name}}}"
        queried: Described = {"parameters": [TOKEN_TYPE]} if kind.module is ModuleID.TOKENS else {}
        router.add_api_route(
            "",
            self.list,
            methods=["GET"],
            operation_id=f"list{kind.name}s",
            summary=f"List {kind.name}s of ours",
            responses=listed(schema, kind.example),
            openapi_extra=PAGING,
        )
        router.add_api_route(
            path,
            self.get,
            methods=["GET"],
            operation_id=f"get{kind.name}",
            summary=f"Get a {kind.name} of ours",
            responses=found(schema, kind.example),
            openapi_extra=queried,
        )
        router.add_api_route(
            path,
            self.put,
            methods=["PUT"],
            operation_id=f"put{kind.name}",
            summary=f"Create a {kind.name}" + (", once and for all" if kind.model is CDR else " or replace it"),
            responses=WRITTEN,
            openapi_extra=queried | body(schema, kind.example),
        )
        if kind.patch:
            router.add_api_route(
                path,
                self.patch,
                methods=["PATCH"],
                operation_id=f"patch{kind.name}",
                summary=f"Change some fields of a {kind.name}",
                responses=CHANGED,
                openapi_extra=queried | patch_body(kind.model, kind.change),
            )
        if kind.delete:
            router.add_api_route(
                path,
                self.delete,
                methods=["DELETE"],
                operation_id=f"delete{kind.name}",
                summary=f"Remove a {kind.name}",
                status_code=204,
            )
        return router

    async def list(self, request: Request) -> Response:
        """A page of those of one party."""
        names, module = request.path_params, self.kind.module
        party = self.addresses.owner(module, names["country_code"], names["party_id"])
        url = f"{self.base_url}/{module}/{party.country_code}/{party.party_id}"
        return compressed(request, page(*self.listing.page(request, ObjectList.own(module, party), url)))

    async def get(self, request: Request) -> Response:
        """One of them."""
        object_id = self._addressed(request)
        is_token = self.kind.module is ModuleID.TOKENS
        known = self.objects.get(tokens.typed(object_id, self._type(request)) if is_token else object_id)
        if known is None:
            raise unknown(f"{self.kind.name} {object_id.id}")
        return stored(known.document)

    async def put(self, request: Request) -> Response:
        """Create or replace one."""
        return await self._write(request, self.kind.put)

    async def patch(self, request: Request) -> Response:
        """Change some of its fields."""
        assert self.kind.patch  # noqa: S101 - see `routes`
        return await self._write(request, self.kind.patch)

    async def delete(self, request: Request) -> Response:
        """Remove one."""
        assert self.kind.delete  # noqa: S101 - see `routes`
        self.kind.delete(self.objects, self._addressed(request))
        return Response(status_code=204)

    async def _write(self, request: Request, write: Write) -> Response:
        object_id = self._addressed(request)
        document = parse_object(await request.body())
        outcome = write(self.objects, object_id, document, self._type(request))
        if outcome is Outcome.IGNORED and self._is_stored(object_id, document):
            return unchanged()
        return written(outcome)

    def _addressed(self, request: Request) -> ObjectId:
        names = request.path_params
        id_ = names[self.kind.id_name]
        return self.addresses.object(self.kind.module, names["country_code"], names["party_id"], id_)

    def _type(self, request: Request) -> TokenType | None:
        return tokens.type_of(request.query_params.get("type")) if self.kind.module is ModuleID.TOKENS else None

    def _is_stored(self, object_id: ObjectId, document: wire.JsonObject) -> bool:
        """Whether a write was ignored for it has been done before, and not because something newer is stored.

        A Token has its type in its id as stored; one that is put again is not ignored.
        """
        known = self.objects.get(object_id)
        return known is not None and known.last_updated <= last_updated(document)
