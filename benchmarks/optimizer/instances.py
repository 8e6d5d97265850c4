"""The sites that are planned: a day of 24 hours, cars that stay for 2 to 10 of them, seeded."""

from dataclasses import replace
from datetime import UTC, datetime
from random import Random

import numpy as np

from ocpi.sites.phases import PHASES, Phase
from optimizer.planning.problem import Floats, Node, Prices, Problem, Vehicle

START = datetime(2026, 11, 23, tzinfo=UTC)
DAY_S = 24 * 3600
VOLTAGE_V = 230.0
LEAST_A = 6.0
PHASE_KW = VOLTAGE_V / 1000
"""What an ampere on one phase brings."""

ASKED_OF_TIGHT = 2.0
"""How much more than the limit the cars of a tight site ask for at the peak."""

FEEDERS = 4
GROUPS = 3
"""Of the tree: feeders under the grid connection, groups of EVSEs under each."""


def site(vehicles: int, steps: int, *, tight: bool, seed: int = 1) -> Problem:
    """One limit on each phase.

    A loose site can serve everybody, but not whenever they like; of a tight one they ask twice what it can give
    at the peak.
    """
    cars = _cars(vehicles, seed, ["site"])
    return _site(cars, steps, _limit_a(cars, tight=tight))


def on_one_phase(vehicles: int, steps: int, seed: int = 1) -> Problem:
    """A tight site of cars that charge on one phase, and come and go at the edges of steps."""
    step_s = DAY_S // steps
    cars = []
    for index, car in enumerate(_cars(vehicles, seed, ["site"])):
        arrival_s, departure_s = (moment // step_s * step_s for moment in (car.arrival_s, car.departure_s))
        fits_kwh = 0.9 * (departure_s - arrival_s) / 3600 * car.most * PHASE_KW
        cars.append(
            replace(
                car,
                phases=(PHASES[index % 3],),
                arrival_s=arrival_s,
                departure_s=departure_s,
                energy_kwh=min(car.energy_kwh, round(fits_kwh, 2)),
            )
        )
    return _site(cars, steps, _limit_a(cars, tight=True))


def priced(vehicles: int, steps: int, seed: int = 1) -> Problem:
    """A tight site whose energy costs more in the morning and in the evening."""
    tight = site(vehicles, steps, tight=True, seed=seed)
    return replace(tight, prices=Prices(_prices(tight), np.zeros(steps)))


def scarce(vehicles: int, steps: int, part: float, seed: int = 1) -> Problem:
    """A site with so small a part of the current that all its cars could draw together; they want half as much as
    elsewhere."""
    cars = [replace(car, energy_kwh=car.energy_kwh / 2) for car in _cars(vehicles, seed, ["site"])]
    together_a = sum(car.most * len(car.phases) for car in cars) / len(PHASES)
    return _site(cars, steps, part * together_a)


def tree(vehicles: int, steps: int, seed: int = 1) -> Problem:
    """A tight tree of three levels: grid connection, feeders, groups; each level asks for more than that above has."""
    groups = [f"feeder-{feeder}/group-{group}" for feeder in range(FEEDERS) for group in range(GROUPS)]
    cars = _cars(vehicles, seed, groups)
    nodes = [_tight_node("site", None, cars, steps, share=1.0)]
    for feeder in range(FEEDERS):
        name = f"feeder-{feeder}"
        fed = [car for car in cars if car.node.startswith(f"{name}/")]
        nodes.append(_tight_node(name, "site", fed, steps, share=1.1))
        for group in range(GROUPS):
            own = [car for car in fed if car.node == f"{name}/group-{group}"]
            nodes.append(_tight_node(f"{name}/group-{group}", name, own, steps, share=1.2))
    return Problem(start=START, step_seconds=[DAY_S // steps] * steps, voltage_v=VOLTAGE_V, nodes=nodes, vehicles=cars)


def full(vehicles: int, steps: int, seed: int = 1) -> Problem:
    """All at once: the tree, other loads and PV at the grid connection, prices, and a charge for the peak."""
    bare = tree(vehicles, steps, seed)
    hours = (bare.edges_s[1:] + bare.edges_s[:-1]) / 2 / 3600
    sun_kw = vehicles * 0.5 * np.clip(np.sin((hours - 6) / 12 * np.pi), 0.0, None)
    others_kw = vehicles * 0.1 * (1.5 - np.cos((hours - 3) / 12 * np.pi))
    connection, *below = bare.nodes
    return Problem(
        start=bare.start,
        step_seconds=bare.step_seconds,
        voltage_v=bare.voltage_v,
        nodes=[
            Node(
                connection.id,
                limit_a={phase: limit + vehicles * 0.5 for phase, limit in connection.limit_a.items()},
                load_kw=others_kw - sun_kw,
            ),
            *below,
        ],
        vehicles=bare.vehicles,
        prices=Prices(_prices(bare), np.full(steps, 0.08), demand_per_kw=0.5, peak_kw=vehicles * 0.2),
    )


def _prices(problem: Problem) -> Floats:
    """Of a kWh at each step: dear at 9 and 21 h, cheap at 3 and 15 h."""
    hours = (problem.edges_s[1:] + problem.edges_s[:-1]) / 2 / 3600
    return np.asarray(0.25 + 0.10 * np.sin((hours - 6) / 6 * np.pi))


def possible_kwh(problem: Problem) -> Floats:
    """What one ampere per phase brings to each vehicle in each step; (vehicles, steps)."""
    arrives = np.array([[vehicle.arrival_s] for vehicle in problem.vehicles])
    leaves = np.array([[vehicle.departure_s] for vehicle in problem.vehicles])
    kw = np.array([[len(vehicle.phases) * PHASE_KW] for vehicle in problem.vehicles])
    edges = problem.edges_s
    seconds = np.minimum(leaves, edges[1:]) - np.maximum(arrives, edges[:-1])
    return np.asarray(np.clip(seconds, 0.0, None) / 3600 * kw)


def _site(cars: list[Vehicle], steps: int, limit_a: float) -> Problem:
    return Problem(
        start=START,
        step_seconds=[DAY_S // steps] * steps,
        voltage_v=VOLTAGE_V,
        nodes=[Node("site", limit_a=dict.fromkeys(PHASES, np.full(steps, limit_a)))],
        vehicles=cars,
    )


def _cars(number: int, seed: int, places: list[str]) -> list[Vehicle]:
    random = Random(seed)
    return [_car(random, index, places[index % len(places)]) for index in range(number)]


def _car(random: Random, index: int, place: str) -> Vehicle:
    """Who comes in the morning, or at any time; two of three charge on three phases."""
    stay_h = random.uniform(2, 10)
    comes_h = min(max(random.gauss(8.5, 1.5) if random.random() < 0.85 else random.uniform(0, 22), 0.0), 24 - stay_h)
    phases: tuple[Phase, ...] = PHASES if random.random() < 0.65 else (PHASES[index % 3],)
    most_a = random.choice((16.0, 16.0, 32.0))
    fits_kwh = stay_h * most_a * len(phases) * PHASE_KW
    return Vehicle(
        id=f"car-{index}",
        node=place,
        phases=phases,
        least=LEAST_A,
        most=most_a,
        arrival_s=round(comes_h * 3600),
        departure_s=round((comes_h + stay_h) * 3600),
        energy_kwh=round(min(random.uniform(5, 40), 0.9 * fits_kwh), 2),
    )


def _tight_node(name: str, parent: str | None, cars: list[Vehicle], steps: int, share: float) -> Node:
    limit_a = np.full(steps, share * _limit_a(cars, tight=True))
    return Node(name, parent, limit_a=dict.fromkeys(PHASES, limit_a))


def _limit_a(cars: list[Vehicle], *, tight: bool) -> float:
    """The peak of what cars ask for on the busiest phase: spread over their stays (tight), or at once (loose)."""
    asked = np.zeros((len(PHASES), DAY_S // 900))
    edges = np.arange(asked.shape[1] + 1) * 900.0
    for car in cars:
        per_phase_a = car.energy_kwh / (len(car.phases) * PHASE_KW)
        hours = (car.departure_s - car.arrival_s) / 3600 if tight else per_phase_a / car.most
        ends_s = car.arrival_s + hours * 3600
        there = np.clip(np.minimum(edges[1:], ends_s) - np.maximum(edges[:-1], car.arrival_s), 0.0, None) / 900
        asked[[PHASES.index(phase) for phase in car.phases]] += there * per_phase_a / hours
    peak_a = float(asked.max())
    return peak_a / ASKED_OF_TIGHT if tight else 0.8 * peak_a
