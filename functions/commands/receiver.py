"""POST of commands, receiver interface (CMD-01 to CMD-03)."""

from fastapi import APIRouter, Request

from commands.desk import CommandDesk, Order
from ocpi.parties.routing import addressed_party, requesting_party
from ocpi.requests.bodies import COMMANDS
from ocpi.requests.response_urls import require_own
from ocpi.store.partner import Partner
from ocpi.transport.envelope import OcpiResponse, success
from ocpi.transport.status import unknown
from ocpi.transport.validation import MAX_REQUEST_BYTES, parse_object, validated
from ocpi.types.commands import CommandType


def routes(desk: CommandDesk) -> APIRouter:
    """The routes of the interface."""
    router = APIRouter()

    @router.post("/{command}")
    async def post(request: Request) -> OcpiResponse:
        command = request.path_params["command"]
        if command not in CommandType:
            raise unknown(f"command {command!r}")
        type_ = CommandType(command)
        body = parse_object(await request.body(), MAX_REQUEST_BYTES)
        validated(COMMANDS[type_], body)
        caller: Partner = request.state.caller
        require_own(caller, str(body["response_url"]), "/response_url")
        return success(desk.take(Order(type_, body, caller, requesting_party(request), addressed_party(request))))

    return router
