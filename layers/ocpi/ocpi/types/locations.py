"""Locations module: places to charge, their EVSEs and connectors (mod_locations.asciidoc)."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Annotated, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, Field, model_validator

from ocpi.types.business import BusinessDetails, Image, ImageCategory  # noqa: F401 - this module defines it
from ocpi.types.credentials import CredentialsRole
from ocpi.types.primitives import (
    Boolean,
    CiString36,
    CiText,
    CountryCode,
    DateTime,
    DisplayText,
    Integer,
    Number,
    OcpiModel,
    OneOrMore,
    PartyId,
    Text,
    Url,
    ZeroOrMore,
    same,
)
from ocpi.types.tokens import Token, TokenType


class Capability(StrEnum):
    """What an EVSE can do."""

    CHARGING_PROFILE_CAPABLE = "CHARGING_PROFILE_CAPABLE"
    CHARGING_PREFERENCES_CAPABLE = "CHARGING_PREFERENCES_CAPABLE"
    CHIP_CARD_SUPPORT = "CHIP_CARD_SUPPORT"
    CONTACTLESS_CARD_SUPPORT = "CONTACTLESS_CARD_SUPPORT"
    CREDIT_CARD_PAYABLE = "CREDIT_CARD_PAYABLE"
    DEBIT_CARD_PAYABLE = "DEBIT_CARD_PAYABLE"
    PED_TERMINAL = "PED_TERMINAL"
    REMOTE_START_STOP_CAPABLE = "REMOTE_START_STOP_CAPABLE"
    RESERVABLE = "RESERVABLE"
    RFID_READER = "RFID_READER"
    START_SESSION_CONNECTOR_REQUIRED = "START_SESSION_CONNECTOR_REQUIRED"
    TOKEN_GROUP_CAPABLE = "TOKEN_GROUP_CAPABLE"
    UNLOCK_CAPABLE = "UNLOCK_CAPABLE"


class ConnectorFormat(StrEnum):
    """Whether the EVSE has a socket or an attached cable."""

    SOCKET = "SOCKET"
    CABLE = "CABLE"


class ConnectorType(StrEnum):
    """The socket or plug standard."""

    CHADEMO = "CHADEMO"
    CHAOJI = "CHAOJI"
    DOMESTIC_A = "DOMESTIC_A"
    DOMESTIC_B = "DOMESTIC_B"
    DOMESTIC_C = "DOMESTIC_C"
    DOMESTIC_D = "DOMESTIC_D"
    DOMESTIC_E = "DOMESTIC_E"
    DOMESTIC_F = "DOMESTIC_F"
    DOMESTIC_G = "DOMESTIC_G"
    DOMESTIC_H = "DOMESTIC_H"
    DOMESTIC_I = "DOMESTIC_I"
    DOMESTIC_J = "DOMESTIC_J"
    DOMESTIC_K = "DOMESTIC_K"
    DOMESTIC_L = "DOMESTIC_L"
    DOMESTIC_M = "DOMESTIC_M"
    DOMESTIC_N = "DOMESTIC_N"
    DOMESTIC_O = "DOMESTIC_O"
    GBT_AC = "GBT_AC"
    GBT_DC = "GBT_DC"
    IEC_60309_2_SINGLE_16 = "IEC_60309_2_single_16"
    IEC_60309_2_THREE_16 = "IEC_60309_2_three_16"
    IEC_60309_2_THREE_32 = "IEC_60309_2_three_32"
    IEC_60309_2_THREE_64 = "IEC_60309_2_three_64"
    IEC_62196_T1 = "IEC_62196_T1"
    IEC_62196_T1_COMBO = "IEC_62196_T1_COMBO"
    IEC_62196_T2 = "IEC_62196_T2"
    IEC_62196_T2_COMBO = "IEC_62196_T2_COMBO"
    IEC_62196_T3A = "IEC_62196_T3A"
    IEC_62196_T3C = "IEC_62196_T3C"
    NEMA_5_20 = "NEMA_5_20"
    NEMA_6_30 = "NEMA_6_30"
    NEMA_6_50 = "NEMA_6_50"
    NEMA_10_30 = "NEMA_10_30"
    NEMA_10_50 = "NEMA_10_50"
    NEMA_14_30 = "NEMA_14_30"
    NEMA_14_50 = "NEMA_14_50"
    PANTOGRAPH_BOTTOM_UP = "PANTOGRAPH_BOTTOM_UP"
    PANTOGRAPH_TOP_DOWN = "PANTOGRAPH_TOP_DOWN"
    TESLA_R = "TESLA_R"
    TESLA_S = "TESLA_S"


class EnergySourceCategory(StrEnum):
    """Where energy comes from."""

    NUCLEAR = "NUCLEAR"
    GENERAL_FOSSIL = "GENERAL_FOSSIL"
    COAL = "COAL"
    GAS = "GAS"
    GENERAL_GREEN = "GENERAL_GREEN"
    SOLAR = "SOLAR"
    WIND = "WIND"
    WATER = "WATER"


class EnvironmentalImpactCategory(StrEnum):
    """What producing energy leaves behind."""

    NUCLEAR_WASTE = "NUCLEAR_WASTE"
    CARBON_DIOXIDE = "CARBON_DIOXIDE"


class Facility(StrEnum):
    """What is near a Location."""

    HOTEL = "HOTEL"
    RESTAURANT = "RESTAURANT"
    CAFE = "CAFE"
    MALL = "MALL"
    SUPERMARKET = "SUPERMARKET"
    SPORT = "SPORT"
    RECREATION_AREA = "RECREATION_AREA"
    NATURE = "NATURE"
    MUSEUM = "MUSEUM"
    BIKE_SHARING = "BIKE_SHARING"
    BUS_STOP = "BUS_STOP"
    TAXI_STAND = "TAXI_STAND"
    TRAM_STOP = "TRAM_STOP"
    METRO_STATION = "METRO_STATION"
    TRAIN_STATION = "TRAIN_STATION"
    AIRPORT = "AIRPORT"
    PARKING_LOT = "PARKING_LOT"
    CARPOOL_PARKING = "CARPOOL_PARKING"
    FUEL_STATION = "FUEL_STATION"
    WIFI = "WIFI"


class ParkingRestriction(StrEnum):
    """Who may park at an EVSE."""

    EV_ONLY = "EV_ONLY"
    PLUGGED = "PLUGGED"
    DISABLED = "DISABLED"
    CUSTOMERS = "CUSTOMERS"
    MOTORCYCLES = "MOTORCYCLES"


class ParkingType(StrEnum):
    """Where a Location's parking is."""

    ALONG_MOTORWAY = "ALONG_MOTORWAY"
    PARKING_GARAGE = "PARKING_GARAGE"
    PARKING_LOT = "PARKING_LOT"
    ON_DRIVEWAY = "ON_DRIVEWAY"
    ON_STREET = "ON_STREET"
    UNDERGROUND_GARAGE = "UNDERGROUND_GARAGE"


class PowerType(StrEnum):
    """Direct current, or alternating current on so many phases."""

    AC_1_PHASE = "AC_1_PHASE"
    AC_2_PHASE = "AC_2_PHASE"
    AC_2_PHASE_SPLIT = "AC_2_PHASE_SPLIT"
    AC_3_PHASE = "AC_3_PHASE"
    DC = "DC"


class Status(StrEnum):
    """The state of an EVSE."""

    AVAILABLE = "AVAILABLE"
    BLOCKED = "BLOCKED"
    CHARGING = "CHARGING"
    INOPERATIVE = "INOPERATIVE"
    OUTOFORDER = "OUTOFORDER"
    PLANNED = "PLANNED"
    REMOVED = "REMOVED"
    RESERVED = "RESERVED"
    UNKNOWN = "UNKNOWN"


Latitude = Annotated[Text, Field(max_length=10, pattern=r"^-?[0-9]{1,2}\.[0-9]{5,7}$")]
Longitude = Annotated[Text, Field(max_length=11, pattern=r"^-?[0-9]{1,3}\.[0-9]{5,7}$")]


Country = Annotated[Text, Field(max_length=3, pattern=r"^[A-Z]{3}$")]
"""ISO 3166-1 alpha-3, unlike country codes (LOC-27)."""


class GeoLocation(OcpiModel):
    """A point in WGS 84, as decimal strings (LOC-30)."""

    latitude: Latitude
    longitude: Longitude


class AdditionalGeoLocation(GeoLocation):
    """A further point that belongs to a Location, such as an entrance."""

    name: DisplayText | None = None


class EnergySource(OcpiModel):
    """The share of one source of energy, in per cent."""

    source: EnergySourceCategory
    percentage: Annotated[Number, Field(ge=0, le=100)]


class EnvironmentalImpact(OcpiModel):
    """What a kilowatt-hour leaves behind, in grams."""

    category: EnvironmentalImpactCategory
    amount: Number


class EnergyMix(OcpiModel):
    """Where the energy of a Location comes from (LOC-40)."""

    is_green_energy: Boolean
    energy_sources: ZeroOrMore[EnergySource] = []
    environ_impact: ZeroOrMore[EnvironmentalImpact] = []
    supplier_name: Annotated[Text, Field(max_length=64)] | None = None
    energy_product_name: Annotated[Text, Field(max_length=64)] | None = None


class ExceptionalPeriod(OcpiModel):
    """A stretch of time, in UTC, in which the regular hours do not hold."""

    period_begin: DateTime
    period_end: DateTime

    def covers(self, moment: datetime) -> bool:
        """Whether an aware `moment` lies in it; its end does not."""
        return self.period_begin <= moment < self.period_end


TimeOfDay = Annotated[Text, Field(max_length=5, pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class RegularHours(OcpiModel):
    """Opening hours on one weekday, in local time (LOC-38)."""

    weekday: Annotated[Integer, Field(ge=1, le=7)]
    period_begin: TimeOfDay
    period_end: TimeOfDay

    @model_validator(mode="after")
    def _ends_later(self) -> Self:
        if self.period_end <= self.period_begin:
            raise ValueError("period_end must be later than period_begin")
        return self

    def cover(self, local: datetime) -> bool:
        """Whether a moment of local time lies in them; their end does not."""
        return self.weekday == local.isoweekday() and self.period_begin <= f"{local:%H:%M}" < self.period_end


class Hours(OcpiModel):
    """When a Location is open (LOC-37)."""

    twentyfourseven: Boolean
    regular_hours: ZeroOrMore[RegularHours] = []
    exceptional_openings: ZeroOrMore[ExceptionalPeriod] = []
    exceptional_closings: ZeroOrMore[ExceptionalPeriod] = []

    @model_validator(mode="after")
    def _hours_given(self) -> Self:
        if not self.twentyfourseven and not self.regular_hours:
            raise ValueError("regular_hours needs at least one entry where twentyfourseven is false")
        return self

    def open_at(self, moment: datetime, time_zone: str) -> bool:
        """Whether the Location is open at an aware `moment` (LOC-39).

        Args:
            moment: any time; exceptional periods are told in UTC.
            time_zone: that of the Location, in which its regular hours are told.
        """
        if any(closing.covers(moment) for closing in self.exceptional_closings):
            return False
        if self.twentyfourseven or any(opening.covers(moment) for opening in self.exceptional_openings):
            return True
        local = moment.astimezone(ZoneInfo(time_zone))
        return any(hours.cover(local) for hours in self.regular_hours)


class StatusSchedule(OcpiModel):
    """A planned status of an EVSE."""

    period_begin: DateTime
    period_end: DateTime | None = None
    status: Status


class PublishTokenType(OcpiModel):
    """Whose token may see a Location that is not published (LOC-25)."""

    uid: CiString36 | None = None
    type: TokenType | None = None
    visual_number: Annotated[Text, Field(max_length=64)] | None = None
    issuer: Annotated[Text, Field(max_length=64)] | None = None
    group_id: CiString36 | None = None

    @model_validator(mode="after")
    def _token_named(self) -> Self:
        if self.uid is None and self.visual_number is None and self.group_id is None:
            raise ValueError("one of uid, visual_number and group_id is needed")
        if self.uid is not None and self.type is None:
            raise ValueError("type is needed with uid")
        if self.visual_number is not None and self.issuer is None:
            raise ValueError("issuer is needed with visual_number")
        return self

    def matches(self, token: Token) -> bool:
        """Whether the token has all that is given here (LOC-26)."""
        return (
            (self.uid is None or same(self.uid, token.uid))
            and self.type in (None, token.type)
            and self.visual_number in (None, token.visual_number)
            and self.issuer in (None, token.issuer)
            and (self.group_id is None or same(self.group_id, token.group_id or ""))
        )


class Connector(OcpiModel):
    """One socket or cable of an EVSE (LOC-32); `max_voltage` in V, line to neutral for AC_3_PHASE."""

    id: CiString36
    standard: ConnectorType
    format: ConnectorFormat
    power_type: PowerType
    max_voltage: Annotated[Integer, Field(ge=0)]
    max_amperage: Annotated[Integer, Field(ge=0)]
    max_electric_power: Annotated[Integer, Field(ge=0)] | None = None
    tariff_ids: ZeroOrMore[CiString36] = []
    terms_and_conditions: Url | None = None
    last_updated: DateTime


class EVSE(OcpiModel):
    """What charges one vehicle at a time (LOC-31)."""

    uid: CiString36
    evse_id: Annotated[CiText, Field(max_length=48)] | None = None
    status: Status
    status_schedule: ZeroOrMore[StatusSchedule] = []
    capabilities: ZeroOrMore[Capability] = []
    connectors: OneOrMore[Connector]
    floor_level: Annotated[Text, Field(max_length=4)] | None = None
    coordinates: GeoLocation | None = None
    physical_reference: Annotated[Text, Field(max_length=16)] | None = None
    directions: ZeroOrMore[DisplayText] = []
    parking_restrictions: ZeroOrMore[ParkingRestriction] = []
    images: ZeroOrMore[Image] = []
    last_updated: DateTime

    @model_validator(mode="after")
    def _connectors_differ(self) -> Self:
        _require_different("connectors", [connector.id for connector in self.connectors])
        return self


def _require_different(field: str, ids: list[str]) -> None:
    """Ids compare without regard to case (TYP-01, LOC-22, LOC-32)."""
    if len({id_.lower() for id_ in ids}) < len(ids):
        raise ValueError(f"{field} holds the same id twice")


_time_zones = cache(available_timezones)


def _time_zone(name: str) -> str:
    if name not in _time_zones():
        raise ValueError("must be an IANA time zone such as Europe/Amsterdam")
    return name


TimeZone = Annotated[Text, Field(max_length=255), AfterValidator(_time_zone)]
"""An IANA time zone (LOC-28)."""


class Location(OcpiModel):
    """A place with EVSEs, owned by one CPO (LOC-21 to LOC-28)."""

    country_code: CountryCode
    party_id: PartyId
    id: CiString36
    publish: Boolean
    publish_allowed_to: ZeroOrMore[PublishTokenType] = []
    name: Annotated[Text, Field(max_length=255)] | None = None
    address: Annotated[Text, Field(max_length=255)]
    city: Annotated[Text, Field(max_length=45)]
    postal_code: Annotated[Text, Field(max_length=10)] | None = None
    state: Annotated[Text, Field(max_length=45)] | None = None
    country: Country
    coordinates: GeoLocation
    related_locations: ZeroOrMore[AdditionalGeoLocation] = []
    parking_type: ParkingType | None = None
    evses: ZeroOrMore[EVSE] = []
    directions: ZeroOrMore[DisplayText] = []
    operator: BusinessDetails | None = None
    suboperator: BusinessDetails | None = None
    owner: BusinessDetails | None = None
    facilities: ZeroOrMore[Facility] = []
    time_zone: TimeZone
    opening_times: Hours | None = None
    charging_when_closed: Boolean | None = None
    images: ZeroOrMore[Image] = []
    energy_mix: EnergyMix | None = None
    last_updated: DateTime

    @model_validator(mode="after")
    def _hidden_from_all_but(self) -> Self:
        if self.publish and self.publish_allowed_to:
            raise ValueError("publish_allowed_to may only be given where publish is false")
        return self

    @model_validator(mode="after")
    def _evses_differ(self) -> Self:
        _require_different("evses", [evse.uid for evse in self.evses])
        return self

    def visible_to(self, token: Token | None) -> bool:
        """Whether an app may show it to the owner of `token`; None stands for everybody (LOC-23, LOC-26)."""
        return self.publish or (token is not None and any(entry.matches(token) for entry in self.publish_allowed_to))

    def operated_by(self, roles: Iterable[CredentialsRole]) -> BusinessDetails | None:
        """Who operates it: if it does not say so, its party as registered among the `roles` (LOC-29)."""
        if self.operator:
            return self.operator
        for role in roles:
            if same(role.country_code, self.country_code) and same(role.party_id, self.party_id):
                return role.business_details
        return None

    @property
    def charges_when_closed(self) -> bool:
        """Whether vehicles are charged outside the opening hours; if it does not say so, they are (LOC-29)."""
        return self.charging_when_closed is not False
