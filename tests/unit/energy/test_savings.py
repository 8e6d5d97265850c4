"""What control brings, beside the same visits uncontrolled."""

from collections.abc import Sequence
from datetime import timedelta
from statistics import fmean
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocpi.energy.savings import Savings, compared, quarters, savings
from ocpi.sites.phases import PHASES
from ocpi.sites.record import SLOT, LoadSlot, VisitRecord
from ocpi.sites.site import Site
from tests.unit.energy.records import START, site, slots, visit

DAY = timedelta(days=1)
SLOTS_A_DAY = 288


def compare(known: Site, visits: Sequence[VisitRecord], on_record: Sequence[LoadSlot], days: int = 1) -> Savings:
    end = START + days * DAY
    return savings(known, visits, compared(known, visits, on_record, START, end), START, end)


def day(charged_kw: float = 0.0, **about: Any) -> list[LoadSlot]:
    return slots([charged_kw] * SLOTS_A_DAY, **about)


def test_uncontrolled_each_vehicle_draws_all_it_can_from_its_arrival_on() -> None:
    visits = [visit(8, 9, 22), visit(8.5, 9, 22, evse_uid="E2")]
    rows = compared(site(), visits, day(), START, START + DAY)
    drawn = {(each.start - START) / timedelta(hours=1): each.uncontrolled.kw for each in rows}
    assert drawn[7] == 0
    assert drawn[8] == pytest.approx(11)
    assert drawn[9] == pytest.approx(22), "both"
    assert drawn[10] == pytest.approx(11), "the first has its 22 kWh"
    assert drawn[11] == 0


def test_a_peak_is_a_mean_of_a_quarter_of_an_hour_with_base_load_and_less_solar_power() -> None:
    found = compare(site(), [visit(8, 1, 0.9, max_kw=10.8)], day(base_kw=30, pv_kw=4))
    assert found.uncontrolled
    assert found.uncontrolled.peak_kw == pytest.approx(30 - 4 + 10.8 / 3), "five minutes of 15"
    assert found.uncontrolled.peak_at == START + timedelta(hours=8)
    assert found.lowered_peak_kw == pytest.approx(10.8 / 3)
    assert found.charged.peak_kw == 26


def test_charging_when_energy_is_cheap_saves_what_it_costs_less() -> None:
    prices = [0.40] * 144 + [0.10] * 144
    charged = [0.0] * 144 + [11.0] * 24 + [0.0] * 120
    found = compare(site(), [visit(8, 9, 22)], slots(charged, prices=prices))
    assert found.uncontrolled
    assert found.charged.energy_cost == pytest.approx(2.20)
    assert found.uncontrolled.energy_cost == pytest.approx(8.80)
    assert found.saved_cost == pytest.approx(6.60)


def test_control_that_cost_more_is_shown_as_less_than_nothing() -> None:
    prices = [0.10] * 144 + [0.40] * 144
    charged = [0.0] * 144 + [22.0] * 12 + [0.0] * 132
    dear = site(demand_charge={"price_per_kw": 6.5})
    found = compare(dear, [visit(8, 9, 22)], slots(charged, prices=prices))
    assert found.lowered_peak_kw == pytest.approx(-11)
    assert found.saved_cost == pytest.approx(-6.60 - 11 * 6.5)


def test_the_demand_charge_is_for_the_peak() -> None:
    found = compare(site(demand_charge={"price_per_kw": 6.5, "peak_kw": 41}), [visit(8, 9, 22)], day(1))
    assert found.uncontrolled
    assert (found.charged.demand_cost, found.uncontrolled.demand_cost) == (6.5, 71.5)
    assert found.saved_cost == 65, "without prices nothing else is known"
    assert found.charged.energy_cost is None


def test_without_prices_nothing_is_said_of_cost() -> None:
    found = compare(site(), [visit(8, 9, 22)], day(1))
    assert found.saved_cost is None
    assert found.charged.cost is None


def test_solar_power_that_would_have_flown_out_costs_what_it_would_have_earned() -> None:
    on_record = day(pv_kw=50, prices=0.30, feed_in_per_kwh=0.05)
    found = compare(site(), [visit(8, 9, 22)], on_record)
    assert found.charged.energy_cost == 0
    found = compare(
        site(), [visit(8, 9, 22)], slots([11.0] * 24 + [0.0] * 264, 0, 0.30, pv_kw=50, feed_in_per_kwh=0.05)
    )
    assert found.charged.energy_cost == pytest.approx(22 * 0.05)
    assert found.charged.peak_kw == 0


def test_minutes_above_a_limit_are_counted_where_any_phase_of_any_node_is() -> None:
    crowd = [visit(8, 9, 11, node="deck", evse_uid=f"E{number}") for number in range(3)]
    found = compare(site(), crowd, day())
    assert found.uncontrolled
    assert found.uncontrolled.minutes_over_limit == 60, "33 kW behind 23 kW"
    assert found.charged.minutes_over_limit == 0
    one_phase = [visit(8, 9, 7.4, 7.4, "deck", ("L2",), evse_uid="E1"), visit(8, 9, 7.4, 7.4, "deck", ("L2",))]
    alone = compare(site(), one_phase, day())
    assert alone.uncontrolled
    assert alone.uncontrolled.minutes_over_limit == 60, "64 A on a line of 33 A"
    assert any("60 min" in line for line in alone.left_out)
    overdrawn = compare(site(), [], day(70))
    assert overdrawn.charged.minutes_over_limit == 1440


def test_a_time_that_is_not_on_record_counts_on_neither_side() -> None:
    found = compare(site(), [visit(8, 9, 22)], slots([0.0] * 72))
    assert found.known == 0.25
    assert found.uncontrolled
    assert (found.uncontrolled.peak_kw, found.uncontrolled.energy_kwh) == (0, 0)


def test_what_lasted_beyond_the_start_is_told_and_costs_nothing_by_that() -> None:
    """It took half of its energy before; uncontrolled it would have taken all of it there."""
    on_record = slots([5.0] * 24 + [0.0] * 264, prices=0.3)
    found = compare(site(), [visit(-3, 6, 20), visit(8, 2, 4)], on_record)
    assert found.saved_cost == 0
    assert found.charged.cost == 3
    assert any("10.0 kWh" in line and "4.0 kWh" in line for line in found.left_out)


def test_without_a_visit_there_is_nothing_to_compare_with() -> None:
    found = compare(site(), [], day(5, prices=0.2))
    assert (found.uncontrolled, found.saved_cost, found.lowered_peak_kw, found.visits) == (None, None, None, 0)
    assert found.charged.cost == 24


def test_nothing_on_record_is_no_error() -> None:
    found = compare(site(), [visit(8, 9, 22)], [])
    assert (found.known, found.charged.energy_kwh, found.charged.peak_at) == (0, 0, None)


def test_who_hung_on_a_feeder_that_is_gone_hangs_on_the_grid_connection() -> None:
    found = compare(site(), [visit(8, 9, 22, node="gone")], day())
    assert found.uncontrolled
    assert found.uncontrolled.energy_kwh == pytest.approx(22)


SILENT = slots([0.0] * SLOTS_A_DAY * 3)

VISITS = st.lists(
    st.builds(
        visit,
        hour=st.floats(1, 40),
        hours=st.floats(0, 30),
        energy_kwh=st.floats(0, 90),
        max_kw=st.floats(0, 150),
        node=st.sampled_from(["grid", "deck", "gone"]),
        phases=st.sampled_from([("L1",), ("L2",), ("L1", "L3"), ("L1", "L2", "L3")]),
    ),
    max_size=6,
)


@settings(max_examples=30, deadline=None)
@given(visits=VISITS)
def test_uncontrolled_the_visits_take_just_the_energy_that_they_took(visits: list[VisitRecord]) -> None:
    found = compare(site(), visits, SILENT, days=3)
    taken = found.uncontrolled.energy_kwh if found.uncontrolled else 0.0
    assert taken == pytest.approx(sum(each.energy_kwh for each in visits), abs=0.01)


@settings(max_examples=30, deadline=None)
@given(
    visits=VISITS,
    charged=st.lists(st.floats(0, 80), min_size=1, max_size=40),
    base_kw=st.floats(-20, 60),
    pv_kw=st.floats(0, 30),
)
def test_no_peak_is_below_the_mean_nor_above_the_highest_slot(
    visits: list[VisitRecord], charged: list[float], base_kw: float, pv_kw: float
) -> None:
    rows = compared(site(), visits, slots(charged, base_kw, pv_kw=pv_kw), START, START + DAY)
    for mean_kw, drawn in (
        (max(each.charged_kw for each in quarters(rows)), [each.others_kw + each.charged.kw for each in rows]),
        (
            max(each.uncontrolled_kw for each in quarters(rows)),
            [each.others_kw + each.uncontrolled.kw for each in rows],
        ),
    ):
        assert fmean(drawn) - 1e-9 <= mean_kw <= max(drawn) + 1e-9


@settings(max_examples=30, deadline=None)
@given(
    visits=VISITS,
    charged=st.lists(st.floats(0, 80), min_size=1, max_size=40),
    base_kw=st.floats(0, 60),
    price=st.floats(0, 2),
)
def test_at_one_price_energy_costs_that_and_control_saves_nothing(
    visits: list[VisitRecord], charged: list[float], base_kw: float, price: float
) -> None:
    found = compare(site(), visits, slots(charged, base_kw, price))
    assert found.charged.energy_cost == pytest.approx(price * found.charged.energy_kwh, abs=0.02)
    if found.uncontrolled and found.uncontrolled.energy_cost is not None:
        assert found.saved_cost == pytest.approx(0, abs=0.011)


def test_in_the_slot_in_which_a_limit_was_lowered_the_load_of_before_is_no_excess() -> None:
    """Of a slot the lowest limit is on record, and the mean load."""
    on_record = slots([50.0, 45.0, 10.0, 30.0])
    lowered = [
        slot.model_copy(
            update={
                "nodes": {"grid": slot.nodes["grid"].model_copy(update={"limit_a": dict.fromkeys(PHASES, limit_a)})}
            }
        )
        for slot, limit_a in zip(on_record, (100.0, 20.0, 20.0, 20.0), strict=True)
    ]
    end = START + 4 * SLOT
    found = savings(site(), [], compared(site(), [], lowered, START, end), START, end)
    assert found.charged.minutes_over_limit == 5, "the last: nothing was lowered then"
