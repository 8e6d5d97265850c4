"""From a Session that a CPO pushes to a profile in force at the charge point, through streams, queues and HTTP."""

import json
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from importlib import import_module
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest
from botocore.exceptions import ClientError

from ocpi import clock
from ocpi.push.messages import ProfileMessage
from ocpi.sites.limits import Limit
from ocpi.sites.site import parse_site
from ocpi.store import keys
from ocpi.store.keys import ObjectId
from ocpi.store.profiles import ProfileState
from ocpi.store.sites import Sites
from ocpi.store.table import Table
from ocpi.types.primitives import format_datetime
from ocpi.types.versions import ModuleID
from tests.api import request
from tests.functions.charging import HURRIED, NOW, PATIENT, PLACE, Cpo
from tests.objects import SESSION, SITE
from tests.partner import ROLES, Answer, ok


def left_s() -> float:
    """Seconds that a push function has."""
    return 60.0


@pytest.mark.requirement("CHP-12")
@pytest.mark.requirement("ROU-05")
@pytest.mark.requirement("CHP-22")
@pytest.mark.requirement("CHP-32")
@pytest.mark.requirement("ROU-01")
def test_a_session_gets_a_profile_and_the_result_is_kept(cpo: Cpo) -> None:
    cpo.begins("S1")
    cpo.run()
    ((session_id, body),) = cpo.put
    assert session_id == "S1"
    profile = body["charging_profile"]
    assert profile["charging_rate_unit"] == "A"
    assert profile["start_date_time"] == "2026-11-22T08:00:00Z"
    first = profile["charging_profile_period"][0]
    assert first["start_period"] == 0
    assert 26 < first["limit"] <= 32
    assert body["response_url"].startswith("https://ocpi.example.com/ocpi/2.2.1/sender/chargingprofiles/results/")
    headers = cpo.connection.partner.seen[-1].headers
    assert (headers["ocpi-to-country-code"], headers["ocpi-to-party-id"]) == ("NL", "SIM")
    assert (headers["ocpi-from-country-code"], headers["ocpi-from-party-id"]) == ("NL", "OCS")
    assert 26 < cpo.allowed_a("S1") <= 32
    assert cpo.profile("S1").pending is None


def test_a_plan_that_holds_is_not_sent_again(cpo: Cpo) -> None:
    cpo.begins("S1")
    cpo.run()
    cpo.loop.plan()
    assert len(cpo.put) == 1


def test_the_increase_waits_until_the_decrease_was_accepted(cpo: Cpo) -> None:
    cpo.begins("S1", charging_preferences=PATIENT)
    cpo.run()
    assert cpo.allowed_a("S1") > 28
    cpo.begins("S2", "E2", charging_preferences=HURRIED)
    cpo.loop.run()
    assert [id_ for id_, _ in cpo.put] == ["S1", "S1"], "only the decrease is sent while it is unanswered"
    assert cpo.put[1][1]["charging_profile"]["charging_profile_period"][0]["limit"] < 28
    cpo.run()
    assert cpo.put[-1][0] == "S2"
    assert cpo.allowed_a("S2") > 20
    assert cpo.allowed_a("S1") + cpo.allowed_a("S2") <= 34, "40 A less room for one newcomer of 6 A"


@pytest.mark.requirement("CHP-32")
def test_a_session_that_ends_makes_room_for_the_others(cpo: Cpo) -> None:
    cpo.begins("S1")
    cpo.begins("S2", "E2")
    cpo.run()
    assert cpo.allowed_a("S1") < 26
    cpo.ends("S2")
    cpo.run()
    assert 26 < cpo.allowed_a("S1") <= 32
    assert cpo.profile("S2") == ProfileState()


@pytest.mark.parametrize("answer", ["REJECTED", "NOT_SUPPORTED", "UNKNOWN_SESSION", "TOO_OFTEN"])
def test_a_refused_session_is_left_alone_and_counts_with_what_it_may_draw(cpo: Cpo, time: Any, answer: str) -> None:
    cpo.answer = answer
    cpo.begins("S1")
    cpo.run()
    assert cpo.profile("S1").refusal == answer
    cpo.loop.plan()
    assert len(cpo.put) == 1, "not asked again at once"
    cpo.answer = "ACCEPTED"
    cpo.begins("S2", "E2")
    cpo.run()
    assert 22 < cpo.allowed_a("S2") <= 28, "40 A less 6 A of the refused session and 6 A for a newcomer"
    time(days=7, seconds=1)
    cpo.put.clear()
    cpo.loop.plan()
    assert "S1" in [id_ for id_, _ in cpo.put], "asked again later"


@pytest.mark.parametrize("body", [{"status_code": 2000}, b"slow down"])
def test_a_request_that_was_one_too_many_is_sent_again_when_the_partner_wishes(
    cpo: Cpo, monkeypatch: pytest.MonkeyPatch, body: object
) -> None:
    slept: list[float] = []
    monkeypatch.setattr("push.profiles.time", SimpleNamespace(sleep=slept.append))
    cpo.begins("S1")
    takes = cpo.connection.partner.answers["PUT", "/chargingprofiles/S1"]
    assert callable(takes)
    answers: Iterator[Answer] = iter([(429, body, {"Retry-After": "3"}), (429, body)])
    cpo.connection.partner.answers["PUT", "/chargingprofiles/S1"] = lambda seen: next(answers, None) or takes(seen)
    cpo.run()
    assert slept == [3, 0.5]
    assert cpo.profile("S1").accepted
    assert cpo.profile("S1").unheeded == 0
    first, _, last = (seen.body for seen in cpo.connection.partner.seen if seen.method == "PUT")
    assert first == last


def test_a_partner_that_takes_nothing_is_left_alone_and_the_others_make_room(
    cpo: Cpo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("push.profiles.time", SimpleNamespace(sleep=lambda _: None))
    cpo.begins("S1")
    cpo.connection.partner.answers["PUT", "/chargingprofiles/S1"] = 429, {"status_code": 2000}
    cpo.run()
    assert cpo.profile("S1").refusal == "TOO_OFTEN"
    assert cpo.profile("S1").pending is None


def test_a_result_of_rejected_leaves_the_profile_before_in_force(cpo: Cpo) -> None:
    cpo.begins("S1", charging_preferences=PATIENT)
    cpo.run()
    cpo.result = "REJECTED"
    cpo.begins("S2", "E2", charging_preferences=HURRIED)
    cpo.run()
    assert cpo.allowed_a("S1") > 28
    assert cpo.profile("S1").refusal == "REJECTED"
    assert cpo.profile("S2").accepted is None, "there is no room beside what S1 may still draw"


@pytest.mark.requirement("CHP-16")
def test_silence_counts_with_both_outcomes_and_is_asked_again(cpo: Cpo, time: Any) -> None:
    cpo.result = None
    cpo.begins("S1", charging_preferences=PATIENT)
    cpo.run()
    first = cpo.put[0][1]["response_url"]
    assert cpo.profile("S1").pending
    assert cpo.profile("S1").accepted is None
    cpo.loop.plan()
    assert len(cpo.put) == 1, "not asked again before it has had its time"
    time(seconds=31)
    cpo.begins("S2", "E2", charging_preferences=HURRIED)
    cpo.run()
    asked = [body["charging_profile"]["charging_profile_period"][0]["limit"] for id_, body in cpo.put if id_ == "S1"]
    assert len(asked) == 2, "asked again"
    doubtful = [profile.charging_profile_period[0].limit for profile in cpo.profile("S1").doubtful]
    assert max(doubtful) == Decimal(str(asked[0])), "it may be in force"
    assert min(doubtful) == 6, "and so may the default"
    late = cpo.posts(first, "ACCEPTED")
    assert late
    assert late.status_code == 1000
    assert cpo.profile("S1").pending, "a late result says nothing about the newer request"


@pytest.mark.requirement("CHP-13")
def test_a_response_url_works_for_its_partner_only(cpo: Cpo, handshake: Any) -> None:
    cpo.begins("S1")
    cpo.loop.run()
    url = cpo.put[0][1]["response_url"]
    assert len(url.rpartition("/")[2]) >= 32, "not to be guessed"
    token_a = handshake.invite("Other")
    roles = [role | {"party_id": "OTH"} for role in ROLES]
    offered = cpo.connection.partner.credentials("other") | {"roles": roles}
    other = request("POST", "/ocpi/2.2.1/credentials", token=token_a, body=offered)
    path = url.removeprefix("https://ocpi.example.com")
    foreign = request("POST", path, token=other.data["token"], body={"result": "ACCEPTED"})
    assert foreign.http_status == 404
    assert cpo.profile("S1").pending
    assert cpo.call("POST", "/sender/chargingprofiles/results/guess", {"result": "ACCEPTED"}).http_status == 404


def test_a_wrong_result_is_2001(cpo: Cpo) -> None:
    cpo.begins("S1")
    cpo.loop.run()
    reply = cpo.posts(cpo.put[0][1]["response_url"], "accepted")
    assert reply
    assert reply.status_code == 2001
    assert "/result" in reply.message


@pytest.mark.requirement("CHP-17")
@pytest.mark.requirement("CHP-27")
def test_an_active_profile_that_the_cpo_tells_is_what_counts(cpo: Cpo, time: Any) -> None:
    cpo.begins("S1")
    cpo.run()
    time(seconds=10)
    active = {
        "start_date_time": "2026-11-22T08:00:10Z",
        "charging_profile": {
            "charging_rate_unit": "A",
            "charging_profile_period": [{"start_period": 0, "limit": 10.0}],
        },
    }
    reply = cpo.call("PUT", "/sender/chargingprofiles/S1", active)
    assert (reply.status_code, reply.data) == (1000, None)
    assert cpo.allowed_a("S1") == 10
    cpo.run()
    limit = cpo.put[-1][1]["charging_profile"]["charging_profile_period"][0]["limit"]
    assert limit > 26, "the plan is set again"


def test_the_others_give_way_at_once_to_a_charge_point_that_goes_its_own_way(cpo: Cpo, time: Any) -> None:
    cpo.answer = "REJECTED"
    cpo.begins("S1")
    cpo.run()
    cpo.answer = "ACCEPTED"
    cpo.begins("S2", "E2")
    cpo.run()
    assert cpo.allowed_a("S2") > 8
    time(seconds=10)
    more = active_profile("2026-11-22T08:00:10Z", charging_profile_period=[{"start_period": 0, "limit": 32}])
    assert cpo.call("PUT", "/sender/chargingprofiles/S1", more).status_code == 1000
    cpo.run()
    assert cpo.allowed_a("S1") == 32
    assert cpo.allowed_a("S2") <= 8, "40 A less 32 A"


def test_a_profile_above_what_its_evse_gives_leaves_the_others_their_room(cpo: Cpo, time: Any) -> None:
    known = cpo.sites.config("garage")
    larger = parse_site(json.dumps(SITE)).with_base("grid", Limit(limit_a={"L1": 80, "L2": 80, "L3": 80}))
    cpo.sites.put_config("garage", larger.model_dump_json(exclude_none=True), PLACE, known, None)
    cpo.answer = "REJECTED"
    cpo.begins("S1")
    cpo.run()
    cpo.answer = "ACCEPTED"
    time(seconds=10)
    odd = active_profile("2026-11-22T08:00:10Z", charging_profile_period=[{"start_period": 0, "limit": 999}])
    assert cpo.call("PUT", "/sender/chargingprofiles/S1", odd).status_code == 1000
    cpo.begins("S2", "E2")
    cpo.run()
    assert cpo.allowed_a("S2") > 26, "80 A less 32 A and the room for newcomers"


def test_a_profile_is_known_for_as_long_as_a_car_may_stay(cpo: Cpo) -> None:
    cpo.begins("S1")
    cpo.run()
    session = ObjectId("cpo", ModuleID.SESSIONS, "NL", "SIM", "S1")
    item = Table("sites").get(keys.session_profile(PLACE.text, session.text))
    assert item
    assert item["expires_at"] >= (NOW + timedelta(days=365)).timestamp()


def test_an_active_profile_of_an_unknown_session_is_404(cpo: Cpo) -> None:
    active = {
        "start_date_time": "2026-11-22T08:00:10Z",
        "charging_profile": {
            "charging_rate_unit": "A",
            "charging_profile_period": [{"start_period": 0, "limit": 10.0}],
        },
    }
    assert cpo.call("PUT", "/sender/chargingprofiles/S9", active).http_status == 404


def test_an_evse_without_the_capability_is_not_asked_and_counts_with_what_it_draws(cpo: Cpo) -> None:
    cpo.begins("S3", "E3")
    cpo.begins("S1")
    cpo.run()
    assert [id_ for id_, _ in cpo.put] == ["S1"]
    assert 22 < cpo.allowed_a("S1") <= 28


@pytest.mark.requirement("CHP-28")
def test_a_car_that_asks_for_no_power_makes_room_for_the_others(cpo: Cpo) -> None:
    cpo.begins("S1", charging_preferences=HURRIED)
    cpo.run()
    parked = {"start_date_time": "2026-11-22T08:00:00Z", "dimensions": [{"type": "PARKING_TIME", "volume": 0}]}
    full = {"charging_periods": [parked], "last_updated": format_datetime(clock.now())}
    assert cpo.call("PATCH", "/receiver/sessions/NL/SIM/S1", full).status_code == 1000
    cpo.begins("S2", "E2", charging_preferences=HURRIED)
    cpo.run()
    assert cpo.allowed_a("S2") > 28


def test_room_for_a_newcomer_without_a_default_is_what_the_largest_evse_gives(cpo: Cpo) -> None:
    known = cpo.sites.config("garage")
    site = parse_site(json.dumps({name: value for name, value in SITE.items() if name != "default_limit_a"}))
    cpo.sites.put_config("garage", site.model_dump_json(exclude_none=True), PLACE, known, None)
    cpo.begins("S1")
    cpo.run()
    assert 6 <= cpo.allowed_a("S1") <= 8, "40 A less 32 A of a newcomer"


def test_a_lower_limit_is_obeyed_at_once(cpo: Cpo) -> None:
    cpo.begins("S1")
    cpo.run()
    known = cpo.sites.config("garage")
    lower = parse_site(json.dumps(SITE)).with_base("grid", Limit(limit_a={"L1": 20, "L2": 20, "L3": 20}))
    cpo.sites.put_config("garage", lower.model_dump_json(exclude_none=True), PLACE, known, None)
    cpo.run()
    assert 10 < cpo.allowed_a("S1") <= 14


FAR = "9999-12-31T23:00:00Z"


@pytest.mark.parametrize(
    "odd",
    [{"start_date_time": FAR}, {"charging_preferences": PATIENT | {"departure_time": FAR, "energy_need": 1e9}}],
)
def test_an_odd_session_does_not_stop_the_site(cpo: Cpo, odd: dict[str, Any]) -> None:
    cpo.begins("S1", **odd)
    cpo.begins("S2", "E2", charging_preferences=HURRIED)
    cpo.run()
    assert cpo.allowed_a("S2") >= 6


def test_an_internal_error_of_the_cpo_leaves_open_what_it_did(cpo: Cpo) -> None:
    cpo.begins("S1")
    cpo.connection.partner.answers["PUT", "/chargingprofiles/S1"] = (200, {"status_code": 3000})
    cpo.run()
    assert cpo.profile("S1").pending
    cpo.connection.partner.answers["PUT", "/chargingprofiles/S2"] = (200, {"status_code": 2001})
    cpo.call("PUT", "/receiver/sessions/NL/SIM/S2", SESSION | {"id": "S2", "evse_uid": "E2"})
    cpo.run()
    assert cpo.profile("S2").pending is None


def test_a_session_that_is_active_again_finds_its_profile(cpo: Cpo) -> None:
    cpo.begins("S1")
    cpo.run()
    for status in ("INVALID", "ACTIVE"):
        patch = {"status": status, "last_updated": format_datetime(clock.now())}
        assert cpo.call("PATCH", "/receiver/sessions/NL/SIM/S1", patch).status_code == 1000
        cpo.run()
    assert 26 < cpo.allowed_a("S1") <= 32


def test_a_request_that_the_queue_delivers_twice_is_sent_once(cpo: Cpo) -> None:
    sender = import_module("push.app").profile_sender
    sent = []
    with patch.object(type(sender), "send", autospec=True, side_effect=lambda _, message, __: sent.append(message)):
        cpo.begins("S1")
        cpo.run()
    (message,) = sent
    assert sender.send(message, left_s) == {"NL/SIM/S1": "ACCEPTED"}
    cpo.answer = "TOO_OFTEN"
    assert sender.send(message, left_s) == {"NL/SIM/S1": "superseded, sent already, or too late"}
    assert len(cpo.put) == 1
    assert cpo.profile("S1").pending


def test_many_profiles_are_sent_side_by_side_and_one_that_fails_concerns_no_other(cpo: Cpo) -> None:
    sender = import_module("push.app").profile_sender
    sent: list[ProfileMessage] = []

    def note(_: object, message: ProfileMessage, __: object) -> dict[str, str]:
        sent.append(message)
        return {}

    with patch.object(type(sender), "send", note):
        for number in range(1, 13):
            cpo.begins(f"S{number}", f"E{1 + number % 2}", charging_preferences=PATIENT)
            cpo.loop.run()
    newest = {each.session_id: each for message in sent for each in message.requests}
    asked = tuple(newest.values())
    assert len(asked) == 12
    message = ProfileMessage(partner_id="cpo", location=PLACE.text, requests=asked)
    cpo.connection.partner.answers["PUT", "/chargingprofiles/S2"] = (500, "broken")
    change, refused = Sites.change_profile, ClientError({"Error": {"Code": "InternalServerError"}}, "PutItem")

    def failing(sites: Sites, location: str, session: str, *more: Any) -> Any:
        if session.endswith("*S3"):
            raise refused
        return change(sites, location, session, *more)

    with patch.object(Sites, "change_profile", failing):
        outcomes = sender.send(message, left_s)
    assert "HTTP 500" in outcomes.pop("NL/SIM/S2")
    assert "InternalServerError" in outcomes.pop("NL/SIM/S3")
    assert outcomes == dict.fromkeys(outcomes, "ACCEPTED")
    assert sorted(id_ for id_, _ in cpo.put) == sorted({f"S{number}" for number in range(1, 13)} - {"S2", "S3"})


def test_a_result_is_awaited_for_minutes_whatever_the_cpo_says(cpo: Cpo) -> None:
    cpo.begins("S1")
    cpo.connection.partner.answers["PUT", "/chargingprofiles/S1"] = ok({"result": "ACCEPTED", "timeout": 2**31 - 1})
    cpo.run()
    assert cpo.profile("S1").deadline == NOW + timedelta(minutes=5)


def test_a_session_that_moves_to_another_location_leaves_nothing_behind(cpo: Cpo) -> None:
    cpo.begins("S1")
    cpo.run()
    cpo.begins("S1", location_id="L2")
    cpo.run()
    place = cpo.sites.place(PLACE)
    assert (place.sessions, place.profiles) == ({}, {})


def active_profile(start: str, **profile: object) -> dict[str, object]:
    periods = {"charging_rate_unit": "A", "charging_profile_period": [{"start_period": 0, "limit": 6.0}]}
    return {"start_date_time": start, "charging_profile": periods | profile}


def test_an_active_profile_from_before_the_one_in_force_is_ignored(cpo: Cpo) -> None:
    cpo.begins("S1")
    cpo.run()
    late = active_profile("2026-11-21T08:00:00Z")
    assert cpo.call("PUT", "/sender/chargingprofiles/S1", late).status_code == 1000
    assert 26 < cpo.allowed_a("S1") <= 32


@pytest.mark.parametrize(
    "profile",
    [
        {"start_date_time": "2026-11-22T12:00:00Z"},
        {"charging_profile_period": []},
        {"charging_profile_period": [{"start_period": 5, "limit": 6.0}]},
        {"charging_profile_period": [{"start_period": 0, "limit": 6.25}]},
        {"charging_profile_period": [{"start_period": 0, "limit": 6}, {"start_period": 10**15, "limit": 6}]},
        {"duration": 10**12},
    ],
)
def test_a_wrong_active_profile_is_2001_and_changes_nothing(cpo: Cpo, profile: dict[str, object]) -> None:
    cpo.begins("S1")
    cpo.run()
    reply = cpo.call("PUT", "/sender/chargingprofiles/S1", active_profile("2026-11-22T08:00:10Z", **profile))
    assert reply.status_code == 2001
    assert "charging_profile" in reply.message
    assert 26 < cpo.allowed_a("S1") <= 32


def test_an_active_profile_that_cannot_be_read_counts_as_the_evse_s_maximum(cpo: Cpo, time: Any) -> None:
    cpo.begins("S1")
    cpo.run()
    time(seconds=10)
    watts = active_profile("2026-11-22T08:00:10Z", charging_rate_unit="W")
    assert cpo.call("PUT", "/sender/chargingprofiles/S1", watts).status_code == 1000
    cpo.answer = "TOO_OFTEN"
    cpo.begins("S2", "E2", charging_preferences=HURRIED)
    cpo.run()
    assert cpo.profile("S2").accepted is None
    (asked,) = [body["charging_profile"]["charging_profile_period"] for id_, body in cpo.put if id_ == "S2"]
    assert max(period["limit"] for period in asked) <= 6, "beside 32 A nothing may rise above its default"


def test_nothing_is_sent_to_a_suspended_partner(cpo: Cpo, handshake: Any) -> None:
    known = handshake.partners.get("cpo")
    cpo.begins("S1")
    handshake.partners.replace(known, {"status": "SUSPENDED"})
    cpo.run()
    assert cpo.put == []
    assert cpo.profile("S1").pending, "tried again once the request has expired"


def test_many_changes_make_few_plans(cpo: Cpo, capfd: pytest.CaptureFixture[str]) -> None:
    for _ in range(3):
        cpo.begins("S1")
    cpo.run()
    assert len(list(cpo.sites.runs("garage"))) < 3


def test_a_driver_who_leaves_soon_is_served_before_one_who_stays(cpo: Cpo) -> None:
    cpo.begins("S1", charging_preferences=PATIENT)
    cpo.begins("S2", "E2", charging_preferences=HURRIED)
    cpo.run()
    assert cpo.allowed_a("S2") > cpo.allowed_a("S1")
