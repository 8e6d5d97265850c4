"""What is on record of a site: what its meters told, what might have been drawn, who was there, and what happened."""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any
from unittest.mock import patch

import pytest

from ocpi import clock
from ocpi.sites.limits import Cap, Limit
from ocpi.sites.record import Event, EventKind, LoadSlot, Signal, VisitRecord
from ocpi.sites.site import parse_site
from ocpi.store.ledgers import Ledgers
from ocpi.types.primitives import format_datetime
from tests.functions.charging import HURRIED, NOW, PATIENT, PLACE, Cpo
from tests.objects import SITE

LEDGERS = Ledgers("sites")
KW_PER_A = 0.69
"""On three phases."""


def slots(cpo: Cpo) -> list[LoadSlot]:
    return LEDGERS.loads("garage", NOW - timedelta(days=3), clock.now() + timedelta(days=1))


def visits(cpo: Cpo) -> list[VisitRecord]:
    return list(LEDGERS.visits("garage", NOW - timedelta(days=1), clock.now() + timedelta(days=1)))


def events(cpo: Cpo, *kinds: EventKind) -> list[Event]:
    known = LEDGERS.events("garage", NOW - timedelta(days=1), clock.now() + timedelta(days=1))
    return [event for event in known if event.kind in kinds]


def kwh(slots: Iterable[LoadSlot], node: str = "grid") -> float:
    """The energy of all sessions."""
    return sum(sum(slot.nodes[node].ev_a.values()) for slot in slots) * 0.23 / 12


def tells(cpo: Cpo, id_: str, kwh: float, **more: object) -> None:
    patch = {"kwh": kwh, "last_updated": format_datetime(clock.now())} | more
    assert cpo.call("PATCH", f"/receiver/sessions/NL/SIM/{id_}", patch).status_code == 1000
    cpo.run()


def leaves(cpo: Cpo, id_: str, kwh: float) -> None:
    tells(cpo, id_, kwh, status="COMPLETED", end_date_time=format_datetime(clock.now()))


def test_what_a_meter_tells_is_in_the_slots_since_it_told_last(cpo: Cpo, time: Any) -> None:
    cpo.begins("S1")
    cpo.run()
    time(minutes=15)
    tells(cpo, "S1", 4.5)
    known = slots(cpo)
    assert kwh(known) == pytest.approx(4.5, abs=0.001)
    assert [slot.start for slot in known] == [NOW + timedelta(minutes=5 * number) for number in range(4)]
    time(minutes=10)
    tells(cpo, "S1", 5.5)
    assert kwh(slots(cpo)) == pytest.approx(5.5, abs=0.001)
    assert kwh(slots(cpo)[3:]) == pytest.approx(1.0, abs=0.001), "what is on record already stays as it is"


def test_the_record_says_what_might_be_drawn_and_under_which_limit(cpo: Cpo, time: Any) -> None:
    cpo.begins("S1")
    cpo.run()
    time(minutes=5)
    cpo.loop.plan()
    load = slots(cpo)[1].nodes["grid"]
    assert load.limit_a == {"L1": 40, "L2": 40, "L3": 40}
    assert load.allowed_a == dict.fromkeys(("L1", "L2", "L3"), cpo.allowed_a("S1"))
    assert slots(cpo)[1].sessions == 1


def test_slots_in_which_nobody_looked_have_what_was_allowed_then(cpo: Cpo, time: Any) -> None:
    cpo.begins("S1")
    cpo.run()
    allowed_a = cpo.allowed_a("S1")
    time(minutes=31)
    cpo.loop.plan()
    assert len(slots(cpo)) == 7
    assert {slot.nodes["grid"].allowed_a["L2"] for slot in slots(cpo)[1:6]} == {allowed_a}


def test_a_visit_that_is_over_is_on_record_once(cpo: Cpo, time: Any) -> None:
    cpo.begins("S1", charging_preferences=PATIENT)
    cpo.run()
    time(minutes=30)
    tells(cpo, "S1", 10)
    time(minutes=60)
    leaves(cpo, "S1", 20)
    (visit,) = visits(cpo)
    assert (visit.session_id, visit.evse_uid, visit.energy_kwh) == ("S1", "E1", 20)
    assert (visit.arrival, visit.departure) == (NOW, NOW + timedelta(minutes=90))
    assert (visit.needs_kwh, visit.told, visit.short_kwh) == (20, True, 0)
    assert "uid" not in json.dumps(visit.model_dump(mode="json")).replace("evse_uid", "")
    assert kwh(slots(cpo)) == pytest.approx(20, abs=0.001)
    cpo.loop.plan()
    time(minutes=10)
    cpo.loop.plan()
    assert len(visits(cpo)) == 1
    assert kwh(slots(cpo)) == pytest.approx(20, abs=0.001)


def test_who_leaves_without_what_it_asked_for_is_an_event_with_the_reason(cpo: Cpo, time: Any) -> None:
    cpo.begins("S1", charging_preferences=PATIENT)
    cpo.run()
    time(minutes=60)
    leaves(cpo, "S1", 12.5)
    (visit,) = visits(cpo)
    assert visit.short_kwh == 7.5
    (event,) = events(cpo, EventKind.LEFT_SHORT)
    assert event.text == "EVSE E1: left with 12.5 of 20.0 kWh asked for"
    assert event.reason == "left at 10:00, and was believed to stay until 21:00: 7.5 kWh short"


def test_what_a_curtailment_took_is_told_of_it_also_when_no_time_is_left(cpo: Cpo, time: Any) -> None:
    """A car stands an hour, nearly all of it behind a low limit: no plan of its last minutes can know what took it."""
    cpo.begins("S1", charging_preferences=HURRIED)
    cpo.run()
    curtail(cpo, 14, clock.now(), clock.now() + timedelta(minutes=55))
    cpo.run()
    for minute in range(11):
        time(minutes=5)
        tells(cpo, "S1", round(8 * KW_PER_A * (minute + 1) / 12, 2))
    time(minutes=5)
    leaves(cpo, "S1", 6.9)
    (visit,) = visits(cpo)
    assert visit.short_kwh == 13.1
    assert visit.why == ("grid connection, L1, signal dso-1, 09:00-09:55: 13.1 kWh short",)
    (event,) = events(cpo, EventKind.LEFT_SHORT)
    assert event.reason == visit.why[0]


def test_who_left_with_a_full_battery_has_missed_nothing(cpo: Cpo, time: Any) -> None:
    cpo.begins("S1", charging_preferences=PATIENT)
    cpo.run()
    time(minutes=60)
    parked = {"start_date_time": "2026-11-22T08:40:00Z", "dimensions": [{"type": "PARKING_TIME", "volume": 0}]}
    tells(cpo, "S1", 12.5, charging_periods=[parked])
    leaves(cpo, "S1", 12.5)
    assert visits(cpo)[0].short_kwh == 0
    assert not events(cpo, EventKind.LEFT_SHORT)


def test_a_session_that_pauses_is_not_counted_twice_when_it_goes_on(cpo: Cpo, time: Any) -> None:
    cpo.begins("S1")
    cpo.run()
    time(minutes=20)
    tells(cpo, "S1", 5)
    tells(cpo, "S1", 5, status="PENDING")
    time(minutes=20)
    cpo.loop.plan()
    tells(cpo, "S1", 6, status="ACTIVE")
    time(minutes=20)
    tells(cpo, "S1", 7)
    assert kwh(slots(cpo)) == pytest.approx(7, abs=0.001)
    assert not visits(cpo)


def test_a_refused_profile_is_an_event_once(cpo: Cpo, time: Any) -> None:
    cpo.answer = "REJECTED"
    cpo.begins("S1")
    cpo.run()
    time(minutes=2)
    cpo.loop.plan()
    time(minutes=2)
    cpo.loop.plan()
    (event,) = events(cpo, EventKind.REFUSED)
    assert event.text == "no profile is taken: EVSE E1: REJECTED"


def test_a_site_that_nothing_can_be_decided_for_is_an_event_when_it_begins_and_ends(cpo: Cpo, time: Any) -> None:
    cpo.begins("S1")
    cpo.run()
    time(minutes=10)
    known = cpo.sites.config("garage")
    assert known
    cpo.sites.put_config("garage", "{}", PLACE, known, None)
    cpo.loop.plan()
    time(minutes=10)
    cpo.loop.plan()
    (event,) = events(cpo, EventKind.NO_PLAN)
    assert event.at == NOW + timedelta(minutes=10)
    assert event.text.startswith("no plan could be made, and nothing is sent: the site cannot be read: ")
    cpo.sites.put_config("garage", known.document, PLACE, cpo.sites.config("garage"), None)
    with patch("optimizer.run.decide", side_effect=ZeroDivisionError("a/b")):
        cpo.loop.plan()
    assert len(events(cpo, EventKind.NO_PLAN, EventKind.NO_PLAN_OVER)) == 1
    tells(cpo, "S1", 5)
    time(minutes=1)
    cpo.loop.plan()
    (over,) = events(cpo, EventKind.NO_PLAN_OVER)
    assert over.at > event.at
    assert kwh(slots(cpo)) == pytest.approx(5, abs=0.001), "the meters go on from where they were"


def test_a_site_that_never_had_a_plan_says_so(cpo: Cpo, time: Any) -> None:
    with patch("optimizer.run.decide", side_effect=ZeroDivisionError("a/b")):
        cpo.loop.plan()
    (event,) = events(cpo, EventKind.NO_PLAN)
    assert event.text == "no plan could be made, and nothing is sent: ZeroDivisionError: a/b"


def curtail(cpo: Cpo, limit_a: float, start: datetime, end: datetime) -> None:
    """As the energy API does it."""
    limit = Limit(limit_a=dict.fromkeys(("L1", "L2", "L3"), limit_a))
    cap = Cap(signal_id="dso-1", start=start, end=end, limit_a=limit.limit_a)
    signal = Signal(
        signal_id="dso-1", node="grid", start=start, end=end, limit=limit, author="dso", received_at=clock.now()
    )
    known = cpo.sites.config("garage")
    site, noted = parse_site(json.dumps(SITE)).with_cap(cap), LEDGERS.signal_actions("garage", signal)
    cpo.sites.put_config("garage", site.model_dump_json(exclude_none=True), PLACE, known, None, noted=noted)


def test_a_curtailment_is_proved_when_the_last_decrease_is_accepted(cpo: Cpo, time: Any) -> None:
    cpo.begins("S1")
    cpo.run()
    time(minutes=15)
    tells(cpo, "S1", 4.5)
    time(minutes=5)
    curtail(cpo, 20, clock.now(), clock.now() + timedelta(hours=1))
    cpo.loop.run()
    signal = LEDGERS.signal("garage", "dso-1")
    assert signal
    assert signal.obeyed_at is None, "the decrease has not been accepted"
    time(seconds=4)
    cpo.run()
    signal = LEDGERS.signal("garage", "dso-1")
    assert signal
    assert signal.reaction_s == 4
    (event,) = events(cpo, EventKind.CURTAILED)
    assert event.subject == "dso-1"
    time(minutes=20)
    tells(cpo, "S1", 9.2)
    signal = LEDGERS.signal("garage", "dso-1")
    assert signal
    assert signal.load_before_kw
    assert signal.load_after_kw
    assert signal.load_before_kw > signal.load_after_kw > 0
    assert signal.load_after_kw <= 20 * KW_PER_A


def test_a_curtailment_that_was_kept_when_it_began_needed_no_time(cpo: Cpo, time: Any) -> None:
    cpo.begins("S1")
    cpo.run()
    curtail(cpo, 20, clock.now() + timedelta(minutes=10), clock.now() + timedelta(hours=1))
    cpo.run()
    time(minutes=12)
    cpo.loop.plan()
    signal = LEDGERS.signal("garage", "dso-1")
    assert signal
    assert signal.reaction_s == 0


def test_a_record_that_cannot_be_kept_stops_no_profile(cpo: Cpo) -> None:
    cpo.begins("S1")
    recording = import_module("optimizer.recording.recorder")
    with patch.object(recording, "entry", side_effect=ZeroDivisionError):
        cpo.run()
    assert cpo.profile("S1").accepted
    assert not slots(cpo)


def test_a_run_that_dies_before_the_record_is_written_counts_nothing_twice(cpo: Cpo, time: Any) -> None:
    cpo.begins("S1", charging_preferences=PATIENT)
    cpo.run()
    time(minutes=30)
    with patch.object(Ledgers, "write", side_effect=TimeoutError):
        leaves(cpo, "S1", 12)
    assert len(visits(cpo)) == 1, "noted before the rest was to be written"
    assert kwh(slots(cpo)) == 0
    time(minutes=5)
    cpo.loop.plan()
    cpo.loop.plan()
    assert len(visits(cpo)) == 1
    assert len(events(cpo, EventKind.LEFT_SHORT)) == 1
    assert kwh(slots(cpo)) == pytest.approx(12, abs=0.001)
