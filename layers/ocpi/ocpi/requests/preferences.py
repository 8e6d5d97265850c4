"""Telling a CPO how a driver of ours wants to charge (SES-03)."""

from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from ocpi import wire
from ocpi.parties.calling import Calling, address
from ocpi.store.partner import Partner
from ocpi.transport.client import PartnerUnreachable
from ocpi.transport.headers import Routing
from ocpi.transport.status import OcpiError, StatusCode
from ocpi.transport.validation import validated
from ocpi.types.parties import Party
from ocpi.types.sessions import ChargingPreferences, ChargingPreferencesResponse
from ocpi.types.versions import InterfaceRole, ModuleID

_response = TypeAdapter(ChargingPreferencesResponse).validate_python


@dataclass(frozen=True)
class Preferences:
    """Puts ChargingPreferences on Sessions at CPOs; the CPO answers at once, and nothing follows."""

    calling: Calling

    def put(
        self, partner: Partner, party: Party, session_id: str, preferences: wire.JsonObject, own_party: Party
    ) -> ChargingPreferencesResponse:
        """Ask the CPO of a session to charge as `preferences` say, on behalf of our eMSP `own_party`.

        Raises:
            OcpiError: 2001 for wrong preferences; 3001 if the CPO could not be reached, or answered with an error.
        """
        validated(ChargingPreferences, preferences)
        try:
            url = address(partner, ModuleID.SESSIONS, InterfaceRole.SENDER, session_id, "charging_preferences")
            answer = self.calling.client(partner, Routing(own_party, party)).put(url, preferences)
        except PartnerUnreachable as error:
            raise _failed(str(error)) from None
        if not answer.ok:
            raise _failed(str(answer))
        try:
            return _response(answer.data)
        except ValidationError:
            raise _failed("the partner's answer is no ChargingPreferencesResponse") from None


def _failed(why: str) -> OcpiError:
    return OcpiError(StatusCode.UNABLE_TO_USE_API, why)
