"""How the record of a pulled list goes on: nothing is asked for twice at once, given up too soon or taken for sure."""

from datetime import UTC, datetime, timedelta

import pytest

from ocpi.parties import progress
from ocpi.parties.rhythm import LONGEST_WAIT
from ocpi.store.pulls import SEEN_KEPT, Checkpoint, PullRecord
from ocpi.transport.client import PartnerUnreachable
from ocpi.transport.crawling import BrokenList, Place
from ocpi.types.versions import ModuleID

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=6)
RECORD = PullRecord(module=ModuleID.LOCATIONS)


def reached(pull_id: str = "now", began: datetime = NOW, *, moved: bool = False, pages: int = 3) -> Checkpoint:
    """How far a full pull has come."""
    place = Place("https://cpo.example.com/locations", pages=pages)
    return Checkpoint(
        pull_id=pull_id, began=began, begins_next=began, full=True, place=place, objects=7, skipped=1, moved=moved
    )


def record(**fields: object) -> PullRecord:
    return RECORD.model_copy(update=fields)


def test_a_list_that_was_begun_is_not_begun_by_another_until_its_lease_is_over() -> None:
    begun = progress.begun(RECORD, NOW)
    with pytest.raises(progress.NotDue):
        progress.begun(begun, NOW + progress.LEASE - timedelta(seconds=1))
    assert progress.begun(begun, NOW + progress.LEASE).failures == 2


def test_a_pull_that_never_comes_to_a_page_is_tried_more_and_more_seldom() -> None:
    begun, now, wait = RECORD, NOW, timedelta()
    for _ in range(9):
        begun = progress.begun(begun, now)
        assert begun.next_at
        wait, now = begun.next_at - now, begun.next_at
    assert wait == LONGEST_WAIT


def test_a_page_ends_the_failures_and_a_pause_lets_anybody_go_on() -> None:
    begun = progress.begun(RECORD, NOW)
    further = progress.came_to(begun, reached())
    assert (further.checkpoint, further.failures, further.next_at) == (reached(), 0, begun.next_at)
    assert progress.came_to(begun, reached(), NOW).next_at == NOW


@pytest.mark.parametrize(
    ("fields", "goes_on"),
    [
        ({"checkpoint": None}, False),
        ({}, True),
        ({"checkpoint": reached(began=NOW - progress.GOES_ON_FOR)}, True),
        ({"checkpoint": reached(began=NOW - progress.GOES_ON_FOR - timedelta(seconds=1))}, False),
        ({"failures": progress.FAILURES_AT_ONE_PAGE}, True),
        ({"failures": progress.FAILURES_AT_ONE_PAGE + 1}, False),
    ],
)
def test_what_was_broken_off_is_gone_on_with_if_that_is_of_use(fields: dict[str, object], *, goes_on: bool) -> None:
    known = record(**{"checkpoint": reached()} | fields)
    assert (progress.unfinished(known, NOW) is not None) == goes_on


def test_a_broken_list_begins_anew_in_an_hour_and_any_other_goes_on_soon() -> None:
    known = record(checkpoint=reached(), failures=1)
    broken = progress.failed(known, BrokenList("no list"), NOW)
    assert (broken.checkpoint, broken.next_at, broken.reason) == (None, NOW + LONGEST_WAIT, "no list")
    away = progress.failed(known, PartnerUnreachable("away"), NOW)
    assert (away.checkpoint, away.next_at) == (reached(), NOW + timedelta(minutes=1))


def test_at_its_end_the_next_pull_begins_where_this_one_began() -> None:
    known = progress.ended(progress.begun(RECORD, NOW), reached(), LATER, sure=True)
    assert (known.since, known.last_success, known.last_full) == (NOW, NOW, NOW)
    assert (known.next_at, known.failures, known.objects, known.skipped) == (LATER, 0, 7, 1)


def test_a_full_pull_that_is_unsure_is_done_again_within_a_day() -> None:
    known = progress.ended(RECORD, reached(), NOW + timedelta(days=7), sure=False)
    assert (known.unsure, known.last_full) == (reached(), None)
    assert known.next_at == NOW + progress.LONGEST_DOUBT
    assert progress.ended(known, reached("next", LATER), LATER, sure=True).unsure is None


def test_what_a_list_lacks_that_stood_still_is_gone() -> None:
    assert progress.those_that_tell(RECORD, reached(), many=False) == [reached()]
    one_page = reached(moved=True, pages=0)
    assert progress.those_that_tell(RECORD, one_page, many=False) == [one_page]


@pytest.mark.parametrize(("moved", "many"), [(True, False), (False, True), (True, True)])
def test_what_may_be_a_mistake_takes_two_full_pulls(*, moved: bool, many: bool) -> None:
    first, second = reached("first", moved=moved), reached("second", LATER, moved=moved)
    assert progress.those_that_tell(RECORD, first, many=many) == []
    unsure = record(unsure=first)
    assert progress.those_that_tell(unsure, second, many=many) == [first, second]
    assert progress.those_that_tell(unsure, first, many=many) == [], "the same pull is none that agrees"
    too_late = reached("second", NOW + SEEN_KEPT + timedelta(seconds=1), moved=moved)
    assert progress.those_that_tell(unsure, too_late, many=many) == []
