"""Partners that fail, throttle, refuse or are away: nothing is lost, nobody is flooded."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

import boto3
import pytest

from ocpi import clock
from ocpi.push.breaker import FAILURES, MODULE_FAILURES, Breakers, BreakerState, Sickness
from ocpi.push.due import DueObjects, Given
from ocpi.push.health import Healths
from ocpi.store.partner import PartnerStatus
from ocpi.store.partners import Partners
from ocpi.types.versions import ModuleID
from tests import own
from tests.functions.conftest import Connect, Connection
from tests.loop import Context, Loop
from tests.objects import CDR, LOCATION, SESSION, TARIFF
from tests.partner import Answer, ok

OFFERS = [(module, "RECEIVER") for module in ("locations", "tariffs", "sessions", "cdrs", "tokens")]
DOWN: Answer = (503, {"status_code": 3000})
START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


class Receiver:
    """A partner that takes whatever it is sent, unless it has another answer to a method and path."""

    def __init__(self, connection: Connection) -> None:
        self.id = connection.partner_id
        self.server = connection.partner
        self.answer: Answer = ok()
        for number in range(20):
            for path in (f"/locations/NL/OCS/L{number}", f"/tariffs/NL/OCS/T{number}", f"/sessions/NL/OCS/S{number}"):
                for method in ("PUT", "PATCH", "DELETE"):
                    self.server.answers[method, path] = lambda _: self.answer
        self.server.answers["POST", "/cdrs"] = lambda _: self.answer

    def heard(self) -> list[tuple[str, str]]:
        """What it was asked since the last look, as method and path."""
        heard = [(seen.method, seen.path) for seen in self.server.seen]
        self.server.seen.clear()
        return heard

    @property
    def due(self) -> list[str]:
        """The ids of what it is still to hear of."""
        return [due.object_id.id for due in DueObjects("deliveries").all(self.id)]


@pytest.fixture
def loop(aws: None) -> Loop:
    return Loop()


@pytest.fixture
def emsp(loop: Loop, connect: Connect, time: Callable[..., None]) -> Receiver:
    """The platform of the eMSP NL/TNM, on a clock that the test moves."""
    return Receiver(connect("EMSP NL TNM", offers=OFFERS))


@pytest.fixture
def later(loop: Loop, time: Callable[..., None]) -> Callable[..., None]:
    """Lets time pass, and then the sweep come round."""

    def pass_(**passed: float) -> None:
        time(**passed)
        import_module("sweep.app").handler({}, None)
        loop.run()

    return pass_


@pytest.fixture
def moments() -> Iterator[str]:
    """Moments, each a minute after the one before, for last_updated."""
    return ((START + timedelta(minutes=minute)).strftime("%Y-%m-%dT%H:%M:%SZ") for minute in range(1000))


def put_locations(count: int, moments: Iterator[str]) -> None:
    for number in range(1, count + 1):
        own.put_location(LOCATION | {"id": f"L{number}", "last_updated": next(moments)})


def breaker_of(emsp: Receiver) -> BreakerState:
    return Breakers("deliveries").get(emsp.id).state


def test_what_failed_is_sent_again_after_a_pause_as_it_is_by_then(
    loop: Loop, emsp: Receiver, later: Callable[..., None], moments: Iterator[str]
) -> None:
    emsp.answer = DOWN
    put_locations(1, moments)
    loop.run()
    assert emsp.heard() == [("PUT", "/locations/NL/OCS/L1")]
    later(seconds=4)
    assert emsp.heard() == []
    emsp.answer = ok()
    later(seconds=1)
    assert emsp.heard() == [("PUT", "/locations/NL/OCS/L1")]
    assert emsp.due == []
    later(minutes=60)
    assert emsp.heard() == []


def test_the_pauses_grow_and_end_at_a_quarter_of_an_hour(
    loop: Loop, emsp: Receiver, later: Callable[..., None], moments: Iterator[str]
) -> None:
    emsp.answer = DOWN
    put_locations(1, moments)
    loop.run()
    seconds = 0
    times = []
    for _ in range(120):
        later(seconds=30)
        seconds += 30
        if [request for request in emsp.heard() if request[0] == "PUT"]:
            times.append(seconds)
    assert times == [30, 60, 90, 150, 240, 420, 750, 1410, 2310, 3210]


def test_ten_changes_while_a_partner_was_away_are_one_request(
    loop: Loop, emsp: Receiver, later: Callable[..., None], moments: Iterator[str]
) -> None:
    put_locations(1, moments)
    loop.run()
    Breakers("deliveries").change(emsp.id, lambda breaker: breaker.opened("HTTP 503", clock.now()))
    emsp.heard()
    for number in range(10):
        own.patch_location({"name": f"Name {number}", "last_updated": next(moments)})
        loop.run()
    assert emsp.heard() == []
    later(minutes=16)
    assert emsp.heard() == [("GET", "/versions"), ("PUT", "/locations/NL/OCS/L1")]
    assert emsp.due == []
    assert breaker_of(emsp) is BreakerState.CLOSED


def test_while_the_breaker_is_open_nothing_of_the_partner_is_on_the_push_queue(
    loop: Loop, emsp: Receiver, moments: Iterator[str]
) -> None:
    emsp.answer = DOWN
    put_locations(5, moments)
    for number in range(5):
        own.put_tariff(TARIFF | {"id": f"T{number}", "last_updated": next(moments)})
    loop.run()
    assert len(emsp.heard()) == FAILURES
    assert breaker_of(emsp) is BreakerState.OPEN
    put_locations(5, moments)
    loop.run()
    assert emsp.heard() == []
    assert len(emsp.due) == 10
    attributes = boto3.client("sqs").get_queue_attributes(
        QueueUrl="https://sqs.eu-central-1.amazonaws.com/123456789012/push.fifo", AttributeNames=["All"]
    )["Attributes"]
    assert attributes["ApproximateNumberOfMessages"] == "0"


def test_a_partner_that_is_back_is_sent_one_then_two_then_four_in_order_of_last_updated(
    loop: Loop, emsp: Receiver, later: Callable[..., None], moments: Iterator[str]
) -> None:
    Breakers("deliveries").change(emsp.id, lambda breaker: breaker.opened("HTTP 503", clock.now()))
    put_locations(9, moments)
    own.put_location(LOCATION | {"id": "L1", "name": "New", "last_updated": next(moments)})
    loop.run()
    rounds = []
    for _ in range(5):
        later(minutes=1)
        rounds.append([path.rpartition("/")[2] for method, path in emsp.heard() if method == "PUT"])
    assert rounds == [["L2"], ["L3", "L4"], ["L5", "L6", "L7", "L8"], ["L9", "L1"], []]


def test_a_refusal_is_recorded_with_its_reason_and_not_sent_again(
    loop: Loop, emsp: Receiver, later: Callable[..., None], moments: Iterator[str]
) -> None:
    emsp.answer = (200, {"status_code": 2001, "status_message": "/name: too long"})
    put_locations(1, moments)
    loop.run()
    later(minutes=60)
    assert emsp.heard() == [("PUT", "/locations/NL/OCS/L1")]
    assert emsp.due == []
    (parked,) = DueObjects("deliveries").parked(emsp.id)
    assert (parked.given, parked.reason) == (Given.REFUSED, "HTTP 200, OCPI 2001: /name: too long")
    health = Healths("deliveries").all(emsp.id)[ModuleID.LOCATIONS]
    assert health.error == "HTTP 200, OCPI 2001: /name: too long"
    assert breaker_of(emsp) is BreakerState.CLOSED


def test_what_was_refused_is_sent_with_its_next_change(loop: Loop, emsp: Receiver, moments: Iterator[str]) -> None:
    emsp.answer = (400, {"status_code": 2001})
    put_locations(1, moments)
    loop.run()
    emsp.answer = ok()
    own.patch_location({"name": "Station", "last_updated": next(moments)})
    loop.run()
    assert emsp.heard() == [("PUT", "/locations/NL/OCS/L1")] * 2


@pytest.mark.parametrize(
    ("retry_after", "seconds"), [("20", 20), ("0", 2), ("soon", 2), ("999999999", 3600), ("-5", 2), (None, 2)]
)
def test_a_partner_that_is_asked_too_often_is_left_alone_as_long_as_it_says(
    loop: Loop,
    emsp: Receiver,
    later: Callable[..., None],
    moments: Iterator[str],
    retry_after: str | None,
    seconds: int,
) -> None:
    emsp.answer = (429, {"status_code": 2000}, {"Retry-After": retry_after} if retry_after else {})
    put_locations(3, moments)
    loop.run()
    assert len(emsp.heard()) == 1
    later(seconds=seconds - 1)
    assert emsp.heard() == []
    emsp.answer = ok()
    later(seconds=1)
    assert len(emsp.heard()) == 3


def test_a_partner_that_does_not_know_our_token_is_sent_nothing_until_it_does(
    loop: Loop, emsp: Receiver, later: Callable[..., None], moments: Iterator[str]
) -> None:
    emsp.answer = (401, {"status_code": 2002})
    put_locations(3, moments)
    loop.run()
    assert len(emsp.heard()) == 1
    emsp.answer = ok()
    partners = Partners("partners")
    known = partners.get(emsp.id)
    assert known
    later(seconds=5)
    assert emsp.heard() == [], "it is tried again in half a minute"
    partners.replace(known, {"name": "It has told new credentials"})
    later(seconds=1)
    assert emsp.heard()[:2] == [("GET", "/versions"), ("PUT", "/locations/NL/OCS/L2")], "one that was not refused yet"


def test_an_object_that_always_fails_holds_up_no_other(
    loop: Loop, emsp: Receiver, later: Callable[..., None], moments: Iterator[str]
) -> None:
    emsp.server.answers["PUT", "/locations/NL/OCS/L1"] = DOWN
    put_locations(2, moments)
    loop.run()
    for _ in range(12):
        later(minutes=15)
        own.put_location(LOCATION | {"id": "L3", "last_updated": next(moments)})
        loop.run()
        assert "/locations/NL/OCS/L3" in [path for _, path in emsp.heard()]
    assert emsp.due == ["L1"]
    assert breaker_of(emsp) is BreakerState.CLOSED


@pytest.mark.parametrize(("module", "hours"), [("locations", 6), ("cdrs", 24)])
def test_what_fails_for_too_long_while_others_of_its_module_get_through_is_parked_cdrs_last(
    loop: Loop, emsp: Receiver, later: Callable[..., None], moments: Iterator[str], module: str, hours: int
) -> None:
    bad = own.own_id(ModuleID(module), "BAD")
    emsp.server.answers["PUT", "/locations/NL/OCS/BAD"] = DOWN
    emsp.server.answers["POST", "/cdrs"] = lambda seen: DOWN if seen.body["id"] == "BAD" else ok()
    numbers = iter(range(99))

    def put(id_: str) -> None:
        if module == "cdrs":
            own.post_cdr(CDR | {"id": id_, "last_updated": next(moments)})
        else:
            own.put_location(LOCATION | {"id": id_, "last_updated": next(moments)})

    put("BAD")
    loop.run()
    for _ in range(12):
        later(minutes=15)
    put(f"L{next(numbers)}")
    later(hours=hours - 3, minutes=-1)
    assert emsp.due == ["BAD"], "its time is not over"
    later(minutes=16)
    assert emsp.due == []
    (parked,) = DueObjects("deliveries").parked(emsp.id)
    assert (parked.object_id, parked.given) == (bad, Given.FAILED)
    assert parked.attempts >= 10


def test_what_fails_while_all_of_its_module_does_is_never_parked(
    loop: Loop, emsp: Receiver, later: Callable[..., None], moments: Iterator[str]
) -> None:
    emsp.server.answers["POST", "/cdrs"] = DOWN
    own.post_cdr(CDR)
    loop.run()
    for _ in range(12):
        later(minutes=15)
        own.put_tariff(TARIFF | {"last_updated": next(moments)})
    later(days=3)
    emsp.server.answers["POST", "/cdrs"] = ok()
    later(minutes=15)
    assert emsp.due == []
    assert DueObjects("deliveries").parked(emsp.id) == []


def test_a_module_that_fails_is_left_alone_and_the_others_go_on(
    loop: Loop, emsp: Receiver, later: Callable[..., None], moments: Iterator[str]
) -> None:
    emsp.server.answers["POST", "/cdrs"] = DOWN
    for number in range(8):
        own.post_cdr(CDR | {"id": f"C{number}", "last_updated": next(moments)})
    put_locations(3, moments)
    loop.run()
    heard = emsp.heard()
    assert heard.count(("POST", "/cdrs")) == MODULE_FAILURES
    assert len(heard) == MODULE_FAILURES + 3, "the Locations, though they changed later"
    assert breaker_of(emsp) is BreakerState.CLOSED
    later(seconds=29)
    assert emsp.heard() == []
    later(seconds=1)
    assert emsp.heard() == [("POST", "/cdrs")]
    emsp.server.answers["POST", "/cdrs"] = ok()
    later(minutes=2)
    assert len(emsp.due) == 0


def test_a_module_whose_time_has_come_while_its_objects_pause_wakes_nobody_before_they_are_due(
    loop: Loop, emsp: Receiver, later: Callable[..., None], moments: Iterator[str]
) -> None:
    emsp.answer = DOWN
    put_locations(1, moments)
    loop.run()
    (due,) = DueObjects("deliveries").all(emsp.id)
    DueObjects("deliveries").postpone(due, clock.now() + timedelta(minutes=10), attempts=5)
    sick = {ModuleID.LOCATIONS: Sickness(failures=3, retry_at=clock.now() - timedelta(seconds=1))}
    Breakers("deliveries").change(emsp.id, lambda known: known.model_copy(update={"sick": sick, "wake_at": None}))
    later(seconds=0)
    assert Breakers("deliveries").get(emsp.id).wake_at == clock.now() + timedelta(minutes=10)


def test_one_object_that_is_answered_with_an_error_of_authorization_does_not_keep_the_others_back(
    loop: Loop, emsp: Receiver, later: Callable[..., None], moments: Iterator[str]
) -> None:
    emsp.server.answers["PUT", "/locations/NL/OCS/L1"] = (401, {"status_code": 2001})
    put_locations(12, moments)
    loop.run()
    for _ in range(8):
        later(minutes=5)
    assert emsp.due == ["L1"]


def test_a_partner_is_woken_once_however_much_changes(loop: Loop, emsp: Receiver, moments: Iterator[str]) -> None:
    for _ in range(5):
        put_locations(1, moments)
        import_module("outbox.app").handler({"Records": [*loop._changes("objects")]}, None)
    assert len([*loop._messages("push.fifo")]) == 1


def test_what_a_partner_takes_after_all_is_not_parked_any_more(
    loop: Loop, emsp: Receiver, moments: Iterator[str]
) -> None:
    emsp.answer = (200, {"status_code": 2001})
    put_locations(1, moments)
    loop.run()
    assert DueObjects("deliveries").parked(emsp.id)
    emsp.answer = ok()
    put_locations(1, moments)
    loop.run()
    assert DueObjects("deliveries").parked(emsp.id) == []


def test_what_was_parked_because_it_failed_is_due_again_once_the_partner_is_back(
    loop: Loop, emsp: Receiver, later: Callable[..., None], moments: Iterator[str]
) -> None:
    due = DueObjects("deliveries")
    put_locations(2, moments)
    emsp.answer = DOWN
    loop.run()
    for given, each in zip((Given.FAILED, Given.REFUSED), due.all(emsp.id), strict=True):
        due.park(each, given, "why")
    Breakers("deliveries").change(emsp.id, lambda breaker: breaker.opened("HTTP 503", clock.now()))
    emsp.answer = ok()
    emsp.heard()
    put_locations(1, iter(["2026-11-22T20:00:00Z"]))
    own.put_location(LOCATION | {"id": "L3", "last_updated": "2026-11-22T21:00:00Z"})
    loop.run()
    later(minutes=1)
    later(minutes=1)
    assert [request for request in emsp.heard() if request[0] == "PUT"] == [
        ("PUT", "/locations/NL/OCS/L1"),
        ("PUT", "/locations/NL/OCS/L3"),
    ]
    assert [parked.object_id.id for parked in due.parked(emsp.id)] == ["L2"]


def test_what_changed_while_a_partner_was_suspended_is_sent_once_it_is_resumed(
    loop: Loop, emsp: Receiver, later: Callable[..., None], moments: Iterator[str]
) -> None:
    partners = Partners("partners")
    known = partners.get(emsp.id)
    assert known
    suspended = partners.replace(known, {"status": PartnerStatus.SUSPENDED})
    put_locations(2, moments)
    loop.run()
    later(minutes=5)
    assert emsp.heard() == []
    partners.replace(suspended, {"status": PartnerStatus.REGISTERED})
    later(minutes=5)
    assert len(emsp.heard()) == 2


def test_a_tariff_that_was_deleted_while_the_partner_was_away_is_deleted_there(
    loop: Loop, emsp: Receiver, later: Callable[..., None]
) -> None:
    own.put_tariff(TARIFF)
    loop.run()
    emsp.answer = DOWN
    own.delete_tariff("T1")
    loop.run()
    emsp.answer = ok()
    later(minutes=1)
    assert emsp.heard() == [("PUT", "/tariffs/NL/OCS/T1")] + [("DELETE", "/tariffs/NL/OCS/T1")] * 2
    assert emsp.due == []


def test_a_round_that_was_cut_off_is_repeated_without_a_patch_that_may_have_been_taken_already(
    loop: Loop, emsp: Receiver
) -> None:
    own.put_session(SESSION)
    loop.run()
    emsp.heard()
    own.patch_session({"kwh": 2.5, "last_updated": "2026-11-22T09:00:00Z"})
    records = [*loop._changes("objects")]
    import_module("outbox.app").handler({"Records": records}, None)
    (event,) = loop._messages("push.fifo")
    event["Records"][0]["attributes"]["ApproximateReceiveCount"] = "2"
    import_module("push.app").handler(event, Context())
    assert emsp.heard() == [("PUT", "/sessions/NL/OCS/S1")]


def test_a_function_whose_time_is_over_lets_another_go_on(
    loop: Loop, emsp: Receiver, moments: Iterator[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    left = iter([60_000, 55_000, 30_000, *[60_000] * 99])
    monkeypatch.setattr(Context, "get_remaining_time_in_millis", lambda _: next(left))
    put_locations(4, moments)
    loop.run()
    assert len(emsp.heard()) == 4
    assert emsp.due == []


def test_a_partner_that_is_to_be_tried_later_wakes_itself(
    loop: Loop, emsp: Receiver, time: Callable[..., None], moments: Iterator[str]
) -> None:
    emsp.answer = DOWN
    put_locations(1, moments)
    loop.run()
    messages = _delayed()
    assert [message["body"] for message in messages] == ['{"kind":"wake","partner_id":"tnm"}']
    time(seconds=10)
    emsp.answer = ok()
    import_module("timeouts.app").handler({"Records": messages}, None)
    loop.run()
    assert emsp.due == []


def _delayed() -> list[dict[str, Any]]:
    """What is on the timeouts queue, whatever its delay."""
    from moto.backends import get_backend  # noqa: PLC0415 - for this one look inside

    (queue,) = [q for q in get_backend("sqs")["123456789012"]["eu-central-1"].queues.values() if q.name == "timeouts"]
    return [{"body": message.body} for message in queue._messages]
