"""A day on a constrained site, replanned every five minutes and whenever a car comes or goes.

It plays the part of the platform (beliefs, planning, issuing) and of the cars, and reports what the drivers and the
charge points get: energy, requests, and the highest load against the limit.
"""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from optimizer.issue import SessionState, to_send
from optimizer.model import Problem, Vehicle, available, grid, solve
from optimizer.profiles import Schedule, limit_schedules, safe_tails, schedules
from optimizer.site import PHASES, Phase, Site, parse_site

DAY = datetime(2026, 3, 2, tzinfo=UTC)
EVSES = 50
HEAD = True
DEFAULT_A = 6.0
MINUTE = timedelta(minutes=1)


def tight_site(day_a: float = 100, evening_a: float = 50) -> Site:
    by_phase = '{{"L1": {0}, "L2": {0}, "L3": {0}}}'
    return parse_site(f"""{{
        "id": "depot", "time_zone": "Europe/Amsterdam", "voltage_v": 230, "partner_id": "acme",
        "location": {{"country_code": "NL", "party_id": "ACM", "location_id": "1"}},
        "default_limit_a": {DEFAULT_A},
        "limits": [
            {{"end": "2026-03-02T17:00:00Z", "limit_a": {by_phase.format(day_a)}}},
            {{"start": "2026-03-02T17:00:00Z", "end": "2026-03-02T21:00:00Z", "limit_a": {by_phase.format(evening_a)}}},
            {{"start": "2026-03-02T21:00:00Z", "limit_a": {by_phase.format(day_a)}}}
        ]}}""")


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
        """Ampere per phase: what it may, less when nearly full, nothing below 6 A."""
        left = self.need_kwh - self.taken_kwh
        taper = self.max_a * min(1.0, max(0.25, left / (0.1 * self.need_kwh)))
        return min(limit_a, taper) if left > 0 and limit_a >= 6 else 0.0


@dataclass
class Outcome:
    """What a day brought."""

    cars: list[Car]
    solve_ms: list[float] = field(default_factory=list)
    levels: list[int] = field(default_factory=list)
    highest_share: float = 0.0
    rounds: int = 0
    greedy: int = 0

    @property
    def energy_kwh(self) -> float:
        return sum(car.taken_kwh for car in self.cars)

    @property
    def asked_kwh(self) -> float:
        return sum(car.need_kwh for car in self.cars)

    @property
    def changes_per_car(self) -> float:
        """Requests after the first."""
        return sum(car.requests - 1 for car in self.cars) / len(self.cars)


def cars_of_a_day(count: int, seed: int) -> list[Car]:
    """Commuters in the morning, visitors and residents in the evening, never more than there are EVSEs."""
    chance = random.Random(seed)
    cars: list[Car] = []
    while len(cars) < count:
        morning = chance.random() < 0.6
        arrival = DAY + timedelta(minutes=int(60 * chance.gauss(8.5 if morning else 16.5, 1.2)))
        departure = arrival + timedelta(
            minutes=int(60 * max(1.5, chance.gauss(8.5, 2) if morning else chance.gauss(6, 2)))
        )
        if sum(car.arrival <= arrival < car.departure for car in cars) >= EVSES or departure > DAY + timedelta(
            days=1.5
        ):
            continue
        phases, max_a = chance.choice(
            [(PHASES, 16.0), (PHASES, 16.0), (PHASES, 32.0), ((chance.choice(PHASES),), 32.0)]
        )
        need = min(chance.uniform(5, 28), 0.8 * 0.23 * len(phases) * max_a * (departure - arrival) / timedelta(hours=1))
        told = departure + timedelta(minutes=15 * int(chance.gauss(2, 3)))
        cars.append(
            Car(
                f"car{len(cars)}",
                phases,
                max_a,
                arrival,
                departure,
                need,
                max(told, arrival + timedelta(hours=1)),
                need * chance.uniform(1, 1.4),
            )
        )
    return sorted(cars, key=lambda car: car.arrival)


class Day:
    """One day under one way of planning."""

    def __init__(self, site: Site, cars: list[Car], steady: bool = True) -> None:
        self.site = site
        self.outcome = Outcome(cars)
        self.steady = steady
        self.states: dict[str, SessionState] = {}
        self.plans: dict[str, Schedule] = {}

    def run(self) -> Outcome:
        cars = self.outcome.cars
        now = min(car.arrival for car in cars)
        end = max(car.departure for car in cars)
        full: set[str] = set()
        while now <= end:
            here = [car for car in cars if car.arrival <= now < car.departure]
            came_or_went = {car.id for car in here} != self.states.keys()
            self._register(here)
            if here and (came_or_went or now.minute % 5 == 0):
                self._plan(here, now)
            self._charge(here, now)
            now += MINUTE
        return self.outcome

    def _register(self, here: list[Car]) -> None:
        self.states = {car.id: self.states.get(car.id) or SessionState(car.id, car.phases, DEFAULT_A) for car in here}
        self.plans = {name: plan for name, plan in self.plans.items() if name in self.states}

    def _plan(self, here: list[Car], now: datetime) -> None:
        headroom = dict.fromkeys(PHASES, DEFAULT_A * self.site.arrival_headroom)
        limits = limit_schedules(self.site, now, headroom)
        vehicles = [self._believed(car, now) for car in here]
        lowest = {phase: limit - headroom[phase] for phase, limit in self.site.limit(now).items()}
        tails = safe_tails(vehicles, lowest, EVSES, self.plans)
        vehicles = [self._believed(car, now, tails[car.id]) for car in here]
        until = max(vehicle.departure for vehicle in vehicles)
        steps = grid(now, until, self.site.limit_changes(now, until))
        problem = Problem(
            now,
            steps,
            self.site.voltage_v,
            available(self.site, now, steps, headroom),
            vehicles,
            self.plans if self.steady else {},
        )
        plan = solve(problem)
        self.plans = schedules(problem, plan)
        if HEAD:
            new = sum(state.accepted is None for state in self.states.values())
            limits = limit_schedules(
                self.site, now, dict.fromkeys(PHASES, DEFAULT_A * max(0, self.site.arrival_headroom - new))
            )
        self.outcome.solve_ms.append(plan.solve_ms)
        self.outcome.greedy += plan.solver != "highs"
        self._issue(here, limits, now)

    def _believed(self, car: Car, now: datetime, tail_a: float = 0.0) -> Vehicle:
        left = max(0.0, car.told_kwh - car.taken_kwh) if car.taken_kwh < car.need_kwh else 0.0
        stays = max(
            car.told_departure,
            (now + timedelta(hours=1)).replace(minute=0, second=0) + timedelta(hours=1)
            if now >= car.told_departure
            else now,
        )
        if now >= car.told_departure:
            car.told_departure = stays
        return Vehicle(car.id, car.phases, 6.0, car.max_a, stays, left, taken_kwh=car.taken_kwh, tail_a=tail_a)

    def _issue(self, here: list[Car], limits: dict[Phase, Schedule], now: datetime) -> None:
        by_id = {car.id: car for car in here}
        for number in range(10):
            sends = to_send(list(self.states.values()), self.plans, limits, now)
            if not sends:
                return
            self.outcome.rounds = max(self.outcome.rounds, number + 1)
            for name, schedule in sends:
                self.states[name] = self.states[name].sent(schedule).confirmed()
                by_id[name].requests += 1
                self.outcome.levels.append(len(schedule.steps))
        raise AssertionError("issuing does not come to an end")

    def _charge(self, here: list[Car], now: datetime) -> None:
        load = dict.fromkeys(PHASES, 0.0)
        for car in here:
            accepted = self.states[car.id].accepted
            current = car.draws(accepted.at(now) if accepted else DEFAULT_A)
            car.taken_kwh = min(car.need_kwh, car.taken_kwh + current * len(car.phases) * self.site.voltage_v / 60_000)
            for phase in car.phases:
                load[phase] += current
        limit = self.site.limit(now, now)
        self.outcome.highest_share = max(self.outcome.highest_share, *(load[phase] / limit[phase] for phase in PHASES))
