"""What this project does where the specification is silent or contradicts itself, as docs/pricing.md lists it."""

from decimal import Decimal

import pytest

from ocpi.types.periods import CdrDimensionType
from tests.conformance.pricing.asking import cost, starts, total
from tests.conformance.pricing.test_worked_sessions import COMPLEX
from tests.unit.pricing.build import (
    MONDAY,
    SATURDAY,
    ZONE,
    charge,
    element,
    energy,
    expire,
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


def test_decision_11_total_time_leaves_the_reservation_out() -> None:
    under = tariff(element(time(1)))
    costs = cost(session(under, NOON, reserve(30), charge(60), park(15)), ZONE)
    assert costs.total_time == Decimal("1.25")
    assert volumes(costs.charging_periods, CdrDimensionType.RESERVATION_TIME) == [Decimal("0.5")]
    assert cost(session(under, NOON, expire(30)), ZONE).total_time == 0


def test_decision_12_energy_is_in_kwh() -> None:
    costs = cost(session(tariff(element(energy("0.25"))), NOON, charge(60, "10")), ZONE)
    assert volumes(costs.charging_periods, CdrDimensionType.ENERGY) == [10]
    assert costs.total_energy == 10
    assert costs.total_cost == price("2.50")


@pytest.mark.requirement("CDR-27")
def test_decision_13_a_pause_that_the_vehicle_did_not_ask_for_is_not_parking() -> None:
    """A charging profile lets the vehicle wait for half an hour; then it is full."""
    under = tariff(element(time(2), parking(8)))
    costs = cost(session(under, NOON, charge(30, "5"), charge(30, "0"), charge(30, "5"), park(30)), ZONE)
    assert costs.total_time_cost == price(3)
    assert costs.total_parking_cost == price(4)
    assert costs.total_parking_time == Decimal("0.5")


@pytest.mark.requirement("TAR-31")
def test_decision_14_an_exact_multiple_of_the_step_stays() -> None:
    assert total(tariff(element(time(12, step_size=300))), NOON, charge(15)) == price(3)
    assert total(tariff(element(energy(1, step_size=500))), NOON, charge(60, "5.5")) == price("5.5")
    assert total(tariff(element(energy(1, step_size=500))), NOON, charge(60, "5.5001")) == price(6)


@pytest.mark.requirement("TAR-38")
def test_decision_15_the_saturday_of_the_complex_tariff() -> None:
    costs = cost(session(COMPLEX, f"{SATURDAY}T13:30", charge(114, current_a="43"), park(71)), ZONE)
    assert costs.total_fixed_cost == price("2.50", "2.875")
    assert costs.total_time_cost == price("2.375", "2.85")
    assert costs.total_parking_cost == price("7.50", "8.25")
    assert costs.total_cost == price("12.375", "13.975")


@pytest.mark.requirement("CDR-28", "CDR-30")
def test_decision_16_only_the_dimension_of_the_last_priced_time_is_rounded() -> None:
    """Charging, parking, and charging again: 22 minutes of charging in steps of 10."""
    under = tariff(element(time(6, step_size=600), parking(12, step_size=600)))
    costs = cost(session(under, NOON, charge(11), park(7), charge(11)), ZONE)
    assert costs.total_time_cost == price(3)
    assert costs.total_parking_cost == price("1.4")
    parked_again = cost(session(under, NOON, charge(11), park(7), charge(11), park(7)), ZONE)
    assert parked_again.total_time_cost == price("2.2")
    assert parked_again.total_parking_cost == price(4)


@pytest.mark.requirement("CDR-33")
def test_decision_17_a_flat_fee_is_charged_once_for_the_first_element_that_becomes_active() -> None:
    under = tariff(
        element(fee(5), start_time="14:00"),
        element(fee(3), start_time="13:00"),
        element(time(0)),
    )
    assert total(under, NOON, charge(30)) == price(0)
    assert total(under, NOON, charge(90)) == price(3)
    assert total(under, NOON, charge(180)) == price(3)
    assert total(under, f"{MONDAY}T14:30", charge(180)) == price(5)


@pytest.mark.requirement("TAR-29")
def test_decision_18_expiry_overrides_the_reservation_dimension_by_dimension() -> None:
    used = element(fee(1), time(2), reservation="RESERVATION")
    expiry_fee = element(fee(7), reservation="RESERVATION_EXPIRES")
    expiry_time = element(time(9), reservation="RESERVATION_EXPIRES")
    assert total(tariff(used, expiry_fee), NOON, expire(60)) == price(7 + 2)
    assert total(tariff(used, expiry_time), NOON, expire(60)) == price(1 + 9)
    assert total(tariff(used, expiry_fee, expiry_time), NOON, expire(60)) == price(7 + 9)
    assert total(tariff(used, expiry_fee, expiry_time), NOON, reserve(60), charge(1)) == price(1 + 2)


@pytest.mark.requirement("TAR-32")
def test_decision_19_what_has_no_vat_is_added_as_it_is() -> None:
    some = tariff(element(fee(1), energy("0.50", "20")))
    costs = cost(session(some, NOON, charge(60, "10")), ZONE)
    assert costs.total_fixed_cost == price(1)
    assert costs.total_energy_cost == price(5, 6)
    assert costs.total_cost == price(6, 7)
    assert total(tariff(element(fee(1), energy("0.50"))), NOON, charge(60, "10")) == price(6)


@pytest.mark.requirement("TAR-22")
def test_decision_20_the_weekday_at_the_moment_decides_also_after_midnight() -> None:
    under = tariff(element(time(9), day_of_week=["SATURDAY"], start_time="22:00", end_time="02:00"), element(time(1)))
    assert starts(under, "2026-03-06T21:00", charge(32 * 60)) == [
        "21:00:00",
        "00:00:00",
        "02:00:00",
        "22:00:00",
        "00:00:00",
    ]
    assert total(under, f"{SATURDAY}T23:00", charge(120)) == price(10)


@pytest.mark.requirement("CDR-32")
def test_nothing_is_rounded_where_a_session_changes_between_tariffs() -> None:
    """The driver asks for another profile after 4.3 kWh; only the total of 5.4 kWh is rounded, to 5.5."""
    cheap = tariff(element(energy("0.20", step_size=1000)), tariff_id="CHEAP")
    fast = tariff(element(energy("0.50", step_size=500)), tariff_id="FAST")
    legs = charge(60, "4.3", tariff=cheap), charge(20, "1.1", tariff=fast)
    assert total(None, NOON, *legs) == price("1.46")


@pytest.mark.requirement("CDR-30", "TAR-30")
def test_the_last_step_counts_and_a_step_of_nothing_is_none() -> None:
    under = tariff(element(energy(1, step_size=1000), max_duration=3600), element(energy(2, step_size=0)))
    assert total(under, NOON, charge(60, "4.3"), charge(60, "1.1")) == price("6.5")
    other_way = tariff(element(energy(1, step_size=0), max_duration=3600), element(energy(2, step_size=1000)))
    assert total(other_way, NOON, charge(60, "4.3"), charge(60, "1.1")) == price("7.7")
    nothing_at_last = session(other_way, NOON, charge(60, "4.3"), charge(60, "0"))
    assert cost(nothing_at_last, ZONE).total_cost == price("4.3")


def test_a_reservation_is_rounded_by_itself() -> None:
    under = tariff(element(time(6, step_size=600), reservation="RESERVATION"), element(time(12, step_size=600)))
    assert total(under, NOON, reserve(11), charge(11)) == price(2 + 4)


@pytest.mark.requirement("TAR-15", "TAR-16")
def test_price_limits_hold_with_and_without_vat_each() -> None:
    under = tariff(
        element(fee(2, "50"), energy("0.50", "10")),
        min_price={"excl_vat": 4, "incl_vat": 4.5},
        max_price={"excl_vat": 20, "incl_vat": 22},
    )
    assert total(under, NOON, charge(60, "2")) == price(4, "4.5")
    assert total(under, NOON, charge(60, "3")) == price(4, "4.65")
    assert total(under, NOON, charge(60, "36")) == price(20, 22)
    assert total(under, NOON, charge(60, "35.4")) == price("19.7", 22)


@pytest.mark.requirement("TAR-15", "TAR-16")
def test_limits_without_vat_bind_both_sums_and_an_unused_reservation_has_no_least_price() -> None:
    under = tariff(element(energy(1, "10")), min_price={"excl_vat": 4}, max_price={"excl_vat": 10})
    assert total(under, NOON, charge(60, "1")) == price(4, 4)
    assert total(under, NOON, charge(60, "9.5")) == price("9.5", 10)
    assert total(under, NOON, expire(60)) == price(0)
    assert total(tariff(element(energy(1)), min_price={"excl_vat": 4, "incl_vat": 5}), NOON, charge(1)) == price(4, 5)


@pytest.mark.requirement("TAR-15", "TAR-16")
def test_of_several_tariffs_each_limit_holds_for_the_whole_session() -> None:
    first = tariff(element(energy(1)), tariff_id="A", min_price={"excl_vat": 4}, max_price={"excl_vat": 12})
    second = tariff(element(energy(1)), tariff_id="B", min_price={"excl_vat": 6}, max_price={"excl_vat": 20})
    assert total(first, NOON, charge(60, "1"), charge(60, "1", tariff=second)) == price(6)
    assert total(first, NOON, charge(60, "10"), charge(60, "10", tariff=second)) == price(12)
    dearest = tariff(element(energy(1)), tariff_id="C", min_price={"excl_vat": 30})
    assert total(first, NOON, charge(60, "1"), charge(60, "1", tariff=dearest)) == price(12)
