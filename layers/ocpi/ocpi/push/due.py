"""What partners are to hear of: one mark for each partner and object of ours, however often the object changes.

The marks are what is left to be done. Whoever sends reads the object as it is by then, and takes the mark away if it is
still the one that was read: an object that changes meanwhile stays due.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import uuid4

from pydantic import BaseModel, ConfigDict

from ocpi import clock
from ocpi.push.difference import Difference
from ocpi.store import keys
from ocpi.store.keys import OWN, ObjectId
from ocpi.store.table import Conflict, Item, Table, moment
from ocpi.types.versions import ModuleID

KEPT = timedelta(days=14)
"""How long it is kept that a partner did not take an object, as SQS keeps dead letters. A CDR is kept: it is money."""

MAX_REASON_LENGTH = 500

_SAME_MARK = "mark = :mark"


class Step(BaseModel):
    """From one version of an object to another, and the fields that are all the difference (LOC-16)."""

    model_config = ConfigDict(frozen=True)

    before: str
    after: str
    difference: Difference


@dataclass(frozen=True)
class DueObject:
    """An object of ours that a partner is to hear of."""

    partner_id: str
    object_id: ObjectId
    mark: str
    """Another one after every change."""
    changed: datetime
    """The object's last_updated."""
    since: datetime
    """When the partner was to hear of it first, and did not yet."""
    step: Step | None = None
    """What changed last, where that is little."""
    attempts: int = 0
    """How often it was sent in vain."""
    failing_since: datetime | None = None
    not_before: datetime | None = None
    """It is not sent again sooner."""


class Given(StrEnum):
    """Why an object was given up."""

    REFUSED = "REFUSED"
    """The partner understood it and did not want it."""
    FAILED = "FAILED"
    """It could not be brought to the partner for too long, though others could."""


@dataclass(frozen=True)
class ParkedObject:
    """An object of ours that a partner does not have, and why; only its next change is sent again by itself."""

    partner_id: str
    object_id: ObjectId
    given: Given
    reason: str
    changed: datetime
    """The object's last_updated when it was sent last."""
    parked: datetime
    attempts: int


class DueObjects:
    """The marks in the deliveries table."""

    def __init__(self, table: str) -> None:
        self._table = Table(table)

    def mark(self, partner_id: str, object_id: ObjectId, changed: datetime, step: Step | None = None) -> None:
        """Note that a partner is to hear of an object, once more if it is noted already.

        What is new is sent at once, even if the partner did not take what was before.
        """
        new = _names(object_id) | {"mark": uuid4().hex, "changed": keys.sortable(changed)}
        new |= {"step": step.model_dump_json()} if step else {}
        key = keys.due(partner_id, object_id.text)
        outdated = ["not_before"] if step else ["not_before", "step"]
        self._table.update(key, new, once={"since": keys.sortable(clock.now())}, remove=outdated)

    def all(self, partner_id: str) -> list[DueObject]:
        """All that a partner is to hear of, in the order of its last_updated."""
        items = self._table.query(keys.all_due(partner_id))
        return sorted((_due(partner_id, item) for item in items), key=lambda due: due.changed)

    def any(self, partner_id: str) -> bool:
        """Whether a partner is to hear of anything."""
        return self._table.first(keys.all_due(partner_id)) is not None

    def done(self, due: DueObject) -> None:
        """The partner has heard of it, unless it has changed meanwhile."""
        with suppress(Conflict):
            self._table.delete(self._key(due), _SAME_MARK, {":mark": due.mark})

    def postpone(self, due: DueObject, not_before: datetime, *, attempts: int) -> None:
        """It could not be sent, was tried so often by now, and is not to be sent again sooner."""
        tried: Item = {"attempts": attempts}
        first: Item = {"failing_since": keys.sortable(clock.now())} if attempts > due.attempts else {}
        pause = {"not_before": keys.sortable(not_before)}
        with suppress(Conflict):
            self._table.update(
                self._key(due), tried | pause, once=first, condition=_SAME_MARK, values={":mark": due.mark}
            )
            return
        with suppress(Conflict):  # it has changed meanwhile, and what is new is sent at once
            self._table.update(self._key(due), tried, once=first, condition="attribute_exists(pk)")

    def park(self, due: DueObject, given: Given, reason: str) -> None:
        """Give it up, unless it has changed meanwhile; why is kept for a while."""
        now = clock.now()
        item = _names(due.object_id) | {
            "given": given,
            "reason": reason[:MAX_REASON_LENGTH],
            "changed": keys.sortable(due.changed),
            "parked": keys.sortable(now),
            "attempts": due.attempts + 1,
        }
        if due.object_id.module is not ModuleID.CDRS:
            item["expires_at"] = int((now + KEPT).timestamp())
        self._table.put(keys.parked(due.partner_id, due.object_id.text), item)
        self.done(due)

    def parked(self, partner_id: str) -> list[ParkedObject]:
        """What a partner did not take, in the order of their last_updated."""
        items = self._table.query(keys.all_parked(partner_id))
        return sorted((_parked(partner_id, item) for item in items), key=lambda parked: parked.changed)

    def redrive(self, parked: ParkedObject) -> None:
        """What was given up is due again."""
        self.mark(parked.partner_id, parked.object_id, parked.changed)
        self.forget_parked(parked.partner_id, parked.object_id)

    def forget_parked(self, partner_id: str, object_id: ObjectId) -> None:
        """The partner has it after all."""
        self._table.delete(keys.parked(partner_id, object_id.text))

    def clear(self, partner_id: str) -> Iterator[int]:
        """Forget all that a partner is to hear of and all that it did not take; see :meth:`Table.clear`."""
        yield from self._table.clear(keys.all_due(partner_id))
        yield from self._table.clear(keys.all_parked(partner_id))

    def _key(self, due: DueObject) -> keys.Key:
        return keys.due(due.partner_id, due.object_id.text)


def _names(object_id: ObjectId) -> Item:
    return {
        "module": object_id.module,
        "country_code": object_id.country_code,
        "party_id": object_id.party_id,
        "object_id": object_id.id,
    }


def _object_id(item: Item) -> ObjectId:
    return ObjectId(OWN, ModuleID(item["module"]), item["country_code"], item["party_id"], item["object_id"])


def _due(partner_id: str, item: Item) -> DueObject:
    return DueObject(
        partner_id=partner_id,
        object_id=_object_id(item),
        mark=item["mark"],
        changed=datetime.fromisoformat(item["changed"]),
        since=datetime.fromisoformat(item["since"]),
        step=Step.model_validate_json(item["step"]) if "step" in item else None,
        attempts=int(item.get("attempts", 0)),
        failing_since=moment(item, "failing_since"),
        not_before=moment(item, "not_before"),
    )


def _parked(partner_id: str, item: Item) -> ParkedObject:
    return ParkedObject(
        partner_id=partner_id,
        object_id=_object_id(item),
        given=Given(item["given"]),
        reason=item["reason"],
        changed=datetime.fromisoformat(item["changed"]),
        parked=datetime.fromisoformat(item["parked"]),
        attempts=int(item["attempts"]),
    )
