"""What controlled charging has brought: beside what happened stands what the same visits would have drawn uncontrolled.

Uncontrolled, each visit takes the energy that it took, from its arrival on, at its `max_kw`. Base load, solar power,
limits and prices are those on record, on both sides. Times that are not on record count on neither.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from math import ceil
from operator import itemgetter
from statistics import fmean

from pydantic import BaseModel, ConfigDict

from ocpi.sites.phases import PHASES, Phase
from ocpi.sites.record import SLOT, LoadSlot, VisitRecord
from ocpi.sites.site import GRID, Site, below
from ocpi.types.primitives import DateTime

QUARTER = timedelta(minutes=15)
"""A peak is a mean over so long, as grid operators meter it."""

OVER_BY_A = 0.1
"""What is on record is rounded: less than this above a limit is none."""

LEAST_KW = 0.1
"""A vehicle that was never seen to draw more tells nothing of what it could have."""

LEAST_KWH = 0.01
"""Less says nothing of what a kWh costs."""

MATCHED = 0.02
"""Energies of both sides that differ by a larger part than this are told."""

_SLOT_H = SLOT / timedelta(hours=1)


class Account(BaseModel):
    """One way of charging: what it took from the grid connection, and what that cost in the currency of the prices.

    `peak_kw` is the highest import over a quarter of an hour, with base load and less solar power, in the quarter that
    began at `peak_at`. `energy_cost` is what charging added to the cost of the site's energy, `demand_cost` what the
    peak costs, `cost` both; None where the site had no such price. `minutes_over_limit` counts where any phase of the
    grid connection or of a feeder was above its limit.
    """

    model_config = ConfigDict(frozen=True)

    energy_kwh: float
    peak_kw: float
    peak_at: DateTime | None = None
    energy_cost: float | None = None
    demand_cost: float | None = None
    cost: float | None = None
    minutes_over_limit: int


class Savings(BaseModel):
    """What happened from `start` to `end`, and what would have without control.

    `uncontrolled` is None where no visit is on record, and so are `lowered_peak_kw` and `saved_cost`, which are below
    zero where control made it worse. What energy costs uncontrolled is told for as many kWh as were charged, so that a
    visit that lasted beyond the start or the end saves or costs nothing by that. `visits` is how many are compared,
    `known` the part of the time that is on record; `left_out` says what the comparison does not count.
    """

    model_config = ConfigDict(frozen=True)

    site_id: str
    start: DateTime
    end: DateTime
    visits: int
    known: float
    charged: Account
    uncontrolled: Account | None = None
    lowered_peak_kw: float | None = None
    saved_cost: float | None = None
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Charging:
    """What all sessions drew in a slot, and whether anything was above a limit then."""

    kw: float
    over: bool


@dataclass(frozen=True, slots=True)
class Compared:
    """A slot on record, at the grid connection. `others_kw` is base load less solar power: below zero flows out."""

    start: datetime
    limit_kw: float
    others_kw: float
    price_per_kwh: float | None
    feed_in_per_kwh: float
    charged: Charging
    uncontrolled: Charging

    @property
    def charged_kwh(self) -> float:
        """What all sessions took in the slot."""
        return self.charged.kw * _SLOT_H

    def added_cost(self, charging: Charging) -> float:
        """What charging adds to the cost of the site's energy; nothing without a price."""
        return (self._cost(self.others_kw + charging.kw) - self._cost(self.others_kw)) * _SLOT_H

    def _cost(self, kw: float) -> float:
        return kw * (self.price_per_kwh or 0.0) if kw > 0 else kw * self.feed_in_per_kwh


@dataclass(frozen=True, slots=True)
class Quarter:
    """A quarter of an hour: the lowest limit, and the mean of what flowed in at the grid connection, in kW."""

    start: datetime
    limit_kw: float
    charged_kw: float
    uncontrolled_kw: float


def compared(
    site: Site, visits: Sequence[VisitRecord], slots: Sequence[LoadSlot], start: datetime, end: datetime
) -> list[Compared]:
    """What happened in each slot on record, and what would have without control.

    Args:
        site: whose tree counts; who hung on a feeder that is gone hangs on the grid connection.
        visits: all that were there at some time from `start` to `end`; of one that goes on what it took so far.
        slots: what is on record, in order of time.
        start: the beginning of a slot.
        end: the end of one.
    """
    drawn = _uncontrolled_a(site, visits, start, ceil((end - start) / SLOT))
    kw_per_a = site.voltage_v / 1000

    def row(slot: LoadSlot, before: LoadSlot | None) -> Compared:
        number = int((slot.start - start) / SLOT)
        grid = slot.nodes[GRID]
        happened = {node: load.ev_a for node, load in slot.nodes.items()}
        without = {node: {phase: each[number] for phase, each in lines.items()} for node, lines in drawn.items()}
        return Compared(
            start=slot.start,
            limit_kw=kw_per_a * sum(grid.limit_a.values()),
            others_kw=kw_per_a * sum(grid.base_a.values()) - slot.pv_kw,
            price_per_kwh=slot.price_per_kwh,
            feed_in_per_kwh=slot.feed_in_per_kwh or 0.0,
            charged=Charging(kw_per_a * sum(grid.ev_a.values()), _over(slot, before, happened)),
            uncontrolled=Charging(kw_per_a * sum(without[GRID].values()), _over(slot, before, without)),
        )

    known = [slot for slot in slots if start <= slot.start < end and GRID in slot.nodes]
    return [row(slot, before) for before, slot in pairwise((None, *known)) if slot]


def quarters(rows: Sequence[Compared]) -> list[Quarter]:
    """The quarters of an hour of which anything is on record."""
    return [_quarter(start, list(group)) for start, group in groupby(rows, lambda row: _quarter_of(row.start))]


def savings(
    site: Site, visits: Sequence[VisitRecord], rows: Sequence[Compared], start: datetime, end: datetime
) -> Savings:
    """What came of the slots that were :func:`compared` with the same arguments."""
    there = [visit for visit in visits if visit.arrival < end and visit.departure > start]
    in_quarters = quarters(rows)
    priced_kwh = _kwh(row.charged for row in rows if row.price_per_kwh is not None)
    happened = [(row, row.charged) for row in rows]
    charged = _account(site, happened, priced_kwh, [(each.charged_kw, each.start) for each in in_quarters])
    uncontrolled = None
    if there:
        without = [(row, row.uncontrolled) for row in rows]
        peaks = [(each.uncontrolled_kw, each.start) for each in in_quarters]
        uncontrolled = _account(site, without, priced_kwh, peaks)
    return Savings(
        site_id=site.id,
        start=start,
        end=end,
        visits=len(there),
        known=round(len(rows) * SLOT / (end - start), 4),
        charged=charged,
        uncontrolled=uncontrolled,
        lowered_peak_kw=_less(charged.peak_kw, uncontrolled.peak_kw if uncontrolled else None),
        saved_cost=_less(charged.cost, uncontrolled.cost if uncontrolled else None),
        left_out=tuple(_left_out(charged, uncontrolled, there)),
    )


def _account(
    site: Site,
    charging: Sequence[tuple[Compared, Charging]],
    priced_kwh: float,
    peaks: Sequence[tuple[float, datetime]],
) -> Account:
    """What one way of charging comes to.

    Args:
        site: whose demand charge counts.
        charging: what all sessions drew, slot by slot.
        priced_kwh: so many kWh are told the cost of, at what one costs this way.
        peaks: what flowed in in each quarter of an hour, in kW, and when that began.
    """
    peak_kw, peak_at = max(peaks, key=itemgetter(0), default=(0.0, None))
    energy_cost = _energy_cost([(row, each) for row, each in charging if row.price_per_kwh is not None], priced_kwh)
    demand_cost = site.demand_charge.price_per_kw * max(peak_kw, 0.0) if site.demand_charge else None
    known = [cost for cost in (energy_cost, demand_cost) if cost is not None]
    return Account(
        energy_kwh=round(_kwh(each for _, each in charging), 3),
        peak_kw=round(max(peak_kw, 0.0), 3),
        peak_at=peak_at,
        energy_cost=_rounded(energy_cost),
        demand_cost=_rounded(demand_cost),
        cost=_rounded(sum(known)) if known else None,
        minutes_over_limit=sum(each.over for _, each in charging) * (SLOT // timedelta(minutes=1)),
    )


def _energy_cost(priced: Sequence[tuple[Compared, Charging]], kwh: float) -> float | None:
    """What so many kWh cost at the mean of what is drawn in slots with a price; None if there is no such mean."""
    if priced and kwh < LEAST_KWH:
        return 0.0
    drawn_kwh = _kwh(each for _, each in priced)
    if drawn_kwh < LEAST_KWH:
        return None
    return sum(row.added_cost(each) for row, each in priced) / drawn_kwh * kwh


def _left_out(charged: Account, uncontrolled: Account | None, visits: Sequence[VisitRecord]) -> Iterator[str]:
    yield (
        "Uncontrolled, each vehicle takes the energy that it took, from its arrival on, at the highest power known of"
        " it: one that slows down as it fills up, or waits for a timer of its own, would have drawn less at first."
    )
    short_kwh = sum(visit.short_kwh for visit in visits)
    if short_kwh >= 0.05:
        yield f"The {short_kwh:.1f} kWh that visits lacked are charged on neither side."
    if uncontrolled and abs(uncontrolled.energy_kwh - charged.energy_kwh) > MATCHED * charged.energy_kwh:
        yield (
            f"The loads on record hold {charged.energy_kwh:.1f} kWh, the visits {uncontrolled.energy_kwh:.1f} kWh:"
            " those that lasted beyond the start or the end have taken a part of theirs there, and meters tell late."
            " Costs are for the same energy, peaks are of those visits."
        )
    if uncontrolled and uncontrolled.minutes_over_limit:
        yield (
            f"Uncontrolled, a limit would have been exceeded for {uncontrolled.minutes_over_limit} min; what that"
            " would have cost, or whether a fuse would have ended it, is not counted."
        )
    yield "Taxes, fixed fees and losses are not counted; the demand charge is for the peak of this time alone."


def _uncontrolled_a(
    site: Site, visits: Sequence[VisitRecord], start: datetime, count: int
) -> dict[str, dict[Phase, list[float]]]:
    """What the visits would draw, in ampere by node (with all that hangs there), phase, and slot from `start` on."""
    hanging = below(site.branches())
    own: dict[str, dict[Phase, list[float]]] = {node: {phase: [0.0] * count for phase in PHASES} for node in hanging}
    for visit in visits:
        lines = own.get(visit.node, own[GRID])
        a_per_kw = 1000 / (site.voltage_v * len(visit.phases))
        for number, kw in _uncontrolled_kw(visit, start, count):
            for phase in visit.phases:
                lines[phase][number] += kw * a_per_kw
    return {
        node: {
            phase: [sum(each) for each in zip(*(own[b.id][phase] for b in branches), strict=True)] for phase in PHASES
        }
        for node, branches in hanging.items()
    }


def _uncontrolled_kw(visit: VisitRecord, start: datetime, count: int) -> Iterator[tuple[int, float]]:
    """The mean power of a visit in each slot in which it would draw, by the slot's number from `start` on.

    It takes what it took even if it had not been seen to draw so much: then it draws as long as it stayed.
    """
    stayed = max((visit.departure - visit.arrival) / SLOT, 1.0)
    wanted = visit.energy_kwh / (visit.max_kw * _SLOT_H) if visit.max_kw >= LEAST_KW else stayed
    takes = max(min(wanted, stayed), 1.0)
    kw = visit.energy_kwh / (takes * _SLOT_H)
    begins = (visit.arrival - start) / SLOT
    ends = begins + takes
    for number in range(max(int(begins), 0), min(ceil(ends), count)):
        yield number, kw * max(0.0, min(ends, number + 1) - max(begins, number))


def _over(slot: LoadSlot, before: LoadSlot | None, drawn: Mapping[str, Mapping[Phase, float]]) -> bool:
    """Whether anything is above a limit when sessions draw so much, in ampere by node and phase.

    The limit of a slot is the lowest in it, and the load the mean: in the slot in which a limit was lowered, the load
    of the time before counts. So there the limit of the slot `before` does, too.
    """
    earlier = before.nodes if before and before.start + SLOT == slot.start else {}
    return any(
        load.base_a.get(phase, 0.0) + drawn[node].get(phase, 0.0)
        > max(limit_a, earlier[node].limit_a.get(phase, 0.0) if node in earlier else 0.0) + OVER_BY_A
        for node, load in slot.nodes.items()
        if node in drawn
        for phase, limit_a in load.limit_a.items()
    )


def _quarter(start: datetime, rows: Sequence[Compared]) -> Quarter:
    return Quarter(
        start=start,
        limit_kw=min(row.limit_kw for row in rows),
        charged_kw=fmean(row.others_kw + row.charged.kw for row in rows),
        uncontrolled_kw=fmean(row.others_kw + row.uncontrolled.kw for row in rows),
    )


def _quarter_of(moment: datetime) -> datetime:
    return moment - timedelta(minutes=moment.minute % 15, seconds=moment.second, microseconds=moment.microsecond)


def _kwh(charging: Iterable[Charging]) -> float:
    return sum(each.kw for each in charging) * _SLOT_H


def _less(charged: float | None, uncontrolled: float | None) -> float | None:
    return None if charged is None or uncontrolled is None else round(uncontrolled - charged, 3)


def _rounded(cost: float | None) -> float | None:
    return None if cost is None else round(cost, 2)
