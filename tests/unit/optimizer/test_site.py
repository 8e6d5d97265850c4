import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from optimizer.phases import PHASES, Phase
from optimizer.site import LimitPeriod, Site, SiteError, parse_site

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
    assert site.limit_changes(at(12)) == [at(17), at(21)]
    assert site.limit_changes(at(17), at(21)) == []


def test_a_new_limit_cuts_into_the_periods_there_are(site: Site) -> None:
    changed = site.with_limit(at(16), at(20), same(10))
    assert [(period.start, period.end) for period in changed.limits] == [
        (None, at(16)),
        (at(16), at(20)),
        (at(20), at(21)),
        (at(21), None),
    ]
    assert changed.limit(at(19), at(19)) == same(10)
    assert changed.limit(at(20), at(20)) == same(50)


def test_an_equal_limit_is_merged_with_its_neighbour(site: Site) -> None:
    assert site.with_limit(at(18), at(20), 34.5) == site
    assert site.with_limit(None, None, 5.0).limits == (LimitPeriod(limit_kw=5.0),)


def test_a_limit_that_cannot_be_changes_nothing(site: Site) -> None:
    wrong: list[tuple[Any, str]] = [
        (same(-1), "limit_a.L1"),
        ({"L9": 3}, "limit_a.L9"),
        ({"L1": 3}, "limit_a.L2"),
    ]
    for limit, place in wrong:
        with pytest.raises(SiteError, match=place):
            site.with_limit(at(12), at(13), limit)
    with pytest.raises(SiteError, match="must start before it ends"):
        site.with_limit(at(13), at(12), 5.0)


def limit(number: int, **changes: object) -> Callable[[Document], None]:
    return lambda site: site["limits"][number].update(changes)


def amperes(**changes: object) -> Callable[[Document], None]:
    return lambda site: site["limits"][0]["limit_a"].update(changes)


def top(**changes: object) -> Callable[[Document], None]:
    return lambda site: site.update(changes)


ENDS = "the period before ends 2026-03-02T17:00:00Z"
WRONG = {
    "unknown phase": (amperes(L4=1), "limits[0].limit_a.L4: unknown phase 'L4': use L1, L2 or L3"),
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
    "limits are no list": (top(limits=3), "limits: must be a list in brackets"),
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
    program = f"import sys; sys.path[:] = {path}; import optimizer.site; sys.exit({heavy})"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
