"""ocpi trace: what went over the wire, found again in the logs of all functions.

CloudWatch Logs Insights looks through all of them in one query, at some seconds and half a cent a gigabyte; to filter
log events costs nothing, but asks each log group by itself and pages through all that is in it.
"""

import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import boto3
import typer
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from cli.deployment import Deployment
from cli.failure import Failure
from cli.output import AsJson, answer_table
from ocpi import clock
from ocpi.types.primitives import format_datetime

COLUMNS = ("time", "dir", "partner", "method", "url", "http", "ocpi", "ms", "message")
_LINES = (("time", "dir", "partner", "http", "ocpi", "ms"), ("method", "url"), ("message",))
"""How they stand in several lines, where the terminal has no room for all in one."""

_AS_WORDS = dict.fromkeys(COLUMNS, "{}") | {"http": "HTTP {}", "ocpi": "OCPI {}", "ms": "{} ms"}
"""What says in a line which of them it is."""

WIDEST = 10_000
"""No table needs more characters in a line."""

MOST = 1_000
"""How many exchanges are shown at most."""

ASK_EVERY_S = 0.5
_UNDER_WAY = ("Scheduled", "Running", "Unknown")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True)
class Traced:
    """A request and its answer, as :mod:`ocpi.transport.exchanges` has logged it."""

    time: datetime
    """When it began."""
    function: str
    exchange: Mapping[str, Any]
    ids: frozenset[str]
    """Its own, and those of the request that was being served meanwhile."""

    @property
    def told(self) -> dict[str, Any]:
        """For programs."""
        return {"time": self.time, "function": self.function} | dict(self.exchange)

    def row(self) -> dict[str, str]:
        """For people, in :data:`COLUMNS`."""
        told = self.exchange
        values = {
            "time": format_datetime(self.time),
            "dir": told["direction"],
            "partner": told.get("partner_id"),
            "method": told["method"],
            "url": told.get("url"),
            "http": told.get("http_status"),
            "ocpi": told.get("status_code"),
            "ms": told["milliseconds"],
            "message": self._message,
        }
        return {name: _printable(value) for name, value in values.items() if value is not None}

    @property
    def _message(self) -> str | None:
        """What was wrong; what was asked stands beside it."""
        error: str | None = self.exchange.get("error")
        asked = f"{self.exchange['method']} {self.exchange.get('url')}: "
        return error.removeprefix(asked) if error else self.exchange.get("status_message")

    def lines(self) -> str:
        """For people with little room: what is short, then what is long."""
        row = self.row() | {"time": self.moment}
        lines = (" ".join(_AS_WORDS[name].format(row[name]) for name in line if name in row) for line in _LINES)
        return "\n  ".join(filter(None, lines))

    @property
    def moment(self) -> str:
        """When it began, as short as it can be told."""
        return f"{self.time:%m-%d %H:%M:%S.%f}"[:-3]

    def text(self) -> str:
        """For people, with the bodies."""
        row, told = self.row(), self.exchange
        parties = " to ".join(str(told[end]) for end in ("from", "to") if end in told)
        lines = [
            " ".join(row[name] for name in COLUMNS if name in row),
            f"  X-Request-ID {told['request_id']}, X-Correlation-ID {told['correlation_id']}",
            f"  {parties}" if parties else "",
            *(f"  {name}: {_printable(told[name])}" for name in ("request", "answer") if name in told),
        ]
        return "\n".join(filter(None, lines))


@dataclass(frozen=True)
class Wanted:
    """What is looked for: an id, or a partner."""

    id: str | None = None
    partner_id: str | None = None

    def __str__(self) -> str:
        return f"X-Correlation-ID or X-Request-ID {self.id!r}" if self.id else f"partner {self.partner_id!r}"

    @property
    def query(self) -> str:
        """Lines that may match, as CloudWatch Logs Insights is asked for them; of a partner the latest."""
        text = json.dumps(self.id)[1:-1] if self.id else f'"partner_id":{json.dumps(self.partner_id)}'
        order = "asc" if self.id else "desc"
        return (
            f'fields @message | filter @message like /"message":"exchange"/ | filter @message like /{_pattern(text)}/ '
            f"| sort @timestamp {order} | limit {MOST}"
        )

    def matches(self, traced: Traced) -> bool:
        """Whether it is really that, and does not just have the text somewhere."""
        return self.id in traced.ids if self.id else self.partner_id == traced.exchange.get("partner_id")


def _since(text: str) -> timedelta:
    given = re.fullmatch(r"(\d{1,4})([mhd])", text)
    if given is None:
        raise typer.BadParameter("give minutes, hours or days, such as 30m, 1h or 2d")
    return timedelta(**{_UNITS[given[2]]: int(given[1])})


def trace(
    context: typer.Context,
    id_: Annotated[str | None, typer.Argument(metavar="ID", help="An X-Correlation-ID or X-Request-ID.")] = None,
    partner: Annotated[str | None, typer.Option(help="The latest exchanges with this partner instead.")] = None,
    since: Annotated[
        timedelta, typer.Option(parser=_since, metavar="TIME", help="How far to look back, such as 30m, 1h or 2d.")
    ] = "1d",  # type: ignore[assignment]  # typer gives the default to the parser
    bodies: Annotated[bool, typer.Option("--bodies", help="With the bodies, as far as they are logged.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what was exchanged with partners under an id: each request, in or out, in order of time.

    A request that we make because of another carries its X-Correlation-ID. Secrets are masked, and no headers kept.
    """
    deployment: Deployment = context.obj
    if bool(id_) == bool(partner):
        raise typer.BadParameter("give either an id or --partner")
    wanted = Wanted(partner_id=deployment.partner(partner).id) if partner else Wanted(id_)
    with Console(stderr=True).status("Looking through the logs …"):
        found = sorted(_find(wanted, deployment.log_groups(), since), key=lambda traced: traced.time)
    if not found:
        raise Failure(
            f"nothing with {wanted} in the logs since {format_datetime(clock.now() - since)}: look further back with "
            "--since, as far as LogRetentionDays; LogLevel must be INFO or DEBUG; what was just now takes some seconds"
        )
    if as_json:
        answer_table((traced.told for traced in found), COLUMNS, as_json=True)
    elif bodies:
        print("\n\n".join(traced.text() for traced in found))
    else:
        _show(found)
    if len(found) >= MOST:
        raise Failure(f"there are more than {MOST}; narrow it down with --since")


def _show(found: list[Traced]) -> None:
    """A table if the terminal has room for it, else some lines for each: what is folded or cut is of no use."""
    table = Table(*COLUMNS, box=None)
    for traced in found:
        row = traced.row() | {"time": traced.moment}
        table.add_row(*(Text(row.get(name, "")) for name in COLUMNS))
    console = Console()
    if Measurement.get(console, console.options.update(max_width=WIDEST), table).maximum <= console.width:
        console.print(table)
    else:
        print("\n".join(traced.lines() for traced in found))


def _find(wanted: Wanted, groups: list[str], since: timedelta) -> Iterator[Traced]:
    """What matches.

    Raises:
        Failure: the query did not come to its end.
    """
    logs, now = boto3.client("logs"), clock.now()
    query = logs.start_query(
        logGroupNames=groups,
        startTime=int((now - since).timestamp()),
        endTime=int(now.timestamp()) + 1,
        queryString=wanted.query,
    )["queryId"]
    while (answer := logs.get_query_results(queryId=query))["status"] in _UNDER_WAY:
        time.sleep(ASK_EVERY_S)
    if answer["status"] != "Complete":
        raise Failure(f"the query of the logs ended as {answer['status']}; try again, or with a shorter --since")
    for row in answer["results"]:
        (message,) = (field["value"] for field in row if field["field"] == "@message")
        traced = _read(message)
        if traced and wanted.matches(traced):
            yield traced


def _read(line: str) -> Traced | None:
    """A line of a log; None if it tells of no exchange."""
    try:
        logged = json.loads(line)
        told = logged["exchange"]
        ended = datetime.strptime(logged["timestamp"], "%Y-%m-%d %H:%M:%S,%f%z")
    except (ValueError, LookupError, TypeError):
        return None
    began = ended.astimezone(UTC) - timedelta(milliseconds=told["milliseconds"])
    ids = (told["request_id"], told["correlation_id"], logged.get("x_request_id"), logged.get("x_correlation_id"))
    return Traced(began, logged["service"], told, frozenset(filter(None, ids)))


def _pattern(text: str) -> str:
    """A regular expression for just this text."""
    return re.sub(r"[^\w-]", r"\\\g<0>", text, flags=re.ASCII)


def _printable(value: object) -> str:
    return "".join(c if c.isprintable() else "\ufffd" for c in str(value))
