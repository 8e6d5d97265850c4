"""What a session may draw, and draws, at one moment: by its charging profile, its meter, and what the plan tells of it.

It says the same as the machine that issues profiles (docs/issuing.md), for one moment and without the solver's tools.
Rates are ampere per phase, or kW where `dc`.
"""

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from pydantic import BaseModel, ConfigDict

from ocpi import wire
from ocpi.sites.phases import Phase
from ocpi.sites.record import Meter
from ocpi.sites.site import GRID, Site
from ocpi.store.profiles import ProfileState
from ocpi.types.chargingprofiles import ChargingProfile, ChargingRateUnit
from ocpi.types.periods import CdrDimensionType
from ocpi.types.primitives import DateTime, same
from ocpi.types.sessions import Session

UNKNOWN_MAX_A = 32.0
"""What an EVSE counts with that has not been told: the usual fuse of an AC charge point. Of a larger one that is too
little, so the energy manager is warned while a Location is missing."""

_KW = 1000


class Placed(BaseModel):
    """What the plan in force tells of a session: where it is, and what it may draw without a profile and at most."""

    model_config = ConfigDict(frozen=True)

    node: str = GRID
    phases: tuple[Phase, ...]
    dc: bool = False
    default_limit: float
    worst: float
    certain: bool = False
    departure: DateTime | None = None
    energy_kwh: float | None = None
    short_kwh: float = 0.0
    why: tuple[str, ...] = ()

    def kw_per_unit(self, voltage_v: float) -> float:
        """The power of one unit of its rate."""
        return 1.0 if self.dc else len(self.phases) * voltage_v / _KW


def newcomer(site: Site, document: wire.JsonObject, location: wire.JsonObject | None) -> Placed:
    """A session that no plan has seen yet, by what the energy manager and its CPO tell of the EVSE."""
    evse_uid = str(document.get("evse_uid", ""))
    placed = next((each for each in site.evses if same(each.evse_uid, evse_uid)), None)
    node = placed.feeder if placed and placed.feeder else GRID
    phases = (placed.phases if placed else None) or site.branch(node).phases
    told_a = _connectors_a(evse_uid, location)
    worst = min([placed.max_a] if placed and placed.max_a else [], default=told_a or UNKNOWN_MAX_A)
    default = worst if site.default_limit_a is None else min(worst, site.default_limit_a)
    return Placed(node=node, phases=phases, default_limit=default, worst=worst)


@dataclass(frozen=True)
class Rates:
    """What a profile allows over time: each rate from its start to the next one's; the first also before."""

    starts: Sequence[float]
    """In seconds since 1970."""
    rates: Sequence[float]

    @classmethod
    def of(cls, profile: ChargingProfile, else_rate: float, *, dc: bool) -> "Rates":
        """Of an absolute profile; `else_rate` holds after its end, or all the time if it cannot be read."""
        if profile.start_date_time is None or (profile.charging_rate_unit is ChargingRateUnit.W) is not dc:
            return cls([0.0], [else_rate])
        start = profile.start_date_time.replace(microsecond=0).timestamp()
        lasts = math.inf if profile.duration is None else profile.duration
        periods = [each for each in profile.charging_profile_period if each.start_period < lasts]
        starts = [start + each.start_period for each in periods]
        rates = [float(each.limit) / _KW if dc else float(each.limit) for each in periods]
        return cls(starts, rates) if math.isinf(lasts) else cls([*starts, start + lasts], [*rates, else_rate])

    def at(self, moment: datetime) -> float:
        """The rate at a moment."""
        return self.rates[max(0, bisect_right(self.starts, moment.timestamp()) - 1)]


@dataclass(frozen=True)
class Drawing:
    """What a session may draw at a moment, by what is known of its profile."""

    placed: Placed
    profile: ProfileState
    now: datetime

    @property
    def obeyed(self) -> float:
        """The rate that it obeys, as far as is known."""
        accepted = self.profile.accepted
        return self._capped(self._rate(accepted) if accepted else self.placed.default_limit)

    @property
    def worst(self) -> float:
        """The most that it may draw, whatever is answered."""
        pending = self.profile.pending
        if pending and self.profile.expired(self.now) and not self.profile.asked:
            pending = None  # too late, it is never sent
        others = [*self.profile.doubtful, *([pending] if pending else [])]
        return max([self.obeyed, *(self._capped(self._rate(each)) for each in others)])

    def drawn_kw(self, session: Session, meter: Meter | None, voltage_v: float) -> float:
        """What it draws, by its meter, and no more than its profile allows.

        Where the charging period that goes on tells its power or current, that is it. Else a vehicle keeps to what it
        did when its meter told last, and to its profile as long as its meter has told nothing else.
        """
        kw_per_unit = self.placed.kw_per_unit(voltage_v)
        most_kw = self.obeyed * kw_per_unit
        volumes = _volumes(session)
        if CdrDimensionType.PARKING_TIME in volumes:
            return 0.0
        if CdrDimensionType.POWER in volumes:
            return min(most_kw, max(0.0, volumes[CdrDimensionType.POWER]))
        if CdrDimensionType.CURRENT in volumes and not self.placed.dc:
            return min(most_kw, max(0.0, volumes[CdrDimensionType.CURRENT]) * kw_per_unit)
        if meter is None or not meter.metered:
            return most_kw
        if meter.level_kw is not None:
            return min(most_kw, meter.level_kw)
        return most_kw if meter.held_back else min(most_kw, meter.peak_kw)

    def _rate(self, profile: ChargingProfile) -> float:
        return Rates.of(profile, self.placed.worst, dc=self.placed.dc).at(self.now)

    def _capped(self, rate: float) -> float:
        """Its EVSE gives no more, whatever a profile allows, if that is known."""
        return min(rate, self.placed.worst) if self.placed.certain else rate


def _volumes(session: Session) -> Mapping[CdrDimensionType, float]:
    """What the charging period that goes on tells."""
    last = session.charging_periods[-1:]
    return {each.type: float(each.volume) for period in last for each in period.dimensions}


def _connectors_a(evse_uid: str, location: wire.JsonObject | None) -> float | None:
    """The highest current of an EVSE's connectors, as its CPO has told it."""
    evses = location.get("evses") if location else None
    for evse in evses if isinstance(evses, list) else ():
        if isinstance(evse, dict) and same(str(evse.get("uid", "")), evse_uid):
            connectors = evse.get("connectors")
            told = [each.get("max_amperage") for each in connectors] if isinstance(connectors, list) else []
            return max((float(each) for each in told if isinstance(each, int | Decimal)), default=None)
    return None
