"""Whether a request about a charging profile can be passed on to a charge point (CHP-05 to CHP-09)."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from chargingprofiles.forwarding import Forwarding
from chargingprofiles.request import ProfileRequest
from ocpi import wire
from ocpi.requests.bodies import CLEAR
from ocpi.requests.deadlines import Deadlines
from ocpi.requests.evses import can, evses
from ocpi.store import keys
from ocpi.store.controllers import Controllers
from ocpi.store.keys import ObjectId
from ocpi.store.objects import Objects
from ocpi.store.requests import Requests
from ocpi.transport.status import OcpiError
from ocpi.types.chargingprofiles import ChargingProfileResponse, ChargingProfileResponseType
from ocpi.types.locations import Capability
from ocpi.types.sessions import SessionStatus
from ocpi.types.versions import ModuleID

_ONGOING = (SessionStatus.ACTIVE, SessionStatus.PENDING)


@dataclass(frozen=True)
class ProfileDesk:
    """Takes requests about the charging profiles of our sessions, and passes on those about sessions of CPOs.

    Args:
        objects: the Sessions and Locations.
        requests: where requests wait for the owner's backend.
        controllers: keeps the pace of requests.
        deadlines: wakes us when a charge point did not answer in time.
        forwarding: asks the CPO where we are the eMSP in between (CHP-30).
        timeout: how long a charge point may take.
        interval: the least time between two requests about one session.
    """

    objects: Objects
    requests: Requests
    controllers: Controllers
    deadlines: Deadlines
    forwarding: Forwarding
    timeout: timedelta
    interval: timedelta

    def take(self, asked: ProfileRequest) -> wire.JsonObject | ChargingProfileResponse:
        """The immediate answer; an accepted request is stored, and will have its result.

        Raises:
            OcpiError: 3000 if the CPO that has to be asked cannot be.
        """
        stored = self.objects.get(asked.session)
        if stored is None:
            return self._of_a_cpo(asked)
        refusal = self._refusal(asked, stored.parsed())
        if refusal:
            return ChargingProfileResponse(result=refusal, timeout=0)
        response = ChargingProfileResponse(
            result=ChargingProfileResponseType.ACCEPTED, timeout=int(self.timeout.total_seconds())
        )
        answer = {"result": response.result, "timeout": response.timeout}
        request = asked.received(asked.session, self.timeout).model_copy(update={"answer": answer})
        with self._counted(asked, asked.session.text):
            self.deadlines.keep(self.requests, request)
        return response

    def _refusal(self, asked: ProfileRequest, session: dict[str, Any]) -> ChargingProfileResponseType | None:
        if session["status"] not in _ONGOING or not asked.allowed(session):
            return ChargingProfileResponseType.REJECTED
        if not self._capable(asked.session, session):
            return ChargingProfileResponseType.NOT_SUPPORTED
        return None if self._in_time(asked, asked.session.text) else ChargingProfileResponseType.TOO_OFTEN

    def _in_time(self, asked: ProfileRequest, what: str) -> bool:
        """Whether a request keeps to the pace; a profile that is wrong may be cleared at once."""
        return asked.kind == CLEAR or self.controllers.may_ask(what, self.interval)

    @contextmanager
    def _counted(self, asked: ProfileRequest, what: str) -> Iterator[None]:
        """A request that we failed to take does not make the next one too often."""
        try:
            yield
        except OcpiError:
            raise
        except Exception:
            if asked.kind != CLEAR:
                self.controllers.not_asked(what)
            raise

    def _capable(self, id_: ObjectId, session: dict[str, Any]) -> bool:
        place = ObjectId(keys.OWN, ModuleID.LOCATIONS, id_.country_code, id_.party_id, session["location_id"])
        location = self.objects.get(place)
        found = evses(location.parsed(), session["evse_uid"]) if location else []
        return any(can(evse, Capability.CHARGING_PROFILE_CAPABLE) for evse in found)

    def _of_a_cpo(self, asked: ProfileRequest) -> wire.JsonObject | ChargingProfileResponse:
        """The session of a CPO that is meant; a caller is kept to the pace before it is looked for (CHP-07)."""
        what = f"{asked.caller.id}#{asked.session.text}"
        if not self._in_time(asked, what):
            return ChargingProfileResponse(result=ChargingProfileResponseType.TOO_OFTEN, timeout=0)
        with self._counted(asked, what):
            return self._passed_on(asked)

    def _passed_on(self, asked: ProfileRequest) -> wire.JsonObject | ChargingProfileResponse:
        session = self.forwarding.find(asked)
        if session is None:
            return ChargingProfileResponse(result=ChargingProfileResponseType.UNKNOWN_SESSION, timeout=0)
        known = self.objects.get(session)
        if known is None or not asked.allowed(known.parsed()):
            return ChargingProfileResponse(result=ChargingProfileResponseType.REJECTED, timeout=0)
        return self.forwarding.forward(asked, session)
