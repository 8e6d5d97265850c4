"""The charging periods of a CDR, and what they must hold for its receiver to come to the same sum."""

from decimal import Decimal

import pytest

from ocpi.types.cdrs import SESSION_ONLY
from ocpi.types.periods import CdrDimensionType
from tests.conformance.pricing.asking import cost, starts, verify
from tests.unit.pricing.build import (
    MONDAY,
    ZONE,
    cdr,
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

AFTERNOON = f"{MONDAY}T16:00"
EVENING_DEARER = tariff(element(energy("0.20"), end_time="17:00"), element(energy("0.27")))


@pytest.mark.requirement("CDR-22")
def test_a_period_starts_where_the_price_changes_with_the_energy_split() -> None:
    costs = cost(session(EVENING_DEARER, AFTERNOON, charge(90, "9")), ZONE)
    assert starts(EVENING_DEARER, AFTERNOON, charge(90, "9")) == ["16:00:00", "17:00:00"]
    assert volumes(costs.charging_periods, CdrDimensionType.ENERGY) == [6, 3]
    assert volumes(costs.charging_periods, CdrDimensionType.TIME) == [1, Decimal("0.5")]


@pytest.mark.requirement("CDR-22")
def test_each_kind_of_limit_starts_a_period() -> None:
    by_kwh = tariff(element(energy(1), max_kwh=3), element(energy(2)))
    assert starts(by_kwh, AFTERNOON, charge(60, "6")) == ["16:00:00", "16:30:00"]
    by_duration = tariff(element(time(1), max_duration=600), element(time(2)))
    assert starts(by_duration, AFTERNOON, charge(60)) == ["16:00:00", "16:10:00"]
    by_power = tariff(element(energy(1), max_power=11), element(energy(2)))
    assert starts(by_power, AFTERNOON, charge(30, "4"), charge(30, "8")) == ["16:00:00", "16:30:00"]
    by_current = tariff(element(time(1), max_current=32), element(time(2)))
    legs = charge(30, current_a="16"), charge(30, current_a="48")
    assert starts(by_current, AFTERNOON, *legs) == ["16:00:00", "16:30:00"]


def test_stretches_at_the_same_price_are_one_period() -> None:
    """A meter value a minute makes no period a minute."""
    costs = cost(session(EVENING_DEARER, AFTERNOON, *[charge(1, "0.1")] * 90, park(30)), ZONE)
    assert len(costs.charging_periods) == 3
    by_power = tariff(element(energy(1), max_power=11), element(energy(2)))
    periods = cost(session(by_power, AFTERNOON, charge(30, "3"), charge(30, "5")), ZONE).charging_periods
    assert volumes(periods, CdrDimensionType.MIN_POWER) == [6]
    assert volumes(periods, CdrDimensionType.MAX_POWER) == [10]
    by_current = tariff(element(time(1), max_current=32), element(time(2)))
    periods = cost(
        session(by_current, AFTERNOON, charge(30, current_a="16"), charge(30, current_a="6")), ZONE
    ).charging_periods
    assert volumes(periods, CdrDimensionType.MIN_CURRENT) == [6]
    assert volumes(periods, CdrDimensionType.MAX_CURRENT) == [16]


@pytest.mark.requirement("CDR-22")
def test_energy_that_costs_nothing_is_not_told_of_a_time_when_it_would_have() -> None:
    under = tariff(element(energy(1), max_duration=1800))
    stretches = session(under, AFTERNOON, charge(30), charge(30, "5"))
    assert starts(under, AFTERNOON, charge(30), charge(30, "5")) == ["16:00:00", "16:30:00"]
    assert cost(stretches, ZONE).total_energy_cost is None
    assert verify(cdr(stretches), ZONE) == []


@pytest.mark.requirement("CDR-23")
def test_periods_follow_each_other_from_the_start_of_the_session() -> None:
    stretches = session(EVENING_DEARER, AFTERNOON, reserve(10), charge(90, "9"), park(10))
    costs = cost(stretches, ZONE)
    moments = [period.start_date_time for period in costs.charging_periods]
    assert moments == sorted(set(moments))
    assert moments[0] == costs.start_date_time == stretches[0].start
    assert moments[-1] < costs.end_date_time == stretches[-1].end
    assert all(period.dimensions for period in costs.charging_periods)


@pytest.mark.requirement("CDR-24")
def test_without_a_tariff_a_period_costs_nothing() -> None:
    free, paid = charge(60, "10"), charge(60, "10", tariff=EVENING_DEARER)
    costs = cost(session(None, "2026-03-02T12:00", free, paid), ZONE)
    assert [period.tariff_id for period in costs.charging_periods] == [None, "T1"]
    assert costs.total_cost == price(2)


@pytest.mark.requirement("CDR-25", "CDR-26")
def test_a_cdr_states_what_its_price_depends_on_and_nothing_for_sessions_only() -> None:
    plain = cost(session(EVENING_DEARER, "2026-03-02T12:00", charge(30, "5.5", current_a="16")), ZONE)
    assert [str(each.type) for each in plain.charging_periods[0].dimensions] == ["ENERGY", "TIME"]
    under = tariff(element(energy(1), time(1), max_current=32, max_power=22), element(fee(1)))
    costs = cost(session(under, "2026-03-02T12:00", reserve(15), charge(30, "5.5", current_a="16"), park(15)), ZONE)
    assert [{str(each.type): each.volume for each in period.dimensions} for period in costs.charging_periods] == [
        {"RESERVATION_TIME": Decimal("0.25"), **STILL},
        {"ENERGY": Decimal("5.5"), "TIME": Decimal("0.5"), **MOVING},
        {"PARKING_TIME": Decimal("0.25"), **STILL},
    ]
    assert not {each.type for period in costs.charging_periods for each in period.dimensions} & SESSION_ONLY


STILL = {"MIN_CURRENT": 0, "MAX_CURRENT": 0, "MIN_POWER": 0, "MAX_POWER": 0}
MOVING = {"MIN_CURRENT": 16, "MAX_CURRENT": 16, "MIN_POWER": 11, "MAX_POWER": 11}


@pytest.mark.requirement("CDR-33")
def test_the_total_is_the_sum_of_its_parts_and_fees_belong_to_what_they_are_for() -> None:
    parking_fee = tariff(
        element(fee(4), time(2), reservation="RESERVATION"),
        element(fee(3), parking(2), min_duration=3600),
        element(energy("0.50"), time(1)),
    )
    costs = cost(session(parking_fee, AFTERNOON, reserve(30), charge(60, "10"), park(30)), ZONE)
    assert costs.total_fixed_cost is None
    assert costs.total_energy_cost == price(5)
    assert costs.total_time_cost == price(1)
    assert costs.total_parking_cost == price(3 + 1)
    assert costs.total_reservation_cost == price(4 + 1)
    assert costs.total_cost == price(15)


@pytest.mark.requirement("CDR-34")
def test_total_time_is_charging_and_parking() -> None:
    costs = cost(session(EVENING_DEARER, AFTERNOON, charge(60, "9.87"), park(30, "0.01")), ZONE)
    assert (costs.total_energy, costs.total_time, costs.total_parking_time) == (
        Decimal("9.88"),
        Decimal("1.5"),
        Decimal("0.5"),
    )
    assert cost(session(EVENING_DEARER, AFTERNOON, charge(60, "9")), ZONE).total_parking_time is None


@pytest.mark.requirement("CDR-35")
def test_all_tariffs_of_the_periods_are_listed() -> None:
    free = tariff(element(fee("0.00")), tariff_id="FREE")
    stretches = session(EVENING_DEARER, AFTERNOON, charge(60, "9"), charge(10, "1", tariff=free), charge(90, "9"))
    costs = cost(stretches, ZONE)
    assert costs.tariffs == [EVENING_DEARER, free]
    assert {period.tariff_id for period in costs.charging_periods} == {"T1", "FREE"}
