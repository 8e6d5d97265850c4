"""Which AWS a command works on: your own settings, or else the local AWS that runs in this folder."""

import json
import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli.failure import Failure
from cli.local_aws import PLACES, is_local, prefer_local_aws
from ocpi import clock

SETTINGS = (
    *("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
    *("AWS_ROLE_ARN", "AWS_DEFAULT_REGION", "AWS_REGION", "CLOCK_FILE"),
)
THEN = datetime(2026, 3, 2, 13, tzinfo=UTC)


@pytest.fixture(autouse=True)
def nothing_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In an empty folder, without AWS settings."""
    monkeypatch.chdir(tmp_path)
    for name in SETTINGS:
        monkeypatch.setenv(name, "")  # so that it is as before, afterwards
        monkeypatch.delenv(name)


@pytest.fixture
def listening() -> Iterator[list[str]]:
    """Where somebody listens, twice."""
    servers = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    yield [f"http://127.0.0.1:{server.getsockname()[1]}" for server in servers]
    for server in servers:
        server.close()


def announce(started_by: str, endpoint: str) -> None:
    place = PLACES[started_by]
    place.parent.mkdir(parents=True, exist_ok=True)
    clock_file = (place.parent / "clock.json").resolve()
    clock.write(clock_file, THEN, rate=0)
    about = {"aws_endpoint_url": endpoint, "region": "us-east-1", "clock_file": str(clock_file), "pid": 1}
    place.write_text(json.dumps(about))


@pytest.mark.parametrize("started_by", PLACES)
def test_the_one_that_runs_here_is_meant_and_its_time_is_the_time(started_by: str, listening: list[str]) -> None:
    announce(started_by, listening[0])
    prefer_local_aws()
    assert os.environ["AWS_ENDPOINT_URL"] == listening[0]
    assert is_local()
    assert clock.now() == THEN


def test_of_two_one_has_to_be_chosen_and_then_its_time_is_the_time(listening: list[str]) -> None:
    for started_by, endpoint in zip(PLACES, listening, strict=True):
        announce(started_by, endpoint)
    with pytest.raises(Failure) as told:
        prefer_local_aws()
    assert "make local and make live both run in this folder" in str(told.value)
    assert f"export AWS_ENDPOINT_URL={listening[1]}  # make live" in str(told.value)
    os.environ["AWS_ENDPOINT_URL"] = listening[1]
    prefer_local_aws()
    assert os.environ["CLOCK_FILE"] == str(Path(".local/live/aws/clock.json").resolve())


def test_one_that_was_killed_or_is_half_told_is_not_meant(listening: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        announce("make live", f"http://127.0.0.1:{gone.getsockname()[1]}")
    prefer_local_aws()
    assert not is_local()
    announce("make local", listening[0])
    prefer_local_aws()
    assert os.environ["AWS_ENDPOINT_URL"] == listening[0]
    PLACES["make local"].write_text('{"aws_endpoint_url": 1}')
    prefer_local_aws()


def test_settings_of_one_s_own_are_left_alone(listening: list[str]) -> None:
    announce("make live", listening[0])
    os.environ["AWS_PROFILE"] = "work"
    prefer_local_aws()
    assert not is_local()
    assert not {"AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "CLOCK_FILE"} & os.environ.keys()
