"""When a site is planned: for every reason, once for a burst, never twice at once, and whatever the tables hold."""

import json
import threading
import time as wall_clock
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from importlib import import_module
from typing import Any
from unittest.mock import patch

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from ocpi import clock
from ocpi.push.messages import Reason
from ocpi.push.queue import FifoQueue, NotSent
from ocpi.sites.site import parse_site
from ocpi.store import keys
from ocpi.store.keys import ObjectId
from ocpi.store.leases import CLOCK_SKEW_S, Lease
from ocpi.store.sites import Sites
from ocpi.store.table import Table
from ocpi.types.primitives import format_datetime
from ocpi.types.versions import ModuleID
from optimizer import situation
from optimizer.planning.solve import solve
from optimizer.run import Runner
from tests.functions.charging import HURRIED, PATIENT, PLACE, Cpo
from tests.loop import Context, Loop
from tests.objects import EVSE, LOCATION, SITE

REAL = 4_000_000_000.0
"""A real time later than that of any message of a test."""


def event(reason: str = "session", sent_at: float = REAL, site_id: str = "garage") -> dict[str, Any]:
    """What SQS delivers."""
    body = json.dumps({"site_id": site_id, "reason": reason})
    attributes = {"SentTimestamp": str(int(sent_at * 1000)), "ApproximateReceiveCount": "1"}
    return {"Records": [{"messageId": "1", "body": body, "attributes": attributes, "eventSource": "aws:sqs"}]}


def look(reason: str = "session", **message: Any) -> None:
    """A message is handled."""
    import_module("optimizer.handlers").handler(event(reason, **message), Context())


def reasons(cpo: Cpo) -> list[Any]:
    """Why there were runs, oldest first; those of one moment in any order."""
    return [run["reason"] for run in cpo.sites.runs("garage")]


def put_site(cpo: Cpo, **changes: object) -> None:
    site = parse_site(json.dumps(SITE | changes))
    known = cpo.sites.config("garage")
    cpo.sites.put_config("garage", site.model_dump_json(exclude_none=True), PLACE, known, None)


@dataclass(frozen=True)
class Hurried:
    """What Lambda tells a function that has little time left."""

    left_s: float

    def get_remaining_time_in_millis(self) -> int:
        return int(self.left_s * 1000)


class Died(BaseException):
    """The function's time is over."""


# Reasons


def test_a_site_is_planned_for_every_reason_there_is(cpo: Cpo, time: Any) -> None:
    def happens(what: Callable[[], object]) -> list[Any]:
        time(seconds=10)
        before = len(reasons(cpo))
        what()
        cpo.run()
        return reasons(cpo)[before:]

    def patched(body: dict[str, Any]) -> Callable[[], object]:
        return lambda: cpo.call(
            "PATCH", "/receiver/sessions/NL/SIM/S1", body | {"last_updated": format_datetime(clock.now())}
        )

    def moved() -> object:
        now = format_datetime(clock.now())
        evses = [EVSE, EVSE | {"uid": "E2", "last_updated": now}, EVSE | {"uid": "E4", "last_updated": now}]
        return cpo.call("PUT", "/receiver/locations/NL/SIM/L1", LOCATION | {"evses": evses, "last_updated": now})

    def tells() -> object:
        periods = [{"start_period": 0, "limit": 8}]
        profile = {"charging_rate_unit": "A", "charging_profile_period": periods}
        told = {"start_date_time": format_datetime(clock.now()), "charging_profile": profile}
        return cpo.call("PUT", "/sender/chargingprofiles/S1", told)

    assert "schedule" in happens(cpo.loop.plan)
    assert "session" in happens(lambda: cpo.begins("S1"))
    assert "session" in happens(patched({"kwh": 2}))
    assert "session" in happens(patched({"charging_preferences": PATIENT}))
    assert "site" in happens(lambda: put_site(cpo, limits=[{"limit_a": {"L1": 30, "L2": 30, "L3": 30}}]))
    assert "site" in happens(lambda: put_site(cpo, price_per_kwh=[0.2] * 12 + [0.4] * 12))
    assert "location" in happens(moved)
    assert "told" in happens(tells)
    assert "session" in happens(lambda: cpo.ends("S1"))


@pytest.mark.parametrize("when", ["at once", "as the result"])
def test_a_refusal_plans_anew_since_the_session_is_not_ours_any_more(cpo: Cpo, when: str) -> None:
    cpo.begins("S1", charging_preferences=PATIENT)
    cpo.run()
    cpo.begins("S2", "E2", charging_preferences=PATIENT)
    cpo.run()
    setattr(cpo, "answer" if when == "at once" else "result", "REJECTED")
    before = reasons(cpo).count("refusal")
    put_site(cpo, limits=[{"limit_a": {"L1": 30, "L2": 30, "L3": 30}}])
    cpo.run()
    assert reasons(cpo).count("refusal") > before


def test_what_we_ask_for_ourselves_is_no_reason(cpo: Cpo) -> None:
    cpo.begins("S1")
    cpo.result = None
    cpo.run()
    assert cpo.profile("S1").pending
    assert "profile" not in reasons(cpo)


def test_a_reason_of_another_version_asks_for_a_plan(cpo: Cpo) -> None:
    look("weather")
    assert reasons(cpo) == ["session"]
    assert not Reason.PROFILE.outweighs(Reason.SITE)


# Few plans


@pytest.fixture
def rests(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], list[float]]:
    """A site rests for two seconds after a plan; tells for how long it did, and lets something happen at the first."""

    def rest(what: Callable[[], object]) -> list[float]:
        rested: list[float] = []
        really = wall_clock.sleep

        def sleep(seconds: float) -> None:
            rested.append(seconds)
            if len(rested) == 1:
                what()
                really(2 * CLOCK_SKEW_S)  # so long before it is looked at: beyond doubt which came first

        handlers = import_module("optimizer.handlers")
        monkeypatch.setattr(handlers, "turns", replace(handlers.turns, rest_s=2.0))
        monkeypatch.setattr("optimizer.turns.time.sleep", sleep)
        return rested

    return rest


def test_a_burst_makes_two_plans(cpo: Cpo, rests: Any) -> None:
    def more() -> None:
        for id_ in ("S3", "S4", "S5"):
            cpo.begins(id_, "E2")
            cpo.loop.run()

    rested = rests(more)
    cpo.result = None
    cpo.begins("S1")
    cpo.loop.run()
    cpo.begins("S2")
    cpo.loop.run()
    assert sorted(str(run["sessions"]) for run in cpo.sites.runs("garage") if "planned" in run) == ["1", "5"]
    assert sum(rested) == pytest.approx(2.0)


def test_messages_from_before_a_plan_are_answered_by_it_in_any_process(cpo: Cpo) -> None:
    look()
    look(sent_at=1.0)
    look("profile", sent_at=1.0)
    assert len(reasons(cpo)) == 1


def test_an_answer_about_a_profile_waits_for_no_rest(cpo: Cpo, rests: Any) -> None:
    look()
    rested = rests(lambda: None)
    look("profile")
    assert rested == []


def test_answers_start_no_run_where_nothing_waits_for_them(cpo: Cpo) -> None:
    with patch.object(Runner, "run", autospec=True, side_effect=Runner.run) as run:
        cpo.begins("S1", charging_preferences=PATIENT)
        cpo.run()
        assert "profile" not in [str(call.args[3]) for call in run.call_args_list]
        cpo.begins("S2", "E2", charging_preferences=HURRIED)
        cpo.run()
    assert "profile" in [str(call.args[3]) for call in run.call_args_list], "S2 had to wait for S1"
    assert cpo.allowed_a("S2") > 20


def test_a_changed_limit_waits_for_no_rest(cpo: Cpo, rests: Any) -> None:
    look()
    rested = rests(lambda: None)
    look("site")
    assert rested == []
    assert reasons(cpo).count("site") == 1


def test_a_changed_limit_ends_a_rest_that_another_reason_has_begun(cpo: Cpo, rests: Any) -> None:
    look()
    later = REAL + 1
    rested = rests(lambda: look("site", sent_at=later))
    look(sent_at=later)
    assert sum(rested) < 0.5
    assert "site" not in reasons(cpo)[1:], "the run that rested has seen it"


def test_an_answer_that_comes_while_a_changed_site_is_planned_starts_no_second_plan(
    cpo: Cpo, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, late = Runner.run, iter([REAL + 1, REAL + 2])
    why: list[str] = []

    def answered(*arguments: Any) -> Any:
        why.append(str(arguments[3]))
        if sent_at := next(late, None):
            look("profile", sent_at=sent_at)  # another function gets the message meanwhile, and leaves it
            wall_clock.sleep(2 * CLOCK_SKEW_S)
        record = run(*arguments)
        return record | {"settled": False} if record else None

    monkeypatch.setattr(Runner, "run", answered)
    look("site")
    assert why == ["site", "profile", "profile"]


# One at a time


@pytest.fixture
def crowd(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many runs were at a site at once, at each beginning and end."""
    inside, lock, run = [0], threading.Lock(), Runner.run
    seen: list[int] = []

    def counted(*arguments: Any) -> Any:
        with lock:
            inside[0] += 1
            seen.append(inside[0])
        try:
            return run(*arguments)
        finally:
            with lock:
                inside[0] -= 1

    monkeypatch.setattr(Runner, "run", counted)
    return seen


def test_a_site_is_never_planned_twice_at_once(cpo: Cpo, crowd: list[int]) -> None:
    cpo.begins("S1")
    cpo.loop.run()
    crowd.clear()
    threads = [threading.Thread(target=look) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert crowd
    assert max(crowd) == 1


def test_what_comes_while_a_site_is_planned_is_seen_by_another_run_of_the_same_holder(
    cpo: Cpo, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide = situation.decide
    other: list[int] = []

    def slow(*arguments: Any) -> Any:
        if not other:
            cpo.begins("S2", "E2")
            cpo.loop.run()  # another function gets the message meanwhile, and leaves it
            other.append(len(reasons(cpo)))
            wall_clock.sleep(2 * CLOCK_SKEW_S)  # so long before the next run: beyond doubt which came first
        return decide(*arguments)

    monkeypatch.setattr("optimizer.run.decide", slow)
    cpo.result = None
    cpo.begins("S1")
    cpo.loop.run()
    assert other == [0]
    assert [run["sessions"] for run in cpo.sites.runs("garage") if "planned" in run].count(2) == 1


def test_what_a_run_has_no_time_for_any_more_is_done_by_another_one(cpo: Cpo, monkeypatch: pytest.MonkeyPatch) -> None:
    decide = situation.decide
    other: list[bool] = []

    def slow(*arguments: Any) -> Any:
        if not other:
            other.append(True)
            cpo.begins("S1")
            cpo.loop.run()  # another function gets the message meanwhile, and leaves it
        return decide(*arguments)

    monkeypatch.setattr("optimizer.run.decide", slow)
    import_module("optimizer.handlers").handler(event(), Hurried(29))
    assert [run["sessions"] for run in cpo.sites.runs("garage")] == [0]
    cpo.loop.run()
    assert sorted(str(run["sessions"]) for run in cpo.sites.runs("garage") if "planned" in run) == ["0", "1"]


@pytest.mark.parametrize(("left_s", "solver_s"), [(60, 20), (25, 5), (15, -5)])
def test_the_solver_leaves_the_time_that_sending_needs(cpo: Cpo, left_s: float, solver_s: float) -> None:
    cpo.begins("S1")
    with patch("optimizer.situation.solve", wraps=solve) as planning:
        import_module("optimizer.handlers").handler(event(), Hurried(left_s))
    assert planning.call_args.kwargs == {"time_limit_s": solver_s}
    cpo.loop.run()
    assert [id_ for id_, _ in cpo.put] == ["S1"], "there is always a plan"


def test_a_run_that_died_blocks_its_site_for_its_time_only(cpo: Cpo, monkeypatch: pytest.MonkeyPatch) -> None:
    with patch("optimizer.run.decide", side_effect=Died), pytest.raises(Died):
        look()
    look()
    assert reasons(cpo) == []
    wall = import_module("time").time()
    monkeypatch.setattr("optimizer.turns.time.time", lambda: wall + 61)
    look()
    assert reasons(cpo) == ["session"]


@pytest.mark.parametrize("stage", ["keep_outcome", "pend"])
def test_a_run_that_has_lost_its_site_writes_and_sends_nothing(cpo: Cpo, stage: str) -> None:
    cpo.begins("S1")
    cpo.begins("S2", "E2")
    stolen: list[object] = []
    method = getattr(Sites, stage)

    def steal(sites: Sites, *arguments: Any) -> Any:
        if not stolen:
            later = import_module("time").time() + 61
            stolen.append(sites.leases.take("garage", "session", later, later, later + 60, replans=True))
            outcome = sites.plan("garage")
            assert outcome is None or stage == "pend"
        return method(sites, *arguments)

    with patch.object(Sites, stage, steal):
        cpo.loop.run()
    assert isinstance(stolen[0], Lease)
    assert cpo.put == []
    assert cpo.sites.place(PLACE).profiles == {}
    assert (cpo.sites.plan("garage") is not None) == (stage == "pend")
    assert not any(run.get("profiles_sent") for run in cpo.sites.runs("garage"))


# Bad data


def session_of(id_: str) -> ObjectId:
    return ObjectId("cpo", ModuleID.SESSIONS, "NL", "SIM", id_)


def spoil(cpo: Cpo, key: keys.Key, **broken: object) -> None:
    """What stands there is another thing; it happened long ago."""
    table = Table("sites")
    table.put(key, (table.get(key) or {}) | broken)
    cpo.loop = Loop()


def highest_a(cpo: Cpo, id_: str) -> float:
    """The most that its profile ever allows."""
    accepted = cpo.profile(id_).accepted
    assert accepted
    return max(float(period.limit) for period in accepted.charging_profile_period)


POISON = [
    "no JSON",
    "[]",
    "{}",
    '{"id": "S9", "kwh": "NaN"}',
    json.dumps({"id": "S9", "start_date_time": "2026-02-30T00:00:00Z", "evse_uid": {"a": 1}}),
]


@pytest.mark.parametrize("document", POISON)
def test_a_session_that_cannot_be_read_counts_at_its_most_and_the_others_are_planned(cpo: Cpo, document: str) -> None:
    cpo.sites.begin_session(PLACE.text, session_of("S9"), document)
    cpo.begins("S1")
    cpo.run()
    assert all(run["failures"] == [] for run in cpo.sites.runs("garage") if "planned" in run)
    assert highest_a(cpo, "S1") <= 2, "40 A less 32 A and 6 A"
    assert cpo.put


def test_a_profile_that_cannot_be_read_may_be_any(cpo: Cpo) -> None:
    cpo.begins("S1")
    cpo.run()
    spoil(cpo, keys.session_profile(PLACE.text, session_of("S1").text), document="no JSON")
    cpo.begins("S2", "E2")
    cpo.run()
    assert highest_a(cpo, "S2") <= 2, "40 A less 32 A and 6 A"


@pytest.mark.parametrize("item", ["site", "location", "plan", "message"])
def test_what_cannot_be_read_stops_no_handler(cpo: Cpo, item: str) -> None:
    cpo.begins("S1")
    cpo.run()
    if item == "site":
        spoil(cpo, keys.site_config("garage"), document='{"id": "garage"')
    if item == "location":
        boto3.client("dynamodb").update_item(
            TableName="objects",
            Key={"pk": {"S": f"OBJECT#{PLACE.text}"}, "sk": {"S": "OBJECT"}},
            UpdateExpression="SET document = :broken",
            ExpressionAttributeValues={":broken": {"S": '{"evses": [{}]'}},
        )
    if item == "plan":
        head = Table("sites").get(keys.site_plan("garage"))
        assert head
        spoil(cpo, keys.run_part("garage", head["run"], "outcome", 0), part=b"none")
    if item == "message":
        import_module("optimizer.handlers").handler({"Records": [event()["Records"][0] | {"body": "{}"}]}, Context())
    look()
    assert cpo.allowed_a("S1") <= 34


def test_a_site_that_cannot_be_planned_says_so_and_raises_an_alarm(
    cpo: Cpo, capsys: pytest.CaptureFixture[str]
) -> None:
    with patch("optimizer.run.decide", side_effect=ZeroDivisionError("by nothing")):
        look()
    (run,) = cpo.sites.runs("garage")
    assert (run["failures"], run["profiles_sent"]) == (["ZeroDivisionError: by nothing"], 0)
    (metric,) = (json.loads(line) for line in capsys.readouterr().out.splitlines() if "FallbackPlans" in line)
    assert metric["FallbackPlans"] == [1.0]
    look()
    assert len(reasons(cpo)) == 2, "it is free again"


def test_a_solver_that_fails_is_told_and_raises_an_alarm(cpo: Cpo, capsys: pytest.CaptureFixture[str]) -> None:
    cpo.begins("S1")
    with (
        patch("optimizer.planning.solve.Relaxation", side_effect=RuntimeError("no solver")),
    ):
        cpo.run()
    run = next(run for run in cpo.sites.runs("garage") if "planned" in run)
    assert run["solver"] != "highs"
    assert "no solver" in str(run["failures"])
    assert "FallbackPlans" in capsys.readouterr().out
    assert cpo.allowed_a("S1") > 6, "it is charged all the same"


@pytest.mark.parametrize("jump", [timedelta(hours=-3), timedelta(days=400)])
def test_a_clock_that_jumps_stops_nothing(cpo: Cpo, time: Any, jump: timedelta) -> None:
    cpo.begins("S1")
    cpo.run()
    time(seconds=jump.total_seconds())
    cpo.loop.plan()
    assert cpo.allowed_a("S1") <= 34
    time(seconds=-jump.total_seconds())
    cpo.begins("S2", "E2", start_date_time="2026-11-22T09:30:00Z")
    cpo.run()
    assert cpo.allowed_a("S1") + cpo.allowed_a("S2") <= 34


# What is not ours to forgive


@pytest.mark.parametrize(
    ("target", "error"),
    [
        ((Sites, "place"), EndpointConnectionError(endpoint_url="dynamodb")),
        ((Sites, "put_plan"), ClientError({"Error": {"Code": "InternalServerError"}}, "TransactWriteItems")),
        ((FifoQueue, "send"), NotSent("1 of 1 messages were refused")),
    ],
)
def test_what_aws_did_not_do_is_raised_and_the_site_free_for_the_next_try(
    cpo: Cpo, target: tuple[type, str], error: Exception
) -> None:
    cpo.begins("S1")
    cpo.run()
    put_site(cpo, limits=[{"limit_a": {"L1": 20, "L2": 20, "L3": 20}}])
    with patch.object(*target, side_effect=error), pytest.raises(type(error)):
        look()
    before = len(reasons(cpo))
    look()
    assert len(reasons(cpo)) > before
