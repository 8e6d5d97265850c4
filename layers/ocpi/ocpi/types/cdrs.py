"""The parts of the CDRs module that Sessions use (mod_cdrs.asciidoc)."""

from enum import StrEnum

from ocpi.types.primitives import CiString2, CiString3, CiString36, DateTime, Number, OcpiModel, OneOrMore
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


class CdrDimension(OcpiModel):
    """One measured volume."""

    type: CdrDimensionType
    volume: Number


class ChargingPeriod(OcpiModel):
    """A stretch of a session; it ends where the next begins."""

    start_date_time: DateTime
    dimensions: OneOrMore[CdrDimension]
    tariff_id: CiString36 | None = None


class CdrToken(OcpiModel):
    """The token a session was started with."""

    country_code: CiString2
    party_id: CiString3
    uid: CiString36
    type: TokenType
    contract_id: CiString36
