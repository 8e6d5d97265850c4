"""The demo: its site file, its verdict, its picture and its words."""

import io
import json
import subprocess
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib import image
from rich.console import Console

from local.aws import Stack
from local.cpo.grid import grid_limit
from local.cpo.sessions import drawn_day
from local.cpo.site import caltech, garage
from local.demo import __main__ as demo
from local.demo import report
from local.demo.picture import draw
from local.demo.processes import DemoError, ocpi
from local.demo.show import Show, table
from local.demo.site_file import site_file
from ocpi.sites.site import parse_site
from tests.unit.local.office import a_day, a_stay

DAY = drawn_day(garage(), date(2026, 3, 2), seed=1)
GOOD: dict[str, Any] = {
    "sessions": 66,
    "energy_requested_kwh": 960.0,
    "energy_delivered_kwh": 950.0,
    "energy_uncontrolled_kwh": 958.0,
    "peak_kw": 69.0,
    "uncontrolled_peak_kw": 140.0,
    "limit_kw_min": 34.5,
    "seconds_over_limit": 0.0,
    "seconds_allowed_over_limit": 0.0,
    "uncontrolled_seconds_over_limit": 26000.0,
    "seconds_over_profile": 0.0,
    "profiles_sent": 300,
    "profiles_accepted": 300,
    "messages_lost": 0,
    "settle_timeouts": 0,
    "solve_ms_p50": 50.0,
    "solve_ms_p95": None,
    "day_seconds": 120.0,
}


def as_text(content: dict[str, Any]) -> bytes:
    return json.dumps(content).encode()


def test_the_command_line_takes_the_site_file() -> None:
    site = parse_site(as_text(site_file(DAY, "simulated-cpo", None, 6.0)))
    assert len(site.evses) == 50
    noon, evening, night = (datetime(2026, 3, 2, hour, 30, tzinfo=UTC) for hour in (12, 18, 20))
    assert [site.limit(moment, moment + timedelta(1e-3))["L1"] for moment in (noon, evening, night)] == [100, 50, 100]
    assert site.limit_changes(noon, noon + timedelta(days=1)) == [
        datetime(2026, 3, 2, 16, tzinfo=UTC),  # 17:00 in Amsterdam
        datetime(2026, 3, 2, 20, tzinfo=UTC),
    ]


def test_a_constant_limit_is_given_in_kw_and_read_alike_by_platform_and_cpo() -> None:
    day = a_day(a_stay(evse_uid="X"), site=caltech([("X", ("L1", "L2")), ("Y", ("L2", "L3"))]))
    content = site_file(day, "simulated-cpo", 30.0, 6.0)
    site, grid = parse_site(as_text(content)), grid_limit(content)
    assert grid.limit_a[0].tolist() == pytest.approx(list(site.limit(day.start).values()))
    assert grid.kw(day.start) == pytest.approx(30)
    assert [(evse.phases, evse.max_a) for evse in site.evses] == [(("L1", "L2"), 27.5), (("L2", "L3"), 27.5)]


def test_a_good_day_is_no_cause_for_complaint() -> None:
    assert report.complaints(GOOD) == []
    assert report.remarks(GOOD) == []


@pytest.mark.parametrize(
    ("figure", "value", "words"),
    [
        ("seconds_over_limit", 0.5, "above its limit"),
        ("seconds_allowed_over_limit", 3.0, "might have broken the limit for 3 s"),
        ("seconds_over_profile", 12.0, "more than their profiles for 12 s"),
        ("profiles_accepted", 0, "not one charging profile"),
        ("messages_lost", 2, "2 messages were lost"),
    ],
)
def test_whatever_went_wrong_is_said(figure: str, value: float, words: str) -> None:
    (complaint,) = report.complaints(GOOD | {figure: value})
    assert words in complaint


@pytest.mark.parametrize(("figure", "words"), [("uncontrolled_seconds_over_limit", "generous")])
def test_a_limit_that_tests_nothing_is_remarked(figure: str, words: str) -> None:
    (remark,) = report.remarks(GOOD | {figure: 0})
    assert words in remark


def test_the_platforms_figures_are_those_of_its_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = [{"timing_ms": {"solve": float(ms)}, "profiles_sent": 2} for ms in range(1, 101)] + [{"profiles_sent": 1}]
    monkeypatch.setattr(report, "_runs", lambda *_: iter(runs))
    assert report.platform_figures(a_stack(), "demo") == {
        "optimizer_runs": 101,
        "solves": 100,
        "profiles_sent": 201,
        "solve_ms_p50": 50.5,
        "solve_ms_p95": 95.0,
    }
    monkeypatch.setattr(report, "_runs", lambda *_: iter([]))
    assert report.platform_figures(a_stack(), "demo")["solve_ms_p50"] is None


def a_stack() -> Stack:
    process = subprocess.Popen.__new__(subprocess.Popen)
    process.returncode = 0
    process._child_created = False  # type: ignore[attr-defined]
    return Stack("http://127.0.0.1:9/versions", "http://127.0.0.1:9", {}, Path("clock"), Path("log"), process)


def test_the_picture_shows_load_limit_and_what_was_prevented(tmp_path: Path) -> None:
    rows = ["time,limit_kw,load_kw,uncontrolled_kw"]
    for minute in range(24 * 60):
        moment = datetime(2026, 3, 1, 23, tzinfo=UTC) + timedelta(minutes=minute)
        free = 100 if 600 <= minute < 700 else 0
        rows.append(f"{moment:%Y-%m-%dT%H:%M:%SZ},50,{min(free, 50)},{free}")
    (tmp_path / "load.csv").write_text("\n".join(rows) + "\n")
    draw(tmp_path / "load.csv", tmp_path / "load.png", DAY.site.zone, "Title", "subtitle")
    pixels = image.imread(tmp_path / "load.png")
    assert pixels.shape == (900, 1800, 4)
    for colour in ("#1f6f8b", "#d9822b", "#b3261e"):
        wanted = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
        assert (np.abs(pixels[:, :, :3] - wanted).max(axis=2) < 0.02).sum() > 100, colour


def test_where_nobody_watches_steps_and_hours_are_plain_lines() -> None:
    text = io.StringIO()
    with Show(Console(file=text, width=120)) as show:
        show.step("Deploying")
        show.step("Playing the day", total=100)
        for minute in range(0, 180, 10):
            now = datetime(2026, 3, 2, 8, tzinfo=UTC) + timedelta(minutes=minute)
            show.day(now, minute / 180, load_kw=30, limit_kw=60, cars=7)
        show.done()
    lines = text.getvalue().splitlines()
    assert len(lines) == 2 + 3
    assert "Deploying" in lines[0]
    assert "Mon 09:00  ▮▮▮▮▮▯▯▯▯▯  30.0 of 60.0 kW  7 cars" in lines[3]


def test_the_table_has_every_figure_and_a_dash_for_those_that_are_none() -> None:
    text = io.StringIO()
    Console(file=text, width=100).print(table("Site", report.rows(GOOD)))
    shown = text.getvalue()
    assert "69.0 kW" in shown
    assert "–" in shown
    assert len(shown.splitlines()) == 1 + len(report.ROWS)


def test_a_wrong_table_of_sessions_ends_the_demo_with_a_line_before_anything_starts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "sessions.csv"
    path.write_text("what,is,this\n")
    assert demo.main(["--sessions", str(path), "--out", str(tmp_path / "out")]) == 1
    assert f"make demo: {path}, line 1: the columns must be" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_day_that_went_wrong_is_exit_1_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "play", lambda *_: GOOD | {"seconds_over_limit": 30.0})
    assert demo.main(["--out", str(tmp_path)]) == 1
    assert "make demo: the site was above its limit for 30 s" in capsys.readouterr().err
    monkeypatch.setattr(demo, "play", lambda *_: GOOD)
    assert demo.main(["--out", str(tmp_path)]) == 0


def test_a_command_that_fails_says_what_the_command_said() -> None:
    with pytest.raises(DemoError, match=r"ocpi partner list: ocpi: Could not connect"):
        ocpi(a_stack(), "partner", "list")
