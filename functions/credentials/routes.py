"""GET, POST, PUT and DELETE of the credentials (CRE-01 to CRE-16)."""

from fastapi import APIRouter, Request

from ocpi.parties.handshake import Handshake
from ocpi.store.partner import Partner, PartnerStatus
from ocpi.transport.envelope import OcpiResponse, success
from ocpi.transport.status import method_not_allowed
from ocpi.transport.validation import parse_object, validated
from ocpi.types.credentials import Credentials


def routes(handshake: Handshake) -> APIRouter:
    """The routes of the module."""
    router = APIRouter()

    @router.get("/2.2.1/credentials")
    async def read(request: Request) -> OcpiResponse:
        return success(handshake.own.credentials(request.state.token))

    @router.post("/2.2.1/credentials")
    async def register(request: Request) -> OcpiResponse:
        caller: Partner = request.state.caller
        if caller.status is not PartnerStatus.INVITED:
            raise method_not_allowed("this platform is registered already; use PUT to renew the credentials")
        return success(handshake.accept(caller, await _credentials(request)))

    @router.put("/2.2.1/credentials")
    async def renew(request: Request) -> OcpiResponse:
        return success(handshake.accept(_registered(request), await _credentials(request)))

    @router.delete("/2.2.1/credentials")
    async def unregister(request: Request) -> OcpiResponse:
        handshake.end(_registered(request))
        return success()

    return router


def _registered(request: Request) -> Partner:
    caller: Partner = request.state.caller
    if caller.status is not PartnerStatus.REGISTERED:
        raise method_not_allowed("this platform is not registered yet; use POST to register")
    return caller


async def _credentials(request: Request) -> Credentials:
    return validated(Credentials, parse_object(await request.body()))
