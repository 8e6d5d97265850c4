"""Sessions module: charging sessions and what drivers want of them (mod_sessions.asciidoc)."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from ocpi.types.cdrs import AuthMethod, CdrToken, ChargingPeriod
from ocpi.types.primitives import (
    Boolean,
    CiString2,
    CiString3,
    CiString36,
    DateTime,
    Number,
    OcpiModel,
    Price,
    Text,
    ZeroOrMore,
)


class SessionStatus(StrEnum):
    """The state of a session; COMPLETED is final (SES-21)."""

    ACTIVE = "ACTIVE"
    COMPLETED = "COMPLETED"
    INVALID = "INVALID"
    PENDING = "PENDING"
    RESERVATION = "RESERVATION"


class ProfileType(StrEnum):
    """How a driver wants to charge."""

    CHEAP = "CHEAP"
    FAST = "FAST"
    GREEN = "GREEN"
    REGULAR = "REGULAR"


class ChargingPreferences(OcpiModel):
    """What a driver wants: when to leave, and the energy needed in kWh (SES-07)."""

    profile_type: ProfileType
    departure_time: DateTime | None = None
    energy_need: Annotated[Number, Field(ge=0)] | None = None
    discharge_allowed: Boolean | None = None


class Session(OcpiModel):
    """One charging session of one CPO (SES-20); `kwh` is the energy so far."""

    country_code: CiString2
    party_id: CiString3
    id: CiString36
    start_date_time: DateTime
    end_date_time: DateTime | None = None
    kwh: Annotated[Number, Field(ge=0)]
    cdr_token: CdrToken
    auth_method: AuthMethod
    authorization_reference: CiString36 | None = None
    location_id: CiString36
    evse_uid: CiString36
    connector_id: CiString36
    meter_id: Annotated[Text, Field(max_length=255)] | None = None
    currency: Annotated[Text, Field(min_length=3, max_length=3)]
    charging_periods: ZeroOrMore[ChargingPeriod] = []
    total_cost: Price | None = None
    status: SessionStatus
    last_updated: DateTime
