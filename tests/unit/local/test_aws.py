"""The local AWS says clearly why it can't start, and leaves nothing running; with fake tools in a fake clone."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from local import sam
from local.aws import PORT_VARIABLE, LocalAwsError, local_aws, write_privately


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone whose sam counts its builds and whose ministack ends at once."""
    (tmp_path / "functions").mkdir()
    (tmp_path / "functions" / "app.py").write_text("first = 1\n")
    (tmp_path / "template.yaml").write_text("Resources: {}\n")
    _tool(tmp_path, "sam", 'mkdir -p .aws-sam; echo "sam $1" | tee -a calls')
    _tool(tmp_path, "ministack", "echo out of luck; exit 3")
    return tmp_path


def _tool(clone: Path, name: str, script: str) -> None:
    program = clone / ".tools" / name / "bin" / name
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def _calls(clone: Path) -> list[str]:
    return (clone / "calls").read_text().split("\n")[:-1]


def _start(clone: Path) -> str:
    """What a local AWS that can't start says."""
    with pytest.raises(LocalAwsError) as caught, local_aws(clone):
        pass
    return str(caught.value)


def test_a_server_that_ends_is_reported_with_the_end_of_its_log(clone: Path) -> None:
    assert "out of luck" in _start(clone)
    assert not (clone / ".local" / "ministack.pid").exists()


def test_a_failing_build_is_reported_with_the_end_of_its_log(clone: Path) -> None:
    _tool(clone, "sam", "echo no such layer; exit 1")
    assert "no such layer" in _start(clone)


def test_a_second_one_in_the_same_clone_says_that_one_runs_and_where(clone: Path) -> None:
    holder = """
import sys, time
from pathlib import Path
from local.aws import _only_one
state = Path(sys.argv[1])
with _only_one(state):
    (state / "stack.json").write_text('{"versions_url": "http://127.0.0.1:1/ocpi/versions"}')
    print("held", flush=True)
    time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", holder, clone / ".local"], stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout
        assert first.stdout.readline() == "held\n"
        message = _start(clone)
        first.kill()
    assert str(first.pid) in message
    assert "http://127.0.0.1:1/ocpi/versions" in message
    assert "out of luck" in _start(clone), "a killed owner must not keep the folder"
    assert not (clone / ".local" / "stack.json").exists()


def test_what_lets_into_the_platform_is_for_this_user_alone(tmp_path: Path) -> None:
    place = tmp_path / "stack.json"
    for text in ("first", "second"):
        write_privately(place, text)
        assert (place.read_text(), place.stat().st_mode & 0o777) == (text, 0o600)
    assert list(tmp_path.iterdir()) == [place]


def test_a_taken_port_is_named(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        monkeypatch.setenv(PORT_VARIABLE, port)
        assert port in _start(clone)


@pytest.mark.parametrize("port", ["http", "-1", "70000"])
def test_a_port_that_is_none_is_named(clone: Path, monkeypatch: pytest.MonkeyPatch, port: str) -> None:
    monkeypatch.setenv(PORT_VARIABLE, port)
    assert port in _start(clone)


def test_a_server_whose_owner_was_killed_is_ended(clone: Path) -> None:
    with _process("ministack") as orphan:
        (clone / ".local").mkdir()
        (clone / ".local" / "ministack.pid").write_text(str(orphan.pid))
        _start(clone)
        orphan.wait(5)


def test_a_process_that_is_no_ministack_is_left_alone(clone: Path) -> None:
    with _process("something else") as stranger:
        (clone / ".local").mkdir()
        (clone / ".local" / "ministack.pid").write_text(str(stranger.pid))
        _start(clone)
        assert stranger.poll() is None


@contextmanager
def _process(name: str) -> Iterator[subprocess.Popen[str]]:
    """A process with `name` in its command line, that has started and goes on for longer than a test."""
    command = ["/bin/sh", "-c", f"echo started; sleep 60; : {name}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout
        process.stdout.readline()
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def test_a_stopped_server_takes_its_lambdas_with_it(clone: Path) -> None:
    _tool(clone, "ministack", f"sleep 60 & echo $! > {clone}/lambda; exit 3")
    _start(clone)
    worker = int((clone / "lambda").read_text())
    deadline = time.monotonic() + 5
    while _alive(worker) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _alive(worker)


def _alive(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    if status.exists():
        return status.read_text().rpartition(")")[2].split()[0] != "Z"
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return not Path("/proc/self").exists()


def test_it_is_built_anew_only_after_a_change(clone: Path) -> None:
    for _ in range(2):
        sam.build(clone, clone / "log")
    assert _calls(clone) == ["sam build"]
    (clone / "functions" / "app.py").write_text("second = 2\n")
    sam.build(clone, clone / "log")
    assert _calls(clone) == ["sam build", "sam build"]


def test_a_failed_build_is_tried_again(clone: Path) -> None:
    _tool(clone, "sam", "exit 1")
    with pytest.raises(sam.SamError):
        sam.build(clone, clone / "log")
    _tool(clone, "sam", 'mkdir -p .aws-sam; echo "sam $1" >> calls')
    sam.build(clone, clone / "log")
    assert _calls(clone) == ["sam build"]
