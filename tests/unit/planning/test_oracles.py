"""The one weighted program finds what other ways find: one goal after the other, a flow, an integer program."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from random import Random

import numpy as np
import pytest

from ocpi.sites.phases import PHASES
from optimizer.planning.problem import Node, Plan, Prices, Problem, Vehicle
from optimizer.planning.solve import solve
from tests.unit.planning.oracles import (
    cell_kwh,
    least_cost_flow,
    lexicographic,
    middle_h,
    most_energy_in_whole_blocks,
    price,
)

START = datetime(2026, 11, 23, tzinfo=UTC)
STEPS = 12
QUARTER_S = 900
UNIT_KWH = 3 * 0.230 * 0.1 / 4
"""A tenth of an ampere on three phases for a quarter of an hour."""

SEEDS = range(12)


def three_phase_site(seed: int, least: float = 0.0) -> Problem:
    """Cars that come and go at the edges of steps, want whole units, and are more than the limit can serve."""
    random = Random(seed)  # noqa: S311 - seeded, so that a site can be had again
    cars = []
    for number in range(random.randint(4, 7)):
        arrives = random.randrange(0, STEPS - 3)
        leaves = random.randint(arrives + 2, STEPS)
        most = random.choice((16.0, 32.0))
        fits = int(most * 10) * (leaves - arrives)
        cars.append(
            Vehicle(
                id=f"car-{number}",
                node="site",
                phases=PHASES,
                least=least,
                most=most,
                arrival_s=arrives * QUARTER_S,
                departure_s=leaves * QUARTER_S,
                energy_kwh=random.randint(fits // 4, fits) * UNIT_KWH,
            )
        )
    limits = np.array([random.choice((20.0, 28.5, 36.0)) for _ in range(STEPS)])
    return Problem(
        start=START,
        step_seconds=[QUARTER_S] * STEPS,
        voltage_v=230,
        nodes=[Node("site", limit_a=dict.fromkeys(PHASES, limits))],
        vehicles=cars,
        prices=prices(random),
    )


def mixed_tree(seed: int, least: float = 0.0) -> Problem:
    """Two feeders, cars on one phase and on three, that come and go within steps."""
    random = Random(seed)  # noqa: S311 - seeded, so that a site can be had again
    cars = []
    for number in range(7):
        phases = PHASES if random.random() < 0.5 else (random.choice(PHASES),)
        arrival_s = random.randrange(0, (STEPS - 4) * QUARTER_S)
        departure_s = random.randrange(arrival_s + 2 * QUARTER_S, STEPS * QUARTER_S)
        most = random.choice((16.0, 32.0))
        fits_kwh = (departure_s - arrival_s) / 3600 * most * len(phases) * 0.230
        cars.append(
            Vehicle(
                id=f"car-{number}",
                node=random.choice(("left", "right")),
                phases=phases,
                least=least,
                most=most,
                arrival_s=arrival_s,
                departure_s=departure_s,
                energy_kwh=random.uniform(0.3, 0.95) * fits_kwh,
            )
        )
    nodes = [
        Node("site", limit_a=dict.fromkeys(PHASES, np.full(STEPS, 40.0))),
        Node("left", "site", limit_a=dict.fromkeys(PHASES, np.full(STEPS, 25.0))),
        Node("right", "site", limit_a=dict.fromkeys(PHASES, np.full(STEPS, 30.0))),
    ]
    return Problem(
        start=START,
        step_seconds=[QUARTER_S] * STEPS,
        voltage_v=230,
        nodes=nodes,
        vehicles=cars,
        prices=prices(random),
    )


def prices(random: Random) -> Prices:
    per_kwh = np.array([random.choice((0.10, 0.25, 0.40)) for _ in range(STEPS)])
    return Prices(per_kwh, np.zeros(STEPS))


def cost(problem: Problem, plan: Plan) -> float:
    return sum(
        kwh * price(problem, step) * float(plan.rates[number, step])
        for (number, step), kwh in cell_kwh(problem).items()
    )


def waiting(problem: Problem, plan: Plan) -> float:
    return sum(
        kwh * middle_h(problem, step) * float(plan.rates[number, step])
        for (number, step), kwh in cell_kwh(problem).items()
    )


def energy(plan: Plan) -> float:
    return float(plan.delivered_kwh.sum())


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("site", [three_phase_site, mixed_tree])
def test_one_weighted_program_finds_what_one_goal_after_the_other_finds(
    site: Callable[[int], Problem], seed: int
) -> None:
    problem = site(seed)
    plan, best = solve(problem, bare=True), lexicographic(problem)
    assert plan.solver == "highs"
    assert energy(plan) == pytest.approx(best.energy_kwh, rel=1e-6)
    assert cost(problem, plan) == pytest.approx(best.cost, rel=1e-3)
    assert waiting(problem, plan) == pytest.approx(best.waiting_kwh_h, rel=0.02)


@pytest.mark.parametrize("seed", SEEDS)
def test_without_prices_it_charges_as_early_as_can_be(seed: int) -> None:
    problem = replace(mixed_tree(seed), prices=None)
    plan, best = solve(problem, bare=True), lexicographic(problem)
    assert energy(plan) == pytest.approx(best.energy_kwh, rel=1e-6)
    assert waiting(problem, plan) == pytest.approx(best.waiting_kwh_h, rel=0.02)


@pytest.mark.parametrize("bare", [True, False])
@pytest.mark.parametrize("seed", SEEDS)
def test_under_one_limit_it_finds_the_cheapest_greatest_flow(seed: int, bare: bool) -> None:
    problem = three_phase_site(seed)
    plan = solve(problem, bare=bare)
    most_kwh, least_cost = least_cost_flow(problem)
    assert plan.solver == "highs"
    # A whole step gives up a little for fewer changes.
    assert energy(plan) == pytest.approx(most_kwh, rel=1e-6 if bare else 2e-3)
    assert cost(problem, plan) == pytest.approx(least_cost, rel=1e-6 if bare else 1e-2)


def test_the_two_oracles_agree() -> None:
    for seed in SEEDS:
        problem = three_phase_site(seed)
        best = lexicographic(problem)
        assert least_cost_flow(problem) == pytest.approx((best.energy_kwh, best.cost), rel=1e-6)


@pytest.mark.parametrize("site", [three_phase_site, mixed_tree])
def test_what_is_lost_by_drawing_nothing_or_six_amperes_is_little_more_than_must_be(
    site: Callable[[int, float], Problem],
) -> None:
    planned, possible = [], []
    for seed in SEEDS:
        problem = site(seed, 6.0)
        plan = solve(problem)
        drawn = plan.rates[plan.rates > 0]
        assert (drawn >= 6 - 1e-9).all()
        planned.append(energy(plan))
        possible.append(most_energy_in_whole_blocks(problem))
    shares = np.array(planned) / np.array(possible)
    assert (shares <= 1 + 1e-6).all()
    assert shares.min() >= 0.93
    assert sum(planned) >= 0.98 * sum(possible)
