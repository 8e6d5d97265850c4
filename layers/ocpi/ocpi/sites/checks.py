"""What cannot be true of a site as a whole: each wrong place by its path, with what to do about it."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from ocpi.sites.limits import LimitPeriod, Limits
from ocpi.sites.nodes import GRID
from ocpi.sites.phases import Phase
from ocpi.types.primitives import format_datetime

if TYPE_CHECKING:
    from ocpi.sites.site import Limited, Site


def problems_of_limited(place: str, limited: "Limited", phases: Sequence[Phase], whose: str) -> Iterator[str]:
    """What is wrong with limits and base load; `place` is their path, `whose` names what has the phases."""
    known = ", ".join(phases)
    if isinstance(limited.limits, Limits):
        parts = [(f"limits.{path}", limit) for path, limit in limited.limits.parts()]
    else:
        yield from (f"{place}{problem}" for problem in _problems_in_time(limited.limits))
        parts = [(f"limits[{number}]", period) for number, period in enumerate(limited.limits)]
    for path, limit in parts:
        if limit.limit_a is None:
            continue
        for phase in phases:
            if phase not in limit.limit_a:
                yield f"{place}{path}.limit_a.{phase}: missing: give every phase ({known})"
        for phase in limit.limit_a:
            if phase not in phases:
                yield f"{place}{path}.limit_a.{phase}: the {whose} has no such phase ({known})"
    for phase in limited.base_load_a or ():
        if phase not in phases:
            yield f"{place}base_load_a.{phase}: the {whose} has no such phase ({known})"


def _problems_in_time(limits: Sequence[LimitPeriod]) -> Iterator[str]:
    if not limits:
        yield "limits: must not be empty: give at least one period"
        return
    if limits[0].start is not None:
        yield "limits[0].start: the first period holds from ever: leave its start out"
    for number, (before, this) in enumerate(pairwise(limits), start=1):
        if before.end is None:
            yield f"limits[{number - 1}].end: missing: only the last period may be without an end"
        if this.start is None:
            yield f"limits[{number}].start: missing: only the first period may be without a start"
        if before.end and this.start and before.end != this.start:
            what = "gap" if before.end < this.start else "overlap"
            yield (
                f"limits[{number}].start: {what}: the period before ends {format_datetime(before.end)}, "
                f"this one starts {format_datetime(this.start)}: make them equal"
            )
    if limits[-1].end is not None:
        yield f"limits[{len(limits) - 1}].end: the last period holds for ever: leave its end out"


def problems_of_feeders(site: "Site") -> Iterator[str]:
    """What is wrong with the tree of feeders, and with each of them."""
    first: dict[str, int] = {}
    for number, feeder in enumerate(site.feeders):
        earlier = first.setdefault(feeder.id, number)
        if feeder.id == GRID:
            yield f"feeders[{number}].id: {GRID!r} is the grid connection: choose another"
        elif earlier != number:
            yield f"feeders[{number}].id: {feeder.id!r} is already feeders[{earlier}]: keep one"
    parents = {feeder.id: feeder.parent or GRID for feeder in site.feeders}
    phases = phases_of_feeders(site)
    for number, feeder in enumerate(site.feeders):
        place = f"feeders[{number}]."
        parent = parents[feeder.id]
        if parent != GRID and parent not in parents:
            yield f"{place}parent: there is no feeder {parent!r}: {_known_feeders(site)}"
        if feeder.id in _above(feeder.id, parents):
            yield f"{place}parent: {feeder.id!r} is before itself, by way of {parent!r}: one must hang on the grid"
        of_parent = phases.get(parent, site.phases)
        for phase in feeder.phases or ():
            if phase not in of_parent:
                yield f"{place}phases: {phase} does not come from {parent!r} ({', '.join(of_parent)})"
        yield from problems_of_limited(place, feeder, phases[feeder.id], "feeder")


def _above(id_: str, parents: Mapping[str, str]) -> list[str]:
    """The feeders before a feeder, nearest first, until there is none, or one comes again."""
    above: list[str] = []
    parent = parents[id_]
    while parent in parents and parent not in above:
        above.append(parent)
        parent = parents[parent]
    return above


def phases_of_feeders(site: "Site") -> dict[str, tuple[Phase, ...]]:
    """The phases of each feeder: its own, or those of the nearest before it that says."""
    own = {feeder.id: feeder.phases for feeder in site.feeders}
    parents = {feeder.id: feeder.parent or GRID for feeder in site.feeders}
    return {
        id_: next((phases for each in (id_, *_above(id_, parents)) if (phases := own[each])), site.phases)
        for id_ in own
    }


def problems_of_evses(site: "Site") -> Iterator[str]:
    """What is wrong with EVSEs: told twice, or where there is no such feeder or phase."""
    first: dict[str, int] = {}
    phases = {GRID: site.phases, **phases_of_feeders(site)}
    for number, evse in enumerate(site.evses):
        earlier = first.setdefault(evse.evse_uid.lower(), number)
        if earlier != number:
            yield f"evses[{number}].evse_uid: {evse.evse_uid!r} is already evses[{earlier}]: keep one"
        feeder = evse.feeder or GRID
        if feeder not in phases:
            yield f"evses[{number}].feeder: there is no feeder {feeder!r}: {_known_feeders(site)}"
        known = phases.get(feeder, site.phases)
        for phase in evse.phases or ():
            if phase not in known:
                whose = "site" if feeder == GRID else f"feeder {feeder}"
                yield f"evses[{number}].phases: the {whose} has no phase {phase} ({', '.join(known)})"


def _known_feeders(site: "Site") -> str:
    return f"use one of {', '.join((GRID, *(feeder.id for feeder in site.feeders)))}"
