"""What is believed of a session: which phases its car may use, how much it may draw, when it leaves, what it needs.

OCPI tells an SCSP none of the last two, unless the partners have agreed to send the driver's ChargingPreferences along
in the Session (docs/partner-onboarding.md); without them the site's assumptions stand in.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError

from ocpi.types.cdrs import CdrDimensionType
from ocpi.types.locations import EVSE, Capability, Connector, Location, PowerType
from ocpi.types.primitives import same
from ocpi.types.sessions import ChargingPreferences, Session
from optimizer.phases import Phase
from optimizer.problem import HORIZON, Vehicle
from optimizer.site import Site, SiteEvse

UNKNOWN_MAX_A = 32.0
"""What an EVSE counts with whose Location has not been told: the usual fuse of an AC charge point."""

OVERSTAY = timedelta(hours=1)
"""A car that is still there when it was believed to have left is believed to stay so much longer."""

MOST_KWH = 150.0
"""More fits into no car; whoever asks for more would only get a larger share than others."""

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
    """The most that is worth planning."""
    worst_a: float
    """The most that it could draw on one phase."""
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
            taken_kwh=float(self.session.kwh),
            priority=self.priority,
            tail_a=tail_a,
        )


def believe(id_: str, document: Mapping[str, Any], location: Location | None, site: Site, now: datetime) -> Charging:
    """What is believed of the session `document` at the moment `now`."""
    session = Session.model_validate(document)
    evse = _evse(location, session)
    connectors = _connectors(evse, session)
    placed = _placed(site, session.evse_uid)
    phases = placed.phases if placed and placed.phases else site.phases
    outlets = [_Outlet.of(connector, placed, site) for connector in connectors] or [_Outlet.unknown(placed)]
    told = _preferences(document)
    need = site.assumed_energy_kwh if told is None or told.energy_need is None else float(told.energy_need)
    missing = need - float(session.kwh)
    satisfied = missing <= 0 or _requests_no_power(session)
    worst_a = max(outlet.worst_a for outlet in outlets)
    return Charging(
        id=id_,
        session=session,
        phases=phases,
        max_a=max(outlet.max_a(len(phases), site.voltage_v) for outlet in outlets),
        worst_a=worst_a,
        default_limit_a=worst_a if site.default_limit_a is None else min(worst_a, site.default_limit_a),
        plannable=_takes_profiles(evse, connectors),
        departure=_departure(told, session, site, now),
        energy_kwh=TOP_UP_KWH if satisfied else min(missing, MOST_KWH),
        priority=TOP_UP_PRIORITY if satisfied else 1.0,
    )


def newcomer_a(location: Location | None, site: Site) -> float:
    """What a car that has just plugged in may draw before its first profile, at the largest EVSE; ampere per phase."""
    if site.default_limit_a is not None:
        return site.default_limit_a
    evses = location.evses if location else []
    outlets = [_Outlet.of(each, _placed(site, evse.uid), site) for evse in evses for each in evse.connectors]
    return max((outlet.worst_a for outlet in outlets), default=UNKNOWN_MAX_A)


@dataclass(frozen=True)
class _Outlet:
    """What a connector gives: `worst_a` on a single phase, and, where its power is bounded, `power_w` in all."""

    worst_a: float
    power_w: float | None = None

    @classmethod
    def of(cls, connector: Connector, placed: SiteEvse | None, site: Site) -> "_Outlet":
        """By what the CPO says of the connector and the energy manager of the EVSE."""
        fuse_a = placed.max_a if placed and placed.max_a is not None else math.inf
        power_w = connector.max_electric_power
        if connector.power_type is PowerType.DC:
            power_w = power_w or connector.max_voltage * connector.max_amperage
            # A rectifier draws alike from all phases.
            return cls(min(fuse_a, power_w / (site.voltage_v * len(site.phases))))
        ampere = min(fuse_a, float(connector.max_amperage))
        # A car that uses one phase only may draw all the power from it.
        return cls(min(ampere, power_w / site.voltage_v) if power_w else ampere, power_w)

    @classmethod
    def unknown(cls, placed: SiteEvse | None) -> "_Outlet":
        """An EVSE that the CPO has not told."""
        return cls(placed.max_a if placed and placed.max_a is not None else UNKNOWN_MAX_A)

    def max_a(self, phases: int, voltage_v: float) -> float:
        """The most that is worth planning, in ampere on each of so many phases."""
        return min(self.worst_a, self.power_w / (voltage_v * phases)) if self.power_w else self.worst_a


def _departure(told: ChargingPreferences | None, session: Session, site: Site, now: datetime) -> datetime:
    stay = timedelta(hours=site.assumed_stay_hours)
    leaves = told.departure_time if told and told.departure_time else min(session.start_date_time, now) + stay
    return min(leaves, now + HORIZON) if leaves > now else now + OVERSTAY


def _evse(location: Location | None, session: Session) -> EVSE | None:
    evses = location.evses if location else []
    return next((evse for evse in evses if same(evse.uid, session.evse_uid)), None)


def _connectors(evse: EVSE | None, session: Session) -> list[Connector]:
    """The connector in use; all of the EVSE's if it is none of them."""
    connectors = evse.connectors if evse else []
    return [each for each in connectors if same(each.id, session.connector_id)] or connectors


def _placed(site: Site, evse_uid: str) -> SiteEvse | None:
    return next((each for each in site.evses if same(each.evse_uid, evse_uid)), None)


def _takes_profiles(evse: EVSE | None, connectors: Sequence[Connector]) -> bool:
    """An EVSE that we know nothing of is asked; one that says it cannot, or that is DC, counts at its maximum."""
    if any(connector.power_type is PowerType.DC for connector in connectors):
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
