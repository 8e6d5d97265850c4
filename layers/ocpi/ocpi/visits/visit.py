"""A visit of a vehicle to a site, as Sessions and CDRs tell it."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import ValidationError

from ocpi import wire
from ocpi.types.cdrs import CDR
from ocpi.types.periods import CdrDimensionType, CdrToken, ChargingPeriod
from ocpi.types.primitives import parse_datetime
from ocpi.types.sessions import ChargingPreferences, Session

SITE = "site"
"""The scope of all visits to a site."""

LONGEST_STAY = timedelta(days=14)
MOST_METERED_KWH = 500.0
"""Longer and more than any real visit: a meter or a clock was wrong."""

MOST_KWH = 150.0
"""More fits into no car; whoever asks for more would only get a larger share than others."""

OLDEST = timedelta(days=240)
"""Older visits are no habits."""

METERED_FROM_A = 5.0
METERED_WITHIN = 0.2
"""How exactly a voltage is known, and a power factor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A vehicle that has come: when, to which EVSE, whose it is (a :func:`driver_scope`), what its driver said."""

    at: datetime
    evse_uid: str
    driver: str | None = None
    told_departure: datetime | None = None
    told_kwh: float | None = None

    @property
    def scopes(self) -> tuple[str, ...]:
        """What it tells of, from the general to the special."""
        special = (evse_scope(self.evse_uid), self.driver)
        return (SITE, *filter(None, special))

    @property
    def told_h(self) -> float | None:
        """How long the driver meant to stay; None if that was not said, or cannot be."""
        if self.told_departure is None:
            return None
        hours = (self.told_departure - self.at) / timedelta(hours=1)
        return hours if hours > 0 else None

    @property
    def needs_kwh(self) -> float | None:
        """What the driver asked for, at most :data:`MOST_KWH`; None if that was not said, or cannot be."""
        return None if self.told_kwh is None or not self.told_kwh >= 0 else min(self.told_kwh, MOST_KWH)


@dataclass(frozen=True, slots=True)
class Visit:
    """One that is over: when the vehicle left, and what it took."""

    arrival: Arrival
    departure: datetime
    energy_kwh: float
    phases: int | None = None
    """On how many phases it was metered, if that was told."""

    @property
    def stay_h(self) -> float:
        """How long it stayed."""
        return (self.departure - self.arrival.at) / timedelta(hours=1)

    @property
    def stay_share(self) -> float | None:
        """How much of the stay that the driver told was true; None if none was told that could be."""
        told_h = self.arrival.told_h
        return self.stay_h / told_h if told_h and told_h <= LONGEST_STAY / timedelta(hours=1) else None

    @property
    def energy_share(self) -> float | None:
        """How much of the energy that the driver asked for was taken; None if none was asked for."""
        asked = self.arrival.needs_kwh
        return self.energy_kwh / asked if asked else None

    def sensible(self, now: datetime) -> bool:
        """Whether it may be believed at all: clocks jump, meters overflow."""
        stays = timedelta(0) < self.departure - self.arrival.at <= LONGEST_STAY
        recent = now - OLDEST < self.arrival.at and self.departure <= now + timedelta(days=1)
        return stays and recent and 0 <= self.energy_kwh <= MOST_METERED_KWH


def evse_scope(evse_uid: str) -> str:
    """The scope of the visits to one EVSE."""
    return f"evse:{evse_uid.upper()}"


def driver_scope(site_id: str, country_code: str, party_id: str, token_uid: str) -> str:
    """The scope of the visits of one driver to a site; the token's uid cannot be read from it, and another site's
    scope of the same driver is another one."""
    who = "*".join((country_code, party_id, token_uid)).upper()
    return f"driver:{hmac.digest(site_id.encode(), who.encode(), hashlib.sha256).hex()[:32]}"


PREFERENCES = "charging_preferences"
"""Partners may agree to send them along in a Session."""


def preferences(document: wire.JsonObject) -> ChargingPreferences | None:
    """What a driver wants, where the partner sends it along in the Session; None if not, or if it cannot be read."""
    told = document.get(PREFERENCES)
    try:
        return ChargingPreferences.model_validate(told) if told else None
    except ValidationError:
        return None


def arrival(site_id: str, session: Session, told: ChargingPreferences | None) -> Arrival:
    """How a session began."""
    return Arrival(
        at=session.start_date_time,
        evse_uid=session.evse_uid,
        driver=_driver(site_id, session.cdr_token),
        told_departure=told.departure_time if told else None,
        told_kwh=float(told.energy_need) if told and told.energy_need is not None else None,
    )


GREW_AT = "kwh_grew_at"
"""The outbox notes it in its copy of an ongoing Session."""


def kwh_grew_at(document: wire.JsonObject) -> datetime | None:
    """When the meter of an ongoing session was seen to move last."""
    try:
        return parse_datetime(str(document[GREW_AT]))
    except (KeyError, ValueError):
        return None


def visit_of_session(site_id: str, session: Session, told: ChargingPreferences | None, voltage_v: float) -> Visit:
    """What a session that is over has been."""
    return Visit(
        arrival(site_id, session, told),
        departure=session.end_date_time or session.last_updated,
        energy_kwh=float(session.kwh),
        phases=phases_metered(session.charging_periods, voltage_v),
    )


def visit_of_cdr(site_id: str, cdr: CDR) -> Visit:
    """What the session that a CDR is for has been."""
    came = Arrival(at=cdr.start_date_time, evse_uid=cdr.cdr_location.evse_uid, driver=_driver(site_id, cdr.cdr_token))
    return Visit(came, departure=cdr.end_date_time, energy_kwh=float(cdr.total_energy))


def _driver(site_id: str, token: CdrToken) -> str:
    return driver_scope(site_id, token.country_code, token.party_id, token.uid)


def phases_metered(periods: Sequence[ChargingPeriod], voltage_v: float) -> int | None:
    """On how many phases the periods with both a POWER and a CURRENT say that a vehicle charged; None if none does.

    The most of all of them. One below :data:`METERED_FROM_A`, or one that fits no number of phases, says nothing.
    """
    volumes = ({each.type: float(each.volume) for each in period.dimensions} for period in periods)
    found = (_phases(volume, voltage_v) for volume in volumes)
    return max(filter(None, found), default=None)


def _phases(volumes: Mapping[CdrDimensionType, float], voltage_v: float) -> int | None:
    power_kw, current_a = (volumes.get(kind, 0.0) for kind in (CdrDimensionType.POWER, CdrDimensionType.CURRENT))
    if current_a < METERED_FROM_A:
        return None
    phases = power_kw * 1000 / (voltage_v * current_a)
    nearest = round(phases)
    return nearest if 1 <= nearest <= 3 and abs(phases - nearest) <= METERED_WITHIN else None
