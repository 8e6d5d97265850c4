"""Every request ends in exactly one result at its sender, whichever function dies between whichever two steps."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from importlib import import_module
from itertools import count
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qs, quote, urlsplit

import botocore.client
import pytest
import urllib3

from ocpi import clock
from ocpi.store.requests import Request, Requests, RequestStatus
from ocpi.types.primitives import format_datetime
from outbox.events import DetailType, events_of
from tests.api import Reply, request
from tests.functions.conftest import Connect, Connection
from tests.functions.test_chargingprofiles import ACTIVE, PROFILE
from tests.functions.waiting import put_own_location, stored_requests
from tests.objects import EVSE, LOCATION, SESSION, TOKEN
from tests.own import put_session
from tests.owner import Reply as OwnerReply
from tests.owner import owner
from tests.partner import Answer, Seen, ok

VISIBILITY = timedelta(seconds=180)
"""When SQS delivers a message again whose function has died (template.yaml)."""

OURS = "https://ocpi.example.com"
READS = ("GetItem", "Query", "Decrypt", "GetSecretValue")
TIMEOUT_S = 30
MOST_STEPS = 80

EVERY = 1 if "THOROUGH" in os.environ else 6
"""`make test` kills before every sixth step, `make convergence` before each."""


class Killed(BaseException):
    """The function is gone: nothing that it might do about errors happens."""


@dataclass
class Cloud:
    """What outlives a function: the timeouts queue and the stream; and the end of one function before its n-th step.

    A step is whatever can be seen outside: a write, a message, a call of a partner, an answer. Who dies before a read
    might as well have died after it.
    """

    time: Callable[..., None]
    messages: list[tuple[datetime, str]] = field(default_factory=list)
    """When each comes, and its body."""
    events: list[Any] = field(default_factory=list)
    """The events that the stream has become."""
    kill_before: int = 0
    """Before which step; 0 for none."""
    killed_at: str | None = None
    """What was not done any more."""
    steps: list[str] = field(default_factory=list)

    def runs[T](self, function: Callable[[], T]) -> T | None:
        """What a function answers; None if it dies."""
        with self._watched():
            try:
                return self._answered(function())
            except BaseException:
                if self.killed_at is None:
                    raise
                return None

    def passes(self, **time: float) -> None:
        """Let time pass, and deliver the messages that come until then, each again if its function dies."""
        end = clock.now() + timedelta(**time)
        for _ in range(MOST_STEPS):
            due = min((when for when, _ in self.messages), default=end)
            if due >= end:
                break
            message = next(each for each in self.messages if each[0] == due)
            self._until(due)
            self.messages.remove(message)
            killed = self.killed_at
            self.runs(partial(_deliver, message[1]))
            if self.killed_at != killed:
                self.messages.append((clock.now() + VISIBILITY, message[1]))
        else:
            raise AssertionError("there is no end of messages")
        self._until(end)

    @property
    def story(self) -> str:
        """What happened, for messages."""
        return f"killed before step {self.kill_before}, {self.killed_at}"

    @property
    def died_before_noting(self) -> bool:
        """Whether a partner was told, and the function died before it could note that."""
        return self.killed_at is not None and self.steps[self.kill_before - 2].startswith("POST")

    def _until(self, moment: datetime) -> None:
        if moment > clock.now():
            self.time(seconds=(moment - clock.now()).total_seconds())

    @contextmanager
    def _watched(self) -> Iterator[None]:
        aws, http = vars(botocore.client.BaseClient)["_make_api_call"], urllib3.HTTPConnectionPool.urlopen

        def call(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
            if operation not in READS:
                self._step(operation)
            answer = aws(client, operation, parameters)
            self._note(operation, parameters, answer)
            return answer

        def urlopen(pool: Any, method: str, *rest: Any, **more: Any) -> Any:
            self._step(f"{method} {rest[0]}")
            return http(pool, method, *rest, **more)

        with (
            patch.object(botocore.client.BaseClient, "_make_api_call", call),
            patch.object(urllib3.HTTPConnectionPool, "urlopen", urlopen),
        ):
            yield

    def _answered[T](self, answer: T) -> T:
        self._step("an answer")
        return answer

    def _step(self, what: str) -> None:
        self.steps.append(what)
        if len(self.steps) == self.kill_before:
            self.killed_at = what
            raise Killed(what)

    def _note(self, operation: str, parameters: dict[str, Any], answer: dict[str, Any]) -> None:
        if operation == "SendMessage":
            due = clock.now() + timedelta(seconds=parameters["DelaySeconds"])
            self.messages.append((due, parameters["MessageBody"]))
        if operation == "PutItem" and parameters["Item"]["sk"]["S"] == "REQUEST":
            old = {"OldImage": answer["Attributes"]} if "Attributes" in answer else {}
            record = {"eventID": str(len(self.steps)), "dynamodb": {"NewImage": parameters["Item"]} | old}
            self.events.extend(events_of([record]))


def _deliver(body: str) -> None:
    import_module("timeouts.app").handler({"Records": [{"body": body}]}, None)


def each_kill(time: Callable[..., None]) -> Iterator[Cloud]:
    """The same again and again, killed before one step after the other, and in the end not at all."""
    for step in count(EVERY, EVERY):
        cloud = Cloud(time, kill_before=step)
        yield cloud
        cloud.passes(minutes=30)
        if cloud.killed_at is None:
            assert step > EVERY, "there were steps to die before"
            return
        assert step < MOST_STEPS


def asked(response_url: str) -> Request | None:
    """The request of a partner with that response URL, if it was stored."""
    return next((each for each in stored_requests() if each.response_url == response_url), None)


@dataclass
class Sender:
    """A partner that asks us, each time with another response URL, and keeps what it is told there."""

    connection: Connection
    place: str = ""

    def expects(self, cloud: Cloud) -> None:
        self.place = f"/results/{cloud.kill_before}"
        self.connection.partner.answers["POST", self.place] = ok()

    @property
    def response_url(self) -> str:
        return self.connection.partner.url + self.place

    @property
    def told(self) -> list[dict[str, Any]]:
        return [seen.body for seen in self.connection.partner.seen if seen.path == self.place]

    def calls(self, method: str, path: str, body: object = None) -> Reply:
        return request(method, f"/ocpi/2.2.1{path}", token=self.connection.token, body=body)

    def has_one(self, cloud: Cloud, answer: Reply | None, *results: object) -> None:
        """Make sure that it is told one result, one of `results`, if it may expect one, and else none.

        To whom does not hear that it is refused, nothing follows either: it has no more than a call that failed.
        """
        where = cloud.story
        stored = asked(self.response_url)
        accepted = answer is not None and answer.status_code == 1000 and answer.data["result"] == "ACCEPTED"
        if accepted:
            assert stored, where
        if stored is None or stored.refused or stored.status is RequestStatus.FAILED:
            assert not accepted, where
            assert self.told == [], where
            return
        assert answer is None or accepted, where
        assert self.told, f"never told, {where}"
        assert all(each == self.told[0] for each in self.told), f"told {self.told}, {where}"
        assert len(self.told) == 1 + cloud.died_before_noting, f"told {len(self.told)} times, {where}"
        assert self.told[0]["result"] in results, f"told {self.told[0]}, {where}"
        assert stored.told, where


def ask(sender: Sender, kind: str) -> Reply:
    """A request of each kind."""
    url = sender.response_url
    if kind == "START_SESSION":
        body = {"response_url": url, "token": TOKEN, "location_id": "L1", "evse_uid": "E1"}
        return sender.calls("POST", f"/receiver/commands/{kind}", body)
    path = "/receiver/chargingprofiles/S1"
    if kind == "SET":
        return sender.calls("PUT", path, {"charging_profile": PROFILE, "response_url": url})
    if kind == "CLEAR":
        return sender.calls("DELETE", f"{path}?response_url={quote(url, safe='')}")
    return sender.calls("GET", f"{path}?duration=900&response_url={quote(url, safe='')}")


def conclude(request_id: str, result: dict[str, Any]) -> OwnerReply:
    """Our backend tells a result."""
    return owner("POST", f"/requests/{request_id}/result", result)


RESULT: dict[str, dict[str, Any]] = {
    "START_SESSION": {"result": "ACCEPTED"},
    "SET": {"result": "ACCEPTED"},
    "CLEAR": {"result": "UNKNOWN"},
    "ACTIVE": {"result": "ACCEPTED", "profile": ACTIVE},
}


@pytest.fixture
def emsp(time: Callable[..., None], connect: Connect) -> Sender:
    """The eMSP of a session at our charge point."""
    put_own_location()
    put_session(SESSION)
    return Sender(connect("EMSP NL TNM"))


# We are asked


@pytest.mark.requirement("CMD-03", "CMD-04", "CHP-10")
@pytest.mark.parametrize("kind", list(RESULT))
def test_whoever_asks_us_is_told_one_result_of_our_backend_wherever_we_die(
    emsp: Sender, time: Callable[..., None], kind: str
) -> None:
    for cloud in each_kill(time):
        emsp.expects(cloud)
        answer = cloud.runs(lambda: ask(emsp, kind))
        stored = asked(emsp.response_url)
        if stored is None:
            assert answer is None
            continue
        cloud.passes(seconds=3)
        reply = cloud.runs(partial(conclude, stored.id, RESULT[kind]))
        cloud.passes(hours=1)
        silence = "TIMEOUT" if kind == "START_SESSION" else "REJECTED"
        results = [RESULT[kind]["result"], *([] if reply and reply.status == 200 else [silence])]
        emsp.has_one(cloud, answer, *results)


@pytest.mark.requirement("CMD-09", "CHP-10", "CHP-15")
@pytest.mark.parametrize("kind", list(RESULT))
def test_whoever_asks_us_is_told_one_result_also_when_our_backend_is_silent(
    emsp: Sender, time: Callable[..., None], kind: str
) -> None:
    for cloud in each_kill(time):
        emsp.expects(cloud)
        answer = cloud.runs(lambda: ask(emsp, kind))
        cloud.passes(hours=1)
        emsp.has_one(cloud, answer, "TIMEOUT" if kind == "START_SESSION" else "REJECTED")


@pytest.mark.requirement("CMD-26")
def test_a_message_that_comes_before_its_request_is_stored_is_not_the_last(
    emsp: Sender, time: Callable[..., None]
) -> None:
    cloud = Cloud(time)
    emsp.expects(cloud)
    body = {"reservation_id": "R1", "response_url": emsp.response_url}
    answer = cloud.runs(lambda: emsp.calls("POST", "/receiver/commands/CANCEL_RESERVATION", body))
    cloud.messages.remove(min(cloud.messages))
    cloud.passes(minutes=1)
    emsp.has_one(cloud, answer, "UNKNOWN_RESERVATION")


@pytest.mark.requirement("CMD-04")
def test_a_result_that_comes_just_before_its_deadline_is_told_though_its_function_dies(
    emsp: Sender, time: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    conclude = Requests.conclude

    def overtaken(requests: Requests, request_id: str, result: dict[str, Any]) -> Request | None:
        monkeypatch.setattr(Requests, "conclude", conclude)
        requests.conclude(request_id, {"result": "FAILED"})  # for our backend; nothing else happens for it
        return requests.conclude(request_id, result)

    monkeypatch.setattr(Requests, "conclude", overtaken)
    cloud = Cloud(time)
    emsp.expects(cloud)
    answer = cloud.runs(lambda: ask(emsp, "START_SESSION"))
    cloud.passes(minutes=1)
    emsp.has_one(cloud, answer, "FAILED")


@pytest.mark.requirement("CMD-04", "CMD-24", "CMD-25")
def test_a_reservation_is_accepted_once_cancelled_once_and_its_session_ends_wherever_we_die(
    emsp: Sender, time: Callable[..., None]
) -> None:
    for cloud in each_kill(time):
        emsp.expects(cloud)
        expiry = format_datetime(clock.now() + timedelta(minutes=20))
        body = {"token": TOKEN, "location_id": "L1", "evse_uid": "E1", "expiry_date": expiry}
        body |= {"reservation_id": f"R{cloud.kill_before}", "response_url": emsp.response_url}
        cloud.runs(partial(emsp.calls, "POST", "/receiver/commands/RESERVE_NOW", body))
        stored = asked(emsp.response_url)
        if stored is None:
            continue
        results = []
        for result in ("ACCEPTED", "CANCELED_RESERVATION"):
            reply = cloud.runs(partial(conclude, stored.id, {"result": result}))
            cloud.passes(minutes=5)
            results += [result] if reply and reply.status == 200 else []
        told = told_to(emsp)
        assert list(dict.fromkeys(told)) in (
            ["ACCEPTED", "CANCELED_RESERVATION"],
            ["ACCEPTED"],
            ["TIMEOUT"],
        ), cloud.story
        assert set(results) <= set(told), cloud.story
        assert [each.outcome for each in stored_requests() if each.id == stored.id] == told[-1:], cloud.story
        assert len(told) <= len(set(told)) + cloud.died_before_noting, cloud.story
        cloud.passes(minutes=30)
        made = emsp.calls("GET", "/sender/sessions?date_from=2026-11-01T00:00:00Z").data
        assert {each["status"] for each in made if each["auth_method"] == "COMMAND"} <= {"COMPLETED"}, cloud.story


# We ask


@dataclass
class Cpo:
    """A CPO that we ask."""

    connection: Connection

    def answers(self, answer: Answer) -> None:
        seen = self.connection.partner.seen
        seen.clear()
        for method, path in (("POST", "/commands/UNLOCK_CONNECTOR"), *((m, "/chargingprofiles/S1") for m in METHODS)):
            self.connection.partner.answers[method, path] = answer

    @property
    def asked(self) -> Seen | None:
        """What it was asked."""
        seen = self.connection.partner.seen
        assert len(seen) <= 1
        return seen[0] if seen else None

    def tells(self, result: dict[str, Any]) -> Reply | None:
        """It tells the result, if it was asked at all."""
        if self.asked is None:
            return None
        url = (self.asked.body or {}).get("response_url") or parse_qs(urlsplit(self.asked.path).query)["response_url"][
            0
        ]
        return request("POST", url.removeprefix(OURS), token=self.connection.token, body=result)


METHODS = ("GET", "PUT", "DELETE")
ACCEPTED = ok({"result": "ACCEPTED", "timeout": TIMEOUT_S})
REFUSED = ok({"result": "REJECTED", "timeout": 0})
BROKEN: Answer = (500, b"oops")
THERE = "/chargingprofiles/sim/NL/SIM/S1"
UNLOCK = {"location_id": "L1", "evse_uid": "E1", "connector_id": "1"}
ORDERS: dict[str, Callable[[], OwnerReply]] = {
    "UNLOCK_CONNECTOR": lambda: owner("POST", "/commands/UNLOCK_CONNECTOR", {"partner_id": "sim", "command": UNLOCK}),
    "SET": lambda: owner("PUT", THERE, PROFILE),
}


@pytest.fixture
def cpo(time: Callable[..., None], connect: Connect) -> Cpo:
    """The CPO of a session of our customer."""
    cpo = Cpo(connect("CPO NL SIM", offers=[("commands", "RECEIVER"), ("chargingprofiles", "RECEIVER")]))
    token = cpo.connection.token
    session = SESSION | {"cdr_token": SESSION["cdr_token"] | {"party_id": "OCS"}}
    for path, body in (("locations/NL/SIM/L1", LOCATION | {"evses": [EVSE]}), ("sessions/NL/SIM/S1", session)):
        assert request("PUT", f"/ocpi/2.2.1/receiver/{path}", token=token, body=body).status_code == 1000
    return cpo


@pytest.mark.requirement("CMD-05", "CMD-07", "CHP-12", "CHP-16")
@pytest.mark.parametrize("kind", ["UNLOCK_CONNECTOR", "SET"])
@pytest.mark.parametrize(
    ("answer", "tells_after_s", "end"),
    [
        (ACCEPTED, 3, RequestStatus.CONCLUDED),
        (ACCEPTED, 60, RequestStatus.EXPIRED),
        (ACCEPTED, None, RequestStatus.EXPIRED),
        (REFUSED, None, RequestStatus.CONCLUDED),
        (BROKEN, None, RequestStatus.FAILED),
        (BROKEN, 3, RequestStatus.FAILED),
    ],
)
def test_our_backend_hears_one_end_of_what_it_has_asked_for_wherever_we_die(
    cpo: Cpo, time: Callable[..., None], kind: str, answer: Answer, tells_after_s: int | None, end: RequestStatus
) -> None:
    for cloud in each_kill(time):
        before = {each.id for each in stored_requests()}
        cpo.answers(answer)
        reply = cloud.runs(ORDERS[kind])
        told = None
        if tells_after_s is not None:
            cloud.passes(seconds=tells_after_s)
            told = cloud.runs(lambda: cpo.tells({"result": "ACCEPTED"}))
        cloud.passes(hours=1)
        sent = [each for each in stored_requests() if each.id not in before]
        if not sent:
            assert (reply, cpo.asked) == (None, None), cloud.story
            continue
        (stored,) = sent
        ends = [each.detail for each in cloud.events if each.detail_type is DetailType.REQUEST_ENDED]
        assert [(each["request_id"], each["status"]) for each in ends] == [(stored.id, stored.status)], cloud.story
        assert ends[0].get("result") == stored.result
        assert (told is None) or told.status_code == 1000, "also what comes too late is taken"
        if cloud.killed_at is None:
            assert stored.status is end


# We are the eMSP between an SCSP and the CPO


def told_to(sender: Sender) -> list[str]:
    """The results that a partner was told."""
    return [each["result"] for each in sender.told]


@pytest.fixture
def scsp(cpo: Cpo, connect: Connect) -> Sender:
    """An SCSP to which our eMSP has delegated smart charging."""
    return Sender(connect("SCSP NL OPT"))


@pytest.mark.requirement("CHP-30", "CHP-31")
@pytest.mark.parametrize(
    ("kind", "answer", "tells_after_s", "end"),
    [
        ("CLEAR", ACCEPTED, 3, "UNKNOWN"),
        ("SET", ACCEPTED, 34, "ACCEPTED"),
        ("SET", ACCEPTED, 200, "REJECTED"),
        ("SET", ACCEPTED, None, "REJECTED"),
        ("SET", REFUSED, None, None),
        ("SET", BROKEN, 3, None),
    ],
)
def test_the_scsp_behind_us_is_told_one_result_wherever_we_die(
    scsp: Sender,
    cpo: Cpo,
    time: Callable[..., None],
    kind: str,
    answer: Answer,
    tells_after_s: int | None,
    end: str | None,
) -> None:
    for cloud in each_kill(time):
        scsp.expects(cloud)
        cpo.answers(answer)
        response = cloud.runs(lambda: ask(scsp, kind))
        told = None
        if tells_after_s is not None:
            cloud.passes(seconds=tells_after_s)
            told = cloud.runs(lambda: cpo.tells(RESULT[kind]))
        cloud.passes(minutes=30)
        assert told is None or told.status_code == 1000
        if cloud.killed_at is None:
            assert told_to(scsp) == ([end] if end else [])
        scsp.has_one(cloud, response, *({end} if told and end else {RESULT[kind]["result"], "REJECTED"}))
        stored = asked(scsp.response_url)
        passed_on = [each for each in stored_requests() if stored and each.forwards == stored.id]
        assert all(each.status is not RequestStatus.PENDING for each in passed_on), cloud.story
        assert [each.outcome for each in passed_on if each.result and each.outcome not in told_to(scsp)] == []
