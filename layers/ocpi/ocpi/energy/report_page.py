"""The monthly report as a page of HTML: report.html.jinja, with its charts drawn as SVG.

Only who makes a page imports this: the template library takes as long to load as all else of a function.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil, floor, log10
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ocpi.energy.report import Day, Point, Report
from ocpi.energy.savings import QUARTER
from ocpi.energy.scale import top_of
from ocpi.sites.record import EventKind

_WIDTH, _HEIGHT = 720.0, 240.0
_LEFT, _BOTTOM, _TOP = 48.0, 28.0, 8.0
_HALF_A_LABEL = 18.0
"""Of an hour, which may stand beneath the very end."""
_TICKS = 5

_TROUBLE = {
    EventKind.OVERLOAD: "times others than sessions drew more than a limit bears",
    EventKind.REFUSED: "times an EVSE did not take its profile",
    EventKind.NO_PLAN: "times no plan could be made, and nothing was sent",
    EventKind.FALLBACK_PLAN: "times a plan was made without the solver",
    EventKind.LEFT_SHORT: "times a vehicle left without what it needed",
}


@dataclass(frozen=True)
class Tick:
    """A labelled place on an axis."""

    at: float
    label: str


@dataclass(frozen=True)
class Bar:
    """A bar of a chart."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Chart:
    """A chart in SVG units; a line is the `d` of a path, None where there is nothing to draw."""

    width: float
    height: float
    left: float
    bottom: float
    x: Sequence[Tick]
    y: Sequence[Tick]
    limit: str
    uncontrolled: str | None
    charged: str | None = None
    bars: Sequence[Bar] = ()


def page(report: Report) -> str:
    """The page; what people have written is escaped."""
    zone = ZoneInfo(report.time_zone)
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": _number,
        "difference": _difference,
        "local": lambda moment: _local(moment, zone),
        "minutes": _minutes,
    }
    return environment.get_template("report.html.jinja").render(
        report=report,
        savings=report.savings,
        days=_chart_of_days(report.days),
        busiest=_chart_of_day(report.busiest, zone),
        trouble=[(count, _TROUBLE[EventKind(kind)]) for kind, count in report.trouble.items()],
    )


def _number(value: float | None, unit: str = "", digits: int = 1) -> str:
    """A number with its unit, or a dash; no line ends between them."""
    if value is None:
        return "–"
    text = f"{value:,.{digits}f}".replace(",", "\N{NARROW NO-BREAK SPACE}").replace("-", "−")
    return f"{text}\N{NO-BREAK SPACE}{unit}" if unit else text


def _difference(saved: float | None, unit: str = "", digits: int = 1) -> str:
    """What control has saved, in words: below zero it made it more."""
    if saved is None:
        return "–"
    return f"{_number(abs(saved), unit, digits)} {'less' if saved >= 0 else 'more'}"


def _local(moment: datetime | None, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M") if moment else "–"


def _minutes(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    return _number(seconds, "s", 0) if seconds < 120 else _number(seconds / 60, "min", 0)


def _chart_of_day(points: Sequence[Point], zone: ZoneInfo) -> Chart | None:
    """The lines of a day, by the clocks of its zone; they end where nothing is on record."""
    if not points:
        return None
    begins, ends = points[0].start, points[-1].start + QUARTER
    loads = (kw for each in points for kw in (each.charged_kw, each.uncontrolled_kw))
    scale = _Scale(top_of(loads, (each.limit_kw for each in points)))
    right = _WIDTH - _HALF_A_LABEL
    on_record = {point.start for point in points}

    def x(moment: datetime) -> float:
        return _LEFT + (right - _LEFT) * ((moment - begins) / (ends - begins))

    def steps(values: Sequence[float]) -> str:
        return " ".join(
            f"{'L' if point.start - QUARTER in on_record else 'M'}{x(point.start):.1f},{scale.y(kw):.1f}"
            f" H{x(point.start + QUARTER):.1f}"
            for point, kw in zip(points, values, strict=True)
        )

    hours = [point.start for point in points if point.start.astimezone(zone).strftime("%M") == "00"]
    shown = [hour for hour in hours if hour.astimezone(zone).hour % 3 == 0]
    return Chart(
        width=_WIDTH,
        height=_HEIGHT,
        left=_LEFT,
        bottom=_HEIGHT - _BOTTOM,
        x=[Tick(x(hour), hour.astimezone(zone).strftime("%H:%M")) for hour in shown],
        y=list(scale.ticks()),
        limit=steps([each.limit_kw for each in points]),
        uncontrolled=steps([each.uncontrolled_kw for each in points]),
        charged=steps([each.charged_kw for each in points]),
    )


def _chart_of_days(days: Sequence[Day]) -> Chart | None:
    """A bar a day, with what would have been uncontrolled and the limit as lines above it."""
    if not days:
        return None
    peaks = (kw for each in days for kw in (each.peak_kw, each.uncontrolled_peak_kw))
    scale = _Scale(top_of(peaks, (each.limit_kw for each in days)))
    width = (_WIDTH - _LEFT) / len(days)

    def dashes(values: Sequence[float]) -> str:
        return " ".join(
            f"M{_LEFT + number * width:.1f},{scale.y(kw):.1f} h{width:.1f}" for number, kw in enumerate(values)
        )

    every = ceil(len(days) / 16)
    return Chart(
        width=_WIDTH,
        height=_HEIGHT,
        left=_LEFT,
        bottom=_HEIGHT - _BOTTOM,
        x=[
            Tick(_LEFT + (number + 0.5) * width, f"{int(each.day[-2:])}")
            for number, each in enumerate(days)
            if number % every == 0
        ],
        y=list(scale.ticks()),
        limit=dashes([each.limit_kw for each in days]),
        uncontrolled=dashes([each.uncontrolled_peak_kw for each in days]),
        bars=[
            Bar(
                x=round(_LEFT + (number + 0.15) * width, 1),
                y=round(scale.y(each.peak_kw), 1),
                width=round(width * 0.7, 1),
                height=round(scale.y(0.0) - scale.y(each.peak_kw), 1),
            )
            for number, each in enumerate(days)
        ],
    )


class _Scale:
    """Where powers from 0 to a bit more than the highest lie; what is far above it is out of the picture."""

    def __init__(self, highest_kw: float) -> None:
        rough = max(highest_kw, 1.0) / _TICKS
        power = 10.0 ** floor(log10(rough))
        self._step = next(power * each for each in (1, 2, 5, 10) if power * each >= rough)
        self._top = self._step * ceil(max(highest_kw, 1.0) / self._step * 1.0001)

    def y(self, kw: float) -> float:
        """From the top; what flows out lies on the floor."""
        return _TOP + (_HEIGHT - _BOTTOM - _TOP) * (1 - max(kw, 0.0) / self._top)

    def ticks(self) -> Iterator[Tick]:
        """Round powers."""
        for number in range(round(self._top / self._step) + 1):
            yield Tick(self.y(number * self._step), f"{number * self._step:g}")
