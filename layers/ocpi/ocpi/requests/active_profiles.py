"""Telling what a charge point will do to those who have set a charging profile (CHP-18 to CHP-21, CHP-31)."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from ocpi import clock, wire
from ocpi.parties.calling import Calling, address
from ocpi.requests.evses import connector, evses
from ocpi.requests.together import Call, ask_together
from ocpi.store.controllers import Controller, Controllers
from ocpi.store.keys import ObjectId
from ocpi.store.objects import Objects
from ocpi.store.partners import Partners
from ocpi.transport.client import PartnerUnreachable
from ocpi.transport.headers import Routing
from ocpi.transport.status import OcpiError, StatusCode, unknown
from ocpi.transport.validation import validated
from ocpi.types.chargingprofiles import ActiveChargingProfile, ChargingRateUnit
from ocpi.types.locations import PowerType
from ocpi.types.primitives import format_datetime
from ocpi.types.versions import InterfaceRole, ModuleID

TOLD_AHEAD_S = 3600
"""How far a profile of ours looks ahead: the most that is useful (CHP-20)."""


@dataclass(frozen=True)
class ActiveProfiles:
    """Tells of ActiveChargingProfiles."""

    controllers: Controllers
    objects: Objects
    partners: Partners
    calling: Calling

    def tell(self, session: ObjectId, active: wire.JsonObject | None) -> Mapping[str, str]:
        """PUT the ActiveChargingProfile of a session to each party that has set a profile on it, and to nobody else.

        Args:
            session: one of our own; or one of a partner, which tells us.
            active: what its charge point will do, for the next 5 to 60 minutes; None once no profile is active, which
                is told as the full capacity of the EVSE (CHP-21).

        Returns:
            What went wrong, by partner id and party such as ``tnm/NL/TNM``; nothing is sent again.

        Raises:
            OcpiError: 2001 for a wrong `active`; HTTP 404 if there is no such Session, or its EVSE is unknown.
        """
        stored = self.objects.get(session)
        if stored is None:
            raise unknown(f"Session {session.id}")
        if active is None:
            active = self._full_capacity(session, stored.parsed())
        validated(ActiveChargingProfile, active)
        controllers = list(self.controllers.of(session.text))
        answers = ask_together(partial(self._put, session, each, active) for each in controllers)
        told = zip(controllers, answers, strict=True)
        return {
            _name(each): str(answer) for each, answer in told if isinstance(answer, PartnerUnreachable) or not answer.ok
        }

    def _put(self, session: ObjectId, controller: Controller, active: wire.JsonObject) -> Call:
        """What tells one of them.

        Raises:
            PartnerUnreachable: it cannot be told.
        """
        partner = self.partners.get(controller.partner_id)
        if partner is None:
            raise PartnerUnreachable("the partner is unknown")
        url = address(partner, ModuleID.CHARGING_PROFILES, InterfaceRole.SENDER, session.id)
        client = self.calling.client(partner, Routing(controller.own_party, controller.party))
        return partial(client.put, url, active)

    def _full_capacity(self, session: ObjectId, document: dict[str, Any]) -> wire.JsonObject:
        owner = session.country_code, session.party_id
        location = self.objects.get(ObjectId(session.partner_id, ModuleID.LOCATIONS, *owner, document["location_id"]))
        found = evses(location.parsed(), document["evse_uid"]) if location else []
        used = connector(found[0], document["connector_id"]) if found else None
        if used is None:
            raise OcpiError(StatusCode.UNKNOWN_LOCATION, f"the connector of Session {session.id} is unknown", 404)
        now = format_datetime(clock.now())
        profile = _capacity(used) | {"start_date_time": now, "duration": TOLD_AHEAD_S}
        return {"start_date_time": now, "charging_profile": profile}


def _name(controller: Controller) -> str:
    party = controller.party
    return "/".join([controller.partner_id, *((party.country_code, party.party_id) if party else ())])


def _capacity(used: dict[str, Any]) -> wire.JsonObject:
    """What a connector gives at most: the current of each phase, or the power of direct current (CHP-22)."""
    unit, limit = ChargingRateUnit.A, used["max_amperage"]
    if used["power_type"] == PowerType.DC:
        power = used.get("max_electric_power")
        unit, limit = ChargingRateUnit.W, used["max_voltage"] * used["max_amperage"] if power is None else power
    return {"charging_rate_unit": unit, "charging_profile_period": [{"start_period": 0, "limit": limit}]}
