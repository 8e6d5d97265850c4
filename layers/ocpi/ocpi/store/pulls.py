"""When the lists of partners were pulled, which is where the next pull begins (TRA-45)."""

from datetime import datetime

from ocpi.store import keys
from ocpi.store.lists import ObjectList
from ocpi.store.table import Table
from ocpi.types.parties import Party


class Pulls:
    """What the objects table knows of pulls that came to their end."""

    def __init__(self, table: str) -> None:
        self._table = Table(table)

    def last(self, objects: ObjectList, asking: Party) -> datetime | None:
        """When the last whole pull of a partner's list by our party `asking` began, or None if there was none."""
        item = self._table.get(keys.pulled(objects.owner, asking.country_code, asking.party_id))
        return datetime.fromisoformat(item["began"]) if item else None

    def done(self, objects: ObjectList, asking: Party, began: datetime) -> None:
        """A pull that `began` then has come to the end of the list."""
        key = keys.pulled(objects.owner, asking.country_code, asking.party_id)
        self._table.put(key, {"began": keys.sortable(began)})
