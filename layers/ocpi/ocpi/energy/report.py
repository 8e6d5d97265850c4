"""The monthly report of a site: what was drawn and what it cost beside uncontrolled charging, which curtailments were
obeyed and how soon, and who left with what was needed.

Nothing heavy is imported before a page is made.
"""

from base64 import b64encode
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from ocpi.energy.savings import Compared, Quarter, Savings, compared, quarters, savings
from ocpi.sites.record import Event, EventKind, LoadSlot, Signal, VisitRecord
from ocpi.sites.site import Site
from ocpi.types.primitives import DateTime

SERVED_WITHIN_KWH = 0.5
"""Who left with so little less than was needed was served."""

MOST_MISSED = 50
"""So many visits that left short are told one by one, those that lacked most."""

_TROUBLE = (
    EventKind.OVERLOAD,
    EventKind.REFUSED,
    EventKind.NO_PLAN,
    EventKind.FALLBACK_PLAN,
    EventKind.LEFT_SHORT,
)


@dataclass(frozen=True, slots=True)
class Month:
    """A month at a site: what it is called, when it begins, and how far it has come."""

    name: str
    start: datetime
    end: datetime
    over: bool


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True)


@dataclass(frozen=True)
class Visits:
    """Those that are over, and those that go on, as far as their meters have told."""

    over: Sequence[VisitRecord]
    ongoing: Sequence[VisitRecord] = ()

    @property
    def all(self) -> list[VisitRecord]:
        """Both."""
        return [*self.over, *self.ongoing]


class Drivers(_Told):
    """Visits that ended in the month: how many there were, and how many left with what was needed.

    `told` is how many had said what they need; of the others it was believed. `served_share` is None without visits.
    """

    visits: int
    told: int
    served: int
    served_share: Annotated[float, Field(ge=0, le=1)] | None
    energy_kwh: float
    short_kwh: float


class Missed(_Told):
    """A visit that left short, and why."""

    evse_uid: str
    arrival: DateTime
    departure: DateTime
    needs_kwh: float | None
    told: bool
    energy_kwh: float
    short_kwh: float
    why: tuple[str, ...]


class Curtailment(_Told):
    """A grid operator's signal, and what proves that it was obeyed; see :class:`ocpi.sites.record.Signal`."""

    signal_id: str
    node: str
    start: DateTime
    end: DateTime
    limit_kw: float
    reason: str | None
    author: str
    received_at: DateTime
    obeyed_at: DateTime | None
    reaction_s: float | None
    load_before_kw: float | None
    load_after_kw: float | None
    cancelled_at: DateTime | None


class Day(_Told):
    """A day at the site, such as ``2026-11-22``: the lowest limit, and the highest import over a quarter of an hour, in
    kW."""

    day: str
    limit_kw: float
    peak_kw: float
    uncontrolled_peak_kw: float
    energy_kwh: float


class Point(_Told):
    """A quarter of an hour of the day that was nearest to its limit; see :class:`ocpi.energy.savings.Quarter`."""

    start: DateTime
    limit_kw: float
    charged_kw: float
    uncontrolled_kw: float


class Report(_Told):
    """A month of a site; `over` tells whether it has come to its end. `trouble` counts events by their kind."""

    site_id: str
    name: str
    month: str
    over: bool
    time_zone: str
    currency: str | None
    """That of all costs; None: it is not told."""
    made_at: DateTime
    savings: Savings
    drivers: Drivers
    curtailments: tuple[Curtailment, ...]
    missed: tuple[Missed, ...]
    missed_more: int
    """How many more left short."""
    trouble: Mapping[str, int]
    days: tuple[Day, ...]
    busiest: tuple[Point, ...]


def reported(
    site: Site,
    month: Month,
    slots: Sequence[LoadSlot],
    visits: Visits,
    events: Iterable[Event],
    signals: Iterable[Signal],
    now: datetime,
) -> Report:
    """What is on record of a month.

    Args:
        site: as it is now.
        month: which one.
        slots: of the month, in order of time.
        visits: all that were there at some time of it.
        events: of the month.
        signals: of any time.
        now: the present time.
    """
    rows = compared(site, visits.all, slots, month.start, month.end)
    ended = [visit for visit in visits.over if month.start <= visit.departure < month.end]
    short = sorted((each for each in ended if not _served(each)), key=lambda each: each.short_kwh, reverse=True)
    kinds = Counter(event.kind for event in events)
    days = _days(rows, site)
    return Report(
        site_id=site.id,
        name=site.name or site.id,
        month=month.name,
        over=month.over,
        time_zone=site.time_zone,
        currency=site.currency,
        made_at=now,
        savings=savings(site, visits.all, rows, month.start, month.end),
        drivers=_drivers(ended),
        curtailments=tuple(
            _curtailment(site, each) for each in signals if each.start < month.end and each.end > month.start
        ),
        missed=tuple(Missed.model_validate(each, from_attributes=True) for each in short[:MOST_MISSED]),
        missed_more=max(0, len(short) - MOST_MISSED),
        trouble={str(kind): kinds[kind] for kind in _TROUBLE if kinds[kind]},
        days=days,
        busiest=_busiest(rows, site, days),
    )


def html(report: Report) -> str:
    """The report as one HTML page that needs nothing else, for a browser or a printer."""
    from ocpi.energy.report_page import page  # noqa: PLC0415 - the templates take long to load, for all functions

    return page(report)


def style_hash() -> str:
    """How reports are styled, as a Content-Security-Policy names it."""
    text = (Path(__file__).parent / "report.html.jinja").read_text()
    style = text.partition("<style>")[2].partition("</style>")[0]
    return f"sha256-{b64encode(sha256(style.encode()).digest()).decode()}"


def _served(visit: VisitRecord) -> bool:
    return visit.short_kwh < SERVED_WITHIN_KWH


def _drivers(visits: Sequence[VisitRecord]) -> Drivers:
    served = sum(map(_served, visits))
    return Drivers(
        visits=len(visits),
        told=sum(visit.told for visit in visits),
        served=served,
        served_share=round(served / len(visits), 4) if visits else None,
        energy_kwh=round(sum(visit.energy_kwh for visit in visits), 3),
        short_kwh=round(sum(visit.short_kwh for visit in visits), 3),
    )


def _curtailment(site: Site, signal: Signal) -> Curtailment:
    branch = next((each for each in site.branches() if each.id == signal.node), site.grid)
    return Curtailment(
        **signal.model_dump(exclude={"limit", "acknowledged"}),
        limit_kw=round(branch.power_kw(signal.limit), 3),
        reaction_s=signal.reaction_s,
    )


def _days(rows: Sequence[Compared], site: Site) -> tuple[Day, ...]:
    of_day: dict[date, list[Quarter]] = defaultdict(list)
    for quarter in quarters(rows):
        of_day[quarter.start.astimezone(site.zone).date()].append(quarter)
    energy_kwh: dict[date, float] = defaultdict(float)
    for row in rows:
        energy_kwh[row.start.astimezone(site.zone).date()] += row.charged_kwh
    return tuple(
        Day(
            day=day.isoformat(),
            limit_kw=round(min(each.limit_kw for each in its), 3),
            peak_kw=round(max(0.0, *(each.charged_kw for each in its)), 3),
            uncontrolled_peak_kw=round(max(0.0, *(each.uncontrolled_kw for each in its)), 3),
            energy_kwh=round(energy_kwh[day], 3),
        )
        for day, its in of_day.items()
    )


def _busiest(rows: Sequence[Compared], site: Site, days: Sequence[Day]) -> tuple[Point, ...]:
    """The day on which uncontrolled charging would have come closest to the limit, or gone farthest above it."""
    if not days:
        return ()
    day = max(days, key=lambda each: each.uncontrolled_peak_kw - each.limit_kw).day
    of_day = (each for each in quarters(rows) if each.start.astimezone(site.zone).date().isoformat() == day)
    return tuple(
        Point(
            start=each.start,
            limit_kw=round(each.limit_kw, 3),
            charged_kw=round(each.charged_kw, 3),
            uncontrolled_kw=round(each.uncontrolled_kw, 3),
        )
        for each in of_day
    )
