"""Sending charging profiles: PUT of SetChargingProfile to the CPO (CHP-02, CHP-05)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus

from pydantic import ValidationError

from ocpi import clock
from ocpi.parties.calling import Calling, address
from ocpi.parties.own import OwnPlatform
from ocpi.push.breaker import Breakers
from ocpi.push.messages import ProfileMessage
from ocpi.store.partners import Partners
from ocpi.store.profiles import ProfileState
from ocpi.store.sites import Sites
from ocpi.transport.client import Answer, PartnerUnreachable
from ocpi.transport.headers import Routing
from ocpi.transport.status import StatusCode
from ocpi.transport.validation import explain
from ocpi.types.chargingprofiles import ChargingProfileResponse, SetChargingProfile
from ocpi.types.parties import Party
from ocpi.types.primitives import Role
from ocpi.types.versions import InterfaceRole, ModuleID

REFUSED_FOR = timedelta(minutes=5)
"""How long a session is left alone after a partner answered a request with an error."""


@dataclass(frozen=True)
class ProfileSender:
    """Sends the profile that is pending for a session, as it stands when the message is handled."""

    own: OwnPlatform
    partners: Partners
    sites: Sites
    calling: Calling
    breakers: Breakers

    def send(self, message: ProfileMessage) -> str:
        """Send what `message` points at and keep the partner's answer; returns what became of it, for the log.

        Nothing is tried again here: a request without an answer expires, and the next run of the optimizer sends what
        is wanted then (state is pushed, not messages).
        """
        if not self.breakers.get(message.partner_id).allows(clock.now()):
            return "the partner's breaker is open"
        state = self.sites.change_profile(
            message.location, message.session.text, lambda state: state.asking(message.request_id, clock.now())
        )
        if state is None or state.pending is None:
            return "superseded, sent already, or too late"
        body = SetChargingProfile(
            charging_profile=state.pending,
            response_url=self.own.response_url(ModuleID.CHARGING_PROFILES, message.request_id),
        )
        try:
            answer = self._put(message, body)
            if not answer.ok:
                return self._failed(message, answer)
            response = ChargingProfileResponse.model_validate(answer.data)
        except PartnerUnreachable as error:
            if error.http_status == HTTPStatus.TOO_MANY_REQUESTS:
                self._keep(message, lambda state: state.throttled(clock.now()))
            return str(error)
        except ValidationError as error:
            return f"the answer is no ChargingProfileResponse: {explain(error)}"
        self._keep(message, lambda state: state.answered(response, clock.now()))
        return response.result

    def _put(self, message: ProfileMessage, body: SetChargingProfile) -> Answer:
        partner = self.partners.get(message.partner_id)
        if partner is None:
            raise PartnerUnreachable("the partner is unknown")
        routing = Routing(self.own.party(Role.SCSP), Party(message.country_code, message.party_id))
        client = self.calling.client(partner, routing)
        url = address(partner, ModuleID.CHARGING_PROFILES, InterfaceRole.RECEIVER, message.session_id)
        return client.put(url, body)

    def _failed(self, message: ProfileMessage, answer: Answer) -> str:
        """An error of the partner's own leaves open what it did; refusing the request means that it did nothing."""
        if answer.http_status == HTTPStatus.TOO_MANY_REQUESTS:
            self._keep(message, lambda state: state.throttled(clock.now()))
        elif answer.http_status < 500 and answer.status_code // 1000 == StatusCode.CLIENT_ERROR // 1000:
            until = clock.now() + REFUSED_FOR
            self._keep(message, lambda state: state.refused(str(answer), until))
        return str(answer)

    def _keep(self, message: ProfileMessage, change: Callable[[ProfileState], ProfileState]) -> None:
        """Keep the answer, unless the result itself was faster."""

        def while_pending(state: ProfileState) -> ProfileState | None:
            return change(state) if state.request_id == message.request_id else None

        self.sites.change_profile(message.location, message.session.text, while_pending)
