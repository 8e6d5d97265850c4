"""What is believed of a session: which phases its car may use, how much it may draw, when it leaves, what it needs.

OCPI tells an SCSP none of the last two, unless the partners have agreed to send the driver's ChargingPreferences along
in the Session (docs/partner-onboarding.md); without them the site's assumptions stand in.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError

from ocpi.types.cdrs import CdrDimensionType
from ocpi.types.locations import EVSE, Capability, Connector, Location, PowerType
from ocpi.types.primitives import same
from ocpi.types.sessions import ChargingPreferences, Session
from optimizer.model import Vehicle
from optimizer.site import Phase, Site, SiteEvse

UNKNOWN_MAX_A = 32.0
"""What an EVSE counts with whose Location has not been told: the usual fuse of an AC charge point."""

OVERSTAY = timedelta(hours=1)
"""A car that is still there when it was believed to have left is believed to stay so much longer."""

TOP_UP_KWH = 1.0
"""What a car that seems to have enough may still take, where there is room: needs are told roughly."""

TOP_UP_PRIORITY = 0.1


@dataclass(frozen=True)
class Charging:
    """An ongoing session as the optimizer sees it; currents in ampere per phase."""

    id: str
    session: Session
    phases: tuple[Phase, ...]
    max_a: float
    default_limit_a: float
    """What it draws at most without a profile."""
    plannable: bool
    """Whether its EVSE takes profiles in ampere."""
    departure: datetime
    energy_kwh: float
    priority: float

    def vehicle(self, site: Site, tail_a: float = 0.0) -> Vehicle:
        """For the model."""
        return Vehicle(
            id=self.id,
            phases=self.phases,
            min_a=site.min_a,
            max_a=self.max_a,
            departure=self.departure,
            energy_kwh=self.energy_kwh,
            priority=self.priority,
            tail_a=tail_a,
        )


def believe(id_: str, document: Mapping[str, Any], location: Location | None, site: Site, now: datetime) -> Charging:
    """What is believed of the session `document` at the moment `now`."""
    session = Session.model_validate(document)
    evse = _evse(location, session)
    connector = _connector(evse, session)
    placed = next((each for each in site.evses if same(each.evse_uid, session.evse_uid)), None)
    phases = placed.phases if placed and placed.phases else site.phases
    max_a = _max_a(connector, placed, len(phases), site.voltage_v)
    preferences = _preferences(document)
    departure = preferences.departure_time if preferences and preferences.departure_time else None
    leaves = departure or session.start_date_time + timedelta(hours=site.assumed_stay_hours)
    needs = preferences.energy_need if preferences and preferences.energy_need is not None else None
    missing = float(needs if needs is not None else site.assumed_energy_kwh) - float(session.kwh)
    satisfied = missing <= 0 or _requests_no_power(session)
    return Charging(
        id=id_,
        session=session,
        phases=phases,
        max_a=max_a,
        default_limit_a=max_a if site.default_limit_a is None else min(max_a, site.default_limit_a),
        plannable=_takes_profiles(evse, connector),
        departure=leaves if leaves > now else now + OVERSTAY,
        energy_kwh=TOP_UP_KWH if satisfied else missing,
        priority=TOP_UP_PRIORITY if satisfied else 1.0,
    )


def newcomer_a(location: Location | None, site: Site) -> float:
    """What a car that has just plugged in may draw before its first profile, at the largest EVSE; ampere per phase."""
    if site.default_limit_a is not None:
        return site.default_limit_a
    placed = {each.evse_uid.lower(): each for each in site.evses}
    found = [
        _max_a(connector, own, len(own.phases if own and own.phases else site.phases), site.voltage_v)
        for evse in (location.evses if location else [])
        for own in [placed.get(evse.uid.lower())]
        for connector in evse.connectors
    ]
    return max(found, default=UNKNOWN_MAX_A)


def _evse(location: Location | None, session: Session) -> EVSE | None:
    evses = location.evses if location else []
    return next((evse for evse in evses if same(evse.uid, session.evse_uid)), None)


def _connector(evse: EVSE | None, session: Session) -> Connector | None:
    connectors = evse.connectors if evse else []
    return next((each for each in connectors if same(each.id, session.connector_id)), None)


def _max_a(connector: Connector | None, placed: SiteEvse | None, phases: int, voltage_v: float) -> float:
    """The least of what the connector bears, in current and in power, and what the energy manager says."""
    known = [placed.max_a] if placed and placed.max_a is not None else []
    if connector and connector.power_type is not PowerType.DC:
        known.append(float(connector.max_amperage))
    if connector and (connector.max_electric_power or connector.power_type is PowerType.DC):
        watts = connector.max_electric_power or connector.max_voltage * connector.max_amperage
        known.append(watts / (voltage_v * phases))
    return min(known, default=UNKNOWN_MAX_A)


def _takes_profiles(evse: EVSE | None, connector: Connector | None) -> bool:
    """An EVSE that we know nothing of is asked; one that says it cannot, or that is DC, counts at its maximum."""
    if connector and connector.power_type is PowerType.DC:
        return False
    return evse is None or Capability.CHARGING_PROFILE_CAPABLE in evse.capabilities


def _requests_no_power(session: Session) -> bool:
    """Whether the CPO says that the car has stopped drawing of its own accord.

    That is what a charging period with PARKING_TIME means; a pause that a profile imposes is none (decision 13).
    """
    last = session.charging_periods[-1:]
    return any(dimension.type is CdrDimensionType.PARKING_TIME for period in last for dimension in period.dimensions)


def _preferences(document: Mapping[str, Any]) -> ChargingPreferences | None:
    told = document.get("charging_preferences")
    try:
        return ChargingPreferences.model_validate(told) if told else None
    except ValidationError:
        return None
