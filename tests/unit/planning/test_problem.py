import math
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from optimizer.planning.problem import Battery, Node, Prices, Problem, Vehicle, Wiring
from tests.unit.planning.problems import START, car, lines, problem

GOOD = problem([Node("grid", limit_a=lines(16, 4)), Node("F1", "grid")], [car("a"), car("b", node="F1")])
PRICES = Prices(np.ones(4), np.ones(4))
BATTERY = Battery("grid", 10, 5, 5, 5)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"start": START.replace(tzinfo=None)}, "start must be a whole second with a time zone"),
        ({"voltage_v": math.nan}, "voltage_v must be more than 0, is nan"),
        ({"step_seconds": [900, 900, 0, 900]}, "step_seconds must be whole seconds, 1 or more"),
        ({"phases": ("L1", "L1")}, "phases: each once"),
        ({"phases": ("L1",), "wiring": Wiring.LINE_TO_LINE}, "phases: each once, and at least two"),
        ({"nodes": [Node("grid"), Node("grid")]}, "two nodes have the same id"),
        ({"nodes": [Node("grid", "nowhere")]}, "node grid: its parent nowhere is unknown"),
        ({"nodes": [Node("grid", "F1"), Node("F1", "grid")]}, "node grid: its parents go round in a circle"),
        ({"nodes": [Node("grid", limit_a={"L1": np.ones(3)})]}, "node grid: limit_a L1: needs one finite number"),
        (
            {"nodes": [Node("grid", load_kw=np.array([1, 2, math.nan, 4]))]},
            "node grid: load_kw: needs one finite number",
        ),
        ({"vehicles": [car("a"), car("a")]}, "two vehicles have the same id"),
        ({"prices": replace(PRICES, import_per_kwh=np.ones(5))}, "import_per_kwh: needs one finite number for each"),
        ({"prices": replace(PRICES, peak_kw=math.nan)}, "prices: demand_per_kw and peak_kw must be finite"),
        ({"previous": {"a": np.ones(1)}}, "previous a: needs one finite number"),
        ({"battery": replace(BATTERY, node="roof")}, "battery: its node roof is unknown"),
        ({"battery": replace(BATTERY, charge_kw=-1.0)}, "battery: charge_kw must be 0 or more, is -1.0"),
        ({"battery": replace(BATTERY, stored_kwh=11.0)}, "battery: holds 11.0 kWh of 10"),
        ({"battery": replace(BATTERY, efficiency=0.0)}, "battery: efficiency must be above 0 and up to 1, is 0.0"),
    ],
)
def test_a_problem_that_cannot_be_says_what_and_where(changes: dict[str, Any], error: str) -> None:
    # Vehicles would be the second to complain of what is wrong with the tree.
    vehicles = changes.get("vehicles", [])
    with pytest.raises(ValueError, match=error.replace("(", r"\(")):
        replace(GOOD, **{"vehicles": vehicles, **changes})


@pytest.mark.parametrize(
    ("vehicle", "error"),
    [
        (car("a", energy_kwh=math.inf), "vehicle a: energy_kwh must be 0 or more, is inf"),
        (car("a", least=-1.0), "vehicle a: least must be 0 or more, is -1.0"),
        (car("a", departure_s=math.nan), "vehicle a: arrival_s and departure_s must be finite"),
        (car("a", node="F9"), "vehicle a: its node F9 is unknown"),
        (car("a", phases=()), "vehicle a: its phases must be some of L1, L2, L3, each once"),
        (car("a", phases=("L1", "L1")), "vehicle a: its phases must be some of L1, L2, L3, each once"),
    ],
)
def test_a_vehicle_that_cannot_be_says_what_and_where(vehicle: Vehicle, error: str) -> None:
    with pytest.raises(ValueError, match=error):
        replace(GOOD, vehicles=[vehicle])


def test_between_lines_one_phase_is_no_circuit() -> None:
    with pytest.raises(ValueError, match="vehicle a: between lines it needs two phases or three"):
        replace(GOOD, vehicles=[car("a", phases=("L2",))], wiring=Wiring.LINE_TO_LINE)


def test_steps_start_when_clocks_say_so_also_in_the_night_of_summer_time() -> None:
    amsterdam = ZoneInfo("Europe/Amsterdam")
    night: Problem = replace(GOOD, start=datetime(2026, 3, 29, 1, 45, tzinfo=amsterdam))
    assert [f"{start:%H:%M}" for start in night.starts] == ["01:45", "03:00", "03:15", "03:30", "03:45"]
    assert night.starts[1].timestamp() - night.starts[0].timestamp() == timedelta(minutes=15).total_seconds()
