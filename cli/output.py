"""How commands answer: a table for people, or JSON for programs."""

from collections.abc import Iterable, Mapping
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ocpi import wire

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
    table = Table(*columns)
    for row in rows:
        table.add_row(*("" if row.get(column) is None else str(row[column]) for column in columns))
    Console().print(table)
