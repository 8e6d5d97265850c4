"""Each fault of a simulated party, seen from the caller's side, and how it is controlled."""

import http.client
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.partner.stock import make_up
from ocpi import clock
from ocpi.types.parties import Party
from tests import objects as sample
from tests import partner as double
from tests.partner import ok
from tests.unit.local.running import Running, a_partner, until

LOCATION = "receiver/locations/NL/SIM/L1"
NO_ANSWER = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)


@pytest.fixture(scope="module")
def one_for_all() -> Iterator[Running]:
    with a_partner() as running:
        yield running


@pytest.fixture
def partner(one_for_all: Running) -> Running:
    """A partner that holds nothing and has no faults."""
    one_for_all.parts.conditions.faults.clear()
    one_for_all.parts.conditions.served.clear()
    one_for_all.parts.held._objects["locations"].clear()  # type: ignore[index]  # as this test has put it there
    return one_for_all


def put(partner: Running, **more: Any) -> Any:
    return partner.ask("PUT", LOCATION, sample.LOCATION, **more)


def holds(partner: Running) -> bool:
    held: list[object] = partner.held("locations")
    return held == [sample.LOCATION]


def test_slow_takes_its_time_and_is_right(partner: Running) -> None:
    partner.fault("slow seconds=0.3 module=locations")
    begun = time.monotonic()
    assert put(partner).code == 1000
    assert time.monotonic() - begun >= 0.3
    assert holds(partner)


def test_a_caller_that_does_not_wait_for_a_slow_partner_has_been_heard_all_the_same(partner: Running) -> None:
    partner.fault("slow seconds=0.3")
    with pytest.raises(TimeoutError):
        put(partner, patience=0.1)
    until(lambda: holds(partner))


@pytest.mark.parametrize(("acts", "kept"), [("no", False), ("yes", True)])
def test_a_failing_status_comes_without_an_envelope(partner: Running, acts: str, *, kept: bool) -> None:
    partner.fault(f"status http_status=503 acts={acts}")
    reply = put(partner)
    assert reply.status == 503
    assert b"status_code" not in reply.content
    assert holds(partner) == kept


def test_too_many_requests_tell_when_to_come_back_as_seconds_or_as_a_date(partner: Running) -> None:
    partner.fault("throttle retry_after=7 times=1", "throttle retry_after=7 as_date=yes times=1", "throttle")
    seconds, date, never = put(partner), put(partner), put(partner)
    assert [reply.status for reply in (seconds, date, never)] == [429] * 3
    assert seconds.headers["retry-after"] == "7"
    then = datetime.strptime(date.headers["retry-after"], "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
    assert timedelta(seconds=3) < then - clock.now() <= timedelta(seconds=7)
    assert "retry-after" not in never.headers
    assert not holds(partner)


@pytest.mark.parametrize(
    ("body", "content"),
    [("html", b"<!doctype"), ("json", b'{"status_code"'), ("no-envelope", b'{"success"'), ("empty", b"")],
)
@pytest.mark.parametrize(("acts", "kept"), [("no", False), ("yes", True)])
def test_garbage_is_200_and_no_answer(partner: Running, body: str, content: bytes, acts: str, *, kept: bool) -> None:
    partner.fault(f"garbage body={body} acts={acts}")
    reply = put(partner)
    assert reply.status == 200
    assert reply.content.startswith(content)
    assert holds(partner) == kept


def test_half_a_body_is_all_there_is_of_what_was_announced(partner: Running) -> None:
    partner.fault("half")
    with pytest.raises(http.client.IncompleteRead) as broken:
        put(partner)
    assert broken.value.partial
    assert len(broken.value.partial) <= (broken.value.expected or 0) + 1
    assert holds(partner)


@pytest.mark.parametrize(("acts", "kept"), [("no", False), ("yes", True)])
def test_a_dropped_connection_may_have_been_heard_or_not(partner: Running, acts: str, *, kept: bool) -> None:
    partner.fault(f"drop acts={acts} times=1")
    with pytest.raises(NO_ANSWER):
        put(partner)
    assert holds(partner) == kept
    assert put(partner).code == 1000


def test_who_has_vanished_answers_nobody_and_calls_nobody_until_simulated_time_has_passed() -> None:
    simulated = [datetime(2026, 11, 22, 12, tzinfo=UTC)]
    with a_partner(now=lambda: simulated[0]) as running, double.partner() as platform:
        running.registered_at(platform.url, ("locations", "RECEIVER"))
        running.fault("vanish from=60 until=3660")
        assert put(running).code == 1000
        for minute in (1, 30, 60.9):
            simulated[0] = datetime(2026, 11, 22, 12, tzinfo=UTC) + timedelta(minutes=minute)
            for path in (LOCATION, "/ocpi/versions"):
                with pytest.raises(NO_ANSWER):
                    running.ask("GET", path)
        reply = running.ask("PUT", "/control/stock/locations", sample.LOCATION)
        assert reply.status == 400
        assert "vanished" in reply.envelope["error"]
        assert platform.seen == []
        simulated[0] += timedelta(minutes=1)
        assert running.ask("GET", LOCATION).code == 1000
        assert running.state["requests"]["sent"]["locations"]["PUT"] == {"vanish": 1}


def test_lists_come_out_of_order_or_with_an_object_twice(partner: Running) -> None:
    make_up(partner.parts.stock, 5, partner.parts.registration.roles, Party("NL", "OCS"), clock.now())
    right = [location["id"] for location in partner.ask("GET", "sender/locations").data]
    partner.fault("shuffle times=1", "repeat")
    shuffled = [location["id"] for location in partner.ask("GET", "sender/locations").data]
    repeated = [location["id"] for location in partner.ask("GET", "sender/locations").data]
    assert shuffled != right
    assert sorted(shuffled) == right
    assert len(repeated) == 6
    assert sorted(set(repeated)) == right


def test_a_request_is_carried_out_twice(partner: Running) -> None:
    partner.fault("twice")
    reply = put(partner)
    assert (reply.status, reply.code) == (200, 1000)  # 201 was the first answer, which nobody heard
    assert holds(partner)


@pytest.mark.parametrize("code", [2001, 3000])
def test_ocpi_says_no_to_one_object_and_takes_another(partner: Running, code: int) -> None:
    partner.fault(f"ocpi status_code={code} id=L1")
    refused = put(partner)
    assert (refused.status, refused.code) == (200, code)
    assert not holds(partner)
    other = sample.LOCATION | {"id": "L2"}
    assert partner.ask("PUT", "receiver/locations/NL/SIM/L2", other).code == 1000


def test_a_cdr_is_refused_by_the_id_in_it(partner: Running) -> None:
    partner.fault("ocpi status_code=2001 id=C1 method=POST")
    assert partner.ask("POST", "receiver/cdrs", sample.CDR).code == 2001
    assert partner.ask("POST", "receiver/cdrs", sample.CDR | {"id": "C2"}).code == 1000


def test_what_was_sent_before_is_sent_again_just_as_it_was() -> None:
    with a_partner() as running, double.partner() as platform:
        running.registered_at(platform.url, ("locations", "RECEIVER"))
        for number in (1, 2):
            platform.answers["PUT", f"/locations/NL/SIM/L{number}"] = ok()
        running.ask("PUT", "/control/stock/locations", sample.LOCATION)
        running.fault("replay")
        running.ask("PUT", "/control/stock/locations", sample.LOCATION | {"id": "L2"})
        first, second, replayed = platform.seen
        assert second.path.endswith("/L2")
        assert replayed == first
        assert running.state["requests"]["sent"]["locations"]["PUT"] == {"1000": 2, "replay": 1}


def test_an_answer_repeats_the_ids_and_turns_the_parties_round(partner: Running) -> None:
    headers = put(partner).headers
    assert (headers["x-request-id"], headers["x-correlation-id"]) == ("r1", "c1")


def test_of_the_same_seed_the_same_requests_fail() -> None:
    runs = []
    for _ in range(2):
        with a_partner(seed=3, faults=["status p=0.5"]) as running:
            runs.append([running.ask("GET", "/ocpi/versions").status for _ in range(20)])
    assert runs[0] == runs[1]
    assert set(runs[0]) == {200, 500}


# --- the control ------------------------------------------------------------------------------------------


def test_faults_are_added_told_and_removed_at_run_time(partner: Running) -> None:
    one = {"kind": "drop", "module": "locations", "method": "PUT", "times": 1}
    added = partner.ask("POST", "/control/faults", one)
    assert added.status == 201
    (placed,) = added.envelope
    assert placed["state"] == "there"
    assert placed["struck"] == 0
    assert placed["fault"] == one
    with pytest.raises(NO_ANSWER):
        put(partner)
    (told,) = partner.ask("GET", "/control/faults").envelope
    assert (told["state"], told["struck"]) == ("over", 1)
    assert len(partner.ask("POST", "/control/faults", [one, {"kind": "half"}]).envelope) == 3
    assert len(partner.ask("DELETE", f"/control/faults/{placed['id']}").envelope) == 2
    again = partner.ask("DELETE", f"/control/faults/{placed['id']}")
    assert (again.status, again.envelope) == (404, {"error": f"there is no fault '{placed['id']}'"})
    assert partner.ask("DELETE", "/control/faults").envelope == []
    assert put(partner).code == 1000


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"slov", "fault 'slov': kind: must be one of"),
        (b"drop\nslow", "fault 'slow': seconds: Field required"),
        (b"", "kind: must be one of"),
        (b"{", "the faults are no JSON: Expecting"),
        (json.dumps([{"kind": "drop", "p": 1}]).encode(), "p: Extra inputs"),
        (b"\xff", "kind: must be one of"),
    ],
)
def test_a_wrong_fault_is_refused_in_one_line_and_none_is_added(partner: Running, body: bytes, words: str) -> None:
    reply = partner.ask("POST", "/control/faults", body)
    assert reply.status == 400
    assert words in reply.envelope["error"]
    assert len(reply.envelope["error"].splitlines()) == 1
    assert partner.ask("GET", "/control/faults").envelope == []


def test_the_state_counts_requests_by_module_method_and_outcome(partner: Running) -> None:
    put(partner)
    partner.ask("PUT", LOCATION, {})
    partner.fault("status times=1")
    put(partner)
    partner.ask("GET", "/ocpi/versions")
    assert partner.state["requests"]["served"] == {
        "locations": {"PUT": {"1000": 1, "2001": 1, "status": 1}},
        "versions": {"GET": {"1000": 1}},
    }
