"""The objects of a pulled list, each judged and stored by itself (TRA-29, TRA-39, ROU-28)."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from ocpi import wire
from ocpi.intake import cdrs, locations, sessions, tariffs, tokens
from ocpi.parties import clients
from ocpi.parties.own import OwnPlatform
from ocpi.store.keys import ObjectId, typed_uid
from ocpi.store.lists import Lists, ObjectList, Window
from ocpi.store.objects import Objects, Outcome
from ocpi.store.partner import Partner
from ocpi.store.pulls import Skipped
from ocpi.transport.paging import MAX_LIMIT
from ocpi.transport.status import OcpiError
from ocpi.types.parties import Party
from ocpi.types.primitives import parse_datetime
from ocpi.types.versions import ModuleID

UNKNOWN = ""
"""Stands for an object that cannot be told from others."""

_LONGEST_ID = 39
_IDENTITY = {ModuleID.TOKENS: ("uid", "type"), ModuleID.HUB_CLIENT_INFO: ("role",)}


@dataclass
class Pulled:
    """What a pull of one module brought, up to its end or to what stopped it."""

    module: ModuleID
    pages: int = 0
    stored: int = 0
    unchanged: int = 0
    gone: int = 0
    skipped: list[Skipped] = field(default_factory=list)
    error: str | None = None


@dataclass(frozen=True)
class Taking:
    """The objects of one pull, one after the other."""

    own: OwnPlatform
    objects: Objects
    partner: Partner
    pulled: Pulled

    def take(self, item: wire.Json, place: str) -> str | None:
        """Store an object, unless it is wrong or not the partner's to tell of.

        Returns which it is, as its :attr:`ObjectId.text`; :data:`UNKNOWN`; or None if it is not the partner's.
        """
        object_id = _object_id(self.partner, self.pulled.module, item)
        if object_id is None or not isinstance(item, dict):
            self._skip(place, "it has no country_code, party_id and id that can be read")
            return UNKNOWN
        name = f"{object_id.country_code}/{object_id.party_id}/{object_id.id}"
        if reason := self._foreign(object_id):
            self._skip(name, reason)
            return None
        try:
            self._store(object_id, item)
        except OcpiError as error:
            self._skip(name, error.message)
        return object_id.text

    def _foreign(self, object_id: ObjectId) -> str | None:
        """Why the partner is not to tell of this object, if so (TRA-39, ROU-28)."""
        party = object_id.country_code, object_id.party_id
        if not self.partner.owns(*party):
            return f"{'/'.join(party)} is not among the roles that the partner has registered"
        if object_id.module is not ModuleID.HUB_CLIENT_INFO and self.own.find(*party):
            return "it is our own"
        return None

    def _store(self, object_id: ObjectId, document: wire.JsonObject) -> None:
        """An object that is stored just so already is not written again: nobody has to hear of it."""
        known = self.objects.get(object_id)
        same = known is not None and known.listed and known.parsed() == document
        if same or _put(self.objects, object_id, document) is Outcome.IGNORED:
            self.pulled.unchanged += 1
        else:
            self.pulled.stored += 1

    def _skip(self, name: str, reason: str) -> None:
        self.pulled.skipped.append(Skipped(name, reason))


@dataclass(frozen=True)
class Vanished:
    """Lets go of what a full list does not have (LOC-05, TAR-02)."""

    objects: Objects
    lists: Lists
    partner: Partner
    module: ModuleID

    def let_go(self, seen: Collection[str], owner: Party | None, since: datetime) -> int:
        """Take what was not seen out of our lists, unless it was written at `since` or later; returns how many.

        Args:
            seen: what was on the pages; nothing goes if one object could not be told from others.
            owner: whose list it was; None if it was that of all who have something on it.
            since: when the list was begun.
        """
        if UNKNOWN in seen:
            return 0
        vanished = (object_id for object_id in self._held(self._owner_lists(seen, owner)) if object_id.text not in seen)
        return sum(self.objects.unlist(object_id, since) for object_id in vanished)

    def _owner_lists(self, seen: Collection[str], owner: Party | None) -> set[ObjectList]:
        if owner:
            return {ObjectList.of_partner(self.partner.id, self.module, owner)}
        return {ObjectList(text.rpartition("*")[0]) for text in seen}

    def _held(self, owner_lists: set[ObjectList]) -> Iterator[ObjectId]:
        for owner_list in owner_lists:
            after: str | None = ""
            while after is not None:
                page = self.lists.page(owner_list, Window(), after, MAX_LIMIT)
                documents = map(wire.loads_object, page.documents)
                yield from filter(None, (_object_id(self.partner, self.module, document) for document in documents))
                after = page.after


def changed_since(item: wire.Json, moment: datetime) -> bool:
    """Whether an object says that it has changed at that moment or later."""
    if not isinstance(item, dict) or not isinstance(told := item.get("last_updated"), str):
        return False
    try:
        return parse_datetime(told) >= moment
    except ValueError:
        return False


def _put(objects: Objects, object_id: ObjectId, document: wire.JsonObject) -> Outcome:
    match object_id.module:
        case ModuleID.LOCATIONS:
            return locations.put(objects, object_id, (), document)
        case ModuleID.SESSIONS:
            return sessions.put(objects, object_id, document)
        case ModuleID.TARIFFS:
            return tariffs.put(objects, object_id, document)
        case ModuleID.CDRS:
            _, created = cdrs.post(objects, object_id.partner_id, document)
            return Outcome.CREATED if created else Outcome.IGNORED
        case ModuleID.TOKENS:
            return tokens.put(objects, replace(object_id, id=str(document["uid"])), document, None)
        case _:
            party = Party(object_id.country_code, object_id.party_id)
            return clients.put(objects, object_id.partner_id, party, document)


def _object_id(partner: Partner, module: ModuleID, item: wire.Json) -> ObjectId | None:
    """Which object it is; its own country_code and party_id tell the owner (ROU-28)."""
    if not isinstance(item, dict):
        return None
    names = ("country_code", "party_id", *_IDENTITY.get(module, ("id",)))
    texts = [text for name in names if isinstance(text := item.get(name), str) and 0 < len(text) <= _LONGEST_ID]
    if len(texts) < len(names):
        return None
    country_code, party_id, *id_ = texts
    return ObjectId(partner.id, module, country_code, party_id, typed_uid(*id_) if len(id_) > 1 else id_[0])
