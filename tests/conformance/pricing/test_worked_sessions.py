"""The figures that the specification works out, to the last decimal."""

import pytest

from ocpi.pricing.amounts import rounded
from tests.conformance.pricing.asking import cost, total
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
)

NOON = f"{MONDAY}T12:00"
ENERGY = energy("0.25", "10")
START_FEE = fee("0.50", "20")

SIMPLE = tariff(element(ENERGY))
WITH_FEE = tariff(element(START_FEE, ENERGY))
WITH_PARKING = tariff(element(START_FEE, ENERGY, parking("2", "20", 900)))
CAPPED = tariff(element(START_FEE, ENERGY), max_price={"excl_vat": 10, "incl_vat": 11})
WITH_MINIMUM = tariff(element(ENERGY), min_price={"excl_vat": 0.5, "incl_vat": 0.55})

COMPLEX = tariff(
    element(fee("2.50", "15")),
    element(time("1.00", "20", 900), max_current=32),
    element(
        time("2.00", "20", 600),
        min_current=32,
        day_of_week=["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"],
    ),
    element(time("1.25", "20", 600), min_current=32, day_of_week=["SATURDAY", "SUNDAY"]),
    element(
        parking("5.00", "10", 300),
        start_time="09:00",
        end_time="18:00",
        day_of_week=["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"],
    ),
    element(parking("6.00", "10", 300), start_time="10:00", end_time="17:00", day_of_week=["SATURDAY"]),
    type="REGULAR",
)

STEPS = tariff(
    element(time("1.20", step_size=1800), parking("1.00", step_size=900), start_time="00:00", end_time="17:00"),
    element(time("2.40", step_size=900), parking("1.00", step_size=900), start_time="17:00", end_time="20:00"),
    element(time("2.40", step_size=900), start_time="20:00", end_time="00:00"),
)

RESERVED = tariff(element(time("5", "20", 60), reservation="RESERVATION"), element(START_FEE, ENERGY))
RESERVED_WITH_FEE = tariff(
    element(fee("2", "20"), time("5", "20", 300), reservation="RESERVATION"), element(START_FEE, ENERGY)
)
EXPIRY_FEE = tariff(
    element(fee("4", "20"), reservation="RESERVATION_EXPIRES"),
    element(time("2", "20", 600), reservation="RESERVATION"),
    element(START_FEE, ENERGY),
)
EXPIRY_TIME = tariff(
    element(time("6", "20", 600), reservation="RESERVATION_EXPIRES"),
    element(time("3", "20", 600), reservation="RESERVATION"),
    element(START_FEE, ENERGY),
)


@pytest.mark.requirement("TAR-35", "TAR-32")
def test_energy_start_fee_and_parking() -> None:
    assert total(SIMPLE, NOON, charge(120, "20")) == price("5.00", "5.50")
    assert total(WITH_FEE, NOON, charge(120, "20")) == price("5.50", "6.10")
    assert total(WITH_PARKING, NOON, charge(120, "20"), park(40)) == price("7.00", "7.90")


@pytest.mark.requirement("TAR-36", "TAR-15", "TAR-16")
def test_price_limits() -> None:
    assert total(CAPPED, NOON, charge(120, "50")) == price("10.00", "11.00")
    assert total(CAPPED, NOON, charge(120, "30")) == price("8.00", "8.85")
    assert total(WITH_MINIMUM, NOON, charge(120, "20")) == price("5.00", "5.50")
    assert total(WITH_MINIMUM, NOON, charge(120, "1")) == price("0.50", "0.55")


def test_time() -> None:
    assert total(tariff(element(time("2", "10", 60))), NOON, charge(150)) == price("5.00", "5.50")
    dearer_parking = tariff(element(time("3", "10", 60), parking("5", "20", 300)))
    assert total(dearer_parking, NOON, charge(150), park(42)) == price("11.25", "12.75")
    assert total(tariff(element(time("1.90", "5.2", 300))), NOON, charge(150)) == price("4.75", "4.997")


@pytest.mark.requirement("TAR-34")
def test_rounding_half_up_at_presentation_only() -> None:
    """20.45 kWh in steps of 100 Wh."""
    under = tariff(element(START_FEE, energy("0.25", "10", 100)))
    costs = cost(session(under, NOON, charge(120, "20.45")), ZONE)
    assert costs.total_energy_cost == price("5.125", "5.6375")
    assert rounded(costs.total_energy_cost, 2) == price("5.13", "5.64")
    assert costs.total_cost == price("5.625", "6.2375")
    assert rounded(costs.total_cost, 2) == price("5.63", "6.24")


@pytest.mark.requirement("TAR-37", "TAR-28", "TAR-29")
def test_reservations() -> None:
    assert total(RESERVED, NOON, reserve(15), charge(60, "20")) == price("6.75", "7.60")
    assert total(RESERVED_WITH_FEE, NOON, reserve(13), charge(60, "20")) == price("8.75", "10.00")
    assert total(EXPIRY_FEE, NOON, reserve(22), charge(60, "20")) == price("6.50", "7.30")
    assert total(EXPIRY_FEE, NOON, expire(60)) == price("6.00", "7.20")
    assert total(EXPIRY_TIME, NOON, reserve(22), charge(60, "20")) == price("7.00", "7.90")
    assert total(EXPIRY_TIME, NOON, expire(90)) == price("9.00", "10.80")


@pytest.mark.requirement("TAR-38")
def test_complex_tariff() -> None:
    monday = total(COMPLEX, f"{MONDAY}T09:30", charge(165, current_a="16"), park(42))
    assert monday == price("9.00", "10.30")
    saturday = total(COMPLEX, f"{SATURDAY}T13:30", charge(114, current_a="43"), park(71))
    assert saturday == price("12.375", "13.975")


@pytest.mark.requirement("TAR-39")
def test_steps_over_a_change_of_price() -> None:
    assert total(STEPS, f"{MONDAY}T16:55", charge(10), park(2)) == price("0.55")
    assert total(STEPS, f"{MONDAY}T16:35", charge(35)) == price("1.30")
    assert total(STEPS, f"{MONDAY}T19:40", charge(12), park(20)) == price("0.73")


@pytest.mark.requirement("TAR-40", "TAR-26", "TAR-27")
def test_restrictions() -> None:
    by_power = tariff(
        element(energy("0.20", "20"), max_power=16),
        element(energy("0.35", "20"), max_power=32),
        element(energy("0.50", "20")),
    )
    legs = charge(10, "1", power_kw="6"), charge(50, "40", power_kw="48"), charge(7.5, "0.5", power_kw="4")
    assert total(by_power, NOON, *legs) == price("20.30", "24.36")
    by_duration = tariff(
        element(energy("0", "20"), max_duration=1800),
        element(energy("0.25", "20"), max_duration=3600),
        element(energy("0.40", "20")),
    )
    assert total(by_duration, NOON, charge(30, "5"), charge(10, "1.2")) == price("0.30", "0.36")


@pytest.mark.requirement("CDR-28", "CDR-29", "CDR-30")
def test_the_total_of_a_unit_is_rounded_at_the_last_price() -> None:
    by_energy = tariff(element(energy("0.20", step_size=500), end_time="17:00"), element(energy("0.27", step_size=500)))
    costs = cost(session(by_energy, f"{MONDAY}T16:00", charge(60, "4.3"), charge(20, "1.1")), ZONE)
    assert costs.total_energy_cost == price("1.184")  # 4.3 at 0.20 and 1.2 at 0.27
    by_time = tariff(element(time(5, step_size=600), end_time="17:00"), element(time(7, step_size=600)))
    assert total(by_time, f"{MONDAY}T16:54", charge(28)) == price("3.30")  # 6 min at 5.00 and 24 min at 7.00


@pytest.mark.requirement("CDR-31", "CDR-28")
def test_charging_is_not_rounded_where_parking_follows() -> None:
    steps_of_5 = tariff(element(time(6, step_size=300), parking(12, step_size=300)))
    costs = cost(session(steps_of_5, NOON, charge(21), park(7)), ZONE)
    assert (costs.total_time_cost, costs.total_parking_cost) == (price("2.10"), price("2.00"))
    steps_of_10 = tariff(element(time(1, step_size=600), parking(2, step_size=600)))
    costs = cost(session(steps_of_10, NOON, charge(21), park(16)), ZONE)
    assert (costs.total_time_cost, costs.total_parking_cost) == (price("0.35"), price("0.6666666667"))


@pytest.mark.requirement("TAR-31", "TAR-30")
def test_energy_is_rounded_up_to_a_multiple_of_its_step() -> None:
    def costs_with(step_size: int) -> object:
        return total(tariff(element(energy("0.25", step_size=step_size))), NOON, charge(60, "0.1152"))

    assert costs_with(1) == price("0.029")
    assert costs_with(25) == price("0.03125")
    assert costs_with(500) == price("0.125")
