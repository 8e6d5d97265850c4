"""Sending commands to partners."""

import re
from typing import Any

from fastapi import APIRouter, Request
from pydantic import Field
from starlette.responses import Response

from ocpi.requests.sending import Sending
from ocpi.store.partner import Partner
from ocpi.transport.status import OcpiError, invalid, unknown
from ocpi.transport.validation import MAX_REQUEST_BYTES, parse_object, validated
from ocpi.types.commands import CommandType
from ocpi.types.parties import Party
from ocpi.types.primitives import OcpiModel, Role
from ocpi.types.versions import InterfaceRole, ModuleID
from owner import examples
from owner.addressing import Addresses
from owner.describe import body, reference
from owner.parties import PartyName
from owner.requests import ASKED, asked


class CommandOrder(OcpiModel):
    """A command for a partner."""

    partner_id: str
    party: PartyName | None = Field(
        None, description="The CPO. Without it the partner's only one; of a hub, the one that the hub finds."
    )
    own_party: PartyName | None = Field(None, description="Our eMSP; may be left out if there is one only.")
    command: dict[str, Any] = Field(description="The object of the command, without `response_url`.")


def routes(sending: Sending, addresses: Addresses) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/commands", tags=["commands"])

    @router.post(
        "/{command}",
        operation_id="sendCommand",
        summary="Send a command to a partner",
        responses=ASKED,
        openapi_extra=body(reference(CommandOrder), examples.COMMAND),
        status_code=202,
    )
    async def send(request: Request) -> Response:
        command = request.path_params["command"]
        if command not in CommandType:
            raise unknown(f"command {command[:36]!r}; there are {', '.join(CommandType)}")
        order = validated(CommandOrder, parse_object(await request.body(), MAX_REQUEST_BYTES))
        partner = addresses.partner(order.partner_id)
        named = order.own_party.party if order.own_party else None
        own_party = addresses.speaker(ModuleID.COMMANDS, InterfaceRole.SENDER, named, "/own_party")
        party = _cpo(partner, order.party)
        try:
            sent = sending.command(partner.id, CommandType(command), order.command, own_party, party)
        except OcpiError as error:
            raise _within("/command", error) from error
        return asked(sent)

    return router


def _cpo(partner: Partner, named: PartyName | None) -> Party | None:
    """Whom a command is for: the party that is named, else the partner's only CPO; None where a hub finds out.

    Raises:
        OcpiError: 2001 if the partner does not speak for that party, or it is not clear which is meant.
    """
    if named:
        if not partner.owns(named.country_code, named.party_id):
            raise invalid(f"/party: {named} is none of the parties of {partner.id}")
        return named.party
    if partner.is_hub:
        return None
    cpos = {Party(role.country_code.upper(), role.party_id.upper()) for role in partner.roles if role.role is Role.CPO}
    if not cpos:
        raise invalid(f"/partner_id: {partner.id} has no CPO")
    if len(cpos) > 1:
        raise invalid(f"/party: must be given, since {partner.id} has {len(cpos)} CPOs")
    return cpos.pop()


def _within(place: str, error: OcpiError) -> OcpiError:
    """The same error, of an object that stands at the JSON Pointer `place` in the body."""
    message = re.sub(r"(^|; )/(:?)", rf"\1{place}/\2", error.message).replace(f"{place}/:", f"{place}:")
    return OcpiError(error.status_code, message, error.http_status)
