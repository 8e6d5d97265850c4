"""The command line that every simulated party has: how it registers, and the faults that it begins with."""

import argparse
import asyncio
from pathlib import Path

from local.faults import Fault, parse, read_schedule
from local.ocpi_http.client import Client
from local.ocpi_http.registration import Registration


def add_options(parser: argparse.ArgumentParser) -> None:
    """Let a parser know these options."""
    parser.add_argument("--versions-url", help="register with the platform whose versions are here …")
    parser.add_argument("--token", help="… with this CREDENTIALS_TOKEN_A of its invitation")
    parser.add_argument("--invite", metavar="TOKEN", help="instead: wait until a platform registers with this token")
    parser.add_argument("--port", type=int, default=0, help="the port to listen on; 0 picks a free one")
    parser.add_argument("--seed", type=int, default=1, help="makes all that is drawn by chance repeatable")
    parser.add_argument(
        "--fault", action="append", default=[], metavar="LINE", help="such as 'slow seconds=3 p=0.5 module=locations'"
    )
    parser.add_argument("--faults", type=Path, metavar="FILE", help="a schedule of faults: a JSON list")
    parser.add_argument("--json", action="store_true", help="say everything as JSON, one line each")


def check(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """End the program with an error unless there is just one way to register."""
    if bool(options.versions_url) == bool(options.invite):
        parser.error("give either --versions-url with --token, or --invite")
    if options.versions_url and not options.token:
        parser.error("--versions-url needs --token")


def chosen_faults(options: argparse.Namespace) -> list[Fault]:
    """The faults to begin with: those of the file, then those of the lines.

    Raises:
        FaultError: one is written wrong.
    """
    schedule = read_schedule(options.faults) if options.faults else []
    return schedule + [parse(line) for line in options.fault]


async def join(options: argparse.Namespace, registration: Registration, client: Client) -> None:
    """Register with the platform, or wait until it has registered.

    Raises:
        Refused: it cannot be worked with.
    """
    if options.versions_url:
        await registration.register(client, options.versions_url, options.token)
        return
    await registration.done.wait()
    await asyncio.sleep(0.5)  # for the platform to take in the answer to its registration
