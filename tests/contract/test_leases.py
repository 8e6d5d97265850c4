"""What the lease of a site promises: one holder at a time, nothing asked for in vain, and no write of a former one."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ocpi.store.leases import Lease, LeaseLost, NotTaken
from ocpi.store.profiles import ProfileState
from ocpi.store.sites import Pending, ProfileRequest
from ocpi.store.table import Table
from tests.contract.conftest import Store

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
T = 1_800_000_000.0
"""A real time, in seconds since 1970."""


def take(
    store: Store, at: float = T, asked_at: float = T, *, replans: bool = True, for_s: float = 60
) -> Lease | NotTaken:
    return store.sites.leases.take(
        store.name, "session" if replans else "profile", asked_at, at, at + for_s, replans=replans
    )


def taken(store: Store, at: float = T, **more: Any) -> Lease:
    lease = take(store, at, **more)
    assert isinstance(lease, Lease)
    return lease


def finish(store: Store, lease: Lease, read_at: float, *, planned: bool = True, go_on: bool = True) -> str | None:
    return store.sites.leases.finish(lease, read_at, NOW if planned else None, go_on=go_on)


def test_a_site_is_one_run_s_at_a_time(store: Store) -> None:
    taken(store)
    assert take(store, T + 1) is NotTaken.LEFT


@pytest.mark.usefixtures("at_once")
def test_of_many_at_once_one_has_the_site(store: Store) -> None:
    with ThreadPoolExecutor(8) as threads:
        turns = list(threads.map(lambda _: take(store), range(8)))
    assert sum(isinstance(turn, Lease) for turn in turns) == 1
    assert turns.count(NotTaken.LEFT) == 7


def test_what_is_left_to_the_holder_is_his_to_do(store: Store) -> None:
    lease = taken(store)
    take(store, T + 1)
    assert finish(store, lease, T) == "session"
    assert take(store, T + 2) is NotTaken.LEFT, "the site is his until that is done"


def test_what_was_left_before_the_holder_began_to_read_is_done(store: Store) -> None:
    lease = taken(store)
    take(store, T + 1)
    assert finish(store, lease, T + 2) is None
    taken(store, T + 3, asked_at=T + 3)


def test_a_run_that_does_not_plan_leaves_a_wanted_plan_to_be_made(store: Store) -> None:
    lease = taken(store, replans=False)
    take(store, T + 1)
    take(store, T + 2, replans=False)
    assert finish(store, lease, T + 3, planned=False) == "session"


def test_what_cannot_wait_is_not_forgotten_for_what_can(store: Store) -> None:
    lease = taken(store)
    take(store, T + 1)
    assert not store.sites.leases.pressed(lease)
    store.sites.leases.take(store.name, "site", T + 2, T + 2, T + 62, replans=True, at_once=True)
    take(store, T + 3)
    assert store.sites.leases.pressed(lease)
    assert finish(store, lease, T) == "site"
    assert finish(store, lease, T + 4) is None
    assert not store.sites.leases.pressed(lease)


def test_what_could_not_wait_is_answered_by_a_plan_whatever_came_after_it(store: Store) -> None:
    lease = taken(store)
    store.sites.leases.take(store.name, "site", T + 1, T + 1, T + 61, replans=True, at_once=True)
    take(store, T + 3, replans=False)
    assert finish(store, lease, T + 2) == "profile", "only the answer came after it"
    take(store, T + 5, asked_at=T + 5)
    take(store, T + 5, asked_at=T + 5, replans=False)
    assert finish(store, lease, T + 4, planned=False) == "session"
    assert finish(store, lease, T + 6) is None


def test_where_all_was_asked_for_an_answer_is_no_reason_for_a_run(store: Store) -> None:
    leases = store.sites.leases
    lease = taken(store)
    take(store, T + 1, replans=False)
    assert not leases.settled(store.name, T + 1), "it may have read too early"
    assert leases.finish(lease, T, NOW, go_on=True, settled=True) is None
    assert leases.settled(store.name, T + 2)
    assert take(store, T + 2, asked_at=T + 2, replans=False) is NotTaken.SETTLED
    lease = taken(store, T + 3, asked_at=T + 3)
    take(store, T + 4)
    assert leases.finish(lease, T + 3, NOW, go_on=True, settled=True) == "session", "a change is one"


def test_a_holder_without_time_leaves_it_to_the_next(store: Store) -> None:
    lease = taken(store)
    take(store, T + 1)
    assert finish(store, lease, T, go_on=False) == "session", "he has to ask another"
    assert taken(store, T + 3, asked_at=T + 3, replans=False).asked == "session"


def test_what_was_read_since_is_not_done_again(store: Store) -> None:
    finish(store, taken(store), T)
    assert take(store, T + 5, asked_at=T - 1) is NotTaken.SEEN
    assert take(store, T + 5, asked_at=T - 0.01) is not NotTaken.SEEN, "too close for two clocks to say what was first"


def test_only_a_plan_makes_up_for_a_change(store: Store) -> None:
    finish(store, taken(store, replans=False), T, planned=False)
    assert take(store, T + 5, asked_at=T - 1, replans=False) is NotTaken.SEEN
    taken(store, T + 5, asked_at=T - 1)


def test_a_holder_that_died_keeps_the_site_as_long_as_it_may_run(store: Store) -> None:
    dead = taken(store, for_s=60)
    take(store, T + 1)
    assert take(store, T + 59) is NotTaken.LEFT
    lease = taken(store, T + 60)
    assert lease.asked == "session", "what was left to the dead one"
    assert not store.sites.leases.holds(dead)
    with pytest.raises(LeaseLost):
        finish(store, dead, T)
    store.sites.leases.release(dead)
    assert store.sites.leases.holds(lease)


def test_a_clock_that_was_far_ahead_blocks_nothing(store: Store) -> None:
    year = 365 * 86_400
    finish(store, taken(store, T + year, asked_at=T + year), T + year)
    taken(store, T + year, asked_at=T + year + 1)
    taken(store, T, asked_at=T)


def test_who_lets_go_without_an_end_has_done_nothing(store: Store) -> None:
    store.sites.leases.release(taken(store))
    taken(store, T + 1)


def test_a_plan_is_the_holder_s_to_make(store: Store) -> None:
    old = taken(store)
    store.sites.keep_outcome(store.name, "run", b'{"plan": {"n": 1}}', NOW)
    new = taken(store, T + 61)
    with pytest.raises(LeaseLost):
        store.sites.put_plan(old, "run")
    assert store.sites.plan(store.name) is None
    store.sites.put_plan(new, "run")
    assert store.sites.plan(store.name) == {"n": 1}


def pending(store: Store, session: str, revision: str | None = None) -> Pending:
    request = ProfileRequest(partner_id=store.name, location=store.name, session=session)
    return Pending(f"{store.name}-{session}", request, ProfileState(request_id=session), revision)


def pend(store: Store, lease: Lease, *wanted: Pending) -> list[str]:
    return [each.request.session for some in store.sites.pend(lease, wanted, NOW) for each in some]


def test_profiles_are_the_holder_s_to_ask_for(store: Store) -> None:
    old = taken(store)
    new = taken(store, T + 61)
    with pytest.raises(LeaseLost):
        pend(store, old, pending(store, "S1"))
    assert store.sites.request(f"{store.name}-S1") is None
    assert pend(store, new, pending(store, "S1")) == ["S1"]
    assert store.sites.request(f"{store.name}-S1") == pending(store, "S1").request
    assert store.sites.profile(store.name, "S1") == ProfileState(request_id="S1")


def test_a_profile_that_somebody_else_changed_is_left_out_of_many(store: Store) -> None:
    told = ProfileState(refusal="REJECTED")
    store.sites.change_profile(store.name, "S070", lambda _: told)
    names = [f"S{number:03}" for number in range(120)]
    noted = pend(store, taken(store), *(pending(store, name) for name in names))
    assert noted == [name for name in names if name != "S070"]
    assert store.sites.profile(store.name, "S070") == told
    assert store.sites.request(f"{store.name}-S070") is None


def test_a_site_that_is_lost_between_two_batches_gets_no_further_profiles(store: Store) -> None:
    lease = taken(store)
    batches = store.sites.pend(lease, [pending(store, f"S{number:03}") for number in range(60)], NOW)
    assert len(next(batches)) == 49
    taken(store, T + 61)
    with pytest.raises(LeaseLost):
        next(batches)
    assert store.sites.profile(store.name, "S048")
    assert store.sites.profile(store.name, "S049") is None


@pytest.fixture
def between(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Lets something happen between the next read of the lease and the write that follows."""
    read = Table.get

    def happen(what: Callable[[], object]) -> None:
        def get(table: Table, key: Any) -> Any:
            item = read(table, key)
            if waiting:
                waiting.pop()()
            return item

        waiting = [what]
        monkeypatch.setattr(Table, "get", get)

    return happen


def test_two_that_see_the_site_free_do_not_both_have_it(store: Store, between: Any) -> None:
    others: list[Lease | NotTaken] = []
    between(lambda: others.append(take(store)))
    assert take(store) is NotTaken.LEFT
    assert isinstance(others[0], Lease)


def test_what_is_asked_while_the_holder_lets_go_is_done_by_one_of_the_two(store: Store, between: Any) -> None:
    lease = taken(store)
    between(lambda: take(store, T + 1))
    assert finish(store, lease, T) == "session"
    between(lambda: finish(store, lease, T + 2))
    assert isinstance(take(store, T + 3, asked_at=T + 3), Lease), "he is gone, so it is left to nobody"


def test_inputs_of_any_size_are_kept_whole(store: Store) -> None:
    document = os.urandom(900_000)
    store.sites.keep_inputs(store.name, "run", document, NOW)
    assert store.sites.inputs(store.name, "run") == document
    assert store.sites.inputs(store.name, "other") is None


def test_the_last_run_at_a_time_is_found(store: Store) -> None:
    for minute in (0, 5):
        at = NOW + timedelta(minutes=minute)
        store.sites.put_run(store.name, f"{at:%Y-%m-%dT%H:%M:%SZ}#0", {"minute": minute}, NOW)
    found = store.sites.last_run(store.name, NOW + timedelta(minutes=4))
    assert found
    assert found.record == {"minute": 0}
    exact = store.sites.last_run(store.name, NOW + timedelta(minutes=5))
    assert exact
    assert exact.record == {"minute": 5}
    assert store.sites.last_run(store.name, NOW - timedelta(seconds=1)) is None
