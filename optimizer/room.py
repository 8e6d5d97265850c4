"""What the limits of a site leave for its sessions: less base load, less room for newcomers.

All of it is series of steps over time (:class:`Schedule`), in ampere on a line of a branch. They say what holds hour by
hour for :data:`AHEAD`, then the worst for ever, so that what is issued is safe whatever becomes of us.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from optimizer.history import History
from optimizer.phases import Phase
from optimizer.profiles import Schedule
from optimizer.site import GRID, Branch, Site, SiteEvse, base_load_a, below

AHEAD = timedelta(hours=48)
"""How far ahead loads and newcomers count hour by hour."""

UNHEARD_OF = timedelta(minutes=2)
"""How long a car may draw before its profile is in force: room is kept for the newcomers of so long."""

_WEEK = timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class Evse:
    """Where an EVSE hangs, and until when it is believed to be taken (None: it is free)."""

    node: str
    phases: tuple[Phase, ...]
    taken_until: datetime | None = None


@dataclass(frozen=True)
class Room:
    """What is left at each branch of a site from `now` (a whole second) on.

    `evses` are those that are known; `all_known` tells whether there are no others. `newcomer_a` is what a car may
    draw on each phase before its first profile.
    """

    site: Site
    history: History
    now: datetime
    evses: Sequence[Evse]
    all_known: bool
    newcomer_a: float

    @cached_property
    def branches(self) -> tuple[Branch, ...]:
        """The grid connection first."""
        return self.site.branches()

    @cached_property
    def hours(self) -> list[tuple[datetime, int]]:
        """When an hour begins at the site, and which, for :data:`AHEAD`."""
        return list(self.site.hours(self.now, self._ahead))

    def limit(self, branch: Branch, phase: Phase) -> Schedule:
        """What sessions may draw together on a line, never below zero."""
        load = self._load(self._below[branch.id], phase)
        reserve = self.reserve(branch, phase)
        starts = sorted({self.now, *branch.limit_changes(self.now), *load.starts, *reserve.starts})
        return Schedule(
            tuple(
                (start, max(0.0, branch.limit(start, start)[phase] - load.at(start) - reserve.at(start)))
                for start in starts
            )
        )

    def base_load(self, branch: Branch, phase: Phase) -> Schedule:
        """What others draw right there."""
        return self._load([branch], phase)

    def reserve(self, branch: Branch, phase: Phase) -> Schedule:
        """What is kept free for newcomers: of as many as may come before we have heard of them, those that find a free
        EVSE there."""
        places = self.places(branch, phase)
        taken = sorted(place.taken_until for place in places if place.taken_until and place.taken_until > self.now)
        free = len(places) - len(taken)
        unknown = math.inf if branch.parent is None and not self.all_known else 0
        come = dict(self._newcomers)
        freed = Counter(moment.replace(microsecond=0) for moment in taken)
        steps = []
        newcomers = 0
        for moment in sorted({*come, *freed}):
            newcomers = come.get(moment, newcomers)
            free += freed[moment]
            steps.append((moment, min(newcomers, free + unknown) * self.newcomer_a))
        return Schedule(tuple(steps))

    def places(self, branch: Branch, phase: Phase) -> list[Evse]:
        """The EVSEs whose vehicles may draw there."""
        nodes = {each.id for each in self._below[branch.id]}
        return [evse for evse in self.evses if evse.node in nodes and phase in evse.phases]

    @property
    def _ahead(self) -> datetime:
        return self.now + AHEAD

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
        steps = [(moment, base_load_a(branches, hour, phase)) for moment, hour in self.hours]
        return Schedule((*steps, (self._ahead, max(base_load_a(branches, hour, phase) for hour in range(24)))))


def evses(site: Site, told: Iterable[str], taken_until: Mapping[str, datetime]) -> list[Evse]:
    """All EVSEs that the site's file or the CPO has told.

    Args:
        site: the site.
        told: the uids of the EVSEs that the CPO has told.
        taken_until: when the vehicles that are there are believed to leave, by EVSE uid in lower case.
    """
    placed = {evse.evse_uid.lower(): evse for evse in site.evses}
    phases = {branch.id: branch.phases for branch in site.branches()}

    def evse(uid: str) -> Evse:
        by_file = placed.get(uid, SiteEvse(evse_uid=uid))
        node = by_file.feeder or GRID
        return Evse(node, by_file.phases or phases[node], taken_until.get(uid))

    return [evse(uid) for uid in sorted({*placed, *(uid.lower() for uid in told)})]
