"""One platform for all tests of a module; each request finds it as it was at first."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from moto import mock_aws

from ocpi import clock
from tests import conftest
from tests.fuzz.platform import Platform, platform


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """The platform, with its clock standing still and no network but this machine's."""
    file = tmp_path_factory.mktemp("clock") / "clock.json"
    clock.write(file, datetime(2026, 11, 22, 8, 30, tzinfo=UTC), 0)
    with pytest.MonkeyPatch.context() as patched, mock_aws():
        patched.setenv("CLOCK_FILE", str(file))
        patched.setattr(socket, "getaddrinfo", _only_here(socket.getaddrinfo))
        conftest._create_resources()
        with platform() as started:
            yield started


def _only_here(lookup: Any) -> Any:
    """Looks up the names of this machine alone: partners name hosts, and a test must not wait for any."""

    def looked_up(host: str, *args: Any, **kwargs: Any) -> Any:
        if host.encode("idna").decode() not in ("127.0.0.1", "localhost"):
            raise socket.gaierror(f"{host} is not of this test")
        return lookup(host, *args, **kwargs)

    return looked_up
