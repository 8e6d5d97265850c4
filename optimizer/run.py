"""One run for one site: read what is known, decide, and send what may be sent now.

The plan is desired state. Sending it as charging profiles, hearing what became of them and sending what was held back
is reconciliation towards it: a run may stop anywhere and the next one takes it from there.
"""

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit, single_metric
from pydantic import ValidationError

from ocpi import wire
from ocpi.logs import logger
from ocpi.push.messages import ProfileMessage, Reason, Wanted
from ocpi.push.queue import FifoQueue
from ocpi.sites.site import Site, SiteError, parse_site
from ocpi.store.histories import Histories
from ocpi.store.keys import ObjectId
from ocpi.store.leases import Lease
from ocpi.store.objects import Objects
from ocpi.store.profiles import ProfileState
from ocpi.store.series import SeriesStore
from ocpi.store.sites import Pending, Place, ProfileRequest, SiteConfig, Sites, run_id
from ocpi.types.chargingprofiles import ChargingProfile
from optimizer.beliefs import Charging
from optimizer.inputs import Inputs, Told
from optimizer.issue import sending
from optimizer.nameless import nameless
from optimizer.planning.solve import TIME_LIMIT_S
from optimizer.profiles import Schedule
from optimizer.recording.recorder import Recorder
from optimizer.replay import outcome_of
from optimizer.situation import Decision, decide

SENDING_S = 20.0
"""What planning leaves of the function's time: to keep what was read and decided, and to send thousands of profiles."""

TOLD_FAILURES = 5
"""How many failures stand in a record, and with how many characters each."""
TOLD_CHARACTERS = 200


@dataclass(frozen=True)
class Runner:
    """Runs sites against the store and the push queue."""

    sites: Sites
    histories: Histories
    series: SeriesStore
    objects: Objects
    push_queue: FifoQueue
    recorder: Recorder

    def run(self, lease: Lease, now: datetime, reason: Reason, left_s: Callable[[], float]) -> dict[str, Any] | None:
        """Look at a site; returns the run's record, None for a site that is not there (any more).

        Whatever the tables hold, only what they are held in may fail: a site that nothing can be decided for is told
        in the record, and its charge points run into the safe tails of the profiles that they have.

        Args:
            lease: that the site is ours; what is written is fenced by it.
            now: the present time.
            reason: why. After a partner's answer about a profile the plan in force holds and only what it still
                wants is sent; else a new plan is made.
            left_s: how many seconds the function still has.

        Raises:
            LeaseLost: the site is somebody else's by now, who has read it since; nothing more was written.
        """
        now = now.replace(microsecond=0)
        began_at, watch = time.time(), Stopwatch()
        config = self.sites.config(lease.site_id)
        if config is None:
            return None
        # Times of the platform may be simulated; what is measured is real, in seconds since 1970.
        record: dict[str, Any] = {"at": now, "reason": reason, "began_at": began_at}
        try:
            site = parse_site(config.document)
        except SiteError as error:
            return self._undecided(lease, record, now, f"the site cannot be read: {error}")
        place, inputs = self._read(site, config, now, reason)
        watch.lap("load")
        record["sessions"] = len(inputs.sessions)
        run = run_id(now)
        try:
            decision = decide(inputs, min(TIME_LIMIT_S, left_s() - SENDING_S))
            told, outcome = _told(decision), wire.dumps(outcome_of(decision))
        except Exception as error:  # noqa: BLE001 - whatever it is: the next site, or the next session, is not its fault
            logger.exception("nothing can be decided", site_id=lease.site_id, run=run)
            self.sites.keep_inputs(lease.site_id, run, inputs.to_json(), now)
            return self._undecided(lease, record, now, f"{type(error).__name__}: {error}", run)
        watch.lap("decide")
        record |= told
        if not reason.replans and not decision.sends:
            return record | self._recorded(lease, inputs, decision, left_s, settled=told["settled"])
        self.sites.keep_inputs(lease.site_id, run, inputs.to_json(), now)
        self.sites.keep_outcome(lease.site_id, run, outcome, now)
        if decision.plan:
            self.sites.put_plan(lease, run)
            if decision.plan.failures:
                _fell_back()
        # Of a run that dies while it sends, what it was about to do is known.
        self.sites.put_run(lease.site_id, run, record, now)
        watch.lap("keep")
        record["profiles_sent"] = self._send(lease, place, inputs, decision)
        record["settled"] = record["settled"] and record["profiles_sent"] == len(decision.sends)
        watch.lap("send")
        record["timing_ms"] = watch.laps | record["timing_ms"]
        self.sites.put_run(lease.site_id, run, record, now)
        return record | self._recorded(lease, inputs, decision, left_s, settled=record["settled"])

    def _recorded(
        self, lease: Lease, inputs: Inputs, decision: Decision, left_s: Callable[[], float], *, settled: bool
    ) -> dict[str, Any]:
        """Keep the site's record: where that waits for answers, to prove a curtailment, nothing is settled."""
        waits = self.recorder.keep(lease, inputs, decision, left_s)
        return {"settled": settled and not waits}

    def _undecided(
        self, lease: Lease, record: dict[str, Any], now: datetime, why: str, run: str | None = None
    ) -> dict[str, Any]:
        """Nothing was decided, and nothing is sent; somebody has to look at it."""
        _fell_back()
        record |= {"solver": "none", "failures": _cut([why]), "profiles_sent": 0}
        self.sites.put_run(lease.site_id, run or run_id(now), record, now)
        self.recorder.undecided(lease, why, now)
        return record

    def _read(self, site: Site, config: SiteConfig, now: datetime, reason: Reason) -> tuple[Place, Inputs]:
        location = site.location.of(site.partner_id)
        place = self.sites.place(location)
        sessions, history = nameless(site.id, place.sessions, partial(self.histories.learned, site.id))
        inputs = Inputs(
            now=now,
            reason=reason,
            site=config.document,
            location=self._document(location),
            sessions=sessions,
            profiles=place.profiles,
            previous=self._previous(site.id),
            history=history,
            series=[
                Told(kind=kind, node=node, steps=steps)
                for (kind, node), steps in self.series.known(site.id, now).items()
            ],
        )
        return place, inputs

    def _document(self, location: ObjectId) -> wire.JsonObject | None:
        """The Location, but for the tokens of those who may see it."""
        stored = self.objects.get(location)
        try:
            told = stored.parsed() if stored else None
        except wire.NotJson:
            logger.exception("the Location cannot be read", location_id=location.id)
            return None
        return {name: value for name, value in told.items() if name != "publish_allowed_to"} if told else None

    def _previous(self, site_id: str) -> dict[str, ChargingProfile]:
        """The plan in force; of one that another version has made, what can be read."""
        plan = self.sites.plan(site_id) or {}
        profiles = plan.get("profiles")
        readable = {}
        for id_, profile in profiles.items() if isinstance(profiles, dict) else ():
            try:
                readable[id_] = ChargingProfile.model_validate(profile)
            except ValidationError:
                logger.exception("a planned profile cannot be read", site_id=site_id, session_id=id_)
        return readable

    def _send(self, lease: Lease, place: Place, inputs: Inputs, decision: Decision) -> int:
        """Mark profiles as pending, then queue them: what is lost in between expires and is sent anew."""
        site = decision.situation.site
        location = site.location.of(site.partner_id).text
        states = {state.id: state for state in decision.situation.states}
        wanted: dict[str, Wanted] = {}
        pending = []
        for charging, schedule in decision.sends:
            asked = _wanted(charging)
            known = inputs.profiles.get(charging.id, ProfileState())
            try:
                state = sending(known, states[charging.id], schedule, asked.request_id, inputs.now)
            except (ValueError, OverflowError):  # the clock was years away when it was asked for the one before
                logger.exception("a profile cannot be asked for", session_id=charging.id)
                continue
            request = ProfileRequest(partner_id=site.partner_id, location=location, session=charging.id)
            pending.append(Pending(asked.request_id, request, state, place.revisions.get(charging.id)))
            wanted[asked.request_id] = asked
        sent = 0
        for noted in self.sites.pend(lease, pending, inputs.now):
            messages = ProfileMessage.of(site.partner_id, location, [wanted[each.request_id] for each in noted])
            self.push_queue.send((message.group, message) for message in messages)
            sent += len(noted)
        return sent


@dataclass
class Stopwatch:
    """Where the time goes, in ms by stage."""

    laps: dict[str, float] = field(default_factory=dict)
    _since: float = field(default_factory=time.perf_counter)

    def lap(self, stage: str) -> None:
        """A stage has come to its end."""
        now = time.perf_counter()
        self.laps[stage] = round((now - self._since) * 1000, 1)
        self._since = now


def _told(decision: Decision) -> dict[str, Any]:
    """What the record of a run says of what was decided."""
    plan, problem = decision.plan, decision.problem
    held_back = _held_back(decision)
    told: dict[str, Any] = {
        "held_back": held_back,
        "settled": not held_back and _in_one_step(decision),
        "timing_ms": {},
    }
    if plan and problem:
        told |= {
            "planned": len(problem.vehicles),
            "short_kwh": round(float(plan.short_kwh.sum()), 3),
            "overloads": len(plan.overloads),
            "solver": plan.solver,
            "failures": _cut(plan.failures),
            "timing_ms": {stage: round(ms, 1) for stage, ms in plan.timing_ms.items()},
        }
    return told


def _held_back(decision: Decision) -> int:
    """How many sessions are to get another profile that may not be sent yet."""
    now, sent = decision.situation.now, {charging.id for charging, _ in decision.sends}
    waiting = {charging.id for charging in decision.situation.planned()} - sent
    return sum(
        not _on_its_way(state.pending or state.accepted, decision.desired[state.id], now)
        for state in decision.situation.states
        if state.id in decision.desired and state.id in waiting
    )


def _in_one_step(decision: Decision) -> bool:
    """Whether what is sent now is all that is wanted of those sessions."""
    now, desired = decision.situation.now, decision.desired
    return all(_on_its_way(schedule.floored(), desired[charging.id], now) for charging, schedule in decision.sends)


def _on_its_way(schedule: Schedule | None, wish: Schedule, now: datetime) -> bool:
    return schedule is not None and schedule.same(wish.floored(), now)


def _cut(failures: Sequence[str]) -> list[str]:
    return [failure[:TOLD_CHARACTERS] for failure in failures[:TOLD_FAILURES]]


def _fell_back() -> None:
    """A plan was not made as it should be; there is an alarm."""
    with single_metric(name="FallbackPlans", unit=MetricUnit.Count, value=1):
        pass


def _wanted(charging: Charging) -> Wanted:
    session = charging.session
    assert session  # noqa: S101 - nothing is sent to a session that cannot be read
    return Wanted(
        country_code=session.country_code,
        party_id=session.party_id,
        session_id=session.id,
        request_id=secrets.token_urlsafe(24),
    )
