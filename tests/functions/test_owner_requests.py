"""The owner API: the team's own backend asks partners for things, and answers what they ask."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from owner import examples
from tests.api import request
from tests.functions.conftest import Connect, Connection
from tests.functions.waiting import put_own_location, stored_requests
from tests.mutations import mutated
from tests.objects import LOCATION, SESSION, TOKEN
from tests.own import put_session
from tests.owner import Reply, owner
from tests.partner import Seen, ok

ACCEPTED = ok({"result": "ACCEPTED", "timeout": 30})
SIM = {"country_code": "NL", "party_id": "SIM"}
PROFILE_URL = "/chargingprofiles/sim/NL/SIM/S1"
LATEST = "9999-12-31T23:59:59Z"
RESULT_PATH = "/results/1"


@pytest.fixture
def cpo(connect: Connect) -> Connection:
    """The CPO NL/SIM, which takes commands and charging profiles."""
    return connect("CPO NL SIM", offers=[("commands", "RECEIVER"), ("chargingprofiles", "RECEIVER")])


@pytest.fixture
def emsp(connect: Connect) -> Connection:
    """The eMSP NL/TNM; our Location L1 stands ready."""
    connection = connect("EMSP NL TNM", offers=[("commands", "SENDER"), ("chargingprofiles", "SENDER")])
    connection.partner.answers["POST", RESULT_PATH] = ok()
    put_own_location()
    return connection


def unlock(**changes: object) -> Reply:
    command = {"location_id": "L1", "evse_uid": "E1", "connector_id": "1"}
    return owner("POST", "/commands/UNLOCK_CONNECTOR", {"partner_id": "sim", "command": command} | changes)


def asked(connection: Connection) -> Seen:
    (seen,) = connection.partner.seen
    return seen


def test_a_command_is_sent_and_its_request_can_be_looked_up(cpo: Connection) -> None:
    cpo.partner.answers["POST", "/commands/UNLOCK_CONNECTOR"] = ACCEPTED
    reply = unlock()
    assert (reply.status, reply.body["status"]) == (202, "PENDING"), reply
    assert reply.body["response"] == {"result": "ACCEPTED", "timeout": 30}
    assert reply.body["party"] == SIM
    assert reply.body["document"] == {"location_id": "L1", "evse_uid": "E1", "connector_id": "1"}
    assert asked(cpo).body["response_url"].endswith(reply.body["request_id"])
    assert owner("GET", f"/requests/{reply.body['request_id']}").body == reply.body


def test_the_result_of_a_command_is_found_at_its_request(cpo: Connection) -> None:
    cpo.partner.answers["POST", "/commands/UNLOCK_CONNECTOR"] = ACCEPTED
    id_ = unlock().body["request_id"]
    path = asked(cpo).body["response_url"].removeprefix("https://ocpi.example.com")
    assert request("POST", path, token=cpo.token, body={"result": "FAILED"}).status_code == 1000
    found = owner("GET", f"/requests/{id_}").body
    assert (found["status"], found["result"]) == ("CONCLUDED", {"result": "FAILED"})


def test_a_command_that_the_partner_refuses_is_concluded_at_once(cpo: Connection) -> None:
    cpo.partner.answers["POST", "/commands/UNLOCK_CONNECTOR"] = ok({"result": "REJECTED", "timeout": 0})
    reply = unlock()
    assert (reply.status, reply.body["status"], reply.body["response"]["result"]) == (202, "CONCLUDED", "REJECTED")


def test_a_partner_that_fails_is_502(cpo: Connection) -> None:
    reply = unlock()
    assert (reply.status, reply.body["status_code"]) == (502, 3001)


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"command": {}}, "/command/location_id: "),
        ({"command": []}, "/command: "),
        ({"command": {"location_id": "L1", "evse_uid": "E1", "connector_id": 1}}, "/command/connector_id: "),
        ({"partner_id": None}, "/partner_id: "),
        ({"party": "SIM"}, "/party: "),
        ({"party": SIM | {"party_id": "XXX"}}, "/party: "),
        ({"own_party": SIM}, "/own_party: "),
    ],
)
def test_an_order_that_is_wrong_is_400_naming_the_field(cpo: Connection, changes: dict[str, Any], where: str) -> None:
    reply = unlock(**changes)
    assert (reply.status, reply.body["status_code"]) == (400, 2001)
    assert where in reply.detail
    assert not cpo.partner.seen


ORDERS = {
    "UNLOCK_CONNECTOR": {"location_id": "L1", "evse_uid": "E1", "connector_id": "1"},
    "START_SESSION": {"token": examples.TOKEN, "location_id": "L1", "evse_uid": "E1"},
    "RESERVE_NOW": {
        "token": examples.TOKEN,
        "expiry_date": LATEST,
        "reservation_id": "R1",
        "location_id": "L1",
    },
}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_mutation_of_an_order_makes_us_fail(cpo: Connection, data: st.DataObject) -> None:
    owner("PUT", "/tokens/NL/OCS/0123ABCD", examples.TOKEN)
    command = data.draw(st.sampled_from(sorted(ORDERS)))
    cpo.partner.answers["POST", f"/commands/{command}"] = ACCEPTED
    order = data.draw(mutated({"partner_id": "sim", "command": ORDERS[command]}))
    reply = owner("POST", f"/commands/{command}", order)
    assert reply.status in (202, 400, 404), reply


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_mutation_of_a_result_makes_us_fail(emsp: Connection, data: st.DataObject) -> None:
    result = data.draw(mutated({"result": "ACCEPTED", "message": [{"language": "en", "text": "Done"}]}))
    reply = owner("POST", f"/requests/{commanded(emsp)}/result", result)
    assert reply.status in (200, 400), reply


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_mutation_of_a_charging_profile_makes_us_fail(cpo: Connection, data: st.DataObject) -> None:
    cpo.partner.answers["PUT", "/chargingprofiles/S1"] = ACCEPTED
    profile = data.draw(mutated(examples.PROFILE | {"start_date_time": LATEST, "duration": 900}))
    assert owner("PUT", PROFILE_URL, profile).status in (202, 400)


def test_a_token_of_ours_starts_a_session_at_a_partner(cpo: Connection) -> None:
    cpo.partner.answers["POST", "/commands/START_SESSION"] = ACCEPTED
    order = {"partner_id": "sim", "command": {"token": examples.TOKEN, "location_id": "L1"}}
    reply = owner("POST", "/commands/START_SESSION", order)
    assert (reply.status, reply.body["status_code"]) == (400, 2004)
    assert reply.detail.startswith("/command/token: ")
    owner("PUT", "/tokens/NL/OCS/0123ABCD", examples.TOKEN)
    assert owner("POST", "/commands/START_SESSION", order).status == 202
    assert asked(cpo).body["token"] == examples.TOKEN


def test_a_partner_with_several_cpos_has_to_be_told_which(connect: Connect) -> None:
    connection = connect("CPO NL SIM", "CPO DE SIM", offers=[("commands", "RECEIVER")])
    connection.partner.answers["POST", "/commands/UNLOCK_CONNECTOR"] = ACCEPTED
    assert unlock().detail.startswith("/party: ")
    assert unlock(party={"country_code": "de", "party_id": "sim"}).body["party"] == SIM | {"country_code": "DE"}
    assert asked(connection).headers["ocpi-to-country-code"] == "DE"


def test_a_hub_finds_out_whom_a_command_is_for(connect: Connect) -> None:
    hub = connect("HUB NL SIM", offers=[("commands", "RECEIVER")])
    hub.partner.answers["POST", "/commands/UNLOCK_CONNECTOR"] = ACCEPTED
    assert "party" not in unlock().body
    assert "ocpi-to-party-id" not in asked(hub).headers


def test_a_charging_profile_is_set_read_and_cleared(cpo: Connection) -> None:
    for method in ("PUT", "DELETE", "GET"):
        cpo.partner.answers[method, "/chargingprofiles/S1"] = ACCEPTED
    reply = owner("PUT", PROFILE_URL, examples.PROFILE)
    assert (reply.status, reply.body["kind"]) == (202, "SET"), reply
    assert asked(cpo).body["charging_profile"] == examples.PROFILE
    cpo.partner.seen.clear()
    for method, query, kind in (("GET", "?duration=900", "ACTIVE"), ("DELETE", "", "CLEAR")):
        reply = owner(method, PROFILE_URL + query)
        assert (reply.status, reply.body["kind"]) == (202, kind), reply
    assert [seen.method for seen in cpo.partner.seen] == ["GET", "DELETE"]
    assert "duration=900" in cpo.partner.seen[0].path


@pytest.mark.parametrize(
    ("method", "url", "body", "status", "where"),
    [
        ("PUT", PROFILE_URL, {"charging_rate_unit": "A"}, 400, "charging_profile_period"),
        ("PUT", PROFILE_URL + "?own_party_id=XXX&own_country_code=NL", examples.PROFILE, 400, "own_party_id"),
        ("GET", PROFILE_URL + "?duration=0", None, 400, "duration"),
        ("GET", PROFILE_URL + "?duration=1e3", None, 400, "duration"),
        ("GET", PROFILE_URL.replace("sim", "nobody"), None, 404, "partner nobody"),
        ("GET", PROFILE_URL.replace("SIM", "XXX"), None, 404, "NL/XXX"),
    ],
)
def test_a_wish_for_a_profile_that_is_wrong_is_refused(
    cpo: Connection, method: str, url: str, body: object, status: int, where: str
) -> None:
    reply = owner(method, url, body)
    assert (reply.status, where in reply.detail) == (status, True), reply
    assert not cpo.partner.seen


def commanded(emsp: Connection) -> str:
    """The eMSP has sent a command; the id of its request."""
    body = {"token": TOKEN, "location_id": "L1", "evse_uid": "E1", "response_url": emsp.partner.url + RESULT_PATH}
    reply = request("POST", "/ocpi/2.2.1/receiver/commands/START_SESSION", token=emsp.token, body=body)
    assert reply.data["result"] == "ACCEPTED", reply
    return stored_requests()[-1].id


def test_a_command_is_answered_once_and_the_partner_hears_it(emsp: Connection) -> None:
    url = f"/requests/{commanded(emsp)}"
    found = owner("GET", url).body
    assert (found["direction"], found["kind"], found["status"]) == ("RECEIVED", "START_SESSION", "PENDING")
    assert "response_url" not in found["document"]
    reply = owner("POST", f"{url}/result", {"result": "EVSE_OCCUPIED"})
    assert (reply.status, reply.body["status"]) == (200, "CONCLUDED"), reply
    assert (asked(emsp).path, asked(emsp).body) == (RESULT_PATH, {"result": "EVSE_OCCUPIED"})
    assert owner("POST", f"{url}/result", {"result": "EVSE_OCCUPIED"}).status == 200
    assert owner("POST", f"{url}/result", {"result": "ACCEPTED"}).status == 409
    assert len(emsp.partner.seen) == 1


@pytest.mark.parametrize("body", [{}, {"result": "FINE"}, {"result": None}])
def test_a_result_that_is_none_is_400_and_concludes_nothing(emsp: Connection, body: dict[str, Any]) -> None:
    url = f"/requests/{commanded(emsp)}"
    reply = owner("POST", f"{url}/result", body)
    assert (reply.status, reply.body["status_code"]) == (400, 2001)
    assert "/result" in reply.detail
    assert owner("GET", url).body["status"] == "PENDING"


def test_nobody_answers_a_request_of_our_own_or_one_that_is_unknown(cpo: Connection) -> None:
    cpo.partner.answers["POST", "/commands/UNLOCK_CONNECTOR"] = ACCEPTED
    id_ = unlock().body["request_id"]
    for unanswerable in (id_, "unknown"):
        assert owner("POST", f"/requests/{unanswerable}/result", {"result": "ACCEPTED"}).status == 404
    assert owner("GET", "/requests/unknown").status == 404


def test_whoever_has_set_a_profile_hears_what_the_charge_point_will_do(emsp: Connection) -> None:
    put_session(SESSION)
    body = {"charging_profile": examples.PROFILE, "response_url": emsp.partner.url + RESULT_PATH}
    path = "/ocpi/2.2.1/receiver/chargingprofiles/S1"
    assert request("PUT", path, token=emsp.token, body=body).data["result"] == "ACCEPTED"
    owner("POST", f"/requests/{stored_requests()[-1].id}/result", {"result": "ACCEPTED"})
    emsp.partner.seen.clear()
    emsp.partner.answers["PUT", "/chargingprofiles/S1"] = ok()
    reply = owner("PUT", "/activeprofiles/NL/OCS/S1", examples.ACTIVE_PROFILE)
    assert (reply.status, reply.body) == (200, {"failures": {}}), reply
    assert asked(emsp).body == examples.ACTIVE_PROFILE
    emsp.partner.answers["PUT", "/chargingprofiles/S1"] = (500, {})
    reply = owner("DELETE", "/activeprofiles/NL/OCS/S1")
    assert (reply.status, list(reply.body["failures"])) == (200, ["tnm/NL/TNM"])
    assert owner("PUT", "/activeprofiles/NL/OCS/S9", examples.ACTIVE_PROFILE).status == 404


def test_partners_are_told_without_their_tokens(cpo: Connection) -> None:
    found = owner("GET", "/partners/sim").body
    assert (found["id"], found["status"]) == ("sim", "REGISTERED")
    assert found["roles"][0] | SIM == found["roles"][0]
    assert {(each["identifier"], each["role"]) for each in found["endpoints"]} >= {("commands", "RECEIVER")}
    assert not [name for name in found if "token" in name]
    assert owner("GET", "/partners/nobody").status == 404
    without_endpoints = {name: value for name, value in found.items() if name != "endpoints"}
    assert owner("GET", "/partners").body == [without_endpoints]


def test_what_partners_have_sent_is_got_and_listed(cpo: Connection) -> None:
    for number in range(3):
        document = LOCATION | {"id": f"L{number}", "last_updated": f"2026-11-22T08:00:0{number}Z"}
        path = f"/ocpi/2.2.1/receiver/locations/NL/SIM/L{number}"
        assert request("PUT", path, token=cpo.token, body=document).http_status == 201
    url = "/received/sim/locations/NL/SIM"
    assert owner("GET", f"{url}/l1").body["id"] == "L1"
    first = owner("GET", f"{url}?limit=2")
    assert [each["id"] for each in first.body] == ["L0", "L1"]
    assert first.headers["x-total-count"] == "3"
    following = first.headers["link"].removeprefix("<https://ocpi.example.com/owner/v1").removesuffix('>; rel="next"')
    assert [each["id"] for each in owner("GET", following).body] == ["L2"]
    assert owner("GET", f"{url}?offset=2").body == owner("GET", following).body
    assert owner("GET", f"{url}/L9").status == 404
    assert owner("GET", "/received/sim/commands/NL/SIM").status == 404
    assert owner("PUT", f"{url}/L1", LOCATION).status == 405
