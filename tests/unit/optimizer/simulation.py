"""A day on a constrained site, replanned every five minutes and whenever a car comes or goes.

It plays the part of the platform (beliefs, planning, issuing) and of the cars, and reports what drivers and
charge points get: energy, requests, and the highest load against the limit. As a program it prints a table of
several days, with the wish for few changes and without: `python -m tests.unit.optimizer.simulation`.
"""

import json
import sys
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import numpy as np

from ocpi.sites.phases import PHASES, Phase
from ocpi.sites.site import Site, parse_site
from optimizer.issue import SessionState, to_send
from optimizer.planning.problem import Floats, Node, Problem, Vehicle
from optimizer.planning.solve import solve
from optimizer.planning.tree import Row, rows_of
from optimizer.profiles import Schedule, safe_tails, schedules
from optimizer.steps import Steps, grid

DAY = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
EVSES = 50
DEFAULT_A = 6.0
WIRINGS: tuple[tuple[tuple[Phase, ...] | None, float], ...] = (
    (PHASES, 16),
    (PHASES, 16),
    (PHASES, 32),
    (None, 32),
)
"""Phases (None: any single one) and ampere of a car, equally likely."""


def tight_site(day_a: float = 100, evening_a: float = 50) -> Site:
    """A site whose limit drops from 17:00 to 21:00."""
    day, evening = (dict.fromkeys(PHASES, limit) for limit in (day_a, evening_a))
    drops, rises = "2026-03-02T17:00:00Z", "2026-03-02T21:00:00Z"
    document = {
        "id": "depot",
        "time_zone": "Europe/Amsterdam",
        "voltage_v": 230,
        "partner_id": "acme",
        "location": {"country_code": "NL", "party_id": "ACM", "location_id": "1"},
        "default_limit_a": DEFAULT_A,
        "limits": [
            {"end": drops, "limit_a": day},
            {"start": drops, "end": rises, "limit_a": evening},
            {"start": rises, "limit_a": day},
        ],
    }
    return parse_site(json.dumps(document))


@dataclass
class Car:
    """What a car will do, and what its driver says."""

    id: str
    phases: tuple[Phase, ...]
    max_a: float
    arrival: datetime
    departure: datetime
    need_kwh: float
    told_departure: datetime
    told_kwh: float
    taken_kwh: float = 0.0
    requests: int = 0

    def draws(self, limit_a: float) -> float:
        """Ampere per phase: what it may, less when nearly full; below 6 A it does not charge."""
        left = self.need_kwh - self.taken_kwh
        taper = self.max_a * min(1.0, max(0.25, left / (0.1 * self.need_kwh)))
        return min(limit_a, taper) if left > 0 and limit_a >= 6 else 0.0

    def believed(self, now: datetime) -> Vehicle:
        """What the platform makes of it: a full car needs nothing, one that overstays leaves within two
        hours."""
        while self.told_departure <= now:
            self.told_departure = now.replace(minute=0, second=0) + 2 * HOUR
        left = max(0.0, self.told_kwh - self.taken_kwh) if self.taken_kwh < self.need_kwh else 0.0
        return Vehicle(
            self.id,
            "grid",
            self.phases,
            least=6,
            most=self.max_a,
            departure_s=(self.told_departure - now).total_seconds(),
            energy_kwh=left,
            taken_kwh=self.taken_kwh,
        )


@dataclass
class Outcome:
    """What a day brought."""

    cars: list[Car]
    solve_ms: list[float] = field(default_factory=list)
    solvers: set[str] = field(default_factory=set)
    highest_share: float = 0.0
    """The highest load as a share of the limit then in force."""
    rounds: int = 0
    """The most rounds of requests that one plan took."""

    @property
    def energy_kwh(self) -> float:
        """What the cars got."""
        return sum(car.taken_kwh for car in self.cars)

    @property
    def changes_per_car(self) -> float:
        """Requests after the first."""
        return sum(car.requests - 1 for car in self.cars) / len(self.cars)


def cars_of_a_day(count: int, seed: int) -> list[Car]:
    """Commuters in the morning, visitors and residents in the evening, never more than there are EVSEs."""
    chance = np.random.default_rng(seed)
    cars: list[Car] = []
    while len(cars) < count:
        morning = chance.random() < 0.6
        arrival = DAY + MINUTE * round(60 * chance.normal(8.5 if morning else 16.5, 1.2))
        departure = arrival + MINUTE * round(60 * max(1.5, chance.normal(8.5 if morning else 6, 2)))
        if sum(car.arrival <= arrival < car.departure for car in cars) >= EVSES:
            continue
        wiring, max_a = WIRINGS[chance.integers(len(WIRINGS))]
        phases = wiring or (PHASES[chance.integers(3)],)
        possible = 0.8 * 0.23 * len(phases) * max_a * (departure - arrival) / HOUR
        need = min(float(chance.uniform(5, 28)), possible)
        told = departure + 15 * MINUTE * int(chance.normal(2, 3))
        car = Car(
            f"car{len(cars)}",
            phases,
            max_a,
            arrival,
            departure,
            need_kwh=need,
            told_departure=max(told, arrival + HOUR),
            told_kwh=need * float(chance.uniform(1, 1.4)),
        )
        cars.append(car)
    return cars


class Day:
    """One day under one way of planning, minute by minute."""

    def __init__(self, site: Site, cars: list[Car], *, steady: bool = True) -> None:
        self.outcome = Outcome(cars)
        self._site = site
        self._steady = steady
        self._states: dict[str, SessionState] = {}
        self._plans: dict[str, Schedule] = {}

    def run(self, until: datetime | None = None) -> Outcome:
        """Play the day until the last car has left, or until a given time."""
        cars = self.outcome.cars
        now = min(car.arrival for car in cars)
        end = until or max(car.departure for car in cars)
        while now < end:
            here = {car.id: car for car in cars if car.arrival <= now < car.departure}
            news = here.keys() != self._states.keys()
            self._states = {name: self._states.get(name) or new_session(car) for name, car in here.items()}
            self._plans = {name: plan for name, plan in self._plans.items() if name in here}
            if here and (news or now.minute % 5 == 0):
                self._plan(here, now)
                self._issue(here, now)
            self._charge(here, now)
            now += MINUTE
        return self.outcome

    def _plan(self, here: dict[str, Car], now: datetime) -> None:
        site = self._site
        vehicles = [car.believed(now) for car in here.values()]
        until = now + timedelta(seconds=max(vehicle.departure_s for vehicle in vehicles))
        seconds = grid(now, until, site.limit_changes(now, until))
        steps = Steps(now, seconds)
        before = {name: plan for name, plan in self._plans.items() if self._steady}
        limit_a = {phase: np.array([site.limit(*span)[phase] for span in steps.spans]) for phase in PHASES}
        reserve_a = dict.fromkeys(PHASES, np.full(len(seconds), DEFAULT_A * site.arrival_headroom))
        problem = Problem(
            start=now,
            step_seconds=seconds,
            voltage_v=site.voltage_v,
            nodes=[Node("grid", limit_a=limit_a, reserve_a=reserve_a)],
            vehicles=vehicles,
            previous={name: steps.highest(plan) for name, plan in before.items()},
        )
        problem = replace(problem, vehicles=self._with_tails(problem, now))
        plan = solve(problem)
        self._plans = schedules(problem, plan)
        self.outcome.solve_ms.append(sum(plan.timing_ms.values()))
        self.outcome.solvers.add(plan.solver)

    def _with_tails(self, problem: Problem, now: datetime) -> list[Vehicle]:
        headroom = DEFAULT_A * self._site.arrival_headroom
        lowest: Floats = np.array([self._site.limit(now)[phase] - headroom for phase in PHASES])
        tails = {name: plan.tail for name, plan in self._plans.items()}
        safe = safe_tails(problem.vehicles, rows_of(problem).weights, lowest, EVSES, tails)
        return [replace(vehicle, tail=safe[vehicle.id]) for vehicle in problem.vehicles]

    def _issue(self, here: dict[str, Car], now: datetime) -> None:
        """Everything is accepted at once. A newcomer uses the head-room until it has its first profile."""
        newcomers = sum(state.accepted is None for state in self._states.values())
        headroom = DEFAULT_A * max(0, self._site.arrival_headroom - newcomers)
        limits = {Row("grid", phase): self._limit(phase, headroom, now) for phase in PHASES}
        rounds = 0
        while sends := to_send(list(self._states.values()), self._plans, limits, now):
            rounds += 1
            for name, schedule in sends:
                self._states[name] = self._states[name].sent(schedule).confirmed()
                here[name].requests += 1
        self.outcome.rounds = max(self.outcome.rounds, rounds)

    def _limit(self, phase: Phase, headroom: float, now: datetime) -> Schedule:
        starts = [now, *self._site.limit_changes(now, now + timedelta(days=2))]
        return Schedule(tuple((start, self._site.limit(start, start)[phase] - headroom) for start in starts))

    def _charge(self, here: dict[str, Car], now: datetime) -> None:
        load = dict.fromkeys(PHASES, 0.0)
        for name, car in here.items():
            accepted = self._states[name].accepted
            current = car.draws(accepted.at(now) if accepted else DEFAULT_A)
            kwh = current * len(car.phases) * self._site.voltage_v / 60_000
            car.taken_kwh = min(car.need_kwh, car.taken_kwh + kwh)
            load.update({phase: load[phase] + current for phase in car.phases})
        limit = self._site.limit(now, now)
        shares = (load[phase] / limit[phase] for phase in PHASES)
        self.outcome.highest_share = max(self.outcome.highest_share, *shares)


def new_session(car: Car) -> SessionState:
    """What is known of a car that has just plugged in."""
    return SessionState(car.id, {Row("grid", phase): 1.0 for phase in car.phases}, DEFAULT_A)


def main() -> None:
    """Print what the wish for few changes costs and brings, over days of 60 sessions."""
    for steady in (True, False):
        days = [Day(tight_site(), cars_of_a_day(60, seed), steady=steady).run() for seed in range(1, 5)]
        asked = sum(car.need_kwh for day in days for car in day.cars)
        times = np.concatenate([day.solve_ms for day in days])
        sys.stdout.write(
            f"{'few changes' if steady else 'free':12}"
            f"{np.mean([day.changes_per_car for day in days]):7.2f} changes a car "
            f"{[round(day.changes_per_car, 2) for day in days]}, "
            f"{sum(day.energy_kwh for day in days):.0f} of {asked:.0f} kWh, "
            f"solve p50 {np.median(times):.0f} ms, p95 {np.percentile(times, 95):.0f} ms, "
            f"highest load {max(day.highest_share for day in days):.3f} of the limit, "
            f"rounds {max(day.rounds for day in days)}\n"
        )


if __name__ == "__main__":
    main()
