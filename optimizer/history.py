"""What past visits let believe of a present one: when it leaves, what it needs, how many newcomers there may be.

Pure and light: documents in, beliefs out, without AWS or numpy; a simulation learns with it as the platform does.

A quantity is believed by its quantile among the visits that had more of it than this one has by now: a car that has
stayed five hours is one of those that stay longer than five. Visits of its driver count most, then those that came
at that time of the week to its EVSE, then to the site, then any: each starts from what the ones before it say, as if
that were :data:`BORROWED` visits of its own.
"""

import math
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import accumulate
from typing import Self

from ocpi import wire
from ocpi.visits.record import (
    BINS_PER_DOUBLING,
    Counts,
    Record,
    bin_of,
    edge_of,
    hour_of_week,
    observed,
    part_of_week,
    readable,
)
from ocpi.visits.visit import MOST_KWH, SITE, Arrival, Visit, evse_scope

__all__ = ["Arrival", "Assumed", "Belief", "History", "Visit"]

DEPARTURE_QUANTILE = 0.3
"""So many leave earlier than believed: who leaves too early goes without, who stays longer is planned anew."""

NEED_QUANTILE = 0.75
"""So many need less than believed."""

ARRIVALS_QUANTILE = 0.99
"""So often no more newcomers come than room is kept for."""

LEAST_VISITS = 4.5
"""With fewer (faded) visits to a site nothing is concluded: its assumptions stand in."""

BORROWED = 5.0
"""As so many visits of its own counts what a scope has from the one before it."""

LEAST_LEFT = 0.2
"""With fewer (faded) visits that had more, nothing is known of how much more it will be."""

LEAST_KNOWN = timedelta(weeks=2)
"""Arrivals of a shorter time say nothing of a week."""

UNSEEN = 0.5
"""So many arrivals are added to those of each hour of the week: that none was seen does not mean that none comes."""

SHORTEST_REST = timedelta(minutes=10)
"""A vehicle that is there is believed to stay so much longer at least: less would be no time to charge in."""

OVERSTAY = timedelta(hours=1)
"""One that has stayed longer than all that is known is believed to stay so much longer, each time."""

HORIZON = timedelta(hours=36)
"""Nobody is believed to leave later than so far ahead, and no plan goes further."""

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Assumed:
    """What is believed where nothing is known."""

    stay_h: float
    energy_kwh: float


@dataclass(frozen=True, slots=True)
class Belief:
    """When a vehicle leaves, and what it takes in its whole stay, in kWh."""

    departure: datetime
    energy_kwh: float


@dataclass(frozen=True)
class History:
    """What was learned of a site, its EVSEs and its drivers; `zone` is that of the site."""

    records: Mapping[str, Record] = field(default_factory=dict)
    zone: tzinfo = UTC

    @classmethod
    def of(cls, documents: Mapping[str, wire.JsonObject], zone: tzinfo = UTC) -> Self:
        """From what the store has, by scope."""
        return cls(readable(documents), zone)

    def after(self, visit: Visit) -> Self:
        """The same with one visit learned."""
        return type(self)({**self.records, **observed(self.records, visit, self.zone)}, self.zone)

    def believe(self, arrival: Arrival, now: datetime, taken_kwh: float, assumed: Assumed) -> Belief:
        """What is believed of a vehicle that is there at the moment `now`.

        Args:
            arrival: when it came, where, whose it is, and what its driver said. One yet to come counts as come now.
            now: the present time.
            taken_kwh: what it has taken so far.
            assumed: stands in where nothing is known.
        """
        arrival = replace(arrival, at=min(arrival.at, now))
        stayed_h = (now - arrival.at) / _HOUR
        stays_h = next(each for each in self._stays_h(arrival, stayed_h, assumed.stay_h) if each > stayed_h)
        rest = _HOUR * min(stays_h - stayed_h, HORIZON / _HOUR)
        return Belief(now + max(rest, SHORTEST_REST), self._energy_kwh(arrival, taken_kwh, assumed.energy_kwh))

    def newcomers(self, now: datetime, within: timedelta) -> int | None:
        """How many vehicles may come within a time, nearly for certain; None where too little is known of the site."""
        site = self.records.get(SITE)
        if site is None or now - site.since < LEAST_KNOWN:
            return None
        arrivals = site.faded(site.arrivals)
        hours = [(arrivals.get(hour, 0.0) + UNSEEN, part) for hour, part in _hours_of_week(now, within, self.zone)]
        seen = sum(count for count, _ in hours)
        expected = sum(count * part for count, part in hours) / site.weeks(now)
        return _most(expected, seen, ARRIVALS_QUANTILE)

    def current_is_per_phase(self, evse_uid: str) -> bool:
        """Whether the meter of an EVSE has shown that a CURRENT it tells is that of each phase, not the sum of all."""
        evse = self.records.get(evse_scope(evse_uid))
        return evse is not None and any(phases > 1 for phases in evse.phases)

    def _stays_h(self, arrival: Arrival, stayed_h: float, assumed_h: float) -> Iterator[float]:
        """How long it may stay in all, the best founded first; the last is not over yet."""
        told_h = arrival.told_h
        if told_h:
            known = [record.faded(record.stay_shares) for record in self._records(arrival)]
            share = _believed(known, stayed_h / told_h, DEPARTURE_QUANTILE) or 1.0
            yield told_h * (min(share, 1.0) if stayed_h < told_h else share)
        yield _believed(self._stays(arrival), stayed_h, DEPARTURE_QUANTILE) or 0.0
        if not told_h:
            yield assumed_h
        yield stayed_h + OVERSTAY / _HOUR

    def _energy_kwh(self, arrival: Arrival, taken_kwh: float, assumed_kwh: float) -> float:
        asked = arrival.needs_kwh
        records = self._records(arrival)
        if asked is None:
            known = [record.faded(record.energies) for record in records]
            return min(_believed(known, taken_kwh, NEED_QUANTILE) or assumed_kwh, MOST_KWH)
        known = [record.faded(record.energy_shares) for record in records]
        share = _believed(known, taken_kwh / asked, NEED_QUANTILE) if asked else None
        return asked * min(share or 1.0, 1.0)

    def _records(self, arrival: Arrival) -> list[Record]:
        """Of visits ever more like this one."""
        return [self.records[scope] for scope in arrival.scopes if scope in self.records]

    def _stays(self, arrival: Arrival) -> list[Counts]:
        """Stays of visits ever more like this one; the time of the week says more than the EVSE, but less than whose
        car it is."""
        part = part_of_week(arrival.at, self.zone)
        others = self._records(replace(arrival, driver=None))
        own = self._records(arrival)[len(others) :]
        return [
            stays
            for records in (others, own)
            for stays in (
                *(record.faded(_joined(record.stays.values())) for record in records),
                *(record.faded(record.stays.get(part, {})) for record in records),
            )
        ]


def _believed(known: Sequence[Counts], beyond: float, quantile: float) -> float | None:
    """The quantile of a quantity among the visits that had more than `beyond` of it; None if too little is known.

    Args:
        known: counts of visits ever more like the one in question; all of the site first.
        beyond: what it has of the quantity by now.
        quantile: 0 to 1.
    """
    if not known or sum(known[0].values()) < LEAST_VISITS:
        return None
    mixed: Counts = {}
    for counts in known:
        weight = sum(mixed.values())
        borrowed = min(1.0, BORROWED / weight) if weight else 0.0
        mixed = _joined([{number: count * borrowed for number, count in mixed.items()}, _above(counts, beyond)])
    return _quantile(mixed, beyond, quantile) if sum(mixed.values()) >= LEAST_LEFT else None


def _above(counts: Counts, beyond: float) -> Counts:
    """What lies beyond a quantity; of its own bin a part."""
    if beyond <= 0:
        return counts
    first = bin_of(beyond)
    part = 1.0 - _within(first, beyond)
    return {number: count * (part if number == first else 1.0) for number, count in counts.items() if number >= first}


def _quantile(counts: Counts, beyond: float, quantile: float) -> float:
    """The quantile of counts that lie beyond a quantity, spread evenly within each bin (of the first, its rest)."""
    numbers = sorted(counts)
    sums = list(accumulate(counts[number] for number in numbers))
    wanted = quantile * sums[-1]
    place = bisect_left(sums, wanted)
    number = numbers[place]
    began = _within(number, beyond) if beyond > 0 and number == bin_of(beyond) else 0.0
    into = 1.0 - (sums[place] - wanted) / counts[number]
    return edge_of(number + began + (1.0 - began) * into)


def _within(number: int, quantity: float) -> float:
    """How far a quantity is through a bin, 0 to 1."""
    return min(max(BINS_PER_DOUBLING * math.log2(quantity) - number, 0.0), 1.0)


def _joined(sketches: Iterable[Counts]) -> Counts:
    """Several sketches as one."""
    sums: dict[int, float] = {}
    for counts in sketches:
        for number, count in counts.items():
            sums[number] = sums.get(number, 0.0) + count
    return sums


def _hours_of_week(now: datetime, within: timedelta, zone: tzinfo) -> Iterator[tuple[int, float]]:
    """The hours of the week that a time from now on touches (a week at most), each with its part that is touched."""
    until = now + min(within, timedelta(weeks=1))
    while now < until:
        following = min((now + _HOUR).replace(minute=0, second=0, microsecond=0), until)
        yield hour_of_week(now, zone), (following - now) / _HOUR
        now = following


def _most(expected: float, seen: float, quantile: float) -> int:
    """The least number that arrivals do not exceed with so much certainty.

    They come at random (Poisson), and how many are `expected` is known from so many that were `seen`; together that
    is a negative binomial distribution.
    """
    if expected <= 0:
        return 0
    number, odds = 0, expected / (seen + expected)
    chance = total = math.exp(seen * math.log1p(-odds))
    while total < quantile and chance > 0:
        chance *= (seen + number) / (number + 1) * odds
        number += 1
        total += chance
    return number
