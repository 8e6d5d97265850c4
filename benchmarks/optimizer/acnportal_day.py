"""A day planned by acnportal's algorithms, in its own simulator: ``python -m benchmarks.optimizer.acnportal_day``.

It runs in the peer's environment, so of ours it knows this file only. On its input is a day as JSON, on its output what
each algorithm cost (CPU milliseconds of its decisions, one for each step) and the energy that it brought.
"""

import json
import sys
import time
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

warnings.simplefilter("ignore")

# Of its own environment: nothing of ours may be imported beside it.
from acnportal import acnsim, algorithms  # type: ignore[import-not-found] # noqa: E402 - after the filter

ANGLES = {"L1": 0.0, "L2": -120.0, "L3": 120.0}
ALGORITHMS: dict[str, Callable[[], Any]] = {
    "earliest deadline first": lambda: algorithms.SortedSchedulingAlgo(algorithms.earliest_deadline_first),
    "least laxity first": lambda: algorithms.SortedSchedulingAlgo(algorithms.least_laxity_first),
    "round robin": lambda: algorithms.RoundRobin(algorithms.first_come_first_served, continuous_inc=1),
}


def main() -> None:
    """Plan the day with each algorithm."""
    day = json.load(sys.stdin)
    json.dump({name: _planned(day, algorithm()) for name, algorithm in ALGORITHMS.items()}, sys.stdout)


def _planned(day: dict[str, Any], algorithm: Any) -> dict[str, float]:
    events = acnsim.EventQueue([acnsim.PluginEvent(car["arrival"], _car(car)) for car in day["cars"]])
    start = datetime.fromtimestamp(0, UTC)
    simulator = acnsim.Simulator(_network(day), algorithm, events, start, period=day["minutes"], verbose=False)
    spent_ms = 0.0
    decide = algorithm.run

    def run() -> Any:
        nonlocal spent_ms
        before = time.process_time()
        schedule = decide()
        spent_ms += (time.process_time() - before) * 1000
        return schedule

    algorithm.run = run
    simulator.run()
    return {"ms": spent_ms, "kwh": sum(car.energy_delivered for car in simulator.ev_history.values())}


def _network(day: dict[str, Any]) -> Any:
    network = acnsim.ChargingNetwork()
    for car in day["cars"]:
        network.register_evse(acnsim.EVSE(car["id"], max_rate=car["most"]), day["voltage_v"], ANGLES[car["phase"]])
    for phase, limit in day["limit_a"].items():
        own = [car["id"] for car in day["cars"] if car["phase"] == phase]
        network.add_constraint(acnsim.Current(own), limit, name=phase)
    return network


def _car(car: dict[str, Any]) -> Any:
    # A battery that takes just what is asked for, at any rate up to the highest.
    battery = acnsim.Battery(car["kwh"], 0, car["most"] * car["voltage_v"] / 1000)
    return acnsim.EV(car["arrival"], car["departure"], car["kwh"], car["id"], car["id"], battery)


if __name__ == "__main__":
    main()
