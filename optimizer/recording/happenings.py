"""What happened at a site: what has begun or ended since the record was written."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from ocpi.sites.record import Book, Event, EventKind, VisitRecord
from optimizer.recording.curtailments import key_of, within
from optimizer.recording.present import Present

_UNDECIDED = "undecided"
_NO_PLAN = "no plan could be made, and nothing is sent"

_NAMED = 10
"""How many of those concerned an event names."""


def happenings(book: Book | None, present: Present) -> tuple[dict[str, datetime], list[Event]]:
    """What goes on now, and since when, and the events of what has begun or ended."""
    before = book.open if book else {}
    now_on = dict(_going_on(before, present))
    going_on = {key: before.get(key, present.now) for key in now_on}
    begun = [key for key in now_on if key not in before]
    ended = [key for key in before if key not in now_on]
    events = []
    for kind, over, prefix, what in (
        (EventKind.NO_PLAN, EventKind.NO_PLAN_OVER, _UNDECIDED, _NO_PLAN),
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


def undecided(book: Book | None, why: str, now: datetime) -> tuple[Book, Event] | None:
    """That nothing can be decided since `now`; None if that goes on already.

    The meters stay as they were told: what was drawn meanwhile is counted once somebody decides again.
    """
    known = book or Book(at=now)
    if _UNDECIDED in known.open:
        return None
    event = Event(at=now, kind=EventKind.NO_PLAN, text=f"{_NO_PLAN}: {why[:200]}")
    return known.model_copy(update={"open": {**known.open, _UNDECIDED: now}}), event


def _going_on(before: Mapping[str, datetime], present: Present) -> Iterator[tuple[str, str]]:
    """What goes on now, by a key, with a word about it."""
    plan, situation = present.decision.plan, present.decision.situation
    if plan is None:  # the one in force is as it was
        yield from ((key, "") for key in before if key.startswith((_UNDECIDED, "fallback", "overload:")))
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
        if present.now < cap.end and not within(branch, cap, present):
            yield key_of(cap), ""


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
