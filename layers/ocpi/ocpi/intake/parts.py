"""A stored Location and the EVSEs and connectors inside it.

A Location is stored whole, so a change to a part is a change to the Location, whose ``last_updated`` moves along
(LOC-08, LOC-09, LOC-13). Documents are plain JSON, so that fields we do not know survive.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from ocpi import wire
from ocpi.intake.identity import IDENTITY, items
from ocpi.transport.patch import last_updated
from ocpi.transport.status import StatusCode, unknown
from ocpi.types.locations import EVSE, Connector, Location
from ocpi.types.primitives import format_datetime, same


@dataclass(frozen=True)
class Level:
    """A kind of object in the tree: its model, what identifies it, and the field of its parent that lists it."""

    model: type[BaseModel]
    identity: tuple[str, ...]
    listed_in: str

    @property
    def id_field(self) -> str:
        """The field that tells it from its siblings."""
        return self.identity[-1]


LOCATION = Level(Location, IDENTITY, "")
EVSES = Level(EVSE, ("uid",), "evses")
CONNECTORS = Level(Connector, ("id",), "connectors")

type Path = Sequence[tuple[Level, str]]
"""The way from a Location down to a part of it: each level with the id there; empty for the Location itself."""


def way(names: Mapping[str, str]) -> Path:
    """The way that the parameters of a URL name: `evse_uid` and `connector_id`, where they are there."""
    levels = ((EVSES, "evse_uid"), (CONNECTORS, "connector_id"))
    return [(level, names[name]) for level, name in levels if name in names]


def find(document: wire.JsonObject, path: Path) -> wire.JsonObject | None:
    """The part of `document` at `path`, or None."""
    for level, id_ in path:
        children = items(document, level.listed_in)
        place = _place(children, level, id_)
        if place is None:
            return None
        document = children[place]
    return document


def found(document: wire.JsonObject, path: Path) -> wire.JsonObject:
    """The part of `document` at `path`.

    Raises:
        OcpiError: HTTP 404 with 2003 if there is none (decision 23).
    """
    part = find(document, path)
    if part is None:
        level, id_ = path[-1]
        raise unknown(f"{level.model.__name__} {id_}", StatusCode.UNKNOWN_LOCATION)
    return part


def replaced(document: wire.JsonObject, path: Path, part: wire.JsonObject) -> wire.JsonObject:
    """`document` with `part` at `path`, added if it is not there; the newest ``last_updated`` goes up the tree.

    Raises:
        OcpiError: HTTP 404 with 2003 if its parent is not there.
    """
    if not path:
        return part
    (level, id_), rest = path[0], path[1:]
    child = replaced(found(document, path[:1]), rest, part) if rest else part
    children = items(document, level.listed_in)
    place = _place(children, level, id_)
    if place is None:
        children.append(child)
    else:
        children[place] = child
    newest = max(last_updated(document), last_updated(child))
    return document | {level.listed_in: children, "last_updated": format_datetime(newest)}


def _place(children: list[dict[str, Any]], level: Level, id_: str) -> int | None:
    return next((i for i, child in enumerate(children) if same(child[level.id_field], id_)), None)
