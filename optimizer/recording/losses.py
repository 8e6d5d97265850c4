"""Where the energy went that a visit lacks: each loss is booked under what stood in the way when it arose.

The last plan of a visit knows only what is left of it: by then, what was lost to a limit hours ago is time that is too
short. So too little time is booked only as far as the whole stay was too short, and what a plan lacks beside that is
booked under what else it tells when it begins to lack it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from ocpi.sites.record import Loss, VisitRecord
from optimizer.planning.problem import Shortage, energy
from optimizer.planning.shortfall import TOO_SHORT

UNEXPLAINED = "not explained"
OTHERS = "other causes"

MOST = 8
"""So many causes of one visit are kept; the least of them together count as one."""

_LEAST_KWH = 1e-6
_MOST_PERIODS = 3
_HOUR = timedelta(hours=1)

type Periods = tuple[tuple[datetime, datetime], ...]


@dataclass(frozen=True, slots=True)
class Over:
    """What is known of a visit once it is over.

    `rest` is what took what nobody has booked. `time_kwh` could not be had in the whole stay. `hoped_kwh` could in the
    last minutes that every plan counts on, whenever a vehicle leaves: it was lost to what was in the way before.
    """

    rest: str = UNEXPLAINED
    time_kwh: float = 0.0
    hoped_kwh: float = 0.0


def too_short_kwh(visit: VisitRecord, departure: datetime) -> float:
    """What a vehicle lacks even if it may draw all that it can, from its arrival to its departure."""
    possible_kwh = visit.max_kw * max(0.0, (departure - visit.arrival) / _HOUR)
    return max(0.0, (visit.needs_kwh or 0.0) - possible_kwh)


def booked(
    losses: Sequence[Loss], shortages: Sequence[Shortage], lacks_kwh: float, time_kwh: float, now: datetime
) -> tuple[Loss, ...]:
    """The losses of a visit once a plan says that it will lack `lacks_kwh`; together they make that.

    What it lacks more than is booked is booked under what the plan tells, and of less all are given back alike. What
    lay ahead counts no more where the plan does not tell it any more.

    Args:
        losses: what is booked.
        shortages: what the plan tells.
        lacks_kwh: what the vehicle will lack by that plan.
        time_kwh: so much of that cannot be had in the whole stay.
        now: the present time.
    """
    time_kwh = min(time_kwh, lacks_kwh)
    rest_kwh = lacks_kwh - time_kwh
    ahead = {each.cause: each.periods for each in shortages}
    before = _up_to_date((each for each in losses if each.cause != TOO_SHORT), ahead, now)
    known_kwh = sum(each.kwh for each in before)
    if rest_kwh <= known_kwh:
        after = scaled(before, rest_kwh)
    else:
        after = _added(before, [each for each in shortages if each.cause != TOO_SHORT], rest_kwh - known_kwh)
    return _few((*after, *([Loss(cause=TOO_SHORT, kwh=time_kwh)] if time_kwh > _LEAST_KWH else [])))


def scaled(losses: Iterable[Loss], kwh: float) -> tuple[Loss, ...]:
    """Losses that together are so much, each as great a part as before."""
    losses = tuple(losses)
    known_kwh = sum(each.kwh for each in losses)
    if not known_kwh or kwh <= _LEAST_KWH:
        return ()
    return tuple(each.model_copy(update={"kwh": each.kwh * kwh / known_kwh}) for each in losses)


def missed(losses: Iterable[Loss], short_kwh: float, departure: datetime, over: Over) -> list[Loss]:
    """What a visit that ended with `departure` has missed; together they make `short_kwh`.

    What would have stood in the way later has not: that, and what nobody has booked, is told as the rest.
    """
    found = []
    for loss in losses:
        kwh = min(loss.kwh, over.time_kwh) if loss.cause == TOO_SHORT else loss.kwh
        periods = _cut(loss.periods, end=departure)
        if kwh and (periods or not loss.periods):
            found.append(Loss(cause=loss.cause, kwh=kwh, periods=periods))
    known_kwh = sum(each.kwh for each in found)
    rest_kwh = short_kwh - known_kwh - (over.hoped_kwh if found else 0.0)
    if rest_kwh <= _LEAST_KWH:
        return list(scaled(found, short_kwh))
    return list(_added(scaled(found, short_kwh - rest_kwh), [Shortage(over.rest, rest_kwh)], rest_kwh))


def explained(losses: Iterable[Loss], visit: VisitRecord, departure: datetime, zone: tzinfo) -> tuple[str, ...]:
    """The losses of a visit that is over in words, the greatest first."""
    dated = visit.arrival.astimezone(zone).date() != departure.astimezone(zone).date()
    hours = (departure - visit.arrival) / _HOUR
    note = f"{energy(visit.max_kw * hours)} of {visit.needs_kwh or 0.0:.4g} kWh fit into {hours:.1f} h"
    told = (
        Shortage(
            each.cause,
            each.kwh,
            tuple((start.astimezone(zone), end.astimezone(zone)) for start, end in each.periods),
            dated,
            f"{note} at {visit.max_kw:.1f} kW" if each.cause == TOO_SHORT else "",
        )
        for each in sorted(losses, key=lambda loss: loss.kwh, reverse=True)
    )
    return tuple(map(str, told))


def _up_to_date(losses: Iterable[Loss], ahead: Mapping[str, Periods], now: datetime) -> list[Loss]:
    """Each with the times at which it stood in the way, and with those at which the plan says that it will."""
    known = []
    for loss in losses:
        periods = _joined((*_cut(loss.periods, end=now), *ahead.get(loss.cause, ())))
        if periods or not loss.periods:
            known.append(loss.model_copy(update={"periods": periods}))
    return known


def _added(losses: Sequence[Loss], shortages: Sequence[Shortage], kwh: float) -> tuple[Loss, ...]:
    """With so much more, shared by what a plan tells; what that does not tell is not explained."""
    told_kwh = sum(each.kwh for each in shortages)
    if not told_kwh:
        shortages, told_kwh = [Shortage(UNEXPLAINED, kwh)], kwh
    after = {loss.cause: loss for loss in losses}
    for each in shortages:
        more_kwh = each.kwh * kwh / told_kwh
        before = after.get(each.cause, Loss(cause=each.cause, kwh=0.0, periods=each.periods))
        after[each.cause] = before.model_copy(update={"kwh": before.kwh + more_kwh})
    return tuple(after.values())


def _few(losses: Sequence[Loss]) -> tuple[Loss, ...]:
    """Of many the greatest, and the others as one."""
    if len(losses) <= MOST:
        return tuple(losses)
    by_size = sorted(losses, key=lambda each: (each.cause != OTHERS, each.kwh), reverse=True)
    return (*by_size[: MOST - 1], Loss(cause=OTHERS, kwh=sum(each.kwh for each in by_size[MOST - 1 :])))


def _cut(periods: Periods, end: datetime) -> Periods:
    """What of periods is over by then."""
    return tuple((start, min(until, end)) for start, until in periods if start < end)


def _joined(periods: Iterable[tuple[datetime, datetime]]) -> Periods:
    """Periods that meet as one; of many, from the first to the last."""
    joined: list[tuple[datetime, datetime]] = []
    for start, end in sorted(periods):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return ((joined[0][0], joined[-1][1]),) if len(joined) > _MOST_PERIODS else tuple(joined)
