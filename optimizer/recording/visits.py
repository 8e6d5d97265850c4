"""Who is there, and who has left with what: what their meters have told since the record was written."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from ocpi.sites.phases import Phase
from ocpi.sites.record import Book, Meter, VisitRecord
from ocpi.sites.site import GRID, Site
from ocpi.types.cdrs import CdrDimensionType
from ocpi.types.sessions import Session, SessionStatus
from ocpi.visits.visit import preferences
from optimizer.beliefs import Charging
from optimizer.history import SHORTEST_REST
from optimizer.issue import obeyed
from optimizer.planning.problem import Shortage
from optimizer.recording.losses import UNEXPLAINED, Over, booked, explained, missed, too_short_kwh
from optimizer.recording.metering import Drawn, following, told
from optimizer.recording.present import Present
from optimizer.recording.slots import Load
from optimizer.situation import Decision

FORGOTTEN = timedelta(days=14)
"""A session that is neither there nor over so long after it was seen is not waited for."""

SHORT_KWH = 0.5
"""A vehicle that left without less than this has what it needed, as exactly as needs are told."""

_HOUR = timedelta(hours=1)


def left(book: Book | None, there: Iterable[str]) -> list[str]:
    """The sessions that were there when the record was written, and are no more."""
    gone = set(book.meters) - set(there) if book else ()
    return sorted(id_ for id_ in gone if book and book.meters[id_].seen_at == book.at)


def metered(book: Book | None, present: Present) -> tuple[dict[str, Meter], list[VisitRecord], dict[datetime, Load]]:
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
        losses = before.losses
        if planned := short.get(session.id):
            losses = booked(losses, planned[1], planned[0], too_short_kwh(visit, visit.departure), present.now)
        meter = before.model_copy(update={"visit": visit, "losses": losses, "seen_at": present.now})
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
    session: Charging, present: Present, before: Meter | None, planned: tuple[float, tuple[Shortage, ...]] | None
) -> VisitRecord:
    """What is known of the visit of a session that goes on."""
    told_ = session.session
    assert told_  # noqa: S101 - what cannot be read is no visit
    wanted = preferences(present.sessions.get(session.id, {}))
    asked_kwh = float(wanted.energy_need) if wanted and wanted.energy_need is not None else None
    believed_kwh = before.visit.needs_kwh if before else round(session.taken_kwh + session.energy_kwh, 3)
    short_kwh = planned[0] if planned else before.visit.short_kwh if before else 0.0
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
    )


def _short(decision: Decision) -> dict[str, tuple[float, tuple[Shortage, ...]]]:
    """What the plan says that each session will miss, and what takes it."""
    if decision.plan is None or decision.problem is None:
        return {}
    vehicles = zip(decision.problem.vehicles, decision.plan.short_kwh.tolist(), decision.plan.shortages, strict=True)
    return {vehicle.id: (round(short, 3), shortages) for vehicle, short, shortages in vehicles}


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
    why = _why(meter, short, departure, site) if short else ()
    return meter.visit_until(departure).model_copy(update={"short_kwh": short, "why": why})


def _why(meter: Meter, short_kwh: float, departure: datetime, site: Site) -> tuple[str, ...]:
    """Where the energy went that a visit has missed: what was in the way when it was lost, and what nobody had
    believed."""
    visit, believed = meter.visit, meter.visit.departure
    time_kwh, ahead = too_short_kwh(visit, max(departure, believed)), believed - departure
    over = Over(UNEXPLAINED, time_kwh, visit.max_kw * max(0.0, ahead / _HOUR))
    if ahead > SHORTEST_REST:
        at, until = (moment.astimezone(site.zone).strftime("%H:%M") for moment in (departure, believed))
        over = Over(f"left at {at}, and was believed to stay until {until}", time_kwh)
    elif meter.level_kw is not None:
        over = Over(f"took no more than {meter.level_kw:.1f} kW of its own accord", time_kwh)
    return explained(missed(meter.losses, short_kwh, departure, over), visit, departure, site.zone)


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
