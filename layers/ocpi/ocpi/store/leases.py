"""Whose turn it is at a site: one run at a time, whichever queue, retry or hand has started it.

Leases are about processes, so their times are real ones even where the platform's clock is not; in seconds since 1970.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Self
from uuid import uuid4

from pydantic import BaseModel, ConfigDict

from ocpi.store import keys
from ocpi.store.table import Conflict, Item, Table, attempts
from ocpi.types.primitives import DateTime

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

CLOCK_SKEW_S = 0.05
"""By how much the clocks of queues and functions may differ."""

LONGEST_S = 900.0
"""No function runs for longer; a lease that says so was taken by a clock that was wrong."""


class LeaseLost(Exception):
    """The site belongs to another run by now: what was to be written was not."""


class NotTaken(StrEnum):
    """Why a site was not given to a run."""

    SEEN = "seen already"
    """A run has read the site since it was asked for."""
    LEFT = "left to the run that is under way"
    """It looks at the site once more when it is done."""
    SETTLED = "nothing waits for an answer"
    """The last run has asked for all that is wanted."""


class Asked(BaseModel):
    """That a run is wanted, for a reason of which some plan (`replans`) and some of those cannot wait (`at_once`)."""

    model_config = ConfigDict(frozen=True)

    why: str
    replans: bool
    at_once: bool
    at: float
    """When it was left to the holder, if several times the last time."""

    def answered(self, read_at: float, *, planned: bool, settled: bool) -> bool:
        """Whether a run that began to read then makes up for it: a change asks for one that planned, a partner's answer
        is no reason where all that is wanted was asked for."""
        if not self.replans and settled:
            return True
        return self.at + CLOCK_SKEW_S < read_at and (planned or not self.replans)


class LeaseState(BaseModel):
    """What stands in the table. `read_at` is when the last run that came to its end began to read, `planned_at` when
    the last of them did that planned, and `planned` the platform's time of that plan."""

    model_config = ConfigDict(frozen=True)

    holder: str | None = None
    until: float = 0.0
    read_at: float = 0.0
    planned_at: float = 0.0
    planned: DateTime | None = None
    wanted: tuple[Asked, ...] = ()
    """What was left to the holder; one of each weight, the weightiest first."""
    settled: bool = False
    """Whether the last run has asked for all that is wanted: no partner's answer lets anything more be sent."""

    def held(self, now: float) -> bool:
        """Whether a run is under way that may still be alive."""
        return self.holder is not None and now < self.until <= now + LONGEST_S

    def answers(self, asked_at: float, now: float, *, replans: bool) -> bool:
        """Whether a run has read the site since; only one that planned makes up for a change."""
        read_at = self.planned_at if replans else self.read_at
        return asked_at + CLOCK_SKEW_S < read_at <= now + CLOCK_SKEW_S

    def asking(self, why: str, now: float, *, replans: bool, at_once: bool) -> Self:
        """Asked for once more; a reason to plan outweighs one that is none, and one that cannot wait any other."""
        new = Asked(why=why, replans=replans, at_once=at_once, at=now)
        others = (asked for asked in self.wanted if (asked.replans, asked.at_once) != (replans, at_once))
        by_weight = sorted((new, *others), key=lambda asked: (asked.at_once, asked.replans), reverse=True)
        return self.model_copy(update={"wanted": tuple(by_weight)})

    def read(self, read_at: float, planned: datetime | None, *, settled: bool) -> Self:
        """A run has come to its end; what was asked for before it began to read is answered, if it planned."""
        update: dict[str, object] = {"read_at": max(self.read_at, read_at), "settled": settled}
        if planned:
            update |= {"planned_at": read_at, "planned": planned}
        open_ = (each for each in self.wanted if not each.answered(read_at, planned=bool(planned), settled=settled))
        return self.model_copy(update=update | {"wanted": tuple(open_)})

    @property
    def asked(self) -> str | None:
        """The weightiest reason for which a run is wanted."""
        return self.wanted[0].why if self.wanted else None


@dataclass(frozen=True)
class Lease:
    """That a site belongs to a run, and what the run should know: `asked` is why somebody else wanted one."""

    site_id: str
    holder: str
    asked: str | None
    planned: datetime | None
    """The platform's time of the plan before."""


class Leases:
    """The leases, in the sites table. Who holds one fences his writes with :meth:`check`."""

    def __init__(self, table: str) -> None:
        self._table = Table(table)

    def take(
        self,
        site_id: str,
        why: str,
        asked_at: float,
        now: float,
        until: float,
        *,
        replans: bool,
        at_once: bool = False,
    ) -> Lease | NotTaken:
        """Take a site, unless nothing is to be done there, or somebody else is at it and will do it.

        Args:
            site_id: which site.
            why: the reason.
            asked_at: when a run was asked for.
            now: the real time.
            until: when the run that takes it is surely over.
            replans: whether the reason asks for a plan.
            at_once: whether it cannot wait.

        Raises:
            Busy: too many want it at the same time.
        """
        for _ in attempts():
            item = self._item(site_id)
            state = _state(item)
            if state.answers(asked_at, now, replans=replans):
                return NotTaken.SEEN
            held, holder = state.held(now), uuid4().hex
            if state.settled and not held and not replans:
                return NotTaken.SETTLED
            taken = state.model_copy(update={"holder": holder, "until": until})
            asking = state.asking(why, now, replans=replans, at_once=at_once)
            if self._put(site_id, asking if held else taken, item):
                return NotTaken.LEFT if held else Lease(site_id, holder, state.asked, state.planned)
        raise AssertionError  # attempts() raises Busy

    def finish(
        self, lease: Lease, read_at: float, planned: datetime | None, *, go_on: bool, settled: bool = False
    ) -> str | None:
        """A run has come to its end, having begun to read at `read_at` and `planned` for that time, if it did; and it
        has `settled` the site if all that is wanted is in force or on its way.

        Returns why somebody has to look once more. With `go_on` that is the holder, and the site stays his; else he has
        no time for it, and has to ask another for it.

        Raises:
            LeaseLost: the site is no more his.
        """
        for _ in attempts():
            item = self._item(lease.site_id)
            state = _state(item)
            if state.holder != lease.holder:
                raise LeaseLost
            new = state.read(read_at, planned, settled=settled)
            stays = go_on and new.asked
            if self._put(lease.site_id, new if stays else new.model_copy(update={"holder": None}), item):
                return new.asked
        raise AssertionError  # attempts() raises Busy

    def release(self, lease: Lease) -> None:
        """Let go of a site without having come to an end; nothing happens if it is somebody else's."""
        for _ in attempts():
            item = self._item(lease.site_id)
            state = _state(item)
            if state.holder != lease.holder or self._put(
                lease.site_id, state.model_copy(update={"holder": None}), item
            ):
                return

    def holds(self, lease: Lease) -> bool:
        """Whether the site is still his."""
        return _state(self._item(lease.site_id)).holder == lease.holder

    def settled(self, site_id: str, now: float) -> bool:
        """Whether a partner's answer about a profile is no reason for a run: all that is wanted was asked for, and none
        is under way that might have read the state before."""
        state = _state(self._item(site_id))
        return state.settled and not state.held(now)

    def pressed(self, lease: Lease) -> bool:
        """Whether somebody has left to him what cannot wait."""
        return any(asked.at_once for asked in _state(self._item(lease.site_id)).wanted)

    def check(self, lease: Lease) -> "TransactWriteItemTypeDef":
        """The condition that the site is still his, for a transaction."""
        return self._table.check_action(keys.site_lease(lease.site_id), "holder = :holder", {":holder": lease.holder})

    def _item(self, site_id: str) -> Item | None:
        return self._table.get(keys.site_lease(site_id))

    def _put(self, site_id: str, state: LeaseState, read: Item | None) -> bool:
        """Write, unless somebody else did since it was read."""
        item: Item = {"document": state.model_dump_json(), "revision": uuid4().hex, "holder": state.holder or ""}
        unchanged = "revision = :read" if read else "attribute_not_exists(pk)"
        try:
            self._table.put(keys.site_lease(site_id), item, unchanged, {":read": read["revision"]} if read else None)
        except Conflict:
            return False
        return True


def _state(item: Item | None) -> LeaseState:
    return LeaseState.model_validate_json(item["document"]) if item else LeaseState()
