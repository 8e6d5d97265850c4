"""How the record of a pulled list goes on: begun, a page further, at its end or broken off. Nothing here is stored."""

from datetime import datetime, timedelta

from ocpi.parties.rhythm import LONGEST_WAIT, backoff, is_due
from ocpi.store.pulls import MAX_REASON_LENGTH, SEEN_KEPT, Checkpoint, PullRecord
from ocpi.store.table import Busy
from ocpi.transport.client import PartnerUnreachable
from ocpi.transport.crawling import BrokenList

LEASE = timedelta(minutes=20)
"""For so long nobody else takes up a pull that has begun; longer than a function may run."""

GOES_ON_FOR = timedelta(hours=12)
"""A pull that was broken off is gone on with for so long after it began; then it begins anew."""

FAILURES_AT_ONE_PAGE = 5
"""After so many in a row a pull that was broken off begins anew."""

LONGEST_OVERLAP = timedelta(days=1)
"""Where the list has moved in each pull, the next one asks again for what has changed in so much time."""

LONGEST_DOUBT = timedelta(days=1)
"""So long after it began a full pull that was unsure is done again, at the latest."""


class NotDue(Exception):
    """The list is not to be asked for now; somebody else may have begun to."""


def begun(record: PullRecord, now: datetime) -> PullRecord:
    """Until it has come to its end it counts as failed: who began it may have been killed.

    Raises:
        NotDue: it is not to be begun.
    """
    if not is_due(record, now):
        raise NotDue
    failures = record.failures + 1
    next_at = now + max(LEASE, backoff(failures))
    return record.model_copy(update={"failures": failures, "next_at": next_at})


def unfinished(record: PullRecord, now: datetime) -> Checkpoint | None:
    """Where to go on with a pull that was broken off, if that is of any use."""
    reached = record.checkpoint
    if reached is None or reached.began + GOES_ON_FOR < now or record.failures > FAILURES_AT_ONE_PAGE:
        return None
    return reached


def came_to(record: PullRecord, reached: Checkpoint, paused: datetime | None = None) -> PullRecord:
    """It got further; `paused` is when, if what is left is for another time, as soon as may be."""
    changes = {"checkpoint": reached, "failures": 0} | ({"next_at": paused} if paused else {})
    return record.model_copy(update=changes)


def ended(record: PullRecord, reached: Checkpoint, next_at: datetime, *, sure: bool) -> PullRecord:
    """It came to its end. After a pull that was broken off, what has changed since it began is not left for later.

    Args:
        record: as it was.
        reached: the end.
        next_at: when the list is to be asked for again in the usual rhythm.
        sure: whether a full pull has told what is gone (see :func:`those_that_tell`); else the next one is full too.
    """
    moved = has_moved(reached)
    broken_off = record.last_error is not None and record.last_error >= reached.began
    soonest = reached.began if moved and broken_off else next_at
    changes: dict[str, object] = {
        "last_success": reached.began,
        "since": _next_since(record, reached) if moved else reached.begins_next,
        "failures": 0,
        "next_at": soonest,
        "objects": reached.objects,
        "skipped": reached.skipped,
        "examples": reached.examples,
        "checkpoint": None,
    }
    if reached.full and sure:
        changes |= {"last_full": reached.began, "unsure": None}
    elif reached.full:
        unsure = reached.model_copy(update={"examples": ()})
        changes |= {"unsure": unsure, "next_at": min(soonest, reached.began + LONGEST_DOUBT)}
    return record.model_copy(update=changes)


def failed(record: PullRecord, error: BrokenList | PartnerUnreachable | Busy, now: datetime) -> PullRecord:
    """It broke off. A list that is wrong is begun anew, and not soon; else the pull goes on where it stopped."""
    broken = isinstance(error, BrokenList)
    wait = LONGEST_WAIT if broken else backoff(max(record.failures, 1))
    if isinstance(error, PartnerUnreachable) and error.retry_after:
        wait = min(max(wait, error.retry_after), LONGEST_WAIT)
    return record.model_copy(
        update={
            "last_error": now,
            "reason": str(error)[:MAX_REASON_LENGTH],
            "failures": max(record.failures, 1),
            "next_at": now + wait,
            "checkpoint": None if broken else record.checkpoint,
        }
    )


def has_moved(reached: Checkpoint) -> bool:
    """Whether objects may have been missed between two pages: what is changed or new may stand in for what is gone."""
    return reached.moved and reached.place.pages > 0


def those_that_tell(record: PullRecord, reached: Checkpoint, *, many: bool) -> list[Checkpoint]:
    """The full pulls which together tell what the list does not have; none as long as that is not sure.

    What is not on a list that moved meanwhile may have been missed, and one that lacks much may be a mistake of the
    partner's: once, but hardly twice.

    Args:
        record: with the full pull before, if that was not sure.
        reached: the end of a full pull.
        many: whether much is missing on it.
    """
    if not has_moved(reached) and not many:
        return [reached]
    before = record.unsure
    if before is None or before.pull_id == reached.pull_id or before.began + SEEN_KEPT < reached.began:
        return []
    return [before, reached]


def _next_since(record: PullRecord, reached: Checkpoint) -> datetime | None:
    """After a pull that may have missed something, the next one asks for the same again."""
    asked_from = record.since or record.last_full
    if record.last_success is None or (asked_from and asked_from + LONGEST_OVERLAP > reached.began):
        return record.since
    return record.last_success
