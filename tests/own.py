"""Objects of our own, NL/OCS, stored by the rules for what our backend puts."""

from typing import Any

from ocpi import wire
from ocpi.intake import cdrs, locations, sessions, tariffs, tokens
from ocpi.intake.parts import way
from ocpi.store.keys import OWN, ObjectId
from ocpi.store.objects import Objects, Outcome
from ocpi.types.versions import ModuleID

PARTY = {"country_code": "NL", "party_id": "OCS"}
OBJECTS = Objects("objects")


def own_id(module: ModuleID, id_: str) -> ObjectId:
    """The object of ours that is called `id_`."""
    return ObjectId(OWN, module, PARTY["country_code"], PARTY["party_id"], id_)


def put_location(document: dict[str, Any], **parts: str) -> Outcome:
    """Put a Location, or a part of the Location `location_id`, named by `evse_uid` and `connector_id`."""
    document = _exact(document if parts else document | PARTY)
    location = own_id(ModuleID.LOCATIONS, parts.get("location_id") or document["id"])
    return locations.put(OBJECTS, location, way(parts), document)


def patch_location(fields: dict[str, Any], location_id: str = "L1", **parts: str) -> Outcome:
    """Patch a Location, or a part of it."""
    return locations.patch(OBJECTS, own_id(ModuleID.LOCATIONS, location_id), way(parts), _exact(fields))


def put_session(document: dict[str, Any]) -> Outcome:
    """Put a Session."""
    document = _exact(document | PARTY)
    return sessions.put(OBJECTS, own_id(ModuleID.SESSIONS, document["id"]), document)


def patch_session(fields: dict[str, Any], session_id: str = "S1") -> Outcome:
    """Patch a Session."""
    return sessions.patch(OBJECTS, own_id(ModuleID.SESSIONS, session_id), _exact(fields))


def put_tariff(document: dict[str, Any]) -> Outcome:
    """Put a Tariff."""
    document = _exact(document | PARTY)
    return tariffs.put(OBJECTS, own_id(ModuleID.TARIFFS, document["id"]), document)


def delete_tariff(tariff_id: str) -> None:
    """Delete a Tariff."""
    tariffs.delete(OBJECTS, own_id(ModuleID.TARIFFS, tariff_id))


def post_cdr(document: dict[str, Any]) -> bool:
    """Post a CDR; whether it is new."""
    return cdrs.post(OBJECTS, OWN, _exact(document | PARTY))[1]


def put_token(document: dict[str, Any]) -> Outcome:
    """Put a Token."""
    document = _exact(document | PARTY)
    return tokens.put(OBJECTS, own_id(ModuleID.TOKENS, document["uid"]), document, None)


def _exact(document: dict[str, Any]) -> dict[str, Any]:
    """As it comes out of a request: numbers as decimals."""
    exact: dict[str, Any] = wire.loads_object(wire.dumps(document))
    return exact
