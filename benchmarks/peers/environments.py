"""Makes the environments of the peers, under .tools/, from the packages that requirements/ pins with hashes."""

import os
import subprocess
import sys
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from benchmarks.processes import ROOT

OCPI_PYTHON_DIR = "OCPI_PYTHON_DIR"
"""Names a checkout of ocpi-python, which is on no package registry."""

_TOOLS = ROOT / ".tools"


class Unavailable(Exception):
    """A peer that cannot be measured here; the message says why."""


@dataclass(frozen=True)
class Peer:
    """A peer: its name, the package it is imported as, and the variable that names its checkout where it needs one."""

    title: str
    imported_as: str
    checkout: str | None = None

    @property
    def name(self) -> str:
        """Its name, as its files have it."""
        return self.title.partition(" ")[0]

    @property
    def requirements(self) -> Path:
        """Its packages, pinned."""
        return ROOT / "requirements" / f"benchmarks-{self.name}.txt"

    @property
    def python(self) -> Path:
        """The interpreter of its environment."""
        return _TOOLS / "benchmarks" / self.name / "bin" / "python"

    def source(self) -> Path | None:
        """The checkout it is imported from, if it is not among its packages.

        Raises:
            Unavailable: nobody has named one.
        """
        if self.checkout is None:
            return None
        named = os.environ.get(self.checkout)
        if not named:
            raise Unavailable(f"{self.checkout} names no checkout of it")
        return Path(named).resolve()


PEERS = (
    Peer("extrawest-ocpi", "py_ocpi"),
    Peer("py-ocpi", "py_ocpi"),
    Peer("ocpi-python", "ocpi", checkout=OCPI_PYTHON_DIR),
)


def is_prepared(peer: Peer) -> bool:
    """Whether the environment is there, and of what is pinned now."""
    stamp = _stamp(peer)
    return stamp.is_file() and stamp.read_text() == _made_of(peer) and peer.python.exists()


def prepared(peer: Peer) -> Path:
    """The interpreter of the peer's environment, which is made if it is not there.

    Raises:
        Unavailable: it cannot be made.
    """
    peer.source()
    if is_prepared(peer):
        return peer.python
    directory = peer.python.parents[1]
    environment = {"UV_CACHE_DIR": str(_TOOLS / "cache" / "uv"), **os.environ}
    try:
        uv = _output(["bash", "local/bootstrap.sh", "uv"], environment).strip()
        _output([uv, "venv", "--clear", "--no-project", "--python", sys.executable, str(directory)], environment)
        # What is pinned is all there is to install, and one peer forbids a package that it works with.
        install = ["pip", "install", "--no-deps", "--require-hashes", "--python", str(peer.python)]
        _output([uv, *install, "-r", str(peer.requirements)], environment)
    except subprocess.CalledProcessError as error:
        lines = error.stderr.strip().splitlines() or ["no reason given"]
        raise Unavailable(f"its environment could not be made ({lines[-1].strip()})") from None
    _stamp(peer).write_text(_made_of(peer))
    return peer.python


def _output(command: list[str], environment: dict[str, str]) -> str:
    return subprocess.run(  # noqa: S603 - bash and uv, of this project's set-up
        command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True
    ).stdout


def _stamp(peer: Peer) -> Path:
    return peer.python.parents[1] / ".stamp"


def _made_of(peer: Peer) -> str:
    return f"{ROOT} {sys.version_info[:3]} {sha256(peer.requirements.read_bytes()).hexdigest()}"
