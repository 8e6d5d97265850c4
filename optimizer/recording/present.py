"""What is known when the record of a site is taken further."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from ocpi import wire
from ocpi.sites.limits import Cap
from ocpi.sites.phases import Phase
from ocpi.sites.record import SLOT, slot_of
from ocpi.sites.series import Worth
from ocpi.sites.site import Branch, Site, below
from ocpi.types.sessions import Session
from optimizer.issue import SessionState, worst_case
from optimizer.planning.problem import Floats, Node
from optimizer.planning.tree import Row, ancestors
from optimizer.profiles import Schedule
from optimizer.situation import Decision
from optimizer.steps import Steps

AHEAD_SLOTS = 24
"""So many slots ahead what might be drawn is kept, should nobody look for so long."""

PROVED = timedelta(hours=1)
"""So long after its end the loads of a curtailment may still change: meters tell late."""


@dataclass(frozen=True)
class Present:
    """All that is known when the record is taken further.

    `gone` are the Sessions, as they are now, of those who were there before, where one is stored.
    """

    decision: Decision
    sessions: Mapping[str, wire.JsonObject]
    gone: Mapping[str, Session] = field(default_factory=dict)

    @property
    def site(self) -> Site:
        """The site."""
        return self.decision.situation.site

    @property
    def now(self) -> datetime:
        """The present time."""
        return self.decision.situation.now

    @property
    def worth(self) -> Worth:
        """Prices, base load and PV, with what was measured."""
        return self.decision.situation.worth

    @cached_property
    def branches(self) -> tuple[Branch, ...]:
        """The grid connection first."""
        return self.site.branches()

    @cached_property
    def hanging(self) -> dict[str, list[Branch]]:
        """Each branch with all that hang on it."""
        return below(self.branches)

    @cached_property
    def paths(self) -> dict[str, list[Branch]]:
        """Each branch with all that it hangs on, itself first."""
        by_id = {branch.id: branch for branch in self.branches}
        above = ancestors([Node(branch.id, branch.parent) for branch in self.branches])
        return {id_: [by_id[each] for each in path] for id_, path in above.items()}

    @cached_property
    def states(self) -> dict[str, SessionState]:
        """What each session may draw, now that what was to be sent is on its way."""
        states = {state.id: state for state in self.decision.situation.states}
        return states | {charging.id: states[charging.id].sent(sent) for charging, sent in self.decision.sends}

    @cached_property
    def worst(self) -> dict[str, Schedule]:
        """The most that each may draw."""
        return {id_: worst_case(state) for id_, state in self.states.items()}

    def allowed_a(self, branch: Branch, phase: Phase) -> float:
        """The most that sessions may draw on a line right now."""
        row = Row(branch.id, phase)
        weights = ((id_, state.draws.get(row, 0.0)) for id_, state in self.states.items())
        return sum(weight * self.worst[id_].at(self.now) for id_, weight in weights if weight)

    @cached_property
    def ahead_a(self) -> dict[str, dict[Phase, tuple[float, ...]]]:
        """The most that sessions may draw, by node and phase, in each slot from now on."""
        first = slot_of(self.now) + SLOT
        steps = Steps(self.now, [int((first - self.now).total_seconds()), *[int(SLOT.total_seconds())] * AHEAD_SLOTS])
        sums: dict[Row, Floats] = {}
        for id_, worst in self.worst.items():
            highest = steps.highest(worst)
            for row, weight in self.states[id_].draws.items():
                sums[row] = sums.get(row, 0.0) + weight * highest
        nothing = (0.0,) * (AHEAD_SLOTS + 1)
        return {
            branch.id: {
                phase: tuple(sums[row].round(2).tolist()) if (row := Row(branch.id, phase)) in sums else nothing
                for phase in branch.phases
            }
            for branch in self.branches
        }

    def base_a(self, branch: Branch, phase: Phase, moment: datetime) -> float:
        """What others than sessions draw at a branch and all that hangs on it."""
        return sum(max(0.0, self.worth.base_load_a(each, phase, moment)) for each in self.hanging[branch.id])

    def caps(self) -> Iterator[tuple[Branch, Cap]]:
        """The curtailments that hold, or have held until lately."""
        for branch in self.branches:
            for cap in branch.calendar.limits.caps:
                if cap.start <= self.now < cap.end + PROVED:
                    yield branch, cap
