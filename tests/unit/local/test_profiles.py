"""Charging profiles as a charge point understands them."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from local.cpo.profiles import Staircase, active_profile, offered
from ocpi.types.chargingprofiles import ChargingProfile
from tests.unit.local.office import START

DEFAULT_A = 7.0
THREE_PHASE_W_PER_A = 690.0


def profile(periods: list[tuple[int, float]], **fields: Any) -> ChargingProfile:
    body = {
        "charging_rate_unit": "A",
        "charging_profile_period": [{"start_period": start, "limit": Decimal(str(a))} for start, a in periods],
    }
    return ChargingProfile.model_validate(body | fields)


def at(hour: float) -> datetime:
    return START + timedelta(hours=hour)


def test_an_absolute_profile_counts_from_its_start_and_never_ends() -> None:
    stairs = offered(profile([(0, 16), (3600, 8.5)], start_date_time=at(9)), at(8), DEFAULT_A, THREE_PHASE_W_PER_A)
    assert [stairs.at(at(h)) for h in (8.9, 9, 9.9, 10, 50)] == [DEFAULT_A, 16, 16, 8.5, 8.5]


def test_a_relative_profile_counts_from_the_start_of_charging() -> None:
    stairs = offered(profile([(0, 10), (1800, 0)]), at(8), DEFAULT_A, THREE_PHASE_W_PER_A)
    assert [stairs.at(at(h)) for h in (8, 8.4, 8.5, 30)] == [10, 10, 0, 0]


def test_after_its_duration_the_default_of_the_evse_holds_again() -> None:
    limits = profile([(0, 16), (1800, 8), (5400, 32)], start_date_time=at(9), duration=3600)
    stairs = offered(limits, at(8), DEFAULT_A, THREE_PHASE_W_PER_A)
    assert [stairs.at(at(h)) for h in (9, 9.5, 9.99, 10, 11)] == [16, 8, 8, DEFAULT_A, DEFAULT_A]


@pytest.mark.parametrize(("w_per_a", "ampere"), [(690.0, 10.0), (230.0, 30.0)])
def test_a_limit_in_watt_is_total_power_over_the_phases_of_the_session(w_per_a: float, ampere: float) -> None:
    stairs = offered(profile([(0, 6900)], charging_rate_unit="W"), at(8), DEFAULT_A, w_per_a)
    assert stairs.at(at(9)) == pytest.approx(ampere)


def test_the_next_change_is_the_next_step_after_an_instant() -> None:
    stairs = Staircase(1.0, ((at(9), 2.0), (at(10), 3.0)))
    assert stairs.next_change(at(8)) == at(9)
    assert stairs.next_change(at(9)) == at(10)
    assert stairs.next_change(at(10)) is None


def test_the_active_profile_tells_what_will_be_offered_from_now_on() -> None:
    stairs = Staircase(6.0, ((at(9), 16.0), (at(10), 8.55), (at(12), 0.0)))
    active = active_profile(stairs, at(9.5), 7200)
    assert active.start_date_time == at(9.5)
    periods = [(p.start_period, p.limit) for p in active.charging_profile.charging_profile_period]
    assert periods == [(0, Decimal("16.0")), (1800, Decimal("8.5"))]
    assert active.charging_profile.duration == 7200
