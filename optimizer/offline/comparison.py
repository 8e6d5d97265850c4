"""Policies side by side: each tried on the same visits, and beside them what could have been done."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import partial
from statistics import fmean
from zoneinfo import ZoneInfo

import numpy as np

from ocpi.types.primitives import format_datetime
from optimizer.history import Assumed
from optimizer.offline.foresight import best_power
from optimizer.offline.garage import Garage
from optimizer.offline.knowledge import Beliefs, Knowledge
from optimizer.offline.policies import PolicyName, RecedingHorizon, policy
from optimizer.offline.sessions_file import SessionsError, Visits
from optimizer.offline.simulated_site import SimulatedSite
from optimizer.offline.simulation import Charged, simulated
from optimizer.offline.verdict import Score, load_kw, score
from optimizer.planning.problem import Floats

OFFLINE = "offline"
"""The name of what could have been done."""


@dataclass(frozen=True)
class Window:
    """Local days: who arrives from `begin` on and before `end` comes, who arrives from `score_from` on counts."""

    begin: date | None = None
    end: date | None = None
    score_from: date | None = None


@dataclass(frozen=True)
class Tried:
    """A policy, what the cars drew under it, and how well it did."""

    name: str
    charged: Charged
    score: Score
    load_kw: Floats
    solve_ms: Sequence[float] = ()
    solvers: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Comparison:
    """All policies on the same garage."""

    garage: Garage
    zone: ZoneInfo
    beliefs: Beliefs
    counted_sessions: int
    counted_kwh: float
    tried: tuple[Tried, ...]

    def document(self, *, schedule: bool) -> dict[str, object]:
        """As JSON; with the power of each session in kW, one value a step from `first_step` on, if `schedule`."""
        return {
            "start": format_datetime(self.garage.start),
            "step_seconds": self.garage.step_s,
            "beliefs": self.beliefs.value,
            "sessions": self.counted_sessions,
            "demand_kwh": round(self.counted_kwh, 4),
            "policies": {each.name: self._policy(each, schedule=schedule) for each in self.tried},
        }

    def _policy(self, tried: Tried, *, schedule: bool) -> dict[str, object]:
        score = tried.score
        document: dict[str, object] = {
            "demand_met_pct": round(score.demand_met_pct, 4),
            "delivered_kwh": round(score.delivered_kwh, 4),
            "intervals_over_limit": score.intervals_over_limit,
            "peak_kw": round(score.peak_kw, 4),
            "changes_per_session": round(score.changes_per_session, 3),
        }
        if tried.solve_ms:
            document["plans"] = len(tried.solve_ms)
            document["solve_ms"] = {"mean": round(fmean(tried.solve_ms), 2), "max": round(max(tried.solve_ms), 2)}
            document["solvers"] = tried.solvers
        if schedule:
            document["schedule"] = {
                visit.id: {"first_step": first, "power_kw": [round(kw, 6) for kw in power.tolist()]}
                for visit, first, power in zip(
                    self.garage.visits, self.garage.first, tried.charged.power_kw, strict=True
                )
            }
        return document


def chosen(visits: Visits, window: Window) -> Visits:
    """The visits that come in a window.

    Raises:
        SessionsError: there are none, or none that counts.
    """
    begin, end = _midnight(window.begin, visits.zone), _midnight(window.end, visits.zone)
    kept = tuple(
        visit
        for visit in visits.visits
        if (begin is None or visit.arrival >= begin) and (end is None or visit.arrival < end)
    )
    score_from = _midnight(window.score_from, visits.zone)
    if not any(score_from is None or visit.arrival >= score_from for visit in kept):
        first, last = (f"{visits.visits[at].arrival.astimezone(visits.zone):%Y-%m-%d}" for at in (0, -1))
        raise SessionsError([f"no session arrives on the chosen days; the file has those from {first} to {last}"])
    return Visits(kept, visits.zone)


def compared(
    visits: Visits,
    site: SimulatedSite,
    policies: Sequence[PolicyName],
    beliefs: Beliefs,
    window: Window,
    progress: Callable[[str, int, int], None],
) -> Comparison:
    """Try policies on visits.

    Args:
        visits: who came, all of them.
        site: where.
        policies: which to try; what could have been done comes first in any case.
        beliefs: what is known of cars on arrival.
        window: who comes, and who counts.
        progress: is told the name of a policy, how many steps there are, and how many are done.

    Raises:
        SessionsError: nobody comes in the window, or a station's wiring is unknown.
    """
    wanted = chosen(visits, window)
    zone = ZoneInfo(site.time_zone) if "time_zone" in site.model_fields_set else visits.zone
    garage = site.garage(wanted.visits, zone)
    score_from = _midnight(window.score_from, zone)
    counted = np.array([score_from is None or visit.arrival >= score_from for visit in wanted.visits])
    assumed = Assumed(site.assumed_stay_hours, site.assumed_energy_kwh)

    def judged(name: str, charged: Charged, *, by: object = None) -> Tried:
        lp = by if isinstance(by, RecedingHorizon) else RecedingHorizon()
        judgement = score(garage, charged, counted)
        return Tried(name, charged, judgement, load_kw(garage, charged), lp.solve_ms, dict(lp.solvers))

    progress(OFFLINE, 1, 0)
    best = best_power(garage)
    tried = [judged(OFFLINE, Charged(best, best))]
    progress(OFFLINE, 1, 1)
    for name in policies:
        chosen_policy = policy(name)
        knowledge = Knowledge(beliefs, garage, assumed, zone)
        charged = simulated(garage, chosen_policy, knowledge, partial(progress, name, garage.steps))
        tried.append(judged(name.value, charged, by=chosen_policy))
    return Comparison(garage, zone, beliefs, int(counted.sum()), float(garage.need_kwh[counted].sum()), tuple(tried))


def _midnight(day: date | None, zone: ZoneInfo) -> datetime | None:
    return datetime.combine(day, time(), zone) if day else None
