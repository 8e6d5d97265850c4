"""A scenario, planned, and told about."""

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from cli.failure import Failure
from cli.files import write_bytes
from cli.output import answer_table, printable, waiting
from ocpi import wire
from ocpi.types.primitives import format_datetime
from optimizer.offline.plan_file import plan_document
from optimizer.offline.scenario import Scenario, parse_scenario, to_problem
from optimizer.planning.problem import Plan, Problem
from optimizer.planning.solve import solve

SHOWN_SESSIONS = 50
"""How many sessions the table has; those that come short first."""

LONG = 100_000
"""From so many sessions times steps, somebody who waits is told what for."""


@dataclass(frozen=True)
class Planned:
    """A scenario and its plan."""

    scenario: Scenario
    problem: Problem
    plan: Plan

    def tell(self, *, as_json: bool) -> None:
        """Print the plan as JSON, or else what is in it, in a table."""
        if as_json:
            print(self._json().decode())
            return
        order = np.argsort(-self.plan.short_kwh, kind="stable")[:SHOWN_SESSIONS] if self._many else range(self._count)
        answer_table((self._row(int(number)) for number in order), _COLUMNS, as_json=False)
        for line in self._summary():
            print(line)

    def write(self, file: Path) -> None:
        """Write the plan as JSON."""
        write_bytes(file, self._json() + b"\n")

    def draw(self, file: Path) -> None:
        """Draw the plan."""
        from optimizer.offline.picture import draw  # noqa: PLC0415 - matplotlib comes with a checkout only

        site = self.scenario.site
        try:
            draw(self.problem, self.plan, file, ZoneInfo(site.time_zone), site.id)
        except OSError as error:
            raise Failure(f"{file}: {error.strerror}") from None

    @property
    def _count(self) -> int:
        return len(self.problem.vehicles)

    @property
    def _many(self) -> bool:
        return self._count > SHOWN_SESSIONS

    def _json(self) -> bytes:
        return wire.dumps(plan_document(self.problem, self.plan))

    def _row(self, number: int) -> dict[str, object]:
        vehicle, plan = self.problem.vehicles[number], self.plan
        return {
            "session": vehicle.id,
            "node": vehicle.node,
            "wanted_kwh": f"{vehicle.energy_kwh:.1f}",
            "planned_kwh": f"{plan.delivered_kwh[number]:.1f}",
            "highest": f"{plan.rates[number].max():.1f} {'kW' if vehicle.dc else 'A'}",
            "why_short": "; ".join(plan.why[number]) or None,
        }

    def _summary(self) -> Iterator[str]:
        plan = self.plan
        if self._many:
            yield f"and {self._count - SHOWN_SESSIONS} sessions more: --json has them all"
        wanted = sum(vehicle.energy_kwh for vehicle in self.problem.vehicles)
        short = sum(1 for why in plan.why if why)
        cost, peak = plan.objective.get("cost", 0.0), plan.objective.get("peak_kw", 0.0)
        yield (
            f"{plan.delivered_kwh.sum():.1f} of {wanted:.1f} kWh in {len(self.problem.step_seconds)} steps from "
            f"{format_datetime(self.problem.start)}; {short} of {self._count} sessions come short."
        )
        yield f"Cost {cost:.2f}, peak {peak:.1f} kW; by {plan.solver} in {sum(plan.timing_ms.values()):.0f} ms."
        for failure in plan.failures:
            yield f"Failed: {failure}"
        for over in plan.overloads:
            unit = "kW" if over.line == "kW" else "A"
            span = f"{format_datetime(over.start)} to {format_datetime(over.end)}"
            yield f"{printable(over.node)}, {over.line}: other loads alone are {over.amount:.1f} {unit} over, {span}"


_COLUMNS = ("session", "node", "wanted_kwh", "planned_kwh", "highest", "why_short")


def plan(text: bytes, *, with_picture: bool, bare: bool, time_limit_s: float) -> Planned:
    """Plan a scenario.

    Raises:
        ScenarioError: it is none.
        Failure: the picture that will be wanted cannot be drawn here.
    """
    if with_picture and find_spec("matplotlib") is None:
        raise Failure("--plot needs matplotlib: pip install matplotlib")
    scenario = parse_scenario(text)
    problem = to_problem(scenario)
    sessions, steps = len(problem.vehicles), len(problem.step_seconds)
    wait = waiting(f"planning {sessions} sessions in {steps} steps") if sessions * steps >= LONG else nullcontext()
    with wait:
        return Planned(scenario, problem, solve(problem, bare=bare, time_limit_s=time_limit_s))
