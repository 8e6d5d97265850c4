"""The energy API: grid operators curtail sites, and get it proven."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from ocpi.store.grants import Right
from ocpi.store.ledgers import Ledgers
from tests.energy import Reply, claims, described, energy, granted, written_by_another_version
from tests.functions.test_energy_limits import asked

DSO = "5hjg2k1l0p"
OTHER = "7q8w9e0r1t"
PATH = "/sites/garage/signals/dso-17"
ORDER = {"start": "2026-11-22T17:00:00Z", "end": "2026-11-22T21:00:00Z", "limit_kw": 15, "reason": "congestion"}


@pytest.fixture(autouse=True)
def site(aws: None, time: Callable[..., None]) -> str:
    """The site `garage` on 22 November 2026 at 8:01 UTC, which two grid operators may curtail."""
    time(minutes=0)
    etag = described()
    time(minutes=1)
    asked()
    granted(Right.READ, Right.CONTROL)
    for principal in (DSO, OTHER):
        granted(Right.SIGNAL, site="garage", principal=principal, name=f"operator {principal}")
    return etag


def signal(method: str, body: object = None, *, by: str = DSO, path: str = PATH) -> Reply:
    return energy(method, path, body, authorizer=claims(by, ["signal"]))


def caps(node: str = "grid") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = energy("GET", "/sites/garage/limits").body[node]["caps"]
    return found


def test_a_curtailment_is_one_call_and_answered_with_what_will_be_done_and_by_when() -> None:
    reply = signal("PUT", ORDER)
    assert reply.status == 201, reply
    assert reply.body == {
        "signal_id": "dso-17",
        "state": "planned",
        "node": "grid",
        "limit_a": {"L1": 21.739, "L2": 21.739, "L3": 21.739},
        "start": "2026-11-22T17:00:00Z",
        "end": "2026-11-22T21:00:00Z",
        "will": (
            "sessions at grid are limited so that they and base load together draw at most 21.7 A per phase from "
            "2026-11-22T17:00:00Z to 2026-11-22T21:00:00Z (base load, 10 A per phase, is not ours to lower)"
        ),
        "by": "2026-11-22T17:00:00Z",
        "warnings": [],
        "reason": "congestion",
        "author": DSO,
        "received_at": "2026-11-22T08:01:00Z",
        "cancelled_at": None,
        "proof": None,
    }
    assert asked() == [{"site_id": "garage", "reason": "site"}]
    (cap,) = caps()
    assert (cap["signal_id"], cap["limit_kw"], cap["author"]) == ("dso-17", 15, DSO)
    (event, _) = energy("GET", "/sites/garage/events").body
    assert (event["kind"], event["author"], event["subject"]) == ("signal", f"operator {DSO}", "dso-17")


def test_the_same_signal_again_is_answered_the_same_and_changes_nothing() -> None:
    first, again = signal("PUT", ORDER), signal("PUT", ORDER)
    assert (first.status, again.status) == (201, 200)
    assert first.body == again.body
    assert len(caps()) == 1
    assert len(asked()) == 1


def test_a_signal_that_is_sent_again_when_it_is_over_is_answered_too(time: Callable[..., None]) -> None:
    signal("PUT", ORDER)
    time(hours=20)
    again = signal("PUT", ORDER)
    assert (again.status, again.body["state"]) == (200, "ended")


@pytest.mark.parametrize("change", [{"limit_kw": 14}, {"end": "2026-11-22T22:00:00Z"}, {"node": "deck-1"}])
def test_another_signal_under_the_same_id_is_refused(change: dict[str, Any]) -> None:
    signal("PUT", ORDER)
    reply = signal("PUT", ORDER | change)
    assert (reply.status, "confirm" in reply.body) == (409, False)
    assert caps()[0]["limit_kw"] == 15


def test_a_curtailment_that_begins_at_once_is_done_within_a_minute() -> None:
    reply = signal("PUT", ORDER | {"start": "2026-11-22T08:00:00Z"})
    assert (reply.body["state"], reply.body["by"]) == ("active", "2026-11-22T08:02:00Z")


def test_base_load_above_the_limit_is_told() -> None:
    (warning, *_) = signal("PUT", ORDER | {"limit_kw": 6}).body["warnings"]
    assert warning == "L1: the base load of 10 A alone is above 8.69565 A, and not ours to lower"


def test_a_limit_that_is_oddly_low_is_taken_and_one_that_is_oddly_high_is_asked_about() -> None:
    low = signal("PUT", ORDER | {"limit_kw": 0.5})
    assert low.status == 201
    assert any("is it in MW?" in warning for warning in low.body["warnings"])
    high = signal("PUT", ORDER | {"limit_kw": 15000}, path="/sites/garage/signals/dso-18")
    assert (high.status, len(high.body["confirm"])) == (409, 1)
    assert high.body["errors"][0]["pointer"] == "/limit_kw", "as in what was sent"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"start": "2026-11-21T17:00:00Z", "end": "2026-11-22T08:00:59Z"}, "/end"),
        ({"end": "2026-12-24T17:00:01Z"}, "/end"),
        ({"start": "2028-11-22T17:00:00Z", "end": "2028-11-22T21:00:00Z"}, "/start"),
        ({"end": None}, "/end"),
        ({"limit_kw": "15"}, "/limit_kw"),
        ({"limit_kw": -1}, "/limit_kw"),
        ({"author": "me"}, "/author"),
    ],
)
def test_a_signal_that_cannot_be_is_refused(change: dict[str, Any], pointer: str) -> None:
    reply = signal("PUT", ORDER | change)
    assert (reply.status, reply.body["errors"][0]["pointer"]) == (422, pointer), reply
    assert not caps()


def test_a_signal_to_a_node_that_is_not_there_is_refused() -> None:
    assert signal("PUT", ORDER | {"node": "deck-9"}).status == 422


def test_a_signal_is_taken_back_once() -> None:
    signal("PUT", ORDER)
    first, again = signal("DELETE"), signal("DELETE")
    assert (first.status, first.body["state"]) == (200, "cancelled")
    assert again.body == first.body
    assert not caps()


def test_a_signal_that_was_taken_back_is_not_believed_to_hold_when_it_is_sent_again() -> None:
    signal("PUT", ORDER)
    signal("DELETE")
    reply = signal("PUT", ORDER)
    assert (reply.status, "confirm" in reply.body) == (409, False)
    assert "was taken back at 2026-11-22T08:01:00Z" in reply.detail
    assert not caps()
    assert signal("PUT", ORDER, path="/sites/garage/signals/dso-18").status == 201


def test_signals_are_seen_by_their_operator_and_by_who_may_read() -> None:
    signal("PUT", ORDER)
    listed = signal("GET", path="/sites/garage/signals")
    assert [each["signal_id"] for each in listed.body] == ["dso-17"]
    assert signal("GET", path="/sites/garage/signals", by=OTHER).body == []
    assert signal("GET", by=OTHER).status == 404
    assert signal("DELETE", by=OTHER).status == 404
    assert energy("GET", PATH).body["signal_id"] == "dso-17"


def test_who_controls_the_site_cannot_take_a_curtailment_away(site: str) -> None:
    signal("PUT", ORDER)
    assert energy("DELETE", PATH).status == 403
    granted(*Right)
    assert energy("DELETE", PATH).status == 403
    document = energy("GET", "/sites/garage")
    plain = {**document.body, "name": "Garage", "limits": {"base": {"limit_kw": 69}}}
    assert energy("PUT", "/sites/garage", plain, etag=document.etag).status == 200
    assert len(caps()) == 1


def test_what_was_done_is_proven_afterwards() -> None:
    signal("PUT", ORDER)
    ledgers = Ledgers("sites")
    known = ledgers.signal("garage", "dso-17")
    assert known
    obeyed = datetime(2026, 11, 22, 17, 0, 12, tzinfo=UTC)
    proof = {"obeyed_at": obeyed, "load_before_kw": 42.5, "load_after_kw": 14.2}
    ledgers.prove("garage", known.model_copy(update=proof))
    assert signal("GET").body["proof"] == {
        "obeyed_at": "2026-11-22T17:00:12Z",
        "reaction_s": 12,
        "load_before_kw": 42.5,
        "load_after_kw": 14.2,
    }
    assert signal("PUT", ORDER).body["proof"]["reaction_s"] == 12


def test_a_feeder_stays_as_long_as_a_signal_limits_it() -> None:
    signal("PUT", ORDER | {"node": "deck-1"})
    document = energy("GET", "/sites/garage")
    without = {**document.body, "feeders": [], "evses": []}
    reply = energy("PUT", "/sites/garage", without, etag=document.etag)
    assert (reply.status, reply.body["errors"][0]["pointer"]) == (422, "/feeders")
    assert "signal dso-17" in reply.detail


def test_a_site_that_could_not_be_read_is_described_anew_with_the_signals_that_hold() -> None:
    document = energy("GET", "/sites/garage").body
    signal("PUT", ORDER)
    signal("PUT", ORDER, path="/sites/garage/signals/dso-18")
    signal("DELETE", path="/sites/garage/signals/dso-18")
    signal("PUT", ORDER | {"node": "deck-1"}, path="/sites/garage/signals/dso-19")
    written_by_another_version(document)
    feederless = {**document, "feeders": [], "evses": []}
    reply = energy("PUT", "/sites/garage", feederless, etag="*")
    assert (reply.status, "signal dso-19" in reply.detail) == (422, True)
    assert energy("PUT", "/sites/garage", document, etag="*").status == 200
    assert [each["signal_id"] for each in caps()] == ["dso-17"]
    assert [each["signal_id"] for each in caps("deck-1")] == ["dso-19"]


def test_signals_come_page_by_page_the_one_that_starts_last_first(time: Callable[..., None]) -> None:
    for hour in range(6):
        start, end = (f"2026-11-22T{each}:00:00Z" for each in (10 + hour, 11 + hour))
        order = ORDER | {"start": start, "end": end}
        assert signal("PUT", order, path=f"/sites/garage/signals/dso-{hour}").status == 201
    path, told = "/sites/garage/signals?limit=4", []
    while path:
        reply = signal("GET", path=path)
        told += [each["signal_id"] for each in reply.body]
        path = reply.headers.get("link", "").partition(">")[0].removeprefix("<https://ocpi.example.com/energy/v1")
    assert told == [f"dso-{hour}" for hour in (5, 4, 3, 2, 1, 0)]
    span = "from=2026-11-22T11:30:00Z&until=2026-11-22T13:00:00Z"
    assert [each["signal_id"] for each in signal("GET", path=f"/sites/garage/signals?{span}").body] == [
        "dso-2",
        "dso-1",
    ]
    time(days=32)
    assert signal("GET", path="/sites/garage/signals").body == [], "a month is usual"
    assert len(signal("GET", path="/sites/garage/signals?from=2026-11-01T00:00:00Z").body) == 6


def test_words_are_printed_in_one_line() -> None:
    for words in ("=HYPERLINK(1)\u0000", "two\nlines", "\x1b[2J"):
        reply = signal("PUT", ORDER | {"reason": words})
        assert (reply.status, reply.body["errors"][0]["pointer"]) == (422, "/reason")
    assert signal("PUT", ORDER | {"reason": "Überlast\u00a0– §14a"}).status == 201


def test_who_describes_a_site_makes_no_signals() -> None:
    cap = {"signal_id": "mine", "start": ORDER["start"], "end": ORDER["end"], "limit_kw": 1}
    document = energy("GET", "/sites/garage")
    forged = {**document.body, "limits": {"base": {"limit_kw": 69}, "caps": [cap]}}
    assert energy("PUT", "/sites/garage", forged, etag=document.etag).status == 200
    assert not caps()
