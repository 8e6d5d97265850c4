"""The site that real sessions are tried on: the `site` of a scenario, and what a file of sessions does not say."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Self
from zoneinfo import ZoneInfo

import numpy as np
from pydantic import Field, model_validator

from ocpi.sites.phases import Phase
from ocpi.sites.reading import LARGEST, Name, Phases, PositiveAmount, Strict, WrongInput, read
from optimizer.offline.garage import Garage, Place
from optimizer.offline.scenario import SiteOfScenario
from optimizer.offline.sessions_file import TABLE_STEP, SessionsError, Visit
from optimizer.planning.problem import Floats, Node, Wiring

STEP_S = int(TABLE_STEP.total_seconds())
STEPS_A_DAY = 86_400 // STEP_S
MOST_KW = 6.6
"""What a charger gives where the site says nothing: 32 A at 208 V."""

MOST_DAYS = 400

_PAIR: dict[int, tuple[Phase, ...]] = {30: ("L1", "L2"), -90: ("L2", "L3"), 150: ("L3", "L1")}
_LINE: dict[int, Phase] = {30: "L1", -90: "L2", 150: "L3"}


class Station(Strict):
    """A charging station: its place in the limit tree, and the phases that it is wired to."""

    node: Name | None = None
    phases: Phases | None = None
    max_kw: PositiveAmount | None = None


class SimulatedSite(SiteOfScenario):
    """A site of a scenario whose series have one value for each five minutes of a day, and repeat.

    `stations` tells of those that are not at the grid connection, or wired otherwise than the file of sessions says.
    What is assumed of drivers of whom nothing is known are the platform's own defaults.
    """

    stations: Mapping[Name, Station] = {}
    assumed_stay_hours: PositiveAmount = 8.0
    assumed_energy_kwh: Annotated[PositiveAmount, Field(le=1000)] = 40.0

    @model_validator(mode="after")
    def _possible(self) -> Self:
        problems = [
            f"limits[{number}].{name}: has {len(value)} values: give one for each five minutes of a day, {STEPS_A_DAY}"
            for number, limit in enumerate(self.limits)
            for name, value in limit.series()
            if isinstance(value, tuple) and len(value) != STEPS_A_DAY
        ]
        known = {limit.id for limit in self.limits}
        for name, station in self.stations.items():
            if station.node is not None and station.node not in known:
                problems.append(f"stations.{name}.node: limits has no {station.node!r}")
            if station.phases and not set(station.phases) <= set(self.phases):
                problems.append(f"stations.{name}.phases: the site has only {', '.join(self.phases)}")
            if station.phases and len(station.phases) == 1 and self.wiring is Wiring.LINE_TO_LINE:
                problems.append(f"stations.{name}.phases: between lines a station needs two or three")
        if self.battery:
            problems.append("battery: nothing commands one here: leave it out")
        if problems:
            raise WrongInput(problems)
        return self

    def limited(self, limit_kw: float) -> Self:
        """The same site with another limit at the grid connection: in ampere if it has one there, else in kW.

        Raises:
            WrongInput: the limit is no amount.
        """
        if not 0 <= limit_kw <= LARGEST:
            raise WrongInput([f"--limit-kw: must be 0 to {LARGEST}, is {limit_kw:g}"])
        ampere = limit_kw / self.supply.kw_per_line_a()
        limits = tuple(
            limit
            if limit.parent is not None
            else limit.model_copy(update={"limit_a": dict.fromkeys(limit.limit_a, ampere), "limit_kw": None})
            if limit.limit_a
            else limit.model_copy(update={"limit_kw": limit_kw})
            for limit in self.limits
        )
        return self.model_copy(update={"limits": limits})

    def garage(self, visits: Sequence[Visit], zone: ZoneInfo) -> Garage:
        """The visits at this site.

        Raises:
            SessionsError: a station's wiring is unknown, or the visits span too long a time.
        """
        unknown = sorted({visit.station for visit in visits if self._phases(visit) is None})
        if unknown:
            raise SessionsError([f"station {name}: give its phases under 'stations' of the site" for name in unknown])
        start = _midnight(min(visit.arrival for visit in visits), zone)
        days = math.ceil((max(visit.departure for visit in visits) - start) / timedelta(days=1)) + 1
        if days > MOST_DAYS:
            raise SessionsError([f"the sessions span {days} days: {MOST_DAYS} are the most"])
        supply = self.supply
        return Garage(
            start=start,
            step_s=STEP_S,
            steps=days * STEPS_A_DAY,
            supply=supply,
            nodes=tuple(_every_day(node, days) for node in self.nodes(STEPS_A_DAY)),
            visits=tuple(visits),
            places=tuple(self._place(visit) for visit in visits),
        )

    def _place(self, visit: Visit) -> Place:
        station = self.stations.get(visit.station, Station())
        phases = self._phases(visit) or self.phases
        kw_per_a = self.supply.kw_per_unit(phases, dc=False)
        most = self.session_defaults.most_a(kw_per_a)
        if station.max_kw is not None or most is None:
            most = min(most or math.inf, (station.max_kw or MOST_KW) / kw_per_a)
        root = next(limit.id for limit in self.limits if limit.parent is None)
        return Place(station.node or root, phases, min(self.session_defaults.min_a, most), most)

    def _phases(self, visit: Visit) -> tuple[Phase, ...] | None:
        """The phases of a visit's station; without any limit of a line all are alike."""
        station = self.stations.get(visit.station)
        if station and station.phases:
            return station.phases
        if visit.angle_deg is None:
            return None if any(limit.limit_a for limit in self.limits) else self.phases
        if self.wiring is Wiring.LINE_TO_LINE:
            return _PAIR[visit.angle_deg]
        line = _LINE[visit.angle_deg]
        return (line if line in self.phases else self.phases[0],)


def parse_site(text: str | bytes) -> SimulatedSite:
    """Read a site from JSON.

    Raises:
        WrongInput: it is no JSON or no site; every wrong place is named by its path, with what to do.
    """
    return read(SimulatedSite, text)


def _midnight(moment: datetime, zone: ZoneInfo) -> datetime:
    local = moment.astimezone(zone)
    return local.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(moment.tzinfo)


def _every_day(node: Node, days: int) -> Node:
    def repeated(day: Floats) -> Floats:
        return np.tile(day, days)

    return Node(
        node.id,
        node.parent,
        {phase: repeated(day) for phase, day in node.limit_a.items()},
        None if node.limit_kw is None else repeated(node.limit_kw),
        {phase: repeated(day) for phase, day in node.load_a.items()},
        None if node.load_kw is None else repeated(node.load_kw),
    )
