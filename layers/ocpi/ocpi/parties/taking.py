"""The objects of a pulled list, each judged and stored by itself (TRA-29, TRA-39, ROU-28)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from ocpi import wire
from ocpi.intake import cdrs, locations, sessions, tariffs, tokens
from ocpi.parties import clients
from ocpi.parties.own import OwnPlatform
from ocpi.store.keys import ObjectId, owner_of, typed_uid
from ocpi.store.lists import Lists, ObjectList
from ocpi.store.objects import Objects, Outcome
from ocpi.store.partner import Partner
from ocpi.store.pulls import Skipped
from ocpi.transport.status import OcpiError
from ocpi.types.parties import Party
from ocpi.types.primitives import parse_datetime
from ocpi.types.versions import ModuleID

UNKNOWN = ""
"""Stands for an object that cannot be told from others."""

FEW = 5
"""So much may always be missing on a list."""

MANY = 5
"""More than the fifth part may be a mistake of the partner's."""

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
    """How many were taken out of our lists, since a full list does not have them."""
    missing: int = 0
    """How many a full list does not have that are kept until the next full pull: it is not sure yet."""
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
class Missing:
    """What we list of a partner's and it does not."""

    objects: Sequence[ObjectId] = ()
    many: bool = False
    """Whether it is so much of what one party owns that it may be a mistake."""


@dataclass(frozen=True)
class Stock:
    """What we list of a partner's."""

    lists: Lists
    partner: Partner
    module: ModuleID

    def missing(self, seen: Collection[str], owner: Party | None) -> Missing:
        """What of it is not on a full list (LOC-05, TAR-02).

        Args:
            seen: what was on its pages; nothing is missing if one object could not be told from others.
            owner: whose list it was; None if it was that of all who have something on it.
        """
        if UNKNOWN in seen:
            return Missing()
        objects: list[ObjectId] = []
        many = False
        for party in [owner] if owner else {Party(*owner_of(text)) for text in seen}:
            held = self._held(party)
            missing = [object_id for object_id in held if object_id.text not in seen]
            many = many or len(missing) > max(FEW, len(held) // MANY)
            objects += missing
        return Missing(objects, many)

    def _held(self, party: Party) -> list[ObjectId]:
        ids = self.lists.ids(ObjectList.of_partner(self.partner.id, self.module, party))
        return [ObjectId(self.partner.id, self.module, party.country_code, party.party_id, id_) for id_ in ids]


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
