"""The EVSEs of a stored Location that a request is about."""

from typing import Any

from ocpi import wire
from ocpi.types.locations import Capability, Status
from ocpi.types.primitives import same

type Part = dict[str, Any]
"""An EVSE or a connector, as stored."""


def evses(location: wire.JsonObject, uid: str | None) -> list[Part]:
    """The EVSE with that uid, or all of the Location; without those that are removed (LOC-31)."""
    stored: Any = location.get("evses") or []
    there = [evse for evse in stored if evse["status"] != Status.REMOVED]
    return there if uid is None else [evse for evse in there if same(evse["uid"], uid)]


def connector(evse: Part, id_: str) -> Part | None:
    """The connector of an EVSE with that id."""
    return next((each for each in evse["connectors"] if same(each["id"], id_)), None)


def can(evse: Part, capability: Capability) -> bool:
    """Whether an EVSE has a capability."""
    return capability in (evse.get("capabilities") or [])
