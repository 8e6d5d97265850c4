"""The one clock of the platform.

Everything that asks for the time asks :func:`now`. In the cloud that is the real time. For a demo or a test the
environment variable ``CLOCK_FILE`` names a small JSON file that maps real time to simulated time, so that a day can be
played in minutes by every process at once. Whoever owns the simulated time replaces the file with :func:`write`.
"""

import json
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path


def now() -> datetime:
    """The present time, aware and in UTC.

    Raises:
        ValueError: ``CLOCK_FILE`` names a file that is no clock.
    """
    clock_file = os.environ.get("CLOCK_FILE")
    if not clock_file:
        return datetime.now(UTC)
    return read(Path(clock_file))


def read(path: Path) -> datetime:
    """The simulated time that the clock file at `path` tells; the real time while there is no such file yet."""
    try:
        text = path.read_text()
    except FileNotFoundError:
        return datetime.now(UTC)
    try:
        clock = json.loads(text)
        simulated = datetime.fromisoformat(clock["simulated"])
        return simulated + timedelta(seconds=(time.time() - clock["wall"]) * clock["rate"])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is no clock file: {error}") from error


def write(path: Path, simulated: datetime, rate: float) -> None:
    """Set the clock file: from this moment on it is `simulated`, running at `rate` simulated seconds a second.

    The file is replaced in one step, so that no reader sees half of it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(json.dumps({"simulated": simulated.isoformat(), "wall": time.time(), "rate": rate}))
    draft.replace(path)
