"""What is planned for a site, as curves."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict, ValidationError

from ocpi import wire
from ocpi.energy.drawing import Placed, Rates
from ocpi.sites.phases import Phase
from ocpi.sites.series import Worth
from ocpi.sites.site import GRID, Branch, Site, below
from ocpi.types.chargingprofiles import ChargingProfile
from ocpi.types.primitives import DateTime

MOST_SESSIONS = 500
"""Of more sessions only their sums are told: nobody looks at so many curves, and no answer may be so long."""


class PlannedNode(BaseModel):
    """The curves of the grid connection or a feeder, in ampere by phase, a number for each step."""

    model_config = ConfigDict(frozen=True)

    limit_a: Mapping[Phase, tuple[float, ...]]
    base_a: Mapping[Phase, tuple[float, ...]]
    ev_a: Mapping[Phase, tuple[float, ...]]


class Planned(BaseModel):
    """Curves with a number for each of the steps, which begin at `times`. `sessions` has kW by session id.

    A limit is the lowest within a step; base load, prices and sessions are as they are when it begins. A session is
    planned until it is believed to leave. `sessions` is empty where there are more than :data:`MOST_SESSIONS`.
    """

    model_config = ConfigDict(frozen=True)

    step_s: int
    times: tuple[DateTime, ...]
    nodes: Mapping[str, PlannedNode]
    price_per_kwh: tuple[float | None, ...]
    pv_kw: tuple[float, ...]
    sessions: Mapping[str, tuple[float, ...]]


def planned(
    site: Site, plan: wire.JsonObject | None, worth: Worth, start: datetime, end: datetime, step_s: int = 300
) -> Planned:
    """The plan in force from `start` to `end`; without one, limits, base load and prices alone.

    The steps lie on the clock, so the first begins at `start` or a little earlier.
    """
    step = timedelta(seconds=step_s)
    first = start - timedelta(seconds=start.timestamp() % step_s)
    times = [first + number * step for number in range(-((first - end) // step))]
    branches = site.branches()
    hanging = below(branches)
    parents = {branch.id: branch.parent for branch in branches}
    ev_a = {branch.id: {phase: [0.0] * len(times) for phase in branch.phases} for branch in branches}
    sessions = {}
    for id_, placed, profile in _profiles(plan):
        rates = Rates.of(profile, 0.0, dc=placed.dc)
        kw_per_unit = placed.kw_per_unit(site.voltage_v)
        kw = [0.0 if _over(placed, moment) else rates.at(max(moment, start)) * kw_per_unit for moment in times]
        sessions[id_] = tuple(round(power, 3) for power in kw)
        a_per_kw = 1000 / (site.voltage_v * len(placed.phases))
        _add(ev_a, _path(placed.node, parents), placed, [power * a_per_kw for power in kw])
    return Planned(
        step_s=step_s,
        times=tuple(times),
        nodes={
            branch.id: PlannedNode(
                limit_a=_limits(branch, times, step),
                base_a={
                    phase: tuple(_base_a(hanging[branch.id], worth, phase, moment) for moment in times)
                    for phase in branch.phases
                },
                ev_a={
                    phase: tuple(round(ampere, 2) for ampere in amperes) for phase, amperes in ev_a[branch.id].items()
                },
            )
            for branch in branches
        },
        price_per_kwh=tuple(worth.price(moment) for moment in times),
        pv_kw=tuple(worth.pv_kw(moment) for moment in times),
        sessions=sessions if len(sessions) <= MOST_SESSIONS else {},
    )


def _profiles(plan: wire.JsonObject | None) -> Iterator[tuple[str, Placed, ChargingProfile]]:
    """Each session that is planned, with what is known of it and its profile; what cannot be read is left out."""
    profiles, sessions = (plan.get(name) for name in ("profiles", "sessions")) if plan else (None, None)
    if not isinstance(profiles, Mapping) or not isinstance(sessions, Mapping):
        return
    for id_, profile in profiles.items():
        try:
            placed = Placed.model_validate(sessions.get(id_))
            read = ChargingProfile.model_validate(profile)
        except ValidationError:
            continue
        if placed.phases:
            yield id_, placed, read


def _over(placed: Placed, moment: datetime) -> bool:
    """Whether a session is believed to be over."""
    return placed.departure is not None and moment >= placed.departure


def _path(node: str, parents: Mapping[str, str | None]) -> Iterator[str]:
    """A node and all above it."""
    above: str | None = node if node in parents else GRID
    while above is not None:
        yield above
        above = parents[above]


def _add(
    totals: Mapping[str, Mapping[Phase, list[float]]], path: Iterator[str], placed: Placed, amperes: list[float]
) -> None:
    drawing = [(number, ampere) for number, ampere in enumerate(amperes) if ampere]
    for node in path:
        for phase in placed.phases:
            total = totals[node].get(phase, [])
            for number, ampere in drawing if total else ():
                total[number] += ampere


def _limits(branch: Branch, times: list[datetime], step: timedelta) -> dict[Phase, tuple[float, ...]]:
    timeline = branch.timeline(times[0], times[-1] + step) if times else None
    lowest = [timeline.lowest(moment, moment + step) for moment in times] if timeline else []
    return {phase: tuple(round(limit[phase], 2) for limit in lowest) for phase in branch.phases}


def _base_a(hanging: list[Branch], worth: Worth, phase: Phase, moment: datetime) -> float:
    """What others than sessions draw at a branch and all that hangs on it."""
    return round(sum(max(0.0, worth.base_load_a(each, phase, moment)) for each in hanging), 2)
