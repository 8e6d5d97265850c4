"""Which partners must hear of a change in an object of ours."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ocpi import wire
from ocpi.parties.concerned import concerned
from ocpi.push.difference import difference
from ocpi.push.messages import ObjectMessage, Step
from ocpi.store.keys import OWN, ObjectId, typed_uid
from ocpi.store.partner import Partner
from ocpi.store.partners import Partners
from ocpi.store.table import Item, plain
from ocpi.types.versions import ModuleID


@dataclass
class Changed:
    """What became of one object over a batch of records."""

    object_id: ObjectId
    old: Item
    new: Item

    @property
    def told(self) -> bool:
        """Whether there is anything to tell: a Tariff is the only object whose end is told of (TAR-05, decision 3)."""
        if not self.new:
            return self.object_id.module is ModuleID.TARIFFS
        return bool(self.old.get("document") != self.new["document"])

    @property
    def document(self) -> wire.JsonObject:
        """The object as it is, or as it was last."""
        return _document(self.new or self.old)

    def step(self) -> Step | None:
        """What changed, if it can be told by a PATCH."""
        if not self.old or not self.new:
            return None
        found = difference(self.object_id.module, _document(self.old), _document(self.new))
        return Step(before=self.old["version"], after=self.new["version"], difference=found) if found else None


class Audience:
    """Tells each partner that is concerned by a change of ours, by a message on the push queue."""

    def __init__(self, partners: Partners) -> None:
        self._partners = partners

    def messages_of(self, records: Iterable[dict[str, Any]]) -> Iterator[tuple[str, ObjectMessage]]:
        """The messages that stream records mean, each with its group: the partner, who hears all in order."""
        changes = [changed for changed in _changes(records) if changed.told]
        if not changes:
            return
        partners = list(self._partners.all())
        for changed in changes:
            yield from _messages(changed, partners)


def _messages(changed: Changed, partners: list[Partner]) -> Iterator[tuple[str, ObjectMessage]]:
    object_id = changed.object_id
    audience = concerned(object_id.module, changed.document, partners)
    if not audience:
        return
    step = changed.step()
    for partner in audience:
        yield (
            partner.id,
            ObjectMessage(
                partner_id=partner.id,
                module=object_id.module,
                country_code=object_id.country_code,
                party_id=object_id.party_id,
                id=object_id.id,
                step=step,
            ),
        )


def _changes(records: Iterable[dict[str, Any]]) -> Iterable[Changed]:
    """The objects of ours in stream records, each once: several changes of one object are one."""
    changes: dict[str, Changed] = {}
    for record in records:
        images = record["dynamodb"]
        old, new = plain(images.get("OldImage", {})), plain(images.get("NewImage", {}))
        image = new or old
        if image.get("partner_id") != OWN or image["sk"] != "OBJECT":
            continue
        if image["pk"] in changes:
            changes[image["pk"]].new = new
        else:
            changes[image["pk"]] = Changed(_object_id(image), old, new)
    return changes.values()


def _object_id(image: Item) -> ObjectId:
    module, document = ModuleID(image["module"]), _document(image)
    tokens = module is ModuleID.TOKENS
    id_ = typed_uid(str(document["uid"]), str(document["type"])) if tokens else str(document["id"])
    return ObjectId(OWN, module, str(document["country_code"]), str(document["party_id"]), id_)


def _document(image: Item) -> wire.JsonObject:
    return wire.loads_object(image["document"])
