"""CDRs module: what a charging session cost, once and for all (mod_cdrs.asciidoc)."""

from itertools import pairwise
from typing import Annotated, Self

from pydantic import Field, model_validator

from ocpi.types.locations import ConnectorFormat, ConnectorType, Country, GeoLocation, PowerType
from ocpi.types.periods import AuthMethod, CdrDimension, CdrDimensionType, CdrToken, ChargingPeriod
from ocpi.types.primitives import (
    Boolean,
    CiString36,
    CiString39,
    CiText,
    CountryCode,
    Currency,
    DateTime,
    Integer,
    Number,
    OcpiModel,
    OneOrMore,
    PartyId,
    Price,
    Text,
    ZeroOrMore,
    same,
)
from ocpi.types.tariffs import Tariff

__all__ = [
    "CDR",
    "SENT_ADDRESS_LENGTH",
    "SENT_STATE_LENGTH",
    "SESSION_ONLY",
    "AuthMethod",
    "CdrDimension",
    "CdrDimensionType",
    "CdrLocation",
    "CdrToken",
    "ChargingPeriod",
    "SignedData",
    "SignedValue",
]

SESSION_ONLY = frozenset(
    {
        CdrDimensionType.CURRENT,
        CdrDimensionType.ENERGY_EXPORT,
        CdrDimensionType.ENERGY_IMPORT,
        CdrDimensionType.POWER,
        CdrDimensionType.STATE_OF_CHARGE,
    }
)
"""What a Session may show, and a CDR never has (CDR-25)."""

SENT_ADDRESS_LENGTH = 45
SENT_STATE_LENGTH = 20
"""What the specification allows in a CDR (CDR-20). A Location's may be longer, and a CPO that copies them is heard."""


class CdrLocation(OcpiModel):
    """The EVSE and connector that were used, as they were then (CDR-17, CDR-18).

    It takes an address and a state as long as in a Location; what is sent is :meth:`shortened`.
    """

    id: CiString36
    name: Annotated[Text, Field(max_length=255)] | None = None
    address: Annotated[Text, Field(max_length=255)]
    city: Annotated[Text, Field(max_length=45)]
    postal_code: Annotated[Text, Field(max_length=10)] | None = None
    state: Annotated[Text, Field(max_length=45)] | None = None
    country: Country
    coordinates: GeoLocation
    evse_uid: CiString36
    evse_id: Annotated[CiText, Field(max_length=48)]
    connector_id: CiString36
    connector_standard: ConnectorType
    connector_format: ConnectorFormat
    connector_power_type: PowerType

    def shortened(self) -> Self:
        """The same with address and state cut to the lengths of the specification, as CDRs are sent (CDR-20)."""
        state = self.state and self.state[:SENT_STATE_LENGTH]
        return self.model_copy(update={"address": self.address[:SENT_ADDRESS_LENGTH], "state": state})


class SignedValue(OcpiModel):
    """One meter value, and its signature."""

    nature: Annotated[CiText, Field(max_length=32)]
    plain_data: Annotated[Text, Field(max_length=5000)]
    signed_data: Annotated[Text, Field(max_length=5000)]


class SignedData(OcpiModel):
    """Signed meter values for a driver to check (CDR-36)."""

    encoding_method: CiString36
    encoding_method_version: Integer | None = None
    public_key: Annotated[Text, Field(max_length=512)] | None = None
    signed_values: OneOrMore[SignedValue]
    url: Annotated[Text, Field(max_length=512)] | None = None


class CDR(OcpiModel):
    """What one session cost (CDR-13); `total_energy` in kWh, times in hours, costs in `currency`."""

    country_code: CountryCode
    party_id: PartyId
    id: CiString39
    start_date_time: DateTime
    end_date_time: DateTime
    session_id: CiString36 | None = None
    cdr_token: CdrToken
    auth_method: AuthMethod
    authorization_reference: CiString36 | None = None
    cdr_location: CdrLocation
    meter_id: Annotated[Text, Field(max_length=255)] | None = None
    currency: Currency
    tariffs: ZeroOrMore[Tariff] = []
    charging_periods: OneOrMore[ChargingPeriod]
    signed_data: SignedData | None = None
    total_cost: Price
    total_fixed_cost: Price | None = None
    total_energy: Number
    total_energy_cost: Price | None = None
    total_time: Annotated[Number, Field(ge=0)]
    total_time_cost: Price | None = None
    total_parking_time: Annotated[Number, Field(ge=0)] | None = None
    total_parking_cost: Price | None = None
    total_reservation_cost: Price | None = None
    remark: Annotated[Text, Field(max_length=255)] | None = None
    invoice_reference_id: CiString39 | None = None
    credit: Boolean | None = None
    credit_reference_id: CiString39 | None = None
    home_charging_compensation: Boolean | None = None
    last_updated: DateTime

    @model_validator(mode="after")
    def _credit_named(self) -> Self:
        """A credit CDR names the CDR it credits, and only it has a long id (CDR-08, CDR-10 to CDR-12)."""
        if self.credit and self.credit_reference_id is None:
            raise ValueError("credit_reference_id is needed where credit is true")
        if self.credit_reference_id is not None and not self.credit:
            raise ValueError("credit_reference_id is only for a credit CDR, where credit is true")
        if self.credit_reference_id is not None and same(self.id, self.credit_reference_id):
            raise ValueError("id must differ from credit_reference_id, the id of the CDR that is credited")
        if not self.credit and len(self.id) > 36:
            raise ValueError("id must have at most 36 characters, except in a credit CDR")
        return self

    @model_validator(mode="after")
    def _periods_in_order(self) -> Self:
        """No period ends before it begins (CDR-23)."""
        moments = [
            self.start_date_time,
            *(period.start_date_time for period in self.charging_periods),
            self.end_date_time,
        ]
        if any(later < earlier for earlier, later in pairwise(moments)):
            raise ValueError(
                "charging_periods must be ordered by start_date_time, within start_date_time and end_date_time"
            )
        return self

    @model_validator(mode="after")
    def _dimensions_of_a_cdr(self) -> Self:
        """The state of charge and momentary values are for Sessions (CDR-25)."""
        for period in self.charging_periods:
            for dimension in period.dimensions:
                if dimension.type in SESSION_ONLY:
                    raise ValueError(f"charging_periods has the dimension {dimension.type}, which is only for Sessions")
        return self
