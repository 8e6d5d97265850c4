"""What visits to a site teach: each is learned once, whatever the stream does, and believed of the next one."""

from datetime import timedelta
from importlib import import_module
from typing import Any
from unittest.mock import patch

import boto3
import pytest

from ocpi import clock, wire
from ocpi.store.histories import Histories
from ocpi.types.primitives import format_datetime
from ocpi.visits.record import Record
from ocpi.visits.visit import driver_scope, kwh_grew_at
from optimizer.history import Arrival, Assumed, History
from tests.functions.charging import NOW, PLACE, Cpo
from tests.objects import CDR, SESSION

DRIVER = driver_scope("garage", "NL", "TNM", SESSION["cdr_token"]["uid"])
CREDIT = {"credit": True, "credit_reference_id": "C1", "total_cost": {"excl_vat": -0.3}}
STAYED = {"start_date_time": "2026-11-22T08:00:00Z", "end_date_time": "2026-11-22T10:00:00Z", "kwh": 12}


def known(cpo: Cpo, scope: str = "site") -> Record | None:
    document = Histories("sites").learned("garage", [scope]).get(scope)
    return Record.model_validate(document) if document else None


def visits(cpo: Cpo, scope: str = "site") -> float:
    """How many were learned; they have hardly faded."""
    record = known(cpo, scope)
    return round(sum(record.energies.values())) if record else 0


def completes(cpo: Cpo, id_: str = "S1", **changes: object) -> None:
    told = STAYED | {"status": "COMPLETED", "last_updated": format_datetime(clock.now())} | changes
    assert cpo.call("PATCH", f"/receiver/sessions/NL/SIM/{id_}", told).status_code == 1000


def posts_cdr(cpo: Cpo, **changes: object) -> None:
    last_updated = {"last_updated": format_datetime(clock.now())}
    assert cpo.call("POST", "/receiver/cdrs", CDR | last_updated | changes).http_status == 201


def redelivered(*modules: str) -> list[dict[str, Any]]:
    """The stream records of all objects of some modules, as if they had just been written."""
    items = boto3.client("dynamodb").scan(TableName="objects")["Items"]
    found = (item for module in modules for item in items if item.get("module") == {"S": module})
    return [{"eventID": "again", "dynamodb": {"NewImage": item}} for item in found]


@pytest.fixture
def ended(cpo: Cpo, time: Any) -> Cpo:
    """A CPO with a session of two hours and 12 kWh that has just completed."""
    cpo.begins("S1")
    cpo.run()
    time(hours=2)
    completes(cpo)
    cpo.run()
    return cpo


def test_a_session_that_completes_is_learned_of_the_site_the_evse_and_the_driver(ended: Cpo) -> None:
    for scope in ("site", "evse:E1", DRIVER):
        record = known(ended, scope)
        assert record
        assert (record.since, record.as_of) == (NOW, NOW + timedelta(hours=2))
        assert visits(ended, scope) == 1


def test_what_was_learned_is_believed_of_the_next_visit(ended: Cpo, time: Any) -> None:
    for number in range(2, 7):
        ended.begins(f"S{number}", start_date_time=format_datetime(clock.now()))
        start = clock.now()
        time(hours=2)
        stayed = {"start_date_time": format_datetime(start), "end_date_time": format_datetime(clock.now())}
        completes(ended, f"S{number}", **stayed)
    ended.run()
    history = History.of(Histories("sites").learned("garage", ["site", "evse:E1", DRIVER]))
    now = clock.now()
    belief = history.believe(Arrival(at=now, evse_uid="E1", driver=DRIVER), now, 0.0, Assumed(8, 40))
    assert belief.departure - now == pytest.approx(timedelta(hours=2), abs=timedelta(minutes=15))
    assert belief.energy_kwh == pytest.approx(12, rel=0.1)


def test_a_stream_that_delivers_twice_or_late_teaches_nothing_new(ended: Cpo, time: Any) -> None:
    before = known(ended)
    handler = import_module("outbox.app").handler
    handler({"Records": redelivered("sessions") * 2}, None)
    time(hours=1)
    completes(ended, total_cost={"excl_vat": 1})
    ended.run()
    assert known(ended) == before


@pytest.mark.parametrize("reference", ["S1", "s1"])
def test_the_cdr_of_a_session_that_was_learned_teaches_nothing(ended: Cpo, reference: str) -> None:
    posts_cdr(ended, session_id=reference)
    ended.run()
    assert visits(ended) == 1


def test_a_cdr_that_comes_before_its_session_completes_leaves_it_to_the_session(cpo: Cpo, time: Any) -> None:
    cpo.begins("S1")
    cpo.run()
    time(hours=2)
    posts_cdr(cpo)
    cpo.run()
    assert visits(cpo) == 0
    completes(cpo)
    cpo.run()
    assert visits(cpo) == 1
    assert known(cpo) == known(cpo, "evse:E1")


@pytest.mark.parametrize("session_id", ["S9", None])
def test_a_cdr_without_a_session_is_learned_once_and_its_session_no_more(
    cpo: Cpo, time: Any, session_id: str | None
) -> None:
    time(hours=2)
    posts_cdr(cpo, session_id=session_id)
    cpo.run()
    import_module("outbox.app").handler({"Records": redelivered("cdrs")}, None)
    assert visits(cpo) == 1
    if session_id:
        cpo.begins(session_id)
        completes(cpo, session_id)
        cpo.run()
        assert visits(cpo) == 1


def test_a_credit_cdr_teaches_nothing(cpo: Cpo) -> None:
    posts_cdr(cpo, **CREDIT, id="C2", session_id="S9")
    cpo.run()
    assert visits(cpo) == 0


def test_what_the_driver_told_is_compared_with_what_came_of_it(cpo: Cpo, time: Any) -> None:
    told = {"profile_type": "REGULAR", "departure_time": "2026-11-22T12:00:00Z", "energy_need": 24}
    cpo.begins("S1", charging_preferences=told)
    cpo.run()
    time(hours=2)
    without = SESSION | STAYED | {"status": "COMPLETED", "last_updated": format_datetime(clock.now())}
    assert cpo.call("PUT", "/receiver/sessions/NL/SIM/S1", without).status_code == 1000
    cpo.run()
    record = known(cpo, DRIVER)
    assert record
    assert list(record.stay_shares) == list(record.energy_shares) == [-8], "half of both"


def test_on_how_many_phases_was_metered_is_learned(cpo: Cpo, time: Any) -> None:
    dimensions = [{"type": "POWER", "volume": 11}, {"type": "CURRENT", "volume": 16}]
    cpo.begins("S1", charging_periods=[{"start_date_time": "2026-11-22T08:00:00Z", "dimensions": dimensions}])
    time(hours=2)
    completes(cpo)
    cpo.run()
    assert History.of(Histories("sites").learned("garage", ["evse:E1"])).current_is_per_phase("E1")


@pytest.mark.parametrize(
    "changes",
    [
        {"end_date_time": "2026-11-22T07:00:00Z"},
        {"end_date_time": "2027-11-22T07:00:00Z"},
        {"start_date_time": "1970-01-01T00:00:00Z"},
        {"kwh": 100000},
    ],
)
def test_clocks_that_jump_and_meters_that_overflow_teach_nothing(cpo: Cpo, changes: dict[str, Any]) -> None:
    cpo.begins("S1")
    completes(cpo, **changes)
    cpo.run()
    assert visits(cpo) == 0


def test_a_session_elsewhere_teaches_nothing(cpo: Cpo) -> None:
    cpo.begins("S1", location_id="elsewhere")
    completes(cpo, location_id="elsewhere")
    cpo.run()
    assert visits(cpo) == 0


def test_a_failure_to_learn_stops_nothing_else(cpo: Cpo, time: Any) -> None:
    cpo.begins("S1")
    cpo.begins("S2", "E2")
    cpo.run()
    time(hours=2)
    with patch.object(Histories, "learn", side_effect=RuntimeError("the table is gone")):
        completes(cpo)
        cpo.run()
    assert [each["id"] for each in cpo.sites.place(PLACE).sessions.values()] == ["S2"]
    assert visits(cpo) == 0
    import_module("outbox.app").handler({"Records": redelivered("sessions")}, None)
    assert visits(cpo) == 1, "it is learned when it is told of again"


def test_no_token_is_stored_with_what_was_learned(ended: Cpo) -> None:
    uid = SESSION["cdr_token"]["uid"]
    items = boto3.client("dynamodb").scan(TableName="sites")["Items"]
    learned = [item for item in items if item["pk"]["S"] == "SITE#garage#LEARNED"]
    assert {item["sk"]["S"] for item in learned} == {"site", "evse:E1", DRIVER}
    assert all(uid not in wire.dumps(item).decode() for item in learned)
    assert all("expires_at" in item for item in learned)


def test_when_the_meter_moved_last_is_noted_beside_an_ongoing_session(cpo: Cpo, time: Any) -> None:
    def told(**changes: object) -> Any:
        time(minutes=5)
        patch = {"last_updated": format_datetime(clock.now())} | changes
        assert cpo.call("PATCH", "/receiver/sessions/NL/SIM/S1", patch).status_code == 1000
        cpo.run()
        (document,) = cpo.sites.place(PLACE).sessions.values()
        return kwh_grew_at(document)

    cpo.begins("S1")
    cpo.run()
    assert told(kwh=1) == NOW + timedelta(minutes=5)
    assert told() == NOW + timedelta(minutes=5)
    assert told(kwh=1.0, kwh_grew_at="2026-11-22T08:00:00Z") == NOW + timedelta(minutes=5)
    assert told(kwh=1.5) == NOW + timedelta(minutes=20)
