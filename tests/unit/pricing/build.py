"""Tariffs, sessions and CDRs in a few words."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from ocpi.pricing.cdrs import charge_detail_record
from ocpi.pricing.cost import cost
from ocpi.pricing.session import Activity, Stretch
from ocpi.types.cdrs import CDR
from ocpi.types.locations import Location
from ocpi.types.periods import CdrDimensionType
from ocpi.types.primitives import Price
from ocpi.types.sessions import Session
from ocpi.types.tariffs import Tariff
from tests.objects import CONNECTOR, EVSE, LOCATION, SESSION

ZONE = "Europe/Amsterdam"
MONDAY = "2026-03-02"
SATURDAY = "2026-03-07"

Money = str | int | Decimal


def component(kind: str, price: Money, vat: Money | None = None, step_size: int = 1) -> dict[str, Any]:
    priced = {"type": kind, "price": Decimal(price), "step_size": step_size}
    return priced if vat is None else priced | {"vat": Decimal(vat)}


def fee(price: Money, vat: Money | None = None) -> dict[str, Any]:
    return component("FLAT", price, vat)


def energy(price: Money, vat: Money | None = None, step_size: int = 1) -> dict[str, Any]:
    return component("ENERGY", price, vat, step_size)


def time(price: Money, vat: Money | None = None, step_size: int = 1) -> dict[str, Any]:
    return component("TIME", price, vat, step_size)


def parking(price: Money, vat: Money | None = None, step_size: int = 1) -> dict[str, Any]:
    return component("PARKING_TIME", price, vat, step_size)


def element(*components: dict[str, Any], **restrictions: Any) -> dict[str, Any]:
    return {"price_components": list(components), "restrictions": restrictions or None}


def tariff(*elements: dict[str, Any], tariff_id: str = "T1", **fields: Any) -> Tariff:
    return Tariff.model_validate(
        {
            "country_code": "NL",
            "party_id": "SIM",
            "id": tariff_id,
            "currency": "EUR",
            "elements": list(elements),
            "last_updated": "2026-01-01T00:00:00Z",
        }
        | fields
    )


def price(excl_vat: Money, incl_vat: Money | None = None) -> Price:
    return Price(excl_vat=Decimal(excl_vat), incl_vat=None if incl_vat is None else Decimal(incl_vat))


@dataclass(frozen=True)
class Leg:
    """So many minutes of one activity; `tariff` where it is another than the session's."""

    minutes: float
    kwh: str = "0"
    activity: Activity = Activity.CHARGING
    current_a: str | None = None
    power_kw: str | None = None
    tariff: Tariff | None = None


def charge(minutes: float, kwh: str = "0", **more: Any) -> Leg:
    return Leg(minutes, kwh, **more)


def park(minutes: float, kwh: str = "0", **more: Any) -> Leg:
    return Leg(minutes, kwh, Activity.PARKING, **more)


def reserve(minutes: float, **more: Any) -> Leg:
    return Leg(minutes, activity=Activity.RESERVED, **more)


def expire(minutes: float, **more: Any) -> Leg:
    return Leg(minutes, activity=Activity.EXPIRED, **more)


def local(text: str, zone: str = ZONE) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def session(under: Tariff | None, start: str, *legs: Leg, zone: str = ZONE) -> list[Stretch]:
    """The legs one after the other, from a local time on."""
    stretches = []
    moment = local(start, zone).astimezone(UTC)
    for leg in legs:
        end = moment + timedelta(minutes=leg.minutes)
        stretches.append(
            Stretch(
                moment,
                end,
                leg.activity,
                leg.tariff or under,
                Decimal(leg.kwh),
                None if leg.current_a is None else Decimal(leg.current_a),
                None if leg.power_kw is None else Decimal(leg.power_kw),
            )
        )
        moment = end
    return stretches


def volumes(periods: Iterable[Any], dimension: CdrDimensionType) -> list[Decimal]:
    """The volume of a dimension in each period that has it."""
    return [each.volume for period in periods for each in period.dimensions if each.type is dimension]


USED = Location.model_validate(LOCATION | {"evses": [EVSE | {"evse_id": "NL*SIM*E1", "connectors": [CONNECTOR]}]})


def ended(**changes: Any) -> Session:
    return Session.model_validate(SESSION | {"status": "COMPLETED"} | changes)


def cdr(stretches: list[Stretch], decimals: int = 2, location: Location = USED) -> CDR:
    return charge_detail_record("CDR1", ended(), location, cost(stretches, ZONE), decimals)


def changed(original: CDR, change: Callable[[dict[str, Any]], None]) -> CDR:
    """A copy of a CDR with something else in it."""
    document = original.model_dump(exclude_none=True)
    change(document)
    return CDR.model_validate(document)
