"""The judge: time over the limit and over accepted profiles is seen, to the second."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.cpo import meter
from local.cpo.cars import Berth, Car
from local.cpo.grid import GridLimit, SiteFileError, grid_limit
from local.cpo.meter import Accepted
from local.cpo.plant import Plant
from local.cpo.report import uncontrolled
from local.cpo.sessions import drawn_day
from local.cpo.site import garage
from tests.unit.local.office import START, a_site
from tests.unit.local.test_profiles import at, profile


def limit(*periods: tuple[float | None, dict[str, Any]]) -> GridLimit:
    """Limits from hours on; None: from the beginning of time."""
    rows = [{"start": None if hour is None else at(hour).isoformat(), **what} for hour, what in periods]
    return grid_limit({"voltage_v": 230, "limits": rows})


def amperes(l1: float, l2: float, l3: float) -> dict[str, Any]:
    return {"limit_a": {"L1": l1, "L2": l2, "L3": l3}}


def over(plant: Plant, grid: GridLimit) -> float:
    return meter.seconds_over_limit(meter.load(plant, grid.starts), grid)


def one_car(offered: float, hours: float, kwh: float = 500) -> Plant:
    plant = Plant(a_site(), [Berth(Car(3, 32), "A", kwh)], START, offered)
    plant.plug_in(0)
    plant.advance(hours * 3600)
    return plant


def test_a_load_at_the_limit_is_not_over_it() -> None:
    assert over(one_car(16, 2), limit((None, amperes(16, 16, 16)))) == 0


def test_one_phase_over_its_limit_counts_for_as_long_as_it_lasts() -> None:
    assert over(one_car(16, 2), limit((None, amperes(20, 15.9, 20)))) == 7200


def test_a_limit_that_drops_between_two_steps_is_judged_at_that_very_instant() -> None:
    drop = limit((None, amperes(20, 20, 20)), (1 + 4 / 3600, amperes(10, 10, 10)), (1.5, amperes(20, 20, 20)))
    assert over(one_car(16, 2), drop) == pytest.approx(1800 - 4)


def test_a_limit_in_kw_holds_for_the_total() -> None:
    assert over(one_car(16, 1), limit((None, {"limit_kw": 11.1}))) == 0
    assert over(one_car(16, 1), limit((None, {"limit_kw": 11.0}))) == 3600


def test_without_control_a_busy_day_does_exceed_the_limit() -> None:
    day = drawn_day(garage(), date(2026, 3, 2), seed=1)
    assert over(uncontrolled(day), limit((None, amperes(100, 100, 100)))) > 3600


def test_what_a_car_may_draw_counts_whether_it_draws_it_or_not() -> None:
    plant = one_car(6, 2)
    stays = {0: (START, at(1.5))}
    drop = limit((None, amperes(20, 20, 20)), (1, amperes(10, 10, 10)))

    def over_limit(*orders: Accepted) -> float:
        return meter.seconds_allowed_over_limit(plant, drop, {0: orders}, stays)

    assert over_limit() == 0
    assert over_limit(Accepted(at(0.5), profile([(0, 16)]))) == 1800, "from the drop until the session ended"
    assert over_limit(Accepted(at(0.5), profile([(0, 16)])), Accepted(at(1.25), profile([(0, 10)]))) == 900


def obeyed(plant: Plant, orders: Sequence[Accepted]) -> float:
    accepted, since = {0: orders}, {0: START}
    measured = meter.load(plant, meter.profile_cuts(accepted, since))
    return meter.seconds_over_profile(measured, accepted, since, plant)


def test_a_car_that_ignores_its_profile_is_found_out() -> None:
    plant = one_car(16, 2)
    assert obeyed(plant, [Accepted(at(0.5), profile([(0, 10)]))]) == pytest.approx(5400)
    assert obeyed(plant, [Accepted(at(0.5), profile([(0, 16)]))]) == 0


def test_a_profile_binds_from_its_acceptance_until_the_next_one() -> None:
    orders = [
        Accepted(at(0.5), profile([(0, 10)], start_date_time=at(0))),
        Accepted(at(1), profile([(0, 20)])),
        Accepted(at(1.5), profile([(0, 8000)], charging_rate_unit="W")),
        Accepted(at(1.75), None),
    ]
    assert obeyed(one_car(16, 3), orders) == pytest.approx(1800 + 900)


def test_a_profile_binds_only_while_it_is_valid() -> None:
    limited = profile([(0, 10)], start_date_time=at(1), duration=600)
    assert obeyed(one_car(16, 3), [Accepted(at(0), limited)]) == pytest.approx(600)


@settings(deadline=None, max_examples=60)
@given(
    orders=st.lists(
        st.tuples(
            st.integers(0, 7200),
            st.lists(st.integers(0, 340), min_size=1, max_size=4),
            st.sampled_from(["A", "W"]),
            st.booleans(),
            st.sampled_from([None, 900, 3600]),
        ),
        max_size=6,
    )
)
def test_whatever_profiles_come_the_charge_point_obeys_each_of_them(orders: list[Any]) -> None:
    plant = Plant(a_site(), [Berth(Car(3, 32), "A", 40)], START, 6.0)
    plant.plug_in(0)
    accepted = []
    for second, limits, unit, is_absolute, duration in sorted(orders, key=lambda order: order[0]):
        while plant.advance(second + 0.1234567):
            pass
        now = plant.time(plant.now)
        scale = 69 if unit == "W" else 0.1
        wanted = profile(
            [(600 * index, round(value * scale, 1)) for index, value in enumerate(limits)],
            charging_rate_unit=unit,
            start_date_time=now - timedelta(seconds=300) if is_absolute else None,
            duration=duration,
        )
        plant.set_profile(0, wanted)
        accepted.append(Accepted(now, wanted))
    while plant.advance(10800):
        pass
    assert obeyed(plant, accepted) == 0


def test_energy_and_peak_are_those_of_the_record() -> None:
    measured = meter.load(one_car(10, 2))
    assert measured.energy_kwh == pytest.approx(2 * 6.9)
    assert measured.peak_kw == pytest.approx(6.9)
    assert measured.phase_a.max() == pytest.approx(10)


def test_the_lowest_limit_is_that_of_the_days_own_hours() -> None:
    grid = limit((None, amperes(10, 10, 10)), (1, amperes(100, 100, 100)), (20, amperes(50, 50, 50)))
    assert grid.lowest_kw(at(1), at(20)) == pytest.approx(69)
    assert grid.lowest_kw(at(1), at(20.1)) == pytest.approx(34.5)
    assert grid.kw(at(0)) == pytest.approx(6.9)


@pytest.mark.parametrize("site", [{}, {"voltage_v": 230, "limits": []}, {"voltage_v": 230, "limits": [{}]}])
def test_a_site_file_without_limits_is_refused(site: dict[str, Any]) -> None:
    with pytest.raises(SiteFileError, match="limits"):
        grid_limit(site)
