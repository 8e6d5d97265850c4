"""Policies on small garages whose best outcome is plain."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from ocpi.sites.reading import WrongInput
from optimizer.history import Belief, History
from optimizer.offline import knowledge as known
from optimizer.offline.comparison import Comparison, Tried, Window, compared
from optimizer.offline.knowledge import Beliefs
from optimizer.offline.policies import PolicyName
from optimizer.offline.sessions_file import Visit, Visits
from optimizer.offline.simulated_site import SimulatedSite, parse_site

ZONE = ZoneInfo("Europe/Amsterdam")
MORNING = datetime(2026, 3, 2, 8, 0, tzinfo=ZONE)
CONTROLLED = [PolicyName.LP, PolicyName.EDF, PolicyName.LLF, PolicyName.ROUND_ROBIN]
ANGLES = (30, -90, 150)


def visit(id_: str, begin_h: float, end_h: float, kwh: float, *, angle: int = 30, **fields: Any) -> Visit:
    """A stay of so many hours after eight in the morning."""
    begin, end = (MORNING + timedelta(hours=hours) for hours in (begin_h, end_h))
    return Visit(id_, f"S-{id_}", begin, end, kwh, angle, **fields)


def site(limit: dict[str, Any], **fields: Any) -> SimulatedSite:
    document = {"id": "garage", "limits": [{"id": "grid", **limit}], **fields}
    return SimulatedSite.model_validate(document)


def line_to_line(limit_a: float, **fields: Any) -> SimulatedSite:
    limit = {"limit_a": dict.fromkeys(("L1", "L2", "L3"), limit_a)}
    return site(limit, wiring="line-to-line", voltage_v=208.0, **fields)


def compare(
    place: SimulatedSite,
    visits: Sequence[Visit],
    policies: Sequence[PolicyName] = tuple(PolicyName),
    *,
    beliefs: Beliefs = Beliefs.TOLD,
    window: Window = Window(),  # noqa: B008 - it is frozen
) -> Comparison:
    ordered = tuple(sorted(visits, key=lambda each: each.arrival))
    return compared(Visits(ordered, ZONE), place, policies, beliefs, window, lambda *_: None)


def by_name(comparison: Comparison) -> dict[str, Tried]:
    return {each.name: each for each in comparison.tried}


def met(comparison: Comparison) -> dict[str, float]:
    return {each.name: round(each.score.demand_met_pct, 2) for each in comparison.tried}


def test_with_room_for_all_everyone_gets_everything() -> None:
    visits = [visit(str(number), number / 4, number / 4 + 4, 10.0) for number in range(6)]
    comparison = compare(site({"limit_kw": 100.0}), visits)
    assert set(met(comparison)) == {"offline", *PolicyName}
    assert min(met(comparison).values()) >= 99.99
    assert {each.score.intervals_over_limit for each in comparison.tried} == {0}


def test_a_tight_limit_is_never_broken_except_without_control() -> None:
    visits = [visit(str(number), 0, 4, 12.0, angle=angle) for number, angle in enumerate(ANGLES * 3)]
    for place in (site({"limit_kw": 15.0}), line_to_line(40.0)):
        tried = by_name(compare(place, visits))
        assert tried["uncontrolled"].score.intervals_over_limit > 0
        for name in ("offline", *CONTROLLED):
            assert tried[name].score.intervals_over_limit == 0
            assert tried[name].score.demand_met_pct <= tried["offline"].score.demand_met_pct + 1e-6


def test_nobody_is_charged_below_the_least_current() -> None:
    visits = [visit(str(number), 0, 3, 12.0) for number in range(9)]
    tried = by_name(compare(site({"limit_kw": 10.0}), visits))
    least_kw = 6 * 230 / 1000
    for name in CONTROLLED:
        planned = np.concatenate(tried[name].charged.planned_kw)
        assert planned[planned > 0].min() >= least_kw - 1e-6, name


def test_offline_knows_who_comes_later() -> None:
    """The patient car is to be charged in the gap, which only who knows of the others can tell."""
    visits = [visit("patient", 0, 3, 4.6), visit("first", 0, 1, 4.6), visit("later", 2, 3, 4.6)]
    tried = met(compare(site({"limit_kw": 4.6}), visits, [PolicyName.LP, PolicyName.EDF]))
    assert tried["offline"] == 100.0
    assert tried["lp"] > 99.0, "who leaves first goes first, the patient one in between"
    assert tried["edf"] == 100.0


@pytest.mark.parametrize(("name", "served"), [(PolicyName.EDF, "leaves"), (PolicyName.LLF, "hurried")])
def test_each_sorted_policy_serves_its_own_first(name: PolicyName, served: str) -> None:
    """The hurried one leaves later, but needs all of its time."""
    visits = [visit("leaves", 0, 2, 4.6), visit("hurried", 0, 2.5, 16.0)]
    tried = by_name(compare(site({"limit_kw": 6.6}), visits, [name]))[name]
    first = {visit.id: power[0] for visit, power in zip(visits, tried.charged.power_kw, strict=True)}
    assert max(first, key=lambda id_: first[id_]) == served


def test_round_robin_shares_equally() -> None:
    visits = [visit(str(number), 0, 2, 10.0) for number in range(3)]
    tried = by_name(compare(site({"limit_kw": 9.0}), visits, [PolicyName.ROUND_ROBIN]))["round-robin"]
    assert [power[0] for power in tried.charged.power_kw] == pytest.approx([3.0, 3.0, 3.0])


def test_currents_between_lines_add_up_as_vectors() -> None:
    """Two cars on different pairs share a line at 60 degrees: it bears sqrt(3) of one, not two."""
    visits = [visit("one", 0, 1, 6.6, angle=30), visit("other", 0, 1, 6.6, angle=150)]
    ampere = 6600 / 208
    tried = met(compare(line_to_line(ampere * 3**0.5 * 1.003), visits, [PolicyName.LLF]))
    assert tried["llf"] == 100.0
    tight = by_name(compare(line_to_line(ampere * 1.6), visits, [PolicyName.UNCONTROLLED]))
    assert tight["uncontrolled"].score.intervals_over_limit == 12
    assert met(compare(line_to_line(ampere * 1.6), visits, [PolicyName.LLF]))["llf"] < 100.0


def test_a_tree_with_base_load_bounds_each_feeder() -> None:
    document = {
        "limits": [
            {"id": "grid", "limit_kw": 20.0, "base_load_kw": [2.0] * 288},
            {"id": "F1", "parent": "grid", "limit_kw": 4.0},
        ],
        "stations": {"S-a": {"node": "F1"}, "S-b": {"node": "F1"}},
    }
    place = SimulatedSite.model_validate({"id": "garage", **document})
    visits = [visit("a", 0, 1, 8.0), visit("b", 0, 1, 8.0), visit("c", 0, 1, 8.0)]
    tried = by_name(compare(place, visits))
    for name in ("offline", *CONTROLLED):
        a, b, c = tried[name].charged.power_kw
        assert (a + b).max() <= 4.0 + 1e-6
        assert c.max() > 5.9
    assert tried["uncontrolled"].score.intervals_over_limit == 12


def test_a_full_car_is_noticed_though_nobody_knew_what_it_needs() -> None:
    """The first to come is full after a quarter of an hour; what it does not draw goes to the other."""
    visits = [visit("full", 0, 3, 1.65), visit("hungry", 0.1, 3, 15.0)]
    tried = met(compare(site({"limit_kw": 6.6}), visits, CONTROLLED, beliefs=Beliefs.UNKNOWN))
    assert tried["lp"] > 96.0
    assert tried["edf"] > 96.0


def test_a_car_that_stays_longer_than_believed_is_still_charged() -> None:
    place = site({"limit_kw": 6.6}, assumed_stay_hours=1.0, assumed_energy_kwh=5.0)
    tried = met(compare(place, [visit("stays", 0, 5, 25.0)], CONTROLLED, beliefs=Beliefs.UNKNOWN))
    assert min(tried.values()) > 99.0


def days(number: int) -> list[Visit]:
    """Each day one who takes a little and stays, and one who takes much and leaves early; they come together."""
    visits = []
    for day in range(number):
        visits += [
            visit(f"stays-{day}", 24 * day, 24 * day + 9, 6.0, driver="stays"),
            visit(f"leaves-{day}", 24 * day, 24 * day + 2, 9.0, driver="leaves"),
        ]
    return [Visit(each.id, f"S-{each.driver}", *_stay(each), 30, each.driver) for each in visits]


def _stay(each: Visit) -> tuple[datetime, datetime, float]:
    return each.arrival, each.departure, each.energy_kwh


def test_what_was_learned_serves_who_leaves_early() -> None:
    window = Window(score_from=(MORNING + timedelta(days=14)).date())
    place = site({"limit_kw": 4.6})
    tried = {
        beliefs: met(compare(place, days(21), [PolicyName.LP], beliefs=beliefs, window=window))
        for beliefs in (Beliefs.LEARNED, Beliefs.UNKNOWN)
    }
    assert tried[Beliefs.LEARNED]["lp"] > tried[Beliefs.UNKNOWN]["lp"] + 5


def test_nothing_is_learned_of_a_visit_before_it_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    believed: list[datetime] = []
    seen: list[tuple[datetime, datetime]] = []

    class Watched(History):
        def believe(self, *arguments: Any) -> Belief:
            believed.append(arguments[1])
            return super().believe(*arguments)

        def after(self, visit: Any) -> "Watched":
            seen.append((visit.departure, believed[-1]))
            learned = super().after(visit)
            return Watched(learned.records, learned.zone)

    monkeypatch.setattr(known, "History", Watched)
    visits = days(4)
    compare(site({"limit_kw": 4.6}), visits, [PolicyName.EDF], beliefs=Beliefs.LEARNED)
    assert len(seen) == len(visits)
    assert all(earlier[0] <= later[0] for earlier, later in pairwise(seen)), "in the order in which they end"
    assert all(before < departure for departure, before in seen[1:]), "not long after it"
    changed = [
        Visit(v.id, v.station, v.arrival, v.departure, 1.0, 30, v.driver) if v is visits[-1] else v for v in visits
    ]
    both = [
        compare(site({"limit_kw": 4.6}), each, [PolicyName.EDF], beliefs=Beliefs.LEARNED) for each in (visits, changed)
    ]
    earlier = [by_name(each)["edf"].charged.planned_kw[:-2] for each in both]
    assert all(np.array_equal(one, other) for one, other in zip(*earlier, strict=True)), (
        "the last visit is not foreseen"
    )


def test_only_the_wanted_days_are_played_and_counted() -> None:
    second = (MORNING + timedelta(days=1)).date()
    place = site({"limit_kw": 100.0})
    played = compare(place, days(3), [PolicyName.EDF], window=Window(begin=second))
    assert (len(played.garage.visits), played.counted_sessions) == (4, 4)
    counted = compare(place, days(3), [PolicyName.EDF], window=Window(score_from=second))
    assert (len(counted.garage.visits), counted.counted_sessions) == (6, 4)
    until = compare(place, days(3), [PolicyName.EDF], window=Window(end=second))
    assert len(until.garage.visits) == 2


def test_stays_may_begin_and_end_inside_a_step() -> None:
    second = timedelta(seconds=150) / timedelta(hours=1)
    visits = [visit("odd", second, 1 + second, 20.0)]
    tried = by_name(compare(site({"limit_kw": 100.0}), visits))
    at_most = (1 - second) * 6.6 + second * 6.6
    for each in tried.values():
        assert each.score.delivered_kwh == pytest.approx(at_most - 6.6 * second, rel=0.01), "heard of at the next edge"


def test_limits_may_follow_the_day() -> None:
    limit = [2.0] * 144 + [20.0] * 144
    tried = by_name(compare(site({"limit_kw": limit}), [visit("car", 3, 6, 30.0)]))
    for name in ("offline", *CONTROLLED):
        power = tried[name].charged.power_kw[0]
        assert power[:12].max() <= 2.0 + 1e-6
        assert power[12:].max() > 6.5


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"stations": {"S": {"node": "F9"}}}, "stations.S.node: limits has no 'F9'"),
        ({"limits": [{"id": "grid", "limit_kw": [1, 2]}]}, "limits[0].limit_kw: has 2 values: give one for each five"),
        ({"wiring": "line-to-line", "stations": {"S": {"phases": ["L1"]}}}, "stations.S.phases: between lines"),
        ({"phases": ["L1"], "stations": {"S": {"phases": ["L2"]}}}, "stations.S.phases: the site has only L1"),
        ({"assumed_stay_hours": 0}, "assumed_stay_hours: must be more than 0"),
    ],
)
def test_a_site_that_cannot_be_is_told(fields: dict[str, Any], problem: str) -> None:
    document = {"id": "garage", "limits": [{"id": "grid", "limit_kw": 10}], **fields}
    with pytest.raises(WrongInput) as error:
        parse_site(json.dumps(document))
    assert str(error.value).startswith(problem)


def test_a_limit_of_a_line_needs_to_know_the_wiring() -> None:
    unknown = Visit("A", "S-1", MORNING, MORNING + timedelta(hours=1), 3.0)
    with pytest.raises(ValueError, match="station S-1: give its phases under 'stations' of the site"):
        compare(line_to_line(30.0), [unknown])
    wired = line_to_line(30.0, stations={"S-1": {"phases": ["L1", "L2"]}})
    assert met(compare(wired, [unknown]))["lp"] == pytest.approx(100, abs=0.5)
    assert met(compare(site({"limit_kw": 30.0}), [unknown]))["lp"] == pytest.approx(100, abs=0.5)
