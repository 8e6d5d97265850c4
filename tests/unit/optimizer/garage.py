"""A garage to try issuing on: AC and DC under a grid connection, limited in ampere and in kW, and a feeder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import strategies as st

from ocpi.sites.phases import PHASES, Phase
from optimizer.planning.problem import Floats, Wiring
from optimizer.planning.tree import Row, Supply
from optimizer.profiles import Schedule, breakpoints

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
SUPPLY = Supply(Wiring.STAR, 230, PHASES)
ROWS = (*(Row(node, phase) for node in ("grid", "feeder") for phase in PHASES), Row("grid", "kW"))


def at(hour: float) -> datetime:
    return START + timedelta(hours=hour)


def steps(*rates: float, dc: bool = False) -> Schedule:
    """One rate an hour from the start on, the last for ever."""
    return Schedule(tuple((at(hour), rate) for hour, rate in enumerate(rates)), dc)


@dataclass(frozen=True)
class Kind:
    """Where a session hangs, and on what."""

    node: str
    phases: tuple[Phase, ...]
    dc: bool = False

    @property
    def draws(self) -> dict[Row, float]:
        """What one unit of its rate adds to each limit."""
        above = {"grid": ("grid",), "feeder": ("grid", "feeder")}[self.node]
        weights = {row: SUPPLY.weight(row, self.phases, dc=self.dc) for row in ROWS if row.node in above}
        return {row: weight for row, weight in weights.items() if weight}

    @property
    def highest(self) -> float:
        """The most that its EVSE gives."""
        return 22.0 if self.dc else 32.0

    @property
    def least(self) -> float:
        """The least that a car charges with."""
        return 3.0 if self.dc else 6.0


KINDS = (
    Kind("grid", PHASES),
    Kind("grid", ("L1",)),
    Kind("feeder", PHASES),
    Kind("feeder", ("L2",)),
    Kind("feeder", ("L1", "L3")),
    Kind("grid", PHASES, dc=True),
    Kind("feeder", PHASES, dc=True),
)


def limits(grid_a: Schedule, feeder_a: Schedule, grid_kw: Schedule) -> dict[Row, Schedule]:
    """What each limit bears over time."""
    by_node = {"grid": grid_a, "feeder": feeder_a}
    return {row: grid_kw if row.line == "kW" else by_node[row.node] for row in ROWS}


LIMITS = (
    limits(steps(100), steps(32), steps(63)),
    limits(steps(40), steps(40), steps(24)),
    limits(steps(40, 40, 20, 40), steps(20), steps(24)),
    limits(steps(63), steps(32, 32, 16, 32), steps(30, 15, 30)),
    limits(steps(20), steps(16), steps(9)),
    limits(steps(0), steps(0), steps(0)),
)


@st.composite
def rates_over_time(draw: st.DrawFn, kind: Kind) -> Schedule:
    """Any schedule that a session of that kind may be given."""
    hours = sorted(draw(st.sets(st.integers(0, 6), min_size=1, max_size=4)))
    rates = (0.0, 3.0, 5.5, 11.0, 22.0) if kind.dc else (0.0, 6.0, 6.1, 8.3, 10.0, 16.0, 32.0)
    return Schedule(tuple((at(hour), draw(st.sampled_from(rates))) for hour in hours), kind.dc)


def load(draws: Mapping[Row, float], rates: Floats) -> Floats:
    """What a session adds to each limit; (limits, instants)."""
    return np.outer([draws.get(row, 0.0) for row in ROWS], rates)


Session = tuple[Mapping[Row, float], Schedule]
"""What one unit of its rate adds to each limit, and its rate."""


def fitting(
    wishes: Mapping[str, Session],
    room: Mapping[Row, Schedule],
    others: Sequence[Session] = (),
    since: datetime = START,
) -> dict[str, Schedule]:
    """Of each wish what still fits under the limits beside `others` and those before it, from `since` on."""
    instants = breakpoints([*room.values(), *(schedule for _, schedule in (*wishes.values(), *others))], since)
    starts = [datetime.fromtimestamp(instant, UTC) for instant in instants.tolist()]
    left = np.array([room[row].sampled(instants) for row in ROWS])
    for draws, schedule in others:
        left -= load(draws, schedule.sampled(instants))
    result = {}
    for name, (draws, wish) in wishes.items():
        weights = np.array([draws.get(row, 0.0) for row in ROWS])
        counts = weights > 0
        most = np.clip((left[counts] / weights[counts, np.newaxis]).min(axis=0), 0.0, None)
        rates = np.minimum(wish.sampled(instants), most)
        result[name] = Schedule(tuple(zip(starts, rates.tolist(), strict=True)), wish.dc).floored()
        left -= load(draws, result[name].sampled(instants))
    return result
