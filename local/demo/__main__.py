"""The demo: ``make demo``, or ``python -m local.demo [--sessions FILE.csv --day 2019-03-05 --limit-kw 30]``.

It starts the local AWS and deploys the platform on it, invites a partner by the command line, starts the simulated
CPO as a process of its own, describes the site by the command line, and lets the CPO play a day. It exits 0 only if
the site was never above its limit, every accepted profile was obeyed, and nothing failed.
"""

import argparse
import json
import sys
import time
from datetime import date, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from local.aws import PROJECT, LocalAwsError, local_aws, stop_on_sigterm
from local.cpo.__main__ import choose_day
from local.cpo.sessions import Day, SessionsError
from local.demo.car_park import car_park
from local.demo.picture import draw
from local.demo.processes import DemoError, Options
from local.demo.report import complaints, platform_figures, remarks, rows
from local.demo.show import Show, table
from local.demo.site_file import SITE_ID


def main(arguments: list[str] | None = None) -> int:
    """Run the demo; returns the exit code."""
    options = _options(arguments)
    console = Console()
    stop_on_sigterm()
    try:
        day = choose_day(options.sessions, options.day, options.seed)
        options.out.mkdir(parents=True, exist_ok=True)
        report = play(options, day, console)
    except (DemoError, LocalAwsError, SessionsError, OSError) as error:
        print(f"make demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("make demo: stopped", file=sys.stderr)
        return 130
    console.print()
    console.print(table(day.site.name, rows(report)))
    console.print(f"\nReport   {options.out / 'report.json'}", soft_wrap=True)
    console.print(f"Picture  {options.out / 'load.png'}", soft_wrap=True)
    for line in remarks(report):
        console.print(f"Mind: {line}", markup=False)
    wrong = complaints(report)
    for line in wrong:
        print(f"make demo: {line}", file=sys.stderr)
    return 1 if wrong else 0


def play(options: Options, day: Day, console: Console) -> dict[str, Any]:
    """Play the day on a platform of its own; returns the report, which is written too, with the picture.

    Raises:
        DemoError, LocalAwsError: something failed.
    """
    began = time.monotonic()
    with Show(console) as show, local_aws(state=options.out / "aws", on_step=show.step) as stack:
        with car_park(stack, options, day, show.step) as cpo:
            show.step("Playing the day", total=100)
            day_began = time.monotonic()
            cpo.go()
            figures = cpo.wait_for("done", lambda progress: _show(progress, day, show))
            day_seconds = time.monotonic() - day_began
        show.step("Drawing the picture")
        report = {
            **figures,
            **platform_figures(stack, SITE_ID),
            "day_seconds": round(day_seconds, 1),
            "wall_seconds": round(time.monotonic() - began, 1),
        }
        (options.out / "report.json").write_text(json.dumps(report, indent=2) + "\n")
        _draw(options, day, report)
        show.done()
    return report


def _show(progress: dict[str, Any], day: Day, show: Show) -> None:
    now = datetime.fromisoformat(progress["now"]).astimezone(day.site.zone)
    length = max(stay.departure for stay in day.stays) - day.start
    show.day(now, (now - day.start) / length, progress["load_kw"], progress["limit_kw"], progress["connected"])


def _draw(options: Options, day: Day, report: dict[str, Any]) -> None:
    delivered = report["energy_delivered_kwh"] / report["energy_requested_kwh"]
    subtitle = (
        f"{report['sessions']} sessions, {delivered:.1%} of {report['energy_requested_kwh']:.0f} kWh delivered; "
        f"peak {report['peak_kw']:.0f} kW instead of {report['uncontrolled_peak_kw']:.0f} kW"
    )
    local = day.start.astimezone(day.site.zone)
    title = f"{day.site.name}, {local:%A} {local.day} {local:%B %Y}"
    draw(options.out / "load.csv", options.out / "load.png", day.site.zone, title, subtitle)


def _options(arguments: list[str] | None) -> Options:
    parser = argparse.ArgumentParser(prog="python -m local.demo", description="One day of a constrained site")
    parser.add_argument("--sessions", type=Path, metavar="FILE", help="a table of sessions (CSV) instead of drawn ones")
    parser.add_argument("--day", type=date.fromisoformat, help="the local day to play, as 2019-03-05")
    parser.add_argument("--limit-kw", type=float, help="a constant limit instead of 100 A a phase, 50 A in the evening")
    parser.add_argument("--seed", type=int, default=1, help="makes drawn sessions and drivers' words repeatable")
    parser.add_argument("--meter-minutes", type=float, default=30, help="how often meters are read, simulated")
    parser.add_argument("--out", type=Path, default=PROJECT / ".local" / "demo", help="where everything goes")
    given = parser.parse_args(arguments)
    given.out = given.out.resolve()
    given.sessions = given.sessions and given.sessions.resolve()
    return Options(**vars(given))


if __name__ == "__main__":
    sys.exit(main())
