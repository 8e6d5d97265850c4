"""A site to watch: ``make live``, or ``python -m local.live [--rate 20] [--from 08:30]``.

It starts the local AWS with the simulated charge point operator and the car park of the demo, and lets the day pass at
a pace at which it can be watched on the page of energy managers. Until Ctrl-C, somebody can change its limits there.
"""

import argparse
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, time
from pathlib import Path
from shlex import quote
from typing import Any

from rich.console import Console

from local.aws import PROJECT, LocalAwsError, Stack, local_aws, stay, stop_on_sigterm
from local.cpo.__main__ import choose_day
from local.cpo.sessions import Day, SessionsError
from local.demo.car_park import car_park
from local.demo.processes import DemoError, Options
from local.demo.show import Show
from local.energy import energy_access

RATE = 20.0
"""Simulated seconds a real second: what a partner may take to answer stays far above what it takes here."""

BEGIN = time(8, 30)
"""When most employees have come; until then the day is played as fast as can be."""

METER_MINUTES = 5.0


def main() -> int:
    """Play until somebody ends it; returns the exit code."""
    options = _options()
    console = Console()
    stop_on_sigterm()
    try:
        day = choose_day(None, None, options.seed)
        options.out.mkdir(parents=True, exist_ok=True)
        _play(options, day, console)
    except (DemoError, LocalAwsError, SessionsError, OSError) as error:
        print(f"make live: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("make live: stopped", file=sys.stderr)
    return 0


def _play(options: Options, day: Day, console: Console) -> None:
    with Show(console) as show, local_aws(state=options.out / "aws", on_step=show.step) as stack:
        show.step("Getting a token for the page")
        access = energy_access(stack)
        with car_park(stack, options, day, show.step) as cpo:
            show.step(f"The night, and the morning until {options.steady_from}")
            for line in _ways_in(stack, access.energy_page):
                console.print(line, soft_wrap=True, markup=False, highlight=False)
            cpo.go()
            cpo.wait_for("done", lambda progress: _show(progress, options, day, show))
            show.step("The day is over; the page stays until Ctrl-C")
            with suppress(KeyboardInterrupt):
                stay(stack)


def _ways_in(stack: Stack, energy_page: str) -> Iterator[str]:
    """How to get at it: with a browser, and by the command line here or in any folder."""
    yield f"\nenergy_page {energy_page}\n"
    yield "By the command line, in another terminal in this folder:\n"
    yield "  .venv/bin/ocpi site show demo --watch\n"
    yield "Elsewhere, or with AWS settings of your own, say first that this AWS and its time are meant:\n"
    settings = stack.environment | {"CLOCK_FILE": str(stack.clock_file)}
    yield f"  export {' '.join(f'{name}={quote(value)}' for name, value in settings.items())}\n"


def _show(progress: dict[str, Any], options: Options, day: Day, show: Show) -> None:
    now = datetime.fromisoformat(progress["now"]).astimezone(day.site.zone)
    length = max(each.departure for each in day.stays) - day.start
    begun = f"{now:%H:%M}" >= options.steady_from
    if begun:
        show.day(now, (now - day.start) / length, progress["load_kw"], progress["limit_kw"], progress["connected"])


def _options() -> Options:
    parser = argparse.ArgumentParser(prog="make live", description="A day of a constrained site, to be watched")
    parser.add_argument("--rate", type=float, default=RATE, help="simulated seconds that pass in a real one")
    parser.add_argument(
        "--from",
        dest="begin",
        type=time.fromisoformat,
        default=BEGIN,
        help="local time to begin at",
    )
    parser.add_argument("--limit-kw", type=float, help="a constant limit instead of 100 A a phase, 50 A in the evening")
    parser.add_argument("--seed", type=int, default=1, help="makes drawn sessions and drivers' words repeatable")
    parser.add_argument("--out", type=Path, default=PROJECT / ".local" / "live", help="where everything goes")
    given = parser.parse_args()
    return Options(
        out=given.out.resolve(),
        sessions=None,
        day=None,
        limit_kw=given.limit_kw,
        seed=given.seed,
        meter_minutes=METER_MINUTES,
        steady=given.rate,
        steady_from=f"{given.begin:%H:%M}",
    )


if __name__ == "__main__":
    sys.exit(main())
