"""Scenarios: what is read out of a file, and what is said of one that cannot be."""

import copy
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from optimizer.offline.scenario import ScenarioError, parse_scenario, parse_site, to_problem
from optimizer.planning.check import broken_limits
from optimizer.planning.problem import Problem, Wiring
from optimizer.planning.solve import solve

Document = dict[str, Any]
Spoil = Callable[[Document], object]

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"


def document() -> Document:
    return {
        "start": "2026-03-02T17:00:00Z",
        "step_seconds": 900,
        "site": {
            "id": "depot",
            "voltage_v": 230,
            "limits": [
                {"id": "grid", "parent": None, "limit_a": {"L1": 63, "L2": 63, "L3": [63, 63, 40, 40]}},
                {"id": "yard", "parent": "grid", "limit_kw": 20, "base_load_kw": [2, 2, 3, 3], "pv_kw": 1},
            ],
        },
        "sessions": [
            {
                "id": "A",
                "node": "yard",
                "phases": ["L2", "L1"],
                "min_a": 6,
                "max_a": 16,
                "arrival": 0,
                "departure": 3000,
                "energy_kwh": 5,
                "priority": 2,
            },
            {
                "id": "D",
                "node": "grid",
                "power_type": "DC",
                "min_kw": 5,
                "max_kw": 20,
                "arrival": 900,
                "departure": 3600,
                "energy_kwh": 5,
            },
        ],
        "price_per_kwh": [0.3, 0.2, 0.1, -0.1],
    }


def read(spoil: Spoil = lambda _: None) -> Problem:
    spoiled = document()
    spoil(spoiled)
    return to_problem(parse_scenario(json.dumps(spoiled)))


def setting(**fields: Any) -> Spoil:
    return lambda document: document.update(fields)


def site(**fields: Any) -> Spoil:
    return lambda document: document["site"].update(fields)


def limit(number: int, **fields: Any) -> Spoil:
    return lambda document: document["site"]["limits"][number].update(fields)


def session(number: int, **fields: Any) -> Spoil:
    return lambda document: document["sessions"][number].update(fields)


def without(number: int, name: str) -> Spoil:
    return lambda document: document["sessions"][number].pop(name)


def battery(**fields: Any) -> Spoil:
    whole = {"node": "grid", "capacity_kwh": 10, "charge_kw": 5, "discharge_kw": 5, "stored_kwh": 5}
    return site(battery=whole | fields)


def test_a_scenario_becomes_the_problem_that_it_says() -> None:
    problem = read()
    car, truck = problem.vehicles
    assert (car.phases, car.least, car.most, car.departure_s, car.energy_kwh, car.priority) == (
        ("L2", "L1"),
        6,
        16,
        3000,
        5,
        2,
    )
    assert (truck.dc, truck.least, truck.most, truck.arrival_s, truck.phases) == (True, 5, 20, 900, ("L1", "L2", "L3"))
    grid, yard = problem.nodes
    assert grid.limit_a["L1"].tolist() == [63] * 4
    assert grid.limit_a["L3"].tolist() == [63, 63, 40, 40]
    assert yard.limit_kw is not None
    assert yard.limit_kw.tolist() == [20] * 4
    assert yard.load_kw is not None
    assert yard.load_kw.tolist() == [1, 1, 2, 2], "PV counts against the base load"
    assert problem.prices is not None
    assert problem.prices.import_per_kwh.tolist() == [0.3, 0.2, 0.1, -0.1]


def test_pv_counts_on_each_line_where_the_base_load_is_told_by_line() -> None:
    problem = read(limit(0, base_load_a={"L1": 10, "L2": [4, 4, 5, 5]}, pv_kw=6.9))
    loads = problem.nodes[0].load_a
    assert {phase: loads[phase].round(6).tolist() for phase in loads} == {
        "L1": [0, 0, 0, 0],
        "L2": [-6, -6, -5, -5],
        "L3": [-10, -10, -10, -10],
    }


def test_what_is_left_out_has_a_sensible_value() -> None:
    def spoil(document: Document) -> None:
        for name in ("phases", "min_a", "arrival", "priority"):
            document["sessions"][0].pop(name)
        document["sessions"][1].pop("min_kw")
        document["site"].pop("voltage_v")

    problem = read(spoil)
    car, truck = problem.vehicles
    assert (car.phases, car.least, car.arrival_s, car.priority, truck.least) == (("L1", "L2", "L3"), 6, 0, 1, 0)
    assert (problem.voltage_v, problem.wiring, problem.battery) == (230, Wiring.STAR, None)
    assert problem.prices is not None
    assert (problem.prices.demand_per_kw, problem.prices.feed_in_per_kwh.tolist()) == (0, [0] * 4)


def test_between_lines_the_voltage_is_208_unless_told_and_a_limit_in_kw_becomes_ampere() -> None:
    def spoil(document: Document) -> None:
        document["site"] |= {"wiring": "line-to-line", "session_defaults": {"max_kw": 6.24, "max_a": 100}}
        del document["site"]["voltage_v"], document["sessions"][0]["max_a"]

    problem = read(spoil)
    assert problem.voltage_v == 208
    assert problem.vehicles[0].most == pytest.approx(30)


def test_the_least_current_assumed_is_never_above_the_highest() -> None:
    def spoil(document: Document) -> None:
        document["sessions"][0] |= {"max_a": 4}
        del document["sessions"][0]["min_a"]

    assert read(spoil).vehicles[0].least == 4


def test_a_time_without_a_zone_is_utc_and_an_offset_is_converted() -> None:
    assert read(setting(start="2026-03-02T17:00:00")).start == datetime(2026, 3, 2, 17, tzinfo=UTC)
    assert read(setting(start="2026-03-02T17:00:00+01:00")).start == datetime(2026, 3, 2, 16, tzinfo=UTC)


def test_steps_of_different_length_prices_demand_charge_and_battery_are_taken_over() -> None:
    def spoil(document: Document) -> None:
        document |= {
            "step_seconds": [300, 300, 900, 3600],
            "feed_in_per_kwh": [0.1, 0.1, 0.05, 0],
            "demand_charge": {"price_per_kw": 5, "peak_kw": 11},
        }
        battery(stored_kwh=4)(document)

    problem = read(spoil)
    assert problem.edges_s.tolist() == [0, 300, 600, 1500, 5100]
    assert problem.prices is not None
    assert problem.prices.feed_in_per_kwh.tolist() == [0.1, 0.1, 0.05, 0]
    assert (problem.prices.demand_per_kw, problem.prices.peak_kw) == (5, 11)
    assert problem.battery is not None
    assert (problem.battery.stored_kwh, problem.battery.efficiency) == (4, 0.9)


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.json")), ids=lambda file: file.stem)
def test_an_example_is_read_and_planned_within_its_limits(file: Path) -> None:
    if "sessions" not in json.loads(file.read_text()):
        assert parse_site(file.read_bytes()).limits
        return
    problem = to_problem(parse_scenario(file.read_bytes()))
    plan = solve(problem)
    assert broken_limits(problem, plan.rates, plan.battery_kw) == []
    assert plan.delivered_kwh.sum() > 0


WRONG: dict[str, tuple[Spoil, str]] = {
    "departure before arrival": (session(0, arrival=3000, departure=900), "sessions[0].departure: 900 is not after"),
    "departure at arrival": (session(0, arrival=900, departure=900), "sessions[0].departure: 900 is not after arrival"),
    "negative limit": (limit(0, limit_a={"L1": -1}), "site.limits[0].limit_a.L1: must be 0 or more, is -1"),
    "negative limit in a step": (limit(1, limit_kw=[1, 2, -3, 4]), "site.limits[1].limit_kw[2]: must be 0 or more"),
    "negative energy": (session(0, energy_kwh=-1), "sessions[0].energy_kwh: must be 0 or more, is -1"),
    "unknown node": (session(0, node="yrd"), "sessions[0].node: site.limits has no 'yrd': did you mean 'yard'?"),
    "unknown parent": (limit(1, parent="gird"), "site.limits[1].parent: site.limits has no 'gird': did you mean"),
    "own parent": (limit(1, parent="yard"), "site.limits[1].parent: goes round in a circle: yard -> yard"),
    "circle": (limit(0, parent="yard"), "site.limits[0].parent: goes round in a circle: grid -> yard -> grid"),
    "two roots": (limit(1, parent=None), "site.limits[1].parent: missing: the grid connection is limits[0]"),
    "no limits": (site(limits=[]), "site.limits: must not be empty"),
    "node twice": (limit(1, id="grid"), "site.limits[1].id: 'grid' is already limits[0]"),
    "session twice": (session(1, id="A"), "sessions[1].id: 'A' is already sessions[0]: keep one"),
    "NaN": (setting(price_per_kwh=[0.1, float("nan"), 1, 1]), "price_per_kwh[1]: must be a finite number, is nan"),
    "Infinity": (session(0, max_a=float("inf")), "sessions[0].max_a: must be"),
    "hole in the prices": (setting(price_per_kwh=[1, None, 1, 1]), "price_per_kwh[1]: must be a number, is null"),
    "no prices": (setting(price_per_kwh=[]), "price_per_kwh: must not be empty"),
    "one price for all": (setting(price_per_kwh=0.3), "price_per_kwh: must be a list in brackets"),
    "too few limits": (
        limit(0, limit_a={"L1": [63, 63, 63]}),
        "site.limits[0].limit_a.L1: has 3 values, and price_per_kwh 4: give one for each step",
    ),
    "too much PV": (limit(1, pv_kw=[1] * 5), "site.limits[1].pv_kw: has 5 values, and price_per_kwh 4"),
    "too few feed-in prices": (setting(feed_in_per_kwh=[1]), "feed_in_per_kwh: has 1 values, and price_per_kwh 4"),
    "too few steps": (setting(step_seconds=[900, 900]), "step_seconds: has 2 values, and price_per_kwh 4"),
    "no step": (setting(step_seconds=0), "step_seconds: must be 1 or more, is 0"),
    "part of a second": (setting(step_seconds=[900, 900, 0.5, 900]), "step_seconds[2]: must be a whole number, is 0.5"),
    "phase twice": (session(0, phases=["L1", "L1"]), "sessions[0].phases: L1 is given twice"),
    "no phase": (session(0, phases=[]), "sessions[0].phases: must not be empty"),
    "unknown phase": (session(0, phases=["L4"]), "sessions[0].phases[0]: must be 'L1', 'L2' or 'L3', is 'L4'"),
    "phase that the site lacks": (site(phases=["L1", "L2"]), "site.limits[0].limit_a.L3: the site has no such phase"),
    "one phase between lines": (
        lambda document: (site(wiring="line-to-line")(document), session(0, phases=["L1"])(document)),
        "sessions[0].phases: between lines a car needs two or three",
    ),
    "unknown wiring": (site(wiring="delta"), "site.wiring: must be 'star' or 'line-to-line', is 'delta'"),
    "min above max": (session(0, min_a=17), "sessions[0].min_a: 17 is more than max_a, 16"),
    "DC min above max": (session(1, min_kw=21), "sessions[1].min_kw: 21 is more than max_kw, 20"),
    "no max": (without(0, "max_a"), "sessions[0].max_a: missing: give it a value, or site.session_defaults one"),
    "no DC max": (without(1, "max_kw"), "sessions[1].max_kw: missing"),
    "AC session in kW": (session(0, min_kw=3), "sessions[0].min_kw: unknown field: it belongs elsewhere"),
    "DC on one phase": (session(1, phases=["L1"]), "sessions[1].phases: DC draws alike from all phases of the site"),
    "unknown power type": (session(0, power_type="XC"), "sessions[0]: its power_type must be AC or DC"),
    "huge": (session(0, energy_kwh=1e308), "sessions[0].energy_kwh: must be 100000 or less, is 1e+308"),
    "huge whole number": (session(0, energy_kwh=10**400), "sessions[0].energy_kwh: must be a number, is 1000"),
    "text for a number": (session(0, departure="900"), "sessions[0].departure: must be a number, is '900'"),
    "truth for a number": (session(0, departure=True), "sessions[0].departure: must be a number, is True"),
    "both base loads": (
        limit(1, base_load_a={"L1": 3}),
        "site.limits[1].base_load_kw: base_load_a says it already: give one of them",
    ),
    "misspelled": (setting(price_per_kWh=[1]), "price_per_kWh: unknown field: did you mean price_per_kwh?"),
    "unknown": (limit(0, zzz=1), "site.limits[0].zzz: unknown field: remove it"),
    "part of a second at the start": (setting(start="2026-03-02T17:00:00.5Z"), "start: must be a time in whole"),
    "end of time": (setting(start="9999-12-31T23:30:00Z"), "start: the last step would end after the year 9999"),
    "unknown time zone": (site(time_zone="Mars/Olympus"), "site.time_zone: unknown time zone 'Mars/Olympus'"),
    "battery nowhere": (battery(node="yrad"), "site.battery.node: site.limits has no 'yrad': did you mean 'yard'?"),
    "battery more than full": (battery(stored_kwh=11), "site.battery.stored_kwh: 11 is more than capacity_kwh, 10"),
    "battery that makes energy": (battery(efficiency=1.1), "site.battery.efficiency: must be 1 or less, is 1.1"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_place_is_named_with_what_to_do(name: str) -> None:
    spoil, expected = WRONG[name]
    with pytest.raises(ScenarioError) as caught:
        read(spoil)
    assert [problem for problem in caught.value.problems if problem.startswith(expected)], caught.value.problems


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{\n "start": 1,}', "line 2, column 12: not JSON"),
        ("", "line 1, column 1: not JSON"),
        ("[1]", "must be an object in braces"),
        ('{"start": 1, "start": 2}', "start: given twice in one object: keep one"),
        ('{"site": {"id": "a", "id": "b"}}', "id: given twice in one object: keep one"),
        ("[" * 100_000, "nested too deep"),
        ('{"site":' * 100_000, "nested too deep"),
        ("9" * 5000, "not JSON: a number is too long"),
        (b"\xff\xfe\xff", "not JSON: the text is not UTF-8"),
    ],
    ids=["comma", "empty", "list", "twice", "twice within", "deep list", "deep object", "long number", "no text"],
)
def test_what_is_no_scenario_at_all_is_told_so(text: str | bytes, message: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        parse_scenario(text)
    assert caught.value.problems == (caught.value.problems[0],)
    assert message in caught.value.problems[0]


def test_every_wrong_place_is_told_at_once_up_to_a_number_that_somebody_reads() -> None:
    with pytest.raises(ScenarioError) as caught:
        read(lambda document: (limit(0, limit_kw="x")(document), session(1, energy_kwh=None)(document)))
    assert len(caught.value.problems) == 2
    with pytest.raises(ScenarioError) as caught:
        read(lambda document: document["sessions"].extend([document["sessions"][0]] * 5000))
    assert len(caught.value.problems) == 21
    assert caught.value.problems[-1] == "and more"


def test_more_sessions_than_an_ordinary_computer_plans_are_refused() -> None:
    def sessions(count: int) -> Spoil:
        return lambda document: document.update(
            sessions=[document["sessions"][0] | {"id": str(number)} for number in range(count)]
        )

    assert len(read(sessions(10_000)).vehicles) == 10_000
    with pytest.raises(ScenarioError, match="sessions: has 20001 entries: 20000 are the most"):
        read(sessions(20_001))


def test_more_steps_than_an_ordinary_computer_holds_are_refused() -> None:
    def steps(sessions: int, count: int) -> Spoil:
        one = {"id": "A", "node": "grid", "max_a": 16, "departure": 900, "energy_kwh": 1}
        return lambda document: document.update(
            site={"id": "depot", "limits": [{"id": "grid"}]},
            sessions=[one | {"id": str(number)} for number in range(sessions)],
            price_per_kwh=[0.1] * count,
        )

    assert len(read(steps(1_000, 10_000)).vehicles) == 1_000
    with pytest.raises(ScenarioError, match="sessions: 1001 in 10000 steps are too many: 10000000 in all are the most"):
        read(steps(1_001, 10_000))
    with pytest.raises(ScenarioError, match="price_per_kwh: has 10001 entries: 10000 are the most"):
        read(steps(1, 10_001))


def places(value: object, path: tuple[int | str, ...] = ()) -> Iterator[tuple[int | str, ...]]:
    """Every place in a document, the document itself excepted."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in pairs:
        yield (*path, step)
        yield from places(item, (*path, step))


NASTY: list[Any] = [
    *(None, True, 0, -1, 1, 0.5, 1e308, -1e308, 5e-324, 10**400, float("nan"), float("inf")),
    *("", "x", "grid", "\x00", "$", [], [1], [0, 0, 0, 0], [None], {}, {"L1": 0}, {"id": "grid"}),
]


def spoiled(original: Document) -> Iterator[str]:
    """A document with each of the nasty things at each of its places."""
    for path in places(original):
        for nasty in NASTY:
            copied = copy.deepcopy(original)
            at: Any = copied
            for step in path[:-1]:
                at = at[step]
            at[path[-1]] = nasty
            yield json.dumps(copied)


def with_everything() -> Document:
    """Another document, of all that is optional."""
    everything = document()
    site(wiring="line-to-line", session_defaults={"min_a": 6, "max_a": 32, "max_kw": 6.6})(everything)
    battery(efficiency=0.8)(everything)
    limit(0, base_load_a={"L1": 5, "L3": [1, 2, 3, 4]}, pv_kw=[9, 0, 9, 0])(everything)
    session(0, taken_kwh=1)(everything)
    everything["sessions"].append({"id": "B", "node": "yard", "departure": 5000, "energy_kwh": 9})
    setting(step_seconds=[60, 900, 900, 1800], feed_in_per_kwh=0.2)(everything)
    setting(demand_charge={"price_per_kw": 5, "peak_kw": 3})(everything)
    return everything


def problem_or_none(text: str) -> Problem | None:
    try:
        return to_problem(parse_scenario(text))
    except ScenarioError:
        return None


@pytest.mark.parametrize("original", [document(), with_everything()], ids=["what is needed", "all there is"])
def test_whatever_stands_anywhere_is_refused_or_planned_within_the_limits(original: Document) -> None:
    problems = [problem_or_none(text) for text in spoiled(original)]
    possible = [problem for problem in problems if problem]
    assert len(problems) / 2 > len(possible) > 50
    for problem in possible[::3]:
        plan = solve(problem)
        assert plan.solver == "highs", plan.failures
        assert broken_limits(problem, plan.rates, plan.battery_kw) == []
        assert all(why for why, short in zip(plan.why, plan.short_kwh, strict=True) if short > 0.01)
