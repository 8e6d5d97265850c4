"""From all that a run has read to a plan, and to what may be sent now.

Pure: the same :class:`Inputs` give the same :class:`Decision` (but for the time that it took), today or when the run is
done again.

What others than the planned sessions draw only ever lowers what may be issued. PV counts in prices and makes no room: a
cloud would break it.
"""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from pydantic import ValidationError

from ocpi import wire
from ocpi.energy.drawing import UNKNOWN_MAX_A
from ocpi.logs import logger
from ocpi.sites.limits import LimitSource, SourceKind
from ocpi.sites.phases import Phase
from ocpi.sites.series import Worth, day_ahead_missing
from ocpi.sites.site import Branch, DemandCharge, Site, parse_site
from ocpi.store.profiles import ProfileState
from ocpi.types.chargingprofiles import ChargingProfile
from ocpi.types.locations import Location
from optimizer.beliefs import Charging, believe, newcomer_a, unknown_newcomer_a
from optimizer.history import History
from optimizer.inputs import Inputs
from optimizer.issue import SessionState, to_send, worst_case
from optimizer.planning.problem import Floats, Node, Plan, Prices, Problem, Vehicle, Wiring
from optimizer.planning.solve import TIME_LIMIT_S, solve
from optimizer.planning.tree import Row, Supply, ancestors
from optimizer.profiles import Schedule, breakpoints, safe_tails, schedules
from optimizer.room import Room, evses
from optimizer.steps import Steps, grid

LEAST_AHEAD = timedelta(hours=1)
"""A site without sessions is planned so far ahead, for its limits may be broken without any."""

_SOURCES = {
    SourceKind.BASE: "base limit",
    SourceKind.WEEKLY: "weekly calendar",
    SourceKind.OVERRIDE: "override",
    SourceKind.CAP: "signal",
}
"""What stands in the way, as reasons name it."""

_INFLOW = "(inflow)"
"""A node beside the tree for what flows in: it counts in prices and makes no room."""


@dataclass(frozen=True)
class Decision:
    """What came of a run.

    `problem` and `plan` are None where the reason did not ask for a new plan. `desired` are the schedules that the plan
    in force asks for, by session, `sends` those to be sent now. `warnings` is what the energy manager should know of
    the site, a line each.
    """

    situation: "Situation"
    problem: Problem | None
    plan: Plan | None
    desired: Mapping[str, Schedule]
    sends: Sequence[tuple[Charging, Schedule]]
    warnings: tuple[str, ...]

    def document(self) -> dict[str, Any] | None:
        """The plan as it is stored and shown; None where none was made.

        `profiles` is the next run's `previous`. `sessions` has of each session when it is believed to leave and what it
        is believed to need still, in kWh, and what is needed to say what it may draw: the phases, and in ampere (DC:
        kW) what it draws without a profile and, if that is `certain`, at most. Of those that are planned it has also
        what they will miss, and why.
        """
        if self.plan is None or self.problem is None:
            return None
        return {
            "at": self.situation.now,
            "solver": self.plan.solver,
            "failures": list(self.plan.failures),
            "warnings": list(self.warnings),
            "overloads": [
                {
                    "node": over.node,
                    "line": over.line,
                    "start": over.start,
                    "end": over.end,
                    "amount": _told(over.amount),
                }
                for over in self.plan.overloads
            ],
            "objective": {name: _told(value) for name, value in self.plan.objective.items()},
            "sessions": self._sessions(self.problem, self.plan),
            "profiles": {id_: schedule.to_charging_profile() for id_, schedule in self.desired.items()},
        }

    def _sessions(self, problem: Problem, plan: Plan) -> dict[str, dict[str, Any]]:
        numbers = {vehicle.id: number for number, vehicle in enumerate(problem.vehicles)}
        told: dict[str, dict[str, Any]] = {}
        for session in self.situation.sessions:
            told[session.id] = {
                "node": session.node,
                "departure": session.departure,
                "energy_kwh": _told(session.energy_kwh),
                "phases": session.phases,
                "dc": session.dc,
                "default_limit": _told(session.default_limit),
                "worst": _told(session.worst),
                "certain": session.certain,
            }
            if (number := numbers.get(session.id)) is not None:
                short_kwh = float(plan.short_kwh[number])
                told[session.id] |= {"short_kwh": _told(short_kwh), "why": list(plan.why[number])}
        return told


def decide(inputs: Inputs, time_limit_s: float = TIME_LIMIT_S) -> Decision:
    """Plan, if the reason asks for it, and say which profiles may be sent; the solver may take `time_limit_s`.

    Raises:
        SiteError: the site's document is none.
    """
    situation = Situation.of(inputs)
    before = _schedules(inputs.previous)
    problem = situation.problem(before) if inputs.reason.replans else None
    # Reasons tell the time of their problem's zone.
    local = replace(problem, start=problem.start.astimezone(situation.zone)) if problem else None
    plan = solve(local, time_limit_s=time_limit_s) if local else None
    desired = schedules(problem, plan) if problem and plan else before
    return Decision(
        situation=situation,
        problem=problem,
        plan=plan,
        desired=desired,
        sends=situation.sendable(desired),
        warnings=situation.warnings,
    )


@dataclass(frozen=True)
class Situation:
    """A site at one moment: all that a plan is made from."""

    site: Site
    now: datetime
    location: Location | None
    sessions: Sequence[Charging]
    """By id, so that the order in which they were read makes no difference."""
    profiles: Mapping[str, ProfileState]
    history: History
    worth: Worth
    missing: str | None
    """What is to be told of prices that were not uploaded."""

    @classmethod
    def of(cls, inputs: Inputs) -> "Situation":
        """What the inputs mean."""
        site = parse_site(inputs.site)
        location = _location(inputs.location)
        history = History.of(inputs.history, ZoneInfo(site.time_zone))
        sessions = [
            believe(id_, document, location, site, inputs.now, history, inputs.profiles.get(id_))
            for id_, document in sorted(inputs.sessions.items())
        ]
        return cls(
            site=site,
            now=inputs.now,
            location=location,
            sessions=sessions,
            profiles=inputs.profiles,
            history=history,
            worth=Worth(site, inputs.known, inputs.now),
            missing=day_ahead_missing(site, inputs.known, inputs.now),
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the energy manager should know of the site, a line each."""
        unknown = (
            f"the Location has not been told, or cannot be read: an EVSE counts at {UNKNOWN_MAX_A:g} A unless evses[]"
            " has its max_a; a larger one may draw more than the limits bear"
        )
        told = (None if self.location else unknown, self.missing)
        return (*self.site.warnings(self.now), *filter(None, told))

    @property
    def zone(self) -> ZoneInfo:
        """The site's."""
        return ZoneInfo(self.site.time_zone)

    @cached_property
    def states(self) -> list[SessionState]:
        """What each session may draw, by what was sent to it; requests that expired count with both outcomes."""
        return [self._state(session) for session in self.sessions]

    def _state(self, session: Charging) -> SessionState:
        state = SessionState.of(
            session.id,
            self._draws(session),
            self.profile(session),
            self.now,
            default_limit=session.default_limit,
            highest=session.worst,
            dc=session.dc,
        )
        return state.at_most(session.worst) if session.certain else state

    @cached_property
    def limits(self) -> dict[Row, Schedule]:
        """What each row bears over time, for ever, beside base load and newcomers."""
        return self._by_row(self.room.limit)

    @cached_property
    def whole_limits(self) -> dict[Row, Schedule]:
        """The same with the room that newcomers may use."""
        return self._by_row(self.room.whole)

    def _by_row(self, limit: Callable[[Branch, Phase], Schedule]) -> dict[Row, Schedule]:
        branches = self.room.branches
        return {Row(branch.id, phase): limit(branch, phase) for branch in branches for phase in branch.phases}

    @cached_property
    def room(self) -> Room:
        """What is left beside base load and newcomers."""
        told = [evse.uid for evse in self.location.evses] if self.location else []
        placed = [evse.evse_uid for evse in self.site.evses]
        taken = [session.session.evse_uid for session in self.sessions if session.session]
        uids = {uid.lower() for uid in (*told, *placed, *taken)}
        return Room(
            site=self.site,
            worth=self.worth,
            history=self.history,
            now=self.now,
            evses=evses(self.site, {uid: newcomer_a(uid, self.location, self.site) for uid in uids}),
            others_a=0.0 if self.location else unknown_newcomer_a(self.site),
        )

    def planned(self) -> list[Charging]:
        """The sessions whose profiles are ours to set."""
        return [
            session for session in self.sessions if session.plannable and not self.profile(session).left_alone(self.now)
        ]

    def profile(self, session: Charging) -> ProfileState:
        """What is known of a session's profile."""
        return self.profiles.get(session.id, ProfileState())

    def problem(self, previous: Mapping[str, Schedule]) -> Problem:
        """What is to be planned now, with safe tails; `previous` are the schedules wished for before."""
        planned = self.planned()
        until = max([self.now + LEAST_AHEAD, *(session.departure for session in planned)])
        changes = {change for branch in self.room.branches for change in branch.limit_changes(self.now, until)}
        seconds = grid(self.now, until, changes | {hour for hour, _ in self.room.hours})
        steps = Steps(self.now, seconds)
        vehicles = [session.vehicle(self.now) for session in planned]
        before = {
            vehicle.id: schedule
            for vehicle in vehicles
            if (schedule := previous.get(vehicle.id)) and schedule.dc is vehicle.dc
        }
        tails = self._tails(vehicles, before)
        return Problem(
            start=self.now,
            step_seconds=seconds,
            voltage_v=self.site.voltage_v,
            nodes=self._nodes(steps),
            vehicles=[replace(vehicle, tail=tails[vehicle.id]) for vehicle in vehicles],
            phases=self.site.phases,
            prices=self._prices(steps),
            previous={
                session.id: steps.highest(before[session.id], session.departure)
                for session in planned
                if session.id in before
            },
        )

    def sendable(self, desired: Mapping[str, Schedule]) -> list[tuple[Charging, Schedule]]:
        """The profiles that may be sent now without any limit being broken, whatever is answered."""
        ours = {session.id: session for session in self.planned()}
        wished = {id_: wish for id_, wish in desired.items() if id_ in ours and ours[id_].dc is wish.dc}
        sends = to_send(self.states, wished, self.limits, self.now, self.whole_limits)
        return [(ours[id_], schedule) for id_, schedule in sends]

    @cached_property
    def _supply(self) -> Supply:
        return Supply(Wiring.STAR, self.site.voltage_v, self.site.phases)

    @cached_property
    def _above(self) -> dict[str, list[str]]:
        return ancestors([Node(branch.id, branch.parent) for branch in self.room.branches])

    @cached_property
    def _others(self) -> list[tuple[Charging, SessionState]]:
        """The sessions that cannot be planned."""
        ours = {session.id for session in self.planned()}
        pairs = zip(self.sessions, self.states, strict=True)
        return [(session, state) for session, state in pairs if session.id not in ours]

    def _draws(self, session: Charging) -> dict[Row, float]:
        """What one unit of a session's rate adds to each row."""
        nodes = self._above if session.anywhere else self._above[session.node]
        rows = (Row(node, phase) for node in nodes for phase in self.site.phases)
        return {row: weight for row in rows if (weight := self._weight(session, row)) > 0}

    def _weight(self, session: Charging, row: Row) -> float:
        return self._supply.weight(row, session.phases, dc=session.dc)

    def _tails(self, vehicles: Sequence[Vehicle], before: Mapping[str, Schedule]) -> dict[str, float]:
        """What each vehicle may draw for ever, whatever the others do."""
        rows = list(self.limits)
        draws = {state.id: state.draws for state in self.states}
        worst = [(state.draws, worst_case(state)) for _, state in self._others]
        instants = breakpoints([*self.limits.values(), *(schedule for _, schedule in worst)], self.now)
        left = np.array([self.limits[row].sampled(instants) for row in rows])
        for weights, schedule in worst:
            left -= np.outer([weights.get(row, 0.0) for row in rows], schedule.sampled(instants))
        return safe_tails(
            vehicles,
            weights=np.array([[draws[vehicle.id].get(row, 0.0) for vehicle in vehicles] for row in rows]),
            room=left.min(axis=1),
            places=[len(self.room.places(branch, phase)) for branch in self.room.branches for phase in branch.phases],
            previous={id_: schedule.tail for id_, schedule in before.items()},
        )

    def _nodes(self, steps: Steps) -> list[Node]:
        """The limit tree, and beside it what flows in."""
        room = self.room
        nodes = [
            Node(
                id=branch.id,
                parent=branch.parent,
                limit_a=_lowest(branch, steps),
                load_a={
                    phase: steps.highest(room.base_load(branch, phase)) + self._others_a(branch.id, phase, steps)
                    for phase in self.site.phases
                },
                # What may be anywhere is at one node only, so it must not add up from node to node.
                reserve_a={
                    phase: steps.highest(room.reserve(branch, phase)) + self._anywhere_a(branch.id, phase, steps)
                    for phase in branch.phases
                },
                sources=_sources(branch, steps),
            )
            for branch in room.branches
        ]
        return [*nodes, Node(_INFLOW, load_kw=-self._inflow_kw(steps))]

    def _others_a(self, node: str, phase: Phase, steps: Steps) -> Floats:
        """What sessions that cannot be planned draw at worst right at a node."""
        there = [each for each in self._others if each[0].node == node and not each[0].anywhere]
        return self._drawn_a(there, Row(node, phase), steps)

    def _anywhere_a(self, node: str, phase: Phase, steps: Steps) -> Floats:
        """What those draw at worst of which nobody knows where they are."""
        return self._drawn_a([each for each in self._others if each[0].anywhere], Row(node, phase), steps)

    def _drawn_a(self, sessions: Sequence[tuple[Charging, SessionState]], row: Row, steps: Steps) -> Floats:
        total = np.zeros(len(steps.spans))
        for session, state in sessions:
            total += self._weight(session, row) * steps.highest(worst_case(state))
        return total

    def _inflow_kw(self, steps: Steps) -> Floats:
        """PV, and base load below zero."""
        kw_per_a = self.site.voltage_v / 1000
        inflows_a = [sum(max(0.0, -load) for load in loads) for loads in zip(*self.room.loads_a.values(), strict=True)]
        inflows = zip(self.room.changes, inflows_a, strict=True)
        return steps.mean([(moment, self.worth.pv_kw(moment) + kw_per_a * ampere) for moment, ampere in inflows])

    def _prices(self, steps: Steps) -> Prices | None:
        demand = self.site.demand_charge
        if self.worth.price(self.now) is None and demand is None:
            return None

        def mean(price: Callable[[datetime], float | None]) -> Floats:
            return steps.mean([(moment, price(moment) or 0.0) for moment in self.room.changes])

        demand = demand or DemandCharge(price_per_kw=0.0)
        return Prices(mean(self.worth.price), mean(self.worth.feed_in), demand.price_per_kw, demand.peak_kw)


def _lowest(branch: Branch, steps: Steps) -> dict[Phase, Floats]:
    """The limit of each step, in ampere by phase."""
    timeline = branch.timeline(steps.spans[0][0], steps.spans[-1][1])
    lowest = [timeline.lowest(*span) for span in steps.spans]
    return {phase: np.array([limit[phase] for limit in lowest]) for phase in branch.phases}


def _sources(branch: Branch, steps: Steps) -> list[str]:
    """Where the limit of each step comes from, in words."""
    known = branch.calendar.sources(steps.spans[0][0], steps.spans[-1][1])
    begins, words = [moment for moment, _ in known], [_said(source) for _, source in known]
    return [words[bisect_right(begins, start) - 1] for start, _ in steps.spans]


def _said(source: LimitSource) -> str:
    return " ".join(filter(None, (_SOURCES[source.kind], source.id)))


def _location(document: wire.JsonObject | None) -> Location | None:
    """The Location as far as it was told and can be read; without it every EVSE is unknown, which is warned of."""
    try:
        return Location.model_validate(document) if document else None
    except ValidationError:
        logger.exception("the site's Location cannot be read")
        return None


def _schedules(profiles: Mapping[str, ChargingProfile]) -> dict[str, Schedule]:
    """The plan in force; what of it cannot be read is planned anew."""
    schedules_: dict[str, Schedule] = {}
    for id_, profile in profiles.items():
        try:
            schedules_[id_] = Schedule.from_charging_profile(profile)
        except (ValueError, OverflowError):
            logger.warning("a planned profile cannot be read", session_id=id_)
    return schedules_


def _told(number: float) -> float:
    """As it is stored and shown."""
    return round(number, 3)
