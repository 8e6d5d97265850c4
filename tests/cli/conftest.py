"""The command `ocpi` on the platform of the test, and a partner of the platform."""

from pathlib import Path

import pytest

from cli.deployment import Deployment
from tests.command import OUTPUTS, Ocpi
from tests.functions.charging import cpo
from tests.functions.conftest import Connect, Connection, connect, connection, handshake, partner, time
from tests.loop import Loop
from tests.partner import ok

__all__ = ["connect", "connection", "cpo", "handshake", "partner", "time"]

RECEIVERS = [(module, "RECEIVER") for module in ("locations", "tariffs", "sessions", "cdrs")]


@pytest.fixture
def ocpi(aws: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Ocpi:
    monkeypatch.setattr(Deployment, "find", lambda _stack: Deployment(OUTPUTS))
    monkeypatch.setenv("COLUMNS", "200")
    return Ocpi(capsys, monkeypatch, tmp_path)


def no_deployment(stack: str) -> Deployment:
    raise AssertionError(f"{stack} is asked for")


@pytest.fixture
def offline(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Ocpi:
    """The command where nothing is deployed, and nothing may be asked for."""
    monkeypatch.setattr(Deployment, "find", no_deployment)
    monkeypatch.setenv("COLUMNS", "200")
    return Ocpi(capsys, monkeypatch, tmp_path)


@pytest.fixture
def loop(aws: None) -> Loop:
    return Loop()


@pytest.fixture
def tnm(loop: Loop, connect: Connect) -> Connection:
    """The platform of the eMSP NL/TNM, which takes Location L1 and Tariff T1 of ours."""
    connection = connect("EMSP NL TNM", offers=RECEIVERS)
    for path in ("/locations/NL/OCS/L1", "/tariffs/NL/OCS/T1"):
        connection.partner.answers["PUT", path] = ok()
    return connection
