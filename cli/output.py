"""How commands answer: a table for people, or JSON for programs."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.status import Status
from rich.table import Column, Table
from rich.text import Text

from ocpi import clock, wire
from ocpi.store.keys import ObjectId
from ocpi.store.pulls import Skipped
from ocpi.types.primitives import format_datetime, parse_datetime
from ocpi.types.versions import ModuleID

SHOWN_OF_UID = 3
"""How many characters of a Token's uid are shown at most, and never more than half."""

_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)

AsJson = Annotated[bool, typer.Option("--json", help="Answer with JSON.")]


def answer(value: object, *, as_json: bool, text: str) -> None:
    """Print `value` as JSON, or else `text`."""
    print(wire.dumps(value).decode() if as_json else text)


def answer_table(rows: Iterable[Mapping[str, object]], columns: Iterable[str], *, as_json: bool) -> None:
    """Print `rows` whole as JSON, or else a table of the `columns`."""
    rows = list(rows)
    if as_json:
        print(wire.dumps(rows).decode())
        return
    Console().print(table_of(rows, columns))


def table_of(rows: Iterable[Mapping[str, object]], columns: Iterable[str]) -> Table:
    """A table of the `columns` of some rows."""
    columns = list(columns)
    titles = (Column(column, overflow="fold") for column in columns)  # nothing is cut off, ids least of all
    table = Table(*titles, box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for row in rows:
        table.add_row(*(_cell(row.get(column)) for column in columns))
    return table


def _cell(value: object) -> Text:
    match value:
        case None:
            return Text()
        case datetime():
            return Text(when(value))
    return Text(printable(str(value)))


def printable(text: str) -> str:
    """A text for a terminal: partners say of themselves what they like, but they don't write on it as they like."""
    return "".join(character if character.isprintable() else "�" for character in text)


def progress_bars() -> Progress:
    """Bars on standard error that show how far a command is, and are gone when it is done."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    return Progress(*columns, console=Console(stderr=True), transient=True)


def waiting(what: str) -> Status:
    """Say on standard error, if a terminal is there, what a command is at until it is done."""
    return Console(stderr=True).status(what)


def when(time: datetime) -> str:
    """A time for people, such as ``2026-11-22T08:30:00Z (3 min ago)``."""
    distance = time - clock.now()
    from_now = f"in {_rounded(distance)}" if distance > timedelta(0) else f"{_rounded(-distance)} ago"
    return f"{format_datetime(time.replace(microsecond=0))} ({from_now})"


def moment(text: str) -> datetime:
    """Read a time in the past that an option is given; a date is its midnight in UTC."""
    try:
        time = parse_datetime(f"{text}T00:00:00Z" if _DATE.fullmatch(text) else text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    if time > clock.now():
        raise typer.BadParameter("must not be in the future")
    return time


def named(object_id: ObjectId) -> str:
    """An object for people; of a Token only the end of its uid, since who knows it all may copy the card."""
    id_ = object_id.id
    if object_id.module is ModuleID.TOKENS:
        uid, _, type_ = id_.partition("*")
        id_ = f"…{_end(uid)}*{type_}"
    return f"{object_id.country_code}/{object_id.party_id}/{id_}"


def without_uid(text: str, object_id: ObjectId) -> str:
    """What is told of an object, without the uid if it is a Token."""
    if object_id.module is not ModuleID.TOKENS:
        return text
    uid, _, _ = object_id.id.partition("*")
    return re.sub(re.escape(uid), f"…{_end(uid)}", text, flags=re.IGNORECASE)


def left_out(module: ModuleID, skipped: Skipped) -> tuple[str, str]:
    """An object that was left out of a pull, and why; a Token is called by the end of its uid."""
    parts = skipped.object.split("/", 2)
    if module is not ModuleID.TOKENS or len(parts) < 3:  # it is called by its place on a page
        return skipped.object, skipped.reason
    object_id = ObjectId("", module, *parts)
    return named(object_id), without_uid(skipped.reason, object_id)


def _end(uid: str) -> str:
    return uid[max(len(uid) // 2, len(uid) - SHOWN_OF_UID) :] if len(uid) > 1 else ""


def _rounded(span: timedelta) -> str:
    """A span of time in the largest unit of which it has two."""
    seconds = span.total_seconds()
    for name, unit in _UNITS:
        if seconds >= 2 * unit:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds:.0f} s"


_UNITS = (("days", 86_400), ("h", 3_600), ("min", 60))
