"""The simulated CPO as a process: over real sockets, with its own exit code and words."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest
import uvicorn

from local.cpo.__main__ import main
from local.cpo.sessions import COLUMNS
from ocpi import clock
from tests.unit.local import scsp as double
from tests.unit.local.scsp import TOKEN_A, Scsp
from tests.unit.local.test_sessions import ROWS

PROJECT = Path(__file__).resolve().parents[3]


@contextmanager
def serving(scsp: Scsp, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An SCSP on a port of its own; its base URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        base = f"http://127.0.0.1:{listener.getsockname()[1]}"
        monkeypatch.setattr(double, "BASE", base)
        server = uvicorn.Server(uvicorn.Config(scsp.app(), log_level="error", lifespan="off", ws="none"))
        thread = Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
        thread.start()
        try:
            yield base
        finally:
            server.should_exit = True
            thread.join()


def run_cpo(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "local.cpo", *arguments],
        cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": f"{PROJECT}:{PROJECT / 'layers' / 'ocpi'}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_day_is_played_and_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = tmp_path / "sessions.csv"
    table.write_text("\n".join([",".join(COLUMNS), *ROWS]))
    site = tmp_path / "site.json"
    site.write_text(json.dumps({"voltage_v": 208, "limits": [{"limit_kw": 6.6}]}))
    scsp = Scsp()
    with serving(scsp, monkeypatch) as base:
        done = run_cpo(
            *("--versions-url", f"{base}/versions", "--token", TOKEN_A, "--run", "test", "--json"),
            *("--sessions", str(table), "--day", "2019-03-05", "--site", str(site), "--silence", "0.05"),
            *("--clock-file", str(tmp_path / "clock.json"), "--report", str(tmp_path / "report.json")),
            *("--load-csv", str(tmp_path / "load.csv")),
        )
    assert done.returncode == 0, done.stderr
    said = [json.loads(line) for line in done.stdout.splitlines()]
    events = [line["event"] for line in said]
    assert events[:3] == ["serving", "registered", "located"]
    assert events[-1] == "done"
    report = json.loads((tmp_path / "report.json").read_text())
    assert {"event": "done", **report} == said[-1]
    assert report["sessions"] == 3
    assert report["limit_kw_min"] == 6.6
    assert report["messages_lost"] == 0
    assert {session["status"] for id_, session in scsp.objects.items() if "/test-" in id_} == {"COMPLETED"}
    last_departure = datetime(2019, 3, 6, 13, tzinfo=UTC)
    assert timedelta(0) <= clock.read(tmp_path / "clock.json") - last_departure < timedelta(minutes=1)
    assert (tmp_path / "load.csv").read_text().startswith("time,limit_kw,load_kw,uncontrolled_kw,")


def test_a_platform_that_refuses_is_one_clear_line_and_exit_1(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(Scsp(credentials_status=2001), monkeypatch) as base:
        done = run_cpo("--versions-url", f"{base}/versions", "--token", TOKEN_A)
        wrong = run_cpo("--versions-url", f"{base}/versions", "--token", "another")
    assert done.returncode == wrong.returncode == 1
    assert len(done.stderr.splitlines()) == len(wrong.stderr.splitlines()) == 1
    assert "refused the credentials: HTTP 200, OCPI 2001" in done.stderr
    assert "HTTP 401" in wrong.stderr


def test_a_platform_that_is_not_there_is_one_clear_line_and_exit_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--versions-url", "http://127.0.0.1:9/versions", "--token", TOKEN_A]) == 1
    words = capsys.readouterr().err
    assert words.startswith("local.cpo: the platform cannot be worked with: http://127.0.0.1:9/versions")
    assert len(words.splitlines()) == 1


def test_wrong_files_and_a_taken_port_are_one_clear_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "sessions.csv"
    table.write_text("a,b\n")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        for wrong, words in (
            (("--sessions", str(table)), "line 1"),
            (("--site", str(tmp_path / "none.json")), "none.json"),
            (("--fault", "slow"), "fault 'slow': seconds: Field required"),
            (("--port", str(taken.getsockname()[1])), "in use"),
        ):
            assert main(["--versions-url", "http://127.0.0.1:9/versions", "--token", TOKEN_A, *wrong]) == 1
            (line,) = capsys.readouterr().err.splitlines()
            assert words in line


@pytest.mark.parametrize(
    "arguments", [[], ["--versions-url", "http://x"], ["--versions-url", "http://x", "--invite", "t"]]
)
def test_its_two_ways_to_register_exclude_each_other(arguments: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
