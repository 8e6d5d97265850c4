"""The picture of a plan: what flows through each place of the limit tree, what it bears, and the price under it.

Needs matplotlib, which the platform does not.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from zoneinfo import ZoneInfo

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from optimizer.planning.problem import Floats, Line, Plan, Problem
from optimizer.planning.tree import Rows, Supply, rows_of, weights_of_kw

Times = NDArray[np.datetime64]
Ints = NDArray[np.int64]

MOST_PLACES = 6
"""How many places are drawn at most: the grid connection, and those that come closest to their limits."""
MOST_SESSIONS = 12
"""How many sessions have a colour of their own; of more, only the sum is drawn."""

_LIMIT = "#b3261e"
_OTHERS = "#c9c9c9"
_BATTERY = "#7a9a5b"
_SUM = "#1f6f8b"
_INK = "#333333"


@dataclass(frozen=True, eq=False)
class _Place:
    """A node at the line that comes closest to its limit; (steps,) each.

    `row` is the number of the fullest row: where currents are vectors, a line has several.
    """

    node: str
    line: Line
    limit: Floats
    others: Floats
    battery: Floats
    sessions: Floats
    row: Ints

    @property
    def load(self) -> Floats:
        """All together."""
        return self.others + self.battery + self.sessions

    @property
    def fullness(self) -> float:
        """The highest load, as a part of the limit."""
        return float((self.load / np.maximum(self.limit, 1e-9)).max())


@dataclass(frozen=True)
class _Layer:
    name: str
    colour: str | tuple[float, float, float, float]
    amount: Floats


def draw(problem: Problem, plan: Plan, picture: Path, zone: ZoneInfo, title: str) -> None:
    """Draw a plan as a PNG, in local time.

    Args:
        problem: what the plan is for.
        plan: what to draw.
        picture: where to write the PNG.
        zone: the site's time zone.
        title: what it is.

    Raises:
        OSError: the file cannot be written.
    """
    with mpl.rc_context({"date.converter": "concise", "timezone": zone.key}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # a letter that the font lacks is drawn as a box
        figure = _figure(problem, plan)
        figure.suptitle(_plain(title), x=0.01, ha="left", fontsize=14, fontweight="bold", color=_INK)
        figure.supxlabel(f"Local time ({zone.key})", fontsize=10, color=_INK)
        figure.savefig(picture, format="png")


def _figure(problem: Problem, plan: Plan) -> Figure:
    rows = rows_of(problem)
    places = _shown(_places(problem, plan, rows))
    height = len(places) + 1
    figure = Figure(figsize=(12, 1.6 + 2.2 * height), dpi=120, layout="constrained")
    *panels, prices = figure.subplots(height, 1, sharex=True, squeeze=False)[:, 0]
    edges = np.array([start.astimezone(UTC).replace(tzinfo=None) for start in problem.starts], dtype="datetime64[s]")
    shown: dict[str, Artist] = {}
    for axes, place in zip(panels, places, strict=True):
        shown |= _draw_place(axes, edges, place, _layers(place, problem, plan, rows))
    _draw_prices(prices, edges, problem)
    for axes in (*panels, prices):
        _frame(axes)
    prices.set_xlim(edges[0], edges[-1])
    names = sorted(shown, key=lambda name: name in {"Load", "Limit"})  # last; the others as they came
    figure.legend(
        [shown[name] for name in names],
        [_plain(name) for name in names],
        loc="outside right upper",
        frameon=False,
        labelcolor=_INK,
    )
    return figure


def _places(problem: Problem, plan: Plan, rows: Rows) -> list[_Place]:
    """Each node that has a limit, at the line that comes closest to it."""
    supply = Supply(problem.wiring, problem.voltage_v, problem.phases)
    limits = {node.id: (node.limit_a, node.limit_kw) for node in problem.nodes}
    sessions, battery = rows.weights @ plan.rates, np.zeros(rows.room.shape)
    if problem.battery and plan.battery_kw is not None:
        battery = np.outer(weights_of_kw(problem, problem.battery.node, rows.rows), plan.battery_kw)
    places: dict[str, _Place] = {}
    steps = np.arange(len(problem.step_seconds))
    for (id_, line), numbers in _lines(rows).items():
        by_phase, kw = limits[id_]
        limit = kw if line == "kW" else by_phase[line]
        assert limit is not None  # noqa: S101 - it has rows
        _, part = next(supply.rows(id_, line))
        others = limit - rows.room[numbers[0]] / part + rows.over[numbers[0]]
        row = numbers[(sessions[numbers] + battery[numbers]).argmax(axis=0)]
        place = _Place(id_, line, limit, others, battery[row, steps], sessions[row, steps], row)
        places[id_] = max(places.get(id_, place), place, key=lambda each: each.fullness)
    return list(places.values())


def _lines(rows: Rows) -> dict[tuple[str, Line], Ints]:
    """The numbers of the rows of each line of each node."""
    lines: dict[tuple[str, Line], list[int]] = {}
    for number, row in enumerate(rows.rows):
        lines.setdefault((row.node, row.line), []).append(number)
    return {line: np.array(numbers) for line, numbers in lines.items()}


def _shown(places: Sequence[_Place]) -> list[_Place]:
    """The first, which is nearest to the grid, and the fullest of the others, in their order."""
    fullest = sorted(places[1:], key=lambda each: each.fullness, reverse=True)[: MOST_PLACES - 1]
    return [place for place in places if place is places[0] or place in fullest]


def _layers(place: _Place, problem: Problem, plan: Plan, rows: Rows) -> list[_Layer]:
    """What is stacked, the lowest first."""
    layers = [
        _Layer("Other loads", _OTHERS, np.clip(place.others, 0.0, None)),
        _Layer("Battery, charging", _BATTERY, np.clip(place.battery, 0.0, None)),
    ]
    if len(problem.vehicles) <= MOST_SESSIONS:
        colours = mpl.colormaps["tab20"].resampled(MOST_SESSIONS)
        drawn = rows.weights[place.row].T * plan.rates
        layers += [_Layer(each.id, colours(number), drawn[number]) for number, each in enumerate(problem.vehicles)]
    else:
        layers.append(_Layer("Sessions", _SUM, place.sessions))
    return [layer for layer in layers if layer.amount.any()]


def _draw_place(axes: Axes, edges: Times, place: _Place, layers: Sequence[_Layer]) -> dict[str, Artist]:
    """Draw a place; what a legend needs, by name."""
    shown: dict[str, Artist] = {}
    top = np.zeros(place.limit.shape)
    for layer in layers:
        shown[layer.name] = axes.stairs(top + layer.amount, edges, baseline=top, fill=True, color=layer.colour)
        top = top + layer.amount
    shown["Load"] = axes.stairs(place.load, edges, baseline=None, color=_INK, linewidth=1.2)
    dashes = (0, (5, 2))
    shown["Limit"] = axes.stairs(place.limit, edges, baseline=None, color=_LIMIT, linewidth=1.8, linestyle=dashes)
    axes.set_ylim(min(0.0, float(place.load.min())), max(1.0, float(place.limit.max()), float(top.max())) * 1.08)
    axes.set_ylabel("kW" if place.line == "kW" else f"A on {place.line}", color=_INK)
    axes.set_title(_plain(place.node), loc="left", fontsize=11, color=_INK)
    return shown


def _draw_prices(axes: Axes, edges: Times, problem: Problem) -> None:
    if problem.prices:
        axes.stairs(problem.prices.import_per_kwh, edges, baseline=None, color=_SUM, linewidth=1.6)
    axes.set_ylabel("Price per kWh", color=_INK)


def _frame(axes: Axes) -> None:
    axes.tick_params(colors=_INK)
    axes.grid(axis="y", color="#e3e3e3", linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _plain(text: str) -> str:
    """A name as it is: a dollar begins no formula."""
    return text.replace("$", r"\$")
