"""What past visits let believe of a present one."""

import math
import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocpi import wire
from ocpi.visits.record import BINS_PER_DOUBLING
from ocpi.visits.visit import MOST_KWH, driver_scope
from optimizer.history import (
    DEPARTURE_QUANTILE,
    HORIZON,
    NEED_QUANTILE,
    OVERSTAY,
    SHORTEST_REST,
    Arrival,
    Assumed,
    History,
    Visit,
)

MONDAY = datetime(2026, 11, 16, tzinfo=UTC)
NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
ASSUMED = Assumed(stay_h=8, energy_kwh=40)
WIDTH = 2 ** (1 / BINS_PER_DOUBLING)
ANNA, BERT = (driver_scope("garage", "NL", "TNM", uid) for uid in ("anna", "bert"))


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


def visit(
    at: datetime = MONDAY, stay_h: float = 4.0, kwh: float = 10.0, phases: int | None = None, **arrival: Any
) -> Visit:
    fields: dict[str, Any] = {"at": at, "evse_uid": "e1"} | arrival
    came = Arrival(**fields)
    return Visit(came, at + hours(stay_h), kwh, phases)


def learned(visits: Iterable[Visit], zone: ZoneInfo | None = None) -> History:
    history = History(zone=zone or UTC)
    for each in visits:
        history = history.after(each)
    return history


def stays(history: History, at: datetime = NOW, *, stayed_h: float = 0.0, **arrival: Any) -> float:
    """How long a car that came at `at` is believed to stay, once it has stayed so long; in hours."""
    now = at + hours(stayed_h)
    belief = history.believe(visit(at, **arrival).arrival, now, 0.0, ASSUMED)
    return (belief.departure - at) / hours(1)


def needs(history: History, taken_kwh: float = 0.0, **arrival: Any) -> float:
    belief = history.believe(visit(NOW, **arrival).arrival, NOW, taken_kwh, ASSUMED)
    return belief.energy_kwh


def quantile_of(values: Sequence[float], quantile: float) -> float:
    return sorted(values)[math.ceil(quantile * len(values)) - 1]


# Quantiles


@given(st.lists(st.floats(0.2, 30), min_size=5, max_size=60))
@settings(deadline=None)
def test_the_departure_is_the_quantile_of_the_stays_to_the_width_of_a_bin(stays_h: list[float]) -> None:
    history = learned(visit(MONDAY + hours(30 - each), each) for each in stays_h)  # all end at once: none has faded
    expected = quantile_of(stays_h, DEPARTURE_QUANTILE)
    assert expected / WIDTH <= stays(history, NOW + timedelta(days=5)) * (1 + 1e-6)
    assert stays(history, NOW + timedelta(days=5)) <= expected * WIDTH * (1 + 1e-6)


@given(st.lists(st.floats(0.1, 100), min_size=5, max_size=60))
@settings(deadline=None)
def test_the_need_is_the_quantile_of_the_energies_to_the_width_of_a_bin(energies: list[float]) -> None:
    history = learned(visit(kwh=each) for each in energies)
    expected = quantile_of(energies, NEED_QUANTILE)
    assert expected / WIDTH <= needs(history, evse_uid="another") <= expected * WIDTH


def test_a_car_that_is_still_there_is_one_of_those_that_stay_longer() -> None:
    history = learned(visit(stay_h=each) for each in [1.0] * 30 + [9.0] * 10)
    assert stays(history) == pytest.approx(1, rel=0.1)
    assert stays(history, stayed_h=2) == pytest.approx(9, rel=0.1)


def test_a_car_that_has_taken_more_than_most_is_one_of_those_that_need_more() -> None:
    history = learned(visit(kwh=each) for each in [5.0] * 30 + [50.0] * 5)
    assert needs(history) == pytest.approx(5, rel=0.1)
    assert needs(history, taken_kwh=8) == pytest.approx(50, rel=0.1)


# What is told


@pytest.mark.parametrize(("share", "believed_h"), [(0.5, 4.0), (1.0, 8.0), (1.5, 8.0)])
def test_what_drivers_tell_is_corrected_by_what_they_did_and_never_for_longer(share: float, believed_h: float) -> None:
    told: dict[str, Any] = {"told_departure": MONDAY + hours(10)}
    history = learned(visit(stay_h=10 * share, **told) for _ in range(20))
    assert stays(history, told_departure=NOW + hours(8)) == pytest.approx(believed_h, rel=0.1)


def test_a_driver_who_always_leaves_early_is_found_among_those_who_tell_the_truth() -> None:
    def weeks() -> Iterable[Visit]:
        for day in range(15):
            at = MONDAY + timedelta(days=day)
            for driver, stay_h in ((ANNA, 2.0), (BERT, 8.0), (None, 8.0), (None, 7.8)):
                yield visit(at, stay_h, driver=driver, told_departure=at + hours(8))

    history = learned(weeks())
    told: dict[str, Any] = {"told_departure": NOW + hours(8)}
    assert stays(history, driver=ANNA, **told) == pytest.approx(2, rel=0.15)
    assert stays(history, driver=BERT, **told) == pytest.approx(8, rel=0.1)
    assert stays(history, **told) == pytest.approx(7.5, rel=0.1)
    assert stays(history, driver=ANNA) < 3 < stays(history, driver=BERT)


def test_a_driver_who_asks_for_more_than_is_taken_is_believed_what_is_taken() -> None:
    history = learned(visit(kwh=10, told_kwh=40, driver=ANNA) for _ in range(20))
    assert needs(history, told_kwh=60, driver=ANNA) == pytest.approx(15, rel=0.1)
    assert needs(history, told_kwh=60, driver=ANNA, taken_kwh=30) <= 60


def test_a_driver_known_little_is_believed_what_others_do() -> None:
    others = [visit(stay_h=8.0) for _ in range(50)]
    once, often = [visit(stay_h=1.0, driver=ANNA)], [visit(stay_h=1.0, driver=ANNA)] * 12
    assert stays(learned(others + once), driver=ANNA) > 4
    assert stays(learned(others + often), driver=ANNA) == pytest.approx(1, rel=0.15)


# When and where


def test_those_who_come_in_the_morning_stay_longer_by_the_clock_of_the_site() -> None:
    pacific = ZoneInfo("America/Los_Angeles")

    def days() -> Iterable[Visit]:
        for day in range(20):
            morning = datetime(2026, 11, 2, 8, tzinfo=pacific) + timedelta(days=day)
            yield visit(morning, 9.0)
            yield visit(morning + hours(11), 1.0)

    history = learned(days(), pacific)
    assert stays(history, datetime(2026, 11, 24, 8, 30, tzinfo=pacific)) == pytest.approx(9, rel=0.15)
    assert stays(history, datetime(2026, 11, 24, 19, 30, tzinfo=pacific)) == pytest.approx(1, rel=0.15)


def test_visits_to_an_evse_count_more_than_those_to_others() -> None:
    history = learned([visit(stay_h=9, evse_uid="slow")] * 20 + [visit(stay_h=1, evse_uid="Fast")] * 40)
    assert stays(history, evse_uid="fast") == pytest.approx(1, rel=0.15)
    assert stays(history, evse_uid="SLOW") == pytest.approx(9, rel=0.15)


def test_habits_fade() -> None:
    before = [visit(MONDAY - timedelta(days=200 - number), 9.0) for number in range(20)]
    now = [visit(MONDAY - timedelta(days=20 - number), 2.0) for number in range(15)]
    assert stays(learned(before + now)) == pytest.approx(2, rel=0.15)


# Nothing known, and nonsense


def test_with_no_history_what_is_told_holds_and_else_the_sites_assumptions() -> None:
    for history in (History(), learned([visit(stay_h=1)] * 4)):
        assert stays(history) == 8
        assert needs(history) == 40
        assert stays(history, told_departure=NOW + hours(3)) == pytest.approx(3)
        assert needs(history, told_kwh=12) == 12
        assert stays(history, stayed_h=9) == pytest.approx(9 + OVERSTAY / hours(1))
        assert stays(history, stayed_h=4, told_departure=NOW + hours(3)) == pytest.approx(5)
        assert history.newcomers(NOW, hours(1)) is None


def test_one_who_stays_longer_than_all_before_is_believed_another_hour() -> None:
    history = learned([visit(stay_h=9)] * 20)
    assert stays(history, stayed_h=12) == pytest.approx(13)


moments = st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - given one
rich = learned(
    [visit(stay_h=each, kwh=3 * each, told_departure=MONDAY + hours(6), told_kwh=20) for each in range(1, 9)]
)


@given(
    history=st.sampled_from([History(), rich]),
    at=moments,
    now=moments,
    told_departure=st.none() | moments,
    told_kwh=st.none() | st.floats(),
    taken_kwh=st.floats(0, 1e12),
)
def test_whatever_clocks_and_drivers_say_the_belief_is_sane(
    history: History,
    at: datetime,
    now: datetime,
    told_departure: datetime | None,
    told_kwh: float | None,
    taken_kwh: float,
) -> None:
    if now > datetime(9999, 12, 1, tzinfo=UTC):
        now -= timedelta(days=60)
    arrival = Arrival(at=at, evse_uid="e1", told_departure=told_departure, told_kwh=told_kwh)
    belief = history.believe(arrival, now, taken_kwh, ASSUMED)
    assert SHORTEST_REST <= belief.departure - now <= HORIZON
    assert 0 <= belief.energy_kwh <= MOST_KWH


@pytest.mark.parametrize(
    ("changes", "sensible"),
    [
        ({}, True),
        ({"stay_h": 0}, False),
        ({"stay_h": -1}, False),
        ({"stay_h": 24 * 15}, False),
        ({"kwh": -1}, False),
        ({"kwh": 1e9}, False),
        ({"kwh": math.nan}, False),
        ({"at": NOW + timedelta(days=30)}, False),
        ({"at": datetime(1970, 1, 1, tzinfo=UTC)}, False),
    ],
)
def test_what_no_visit_can_have_been_is_not_learned(changes: dict[str, Any], sensible: bool) -> None:
    assert visit(**changes).sensible(NOW) is sensible


# Newcomers


def test_room_is_kept_for_as_many_newcomers_as_came_at_that_time_of_the_week() -> None:
    def mornings() -> Iterable[Visit]:
        for week in range(8):
            for minute in range(0, 60, 2):
                yield visit(MONDAY - timedelta(weeks=week) + timedelta(hours=8, minutes=minute))

    history = learned(mornings())
    assert history.newcomers(NOW, timedelta(minutes=10)) == pytest.approx(11, abs=1)  # of 5 on average
    assert history.newcomers(NOW + hours(6), timedelta(minutes=10)) == 1  # nobody yet, but that is no promise
    assert history.newcomers(NOW, timedelta(0)) == 0


def test_newcomers_are_hardly_ever_more_than_room_is_kept_for() -> None:
    rng = random.Random(7)  # noqa: S311 - no secret

    def moments(weeks: int) -> Iterable[float]:
        at = rng.expovariate(6.0)
        while at < weeks * 7 * 24:
            yield at
            at += rng.expovariate(6.0)

    history = learned(visit(MONDAY - timedelta(weeks=10) + hours(each), 1.0) for each in moments(10))
    counts = Counter(int(each) for each in moments(10))
    rooms = [history.newcomers(MONDAY + hours(hour), hours(1)) or 0 for hour in range(7 * 24)]
    exceeded = [counts[hour] > rooms[hour % len(rooms)] for hour in range(10 * 7 * 24)]
    assert sum(exceeded) / len(exceeded) <= 0.02
    assert max(rooms) <= 20


# Documents


@given(st.permutations(range(8)))
def test_the_order_in_which_visits_are_told_makes_no_difference(order: list[int]) -> None:
    visits = [visit(MONDAY - timedelta(days=5 * number), number + 1.0, 2.0 + number) for number in range(8)]
    assert stays(learned(visits[number] for number in order)) == pytest.approx(stays(learned(visits)), rel=1e-3)


def test_documents_stay_small_whatever_comes() -> None:
    rng = random.Random(1)  # noqa: S311 - no secret
    history = History()
    at = MONDAY - timedelta(days=100)
    for _ in range(10_000):
        at += timedelta(minutes=14)
        history = history.after(
            visit(
                at,
                rng.lognormvariate(1, 1.5),
                rng.lognormvariate(2, 1.5),
                phases=rng.randint(1, 3),
                driver=ANNA,
                told_departure=at + hours(rng.lognormvariate(1, 1)),
                told_kwh=rng.lognormvariate(2, 1),
            )
        )
    sizes = {scope: len(wire.dumps(record.document())) for scope, record in history.records.items()}
    assert max(sizes.values()) < 24_000, sizes


def test_what_is_stored_is_what_was_learned() -> None:
    visits = [visit(stay_h=each, driver=ANNA, told_kwh=20, phases=3) for each in (1.0, 2.0, 3.0)]
    history = learned(visits)
    documents = {scope: record.document() for scope, record in learned(visits[:-1]).records.items()}
    learned_too = History.of(documents).after(visits[-1]).records
    documents |= {scope: record.document() for scope, record in learned_too.items()}
    assert History.of(wire.loads_object(wire.dumps(documents))) == history  # type: ignore[arg-type]
    assert set(documents) == {"site", "evse:E1", ANNA}


def test_what_cannot_be_read_is_learned_anew() -> None:
    assert History.of({"site": {"since": "never"}}).records == {}


LEARNED = learned(visit(MONDAY - timedelta(weeks=each), phases=3) for each in range(9)).records["site"].document()


@pytest.mark.parametrize(
    "wrong",
    [
        {"energies": {"100000": 9}},
        {"stays": {"0": {"100000": 9}, "1": {"64": 9}}},
        {"energy_shares": {"-33": 9}},
        {"arrivals": {"168": 9}},
        {"phases": {"0": 9}},
        {"energies": {"0": 1e300}},
    ],
)
def test_bins_and_counts_that_cannot_be_are_learned_anew(wrong: dict[str, Any]) -> None:
    assert set(History.of({"site": LEARNED}).records) == {"site"}
    assert History.of({"site": LEARNED | wrong}).records == {}


@given(st.lists(st.sampled_from([1, 1999, 2026, 2027, 2090, 9999]), min_size=3, max_size=3))
def test_whatever_dates_were_stored_there_is_a_belief(years: list[int]) -> None:
    dates = {name: f"{year:04}-11-16T00:00:00Z" for name, year in zip(("epoch", "since", "as_of"), years, strict=True)}
    history = History.of({"site": LEARNED | dates})
    assert set(history.records) == {"site"}
    assert stays(history) > 0
    assert needs(history, told_kwh=10) > 0
    assert (history.newcomers(NOW, timedelta(minutes=2)) or 0) < 50
    assert stays(history.after(visit(NOW))) > 0


def test_nobody_can_read_a_token_from_a_scope_or_know_the_driver_at_another_site() -> None:
    scope: Callable[..., str] = driver_scope
    assert scope("garage", "nl", "tnm", "anna") == scope("garage", "NL", "TNM", "ANNA") == ANNA
    assert ANNA not in (scope("depot", "NL", "TNM", "anna"), scope("garage", "NL", "TNN", "anna"), BERT)
    assert "anna" not in ANNA.lower()


def test_arrivals_that_fade_are_told_as_so_many_a_week() -> None:
    for weeks in (3, 30):
        history = learned(visit(MONDAY - hours(hour), 0.5) for hour in range(1, weeks * 7 * 24 + 1))
        site = history.records["site"]
        rates = [count / site.weeks(MONDAY) for count in site.faded(site.arrivals).values()]
        assert rates == [pytest.approx(1.0, rel=0.15)] * len(rates)
