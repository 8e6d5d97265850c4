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
