"""ocpi check …: whether a platform speaks OCPI 2.2.1, seen from outside."""

import os
import sys
from typing import Annotated

import typer

from cli.check import report as told
from cli.check.reach import CannotRun
from cli.check.registry import Check
from cli.check.rules import CHECKS
from cli.check.run import OUR_PARTY, Order, Outcome, run
from cli.output import AsJson
from ocpi import wire
from ocpi.transport.tokens import MAX_TOKEN_LENGTH
from ocpi.types.parties import Party
from ocpi.types.primitives import Role

EVERYWHERE = "0.0.0.0"  # noqa: S104 - what an operator may ask for
TOKEN_VARIABLE = "OCPI_TOKEN"  # noqa: S105 - the name of a variable
CHECKED_ROLES = (Role.CPO, Role.EMSP, Role.SCSP, Role.HUB)

FAILED, CANNOT_RUN, INTERRUPTED = 1, 2, 130


def check(  # noqa: PLR0913, PLR0917 - the options of a command
    url: Annotated[str, typer.Argument(help="The platform's versions endpoint.")] = "",
    token: Annotated[
        str,
        typer.Option(
            envvar=TOKEN_VARIABLE,
            show_envvar=False,
            help=f"A credentials token as it is, not in Base64; - for standard input, or set {TOKEN_VARIABLE}.",
        ),
    ] = "",
    role: Annotated[
        str,
        typer.Option(help="Check only what this role serves: cpo, emsp, scsp or hub. Default: all that is offered."),
    ] = "",
    write: Annotated[
        bool, typer.Option("--write", help="Also check what needs writing; with a CREDENTIALS_TOKEN_A: register.")
    ] = False,
    only: Annotated[
        list[str] | None, typer.Option(help="Only rules that begin so, such as TRA or LOC-1; may be given often.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Fail on warnings, too.")] = False,
    country: Annotated[str, typer.Option(help=f"Our country code; {OUR_PARTY.country_code} when registering.")] = "",
    party: Annotated[str, typer.Option(help=f"Our party id; {OUR_PARTY.party_id} when registering.")] = "",
    listen: Annotated[str, typer.Option(help="HOST:PORT where we listen when registering.")] = "127.0.0.1:0",
    public_url: Annotated[str, typer.Option(help="How the platform reaches that address, behind a tunnel.")] = "",
    timeout: Annotated[float, typer.Option(min=0.1, max=120, help="Seconds an answer may take.")] = 10.0,
    list_: Annotated[bool, typer.Option("--list", help="Show all checks; asks nobody.")] = False,
    as_json: AsJson = False,
) -> None:
    """Check whether a platform speaks OCPI 2.2.1, rule by rule. It only reads unless --write is given.

    Exit code 0: no rule is broken; 1: some are; 2: there is nothing to check.
    """
    if list_:
        _print_list(as_json=as_json)
        return
    try:
        order = Order(
            url=url,
            token=_token(token),
            role=_role(role),
            write=write,
            party=_party(country, party),
            only=tuple(only or ()),
            listen=_address(listen),
            public_url=_public_url(public_url, _address(listen)),
            timeout=timeout,
        )
        report = run(order, _progress)
    except CannotRun as error:
        _clear()
        print(f"ocpi: {error}", file=sys.stderr)
        raise typer.Exit(CANNOT_RUN) from None
    _clear()
    print(wire.dumps(told.data(report)).decode() if as_json else "\n".join(told.lines(report)))
    counts = report.counts
    if report.interrupted:
        raise typer.Exit(INTERRUPTED)
    if counts[Outcome.FAILED] or (strict and counts[Outcome.WARNED]):
        raise typer.Exit(FAILED)


def _print_list(*, as_json: bool) -> None:
    print(wire.dumps(told.as_data(CHECKS)).decode() if as_json else "\n".join(told.listed()))


def _token(text: str) -> str:
    token = sys.stdin.readline().strip() if text == "-" else text
    if not token:
        raise CannotRun(f"a token is needed: --token, or {TOKEN_VARIABLE} in the environment")
    if len(token) > MAX_TOKEN_LENGTH:
        raise CannotRun(f"the token has {len(token)} characters; OCPI allows {MAX_TOKEN_LENGTH}. Is it in Base64?")
    return token


def _role(text: str) -> Role | None:
    if not text:
        return None
    if text.upper() not in CHECKED_ROLES:
        raise CannotRun(f"--role {text}: must be one of {', '.join(role.lower() for role in CHECKED_ROLES)}")
    return Role(text.upper())


def _party(country: str, party: str) -> Party | None:
    if not country and not party:
        return None
    if len(country) != 2 or len(party) != 3 or not (country + party).isalnum():
        raise CannotRun("--country needs two characters and --party three, and both must be given")
    return Party(country.upper(), party.upper())


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise CannotRun(f"--listen {text}: must be HOST:PORT")
    return host, int(port)


def _public_url(text: str, listen: tuple[str, int]) -> str | None:
    if text and not text.startswith(("http://", "https://")):
        raise CannotRun(f"--public-url {text}: must be an http(s) URL")
    if not text and listen[0] == EVERYWHERE:
        raise CannotRun(f"--listen {EVERYWHERE} needs --public-url: how the platform under test reaches this machine")
    return text or None


def _progress(each: Check) -> None:
    if sys.stderr.isatty():
        print(
            f"\r\x1b[K{each.rule}  {each.title[: os.get_terminal_size(sys.stderr.fileno()).columns - 12]}",
            end="",
            file=sys.stderr,
            flush=True,
        )


def _clear() -> None:
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
