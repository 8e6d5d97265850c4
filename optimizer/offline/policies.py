"""How the cars of a garage may be charged at a moment: ours, those of acnportal, and none at all.

Earliest deadline, least laxity and round robin are defined as in ACN-Sim (Lee et al., "ACN-Sim: An Open-Source
Simulator for Data-Driven Electric Vehicle Charging Research"): a single pass, each car with the highest rate that the
limits leave, and never more than it still needs in the step. A rate is 0, or at least the lowest at which a car
charges.
"""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from optimizer.offline.garage import TOLERANCE, Garage
from optimizer.planning.problem import Floats, Problem, Vehicle
from optimizer.planning.solve import solve


class PolicyName(StrEnum):
    """The policies to be compared."""

    LP = "lp"
    EDF = "edf"
    LLF = "llf"
    ROUND_ROBIN = "round-robin"
    UNCONTROLLED = "uncontrolled"


@dataclass(frozen=True)
class Moment:
    """What a policy sees at a step: the cars that are there in the order of their arrival, (n,) each.

    `departs` is when they are believed to leave (in steps), `need_kwh` what they are believed to need still (0: full),
    `taken_kwh` what they have. `event`: something has happened since the step before.
    """

    step: int
    cars: NDArray[np.int64]
    departs: Floats
    need_kwh: Floats
    taken_kwh: Floats
    event: bool


type Policy = Callable[[Garage, Moment], Floats]
"""The rate of each car of a moment, (n,)."""


def policy(name: PolicyName) -> Policy:
    """The policy of that name."""
    match name:
        case PolicyName.LP:
            return RecedingHorizon()
        case PolicyName.EDF:
            return earliest_deadline
        case PolicyName.LLF:
            return least_laxity
        case PolicyName.ROUND_ROBIN:
            return round_robin
        case PolicyName.UNCONTROLLED:
            return uncontrolled


def uncontrolled(garage: Garage, now: Moment) -> Floats:
    """Each car as fast as it can, whatever the limits."""
    return np.where(now.need_kwh > 0, garage.most[now.cars], 0.0)


def earliest_deadline(garage: Garage, now: Moment) -> Floats:
    """Who is believed to leave first goes first."""
    return _in_order(garage, now, np.argsort(now.departs, kind="stable"))


def least_laxity(garage: Garage, now: Moment) -> Floats:
    """Who could wait the shortest goes first."""
    return _in_order(garage, now, np.argsort(_laxity(garage, now), kind="stable"))


def round_robin(garage: Garage, now: Moment) -> Floats:
    """All rise together, each until it has enough or a limit above it is reached."""
    caps = _caps(garage, now)
    weights = garage.weights[:, now.cars]
    room = garage.room[:, now.step].copy()
    rates = np.zeros(caps.shape)
    rising = np.zeros(caps.shape, dtype=bool)
    for car, least in enumerate(np.minimum(garage.least[now.cars], caps).tolist()):
        rising[car] = caps[car] > 0 and bool((weights[:, car] * least <= room + TOLERANCE).all())
        if rising[car]:
            rates[car] = least
            room -= weights[:, car] * least
    while rising.any():
        slopes = weights[:, rising].sum(axis=1)
        steep = slopes > 0
        by_room = np.clip(room[steep] / slopes[steep], 0.0, None).min(initial=np.inf)
        rise = min(by_room, float((caps - rates)[rising].min()))
        rates[rising] += rise
        room -= slopes * rise
        full = (weights[room <= TOLERANCE] > 0).any(axis=0)
        rising &= (rates < caps - TOLERANCE) & ~full
    return rates


def _laxity(garage: Garage, now: Moment) -> Floats:
    """For how many steps each car could wait."""
    must_charge = now.need_kwh / garage.most_kw[now.cars] * 3600 / garage.step_s
    return np.asarray(now.departs - now.step - must_charge)


def _in_order(garage: Garage, now: Moment, order: NDArray[np.int64]) -> Floats:
    """Each car in turn with the highest rate that is left."""
    caps = _caps(garage, now)
    least = garage.least[now.cars]
    weights = garage.weights[:, now.cars]
    room = garage.room[:, now.step].copy()
    rates = np.zeros(caps.shape)
    for car in order.tolist():
        weighs = weights[:, car] > 0
        rate = min(caps[car], (room[weighs] / weights[weighs, car]).min(initial=np.inf))
        if rate > 0 and rate >= least[car] - TOLERANCE:
            rates[car] = rate
            room -= weights[:, car] * rate
    return rates


def _caps(garage: Garage, now: Moment) -> Floats:
    """The highest rate that each car has a use for within the step, and not below its lowest."""
    useful = now.need_kwh / garage.kw_per_unit[now.cars] * 3600 / garage.step_s
    within = np.clip(useful, garage.least[now.cars], garage.most[now.cars])
    return np.where(now.need_kwh > 0, within, 0.0)


GRID = (1,) * 12 + (3,) * 12 + (12,) * 32
"""The steps of a plan in those of the garage: an hour of 5 minutes each, three of 15, then hours, up to 36 in all."""

REPLANNED_AFTER = 12
"""A plan is made anew after so many steps, even if nothing has happened."""


@dataclass
class RecedingHorizon:
    """The planning of the platform, anew at each event and from time to time, blind to who comes later.

    The plan before is not told: to hold on to it would leave unused what those who left early have set free.
    """

    solve_ms: list[float] = field(default_factory=list)
    """How long each plan took."""
    solvers: Counter[str] = field(default_factory=Counter)
    """How often each solver made the plan."""
    _edges: NDArray[np.int64] = field(default_factory=lambda: np.zeros(1, dtype=np.int64))
    """When the steps of the plan begin, in those of the garage."""
    _planned: dict[int, Floats] = field(default_factory=dict)
    """The rates of each car on the steps of the plan."""

    def __call__(self, garage: Garage, now: Moment) -> Floats:
        """The rates that the plan has for this step."""
        if now.event or not self._edges[0] <= now.step < min(self._edges[-1], self._edges[0] + REPLANNED_AFTER):
            self._plan(garage, now)
        column = int(np.searchsorted(self._edges, now.step, side="right")) - 1
        return np.array([self._planned[car][column] if car in self._planned else 0.0 for car in now.cars.tolist()])

    def _plan(self, garage: Garage, now: Moment) -> None:
        hungry = np.flatnonzero(now.need_kwh > 0)
        # Of equal claims the last goes first: then it is who could wait the shortest, and who is left can wait.
        hungry = hungry[np.argsort(-_laxity(garage, now)[hungry], kind="stable")]
        last = max(float(now.departs[hungry].max(initial=0.0)), now.step + 1.0)
        edges = now.step + np.cumsum([0, *GRID])
        edges = edges[: int(np.searchsorted(edges, last)) + 1]
        counts = np.diff(edges)
        self._edges, self._planned = edges, {}
        if not hungry.size:
            return
        vehicles = [_vehicle(garage, now, number) for number in hungry.tolist()]
        problem = Problem(
            start=garage.time_of(now.step),
            step_seconds=(counts * garage.step_s).tolist(),
            voltage_v=garage.supply.voltage_v,
            nodes=garage.nodes_over(now.step, counts.tolist()),
            vehicles=vehicles,
            wiring=garage.supply.wiring,
            phases=garage.supply.phases,
        )
        began = time.perf_counter()
        plan = solve(problem)
        self.solve_ms.append((time.perf_counter() - began) * 1000)
        self.solvers[plan.solver] += 1
        self._planned = dict(zip(now.cars[hungry].tolist(), plan.rates, strict=True))


def _vehicle(garage: Garage, now: Moment, number: int) -> Vehicle:
    car = int(now.cars[number])
    place = garage.places[car]
    return Vehicle(
        str(car),
        place.node,
        place.phases,
        place.least,
        place.most,
        departure_s=max(float(now.departs[number]) - now.step, 1.0) * garage.step_s,
        energy_kwh=float(now.need_kwh[number]),
        taken_kwh=float(now.taken_kwh[number]),
        dc=place.dc,
    )
