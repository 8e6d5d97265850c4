"""The command `ocpi`, called in process as an operator calls it, against the AWS of the test."""

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cli import main as cli
from tests.conftest import ROLES

_QUEUES = os.environ["PUSH_QUEUE_URL"].rpartition("/")[0]

OUTPUTS = {
    "ObjectsTable": "objects",
    "PartnersTable": "partners",
    "SitesTable": "sites",
    "DeliveriesTable": "deliveries",
    "PushQueueUrl": f"{_QUEUES}/push.fifo",
    "OptimizeQueueUrl": f"{_QUEUES}/optimize.fifo",
    "TimeoutQueueUrl": f"{_QUEUES}/timeouts",
    "PullQueueUrl": f"{_QUEUES}/pull.fifo",
    "PushDeadLettersUrl": f"{_QUEUES}/push-dead.fifo",
    "OptimizeDeadLettersUrl": f"{_QUEUES}/optimize-dead.fifo",
    "TimeoutDeadLettersUrl": f"{_QUEUES}/timeouts-dead",
    "PullDeadLettersUrl": f"{_QUEUES}/pull-dead.fifo",
    "OutboxDeadLettersUrl": f"{_QUEUES}/outbox-dead",
    "OutboxFunctionName": "outbox",
    "TokenPepperSecretId": "pepper",
    "TokenKeyId": "alias/token",
    "PublicBaseUrl": "https://ocpi.example.com",
    "AllowPrivatePartners": "true",
    "Roles": ROLES,
}


@dataclass(frozen=True)
class Printed:
    """What a command answered."""

    exit_code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Ocpi:
    """The command `ocpi`, in process, against the AWS of the test."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self._capsys = capsys
        self._monkeypatch = monkeypatch
        self._folder = folder

    def __call__(self, *arguments: str) -> Printed:
        self._capsys.readouterr()
        self._monkeypatch.setattr(sys, "argv", ["ocpi", *arguments])
        exit_code = 0
        try:
            cli.main()
        except SystemExit as end:
            exit_code = int(end.code or 0)
        return Printed(exit_code, *self._capsys.readouterr())

    def put(self, site: object) -> Printed:
        """Put a site from a file."""
        file = self._folder / "site.json"
        file.write_text(site if isinstance(site, str) else json.dumps(site))
        return self("site", "put", str(file))
