"""At what pace profiles are sent: as fast as the partner stands it, and decreases reach all, however little that is."""

import threading
import time as wall_clock
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ocpi.push.breaker import Breaker, Breakers
from ocpi.push.messages import LANES, ProfileMessage, Wanted
from ocpi.push.queue import FifoQueue
from ocpi.store.partner import Quirk
from ocpi.store.partners import Partners
from ocpi.store.profiles import ProfileState
from ocpi.store.sites import PENDED_AT_ONCE, Sites
from ocpi.transport.client import Answer
from ocpi.types.chargingprofiles import ChargingProfile
from push.profiles import ENOUGH, SIDE_BY_SIDE, ProfileSender

BEGIN = datetime(2026, 11, 22, 8, tzinfo=UTC)
FASTER = 20
"""So many seconds of the story pass in one."""

FUNCTION_S = 60.0

DECREASE = ChargingProfile.model_validate(
    {
        "start_date_time": BEGIN,
        "charging_rate_unit": "A",
        "charging_profile_period": [{"start_period": 0, "limit": 6}],
    }
)


class Story:
    """A clock that hurries, for the platform and for the partner."""

    def __init__(self) -> None:
        self._began = wall_clock.monotonic()

    def passed_s(self) -> float:
        return (wall_clock.monotonic() - self._began) * FASTER

    def now(self) -> datetime:
        return BEGIN + timedelta(seconds=self.passed_s())

    def sleep(self, seconds: float) -> None:
        wall_clock.sleep(seconds / FASTER)


@dataclass
class Cpo:
    """A partner that takes so many requests a second, each after a while, and answers HTTP 429 to any more."""

    story: Story
    a_second: float
    retry_after: str | None = None
    never: frozenset[str] = frozenset()
    """Sessions of which it takes none."""
    answers_after_s: float = 0.1
    heard: dict[str, float] = field(default_factory=dict)
    """When each session had its decrease."""
    refused: Counter[str] = field(default_factory=Counter)
    most_at_once: int = 0
    _taken: deque[float] = field(default_factory=deque)
    _at_once: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def put(self, url: str, _body: object) -> Answer:
        session = url.rpartition("/")[2]
        with self._lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        self.story.sleep(self.answers_after_s)
        with self._lock:
            self._at_once -= 1
            return self._answer(session, self.story.passed_s())

    def _answer(self, session: str, now: float) -> Answer:
        while self._taken and self._taken[0] <= now - 1:
            self._taken.popleft()
        if session in self.never or len(self._taken) >= self.a_second:
            self.refused[session] += 1
            return Answer(429, 2000, "", None, {"retry-after": self.retry_after} if self.retry_after else {})
        self._taken.append(now)
        assert session not in self.heard, "asked twice"
        self.heard[session] = now
        return Answer(200, 1000, "", {"result": "ACCEPTED", "timeout": 30})


@dataclass
class World:
    """The platform's tables and its queue in memory, around the real sender of profiles."""

    story: Story
    cpo: Cpo
    quirks: frozenset[Quirk] = frozenset()
    breaker: Breaker = field(default_factory=Breaker)
    states: dict[str, ProfileState] = field(default_factory=dict)
    lanes: dict[str, deque[ProfileMessage]] = field(default_factory=dict)
    functions: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def change_profile(
        self, _location: str, session: str, change: Callable[[ProfileState], ProfileState | None]
    ) -> ProfileState | None:
        with self._lock:
            state = change(self.states[session])
            self.states[session] = state or self.states[session]
            return state

    def send(self, messages: list[tuple[str, ProfileMessage]]) -> None:
        with self._lock:
            for group, message in messages:
                self.lanes.setdefault(group, deque()).append(message)

    def change(self, _partner_id: str, change: Callable[[Breaker], Breaker]) -> Breaker:
        self.breaker = change(self.breaker)
        return self.breaker

    def lower(self, count: int) -> list[str]:
        """So many decreases are asked for, as a run asks for them."""
        all_wanted = [
            Wanted(country_code="NL", party_id="SIM", session_id=f"S{n}", request_id=f"R{n}") for n in range(count)
        ]
        for wanted in all_wanted:
            state = ProfileState().sending(DECREASE, wanted.request_id, self.story.now())
            self.states[wanted.session("cpo").text] = state
        for begin in range(0, count, PENDED_AT_ONCE):
            some = all_wanted[begin : begin + PENDED_AT_ONCE]
            self.send([(message.group, message) for message in ProfileMessage.of("cpo", "L1", some)])
        return [wanted.session_id for wanted in all_wanted]

    def push(self) -> None:
        """Functions handle all messages, one of each lane at a time."""
        with ThreadPoolExecutor(LANES) as threads:
            list(threads.map(self._work_off, list(self.lanes.values())))

    def _work_off(self, lane: deque[ProfileMessage]) -> None:
        partner = SimpleNamespace(has=self.quirks.__contains__, endpoint=lambda *_: "http://cpo", id="cpo")
        sender = ProfileSender(
            own=cast("Any", SimpleNamespace(response_url=lambda *_: "https://us/results/R", party=lambda _: None)),
            partners=cast("Partners", SimpleNamespace(get=lambda _: partner)),
            sites=cast("Sites", self),
            calling=cast("Any", SimpleNamespace(client=lambda *_: self.cpo)),
            breakers=cast("Breakers", SimpleNamespace(get=lambda _: self.breaker, change=self.change)),
            queue=cast("FifoQueue", self),
        )
        while lane:
            ends = self.story.passed_s() + FUNCTION_S
            self.functions += 1
            sender.send(lane.popleft(), lambda ends=ends: ends - self.story.passed_s())  # type: ignore[misc]

    def refusals(self) -> list[str]:
        """Of the sessions that are left alone."""
        return [state.refusal for state in self.states.values() if state.refusal]


type Make = Callable[..., World]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Make:
    """Makes a world with a partner that takes so many requests a second."""

    def make(a_second: float, quirks: frozenset[Quirk] = frozenset(), **cpo: Any) -> World:
        story = Story()
        monkeypatch.setattr("push.profiles.time", SimpleNamespace(sleep=story.sleep))
        for module in ("push.profiles", "push.asking"):
            monkeypatch.setattr(f"{module}.clock", SimpleNamespace(now=story.now))
        return World(story, Cpo(story, a_second, **cpo), quirks)

    return make


@pytest.mark.parametrize(
    ("count", "a_second", "retry_after", "within_s"), [(200, 10, None, 40), (200, 10, "1", 45), (40, 2, None, 45)]
)
def test_decreases_reach_a_partner_that_limits_requests_about_as_fast_as_it_takes_them(
    world: Make, count: int, a_second: int, retry_after: str | None, within_s: float
) -> None:
    world_ = world(a_second, retry_after=retry_after)
    sessions = world_.lower(count)
    world_.push()
    assert sorted(world_.cpo.heard) == sorted(sessions)
    assert world_.refusals() == []
    assert max(world_.cpo.heard.values()) < within_s, "its rate alone takes 20 s"


def test_one_function_goes_on_where_another_had_no_more_time(world: Make) -> None:
    world_ = world(1000, frozenset({Quirk.FEW_AT_A_TIME}), answers_after_s=2.5)
    sessions = world_.lower(44)
    messages = sum(map(len, world_.lanes.values()))
    world_.push()
    assert sorted(world_.cpo.heard) == sorted(sessions)
    assert world_.functions > messages


@pytest.mark.parametrize(
    ("quirks", "most"), [(frozenset[Quirk](), LANES * SIDE_BY_SIDE), (frozenset({Quirk.FEW_AT_A_TIME}), LANES)]
)
def test_a_partner_is_asked_for_so_many_at_a_time(world: Make, quirks: frozenset[Quirk], most: int) -> None:
    world_ = world(1000, quirks)
    sessions = world_.lower(50)
    world_.push()
    assert sorted(world_.cpo.heard) == sorted(sessions)
    assert most / 2 < world_.cpo.most_at_once <= most
    assert world_.cpo.refused.total() == 0


def test_a_session_of_which_a_partner_takes_nothing_is_left_alone_and_holds_up_no_other(world: Make) -> None:
    world_ = world(1000, never=frozenset({"S7"}))
    sessions = world_.lower(60)
    world_.push()
    assert sorted({*world_.cpo.heard, "S7"}) == sorted(sessions)
    assert world_.refusals() == ["TOO_OFTEN"]
    assert world_.cpo.refused.total() <= ENOUGH + 1


def test_a_partner_that_wants_a_long_rest_has_it(world: Make) -> None:
    world_ = world(0, retry_after="300")
    world_.lower(200)
    world_.push()
    assert world_.cpo.refused.total() <= LANES * SIDE_BY_SIDE, "those that were under way"
    assert set(world_.refusals()) == {"TOO_OFTEN"}, "the others make room for them"
    retry_at = world_.breaker.retry_at
    assert retry_at
    assert retry_at > BEGIN + timedelta(seconds=300)


@pytest.mark.parametrize(("rest_s", "heard"), [(5, 60), (50, 0)])
def test_a_short_rest_is_awaited(world: Make, rest_s: int, heard: int) -> None:
    world_ = world(1000)
    world_.breaker = Breaker().throttled("HTTP 429", world_.story.now(), timedelta(seconds=rest_s))
    world_.lower(60)
    world_.push()
    assert len(world_.cpo.heard) == heard
    assert all(at >= rest_s for at in world_.cpo.heard.values())


def test_what_was_one_too_many_is_not_asked_and_may_be_asked_again() -> None:
    asking = ProfileState().sending(DECREASE, "R1", BEGIN).asking("R1", BEGIN)
    assert asking
    state = asking.not_asked()
    assert (state.asked, state.pending, state.acts_until, state.refusal) == (False, DECREASE, None, None)
    assert state.asking("R1", BEGIN + timedelta(seconds=90))
    assert state.asking("R1", BEGIN + timedelta(seconds=119)) is None, "too late"
    assert state.asking("R2", BEGIN) is None
