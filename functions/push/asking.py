"""Asking for one charging profile: PUT of SetChargingProfile to the CPO (CHP-02, CHP-05)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus

from pydantic import ValidationError

from ocpi import clock
from ocpi.parties.calling import Calling, address
from ocpi.parties.own import OwnPlatform
from ocpi.push.messages import Wanted
from ocpi.store.partner import Partner
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


class TooMany(Exception):
    """A partner answered HTTP 429: it is asked too often, and did nothing."""

    def __init__(self, why: str, retry_after: timedelta | None) -> None:
        super().__init__(why)
        self.retry_after = retry_after


@dataclass(frozen=True)
class Asking:
    """Asks one partner for profiles of sessions at one Location, and keeps its answers."""

    own: OwnPlatform
    sites: Sites
    calling: Calling
    partner: Partner | None
    partner_id: str
    location: str

    def ask(self, wanted: Wanted) -> str:
        """Send what is pending for one session; returns what became of it.

        Raises:
            TooMany: the partner did nothing; it is pending as before, and may be asked for again.
        """
        state = self._change(wanted, lambda state: state.asking(wanted.request_id, clock.now()))
        if state is None or state.pending is None:
            return "superseded, sent already, or too late"
        body = SetChargingProfile(
            charging_profile=state.pending,
            response_url=self.own.response_url(ModuleID.CHARGING_PROFILES, wanted.request_id),
        )
        try:
            answer = self._put(wanted, body)
            if not answer.ok:
                return self._failed(wanted, answer)
            response = ChargingProfileResponse.model_validate(answer.data)
        except PartnerUnreachable as error:
            if error.http_status == HTTPStatus.TOO_MANY_REQUESTS:
                self._keep(wanted, ProfileState.not_asked)
                raise TooMany(str(error), error.retry_after) from None
            return str(error)
        except ValidationError as error:
            return f"the answer is no ChargingProfileResponse: {explain(error)}"
        self._keep(wanted, lambda state: state.answered(response, clock.now()))
        return response.result

    def leave_alone(self, wanted: Wanted) -> None:
        """The session is not asked for anything for a while."""
        self._keep(wanted, lambda state: state.throttled(clock.now()))

    def _put(self, wanted: Wanted, body: SetChargingProfile) -> Answer:
        if self.partner is None:
            raise PartnerUnreachable("the partner is unknown")
        routing = Routing(self.own.party(Role.SCSP), Party(wanted.country_code, wanted.party_id))
        client = self.calling.client(self.partner, routing)
        url = address(self.partner, ModuleID.CHARGING_PROFILES, InterfaceRole.RECEIVER, wanted.session_id)
        return client.put(url, body)

    def _failed(self, wanted: Wanted, answer: Answer) -> str:
        """An error of the partner's own leaves open what it did; refusing the request means that it did nothing."""
        if answer.http_status == HTTPStatus.TOO_MANY_REQUESTS:
            self._keep(wanted, ProfileState.not_asked)
            raise TooMany(str(answer), answer.retry_after)
        if answer.http_status < 500 and answer.status_code // 1000 == StatusCode.CLIENT_ERROR // 1000:
            until = clock.now() + REFUSED_FOR
            self._keep(wanted, lambda state: state.refused(str(answer), until))
        return str(answer)

    def _keep(self, wanted: Wanted, change: Callable[[ProfileState], ProfileState]) -> None:
        """Keep the answer, unless the result itself was faster."""
        self._change(wanted, lambda state: change(state) if state.request_id == wanted.request_id else None)

    def _change(self, wanted: Wanted, change: Callable[[ProfileState], ProfileState | None]) -> ProfileState | None:
        return self.sites.change_profile(self.location, wanted.session(self.partner_id).text, change)
