"""A policy tried on real visits, step by step."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from optimizer.offline.garage import TOLERANCE, Garage
from optimizer.offline.knowledge import Knowledge
from optimizer.offline.policies import Moment, Policy
from optimizer.planning.problem import Floats

BELIEVED_AGAIN_AFTER = 3
"""Steps after which beliefs of a car are looked at again when nothing has happened."""

CHANGED_KWH = 0.5
"""A need that is believed to be otherwise by less is the same."""


@dataclass(frozen=True)
class Charged:
    """What the cars drew: `power_kw` has for each visit a value for each step that its car was there."""

    power_kw: list[Floats]
    planned_kw: list[Floats]
    """What they were allowed."""


def simulated(garage: Garage, policy: Policy, knowledge: Knowledge, progress: Callable[[int], None]) -> Charged:
    """Charge all cars as a policy says.

    What a car draws is what it may, what it can and what it still needs, whichever is least. That it is full is seen
    when it draws less than it may.

    Args:
        garage: the visits and their limits.
        policy: says the rates of all cars that are there, at each step.
        knowledge: what is believed of them.
        progress: is told each step that is done.
    """
    run = _Run(garage, policy, knowledge)
    for step in range(garage.steps):
        run.step(step)
        progress(step + 1)
    return Charged(run.power_kw, run.planned_kw)


class _Run:
    """The state between two steps."""

    def __init__(self, garage: Garage, policy: Policy, knowledge: Knowledge) -> None:
        self._garage, self._policy, self._knowledge = garage, policy, knowledge
        sizes = [end - first for first, end in zip(garage.first, garage.end, strict=True)]
        self.power_kw = [np.zeros(size) for size in sizes]
        self.planned_kw = [np.zeros(size) for size in sizes]
        self._taken = np.zeros(len(sizes))
        self._departs = np.zeros(len(sizes))
        self._need = np.zeros(len(sizes))
        self._full = np.zeros(len(sizes), dtype=bool)
        self._here: list[int] = []
        self._coming = sorted(range(len(sizes)), key=lambda car: (garage.first[car], garage.visits[car].arrival))[::-1]
        self._leaving = sorted(range(len(sizes)), key=lambda car: garage.visits[car].departure)[::-1]
        self._event = False

    def step(self, step: int) -> None:
        """Let one step pass."""
        self._come_and_go(step)
        if not self._here:
            return
        cars = np.array(self._here)
        self._believe(step)
        need = np.where(self._full[cars], 0.0, self._need[cars])
        now = Moment(step, cars, self._departs[cars], need, self._taken[cars], self._event)
        rates = self._policy(self._garage, now)
        self._event = False
        for car, rate in zip(self._here, rates.tolist(), strict=True):
            self._charge(car, step, rate)

    def _come_and_go(self, step: int) -> None:
        garage = self._garage
        gone = [car for car in self._here if garage.end[car] <= step]
        self._here = [car for car in self._here if garage.end[car] > step]
        self._event |= bool(gone)
        now = garage.time_of(step)
        while self._leaving and garage.visits[self._leaving[-1]].departure <= now:
            self._knowledge.over(garage.visits[self._leaving.pop()])
        while self._coming and garage.first[self._coming[-1]] <= step:
            car = self._coming.pop()
            if garage.end[car] > step:
                self._here.append(car)
                self._event = True

    def _believe(self, step: int) -> None:
        """Look at the beliefs again; one that has changed is an event, but what was delivered is no change."""
        garage = self._garage
        for car in self._here:
            due = (step - garage.first[car]) % BELIEVED_AGAIN_AFTER == 0 or self._departs[car] <= step
            within_a_step = garage.most_kw[car] * garage.step_s / 3600
            if not (self._event or due or self._need[car] < within_a_step):
                continue
            departs, need = self._knowledge.believe(car, step, float(self._taken[car]))
            moved = abs(departs - self._departs[car]) > 1 or abs(need - self._need[car]) > CHANGED_KWH
            self._event |= moved and not self._full[car]
            self._departs[car], self._need[car] = departs, need

    def _charge(self, car: int, step: int, rate: float) -> None:
        garage = self._garage
        index = step - garage.first[car]
        hours = garage.hours(car, step)
        allowed = rate * garage.kw_per_unit[car]
        missing = garage.need_kwh[car] - self._taken[car]
        draws = max(min(allowed, garage.most_kw[car], missing / hours), 0.0) if hours > 0 else 0.0
        self.planned_kw[car][index] = allowed
        self.power_kw[car][index] = draws
        self._taken[car] += draws * hours
        self._need[car] = max(self._need[car] - draws * hours, 0.0)
        if allowed > 0 and draws < allowed - TOLERANCE and not self._full[car]:
            self._full[car] = self._event = True
