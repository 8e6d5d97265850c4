"""`ocpi optimize`: a scenario from a file, planned without AWS and without a platform."""

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from matplotlib import image

from ocpi.sites.reading import LARGEST
from optimizer.offline.scenario import MOST_CELLS, MOST_NODES, MOST_SESSIONS, MOST_STEPS, Scenario
from tests.command import Ocpi

Document = dict[str, Any]
Plan = dict[str, Any]
Optimize = Callable[..., Plan]

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
GUIDE = Path(__file__).parents[2] / "docs" / "optimize.md"


@pytest.fixture
def optimize(offline: Ocpi, tmp_path: Path) -> Optimize:
    """Plan a scenario; its plan."""

    def run(document: Document, *options: str) -> Plan:
        file = tmp_path / "scenario.json"
        file.write_text(json.dumps(document))
        printed = offline("optimize", str(file), "--json", *options)
        assert (printed.exit_code, printed.err) == (0, "")
        plan: Plan = printed.json
        assert over_limits(document, plan) == []
        return plan

    return run


def scenario(*sessions: Document, steps: int = 4, limit_a: float = 32, **fields: Any) -> Document:
    """Sessions on one line of a site, a quarter of an hour a step."""
    return {
        "start": "2026-03-02T17:00:00Z",
        "step_seconds": 900,
        "site": {"id": "depot", "limits": [{"id": "grid", "parent": None, "limit_a": {"L1": limit_a}}]},
        "sessions": list(sessions),
        "price_per_kwh": [0.3] * steps,
        **fields,
    }


def car(id_: str = "A", **fields: Any) -> Document:
    whole = {"phases": ["L1"], "min_a": 6, "max_a": 32, "arrival": 0, "departure": 3600, "energy_kwh": 3, "priority": 1}
    return {"id": id_, "node": "grid", **whole, **fields}


def over_limits(document: Document, plan: Plan) -> list[str]:
    """Each limit of a star at 230 V that sessions break together with other loads, from the files alone; loads of
    others that do so alone are no fault of the plan."""
    limits = {limit["id"]: limit for limit in document["site"]["limits"]}
    broken = []
    for node, limit in limits.items():
        bounds = {**limit.get("limit_a", {}), **({"kW": limit["limit_kw"]} if "limit_kw" in limit else {})}
        for line, most in bounds.items():
            for step in range(len(document["price_per_kwh"])):
                drawn = sum(
                    flow(session, plan["sessions"][session["id"]], line, step)
                    for session in document["sessions"]
                    if node in path(limits, session["node"])
                )
                others = sum(load(each, line, step) for each in limits.values() if node in path(limits, each["id"]))
                if drawn > 1e-6 and drawn + others > at(most, step) + 1e-6:
                    broken.append(f"{node} {line} {step}: {drawn} + {others}")
    return broken


def flow(session: Document, planned: Plan, line: str, step: int) -> float:
    """What a session draws on a line in ampere, or in all in kW."""
    phases = session.get("phases", ["L1", "L2", "L3"])
    if "limit_kw" in planned:
        kw = planned["limit_kw"][step]
        return float(kw if line == "kW" else kw / 0.69)
    ampere = planned["limit_a"][step]
    return float(ampere * len(phases) * 0.23 if line == "kW" else ampere * (line in phases))


def load(limit: Document, line: str, step: int) -> float:
    """What others draw at a place, on a line in ampere, or in all in kW."""
    kw = at(limit.get("base_load_kw", 0), step) - at(limit.get("pv_kw", 0), step)
    ampere = {phase: at(value, step) for phase, value in limit.get("base_load_a", {}).items()}
    return kw + 0.23 * sum(ampere.values()) if line == "kW" else kw / 0.69 + ampere.get(line, 0)


def path(limits: dict[str, Document], node: str | None) -> list[str]:
    above = []
    while node is not None:
        above.append(node)
        node = limits[node].get("parent")
    return above


def at(value: float | list[float], step: int) -> float:
    return value[step] if isinstance(value, list) else value


def test_a_plan_has_a_rate_for_each_step_and_none_outside_the_stay(optimize: Optimize) -> None:
    plan = optimize(scenario(car(arrival=1000, departure=2600, energy_kwh=1), steps=6))
    assert plan["status"] == "optimal"
    session = plan["sessions"]["A"]
    assert [bool(rate) for rate in session["limit_a"]] == [False, True, False, False, False, False]
    assert session["delivered_kwh"] + session["short_kwh"] == pytest.approx(1, abs=1e-5)
    assert session["short_kwh"] < 0.01
    assert set(plan["timing_ms"]) == {"build", "solve", "read", "repair", "check"}
    assert plan["objective"]["cost"] == pytest.approx(0.3 * session["delivered_kwh"], rel=0.01)


def test_only_the_part_of_a_step_in_which_a_car_is_there_brings_energy(optimize: Optimize) -> None:
    session = optimize(scenario(car(arrival=450, departure=900, energy_kwh=9)))["sessions"]["A"]
    assert session["limit_a"] == [32, 0, 0, 0]
    assert session["delivered_kwh"] == pytest.approx(32 * 0.23 / 8)
    assert session["why"]


def test_energy_is_taken_where_it_is_cheap(optimize: Optimize) -> None:
    plan = optimize(scenario(car(energy_kwh=1.84), price_per_kwh=[0.3, 0.1, 0.3, 0.3]))
    assert plan["sessions"]["A"]["limit_a"] == [0, 32, 0, 0]


def test_a_dc_session_is_planned_in_kw(optimize: Optimize, offline: Ocpi, tmp_path: Path) -> None:
    dc = {"id": "T", "node": "grid", "power_type": "DC", "min_kw": 5, "max_kw": 20}
    document = scenario(dc | {"arrival": 0, "departure": 3600, "energy_kwh": 10})
    document["site"]["limits"][0] = {"id": "grid", "limit_kw": [20, 8, 8, 4]}
    plan = optimize(document)["sessions"]["T"]
    assert "limit_a" not in plan
    assert [rate <= most for rate, most in zip(plan["limit_kw"], [20, 8, 8, 4], strict=True)] == [True] * 4
    assert plan["limit_kw"][3] == 0, "4 kW are less than it can charge with"
    assert plan["delivered_kwh"] == pytest.approx(9)


def test_the_battery_is_in_the_plan(optimize: Optimize) -> None:
    document = scenario(car(energy_kwh=3), price_per_kwh=[0.1, 0.5, 0.5, 0.5])
    document["site"]["battery"] = {
        "node": "grid",
        "capacity_kwh": 10,
        "charge_kw": 4,
        "discharge_kw": 4,
        "stored_kwh": 0,
        "efficiency": 1,
    }
    document["site"]["limits"][0] = {"id": "grid", "limit_kw": 20}
    plan = optimize(document)
    assert plan["battery"]["node"] == "grid"
    assert plan["battery"]["kw"][0] == pytest.approx(4, abs=0.01)
    assert sum(plan["battery"]["kw"]) > -0.01


def test_more_energy_than_fits_is_planned_as_far_as_it_fits_and_told_why(optimize: Optimize) -> None:
    session = optimize(scenario(car(energy_kwh=50)))["sessions"]["A"]
    assert session["limit_a"] == [32] * 4
    assert session["short_kwh"] == pytest.approx(50 - 32 * 0.23)
    assert session["why"]


def test_what_others_need_is_a_reason(optimize: Optimize) -> None:
    plan = optimize(scenario(car("A", energy_kwh=7), car("B", energy_kwh=7)))
    short = sum(session["short_kwh"] for session in plan["sessions"].values())
    assert short == pytest.approx(14 - 32 * 0.23, abs=0.05)
    assert all("grid" in " ".join(session["why"]) for session in plan["sessions"].values())


def test_who_goes_first_is_served_first(optimize: Optimize) -> None:
    plan = optimize(scenario(car("A", energy_kwh=7, priority=0), car("B", energy_kwh=7, priority=10)))
    assert plan["sessions"]["B"]["delivered_kwh"] > 5 * plan["sessions"]["A"]["delivered_kwh"]
    alone = optimize(scenario(car("A", energy_kwh=3, priority=0)))["sessions"]["A"]
    assert alone["short_kwh"] < 0.05, "who goes last is served too"


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (scenario(car(), limit_a=0), "grid"),
        (scenario(car(), limit_a=5), "grid"),
        (scenario(car(max_a=0, min_a=0)), ""),
        (scenario(car(arrival=3600, departure=7200)), ""),
        (scenario(car(arrival=-7200, departure=-3600)), ""),
    ],
    ids=["a limit of zero", "a limit under 6 A", "a car of 0 A", "arrives after the horizon", "left before the start"],
)
def test_who_cannot_charge_is_planned_with_nothing_and_told_why(
    optimize: Optimize, document: Document, reason: str
) -> None:
    session = optimize(document)["sessions"]["A"]
    assert session["limit_a"] == [0, 0, 0, 0]
    assert session["short_kwh"] == 3
    assert reason in " ".join(session["why"])
    assert session["why"]


def test_of_a_stay_that_began_before_or_ends_after_the_horizon_the_part_within_counts(optimize: Optimize) -> None:
    session = optimize(scenario(car(arrival=-86_400, departure=86_400, energy_kwh=7.36)))["sessions"]["A"]
    assert session["limit_a"] == [32] * 4
    assert session["short_kwh"] == pytest.approx(0, abs=1e-6)


def test_where_other_loads_alone_are_above_a_limit_nobody_charges_and_that_is_told(optimize: Optimize) -> None:
    document = scenario(car(energy_kwh=4))
    document["site"]["limits"][0]["base_load_a"] = {"L1": [40, 0, 0, 0]}
    plan = optimize(document)
    assert plan["sessions"]["A"]["limit_a"][0] == 0
    assert plan["overloads"] == [
        {"node": "grid", "line": "L1", "start": "2026-03-02T17:00:00Z", "end": "2026-03-02T17:15:00Z", "amount": 8.0}
    ]


def test_a_site_without_sessions_is_a_plan_without_sessions(optimize: Optimize) -> None:
    plan = optimize(scenario())
    assert (plan["status"], plan["sessions"]) == ("optimal", {})


def test_bare_plans_any_rate_there_is_room_for(optimize: Optimize) -> None:
    document = scenario(car("A", energy_kwh=5), limit_a=3.333)
    assert optimize(document)["sessions"]["A"]["delivered_kwh"] == 0, "a car needs 6 A"
    bare = optimize(document, "--bare")["sessions"]["A"]
    assert bare["delivered_kwh"] == pytest.approx(3.333 * 0.23, rel=1e-6)


@pytest.mark.slow
def test_ten_thousand_sessions_are_planned(optimize: Optimize) -> None:
    cars = [
        car(f"S{number}", arrival=900 * (number % 12), departure=900 * (number % 12 + 8), energy_kwh=2 + number % 5)
        for number in range(10_000)
    ]
    plan = optimize(scenario(*cars, steps=20, limit_a=60_000))
    assert len(plan["sessions"]) == 10_000
    assert plan["status"] == "optimal"
    assert all(session["why"] for session in plan["sessions"].values() if session["short_kwh"] > 0.01)


def test_a_table_tells_people_and_files_tell_programs(offline: Ocpi, tmp_path: Path) -> None:
    out, plot = tmp_path / "plan.json", tmp_path / "plan.png"
    printed = offline("optimize", str(EXAMPLES / "depot.json"), "--out", str(out), "--plot", str(plot))
    assert (printed.exit_code, printed.err) == (0, "")
    plan = json.loads(out.read_text())
    for id_, session in plan["sessions"].items():
        row = next(line for line in printed.out.splitlines() if line.startswith(f"{id_} "))
        assert f"{session['delivered_kwh']:.1f}" in row
    assert plan["objective"]["cost"] == pytest.approx(float(printed.out.split("Cost ")[1].split(",")[0]), abs=0.01)
    assert image.imread(plot).shape[1] > 1000


def test_of_many_sessions_the_table_has_those_that_come_short(offline: Ocpi, tmp_path: Path) -> None:
    cars = [car(f"S{number}", energy_kwh=0.5) for number in range(60)]
    cars[55] = car("S55", departure=60)
    (tmp_path / "many.json").write_text(json.dumps(scenario(*cars, limit_a=500)))
    out = offline("optimize", str(tmp_path / "many.json")).out
    assert "S55" in out
    assert "and 10 sessions more: --json has them all" in out


def test_a_name_cannot_write_on_the_terminal(offline: Ocpi, tmp_path: Path) -> None:
    (tmp_path / "names.json").write_text(json.dumps(scenario(car("\x1b[2JA"))))
    assert "\x1b[2J" not in offline("optimize", str(tmp_path / "names.json")).out
    (tmp_path / "names.json").write_text(json.dumps(scenario() | {"\x1b[2JA": 1}))
    refused = offline("optimize", str(tmp_path / "names.json")).err
    assert "unknown field" in refused
    assert "\x1b[2J" not in refused


@pytest.mark.parametrize("name", ["_a", "$\\frac{1}$", "中", "\x00"])
def test_any_name_can_be_drawn(offline: Ocpi, tmp_path: Path, name: str) -> None:
    document = scenario(car(name))
    document["site"] |= {"id": name, "time_zone": "America/Los_Angeles"}
    (tmp_path / "names.json").write_text(json.dumps(document))
    printed = offline("optimize", str(tmp_path / "names.json"), "--plot", str(tmp_path / "plan.png"))
    assert (printed.exit_code, printed.err) == (0, "")


@pytest.mark.parametrize(("places", "sessions"), [(0, 1), (9, 0), (9, 20)])
def test_any_tree_can_be_drawn(offline: Ocpi, tmp_path: Path, places: int, sessions: int) -> None:
    document = scenario(*(car(str(number)) for number in range(sessions)))
    document["site"]["limits"] = [{"id": "grid"}] + [
        {"id": f"F{number}", "parent": "grid", "limit_a": {"L1": number}, "limit_kw": 7} for number in range(places)
    ]
    (tmp_path / "tree.json").write_text(json.dumps(document))
    printed = offline("optimize", str(tmp_path / "tree.json"), "--plot", str(tmp_path / "plan.png"))
    assert (printed.exit_code, printed.err) == (0, "")
    assert image.imread(tmp_path / "plan.png").shape[0] == round((1.6 + 2.2 * min(places + 1, 7)) * 120)


def test_a_scenario_comes_through_standard_input(offline: Ocpi, monkeypatch: pytest.MonkeyPatch) -> None:
    text = io.TextIOWrapper(io.BytesIO((EXAMPLES / "depot.json").read_bytes()), encoding="utf-8")
    monkeypatch.setattr(sys, "stdin", text)
    assert offline("optimize", "-", "--json").json["sessions"]["van-1"]["limit_a"]


def test_what_is_wrong_is_one_line_for_each_place_and_nothing_is_written(offline: Ocpi, tmp_path: Path) -> None:
    wrong = scenario(car(departure=-5), car("B", node="gird"))
    (tmp_path / "wrong.json").write_text(json.dumps(wrong))
    printed = offline("optimize", str(tmp_path / "wrong.json"), "--out", str(tmp_path / "plan.json"))
    assert (printed.exit_code, printed.out) == (1, "")
    assert printed.err.splitlines() == [
        "ocpi: sessions[0].departure: -5 is not after arrival, 0",
        "ocpi: sessions[1].node: site.limits has no 'gird': did you mean 'grid'?",
    ]
    assert not (tmp_path / "plan.json").exists()


def test_a_file_that_is_not_there_or_cannot_be_written_is_one_line(offline: Ocpi, tmp_path: Path) -> None:
    missing = offline("optimize", "nothing.json")
    assert (missing.exit_code, missing.err) == (1, "ocpi: nothing.json: No such file or directory\n")
    nowhere = tmp_path / "no" / "plan"
    for option in ("--out", "--plot"):
        printed = offline("optimize", str(EXAMPLES / "depot.json"), option, f"{nowhere}.png")
        assert (printed.exit_code, printed.err) == (1, f"ocpi: {nowhere}.png: No such file or directory\n")


def test_a_picture_without_matplotlib_is_refused_before_any_work(
    offline: Ocpi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.scenario.find_spec", lambda _name: None)
    printed = offline("optimize", str(EXAMPLES / "depot.json"), "--plot", "plan.png")
    assert (printed.exit_code, printed.err) == (1, "ocpi: --plot needs matplotlib: pip install matplotlib\n")


def test_the_guide_can_be_followed(offline: Ocpi, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").symlink_to(GUIDE.parent)
    commands = [line for line in GUIDE.read_text().splitlines() if line.startswith(".venv/bin/ocpi optimize ")]
    assert len(commands) == 3
    for command in commands:
        words, _, given = command.partition(" < ")
        if given:
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(Path(given).read_bytes())))
        printed = offline(*words.split()[1:])
        assert (printed.exit_code, printed.err) == (0, ""), command
        assert "van-1" in printed.out
    assert json.loads(Path("plan.json").read_text())["sessions"]
    assert Path("plan.png").stat().st_size > 10_000


def test_the_guide_shows_a_scenario_that_can_be_planned_and_the_plan_as_it_is(optimize: Optimize) -> None:
    shown, plan = (json.loads(block.partition("```")[0]) for block in GUIDE.read_text().split("```json")[1:])
    planned = optimize(shown)
    assert planned.keys() == plan.keys()
    assert planned["sessions"].keys() == plan["sessions"].keys()
    for name in ("objective", "timing_ms"):
        assert planned[name].keys() == plan[name].keys()
    for id_, session in plan["sessions"].items():
        assert planned["sessions"][id_].keys() == session.keys()


def test_the_guide_names_every_field() -> None:
    guide = GUIDE.read_text()
    schema = Scenario.model_json_schema()
    fields = [name for model in (schema, *schema["$defs"].values()) for name in model.get("properties", ())]
    assert len(fields) > 30
    assert [name for name in fields if f"`{name}`" not in guide and f'"{name}"' not in guide] == []
    for most in (MOST_SESSIONS, MOST_STEPS, MOST_CELLS, MOST_NODES, LARGEST):
        assert f"{most}" in guide
