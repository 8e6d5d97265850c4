"""What Sessions and CDRs both tell of charging (mod_cdrs.asciidoc); apart, so that Sessions load without the rest."""

from enum import StrEnum
from typing import Self

from pydantic import model_validator

from ocpi.types.primitives import CiString36, CountryCode, DateTime, Number, OcpiModel, OneOrMore, PartyId
from ocpi.types.tokens import TokenType


class AuthMethod(StrEnum):
    """How a session was authorised."""

    AUTH_REQUEST = "AUTH_REQUEST"
    COMMAND = "COMMAND"
    WHITELIST = "WHITELIST"


class CdrDimensionType(StrEnum):
    """What a volume measures; ENERGY in kWh, CURRENT in A, POWER in kW, TIME in hours."""

    CURRENT = "CURRENT"
    ENERGY = "ENERGY"
    ENERGY_EXPORT = "ENERGY_EXPORT"
    ENERGY_IMPORT = "ENERGY_IMPORT"
    MAX_CURRENT = "MAX_CURRENT"
    MIN_CURRENT = "MIN_CURRENT"
    MAX_POWER = "MAX_POWER"
    MIN_POWER = "MIN_POWER"
    PARKING_TIME = "PARKING_TIME"
    POWER = "POWER"
    RESERVATION_TIME = "RESERVATION_TIME"
    STATE_OF_CHARGE = "STATE_OF_CHARGE"
    TIME = "TIME"


_TIMES = frozenset({CdrDimensionType.PARKING_TIME, CdrDimensionType.RESERVATION_TIME, CdrDimensionType.TIME})


class CdrDimension(OcpiModel):
    """One measured volume (CDR-26); energy, current and power are negative while a vehicle feeds the grid."""

    type: CdrDimensionType
    volume: Number

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.type in _TIMES and self.volume < 0:
            raise ValueError(f"volume must not be negative where type is {self.type}")
        if self.type == CdrDimensionType.STATE_OF_CHARGE and not 0 <= self.volume <= 100:
            raise ValueError("volume must be 0 to 100 where type is STATE_OF_CHARGE")
        return self


class ChargingPeriod(OcpiModel):
    """A stretch of a session; it ends where the next begins (CDR-23)."""

    start_date_time: DateTime
    dimensions: OneOrMore[CdrDimension]
    tariff_id: CiString36 | None = None


class CdrToken(OcpiModel):
    """The token a session was started with (CDR-15)."""

    country_code: CountryCode
    party_id: PartyId
    uid: CiString36
    type: TokenType
    contract_id: CiString36
