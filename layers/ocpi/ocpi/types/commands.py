"""Commands module: what an eMSP asks of a charge point, and what came of it (mod_commands.asciidoc)."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from ocpi.types.primitives import CiString36, DateTime, DisplayText, Integer, OcpiModel, Url, ZeroOrMore
from ocpi.types.tokens import Token


class CommandType(StrEnum):
    """The commands, as they stand in the URL."""

    CANCEL_RESERVATION = "CANCEL_RESERVATION"
    RESERVE_NOW = "RESERVE_NOW"
    START_SESSION = "START_SESSION"
    STOP_SESSION = "STOP_SESSION"
    UNLOCK_CONNECTOR = "UNLOCK_CONNECTOR"


class CommandResponseType(StrEnum):
    """The CPO's immediate answer."""

    NOT_SUPPORTED = "NOT_SUPPORTED"
    REJECTED = "REJECTED"
    ACCEPTED = "ACCEPTED"
    UNKNOWN_SESSION = "UNKNOWN_SESSION"


class CommandResultType(StrEnum):
    """What the charge point made of it, told later."""

    ACCEPTED = "ACCEPTED"
    CANCELED_RESERVATION = "CANCELED_RESERVATION"
    EVSE_OCCUPIED = "EVSE_OCCUPIED"
    EVSE_INOPERATIVE = "EVSE_INOPERATIVE"
    FAILED = "FAILED"
    NOT_SUPPORTED = "NOT_SUPPORTED"
    REJECTED = "REJECTED"
    TIMEOUT = "TIMEOUT"
    UNKNOWN_RESERVATION = "UNKNOWN_RESERVATION"


class CancelReservation(OcpiModel):
    """Give up a reservation (CMD-26)."""

    response_url: Url
    reservation_id: CiString36


class ReserveNow(OcpiModel):
    """Reserve a Location, or one EVSE of it, until `expiry_date` (CMD-21)."""

    response_url: Url
    token: Token
    expiry_date: DateTime
    reservation_id: CiString36
    location_id: CiString36
    evse_uid: CiString36 | None = None
    authorization_reference: CiString36 | None = None


class StartSession(OcpiModel):
    """Start to charge with a token (CMD-13, CMD-14)."""

    response_url: Url
    token: Token
    location_id: CiString36
    evse_uid: CiString36 | None = None
    connector_id: CiString36 | None = None
    authorization_reference: CiString36 | None = None

    @model_validator(mode="after")
    def _connector_of_an_evse(self) -> Self:
        if self.connector_id is not None and self.evse_uid is None:
            raise ValueError("evse_uid is needed with connector_id")
        return self


class StopSession(OcpiModel):
    """Stop a session (CMD-27)."""

    response_url: Url
    session_id: CiString36


class UnlockConnector(OcpiModel):
    """Unlock a connector, for the help desk (CMD-28)."""

    response_url: Url
    location_id: CiString36
    evse_uid: CiString36
    connector_id: CiString36


class CommandResponse(OcpiModel):
    """The immediate answer; a result follows within `timeout` seconds if it is ACCEPTED."""

    result: CommandResponseType
    timeout: Annotated[Integer, Field(ge=0)]
    message: ZeroOrMore[DisplayText] = []


class CommandResult(OcpiModel):
    """What came of a command."""

    result: CommandResultType
    message: ZeroOrMore[DisplayText] = []
