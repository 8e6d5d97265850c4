"""Who else is connected to a hub, as the hub has told us (HUB-02, HUB-03, HUB-07 to HUB-12, decision 28)."""

from ocpi import wire
from ocpi.store.keys import ObjectId
from ocpi.store.objects import Objects, Outcome, StoredObject
from ocpi.transport.patch import last_updated
from ocpi.transport.validation import require_same, validated
from ocpi.types.hubclientinfo import ClientInfo, ConnectionStatus
from ocpi.types.parties import Party
from ocpi.types.primitives import Role
from ocpi.types.versions import ModuleID


def put(objects: Objects, hub_id: str, party: Party, document: wire.JsonObject) -> Outcome:
    """Store what a hub tells of a party; each role of the party counts by itself (HUB-03, HUB-07, decision 22).

    Raises:
        OcpiError: 2001 naming what is wrong.
    """
    told = validated(ClientInfo, document)
    require_same("country_code", party.country_code, told.country_code)
    require_same("party_id", party.party_id, told.party_id)
    return objects.put(_object_id(hub_id, party, told.role), document, last_updated(document))


def newest(objects: Objects, hub_id: str, party: Party) -> StoredObject | None:
    """What a hub told last of a party; the URL of the module names no role (HUB-02)."""
    return max(_told(objects, hub_id, party), key=lambda each: each.last_updated, default=None)


def connection(objects: Objects, hub_id: str, party: Party) -> ConnectionStatus | None:
    """How a party is connected to a hub: CONNECTED if it is so in any role; None if the hub has not told.

    Requests may be sent to a party that is CONNECTED, and to one of which nothing is known (HUB-09 to HUB-12).
    """
    told = sorted(_told(objects, hub_id, party), key=lambda each: each.last_updated)
    statuses = [ConnectionStatus(str(each.parsed()["status"])) for each in told]
    if ConnectionStatus.CONNECTED in statuses:
        return ConnectionStatus.CONNECTED
    return statuses[-1] if statuses else None


def _told(objects: Objects, hub_id: str, party: Party) -> list[StoredObject]:
    return [told for role in Role if (told := objects.get(_object_id(hub_id, party, role)))]


def _object_id(hub_id: str, party: Party, role: Role) -> ObjectId:
    return ObjectId(hub_id, ModuleID.HUB_CLIENT_INFO, party.country_code, party.party_id, role)
