"""Others who write at the same moment: DynamoDB refuses, whatever the state of the item."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from ocpi.store import table

_CANCELLED = {
    "Error": {"Code": "TransactionCanceledException"},
    "CancellationReasons": [{"Code": "None"}, {"Code": "TransactionConflict"}],
}
_CONFLICT = {"Error": {"Code": "TransactionConflictException"}}


@contextmanager
def others_write(operation: str, times: int = 1) -> Iterator[list[str]]:
    """The next `times` calls of an operation meet a transaction of someone else; yields those that did."""
    met: list[str] = []

    def refuse(**_: object) -> tuple[SimpleNamespace, dict[str, Any]] | None:
        if len(met) == times:
            return None
        met.append(operation)
        return SimpleNamespace(status_code=400), _CANCELLED if operation == "TransactWriteItems" else _CONFLICT

    events: Any = table.client().meta.events
    name = f"before-call.dynamodb.{operation}"
    events.register(name, refuse)
    try:
        yield met
    finally:
        events.unregister(name, refuse)
