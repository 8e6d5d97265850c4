"""What cars draw: the least of car, cable and offer, 0 below 6 A, less near full."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.cpo.cars import TAPER_SHARE, Berth, Car, Cars
from local.cpo.plant import Plant
from local.cpo.site import Evse
from tests.unit.local.office import START, a_site

ALL = np.array([0])


def plugged_in(car: Car, evse_uid: str = "A", kwh: float = 20, offered: float | None = None) -> Plant:
    plant = Plant(a_site(), [Berth(car, evse_uid, kwh)], START, offered)
    plant.plug_in(0)
    return plant


@pytest.mark.parametrize(
    ("car", "evse_uid", "expected_kw"),
    [
        (Car(3, 16), "A", 3 * 16 * 0.23),
        (Car(3, 32), "A", 3 * 32 * 0.23),
        (Car(1, 32), "A", 32 * 0.23),
        (Car(3, 32), "B", 32 * 0.23),  # a three-phase car at a one-phase EVSE
        (Car(3, 80), "A", 3 * 32 * 0.23),  # the cable ends at 32 A
    ],
)
def test_an_unlimited_car_draws_what_it_and_the_cable_can(car: Car, evse_uid: str, expected_kw: float) -> None:
    plant = plugged_in(car, evse_uid, kwh=100)
    plant.advance(3600)
    assert plant.cars.delivered_kwh[0] == pytest.approx(expected_kw)


def test_a_rated_power_below_the_connectors_current_is_kept() -> None:
    site = a_site(Evse("P", ("L1",), 32, max_w=3680))
    plant = Plant(site, [Berth(Car(1, 32), "P", 100)], START, None)
    plant.plug_in(0)
    assert plant.load_a() == pytest.approx([16, 0, 0])


def test_a_one_phase_car_draws_from_the_first_phase_of_its_evse() -> None:
    site = a_site(Evse("R", ("L3", "L1", "L2"), 32))
    plant = Plant(site, [Berth(Car(1, 32), "R", 50)], START, 10.0)
    plant.plug_in(0)
    assert plant.load_a() == pytest.approx([0, 0, 10])


@pytest.mark.parametrize(("offered", "drawn"), [(0, 0), (5.9, 0), (6, 6), (15.9, 15.9), (16, 16), (30, 16)])
def test_below_six_ampere_a_car_pauses(offered: float, drawn: float) -> None:
    assert plugged_in(Car(3, 16), offered=offered).load_a() == pytest.approx([drawn] * 3)


def test_a_car_slows_down_near_full_and_stops_when_full() -> None:
    plant = plugged_in(Car(3, 16), kwh=10)
    assert plant.advance(86400) == [0]
    fast = (1 - TAPER_SHARE) * 10 / (3 * 16 * 0.23) * 3600
    assert plant.now > fast * 1.1
    assert plant.cars.delivered_kwh[0] == 10
    assert plant.load_a() == pytest.approx([0, 0, 0])
    assert plant.advance(86400) == []
    assert plant.cars.delivered_kwh[0] == 10


def test_nobody_draws_before_plugging_in_or_after_leaving() -> None:
    plant = Plant(a_site(), [Berth(Car(3, 16), "A", 50)], START, None)
    plant.advance(3600)
    assert plant.cars.delivered_kwh[0] == 0
    plant.plug_in(0)
    plant.advance(7200)
    plant.unplug(0)
    had = plant.cars.delivered_kwh[0]
    plant.advance(10000)
    assert plant.cars.delivered_kwh[0] == had > 0


def test_an_hour_in_small_pieces_is_the_same_hour() -> None:
    whole, pieces = plugged_in(Car(3, 32), kwh=15), plugged_in(Car(3, 32), kwh=15)
    whole.advance(2000)
    for until in range(10, 2001, 10):
        pieces.advance(until)
    assert pieces.cars.delivered_kwh[0] == pytest.approx(whole.cars.delivered_kwh[0], rel=1e-9)


@given(
    offered=st.lists(st.floats(0, 40), min_size=3, max_size=3),
    done=st.lists(st.floats(0, 1), min_size=3, max_size=3),
)
def test_no_car_ever_draws_more_than_anything_allows(offered: list[float], done: list[float]) -> None:
    berths = [Berth(Car(3, 16), "A", 10), Berth(Car(1, 32), "A", 20), Berth(Car(3, 32), "B", 5)]
    cars = Cars(berths, a_site())
    cars.delivered_kwh[:] = cars.need_kwh * done
    current = cars.current(np.arange(3), np.array(offered))
    assert (current <= np.array(offered)).all()
    assert (current <= cars.max_a).all()
    assert (current >= 0).all()
    assert (current[np.array(offered) < 6] == 0).all()


def test_a_day_of_integration_steps_is_none_longer_than_ten_seconds_while_cars_draw() -> None:
    plant = plugged_in(Car(1, 32), kwh=300, offered=8.0)
    plant.advance(timedelta(hours=2).total_seconds())
    lengths = np.diff([*plant.record.begins, plant.record.ends[-1]])
    assert lengths.max() <= 10
