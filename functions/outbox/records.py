"""Stream records: an item before and after a change."""

from typing import Any

from ocpi import wire
from ocpi.store.table import Item, plain


def images(record: dict[str, Any]) -> tuple[Item, Item]:
    """The item as it was and as it is; empty if there was none, or is none any more."""
    change = record["dynamodb"]
    return plain(change.get("OldImage", {})), plain(change.get("NewImage", {}))


def content(image: Item) -> wire.JsonObject:
    """What an item holds."""
    return wire.loads_object(image["document"])
