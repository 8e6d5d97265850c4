"""What meters tell, and how it is spread over time.

A meter tells seldom and late what has been drawn since it told last. A vehicle follows its profile up to what it takes
of its own accord, so the energy is spread over that time in the same way; what is spread is always just what was told.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from ocpi.sites.record import SLOT, Meter, slot_of
from optimizer.profiles import Schedule

LONGEST = timedelta(hours=48)
"""What was drawn within longer counts in the last of it: a record is not rewritten for weeks."""

STANDS = timedelta(minutes=5)
"""A meter that tells the same again so soon may just have not been read."""

WATCHED = timedelta(minutes=15)
"""What a vehicle can draw is seen over this time: so long is what a grid operator bills, and a meter that counts in
tenths of a kWh, or tells the same moment twice, tells no power of less."""

ALL = 0.95
"""Who draws this part of what is allowed draws all of it: clocks and meters are not exact."""

MOST_ORDERS = 24
"""So many changes of what a session may draw are kept between two words of its meter."""

FORESEEN = timedelta(hours=2)
"""So far ahead it is kept what a session may draw, should nobody look for so long."""

_SECOND = timedelta(seconds=1)
_W = 1000
_HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class Drawn:
    """A power that was drawn from `start` to `end`."""

    start: datetime
    end: datetime
    kw: float

    @property
    def kwh(self) -> float:
        """The energy."""
        return self.kw * (self.end - self.start).total_seconds() / _HOUR_S

    def by_slot(self) -> Iterator[tuple[datetime, float]]:
        """The slots that it lies in, each with what it adds to the mean power of that slot."""
        slot = slot_of(self.start)
        while slot < self.end:
            within = min(self.end, slot + SLOT) - max(self.start, slot)
            yield slot, self.kw * (within / SLOT)
            slot += SLOT


def following(meter: Meter, obeyed: Schedule, kw_per_unit: float, since: datetime, now: datetime) -> Meter:
    """The meter of a session that obeys a schedule from `since` on, as far as is known at `now`.

    `kw_per_unit` is the power of one unit of the schedule's rate.
    """
    since = max(since, meter.at)
    first = _seconds(since - meter.at)
    steps = [(_seconds(start - meter.at), rate) for start, rate in obeyed.steps if since < start <= now + FORESEEN]
    later = [(first, obeyed.at(since)), *(step for step in steps if step[0] > first)]
    before = [step for step in meter.allowed if step[0] < first]
    allowed = _merged([*before, *((second, round(rate * kw_per_unit * _W)) for second, rate in later)])
    return meter.model_copy(update={"allowed": allowed})


def told(meter: Meter, kwh: float, at: datetime) -> tuple[Meter, list[Drawn]]:
    """The meter after it has told `kwh` for the moment `at`, and what was drawn since it told last.

    A meter that tells less than before is not believed, and one that tells more for an earlier moment tells it late.
    """
    grown = kwh - meter.kwh
    if grown < 0 or (grown == 0 and at - meter.at < STANDS):
        return meter, []
    end = max(at, meter.at + _SECOND)
    start = max(meter.at, end - LONGEST)
    drawn, level_kw = _spread(list(_allowed(meter, start, end)), grown)
    begun, watched_kwh = meter.at - _SECOND * meter.watched_s, meter.watched_kwh + grown
    changed = {"at": end, "kwh": kwh, "metered": True, "level_kw": level_kw}
    if end - begun >= WATCHED:
        changed |= _peak(meter, max(begun, end - LONGEST), end, watched_kwh)
        begun, watched_kwh = end, 0.0
    changed |= {"watched_s": _seconds(end - begun), "watched_kwh": watched_kwh, "allowed": _since(meter, end, begun)}
    return meter.model_copy(update=changed), drawn


def _peak(meter: Meter, start: datetime, end: datetime, energy_kwh: float) -> dict[str, object]:
    """The most that the vehicle was seen to draw, if it was from `start` to `end`: never more than it might."""
    allowed = list(_allowed(meter, start, end))
    drawn, level_kw = _spread(allowed, energy_kwh)
    seen = min(max(each.kw for each in some) for some in (drawn, allowed)) if drawn else 0.0
    return {"peak_kw": seen, "held_back": level_kw is None} if seen >= meter.peak_kw else {}


def _spread(allowed: Sequence[Drawn], energy_kwh: float) -> tuple[list[Drawn], float | None]:
    """Spread an energy over what was allowed, and tell to what power the vehicle kept of its own accord (None: it drew
    all that it might)."""
    most_kwh = sum(each.kwh for each in allowed)
    if most_kwh == 0:  # it has drawn what it might not, or another profile than we know of was in force
        hours = (allowed[-1].end - allowed[0].start).total_seconds() / _HOUR_S
        return [Drawn(allowed[0].start, allowed[-1].end, energy_kwh / hours)] if energy_kwh else [], None
    if energy_kwh >= ALL * most_kwh:
        return [Drawn(each.start, each.end, each.kw * energy_kwh / most_kwh) for each in allowed], None
    level_kw = _level(allowed, energy_kwh)
    return [Drawn(each.start, each.end, min(each.kw, level_kw)) for each in allowed], level_kw


def _level(allowed: Sequence[Drawn], energy_kwh: float) -> float:
    """The power at which a vehicle draws this energy, where it draws no more than is allowed; that would be more."""
    left = energy_kwh
    highest = sorted(allowed, key=lambda each: each.kw)
    hours = sum((each.end - each.start).total_seconds() for each in highest) / _HOUR_S
    for each in highest:
        if each.kw * hours >= left:
            break
        left -= each.kwh
        hours -= (each.end - each.start).total_seconds() / _HOUR_S
    return left / hours


def _allowed(meter: Meter, start: datetime, end: datetime) -> Iterator[Drawn]:
    """What the session might draw from `start` to `end`, without gaps."""
    steps = [(meter.at + _SECOND * second, watt / _W) for second, watt in meter.allowed] or [(start, 0.0)]
    later = [step for step in steps if start < step[0] < end]
    begun = [kw for moment, kw in steps if moment <= start][-1:] or [steps[0][1]]
    for (moment, kw), (until, _) in pairwise([(start, begun[0]), *later, (end, 0.0)]):
        yield Drawn(moment, until, kw)


def _since(meter: Meter, moment: datetime, begun: datetime) -> tuple[tuple[int, int], ...]:
    """What may be drawn from `begun` on, counted from `moment` on."""
    passed, first = _seconds(moment - meter.at), _seconds(begun - meter.at)
    before = [watt for second, watt in meter.allowed if second <= first][-1:]
    at_first = [(first - passed, watt) for watt in before]
    return (*at_first, *((second - passed, watt) for second, watt in meter.allowed if second > first))


def _merged(steps: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Without steps that change nothing, and no more than are kept: the first are made one of their mean."""
    merged = [*steps[:1], *(later for earlier, later in pairwise(steps) if later[1] != earlier[1])]
    while len(merged) > MOST_ORDERS:
        (first, one), (second, other), (third, _) = merged[:3]
        mean = (one * (second - first) + other * (third - second)) / (third - first)
        merged[:2] = [(first, round(mean))]
    return tuple(merged)


def _seconds(time: timedelta) -> int:
    return time // _SECOND
