"""Run the simulated CPO: ``python -m local.cpo --versions-url URL --token TOKEN [--site FILE] …``.

It registers with the platform (or, with ``--invite``, waits to be registered), pushes its Location, plays one
day of charging sessions and writes a report. Its exit code is 0 if the day was played.
"""

import argparse
import asyncio
import json
import os
import secrets
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from local.cpo.book import Book
from local.cpo.grid import GridLimit, SiteFileError, read_site_file
from local.cpo.identity import registration as unregistered
from local.cpo.ocpi_server import create_cpo
from local.cpo.pace import Pace, Quiet, SimulatedClock, Steady, watch_queues
from local.cpo.plant import Plant
from local.cpo.report import figures, write_load
from local.cpo.sessions import Day, SessionsError, drawn_day, read_day
from local.cpo.site import garage
from local.cpo.world import Progress, World
from local.faults import FaultError, Faults
from local.ocpi_http.client import Client, OcpiError, Unreachable
from local.ocpi_http.conditions import Conditions
from local.ocpi_http.listening import serving
from local.ocpi_http.options import add_options, check, chosen_faults, join
from local.ocpi_http.registration import Refused, Registration
from local.ocpi_http.traffic import Traffic
from ocpi import wire

DRAWN_DAY = date(2026, 3, 2)
"""A Monday without a change of clocks, for sessions that are drawn."""

TABLE_DAY = date(2019, 3, 5)
"""A Tuesday in the Caltech table."""


@dataclass(frozen=True)
class Office:
    """All parts of a running CPO."""

    registration: Registration
    client: Client
    world: World


def main(arguments: list[str] | None = None) -> int:
    """Run the CPO; returns the exit code."""
    options = _options(arguments)
    say = _json_lines if options.json else _words
    try:
        day = choose_day(options.sessions, options.day, options.seed)
        limit = read_site_file(options.site) if options.site else None
        faults = Faults(options.seed, chosen_faults(options), day.start)
        asyncio.run(_run(options, day, limit, faults, say))
    except (SessionsError, SiteFileError, FaultError) as error:
        return _fail(str(error))
    except (Refused, OcpiError, Unreachable) as error:
        return _fail(f"the platform cannot be worked with: {error}")
    except OSError as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        return 130
    return 0


def choose_day(sessions: Path | None, day: date | None, seed: int) -> Day:
    """The day to play: of a table, or drawn.

    Raises:
        SessionsError: the table is wrong.
    """
    if sessions:
        return read_day(sessions, day or TABLE_DAY, seed)
    return drawn_day(garage(), day or DRAWN_DAY, seed)


async def _run(options: argparse.Namespace, day: Day, limit: GridLimit | None, faults: Faults, say: "Say") -> None:
    async with _open_office(options, day, faults) as office:
        say("serving", {"versions_url": office.registration.versions_url})
        await join(options, office.registration, office.client)
        say("registered", {"partner": _party(office.registration)})
        await office.world.push_location()
        say("located", {"location_id": day.site.location_id, "evses": len(day.site.evses)})
        if options.stay:
            await asyncio.Event().wait()
        if options.hold and not await _line_on_stdin():
            return
        await office.world.play(lambda progress: say("progress", _progress(progress, limit)))
        report = figures(office.world, limit)
        if options.report:
            options.report.write_text(json.dumps(report, indent=2) + "\n")
        if options.load_csv and limit:
            write_load(options.load_csv, office.world, limit)
        say("done", report)


async def _line_on_stdin() -> bool:
    """Wait for a line on standard input; False if it ends instead."""
    readable = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(sys.stdin.fileno(), readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(sys.stdin.fileno())
    return bool(sys.stdin.readline())


@asynccontextmanager
async def _open_office(options: argparse.Namespace, day: Day, faults: Faults) -> AsyncIterator[Office]:
    """A CPO whose server answers."""
    traffic = Traffic()
    simulated = SimulatedClock(day.start, options.clock_file)
    conditions = Conditions(faults, simulated.now)
    client = Client(traffic, conditions=conditions)
    with socket.create_server((options.host, options.port)) as listener:
        base_url = f"http://{options.host}:{listener.getsockname()[1]}"
        registration = unregistered(f"{base_url}/ocpi/versions", options.invite)
        world = World(
            day,
            Plant(day.site, day.berths, day.start, options.default_limit_a),
            Book(day, options.run or secrets.token_hex(4)),
            Pace(
                simulated,
                Quiet(traffic, options.silence, watch_queues(options.settle_queue)),
                options.busy_rate,
                options.patience,
                _steady(options, day),
            ),
            registration,
            client,
            meter_seconds=round(options.meter_minutes * 60),
        )
        app = create_cpo(base_url, registration, client, world, traffic, conditions)
        try:
            async with serving(app, listener):
                yield Office(registration, client, world)
        finally:
            await client.close()


def _steady(options: argparse.Namespace, day: Day) -> Steady | None:
    if options.steady is None:
        return None
    local = day.start.astimezone(day.site.zone)
    return Steady(datetime.combine(local.date(), options.steady_from, day.site.zone), options.steady)


# --- what it says -------------------------------------------------------------------------------------------

type Say = Callable[[str, dict[str, Any]], None]


def _json_lines(event: str, content: dict[str, Any]) -> None:
    print(wire.dumps({"event": event, **content}).decode(), flush=True)


def _words(event: str, content: dict[str, Any]) -> None:
    match event:
        case "progress":
            limit = "" if content["limit_kw"] is None else f" of {content['limit_kw']:.1f}"
            load = f"{content['load_kw']:6.1f}{limit} kW, {content['connected']:3d} cars"
            print(
                f"\r{content['now']:%a %H:%M} UTC, {load}, {content['profiles']:5d} profiles",
                end="",
                flush=True,
            )
        case "done":
            print()
            for name, value in content.items():
                print(f"{name:32} {value}")
        case _:
            print(event, *(f"{name}={value}" for name, value in content.items()), flush=True)


def _progress(progress: Progress, limit: GridLimit | None) -> dict[str, Any]:
    return asdict(progress) | {"limit_kw": limit.kw(progress.now) if limit else None}


def _party(registration: Registration) -> str | None:
    partner = registration.partner
    return f"{partner.country_code}/{partner.party_id}" if partner else None


def _fail(message: str) -> int:
    print(f"local.cpo: {message}", file=sys.stderr, flush=True)
    return 1


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.cpo", description="A simulated charge point operator")
    add_options(parser)
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on")
    parser.add_argument("--site", type=Path, metavar="FILE", help="the site file, for the grid limit to judge by")
    parser.add_argument("--sessions", type=Path, metavar="FILE", help="a table of sessions (CSV) instead of drawn ones")
    parser.add_argument("--day", type=date.fromisoformat, help="the local day to play, as 2019-03-05")
    parser.add_argument("--default-limit-a", type=float, default=6.0, help="A per phase for sessions without a profile")
    parser.add_argument("--meter-minutes", type=float, default=15, help="how often meters are read, simulated minutes")
    parser.add_argument(
        "--busy-rate", type=float, default=10, help="simulated s per real s while messages are under way"
    )
    parser.add_argument(
        "--steady", type=float, metavar="RATE", help="simulated s per real s, without jumps: a day to be watched"
    )
    parser.add_argument(
        "--steady-from", type=time.fromisoformat, default=time(0), help="from which local time on, as 08:30"
    )
    parser.add_argument("--patience", type=float, default=20, help="real seconds that one event may take to settle")
    parser.add_argument("--silence", type=float, default=0.3, help="real seconds without messages that count as quiet")
    parser.add_argument("--settle-queue", action="append", default=[], metavar="URL", help="an SQS queue to watch too")
    parser.add_argument("--clock-file", type=Path, default=os.environ.get("CLOCK_FILE") or None)
    parser.add_argument("--run", help="prefix of session ids; default: a random one")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the figures here, as JSON")
    parser.add_argument("--load-csv", type=Path, metavar="FILE", help="write the load over time here (needs --site)")
    parser.add_argument("--hold", action="store_true", help="play only after a line on standard input")
    parser.add_argument("--stay", action="store_true", help="don't play: register, push the Location, and stay up")
    options = parser.parse_args(arguments)
    check(parser, options)
    return options


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())
