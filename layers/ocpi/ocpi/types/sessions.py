"""Sessions module: charging sessions and what drivers want of them (mod_sessions.asciidoc)."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from ocpi.types.periods import AuthMethod, CdrToken, ChargingPeriod
from ocpi.types.primitives import (
    Boolean,
    CiString36,
    CountryCode,
    Currency,
    DateTime,
    Number,
    OcpiModel,
    PartyId,
    Price,
    Text,
    ZeroOrMore,
)
from ocpi.types.tokens import ProfileType

__all__ = [
    "NOT_AVAILABLE",
    "ChargingPreferences",
    "ChargingPreferencesResponse",
    "ProfileType",
    "Session",
    "SessionStatus",
]


class SessionStatus(StrEnum):
    """The state of a session; COMPLETED is final (SES-21)."""

    ACTIVE = "ACTIVE"
    COMPLETED = "COMPLETED"
    INVALID = "INVALID"
    PENDING = "PENDING"
    RESERVATION = "RESERVATION"


class ChargingPreferencesResponse(StrEnum):
    """Whether a driver's preferences can be met, or what is missing (SES-06)."""

    ACCEPTED = "ACCEPTED"
    DEPARTURE_REQUIRED = "DEPARTURE_REQUIRED"
    ENERGY_NEED_REQUIRED = "ENERGY_NEED_REQUIRED"
    NOT_POSSIBLE = "NOT_POSSIBLE"
    PROFILE_TYPE_NOT_SUPPORTED = "PROFILE_TYPE_NOT_SUPPORTED"


class ChargingPreferences(OcpiModel):
    """What a driver wants: when to leave, and the energy needed in kWh (SES-07)."""

    profile_type: ProfileType
    departure_time: DateTime | None = None
    energy_need: Annotated[Number, Field(ge=0)] | None = None
    discharge_allowed: Boolean | None = None


NOT_AVAILABLE = "#NA"
"""Stands for the EVSE and connector of a reservation to which none is assigned yet (SES-26)."""


class Session(OcpiModel):
    """One charging session of one CPO (SES-20); `kwh` is the energy so far."""

    country_code: CountryCode
    party_id: PartyId
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
    currency: Currency
    charging_periods: ZeroOrMore[ChargingPeriod] = []
    total_cost: Price | None = None
    status: SessionStatus
    last_updated: DateTime

    @model_validator(mode="after")
    def _charges_somewhere(self) -> Self:
        """Other states than ACTIVE may be those of a reservation."""
        if self.status == SessionStatus.ACTIVE and NOT_AVAILABLE in (self.evse_uid.upper(), self.connector_id.upper()):
            raise ValueError("evse_uid and connector_id may be #NA only in a reservation, not where status is ACTIVE")
        return self
