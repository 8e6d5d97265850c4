"""POST of results on our response URLs, sender interface (CMD-05 to CMD-07)."""

from fastapi import APIRouter, Request

from ocpi.logs import logger
from ocpi.parties.ownership import is_id
from ocpi.requests.bodies import check_result
from ocpi.store.partner import Partner
from ocpi.store.requests import Requests
from ocpi.transport.envelope import OcpiResponse, success
from ocpi.transport.status import unknown
from ocpi.transport.validation import MAX_REQUEST_BYTES, parse_object
from ocpi.types.commands import CommandResultType
from ocpi.types.versions import ModuleID


def routes(requests: Requests) -> APIRouter:
    """The routes of the interface."""
    router = APIRouter()

    @router.post("/results/{request_id}")
    async def result(request: Request) -> OcpiResponse:
        request_id = request.path_params["request_id"]
        caller: Partner = request.state.caller
        told = parse_object(await request.body(), MAX_REQUEST_BYTES)
        asked = requests.get(request_id) if is_id(request_id) else None
        if asked is None or not asked.awaited_from(caller.id, ModuleID.COMMANDS):
            raise unknown("request: this response URL was not given to you, or long ago")
        check_result(asked, told)
        concluded = requests.conclude(request_id, told)
        if concluded is None and told["result"] == CommandResultType.CANCELED_RESERVATION:
            concluded = requests.cancel_reservation(request_id, told)
        logger.info("command result", kind=asked.kind, result=told["result"], ignored=concluded is None)
        return success()

    return router
