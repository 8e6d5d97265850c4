"""The picture of a comparison: how much of the demand each policy met, and the load of its fullest days.

Needs matplotlib, which the platform does not.
"""

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from optimizer.offline.comparison import OFFLINE, Comparison
from optimizer.offline.policies import PolicyName
from optimizer.planning.problem import Floats

DAYS = 5
"""How many days in a row the load is drawn of: those in which the most is drawn."""

_COLOURS = {
    OFFLINE: "#333333",
    PolicyName.LP: "#1f6f8b",
    PolicyName.EDF: "#7a9a5b",
    PolicyName.LLF: "#8e6bbf",
    PolicyName.ROUND_ROBIN: "#c8a43c",
    PolicyName.UNCONTROLLED: "#d9822b",
}
_LIMIT = "#b3261e"
_INK = "#333333"


def draw(comparison: Comparison, picture: Path, title: str) -> None:
    """Draw a comparison as a PNG.

    Raises:
        OSError: the file cannot be written.
    """
    mpl.use("Agg")
    figure = Figure(figsize=(12, 8), dpi=150, layout="constrained")
    bars, load = figure.subplots(2, 1, height_ratios=(max(len(comparison.tried), 2), 8))
    _draw_demand(bars, comparison)
    _draw_load(load, comparison)
    for axes in (bars, load):
        axes.tick_params(colors=_INK)
        axes.set_axisbelow(True)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
    bars.set_title(title, loc="left", fontsize=15, fontweight="bold", color=_INK)
    figure.savefig(picture, format="png")


def _draw_demand(axes: Axes, comparison: Comparison) -> None:
    tried = comparison.tried[::-1]
    met = [each.score.demand_met_pct for each in tried]
    bars = axes.barh([each.name for each in tried], met, color=[_COLOURS[each.name] for each in tried], alpha=0.85)
    told = [
        f"{each.score.demand_met_pct:.2f} %"
        + (f", {each.score.intervals_over_limit} steps over a limit" if each.score.intervals_over_limit else "")
        for each in tried
    ]
    axes.bar_label(bars, told, padding=4, color=_INK)
    axes.set_xlim(0, 130)  # beside the longest bar there is room for words
    axes.set_xticks(range(0, 101, 20))
    axes.set_xlabel(f"Demand met (%), beliefs: {comparison.beliefs}", color=_INK)
    axes.grid(axis="x", color="#e3e3e3", linewidth=0.8)


def _draw_load(axes: Axes, comparison: Comparison) -> None:
    garage = comparison.garage
    steps_a_day = 86_400 // garage.step_s
    first = _fullest(comparison.tried[0].load_kw, DAYS * steps_a_day, steps_a_day)
    shown = slice(first, min(first + DAYS * steps_a_day, garage.steps))
    hours = (np.arange(shown.start, shown.stop) - first) * garage.step_s / 3600
    for each in comparison.tried:
        thick = 2.0 if each.name == PolicyName.LP else 1.0
        axes.step(hours, each.load_kw[shown], where="post", color=_COLOURS[each.name], linewidth=thick, label=each.name)
    root = next(node for node in garage.nodes if node.parent is None)
    limit = root.limit_kw
    if limit is None and root.limit_a:
        limit = np.minimum.reduce(list(root.limit_a.values())) * garage.supply.kw_per_line_a()
    if limit is not None:
        axes.step(hours, limit[shown], where="post", color=_LIMIT, linewidth=1.6, linestyle=(0, (5, 2)), label="limit")
    days = range((shown.stop - shown.start) // steps_a_day + 1)
    axes.set_xticks(
        [24 * day for day in days],
        [f"{garage.time_of(first + day * steps_a_day).astimezone(comparison.zone):%a %Y-%m-%d}" for day in days],
    )
    axes.set_ylabel("Load of all cars (kW)", color=_INK)
    axes.grid(axis="y", color="#e3e3e3", linewidth=0.8)
    axes.legend(loc="upper right", frameon=False, ncols=4, labelcolor=_INK)


def _fullest(load_kw: Floats, length: int, every: int) -> int:
    """Where the stretch of that length begins in which the most is drawn."""
    starts = range(0, max(load_kw.size - length, 0) + 1, every)
    return max(starts, key=lambda start: float(load_kw[start : start + length].sum()))
