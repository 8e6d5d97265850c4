"""An example of each body, for the OpenAPI document; tests put every one of them through the API."""

from typing import Any

type Example = dict[str, Any]

_CHANGED = "2026-11-22T08:00:00Z"
_LATER = "2026-11-22T09:00:00Z"

_OWNER: Example = {"country_code": "NL", "party_id": "OCS"}
CONNECTOR: Example = {
    "id": "1",
    "standard": "IEC_62196_T2",
    "format": "SOCKET",
    "power_type": "AC_3_PHASE",
    "max_voltage": 230,
    "max_amperage": 32,
    "tariff_ids": ["day"],
    "last_updated": _CHANGED,
}

EVSE: Example = {
    "uid": "E1",
    "evse_id": "NL*OCS*E1",
    "status": "AVAILABLE",
    "capabilities": ["CHARGING_PROFILE_CAPABLE", "REMOTE_START_STOP_CAPABLE"],
    "connectors": [CONNECTOR],
    "last_updated": _CHANGED,
}

CONNECTOR_CHANGE: Example = {"max_amperage": 16, "last_updated": _LATER}
EVSE_CHANGE: Example = {"status": "CHARGING", "last_updated": _LATER}

LOCATION: Example = _OWNER | {
    "id": "garage",
    "publish": True,
    "name": "City garage",
    "address": "Stationsplein 1",
    "city": "Utrecht",
    "country": "NLD",
    "coordinates": {"latitude": "52.08950", "longitude": "5.10990"},
    "evses": [EVSE],
    "time_zone": "Europe/Amsterdam",
    "last_updated": _CHANGED,
}

LOCATION_CHANGE: Example = {"name": "City garage, level -1", "last_updated": _LATER}

TARIFF: Example = _OWNER | {
    "id": "day",
    "currency": "EUR",
    "elements": [{"price_components": [{"type": "ENERGY", "price": 0.35, "vat": 21, "step_size": 1}]}],
    "last_updated": _CHANGED,
}

_DRIVER: Example = {
    "country_code": "DE",
    "party_id": "ALL",
    "uid": "012345678",
    "type": "RFID",
    "contract_id": "DE8ACC12E46L89",
}

SESSION: Example = _OWNER | {
    "id": "S1",
    "start_date_time": _CHANGED,
    "kwh": 1.2345,
    "cdr_token": _DRIVER,
    "auth_method": "WHITELIST",
    "location_id": "garage",
    "evse_uid": "E1",
    "connector_id": "1",
    "currency": "EUR",
    "status": "ACTIVE",
    "last_updated": _CHANGED,
}

SESSION_CHANGE: Example = {"kwh": 2.5, "last_updated": _LATER}

CDR: Example = _OWNER | {
    "id": "C1",
    "start_date_time": _CHANGED,
    "end_date_time": _LATER,
    "session_id": "S1",
    "cdr_token": _DRIVER,
    "auth_method": "WHITELIST",
    "cdr_location": {
        "id": "garage",
        "address": "Stationsplein 1",
        "city": "Utrecht",
        "country": "NLD",
        "coordinates": {"latitude": "52.08950", "longitude": "5.10990"},
        "evse_uid": "E1",
        "evse_id": "NL*OCS*E1",
        "connector_id": "1",
        "connector_standard": "IEC_62196_T2",
        "connector_format": "SOCKET",
        "connector_power_type": "AC_3_PHASE",
    },
    "currency": "EUR",
    "tariffs": [TARIFF],
    "charging_periods": [
        {"start_date_time": _CHANGED, "dimensions": [{"type": "ENERGY", "volume": 10}], "tariff_id": "day"}
    ],
    "total_cost": {"excl_vat": 3.5, "incl_vat": 4.235},
    "total_energy": 10,
    "total_time": 1,
    "last_updated": "2026-11-22T09:05:00Z",
}

TOKEN: Example = _OWNER | {
    "uid": "0123ABCD",
    "type": "RFID",
    "contract_id": "NL8OCS12E46L89",
    "issuer": "OCPI Serverless",
    "valid": True,
    "whitelist": "ALLOWED",
    "last_updated": _CHANGED,
}

TOKEN_CHANGE: Example = {"valid": False, "last_updated": _LATER}

PROFILE: Example = {
    "charging_rate_unit": "A",
    "charging_profile_period": [{"start_period": 0, "limit": 16}, {"start_period": 3600, "limit": 10.5}],
}

PREFERENCES: Example = {"profile_type": "GREEN", "departure_time": "2026-11-22T16:00:00Z", "energy_need": 20.5}
ACTIVE_PROFILE: Example = {"start_date_time": _CHANGED, "charging_profile": PROFILE}

PARTNER: Example = {
    "id": "charge-all",
    "name": "Charge All",
    "status": "REGISTERED",
    "version": "2.2.1",
    "versions_url": "https://ocpi.charge-all.example/versions",
    "roles": [
        {"role": "EMSP", "business_details": {"name": "Charge All"}, "party_id": "ALL", "country_code": "DE"},
        {"role": "CPO", "business_details": {"name": "Charge All"}, "party_id": "ALL", "country_code": "DE"},
    ],
    "endpoints": [
        {"identifier": "commands", "role": "RECEIVER", "url": "https://ocpi.charge-all.example/2.2.1/commands"}
    ],
    "created": "2026-11-20T10:00:00Z",
    "last_updated": "2026-11-20T10:05:00Z",
}

COMMAND: Example = {"partner_id": "charge-all", "command": {"session_id": "S1"}}

REQUEST: Example = {
    "request_id": "wPq0cVbO1Ih8m2pS3qTn5x7Yk9Lz4RdA",
    "direction": "SENT",
    "module": "commands",
    "kind": "STOP_SESSION",
    "partner_id": "charge-all",
    "own_party": _OWNER,
    "party": {"country_code": "DE", "party_id": "ALL"},
    "document": {"session_id": "S1"},
    "created": _CHANGED,
    "deadline": "2026-11-22T08:00:30Z",
    "status": "PENDING",
    "response": {"result": "ACCEPTED", "timeout": 30},
}

RECEIVED_REQUEST: Example = REQUEST | {
    "direction": "RECEIVED",
    "status": "CONCLUDED",
    "result": {"result": "ACCEPTED"},
}

RESULT: Example = {"result": "ACCEPTED"}

_PLACE: Example = {"location_id": "garage", "evse_uids": ["E1"]}

AUTHORIZATION: Example = {"uid": "012345678", "type": "RFID", "location": _PLACE}

AUTHORIZED: Example = {
    "info": {
        "allowed": "ALLOWED",
        "token": _DRIVER | {"issuer": "Charge All", "valid": True, "whitelist": "NEVER", "last_updated": _CHANGED},
        "location": _PLACE,
        "authorization_reference": "A1B2C3",
    },
    "decided": "REAL_TIME",
    "partner_id": "charge-all",
}

_STRETCH: Example = {
    "start": _CHANGED,
    "end": _LATER,
    "activity": "CHARGING",
    "tariff_id": "day",
    "energy_kwh": 10,
}

PRICE_ORDER: Example = {
    "time_zone": "Europe/Amsterdam",
    "stretches": [_STRETCH],
    "tariffs": [TARIFF],
    "decimals": 2,
}

SESSION_COST: Example = {
    "start_date_time": _CHANGED,
    "end_date_time": _LATER,
    "tariffs": [TARIFF],
    "charging_periods": [
        {
            "start_date_time": _CHANGED,
            "dimensions": [{"type": "ENERGY", "volume": 10}, {"type": "TIME", "volume": 1}],
            "tariff_id": "day",
        }
    ],
    "total_cost": {"excl_vat": 3.5, "incl_vat": 4.24},
    "total_energy": 10,
    "total_energy_cost": {"excl_vat": 3.5, "incl_vat": 4.24},
    "total_time": 1,
}

CDR_ORDER: Example = {"id": "C1", "stretches": [_STRETCH]}

VERIFICATION_ORDER: Example = {
    "time_zone": "Europe/Amsterdam",
    "cdr": CDR | {"total_cost": {"excl_vat": 4.5}},
}

VERIFICATION: Example = {
    "differences": [
        {"field": "/total_cost/excl_vat", "message": "is 4.5, and should be 3.5", "stated": 4.5, "expected": 3.5}
    ],
    "expected": {
        "total_cost": {"excl_vat": 3.5, "incl_vat": 4.235},
        "total_energy": 10,
        "total_energy_cost": {"excl_vat": 3.5, "incl_vat": 4.235},
        "total_time": 1,
    },
}
