"""Objects that the calling partner owns: which one a URL means, and whether the caller may speak for it."""

from starlette.requests import Request

from ocpi.parties.partner import Partner
from ocpi.store.keys import ObjectId
from ocpi.transport.status import OcpiError, StatusCode
from ocpi.types.versions import ModuleID


def owned(request: Request, module: ModuleID, country_code: str, party_id: str, id_: str) -> ObjectId:
    """The object that a receiver URL means (TRA-36).

    Raises:
        OcpiError: HTTP 404 if the caller has not registered that party (TRA-37).
    """
    caller: Partner = request.state.caller
    if not caller.owns(country_code, party_id):
        message = f"the party {country_code}/{party_id} is not among the roles that you have registered"
        raise OcpiError(StatusCode.CLIENT_ERROR, message, 404)
    return ObjectId(caller.id, module, country_code, party_id, id_)
