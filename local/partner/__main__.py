"""Run the simulated partner: ``python -m local.partner --versions-url URL --token TOKEN [--role EMSP:NL/TNM] …``.

It registers with the platform (or, with ``--invite``, waits to be registered) and stays up until it is ended: Ctrl-C or
SIGTERM. Standard output says what it does.
"""

import argparse
import asyncio
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from local.faults import Fault, FaultError, Faults
from local.ocpi_http.client import Client, OcpiError, Unreachable
from local.ocpi_http.conditions import Conditions
from local.ocpi_http.errands import Errands
from local.ocpi_http.listening import serving
from local.ocpi_http.options import add_options, check, chosen_faults, join
from local.ocpi_http.registration import Refused, Registration
from local.ocpi_http.traffic import Traffic
from local.partner.held import Held
from local.partner.pushing import push_all
from local.partner.results import Desk, Results
from local.partner.server import PartnerParts, create_partner
from local.partner.stock import Stock, StockError, make_up, read_stock
from local.roles import partner_role
from ocpi import clock, wire
from ocpi.types.parties import Party

HOST = "127.0.0.1"
"""Nobody else is to control it."""

DEFAULT_ROLE = "EMSP:NL/TNM"


def main(arguments: list[str] | None = None) -> int:
    """Run the partner; returns the exit code."""
    options = _options(arguments)
    try:
        stock = read_stock(options.stock) if options.stock else Stock()
        asyncio.run(_run(options, stock, chosen_faults(options)))
    except (Refused, OcpiError, Unreachable) as error:
        return _fail(f"the platform cannot be worked with: {error}")
    except (StockError, FaultError, ValueError, OSError) as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        return 130
    return 0


async def _run(options: argparse.Namespace, stock: Stock, faults: list[Fault]) -> None:
    with socket.create_server((HOST, options.port)) as listener:
        base_url = f"http://{HOST}:{listener.getsockname()[1]}"
        parts = _parts(options, base_url, stock, faults)
        try:
            async with serving(create_partner(base_url, parts), listener):
                await _work(options, base_url, parts)
        finally:
            await parts.errands.cancel()
            await parts.client.close()


async def _work(options: argparse.Namespace, base_url: str, parts: PartnerParts) -> None:
    """Register, have objects, push them, and be there."""
    say = _json_line if options.json else _words
    registration = parts.registration
    say("serving", {"versions_url": registration.versions_url, "control": f"{base_url}/control"})
    await join(options, registration, parts.client)
    partner = registration.partner
    if partner is None:
        raise Refused("the platform has ended the registration")
    platform = Party(partner.country_code, partner.party_id)
    say("registered", {"platform": str(platform)})
    make_up(parts.stock, options.generate, registration.roles, platform, clock.now())
    if options.push:
        say("pushed", {"objects": await push_all(registration, parts.client, parts.stock)})
    await asyncio.Event().wait()


def _parts(options: argparse.Namespace, base_url: str, stock: Stock, faults: list[Fault]) -> PartnerParts:
    traffic = Traffic()
    conditions = Conditions(Faults(options.seed, faults, clock.now()))
    client = Client(traffic, conditions=conditions)
    roles = [partner_role(word, options.name) for word in options.role or [DEFAULT_ROLE]]
    registration = Registration(f"{base_url}/ocpi/versions", roles, invited=options.invite)
    errands = Errands(traffic)
    desk = Desk(registration, client, errands, Results(options.results), options.result_after)
    return PartnerParts(registration, client, conditions, traffic, errands, Held(), stock, desk)


def _json_line(event: str, content: dict[str, Any]) -> None:
    print(wire.dumps({"event": event, **content}).decode(), flush=True)


def _words(event: str, content: dict[str, Any]) -> None:
    print(event, *(f"{name}={value}" for name, value in content.items()), flush=True)


def _fail(message: str) -> int:
    print(f"local.partner: {message}", file=sys.stderr, flush=True)
    return 1


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.partner", description="A simulated OCPI partner")
    add_options(parser)
    parser.add_argument(
        "--role", action="append", metavar="ROLE", help=f"who it is, such as {DEFAULT_ROLE}; may be repeated"
    )
    parser.add_argument("--name", default="Simulated partner", help="what it calls itself")
    parser.add_argument("--stock", type=Path, metavar="FILE", help="its own objects: a JSON object of lists, by module")
    parser.add_argument(
        "--generate", type=int, default=0, metavar="N", help="make up N objects of each kind that its roles send"
    )
    parser.add_argument("--push", action="store_true", help="send all its own objects once it is registered")
    parser.add_argument(
        "--results", choices=list(Results), default=Results.ACCEPTED, help="what comes of commands and profiles"
    )
    parser.add_argument("--result-after", type=float, default=0.1, metavar="S", help="real seconds until it comes")
    options = parser.parse_args(arguments)
    check(parser, options)
    return options


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())
