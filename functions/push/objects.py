"""Sending objects of ours: small changes by PATCH, all else by PUT, CDRs by POST (LOC-16, SES-19, CDR-38)."""

from dataclasses import dataclass
from urllib.parse import urlencode

from ocpi import wire
from ocpi.parties.calling import Calling, address
from ocpi.parties.concerned import receiving_party
from ocpi.push.deliveries import Deliveries, Delivery
from ocpi.push.difference import Difference
from ocpi.push.due import DueObject
from ocpi.store.keys import ObjectId
from ocpi.store.objects import Objects, StoredObject
from ocpi.store.partner import Partner, Quirk
from ocpi.transport.client import Answer, PartnerClient, PartnerUnreachable
from ocpi.transport.headers import Routing
from ocpi.types.parties import Party
from ocpi.types.versions import InterfaceRole, ModuleID
from push.outcomes import NotTaken, Trouble, require_taken


@dataclass(frozen=True)
class Outcome:
    """What became of an object that was due, for the log, and whether the partner was asked anything."""

    told: str
    asked: bool = True


@dataclass(frozen=True)
class ObjectSender:
    """Sees to it that partners have our objects as they are now."""

    objects: Objects
    deliveries: Deliveries
    calling: Calling

    def send(self, partner: Partner, due: DueObject, *, whole: bool) -> Outcome:
        """Send an object that is due, and keep that it was.

        Args:
            partner: who is to hear of it.
            due: which object, and what changed last.
            whole: it is not certain that the partner has what it confirmed last: send no PATCH.

        Raises:
            NotTaken: the partner did not take it.
        """
        try:
            return self._send(partner, due, whole=whole)
        except PartnerUnreachable as error:
            raise NotTaken.of(error) from None

    def _send(self, partner: Partner, due: DueObject, *, whole: bool) -> Outcome:
        object_id = due.object_id
        if partner.endpoint(object_id.module, InterfaceRole.RECEIVER) is None:
            return Outcome("the partner does not offer the interface any more", asked=False)
        known = self.objects.get(object_id)
        if known is None:
            return self._delete(partner, object_id)
        delivered = self.deliveries.get(partner.id, object_id)
        if delivered and delivered.version == known.version:
            return Outcome("delivered already", asked=False)
        exchange = self._exchange(partner, object_id, known.parsed())
        url = None
        if object_id.module is ModuleID.CDRS:
            url = exchange.post()
            outcome = "posted"
        else:
            outcome = exchange.bring(None if whole else _small_change(partner, due, known, delivered))
        self.deliveries.keep(partner.id, object_id, Delivery(known.version, known.last_updated, url))
        return Outcome(outcome)

    def _delete(self, partner: Partner, object_id: ObjectId) -> Outcome:
        if object_id.module is not ModuleID.TARIFFS:
            return Outcome("there is no such object any more", asked=False)
        self._exchange(partner, object_id, {}).delete()
        self.deliveries.forget(partner.id, object_id)
        return Outcome("deleted")

    def _exchange(self, partner: Partner, object_id: ObjectId, document: wire.JsonObject) -> "Exchange":
        owner = Party(object_id.country_code, object_id.party_id)
        routing = Routing(owner, receiving_party(object_id.module, document, partner))
        return Exchange(self.calling.client(partner, routing), partner, object_id, document)


def _small_change(
    partner: Partner, due: DueObject, known: StoredObject, delivered: Delivery | None
) -> Difference | None:
    """What to PATCH, if the partner has just the version before this one."""
    step = due.step
    if step is None or delivered is None or due.attempts or partner.has(Quirk.NO_PATCH):
        return None
    return step.difference if (step.before, step.after) == (delivered.version, known.version) else None


@dataclass(frozen=True)
class Exchange:
    """One object of ours at the receiver interface of one partner.

    Every method raises :class:`NotTaken` if the partner does not take it, and :class:`PartnerUnreachable`.
    """

    client: PartnerClient
    partner: Partner
    object_id: ObjectId
    document: wire.JsonObject

    def bring(self, change: Difference | None) -> str:
        """Send the `change` if there is one and it is taken, else the whole object."""
        if change is None:
            require_taken(self.client.put(self._url(), self.document))
            return "put"
        answer = self.client.patch(self._url(*change.path), wire.loads_object(change.fields))
        try:
            require_taken(answer)
        except NotTaken as error:
            if error.trouble is not Trouble.REFUSED:
                raise
            return self._repair(answer)
        return "patched"

    def post(self) -> str | None:
        """Send a CDR; returns where the partner keeps it."""
        answer = self.client.post(address(self.partner, self.object_id.module, InterfaceRole.RECEIVER), self.document)
        require_taken(answer)
        return answer.headers.get("location")

    def delete(self) -> None:
        """Have a Tariff deleted; one that is not there is as good as deleted (TAR-05)."""
        answer = self.client.delete(self._url())
        if answer.http_status != 404:
            require_taken(answer)

    def _repair(self, refused: Answer) -> str:
        """After a PATCH that was refused: look at what the partner has, and send the whole object (TRA-33)."""
        held = self.client.get(self._url())
        if held.ok and held.data == self.document:
            return f"the partner has it already, though it answered {refused}"
        require_taken(self.client.put(self._url(), self.document))
        return f"put, since the PATCH was answered with {refused}"

    def _url(self, *parts: str) -> str:
        object_id = self.object_id
        token = object_id.module is ModuleID.TOKENS
        id_ = str(self.document["uid"]) if token else object_id.id
        names = (object_id.country_code, object_id.party_id, id_, *parts)
        url = address(self.partner, object_id.module, InterfaceRole.RECEIVER, *names)
        return f"{url}?{urlencode({'type': self.document['type']})}" if token else url
