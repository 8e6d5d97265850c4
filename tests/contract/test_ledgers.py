"""What the record of a site promises: all or nothing, once, in the order of time, and nothing of a run that is over."""

from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import pytest

from ocpi.sites.limits import Limit
from ocpi.sites.phases import PHASES
from ocpi.sites.record import (
    LONGEST_SIGNAL,
    SLOT,
    Book,
    Event,
    EventKind,
    LoadSlot,
    Meter,
    NodeLoad,
    Signal,
    VisitRecord,
)
from ocpi.store import keys, ledgers
from ocpi.store.leases import Lease, LeaseLost
from ocpi.store.ledgers import Ledgers
from ocpi.store.table import Conflict, Table
from tests.contract.conftest import Store

NOW = datetime(2026, 11, 22, 8, 50, tzinfo=UTC)
T = 1_800_000_000.0


@pytest.fixture
def ledger(store: Store) -> Ledgers:
    return Ledgers(store.sites_table)


@pytest.fixture
def lease(store: Store) -> Lease:
    lease = store.sites.leases.take(store.name, "schedule", T, T, T + 60, replans=True)
    assert isinstance(lease, Lease)
    return lease


def slot(number: int, ev_a: float = 1.0) -> LoadSlot:
    a = dict.fromkeys(PHASES, 100.0)
    drawn = dict.fromkeys(PHASES, ev_a)
    load = NodeLoad(limit_a=a, base_a=drawn, ev_a=drawn, allowed_a=a)
    return LoadSlot(start=NOW + number * SLOT, nodes={"grid": load}, price_per_kwh=0.25, sessions=2)


def visit(id_: str, minutes: int = 0) -> VisitRecord:
    departure = NOW + timedelta(minutes=minutes)
    return VisitRecord(
        id=id_,
        session_id=id_,
        evse_uid="E1",
        node="grid",
        phases=PHASES,
        arrival=NOW - timedelta(hours=2),
        departure=departure,
        energy_kwh=12,
        max_kw=11,
    )


def event(text: str, minutes: int = 0, subject: str = "") -> Event:
    return Event(at=NOW + timedelta(minutes=minutes), kind=EventKind.LIMIT, text=text, author="jan", subject=subject)


def test_loads_come_in_the_order_of_time_across_hours(store: Store, ledger: Ledgers, lease: Lease) -> None:
    ledger.write(lease, Book(at=NOW), [slot(number) for number in range(4)], [])
    ledger.write(lease, Book(at=NOW), [slot(2, 7), slot(3)], [])
    known = ledger.loads(store.name, NOW, NOW + 4 * SLOT)
    assert known == [slot(0), slot(1), slot(2, 7), slot(3)]
    assert ledger.loads(store.name, NOW + SLOT, NOW + 2 * SLOT) == [slot(1)]
    assert ledger.loads(store.name, NOW + timedelta(hours=2), NOW + timedelta(hours=3)) == []


def test_the_record_goes_on_from_where_it_was(store: Store, ledger: Ledgers, lease: Lease) -> None:
    assert ledger.book(store.name) is None
    meter = Meter(at=NOW, kwh=1.5, allowed=((0, 6900), (60, 0)), visit=visit("S1"), seen_at=NOW)
    book = Book(at=NOW, meters={"S1": meter}, ahead_a={"grid": {"L1": (6.0, 0.0)}}, open={"fallback": NOW})
    ledger.write(lease, book, [], [])
    assert ledger.book(store.name) == book


def test_a_long_book_is_kept_in_parts_and_a_shorter_one_replaces_it(
    store: Store, ledger: Ledgers, lease: Lease, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledgers, "PART_BYTES", 200)
    meters = {
        f"S{number}": Meter(at=NOW, kwh=number / 7, visit=visit(f"S{number}"), seen_at=NOW) for number in range(30)
    }
    ledger.write(lease, Book(at=NOW, meters=meters), [], [])
    assert len(list(Table(store.sites_table).query(keys.site_meters(store.name)))) > 2
    assert ledger.book(store.name) == Book(at=NOW, meters=meters)
    ledger.write(lease, Book(at=NOW), [], [])
    assert ledger.book(store.name) == Book(at=NOW)


def test_a_run_that_has_lost_the_site_writes_nothing(store: Store, ledger: Ledgers, lease: Lease) -> None:
    store.sites.leases.release(lease)
    with pytest.raises(LeaseLost):
        ledger.write(lease, Book(at=NOW), [slot(0)], [event("too late")])
    assert ledger.book(store.name) is None
    assert ledger.loads(store.name, NOW, NOW + SLOT) == []
    assert list(ledger.events(store.name, NOW, NOW + SLOT)) == []


def test_what_cannot_be_read_of_the_record_is_begun_anew(store: Store, ledger: Ledgers) -> None:
    Table(store.sites_table).put(keys.site_meters_part(store.name, 0), {"part": b"spoiled", "parts": 1})
    Table(store.sites_table).put(keys.site_hour(store.name, NOW.replace(minute=0)), {"slots": b"spoiled"})
    assert ledger.book(store.name) is None
    assert ledger.loads(store.name, NOW, NOW + SLOT) == []


def test_a_visit_noted_twice_is_there_once_and_the_last_comes_first(store: Store, ledger: Ledgers) -> None:
    visits = [visit("S1"), visit("S2", minutes=5), visit("S3", minutes=60)]
    ledger.put_visits(store.name, visits, NOW)
    ledger.put_visits(store.name, visits[:1], NOW)
    assert list(ledger.visits(store.name, NOW, NOW + timedelta(minutes=60))) == [visits[1], visits[0]]


def test_events_come_last_first_and_those_of_one_moment_beside_each_other(store: Store, ledger: Ledgers) -> None:
    for noted in (event("first"), event("second", subject="deck"), event("third", minutes=1)):
        ledger.note_event(store.name, noted)
    ledger.note_event(store.name, event("first"))
    known = ledger.events(store.name, NOW, NOW + timedelta(hours=1))
    assert [each.text for each in islice(known, 5)] == ["third", "second", "first"]
    assert list(ledger.events(store.name, NOW + timedelta(minutes=1), NOW + timedelta(hours=1))) == [
        event("third", minutes=1)
    ]


SIGNAL = Signal(
    signal_id="SITE",
    node="grid",
    start=NOW,
    end=NOW + timedelta(hours=1),
    limit=Limit(limit_kw=15),
    author="dso",
    received_at=NOW,
)


def write(store: Store, *actions: Any) -> None:
    Table(store.sites_table).transact(actions)


def test_a_signal_is_noted_once_and_taken_back_once(store: Store, ledger: Ledgers) -> None:
    write(store, *ledger.signal_actions(store.name, SIGNAL))
    with pytest.raises(Conflict):
        write(store, *ledger.signal_actions(store.name, SIGNAL.model_copy(update={"start": NOW - timedelta(hours=1)})))
    write(store, ledger.cancel_action(store.name, SIGNAL, NOW))
    assert ledger.signal(store.name, "SITE") == SIGNAL.model_copy(update={"cancelled_at": NOW})
    with pytest.raises(Conflict):
        write(store, ledger.cancel_action(store.name, SIGNAL, NOW))
    assert ledger.signal(store.name, "other") is None


def test_a_proof_and_a_change_of_a_signal_do_not_undo_each_other(store: Store, ledger: Ledgers) -> None:
    write(store, *ledger.signal_actions(store.name, SIGNAL))
    proved = SIGNAL.model_copy(update={"obeyed_at": NOW, "load_before_kw": 40.25})
    ledger.prove(store.name, proved)
    write(store, ledger.cancel_action(store.name, SIGNAL, NOW))
    assert ledger.signal(store.name, "SITE") == proved.model_copy(update={"cancelled_at": NOW})


def test_a_signal_that_an_earlier_version_has_noted_is_taken_back(store: Store, ledger: Ledgers) -> None:
    write(store, *ledger.signal_actions(store.name, SIGNAL))
    spelled = {"document": SIGNAL.model_dump_json(), "expires_at": 1_900_000_000}
    Table(store.sites_table).put(keys.site_signal(store.name, NOW, "SITE"), spelled)
    write(store, ledger.cancel_action(store.name, SIGNAL, NOW))
    known = ledger.signal(store.name, "SITE")
    assert known
    assert known.cancelled_at == NOW


def test_signals_of_a_period_are_those_that_hold_in_it_the_one_that_starts_last_first(
    store: Store, ledger: Ledgers
) -> None:
    def starting(id_: str, hours: int, lasts: timedelta = timedelta(hours=1)) -> Signal:
        start = NOW + timedelta(hours=hours)
        return SIGNAL.model_copy(update={"signal_id": id_, "start": start, "end": start + lasts})

    for each in (starting("over", -1), starting("long", -24 * 30, LONGEST_SIGNAL), starting("a", 0), starting("b", 2)):
        write(store, *ledger.signal_actions(store.name, each))
    hours = timedelta(hours=1)
    assert [each.signal_id for each in ledger.signals(store.name, NOW, NOW + 3 * hours)] == ["b", "a", "long"]
    assert [each.signal_id for each in ledger.signals(store.name, NOW, NOW + 2 * hours)] == ["a", "long"]


def test_a_signal_that_is_not_there_needs_no_proof(store: Store, ledger: Ledgers) -> None:
    ledger.prove(store.name, SIGNAL.model_copy(update={"obeyed_at": NOW}))
    assert not list(ledger.signals(store.name, NOW, NOW + timedelta(hours=1)))


def test_no_event_and_no_signal_is_taken_for_a_site_by_the_stream() -> None:
    """The outbox hears of sort keys SITE and PROFILE#…"""
    noted = [
        keys.site_signal("garage", NOW, "SITE"),
        keys.site_signal_place("garage", "SITE"),
        keys.site_event("garage", NOW, "site", "SITE"),
        keys.site_visit("garage", NOW, "PROFILE#S1"),
        keys.site_hour("garage", NOW),
        keys.site_meters_part("garage", 0),
    ]
    assert not [sk for _, sk in noted if sk == keys.SITE or sk.startswith(keys.PROFILE)]


def test_hundreds_may_leave_at_once(store: Store, ledger: Ledgers) -> None:
    visits = [visit(f"S{number:03}") for number in range(201)]
    ledger.put_visits(store.name, visits, NOW)
    ledger.note_event(store.name, *(event("left", subject=each.id) for each in visits))
    assert len(list(ledger.visits(store.name, NOW, NOW + SLOT))) == 201
    assert len(list(ledger.events(store.name, NOW, NOW + SLOT))) == 201
