"""Tariffs module: what charging costs, and when (mod_tariffs.asciidoc)."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from ocpi.types.locations import EnergyMix, TimeOfDay
from ocpi.types.primitives import (
    CiString36,
    CountryCode,
    Currency,
    DateTime,
    DisplayText,
    Integer,
    Number,
    OcpiModel,
    OneOrMore,
    PartyId,
    Price,
    Text,
    Url,
    ZeroOrMore,
)


class DayOfWeek(StrEnum):
    """A weekday."""

    MONDAY = "MONDAY"
    TUESDAY = "TUESDAY"
    WEDNESDAY = "WEDNESDAY"
    THURSDAY = "THURSDAY"
    FRIDAY = "FRIDAY"
    SATURDAY = "SATURDAY"
    SUNDAY = "SUNDAY"


class ReservationRestrictionType(StrEnum):
    """Whether an element prices a reservation, or one that expired unused (TAR-29)."""

    RESERVATION = "RESERVATION"
    RESERVATION_EXPIRES = "RESERVATION_EXPIRES"


class TariffDimensionType(StrEnum):
    """What a price is for: ENERGY per kWh, TIME and PARKING_TIME per hour, FLAT per session."""

    ENERGY = "ENERGY"
    FLAT = "FLAT"
    PARKING_TIME = "PARKING_TIME"
    TIME = "TIME"


class TariffType(StrEnum):
    """The sessions that a tariff is for (TAR-14)."""

    AD_HOC_PAYMENT = "AD_HOC_PAYMENT"
    PROFILE_CHEAP = "PROFILE_CHEAP"
    PROFILE_FAST = "PROFILE_FAST"
    PROFILE_GREEN = "PROFILE_GREEN"
    REGULAR = "REGULAR"


class PriceComponent(OcpiModel):
    """A price excluding VAT; `vat` in per cent, `step_size` in Wh or seconds, without meaning for FLAT (TAR-30)."""

    type: TariffDimensionType
    price: Number
    vat: Annotated[Number, Field(ge=0)] | None = None
    step_size: Annotated[Integer, Field(ge=0)]


def _calendar_date(text: str) -> str:
    date.fromisoformat(text)
    return text


LocalDate = Annotated[
    Text, Field(max_length=10, pattern=r"^[12][0-9]{3}-[0-9]{2}-[0-9]{2}$"), AfterValidator(_calendar_date)
]
"""A date as YYYY-MM-DD in the time zone of the Location (TAR-23)."""


class TariffRestrictions(OcpiModel):
    """When an element holds: all of it at once (TAR-19); times and dates are local (TAR-21 to TAR-23)."""

    start_time: TimeOfDay | None = None
    end_time: TimeOfDay | None = None
    start_date: LocalDate | None = None
    end_date: LocalDate | None = None
    min_kwh: Number | None = None
    max_kwh: Number | None = None
    min_current: Number | None = None
    max_current: Number | None = None
    min_power: Number | None = None
    max_power: Number | None = None
    min_duration: Annotated[Integer, Field(ge=0)] | None = None
    max_duration: Annotated[Integer, Field(ge=0)] | None = None
    day_of_week: ZeroOrMore[DayOfWeek] = []
    reservation: ReservationRestrictionType | None = None


_RESERVATION_DIMENSIONS = frozenset({TariffDimensionType.FLAT, TariffDimensionType.TIME})


class TariffElement(OcpiModel):
    """Prices that hold under the same restrictions."""

    price_components: OneOrMore[PriceComponent]
    restrictions: TariffRestrictions | None = None

    @model_validator(mode="after")
    def _reservation_priced(self) -> Self:
        """What a reservation costs is FLAT and TIME only (TAR-28)."""
        if self.restrictions is None or self.restrictions.reservation is None:
            return self
        if any(component.type not in _RESERVATION_DIMENSIONS for component in self.price_components):
            raise ValueError("price_components of an element with a reservation restriction must be FLAT or TIME")
        return self


class Tariff(OcpiModel):
    """One tariff of one CPO; of its elements the first that matches counts, per dimension (TAR-08, TAR-09)."""

    country_code: CountryCode
    party_id: PartyId
    id: CiString36
    currency: Currency
    type: TariffType | None = None
    tariff_alt_text: ZeroOrMore[DisplayText] = []
    tariff_alt_url: Url | None = None
    min_price: Price | None = None
    max_price: Price | None = None
    elements: OneOrMore[TariffElement]
    start_date_time: DateTime | None = None
    end_date_time: DateTime | None = None
    energy_mix: EnergyMix | None = None
    last_updated: DateTime
