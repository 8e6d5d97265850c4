"""`ocpi simulate`: real sessions from a file, charged by several policies, without AWS and without a platform."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.command import Ocpi, Printed

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
SINGLE_PHASE = EXAMPLES / "caltech-single-phase.json"
THREE_PHASE = EXAMPLES / "caltech-three-phase.json"
HEADER = "session_id,station_id,phase_angle_deg,arrival_5min,departure_5min,kwh"
ROWS = (
    "A,CA-1,30,100,148,12",
    "B,CA-2,150,100,136,12",
    "C,CA-3,-90,102,126,9",
    "D,CA-4,30,110,130,9",
    "E,CA-5,150,400,424,6",
)
POLICIES = ["offline", "lp", "edf", "llf", "round-robin", "uncontrolled"]

Simulate = Callable[..., Printed]


@pytest.fixture
def simulate(offline: Ocpi, tmp_path: Path) -> Simulate:
    """Charge the sessions of a small table."""

    def run(*options: str, rows: tuple[str, ...] = ROWS, site: Path = THREE_PHASE) -> Printed:
        file = tmp_path / "sessions.csv"
        file.write_text("\n".join([HEADER, *rows]) + "\n")
        return offline("simulate", str(file), "--site", str(site), *options)

    return run


def test_all_policies_are_compared_in_one_table(simulate: Simulate) -> None:
    printed = simulate("--limit-kw", "8")
    assert printed.exit_code == 0
    first_words = [line.split(" ")[0] for line in printed.out.splitlines()]
    assert [word for word in first_words if word in POLICIES] == POLICIES
    assert "5 sessions, 48.0 kWh, at caltech; beliefs: told." in printed.out


def test_json_has_the_score_of_each_policy(simulate: Simulate) -> None:
    told = simulate("--limit-kw", "8", "--json").json
    assert list(told["policies"]) == POLICIES
    best = told["policies"]["offline"]["demand_met_pct"]
    for name, score in told["policies"].items():
        assert score["peak_kw"] > 0
        if name == "uncontrolled":
            assert score["intervals_over_limit"] > 0
        else:
            assert score["intervals_over_limit"] == 0
            assert 0 < score["demand_met_pct"] <= best + 0.001
    lp = told["policies"]["lp"]
    assert lp["plans"] == sum(lp["solvers"].values()) > 0
    assert 0 < lp["solve_ms"]["mean"] <= lp["solve_ms"]["max"]


def test_the_schedule_lets_others_check_it(simulate: Simulate) -> None:
    told = simulate("--policy", "lp", "--limit-kw", "8", "--json", "--schedule").json
    needs = {row.split(",")[0]: float(row.split(",")[5]) for row in ROWS}
    for score in told["policies"].values():
        delivered, load = 0.0, [0.0] * 600
        for id_, powers in score["schedule"].items():
            assert powers["first_step"] == int(next(row for row in ROWS if row.startswith(id_)).split(",")[3])
            assert max(powers["power_kw"]) <= 6.6 + 1e-6
            kwh = sum(powers["power_kw"]) / 12
            assert kwh <= needs[id_] + 1e-4
            delivered += kwh
            for step, kw in enumerate(powers["power_kw"], powers["first_step"]):
                load[step] += kw
        assert max(load) == pytest.approx(score["peak_kw"], abs=1e-3)
        assert max(load) <= 8 * (1 + 1e-6)
        assert 100 * delivered / sum(needs.values()) == pytest.approx(score["demand_met_pct"], abs=1e-3)


def test_policies_are_chosen_and_each_is_tried_once(simulate: Simulate) -> None:
    told = simulate("--policy", "llf", "--policy", "edf", "--policy", "llf", "--json").json
    assert list(told["policies"]) == ["offline", "llf", "edf"]


def test_days_are_chosen(simulate: Simulate) -> None:
    assert simulate("--policy", "edf", "--from", "2019-03-02", "--json").json["sessions"] == 1
    assert simulate("--policy", "edf", "--until", "2019-03-02", "--json").json["sessions"] == 4
    assert simulate("--policy", "edf", "--score-from", "2019-03-02", "--json").json["sessions"] == 1


@pytest.mark.parametrize("beliefs", ["told", "learned", "unknown"])
def test_beliefs_are_chosen(simulate: Simulate, beliefs: str) -> None:
    told = simulate("--policy", "lp", "--beliefs", beliefs, "--json").json
    assert told["beliefs"] == beliefs
    assert told["policies"]["lp"]["intervals_over_limit"] == 0


def test_a_picture_is_drawn(simulate: Simulate, tmp_path: Path) -> None:
    picture = tmp_path / "compared.png"
    assert simulate("--policy", "edf", "--policy", "uncontrolled", "--plot", str(picture)).exit_code == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    nowhere = simulate("--policy", "edf", "--plot", str(tmp_path / "none" / "compared.png"))
    assert (nowhere.exit_code, "No such file" in nowhere.err) == (1, True)


@pytest.mark.parametrize(
    ("options", "rows", "error"),
    [
        (["--policy", "fifo"], ROWS, "--policy: 'fifo' is none of lp, edf, llf, round-robin, uncontrolled"),
        (["--beliefs", "hoped"], ROWS, "--beliefs: 'hoped' is none of told, learned, unknown"),
        (["--limit-kw", "-1"], ROWS, "--limit-kw: must be 0 to 100000, is -1"),
        (["--limit-kw", "nan"], ROWS, "--limit-kw: must be 0 to 100000, is nan"),
        (["--from", "2020-01-01"], ROWS, "no session arrives on the chosen days"),
        ([], ("A,CA-1,30,9,9,1",), "line 2, column departure_5min: the departure is not after the arrival"),
        ([], (), "there is no session in it"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(
    simulate: Simulate, options: list[str], rows: tuple[str, ...], error: str
) -> None:
    printed = simulate(*options, rows=rows)
    assert printed.exit_code == 1
    assert error in printed.err
    assert printed.err.startswith("ocpi: ")
    assert printed.err.count("\n") == 1


def test_a_wrong_site_is_told_by_its_path(simulate: Simulate, tmp_path: Path) -> None:
    site = tmp_path / "site.json"
    site.write_text('{"id": "garage", "limits": [{"id": "grid", "limit_kw": -3}]}')
    printed = simulate(site=site)
    assert (printed.exit_code, printed.out) == (1, "")
    assert "limits[0].limit_kw" in printed.err
    assert "No such file" in simulate(site=tmp_path / "none.json").err


# --- the real month -----------------------------------------------------------------------------------------

CALTECH = os.environ.get("OCPI_CALTECH_SESSIONS", "")
caltech = pytest.mark.skipif(not CALTECH, reason="OCPI_CALTECH_SESSIONS names no file")


@caltech
@pytest.mark.parametrize(("limit_kw", "best"), [(10, 59.1051), (20, 88.5708), (30, 99.2556), (40, 99.8837)])
def test_offline_is_the_optimum_of_march_2019(offline: Ocpi, limit_kw: int, best: float) -> None:
    options = ("--policy", "uncontrolled", "--limit-kw", str(limit_kw), "--json")
    told: dict[str, Any] = offline("simulate", CALTECH, "--site", str(SINGLE_PHASE), *options).json
    assert told["policies"]["offline"]["demand_met_pct"] == pytest.approx(best, abs=0.01)


@caltech
@pytest.mark.slow
def test_a_receding_horizon_comes_close_to_it(offline: Ocpi) -> None:
    told = offline("simulate", CALTECH, "--site", str(THREE_PHASE), "--policy", "lp", "--policy", "llf", "--json").json
    lp = told["policies"]["lp"]
    assert lp["intervals_over_limit"] == 0
    assert lp["demand_met_pct"] >= 91.9
    assert lp["demand_met_pct"] >= told["policies"]["llf"]["demand_met_pct"]
    assert lp["solvers"] == {"highs": lp["plans"]}
