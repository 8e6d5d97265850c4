"""ChargingProfiles module: limits on the current or power of a session over time (mod_charging_profiles.asciidoc)."""

from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from ocpi.types.primitives import DateTime, Integer, Number, OcpiModel, Url, ZeroOrMore


class ChargingRateUnit(StrEnum):
    """W is the total power, A the current per phase (CHP-22)."""

    W = "W"
    A = "A"


class ChargingProfileResponseType(StrEnum):
    """The immediate answer to a request about a profile."""

    ACCEPTED = "ACCEPTED"
    NOT_SUPPORTED = "NOT_SUPPORTED"
    REJECTED = "REJECTED"
    TOO_OFTEN = "TOO_OFTEN"
    UNKNOWN_SESSION = "UNKNOWN_SESSION"


class ChargingProfileResultType(StrEnum):
    """What the charge point made of it, told later (CHP-15)."""

    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    UNKNOWN = "UNKNOWN"


def _one_decimal(value: Decimal) -> Decimal:
    if value != round(value, 1):
        raise ValueError("must have at most one decimal")
    return value


Rate = Annotated[Number, Field(ge=0), AfterValidator(_one_decimal)]
"""A limit in the profile's unit with at most one decimal (CHP-23)."""


MAX_SECONDS = 366 * 24 * 3600
"""No profile is about more than a year."""


class ChargingProfilePeriod(OcpiModel):
    """From `start_period` seconds after the profile's start the limit holds, until the next period (CHP-24)."""

    start_period: Annotated[Integer, Field(ge=0, le=MAX_SECONDS)]
    limit: Rate


class ChargingProfile(OcpiModel):
    """Limits over time: absolute with `start_date_time`, else relative to the start of charging (CHP-25, CHP-26)."""

    start_date_time: DateTime | None = None
    duration: Annotated[Integer, Field(ge=0, le=MAX_SECONDS)] | None = None
    charging_rate_unit: ChargingRateUnit
    min_charging_rate: Rate | None = None
    charging_profile_period: ZeroOrMore[ChargingProfilePeriod] = []

    @model_validator(mode="after")
    def _periods_in_order(self) -> Self:
        starts = [period.start_period for period in self.charging_profile_period]
        if not starts or starts[0] != 0:
            raise ValueError("charging_profile_period must begin with a period whose start_period is 0")
        if any(later <= earlier for earlier, later in pairwise(starts)):
            raise ValueError("the start_period of charging_profile_period must rise from period to period")
        return self


class ActiveChargingProfile(OcpiModel):
    """What a charge point will do, as it calculated it at `start_date_time` (CHP-27)."""

    start_date_time: DateTime
    charging_profile: ChargingProfile

    @model_validator(mode="after")
    def _one_start(self) -> Self:
        if self.charging_profile.start_date_time not in (None, self.start_date_time):
            raise ValueError("charging_profile.start_date_time must be absent or equal start_date_time")
        return self


class SetChargingProfile(OcpiModel):
    """The request to put a profile on a session; the result goes to `response_url`."""

    charging_profile: ChargingProfile
    response_url: Url


class ChargingProfileResponse(OcpiModel):
    """The immediate answer; a result follows within `timeout` seconds if it is ACCEPTED (CHP-05)."""

    result: ChargingProfileResponseType
    timeout: Annotated[Integer, Field(ge=0)]


class ChargingProfileResult(OcpiModel):
    """The result of setting a profile."""

    result: ChargingProfileResultType


class ClearProfileResult(OcpiModel):
    """The result of clearing a profile."""

    result: ChargingProfileResultType


class ActiveChargingProfileResult(OcpiModel):
    """The result of asking for the active profile; it carries it when ACCEPTED."""

    result: ChargingProfileResultType
    profile: ActiveChargingProfile | None = None
