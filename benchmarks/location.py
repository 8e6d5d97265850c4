"""A Location of 3.5 kB as JSON: a car park with four EVSEs, and nearly every field that a Location may have.

The peers take fewer Locations than OCPI allows, so this is one that all of them take: fields that one of them insists
on are null, and so is `status_schedule`, which they take for one object.
"""

from typing import Any

_GEO = {"latitude": "52.08950", "longitude": "5.10990"}
_TIME = "2026-11-22T08:00:00Z"
_LOGO = {
    "url": "https://charging.example.com/logo.png",
    "thumbnail": "https://charging.example.com/logo-small.png",
    "category": "OPERATOR",
    "type": "png",
    "width": 512,
    "height": 512,
}
_BUSINESS = {"name": "Example Charging", "website": "https://charging.example.com", "logo": _LOGO}
_DIRECTIONS = [{"language": "en", "text": "Behind the station, on the lowest level, left of the lift."}]


def location_id(number: int) -> str:
    """The id of one of many Locations."""
    return f"LOC{number:07}"


def location(number: int = 0) -> dict[str, Any]:
    """One of many Locations; they differ in their id only."""
    return {
        "country_code": "NL",
        "party_id": "SIM",
        "id": location_id(number),
        "publish": True,
        "name": "Station Square car park",
        "address": "Stationsplein 1",
        "city": "Utrecht",
        "postal_code": "3511 CE",
        "state": "Utrecht",
        "country": "NLD",
        "coordinates": _GEO,
        "parking_type": "PARKING_GARAGE",
        "evses": [_evse(evse) for evse in range(1, 5)],
        "directions": _DIRECTIONS,
        "operator": _BUSINESS,
        "suboperator": None,
        "owner": None,
        "facilities": ["TRAIN_STATION"],
        "time_zone": "Europe/Amsterdam",
        "opening_times": {
            "twentyfourseven": False,
            "regular_hours": [
                {"weekday": weekday, "period_begin": "06:00", "period_end": "23:30"} for weekday in range(1, 6)
            ],
        },
        "charging_when_closed": True,
        "energy_mix": None,
        "last_updated": _TIME,
    }


def _evse(number: int) -> dict[str, Any]:
    return {
        "uid": f"E{number}",
        "evse_id": f"NL*SIM*E{number:06}",
        "status": "AVAILABLE",
        "status_schedule": None,
        "capabilities": ["CHARGING_PROFILE_CAPABLE"],
        "connectors": [
            {
                "id": "1",
                "standard": "IEC_62196_T2",
                "format": "SOCKET",
                "power_type": "AC_3_PHASE",
                "max_voltage": 230,
                "max_amperage": 32,
                "max_electric_power": 22080,
                "tariff_ids": ["AC-DAY"],
                "terms_and_conditions": "https://charging.example.com/terms",
                "last_updated": _TIME,
            }
        ],
        "floor_level": "-1",
        "coordinates": _GEO,
        "physical_reference": f"P{number:03}",
        "parking_restrictions": ["EV_ONLY"],
        "last_updated": _TIME,
    }
