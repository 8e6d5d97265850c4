"""`sam build` and `sam deploy` of template.yaml, with the tools of this folder (see bootstrap.sh)."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

SOURCES = ("template.yaml", "functions", "layers", "optimizer")


class SamError(Exception):
    """A tool failed; the message says which, why, and where the rest of its output is."""


def build(project: Path, log: Path) -> None:
    """Build the functions and layers into .aws-sam/build, unless it holds just these sources already.

    Raises:
        SamError: the build failed.
    """
    stamp = project / ".aws-sam" / "sources"
    with _alone(project):
        sources = _fingerprint(project)
        if _read(stamp) == sources:
            return
        stamp.unlink(missing_ok=True)
        run(project, ["build"], log)
        stamp.write_text(sources)


def run(project: Path, arguments: Sequence[str], log: Path, environment: Mapping[str, str] = os.environ) -> None:
    """Run `sam` in `project`, its output going to the file `log`.

    Raises:
        SamError: it did not exit 0.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as output:
        done = subprocess.run(
            [program(project), *arguments],
            cwd=project,
            env={**environment, **tools(project)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        raise SamError(f"sam {arguments[0]} failed; the end of {log}:\n{last_lines(log)}")


def program(project: Path) -> str:
    """The path of this folder's `sam`."""
    return str(project / ".tools" / "sam" / "bin" / "sam")


def tools(project: Path) -> dict[str, str]:
    """The variables by which sam and the layers' Makefiles find this folder's tools and stay in it."""
    cache = project / ".tools" / "cache"
    for folder in ("sam", "tmp"):
        (cache / folder).mkdir(parents=True, exist_ok=True)
    python = project / ".venv" / "bin"
    own_uv = project / ".tools" / "uv" / "bin" / "uv"
    return {
        "PATH": f"{python}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "PYTHON313": str(python / "python"),
        "UV": str(own_uv) if own_uv.exists() else shutil.which("uv") or "uv",
        "UV_CACHE_DIR": os.environ.get("UV_CACHE_DIR", str(cache / "uv")),
        "SAM_CLI_TELEMETRY": "0",
        "__SAM_CLI_APP_DIR": str(cache / "sam"),
        "TMPDIR": str(cache / "tmp"),
    }


def last_lines(log: Path, count: int = 15) -> str:
    """The end of a log, for an error message."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-count:])


@contextmanager
def _alone(project: Path) -> Iterator[None]:
    """Let one process build at a time."""
    with (project / ".tools" / "build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fingerprint(project: Path) -> str:
    digest = hashlib.sha256()
    for path in _sources(project):
        digest.update(f"{path.relative_to(project)}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _sources(project: Path) -> Iterator[Path]:
    for name in SOURCES:
        source = project / name
        files = source.rglob("*") if source.is_dir() else [source]
        yield from sorted(file for file in files if file.is_file() and "__pycache__" not in file.parts)


def _read(path: Path) -> str | None:
    return path.read_text() if path.exists() else None
