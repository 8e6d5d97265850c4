"""The demo, as `make demo` runs it: a day of a constrained site over real OCPI."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e

PROJECT = Path(__file__).parent.parent.parent
CALTECH = PROJECT.parent / "shared" / "data" / "caltech_2019_03.csv"


def test_a_day_under_the_limit(tmp_path: Path) -> None:
    report = _demo(tmp_path)
    assert report["uncontrolled_peak_kw"] > report["limit_kw_min"]
    assert report["energy_delivered_kwh"] > 0.8 * report["energy_requested_kwh"]


@pytest.mark.slow
@pytest.mark.skipif(not CALTECH.exists(), reason="the table of real sessions is not beside the project")
def test_a_day_of_real_sessions_under_the_limit(tmp_path: Path) -> None:
    options = ["--sessions", str(CALTECH), "--day", "2019-03-05", "--limit-kw", "30"]
    report = _demo(tmp_path, *options)
    assert report["limit_kw_min"] == 30
    assert report["peak_kw"] <= 30 < report["uncontrolled_peak_kw"]


def _demo(folder: Path, *options: str) -> dict[str, float]:
    """Run the demo; what must hold on any day is checked here."""
    done = subprocess.run(
        [sys.executable, "-m", "local.demo", "--out", str(folder / "demo"), *options],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    report: dict[str, float] = json.loads((folder / "demo" / "report.json").read_text())
    assert report["seconds_over_limit"] == 0
    assert report["seconds_allowed_over_limit"] == 0
    assert report["seconds_over_profile"] == 0
    assert report["profiles_accepted"] > 0
    assert report["solve_ms_p95"] >= report["solve_ms_p50"] > 0
    assert (folder / "demo" / "load.png").stat().st_size > 10_000
    return report
