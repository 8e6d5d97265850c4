"""Charging profiles: what partners ask of our sessions, what we ask of those of CPOs, and what we pass on."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from threading import Barrier
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import boto3
import pytest

from ocpi import wire
from ocpi.requests.deadlines import Deadlines
from ocpi.store.controllers import Controller as StoredController
from ocpi.store.controllers import Controllers
from ocpi.store.requests import Direction, Request, Requests, RequestStatus
from ocpi.types.parties import Party
from ocpi.types.versions import ModuleID
from tests.api import Reply, deployed_as, request
from tests.functions.conftest import Connect, Connection
from tests.functions.waiting import concludes, put_own_location, stored_requests, tells_result, wake
from tests.objects import EVSE, LOCATION, SESSION, without
from tests.own import assert_refused, own_id, patch_session, put_session
from tests.owner import Reply as OwnerReply
from tests.owner import owner
from tests.partner import Answer, Seen, ok

RESULTS = "/results?profile=%2F1&of=S1"
"""A response URL with a query, as hard as they come."""

PROFILE: dict[str, Any] = {
    "charging_rate_unit": "A",
    "duration": 1800,
    "charging_profile_period": [{"start_period": 0, "limit": 8.1}, {"start_period": 900, "limit": 16}],
}
ACTIVE: dict[str, Any] = {"start_date_time": "2026-11-22T08:00:00Z", "charging_profile": PROFILE}


@dataclass
class Controller:
    """A partner that controls our sessions."""

    connection: Connection
    time: Callable[..., None]

    @property
    def response_url(self) -> str:
        return self.connection.partner.url + RESULTS

    def asks(self, method: str, session_id: str = "S1", query: str = "", body: object = None) -> Reply:
        self.time(seconds=10)  # no faster than is allowed, and so that the newest request can be told
        path = f"/ocpi/2.2.1/receiver/chargingprofiles/{session_id}{query}"
        return request(method, path, token=self.connection.token, body=body)

    def sets(self, session_id: str = "S1", **changes: object) -> Reply:
        body = {"charging_profile": PROFILE, "response_url": self.response_url}
        return self.asks("PUT", session_id, body=body | changes)

    def sets_at_once(self) -> Reply:
        body = {"charging_profile": PROFILE, "response_url": self.response_url}
        return request("PUT", "/ocpi/2.2.1/receiver/chargingprofiles/S1", token=self.connection.token, body=body)

    def clears(self, session_id: str = "S1") -> Reply:
        return self.asks("DELETE", session_id, f"?response_url={quote(self.response_url, safe='')}")

    def gets(self, session_id: str = "S1") -> Reply:
        return self.asks("GET", session_id, f"?duration=900&response_url={quote(self.response_url, safe='')}")

    @property
    def posts(self) -> list[Seen]:
        return [seen for seen in self.connection.partner.seen if seen.path == RESULTS]

    @property
    def active(self) -> list[dict[str, Any]]:
        """The ActiveChargingProfiles that it was told."""
        return [seen.body for seen in self.connection.partner.seen if seen.method == "PUT"]


def controller(connect: Connect, time: Callable[..., None], *parties: str) -> Controller:
    there = Controller(connect(*parties, offers=[("chargingprofiles", "SENDER")]), time)
    there.connection.partner.answers["POST", RESULTS] = ok()
    there.connection.partner.answers["PUT", "/chargingprofiles/S1"] = ok()
    return there


@pytest.fixture
def emsp(time: Callable[..., None], connect: Connect) -> Controller:
    """The eMSP of our Session S1, which is charging at our EVSE E1."""
    put_own_location()
    put_session(SESSION)
    return controller(connect, time, "EMSP NL TNM")


def result_of(reply: Reply) -> str:
    """The result in a ChargingProfileResponse."""
    assert reply.status_code == 1000, reply
    return str(reply.data["result"])


def newest() -> Request:
    return stored_requests()[-1]


# We are the CPO


@pytest.mark.requirement("CHP-01", "CHP-02", "CHP-03", "CHP-05", "CHP-10", "CHP-11", "CHP-15")
@pytest.mark.parametrize(
    ("wish", "kind", "result"),
    [
        ("gets", "ACTIVE", {"result": "ACCEPTED", "profile": ACTIVE}),
        ("sets", "SET", {"result": "ACCEPTED"}),
        ("clears", "CLEAR", {"result": "UNKNOWN"}),
    ],
)
def test_each_request_is_answered_at_once_and_its_result_posted(
    emsp: Controller, wish: str, kind: str, result: dict[str, Any]
) -> None:
    reply = getattr(emsp, wish)()
    assert reply.data == {"result": "ACCEPTED", "timeout": 30}
    assert emsp.posts == []
    assert (newest().kind, newest().status) == (kind, RequestStatus.PENDING)
    assert newest().document["session_id"] == "S1"
    for _ in range(2):
        concludes(**result)
    (post,) = emsp.posts
    assert post.body == result
    assert (post.headers["ocpi-from-party-id"], post.headers["ocpi-to-party-id"]) == ("OCS", "TNM")


@pytest.mark.requirement("CHP-01", "CHP-03")
@pytest.mark.parametrize(
    ("method", "query", "named"),
    [
        ("GET", "", "response_url"),
        ("GET", "?response_url=https%3A%2F%2Fexample.com%2F", "duration"),
        ("GET", "?duration=900", "response_url"),
        ("GET", "?duration=soon&response_url=https%3A%2F%2Fexample.com%2F", "duration"),
        ("GET", "?duration=0&response_url=https%3A%2F%2Fexample.com%2F", "duration"),
        ("GET", "?duration=900&response_url=nowhere", "response_url"),
        ("DELETE", "", "response_url"),
    ],
)
def test_a_query_that_lacks_something_is_2001(emsp: Controller, method: str, query: str, named: str) -> None:
    reply = emsp.asks(method, query=query)
    assert reply.status_code == 2001
    assert f"query parameter {named}" in reply.message
    assert stored_requests() == []


@pytest.mark.requirement("CHP-11")
@pytest.mark.parametrize(
    ("query", "response_url"),
    [
        ("duration=900&response_url=https%3A%2F%2Fe.com%2Fa%3Fb%3D1%26c%3D%252F", "https://e.com/a?b=1&c=%2F"),
        ("response_url=https%3A%2F%2Fe.com%2Fa%3Fb%3D1&duration=900", "https://e.com/a?b=1"),
        ("duration=900&response_url=https://e.com/a?b=1", "https://e.com/a?b=1"),
        ("duration=900&response_url=https://e.com/a?b=1&c=%2F", "https://e.com/a?b=1&c=%2F"),
        ("response_url=https://e.com/a?b=1&c=%2F&duration=900", "https://e.com/a?b=1&c=%2F"),
        ("response_url=https://e.com/a?b=1+2&duration=900", "https://e.com/a?b=1+2"),
    ],
)
def test_decision_30_a_response_url_in_a_query_is_taken_encoded_or_not(
    emsp: Controller, query: str, response_url: str
) -> None:
    server = emsp.connection.partner.url
    query = query.replace("https%3A%2F%2Fe.com", quote(server, safe="")).replace("https://e.com", server)
    assert result_of(emsp.asks("GET", query=f"?{query}")) == "ACCEPTED"
    assert newest().response_url == response_url.replace("https://e.com", server)
    assert newest().document["duration"] == 900


@pytest.mark.requirement("CHP-02")
@pytest.mark.parametrize("field", ["charging_profile", "response_url"])
def test_a_profile_that_lacks_something_is_2001(emsp: Controller, field: str) -> None:
    body = without({"charging_profile": PROFILE, "response_url": emsp.response_url}, field)
    reply = emsp.asks("PUT", body=body)
    assert reply.status_code == 2001
    assert f"/{field}" in reply.message


@pytest.mark.parametrize("elsewhere", ["https://example.com/", "http://127.0.0.1:9/", "https://127.0.0.1/"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_results_and_our_token_with_them_go_to_the_partner_only(emsp: Controller, method: str, elsewhere: str) -> None:
    if method == "PUT":
        reply, named = emsp.sets(response_url=elsewhere), "/response_url"
    else:
        reply = emsp.asks(method, query=f"?duration=900&response_url={quote(elsewhere, safe='')}")
        named = "query parameter response_url"
    assert reply.status_code == 2001
    assert named in reply.message
    assert stored_requests() == []


def test_the_session_is_that_of_the_url_whatever_the_body_says(emsp: Controller) -> None:
    body = {"charging_profile": PROFILE, "response_url": emsp.response_url, "session_id": "S9"}
    assert result_of(emsp.asks("PUT", body=body)) == "ACCEPTED"
    assert newest().document["session_id"] == "S1"


def test_no_request_is_kept_that_could_not_be_ended_in_time(emsp: Controller, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(Deadlines, "wake", _fails)
        assert emsp.sets().status_code == 3000
    assert stored_requests() == []
    assert result_of(emsp.sets_at_once()) == "ACCEPTED", "what we failed to take does not count"


@pytest.mark.requirement("CHP-22", "CHP-23", "CHP-24")
@pytest.mark.parametrize(
    "changes",
    [
        {"charging_rate_unit": "kW"},
        {"charging_profile_period": [{"start_period": 0, "limit": 8.12}]},
        {"min_charging_rate": 8.12},
        {"charging_profile_period": [{"start_period": 0, "limit": 8}, {"start_period": 0, "limit": 9}]},
        {"charging_profile_period": []},
    ],
)
def test_a_wrong_profile_is_2001(emsp: Controller, changes: dict[str, Any]) -> None:
    reply = emsp.sets(charging_profile=PROFILE | changes)
    assert reply.status_code == 2001
    assert "/charging_profile" in reply.message
    assert stored_requests() == []


@pytest.mark.requirement("CHP-25", "CHP-26")
@pytest.mark.parametrize("changes", [{}, {"start_date_time": "2026-11-22T09:00:00Z"}, {"duration": None}])
def test_absolute_relative_and_endless_profiles_reach_the_charge_point_as_they_are(
    emsp: Controller, changes: dict[str, Any]
) -> None:
    profile = {name: value for name, value in (PROFILE | changes).items() if value is not None}
    assert result_of(emsp.sets(charging_profile=profile)) == "ACCEPTED"
    assert wire.dumps(newest().document["charging_profile"]) == wire.dumps(profile)


@pytest.mark.requirement("CHP-04")
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_profiles_are_not_posted_or_patched(emsp: Controller, method: str) -> None:
    assert emsp.asks(method).http_status == 405


@pytest.mark.requirement("CHP-06")
@pytest.mark.parametrize("wish", ["gets", "sets", "clears"])
def test_an_unknown_session_is_answered_so(emsp: Controller, wish: str) -> None:
    assert result_of(getattr(emsp, wish)("S9")) == "UNKNOWN_SESSION"
    assert stored_requests() == []


@pytest.mark.requirement("CHP-07")
def test_requests_that_follow_each_other_too_fast_are_too_often(emsp: Controller) -> None:
    assert result_of(emsp.sets()) == "ACCEPTED"
    path = f"/ocpi/2.2.1/receiver/chargingprofiles/S1?duration=900&response_url={quote(emsp.response_url, safe='')}"
    assert result_of(request("GET", path, token=emsp.connection.token)) == "TOO_OFTEN"
    assert len(stored_requests()) == 1
    assert result_of(emsp.gets()) == "ACCEPTED"


@pytest.mark.requirement("CHP-03")
def test_a_wrong_profile_may_be_cleared_at_once(emsp: Controller) -> None:
    assert result_of(emsp.sets()) == "ACCEPTED"
    path = f"/ocpi/2.2.1/receiver/chargingprofiles/S1?response_url={quote(emsp.response_url, safe='')}"
    assert result_of(request("DELETE", path, token=emsp.connection.token)) == "ACCEPTED"


@pytest.mark.requirement("CHP-08")
@pytest.mark.parametrize("wish", ["gets", "sets", "clears"])
def test_an_evse_that_takes_no_profiles_is_not_supported(emsp: Controller, wish: str) -> None:
    put_own_location(["REMOTE_START_STOP_CAPABLE"])
    assert result_of(getattr(emsp, wish)()) == "NOT_SUPPORTED"
    assert stored_requests() == []


@pytest.mark.requirement("CHP-09")
def test_only_the_emsp_of_a_session_and_scsps_control_it(
    emsp: Controller, connect: Connect, time: Callable[..., None]
) -> None:
    assert result_of(controller(connect, time, "EMSP NL OTH").sets()) == "REJECTED"
    assert result_of(controller(connect, time, "SCSP NL OPT").sets()) == "ACCEPTED"
    assert result_of(emsp.sets()) == "ACCEPTED"
    patch_session({"status": "COMPLETED", "last_updated": "2026-11-22T08:00:01Z"})
    assert result_of(emsp.sets()) == "REJECTED"


@pytest.mark.requirement("CHP-10")
def test_a_refused_request_has_no_result(emsp: Controller) -> None:
    emsp.sets("S9")
    assert stored_requests() == []
    assert emsp.posts == []


@pytest.mark.requirement("CHP-15")
@pytest.mark.parametrize("result", ["TIMEOUT", "accepted"])
def test_a_wrong_result_of_our_backend_is_2001(emsp: Controller, result: str) -> None:
    emsp.sets()
    assert_refused(tells_result(result), "/result")


def is_told(active: dict[str, Any] | None, session_id: str = "S1") -> OwnerReply:
    """Our backend tells what the charge point of a session will do, and gets whatever is answered."""
    url = f"/activeprofiles/NL/OCS/{session_id}"
    return owner("PUT", url, active) if active else owner("DELETE", url)


def tells(active: dict[str, Any] | None, session_id: str = "S1") -> dict[str, str]:
    """The same, and it is told on; who could not be told."""
    reply = is_told(active, session_id)
    assert reply.status == 200, reply
    return dict(reply.body["failures"])


@pytest.mark.requirement("CHP-18", "CHP-19")
def test_a_changed_profile_is_told_to_who_has_set_one_and_to_nobody_else(
    emsp: Controller, connect: Connect, time: Callable[..., None]
) -> None:
    scsp, other = controller(connect, time, "SCSP NL OPT"), controller(connect, time, "SCSP NL OTH")
    emsp.gets()
    concludes("ACCEPTED", profile=ACTIVE)
    other.sets()
    concludes("REJECTED")
    tells(ACTIVE)
    assert (emsp.active, scsp.active, other.active) == ([], [], [])
    for each in (emsp, scsp):
        each.sets()
        concludes("ACCEPTED")
    assert tells(ACTIVE) == {}
    assert (emsp.active, scsp.active, other.active) == ([ACTIVE], [ACTIVE], [])
    emsp.clears()
    concludes("ACCEPTED")
    tells(ACTIVE)
    assert emsp.active == [ACTIVE, ACTIVE], "also after its own profile is gone"


@pytest.mark.requirement("CHP-20", "CHP-21")
@pytest.mark.parametrize(
    ("connector", "unit", "limit"),
    [
        ({}, "A", 32),
        ({"power_type": "DC", "max_voltage": 400, "max_amperage": 125}, "W", 50_000),
        ({"power_type": "DC", "max_electric_power": 40_000}, "W", 40_000),
    ],
)
def test_without_a_profile_the_full_capacity_is_told_for_an_hour(
    emsp: Controller, connector: dict[str, Any], unit: str, limit: int
) -> None:
    put_own_location(**connector)
    emsp.sets()
    concludes("ACCEPTED")
    tells(None)
    assert emsp.active == [
        {
            "start_date_time": "2026-11-22T08:00:10Z",
            "charging_profile": {
                "start_date_time": "2026-11-22T08:00:10Z",
                "duration": 3600,
                "charging_rate_unit": unit,
                "charging_profile_period": [{"start_period": 0, "limit": limit}],
            },
        }
    ]


def test_who_cannot_be_told_of_a_changed_profile_is_named(emsp: Controller) -> None:
    emsp.sets()
    concludes("ACCEPTED")
    emsp.connection.partner.answers["PUT", "/chargingprofiles/S1"] = (200, {"status_code": 2000})
    assert tells(ACTIVE) == {"tnm/NL/TNM": "HTTP 200, OCPI 2000"}


def test_every_party_of_a_partner_that_cannot_be_told_is_named(emsp: Controller) -> None:
    controllers: Controllers = import_module("chargingprofiles.app").controllers
    for party in (Party("NL", "TNM"), Party("BE", "TNM")):
        known = StoredController(partner_id="tnm", party=party, own_party=Party("NL", "OCS"))
        controllers.add(own_id(ModuleID.SESSIONS, "S1").text, known)
    emsp.connection.partner.answers["PUT", "/chargingprofiles/S1"] = (200, {"status_code": 2000})
    assert set(tells(ACTIVE)) == {"tnm/NL/TNM", "tnm/BE/TNM"}


@pytest.mark.requirement("CHP-18")
def test_all_are_told_at_the_same_time(emsp: Controller, connect: Connect, time: Callable[..., None]) -> None:
    both = Barrier(2, timeout=5)

    def answer(_: Seen) -> Answer:
        both.wait()  # as long as the other is not told
        return ok()

    for each in (emsp, controller(connect, time, "SCSP NL OPT")):
        each.sets()
        concludes("ACCEPTED")
        each.connection.partner.answers["PUT", "/chargingprofiles/S1"] = answer
    assert tells(ACTIVE) == {}


@pytest.mark.requirement("CHP-27")
def test_a_wrong_or_unknown_active_profile_is_not_told(emsp: Controller) -> None:
    emsp.sets()
    concludes("ACCEPTED")
    assert_refused(is_told(without(ACTIVE, "start_date_time")), "/start_date_time")
    assert is_told(ACTIVE, "S9").status == 404
    assert emsp.active == []


# We are the eMSP, or an SCSP


@dataclass
class Cpo:
    """A CPO whose sessions we control."""

    connection: Connection

    def answers(self, result: str = "ACCEPTED", timeout: int = 30) -> None:
        for method in ("GET", "PUT", "DELETE"):
            self.connection.partner.answers[method, "/chargingprofiles/S1"] = self._answer(result, timeout)

    def _answer(self, result: str, timeout: int) -> Answer:
        return ok({"result": result, "timeout": timeout})

    def tells(self, response_url: str, result: dict[str, Any], token: str | None = None) -> Reply:
        path = response_url.removeprefix("https://ocpi.example.com")
        return request("POST", path, token=token or self.connection.token, body=result)

    def puts(self, path: str, body: dict[str, Any], method: str = "PUT") -> Reply:
        return request(method, f"/ocpi/2.2.1{path}", token=self.connection.token, body=body)

    @property
    def asked(self) -> Seen:
        return self.connection.partner.seen[-1]

    @property
    def response_url(self) -> str:
        """The response URL that it was given last."""
        if self.asked.body:
            return str(self.asked.body["response_url"])
        return parse_qs(urlsplit(self.asked.path).query)["response_url"][0]


@pytest.fixture
def cpo(time: Callable[..., None], connect: Connect) -> Cpo:
    """The CPO NL/SIM, at whose EVSE a customer of ours is charging."""
    cpo = Cpo(connect("CPO NL SIM", offers=[("chargingprofiles", "RECEIVER")]))
    session = SESSION | {"cdr_token": SESSION["cdr_token"] | {"party_id": "OCS"}}
    assert cpo.puts("/receiver/locations/NL/SIM/L1", LOCATION | {"evses": [EVSE]}).status_code == 1000
    assert cpo.puts("/receiver/sessions/NL/SIM/S1", session).status_code == 1000
    cpo.connection.partner.answers = Anything(cpo.connection.partner.answers)
    cpo.answers()
    return cpo


class Anything(dict[Any, Any]):
    """Answers by method and path, whatever the query."""

    def get(self, key: Any, default: Any = None) -> Any:
        method, path = key
        return super().get((method, path.partition("?")[0]), default)


THERE = "/chargingprofiles/sim/NL/SIM/S1"
ORDERS: dict[str, Callable[[], OwnerReply]] = {
    "SET": lambda: owner("PUT", THERE, PROFILE),
    "CLEAR": lambda: owner("DELETE", THERE),
    "ACTIVE": lambda: owner("GET", f"{THERE}?duration=900"),
}


def ask(kind: str) -> Request:
    """Our backend asks for something."""
    reply = ORDERS[kind]()
    assert reply.status == 202, reply
    found = Requests("objects").get(reply.body["request_id"])
    assert found
    return found


def stored(sent: Request) -> Request:
    found = Requests("objects").get(sent.id)
    assert found
    return found


@pytest.mark.requirement("CHP-01", "CHP-02", "CHP-03", "CHP-12", "CHP-13")
@pytest.mark.parametrize(
    ("kind", "method", "result"),
    [
        ("SET", "PUT", {"result": "ACCEPTED"}),
        ("CLEAR", "DELETE", {"result": "UNKNOWN"}),
        ("ACTIVE", "GET", {"result": "ACCEPTED", "profile": ACTIVE}),
    ],
)
def test_what_our_backend_asks_for_has_its_result(cpo: Cpo, kind: str, method: str, result: dict[str, Any]) -> None:
    sent = ask(kind)
    assert (sent.status, sent.answer) == (RequestStatus.PENDING, {"result": "ACCEPTED", "timeout": 30})
    assert cpo.asked.method == method
    assert cpo.response_url == sent.response_url
    assert str(sent.response_url).startswith("https://ocpi.example.com/ocpi/2.2.1/sender/chargingprofiles/results/")
    if kind == "ACTIVE":
        assert parse_qs(urlsplit(cpo.asked.path).query)["duration"] == ["900"]
    if kind == "SET":
        assert cpo.asked.body == {"charging_profile": PROFILE, "response_url": sent.response_url}
    assert ask(kind).response_url != sent.response_url
    assert cpo.tells(str(sent.response_url), {"result": "SURE"}).status_code == 2001
    reply = cpo.tells(str(sent.response_url), result)
    assert (reply.status_code, reply.data) == (1000, None)
    assert wire.dumps(stored(sent).result) == wire.dumps(result)
    assert cpo.tells(str(sent.response_url), {"result": "REJECTED"}).status_code == 1000
    assert wire.dumps(stored(sent).result) == wire.dumps(result), "the first result stands"


@pytest.mark.requirement("CHP-13")
def test_a_response_url_works_for_the_partner_that_was_asked_only(cpo: Cpo, connect: Connect) -> None:
    sent = ask("SET")
    other = connect("CPO NL OTH")
    assert cpo.tells(str(sent.response_url), {"result": "ACCEPTED"}, token=other.token).http_status == 404
    assert stored(sent).status is RequestStatus.PENDING


@pytest.mark.requirement("CHP-14")
@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_results_are_posted_and_updates_put_and_nothing_else(cpo: Cpo, method: str) -> None:
    for path in ("/sender/chargingprofiles/S1", "/sender/chargingprofiles/results/1"):
        assert cpo.puts(path, {}, method).http_status == 405


@pytest.mark.requirement("CHP-16")
def test_a_request_without_a_result_in_time_has_failed(cpo: Cpo, time: Callable[..., None]) -> None:
    sent = ask("SET")
    time(seconds=35)
    wake(sent)
    assert stored(sent).status is RequestStatus.EXPIRED


@pytest.mark.parametrize("duration", [0, 366 * 24 * 3600 + 1])
def test_a_duration_that_makes_no_sense_is_not_asked_for(cpo: Cpo, duration: int) -> None:
    reply = owner("GET", f"{THERE}?duration={duration}")
    assert reply.status == 400
    assert "duration" in reply.detail
    assert stored_requests() == []


@pytest.mark.requirement("CHP-17", "CHP-27")
def test_decision_31_an_active_profile_of_any_session_is_kept_for_our_backend(cpo: Cpo) -> None:
    reply = cpo.puts("/sender/chargingprofiles/S1", ACTIVE)
    assert (reply.status_code, reply.data) == (1000, None)
    items = boto3.client("dynamodb").scan(TableName="objects")["Items"]
    (kept,) = [wire.loads_object(each["document"]["S"]) for each in items if each["sk"]["S"] == "ACTIVE_PROFILE"]
    assert wire.dumps(kept["active_charging_profile"]) == wire.dumps(ACTIVE)
    assert (kept["party_id"], kept["session_id"]) == ("SIM", "S1")


# We are the eMSP between an SCSP and the CPO


@pytest.fixture
def scsp(cpo: Cpo, connect: Connect, time: Callable[..., None]) -> Controller:
    """An SCSP to which our eMSP has delegated smart charging."""
    return controller(connect, time, "SCSP NL OPT")


@pytest.mark.requirement("CHP-29", "CHP-30", "CHP-31")
@pytest.mark.parametrize(
    ("wish", "method", "result"),
    [
        ("gets", "GET", {"result": "ACCEPTED", "profile": ACTIVE}),
        ("sets", "PUT", {"result": "ACCEPTED"}),
        ("clears", "DELETE", {"result": "REJECTED"}),
    ],
)
def test_requests_of_an_scsp_and_their_results_are_passed_on(
    cpo: Cpo, scsp: Controller, wish: str, method: str, result: dict[str, Any]
) -> None:
    cpo.answers(timeout=42)
    reply = getattr(scsp, wish)()
    assert reply.data == {"result": "ACCEPTED", "timeout": 42}, "the CPO's own response"
    assert cpo.asked.method == method
    assert cpo.asked.path.partition("?")[0] == "/chargingprofiles/S1"
    assert (cpo.asked.headers["ocpi-from-party-id"], cpo.asked.headers["ocpi-to-party-id"]) == ("OCS", "SIM")
    assert cpo.response_url.startswith("https://ocpi.example.com/"), "ours, not that of the SCSP"
    if method == "GET":
        assert parse_qs(urlsplit(cpo.asked.path).query)["duration"] == ["900"]
    if method == "PUT":
        assert cpo.asked.body["charging_profile"] == PROFILE
    assert scsp.posts == []
    (passed_on,) = (each for each in stored_requests() if each.forwarded)
    assert owner("POST", f"/requests/{passed_on.id}/result", {"result": "REJECTED"}).status == 404
    for _ in range(2):
        assert cpo.tells(cpo.response_url, result).status_code == 1000
    (post,) = scsp.posts
    assert post.body == result
    assert (post.headers["ocpi-from-party-id"], post.headers["ocpi-to-party-id"]) == ("OCS", "OPT")


@pytest.mark.requirement("CHP-30")
@pytest.mark.parametrize("refusal", ["REJECTED", "NOT_SUPPORTED", "TOO_OFTEN", "UNKNOWN_SESSION"])
def test_a_refusal_of_the_cpo_is_passed_on_and_has_no_result(
    cpo: Cpo, scsp: Controller, time: Callable[..., None], refusal: str
) -> None:
    cpo.answers(refusal, 0)
    assert result_of(scsp.sets()) == refusal
    time(minutes=5)
    for each in stored_requests():
        wake(each)
    assert scsp.posts == []


@pytest.mark.requirement("CHP-31")
def test_active_profiles_are_passed_on_to_the_scsp_that_set_one(cpo: Cpo, scsp: Controller) -> None:
    assert cpo.puts("/sender/chargingprofiles/S1", ACTIVE).status_code == 1000
    assert scsp.active == []
    scsp.sets()
    cpo.tells(cpo.response_url, {"result": "ACCEPTED"})
    assert cpo.puts("/sender/chargingprofiles/S1", ACTIVE).status_code == 1000
    assert scsp.active == [ACTIVE]


def test_nothing_is_passed_on_that_could_not_be_ended_in_time(
    cpo: Cpo, scsp: Controller, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(Deadlines, "wake", _fails)
        assert ORDERS["SET"]().status == 500
        assert scsp.sets().status_code == 3000
    assert stored_requests() == []
    assert result_of(scsp.sets_at_once()) == "ACCEPTED", "what we failed to take does not count"


@pytest.mark.requirement("CHP-07")
@pytest.mark.parametrize("session_id", ["S1", "S9"])
def test_requests_to_pass_on_that_follow_each_other_too_fast_are_too_often(
    cpo: Cpo, scsp: Controller, session_id: str
) -> None:
    first = result_of(scsp.sets(session_id))
    looked_for = len(cpo.connection.partner.seen)
    body = {"charging_profile": PROFILE, "response_url": scsp.response_url}
    path = f"/ocpi/2.2.1/receiver/chargingprofiles/{session_id}"
    assert result_of(request("PUT", path, token=scsp.connection.token, body=body)) == "TOO_OFTEN"
    assert len(cpo.connection.partner.seen) == looked_for
    assert result_of(scsp.sets(session_id)) == first != "TOO_OFTEN"


@pytest.mark.requirement("CHP-30")
def test_a_cpo_that_cannot_be_asked_is_an_error_of_ours(cpo: Cpo, scsp: Controller, time: Callable[..., None]) -> None:
    cpo.connection.partner.answers.clear()
    reply = scsp.sets()
    assert (reply.status_code, reply.data) == (3000, None)
    time(minutes=5)
    for each in stored_requests():
        wake(each)
    assert {each.status for each in stored_requests()} == {RequestStatus.FAILED}
    assert scsp.posts == []


@pytest.mark.requirement("CHP-31")
@pytest.mark.parametrize("answer", [ok({"result": "ACCEPTED", "timeout": 30}), (500, b"oops")])
def test_a_result_that_is_faster_than_the_answer_is_passed_on(cpo: Cpo, scsp: Controller, answer: Answer) -> None:
    def hasty(seen: Seen) -> Answer:
        assert cpo.tells(str(seen.body["response_url"]), {"result": "ACCEPTED"}).status_code == 1000
        return answer

    cpo.connection.partner.answers["PUT", "/chargingprofiles/S1"] = hasty
    assert result_of(scsp.sets()) == "ACCEPTED"
    assert [post.body for post in scsp.posts] == [{"result": "ACCEPTED"}]


@pytest.mark.requirement("CHP-31")
def test_a_result_that_never_comes_is_told_to_the_scsp_as_rejected(
    cpo: Cpo, scsp: Controller, time: Callable[..., None]
) -> None:
    scsp.sets()
    response_url = cpo.response_url
    time(seconds=36)
    for each in stored_requests():
        wake(each)
    assert [post.body for post in scsp.posts] == [{"result": "REJECTED"}]
    assert cpo.tells(response_url, {"result": "ACCEPTED"}).status_code == 1000
    assert len(scsp.posts) == 1


@pytest.mark.requirement("CHP-29")
def test_sessions_of_other_emsps_and_ids_that_two_cpos_use_are_unknown(
    cpo: Cpo, scsp: Controller, connect: Connect
) -> None:
    foreign = SESSION | {"id": "S2"}
    assert cpo.puts("/receiver/sessions/NL/SIM/S2", foreign).status_code == 1000
    assert result_of(scsp.sets("S2")) == "UNKNOWN_SESSION"
    other = Cpo(connect("CPO NL OTH"))
    session = SESSION | {"party_id": "OTH", "cdr_token": SESSION["cdr_token"] | {"party_id": "OCS"}}
    assert other.puts("/receiver/sessions/NL/OTH/S1", session).status_code == 1000
    assert result_of(scsp.sets()) == "UNKNOWN_SESSION"


def test_only_an_scsp_is_passed_on(cpo: Cpo, connect: Connect, time: Callable[..., None]) -> None:
    assert result_of(controller(connect, time, "EMSP NL OTH").sets()) == "REJECTED"
    assert all(each.direction is not Direction.SENT for each in stored_requests())


@pytest.mark.requirement("CHP-30")
def test_a_platform_without_an_emsp_passes_nothing_on(cpo: Cpo, scsp: Controller) -> None:
    with deployed_as("CPO NL OCS"):
        assert result_of(scsp.sets()) == "UNKNOWN_SESSION"


def _fails(*_: object) -> None:
    raise ConnectionError
