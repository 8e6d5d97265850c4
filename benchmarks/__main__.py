"""Run all measurements: ``python -m benchmarks [--json]``. CPU time; each figure beside its floor, from one run."""

import argparse
import json
from dataclasses import asdict

from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks import api, imports, solver
from benchmarks.figure import Figure


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="make bench", description="CPU time of the platform, beside its floors.")
    parser.add_argument("--json", action="store_true", help="print JSON")
    as_json = parser.parse_args().json
    measurements = [*imports.MEASUREMENTS, *api.MEASUREMENTS, *solver.MEASUREMENTS]
    figures = [measure() for measure in track(measurements, "Measuring", console=Console(stderr=True), transient=True)]
    print(json.dumps([asdict(figure) | {"ratio": figure.ratio} for figure in figures], indent=2)) if as_json else _show(
        figures
    )


def _show(figures: list[Figure]) -> None:
    table = Table("what", "ours, ms", "floor, ms", "ratio", "the floor is", title="CPU time, median")
    for figure in figures:
        ours, floor = f"{figure.ours_ms:.2f}", f"{figure.floor_ms:.2f}"
        table.add_row(figure.what, ours, floor, f"{figure.ratio:.2f}", figure.floor)
    Console().print(table)


if __name__ == "__main__":
    main()
