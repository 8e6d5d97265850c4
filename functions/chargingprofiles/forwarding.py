"""An eMSP between an SCSP and the CPO: requests are passed on, with a response URL of our own (CHP-29 to CHP-31)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from chargingprofiles.request import ProfileRequest
from ocpi import wire
from ocpi.logs import logger
from ocpi.parties.own import OwnPlatform
from ocpi.requests.bodies import CLEAR, SET
from ocpi.requests.deadlines import Deadlines
from ocpi.requests.sending import Sending
from ocpi.store.keys import ObjectId
from ocpi.store.objects import Objects, StoredObject
from ocpi.store.partner import PartnerStatus
from ocpi.store.partners import Partners
from ocpi.store.requests import ANSWER_WITHIN, ROOM_TO_END, Request, Requests, RequestStatus
from ocpi.transport.status import OcpiError, StatusCode
from ocpi.types.chargingprofiles import ChargingProfileResponseType
from ocpi.types.credentials import CredentialsRole
from ocpi.types.parties import Party
from ocpi.types.primitives import Role
from ocpi.types.versions import ModuleID

_RESULT_IS_THERE: wire.JsonObject = {"result": ChargingProfileResponseType.ACCEPTED, "timeout": 0}
"""The response where the CPO has told the result, but not answered as it should."""


@dataclass(frozen=True)
class Forwarding:
    """Passes on requests about sessions that CPOs have told us of."""

    own: OwnPlatform
    partners: Partners
    objects: Objects
    requests: Requests
    sending: Sending
    deadlines: Deadlines

    def find(self, asked: ProfileRequest) -> ObjectId | None:
        """The session of a CPO that an SCSP means; it calls it as the CPO does, for we pass Sessions on as they are.

        Returns None if there is none that concerns our eMSP, or if two CPOs have one by that id. Those of
        CPOs behind a hub are not found: its roles do not tell whom it speaks for.
        """
        us = asked.own_party
        if not any(role.role is Role.EMSP and _is(role, us) for role in self.own.roles):
            return None
        found = [id_ for id_, stored in self._candidates(asked) if _is_customer(stored, us)]
        if len(found) > 1:
            logger.warning("two CPOs have a session by the same id", session_id=asked.session.id)
        return found[0] if len(found) == 1 else None

    def forward(self, asked: ProfileRequest, session: ObjectId) -> wire.JsonObject:
        """Ask the CPO, and return its response.

        Raises:
            OcpiError: 3000 if it could not be asked.
        """
        received = asked.received(session, ANSWER_WITHIN).model_copy(update={"forwarded": True})
        self.deadlines.keep(self.requests, received)
        try:
            sent = self._send(asked, session, received)
        except OcpiError as error:
            if self.requests.fail(received.id, error.message):
                raise OcpiError(StatusCode.SERVER_ERROR, "the CPO of the session could not be asked") from None
            return _RESULT_IS_THERE
        # The CPO may have told the result already, and we the SCSP.
        changes: dict[str, object] = {"answer": sent.answer}
        changes |= {"status": RequestStatus.CONCLUDED} if sent.refused else {"deadline": sent.deadline}
        self.requests.change(received.id, lambda _: changes, ROOM_TO_END)
        if not sent.refused:
            self.deadlines.wake(received.id, sent.deadline)
        return sent.answer or _RESULT_IS_THERE

    def _send(self, asked: ProfileRequest, session: ObjectId, received: Request) -> Request:
        cpo = Party(session.country_code, session.party_id)
        id_, us = session.id, asked.own_party
        if asked.kind == SET:
            profile = asked.document["charging_profile"]
            return self.sending.set_profile(session.partner_id, cpo, id_, profile, us, forwards=received.id)
        if asked.kind == CLEAR:
            return self.sending.clear_profile(session.partner_id, cpo, id_, us, forwards=received.id)
        duration = asked.document["duration"]
        return self.sending.active_profile(session.partner_id, cpo, id_, duration, us, forwards=received.id)

    def _candidates(self, asked: ProfileRequest) -> Iterator[tuple[ObjectId, StoredObject]]:
        """The sessions by that id of all CPOs: the URL does not say whose it is."""
        for partner in self.partners.all():
            if partner.status is not PartnerStatus.REGISTERED:
                continue
            for cpo in (role for role in partner.roles if role.role is Role.CPO):
                id_ = ObjectId(partner.id, ModuleID.SESSIONS, cpo.country_code, cpo.party_id, asked.session.id)
                stored = self.objects.get(id_)
                if stored:
                    yield id_, stored


def _is(role: CredentialsRole, party: Party) -> bool:
    return party.named(role.country_code, role.party_id)


def _is_customer(stored: StoredObject, emsp: Party) -> bool:
    token: dict[str, Any] = stored.parsed()["cdr_token"]  # type: ignore[assignment]  # validated before it is stored
    return emsp.named(token["country_code"], token["party_id"])
