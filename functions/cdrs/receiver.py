"""POST and GET of CDRs, receiver interface (CDR-03 to CDR-06)."""

from urllib.parse import quote, unquote

from fastapi import APIRouter, Request

from ocpi import wire
from ocpi.intake import cdrs
from ocpi.parties.ownership import is_id, require_party
from ocpi.store.keys import ObjectId
from ocpi.store.objects import Objects
from ocpi.transport.envelope import OcpiResponse, stored, success
from ocpi.transport.status import unknown
from ocpi.transport.validation import parse_object
from ocpi.types.versions import ModuleID

MAX_CDR_ID_LENGTH = 39
"""Three more than other ids, for a credit CDR (CDR-12)."""


def routes(objects: Objects, url: str) -> APIRouter:
    """The routes of the interface, which partners know under `url`."""
    router = APIRouter()

    @router.post("")
    async def post(request: Request) -> OcpiResponse:
        document = parse_object(await request.body())
        _require_sender(request, document)
        cdr, created = cdrs.post(objects, request.state.caller.id, document)
        answer = success(http_status=201 if created else 200)
        answer.headers["Location"] = "/".join([url, *map(_segment, (cdr.country_code, cdr.party_id, cdr.id))])
        return answer

    @router.get("/{country_code}/{party_id}/{cdr_id}")
    async def read(request: Request) -> OcpiResponse:
        country_code, party_id, id_ = map(_text, request.path_params.values())
        require_party(request, country_code, party_id)
        cdr = ObjectId(request.state.caller.id, ModuleID.CDRS, country_code, party_id, id_)
        known = objects.get(cdr) if is_id(id_, MAX_CDR_ID_LENGTH) else None
        if known is None:
            raise unknown(f"CDR {id_[:MAX_CDR_ID_LENGTH]}")
        return stored(known.document)

    return router


def _require_sender(request: Request, document: wire.JsonObject) -> None:
    country_code, party_id = document.get("country_code"), document.get("party_id")
    if isinstance(country_code, str) and isinstance(party_id, str):
        require_party(request, country_code, party_id)


def _segment(text: str) -> str:
    """A part of a URL that any id may stand in: a gateway that decodes ``%2F`` would make two parts of it."""
    return quote(text, safe="").replace("~", "%7E").replace("%", "~")


def _text(segment: str) -> str:
    return unquote(segment.replace("~", "%"))
