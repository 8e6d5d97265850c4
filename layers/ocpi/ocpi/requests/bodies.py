"""What the requests and their results look like."""

from pydantic import BaseModel

from ocpi import wire
from ocpi.requests.decisions import AUTHORIZE, Decision
from ocpi.store import keys
from ocpi.store.keys import ObjectId
from ocpi.store.requests import Request
from ocpi.transport.validation import validated
from ocpi.types.chargingprofiles import ActiveChargingProfileResult, ChargingProfileResult, ClearProfileResult
from ocpi.types.commands import (
    CancelReservation,
    CommandResult,
    CommandType,
    ReserveNow,
    StartSession,
    StopSession,
    UnlockConnector,
)
from ocpi.types.versions import ModuleID

COMMANDS: dict[CommandType, type[BaseModel]] = {
    CommandType.CANCEL_RESERVATION: CancelReservation,
    CommandType.RESERVE_NOW: ReserveNow,
    CommandType.START_SESSION: StartSession,
    CommandType.STOP_SESSION: StopSession,
    CommandType.UNLOCK_CONNECTOR: UnlockConnector,
}
"""The body of each command (CMD-01)."""

SET, CLEAR, ACTIVE = "SET", "CLEAR", "ACTIVE"
"""The kinds of requests about a charging profile."""

_RESULTS: dict[str, type[BaseModel]] = {
    SET: ChargingProfileResult,
    CLEAR: ClearProfileResult,
    ACTIVE: ActiveChargingProfileResult,
    AUTHORIZE: Decision,
}


def check_result(request: Request, result: wire.JsonObject) -> None:
    """Whether `result` can be that of `request` (CMD-05, CHP-12, CHP-15, TOK-16).

    Raises:
        OcpiError: 2001 naming each wrong field by JSON Pointer.
    """
    validated(_RESULTS.get(request.kind, CommandResult), result)


def token_of(partner_id: str, token: wire.JsonObject) -> ObjectId:
    """Which Token of a partner a command carries."""
    uid = keys.typed_uid(str(token["uid"]), str(token["type"]))
    return ObjectId(partner_id, ModuleID.TOKENS, str(token["country_code"]), str(token["party_id"]), uid)
