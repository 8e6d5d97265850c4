"""What cars draw, as arrays over all stays of the day."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from local.cpo.site import PHASES, Site

type Floats = NDArray[np.float64]

MIN_CURRENT_A = 6.0
"""Below this a charge point cannot offer current: the car pauses (IEC 61851-1)."""

TAPER_SHARE = 0.15
"""The last part of its need a car draws with falling current …"""

TAPER_FLOOR = 0.1
"""… down to this share of its greatest current, and then stops."""


@dataclass(frozen=True)
class Car:
    """What a car's charger can do: how many phases it uses, and ampere per phase."""

    phases: int
    max_a: float


@dataclass(frozen=True)
class Berth:
    """A car at an EVSE with the energy that it takes until it is full."""

    car: Car
    evse_uid: str
    need_kwh: float


class Cars:
    """The cars of `n` stays: what each may draw, where it draws it, and how far it is.

    `wiring` is (n, 3), 1 where a car draws from a phase; `max_a`, `kw_per_a`, `need_kwh`, `delivered_kwh` are
    (n,).
    """

    def __init__(self, berths: Sequence[Berth], site: Site) -> None:
        evses = [site.evse(berth.evse_uid) for berth in berths]
        wires = [evse.wires(berth.car.phases) for berth, evse in zip(berths, evses, strict=True)]
        self.wiring: Floats = np.array([[phase in used for phase in PHASES] for used in wires], dtype=float)
        self.wiring = self.wiring.reshape(len(berths), len(PHASES))
        self.max_a: Floats = np.array(
            [min(berth.car.max_a, site.max_current_a(evse)) for berth, evse in zip(berths, evses, strict=True)]
        )
        self.kw_per_a: Floats = self.wiring.sum(axis=1) * site.voltage_v / 1000
        self.need_kwh: Floats = np.array([berth.need_kwh for berth in berths], dtype=float)
        self.delivered_kwh: Floats = np.zeros(len(berths))
        self.connected: NDArray[np.bool_] = np.zeros(len(berths), dtype=bool)

    def drawing(self) -> NDArray[np.intp]:
        """The stays whose cars are there and not full."""
        return np.flatnonzero(self.connected & (self.delivered_kwh < self.need_kwh))

    def current(self, which: NDArray[np.intp], offered_a: Floats) -> Floats:
        """The current per phase (A) that the cars `which` draw when the charge points offer `offered_a`.

        The least of what the car, the cable and the offer allow; nothing below 6 A offered; less near full.
        """
        allowed = np.minimum(offered_a, self.max_a[which])
        allowed = np.where(allowed < MIN_CURRENT_A, 0.0, allowed)
        return np.minimum(allowed, self._acceptance(which))

    def seconds_to_full(self, which: NDArray[np.intp], current_a: Floats) -> Floats:
        """How long until each of the cars is full at this current; infinite where it draws nothing."""
        power_kw = current_a * self.kw_per_a[which]
        left_kwh = self.need_kwh[which] - self.delivered_kwh[which]
        seconds: Floats = np.full(len(which), np.inf)
        return np.divide(left_kwh * 3600, power_kw, out=seconds, where=power_kw > 0)

    def charge(self, which: NDArray[np.intp], current_a: Floats, seconds: float) -> None:
        """Let the cars take this current for some time."""
        self.delivered_kwh[which] += current_a * self.kw_per_a[which] * seconds / 3600

    def _acceptance(self, which: NDArray[np.intp]) -> Floats:
        need = self.need_kwh[which]
        left = (need - self.delivered_kwh[which]) / (need * TAPER_SHARE)
        return self.max_a[which] * np.clip(left, TAPER_FLOOR, 1.0)
