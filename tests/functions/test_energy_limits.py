"""The energy API: sites are described, and their limits, prices and priorities changed."""

import json
from collections.abc import Callable
from threading import Thread
from typing import Any

import boto3
import pytest

from ocpi import clock
from ocpi.store.grants import Right
from ocpi.store.keys import ObjectId
from ocpi.store.objects import Objects
from ocpi.store.sites import Sites
from ocpi.types.versions import ModuleID
from tests.energy import SITE, claims, described, energy, granted

GRID = "/sites/garage/limits/grid"
EVENING = {"start": "2026-11-22T17:00:00Z", "end": "2026-11-22T21:00:00Z"}
ANNA = "6a0f3a52-0000-4000-8000-000000000001"


def asked() -> list[dict[str, Any]]:
    """The messages on the optimize queue, which are gone then."""
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName="optimize.fifo")["QueueUrl"]
    found = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            found.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


@pytest.fixture
def etag(aws: None, time: Callable[..., None]) -> str:
    """The site `garage`, described on 22 November 2026; a minute has passed since."""
    time(minutes=0)
    etag = described()
    time(minutes=1)
    asked()
    return etag


def events() -> list[dict[str, Any]]:
    reply = energy("GET", "/sites/garage/events")
    assert reply.status == 200, reply
    return list(reply.body)


# A site as a whole


def test_a_site_is_described_and_read_again(etag: str) -> None:
    reply = energy("GET", "/sites/garage")
    assert (reply.status, reply.etag) == (200, etag)
    assert reply.body["limits"]["base"] == {"limit_kw": 69}
    assert "feed_in_per_kwh" not in reply.body, "what nobody has said"
    again = energy("PUT", "/sites/garage", reply.body, etag=etag)
    assert (again.status, again.etag) == (200, etag), "nothing has changed"


def test_a_site_that_is_described_anew_is_planned_at_once_and_it_is_known_who_did_it(etag: str) -> None:
    reply = energy("PUT", "/sites/garage?reason=new%20cable", SITE | {"name": "Garage"}, etag=etag)
    assert reply.status == 200, reply
    assert reply.etag != etag
    assert asked() == [{"site_id": "garage", "reason": "site"}]
    newest, created = events()
    assert (newest["author"], newest["reason"], newest["text"]) == ("jan@garage.example", "new cable", "the site: name")
    assert (json.loads(newest["before"]), json.loads(newest["after"])) == ({"name": "City garage"}, {"name": "Garage"})
    assert created["text"] == "the site, which is new"


def test_a_site_is_not_made_twice(etag: str) -> None:
    reply = energy("PUT", "/sites/garage", SITE, headers={"if-none-match": "*"})
    assert reply.status == 412
    assert "jan@garage.example has changed the site" in reply.detail


def test_a_second_site_for_the_same_location_is_refused(etag: str) -> None:
    reply = energy("PUT", "/sites/other", SITE | {"id": "other"}, headers={"if-none-match": "*"})
    assert (reply.status, reply.body["errors"]) == (
        422,
        [{"pointer": "/location", "detail": "another site stands for it already"}],
    )


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"id": "other"}, "/id"),
        ({"time_zone": "Mars/Olympus"}, "/time_zone"),
        ({"partner_id": "nobody"}, "/partner_id"),
        ({"limits": {"base": {"limit_kw": -1}}}, "/limits/base/limit_kw"),
        ({"limits": {"base": {"limit_kw": 1}, "caps": []}, "colour": "red"}, "/colour"),
        ({"evses": [{"evse_uid": "1", "feeder": "deck-9"}]}, "/evses/0/feeder"),
    ],
)
def test_what_is_wrong_with_a_site_is_named_by_its_place(etag: str, change: dict[str, Any], pointer: str) -> None:
    reply = energy("PUT", "/sites/garage", SITE | change, etag=etag)
    assert (reply.status, [each["pointer"] for each in reply.body["errors"]]) == (422, [pointer])
    assert energy("GET", "/sites/garage").etag == etag


# Limits


def test_limits_of_all_nodes_are_read_together(etag: str) -> None:
    reply = energy("GET", "/sites/garage/limits")
    assert (reply.status, reply.etag) == (200, etag)
    assert reply.body.keys() == {"grid", "deck-1"}
    assert reply.body["grid"] == {
        "base": {"limit_a": None, "limit_kw": 69},
        "weekly": [],
        "overrides": [],
        "caps": [],
    }


def test_a_limit_that_is_lowered_asks_for_a_plan_at_once(etag: str) -> None:
    reply = energy("PUT", f"{GRID}/base", {"limit_kw": 34.5}, etag=etag)
    assert (reply.status, reply.body) == (200, {"limit_a": None, "limit_kw": 34.5})
    assert asked() == [{"site_id": "garage", "reason": "site"}]
    assert energy("GET", "/sites/garage/limits").etag == reply.etag
    (event, _) = events()
    assert (event["kind"], event["subject"], event["text"]) == ("limit", "grid", "limit of grid: 34.5 kW")
    assert json.loads(event["before"]) == {"limit_kw": 69.0}


def test_the_limit_of_a_feeder_is_changed(etag: str) -> None:
    limit = {"limit_a": {"L1": 50, "L2": 50, "L3": 40}}
    assert energy("PUT", "/sites/garage/limits/deck-1/base", limit, etag=etag).status == 200
    assert energy("GET", "/sites/garage").body["feeders"][0]["limits"]["base"] == limit


def test_a_weekly_calendar_is_set(etag: str) -> None:
    weekly = [{"day_of_week": ["MONDAY"], "start_time": "17:00", "end_time": "21:00", "limit_kw": 34.5}]
    reply = energy("PUT", f"{GRID}/weekly", weekly, etag=etag)
    assert (reply.status, reply.body[0]["limit_kw"]) == (200, 34.5)
    assert energy("PUT", f"{GRID}/weekly", [], etag=reply.etag).body == []


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("/base", {"limit_kw": "69"}, "/limits/base/limit_kw"),
        ("/base", {"limit_kw": 1e9}, "/limits/base/limit_kw"),
        ("/base", {"limit_a": {"L1": 63}}, "/limits/base/limit_a/L2"),
        ("/base", {}, "/limits/base"),
        ("/base", {"limit_kw": 69, "until": "tomorrow"}, "/limits/base/until"),
        ("/weekly", [{"start_time": "25:00", "end_time": "21:00", "limit_kw": 1}], "/limits/weekly/0/start_time"),
        ("/weekly", {"start_time": "17:00"}, "/limits/weekly"),
    ],
)
def test_what_is_wrong_with_a_limit_is_named_by_its_place(etag: str, path: str, body: object, pointer: str) -> None:
    reply = energy("PUT", GRID + path, body, etag=etag)
    assert reply.status == 422, reply
    assert reply.body["errors"][0]["pointer"] == pointer, reply.body


def test_weekly_limits_that_overlap_are_both_named(etag: str) -> None:
    weekly = [
        {"start_time": "17:00", "end_time": "21:00", "limit_kw": 30},
        {"day_of_week": ["MONDAY"], "start_time": "20:00", "end_time": "22:00", "limit_kw": 20},
    ]
    reply = energy("PUT", f"{GRID}/weekly", weekly, etag=etag)
    assert (reply.status, reply.body["errors"][0]["pointer"]) == (422, "/limits/weekly/1")
    assert "overlaps weekly[0]" in reply.detail


def test_who_has_not_looked_is_asked_before_what_others_have_added_ends(etag: str) -> None:
    works = EVENING | {"limit_kw": 20, "reason": "works"}
    override = energy("POST", f"{GRID}/overrides", works).body["id"]
    reply = energy("PUT", "/sites/garage", SITE | {"name": "Garage"}, etag="*")
    assert reply.status == 409
    (line,) = reply.body["confirm"]
    assert line == (
        f"limits.overrides: '{override}' (2026-11-22T17:00:00Z to 2026-11-22T21:00:00Z: 20 kW, by jan@garage.example)"
        " is left out: is it to end?"
    )
    known = energy("GET", "/sites/garage").etag
    assert energy("PUT", "/sites/garage", SITE | {"name": "Garage"}, etag=known).status == 200, "who has looked knows"


def test_watt_for_kilowatt_is_asked_about_before_it_is_taken(etag: str) -> None:
    reply = energy("PUT", f"{GRID}/base", {"limit_kw": 34500}, etag=etag)
    assert reply.status == 409
    (line,) = reply.body["confirm"]
    assert line == "limits.base.limit_kw: 34500 kW is 500 times the 69 kW of before: is it in W?"
    assert energy("GET", "/sites/garage").etag == etag
    assert not asked()
    assert energy("PUT", f"{GRID}/base?confirm=true", {"limit_kw": 34500}, etag=etag).status == 200


# Overrides


def test_an_override_needs_no_revision_and_says_who_wants_it_and_why(etag: str) -> None:
    reply = energy("POST", f"{GRID}/overrides", EVENING | {"limit_kw": 20, "reason": "works"})
    assert reply.status == 201, reply
    assert reply.body["author"] == "jan@garage.example"
    (override,) = energy("GET", "/sites/garage/limits").body["grid"]["overrides"]
    assert override == reply.body
    (event, _) = events()
    assert (event["kind"], event["reason"]) == ("override", "works")


def test_an_override_is_taken_back(etag: str) -> None:
    override = energy("POST", f"{GRID}/overrides", EVENING | {"limit_kw": 20}).body
    path = f"{GRID}/overrides/{override['id']}"
    assert energy("DELETE", path).status == 204
    assert energy("DELETE", path).status == 404
    assert energy("GET", "/sites/garage/limits").body["grid"]["overrides"] == []


def test_an_override_that_is_sent_twice_is_there_once(etag: str) -> None:
    order, key = EVENING | {"limit_kw": 20}, {"idempotency-key": "from-the-page-1"}
    first, second = (energy("POST", f"{GRID}/overrides", order, headers=key) for _ in range(2))
    assert (first.status, second.status) == (201, 201)
    assert first.body == second.body
    assert len(energy("GET", "/sites/garage/limits").body["grid"]["overrides"]) == 1
    for change in ({"limit_kw": 21}, {"end": "2026-11-22T22:00:00Z"}, {"start": EVENING["end"], "end": None}):
        other = energy("POST", f"{GRID}/overrides", order | change, headers=key)
        assert (other.status, "Idempotency-Key" in other.detail) == (409, True)


def test_an_override_from_now_on_that_is_sent_again_after_a_lost_answer_is_the_one_that_holds(
    etag: str, time: Callable[..., None]
) -> None:
    key = {"idempotency-key": "from-the-page-2"}
    first = energy("POST", f"{GRID}/overrides", {"start": "2026-11-22T08:01:00Z", "limit_kw": 20}, headers=key)
    time(seconds=20)
    again = energy("POST", f"{GRID}/overrides", {"start": "2026-11-22T08:01:20Z", "limit_kw": 20}, headers=key)
    assert (again.status, again.body) == (201, first.body)
    assert again.etag == first.etag, "nothing has changed"


def test_the_key_of_one_is_not_the_key_of_another(etag: str) -> None:
    granted(Right.CONTROL, site="garage", principal=ANNA, name="anna@garage.example")
    key = {"idempotency-key": "1"}
    assert energy("POST", f"{GRID}/overrides", EVENING | {"limit_kw": 20}, headers=key).status == 201
    night = {"start": "2026-11-22T22:00:00Z", "end": "2026-11-22T23:00:00Z", "limit_kw": 30}
    assert energy("POST", f"{GRID}/overrides", night, headers=key, authorizer=claims(ANNA)).status == 201


def test_an_override_that_is_over_already_is_refused(etag: str) -> None:
    for node, place in (("grid", "/limits"), ("deck-1", "/feeders/0/limits")):
        past = {"start": "2026-11-21T17:00:00Z", "end": "2026-11-22T08:00:00Z", "limit_kw": 20}
        reply = energy("POST", f"/sites/garage/limits/{node}/overrides", past)
        assert (reply.status, reply.body["errors"][0]["pointer"]) == (422, f"{place}/overrides/end")


def test_an_override_that_overlaps_another_is_refused_and_both_are_named(etag: str) -> None:
    first = energy("POST", f"{GRID}/overrides", EVENING | {"limit_kw": 20}).body["id"]
    reply = energy("POST", f"{GRID}/overrides", EVENING | {"limit_kw": 25})
    assert reply.status == 422
    assert first in reply.detail
    assert "overlaps" in reply.detail


def test_an_override_in_the_name_of_another_is_in_the_name_of_who_describes_it(etag: str) -> None:
    override = EVENING | {"id": "o-1", "limit_kw": 20, "author": "somebody else"}
    site = SITE | {"limits": {"base": {"limit_kw": 69}, "overrides": [override]}}
    assert energy("PUT", "/sites/garage", site, etag=etag).status == 200
    (known,) = energy("GET", "/sites/garage/limits").body["grid"]["overrides"]
    assert known["author"] == "jan@garage.example"


# Two at once


def test_who_has_read_an_older_site_hears_who_has_changed_it_since(etag: str) -> None:
    granted(Right.CONTROL, site="garage", principal=ANNA, name="anna@garage.example")
    changed = energy("PUT", f"{GRID}/base", {"limit_kw": 60}, etag=etag, authorizer=claims(ANNA))
    assert changed.status == 200
    reply = energy("PUT", f"{GRID}/base", {"limit_kw": 50}, etag=etag)
    assert reply.status == 412
    assert (
        "anna@garage.example has changed the site since you read it, at 2026-11-22T08:01:00Z: limit of grid: 60 kW"
        in reply.detail
    )
    assert energy("GET", "/sites/garage/limits").body["grid"]["base"]["limit_kw"] == 60


def test_who_does_not_say_what_it_has_read_changes_nothing(etag: str) -> None:
    for path, body in (("/limits/grid/base", {"limit_kw": 60}), ("/prices", {}), ("/priorities", {"034": 2})):
        assert energy("PUT", f"/sites/garage{path}", body).status == 428
    assert energy("PUT", "/sites/garage", SITE).status == 428
    assert energy("GET", "/sites/garage").etag == etag


def test_an_etag_that_is_none_is_refused(etag: str) -> None:
    assert energy("PUT", f"{GRID}/base", {"limit_kw": 60}, etag="yesterday").status == 400


def lower_the_base(etag: str) -> None:
    assert energy("PUT", f"{GRID}/base", {"limit_kw": 60}, etag=etag).status == 200


def test_an_override_goes_together_with_an_edit_of_the_same_moment(etag: str, monkeypatch: pytest.MonkeyPatch) -> None:
    write, others = Sites.put_config, iter([Thread(target=lower_the_base, args=[etag])])

    def changed_right_before(self: Sites, *arguments: Any, **named: Any) -> str:
        for other in others:
            other.start()
            other.join()
        return write(self, *arguments, **named)

    monkeypatch.setattr(Sites, "put_config", changed_right_before)
    assert energy("POST", f"{GRID}/overrides", EVENING | {"limit_kw": 20}).status == 201
    limits = energy("GET", "/sites/garage/limits").body["grid"]
    assert limits["base"]["limit_kw"] == 60
    assert len(limits["overrides"]) == 1


# Prices and priorities


def test_prices_are_set_and_taken_away(etag: str) -> None:
    prices = {"price_per_kwh": {"base": 0.3, "weekly": [{"start_time": "17:00", "end_time": "20:00", "value": 0.4}]}}
    reply = energy("PUT", "/sites/garage/prices", prices, etag=etag)
    assert reply.status == 200, reply
    assert reply.body["price_per_kwh"]["weekly"][0]["value"] == 0.4
    assert reply.body["demand_charge"] is None
    reply = energy("PUT", "/sites/garage/prices", {"feed_in_per_kwh": 0.05}, etag=reply.etag)
    assert energy("GET", "/sites/garage/prices").body == {
        "price_per_kwh": None,
        "feed_in_per_kwh": 0.05,
        "demand_charge": None,
    }


def test_wrong_prices_are_named_by_their_place(etag: str) -> None:
    reply = energy("PUT", "/sites/garage/prices", {"price_per_kwh": [0.1] * 23}, etag=etag)
    assert (reply.status, reply.body["errors"][0]["pointer"]) == (422, "/price_per_kwh")
    reply = energy("PUT", "/sites/garage/prices", {"limits": []}, etag=etag)
    assert reply.status == 422


def test_cents_for_euros_are_asked_about_before_they_are_taken(etag: str) -> None:
    prices = {"price_per_kwh": {"base": 21, "weekly": [{"start_time": "17:00", "end_time": "20:00", "value": 41}]}}
    reply = energy("PUT", "/sites/garage/prices", prices, etag=etag)
    assert (reply.status, reply.body["errors"][0]["pointer"]) == (409, "/price_per_kwh")
    reply = energy("PUT", "/sites/garage/prices?confirm=true", prices, etag=etag)
    assert reply.status == 200
    again = energy("PUT", "/sites/garage/prices", {"price_per_kwh": 40}, etag=reply.etag)
    assert again.status == 200, "such are the prices here"


def test_priorities_are_set_and_the_others_stay(etag: str) -> None:
    reply = energy("PUT", "/sites/garage/priorities", {"035": 3}, etag=etag)
    assert (reply.status, reply.body) == (200, {"034": 1, "035": 3})
    assert energy("GET", "/sites/garage/priorities").body == {"034": 1, "035": 3}
    reply = energy("PUT", "/sites/garage/priorities", {"034": -1}, etag=reply.etag)
    assert (reply.status, reply.body["errors"][0]["pointer"]) == (422, "/priorities/034")


# Prices and forecasts over time


def test_prices_of_the_day_ahead_are_uploaded_and_read(etag: str) -> None:
    lines = "start;value\n" + "".join(f"2026-11-23 {hour:02}:00;0,21\n" for hour in range(24))
    reply = energy("PUT", "/sites/garage/series/price", lines.encode(), content_type="text/csv")
    assert reply.status == 200, reply
    assert len(reply.body) == 24
    assert asked() == [{"site_id": "garage", "reason": "site"}]
    read = energy("GET", "/sites/garage/series/price")
    assert [step["value"] for step in read.body] == [0.21] * 24
    assert read.body[0]["start"] == "2026-11-22T23:00:00Z"
    (event, _) = events()
    assert (event["kind"], event["author"]) == ("series", "jan@garage.example")


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("start,value\n" + "".join(f"2026-11-23 {hour:02}:00,0,21\n" for hour in range(24)), "line 2"),
        ("start,value\n" + "".join(f"2026-11-23 {hour:02}:00,0.21\n" for hour in range(24) if hour != 15), "15:00"),
    ],
)
def test_an_upload_that_is_wrong_says_where(etag: str, lines: str, says: str) -> None:
    reply = energy("PUT", "/sites/garage/series/price", lines.encode(), content_type="text/csv")
    assert reply.status == 422
    assert says in reply.detail
    assert energy("GET", "/sites/garage/series/price").body == []


def test_prices_in_another_unit_are_asked_about(etag: str) -> None:
    lines = "start,value\n" + "".join(f"2026-11-23 {hour:02}:00,210\n" for hour in range(24))
    reply = energy("PUT", "/sites/garage/series/price", lines.encode(), content_type="text/csv")
    assert (reply.status, bool(reply.body["confirm"])) == (409, True)
    again = energy("PUT", "/sites/garage/series/price?confirm=true", lines.encode(), content_type="text/csv")
    assert again.status == 200


def test_a_forecast_with_the_other_sign_is_asked_about_and_taken_back(etag: str) -> None:
    lines = "start,value\n" + "".join(f"2026-11-22 {hour:02}:00,-30\n" for hour in range(24))
    path = "/sites/garage/series/base_load_kw"
    asked_first = energy("PUT", path, lines.encode(), content_type="text/csv")
    assert asked_first.status == 409
    assert "-30 kW at 2026-11-22 00:00 is below zero" in asked_first.body["confirm"][0]
    assert energy("PUT", f"{path}?confirm=true", lines.encode(), content_type="text/csv").status == 200
    asked()
    assert energy("DELETE", f"{path}?reason=wrong+sign").status == 204
    assert asked() == [{"site_id": "garage", "reason": "site"}]
    (event, _, _) = events()
    assert event["kind"] == "series_removed"
    assert event["text"] == "base_load_kw from 2026-11-22T08:01:00Z to 2026-11-22T23:00:00Z"
    assert (event["author"], event["reason"]) == ("jan@garage.example", "wrong sign")
    read = energy("GET", f"{path}?from=2026-11-21T23:00:00Z&until=2026-11-23T00:00:00Z").body
    assert read[-1]["end"] == "2026-11-22T08:01:00Z", "what is over is on record"
    again = energy("DELETE", path)
    assert (again.status, again.detail) == (404, "there is no base_load_kw that was uploaded of that time")
    assert energy("DELETE", f"{path}?from=2026-11-21T23:00:00Z").status == 204
    assert energy("GET", f"{path}?from=2026-11-21T23:00:00Z").body == []


def test_what_was_measured_is_not_taken_back_and_prices_are_of_no_feeder(etag: str) -> None:
    assert energy("DELETE", "/sites/garage/series/measured_pv_kw").status == 400
    assert energy("DELETE", "/sites/garage/series/price?node=deck-1").status == 422
    assert energy("DELETE", "/sites/garage/series/base_load_kw?node=deck-9").status == 422
    assert energy("DELETE", "/sites/garage/series/price?until=2026-11-22T00:00:00Z").status == 400
    assert energy("DELETE", "/sites/garage/series/costs").status == 404


def test_more_base_load_than_what_counted_asks_for_a_plan(etag: str) -> None:
    assert energy("POST", "/sites/garage/measurements", {"base_load_kw": 3}).status == 204
    assert not asked()
    assert energy("POST", "/sites/garage/measurements", {"base_load_kw": 20, "pv_kw": 2}).status == 204
    assert asked() == [{"site_id": "garage", "reason": "site"}]
    (step,) = energy("GET", "/sites/garage/series/measured_base_load_kw?until=2026-11-22T09:00:00Z").body
    assert step["value"] == 20


@pytest.mark.parametrize(
    "body",
    [{}, {"base_load_kw": "20"}, {"base_load_kw": 1, "node": "deck-9"}, {"pv_kw": 1, "at": "2026-11-20T08:00:00Z"}],
)
def test_a_measurement_that_cannot_be_is_refused(etag: str, body: object) -> None:
    assert energy("POST", "/sites/garage/measurements", body).status == 422


def test_a_priority_of_an_evse_that_there_is_not_is_refused_with_the_one_most_like_it(etag: str) -> None:
    garage = ObjectId("cpo", ModuleID.LOCATIONS, "NL", "SIM", "L1")
    Objects("objects").put(garage, {"evses": [{"uid": "036"}, {"uid": "037"}]}, clock.now())
    reply = energy("PUT", "/sites/garage/priorities", {"034": 2, "036": 2, "O37": 2}, etag=etag)
    assert reply.status == 422
    assert reply.body["errors"] == [
        {"pointer": "/priorities/O37", "detail": "there is no such EVSE: is '037' meant?"},
    ]
    assert energy("PUT", "/sites/garage/priorities", {"034": 2, "036": 2}, etag=etag).status == 200
