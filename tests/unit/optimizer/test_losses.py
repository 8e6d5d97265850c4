"""What a visit lacks is told as what stood in the way when it was lost, and adds up."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocpi.sites.record import Loss, VisitRecord
from optimizer.planning.problem import Shortage
from optimizer.planning.shortfall import TOO_SHORT
from optimizer.recording.losses import MOST, OTHERS, UNEXPLAINED, Over, booked, explained, missed, too_short_kwh

CAME = datetime(2026, 11, 22, 10, 26, tzinfo=UTC)
LEAVES = CAME.replace(hour=15, minute=30)
BASE, SIGNAL = "grid connection, L1, base limit", "grid connection, L1, signal dso-1"
VISIT = VisitRecord(
    id="S1",
    session_id="S1",
    evse_uid="E1",
    node="grid",
    phases=("L1", "L2", "L3"),
    arrival=CAME,
    departure=LEAVES,
    energy_kwh=0,
    max_kw=11,
    needs_kwh=40,
)


def at(hour: int, minute: int = 0) -> datetime:
    return CAME.replace(hour=hour, minute=minute)


def full(cause: str, kwh: float, start: datetime, end: datetime = LEAVES) -> Shortage:
    return Shortage(cause, kwh, ((start, end),))


def too_late(kwh: float) -> Shortage:
    return Shortage(TOO_SHORT, kwh, note="6.2 of 34.55 kWh fit into 0.3 h at 32 A")


def kwh(losses: Sequence[Loss]) -> dict[str, float]:
    return {each.cause: round(each.kwh, 6) for each in losses}


def run(*plans: tuple[datetime, list[Shortage]], time_kwh: float = 0.0) -> tuple[Loss, ...]:
    losses: tuple[Loss, ...] = ()
    for now, shortages in plans:
        losses = booked(losses, shortages, sum(each.kwh for each in shortages), time_kwh, now)
    return losses


def test_what_was_lost_to_a_limit_is_not_time_that_was_too_short_in_the_end() -> None:
    """A car stands for five hours behind a low limit; in its last minutes no plan can help it any more."""
    losses = run(
        (CAME, [full(BASE, 12, CAME)]),
        (at(12), [full(SIGNAL, 24, at(12))]),
        (at(15, 15), [too_late(28.4), full(SIGNAL, 2.8, at(15, 15))]),
    )
    assert sum(each.kwh for each in losses) == pytest.approx(31.2)
    assert TOO_SHORT not in kwh(losses)
    over = missed(losses, 31.2, LEAVES, Over())
    assert explained(over, VISIT, LEAVES, UTC) == (
        "grid connection, L1, signal dso-1, 12:00-15:30: 19.2 kWh short",
        "grid connection, L1, base limit, 10:26-12:00: 12.0 kWh short",
    )


def test_only_a_whole_stay_that_is_too_short_is_told_so() -> None:
    short = VISIT.model_copy(update={"departure": at(11, 26)})
    assert too_short_kwh(short, short.departure) == pytest.approx(29)
    losses = run((CAME, [too_late(29), full(BASE, 3, CAME, short.departure)]), time_kwh=29)
    assert explained(missed(losses, 32, short.departure, Over(time_kwh=29)), short, short.departure, UTC) == (
        "stays too short: 11.0 of 40 kWh fit into 1.0 h at 11.0 kW: 29.0 kWh short",
        "grid connection, L1, base limit, 10:26-11:26: 3.0 kWh short",
    )


def test_what_is_caught_up_with_is_given_back_by_all_alike() -> None:
    before = [full(BASE, 6, CAME), full(SIGNAL, 3, CAME)]
    assert kwh(run((CAME, before), (at(11), [full(BASE, 6, at(11))]))) == {BASE: 4, SIGNAL: 2}
    assert run((CAME, before), (at(11), [])) == ()


def test_what_lay_ahead_and_is_not_to_be_any_more_took_nothing() -> None:
    """An override of the evening was taken back; by then another limit is in the way."""
    losses = run((CAME, [full("override o-1", 5, at(17), at(18))]), (at(11), [full(BASE, 5, at(11))]))
    assert kwh(losses) == {BASE: 5}


def test_nothing_that_lies_after_the_car_has_left_is_told() -> None:
    losses = run((CAME, [full(BASE, 4, CAME, at(16)), full(SIGNAL, 3, at(14), at(16))]))
    over = missed(losses, 9, at(13), Over("left at 13:00, and was believed to stay until 16:00"))
    assert explained(over, VISIT, at(13), UTC) == (
        "left at 13:00, and was believed to stay until 16:00: 5.0 kWh short",
        "grid connection, L1, base limit, 10:26-13:00: 4.0 kWh short",
    )


def test_more_than_any_plan_has_told_is_not_explained() -> None:
    losses = run((CAME, [full(BASE, 4, CAME)]), (at(15), [too_late(10)]))
    assert kwh(losses) == {BASE: 4, UNEXPLAINED: 6}
    assert kwh(missed(losses, 11, LEAVES, Over())) == {BASE: 4, UNEXPLAINED: 7}


def test_what_a_plan_still_hoped_for_in_the_last_minutes_was_lost_to_what_was_in_the_way() -> None:
    """A car that is there is believed to stay some minutes more, also when its driver said that it leaves now."""
    losses = run((CAME, [full(BASE, 4, CAME)]))
    assert kwh(missed(losses, 5, LEAVES, Over(hoped_kwh=2))) == {BASE: 5}
    assert kwh(missed(losses, 8, LEAVES, Over(hoped_kwh=2))) == {BASE: 6, UNEXPLAINED: 2}
    assert kwh(missed([], 1, LEAVES, Over(hoped_kwh=2))) == {UNEXPLAINED: 1}


def test_a_night_has_dates() -> None:
    morning = LEAVES + timedelta(hours=18)
    losses = run((CAME, [full(BASE, 4, at(22), morning)]))
    (told,) = explained(missed(losses, 4, morning, Over()), VISIT, morning, UTC)
    assert told == "grid connection, L1, base limit, 2026-11-22 22:00-2026-11-23 09:30: 4.0 kWh short"


def test_of_many_causes_the_least_count_as_one() -> None:
    causes = [full(f"feeder F{number}, L1", 1 + number, CAME) for number in range(12)]
    losses = run((CAME, causes))
    assert len(losses) == MOST
    assert kwh(losses)[OTHERS] == pytest.approx(1 + 2 + 3 + 4 + 5)


def stated(reasons: Sequence[str]) -> Iterator[float]:
    for reason in reasons:
        told = re.search(r": ([\d.]+) kWh short$", reason)
        assert told
        yield float(told[1])


causes = st.sampled_from([TOO_SHORT, BASE, SIGNAL, "feeder F2, L1", "room left unused", "horizon too short"])
plans = st.lists(st.dictionaries(causes, st.floats(0.1, 60), max_size=4), max_size=12)


overs = st.builds(
    Over, rest=st.sampled_from(["left at 13:00", UNEXPLAINED]), time_kwh=st.floats(0, 40), hoped_kwh=st.floats(0, 4)
)


@given(plans, st.floats(0, 40), st.floats(0.5, 100), st.integers(1, 300), overs)
def test_the_parts_are_always_what_was_missed(
    told_by: list[dict[str, float]], time_kwh: float, short_kwh: float, stayed_min: int, end: Over
) -> None:
    losses: tuple[Loss, ...] = ()
    for number, plan in enumerate(told_by):
        now = CAME + timedelta(minutes=20 * number)
        shortages = [full(cause, each, now + timedelta(minutes=7 * number)) for cause, each in plan.items()]
        losses = booked(losses, shortages, sum(plan.values()), time_kwh, now)
        assert sum(each.kwh for each in losses) == pytest.approx(sum(plan.values()))
        assert all(each.kwh > 0 for each in losses)
        assert len(losses) <= MOST
    departure = CAME + timedelta(minutes=stayed_min)
    over = missed(losses, short_kwh, departure, end)
    assert sum(each.kwh for each in over) == pytest.approx(short_kwh)
    assert all(start < end <= departure for each in over for start, end in each.periods)
    assert len({each.cause for each in over}) == len(over)
    assert sum(stated(explained(over, VISIT, departure, UTC))) == pytest.approx(short_kwh, abs=0.05 * len(over) + 1e-3)
