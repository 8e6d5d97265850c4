"""What the reference platform has to show: five objects of each kind, each a minute newer than the one before."""

from typing import Any

type Document = dict[str, Any]

COUNT = 5


def everything() -> dict[str, list[Document]]:
    """The lists of a platform of all roles."""
    return {
        "locations": _five(location),
        "sessions": _five(session),
        "cdrs": _five(cdr),
        "tariffs": _five(tariff),
        "tokens": _five(token),
    }


def client_infos() -> list[Document]:
    """The list of a hub."""
    return _five(client_info)


def _five(make: Any) -> list[Document]:
    return [make(number) | {"last_updated": moment(number)} for number in range(COUNT)]


def moment(number: int) -> str:
    return f"2026-03-01T12:0{number}:00Z"


def location(number: int) -> Document:
    return {
        "country_code": "NL",
        "party_id": "ONE",
        "id": f"Loc{number}",
        "publish": number > 0,
        "address": "Stationsplein 1",
        "city": "Utrecht",
        "country": "NLD",
        "coordinates": {"latitude": "52.08919", "longitude": "5.11013"},
        "evses": [evse(number)],
        "time_zone": "Europe/Amsterdam",
        "publish_allowed_to": [] if number else [{"uid": "CARD0", "type": "RFID"}],
        "opening_times": {"twentyfourseven": True},
        "energy_mix": {"is_green_energy": True, "energy_sources": [{"source": "SOLAR", "percentage": 100}]},
        "images": [{"url": "https://one.example.com/1.png", "category": "LOCATION", "type": "png"}],
    }


def evse(number: int) -> Document:
    connector = {
        "id": "1",
        "standard": "IEC_62196_T2",
        "format": "SOCKET",
        "power_type": "AC_3_PHASE",
        "max_voltage": 230,
        "max_amperage": 16,
        "last_updated": moment(number),
    }
    return {
        "uid": f"Evse{number}",
        "status": "AVAILABLE",
        "connectors": [connector],
        "last_updated": moment(number),
    }


def cdr_token(number: int) -> Document:
    return {
        "country_code": "XX",
        "party_id": "CHK",
        "uid": f"CARD{number}",
        "type": "RFID",
        "contract_id": f"XX-CHK-{number}",
    }


def session(number: int) -> Document:
    return {
        "country_code": "NL",
        "party_id": "ONE",
        "id": f"Ses{number}",
        "start_date_time": moment(0),
        "kwh": 1.25,
        "cdr_token": cdr_token(number),
        "auth_method": "WHITELIST",
        "location_id": f"Loc{number}",
        "evse_uid": f"Evse{number}",
        "connector_id": "1",
        "currency": "EUR",
        "status": "ACTIVE",
    }


def cdr(number: int) -> Document:
    return {
        "country_code": "NL",
        "party_id": "ONE",
        "id": f"Cdr{number}",
        "start_date_time": moment(0),
        "end_date_time": moment(4),
        "cdr_token": cdr_token(number),
        "auth_method": "WHITELIST",
        "cdr_location": {
            "id": f"Loc{number}",
            "address": "Stationsplein 1",
            "city": "Utrecht",
            "country": "NLD",
            "coordinates": {"latitude": "52.08919", "longitude": "5.11013"},
            "evse_uid": f"Evse{number}",
            "evse_id": f"NL*ONE*E{number}",
            "connector_id": "1",
            "connector_standard": "IEC_62196_T2",
            "connector_format": "SOCKET",
            "connector_power_type": "AC_3_PHASE",
        },
        "currency": "EUR",
        "charging_periods": [{"start_date_time": moment(0), "dimensions": [{"type": "ENERGY", "volume": 1.25}]}],
        "total_cost": {"excl_vat": 0.5},
        "total_energy": 1.25,
        "total_time": 0.07,
    }


def tariff(number: int) -> Document:
    return {
        "country_code": "NL",
        "party_id": "ONE",
        "id": f"Tar{number}",
        "currency": "EUR",
        "tariff_alt_url": "https://one.example.com/tariffs",
        "elements": [{"price_components": [{"type": "ENERGY", "price": 0.25, "step_size": 1}]}],
    }


def token(number: int) -> Document:
    return {
        "country_code": "NL",
        "party_id": "MSP",
        "uid": f"Card{number}",
        "type": "RFID",
        "contract_id": f"NL-MSP-{number}",
        "issuer": "Reference",
        "valid": True,
        "whitelist": "ALLOWED",
    }


def client_info(number: int) -> Document:
    return {"country_code": "NL", "party_id": f"PT{number}", "role": "CPO", "status": "CONNECTED"}
