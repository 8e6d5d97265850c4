"""What a run adds to the record of its site: what was drawn and what might have been, who has left, what happened.

Pure: it says what is to be written, from what was read and decided, and from how far the record goes.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from ocpi import wire
from ocpi.sites.limits import Cap
from ocpi.sites.phases import Phase
from ocpi.sites.record import (
    SLOT,
    Book,
    Event,
    EventKind,
    LoadSlot,
    Meter,
    NodeLoad,
    Signal,
    VisitRecord,
    slot_of,
)
from ocpi.sites.series import Worth
from ocpi.sites.site import GRID, Branch, Site, below
from ocpi.types.cdrs import CdrDimensionType
from ocpi.types.sessions import Session, SessionStatus
from ocpi.visits.visit import preferences
from optimizer.beliefs import Charging
from optimizer.issue import SessionState, obeyed, worst_case
from optimizer.metering import Drawn, following, told
from optimizer.planning.problem import Floats, Node
from optimizer.planning.tree import Row, ancestors
from optimizer.profiles import Schedule
from optimizer.situation import Decision
from optimizer.steps import Steps

EVERY = timedelta(minutes=1)
"""So often the record is taken further, unless somebody has left or a curtailment is to be proved."""

AHEAD_SLOTS = 24
"""So many slots ahead what might be drawn is kept, should nobody look for so long."""

FORGOTTEN = timedelta(days=14)
"""A session that is neither there nor over so long after it was seen is not waited for."""

PROVED = timedelta(hours=1)
"""So long after its end the loads of a curtailment may still change: meters tell late."""

SHORT_KWH = 0.5
"""A vehicle that left without less than this has what it needed, as exactly as needs are told."""

_EPSILON_A = 0.05
_CAP = "cap:"
_NAMED = 10
"""How many of those concerned an event names."""

type Load = Mapping[tuple[str, Phase], float]
"""Mean currents in ampere, by node and phase."""


@dataclass(frozen=True)
class Present:
    """All that is known when the record is taken further.

    `gone` are the Sessions, as they are now, of those who were there before, where one is stored.
    """

    decision: Decision
    sessions: Mapping[str, wire.JsonObject]
    gone: Mapping[str, Session] = field(default_factory=dict)

    @property
    def site(self) -> Site:
        """The site."""
        return self.decision.situation.site

    @property
    def now(self) -> datetime:
        """The present time."""
        return self.decision.situation.now

    @property
    def worth(self) -> Worth:
        """Prices, base load and PV, with what was measured."""
        return self.decision.situation.worth

    @cached_property
    def branches(self) -> tuple[Branch, ...]:
        """The grid connection first."""
        return self.site.branches()

    @cached_property
    def hanging(self) -> dict[str, list[Branch]]:
        """Each branch with all that hang on it."""
        return below(self.branches)

    @cached_property
    def paths(self) -> dict[str, list[Branch]]:
        """Each branch with all that it hangs on, itself first."""
        by_id = {branch.id: branch for branch in self.branches}
        above = ancestors([Node(branch.id, branch.parent) for branch in self.branches])
        return {id_: [by_id[each] for each in path] for id_, path in above.items()}

    @cached_property
    def states(self) -> dict[str, SessionState]:
        """What each session may draw, now that what was to be sent is on its way."""
        states = {state.id: state for state in self.decision.situation.states}
        return states | {charging.id: states[charging.id].sent(sent) for charging, sent in self.decision.sends}

    @cached_property
    def worst(self) -> dict[str, Schedule]:
        """The most that each may draw."""
        return {id_: worst_case(state) for id_, state in self.states.items()}

    def allowed_a(self, branch: Branch, phase: Phase) -> float:
        """The most that sessions may draw on a line right now."""
        row = Row(branch.id, phase)
        weights = ((id_, state.draws.get(row, 0.0)) for id_, state in self.states.items())
        return sum(weight * self.worst[id_].at(self.now) for id_, weight in weights if weight)

    @cached_property
    def ahead_a(self) -> dict[str, dict[Phase, tuple[float, ...]]]:
        """The most that sessions may draw, by node and phase, in each slot from now on."""
        first = slot_of(self.now) + SLOT
        steps = Steps(self.now, [int((first - self.now).total_seconds()), *[int(SLOT.total_seconds())] * AHEAD_SLOTS])
        sums: dict[Row, Floats] = {}
        for id_, worst in self.worst.items():
            highest = steps.highest(worst)
            for row, weight in self.states[id_].draws.items():
                sums[row] = sums.get(row, 0.0) + weight * highest
        nothing = (0.0,) * (AHEAD_SLOTS + 1)
        return {
            branch.id: {
                phase: tuple(sums[row].round(2).tolist()) if (row := Row(branch.id, phase)) in sums else nothing
                for phase in branch.phases
            }
            for branch in self.branches
        }

    def base_a(self, branch: Branch, phase: Phase, moment: datetime) -> float:
        """What others than sessions draw at a branch and all that hangs on it."""
        return sum(max(0.0, self.worth.base_load_a(each, phase, moment)) for each in self.hanging[branch.id])

    def caps(self) -> Iterator[tuple[Branch, Cap]]:
        """The curtailments that hold, or have held until lately."""
        for branch in self.branches:
            for cap in branch.calendar.limits.caps:
                if cap.start <= self.now < cap.end + PROVED:
                    yield branch, cap


@dataclass(frozen=True)
class Entry:
    """What is to be written.

    `seen` are the slots in which somebody looked, with nothing drawn, `drawn` what the meters add to slots.
    """

    book: Book
    seen: Mapping[datetime, LoadSlot]
    drawn: Mapping[datetime, Load]
    visits: Sequence[VisitRecord]
    events: Sequence[Event]

    @property
    def first(self) -> datetime:
        """When the first slot begins that changes."""
        return min([*self.seen, *self.drawn])

    def hours(self, present: Present, known: Iterable[LoadSlot]) -> list[LoadSlot]:
        """All slots of the hours that change, in order; `known` are those on record from the hour of `first` on."""
        before = {slot.start: slot for slot in known}
        after = dict(before)
        for start in {*self.seen, *self.drawn}:
            slots = [slot for slot in (before.get(start), self.seen.get(start)) if slot] or [
                _slot(present, start, None)
            ]
            after[start] = _adding(_joined(slots), self.drawn.get(start, {}))
        changed = {_hour(start) for start in after if after[start] != before.get(start)}
        return [after[start] for start in sorted(after) if _hour(start) in changed]


def due(book: Book | None, present: Present) -> bool:
    """Whether the record is to be taken further."""
    if book is None or not timedelta(0) <= present.now - book.at < EVERY:
        return True
    return bool(left(book, present.states)) or any(present.now < cap.end for _, cap in present.caps())


def awaits(book: Book) -> bool:
    """Whether a curtailment holds that is not obeyed yet."""
    return any(key.startswith(_CAP) for key in book.open)


def left(book: Book | None, there: Iterable[str]) -> list[str]:
    """The sessions that were there when the record was written, and are no more."""
    gone = set(book.meters) - set(there) if book else ()
    return sorted(id_ for id_ in gone if book and book.meters[id_].seen_at == book.at)


def entry(book: Book | None, present: Present) -> Entry:
    """What is to be written now."""
    meters, visits, taken = _metered(book, present)
    going_on, events = _happenings(book, present)
    return Entry(
        book=Book(at=present.now, meters=meters, ahead_a=present.ahead_a, open=going_on),
        seen={start: _slot(present, start, allowed) for start, allowed in _looked_at(book, present)},
        drawn=taken,
        visits=visits,
        events=events,
    )


def proof(signal: Signal, branch: Branch, cap: Cap, book: Book | None, present: Present) -> Signal | None:
    """A signal that is obeyed, with when that began; None if it is not, or that is known already.

    What was in force when it began needs no time; else it is obeyed once the last session concerned has accepted its
    profile, or the record says that it was not yet.
    """
    if signal.obeyed_at or not present.now < cap.end or not _within(branch, cap, present):
        return None
    situation = present.decision.situation
    accepted = (
        situation.profile(session).accepted_at
        for session in situation.sessions
        if branch.id in {each.id for each in present.paths[session.node]}
    )
    late = [book.at] if book and _cap_key(cap) in book.open else []
    heard = [moment for moment in (*accepted, *late) if moment and moment <= present.now]
    return signal.model_copy(update={"obeyed_at": max(signal.start, signal.received_at, *heard)})


def loads_proved(signal: Signal, present: Present) -> tuple[datetime, datetime] | None:
    """When the slots begin that prove what a signal has done: the last before it, and the first as a whole when it was
    obeyed; None as long as that is not over."""
    if signal.obeyed_at is None:
        return None
    before = slot_of(max(signal.start, signal.received_at)) - SLOT
    begun = slot_of(signal.obeyed_at)
    after = begun + SLOT if begun + 2 * SLOT <= signal.end else begun
    return (before, after) if after + SLOT <= present.now else None


def load_kw(slot: LoadSlot | None, node: str, voltage_v: float) -> float | None:
    """The mean power at a node in a slot, with base load."""
    load = slot.nodes.get(node) if slot else None
    return round(sum([*load.base_a.values(), *load.ev_a.values()]) * voltage_v / 1000, 3) if load else None


# What was drawn


def _metered(book: Book | None, present: Present) -> tuple[dict[str, Meter], list[VisitRecord], dict[datetime, Load]]:
    """The meters of those who stay, the visits of those who have left, and what all of them have drawn since."""
    known = book.meters if book else {}
    taken: dict[datetime, dict[tuple[str, Phase], float]] = defaultdict(lambda: defaultdict(float))
    meters: dict[str, Meter] = {}
    visits: list[VisitRecord] = []
    short = _short(present.decision)
    for session in present.decision.situation.sessions:
        if session.session is None:
            if session.id in known:
                meters[session.id] = known[session.id].model_copy(update={"seen_at": present.now})
            continue
        visit = _visit(session, present, known.get(session.id), short.get(session.id))
        before = known.get(session.id) or _beginning(session, visit, present)
        meter = before.model_copy(update={"visit": visit, "seen_at": present.now})
        meter = _following(meter, session, before.seen_at, present)
        meter, drawn = told(meter, float(session.session.kwh), min(session.session.last_updated, present.now))
        meters[session.id] = meter
        _add(taken, drawn, meter.visit, present)
    for id_ in set(known) - set(present.states):
        kept, over, drawn = _gone(known[id_], present.gone.get(id_), present)
        _add(taken, drawn, known[id_].visit, present)
        meters |= {id_: kept} if kept else {}
        visits += [over] if over else []
    return meters, visits, dict(taken)


def _beginning(session: Charging, visit: VisitRecord, present: Present) -> Meter:
    """Of a session that was not there before."""
    default = round(session.default_limit * _kw_per_unit(session, present.site) * 1000)
    at = min(visit.arrival, present.now)
    return Meter(at=at, allowed=((0, default),), visit=visit, seen_at=at)


def _following(meter: Meter, session: Charging, seen_at: datetime, present: Present) -> Meter:
    """With the profile that it obeys, since that was accepted."""
    accepted_at = present.decision.situation.profile(session).accepted_at or seen_at
    since = min(max(seen_at, accepted_at), present.now)
    in_force = obeyed(present.states[session.id])
    return following(meter, in_force, _kw_per_unit(session, present.site), since, present.now)


def _visit(
    session: Charging, present: Present, before: Meter | None, planned: tuple[float, tuple[str, ...]] | None
) -> VisitRecord:
    """What is known of the visit of a session that goes on."""
    told_ = session.session
    assert told_  # noqa: S101 - what cannot be read is no visit
    wanted = preferences(present.sessions.get(session.id, {}))
    asked_kwh = float(wanted.energy_need) if wanted and wanted.energy_need is not None else None
    believed_kwh = before.visit.needs_kwh if before else round(session.taken_kwh + session.energy_kwh, 3)
    short_kwh, why = planned or ((before.visit.short_kwh, before.visit.why) if before else (0.0, ()))
    return VisitRecord(
        id=session.id,
        session_id=told_.id,
        evse_uid=told_.evse_uid,
        node=session.node,
        phases=session.phases,
        dc=session.dc,
        arrival=told_.start_date_time,
        departure=session.departure,
        energy_kwh=float(told_.kwh),
        max_kw=round(session.most * _kw_per_unit(session, present.site), 3),
        needs_kwh=believed_kwh if asked_kwh is None else asked_kwh,
        told=asked_kwh is not None or (before is not None and before.visit.told),
        short_kwh=short_kwh,
        why=why,
    )


def _short(decision: Decision) -> dict[str, tuple[float, tuple[str, ...]]]:
    """What the plan says that each session will miss, and why."""
    if decision.plan is None or decision.problem is None:
        return {}
    vehicles = zip(decision.problem.vehicles, decision.plan.short_kwh.tolist(), decision.plan.why, strict=True)
    return {vehicle.id: (round(short, 3), tuple(why)) for vehicle, short, why in vehicles}


def _gone(
    meter: Meter, session: Session | None, present: Present
) -> tuple[Meter | None, VisitRecord | None, list[Drawn]]:
    """Of a session that is not there any more: its meter if it may come again, its visit if it is over."""
    if session is None:
        return None, _over(meter, None, meter.seen_at, present.site), []
    if session.status not in (SessionStatus.COMPLETED, SessionStatus.INVALID):
        return (meter if present.now - meter.seen_at < FORGOTTEN else None), None, []
    end = min(session.end_date_time or session.last_updated, present.now)
    last, drawn = told(meter, float(session.kwh), end)
    if session.status is SessionStatus.INVALID:
        return None, None, drawn
    return None, _over(last, session, max(end, session.start_date_time), present.site), drawn


def _over(meter: Meter, session: Session | None, departure: datetime, site: Site) -> VisitRecord:
    """A visit that has come to its end."""
    visit = meter.visit
    missing = max(0.0, (visit.needs_kwh or 0.0) - meter.kwh)
    if not visit.told:
        missing = min(missing, visit.short_kwh)
    full = session is not None and any(
        dimension.type is CdrDimensionType.PARKING_TIME
        for period in session.charging_periods[-1:]
        for dimension in period.dimensions
    )
    short = 0.0 if full or missing < SHORT_KWH else round(missing, 3)
    return visit.model_copy(
        update={
            "departure": departure,
            "energy_kwh": meter.kwh,
            "max_kw": visit.max_kw if meter.held_back else round(meter.peak_kw, 3),
            "short_kwh": short,
            "why": _why(meter, departure, site) if short else (),
        }
    )


def _why(meter: Meter, departure: datetime, site: Site) -> tuple[str, ...]:
    """Where the energy went that a visit has missed: what the plan said, and what nobody had believed."""
    believed = meter.visit.departure
    early = believed - departure >= SLOT
    at, until = (moment.astimezone(site.zone).strftime("%H:%M") for moment in (departure, believed))
    reasons = list(meter.visit.why)
    if early:
        reasons.append(f"left at {at}, and was believed to stay until {until}")
    if not reasons and meter.level_kw is not None:
        reasons.append(f"took no more than {meter.level_kw:.1f} kW of its own accord")
    return tuple(reasons)


def _add(
    taken: dict[datetime, dict[tuple[str, Phase], float]],
    drawn: Iterable[Drawn],
    visit: VisitRecord,
    present: Present,
) -> None:
    """Add what one session has drawn, alike on all of its phases."""
    a_per_kw = 1000 / (present.site.voltage_v * len(visit.phases))
    path = present.paths.get(visit.node) or present.paths[GRID]
    for each in drawn:
        for slot, kw in each.by_slot():
            for branch in path:
                for phase in visit.phases:
                    taken[slot][branch.id, phase] += kw * a_per_kw


def _kw_per_unit(session: Charging, site: Site) -> float:
    return 1.0 if session.dc else len(session.phases) * site.voltage_v / 1000


# Slots


def _looked_at(book: Book | None, present: Present) -> Iterator[tuple[datetime, Mapping[str, Mapping[Phase, float]]]]:
    """The slots since the record was written, each with what might be drawn in it."""
    this = slot_of(present.now)
    if book and book.at <= present.now:
        begun = slot_of(book.at)
        for number in range(1, min(AHEAD_SLOTS + 1, (this - begun) // SLOT)):
            yield (
                begun + number * SLOT,
                {
                    node: {phase: ahead[number] for phase, ahead in phases.items()}
                    for node, phases in book.ahead_a.items()
                },
            )
    yield this, {node: {phase: ahead[0] for phase, ahead in phases.items()} for node, phases in present.ahead_a.items()}


def _slot(present: Present, start: datetime, allowed_a: Mapping[str, Mapping[Phase, float]] | None) -> LoadSlot:
    """A slot in which nothing was drawn, as far as is known; without `allowed_a` nobody has looked."""
    moment = present.now if start <= present.now < start + SLOT else start
    nodes = {}
    for branch in present.branches:
        base = {phase: round(present.base_a(branch, phase, moment), 3) for phase in branch.phases}
        allowed = (allowed_a or {}).get(branch.id, {})
        nodes[branch.id] = NodeLoad(
            limit_a={phase: round(limit, 3) for phase, limit in branch.limit(start, start + SLOT).items()},
            base_a=base,
            ev_a=dict.fromkeys(branch.phases, 0.0),
            allowed_a={phase: round(base[phase] + allowed[phase], 3) for phase in branch.phases if phase in allowed},
        )
    return LoadSlot(
        start=start,
        nodes=nodes,
        price_per_kwh=present.worth.price(moment),
        feed_in_per_kwh=present.worth.feed_in(moment),
        pv_kw=present.worth.pv_kw(moment),
        sessions=0 if allowed_a is None else len(present.states),
    )


def _joined(slots: Sequence[LoadSlot]) -> LoadSlot:
    """What several have seen of one slot, the last one last."""
    nodes = {
        id_: NodeLoad(
            limit_a=_by_phase(min, [slot.nodes[id_].limit_a for slot in slots if id_ in slot.nodes]),
            base_a=_by_phase(max, [slot.nodes[id_].base_a for slot in slots if id_ in slot.nodes]),
            ev_a=_by_phase(max, [slot.nodes[id_].ev_a for slot in slots if id_ in slot.nodes]),
            allowed_a=_by_phase(max, [slot.nodes[id_].allowed_a for slot in slots if id_ in slot.nodes]),
        )
        for id_ in dict.fromkeys(node for slot in slots for node in slot.nodes)
    }
    return slots[-1].model_copy(update={"nodes": nodes, "sessions": max(slot.sessions for slot in slots)})


def _by_phase(
    choose: Callable[[Iterable[float]], float], amperes: Sequence[Mapping[Phase, float]]
) -> dict[Phase, float]:
    phases = dict.fromkeys(phase for each in amperes for phase in each)
    return {phase: choose(each[phase] for each in amperes if phase in each) for phase in phases}


def _adding(slot: LoadSlot, load: Load) -> LoadSlot:
    """With what was drawn besides."""

    def more(id_: str, node: NodeLoad) -> NodeLoad:
        ev_a = {phase: round(ampere + load.get((id_, phase), 0.0), 4) for phase, ampere in node.ev_a.items()}
        return node.model_copy(update={"ev_a": ev_a})

    return (
        slot.model_copy(update={"nodes": {id_: more(id_, node) for id_, node in slot.nodes.items()}}) if load else slot
    )


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


# What happened


def _happenings(book: Book | None, present: Present) -> tuple[dict[str, datetime], list[Event]]:
    """What goes on now, and since when, and the events of what has begun or ended."""
    before = book.open if book else {}
    now_on = dict(_going_on(before, present))
    going_on = {key: before.get(key, present.now) for key in now_on}
    begun = [key for key in now_on if key not in before]
    ended = [key for key in before if key not in now_on]
    events = []
    for kind, over, prefix, what in (
        (EventKind.FALLBACK_PLAN, EventKind.FALLBACK_OVER, "fallback", "the plan was not made as it should be"),
        (EventKind.OVERLOAD, EventKind.OVERLOAD_OVER, "overload:", "others than sessions are above the limit"),
        (EventKind.REFUSED, None, "refused:", "no profile is taken"),
    ):
        texts = [now_on[key] for key in begun if key.startswith(prefix)]
        if texts:
            events.append(Event(at=present.now, kind=kind, text=f"{what}: {_some(texts)}"))
        names = [key.removeprefix(prefix) for key in ended if key.startswith(prefix)]
        if names and over:
            events.append(Event(at=present.now, kind=over, text=f"no more: {what}{_of(names)}"))
    return going_on, events


def _going_on(before: Mapping[str, datetime], present: Present) -> Iterator[tuple[str, str]]:
    """What goes on now, by a key, with a word about it."""
    plan, situation = present.decision.plan, present.decision.situation
    if plan is None:  # the one in force is as it was
        yield from ((key, "") for key in before if key.startswith(("fallback", "overload:")))
    else:
        if plan.failures:
            yield "fallback", plan.failures[0][:200]
        for over in plan.overloads:
            if over.start <= present.now < over.end:
                unit = "kW" if over.line == "kW" else "A"
                yield f"overload:{over.node}", f"{over.node}, {over.line}: by {over.amount:.1f} {unit}"
    for session in situation.sessions:
        profile = situation.profile(session)
        if profile.refusal and profile.refused_until and present.now < profile.refused_until and session.session:
            yield f"refused:{session.id}", f"EVSE {session.session.evse_uid}: {profile.refusal}"
    for branch, cap in present.caps():
        if present.now < cap.end and not _within(branch, cap, present):
            yield _cap_key(cap), ""


def _cap_key(cap: Cap) -> str:
    return f"{_CAP}{cap.signal_id}"


def _within(branch: Branch, cap: Cap, present: Present) -> bool:
    """Whether all that sessions may draw is within a cap, as far as base load leaves something of it to them."""
    limits = cap.amperes(branch.voltage_v, branch.phases)
    return all(
        present.allowed_a(branch, phase) <= max(0.0, limit - present.base_a(branch, phase, present.now)) + _EPSILON_A
        for phase, limit in limits.items()
    )


def left_short(visit: VisitRecord) -> Event | None:
    """That a vehicle has left without what it needed; None if it has not."""
    if not visit.short_kwh:
        return None
    needs = f"{visit.needs_kwh or 0.0:.1f} kWh"
    text = f"EVSE {visit.evse_uid}: left with {visit.energy_kwh:.1f} of {needs}{' asked for' if visit.told else ''}"
    why = "; ".join(visit.why) or None
    return Event(at=visit.departure, kind=EventKind.LEFT_SHORT, text=text, reason=why, subject=visit.id)


def _some(texts: Sequence[str]) -> str:
    more = len(texts) - _NAMED
    return "; ".join(texts[:_NAMED]) + (f"; and {more} more" if more > 0 else "")


def _of(names: Sequence[str]) -> str:
    named = [name for name in names if name]
    return f" ({_some(named)})" if named else ""
