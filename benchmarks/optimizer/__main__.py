"""Run the measurements: ``python -m benchmarks.optimizer [--json] [--only speed] [--sessions FILE.csv]``."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.optimizer import caltech, peers, quality, speed
from benchmarks.optimizer.row import Row

MEASUREMENTS: dict[str, Callable[[], Iterator[Row]]] = {
    "speed": speed.beside_arrays,
    "idiom": speed.beside_idiom,
    "acnportal": peers.beside_acnportal,
    "step": speed.whole_step,
    "start": speed.cold_start,
    "fairness": quality.fairness,
    "changes": quality.changes,
    "repair": quality.repair,
}
_progress = Console(stderr=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="make bench-optimizer", description="CPU time and quality of plans, beside others."
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--only", choices=MEASUREMENTS, action="append", help="measure only this; may be repeated")
    parser.add_argument("--sessions", type=Path, help="a month of Caltech's sessions, planned as well")
    arguments = parser.parse_args()
    measurements = {name: MEASUREMENTS[name] for name in arguments.only or MEASUREMENTS}
    if arguments.sessions:
        measurements["Caltech"] = lambda: caltech.demand_met(arguments.sessions)
    rows: list[Row] = []
    failures: list[str] = []
    for name, measure in measurements.items():
        try:
            rows += _measured(name, measure)
        except RuntimeError as error:
            failures.append(f"{name}: {error}")
    _print_json(rows) if arguments.json else _print_table(rows)
    if failures:
        sys.exit("\n".join(failures))


def _measured(name: str, measure: Callable[[], Iterator[Row]]) -> Iterator[Row]:
    """The rows, told as they come."""
    with _progress.status(f"Measuring: {name}"):
        for row in measure():
            _progress.print(f"{row.what}: {_fixed(row.ours)} {row.unit}, beside {_fixed(row.other) or 'nothing'}")
            yield row


def _print_json(rows: list[Row]) -> None:
    print(
        json.dumps(
            [asdict(row) | {"ratio": row.ratio, "target": _target(row), "reached": row.reached} for row in rows],
            indent=2,
        )
    )


def _print_table(rows: list[Row]) -> None:
    table = Table(title="Plans: CPU time (median) and quality")
    table.add_column("what")
    for name in ("ours", "other", "unit", "ratio", "target", "reached"):
        table.add_column(name, justify="right")
    table.add_column("the other is")
    for row in rows:
        numbers = _fixed(row.ours), _fixed(row.other), row.unit, _fixed(row.ratio, 3), _target(row)
        table.add_row(row.what, *numbers, {True: "yes", False: "NO", None: ""}[row.reached], row.beside)
    # Without a terminal there is no width to keep to.
    console = Console()
    console.print(table) if console.is_terminal else Console(width=200).print(table)


def _target(row: Row) -> str:
    return str(row.target) if row.target else ""


def _fixed(value: float | None, digits: int = 2) -> str:
    return "" if value is None else f"{value:,.{digits}f}"


if __name__ == "__main__":
    main()
