"""The objects we write: small, valid, and easily told from real ones by their ids (``CHK-…``)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from cli.check.subject import Subject
from ocpi import clock
from ocpi.types.primitives import format_datetime

type Document = dict[str, Any]


def moment(minutes: int = 0) -> str:
    """A DateTime: an hour before the run, and so many minutes later; objects that change take a later one each time."""
    return format_datetime(_start() + timedelta(minutes=minutes))


@cache
def _start() -> datetime:
    return clock.now().replace(microsecond=0) - timedelta(hours=1)


def connector(id_: str = "1", **fields: object) -> Document:
    """A Connector."""
    return {
        "id": id_,
        "standard": "IEC_62196_T2",
        "format": "SOCKET",
        "power_type": "AC_3_PHASE",
        "max_voltage": 230,
        "max_amperage": 16,
        "last_updated": moment(),
    } | fields


def evse(uid: str, **fields: object) -> Document:
    """An EVSE with one connector."""
    return {"uid": uid, "status": "AVAILABLE", "connectors": [connector()], "last_updated": moment()} | fields


def location(subject: Subject, **fields: object) -> Document:
    """A Location with one EVSE; nobody is to see it."""
    return (
        _owned(subject)
        | {
            "id": subject.new_id(),
            "publish": False,
            "name": "OCPI check",
            "address": "Teststraat 1",
            "city": "Utrecht",
            "postal_code": "3511 AA",
            "country": "NLD",
            "coordinates": {"latitude": "52.09073", "longitude": "5.12142"},
            "evses": [evse(f"{subject.new_id()}-E", evse_id="NL*CHK*E1")],
            "time_zone": "Europe/Amsterdam",
            "last_updated": moment(),
        }
        | fields
    )


def period(minutes: int, kwh: float) -> Document:
    """A ChargingPeriod."""
    return {"start_date_time": moment(minutes), "dimensions": [{"type": "ENERGY", "volume": kwh}]}


def session(subject: Subject, **fields: object) -> Document:
    """An ongoing Session with one charging period."""
    return (
        _owned(subject)
        | {
            "id": subject.new_id(),
            "start_date_time": moment(),
            "kwh": 1.5,
            "cdr_token": cdr_token(subject),
            "auth_method": "WHITELIST",
            "location_id": f"{subject.new_id()}-L",
            "evse_uid": f"{subject.new_id()}-E",
            "connector_id": "1",
            "meter_id": "OCPI check",
            "currency": "EUR",
            "charging_periods": [period(0, 1.5)],
            "status": "ACTIVE",
            "last_updated": moment(),
        }
        | fields
    )


def tariff(subject: Subject, **fields: object) -> Document:
    """A Tariff with one price."""
    return (
        _owned(subject)
        | {
            "id": subject.new_id(),
            "currency": "EUR",
            "tariff_alt_url": "https://example.com/ocpi-check",
            "elements": [{"price_components": [{"type": "ENERGY", "price": 0.2525, "step_size": 1}]}],
            "last_updated": moment(),
        }
        | fields
    )


def token(subject: Subject, **fields: object) -> Document:
    """A Token that is not valid, so that nobody can charge with it."""
    return (
        _owned(subject)
        | {
            "uid": subject.new_id(),
            "type": "RFID",
            "contract_id": "NL-CHK-C00000001-X",
            "visual_number": "OCPI check",
            "issuer": "OCPI check",
            "valid": False,
            "whitelist": "NEVER",
            "last_updated": moment(),
        }
        | fields
    )


def cdr(subject: Subject, **fields: object) -> Document:
    """A CDR of a session that cost nothing."""
    return (
        _owned(subject)
        | {
            "id": subject.new_id(),
            "start_date_time": moment(),
            "end_date_time": moment(30),
            "session_id": f"{subject.new_id()}-S",
            "cdr_token": cdr_token(subject),
            "auth_method": "WHITELIST",
            "cdr_location": {
                "id": f"{subject.new_id()}-L",
                "address": "Teststraat 1",
                "city": "Utrecht",
                "postal_code": "3511 AA",
                "country": "NLD",
                "coordinates": {"latitude": "52.09073", "longitude": "5.12142"},
                "evse_uid": "1",
                "evse_id": "NL*CHK*E1",
                "connector_id": "1",
                "connector_standard": "IEC_62196_T2",
                "connector_format": "SOCKET",
                "connector_power_type": "AC_3_PHASE",
            },
            "currency": "EUR",
            "charging_periods": [{"start_date_time": moment(), "dimensions": [{"type": "ENERGY", "volume": 1.2345}]}],
            "total_cost": {"excl_vat": 0.0},
            "total_energy": 1.2345,
            "total_time": 0.5,
            "last_updated": moment(30),
        }
        | fields
    )


def cdr_token(subject: Subject) -> Document:
    """A CdrToken of the platform's own eMSP, or else of us."""
    emsp = subject.their_party("tokens", "SENDER") or subject.us()
    return {
        "country_code": emsp.country_code,
        "party_id": emsp.party_id,
        "uid": f"CHK-{subject.run_id.upper()}-T",
        "type": "RFID",
        "contract_id": "NL-CHK-C00000001-X",
    }


def active_profile() -> Document:
    """An ActiveChargingProfile."""
    now = moment(59)
    periods = [{"start_period": 0, "limit": 16.0}]
    return {
        "start_date_time": now,
        "charging_profile": {"start_date_time": now, "charging_rate_unit": "A", "charging_profile_period": periods},
    }


SAMPLES: dict[str, Callable[..., Document]] = {
    "locations": location,
    "sessions": session,
    "tariffs": tariff,
    "tokens": token,
}
"""The client owned objects, by module."""


def _owned(subject: Subject) -> Document:
    us = subject.us()
    return {"country_code": us.country_code, "party_id": us.party_id}
