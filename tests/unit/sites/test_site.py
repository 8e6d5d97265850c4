import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ocpi import wire
from ocpi.sites.limits import Limit, Override
from ocpi.sites.phases import PHASES, Phase
from ocpi.sites.site import Site, SiteError, parse_site

Document = dict[str, Any]


def document() -> Document:
    return {
        "id": "depot",
        "time_zone": "Europe/Amsterdam",
        "voltage_v": 230,
        "partner_id": "acme",
        "location": {"country_code": "NL", "party_id": "ACM", "location_id": "LOC1"},
        "limits": [
            {"end": "2026-03-02T18:00:00+01:00", "limit_a": {"L1": 100, "L2": 90, "L3": 80}},
            {"start": "2026-03-02T17:00:00", "end": "2026-03-02T21:00:00Z", "limit_kw": 34.5},
            {"start": "2026-03-02T21:00:00Z", "limit_a": {"L1": 60, "L2": 60, "L3": 60}},
        ],
        "evses": [{"evse_uid": "E1", "phases": ["L2"], "max_a": 16}],
    }


def with_feeders() -> Document:
    """A transformer with two feeders, one of them of a single phase, and all that a site may have."""
    return document() | {
        "base_load_kw": 6.9,
        "pv_kw": [0] * 8 + [20] * 10 + [0] * 6,
        "price_per_kwh": 0.3,
        "feed_in_per_kwh": [0.05] * 24,
        "demand_charge": {"price_per_kw": 6.5, "peak_kw": 40},
        "feeders": [
            {"id": "T1", "limits": [{"limit_kw": 69}], "base_load_a": {"L1": 3, "L2": [5] * 24}},
            {"id": "F1", "parent": "T1", "limits": [{"limit_a": {"L1": 32, "L2": 32, "L3": 32}}]},
            {"id": "F2", "parent": "T1", "phases": ["L2"], "limits": [{"limit_kw": 4.6}], "base_load_kw": -2.3},
        ],
        "evses": [
            {"evse_uid": "E1", "feeder": "F1", "phases": ["L2", "L3", "L1"], "priority": 2},
            {"evse_uid": "E2", "feeder": "F2", "phases": ["L2"]},
        ],
    }


@pytest.fixture
def site() -> Site:
    return parse_site(json.dumps(document()))


def at(hour: int) -> datetime:
    return datetime(2026, 3, 2, hour, tzinfo=UTC)


def same(limit_a: float) -> dict[Phase, float]:
    return dict.fromkeys(PHASES, limit_a)


def test_a_site_is_the_same_after_it_was_written_and_read_again(site: Site) -> None:
    assert parse_site(site.model_dump_json(exclude_none=True)) == site


def test_what_is_left_out_has_a_sensible_value(site: Site) -> None:
    assert (site.phases, site.min_a, site.arrival_headroom) == (("L1", "L2", "L3"), 6, 1)
    assert (site.assumed_stay_hours, site.assumed_energy_kwh, site.default_limit_a) == (8, 40, None)


def test_the_lowest_limit_within_a_time_counts(site: Site) -> None:
    assert site.limit(at(12), at(13)) == {"L1": 100, "L2": 90, "L3": 80}
    assert site.limit(at(12), at(18)) == same(50)
    assert site.limit(at(17), at(17)) == same(50)
    assert site.limit(at(21)) == same(60)


def test_a_period_counts_up_to_its_end_but_not_at_it(site: Site) -> None:
    assert site.limit(at(16), at(17)) == {"L1": 100, "L2": 90, "L3": 80}


def test_limit_changes_lie_strictly_within(site: Site) -> None:
    assert site.limit_changes(at(12), at(23)) == [at(17), at(21)]
    assert site.limit_changes(at(17), at(21)) == []


def test_periods_are_the_same_as_a_base_with_overrides(site: Site) -> None:
    limits = site.limits_of("grid")
    assert limits.base == Limit(limit_a=same(60))
    assert [(each.start, each.end) for each in limits.overrides] == [(None, at(17)), (at(17), at(21))]
    changed = site.with_base("grid", Limit(limit_kw=6.9))
    assert changed.limit(at(12), at(13)) == {"L1": 100, "L2": 90, "L3": 80}
    assert changed.limit(at(21)) == same(10)
    assert parse_site(wire.dumps(changed)) == changed


def test_a_limit_that_cannot_be_changes_nothing(site: Site) -> None:
    with pytest.raises(SiteError, match=r"limits\.base\.limit_a\.L2: missing: give every phase"):
        site.with_base("grid", Limit(limit_a={"L1": 3}))


def test_a_site_with_feeders_is_the_same_after_it_was_written_and_read_again() -> None:
    site = parse_site(json.dumps(with_feeders()))
    assert parse_site(site.model_dump_json(exclude_none=True)) == site
    assert parse_site(wire.dumps(site)) == site


def test_the_example_in_the_documentation_is_a_site_without_warnings() -> None:
    text = (Path(__file__).parents[3] / "docs" / "energy-managers.md").read_text(encoding="utf-8")
    example = text.partition("```json\n")[2].partition("```")[0]
    site = parse_site(example)
    assert len(site.branches()) == 4
    assert site.warnings(at(12)) == []


def test_a_feeder_has_the_phases_of_what_it_hangs_on_unless_it_says() -> None:
    grid, t1, f1, f2 = parse_site(json.dumps(with_feeders())).branches()
    assert [each.parent for each in (grid, t1, f1, f2)] == [None, "grid", "T1", "T1"]
    assert (t1.phases, f1.phases, f2.phases) == (PHASES, PHASES, ("L2",))
    assert t1.limit(at(12)) == same(100)
    assert f2.limit(at(12)) == {"L2": 20}


def test_base_load_is_that_of_its_hour_and_kw_are_shared_by_the_phases() -> None:
    grid, t1, _, f2 = parse_site(json.dumps(with_feeders())).branches()
    assert grid.base_load_a(12, "L3") == 10
    assert [t1.base_load_a(3, phase) for phase in PHASES] == [3, 5, 0]
    assert f2.base_load_a(0, "L2") == -10


def test_hours_are_those_of_the_site_also_when_clocks_change(site: Site) -> None:
    spring = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
    assert [hour for _, hour in site.hours(spring, spring + timedelta(hours=3))] == [1, 3, 4, 5]
    autumn = datetime(2026, 10, 25, 0, 0, tzinfo=UTC)
    assert [hour for _, hour in site.hours(autumn, autumn + timedelta(hours=3))] == [2, 2, 3]
    odd = parse_site(json.dumps(document() | {"time_zone": "Asia/Kathmandu"}))
    moments = [moment for moment, _ in odd.hours(at(12), at(14))]
    assert moments == [at(12), at(12) + timedelta(minutes=15), at(13) + timedelta(minutes=15)]


def test_the_limit_of_a_feeder_is_changed_alone() -> None:
    before = parse_site(json.dumps(with_feeders()))
    changed = before.with_override("F1", Override(id="works", start=at(16), end=at(20), limit_kw=6.9))
    assert changed.branch("F1").limit(at(17), at(18)) == same(10)
    assert changed.branch("F1").limit(at(20)) == same(32)
    assert changed.branch("T1") == before.branch("T1")
    assert changed.limits == before.limits
    with pytest.raises(SiteError, match="there is no feeder 'F9'; there are grid, T1, F1, F2"):
        before.with_base("F9", Limit(limit_kw=1))
    with pytest.raises(SiteError, match=r"feeders\[2\].limits.base.limit_a.L1: the feeder has no such phase"):
        before.with_base("F2", Limit(limit_a=same(3)))


def test_a_limit_below_the_base_load_is_accepted_and_told() -> None:
    low = with_feeders()
    low["feeders"][1]["limits"] = [
        {"end": "2026-03-02T16:00:00Z", "limit_a": same(40)},
        {"start": "2026-03-02T16:00:00Z", "end": "2026-03-02T18:00:00Z", "limit_a": {"L1": 40, "L2": 0, "L3": 40}},
        {"start": "2026-03-02T18:00:00Z", "limit_a": same(40)},
    ]
    low["feeders"][1]["base_load_a"] = {"L2": [0] * 18 + [4] * 6}
    site = parse_site(json.dumps(low))
    when = "2026-03-02T16:00:00Z to 2026-03-02T18:00:00Z"
    what = "sessions get nothing there as long as it is"
    assert site.warnings(at(12)) == [f"F1, L2: the base load of 4 A is above the limit of 0 A ({when}): {what}"]
    assert site.warnings(at(18)) == [], "it is over"
    low["time_zone"] = "UTC"
    assert parse_site(json.dumps(low)).warnings(at(12)) == [], "from 18:00 on, when the limit is high again"


def test_base_load_of_a_feeder_counts_for_what_it_hangs_on() -> None:
    low = with_feeders()
    low["limits"] = [{"limit_a": same(14)}]
    assert [warning.split(":")[0] for warning in parse_site(json.dumps(low)).warnings(at(12))] == ["grid, L2"]


def test_a_limit_at_the_end_of_time_stops_nothing() -> None:
    far = "9999-12-31T23:30:00Z"
    limits = [{"end": far, "limit_kw": 9}, {"start": far, "limit_kw": 0}]
    assert parse_site(json.dumps(document() | {"limits": limits, "base_load_kw": 1})).warnings(at(12)) == []


def test_pv_and_feed_in_need_a_price_to_count() -> None:
    site = parse_site(json.dumps(document() | {"pv_kw": 3, "feed_in_per_kwh": 0.1}))
    assert site.warnings(at(12)) == [
        "pv_kw: counts for nothing without price_per_kwh or uploaded prices",
        "feed_in_per_kwh: counts for nothing without price_per_kwh or uploaded prices",
    ]


def limit(number: int, **changes: object) -> Callable[[Document], None]:
    return lambda site: site["limits"][number].update(changes)


def amperes(**changes: object) -> Callable[[Document], None]:
    return lambda site: site["limits"][0]["limit_a"].update(changes)


def top(**changes: object) -> Callable[[Document], None]:
    return lambda site: site.update(changes)


def feeder(number: int, **changes: object) -> Callable[[Document], None]:
    def spoil(site: Document) -> None:
        site |= with_feeders()
        site["feeders"][number].update(changes)

    return spoil


ENDS = "the period before ends 2026-03-02T17:00:00Z"
WRONG = {
    "unknown phase": (amperes(L4=1), "limits[0].limit_a.L4: must be 'L1', 'L2' or 'L3', is 'L4'"),
    "negative": (amperes(L1=-3), "limits[0].limit_a.L1: must be 0 or more, is -3"),
    "NaN": (amperes(L1=float("nan")), "limits[0].limit_a.L1: must be a finite number, is nan"),
    "infinite": (limit(1, limit_kw=float("inf")), "limits[1].limit_kw: must be a finite number, is inf"),
    "text": (amperes(L1="63"), "limits[0].limit_a.L1: must be a number, is '63'"),
    "missing phase": (
        lambda site: site["limits"][0]["limit_a"].pop("L3"),
        "limits[0].limit_a.L3: missing: give every phase (L1, L2, L3)",
    ),
    "phase of no site": (
        top(phases=["L1", "L2"]),
        "limits[0].limit_a.L3: the site has no such phase (L1, L2)",
    ),
    "gap": (
        limit(1, start="2026-03-02T17:30:00Z"),
        f"limits[1].start: gap: {ENDS}, this one starts 2026-03-02T17:30:00Z: make them equal",
    ),
    "overlap": (
        limit(1, start="2026-03-02T16:00:00Z"),
        f"limits[1].start: overlap: {ENDS}, this one starts 2026-03-02T16:00:00Z: make them equal",
    ),
    "no start within": (
        limit(1, start=None),
        "limits[1].start: missing: only the first period may be without",
    ),
    "no end within": (
        limit(1, end=None),
        "limits[1].end: missing: only the last period may be without an end",
    ),
    "first start": (
        limit(0, start="2026-01-01T00:00:00Z"),
        "limits[0].start: the first period holds from ever",
    ),
    "last end": (limit(2, end="2027-01-01T00:00:00Z"), "limits[2].end: the last period holds for ever"),
    "both limits": (limit(0, limit_kw=3), "limits[0]: give either limit_a"),
    "no limit": (limit(1, limit_kw=None), "limits[1]: give either limit_a"),
    "start after end": (limit(1, end="2026-03-02T16:00:00Z"), "limits[1]: must start before it ends"),
    "no time": (limit(1, start="2 March"), "limits[1].start: must be a time in whole seconds such as"),
    "date only": (limit(1, start="2026-03-02"), "limits[1].start: must be a time in whole seconds such as"),
    "unix time": (limit(1, start=1772470800), "limits[1].start: must be a time such as"),
    "no limits": (top(limits=[]), "limits: must not be empty: give at least one period"),
    "limits are a number": (top(limits=3), "limits: must be an object in braces"),
    "time zone": (top(time_zone="Europe/Nowhere"), "time_zone: unknown time zone 'Europe/Nowhere'"),
    "folder of zones": (top(time_zone="Europe"), "time_zone: unknown time zone 'Europe'"),
    "voltage": (top(voltage_v=0), "voltage_v: must be more than 0, is 0"),
    "unknown field": (
        top(arival_headroom=2),
        "arival_headroom: unknown field: did you mean arrival_headroom?",
    ),
    "deep unknown field": (limit(1, zzz=2), "limits[1].zzz: unknown field: remove it"),
    "no location": (lambda site: site.pop("location"), "location: missing: give it a value"),
    "id": (top(id="a b"), "id: must be letters, digits, '.', '_' and '-' only, is 'a b'"),
    "twice the same EVSE": (
        top(evses=[{"evse_uid": "E1"}, {"evse_uid": "e1"}]),
        "evses[1].evse_uid: 'e1' is already evses[0]: keep one",
    ),
    "twice the same phase": (
        top(evses=[{"evse_uid": "E1", "phases": ["L1", "L1"]}]),
        "evses[0].phases: L1 is given twice",
    ),
    "unknown parent": (feeder(1, parent="T9"), "feeders[1].parent: there is no feeder 'T9': use one of grid, T1, F1"),
    "cycle": (feeder(0, parent="F1"), "feeders[0].parent: 'T1' is before itself, by way of 'F1'"),
    "its own parent": (feeder(0, parent="T1"), "feeders[0].parent: 'T1' is before itself, by way of 'T1'"),
    "feeder twice": (feeder(2, id="F1"), "feeders[2].id: 'F1' is already feeders[1]: keep one"),
    "feeder is the grid": (feeder(0, id="grid"), "feeders[0].id: 'grid' is the grid connection: choose another"),
    "feeder without a limit": (feeder(0, limits=[]), "feeders[0].limits: must not be empty: give at least one period"),
    "negative limit of a feeder": (
        feeder(0, limits=[{"limit_kw": -1}]),
        "feeders[0].limits[0].limit_kw: must be 0 or more, is -1",
    ),
    "phase that does not come": (
        feeder(1, parent="F2", phases=["L1"]),
        "feeders[1].phases: L1 does not come from 'F2' (L2)",
    ),
    "limit of a phase that is not there": (
        feeder(2, limits=[{"limit_a": {"L1": 3, "L2": 3}}]),
        "feeders[2].limits[0].limit_a.L1: the feeder has no such phase (L2)",
    ),
    "load on a phase that is not there": (
        feeder(2, base_load_kw=None, base_load_a={"L3": 3}),
        "feeders[2].base_load_a.L3: the feeder has no such phase (L2)",
    ),
    "both loads": (top(base_load_kw=3, base_load_a={"L1": 3}), "give either base_load_a"),
    "load beyond all": (top(base_load_kw=1e308), "base_load_kw: must be 100000 or less, is 1e+308"),
    "inflow beyond all": (top(base_load_kw=-1e308), "base_load_kw: must be -100000 or more, is -1e+308"),
    "current beyond all": (top(min_a=1e308), "min_a: must be 100000 or less, is 1e+308"),
    "price beyond all": (
        top(demand_charge={"price_per_kw": 1e300}),
        "demand_charge.price_per_kw: must be 100000 or less, is 1e+300",
    ),
    "NaN load": (top(base_load_kw=float("nan")), "base_load_kw: must be a finite number, is nan"),
    "NaN price": (
        top(price_per_kwh=[0.1] * 23 + [float("nan")]),
        "price_per_kwh[23]: must be a finite number, is nan",
    ),
    "a price is missing": (
        top(price_per_kwh=[0.1] * 23),
        "price_per_kwh: must be one number, or 24, one for each hour of the day; has 23",
    ),
    "no price": (top(price_per_kwh="cheap"), "price_per_kwh: must be a number, is 'cheap'"),
    "no currency": (top(currency="euro"), "currency: must be the three letters of a currency (ISO 4217) such as EUR"),
    "negative demand charge": (
        top(demand_charge={"price_per_kw": -1}),
        "demand_charge.price_per_kw: must be 0 or more",
    ),
    "unknown feeder": (
        top(evses=[{"evse_uid": "E1", "feeder": "F9"}]),
        "evses[0].feeder: there is no feeder 'F9': use one of grid",
    ),
    "EVSE on a phase that its feeder has not": (
        lambda site: site.update(with_feeders() | {"evses": [{"evse_uid": "E1", "feeder": "F2", "phases": ["L1"]}]}),
        "evses[0].phases: the feeder F2 has no phase L1 (L2)",
    ),
    "priority": (top(evses=[{"evse_uid": "E1", "priority": 0}]), "evses[0].priority: must be more than 0, is 0"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_place_is_named_with_what_to_do(name: str) -> None:
    spoil, expected = WRONG[name]
    wrong = document()
    spoil(wrong)
    with pytest.raises(SiteError) as caught:
        parse_site(json.dumps(wrong))
    assert [problem for problem in caught.value.problems if problem.startswith(expected)]


def test_every_wrong_place_is_named_at_once() -> None:
    wrong = document() | {"voltage_v": -1, "fuse": 3}
    with pytest.raises(SiteError) as caught:
        parse_site(json.dumps(wrong))
    assert [problem.split(":")[0] for problem in caught.value.problems] == ["voltage_v", "fuse"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{\n "id": 1,}', "line 2, column 9: not JSON"),
        ("", "line 1, column 1: not JSON"),
        ("[1]", "must be an object in braces"),
        ('{"id": "a", "id": "b"}', "id: given twice in one object"),
        ("[" * 100_000, "nested too deep"),
        (b"\xff", "not UTF-8"),
    ],
)
def test_what_is_no_site_at_all_is_told_so(text: str | bytes, message: str) -> None:
    with pytest.raises(SiteError, match=message):
        parse_site(text)


def test_the_command_line_can_read_sites_without_the_solver() -> None:
    heavy = "any(name in sys.modules for name in ('pulp', 'numpy', 'boto3'))"
    path = json.dumps(sys.path)
    program = f"import sys; sys.path[:] = {path}; import ocpi.sites.site; sys.exit({heavy})"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
