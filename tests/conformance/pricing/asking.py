"""Prices sessions and verifies CDRs as the owner's backend does: through the Lambda event of the owner API."""

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from ocpi import wire
from ocpi.pricing.session import Stretch
from ocpi.types.cdrs import CDR
from ocpi.types.primitives import Price, format_datetime
from ocpi.types.tariffs import Tariff
from owner.pricing import CdrDifference, SessionCost, Totals, Verification
from tests.owner import Reply, owner
from tests.unit.pricing.build import ZONE, Leg, session


def measured(stretches: Sequence[Stretch]) -> dict[str, Any]:
    """What was measured, as the body of a request."""
    tariffs = {stretch.tariff.id: stretch.tariff for stretch in stretches if stretch.tariff}
    return {"stretches": [_measured(stretch) for stretch in stretches], "tariffs": list(tariffs.values())}


def _measured(stretch: Stretch) -> dict[str, Any]:
    return {
        "start": format_datetime(stretch.start),
        "end": format_datetime(stretch.end),
        "activity": stretch.activity,
        "tariff_id": stretch.tariff.id if stretch.tariff else None,
        "energy_kwh": stretch.energy_kwh,
        "current_a": stretch.current_a,
        "power_kw": stretch.power_kw,
    }


def asked(stretches: Sequence[Stretch], zone: str) -> Reply:
    return owner("POST", "/prices", wire.dumps(measured(stretches) | {"time_zone": zone}))


def cost(stretches: Sequence[Stretch], zone: str) -> SessionCost:
    reply = asked(stretches, zone)
    assert reply.status == 200, reply
    return SessionCost.model_validate(wire.loads(reply.text))


def total(under: Tariff | None, start: str, *legs: Leg, zone: str = ZONE) -> Price:
    return cost(session(under, start, *legs, zone=zone), zone).total_cost


def starts(under: Tariff, start: str, *legs: Leg, zone: str = ZONE) -> list[str]:
    """When the charging periods start, in local time."""
    periods = cost(session(under, start, *legs, zone=zone), zone).charging_periods
    return [f"{period.start_date_time.astimezone(ZoneInfo(zone)):%H:%M:%S}" for period in periods]


def verification(
    cdr: CDR, time_zone: str, tariffs: Sequence[Tariff] | None = None, decimals: int | None = None
) -> Verification:
    terms = {"time_zone": time_zone, "tariffs": tariffs} | ({} if decimals is None else {"decimals": decimals})
    reply = owner("POST", "/verifications", wire.dumps(terms | {"cdr": cdr}))
    assert reply.status == 200, reply
    return Verification.model_validate(wire.loads(reply.text))


def verify(
    cdr: CDR, time_zone: str, tariffs: Sequence[Tariff] | None = None, decimals: int | None = None
) -> list[CdrDifference]:
    return verification(cdr, time_zone, tariffs, decimals).differences


def price_cdr(cdr: CDR, time_zone: str, tariffs: Sequence[Tariff] | None = None) -> Totals:
    expected = verification(cdr, time_zone, tariffs).expected
    assert expected
    return expected
