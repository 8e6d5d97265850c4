"""The breaker: nothing is sent to a partner that is away, and never for ever."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocpi.push.breaker import (
    FAILURES,
    LONGEST_PROBE,
    LONGEST_REST,
    MODULE_FAILURES,
    WIDEST,
    Breaker,
    BreakerState,
    Sickness,
)
from ocpi.types.versions import ModuleID

MODULE = ModuleID.LOCATIONS
NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def failed(breaker: Breaker, times: int) -> Breaker:
    for _ in range(times):
        breaker = breaker.failed(MODULE, "HTTP 503", NOW)
    return breaker


def test_some_failures_in_a_row_open_it_and_a_success_in_between_does_not() -> None:
    almost = failed(Breaker(), FAILURES - 1)
    assert almost.allows(NOW)
    assert failed(almost.succeeded(MODULE, NOW), FAILURES - 1).allows(NOW)
    opened = almost.failed(MODULE, "HTTP 503", NOW)
    assert (opened.state, opened.reason, opened.since) == (BreakerState.OPEN, "HTTP 503", NOW)
    assert not opened.allows(NOW + timedelta(days=1))


def test_open_it_probes_more_and_more_seldom_but_for_ever() -> None:
    breaker, waits = failed(Breaker(), FAILURES), []
    now = NOW
    for _ in range(8):
        assert breaker.retry_at is not None
        waits.append((breaker.retry_at - now).total_seconds())
        now = breaker.retry_at
        assert breaker.probes(now)
        assert not breaker.probes(now - timedelta(seconds=1))
        breaker = breaker.opened("no answer", now)
    assert waits == [30, 60, 120, 240, 480, 900, 900, 900]
    assert breaker.since == NOW, "it was open all the time"


def test_back_again_it_sends_one_object_and_then_twice_as_many_each_round() -> None:
    half = failed(Breaker(), FAILURES).half_opened(NOW)
    assert (half.state, half.window, half.allows(NOW)) == (BreakerState.HALF_OPEN, 1, True)
    closed = half.succeeded(MODULE, NOW)
    assert (closed.state, closed.openings, closed.window) == (BreakerState.CLOSED, 0, 1)
    windows = [closed.window]
    for _ in range(10):
        closed = closed.widened()
        windows.append(closed.window)
    assert windows == [1, 2, 4, 8, 16, 32, 64, 128, 256, 256, 256]


def test_half_open_one_failure_opens_it_again_for_longer() -> None:
    again = failed(Breaker(), FAILURES).half_opened(NOW).failed(MODULE, "HTTP 500", NOW)
    assert (again.state, again.openings) == (BreakerState.OPEN, 2)
    assert again.retry_at == NOW + timedelta(seconds=60)


def test_a_partner_that_is_asked_too_often_is_left_alone_as_long_as_it_says_and_sent_half_as_much() -> None:
    throttled = Breaker().throttled("HTTP 429", NOW, timedelta(seconds=7))
    assert (throttled.state, throttled.window) == (BreakerState.CLOSED, WIDEST // 2)
    assert not throttled.allows(NOW + timedelta(seconds=6))
    assert throttled.allows(NOW + timedelta(seconds=7))


def test_without_retry_after_the_rest_doubles_each_time_and_an_absurd_one_is_cut() -> None:
    breaker, rests = Breaker(), []
    for _ in range(9):
        breaker = breaker.throttled("HTTP 429", NOW, None)
        assert breaker.retry_at is not None
        rests.append((breaker.retry_at - NOW).total_seconds())
    assert rests == [2, 4, 8, 16, 32, 64, 128, 256, 256]
    year = Breaker().throttled("HTTP 429", NOW, timedelta(days=365))
    assert year.retry_at == NOW + LONGEST_REST


def test_an_operator_s_word_lasts_until_an_operator_takes_it_back() -> None:
    forced = Breaker().forced_open("maintenance", NOW)
    assert not forced.allows(NOW + timedelta(days=99))
    assert not forced.probes(NOW + timedelta(days=99))
    assert not forced.outdated(NOW + timedelta(days=99))
    assert forced.half_opened(NOW).allows(NOW)


def test_new_credentials_are_tried_at_once() -> None:
    opened = Breaker().opened("HTTP 401", NOW)
    assert not opened.outdated(NOW - timedelta(seconds=1))
    assert opened.outdated(NOW + timedelta(seconds=1))
    assert not opened.opened("HTTP 401", NOW + timedelta(seconds=2)).outdated(NOW + timedelta(seconds=1))


def test_a_module_that_fails_is_left_alone_by_itself_for_longer_and_longer() -> None:
    breaker, rests = Breaker(), []
    for _ in range(MODULE_FAILURES + 7):
        breaker = breaker.succeeded(ModuleID.TARIFFS, NOW).failed(MODULE, "HTTP 500", NOW)
        retry_at = breaker.sick[MODULE].retry_at
        rests.append(retry_at and (retry_at - NOW).total_seconds())
    assert rests == [None, None, 30, 60, 120, 240, 480, 900, 900, 900]
    assert breaker.allows(NOW)
    assert breaker.leaves_alone(MODULE)
    assert not breaker.leaves_alone(ModuleID.TARIFFS)
    assert not breaker.succeeded(MODULE, NOW).leaves_alone(MODULE)


def test_it_is_known_which_module_fails_while_the_breaker_opens_and_closes() -> None:
    opened = failed(Breaker(), FAILURES)
    closed = opened.half_opened(NOW).succeeded(ModuleID.TARIFFS, NOW)
    assert (closed.state, closed.leaves_alone(MODULE)) == (BreakerState.CLOSED, True)


def test_a_probe_comes_no_sooner_than_the_partner_wishes() -> None:
    assert Breaker().opened("HTTP 429", NOW, timedelta(minutes=50)).retry_at == NOW + timedelta(minutes=50)
    assert Breaker().opened("HTTP 429", NOW, timedelta(days=50)).retry_at == NOW + LONGEST_REST
    assert Breaker().opened("HTTP 429", NOW, timedelta(seconds=1)).retry_at == NOW + timedelta(seconds=30)


STEPS: dict[str, Callable[[Breaker, datetime], Breaker]] = {
    "succeeded": lambda breaker, now: breaker.succeeded(MODULE, now),
    "failed": lambda breaker, now: breaker.failed(MODULE, "why", now),
    "throttled": lambda breaker, now: breaker.throttled("why", now, None),
    "widened": lambda breaker, _: breaker.widened(),
    "opened": lambda breaker, now: breaker.opened("why", now),
    "half_opened": lambda breaker, now: breaker.half_opened(now),
}


@given(st.lists(st.sampled_from(sorted(STEPS)), max_size=60), st.integers(0, 10_000))
def test_whatever_happens_an_unforced_breaker_has_a_time_at_which_it_goes_on(steps: list[str], seconds: int) -> None:
    breaker, now = Breaker(), NOW
    for step in steps:
        now += timedelta(seconds=seconds)
        breaker = STEPS[step](breaker, now)
        assert 1 <= breaker.window <= WIDEST
        later = now + max(LONGEST_PROBE, LONGEST_REST)
        assert breaker.allows(later) or breaker.probes(later)
        assert (breaker.state is BreakerState.OPEN) != breaker.allows(later)


@pytest.mark.parametrize("state", ["CLOSED", "OPEN", "HALF_OPEN"])
def test_it_survives_being_stored(state: str) -> None:
    sick = {MODULE: Sickness(failures=3, retry_at=NOW)}
    breaker = Breaker(state=BreakerState(state), since=NOW, retry_at=NOW, window=4, sick=sick)
    assert Breaker.model_validate_json(breaker.model_dump_json()) == breaker
