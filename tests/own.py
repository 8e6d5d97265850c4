"""Objects of our own, NL/OCS, put as our backend does it: through the owner API."""

from typing import Any
from urllib.parse import quote

from ocpi.store.keys import OWN, ObjectId
from ocpi.types.versions import ModuleID
from tests.owner import Reply, owner

PARTY = {"country_code": "NL", "party_id": "OCS"}


def own_id(module: ModuleID, id_: str) -> ObjectId:
    """The object of ours that is called `id_`."""
    return ObjectId(OWN, module, PARTY["country_code"], PARTY["party_id"], id_)


def put(module: str, document: dict[str, Any], *ids: str) -> Reply:
    """Put an object, or the part of a Location that `ids` lead to, and get whatever is answered."""
    if ids:
        return owner("PUT", _path(module, *ids), document)
    id_ = str(document["uid" if module == "tokens" else "id"])
    return owner("PUT", _path(module, id_), document | PARTY)


def patch(module: str, fields: dict[str, Any], *ids: str) -> Reply:
    """Patch an object, or the part of a Location that `ids` lead to, and get whatever is answered."""
    return owner("PATCH", _path(module, *ids), fields)


def put_location(document: dict[str, Any], **parts: str) -> Reply:
    """Put a Location, or a part of the Location `location_id`, named by `evse_uid` and `connector_id`."""
    return _taken(put("locations", document, *parts.values()))


def patch_location(fields: dict[str, Any], location_id: str = "L1", **parts: str) -> Reply:
    """Patch a Location, or a part of it."""
    return _taken(patch("locations", fields, location_id, *parts.values()))


def put_session(document: dict[str, Any]) -> Reply:
    """Put a Session."""
    return _taken(put("sessions", document))


def patch_session(fields: dict[str, Any], session_id: str = "S1") -> Reply:
    """Patch a Session."""
    return _taken(patch("sessions", fields, session_id))


def put_tariff(document: dict[str, Any]) -> Reply:
    """Put a Tariff."""
    return _taken(put("tariffs", document))


def delete_tariff(tariff_id: str) -> Reply:
    """Delete a Tariff."""
    return _taken(owner("DELETE", _path("tariffs", tariff_id)))


def post_cdr(document: dict[str, Any]) -> Reply:
    """Give a CDR; the owner API takes it by PUT."""
    return _taken(put("cdrs", document))


def put_token(document: dict[str, Any]) -> Reply:
    """Put a Token."""
    return _taken(put("tokens", document))


def assert_refused(reply: Reply, pointer: str) -> None:
    """The answer says that this field is wrong, as a partner would be answered with 2001."""
    assert (reply.status, reply.body["status_code"]) == (400, 2001), reply
    assert reply.detail.startswith(f"{pointer}: "), reply


def _path(module: str, *ids: str) -> str:
    return "/".join(["", module, *PARTY.values(), *(quote(id_, safe="") for id_ in ids)])


def _taken(reply: Reply) -> Reply:
    assert reply.status in {200, 201, 204}, reply
    return reply
