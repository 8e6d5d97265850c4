"""A process of its own that calls a Lambda handler: ``python -m benchmarks.worker MODULE [ARGUMENT…]``.

Each line of its input is a JSON object with an `event` and how many `times` to answer it, each line of its output the
CPU milliseconds of each call, the last answer, and what that read from the store. What the handler logs is discarded.
"""

import gc
import json
import os
import sys
import time
from importlib import import_module
from typing import Any, TextIO

from benchmarks.subject import Subject


def main(module: str, *arguments: str) -> None:
    """Serve requests until the input ends."""
    with os.fdopen(os.dup(sys.stdout.fileno()), "w") as answers:
        subject: Subject = import_module(module).subject(*arguments)
        # What was made so far, above all the stand-in's objects, is no burden of the function's garbage collector.
        gc.freeze()
        _discard(sys.stdout)
        errors = os.dup(sys.stderr.fileno())
        _discard(sys.stderr)
        try:
            for line in sys.stdin:
                print(json.dumps(_measured(subject, **json.loads(line))), file=answers, flush=True)
        except BaseException:
            os.dup2(errors, sys.stderr.fileno())
            raise


def _measured(subject: Subject, event: dict[str, Any], times: int) -> dict[str, Any]:
    milliseconds, before, answer = [], None, {}
    for _ in range(times):
        before = subject.reads()
        elsewhere_s = subject.elsewhere_s()
        started = time.process_time()
        answer = subject.handler(event, None)
        spent_s = time.process_time() - started
        milliseconds.append((spent_s - (subject.elsewhere_s() - elsewhere_s)) * 1000)
    after = subject.reads()
    reads = [now - then for now, then in zip(after, before, strict=True)] if after and before else None
    return {"milliseconds": milliseconds, "answer": answer, "reads": reads}


def _discard(stream: TextIO) -> None:
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123 - a device
        os.dup2(nowhere.fileno(), stream.fileno())


if __name__ == "__main__":
    main(*sys.argv[1:])
