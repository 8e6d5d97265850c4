"""Faults: how they are written, whom they strike, and what they make of an answer."""

import json
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random

import pytest

from local.faults import KINDS, Fault, FaultError, Faults, drawn_schedule, fault_of, parse, read_schedule
from local.spoiling import Answer, spoiled, times_done, wait_seconds

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
dice = partial(Random, 1)
LIST = Answer(200, json.dumps({"data": [1, 2, 3, 4], "status_code": 1000}).encode(), {"content-type": "x"})


def minutes(number: float) -> datetime:
    return NOW + timedelta(minutes=number)


def struck(faults: Faults, number: int = 50, method: str = "PUT", module: str = "locations") -> list[bool]:
    return [faults.decide(method, module, NOW) is not None for _ in range(number)]


# --- writing them -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_written_as_a_line_and_comes_back_as_it_is_described(kind: str) -> None:
    fault = parse(f"{kind} from=60 until=2026-11-22T13:00:00Z" + (" seconds=3" if kind == "slow" else ""))
    (described,) = Faults(1, [fault], NOW).described(NOW)
    assert described["state"] == "waits"
    assert fault_of(described["fault"]) == fault


def test_a_line_and_a_json_object_say_the_same() -> None:
    line = parse("slow seconds=3 p=0.5 module=locations method=PUT times=2")
    document = {"kind": "slow", "seconds": 3, "probability": 0.5, "module": "locations", "method": "PUT", "times": 2}
    assert line == fault_of(document)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "kind: must be one of drop, garbage"),
        ("slov seconds=1", "fault 'slov seconds=1': kind: must be one of"),
        ("slow", "seconds: Field required"),
        ("slow seconds=-1", "seconds:"),
        ("drop p=2", "probability: Input should be less than or equal to 1"),
        ("drop p=0", "probability:"),
        ("drop module=places", "module: must be one of versions, cdrs"),
        ("drop method=LOOK", "method:"),
        ("drop times=0", "times:"),
        ("drop colour=red", "colour:"),
        ("drop acts", "'acts' must be name=value"),
        ("drop p=1 probability=1", "each name once"),
        ("vanish p=0.5", "probability:"),
        ("vanish from=soon", "from: must be a UTC time"),
        ("vanish until=-5", "until: must be 0 seconds or more"),
        ("vanish from=60 until=60", "until: must be later than from"),
        ("status http_status=200", "http_status:"),
        ("ocpi status_code=1000", "status_code:"),
        ("garbage body=xml", "body:"),
    ],
)
def test_a_fault_that_is_written_wrong_is_one_line_that_says_what(line: str, words: str) -> None:
    with pytest.raises(FaultError) as error:
        parse(line)
    assert words in str(error.value)
    assert len(str(error.value).splitlines()) == 1


def test_a_schedule_is_a_file_whose_errors_name_the_file_and_the_place(tmp_path: Path) -> None:
    file = tmp_path / "faults.json"
    file.write_text('[{"kind": "drop"}, {"kind": "vanish", "from": 60, "until": 3660}]')
    assert read_schedule(file) == [parse("drop"), parse("vanish from=60 until=3660")]
    for content, words in (
        ('[{"kind": "drop"}, {"kind": "slow"}]', "/1: seconds: Field required"),
        ("[7]", "/0: "),
        ('{"kind": "drop"}', "must be a JSON list"),
        ("[", "faults.json: no JSON: "),
    ):
        file.write_text(content)
        with pytest.raises(FaultError) as error:
            read_schedule(file)
        assert str(file) in str(error.value)
        assert words in str(error.value)
        assert len(str(error.value).splitlines()) == 1
    with pytest.raises(FaultError) as error:
        read_schedule(tmp_path / "none.json")
    assert str(error.value) == f"{tmp_path / 'none.json'}: No such file or directory"


# --- whom they strike -------------------------------------------------------------------------------------


def test_the_same_seed_strikes_the_same_requests_and_another_one_others() -> None:
    fault = parse("drop p=0.5")
    first, again, other = (struck(Faults(seed, [fault], NOW)) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    assert 10 < sum(first) < 40


def test_a_fault_throws_dice_of_its_own_whatever_faults_come_after_it() -> None:
    alone = Faults(1, [parse("drop p=0.5")], NOW)
    both = Faults(1, [parse("drop p=0.5"), parse("half p=0.5")], NOW)
    met = [both.decide("PUT", "locations", NOW) for _ in range(50)]
    assert [fault is not None and fault.kind == "drop" for fault in met] == struck(alone)
    assert {fault.kind for fault in met if fault} == {"drop", "half"}


@pytest.mark.parametrize(
    ("line", "method", "module", "object_id", "meets"),
    [
        ("drop", "GET", "versions", None, True),
        ("drop module=tokens", "PUT", "tokens", None, True),
        ("drop module=tokens", "PUT", "locations", None, False),
        ("drop method=PUT", "PATCH", "tokens", None, False),
        ("drop id=L1", "PUT", "locations", "l1", True),
        ("drop id=L1", "PUT", "locations", "L2", False),
        ("drop id=L1", "GET", "locations", None, False),
        ("rotate", "PUT", "locations", None, True),
        ("rotate", "GET", "versions", None, False),
        ("rotate", "PUT", "credentials", None, False),
        ("replay", "PUT", "locations", None, False),
        ("vanish", "GET", "versions", None, True),
    ],
)
def test_a_request_meets_what_it_matches(
    line: str, method: str, module: str, object_id: str | None, *, meets: bool
) -> None:
    fault = parse(line)
    assert Faults(1, [fault], NOW).decide(method, module, NOW, object_id) == (fault if meets else None)


def test_what_we_send_meets_only_vanish_and_replay() -> None:
    for kind in KINDS:
        fault = parse(kind + (" seconds=3" if kind == "slow" else ""))
        met = Faults(1, [fault], NOW).decide("PUT", "locations", NOW, sending=True)
        assert (met is not None) == (kind in {"vanish", "replay"})


def test_so_many_times_and_never_again() -> None:
    faults = Faults(1, [parse("drop times=2")], NOW)
    assert struck(faults, 4) == [True, True, False, False]
    (described,) = faults.described(NOW)
    assert (described["state"], described["struck"]) == ("over", 2)


@pytest.mark.parametrize(
    "line", ["drop from=60 until=180", "drop from=2026-11-22T12:01:00Z until=2026-11-22T12:03:00Z"]
)
def test_a_fault_comes_and_goes_by_simulated_time(line: str) -> None:
    faults = Faults(1, [parse(line)], NOW)
    there = [faults.decide("PUT", "tokens", minutes(at)) is not None for at in (0, 0.99, 1, 2.99, 3, 60)]
    assert there == [False, False, True, True, False, False]
    assert [faults.described(minutes(at))[0]["state"] for at in (0, 2, 3)] == ["waits", "there", "over"]


def test_seconds_count_from_when_the_fault_was_added() -> None:
    faults = Faults()
    added = faults.add(parse("vanish until=60"), minutes(10))
    assert faults.decide("GET", "versions", minutes(10.5)) == added.fault
    assert faults.decide("GET", "versions", minutes(11)) is None


def test_faults_are_removed_one_by_one_or_all() -> None:
    faults = Faults(1, [parse("drop"), parse("half"), parse("twice")], NOW)
    assert faults.remove("1")
    assert not faults.remove("1")
    assert [placed["id"] for placed in faults.described(NOW)] == ["2", "3"]
    assert faults.decide("PUT", "tokens", NOW) == parse("half")
    faults.clear()
    assert faults.decide("PUT", "tokens", NOW) is None


# --- what they make of a request --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "times"),
    [
        ("slow seconds=1", 1),
        ("status", 0),
        ("status acts=true", 1),
        ("throttle", 0),
        ("garbage", 0),
        ("garbage acts=true", 1),
        ("half", 1),
        ("drop", 0),
        ("drop acts=true", 1),
        ("vanish", 0),
        ("shuffle", 1),
        ("repeat", 1),
        ("twice", 2),
        ("ocpi", 0),
        ("rotate", 0),
    ],
)
def test_a_request_is_carried_out_so_often(line: str, times: int) -> None:
    fault = parse(line)
    assert times_done(fault) == times
    assert spoiled(fault, LIST if times else None, NOW, dice()) == spoiled(fault, LIST, NOW, dice())


def _spoiled(fault: Fault) -> Answer | None:
    return spoiled(fault, LIST, NOW, dice())


def test_without_a_fault_the_answer_is_the_right_one() -> None:
    assert times_done(None) == 1
    assert wait_seconds(None) == 0
    assert spoiled(None, LIST, NOW, dice()) == LIST


def test_any_fault_may_be_slow_too() -> None:
    assert wait_seconds(parse("slow seconds=3")) == 3
    assert wait_seconds(parse("status seconds=2")) == 2
    assert wait_seconds(parse("vanish")) == 0


def test_retry_after_is_seconds_or_a_date_or_missing() -> None:
    told = [_spoiled(parse(f"throttle{more}")) for more in ("", " retry_after=90", " retry_after=90 as_date=yes")]
    assert [answer.status for answer in told if answer] == [429, 429, 429]
    assert [answer.headers.get("retry-after") for answer in told if answer] == [
        None,
        "90",
        "Sun, 22 Nov 2026 12:01:30 GMT",
    ]


def test_a_list_comes_out_of_order_or_with_one_object_twice() -> None:
    shuffled, repeated = _spoiled(parse("shuffle")), _spoiled(parse("repeat"))
    assert shuffled
    assert repeated
    mixed = json.loads(shuffled.content)["data"]
    assert mixed != [1, 2, 3, 4]
    assert sorted(mixed) == [1, 2, 3, 4]
    again = json.loads(repeated.content)["data"]
    assert len(again) == 5
    assert set(again) == {1, 2, 3, 4}


@pytest.mark.parametrize("content", [b"", b"<p>", b'{"data": {"id": 1}}'])
def test_what_is_no_list_stays_as_it_is(content: bytes) -> None:
    answer = Answer(200, content, {})
    assert spoiled(parse("shuffle"), answer, NOW, dice()) == answer
    assert spoiled(parse("repeat"), answer, NOW, dice()) == answer


def test_a_schedule_by_chance_is_the_same_for_a_seed_and_over_in_time() -> None:
    lasts = timedelta(hours=1)
    schedule = drawn_schedule(7, lasts)
    assert schedule == drawn_schedule(7, lasts) != drawn_schedule(8, lasts)
    faults = Faults(7, schedule, NOW)
    states = {placed["state"] for placed in faults.described(NOW + lasts + timedelta(seconds=1))}
    assert states == {"over"}
