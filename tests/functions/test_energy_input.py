"""The energy API: input that nobody should send, and what is looked at."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from ocpi.energy.looking import Looking
from ocpi.energy.picture import Picture
from ocpi.sites.phases import PHASES
from ocpi.sites.record import Event, EventKind, LoadSlot, NodeLoad, VisitRecord
from ocpi.sites.site import Site
from ocpi.store.ledgers import Ledgers
from tests.energy import SITE, described, energy, written_by_another_version

DEEP = b"[" * 100_000 + b"]" * 100_000
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

BODIES: dict[str, bytes] = {
    "deep": DEEP,
    "deep object": b'{"limit_a":' * 5_000 + b"1" + b"}" * 5_000,
    "not JSON": b"limit_kw=60",
    "empty": b"",
    "not UTF-8": b'{"limit_kw": "\xff"}',
    "long number": b'{"limit_kw": ' + b"9" * 10_000 + b"}",
    "infinite": b'{"limit_kw": 1e999}',
    "NaN": b'{"limit_kw": NaN}',
    "null": b"null",
    "true": b"true",
    "twice": b'{"limit_kw": 60, "limit_kw": 61}',
    "surrogate": b'{"limit_kw": "\\ud800"}',
    "list": b"[60]",
}
WRITES = (
    ("PUT", "/sites/garage"),
    ("PUT", "/sites/garage/limits/grid/base"),
    ("PUT", "/sites/garage/limits/grid/weekly"),
    ("POST", "/sites/garage/limits/grid/overrides"),
    ("PUT", "/sites/garage/prices"),
    ("PUT", "/sites/garage/priorities"),
    ("PUT", "/sites/garage/series/price"),
    ("POST", "/sites/garage/measurements"),
    ("PUT", "/sites/garage/signals/dso-17"),
)


@pytest.fixture
def etag(aws: None, time: Callable[..., None]) -> str:
    """The site `garage`."""
    time(minutes=0)
    etag = described()
    time(minutes=1)
    return etag


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_what_is_no_json_of_the_right_kind_is_refused_and_changes_nothing(etag: str, method: str, path: str) -> None:
    for name, body in BODIES.items():
        reply = energy(method, path, body, etag="*")
        assert reply.status in (413, 422), (name, reply)
        assert reply.detail, name
    assert energy("GET", "/sites/garage").etag == etag


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_what_is_too_long_is_refused(etag: str, method: str, path: str) -> None:
    assert energy(method, path, b'"' + b"x" * 400_000 + b'"', etag="*").status == 413


def test_a_site_that_is_too_long_for_the_table_is_refused(etag: str) -> None:
    document = energy("GET", "/sites/garage").body
    evses = [{"evse_uid": f"{number:036}", "max_a": 32} for number in range(4_500)]
    reply = energy("PUT", "/sites/garage", document | {"evses": evses, "feeders": []}, etag=etag)
    assert reply.status in (413, 422)


@pytest.mark.parametrize(
    "path",
    [
        "/sites/%2A",
        "/sites/*",
        "/sites/garage%2F..",
        "/sites/../sites/nothing",
        "/sites/" + "x" * 2_000,
        "/sites/%00",
        "/sites/SITES",
        "/sites/garage%23LOADS",
        "/sites/garage/limits/deck-9/base",
        "/sites/garage/signals/" + "y" * 100,
        "/sites/garage/series/price%23grid",
        "/sites/garage/nothing",
        "/nothing",
        "",
    ],
)
def test_a_path_that_leads_nowhere_says_so(etag: str, path: str) -> None:
    reply = energy("GET", path)
    assert reply.status in (404, 405), reply
    assert reply.detail


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("/events?from=yesterday", "from"),
        ("/events?until=2026-13-01T00:00:00Z", "until"),
        ("/events?until=0001-01-01T00:00:00Z", "until"),
        ("/events?from=2026-11-23T00:00:00Z&until=2026-11-22T00:00:00Z", "from"),
        ("/history?from=2026-01-01T00:00:00Z&until=2026-11-22T00:00:00Z", "from"),
        ("/history?step=60", "step"),
        ("/history?step=-300", "step"),
        ("/history?format=xml", "format"),
        ("/sessions?limit=0", "limit"),
        ("/sessions?limit=100000", "limit"),
        ("/events?before=now", "before"),
        ("/events?before=0001-01-01T00:00:00Z", "before"),
        ("/sessions?before=0001-01-01T00:00:00Z", "before"),
        ("/history?from=9999-12-31T00:00:00Z&until=9999-12-31T23:59:00Z", "until"),
        ("/series/price?from=0001-01-01T00:00:00Z&until=0001-01-02T00:00:00Z", "until"),
        ("/signals?from=0001-01-01T00:00:00Z", "from"),
    ],
)
def test_a_parameter_that_is_wrong_is_named(etag: str, path: str, parameter: str) -> None:
    reply = energy("GET", f"/sites/garage{path}")
    assert (reply.status, reply.detail.partition(":")[0]) == (400, parameter)


def test_a_month_that_is_none_or_has_not_begun_is_refused(etag: str) -> None:
    for month in ("2026-13", "11-2026", "2027-01"):
        assert energy("GET", f"/sites/garage/savings?month={month}").status == 422
        assert energy("GET", f"/sites/garage/reports/{month}").status == 422


def test_confirm_is_true_or_false(etag: str) -> None:
    reply = energy("PUT", "/sites/garage/limits/grid/base?confirm=yes", {"limit_kw": 60}, etag=etag)
    assert reply.status == 400


def test_a_method_that_is_not_offered_is_told(etag: str) -> None:
    assert energy("DELETE", "/sites/garage").status == 405
    assert energy("POST", "/sites").status == 405


# What is looked at


def test_a_site_is_seen_as_it_is_now(etag: str) -> None:
    reply = energy("GET", "/sites/garage/now")
    assert reply.status == 200, reply
    assert reply.body["site"]["id"] == "garage"
    assert [node["id"] for node in reply.body["nodes"]] == ["grid", "deck-1"]
    assert reply.body["nodes"][0]["source"]["kind"] == "base"
    assert "no_location" in [alarm["kind"] for alarm in reply.body["alarms"]]
    assert reply.body["plan"] is None, "what is not known is null"
    (summary,) = energy("GET", "/sites").body
    assert (summary["id"], summary["limit_kw"]) == ("garage", 69)
    assert (summary["state"], summary["alarms"]) == (reply.body["state"], len(reply.body["alarms"]))


def test_what_was_measured_this_moment_is_seen(aws: None) -> None:
    described()
    assert energy("POST", "/sites/garage/measurements", {"base_load_kw": 20.7}).status == 204
    (grid, *_) = energy("GET", "/sites/garage/now").body["nodes"]
    assert grid["base_load_a"]["L1"] == 30


def test_a_site_that_cannot_be_read_hides_no_other_and_can_be_described_anew(etag: str) -> None:
    document = energy("GET", "/sites/garage").body
    written_by_another_version(document)
    assert energy("GET", "/sites").body == [
        {
            "id": "garage",
            "name": None,
            "time_zone": "UTC",
            "state": "alarm",
            "alarms": 1,
            "limit_kw": None,
            "drawn_kw": None,
            "allowed_kw": None,
            "sessions": 0,
        }
    ]
    for path in ("", "/now", "/limits", "/history"):
        reply = energy("GET", f"/sites/garage{path}")
        assert (reply.status, "describe it anew, with If-Match: *" in reply.detail) == (409, True)
    assert energy("PUT", "/sites/garage/limits/grid/base", {"limit_kw": 60}, etag='"1"').status == 409
    assert energy("PUT", "/sites/garage", document, etag='"1"').status == 200
    assert energy("GET", "/sites/garage").status == 200


def test_a_site_that_cannot_be_looked_at_hides_no_other(etag: str, monkeypatch: pytest.MonkeyPatch) -> None:
    described(SITE | {"id": "other", "location": SITE["location"] | {"location_id": "L2"}})
    picture = Looking.picture

    def broken(self: Looking, site: Site, now: datetime) -> Picture:
        if site.id == "garage":
            raise ZeroDivisionError
        return picture(self, site, now)

    monkeypatch.setattr(Looking, "picture", broken)
    reply = energy("GET", "/sites")
    assert reply.status == 200
    assert [(each["id"], each["name"], each["state"], each["limit_kw"]) for each in reply.body] == [
        ("garage", "City garage", "alarm", None),
        ("other", "City garage", "alarm", 69),
    ]


def test_a_page_of_nothing_is_empty(etag: str) -> None:
    assert energy("GET", "/sites/garage/events?before=2026-11-01T00:00:00Z").body == []


def test_what_is_planned_is_told_for_a_day(etag: str) -> None:
    reply = energy("GET", "/sites/garage/plan")
    assert reply.status == 200
    assert len(reply.body["times"]) in (288, 289)
    assert reply.body["nodes"]["grid"]["limit_a"]["L1"][0] == 100


def visit(number: int) -> VisitRecord:
    departure = datetime(2026, 11, 22, 7, number // 2, tzinfo=UTC)
    return VisitRecord(
        id=f"S{number}",
        session_id=f"S{number}",
        evse_uid="034",
        node="deck-1",
        phases=("L1",),
        arrival=departure - timedelta(hours=2),
        departure=departure,
        energy_kwh=10,
        max_kw=7.4,
    )


def test_visits_come_page_by_page_and_none_is_left_out_or_told_twice(etag: str) -> None:
    Ledgers("sites").put_visits("garage", [visit(number) for number in range(20)], NOON)
    path, told = "/sites/garage/sessions?limit=3", []
    while path:
        reply = energy("GET", path)
        assert reply.status == 200, reply
        told += [each["id"] for each in reply.body]
        link = reply.headers.get("link", "")
        path = link.partition(">")[0].removeprefix("<https://ocpi.example.com/energy/v1")
    assert sorted(told) == sorted(f"S{number}" for number in range(20))
    assert told[0] in ("S18", "S19"), "the last first"


def test_history_is_told_as_curves_and_as_a_table(etag: str) -> None:
    each = dict.fromkeys(PHASES, 10.0)
    load = NodeLoad(limit_a=each, base_a=each, ev_a=each, allowed_a=each)
    slots = [
        LoadSlot(start=datetime(2026, 11, 22, 7, minute, tzinfo=UTC), nodes={"grid": load}, sessions=2)
        for minute in (0, 5)
    ]
    ledgers = Ledgers("sites")
    ledgers._table.transact([ledgers._put_hour("garage", slots[0].start, slots)])
    reply = energy("GET", "/sites/garage/history?step=900")
    assert reply.status == 200, reply
    assert reply.body["nodes"]["grid"]["ev_a"]["L1"].count(10.0) >= 1
    table = energy("GET", "/sites/garage/history", headers={"accept": "text/csv"})
    assert table.headers["content-type"].startswith("text/csv")
    assert 'filename="garage-2026-11-21.csv"' in table.headers["content-disposition"]
    assert b"grid" in table.content.splitlines()[0]
    assert energy("GET", "/sites/garage/history?format=csv").content == table.content


def test_events_say_what_happened_the_last_first(etag: str) -> None:
    happened = Event(at=datetime(2026, 11, 22, 8, 0, 30, tzinfo=UTC), kind=EventKind.REFUSED, text="EVSE 034 refused")
    Ledgers("sites").note_event("garage", happened)
    reply = energy("GET", "/sites/garage/events")
    assert [event["kind"] for event in reply.body] == ["refused", "site"]
    assert (reply.body[0]["author"], reply.body[1]["author"]) == (None, "jan@garage.example")


def test_savings_and_the_report_of_a_month_are_told(etag: str) -> None:
    savings = energy("GET", "/sites/garage/savings")
    assert (savings.status, savings.body["site_id"]) == (200, "garage")
    report = energy("GET", "/sites/garage/reports/2026-11")
    assert (report.status, report.body["month"]) == (200, "2026-11")
    page = energy("GET", "/sites/garage/reports/2026-11", headers={"accept": "text/html"})
    assert page.status == 200
    assert page.content.startswith(b"<!doctype html>")
    assert "sandbox" in page.headers["content-security-policy"]
