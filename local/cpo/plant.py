"""The physical side: which cars are plugged in, what charge points offer them, and what they draw."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from local.cpo.cars import Berth, Cars, Floats
from local.cpo.profiles import Staircase, offered
from local.cpo.site import Site
from ocpi.types.chargingprofiles import ChargingProfile

STEP_SECONDS = 10.0
"""No step is longer while a car draws; a step also ends where an offer changes or a car is full."""


@dataclass
class Record:
    """Every step: when it began and ended (seconds since the start), the current of each stay (A)."""

    begins: list[float] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)
    currents: list[Floats] = field(default_factory=list)

    def add(self, begin: float, end: float, current_a: Floats) -> None:
        """Note one step."""
        self.begins.append(begin)
        self.ends.append(end)
        self.currents.append(current_a)

    def matrix(self, stays: int) -> Floats:
        """All currents as (steps, stays)."""
        return np.array(self.currents, dtype=float).reshape(len(self.begins), stays)


class Plant:
    """All charge points of a site and the cars at them, from `start` on.

    Args:
        default_limit_a: what an EVSE offers a session without a profile, per phase; None: all it can.
    """

    def __init__(self, site: Site, berths: Sequence[Berth], start: datetime, default_limit_a: float | None) -> None:
        self.start = start
        self.now = 0.0
        self.cars = Cars(berths, site)
        self.record = Record()
        most = self.cars.max_a if default_limit_a is None else np.full(len(berths), default_limit_a)
        self._default_a: Floats = np.minimum(most, [site.max_current_a(site.evse(berth.evse_uid)) for berth in berths])
        self._offers = [Staircase(float(ampere)) for ampere in self._default_a]
        self._since = [start] * len(berths)
        self._next_cut = -math.inf
        self._which: NDArray[np.intp] = np.array([], dtype=np.intp)
        self._offered_a: Floats = np.array([])

    def time(self, seconds: float) -> datetime:
        """The instant so many seconds after the start."""
        return self.start + timedelta(seconds=seconds)

    def seconds(self, moment: datetime) -> float:
        """The seconds from the start to `moment`."""
        return (moment - self.start).total_seconds()

    def plug_in(self, stay: int) -> None:
        """A car begins to charge, now, at its EVSE's default limit."""
        self.cars.connected[stay] = True
        self._since[stay] = self.time(self.now)
        self.clear_profile(stay)

    def unplug(self, stay: int) -> None:
        """A car leaves, now."""
        self.cars.connected[stay] = False
        self._look_again()

    def set_profile(self, stay: int, profile: ChargingProfile) -> None:
        """A charge point obeys a profile, from now on."""
        w_per_a = float(self.cars.kw_per_a[stay]) * 1000
        self._offers[stay] = offered(profile, self._since[stay], float(self._default_a[stay]), w_per_a)
        self._look_again()

    def clear_profile(self, stay: int) -> None:
        """A charge point forgets the profile of a session and returns to its default."""
        self._offers[stay] = Staircase(float(self._default_a[stay]))
        self._look_again()

    def offer(self, stay: int) -> Staircase:
        """What the charge point of a stay offers over time."""
        return self._offers[stay]

    @property
    def default_a(self) -> Floats:
        """What each stay is offered without a profile, in ampere per phase."""
        return self._default_a

    def load_a(self) -> Floats:
        """What the site draws now on L1, L2, L3, in ampere."""
        self._look()
        current: Floats = self.cars.current(self._which, self._offered_a)
        return current @ self.cars.wiring[self._which]

    def advance(self, until: float) -> list[int]:
        """Let time pass, to `until` or to the first instant at which a car becomes full.

        Returns:
            The stays whose cars became full at the instant reached; empty if `until` was reached.
        """
        until = round(until, 6)
        while self.now < until:
            self._look()
            current = self.cars.current(self._which, self._offered_a)
            to_full = self.cars.seconds_to_full(self._which, current)
            end = min(until, self._next_cut, self._next_step(current))
            seconds = min(end - self.now, float(to_full.min(initial=math.inf)))
            self._step(current, seconds)
            full = self._which[to_full <= seconds]
            if full.size:
                self.cars.delivered_kwh[full] = self.cars.need_kwh[full]
                self._look_again()
                return [int(stay) for stay in full]
        return []

    def _step(self, current_a: Floats, seconds: float) -> None:
        # Whole microseconds, as datetimes have them: an instant is the same number whichever way it is told.
        begin, self.now = self.now, round(self.now + seconds, 6)
        self.cars.charge(self._which, current_a, seconds)
        everybody = np.zeros(len(self._offers))
        everybody[self._which] = current_a
        if self.now > begin:
            self.record.add(begin, self.now, everybody)

    def _next_step(self, current_a: Floats) -> float:
        if not current_a.any():
            return math.inf
        return (math.floor(self.now / STEP_SECONDS) + 1) * STEP_SECONDS

    def _look_again(self) -> None:
        self._next_cut = -math.inf

    def _look(self) -> None:
        """Who draws, what is offered to them, and until when that holds; only where it may have changed."""
        if self.now < self._next_cut:
            return
        moment = self.time(self.now)
        self._which = self.cars.drawing()
        offers = [self._offers[stay] for stay in self._which]
        self._offered_a = np.array([offer.at(moment) for offer in offers], dtype=float)
        changes = [change for offer in offers if (change := offer.next_change(moment)) is not None]
        self._next_cut = self.seconds(min(changes)) if changes else math.inf
