"""The measuring side: what the site drew, and whether that was allowed, judged from the record alone.

It knows nothing of how charge points work: the profiles a session had to obey are taken from what was
accepted over OCPI, and read here a second time, so that a mistake in the charge points cannot hide itself.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from local.cpo.cars import Floats
from local.cpo.grid import GridLimit
from local.cpo.plant import Plant
from ocpi.types.chargingprofiles import ChargingProfile, ChargingRateUnit

TOLERANCE_A = 1e-6


@dataclass(frozen=True)
class Accepted:
    """From `at` on a session had to obey `profile`; None: its profile was cleared."""

    at: datetime
    profile: ChargingProfile | None


@dataclass
class Ledger:
    """All profiles accepted, by stay, in order."""

    accepted: dict[int, list[Accepted]] = field(default_factory=dict)

    def note(self, stay: int, at: datetime, profile: ChargingProfile | None) -> None:
        """A profile was accepted, or cleared."""
        self.accepted.setdefault(stay, []).append(Accepted(at, profile))


@dataclass(frozen=True)
class Load:
    """What a site drew: step k lasts from `edges[k]` to `edges[k + 1]` (seconds since the start).

    `current_a` is (steps, stays), `phase_a` (steps, 3), `kw` (steps,).
    """

    start: datetime
    edges: Floats
    current_a: Floats
    phase_a: Floats
    kw: Floats

    @property
    def seconds(self) -> Floats:
        """How long each step lasts."""
        return np.diff(self.edges)

    @property
    def peak_kw(self) -> float:
        """The greatest load at any instant."""
        return float(self.kw.max(initial=0.0))

    @property
    def energy_kwh(self) -> float:
        """All energy drawn."""
        return float(self.kw @ self.seconds / 3600)


def load(plant: Plant, cuts: Iterable[datetime] = ()) -> Load:
    """The load of a plant so far; steps are cut at `cuts`, so that what changes there is judged exactly."""
    record = plant.record
    stays = len(plant.cars.need_kwh)
    begins = np.array(record.begins)
    end = record.ends[-1] if record.ends else 0.0
    inner = {plant.seconds(cut) for cut in cuts}
    edges = np.unique(np.concatenate([begins, [second for second in inner if 0 < second < end], [end]]))
    source = np.searchsorted(begins, edges[:-1], side="right") - 1
    current_a = record.matrix(stays)[source]
    phase_a = current_a @ plant.cars.wiring
    return Load(plant.start, edges, current_a, phase_a, current_a @ plant.cars.kw_per_a)


def seconds_over_limit(measured: Load, limit: GridLimit) -> float:
    """For how long any phase, or the total, was above the grid limit.

    `measured` must be cut at the limit's changes; TOLERANCE_A forgives rounding.
    """
    return _seconds_over(measured, measured.phase_a, measured.kw, limit)


def seconds_allowed_over_limit(
    plant: Plant,
    limit: GridLimit,
    accepted: Mapping[int, Sequence[Accepted]],
    stays: Mapping[int, tuple[datetime, datetime]],
) -> float:
    """For how long the sum of all that sessions were allowed to draw was above the grid limit, whatever they drew.

    Args:
        plant: the charge points, and what they offer without a profile.
        limit: of the grid connection.
        accepted: by stay, the profiles that it had accepted.
        stays: by stay, from when until when its session went on.
    """
    since = {stay: begin for stay, (begin, _) in stays.items()}
    moments = {moment for stay in stays.values() for moment in stay}
    measured = load(plant, {*limit.starts, *profile_cuts(accepted, since), *moments})
    begins = measured.edges[:-1]
    allowed = np.zeros_like(measured.current_a)
    for stay, (begin, end) in stays.items():
        duties = _duties(accepted.get(stay, ()), begin, float(plant.cars.kw_per_a[stay]) * 1000)
        for first, last, ampere in [(begin, end, float(plant.default_a[stay])), *duties]:
            allowed[slice(*np.searchsorted(begins, [plant.seconds(first), plant.seconds(min(last, end))])), stay] = (
                ampere
            )
    return _seconds_over(measured, allowed @ plant.cars.wiring, allowed @ plant.cars.kw_per_a, limit)


def seconds_over_profile(
    measured: Load, accepted: Mapping[int, Sequence[Accepted]], since: Mapping[int, datetime], plant: Plant
) -> float:
    """For how long sessions drew more than the profile that they had accepted (summed over sessions).

    Args:
        measured: the load, cut where :func:`profile_cuts` says.
        accepted: by stay, what it had accepted.
        since: by stay, when its charging began (for relative profiles).
        plant: for the power that an ampere means.
    """
    total = 0.0
    begins = measured.edges[:-1]
    for stay, orders in accepted.items():
        allowed = np.full(len(begins), np.inf)
        for begin, end, ampere in _duties(orders, since[stay], float(plant.cars.kw_per_a[stay]) * 1000):
            first, last = np.searchsorted(begins, [plant.seconds(begin), plant.seconds(end)])
            allowed[first:last] = ampere
        over = measured.current_a[:, stay] > allowed + TOLERANCE_A
        total += float(measured.seconds[over].sum())
    return total


def profile_cuts(accepted: Mapping[int, Sequence[Accepted]], since: Mapping[int, datetime]) -> set[datetime]:
    """Every instant at which what a session has to obey changes."""
    return {
        cut
        for stay, orders in accepted.items()
        for begin, end, _ in _duties(orders, since[stay], 1.0)
        for cut in (begin, end)
    }


def _seconds_over(measured: Load, phase_a: Floats, kw: Floats, limit: GridLimit) -> float:
    """For how long currents or power, step by step of the load, are above the grid limit."""
    period = _periods(measured, limit.starts)
    over_phase = (phase_a > limit.limit_a[period] + TOLERANCE_A).any(axis=1)
    over_total = kw > limit.limit_kw[period] + TOLERANCE_A
    return float(measured.seconds[over_phase | over_total].sum())


def _periods(measured: Load, starts: Sequence[datetime]) -> np.typing.NDArray[np.intp]:
    seconds = np.array([(begin - measured.start).total_seconds() for begin in starts])
    return np.searchsorted(seconds, measured.edges[:-1], side="right") - 1


_FOREVER = timedelta(days=365)


type Duty = tuple[datetime, datetime, float]
"""From (inclusive) and to (exclusive) when a session has to stay at or below how many ampere per phase."""


def _duties(orders: Sequence[Accepted], since: datetime, w_per_a: float) -> Iterator[Duty]:
    """What a session had to obey: each accepted profile, from its acceptance until the next one's."""
    for order, replaced in zip(orders, [*(later.at for later in orders), None][1:], strict=True):
        for begin, end, ampere in _stretches(order, since, w_per_a):
            first, last = max(begin, order.at), end if replaced is None else min(end, replaced)
            if first < last:
                yield first, last, ampere


def _stretches(order: Accepted, since: datetime, w_per_a: float) -> Iterator[Duty]:
    """What one accepted profile says, whenever it was accepted."""
    if order.profile is None:
        return
    profile = order.profile
    start = profile.start_date_time or since
    over = start + (_FOREVER if profile.duration is None else timedelta(seconds=profile.duration))
    unit = w_per_a if profile.charging_rate_unit is ChargingRateUnit.W else 1.0
    begins = [start + timedelta(seconds=period.start_period) for period in profile.charging_profile_period]
    limits = [float(period.limit) / unit for period in profile.charging_profile_period]
    for begin, end, ampere in zip(begins, [*begins[1:], over], limits, strict=True):
        yield begin, min(end, over), ampere
