"""Rules about several fields of one object, and about formats."""

from typing import Any

import pytest
from pydantic import BaseModel

from ocpi import wire
from ocpi.transport.status import OcpiError, StatusCode
from ocpi.transport.validation import validated
from ocpi.types.cdrs import CDR, SENT_ADDRESS_LENGTH, SENT_STATE_LENGTH, CdrDimension, CdrLocation
from ocpi.types.chargingprofiles import ActiveChargingProfile, ChargingProfile
from ocpi.types.commands import StartSession
from ocpi.types.credentials import Credentials
from ocpi.types.hubclientinfo import ClientInfo
from ocpi.types.locations import EVSE, EnergyMix, GeoLocation, Hours, Location, PublishTokenType, RegularHours
from ocpi.types.primitives import DisplayText
from ocpi.types.sessions import Session
from ocpi.types.tariffs import PriceComponent, TariffElement, TariffRestrictions
from ocpi.types.tokens import Token
from tests.objects import CONNECTOR, LOCATION, SESSION, without
from tests.objects import EVSE as AN_EVSE

TOKEN: dict[str, Any] = SESSION["cdr_token"] | {
    "issuer": "TNM",
    "valid": True,
    "whitelist": "ALWAYS",
    "last_updated": "2026-11-22T08:00:00Z",
}
CDR_LOCATION: dict[str, Any] = {
    "id": "L1",
    "address": "Stationsplein 1",
    "city": "Utrecht",
    "country": "NLD",
    "coordinates": LOCATION["coordinates"],
    "evse_uid": "E1",
    "evse_id": "NL*SIM*E1",
    "connector_id": "1",
    "connector_standard": "IEC_62196_T2",
    "connector_format": "SOCKET",
    "connector_power_type": "AC_3_PHASE",
}
A_CDR: dict[str, Any] = {
    "country_code": "NL",
    "party_id": "SIM",
    "id": "C2",
    "start_date_time": "2026-11-22T08:00:00Z",
    "end_date_time": "2026-11-22T10:00:00Z",
    "cdr_token": SESSION["cdr_token"],
    "auth_method": "WHITELIST",
    "cdr_location": CDR_LOCATION,
    "currency": "EUR",
    "charging_periods": [
        {"start_date_time": "2026-11-22T08:00:00Z", "dimensions": [{"type": "TIME", "volume": 1}]},
        {"start_date_time": "2026-11-22T09:00:00Z", "dimensions": [{"type": "ENERGY", "volume": 7.5}]},
    ],
    "total_cost": {"excl_vat": 2.5},
    "total_energy": 7.5,
    "total_time": 2,
    "last_updated": "2026-11-22T10:00:00Z",
}
CREDIT = {"credit": True, "credit_reference_id": "C1"}
CREDENTIALS_ROLE = {"role": "CPO", "country_code": "NL", "party_id": "SIM", "business_details": {"name": "Sim"}}
CREDENTIALS: dict[str, Any] = {
    "token": "a-token",
    "url": "https://example.com/ocpi/versions",
    "roles": [CREDENTIALS_ROLE],
}
START_SESSION: dict[str, Any] = {"response_url": "https://example.com/r", "token": TOKEN, "location_id": "L1"}


def refusal(model: type[BaseModel], document: object) -> str:
    """Why `document` is refused, with 2001."""
    with pytest.raises(OcpiError) as refused:
        validated(model, document)
    assert refused.value.status_code == StatusCode.INVALID_PARAMETERS
    return refused.value.message


@pytest.mark.requirement("TYP-14")
def test_a_text_to_show_has_no_markup() -> None:
    assert validated(DisplayText, {"language": "en", "text": "1 < 2 & 3 > 2, <3"}).text == "1 < 2 & 3 > 2, <3"
    for text in ("<b>now</b>", "a<br>b", "a<br/>b", "<!-- a -->", "</P>"):
        assert "/text: " in refusal(DisplayText, {"language": "en", "text": text})
    for language in ("e", "12", "e1"):
        assert "/language: " in refusal(DisplayText, {"language": language, "text": "now"})


@pytest.mark.requirement("CRE-25")
def test_a_role_of_a_party_is_listed_once_whatever_its_case() -> None:
    twice = [CREDENTIALS_ROLE, CREDENTIALS_ROLE | {"party_id": "sim"}]
    assert "twice" in refusal(Credentials, CREDENTIALS | {"roles": twice})
    validated(Credentials, CREDENTIALS | {"roles": [CREDENTIALS_ROLE, CREDENTIALS_ROLE | {"role": "EMSP"}]})


@pytest.mark.requirement("CRE-22")
def test_a_credentials_token_is_printable_ascii_without_spaces() -> None:
    validated(Credentials, CREDENTIALS | {"token": "!~"})
    for token in ("", "a b", "ä", "a\n", "t" * 65):
        assert "/token: " in refusal(Credentials, CREDENTIALS | {"token": token})


@pytest.mark.requirement("LOC-24")
def test_only_a_hidden_location_says_who_may_see_it() -> None:
    owners = {"publish_allowed_to": [{"group_id": "G1"}]}
    validated(Location, LOCATION | owners | {"publish": False})
    validated(Location, LOCATION | {"publish": True, "publish_allowed_to": []})
    assert "publish_allowed_to" in refusal(Location, LOCATION | owners | {"publish": True})


@pytest.mark.requirement("LOC-25")
def test_a_location_is_shown_to_tokens_that_are_named_completely() -> None:
    for named in ({"group_id": "G"}, {"uid": "1", "type": "RFID"}, {"visual_number": "1", "issuer": "TNM"}):
        validated(PublishTokenType, named)
    assert "one of uid, visual_number and group_id" in refusal(PublishTokenType, {"type": "RFID", "issuer": "TNM"})
    assert "type is needed" in refusal(PublishTokenType, {"uid": "1"})
    assert "issuer is needed" in refusal(PublishTokenType, {"visual_number": "1"})


@pytest.mark.requirement("LOC-27")
def test_a_country_has_three_letters_and_a_country_code_two() -> None:
    for country in ("NL", "nld", "N1D"):
        assert "/country: " in refusal(Location, LOCATION | {"country": country})
    for code in ("N", "NLD", "N1"):
        assert "/country_code: " in refusal(Location, LOCATION | {"country_code": code})
    validated(Location, LOCATION | {"country_code": "nl"})


@pytest.mark.requirement("LOC-28")
def test_a_time_zone_is_one_of_the_iana_database() -> None:
    for zone in ("Europe/Utrecht", "CET+1", "europe/amsterdam", "../etc/passwd", "Europe", ""):
        assert "/time_zone: " in refusal(Location, LOCATION | {"time_zone": zone})
    assert "/time_zone: " in refusal(Location, without(LOCATION, "time_zone"))


@pytest.mark.requirement("LOC-30")
def test_coordinates_are_strings_with_five_to_seven_decimals() -> None:
    right = {"latitude": "-8.12345", "longitude": "-104.123456"}
    validated(GeoLocation, right)
    for latitude in (52.0895, "52.0895", "52.08950123", "052.08950", "52,08950", "+2.08950", "52.08950 "):
        assert "/latitude: " in refusal(GeoLocation, right | {"latitude": latitude})
    for longitude in (5.1099, "5.1099", "5.10990123", "1005.10990", ".10990"):
        assert "/longitude: " in refusal(GeoLocation, right | {"longitude": longitude})


@pytest.mark.requirement("LOC-32")
def test_a_connector_id_is_unique_within_its_evse_whatever_its_case() -> None:
    validated(EVSE, AN_EVSE | {"connectors": [CONNECTOR | {"id": "a"}, CONNECTOR | {"id": "b"}]})
    assert "connectors" in refusal(EVSE, AN_EVSE | {"connectors": [CONNECTOR | {"id": "a"}, CONNECTOR | {"id": "A"}]})


def test_an_evse_uid_is_unique_within_its_location_whatever_its_case() -> None:
    assert "evses" in refusal(Location, LOCATION | {"evses": [AN_EVSE, AN_EVSE | {"uid": "e1"}]})


@pytest.mark.requirement("LOC-37")
def test_a_location_that_closes_has_opening_hours() -> None:
    hours = [{"weekday": 1, "period_begin": "08:00", "period_end": "18:00"}]
    validated(Hours, {"twentyfourseven": True})
    validated(Hours, {"twentyfourseven": False, "regular_hours": hours})
    assert "regular_hours" in refusal(Hours, {"twentyfourseven": False})
    assert "regular_hours" in refusal(Hours, {"twentyfourseven": False, "regular_hours": []})


@pytest.mark.requirement("LOC-38")
def test_opening_hours_are_of_a_weekday_and_end_after_they_begin() -> None:
    right = {"weekday": 7, "period_begin": "08:00", "period_end": "18:00"}
    validated(RegularHours, right)
    for weekday in (0, 8):
        assert "/weekday: " in refusal(RegularHours, right | {"weekday": weekday})
    for time in ("8:00", "24:00", "08:60", "0800", "08:00:00"):
        assert "/period_begin: " in refusal(RegularHours, right | {"period_begin": time})
        assert "/period_end: " in refusal(RegularHours, right | {"period_end": time})
    for end in ("08:00", "07:59", "00:00"):
        assert "period_end must be later" in refusal(RegularHours, right | {"period_end": end})


def test_a_share_of_energy_is_a_percentage() -> None:
    for percentage in (-0.1, 100.1):
        mix = {"is_green_energy": True, "energy_sources": [{"source": "WIND", "percentage": percentage}]}
        assert "/energy_sources/0/percentage: " in refusal(EnergyMix, mix)


@pytest.mark.requirement("SES-26")
def test_only_a_reservation_is_without_evse_and_connector() -> None:
    unassigned = SESSION | {"evse_uid": "#NA", "connector_id": "#NA"}
    for status in ("RESERVATION", "PENDING", "COMPLETED", "INVALID"):
        validated(Session, unassigned | {"status": status})
    assert "#NA" in refusal(Session, unassigned | {"status": "ACTIVE"})
    assert "#NA" in refusal(Session, SESSION | {"connector_id": "#na", "status": "ACTIVE"})


@pytest.mark.requirement("CDR-08", "CDR-10", "CDR-11")
def test_a_credit_cdr_names_another_cdr_and_only_it_does() -> None:
    validated(CDR, A_CDR | CREDIT)
    assert "credit_reference_id is needed" in refusal(CDR, A_CDR | {"credit": True})
    assert "only for a credit CDR" in refusal(CDR, A_CDR | {"credit": False, "credit_reference_id": "C1"})
    assert "only for a credit CDR" in refusal(CDR, A_CDR | {"credit_reference_id": "C1"})
    assert "id must differ" in refusal(CDR, A_CDR | CREDIT | {"id": "c1"})


@pytest.mark.requirement("CDR-12")
def test_only_the_id_of_a_credit_cdr_has_more_than_36_characters() -> None:
    validated(CDR, A_CDR | {"id": "x" * 36})
    validated(CDR, A_CDR | CREDIT | {"id": "x" * 39})
    assert "at most 36" in refusal(CDR, A_CDR | {"id": "x" * 37})
    assert "at most 36" in refusal(CDR, A_CDR | {"id": "x" * 37, "credit": False})
    assert "/id: " in refusal(CDR, A_CDR | CREDIT | {"id": "x" * 40})


@pytest.mark.requirement("CDR-20")
def test_the_address_in_a_cdr_is_taken_as_a_location_has_it_and_sent_as_a_cdr_may_have_it() -> None:
    location = validated(CdrLocation, CDR_LOCATION | {"address": "a" * 255, "state": "s" * 45})
    sent = location.shortened()
    assert (len(sent.address), len(sent.state or "")) == (SENT_ADDRESS_LENGTH, SENT_STATE_LENGTH) == (45, 20)
    validated(CdrLocation, wire.loads(wire.dumps(sent)))
    short = validated(CdrLocation, CDR_LOCATION)
    assert short.shortened() == short
    assert "/address: " in refusal(CdrLocation, CDR_LOCATION | {"address": "a" * 256})
    assert "/evse_id: " in refusal(CdrLocation, without(CDR_LOCATION, "evse_id"))


@pytest.mark.requirement("CDR-23")
def test_the_periods_of_a_cdr_follow_each_other_within_the_session() -> None:
    first, second = A_CDR["charging_periods"]
    validated(CDR, A_CDR)
    assert "ordered" in refusal(CDR, A_CDR | {"charging_periods": [second, first]})
    assert "ordered" in refusal(CDR, A_CDR | {"start_date_time": "2026-11-22T08:00:01Z"})
    assert "ordered" in refusal(CDR, A_CDR | {"end_date_time": "2026-11-22T08:59:59Z"})
    assert "/charging_periods/0/dimensions: " in refusal(
        CDR, A_CDR | {"charging_periods": [first | {"dimensions": []}]}
    )


@pytest.mark.requirement("CDR-25")
@pytest.mark.parametrize("dimension", ["CURRENT", "ENERGY_EXPORT", "ENERGY_IMPORT", "POWER", "STATE_OF_CHARGE"])
def test_a_dimension_of_sessions_is_in_no_cdr(dimension: str) -> None:
    period = A_CDR["charging_periods"][0] | {"dimensions": [{"type": dimension, "volume": 1}]}
    validated(Session, SESSION | {"charging_periods": [period]})
    assert dimension in refusal(CDR, A_CDR | {"charging_periods": [period]})


@pytest.mark.requirement("CDR-26")
def test_a_volume_is_possible_in_its_unit() -> None:
    for type_, volume in (("STATE_OF_CHARGE", 100), ("ENERGY", -1.5), ("MIN_CURRENT", -6), ("MIN_POWER", -3)):
        validated(CdrDimension, {"type": type_, "volume": volume})
    for type_, volume in (("STATE_OF_CHARGE", 100.1), ("STATE_OF_CHARGE", -1), ("TIME", -0.1), ("PARKING_TIME", -1)):
        assert type_ in refusal(CdrDimension, {"type": type_, "volume": volume})


@pytest.mark.requirement("TAR-22")
def test_the_time_of_a_restriction_has_leading_zeros() -> None:
    wrapping = validated(TariffRestrictions, {"start_time": "22:00", "end_time": "00:00"})
    assert (wrapping.start_time, wrapping.end_time) == ("22:00", "00:00")
    for time in ("7:00", "24:00", "12:60", "12:00:00", "noon!"):
        assert "/start_time: " in refusal(TariffRestrictions, {"start_time": time})
        assert "/end_time: " in refusal(TariffRestrictions, {"end_time": time})


@pytest.mark.requirement("TAR-23")
def test_the_date_of_a_restriction_is_in_the_calendar() -> None:
    validated(TariffRestrictions, {"start_date": "2028-02-29", "end_date": "2028-03-01"})
    for date in ("2026-02-29", "2026-13-01", "26-01-01", "2026-1-1", "20260101", "01-01-2026"):
        assert "/start_date: " in refusal(TariffRestrictions, {"start_date": date})
        assert "/end_date: " in refusal(TariffRestrictions, {"end_date": date})


@pytest.mark.requirement("TAR-28")
@pytest.mark.parametrize("reservation", ["RESERVATION", "RESERVATION_EXPIRES"])
def test_a_reservation_costs_by_time_or_once(reservation: str) -> None:
    def element(dimension: str) -> dict[str, object]:
        component = {"type": dimension, "price": 1, "step_size": 1}
        return {"price_components": [component], "restrictions": {"reservation": reservation}}

    for dimension in ("FLAT", "TIME"):
        validated(TariffElement, element(dimension))
    for dimension in ("ENERGY", "PARKING_TIME"):
        assert "must be FLAT or TIME" in refusal(TariffElement, element(dimension))
        validated(TariffElement, without(element(dimension), "restrictions"))


@pytest.mark.requirement("TAR-32")
def test_no_vat_is_not_a_vat_of_zero() -> None:
    component = {"type": "FLAT", "price": 1, "step_size": 0}
    assert validated(PriceComponent, component).vat is None
    assert validated(PriceComponent, component | {"vat": 0}).vat == 0


@pytest.mark.requirement("TOK-22")
def test_a_token_that_is_not_valid_is_still_a_token() -> None:
    assert not validated(Token, TOKEN | {"valid": False, "whitelist": "ALWAYS"}).valid


@pytest.mark.requirement("CMD-14")
def test_a_connector_is_asked_for_together_with_its_evse() -> None:
    validated(StartSession, START_SESSION)
    validated(StartSession, START_SESSION | {"evse_uid": "E1"})
    validated(StartSession, START_SESSION | {"evse_uid": "E1", "connector_id": "1"})
    assert "evse_uid is needed" in refusal(StartSession, START_SESSION | {"connector_id": "1"})


@pytest.mark.requirement("CHP-22", "CHP-23", "CHP-24")
def test_decision_33_a_profile_has_a_unit_one_decimal_and_periods_that_rise_from_zero() -> None:
    def profile(*periods: tuple[int, float]) -> dict[str, object]:
        steps = [{"start_period": start, "limit": limit} for start, limit in periods]
        return {"charging_rate_unit": "A", "charging_profile_period": steps}

    validated(ChargingProfile, profile((0, 8.1), (60, 16)))
    assert "/charging_rate_unit: " in refusal(ChargingProfile, without(profile((0, 8)), "charging_rate_unit"))
    assert "/charging_profile_period/0/limit: " in refusal(ChargingProfile, profile((0, 8.15)))
    assert "/min_charging_rate: " in refusal(ChargingProfile, profile((0, 8)) | {"min_charging_rate": 8.15})
    for periods in ([], [(60, 8)], [(0, 8), (0, 9)], [(0, 8), (60, 9), (30, 8)]):
        assert "charging_profile_period" in refusal(ChargingProfile, profile(*periods))


@pytest.mark.requirement("CHP-27")
def test_an_active_profile_counts_from_when_it_was_calculated() -> None:
    inner = {"charging_rate_unit": "W", "charging_profile_period": [{"start_period": 0, "limit": 11000}]}
    active = {"start_date_time": "2026-11-22T08:00:00Z", "charging_profile": inner}
    relative = validated(ActiveChargingProfile, active).charging_profile
    assert relative.start_date_time is None
    assert relative.duration is None
    validated(ActiveChargingProfile, active | {"charging_profile": inner | {"start_date_time": "2026-11-22T08:00:00"}})
    other = inner | {"start_date_time": "2026-11-22T08:00:01Z"}
    assert "start_date_time" in refusal(ActiveChargingProfile, active | {"charging_profile": other})
    assert "/start_date_time: " in refusal(ActiveChargingProfile, without(active, "start_date_time"))


@pytest.mark.requirement("HUB-08")
def test_a_party_at_a_hub_is_connected_offline_planned_or_suspended() -> None:
    info = {"country_code": "NL", "party_id": "SIM", "role": "CPO", "last_updated": "2026-11-22T08:00:00Z"}
    for status in ("CONNECTED", "OFFLINE", "PLANNED", "SUSPENDED"):
        assert validated(ClientInfo, info | {"status": status}).status == status
    for wrong in ("connected", "DISCONNECTED", None):
        assert "/status: " in refusal(ClientInfo, info | {"status": wrong})
