"""What changed in an object of ours, as a PATCH can say it: a few fields, and none taken away (LOC-16, SES-17).

A receiver that applies a difference to the old object by the rules of OCPI has the new one, exactly. What cannot be
said so, or is no small change, is for a PUT.
"""

from itertools import pairwise
from typing import Any

from pydantic import BaseModel, ConfigDict

from ocpi import wire
from ocpi.types.primitives import format_datetime, parse_datetime
from ocpi.types.versions import ModuleID

MAX_BYTES = 2_000
"""What the fields of a small change weigh at most."""

_LAST_UPDATED = "last_updated"
_PARTS = {"evses": "uid", "connectors": "id"}
"""The fields that list parts of a Location which can be patched for themselves, and what tells one from another."""

_IDENTITY = {
    ModuleID.LOCATIONS: ("country_code", "party_id", "id"),
    ModuleID.SESSIONS: ("country_code", "party_id", "id"),
    ModuleID.TOKENS: ("country_code", "party_id", "uid", "type"),
}
"""The modules whose receivers offer PATCH, and what never changes in their objects."""


class Difference(BaseModel):
    """The body of a PATCH, and where it is to be sent."""

    model_config = ConfigDict(frozen=True)

    path: tuple[str, ...] = ()
    """Below the object: nothing, the uid of an EVSE, or that and the id of one of its connectors."""
    fields: str
    """The changed fields and ``last_updated``, as JSON text, so that numbers stay as they are."""


def difference(module: ModuleID, old: wire.JsonObject, new: wire.JsonObject) -> Difference | None:
    """How to make `new` of `old`, two states of one object, by one PATCH; None if that takes a PUT."""
    identity = _IDENTITY.get(module)
    if identity is None or any(_differ(old.get(name), new.get(name)) for name in identity):
        return None
    found = _session(old, new) if module is ModuleID.SESSIONS else _part((), old, new, tuple(_PARTS))
    if found is None:
        return None
    path, fields = found
    text = wire.dumps(fields)
    return Difference(path=path, fields=text.decode()) if len(text) <= MAX_BYTES else None


type _Found = tuple[tuple[str, ...], wire.JsonObject]


def _session(old: wire.JsonObject, new: wire.JsonObject) -> _Found | None:
    """Receivers append the charging_periods of a PATCH to those that they have (SES-14), save repeated ones."""
    changed = _changed(old, new)
    if changed is None or "charging_periods" not in changed:
        return ((), changed) if changed else None
    before, after = _items(old, "charging_periods"), _items(new, "charging_periods")
    kept, added = after[: len(before)], after[len(before) :]
    if _differ(before, kept) or any(period in before for period in added):
        return None
    return (), changed | {"charging_periods": added}


def _part(path: tuple[str, ...], old: wire.JsonObject, new: wire.JsonObject, below: tuple[str, ...]) -> _Found | None:
    """The changed fields of an object or a part of it; of the one part below that has changed, if there is one.

    Args:
        path: the way to here.
        old: how it was.
        new: how it is.
        below: the fields, level by level, that list parts.
    """
    changed = _changed(old, new)
    if changed is None:
        return None
    listed_in = next((field for field in below if field in changed), None)
    if listed_in is None:
        return path, changed
    if changed.keys() != {listed_in, _LAST_UPDATED}:
        return None
    one = _one_changed(_items(old, listed_in), _items(new, listed_in), _PARTS[listed_in])
    # The receiver moves the last_updated of what is above along with that of the part (LOC-15).
    if one is None or _differ(one[1].get(_LAST_UPDATED), new[_LAST_UPDATED]) or not _canonical(new[_LAST_UPDATED]):
        return None
    before, after = one
    return _part((*path, str(after[_PARTS[listed_in]])), before, after, below[below.index(listed_in) + 1 :])


def _changed(old: wire.JsonObject, new: wire.JsonObject) -> wire.JsonObject | None:
    """The fields that `new` has otherwise, and its ``last_updated``; None if one is gone, or it has become older."""
    before, after = _given(old), _given(new)
    if before.keys() - after.keys() or not _in_order(before, after):
        return None
    return {name: value for name, value in after.items() if name == _LAST_UPDATED or _differ(before.get(name), value)}


def _one_changed(
    old: list[dict[str, Any]], new: list[dict[str, Any]], id_field: str
) -> tuple[wire.JsonObject, wire.JsonObject] | None:
    """The one part that has changed, before and after; None if there are more, or other ones."""
    if [part[id_field] for part in old] != [part[id_field] for part in new]:
        return None
    changed = [(before, after) for before, after in zip(old, new, strict=True) if _differ(before, after)]
    return changed[0] if len(changed) == 1 else None


def _in_order(*states: wire.JsonObject) -> bool:
    """Receivers ignore what is older than what they have (decision 22)."""
    moments = [parse_datetime(str(state[_LAST_UPDATED])) for state in states]
    return all(earlier <= later for earlier, later in pairwise(moments))


def _canonical(moment: wire.Json) -> bool:
    """Whether a receiver that reads and writes a DateTime has the same text."""
    return format_datetime(parse_datetime(str(moment))) == moment


def _given(document: wire.JsonObject) -> wire.JsonObject:
    """Null is as good as absent (TYP-16)."""
    return {name: value for name, value in document.items() if value is not None}


def _items(document: wire.JsonObject, field: str) -> list[dict[str, Any]]:
    items: Any = document.get(field) or []
    return list(items)


def _differ(old: object, new: object) -> bool:
    """Whether two values are written otherwise: 1 and 1.0 are, and so are 1 and true."""
    return wire.dumps(old) != wire.dumps(new)
