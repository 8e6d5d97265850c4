"""Which partners must hear of a change in an object of ours."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ocpi import wire
from ocpi.parties.concerned import concerned
from ocpi.push.difference import difference
from ocpi.push.due import DueObjects, Step
from ocpi.store.keys import OWN, ObjectId, typed_uid
from ocpi.store.partner import Partner
from ocpi.store.partners import Partners
from ocpi.store.table import Item
from ocpi.types.versions import ModuleID
from outbox.records import content, images

AT_ONCE = 8
"""How many marks are written at the same time when there are many."""


@dataclass(frozen=True)
class Changed:
    """What became of one object over a batch of records."""

    object_id: ObjectId
    old: Item
    new: Item
    last: Item
    """The object as it is, or as it was last."""
    told: bool
    """Whether there is anything to tell; also if all is as it was: a partner may have heard of what was in between."""

    @property
    def document(self) -> wire.JsonObject:
        """The object as it is, or as it was last."""
        return content(self.last)

    @property
    def last_updated(self) -> datetime:
        """When the object changed, as it says itself."""
        return datetime.fromisoformat(self.last["last_updated"])

    def step(self) -> Step | None:
        """What changed, if it can be told by a PATCH."""
        if not self.old or not self.new:
            return None
        found = difference(self.object_id.module, content(self.old), content(self.new))
        return Step(before=self.old["version"], after=self.new["version"], difference=found) if found else None


class Audience:
    """Notes for each partner that is concerned by a change of ours that it is to hear of it."""

    def __init__(self, partners: Partners, due: DueObjects) -> None:
        self._partners = partners
        self._due = due

    def note(self, records: Iterable[dict[str, Any]]) -> set[str]:
        """Note what stream records mean; returns the ids of the partners who are to hear something."""
        changes = [changed for changed in _changes(records) if changed.told]
        partners = list(self._partners.all()) if changes else []
        notes = [note for changed in changes for note in _notes(changed, partners)]
        if len(notes) <= AT_ONCE:
            for note in notes:
                self._mark(note)
        else:
            with ThreadPoolExecutor(AT_ONCE) as threads:
                list(threads.map(self._mark, notes))
        return {note.partner_id for note in notes}

    def _mark(self, note: "Note") -> None:
        self._due.mark(note.partner_id, note.object_id, note.changed, note.step)


@dataclass(frozen=True)
class Note:
    """That a partner is to hear of an object."""

    partner_id: str
    object_id: ObjectId
    changed: datetime
    step: Step | None


def _notes(changed: Changed, partners: list[Partner]) -> Iterator[Note]:
    audience = concerned(changed.object_id.module, changed.document, partners)
    step = changed.step() if audience else None
    for partner in audience:
        yield Note(partner.id, changed.object_id, changed.last_updated, step)


def _changes(records: Iterable[dict[str, Any]]) -> Iterable[Changed]:
    """The objects of ours in stream records, each once: several changes of one object are one."""
    changes: dict[str, Changed] = {}
    for record in records:
        old, new = images(record)
        image = new or old
        if image.get("partner_id") != OWN or image["sk"] != "OBJECT":
            continue
        object_id = _object_id(image)
        told = _is_told(object_id, old, new)
        before = changes.get(image["pk"], Changed(object_id, old, new, image, told))
        changes[image["pk"]] = replace(before, new=new, last=image, told=told or before.told)
    return changes.values()


def _is_told(object_id: ObjectId, old: Item, new: Item) -> bool:
    """Whether partners hear of a change: a Tariff is the only object whose end is told of (TAR-05, decision 3)."""
    if not new:
        return object_id.module is ModuleID.TARIFFS
    return bool(old.get("document") != new["document"])


def _object_id(image: Item) -> ObjectId:
    module, document = ModuleID(image["module"]), content(image)
    tokens = module is ModuleID.TOKENS
    id_ = typed_uid(str(document["uid"]), str(document["type"])) if tokens else str(document["id"])
    return ObjectId(OWN, module, str(document["country_code"]), str(document["party_id"]), id_)
