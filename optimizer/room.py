"""What the limits of a site leave for its sessions: less base load, less room for newcomers.

All of it is series of steps over time (:class:`Schedule`), in ampere on a line of a branch. They say what holds hour by
hour for :data:`AHEAD`, then the worst for ever, so that what is issued is safe whatever becomes of us.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from ocpi.sites.limits import Timeline
from ocpi.sites.phases import Phase
from ocpi.sites.series import Worth
from ocpi.sites.site import GRID, Branch, Site, SiteEvse, base_load_a, below
from optimizer.history import History
from optimizer.profiles import Schedule

AHEAD = timedelta(hours=48)
"""How far ahead loads and newcomers count hour by hour."""

UNHEARD_OF = timedelta(minutes=2)
"""How long a car may draw before its profile is in force: room is kept for the newcomers of so long."""

_WEEK = timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class Evse:
    """Where an EVSE hangs, and what a car may draw there on each phase before its first profile."""

    node: str
    phases: tuple[Phase, ...]
    newcomer_a: float


@dataclass(frozen=True)
class Room:
    """What is left at each branch of a site from `now` (a whole second) on.

    `worth` tells the base load that counts. `evses` are those that are known. `others_a` is what a car may draw on each
    phase, before its first profile, at an EVSE that is not known; 0 where there is none.
    """

    site: Site
    worth: Worth
    history: History
    now: datetime
    evses: Sequence[Evse]
    others_a: float

    @cached_property
    def branches(self) -> tuple[Branch, ...]:
        """The grid connection first."""
        return self.site.branches()

    @cached_property
    def hours(self) -> list[tuple[datetime, int]]:
        """When an hour begins at the site, and which, for :data:`AHEAD`."""
        return list(self.site.hours(self.now, self._ahead))

    @cached_property
    def changes(self) -> list[datetime]:
        """When base load, PV or a price may change, for :data:`AHEAD`; `now` is the first."""
        return self.worth.changes(self.now, self._ahead)

    @cached_property
    def loads_a(self) -> dict[tuple[str, Phase], list[float]]:
        """What others draw right at each branch on each phase, at each of the `changes`; less than zero flows in."""
        return self._loads_at(self.changes)

    def limit(self, branch: Branch, phase: Phase) -> Schedule:
        """What sessions may draw together on a line when room is kept for newcomers, never below zero."""
        return _less(self.whole(branch, phase), self.reserve(branch, phase))

    def whole(self, branch: Branch, phase: Phase) -> Schedule:
        """What sessions may draw together on a line, newcomers too, never below zero."""
        steps = [(moment, limit[phase]) for moment, limit in self._limits[branch.id].steps]
        limit = Schedule((*steps, (self._ahead, self._later_limits[branch.id][phase])))
        return _less(limit, self._load(self._below[branch.id], phase))

    def base_load(self, branch: Branch, phase: Phase) -> Schedule:
        """What others draw right there."""
        return self._load([branch], phase)

    def reserve(self, branch: Branch, phase: Phase) -> Schedule:
        """What is kept free for newcomers: as many as may come before we have heard of them, each to another EVSE
        there, and to those where they may draw most.

        A taken EVSE counts like a free one: its car may leave now, and while its session still counts with little, or
        with nothing, the next one draws.
        """
        draws = sorted((place.newcomer_a for place in self.places(branch, phase)), reverse=True)
        others_a = self.others_a if branch.parent is None else 0.0
        return Schedule(
            tuple(
                (
                    moment,
                    sum(max(draw, others_a) for draw in draws[:newcomers]) + max(0, newcomers - len(draws)) * others_a,
                )
                for moment, newcomers in self._newcomers
            )
        )

    def places(self, branch: Branch, phase: Phase) -> list[Evse]:
        """The EVSEs whose vehicles may draw there."""
        nodes = {each.id for each in self._below[branch.id]}
        return [evse for evse in self.evses if evse.node in nodes and phase in evse.phases]

    @property
    def _ahead(self) -> datetime:
        return self.now + AHEAD

    @cached_property
    def _limits(self) -> dict[str, Timeline]:
        return {branch.id: branch.timeline(self.now, self._ahead) for branch in self.branches}

    @cached_property
    def _later_limits(self) -> dict[str, dict[Phase, float]]:
        """The lowest from then on, for ever."""
        return {branch.id: branch.limit(self._ahead) for branch in self.branches}

    @cached_property
    def _below(self) -> dict[str, list[Branch]]:
        return below(self.branches)

    @cached_property
    def _newcomers(self) -> list[tuple[datetime, int]]:
        """How many cars may come before we have heard of them, hour by hour, then for ever."""
        week = [(moment, self._arrivals(moment)) for moment, _ in self.site.hours(self.now, self.now + _WEEK)]
        return [*(each for each in week if each[0] < self._ahead), (self._ahead, max(count for _, count in week))]

    def _arrivals(self, moment: datetime) -> int:
        return max(self.site.arrival_headroom, self.history.newcomers(moment, UNHEARD_OF) or 0)

    def _load(self, branches: Sequence[Branch], phase: Phase) -> Schedule:
        ever = (base_load_a(branches, hour, phase) for hour in range(24))
        last = max(*ever, *_drawn(self._later_loads_a, branches, phase))
        steps = zip(self.changes, _drawn(self.loads_a, branches, phase), strict=True)
        return Schedule((*steps, (self._ahead, last)))

    @cached_property
    def _later_loads_a(self) -> dict[tuple[str, Phase], list[float]]:
        """The same at all changes after :data:`AHEAD` that somebody foresees."""
        until = self.worth.base_load_told_until()
        return self._loads_at(self.worth.changes(self._ahead, until) if until > self._ahead else [])

    def _loads_at(self, moments: Sequence[datetime]) -> dict[tuple[str, Phase], list[float]]:
        return {
            (branch.id, phase): [
                self.worth.base_load_a(branch, phase, moment) if phase in branch.phases else 0.0 for moment in moments
            ]
            for branch in self.branches
            for phase in self.site.phases
        }


def _drawn(
    loads_a: Mapping[tuple[str, Phase], Sequence[float]], branches: Sequence[Branch], phase: Phase
) -> list[float]:
    """What others draw at some branches together; what flows in at one makes no room for another."""
    there = (loads_a[branch.id, phase] for branch in branches)
    return [sum(max(0.0, load) for load in loads) for loads in zip(*there, strict=True)]


def _less(series: Schedule, other: Schedule) -> Schedule:
    """The one less the other at every moment, never below zero."""
    starts = sorted({*series.starts, *other.starts})
    return Schedule(tuple((start, max(0.0, series.at(start) - other.at(start))) for start in starts))


def evses(site: Site, newcomers_a: Mapping[str, float]) -> list[Evse]:
    """EVSEs with their place by the site's file; `newcomers_a` tells what a car may draw before its first profile, by
    EVSE uid in lower case."""
    placed = {evse.evse_uid.lower(): evse for evse in site.evses}
    phases = {branch.id: branch.phases for branch in site.branches()}

    def evse(uid: str) -> Evse:
        by_file = placed.get(uid, SiteEvse(evse_uid=uid))
        node = by_file.feeder or GRID
        return Evse(node, by_file.phases or phases[node], newcomers_a[uid])

    return [evse(uid) for uid in sorted(newcomers_a)]
