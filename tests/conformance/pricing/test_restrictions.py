"""Which price holds when."""

from decimal import Decimal

import pytest

from ocpi.pricing.amounts import rounded
from ocpi.types.periods import CdrDimensionType
from ocpi.types.sessions import Session
from tests.conformance.pricing.asking import asked, cost, starts, total
from tests.objects import SESSION
from tests.unit.pricing.build import (
    MONDAY,
    SATURDAY,
    ZONE,
    charge,
    element,
    energy,
    fee,
    park,
    parking,
    price,
    reserve,
    session,
    tariff,
    time,
    volumes,
)

NOON = f"{MONDAY}T12:00"
HOUR = time(1)
DEARER = time(2)


@pytest.mark.requirement("TAR-09")
def test_the_first_element_that_matches_prices_a_dimension() -> None:
    assert total(tariff(element(time(1)), element(time(2))), NOON, charge(60)) == price(1)
    assert total(
        tariff(element(time(1), start_time="18:00"), element(time(2)), element(time(3))), NOON, charge(60)
    ) == (price(2))


@pytest.mark.requirement("TAR-10")
def test_dimensions_come_from_different_elements_at_the_same_moment() -> None:
    under = tariff(
        element(energy("0.10"), end_time="18:00"),
        element(energy("0.90"), time(1)),
        element(fee(3), time(7), parking(5)),
    )
    costs = cost(session(under, NOON, charge(60, "10"), park(60)), ZONE)
    assert costs.total_energy_cost == price(1)
    assert costs.total_time_cost == price(1)
    assert costs.total_parking_cost == price(5)
    assert costs.total_fixed_cost == price(3)
    assert costs.total_cost == price(10)


@pytest.mark.requirement("TAR-11", "TAR-12")
def test_without_an_element_that_matches_a_dimension_costs_nothing() -> None:
    evening = element(energy("0.50"), start_time="18:00")
    assert total(tariff(evening), NOON, charge(60, "10")) == price(0)
    assert total(tariff(evening, element(energy("0.20"))), NOON, charge(60, "10")) == price(2)


@pytest.mark.requirement("TAR-13", "SES-28")
def test_free_of_charge_is_a_price_of_nothing_which_differs_from_no_price() -> None:
    free = tariff(element(fee("0.00")))
    costs = cost(session(free, NOON, charge(60, "10"), park(30)), ZONE)
    assert costs.total_cost == price("0.00")
    assert costs.total_fixed_cost == price("0.00")
    assert costs.total_energy_cost is None
    assert Session.model_validate(SESSION).total_cost is None
    assert Session.model_validate(SESSION | {"total_cost": {"excl_vat": 0.0}}).total_cost == costs.total_cost


@pytest.mark.requirement("TAR-19")
def test_restrictions_hold_together_or_not_at_all() -> None:
    under = tariff(element(time(9), start_time="18:00", day_of_week=["SATURDAY"], min_kwh=1), element(time(1)))
    assert total(under, f"{SATURDAY}T18:00", charge(60)) == price(1)
    assert total(under, f"{SATURDAY}T17:00", charge(60, "1"), charge(60)) == price(10)
    assert total(under, f"{SATURDAY}T16:00", charge(60, "1"), charge(60)) == price(2)
    assert total(under, f"{MONDAY}T17:00", charge(60, "1"), charge(60)) == price(2)


@pytest.mark.requirement("TAR-20", "CDR-22")
def test_elements_switch_on_and_off_during_a_session() -> None:
    under = tariff(element(DEARER, start_time="13:00", end_time="14:00"), element(HOUR))
    assert starts(under, NOON, charge(180)) == ["12:00:00", "13:00:00", "14:00:00"]
    assert total(under, NOON, charge(180)) == price(4)


@pytest.mark.requirement("TAR-21", "TAR-22")
@pytest.mark.parametrize(
    ("start_time", "end_time", "begins"),
    [
        ("13:00", "14:00", ["12:00", "13:00", "14:00"]),
        ("23:00", "01:00", ["12:00", "23:00", "01:00"]),  # over midnight
        ("23:00", "00:00", ["12:00", "23:00", "00:00"]),  # to the end of the day
        ("00:00", "00:00", ["12:00"]),  # all day
        ("12:00", "12:00", ["12:00"]),  # all day
        ("23:00", None, ["12:00", "23:00", "00:00"]),
        (None, "13:00", ["12:00", "13:00", "00:00"]),
    ],
)
def test_times_of_day(start_time: str | None, end_time: str | None, begins: list[str]) -> None:
    under = tariff(element(DEARER, start_time=start_time, end_time=end_time), element(HOUR))
    assert starts(under, NOON, charge(14 * 60)) == [f"{moment}:00" for moment in begins]


@pytest.mark.requirement("TAR-21")
@pytest.mark.parametrize(
    ("zone", "start", "dearer_hours"),
    [
        (ZONE, "2026-03-28T12:00", "1"),  # clocks go forward at 02:00
        (ZONE, "2026-10-24T12:00", "3"),  # and back at 03:00
        (ZONE, "2026-03-04T12:00", "2"),
        ("Asia/Kathmandu", "2026-03-28T12:00", "2"),
        ("America/New_York", "2026-10-31T12:00", "2.5"),  # back at 02:00, to before the window
    ],
)
def test_local_time_with_daylight_saving(zone: str, start: str, dearer_hours: str) -> None:
    under = tariff(element(DEARER, start_time="01:30", end_time="03:30"), element(HOUR))
    hours = 18
    assert total(under, start, charge(hours * 60), zone=zone) == price(str(hours + Decimal(dearer_hours)))


@pytest.mark.requirement("TAR-21")
def test_a_time_that_the_clock_shows_twice_or_never() -> None:
    """02:15 to 02:45 is skipped in spring, and comes twice in autumn."""
    under = tariff(element(DEARER, start_time="02:15", end_time="02:45"), element(HOUR))
    assert total(under, "2026-03-28T12:00", charge(18 * 60)) == price(18)
    assert starts(under, "2026-10-24T12:00", charge(18 * 60)) == (
        ["12:00:00", "02:15:00", "02:45:00", "02:15:00", "02:45:00"]
    )
    assert total(under, "2026-10-24T12:00", charge(18 * 60)) == price(19)


@pytest.mark.requirement("TAR-21")
def test_a_price_of_an_hour_that_the_clock_skips_over_begins_where_it_jumps() -> None:
    under = tariff(element(DEARER, start_time="02:30", end_time="04:00"), element(HOUR))
    assert starts(under, "2026-03-28T23:00", charge(360)) == ["23:00:00", "03:00:00", "04:00:00"]


@pytest.mark.requirement("TAR-21")
def test_days_of_the_week_are_local() -> None:
    under = tariff(element(DEARER, day_of_week=["SATURDAY"]), element(HOUR))
    assert starts(under, "2026-03-06T12:00", charge(40 * 60)) == ["12:00:00", "00:00:00", "00:00:00"]
    assert starts(under, "2026-03-06T12:00", charge(40 * 60), zone="Pacific/Auckland") == (
        ["12:00:00", "00:00:00", "00:00:00"]
    )


@pytest.mark.requirement("TAR-23")
def test_dates_from_the_first_until_before_the_last() -> None:
    under = tariff(element(DEARER, start_date="2026-03-03", end_date="2026-03-05"), element(HOUR))
    assert total(under, "2026-03-02T00:00", charge(24 * 60)) == price(24)
    assert total(under, "2026-03-03T00:00", charge(24 * 60)) == price(48)
    assert total(under, "2026-03-04T00:00", charge(24 * 60)) == price(48)
    assert total(under, "2026-03-05T00:00", charge(24 * 60)) == price(24)
    assert starts(under, NOON, charge(72 * 60)) == ["12:00:00", "00:00:00", "00:00:00"]


@pytest.mark.requirement("TAR-24", "CDR-22")
def test_energy_limits_cut_where_the_meter_passes_them() -> None:
    under = tariff(element(energy("0.20"), max_kwh=20), element(energy("0.50"), min_kwh=20))
    assert starts(under, NOON, charge(60, "40")) == ["12:00:00", "12:30:00"]
    assert total(under, NOON, charge(60, "40")) == price(14)
    assert total(under, NOON, charge(60, "20")) == price(4)
    assert total(under, NOON, charge(60, "20"), charge(60, "1")) == price("4.5")
    assert total(under, NOON, charge(60, "22")) == price(5)  # passed between two milliseconds


@pytest.mark.requirement("TAR-24")
def test_energy_fed_back_counts() -> None:
    """Up to 12 kWh and back to 8, through 10 both times."""
    under = tariff(element(energy("0.50"), min_kwh=10), element(energy("0.10")))
    costs = cost(session(under, NOON, charge(60, "12"), charge(60, "-4")), ZONE)
    assert volumes(costs.charging_periods, CdrDimensionType.ENERGY) == [10, Decimal("-0.0001"), Decimal("-1.9999")]
    assert rounded(costs.total_energy_cost or price(0), 2) == price("0.80")
    assert volumes(costs.charging_periods, CdrDimensionType.TIME) == [
        Decimal("0.8333"),
        Decimal("0.6667"),
        Decimal("0.5"),
    ]


@pytest.mark.requirement("TAR-25")
def test_current_limits_look_at_the_moment() -> None:
    under = tariff(element(time(1), max_current=16), element(time(2), min_current=16, max_current=32), element(time(3)))
    legs = [charge(60, current_a=amperes) for amperes in ("15.9", "16", "31.9", "32", "6")]
    assert total(under, NOON, *legs) == price(1 + 2 + 2 + 3 + 1)


@pytest.mark.requirement("TAR-26")
def test_power_limits_look_at_the_moment() -> None:
    under = tariff(element(time(1), max_power=11), element(time(2), min_power=11, max_power=22), element(time(3)))
    legs = [charge(60, power_kw=kw) for kw in ("10.9", "11", "21.9", "22", "3")]
    assert total(under, NOON, *legs) == price(1 + 2 + 2 + 3 + 1)
    by_meter = [charge(30, "5.4"), charge(30, "5.5"), charge(30, "11")]
    assert total(under, NOON, *by_meter) == price(3)


@pytest.mark.requirement("TAR-27")
def test_duration_limits_count_from_the_start_of_the_session() -> None:
    under = tariff(element(time(1), max_duration=1800), element(time(2), min_duration=1800))
    assert starts(under, NOON, charge(60)) == ["12:00:00", "12:30:00"]
    assert total(under, NOON, charge(60)) == price("1.5")
    assert total(under, NOON, charge(30)) == price("0.5")
    assert total(under, NOON, reserve(60), charge(30)) == price("0.5")


@pytest.mark.requirement("TAR-28", "TAR-29")
def test_the_duration_of_a_reservation_counts_by_itself() -> None:
    first_free = tariff(
        element(time(0), reservation="RESERVATION", max_duration=900),
        element(time(4), reservation="RESERVATION"),
    )
    assert total(first_free, NOON, reserve(45)) == price(2)


@pytest.mark.requirement("TAR-28")
def test_prices_of_a_reservation_are_not_those_of_charging() -> None:
    under = tariff(element(fee(1), time(6), reservation="RESERVATION"), element(fee(2), time(3)))
    costs = cost(session(under, NOON, reserve(30), charge(60), park(60)), ZONE)
    assert costs.total_reservation_cost == price(4)
    assert costs.total_fixed_cost == price(2)
    assert costs.total_time_cost == price(3)
    assert costs.total_parking_cost is None
    assert total(tariff(element(time(6), reservation="RESERVATION")), NOON, charge(60)) == price(0)
    assert total(tariff(element(time(6))), NOON, reserve(60)) == price(0)


@pytest.mark.requirement("TAR-29")
def test_an_expired_reservation_has_the_prices_of_both_kinds_the_one_for_expiry_first() -> None:
    used = element(fee(1), time(2), reservation="RESERVATION")
    expired = element(time(9), reservation="RESERVATION_EXPIRES")
    for elements in ([used, expired], [expired, used]):
        costs = session(tariff(*elements), NOON, reserve(60))
        assert cost(costs, ZONE).total_cost == price(3)


@pytest.mark.requirement("TAR-25")
def test_a_price_that_depends_on_an_unknown_current_is_refused() -> None:
    under = tariff(element(time(1), max_current=16, start_time="13:00"), element(time(2)))
    assert total(under, "2026-03-02T11:00", charge(60)) == price(2)
    reply = asked(session(under, NOON, charge(120)), ZONE)
    assert (reply.status, reply.detail) == (400, "/stretches: the tariff depends on the current, which is not known")


@pytest.mark.requirement("TAR-32")
def test_no_vat_differs_from_a_vat_of_0() -> None:
    assert total(tariff(element(energy("0.20"))), NOON, charge(60, "10")) == price(2)
    assert total(tariff(element(energy("0.20", "0.0"))), NOON, charge(60, "10")) == price(2, 2)
