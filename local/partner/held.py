"""What the partner has been sent: the newest ``last_updated`` wins, PATCH merges, a CDR is stored once for ever.

Objects are plain JSON, so that fields we do not know survive.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from local.ocpi_http.server import CannotDo, validated
from local.partner.interfaces import KINDS
from ocpi import wire
from ocpi.types.locations import EVSE, Connector
from ocpi.types.primitives import parse_datetime, same
from ocpi.types.versions import ModuleID

type Key = tuple[str, ...]
"""What identifies an object in its module, in upper case: ids are compared without regard to case (TYP-01)."""

_PARTS: Sequence[tuple[str, str, type[BaseModel]]] = (("evses", "uid", EVSE), ("connectors", "id", Connector))
"""What a Location holds inside, level by level: in which list, by which id, of which kind."""

_UNKNOWN = {ModuleID.LOCATIONS: 2003, ModuleID.TOKENS: 2004}
"""OCPI's own status codes for what is not known; 2001 for all else."""


class Held:
    """The objects by module. Those that refuse a request raise `CannotDo`."""

    def __init__(self) -> None:
        self._objects: Mapping[ModuleID, dict[Key, wire.JsonObject]] = {module: {} for module in KINDS}

    def everything(self) -> dict[str, list[wire.JsonObject]]:
        """All objects, by module."""
        return {str(module): list(objects.values()) for module, objects in self._objects.items()}

    def get(self, module: ModuleID, key: Key, path: Sequence[str] = ()) -> wire.JsonObject:
        """An object, or what is inside a Location at `path`: an EVSE, or a connector of it.

        Raises:
            CannotDo: HTTP 404 if it is not there.
        """
        known = self._objects[module].get(_upper(key))
        part = known and part_of(known, path)
        if part is None:
            raise CannotDo(404, _UNKNOWN.get(module, 2001), f"{'/'.join((*key, *path))} is not known")
        return part

    def put(self, module: ModuleID, named: Key, document: wire.JsonObject) -> bool:
        """Store an object unless a newer one is; whether it is the first of its name.

        Args:
            module: its module.
            named: how the URL identifies it, as far as it does.
            document: the object.

        Raises:
            CannotDo: 2001 if it is wrong, or another one than the URL names.
        """
        kind = KINDS[module]
        validated(kind.model, document)
        key = _upper(tuple(str(document[name]) for name in kind.identity))
        if key[: len(named)] != _upper(named):
            raise CannotDo(200, 2001, f"{', '.join(kind.identity)}: not those of the URL")
        known = self._objects[module].get(key)
        if known is None or last_updated(document) >= last_updated(known):
            self._objects[module][key] = document
        return known is None

    def put_part(self, location: Key, path: Sequence[str], part: wire.JsonObject) -> bool:
        """Store an EVSE or a connector of a known Location unless a newer one is; whether it is the first of its name.

        Raises:
            CannotDo: 2001 if it is wrong, HTTP 404 if what it belongs to is not there.
        """
        _, id_field, model = _PARTS[len(path) - 1]
        validated(model, part)
        if not same(str(part[id_field]), path[-1]):
            raise CannotDo(200, 2001, f"{id_field}: not that of the URL")
        self.get(ModuleID.LOCATIONS, location, path[:-1])
        whole = self._objects[ModuleID.LOCATIONS][_upper(location)]
        known = part_of(whole, path)
        if known is None or last_updated(part) >= last_updated(known):
            self._objects[ModuleID.LOCATIONS][_upper(location)] = _with_part(whole, path, part)
        return known is None

    def patch(self, module: ModuleID, key: Key, fields: wire.JsonObject, path: Sequence[str] = ()) -> None:
        """Change some fields of an object, or of what is inside a Location, unless it is newer; null clears a field.

        Raises:
            CannotDo: 2001 if something is wrong, HTTP 404 if the object is not there.
        """
        known = self.get(module, key, path)
        if last_updated(fields) < last_updated(known):
            return
        changed: wire.JsonObject = {name: value for name, value in (known | fields).items() if value is not None}
        identity = _PARTS[len(path) - 1][1:2] if path else KINDS[module].identity
        if any(not same(str(changed.get(name)), str(known[name])) for name in identity):
            raise CannotDo(200, 2001, f"{', '.join(identity)}: cannot be changed")
        validated(_PARTS[len(path) - 1][2] if path else KINDS[module].model, changed)
        objects = self._objects[module]
        objects[_upper(key)] = _with_part(objects[_upper(key)], path, changed)

    def delete(self, module: ModuleID, key: Key) -> None:
        """Forget an object.

        Raises:
            CannotDo: HTTP 404 if it is not there.
        """
        self.get(module, key)
        del self._objects[module][_upper(key)]

    def client_info(self, country_code: str, party_id: str) -> wire.JsonObject:
        """What a hub has told last about a party, in whichever role.

        Raises:
            CannotDo: HTTP 404 if it has told nothing.
        """
        infos = self._objects[ModuleID.HUB_CLIENT_INFO]
        told = [info for key, info in infos.items() if key[:2] == _upper((country_code, party_id))]
        if not told:
            raise CannotDo(404, 2001, f"{country_code}/{party_id} is not known")
        return max(told, key=last_updated)

    def add_cdr(self, cdr: wire.JsonObject) -> tuple[Key, bool]:
        """Store a CDR unless it is there; its key, and whether it is new.

        Raises:
            CannotDo: 2001 if it is wrong, or one with other content is there.
        """
        kind = KINDS[ModuleID.CDRS]
        validated(kind.model, cdr)
        key = tuple(str(cdr[name]) for name in kind.identity)
        known = self._objects[ModuleID.CDRS].setdefault(_upper(key), cdr)
        if known != cdr:
            raise CannotDo(200, 2001, f"id: the CDR {key[-1]} is there with other content, and no CDR ever changes")
        return key, known is cdr


def last_updated(document: Mapping[str, Any]) -> datetime:
    """When an object was changed last.

    Raises:
        CannotDo: 2001 if it does not say so.
    """
    try:
        return parse_datetime(str(document.get("last_updated")))
    except ValueError as error:
        raise CannotDo(200, 2001, f"last_updated: {error}") from None


def _upper(key: Key) -> Key:
    return tuple(part.upper() for part in key)


def part_of(document: wire.JsonObject, path: Sequence[str]) -> wire.JsonObject | None:
    """What is in a Location at `path`, by the ids of its EVSE and connector; the whole for none, None if not there."""
    for (listed_in, id_field, _), id_ in zip(_PARTS, path, strict=False):
        children: Any = document.get(listed_in) or []
        found = next((child for child in children if same(child[id_field], id_)), None)
        if found is None:
            return None
        document = found
    return document


def _with_part(
    document: wire.JsonObject, path: Sequence[str], part: wire.JsonObject, level: int = 0
) -> wire.JsonObject:
    """`document` with `part` at `path`; the newest ``last_updated`` goes up to the Location."""
    if not path:
        return part
    listed_in, id_field, _ = _PARTS[level]
    children: Any = document.get(listed_in) or []
    place = next((i for i, child in enumerate(children) if same(child[id_field], path[0])), len(children))
    child = _with_part(children[place], path[1:], part, level + 1) if path[1:] else part
    newest = max(document, child, key=last_updated)["last_updated"]
    return document | {listed_in: [*children[:place], child, *children[place + 1 :]], "last_updated": newest}
