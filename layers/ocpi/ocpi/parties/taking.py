"""The objects of a pulled list, each judged and stored by itself (TRA-29, TRA-39, ROU-28)."""

from collections.abc import Iterator
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
from ocpi.transport.paging import MAX_LIMIT
from ocpi.transport.patch import last_updated
from ocpi.transport.status import OcpiError
from ocpi.types.parties import Party
from ocpi.types.versions import ModuleID

_LONGEST_ID = 39
_IDENTITY = {ModuleID.TOKENS: ("uid", "type"), ModuleID.HUB_CLIENT_INFO: ("role",)}


@dataclass(frozen=True)
class Skipped:
    """An object that was not taken, and why."""

    object: str
    reason: str


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


@dataclass
class Taking:
    """The objects of one pull, one after the other."""

    own: OwnPlatform
    objects: Objects
    lists: Lists
    partner: Partner
    pulled: Pulled
    sweeping: bool
    _left: dict[Party, dict[str, tuple[ObjectId, datetime]]] = field(default_factory=dict)
    """What we held of each owner when its first object came, and has been on no page yet."""
    _all_known: bool = True

    def expect(self, owner: Party) -> None:
        """From here on, what we hold of this owner is looked for on the pages."""
        owner = Party(owner.country_code.upper(), owner.party_id.upper())
        if self.sweeping and owner not in self._left:
            self._left[owner] = dict(self._held(owner))

    def take(self, item: wire.Json, place: str) -> None:
        """Store an object, unless it is wrong or not the partner's to tell of."""
        object_id = _object_id(self.partner, self.pulled.module, item)
        if object_id is None or not isinstance(item, dict):
            self._all_known = False
            self._skip(place, "it has no country_code, party_id and id that can be read")
            return
        name = f"{object_id.country_code}/{object_id.party_id}/{object_id.id}"
        if reason := self._foreign(object_id):
            self._skip(name, reason)
            return
        owner = Party(object_id.country_code.upper(), object_id.party_id.upper())
        self.expect(owner)
        self._left.get(owner, {}).pop(object_id.text, None)
        try:
            self._store(object_id, item)
        except OcpiError as error:
            self._skip(name, error.message)

    def sweep(self) -> None:
        """Let go of what was on no page, if it was not changed meanwhile, and every object could be told apart."""
        if not self._all_known:
            return
        for held in self._left.values():
            for object_id, moment in held.values():
                known = self.objects.get(object_id)
                if known is None or known.last_updated != moment:
                    continue
                if self.pulled.module is ModuleID.TARIFFS:
                    self.objects.delete(object_id)
                else:
                    self.objects.unlist(object_id)
                self.pulled.gone += 1

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

    def _held(self, owner: Party) -> Iterator[tuple[str, tuple[ObjectId, datetime]]]:
        held = ObjectList.of_partner(self.partner.id, self.pulled.module, owner)
        after: str | None = ""
        while after is not None:
            page = self.lists.page(held, Window(), after, MAX_LIMIT)
            for text in page.documents:
                document = wire.loads_object(text)
                if object_id := _object_id(self.partner, self.pulled.module, document):
                    yield object_id.text, (object_id, last_updated(document))
            after = page.after


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
