"""How sending partners our objects goes, by module: when it worked last, and what was wrong last."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from ocpi.store import keys
from ocpi.store.table import Item, Table, moment
from ocpi.types.versions import ModuleID

MAX_REASON_LENGTH = 500

NEWS = timedelta(minutes=1)
"""A success is written down again by the same process only after so long: nobody looks at it more closely."""


@dataclass(frozen=True)
class Health:
    """How sending a partner the objects of one module went."""

    module: ModuleID
    last_success: datetime | None = None
    last_error: datetime | None = None
    error: str | None = None


class Healths:
    """What the deliveries table knows of it."""

    def __init__(self, table: str) -> None:
        self._table = Table(table)
        self._told: dict[tuple[str, ModuleID], datetime] = {}

    def all(self, partner_id: str) -> dict[ModuleID, Health]:
        """That of every module that a partner was ever sent an object of."""
        return {ModuleID(item["sk"]): _health(item) for item in self._table.query(keys.all_health(partner_id))}

    def succeeded(self, partner_id: str, module: ModuleID, at: datetime) -> None:
        """The partner took an object."""
        told = self._told.get((partner_id, module))
        if told and at - told < NEWS:
            return
        self._told[partner_id, module] = at
        self._table.update(keys.health(partner_id, module), {"last_success": keys.sortable(at)})

    def failed(self, partner_id: str, module: ModuleID, at: datetime, error: str) -> None:
        """The partner did not take an object."""
        self._told.pop((partner_id, module), None)
        told = {"last_error": keys.sortable(at), "error": error[:MAX_REASON_LENGTH]}
        self._table.update(keys.health(partner_id, module), told)

    def clear(self, partner_id: str) -> Iterator[int]:
        """Forget how it went with a partner; see :meth:`Table.clear`."""
        yield from self._table.clear(keys.all_health(partner_id))


def _health(item: Item) -> Health:
    return Health(ModuleID(item["sk"]), moment(item, "last_success"), moment(item, "last_error"), item.get("error"))
