"""Run the measurement: ``make bench-limit``, or ``python -m benchmarks.limit [--sessions 200] [--json]``."""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from pathlib import Path as File
from statistics import median

from rich.console import Console
from rich.table import Table

from benchmarks.limit.cpo import operator
from benchmarks.limit.measure import NotQuiet, Path, Place
from local.aws import PROJECT, LocalAwsError, local_aws, stop_on_sigterm
from local.demo.processes import DemoError, ocpi
from local.energy import energy_access

SIZES = (50, 200, 1000)
STEPS = ("answered", "taken", "decided", "queued", "asked", "accepted")
_progress = Console(stderr=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="make bench-limit", description="From a limit that is lowered to the last charge point that has heard."
    )
    parser.add_argument("--sessions", type=int, action="append", help=f"how many; may be repeated ({SIZES} if not)")
    parser.add_argument("--times", type=int, default=3, help="how often the limit is lowered; the median counts")
    parser.add_argument("--state", type=File, default=PROJECT / ".local" / "bench-limit", help="where all files go")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    stop_on_sigterm()
    try:
        paths = list(_measured(arguments.sessions or SIZES, arguments.times, arguments.state))
    except (LocalAwsError, DemoError, NotQuiet) as error:
        sys.exit(f"make bench-limit: {error}")
    _print_json(paths) if arguments.json else _print_table(paths)


def _measured(sizes: Sequence[int], times: int, state: File) -> Iterator[Path]:
    """The medians for each number of sessions."""
    with (
        local_aws(state=state, optimize_every="rate(1 day)", log_level="WARNING", on_step=_progress.print) as stack,
        operator() as cpo,
    ):
        os.environ |= stack.environment | {"NO_PROXY": "127.0.0.1"}
        access = energy_access(stack)
        invitation = ocpi(stack, "partner", "invite", "--name", "A CPO that answers at once")
        cpo.register(invitation["versions_url"], invitation["token"])
        for cars in sizes:
            place = Place(stack, access, cpo, invitation["partner_id"], cars)
            with _progress.status(f"{cars} sessions"):
                place.begin()
                paths = []
                for _ in range(times):
                    paths.append(place.lower())
                    _progress.print(paths[-1])
            yield _median(paths)


def _median(paths: Sequence[Path]) -> Path:
    """Each figure by itself."""
    steps = {name: median(getattr(path, name) for path in paths) for name in STEPS}
    laps = {name: median(path.timing_ms.get(name, 0.0) for path in paths) for name in paths[0].timing_ms}
    decreases = int(median(path.decreases for path in paths))
    return Path(sessions=paths[0].sessions, decreases=decreases, timing_ms=laps, **steps)


def _print_json(paths: Sequence[Path]) -> None:
    print(json.dumps([asdict(path) for path in paths], indent=2))


def _print_table(paths: Sequence[Path]) -> None:
    table = Table(title="Seconds since the call that lowers a limit, median")
    for name in (field.name for field in fields(Path) if field.name != "timing_ms"):
        table.add_column(name, justify="right")
    for path in paths:
        steps = (f"{getattr(path, name):.2f}" for name in STEPS)
        table.add_row(str(path.sessions), str(path.decreases), *steps)
    # Without a terminal there is no width to keep to.
    console = Console()
    console.print(table) if console.is_terminal else Console(width=120).print(table)


if __name__ == "__main__":
    main()
