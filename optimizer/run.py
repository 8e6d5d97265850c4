"""One run for one site: read what is known, plan if something changed, and send what may be sent now.

The plan is desired state. Sending it as charging profiles, hearing what became of them and sending what was held back
is reconciliation towards it: a run may stop anywhere and the next one takes it from there.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from ocpi.logs import logger
from ocpi.push.messages import ProfileMessage, Reason
from ocpi.push.queue import FifoQueue
from ocpi.store.keys import ObjectId
from ocpi.store.objects import Objects
from ocpi.store.profiles import ProfileState
from ocpi.store.sites import Place, ProfileRequest, Sites
from ocpi.types.chargingprofiles import ChargingProfile
from ocpi.types.locations import Location
from ocpi.types.versions import ModuleID
from optimizer.beliefs import Charging, believe, newcomer_a
from optimizer.issue import SessionState, to_send, worst_case
from optimizer.model import solve
from optimizer.phases import Phase
from optimizer.problem import Plan, Problem, available, grid
from optimizer.profiles import Schedule, limit_schedules, safe_tails, schedules
from optimizer.site import Site, parse_site


@dataclass(frozen=True)
class Situation:
    """A site at one moment: all that a plan is made from."""

    site: Site
    now: datetime
    sessions: Sequence[Charging]
    profiles: Mapping[str, ProfileState]
    places: int
    """How many EVSEs there are."""
    newcomer_a: float
    """What a car may draw before its first profile, in ampere per phase."""

    @cached_property
    def states(self) -> list[SessionState]:
        """What each session may draw, by what was sent to it; requests that expired count with both outcomes."""
        return [self._state(session) for session in self.sessions]

    @cached_property
    def reserved_a(self) -> dict[Phase, float]:
        """Room for cars that have just plugged in, which may be on any phase; ampere by phase."""
        return dict.fromkeys(self.site.phases, self.site.arrival_headroom * self.newcomer_a)

    def planned(self) -> list[Charging]:
        """The sessions whose profiles are ours to set."""
        return [
            session for session in self.sessions if session.plannable and not self.profile(session).left_alone(self.now)
        ]

    def profile(self, session: Charging) -> ProfileState:
        """What is known of a session's profile."""
        return self.profiles.get(session.id, ProfileState())

    def _state(self, session: Charging) -> SessionState:
        profile = self.profile(session)
        state = SessionState(
            id=session.id,
            phases=session.phases,
            default_limit_a=session.default_limit_a,
            accepted=_schedule(profile.accepted, session.worst_a),
            pending=_schedule(profile.pending, session.worst_a),
        )
        return state.unanswered() if profile.expired(self.now) else state


def plan(situation: Situation, previous: Mapping[str, Schedule]) -> tuple[Plan, dict[str, Schedule]]:
    """A plan for all sessions that are ours to set, and the schedules it asks for."""
    site, now = situation.site, situation.now
    planned = situation.planned()
    ids = {session.id for session in planned}
    others = [(state.phases, worst_case(state)) for state in situation.states if state.id not in ids]
    forever = site.limit(now)
    room_a = {
        phase: forever[phase]
        - situation.reserved_a[phase]
        - sum(schedule.tail_a for phases, schedule in others if phase in phases)
        for phase in site.phases
    }
    tails = safe_tails([session.vehicle(site) for session in planned], room_a, situation.places, previous)
    until = max((session.departure for session in planned), default=now)
    steps = grid(now, until, site.limit_changes(now, until))
    problem = Problem(
        start=now,
        step_seconds=steps,
        voltage_v=site.voltage_v,
        available_a=available(site, now, steps, situation.reserved_a, others),
        vehicles=[session.vehicle(site, tails[session.id]) for session in planned],
        previous=previous,
    )
    solved = solve(problem)
    return solved, schedules(problem, solved)


def sendable(situation: Situation, desired: Mapping[str, Schedule]) -> list[tuple[Charging, Schedule]]:
    """The profiles that may be sent now without any limit being broken, whatever is answered."""
    by_id = {session.id: session for session in situation.sessions}
    ours = {session.id for session in situation.planned()}
    wished = {id_: schedule for id_, schedule in desired.items() if id_ in ours}
    limits = limit_schedules(situation.site, situation.now, situation.reserved_a)
    return [(by_id[id_], schedule) for id_, schedule in to_send(situation.states, wished, limits, situation.now)]


@dataclass(frozen=True)
class Runner:
    """Runs sites against the store and the push queue."""

    sites: Sites
    objects: Objects
    push_queue: FifoQueue

    def run(self, site_id: str, now: datetime, reason: Reason) -> dict[str, Any] | None:
        """Look at a site; returns the run's record, None for a site that is not there (any more).

        Args:
            site_id: which site.
            now: the present time.
            reason: why. After a partner's answer about a profile the plan in force holds and only what it still
                wants is sent; else a new plan is made.
        """
        config = self.sites.config(site_id)
        if config is None:
            return None
        site = parse_site(config.document)
        now = now.replace(microsecond=0)
        location = ObjectId(
            site.partner_id,
            ModuleID.LOCATIONS,
            site.location.country_code,
            site.location.party_id,
            site.location.location_id,
        )
        situation = self._situation(site, location, now)
        desired = self._desired(site_id)
        record: dict[str, Any] = {"at": now, "reason": reason, "sessions": len(situation.sessions)}
        if reason.replans:
            solved, desired = plan(situation, desired)
            self.sites.put_plan(site_id, _plan_document(now, solved, desired))
            record |= {
                "solver": solved.solver,
                "solve_ms": round(solved.solve_ms, 2),
                "unmet_kwh": round(sum(solved.unmet_kwh.values()), 3),
            }
        record["profiles_sent"] = self._send(location.text, sendable(situation, desired), situation)
        if reason.replans or record["profiles_sent"]:
            self.sites.add_run(site_id, now, record)
        return record

    def _situation(self, site: Site, location: ObjectId, now: datetime) -> Situation:
        place: Place = self.sites.place(location)
        stored = self.objects.get(location)
        known = Location.model_validate(stored.parsed()) if stored else None
        sessions = [believe(id_, document, known, site, now) for id_, document in place.sessions.items()]
        return Situation(
            site=site,
            now=now,
            sessions=sessions,
            profiles=place.profiles,
            places=len(known.evses) if known else len(site.evses),
            newcomer_a=newcomer_a(known, site),
        )

    def _desired(self, site_id: str) -> dict[str, Schedule]:
        document: Any = self.sites.plan(site_id)
        profiles = document["profiles"] if document else {}
        return {
            id_: Schedule.from_charging_profile(ChargingProfile.model_validate(profile))
            for id_, profile in profiles.items()
        }

    def _send(self, location: str, profiles: Sequence[tuple[Charging, Schedule]], situation: Situation) -> int:
        """Mark each profile as pending, then queue it: what is lost in between expires and is sent anew."""
        states = {state.id: state for state in situation.states}
        messages = []
        for charging, schedule in profiles:
            message = _message(situation.site.partner_id, charging, location)
            request = ProfileRequest(partner_id=message.partner_id, location=location, session=message.session.text)
            self.sites.add_request(message.request_id, request, situation.now)
            if self._mark(message, situation, states[charging.id], schedule):
                messages.append((message.group, message))
        self.push_queue.send(messages)
        return len(messages)

    def _mark(
        self, message: ProfileMessage, situation: Situation, state: SessionState, schedule: Schedule
    ) -> ProfileState | None:
        """Store the profile as pending, unless the session's profile changed since it was read."""
        read = situation.profiles.get(state.id, ProfileState())
        accepted = state.accepted.since(situation.now).ceiled().to_charging_profile() if state.accepted else None

        def pend(now_stored: ProfileState) -> ProfileState | None:
            if now_stored != read:
                return None
            in_force = read.model_copy(update={"accepted": accepted}) if read.pending else read
            return in_force.sending(schedule.to_charging_profile(), message.request_id, situation.now)

        return self.sites.change_profile(message.location, message.session.text, pend)


def _message(partner_id: str, charging: Charging, location: str) -> ProfileMessage:
    session = charging.session
    return ProfileMessage(
        partner_id=partner_id,
        country_code=session.country_code,
        party_id=session.party_id,
        session_id=session.id,
        location=location,
        request_id=secrets.token_urlsafe(24),
    )


def _schedule(profile: ChargingProfile | None, worst_a: float) -> Schedule | None:
    """A profile as a schedule; one that we cannot read allows what its EVSE can give."""
    if profile is None:
        return None
    try:
        return Schedule.from_charging_profile(profile, then_a=worst_a)
    except (ValueError, OverflowError):
        logger.warning("a charging profile in force cannot be read; it counts at the EVSE's maximum")
        start = profile.start_date_time
        assert start  # noqa: S101 - stored profiles are absolute
        return Schedule.constant(worst_a, start)


def _plan_document(now: datetime, solved: Plan, desired: Mapping[str, Schedule]) -> dict[str, Any]:
    return {
        "at": now,
        "solver": solved.solver,
        "unmet_kwh": {id_: round(kwh, 3) for id_, kwh in solved.unmet_kwh.items() if kwh > 0.001},
        "profiles": {id_: schedule.to_charging_profile() for id_, schedule in desired.items()},
    }
