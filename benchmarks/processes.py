"""The worker processes, as the one who measures sees them."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.subject import Reads

ROOT = Path(__file__).resolve().parent.parent


class Measured(NamedTuple):
    """A batch of calls: CPU milliseconds of each, the answer of the last, and what that one read."""

    milliseconds: list[float]
    answer: dict[str, Any]
    reads: Reads | None

    @property
    def body(self) -> dict[str, Any]:
        """The answer's envelope."""
        envelope: dict[str, Any] = json.loads(self.answer["body"])
        return envelope


class Worker:
    """A worker process."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def run(self, event: Mapping[str, Any], times: int) -> Measured:
        """Have the handler answer `event` so many times.

        Raises:
            RuntimeError: the process died; what it had to say is on stderr.
        """
        assert self._process.stdin
        assert self._process.stdout
        try:
            print(json.dumps({"event": event, "times": times}), file=self._process.stdin, flush=True)
        except BrokenPipeError:
            raise RuntimeError("the measured process has died") from None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the measured process has died")
        answer = json.loads(line)
        reads = Reads(*answer["reads"]) if answer["reads"] else None
        return Measured(answer["milliseconds"], answer["answer"], reads)


@contextmanager
def worker(
    module: str,
    *arguments: str,
    python: str | Path = sys.executable,
    path: Path | None = None,
) -> Iterator[Worker]:
    """A worker that measures the subject of `module`, gone at the end of the block.

    Args:
        module: where `subject` is.
        arguments: for `subject`.
        python: the interpreter of the environment to run in.
        path: a folder to import from besides.
    """
    environment = {**os.environ, "PYTHONPATH": str(path) if path else ""}
    with subprocess.Popen(  # noqa: S603 - our own interpreter and code
        [str(python), "-W", "ignore", "-m", "benchmarks.worker", module, *arguments],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Worker(process)
        finally:
            assert process.stdin
            process.stdin.close()
            process.wait(timeout=10)
