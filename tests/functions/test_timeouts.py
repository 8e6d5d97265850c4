"""The timeouts queue: every request ends, also when nothing comes from the charge point."""

import json
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

from ocpi import clock, wire
from ocpi.store.objects import Objects
from ocpi.store.requests import ROOM_TO_BE_ANSWERED, ROOM_TO_END, Request, Requests, RequestStatus
from ocpi.store.reservations import Reservations
from ocpi.transport.status import OcpiError
from ocpi.transport.validation import MAX_BODY_BYTES
from tests.functions.conftest import Connect
from tests.functions.test_chargingprofiles import RESULTS, Controller, controller
from tests.functions.test_commands import RESULTS as COMMAND_RESULTS
from tests.functions.test_commands import Emsp
from tests.functions.waiting import concludes, delayed, put_own_location, stored_requests, tells_result, wake
from tests.objects import SESSION
from tests.own import put_session
from tests.partner import ok

EVENTS = Path(__file__).parent.parent.parent / "events"


@pytest.fixture
def emsp(time: Callable[..., None], connect: Connect) -> Emsp:
    """An eMSP whose driver is charging at our EVSE E1."""
    put_own_location()
    put_session(SESSION)
    emsp = Emsp(connect("EMSP NL TNM"), time)
    emsp.connection.partner.answers["POST", COMMAND_RESULTS] = ok()
    emsp.connection.partner.answers["POST", RESULTS] = ok()
    return emsp


@pytest.fixture
def scsp(emsp: Emsp, connect: Connect, time: Callable[..., None]) -> Controller:
    """An SCSP that controls the session."""
    return controller(connect, time, "SCSP NL OPT")


def newest() -> Request:
    return stored_requests()[-1]


@pytest.mark.requirement("CMD-09")
def test_a_command_that_the_charge_point_does_not_answer_ends_in_timeout(emsp: Emsp, time: Callable[..., None]) -> None:
    emsp.starts()
    time(seconds=30)
    for _ in range(2):
        wake(newest())
    assert emsp.heard == ["TIMEOUT"]
    assert newest().status is RequestStatus.CONCLUDED


@pytest.mark.requirement("CMD-09")
@pytest.mark.parametrize("result", ["ACCEPTED", "REJECTED", "FAILED", "NOT_SUPPORTED", "EVSE_INOPERATIVE"])
def test_a_command_that_was_answered_in_time_does_not(emsp: Emsp, time: Callable[..., None], result: str) -> None:
    emsp.starts()
    concludes(result)
    time(seconds=30)
    wake(newest())
    assert emsp.heard == [result]


def test_the_largest_request_that_is_taken_ends_too(emsp: Emsp, time: Callable[..., None]) -> None:
    emsp.connection.partner.answers["POST", COMMAND_RESULTS] = (500, {"status_code": 3000, "status_message": "é" * 999})
    emsp.starts()
    small, requests = newest(), Requests("objects")
    room = MAX_BODY_BYTES - ROOM_TO_BE_ANSWERED - ROOM_TO_END - len(wire.dumps(small)) - len(',"more":""')

    def of_size(more: int) -> Request:
        return small.model_copy(update={"id": "0" * len(small.id), "document": small.document | {"more": "!" * more}})

    with pytest.raises(OcpiError, match="the request would have"):
        requests.add(of_size(room + 1))
    requests.add(of_size(room))
    time(seconds=30)
    wake(of_size(room))
    ended = requests.get("0" * len(small.id))
    assert ended
    assert (emsp.heard, ended.outcome, ended.failed_tries) == (["TIMEOUT"], "TIMEOUT", 1)


def test_a_message_that_comes_early_is_sent_again(emsp: Emsp, time: Callable[..., None]) -> None:
    emsp.starts()
    time(seconds=29)
    before = delayed()
    wake(newest())
    assert newest().status is RequestStatus.PENDING
    assert delayed() == before + 1


@pytest.mark.requirement("CHP-10", "CHP-15")
@pytest.mark.parametrize("wish", ["gets", "sets", "clears"])
def test_a_profile_that_the_charge_point_does_not_answer_is_rejected(
    scsp: Controller, time: Callable[..., None], wish: str
) -> None:
    getattr(scsp, wish)()
    time(seconds=30)
    for _ in range(2):
        wake(newest())
    assert [post.body for post in scsp.posts] == [{"result": "REJECTED"}]


def test_a_message_about_nothing_is_harmless(emsp: Emsp) -> None:
    event = json.loads((EVENTS / "timeout_message.json").read_text())
    import_module("timeouts.app").handler(event, None)
    assert stored_requests() == []


def test_a_result_that_was_not_told_when_we_failed_is_told_later(emsp: Emsp, monkeypatch: pytest.MonkeyPatch) -> None:
    emsp.reserves()
    with monkeypatch.context() as broken:
        broken.setattr(Objects, "write", _fails)
        assert tells_result("ACCEPTED").status == 500
    assert emsp.heard == []
    wake(newest())
    assert emsp.heard == ["ACCEPTED"]


def test_a_cancelled_reservation_that_was_not_ended_when_we_failed_is_ended_later(
    emsp: Emsp, monkeypatch: pytest.MonkeyPatch
) -> None:
    emsp.reserves()
    concludes("ACCEPTED")
    with monkeypatch.context() as broken:
        broken.setattr(Reservations, "end", _fails)
        assert tells_result("CANCELED_RESERVATION").status == 500
    for _ in range(2):
        concludes("CANCELED_RESERVATION")
    assert emsp.heard == ["ACCEPTED", "CANCELED_RESERVATION"]
    emsp.cancels()
    assert "charge_point_reservation_id" not in newest().document, "no charge point knows it any more"


def test_a_message_never_comes_before_its_request_is_stored(emsp: Emsp) -> None:
    before = delayed()
    import_module("timeouts.app").answering.deadlines.wake("1", clock.now())
    assert delayed() == before + 1


def test_of_two_results_at_the_same_moment_one_stands(emsp: Emsp) -> None:
    emsp.starts()
    request_id = newest().id
    requests = Requests("objects")

    def overtaken(known: Request) -> dict[str, object] | None:
        if known.status is not RequestStatus.PENDING:
            return None
        concludes("FAILED")
        return {"status": RequestStatus.CONCLUDED, "result": {"result": "ACCEPTED"}}

    assert requests.change(request_id, overtaken) is None
    assert newest().outcome == "FAILED"
    assert emsp.heard == ["FAILED"]


def _fails(*_: object) -> None:
    raise ConnectionError
