"""What the demo starts: the command line `ocpi` as anybody would, and the simulated CPO as a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from local.aws import PROJECT, Stack

DEFAULT_LIMIT_A = 6.0
"""What a car that has just come may draw until its first profile: an EVSE's own default (OCPP: TxDefaultProfile)."""


class DemoError(Exception):
    """The demo cannot go on; the message says why."""


@dataclass(frozen=True)
class Options:
    """What to play, and where to put what comes of it."""

    out: Path
    sessions: Path | None
    day: date | None
    limit_kw: float | None
    seed: int
    meter_minutes: float
    steady: float | None = None
    """Simulated seconds a real second, for a day that is watched; None: as fast as it can be played."""
    steady_from: str = "00:00"
    """From which local time on; until then as fast as can be."""


def ocpi(stack: Stack, *words: str) -> Any:
    """Run the command line `ocpi` and return what it says with --json.

    Raises:
        DemoError: it failed.
    """
    done = subprocess.run(
        [str(Path(sys.executable).with_name("ocpi")), *words, "--json"],
        env=_environment(stack),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise DemoError(f"ocpi {' '.join(words)}: {done.stderr.strip() or done.stdout.strip()}")
    return json.loads(done.stdout)


class SimulatedCpo:
    """The simulated CPO: it says what it does, line by line, and ends with this context.

    Args:
        options: what to play.
        stack: the platform.
        invitation: what `ocpi partner invite` said: token and versions URL.
        site: the site file, for the CPO to judge by.
    """

    def __init__(self, options: Options, stack: Stack, invitation: dict[str, str], site: Path) -> None:
        self._log = options.out / "cpo.log"
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "local.cpo", *_arguments(options, stack, invitation, site)],
                cwd=PROJECT,
                env=_environment(stack),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,  # Ctrl-C reaches us alone, and we end it
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.communicate()

    def go(self) -> None:
        """Let it play the day."""
        if self._process.stdin:
            self._process.stdin.write("\n")
            self._process.stdin.flush()

    def wait_for(self, event: str, on_progress: Callable[[dict[str, Any]], None] = lambda _: None) -> dict[str, Any]:
        """Wait until it says `event`; returns what it says with it.

        Raises:
            DemoError: it ended before.
        """
        for line in self._process.stdout or ():
            said: dict[str, Any] = json.loads(line)
            what = said.pop("event")
            if what == event:
                return said
            if what == "progress":
                on_progress(said)
        self._process.wait()
        lines = self._log.read_text().strip().splitlines()[-15:]
        raise DemoError("the simulated CPO ended early:\n" + "\n".join(lines))


def _arguments(options: Options, stack: Stack, invitation: dict[str, str], site: Path) -> list[str]:
    return [
        *("--versions-url", invitation["versions_url"], "--token", invitation["token"]),
        *("--clock-file", str(stack.clock_file), "--site", str(site), "--seed", str(options.seed)),
        *("--default-limit-a", str(DEFAULT_LIMIT_A), "--meter-minutes", str(options.meter_minutes)),
        *("--report", str(options.out / "cpo.json"), "--load-csv", str(options.out / "load.csv")),
        *("--settle-queue", stack.outputs["OptimizeQueueUrl"], "--settle-queue", stack.outputs["PushQueueUrl"]),
        *(("--sessions", str(options.sessions)) if options.sessions else ()),
        *(("--day", options.day.isoformat()) if options.day else ()),
        *(("--steady", str(options.steady), "--steady-from", options.steady_from) if options.steady else ()),
        *("--silence", "0.15", "--hold", "--json"),
    ]


def _environment(stack: Stack) -> dict[str, str]:
    """This environment with the AWS settings of the local AWS and no others, and its clock."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return own | stack.environment | {"CLOCK_FILE": str(stack.clock_file), "NO_PROXY": "127.0.0.1"}
