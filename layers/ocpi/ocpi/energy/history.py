"""What was drawn at a site, as curves and as a table for spreadsheets."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from statistics import fmean

from pydantic import BaseModel, ConfigDict

from ocpi.sites.phases import PHASES, Phase
from ocpi.sites.record import LoadSlot, NodeLoad
from ocpi.types.primitives import DateTime, format_datetime

STEPS_S = (300, 900, 3600)

type Curves = Mapping[Phase, tuple[float | None, ...]]
"""In ampere by phase, a number for each step; None: unknown."""


class PastNode(BaseModel):
    """The curves of the grid connection or a feeder: the lowest limit, the mean of base load and of what sessions drew,
    and the most that both together were allowed."""

    model_config = ConfigDict(frozen=True)

    limit_a: Curves
    base_a: Curves
    ev_a: Curves
    allowed_a: Curves


class History(BaseModel):
    """Curves with a number for each of the steps, which begin at `times`; steps of which nothing is known are None."""

    model_config = ConfigDict(frozen=True)

    step_s: int
    times: tuple[DateTime, ...]
    nodes: Mapping[str, PastNode]
    price_per_kwh: tuple[float | None, ...]
    pv_kw: tuple[float | None, ...]
    sessions: tuple[int | None, ...]
    """The most at once."""


def history(slots: Sequence[LoadSlot], step_s: int, zone: tzinfo, metered_until: datetime | None = None) -> History:
    """What was drawn, in steps of so many seconds (:data:`STEPS_S`) by the clock at the site, from the first slot to
    the last.

    Args:
        slots: what is on record, oldest first.
        step_s: how long a step is.
        zone: of the site.
        metered_until: up to when meters have told what was drawn: of a step that ends later it is not known yet.

    Raises:
        ValueError: there are no such steps.
    """
    if step_s not in STEPS_S:
        raise ValueError(f"step: must be {', '.join(map(str, STEPS_S[:-1]))} or {STEPS_S[-1]} seconds, is {step_s}")
    by_step: dict[datetime, list[LoadSlot]] = {}
    for slot in slots:
        by_step.setdefault(_step_of(slot.start, step_s, zone), []).append(slot)
    times = _times(by_step, timedelta(seconds=step_s))
    steps = [by_step.get(moment, []) for moment in times]
    step = timedelta(seconds=step_s)
    metered = [metered_until is None or moment + step <= metered_until for moment in times]
    nodes = dict.fromkeys(node for slot in slots for node in slot.nodes)
    return History(
        step_s=step_s,
        times=tuple(times),
        nodes={node: _past(node, steps, metered) for node in nodes},
        price_per_kwh=tuple(_mean(slot.price_per_kwh for slot in each) for each in steps),
        pv_kw=tuple(_mean(slot.pv_kw for slot in each) for each in steps),
        sessions=tuple(max((slot.sessions for slot in each), default=None) for each in steps),
    )


def to_csv(past: History, zone: tzinfo) -> str:
    """The same as a table: a line for each step, with its local time and UTC, and units in the names of columns.

    Numbers have a point, columns are separated by commas; what is unknown is left empty.
    """
    curves = list(_columns(past))
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\r\n")
    table.writerow(["start_local", "start_utc", *(name for name, _ in curves)])
    for number, moment in enumerate(past.times):
        local = moment.astimezone(zone).isoformat(timespec="minutes")
        values = ("" if curve[number] is None else curve[number] for _, curve in curves)
        table.writerow([local, format_datetime(moment), *values])
    return text.getvalue()


def _columns(past: History) -> Iterator[tuple[str, Sequence[float | None]]]:
    """The names of columns and what is in them."""
    yield "price_per_kwh", past.price_per_kwh
    yield "pv_kw", past.pv_kw
    yield "sessions", past.sessions
    for id_, node in past.nodes.items():
        for what, curves in node:
            name = what.removesuffix("_a")
            yield from ((f"{id_}_{name}_{phase}_a", curve) for phase, curve in curves.items())


def _times(by_step: Iterable[datetime], step: timedelta) -> list[datetime]:
    """All steps from the first that is known to the last, also those between of which nothing is known."""
    known = sorted(by_step)
    if not known:
        return []
    return [known[0] + number * step for number in range((known[-1] - known[0]) // step + 1)]


def _step_of(moment: datetime, step_s: int, zone: tzinfo) -> datetime:
    """When the step began that a moment lies in; hours are those of the clock at the site, some of which are half an
    hour off UTC."""
    local = moment.astimezone(zone)
    passed = timedelta(minutes=local.minute, seconds=local.second) % timedelta(seconds=step_s)
    return (moment - passed).astimezone(UTC)


def _past(node: str, steps: Sequence[Sequence[LoadSlot]], metered: Sequence[bool]) -> PastNode:
    loads = [[slot.nodes[node] for slot in step if node in slot.nodes] for step in steps]
    told = [load if known else () for load, known in zip(loads, metered, strict=True)]
    return PastNode(
        limit_a=_curves(loads, lambda load: load.limit_a, _least),
        base_a=_curves(loads, lambda load: load.base_a, _mean),
        ev_a=_curves(loads, lambda load: load.ev_a, _mean, told),
        allowed_a=_curves(loads, lambda load: load.allowed_a, _most),
    )


def _curves(
    loads: Sequence[Sequence[NodeLoad]],
    of: Callable[[NodeLoad], Mapping[Phase, float]],
    choose: Callable[[Iterable[float | None]], float | None],
    told: Sequence[Sequence[NodeLoad]] | None = None,
) -> Curves:
    """`told` are those that are known; all if left out."""
    present = {phase for step in loads for load in step for phase in load.limit_a}
    return {
        phase: tuple(choose(of(load).get(phase) for load in step) for step in (loads if told is None else told))
        for phase in PHASES
        if phase in present
    }


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(fmean(known), 4) if known else None


def _least(values: Iterable[float | None]) -> float | None:
    return min((value for value in values if value is not None), default=None)


def _most(values: Iterable[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)
