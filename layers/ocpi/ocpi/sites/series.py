"""What changes from hour to hour at a site: prices, base load and solar power, as they were uploaded and measured.

An upload is prices of the day ahead or a forecast. Powers are kW, prices are per kWh in any currency, times UTC.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from functools import cache, cached_property
from statistics import fmean
from typing import Final

from ocpi.sites.phases import Phase
from ocpi.sites.site import GRID, Branch, Rates, Site, in_hour
from ocpi.sites.steps import Line, Step, Steps, within
from ocpi.sites.time_of_use import TimeOfUse

FRESH = timedelta(minutes=15)
"""So long a measurement counts."""

FORESEEN = timedelta(hours=48)
"""So far after it was told a forecast of base load may make room; of later times it may only take some."""

REMEMBERED = timedelta(days=2)
"""How far back prices are read for what is not known yet."""

_QUARTER = timedelta(minutes=15)
_DAY = timedelta(days=1)
_NOON = time(12)
_UPLOADED_BY = time(18)
"""By then, at the site, the prices of tomorrow should be there: they are made public in the early afternoon."""

_EARLIEST = datetime.min.replace(tzinfo=UTC)
_HOURS: Final = range(24)


class SeriesKind(StrEnum):
    """What a series says."""

    PRICE = "price"
    """What a kWh costs that comes in."""
    FEED_IN = "feed_in"
    """What one earns that flows out."""
    BASE_LOAD = "base_load_kw"
    """What others than EVSEs are expected to draw right at a node, all phases together; less than zero flows in."""
    PV = "pv_kw"
    """What the site's solar power is expected to give."""
    MEASURED_BASE_LOAD = "measured_base_load_kw"
    MEASURED_PV = "measured_pv_kw"

    @property
    def is_price(self) -> bool:
        """Whether it is money per kWh; else it is kW."""
        return self in (SeriesKind.PRICE, SeriesKind.FEED_IN)

    @property
    def is_measured(self) -> bool:
        """Whether it is pushed value by value; else it is uploaded as a whole."""
        return self in (SeriesKind.MEASURED_BASE_LOAD, SeriesKind.MEASURED_PV)

    @property
    def is_of_a_node(self) -> bool:
        """Whether each node may have its own; else there is one for the site, which stands at its grid connection."""
        return self in (SeriesKind.BASE_LOAD, SeriesKind.MEASURED_BASE_LOAD)


type SeriesKey = tuple[SeriesKind, str]
"""What is told, and of which node (:data:`ocpi.sites.site.GRID` where it is of the site)."""

type KnownSeries = Mapping[SeriesKey, Steps]
"""All that is known of a site."""


def held_until(now: datetime) -> datetime:
    """Until when that counts which was measured now: a quarter of an hour, and on to the next one on the clock.

    So a plan that is made a little later has the same steps, and nothing has to be sent because of them.
    """
    hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    quarters = -((hour - now - FRESH) // _QUARTER)
    return hour + quarters * _QUARTER


class Worth:
    """What counts at a site at any moment: what was uploaded where something was, else what its file says.

    Base load that was measured only ever takes room, and PV never makes any. With `now`, what was measured in the
    last :data:`FRESH` counts until :func:`held_until`, the highest of base load and the last of PV; else each
    measurement counts from its own time on, until the next one, for no more than :data:`FRESH`.
    """

    def __init__(self, site: Site, known: KnownSeries, now: datetime | None = None) -> None:
        self._site = site
        self._zone = site.zone
        now = now.replace(microsecond=0) if now else None  # steps are told in whole seconds
        self._lines = {
            key: Line(_held(key[0], steps, now) if now and key[0].is_measured else steps)
            for key, steps in known.items()
            if steps
        }
        self._span_values = cache(self._span_values_of)
        self._weights: dict[str, Mapping[Phase, float]] = {}

    def price(self, moment: datetime) -> float | None:
        """What a kWh costs; None if nobody says.

        Where it was not uploaded and the site's file has no price, either, it is what the hour costs on the days that
        were uploaded: a night is not free because its prices are not known yet.
        """
        return self._rate(SeriesKind.PRICE, self._site.price_per_kwh, moment)

    def feed_in(self, moment: datetime) -> float | None:
        """What a kWh earns that flows out; see :meth:`price`."""
        return self._rate(SeriesKind.FEED_IN, self._site.feed_in_per_kwh, moment)

    def pv_kw(self, moment: datetime) -> float:
        """What solar power gives."""
        step = self._step(SeriesKind.MEASURED_PV, GRID, moment) or self._step(SeriesKind.PV, GRID, moment)
        return step.value if step else in_hour(self._site.pv_kw or 0.0, self._hour(moment))

    def base_load_a(self, branch: Branch, phase: Phase, moment: datetime) -> float:
        """What others draw right at a branch, in ampere; less than zero flows in.

        A power is shared by the phases as the highest currents in the site's file are; where it has none, equally.
        """
        load_a = branch.base_load_a(self._hour(moment), phase)
        forecast = self._step(SeriesKind.BASE_LOAD, branch.id, moment)
        if forecast:
            forecast_a = self._amperes(branch, phase, forecast.value)
            load_a = forecast_a if _may_make_room(forecast, moment) else max(load_a, forecast_a)
        measured = self._step(SeriesKind.MEASURED_BASE_LOAD, branch.id, moment)
        return max(load_a, self._amperes(branch, phase, measured.value)) if measured else load_a

    def base_load_kw(self, branch: Branch, moment: datetime) -> float:
        """The same of all its phases together, in kW."""
        amperes = sum(self.base_load_a(branch, phase, moment) for phase in branch.phases)
        return amperes * branch.voltage_v / 1000

    def changes(self, start: datetime, end: datetime) -> list[datetime]:
        """`start`, and each moment before `end` at which any of it may change, in order."""
        moments = {moment for moment, _ in self._site.hours(start, end)}
        for line in self._lines.values():
            moments.update(bound for step in line.steps for bound in _bounds(step))
        for rates in (self._site.price_per_kwh, self._site.feed_in_per_kwh):
            if isinstance(rates, TimeOfUse):
                moments.update(bound for *span, _ in rates.spans(start, end, self._zone) for bound in span)
        return sorted({start, *(moment for moment in moments if start < moment < end)})

    def base_load_told_until(self) -> datetime:
        """The end of the last forecast of base load, of any node; long ago if there is none."""
        ends = (line.steps[-1].end for (kind, _), line in self._lines.items() if kind is SeriesKind.BASE_LOAD)
        return max(ends, default=_EARLIEST)

    def _rate(self, kind: SeriesKind, rates: Rates | None, moment: datetime) -> float | None:
        step = self._step(kind, GRID, moment)
        if step:
            return step.value
        if isinstance(rates, TimeOfUse):
            midnight = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
            others = self._span_values(rates, midnight)
            return next((value for begins, ends, value in others if begins <= moment < ends), rates.base)
        if rates is not None:
            return in_hour(rates, self._hour(moment))
        usual = self._usual.get(kind)
        return usual[self._hour(moment)] if usual else None

    def _span_values_of(self, rates: TimeOfUse, midnight: datetime) -> list[tuple[datetime, datetime, float]]:
        return list(rates.spans(midnight, midnight + _DAY, self._zone))

    @cached_property
    def _usual(self) -> dict[SeriesKind, list[float]]:
        """What each hour of the day costs in the mean of what was uploaded; of hours that were not, the mean of all."""
        return {kind: self._by_hour(line.steps) for (kind, _), line in self._lines.items() if kind.is_price}

    def _by_hour(self, steps: Sequence[Step]) -> list[float]:
        values = defaultdict(list)
        for step in steps:
            for _, hour in self._site.hours(step.start, step.end):
                values[hour].append(step.value)
        mean = fmean(step.value for step in steps)
        return [fmean(values[hour]) if values[hour] else mean for hour in _HOURS]

    def _step(self, kind: SeriesKind, node: str, moment: datetime) -> Step | None:
        line = self._lines.get((kind, node))
        return line.at(moment) if line else None

    def _hour(self, moment: datetime) -> int:
        return moment.astimezone(self._zone).hour

    def _amperes(self, branch: Branch, phase: Phase, power_kw: float) -> float:
        """What of a power flows on a phase."""
        weights = self._weights.get(branch.id) or self._weights.setdefault(branch.id, _weights(branch))
        return power_kw * 1000 / branch.voltage_v * weights[phase]


def day_ahead_missing(site: Site, known: KnownSeries, now: datetime) -> str | None:
    """What is to be told of a site that has been getting prices of the day ahead, where those of tomorrow are not there
    by 18:00, or those of today at all; nothing of days before the first that was uploaded."""
    prices = [step for step in known.get((SeriesKind.PRICE, GRID), ()) if step.end > now - REMEMBERED]
    local = now.astimezone(site.zone)
    day = local.date() + (_DAY if local.time() >= _UPLOADED_BY else timedelta())
    noon = datetime.combine(day, _NOON, site.zone)
    if not prices or prices[0].start > noon or Line(prices).at(noon):
        return None
    instead = "what the hours cost before" if site.price_per_kwh is None else "the site's own price"
    return f"price: those of {day} have not been uploaded: {instead} counts"


def _held(kind: SeriesKind, steps: Steps, now: datetime) -> Steps:
    """Measurements until now, and how those that are fresh count from now on."""
    fresh = [step.value for step in steps if step.start > now - FRESH]
    before = within(steps, _EARLIEST, now)
    if not fresh:
        return before
    return (*before, Step(start=now, end=held_until(now), value=max(fresh) if kind.is_of_a_node else fresh[-1]))


def _may_make_room(forecast: Step, moment: datetime) -> bool:
    """One that goes on counting after whoever sends it has gone silent may not."""
    return forecast.told is not None and moment < forecast.told + FORESEEN


def _bounds(step: Step) -> Iterator[datetime]:
    yield step.start
    yield step.end
    if step.told and step.start < step.told + FORESEEN < step.end:
        yield step.told + FORESEEN


def _weights(branch: Branch) -> Mapping[Phase, float]:
    """How a power is shared by the phases; together 1."""
    highest = {phase: max(0.0, *(branch.base_load_a(hour, phase) for hour in _HOURS)) for phase in branch.phases}
    total = sum(highest.values())
    return {phase: load / total if total else 1 / len(branch.phases) for phase, load in highest.items()}
