"""A plan as JSON, for programs; docs/optimize.md describes it."""

from collections.abc import Iterator

import numpy as np

from ocpi.types.primitives import format_datetime
from optimizer.planning.problem import Floats, Overload, Plan, Problem

Document = dict[str, object]

_DECIMALS = 9
"""Far below what limits are checked to, and enough to write 6.1 and not 6.1000000000000005."""


def plan_document(problem: Problem, plan: Plan) -> Document:
    """What is planned: for each session a rate for each step of the whole horizon, 0 outside its stay.

    `status` is "optimal" where the linear program was solved, else "feasible": `solver` says what stood in, `failures`
    why.
    """
    document: Document = {
        "status": "optimal" if plan.solver == "highs" or not plan.failures else "feasible",
        "solver": plan.solver,
        "failures": list(plan.failures),
        "objective": {name: _rounded(value) for name, value in plan.objective.items()},
        "sessions": dict(_sessions(problem, plan)),
        "overloads": [_overload(each) for each in plan.overloads],
        "timing_ms": {name: round(value, 3) for name, value in plan.timing_ms.items()},
    }
    if problem.battery and plan.battery_kw is not None:
        document["battery"] = {"node": problem.battery.node, "kw": _numbers(plan.battery_kw)}
    return document


def _sessions(problem: Problem, plan: Plan) -> Iterator[tuple[str, Document]]:
    for number, vehicle in enumerate(problem.vehicles):
        yield (
            vehicle.id,
            {
                "limit_kw" if vehicle.dc else "limit_a": _numbers(plan.rates[number]),
                "delivered_kwh": _rounded(plan.delivered_kwh[number]),
                "short_kwh": _rounded(plan.short_kwh[number]),
                "why": list(plan.why[number]),
            },
        )


def _overload(overload: Overload) -> Document:
    return {
        "node": overload.node,
        "line": overload.line,
        "start": format_datetime(overload.start),
        "end": format_datetime(overload.end),
        "amount": _rounded(overload.amount),
    }


def _numbers(series: Floats) -> list[float]:
    return [float(value) for value in np.round(series, _DECIMALS) + 0.0]


def _rounded(value: float) -> float:
    return round(float(value), 6) + 0.0
