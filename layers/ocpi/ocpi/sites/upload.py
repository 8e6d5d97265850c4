"""Prices of the day ahead and forecasts as files say them: CSV, as spreadsheets and market platforms write it, or JSON.

What could be meant in two ways is not guessed but asked for, with the line that it is in.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Annotated, Self

from pydantic import Field, RootModel, model_validator

from ocpi.sites.reading import Number, Strict, WrongInput, read
from ocpi.sites.series import KnownSeries, SeriesKind, Worth
from ocpi.sites.site import GRID, Branch, Site
from ocpi.sites.steps import Step, Steps
from ocpi.sites.upload_csv import Csv
from ocpi.sites.upload_rows import Clock, Row, UploadError

MOST_BYTES = 100_000
MOST_STEPS = 800
"""Eight days in quarters of an hour, and the hour that one may be longer."""

MOST_PER_KWH = 10
"""A price above this was hardly meant, in the currencies that have such markets."""
FAR_OFF = 100
"""Nor was one so many times those that the site has."""
FAR_ABOVE_LIMIT = 10
"""Nor a power so many times what a node bears."""
FAR_BELOW = 20
"""Nor a base load of less than this part of what the site's file tells."""
FAR_DEEPER = 2
"""Nor one that flows in, this many times more than was ever told: meters differ in which way is above zero."""
HARDLY_ANY = 0.01
"""Meters are not exact: this part of what a node bears may be below zero."""
FAR_AHEAD = timedelta(days=15)

CLOCKS_APART = timedelta(minutes=1)
"""So far ahead of ours the clock of a meter may be."""
OLDEST_MEASURED = timedelta(days=1)

_CSV = ("text/csv", "application/csv", "text/plain", "application/vnd.ms-excel")
"""What browsers call it."""


def read_series(kind: SeriesKind, text: bytes, content_type: str, zone: tzinfo) -> Steps:
    """Read an upload, CSV or JSON as `content_type` says; times without an offset are by the clocks of `zone`.

    Its steps are a quarter, a half or a whole hour long, all of it without gaps; prices are those of whole days.

    Raises:
        UploadError: it cannot be; each line begins with the place, and says what to do.
    """
    if kind.is_measured:
        raise UploadError([f"{kind} is measured: it is not uploaded, but told value by value"])
    if len(text) > MOST_BYTES:
        raise UploadError([f"has {len(text):,} bytes: {MOST_BYTES:,} are the most: upload fewer days at once"])
    media_type = content_type.partition(";")[0].strip().lower()
    in_utc = False
    if media_type == "application/json":
        rows = _rows_of_json(text)
    elif media_type in _CSV:
        rows, in_utc = Csv(text).rows(kind)
    else:
        raise UploadError([f"is {media_type[:40] or 'of no type'}: it must be text/csv or application/json"])
    if not rows:
        raise UploadError(["has no values"])
    if len(rows) > MOST_STEPS:
        raise UploadError([f"has {len(rows)} steps: {MOST_STEPS} are the most, eight days in quarters of an hour"])
    return Clock(zone, UTC if in_utc else zone).steps(rows, whole_days=kind.is_price)


def odd(kind: SeriesKind, node: str, steps: Steps, site: Site, known: KnownSeries, now: datetime) -> list[str]:
    """What of an upload can be, but hardly is meant, a line each.

    Args:
        kind: of what.
        node: whose it is.
        steps: what was read.
        site: where.
        known: what was known of the site before.
        now: the present time.

    Raises:
        SiteError: there is no such node.
    """
    branch = site.branch(node)
    if kind.is_price:
        values = [*_odd_prices(kind, steps, Worth(site, known), site.zone)]
    else:
        highest = max(steps, key=lambda step: abs(step.value))
        values = [*_too_high(highest, branch, site.zone), *_odd_signs(kind, steps, branch, known, site.zone)]
        if kind is SeriesKind.BASE_LOAD:
            values += _too_low(steps, branch)
    return [f"{kind}: {problem}" for problem in (*_odd_times(steps, site.zone, now), *values)]


def odd_measurement(kind: SeriesKind, node: str, at: datetime, kw: float, site: Site, known: KnownSeries) -> list[str]:
    """The same of a measurement. Below zero can be what flows in where there is solar power, and no more than that.

    Raises:
        SiteError: there is no such node.
    """
    branch = site.branch(node)
    step = Step(start=at, end=at, value=kw)
    problems = [*_too_high(step, branch, site.zone)]
    if -kw > HARDLY_ANY * branch.power_kw(branch.calendar.limits.base):
        if kind is SeriesKind.MEASURED_PV:
            problems.append(f"{kw:g} kW is below zero: what solar power gives is above zero")
        elif not _has_sun(site, known) and min(_told_kw(branch)) >= 0:
            problems.append(f"{kw:g} kW is below zero, and nothing is known that flows in: what is drawn is above zero")
    return [f"{kind.removeprefix('measured_')}: {problem}" for problem in problems]


def check_measured_at(at: datetime, now: datetime) -> None:
    """Refuse what a meter tells of a wrong time.

    Raises:
        UploadError: it is in the future, or long past.
    """
    if at > now + CLOCKS_APART:
        raise UploadError([f"at: is {(at - now).total_seconds():.0f} s ahead of our clock: set that of the meter"])
    if at < now - OLDEST_MEASURED:
        raise UploadError(["at: is more than a day ago: leave it out if it is measured now"])


class _Entry(Strict):
    start: Annotated[str, Field(max_length=40)]
    end: Annotated[str, Field(max_length=40)] | None = None
    value: Number | None = None
    price_per_kwh: Number | None = None
    kw: Number | None = None
    told: Annotated[str, Field(max_length=40)] | None = None
    """As it is shown of what was uploaded before; it counts as told now."""

    @model_validator(mode="after")
    def _one_value(self) -> Self:
        if len(self.values) != 1:
            raise WrongInput(["value: must be given once, as value, price_per_kwh or kw"])
        return self

    @property
    def values(self) -> list[float]:
        return [each for each in (self.value, self.price_per_kwh, self.kw) if each is not None]


class _Entries(RootModel[tuple[_Entry, ...]]):
    """A list in brackets."""


def _rows_of_json(text: bytes) -> list[Row]:
    entries = read(_Entries, text, UploadError).root
    return [Row(f"[{number}]", each.start, each.end, each.values[0]) for number, each in enumerate(entries)]


def _odd_times(steps: Steps, zone: tzinfo, now: datetime) -> Iterator[str]:
    if steps[-1].end <= now:
        yield f"it ends at {_local(steps[-1].end, zone)}, which is over: is the date right?"
    if steps[0].start > now + FAR_AHEAD:
        yield f"it begins at {_local(steps[0].start, zone)}, which is far ahead: is the date right?"


def _odd_prices(kind: SeriesKind, steps: Steps, worth: Worth, zone: tzinfo) -> Iterator[str]:
    present = worth.price if kind is SeriesKind.PRICE else worth.feed_in
    highest = max(steps, key=lambda step: abs(step.value))
    at = f"{highest.value:g} per kWh at {_local(highest.start, zone)}"
    known = max(abs(present(step.start) or 0.0) for step in steps)
    if abs(highest.value) > MOST_PER_KWH:
        yield f"{at} is very much: is it per MWh?"
    elif known and abs(highest.value) > FAR_OFF * known:
        yield f"{at} is {abs(highest.value) / known:.3g} times the {known:g} that was known: is it per MWh?"


def _too_low(steps: Steps, branch: Branch) -> Iterator[str]:
    """Base load that is hardly any, where the site's file tells of some."""
    told_kw, highest_kw = max(0.0, *_told_kw(branch)), max(step.value for step in steps)
    if highest_kw < told_kw / FAR_BELOW:
        told = f"the site's file tells {told_kw:g} kW of {branch.id}"
        yield f"it is no more than {highest_kw:g} kW, and {told}{': is it in MW?' if highest_kw > 0 else ''}"


def _odd_signs(kind: SeriesKind, steps: Steps, branch: Branch, known: KnownSeries, zone: tzinfo) -> Iterator[str]:
    """What is below zero, and would free what it was meant to take."""
    lowest = min(steps, key=lambda step: step.value)
    at = f"{lowest.value:g} kW at {_local(lowest.start, zone)}"
    if kind is SeriesKind.PV:
        if -lowest.value > max(0.0, *(step.value for step in steps)):
            yield f"{at} is below zero: what solar power gives is above zero"
        return
    before = [step.value for step in known.get((kind, branch.id), ())]
    deepest = min([0.0, *_told_kw(branch), *before])
    if lowest.value < FAR_DEEPER * deepest:
        yield f"{at} is below zero, so it flows in: what is drawn is above zero"


def _has_sun(site: Site, known: KnownSeries) -> bool:
    told = (known.get((kind, GRID)) for kind in (SeriesKind.PV, SeriesKind.MEASURED_PV))
    return site.pv_kw is not None or any(told)


def _told_kw(branch: Branch) -> list[float]:
    """What the site's file tells of each hour, if all phases were like the highest."""
    hours = ([branch.base_load_a(hour, phase) for phase in branch.phases] for hour in range(24))
    return [max(amperes, key=abs) * branch.voltage_v * len(branch.phases) / 1000 for amperes in hours]


def _too_high(step: Step, branch: Branch, zone: tzinfo) -> Iterator[str]:
    bears_kw = branch.power_kw(branch.calendar.limits.base)
    if bears_kw and abs(step.value) > FAR_ABOVE_LIMIT * bears_kw:
        times = abs(step.value) / bears_kw
        at = f"{step.value:g} kW at {_local(step.start, zone)}"
        yield f"{at} is {times:.3g} times the {bears_kw:g} kW that {branch.id} bears: is it in W?"


def _local(moment: datetime, zone: tzinfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"
