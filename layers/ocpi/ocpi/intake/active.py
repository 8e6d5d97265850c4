"""When a Tariff holds; apart, so that Locations and Sessions load without the models of Tariffs."""

from datetime import UTC, datetime
from typing import Any

from ocpi.types.primitives import parse_datetime

_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def active_between(tariff: dict[str, Any]) -> tuple[datetime, datetime]:
    """From when, and until before when, a stored Tariff is active (TAR-17)."""
    begin, end = tariff.get("start_date_time"), tariff.get("end_date_time")
    return parse_datetime(begin) if begin else _FIRST, parse_datetime(end) if end else _LAST
