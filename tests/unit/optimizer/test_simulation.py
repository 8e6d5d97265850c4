from datetime import timedelta

import pytest

from tests.unit.optimizer.simulation import DAY, Day, cars_of_a_day, tight_site


def test_a_morning_stays_under_the_limit_with_few_requests() -> None:
    outcome = Day(tight_site(), cars_of_a_day(60, seed=1)).run(until=DAY + timedelta(hours=10))
    assert outcome.highest_share <= 1
    assert outcome.solvers == {"highs"}
    assert outcome.rounds <= 3
    arrived = [car for car in outcome.cars if car.requests]
    assert len(arrived) >= 20
    assert sum(car.requests - 1 for car in arrived) <= 2.5 * len(arrived)


@pytest.mark.slow
def test_a_day_gives_nearly_the_energy_of_free_planning_with_a_fraction_of_the_requests() -> None:
    steady, free = (Day(tight_site(), cars_of_a_day(60, seed=2), steady=steady).run() for steady in (True, False))
    assert max(steady.highest_share, free.highest_share) <= 1
    assert steady.changes_per_car <= 4
    assert steady.changes_per_car <= free.changes_per_car / 10
    assert steady.energy_kwh >= 0.92 * free.energy_kwh
