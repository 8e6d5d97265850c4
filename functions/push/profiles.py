"""Sending charging profiles: PUT of SetChargingProfile to the CPO (CHP-02, CHP-05)."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import ValidationError

from ocpi import clock
from ocpi.logs import logger
from ocpi.parties.calling import Calling, address
from ocpi.parties.own import OwnPlatform
from ocpi.push.breaker import Breakers
from ocpi.push.messages import ProfileMessage, Wanted
from ocpi.store.partner import Partner
from ocpi.store.partners import Partners
from ocpi.store.profiles import ProfileState
from ocpi.store.sites import Sites
from ocpi.store.table import Busy
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

SIDE_BY_SIDE = 8
"""How many requests of a message are under way at a time."""


@dataclass(frozen=True)
class ProfileSender:
    """Sends the profiles that are pending for sessions, as they stand when the message is handled."""

    own: OwnPlatform
    partners: Partners
    sites: Sites
    calling: Calling
    breakers: Breakers

    def send(self, message: ProfileMessage) -> dict[str, str]:
        """Send what `message` points at and keep the partner's answers; returns what became of each session's, for the
        log.

        Nothing is tried again here: a request without an answer expires, and the next run of the optimizer sends what
        is wanted then (state is pushed, not messages). So nothing that one request meets ends the others, and AWS
        failing just now does not keep the message, which would hold up what is asked for the same sessions next.
        """
        if not self.breakers.get(message.partner_id).allows(clock.now()):
            return dict.fromkeys(_names(message), "the partner's breaker is open")
        errand = _Errand(self, message, self.partners.get(message.partner_id))
        if len(message.requests) == 1:
            return dict(zip(_names(message), map(errand.run, message.requests), strict=True))
        with ThreadPoolExecutor(min(SIDE_BY_SIDE, len(message.requests))) as threads:
            under_way = [threads.submit(errand.run, request) for request in message.requests]
        return {name: each.result() for name, each in zip(_names(message), under_way, strict=True)}


def _names(message: ProfileMessage) -> list[str]:
    return [request.name for request in message.requests]


@dataclass(frozen=True)
class _Errand:
    """What the requests of one message have in common."""

    by: ProfileSender
    message: ProfileMessage
    partner: Partner | None

    def run(self, wanted: Wanted) -> str:
        """Send what is pending for one session; returns what became of it."""
        try:
            return self._run(wanted)
        except (BotoCoreError, ClientError, Busy) as error:
            logger.exception("a profile's request is left to expire", session=wanted.name)
            return str(error)

    def _run(self, wanted: Wanted) -> str:
        state = self._change(wanted, lambda state: state.asking(wanted.request_id, clock.now()))
        if state is None or state.pending is None:
            return "superseded, sent already, or too late"
        body = SetChargingProfile(
            charging_profile=state.pending,
            response_url=self.by.own.response_url(ModuleID.CHARGING_PROFILES, wanted.request_id),
        )
        try:
            answer = self._put(wanted, body)
            if not answer.ok:
                return self._failed(wanted, answer)
            response = ChargingProfileResponse.model_validate(answer.data)
        except PartnerUnreachable as error:
            if error.http_status == HTTPStatus.TOO_MANY_REQUESTS:
                self._keep(wanted, lambda state: state.throttled(clock.now()))
            return str(error)
        except ValidationError as error:
            return f"the answer is no ChargingProfileResponse: {explain(error)}"
        self._keep(wanted, lambda state: state.answered(response, clock.now()))
        return response.result

    def _put(self, wanted: Wanted, body: SetChargingProfile) -> Answer:
        if self.partner is None:
            raise PartnerUnreachable("the partner is unknown")
        routing = Routing(self.by.own.party(Role.SCSP), Party(wanted.country_code, wanted.party_id))
        client = self.by.calling.client(self.partner, routing)
        url = address(self.partner, ModuleID.CHARGING_PROFILES, InterfaceRole.RECEIVER, wanted.session_id)
        return client.put(url, body)

    def _failed(self, wanted: Wanted, answer: Answer) -> str:
        """An error of the partner's own leaves open what it did; refusing the request means that it did nothing."""
        if answer.http_status == HTTPStatus.TOO_MANY_REQUESTS:
            self._keep(wanted, lambda state: state.throttled(clock.now()))
        elif answer.http_status < 500 and answer.status_code // 1000 == StatusCode.CLIENT_ERROR // 1000:
            until = clock.now() + REFUSED_FOR
            self._keep(wanted, lambda state: state.refused(str(answer), until))
        return str(answer)

    def _keep(self, wanted: Wanted, change: Callable[[ProfileState], ProfileState]) -> None:
        """Keep the answer, unless the result itself was faster."""
        self._change(wanted, lambda state: change(state) if state.request_id == wanted.request_id else None)

    def _change(self, wanted: Wanted, change: Callable[[ProfileState], ProfileState | None]) -> ProfileState | None:
        session = wanted.session(self.message.partner_id).text
        return self.by.sites.change_profile(self.message.location, session, change)
