"""What a run adds to the record of its site."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ocpi import wire
from ocpi.sites.phases import Phase
from ocpi.sites.record import SLOT, Book, EventKind, LoadSlot
from ocpi.types.primitives import format_datetime
from optimizer.inputs import Inputs
from optimizer.recording.entry import Entry, due, entry
from optimizer.recording.present import Present
from optimizer.situation import decide
from tests.objects import CONNECTOR, EVSE, LOCATION, SESSION, SITE

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
LIMIT = {"L1": 100, "L2": 100, "L3": 100}
GARAGE: dict[str, Any] = {
    "limits": {"base": {"limit_a": LIMIT}},
    "feeders": [{"id": "deck", "limits": {"base": {"limit_a": LIMIT}}, "base_load_a": {"L2": 4}}],
    "evses": [
        {"evse_uid": "E1", "feeder": "deck", "phases": ["L2"]},
        {"evse_uid": "E2", "phases": ["L1", "L2", "L3"]},
    ],
}
DC = CONNECTOR | {"power_type": "DC", "max_voltage": 400, "max_amperage": 100}
EVSES = [EVSE, EVSE | {"uid": "E2", "connectors": [DC]}]
ALL_KW = 0.23 * 5 / 60
"""The kWh of one ampere within a slot."""


def present(minute: float, *sessions: dict[str, Any], site: dict[str, Any] | None = None, **more: Any) -> Present:
    now = NOW + timedelta(minutes=minute)
    read: dict[str, Any] = {
        "now": now,
        "reason": "schedule",
        "site": json.dumps(SITE | GARAGE | (site or {})),
        "location": LOCATION | {"evses": EVSES},
        "sessions": {each["id"]: each for each in sessions},
    }
    inputs = Inputs.of_json(wire.dumps(read | more))
    return Present(decide(inputs), inputs.sessions)


def session(id_: str, evse_uid: str, kwh: float, minute: float) -> dict[str, Any]:
    at = format_datetime(NOW + timedelta(minutes=minute))
    return SESSION | {"id": id_, "evse_uid": evse_uid, "kwh": kwh, "last_updated": at}


def written(known: dict[datetime, LoadSlot], book: Book | None, now: Present) -> Entry:
    """As the store does it."""
    new = entry(book, now)
    known |= {slot.start: slot for slot in new.hours(now, known.values())}
    return new


def kwh(known: dict[datetime, LoadSlot], node: str, phase: Phase) -> float:
    return sum(slot.nodes[node].ev_a.get(phase, 0.0) for slot in known.values()) * ALL_KW


def test_energy_counts_at_the_node_and_all_above_it_on_the_phases_that_carry_it() -> None:
    known: dict[datetime, LoadSlot] = {}
    first = written(known, None, present(0, session("S1", "E1", 0, 0), session("S2", "E2", 0, 0)))
    written(known, first.book, present(15, session("S1", "E1", 0.8, 15), session("S2", "E2", 6, 15)))
    assert kwh(known, "deck", "L2") == pytest.approx(0.8, abs=1e-3)
    assert kwh(known, "deck", "L1") == 0
    assert kwh(known, "grid", "L1") == kwh(known, "grid", "L3") == pytest.approx(2, abs=1e-3), "DC is alike on all"
    assert kwh(known, "grid", "L2") == pytest.approx(2.8, abs=1e-3)


def test_base_load_of_what_hangs_on_a_node_is_its_own() -> None:
    known: dict[datetime, LoadSlot] = {}
    written(known, None, present(0))
    assert known[NOW].nodes["grid"].base_a == {"L1": 0, "L2": 4, "L3": 0}
    assert known[NOW].nodes["grid"].allowed_a == {"L1": 0, "L2": 4, "L3": 0}


def test_what_is_sent_just_now_may_be_drawn_from_now_on() -> None:
    known: dict[datetime, LoadSlot] = {}
    now = present(0, session("S1", "E1", 0, 0))
    ((_, sent),) = now.decision.sends
    assert sent.at(NOW) > 6
    written(known, None, now)
    assert known[NOW].nodes["deck"].allowed_a["L2"] == pytest.approx(4 + sent.at(NOW), abs=0.01)


def test_the_same_run_again_adds_nothing() -> None:
    known: dict[datetime, LoadSlot] = {}
    first = written(known, None, present(0, session("S1", "E1", 0, 0)))
    now = present(15, session("S1", "E1", 0.8, 15))
    second = written(known, first.book, now)
    before = dict(known)
    third = written(known, second.book, now)
    assert known == before
    assert third.book == second.book
    assert not third.drawn


def test_a_record_is_due_every_minute_and_when_somebody_has_left() -> None:
    there = session("S1", "E1", 0, 0)
    book = entry(None, present(0, there)).book
    assert not due(book, present(0.5, there))
    assert due(book, present(0.5))
    assert due(book, present(1, there))
    assert due(book, present(-5, there)), "the clock was ahead"


def test_an_overload_is_an_event_when_it_begins_and_when_it_ends() -> None:
    over = {"base_load_a": {"L1": 108, "L2": 10, "L3": 10}}
    begun = entry(None, present(0, site=over))
    (event,) = begun.events
    assert (event.kind, event.text) == (
        EventKind.OVERLOAD,
        "others than sessions are above the limit: grid, L1: by 8.0 A",
    )
    on = entry(begun.book, present(5, site=over))
    assert on.events == []
    (ended,) = entry(on.book, present(10)).events
    assert (ended.kind, ended.text) == (
        EventKind.OVERLOAD_OVER,
        "no more: others than sessions are above the limit (grid)",
    )


def test_a_plan_that_was_not_made_as_it_should_be_is_an_event() -> None:
    now = present(0, session("S1", "E1", 0, 0))
    assert now.decision.plan
    failed = replace(now.decision, plan=replace(now.decision.plan, failures=("the solver took too long",)))
    (event,) = entry(None, replace(now, decision=failed)).events
    assert (event.kind, event.text) == (
        EventKind.FALLBACK_PLAN,
        "the plan was not made as it should be: the solver took too long",
    )


def test_a_session_that_cannot_be_read_keeps_its_meter() -> None:
    known: dict[datetime, LoadSlot] = {}
    first = written(known, None, present(0, session("S1", "E1", 0, 0)))
    second = written(known, first.book, present(15, session("S1", "E1", 0.8, 15)))
    spoiled = {"id": "S1", "evse_uid": "E1", "kwh": "much"}
    third = written(known, second.book, present(20, spoiled))
    written(known, third.book, present(30, session("S1", "E1", 1.2, 30)))
    assert kwh(known, "deck", "L2") == pytest.approx(1.2, abs=1e-3)


def test_a_slot_that_nobody_has_seen_has_no_word_of_what_was_allowed() -> None:
    known: dict[datetime, LoadSlot] = {}
    late = session("S2", "E2", 3, 120)
    first = Book(at=NOW + timedelta(hours=9))
    written(known, first, present(600, late))
    assert known[NOW + 3 * SLOT].nodes["grid"].allowed_a == {}
    assert kwh(known, "grid", "L1") == pytest.approx(1, abs=1e-3)
