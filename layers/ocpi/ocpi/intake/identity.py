"""An object and the URL that it came to speak of the same thing."""

from typing import Any

from pydantic import BaseModel

from ocpi import wire
from ocpi.store.keys import ObjectId
from ocpi.transport.validation import require_same, validated

IDENTITY = ("country_code", "party_id", "id")
"""The fields that tell an object from all others of its module."""


def require_identity(object_id: ObjectId, document: wire.JsonObject) -> None:
    """The `document` must be of the object that it is put to (TRA-38, LOC-07, SES-11, TAR-04).

    Raises:
        OcpiError: 2001 naming the field that differs.
    """
    for name in IDENTITY:
        require_same(name, getattr(object_id, name), str(document[name]))


def checked[M: BaseModel](model: type[M], object_id: ObjectId, document: wire.JsonObject) -> M:
    """`document` as `model`, which is the object that it is put to.

    Raises:
        OcpiError: 2001 naming each wrong field.
    """
    found = validated(model, document)
    require_identity(object_id, document)
    return found


def items(document: wire.JsonObject, field: str) -> list[dict[str, Any]]:
    """The objects in a list field of a checked document; absent and null are empty (TYP-16)."""
    found: Any = document.get(field) or []
    return list(found)
