"""Problems to try planning on: random ones of every kind, and the pieces of made-up ones."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import permutations
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import strategies as st

from ocpi.sites.phases import PHASES, Phase
from optimizer.planning.problem import Battery, Floats, Node, Prices, Problem, Vehicle, Wiring

START = datetime(2026, 3, 2, 18, tzinfo=UTC)
QUARTER = 900


def lines(ampere: float, steps: int, phases: Sequence[Phase] = PHASES) -> dict[Phase, Floats]:
    """The same on every line, all the time."""
    return {phase: np.full(steps, float(ampere)) for phase in phases}


def car(name: str, energy_kwh: float = 10, hours: float = 1, **other: Any) -> Vehicle:
    """On all phases, 6 to 16 A, on the node "grid" from the start on."""
    usual: dict[str, Any] = {"node": "grid", "phases": PHASES, "least": 6.0, "most": 16.0, "departure_s": hours * 3600}
    return Vehicle(id=name, energy_kwh=energy_kwh, **usual | other)


def problem(nodes: Sequence[Node], vehicles: Sequence[Vehicle], steps: int = 4, **other: Any) -> Problem:
    """Quarters of an hour from 18:00 on, at 230 V."""
    usual: dict[str, Any] = {"start": START, "step_seconds": [QUARTER] * steps, "voltage_v": 230.0}
    return Problem(nodes=nodes, vehicles=vehicles, **usual | other)


_STEPS = 7
"""At most."""


def _series(*values: float) -> st.SearchStrategy[Floats]:
    """One of these all the time, or now this and now that; one draw each, for draws are what takes time."""
    patterns = np.random.default_rng(0).choice(values, (len(values) // 2, _STEPS))
    return st.sampled_from([*(np.full(_STEPS, float(value)) for value in values), *patterns.astype(float)])


_LIMIT_A = _series(16, 31.7, 63, 1000, 13, 20, 25, 35, 40, 50, 80, 100, 125, 6.4, 3, 0, -5)
_LIMIT_KW = _series(11, 30, 500, 25, 17, 22, 40, 60, 100, 4.5, 0, -2)
_LOAD_A = _series(2.5, 0, 7, 20, -8, -100)
_LOAD_KW = _series(3, 0, 5, 25, -9, -70)
_RESERVE_A = _series(2, 0, 18)
_PRICE = _series(0.1, 0.3, 0, -0.2)
_BEFORE = _series(6, 0, 10.3, 16, 99)
_LINES = st.sampled_from([PHASES, PHASES, PHASES[:2], PHASES[2:], ()])
_ORDERS = [order for size in (3, 2, 1) for order in permutations(PHASES, size)]
_SECONDS = st.sampled_from([300, 900, 3600, 137])
_START = st.sampled_from([START, START.astimezone(ZoneInfo("Europe/Amsterdam"))])


def _by_phase(draw: st.DrawFn, series: st.SearchStrategy[Floats], steps: int) -> dict[Phase, Floats]:
    """The same on some lines, and on one of them something else."""
    usual, other = draw(series)[:steps], draw(series)[:steps]
    return {phase: other if phase == "L2" else usual for phase in draw(_LINES)}


def _trees(draw: st.DrawFn, steps: int) -> list[Node]:
    nodes: list[Node] = []
    for number in range(draw(st.integers(1, 4))):
        given = draw(st.integers(0, 31))
        nodes.append(
            Node(
                f"N{number}",
                f"N{draw(st.integers(0, number - 1))}" if number and given != 5 else None,
                limit_a=_by_phase(draw, _LIMIT_A, steps),
                limit_kw=draw(_LIMIT_KW)[:steps] if given & 1 else None,
                load_a=_by_phase(draw, _LOAD_A, steps) if given & 6 == 2 else {},
                load_kw=draw(_LOAD_KW)[:steps] if given & 12 == 4 else None,
                reserve_a=_by_phase(draw, _RESERVE_A, steps) if given & 24 == 8 else {},
            )
        )
    return nodes[::-1] if draw(st.booleans()) else nodes


def _vehicle(draw: st.DrawFn, name: str, site: Problem) -> Vehicle:
    orders = [each for each in _ORDERS if set(each) <= set(site.phases)]
    if site.wiring is Wiring.LINE_TO_LINE:
        orders = [each for each in orders if len(each) > 1]
    end_s = float(site.edges_s[-1])
    moments = [*site.edges_s.tolist(), *(part * end_s for part in (1.5, 0.9, 0.45, 0.21, -0.1))]
    dc = draw(st.booleans())
    scale = 1.0 if dc else 2.0
    return Vehicle(
        name,
        draw(st.sampled_from(site.nodes)).id,
        draw(st.sampled_from(orders)),
        least=scale * draw(st.sampled_from([3, 3, 3, 3, 0, 3.03, 0.7004])),
        most=scale * draw(st.sampled_from([8, 8, 16, 8, 16, 11, 8.027, 5, 2, 0])),
        departure_s=draw(st.sampled_from([1.5 * end_s, end_s, *moments[::-1]])),
        energy_kwh=draw(st.sampled_from([7, 1.3, 30, 12, 4, 20, 9, 1000, 0.02, 0])),
        arrival_s=draw(st.sampled_from([0.0, 0.0, 0.0, 0.0, *moments])),
        priority=draw(st.sampled_from([1, 1, 1, 0, 3])),
        taken_kwh=draw(st.sampled_from([0, 0, 12])),
        tail=draw(st.sampled_from([0, 0, 0, 6])),
        dc=dc,
    )


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    """Trees, wirings, AC and DC, PV, loads above limits, limits of nothing, stays that begin or end inside a step,
    stays that are none, prices, batteries, plans before."""
    step_seconds = draw(st.lists(_SECONDS, min_size=1, max_size=_STEPS))
    steps = len(step_seconds)
    wiring = draw(st.sampled_from(Wiring))
    phases = draw(st.sampled_from([PHASES, PHASES, PHASES[:1] if wiring is Wiring.STAR else PHASES[:2]]))
    site = Problem(draw(_START), step_seconds, 230.0, _trees(draw, steps), [], wiring=wiring, phases=phases)
    vehicles = [_vehicle(draw, f"v{number}", site) for number in range(draw(st.sampled_from([2, 1, 0, 3, 4, 6])))]
    extras = draw(st.integers(0, 15))
    return replace(
        site,
        vehicles=vehicles,
        prices=_prices(draw, steps) if extras & 5 else None,
        battery=_battery(draw, site) if extras & 3 == 3 else None,
        previous={each.id: draw(_BEFORE)[:steps] for each in vehicles[1:]} if extras & 8 else {},
    )


def _prices(draw: st.DrawFn, steps: int) -> Prices:
    demand, peak_kw = draw(st.sampled_from([(0.0, 0.0), (9.0, 0.0), (9.0, 6.0)]))
    return Prices(draw(_PRICE)[:steps], draw(_PRICE)[:steps], demand, peak_kw)


def _battery(draw: st.DrawFn, site: Problem) -> Battery:
    charge_kw, stored_kwh = draw(st.sampled_from([(5.0, 4.0), (40.0, 0.0), (0.0, 12.0)]))
    return Battery(draw(st.sampled_from(site.nodes)).id, 12.0, charge_kw, 5.0, stored_kwh)
