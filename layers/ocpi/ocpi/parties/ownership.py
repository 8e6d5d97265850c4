"""Which object a URL means, and whether the caller may speak for it."""

from starlette.requests import Request

from ocpi.parties.routing import addressed_party
from ocpi.store.keys import OWN, ObjectId
from ocpi.store.partner import Partner
from ocpi.transport.status import OcpiError, StatusCode, unknown
from ocpi.types.versions import ModuleID

MAX_ID_LENGTH = 36


def is_id(text: str, longest: int = MAX_ID_LENGTH) -> bool:
    """Whether a part of a URL can be the id of an object (TYP-02)."""
    return 0 < len(text) <= longest and text.isascii() and text.isprintable()


def require_party(request: Request, country_code: str, party_id: str) -> None:
    """The caller must have registered a party to speak for it.

    Raises:
        OcpiError: HTTP 404 if it has not (TRA-37).
    """
    caller: Partner = request.state.caller
    named = is_id(country_code, 2) and is_id(party_id, 3)
    if not named or not caller.owns(country_code, party_id):  # a hub speaks for any party
        message = f"the party {country_code[:2]}/{party_id[:3]} is not among the roles that you have registered"
        raise OcpiError(StatusCode.CLIENT_ERROR, message, 404)


def owned(request: Request, module: ModuleID, country_code: str, party_id: str, id_: str) -> ObjectId:
    """The object that a receiver URL means (TRA-36).

    Raises:
        OcpiError: HTTP 404 if the caller has not registered that party (TRA-37), or the id is no CiString(36).
    """
    _require_id(id_)
    require_party(request, country_code, party_id)
    return ObjectId(request.state.caller.id, module, country_code, party_id, id_)


def ours(request: Request, module: ModuleID, id_: str) -> ObjectId:
    """The object of ours that a sender URL means: it carries no party, so it is the one the request is for (ROU-07).

    Raises:
        OcpiError: HTTP 404 if the id is no CiString(36).
    """
    _require_id(id_)
    party = addressed_party(request)
    return ObjectId(OWN, module, party.country_code, party.party_id, id_)


def _require_id(id_: str) -> None:
    if not is_id(id_):
        raise unknown(f"object: {id_[:MAX_ID_LENGTH]!r} is no id of 1 to {MAX_ID_LENGTH} printable ASCII characters")
