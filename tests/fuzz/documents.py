"""Documents that are valid: as small as they may be, and with every field that OCPI has for them."""

import json
from pathlib import Path
from typing import Any

type Document = dict[str, Any]

_OCPI = json.loads((Path(__file__).parents[1] / "conformance" / "objects.json").read_text())
_CLASSES: dict[str, Any] = _OCPI["classes"]
_ENUMS: dict[str, list[str]] = _OCPI["enums"]

_BY_TYPE: dict[str, object] = {
    "CiString": "X1",
    "string": "Größe 1",
    "DateTime": "2026-11-22T08:00:00Z",
    "URL": "http://127.0.0.1:9/x",
    "number": 1.5,
    "int": 1,
    "boolean": True,
}

_BY_NAME: dict[str, object] = {
    "country_code": "NL",
    "party_id": "SIM",
    "country": "NLD",
    "currency": "EUR",
    "language": "en",
    "latitude": "52.08950",
    "longitude": "5.10990",
    "time_zone": "Europe/Amsterdam",
    "floor_level": "-1",
    "end_date_time": "2026-11-22T09:00:00Z",
    "signed_data": "none",
}

_BY_FIELD: dict[str, object] = {
    "CDR.signed_data": None,
    "CDR.credit": False,
    "CDR.credit_reference_id": None,
    "Connector.tariff_ids": ["T1"],
    "ExceptionalPeriod.period_end": "2026-11-23T08:00:00Z",
    "Hours.twentyfourseven": False,
    "Location.publish": False,
    "PriceComponent.type": "TIME",
    "RegularHours.period_begin": "08:00",
    "RegularHours.period_end": "20:00",
    "EnergySource.percentage": 100,
    "Image.type": "png",
    "StatusSchedule.period_end": "2026-11-23T08:00:00Z",
    "TariffRestrictions.start_time": "08:00",
    "TariffRestrictions.end_time": "20:00",
    "TariffRestrictions.start_date": "2026-01-01",
    "TariffRestrictions.end_date": "2027-01-01",
    "TariffRestrictions.max_kwh": 20,
    "TariffRestrictions.max_current": 20,
    "TariffRestrictions.max_power": 20,
    "TariffRestrictions.max_duration": 20,
    "ChargingProfile.start_date_time": None,
    "ChargingProfilePeriod.start_period": 0,
    "CdrDimension.type": "ENERGY",
    "CommandResponse.result": "ACCEPTED",
}
"""Where no value of the type will do; None where the field does not go together with the others."""


def maximal(name: str, smallest: Document) -> Document:
    """Every field of a class, those of the `smallest` document as they are there, and fields of a vendor."""
    return _whole(name) | smallest | {"vendor_extension": {"list": [1, 0.1, None, "é"], "x": {}}}


def _whole(name: str) -> Document:
    values = {field["name"]: _value(name, field) for field in _CLASSES[name]["fields"]}
    return {field: value for field, value in values.items() if value is not None}


def _value(owner: str, field: dict[str, Any]) -> object:
    key = f"{owner}.{field['name']}"
    if key in _BY_FIELD:
        return _BY_FIELD[key]
    value = _one(field["type"], field["name"])
    return [value] if field["cardinality"] in ("*", "+") else value


def _one(kind: str, name: str) -> object:
    if kind in _CLASSES:
        return _whole(kind)
    if name in _BY_NAME:
        return _BY_NAME[name]
    return _ENUMS[kind][0] if kind in _ENUMS else _BY_TYPE[kind]
