"""Run the measurements: ``python -m benchmarks [--json] [--only api]``. CPU time; each figure beside another's."""

import argparse
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from benchmarks import api, imports, lists
from benchmarks.figure import Figure

MEASUREMENTS: dict[str, Callable[[], Iterator[Figure]]] = {
    "api": api.measure,
    "lists": lists.measure,
    "imports": imports.measure,
}
_progress = Console(stderr=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="make bench", description="CPU time of the platform, beside others.")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--only", choices=MEASUREMENTS, action="append", help="measure only this; may be repeated")
    arguments = parser.parse_args()
    figures: list[Figure] = []
    for name in arguments.only or MEASUREMENTS:
        with _progress.status(f"Measuring: {name}"):
            figures += MEASUREMENTS[name]()
    _print_json(figures) if arguments.json else _print_table(figures)


def _print_json(figures: list[Figure]) -> None:
    print(json.dumps([asdict(figure) | {"ratio": figure.ratio} for figure in figures], indent=2))


def _print_table(figures: list[Figure]) -> None:
    table = Table(title="CPU time, median")
    table.add_column("what")
    for name in ("ours, ms", "other, ms", "ratio", "units", "items"):
        table.add_column(name, justify="right")
    table.add_column("the other is")
    for figure in figures:
        numbers = _milliseconds(figure.ours_ms), _milliseconds(figure.other_ms), _fixed(figure.ratio, 2)
        reads = _fixed(figure.request_units, 1), _fixed(figure.items_read, 0)
        table.add_row(figure.what, *numbers, *reads, figure.other)
    # Without a terminal there is no width to keep to.
    console = Console()
    console.print(table) if console.is_terminal else Console(width=180).print(table)


def _milliseconds(value: float | None) -> str:
    return _fixed(value, 2)


def _fixed(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:,.{digits}f}"


if __name__ == "__main__":
    main()
