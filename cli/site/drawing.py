"""The picture of a site: what flowed and is planned to flow on each phase of a node, what it bears, and prices below.

Needs matplotlib, which the platform does not.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ocpi.energy.history import History
from ocpi.energy.planned import Planned
from ocpi.energy.scale import top_of
from ocpi.sites.phases import Phase
from ocpi.sites.site import Branch

type Floats = NDArray[np.float64]
type Times = NDArray[np.datetime64]

_LIMIT = "#b3261e"
_OTHERS = "#c9c9c9"
_SESSIONS = "#1f6f8b"
_PRICE = "#333333"
_PV = "#c8a43c"
_INK = "#333333"


@dataclass(frozen=True, eq=False)
class Stretch:
    """The curves of a node, a value for each step; NaN is unknown. `edges` has one time more.

    Currents are in ampere by phase, `pv_kw` in kW.
    """

    edges: Times
    limit_a: Mapping[Phase, Floats]
    base_a: Mapping[Phase, Floats]
    sessions_a: Mapping[Phase, Floats]
    price_per_kwh: Floats
    pv_kw: Floats


def stretch_of(told: History | Planned, branch: Branch) -> Stretch | None:
    """What was drawn at a node, or is planned; None if nothing is known of it."""
    lines = told.nodes.get(branch.id)
    if lines is None or not told.times:
        return None

    def by_phase(values: Mapping[Phase, Sequence[float | None]]) -> dict[Phase, Floats]:
        return {phase: _floats(values[phase]) for phase in branch.phases}

    return Stretch(
        edges=_naive(*told.times, told.times[-1] + timedelta(seconds=told.step_s)),
        limit_a=by_phase(lines.limit_a),
        base_a=by_phase(lines.base_a),
        sessions_a=by_phase(lines.ev_a),
        price_per_kwh=_floats(told.price_per_kwh),
        pv_kw=_floats(told.pv_kw),
    )


def draw(past: Stretch | None, planned: Stretch, now: datetime, picture: Path, zone: ZoneInfo, title: str) -> None:
    """Draw a node as a PNG, in local time.

    Args:
        past: what was.
        planned: what is to be.
        now: where the one ends and the other begins.
        picture: where to write the PNG.
        zone: the site's time zone.
        title: what it is.

    Raises:
        OSError: the file cannot be written.
    """
    with mpl.rc_context({"date.converter": "concise", "timezone": zone.key}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # a letter that the font lacks is drawn as a box
        figure = _figure(past, planned, _naive(now)[0])
        figure.suptitle(_plain(title), x=0.01, ha="left", fontsize=14, fontweight="bold", color=_INK)
        figure.supxlabel(f"Local time ({zone.key})", fontsize=10, color=_INK)
        figure.savefig(picture, format="png")


def _figure(past: Stretch | None, planned: Stretch, now: np.datetime64) -> Figure:
    phases = list(planned.limit_a)
    height = len(phases) + 1
    figure = Figure(figsize=(12, 1.6 + 2.2 * height), dpi=120, layout="constrained")
    *panels, worth = figure.subplots(height, 1, sharex=True, squeeze=False)[:, 0]
    shown: dict[str, Artist] = {}
    top_a = _top_a([stretch for stretch in (past, planned) if stretch])
    for axes, phase in zip(panels, phases, strict=True):
        for stretch, faint in ((past, False), (planned, True)):
            if stretch:
                shown |= _draw_load(axes, stretch, phase, faint=faint)
        axes.set_ylim(0.0, top_a)
        axes.set_ylabel(f"A on {phase}", color=_INK)
    solar = worth.twinx() if any(np.nan_to_num(stretch.pv_kw).any() for stretch in (past, planned) if stretch) else None
    for stretch in filter(None, (past, planned)):
        shown |= _draw_worth(worth, solar, stretch)
    for axes in (*panels, worth):
        axes.axvline(now, color=_INK, linewidth=1.0)
        _frame(axes)
    worth.set_xlim((past or planned).edges[0], planned.edges[-1])
    figure.legend(shown.values(), shown, loc="outside right upper", frameon=False, labelcolor=_INK)
    return figure


def _top_a(stretches: Sequence[Stretch]) -> float:
    """Where all phases end: all loads are seen, and the limits that are about as high."""
    each = [(stretch, phase) for stretch in stretches for phase in stretch.limit_a]
    loads = (float(_stacked(one, phase)[1].max(initial=0.0)) for one, phase in each)
    limits = (float(limit) for one, phase in each for limit in one.limit_a[phase] if not np.isnan(limit))
    return 1.08 * top_of(loads, limits) or 1.0


def _draw_load(axes: Axes, stretch: Stretch, phase: Phase, *, faint: bool) -> dict[str, Artist]:
    """Draw what flows on a phase, paler where it is only planned; what a legend needs, by name."""
    alpha = 0.55 if faint else 1.0
    others, top = _stacked(stretch, phase)
    dashes = (0, (5, 2))
    return {
        "Limit": axes.stairs(
            stretch.limit_a[phase], stretch.edges, baseline=None, color=_LIMIT, linewidth=1.8, linestyle=dashes
        ),
        "Sessions, planned" if faint else "Sessions": axes.stairs(
            top, stretch.edges, baseline=others, fill=True, color=_SESSIONS, alpha=alpha
        ),
        "Other loads": axes.stairs(others, stretch.edges, fill=True, color=_OTHERS, alpha=alpha),
    }


def _stacked(stretch: Stretch, phase: Phase) -> tuple[Floats, Floats]:
    """What others draw, and sessions on top of it."""
    others = np.clip(np.nan_to_num(stretch.base_a[phase]), 0.0, None)
    return others, others + np.nan_to_num(stretch.sessions_a[phase])


def _draw_worth(axes: Axes, solar: Axes | None, stretch: Stretch) -> dict[str, Artist]:
    axes.set_ylabel("Price per kWh", color=_INK)
    price = axes.stairs(stretch.price_per_kwh, stretch.edges, baseline=None, color=_PRICE, linewidth=1.6)
    if solar is None:
        return {"Price": price}
    solar.set_ylabel("Solar power, kW", color=_INK)
    solar.tick_params(colors=_INK)
    power = solar.stairs(np.nan_to_num(stretch.pv_kw), stretch.edges, baseline=None, color=_PV, linewidth=1.6)
    return {"Price": price, "Solar power": power}


def _frame(axes: Axes) -> None:
    axes.tick_params(colors=_INK)
    axes.grid(axis="y", color="#e3e3e3", linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _floats(values: Sequence[float | None]) -> Floats:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _naive(*moments: datetime) -> Times:
    """As matplotlib takes times: in UTC, without saying so."""
    return np.array([moment.astimezone(UTC).replace(tzinfo=None) for moment in moments], dtype="datetime64[s]")


def _plain(text: str) -> str:
    """A name as it is: a dollar begins no formula."""
    return text.replace("$", r"\$")
