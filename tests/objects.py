"""OCPI objects as a partner sends them, and a site as an energy manager describes it."""

from typing import Any

CONNECTOR: dict[str, Any] = {
    "id": "1",
    "standard": "IEC_62196_T2",
    "format": "SOCKET",
    "power_type": "AC_3_PHASE",
    "max_voltage": 230,
    "max_amperage": 32,
    "last_updated": "2026-11-22T08:00:00Z",
}

EVSE: dict[str, Any] = {
    "uid": "E1",
    "status": "AVAILABLE",
    "capabilities": ["CHARGING_PROFILE_CAPABLE"],
    "connectors": [CONNECTOR],
    "last_updated": "2026-11-22T08:00:00Z",
}

LOCATION: dict[str, Any] = {
    "country_code": "NL",
    "party_id": "SIM",
    "id": "L1",
    "publish": False,
    "address": "Stationsplein 1",
    "city": "Utrecht",
    "country": "NLD",
    "coordinates": {"latitude": "52.08950", "longitude": "5.10990"},
    "evses": [EVSE, EVSE | {"uid": "E2"}],
    "time_zone": "Europe/Amsterdam",
    "last_updated": "2026-11-22T08:00:00Z",
}

SESSION: dict[str, Any] = {
    "country_code": "NL",
    "party_id": "SIM",
    "id": "S1",
    "start_date_time": "2026-11-22T08:00:00Z",
    "kwh": 1.2345,
    "cdr_token": {
        "country_code": "NL",
        "party_id": "TNM",
        "uid": "012345678",
        "type": "RFID",
        "contract_id": "NL8ACC12E46L89",
    },
    "auth_method": "WHITELIST",
    "location_id": "L1",
    "evse_uid": "E1",
    "connector_id": "1",
    "currency": "EUR",
    "status": "ACTIVE",
    "last_updated": "2026-11-22T08:00:00Z",
}

PERIOD: dict[str, Any] = {
    "start_date_time": "2026-11-22T08:00:00Z",
    "dimensions": [{"type": "ENERGY", "volume": 1.2345}],
}

TARIFF: dict[str, Any] = {
    "country_code": "NL",
    "party_id": "SIM",
    "id": "T1",
    "currency": "EUR",
    "elements": [{"price_components": [{"type": "ENERGY", "price": 0.25, "step_size": 1}]}],
    "last_updated": "2026-11-22T08:00:00Z",
}

CDR: dict[str, Any] = {
    "country_code": "NL",
    "party_id": "SIM",
    "id": "C1",
    "start_date_time": "2026-11-22T08:00:00Z",
    "end_date_time": "2026-11-22T08:30:00Z",
    "session_id": "S1",
    "cdr_token": SESSION["cdr_token"],
    "auth_method": "WHITELIST",
    "cdr_location": {
        "id": "L1",
        "address": "Stationsplein 1",
        "city": "Utrecht",
        "country": "NLD",
        "coordinates": {"latitude": "52.08950", "longitude": "5.10990"},
        "evse_uid": "E1",
        "evse_id": "NL*SIM*E1",
        "connector_id": "1",
        "connector_standard": "IEC_62196_T2",
        "connector_format": "SOCKET",
        "connector_power_type": "AC_3_PHASE",
    },
    "currency": "EUR",
    "tariffs": [TARIFF],
    "charging_periods": [PERIOD | {"tariff_id": "T1"}],
    "total_cost": {"excl_vat": 0.3086, "incl_vat": 0.3734},
    "total_energy": 1.2345,
    "total_time": 0.5,
    "last_updated": "2026-11-22T08:31:00Z",
}

TOKEN: dict[str, Any] = {
    "country_code": "NL",
    "party_id": "TNM",
    "uid": "012345678",
    "type": "RFID",
    "contract_id": "NL8ACC12E46L89",
    "visual_number": "DF000-2001-8999-1",
    "issuer": "TheNewMotion",
    "valid": True,
    "whitelist": "ALWAYS",
    "last_updated": "2026-11-22T08:00:00Z",
}

SITE: dict[str, Any] = {
    "id": "garage",
    "time_zone": "Europe/Amsterdam",
    "voltage_v": 230,
    "partner_id": "cpo",
    "location": {"country_code": "NL", "party_id": "SIM", "location_id": "L1"},
    "limits": [{"limit_a": {"L1": 40, "L2": 40, "L3": 40}}],
    "default_limit_a": 6,
    "arrival_headroom": 1,
}


def without(document: dict[str, Any], field: str) -> dict[str, Any]:
    """`document` without a field."""
    return {name: value for name, value in document.items() if name != field}
