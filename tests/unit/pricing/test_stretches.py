"""What is no session, and so has no price."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from ocpi.pricing.amounts import CannotPrice
from ocpi.pricing.cost import cost
from ocpi.pricing.session import Activity, Stretch
from tests.unit.pricing.build import MONDAY, ZONE, charge, element, expire, price, reserve, session, tariff, time

AFTERNOON = f"{MONDAY}T16:00"


def test_times_count_to_the_millisecond_and_in_any_zone() -> None:
    start = datetime.fromisoformat("2026-03-02T12:00:00.123999+01:00")
    stretch = Stretch(start, start + timedelta(hours=1), tariff=tariff(element(time(1))))
    assert str(stretch.start) == "2026-03-02 11:00:00.123000+00:00"
    assert cost([stretch], ZONE).total_cost == price(1)


START = datetime(2026, 3, 2, 11, tzinfo=UTC)
HOUR = Stretch(START, START + timedelta(hours=1))


@pytest.mark.parametrize(
    "wrong",
    [
        {"end": START},
        {"start": datetime(2026, 3, 2, 11)},  # noqa: DTZ001 - without a zone it is refused
        {"end": START + timedelta(days=400)},
        {"start": datetime.min.replace(tzinfo=UTC)},
        {"end": datetime.max.replace(tzinfo=UTC)},
        {"energy_kwh": 0.1},
        {"energy_kwh": Decimal("NaN")},
        {"current_a": Decimal("1E+20")},
        {"activity": Activity.RESERVED, "energy_kwh": Decimal(1)},
    ],
)
def test_no_stretch_of_a_session(wrong: dict[str, object]) -> None:
    with pytest.raises(CannotPrice):
        replace(HOUR, **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "history",
    [
        [],
        [HOUR, HOUR],
        [HOUR, replace(HOUR, start=START + timedelta(hours=2), end=START + timedelta(hours=3))],
        session(None, AFTERNOON, charge(10), reserve(10)),
        session(None, AFTERNOON, expire(10), charge(10)),
        session(None, AFTERNOON, reserve(10), expire(10)),
        session(
            None,
            AFTERNOON,
            charge(10, tariff=tariff(element(time(1)))),
            charge(10, tariff=tariff(element(time(1)), currency="SEK")),
        ),
    ],
)
def test_no_history_of_a_session(history: list[Stretch]) -> None:
    with pytest.raises(CannotPrice):
        cost(history, ZONE)


def test_a_tariff_that_changes_every_minute_of_a_year_is_refused() -> None:
    every_minute = tariff(
        *[element(time(1), start_time=f"{hour:02}:{minute:02}") for hour in range(24) for minute in range(60)]
    )
    year = Stretch(START, START + timedelta(days=365), Activity.CHARGING, every_minute)
    with pytest.raises(CannotPrice, match="changes too often"):
        cost([year], ZONE)


def test_an_absurd_price_is_refused() -> None:
    with pytest.raises(CannotPrice, match="too large"):
        cost(session(tariff(element(time(10**12))), AFTERNOON, charge(120)), ZONE)
