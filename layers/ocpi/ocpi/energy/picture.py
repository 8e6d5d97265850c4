"""A site at a glance: what is drawn and what may be, under which limits, by whom, and what is the matter."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from ocpi import wire
from ocpi.energy.alarms import Alarm, AlarmKind, Severity, State, some, state_of
from ocpi.energy.drawing import Drawing, Placed, Rates, newcomer
from ocpi.push.breaker import Breaker, BreakerState
from ocpi.sites.limits import A_WEEK, SourceKind
from ocpi.sites.phases import Phase
from ocpi.sites.record import Book
from ocpi.sites.series import Worth
from ocpi.sites.site import GRID, Branch, Site, below
from ocpi.store.profiles import ProfileState
from ocpi.store.sites import Place, Run
from ocpi.types.chargingprofiles import ChargingProfile
from ocpi.types.primitives import DateTime
from ocpi.types.sessions import Session

LATE = timedelta(minutes=12)
"""A site is planned every five minutes; after so long somebody has to look why it is not."""

_NOISE_A = 0.1
"""What rounding may bring about."""

type ProfileShown = Literal["accepted", "pending", "doubtful", "refused", "none"]
"""Whether a session obeys its profile, or another is on its way, or nobody knows, or it takes none, or has none."""


class _Shown(BaseModel):
    model_config = ConfigDict(frozen=True)


class SiteShown(_Shown):
    """What a site is called, and how it is wired."""

    id: str
    name: str | None
    time_zone: str
    voltage_v: float
    phases: tuple[Phase, ...]
    currency: str | None
    """That of prices; None: it is not told."""


class SourceShown(_Shown):
    """Why a limit is what it is; see :class:`ocpi.sites.limits.LimitSource`."""

    kind: SourceKind
    id: str | None
    reason: str | None
    author: str | None
    until: DateTime | None


class ChangeShown(_Shown):
    """When another limit comes into force, and which."""

    at: DateTime
    limit_a: Mapping[Phase, float]


class NodeShown(_Shown):
    """The grid connection or a feeder; what is drawn and allowed is base load and sessions together."""

    id: str
    parent: str | None
    phases: tuple[Phase, ...]
    limit_a: Mapping[Phase, float]
    limit_kw: float
    source: SourceShown
    base_load_a: Mapping[Phase, float]
    drawn_a: Mapping[Phase, float]
    allowed_a: Mapping[Phase, float]
    next_change: ChangeShown | None


class RateShown(_Shown):
    """What a charging profile tells: ampere per phase, or watt for DC."""

    value: float
    unit: Literal["A", "W"]


class SessionShown(_Shown):
    """An ongoing session. `drawn_kw` is by its meter, as it was told at `metered_at` (None: not yet), and never more
    than its profile allows now; `allowed_kw` is the most that it may draw, whatever is answered."""

    id: str
    session_id: str
    evse_uid: str
    node: str
    phases: tuple[Phase, ...]
    dc: bool
    since: DateTime | None
    energy_kwh: float
    drawn_kw: float
    allowed_kw: float
    metered_at: DateTime | None
    allowed: RateShown | None
    """By the profile that it obeys; None if it has none."""
    planned: RateShown | None
    departure: DateTime | None
    needs_kwh: float | None
    """Still."""
    short_kwh: float
    why: tuple[str, ...]
    priority: float
    profile: ProfileShown
    refusal: str | None


class OverloadShown(_Shown):
    """Where others than sessions are above a limit: by so many ampere, or kW, on a line of a node."""

    node: str
    line: str
    start: DateTime
    end: DateTime
    amount: float


class PlanShown(_Shown):
    """The plan in force."""

    at: DateTime
    solver: str
    failures: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    overloads: tuple[OverloadShown, ...] = ()


class RunShown(_Shown):
    """The last run; where nothing could be decided, its `solver` is "none"."""

    at: DateTime
    reason: str
    solver: str | None = None
    failures: tuple[str, ...] = ()


class Picture(_Shown):
    """A site now."""

    site: SiteShown
    at: DateTime
    state: State
    alarms: tuple[Alarm, ...]
    nodes: tuple[NodeShown, ...]
    drawn_kw: float
    allowed_kw: float
    limit_kw: float
    price_per_kwh: float | None
    pv_kw: float
    sessions: tuple[SessionShown, ...]
    plan: PlanShown | None
    run: RunShown | None


@dataclass(frozen=True)
class Told:
    """All that is known of a site at one moment.

    Args:
        place: what goes on at its Location.
        worth: prices, base load and PV, with what was measured.
        plan: in force, as it is stored.
        run: the last one.
        location: the Location, as far as it was told.
        breaker: of its partner.
        book: what is on record of its meters (:meth:`ocpi.store.ledgers.Ledgers.book`).
        missing: what is to be told of prices that were not uploaded (:func:`ocpi.sites.series.day_ahead_missing`).
    """

    place: Place
    worth: Worth
    plan: wire.JsonObject | None = None
    run: Run | None = None
    location: wire.JsonObject | None = None
    breaker: Breaker = field(default_factory=Breaker)
    book: Book | None = None
    missing: str | None = None


def picture(site: Site, now: datetime, told: Told) -> Picture:
    """A site as it is now."""
    sessions = [_Seen.of(id_, document, site, now, told) for id_, document in sorted(told.place.sessions.items())]
    priorities = {evse.evse_uid.lower(): evse.priority for evse in site.evses}
    nodes = _nodes(site, now, told.worth, sessions)
    plan = _plan(told.plan)
    run = _run(told.run)
    alarms = [
        *_alarms_of_partner(site, told.breaker),
        *_alarms_of_nodes(nodes, lowering=any(each.awaited for each in sessions)),
        *_alarms_of_planning(plan, run, now),
        *_alarms_of_sessions(sessions, now),
        *_alarms_of_data(told),
    ]
    kw_per_a = site.voltage_v / 1000
    return Picture(
        site=SiteShown(
            id=site.id,
            name=site.name,
            time_zone=site.time_zone,
            voltage_v=site.voltage_v,
            phases=site.phases,
            currency=site.currency,
        ),
        at=now,
        state=state_of(alarms),
        alarms=tuple(sorted(alarms, key=lambda alarm: alarm.severity is not Severity.ALARM)),
        nodes=tuple(nodes),
        drawn_kw=_kw(sum(nodes[0].drawn_a.values()) * kw_per_a),
        allowed_kw=_kw(sum(nodes[0].allowed_a.values()) * kw_per_a),
        limit_kw=nodes[0].limit_kw,
        price_per_kwh=told.worth.price(now),
        pv_kw=told.worth.pv_kw(now),
        sessions=tuple(session.shown(told, priorities) for session in sessions if session.session),
        plan=plan,
        run=run,
    )


@dataclass(frozen=True)
class _Seen:
    """An ongoing session with all that is known of it; `session` is None where it cannot be read."""

    id: str
    site: Site
    session: Session | None
    anywhere: bool
    """Nobody knows which EVSE it is at, so what it may draw counts at every node."""
    placed: Placed
    drawing: Drawing
    drawn_kw: float

    @classmethod
    def of(cls, id_: str, document: wire.JsonObject, site: Site, now: datetime, told: Told) -> "_Seen":
        """From what was told."""
        placed = _placed(told.plan, id_) or newcomer(site, document, told.location)
        drawing = Drawing(placed, told.place.profiles.get(id_, ProfileState()), now)
        session = _session(document)
        meter = told.book.meters.get(id_) if told.book else None
        drawn_kw = drawing.drawn_kw(session, meter, site.voltage_v) if session else 0.0
        return cls(id_, site, session, not document.get("evse_uid"), placed, drawing, drawn_kw)

    @property
    def kw_per_unit(self) -> float:
        """The power of one unit of its rate."""
        return self.placed.kw_per_unit(self.site.voltage_v)

    @property
    def awaited(self) -> bool:
        """Whether a profile is on its way to it."""
        return _profile_state(self.drawing.profile, self.drawing.now) == "pending"

    def amperes(self, rate: float) -> Mapping[Phase, float]:
        """What a rate is on each phase."""
        if self.placed.dc:
            rate = rate * 1000 / (self.site.voltage_v * len(self.placed.phases))
        return dict.fromkeys(self.placed.phases, rate)

    def shown(self, told: Told, priorities: Mapping[str, float]) -> SessionShown:
        """For people."""
        session, profile, now = self.session, self.drawing.profile, self.drawing.now
        assert session  # noqa: S101 - what cannot be read is an alarm, and no session
        meter = told.book.meters.get(self.id) if told.book else None
        wished = told.plan.get("profiles") if told.plan else None
        return SessionShown(
            id=self.id,
            session_id=session.id,
            evse_uid=session.evse_uid,
            node=self.placed.node,
            phases=self.placed.phases,
            dc=self.placed.dc,
            since=session.start_date_time,
            energy_kwh=float(session.kwh),
            drawn_kw=_kw(self.drawn_kw),
            allowed_kw=_kw(self.drawing.worst * self.kw_per_unit),
            metered_at=meter.at if meter and meter.metered else None,
            allowed=self._rate(profile.accepted),
            planned=self._rate(_profile(wished.get(self.id))) if isinstance(wished, Mapping) else None,
            departure=self.placed.departure,
            needs_kwh=self.placed.energy_kwh,
            short_kwh=self.placed.short_kwh,
            why=self.placed.why,
            priority=priorities.get(session.evse_uid.lower(), 1.0),
            profile=_profile_state(profile, now),
            refusal=profile.refusal if profile.left_alone(now) else None,
        )

    def _rate(self, profile: ChargingProfile | None) -> RateShown | None:
        """What a profile tells for now."""
        if profile is None:
            return None
        rate = Rates.of(profile, self.placed.worst, dc=self.placed.dc).at(self.drawing.now)
        return RateShown(value=rate * 1000, unit="W") if self.placed.dc else RateShown(value=rate, unit="A")


def _nodes(site: Site, now: datetime, worth: Worth, sessions: Sequence[_Seen]) -> list[NodeShown]:
    branches = site.branches()
    hanging = below(branches)
    drawn: dict[str, dict[Phase, float]] = {branch.id: dict.fromkeys(branch.phases, 0.0) for branch in branches}
    allowed: dict[str, dict[Phase, float]] = {branch.id: dict.fromkeys(branch.phases, 0.0) for branch in branches}
    parents = {branch.id: branch.parent for branch in branches}
    for seen in sessions:
        path = list(parents) if seen.anywhere else _path(seen.placed.node, parents)
        _add(drawn, path, seen.amperes(seen.drawn_kw / seen.kw_per_unit))
        _add(allowed, path, seen.amperes(seen.drawing.worst))
    nodes = []
    for branch in branches:
        base = {
            phase: sum(max(0.0, worth.base_load_a(each, phase, now)) for each in hanging[branch.id])
            for phase in branch.phases
        }
        limit = branch.limit(now, now)
        nodes.append(
            NodeShown(
                id=branch.id,
                parent=branch.parent,
                phases=branch.phases,
                limit_a=_rounded(limit),
                limit_kw=_kw(sum(limit.values()) * branch.voltage_v / 1000),
                source=SourceShown(**asdict(branch.source(now))),
                base_load_a=_rounded(base),
                drawn_a=_rounded({phase: base[phase] + drawn[branch.id][phase] for phase in branch.phases}),
                allowed_a=_rounded({phase: base[phase] + allowed[branch.id][phase] for phase in branch.phases}),
                next_change=_next_change(branch, now),
            )
        )
    return nodes


def _path(node: str, parents: Mapping[str, str | None]) -> list[str]:
    """A node and all above it."""
    path: list[str] = []
    above: str | None = node if node in parents else GRID
    while above is not None:
        path.append(above)
        above = parents[above]
    return path


def _add(totals: dict[str, dict[Phase, float]], path: Sequence[str], amperes: Mapping[Phase, float]) -> None:
    for node in path:
        for phase, ampere in amperes.items():
            if phase in totals[node]:
                totals[node][phase] += ampere


def _next_change(branch: Branch, now: datetime) -> ChangeShown | None:
    """The next change of a limit within a week."""
    changes = branch.limit_changes(now, now + A_WEEK)
    return ChangeShown(at=changes[0], limit_a=_rounded(branch.limit(changes[0], changes[0]))) if changes else None


# What was told


def _session(document: wire.JsonObject) -> Session | None:
    try:
        return Session.model_validate(document)
    except ValidationError:
        return None


def _placed(plan: wire.JsonObject | None, id_: str) -> Placed | None:
    """What the plan in force tells of a session; None if it does not know it, or is of another version."""
    sessions = plan.get("sessions") if plan else None
    told = sessions.get(id_) if isinstance(sessions, Mapping) else None
    try:
        placed = Placed.model_validate(told)
    except ValidationError:
        return None
    return placed if placed.phases else None


def _profile(told: wire.Json) -> ChargingProfile | None:
    try:
        return ChargingProfile.model_validate(told)
    except ValidationError:
        return None


def _plan(plan: wire.JsonObject | None) -> PlanShown | None:
    try:
        return PlanShown.model_validate(plan) if plan else None
    except ValidationError:
        return None


def _run(run: Run | None) -> RunShown | None:
    try:
        return RunShown.model_validate(run.record) if run else None
    except ValidationError:
        return None


def _profile_state(profile: ProfileState, now: datetime) -> ProfileShown:
    if profile.pending and not profile.expired(now):
        return "pending"
    if profile.left_alone(now) and profile.refusal:
        return "refused"
    if profile.doubtful or (profile.pending and profile.asked):
        return "doubtful"
    return "accepted" if profile.accepted else "none"


# What is the matter


def _alarms_of_partner(site: Site, breaker: Breaker) -> Iterator[Alarm]:
    if breaker.state is BreakerState.CLOSED:
        return
    why = "an operator keeps it from being called" if breaker.forced else breaker.reason or "it does not answer"
    yield Alarm.of(AlarmKind.PARTNER_OFFLINE, f"{site.partner_id} gets no profiles: {why}", breaker.since)


def _alarms_of_nodes(nodes: Sequence[NodeShown], *, lowering: bool) -> Iterator[Alarm]:
    """Of each node the line on which it is worst; while profiles are on their way, that more is drawn is no alarm."""
    of_sessions = list(filter(None, map(_alarm_of_sessions_at, nodes)))
    if lowering:
        of_sessions = [
            each.model_copy(
                update={"severity": Severity.WARNING, "text": f"{each.text}; lower profiles are on their way"}
            )
            for each in of_sessions
        ]
    yield from some(of_sessions)
    yield from some(filter(None, map(_alarm_of_base_load_at, nodes)))


def _alarm_of_sessions_at(node: NodeShown) -> Alarm | None:
    """That more is drawn, or may be, than the limit: beyond the base load, which is not for sessions to lower."""
    bounds = {phase: max(limit, node.base_load_a[phase]) for phase, limit in node.limit_a.items()}
    for kind, amperes, what in (
        (AlarmKind.OVER_LIMIT, node.drawn_a, "are drawn"),
        (AlarmKind.MAY_EXCEED, node.allowed_a, "may be drawn"),
    ):
        worst = max(bounds, key=lambda phase: amperes[phase] - bounds[phase])
        if amperes[worst] > bounds[worst] + _NOISE_A:
            text = f"{node.id}, {worst}: {amperes[worst]:.1f} A {what}, {node.limit_a[worst]:.1f} A is the limit"
            return Alarm.of(kind, text)
    return None


def _alarm_of_base_load_at(node: NodeShown) -> Alarm | None:
    base, limit = node.base_load_a, node.limit_a
    worst = max(limit, key=lambda phase: base[phase] - limit[phase])
    if base[worst] <= limit[worst] + _NOISE_A:
        return None
    text = f"{node.id}, {worst}: the base load of {base[worst]:.1f} A is above the limit of {limit[worst]:.1f} A"
    return Alarm.of(AlarmKind.LIMIT_BELOW_BASE_LOAD, f"{text}: sessions get nothing there")


def _alarms_of_planning(plan: PlanShown | None, run: RunShown | None, now: datetime) -> Iterator[Alarm]:
    if run is None:
        yield Alarm.of(AlarmKind.NO_PLAN, "nothing has been planned yet")
    elif now - run.at > LATE:
        yield Alarm.of(AlarmKind.NO_PLAN, "nothing has been planned for too long", run.at)
    if run and run.failures and run.solver == "none":
        yield Alarm.of(AlarmKind.NO_PLAN, f"nothing could be decided: {run.failures[0]}", run.at)
    elif plan and plan.failures:
        yield Alarm.of(AlarmKind.FALLBACK_PLAN, f"the plan is not as good as it could be: {plan.failures[0]}", plan.at)


def _alarms_of_sessions(sessions: Sequence[_Seen], now: datetime) -> Iterator[Alarm]:
    refused = (
        Alarm.of(AlarmKind.PROFILE_REFUSED, f"EVSE {seen.session.evse_uid} takes no profile: {profile.refusal}")
        for seen in sessions
        if seen.session and (profile := seen.drawing.profile).refusal and profile.left_alone(now)
    )
    yield from some(refused)
    unreadable = sum(seen.session is None for seen in sessions)
    if unreadable:
        yield Alarm.of(
            AlarmKind.SESSION_UNREADABLE, f"sessions that cannot be read, and count with the worst: {unreadable}"
        )


def _alarms_of_data(told: Told) -> Iterator[Alarm]:
    if told.location is None:
        yield Alarm.of(AlarmKind.NO_LOCATION, "the CPO has not told the Location: what its EVSEs bear is not known")
    if told.missing:
        yield Alarm.of(AlarmKind.DAY_AHEAD_MISSING, told.missing)


def _rounded(amperes: Mapping[Phase, float]) -> dict[Phase, float]:
    return {phase: round(ampere, 2) for phase, ampere in amperes.items()}


def _kw(power: float) -> float:
    return round(power, 3)
