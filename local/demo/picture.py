"""The picture of the day: the site's load with control and without, and the limit."""

import csv
import math
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from numpy.typing import NDArray

CONTROLLED = "#1f6f8b"
UNCONTROLLED = "#d9822b"
LIMIT = "#b3261e"
INK = "#333333"


def draw(load_csv: Path, picture: Path, zone: ZoneInfo, title: str, subtitle: str) -> None:
    """Draw the table of :func:`local.cpo.report.write_load` as a PNG, in local time.

    Args:
        load_csv: the load, minute by minute.
        picture: where to write the PNG.
        zone: the site's time zone.
        title: what it is.
        subtitle: what to see in it.
    """
    mpl.use("Agg")
    with load_csv.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    start = datetime.fromisoformat(rows[0]["time"])
    hours = np.array([(datetime.fromisoformat(row["time"]) - start) / timedelta(hours=1) for row in rows])
    limit, load, free = (
        np.array([float(row[name]) for row in rows]) for name in ("limit_kw", "load_kw", "uncontrolled_kw")
    )
    figure, axes = plt.subplots(figsize=(12, 6), dpi=150, layout="constrained")
    _curves(axes, hours, limit, load, free)
    axes.set_ylim(0, max(free.max(), limit.max(), load.max()) * 1.12)
    _time_axis(axes, start, zone, _first_hour(hours, load + free), float(hours[-1]))
    _frame(axes)
    axes.set_title(title, loc="left", fontsize=15, fontweight="bold", color=INK, pad=28)
    axes.text(0, 1.03, subtitle, transform=axes.transAxes, fontsize=10.5, color="#666666")
    figure.savefig(picture)
    plt.close(figure)


type Curve = NDArray[np.float64]


def _curves(axes: Axes, hours: Curve, limit: Curve, load: Curve, free: Curve) -> None:
    axes.fill_between(hours, limit, free, where=(free > limit).tolist(), color=UNCONTROLLED, alpha=0.15, linewidth=0)
    axes.plot(hours, free, color=UNCONTROLLED, linewidth=1.3, label="Without control")
    axes.fill_between(hours, load, color=CONTROLLED, alpha=0.25, linewidth=0)
    axes.plot(hours, load, color=CONTROLLED, linewidth=1.8, label="With control, over OCPI")
    axes.step(hours, limit, where="post", color=LIMIT, linewidth=1.8, linestyle=(0, (5, 2)), label="Grid limit")


def _time_axis(axes: Axes, start: datetime, zone: ZoneInfo, first: float, last: float) -> None:
    """Full local hours, about a dozen of them; the day's name where one begins."""
    axes.set_xlim(first, last)
    every = next(step for step in (1, 2, 3, 4, 6, 12, 24) if step >= min((last - first) / 14, 24))
    moments = [(start + timedelta(hours=hour)).astimezone(zone) for hour in range(int(first), int(last) + 1)]
    ticks = [moment for moment in moments if moment.hour % every == 0]
    axes.set_xticks(
        [(tick - start) / timedelta(hours=1) for tick in ticks],
        [f"{tick:%H:%M}\n{tick:%A}" if tick.hour < every else f"{tick:%H:%M}" for tick in ticks],
    )
    axes.set_xlabel(f"Local time ({zone.key})", color=INK)


def _frame(axes: Axes) -> None:
    axes.set_ylabel("Site load (kW)", color=INK)
    axes.tick_params(colors=INK)
    axes.grid(axis="y", color="#e3e3e3", linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.legend(loc="upper right", frameon=False, ncols=3, fontsize=10.5, labelcolor=INK)


def _first_hour(hours: Curve, load: Curve) -> float:
    """A full hour before anybody charges, so that no empty night fills the picture."""
    drawing = np.flatnonzero(load > 0)
    first = float(hours[drawing[0]]) if drawing.size else 0.0
    return max(0.0, math.floor(first - 0.5))
