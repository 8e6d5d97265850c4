"""An eMSP checks the CDRs that it gets."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from ocpi.types.cdrs import CDR
from tests.conformance.pricing.asking import price_cdr, verify
from tests.conformance.pricing.test_worked_sessions import COMPLEX
from tests.unit.pricing.build import (
    MONDAY,
    ZONE,
    cdr,
    changed,
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

UNDER = tariff(
    element(time(3, "20", 300), reservation="RESERVATION"),
    element(energy("0.20", "10", 100), end_time="17:00"),
    element(fee(1, "20"), energy("0.40", "10", 100), parking(2, "20", 900)),
)
SENT = cdr(session(UNDER, f"{MONDAY}T15:00", reserve(22), charge(118, "20.03"), park(10)))


def fields(wrong: CDR) -> list[str]:
    return [difference.field for difference in verify(wrong, ZONE)]


@pytest.mark.requirement("CDR-22", "CDR-33", "CDR-34")
def test_a_right_cdr() -> None:
    assert verify(SENT, ZONE) == []
    assert len(SENT.charging_periods) == 4
    monday = cdr(session(COMPLEX, f"{MONDAY}T09:30", charge(165, current_a="16"), park(42)))
    assert verify(monday, ZONE) == []
    assert price_cdr(monday, ZONE).total_cost == price(9, "10.3")


Change = Callable[[dict[str, Any]], None]


def put(pointer: str, value: object) -> Change:
    *path, last = (int(step) if step.isdigit() else step for step in pointer.split("/")[1:])

    def change(document: Any) -> None:
        for step in path:
            document = document[step]
        document[last] = value

    return change


@pytest.mark.requirement("CDR-33", "CDR-34")
@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("/total_cost/excl_vat", Decimal("8.00")),
        ("/total_cost/incl_vat", Decimal("8.00")),
        ("/total_fixed_cost/excl_vat", Decimal("1.01")),
        ("/total_energy_cost/excl_vat", Decimal("5.02")),
        ("/total_parking_cost/incl_vat", Decimal("0.50")),
        ("/total_reservation_cost/excl_vat", Decimal("1.20")),
        ("/total_energy", Decimal("20.04")),
        ("/total_time", Decimal("2.5")),
        ("/total_parking_time", Decimal("0.25")),
        ("/currency", "SEK"),
    ],
)
def test_each_wrong_total_is_named(pointer: str, value: object) -> None:
    assert fields(changed(SENT, put(pointer, value))) == [pointer]


def test_a_difference_tells_both_numbers() -> None:
    (difference,) = verify(changed(SENT, put("/total_fixed_cost/excl_vat", Decimal(2))), ZONE)
    assert (difference.stated, difference.expected) == (Decimal(2), Decimal(1))
    assert difference.message == "is 2, and should be 1"


def test_a_total_that_was_never_due_is_named() -> None:
    assert fields(changed(SENT, put("/total_time_cost", {"excl_vat": 1}))) == ["/total_time_cost/excl_vat"]


def test_rounding_of_others_is_no_difference_nor_is_what_they_leave_out() -> None:
    assert price_cdr(SENT, ZONE).total_cost.incl_vat == Decimal("8.484278")
    assert SENT.total_cost == price("7.46", "8.48")
    assert verify(changed(SENT, put("/total_cost/incl_vat", Decimal("8.49"))), ZONE) == []
    assert fields(changed(SENT, put("/total_cost/incl_vat", Decimal("8.50")))) == ["/total_cost/incl_vat"]
    few = SENT.model_dump(exclude_none=True)
    for name in ("total_fixed_cost", "total_energy_cost", "total_parking_time", "total_reservation_cost"):
        del few[name]
    del few["total_cost"]["incl_vat"]
    assert verify(CDR.model_validate(few), ZONE) == []


def test_currencies_of_other_decimals() -> None:
    yen = tariff(element(energy("30.5", "10")), currency="EUR")
    made = cdr(session(yen, f"{MONDAY}T12:00", charge(60, "10.01")), decimals=0)
    assert made.total_cost == price(305, 336)
    assert fields(made)[:2] == ["/total_cost/excl_vat", "/total_cost/incl_vat"]
    assert verify(made, ZONE, decimals=0) == []


@pytest.mark.requirement("CDR-22")
def test_a_period_that_goes_on_after_its_price_changed_is_named() -> None:
    def merge(document: dict[str, Any]) -> None:
        del document["charging_periods"][2]
        for each in document["charging_periods"][1]["dimensions"]:
            each["volume"] = {"ENERGY": Decimal("20.03"), "TIME": Decimal("1.9667")}[each["type"]]

    assert "/charging_periods/1" in fields(changed(SENT, merge))


@pytest.mark.requirement("CDR-23", "CDR-26")
def test_a_period_with_more_time_than_it_lasts_is_named() -> None:
    wrong = changed(SENT, put("/charging_periods/2/dimensions/1/volume", Decimal("1.5")))
    assert "/charging_periods/2/dimensions" in fields(wrong)


@pytest.mark.requirement("CDR-24", "CDR-35")
def test_a_period_names_a_tariff_of_the_cdr_or_none() -> None:
    assert fields(changed(SENT, put("/tariffs", []))) == ["/charging_periods/0/tariff_id"]
    assert fields(changed(SENT, put("/charging_periods/2/tariff_id", "T2"))) == ["/charging_periods/2/tariff_id"]
    assert verify(changed(SENT, put("/charging_periods/2/tariff_id", "t1")), ZONE) == []
    free = changed(SENT, put("/charging_periods/3/tariff_id", None))
    assert price_cdr(free, ZONE).total_parking_cost is None


def test_a_cdr_is_priced_by_the_tariffs_that_were_agreed() -> None:
    agreed = tariff(element(energy("0.10", "10")))
    assert price_cdr(SENT, ZONE, [agreed]).total_cost == price("2.003", "2.2033")
    assert "/total_cost/excl_vat" in [each.field for each in verify(SENT, ZONE, [agreed])]


def test_the_time_zone_of_the_location_matters() -> None:
    assert "/total_cost/excl_vat" in [each.field for each in verify(SENT, "Asia/Tokyo")]


@pytest.mark.requirement("CDR-38")
def test_what_a_cdr_does_not_tell_is_named() -> None:
    made = cdr(session(COMPLEX, f"{MONDAY}T09:30", charge(165, current_a="16")))
    bare = changed(made, put("/charging_periods/0/dimensions", [{"type": "TIME", "volume": Decimal("2.75")}]))
    (difference,) = verify(bare, ZONE)
    assert difference.message == "the tariff depends on the current, which is not known"


@pytest.mark.requirement("TAR-29")
def test_a_cdr_of_nothing_but_a_reservation_is_of_one_that_expired() -> None:
    under = tariff(element(fee(4), reservation="RESERVATION_EXPIRES"), element(time(2), reservation="RESERVATION"))
    made = cdr(session(under, f"{MONDAY}T15:00", expire(60)))
    assert made.total_reservation_cost == price(6)
    assert verify(made, ZONE) == []


@pytest.mark.requirement("CDR-26", "CDR-28")
def test_hours_of_three_decimals_stand_for_what_the_clock_tells() -> None:
    """1:58:23 written as 1.973 h, in steps of 5 minutes; the energy is told as a total only."""
    made = cdr(session(tariff(element(time(2, "10", 300))), f"{MONDAY}T12:00", charge(118 + 23 / 60)))

    def shorten(document: dict[str, Any]) -> None:
        document["charging_periods"][0]["dimensions"][0]["volume"] = Decimal("1.973")
        document |= {"total_time": Decimal("1.973"), "total_energy": Decimal("15.342")}

    assert verify(changed(made, shorten), ZONE) == []
    assert price_cdr(changed(made, shorten), ZONE).total_cost == price(4, "4.4")


def test_charging_and_parking_in_one_period() -> None:
    made = cdr(session(tariff(element(time(6), parking(3), energy(1))), f"{MONDAY}T12:00", charge(60, "5"), park(30)))

    def join(document: dict[str, Any]) -> None:
        document["charging_periods"][0]["dimensions"] += document["charging_periods"].pop()["dimensions"]

    joined = changed(made, join)
    assert len(joined.charging_periods) == 1
    assert verify(joined, ZONE) == []
    too_long = fields(changed(joined, put("/charging_periods/0/dimensions/1/volume", Decimal(2))))
    assert too_long.count("/charging_periods/0/dimensions") == 1


def test_energy_without_time_and_periods_of_no_length() -> None:
    made = cdr(session(tariff(element(energy("0.50"))), f"{MONDAY}T12:00", charge(60, "5")))

    def at_once(document: dict[str, Any]) -> None:
        period = document["charging_periods"][0]
        period["dimensions"] = [{"type": "ENERGY", "volume": Decimal(2)}]
        document["charging_periods"].append(period | {"dimensions": [{"type": "ENERGY", "volume": Decimal(3)}]})

    assert verify(changed(made, at_once), ZONE) == []


def test_dates_at_the_end_of_the_calendar_are_told_not_thrown() -> None:
    (difference,) = verify(changed(SENT, put("/end_date_time", "9999-12-31T23:59:59Z")), ZONE)
    assert "is no stretch of a session" in difference.message


@pytest.mark.requirement("CDR-26")
def test_eight_minutes_are_eight_minutes_with_any_decimals() -> None:
    made = cdr(session(tariff(element(time(3600))), f"{MONDAY}T12:00", charge(8)))
    for hours in ("0.1333", "0.133", "0.1334", "0.13333333"):
        written = changed(made, put("/charging_periods/0/dimensions/0/volume", Decimal(hours)))
        assert price_cdr(written, ZONE).total_cost == price(480)
    shorter = changed(made, put("/charging_periods/0/dimensions/0/volume", Decimal("0.1")))
    assert price_cdr(shorter, ZONE).total_cost == price(360)


@pytest.mark.requirement("TAR-25")
def test_an_element_holds_for_a_period_whose_current_stays_within_its_limits() -> None:
    under = tariff(element(time(1), max_current=16), element(time(2), min_current=32), element(time(5)))
    made = cdr(session(under, f"{MONDAY}T12:00", charge(60, current_a="10")))

    def between(lowest: int, highest: int) -> CDR:
        current = [{"type": "MIN_CURRENT", "volume": lowest}, {"type": "MAX_CURRENT", "volume": highest}]
        return changed(made, put("/charging_periods/0/dimensions", [{"type": "TIME", "volume": 1}, *current]))

    assert price_cdr(between(6, 15), ZONE).total_cost == price(1)
    assert price_cdr(between(32, 40), ZONE).total_cost == price(2)
    assert price_cdr(between(6, 40), ZONE).total_cost == price(5)


@pytest.mark.requirement("TAR-27")
def test_durations_of_a_reservation_and_of_its_session_each_count_from_their_start() -> None:
    under = tariff(
        element(time(0), reservation="RESERVATION", max_duration=900),
        element(time(4), reservation="RESERVATION"),
        element(time(1), max_duration=1800),
        element(time(2)),
    )
    made = cdr(session(under, f"{MONDAY}T12:00", reserve(45), charge(60)))
    assert made.total_cost == price("3.50")
    assert verify(made, ZONE) == []


@pytest.mark.requirement("CDR-28")
def test_a_period_of_energy_alone_is_no_time_to_round() -> None:
    under = tariff(element(energy(1), time(6, step_size=600), parking(12, step_size=600)))
    made = cdr(session(under, f"{MONDAY}T12:00", charge(11), park(7), charge(5, "1")))
    put("/charging_periods/2/dimensions", [{"type": "ENERGY", "volume": 1}])(document := made.model_dump())
    costs = price_cdr(CDR.model_validate(document), ZONE)
    assert costs.total_time_cost == price("1.1")
    assert costs.total_parking_cost == price(2)
