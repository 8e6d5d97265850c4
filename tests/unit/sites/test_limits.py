"""What a node bears, and when: base, calendar, overrides, caps."""

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocpi import wire
from ocpi.sites.limits import Cap, Limit, Override, WeeklyLimit
from ocpi.sites.phases import PHASES
from ocpi.sites.site import Site, SiteError, parse_site
from ocpi.types.tariffs import DayOfWeek
from tests.unit.sites.test_site import document, with_feeders

EVENING = {"start_time": "17:00", "end_time": "21:00", "limit_kw": 34.5}
WORKS = {"id": "works", "start": "2026-03-03T10:00:00Z", "end": "2026-03-03T12:00:00Z", "limit_kw": 6.9}
CAP = {"signal_id": "dso-1", "start": "2026-03-02T18:00:00Z", "end": "2026-03-02T19:00:00Z", "limit_kw": 13.8}


def described(**limits: object) -> dict[str, Any]:
    return document() | {"limits": {"base": {"limit_kw": 69}} | limits}


def site(**limits: object) -> Site:
    return parse_site(json.dumps(described(**limits)))


def at(hour: float, day: int = 2) -> datetime:
    return datetime(2026, 3, day, tzinfo=UTC) + timedelta(hours=hour)


def same(limit_a: float) -> Any:
    return pytest.approx(dict.fromkeys(PHASES, limit_a))


def full() -> Site:
    return site(weekly=[EVENING], overrides=[WORKS], caps=[CAP])


def test_it_is_the_same_after_it_was_written_and_read_again() -> None:
    assert parse_site(wire.dumps(full())) == full()


def test_what_holds_is_the_calendar_before_the_base_and_an_override_before_both() -> None:
    grid = full().grid
    assert [grid.limit(at(hour), at(hour + 0.5)) for hour in (12, 16.5)] == [same(100), same(50)]
    assert grid.limit(at(11, day=3), at(11.5, day=3)) == same(10)
    assert grid.limit(at(9, day=3), at(13, day=3)) == same(10)
    raised = site(weekly=[EVENING], overrides=[WORKS | {"start": None, "end": "2026-03-02T23:00:00Z", "limit_kw": 138}])
    assert raised.grid.limit(at(17), at(18)) == same(200)
    assert raised.grid.limit(at(17, day=3), at(18, day=3)) == same(50)


def test_a_cap_only_makes_a_limit_lower() -> None:
    assert full().grid.limit(at(18), at(18.5)) == same(20)
    assert site(weekly=[EVENING], caps=[CAP | {"limit_kw": 100}]).grid.limit(at(18), at(18.5)) == same(50)


def test_the_limit_for_ever_is_the_lowest_that_will_come() -> None:
    grid = full().grid
    assert grid.limit(at(12)) == same(10)
    assert grid.limit(at(12, day=3)) == same(50), "the works and the cap are over"
    low_base = site(overrides=[WORKS | {"start": "2026-03-01T00:00:00Z", "end": None}])
    assert low_base.grid.limit(at(12)) == same(10)
    never_again = parse_site(json.dumps(described(overrides=[WORKS | {"start": None, "end": None, "limit_kw": 138}])))
    assert never_again.grid.limit(at(12)) == same(200), "the base never holds again"


def test_changes_are_told_and_what_changes_nothing_is_none() -> None:
    grid = full().grid
    assert grid.limit_changes(at(12), at(24)) == [at(16), at(18), at(19), at(20)]
    unchanged = site(weekly=[EVENING | {"limit_kw": 69}])
    assert unchanged.grid.limit_changes(at(12), at(24)) == []


def test_it_is_told_why_a_limit_is_what_it_is() -> None:
    grid = site(weekly=[EVENING], overrides=[WORKS | {"reason": "cable", "author": "jan"}], caps=[CAP]).grid
    assert [grid.source(at(hour)).kind for hour in (12, 17, 18.5)] == ["base", "weekly", "cap"]
    assert grid.source(at(12)).until == at(16)
    works = grid.source(at(11, day=3))
    assert (works.kind, works.id, works.reason, works.author, works.until) == (
        "override",
        "works",
        "cable",
        "jan",
        at(12, day=3),
    )


def test_overrides_come_and_go() -> None:
    before = site()
    works = Override.model_validate(WORKS)
    changed = before.with_override("grid", works)
    assert changed.limits_of("grid").overrides == (works,)
    assert changed.without_override("grid", "works") == before
    with pytest.raises(SiteError, match="grid has no override 'other'"):
        changed.without_override("grid", "other")
    with pytest.raises(SiteError, match=r"limits\.overrides\[1\]: 'b' .* overlaps overrides\[0\], 'works'"):
        changed.with_override(
            "grid", works.model_copy(update={"id": "b", "start": at(11, day=3), "end": at(14, day=3)})
        )
    meets = works.model_copy(update={"id": "b", "start": at(12, day=3), "end": at(14, day=3)})
    assert len(changed.with_override("grid", meets).limits_of("grid").overrides) == 2


def test_caps_may_overlap_anything_and_go_by_their_signal() -> None:
    cap = Cap.model_validate(CAP)
    changed = full().with_cap(cap.model_copy(update={"signal_id": "dso-2", "limit_kw": 6.9}))
    assert changed.grid.limit(at(18), at(18.5)) == same(10)
    assert changed.without_cap("dso-2") == full()
    assert changed.grid.source(at(18)).id == "dso-2"


def test_a_feeder_has_a_calendar_of_its_own() -> None:
    before = parse_site(json.dumps(with_feeders()))
    entry = WeeklyLimit(start_time="08:00", end_time="18:00", day_of_week=(DayOfWeek.MONDAY,), limit_kw=6.9)
    changed = before.with_weekly("F1", [entry])
    assert changed.branch("F1").limit(at(9), at(10)) == same(10)
    assert changed.branch("T1") == before.branch("T1")


def test_what_is_over_is_forgotten_overrides_after_a_week_and_caps_after_hours() -> None:
    assert full().pruned(at(20)) == full()
    assert full().pruned(at(0, day=9)) == site(weekly=[EVENING], overrides=[WORKS])
    assert full().pruned(at(0, day=11)) == site(weekly=[EVENING])


def test_priorities_are_set_by_evse() -> None:
    changed = site().with_priorities({"e1": 3, "E2": 2})
    assert {evse.evse_uid: (evse.priority, evse.max_a) for evse in changed.evses} == {"E1": (3, 16), "E2": (2, None)}
    with pytest.raises(SiteError, match=r"evses\[0\].priority: must be more than 0"):
        site().with_priorities({"E1": 0})


def test_a_limit_a_thousand_times_off_asks_before_it_is_taken() -> None:
    before = site(weekly=[EVENING])
    (base,) = before.with_base("grid", Limit(limit_kw=69_000)).odd(before)
    assert base.startswith("limits.base.limit_kw: 69000 kW is 1000 times the 69 kW of before: is it in W?")
    (low,) = before.with_override("grid", Override(id="a", end=at(1), limit_kw=0.069)).odd(before)
    assert low.startswith("limits.overrides[0].limit_kw: 0.069 kW is a 1000th of")
    assert before.with_base("grid", Limit(limit_kw=0)).odd(before) == []
    assert before.with_base("grid", Limit(limit_kw=138)).odd(before) == []
    assert before.odd(before) == []
    (new,) = site(base={"limit_kw": 69_000}).odd(None)
    assert "is very much: is it in W?" in new


def test_after_an_emergency_stop_too_large_a_limit_still_asks() -> None:
    for stopped in (site(base={"limit_kw": 0}), site(base={"limit_kw": 0}, weekly=[EVENING])):
        assert len(stopped.with_base("grid", Limit(limit_kw=69_000)).odd(stopped)) == 1
        assert stopped.with_base("grid", Limit(limit_kw=69)).odd(stopped) == []


def test_what_is_as_before_but_means_something_else_asks_too() -> None:
    before = site(weekly=[EVENING])
    odd = parse_site(json.dumps(described(weekly=[EVENING]) | {"voltage_v": 23})).odd(before)
    assert [line.partition(":")[0] for line in odd] == ["limits.base.limit_kw", "limits.weekly[0].limit_kw"]
    assert "means 1000 A instead of 100 A on each phase, for voltage_v or phases are others" in odd[0]
    assert parse_site(json.dumps(described(weekly=[EVENING]) | {"voltage_v": 240})).odd(before) == []
    one = described() | {"phases": ["L1"], "evses": []}
    assert "means 300 A instead of 100 A" in parse_site(json.dumps(one)).odd(site())[0]


def test_where_clocks_show_an_hour_twice_the_lower_of_two_entries_counts() -> None:
    entries = [
        {"start_time": "00:00", "end_time": "02:30", "limit_kw": 69},
        {"start_time": "02:30", "end_time": "06:00", "limit_kw": 6.9},
    ]
    twice = datetime(2026, 10, 25, 0, 45, tzinfo=UTC)  # 02:45, the first time
    for order in (entries, entries[::-1]):
        grid = site(weekly=order).grid
        assert grid.limit(twice, twice) == same(10)
        assert grid.limit(twice + timedelta(hours=1), twice + timedelta(hours=2)) == same(10)


def test_an_entry_that_clocks_skip_this_week_still_counts_for_ever() -> None:
    night = {"day_of_week": ["SUNDAY"], "start_time": "02:00", "end_time": "03:00", "limit_kw": 6.9}
    assert site(weekly=[night]).grid.limit(at(0, day=28)) == same(10)


def test_a_calendar_that_is_the_whole_week_leaves_nothing_to_the_base() -> None:
    whole = {"start_time": "00:00", "end_time": "24:00", "limit_kw": 34.5}
    assert site(base={"limit_kw": 0}, weekly=[whole]).grid.limit(at(0)) == same(50)


def test_a_calendar_may_have_a_limit_for_each_quarter_of_an_hour() -> None:
    quarters = [f"{minutes // 60:02}:{minutes % 60:02}" for minutes in range(0, 24 * 60 + 1, 15)]
    entries = [
        {"start_time": begin, "end_time": end, "limit_kw": 10 + number}
        for number, (begin, end) in enumerate(pairwise(quarters))
    ]
    grid = site(weekly=entries).grid
    assert len(grid.limit_changes(at(0), at(48))) == 191
    assert grid.limit(at(0)) == same(10_000 / 690)


def test_what_clocks_do_to_the_calendar_is_told_before_they_do() -> None:
    night = site(weekly=[{"day_of_week": ["SUNDAY"], "start_time": "02:00", "end_time": "03:00", "limit_kw": 7}])
    (warning,) = night.warnings(at(0))
    assert "weekly[0] (Sun 02:00 to 03:00): the clocks skip it on 2026-03-29: it does not hold then" in warning
    cut = site(weekly=[{"start_time": "02:30", "end_time": "05:00", "limit_kw": 7}])
    assert any("it holds from 03:00 to 05:00, 2 h" in each for each in cut.warnings(at(0)))
    assert site(weekly=[EVENING]).warnings(at(0)) == []


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "both kinds": ({"base": {"limit_kw": 1, "limit_a": {"L1": 1}}}, "limits.base: give either limit_a"),
    "no base": ({"base": None}, "limits.base: must be an object in braces"),
    "phase missing": ({"base": {"limit_a": {"L1": 1}}}, "limits.base.limit_a.L2: missing: give every phase"),
    "overlapping entries": (
        {"weekly": [EVENING, EVENING | {"start_time": "20:00", "end_time": "22:00"}]},
        "limits.weekly[1]: overlaps weekly[0] (every day 17:00 to 21:00): change the times of one",
    ),
    "no time": ({"weekly": [EVENING | {"end_time": "9 pm"}]}, "limits.weekly[0].end_time: must be a time of day"),
    "no day": ({"weekly": [EVENING | {"day_of_week": ["Mon"]}]}, "limits.weekly[0].day_of_week[0]: must be 'MONDAY'"),
    "id twice": (
        {"caps": [CAP, CAP | {"start": None, "end": "2026-01-01T00:00:00Z"}]},
        "limits.caps[1].start: must be a time",
    ),
    "override twice": (
        {"overrides": [WORKS, WORKS | {"start": "2026-03-04T10:00:00Z", "end": "2026-03-04T12:00:00Z"}]},
        "limits.overrides[1].id: 'works' is already overrides[0]: keep one",
    ),
    "empty": ({"overrides": [WORKS | {"end": WORKS["start"]}]}, "limits.overrides[0]: must start before it ends"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_place_is_named(name: str) -> None:
    limits, expected = WRONG[name]
    with pytest.raises(SiteError) as caught:
        site(**limits)
    assert [problem for problem in caught.value.problems if problem.startswith(expected)], caught.value.problems


hours = st.integers(0, 400)


@given(st.lists(st.tuples(hours, st.integers(1, 30), st.integers(0, 50)), max_size=4), hours, st.integers(1, 60))
def test_the_lowest_over_a_time_is_the_lowest_of_all_its_moments(
    spans: list[tuple[int, int, int]], start: int, length: int
) -> None:
    caps = [
        CAP
        | {
            "signal_id": str(number),
            "start": at(begin).isoformat(),
            "end": at(begin + hours_).isoformat(),
            "limit_kw": kw,
        }
        for number, (begin, hours_, kw) in enumerate(spans)
    ]
    grid = site(weekly=[EVENING], overrides=[WORKS], caps=caps).grid
    moments = [at(start + step / 2) for step in range(2 * length)]
    each = [grid.limit(moment, moment)["L1"] for moment in moments]
    assert grid.limit(at(start), at(start + length))["L1"] == pytest.approx(min(each))
    assert grid.limit(at(start))["L1"] <= min(each) + 1e-9
