"""What is believed of a session: which phases its car may use, how much it may draw, when it leaves, what it needs.

OCPI tells an SCSP none of the last two, unless the partners have agreed to send the driver's ChargingPreferences along
in the Session (docs/partner-onboarding.md). What was learned of earlier visits corrects what is told and fills in what
is not; where little was learned, the site's assumptions stand in.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import ValidationError

from ocpi import wire
from ocpi.energy.drawing import UNKNOWN_MAX_A
from ocpi.logs import logger
from ocpi.sites.phases import Phase
from ocpi.sites.site import GRID, Site, SiteEvse
from ocpi.store.profiles import ProfileState
from ocpi.transport.validation import explain
from ocpi.types.cdrs import CdrDimensionType
from ocpi.types.locations import EVSE, Capability, Connector, Location, PowerType
from ocpi.types.primitives import same
from ocpi.types.sessions import ChargingPreferences, ProfileType, Session
from ocpi.visits.visit import arrival, kwh_grew_at, phases_metered, preferences
from optimizer.history import OVERSTAY, Assumed, Belief, History
from optimizer.planning.problem import Vehicle
from optimizer.profiles import Schedule

LEAST_DC_KW = 1.0
"""OCPI tells no least power of a DC charge point; below this hardly any can keep to what it is told."""

TOP_UP_KWH = 1.0
"""What a car that seems to have enough may still take, where there is room: needs are told roughly."""

TOP_UP_PRIORITY = 0.1

FAST_PRIORITY = 1.1
"""Of a driver who asked for it. Those who want it cheap or green wait for no one; their site's prices do it."""

FULL_AFTER = timedelta(minutes=10)
"""A car that has been allowed to charge for so long, and took nothing, is full (or wants nothing for now)."""

NOTHING_LEARNED = History()

_LINES = {PowerType.AC_1_PHASE: 1, PowerType.AC_2_PHASE: 2, PowerType.AC_2_PHASE_SPLIT: 2}


@dataclass(frozen=True)
class Charging:
    """An ongoing session as the optimizer sees it.

    Rates (`least`, `most`, `worst`, `default_limit`) are ampere per phase, or kW where `dc`.
    """

    id: str
    session: Session | None
    """None: it cannot be read, and counts as the worst that may be there."""
    node: str
    """What its EVSE hangs on: a feeder, or the grid connection."""
    anywhere: bool
    """Nobody knows which EVSE it is at, so it counts at every node."""
    phases: tuple[Phase, ...]
    """In the order of their wiring."""
    dc: bool
    least: float
    most: float
    """The most that is worth planning."""
    worst: float
    """The most that it could draw, AC on one phase."""
    certain: bool
    """Whether that is told, and no guess."""
    default_limit: float
    """What it draws at most without a profile; if its EVSE takes none, that is its worst."""
    plannable: bool
    """Whether its EVSE takes profiles."""
    departure: datetime
    energy_kwh: float
    taken_kwh: float
    priority: float

    def vehicle(self, start: datetime, tail: float = 0.0) -> Vehicle:
        """For a problem that begins at `start`."""
        return Vehicle(
            id=self.id,
            node=self.node,
            phases=self.phases,
            least=self.least,
            most=self.most,
            departure_s=(self.departure - start).total_seconds(),
            energy_kwh=self.energy_kwh,
            priority=self.priority,
            taken_kwh=self.taken_kwh,
            tail=tail,
            dc=self.dc,
        )


def believe(
    id_: str,
    document: wire.JsonObject,
    location: Location | None,
    site: Site,
    now: datetime,
    history: History = NOTHING_LEARNED,
    profile: ProfileState | None = None,
) -> Charging:
    """What is believed of a session at the moment `now`.

    Args:
        id_: its ObjectId.text.
        document: the Session as the outbox keeps it; one that cannot be read is believed to be the worst.
        location: where it is, as far as it was told.
        site: what the energy manager says of it.
        now: the present time.
        history: what was learned of the site and its drivers.
        profile: what is known of its charging profile; it may tell that the car is full.
    """
    session = _session(id_, document)
    station = _Station.of(location, document, site)
    told = preferences(document)
    belief = _belief(session, told, site, now, history)
    taken = float(session.kwh) if session else 0.0
    # Of what cannot be read nobody knows whether it has had a profile.
    default = station.rate(station.default_a) if session else station.worst
    full = session is not None and (
        _wants_no_power(session) or _took_nothing(session, document, profile, station.least, default)
    )
    satisfied = full or belief.energy_kwh <= taken
    phases = _used(station, session, history)
    return Charging(
        id=id_,
        session=session,
        node=station.node,
        anywhere=station.anywhere,
        phases=phases,
        dc=station.dc,
        least=station.least,
        most=station.most(len(phases)),
        worst=station.worst,
        certain=station.certain,
        default_limit=default,
        plannable=session is not None and station.takes_profiles,
        departure=belief.departure,
        energy_kwh=TOP_UP_KWH if satisfied else belief.energy_kwh - taken,
        taken_kwh=taken,
        priority=_priority(told, station) * (TOP_UP_PRIORITY if satisfied else 1.0),
    )


def newcomer_a(evse_uid: str, location: Location | None, site: Site) -> float:
    """What a car that has just plugged in at an EVSE may draw before its first profile; ampere per phase."""
    return _Station.of(location, {"evse_uid": evse_uid}, site).default_a


def unknown_newcomer_a(site: Site) -> float:
    """The same at an EVSE of which nothing is known."""
    return UNKNOWN_MAX_A if site.default_limit_a is None else min(UNKNOWN_MAX_A, site.default_limit_a)


@dataclass(frozen=True, slots=True)
class _Outlet:
    """What a connector gives: `worst_a` on a single phase, and, where its power is bounded, `power_w` in all."""

    worst_a: float
    power_w: float | None = None
    dc: bool = False

    @classmethod
    def of(cls, connector: Connector, placed: SiteEvse | None, site: Site, phases: int) -> "_Outlet":
        """By what the CPO says of the connector and the energy manager of the EVSE, which is on so many phases."""
        fuse_a = placed.max_a if placed and placed.max_a is not None else math.inf
        power_w = connector.max_electric_power
        if connector.power_type is PowerType.DC:
            power_w = power_w or connector.max_voltage * connector.max_amperage
            # A rectifier draws alike from all its phases.
            return cls(min(fuse_a, power_w / (site.voltage_v * phases)), dc=True)
        ampere = min(fuse_a, float(connector.max_amperage))
        # A car that uses one phase only may draw all the power from it.
        return cls(min(ampere, power_w / site.voltage_v) if power_w else ampere, power_w)

    @classmethod
    def unknown(cls, placed: SiteEvse | None) -> "_Outlet":
        """An EVSE that the CPO has not told."""
        return cls(placed.max_a if placed and placed.max_a is not None else UNKNOWN_MAX_A)


@dataclass(frozen=True, slots=True)
class _Station:
    """The EVSE of a session, and those of its connectors that may be in use."""

    node: str
    anywhere: bool
    """Whether it may be any EVSE of the site."""
    phases: tuple[Phase, ...]
    wired: bool
    """Whether it is known which phases these are."""
    outlets: Sequence[_Outlet]
    certain: bool
    """Whether the connector or its fuse has been told."""
    takes_profiles: bool
    """An EVSE that we know nothing of is asked; one that says it cannot counts at its maximum."""
    priority: float
    voltage_v: float
    kw_per_a: float
    """Of a rectifier."""
    least_a: float
    default_limit_a: float | None

    @classmethod
    def of(cls, location: Location | None, document: wire.JsonObject, site: Site) -> "_Station":
        """By what the CPO and the energy manager say of the EVSE."""
        told = document.get("evse_uid")
        evse_uid = told if isinstance(told, str) else ""
        evses = location.evses if location else ()
        evse = next((each for each in evses if same(each.uid, evse_uid)), None)
        connectors = _connectors(evse, str(document.get("connector_id", "")))
        if not evse_uid:  # that cannot be read: it may be any
            connectors = [connector for each in evses for connector in each.connectors]
        placed = _placed(site, evse_uid)
        phases = _wiring(placed, connectors, site)
        outlets = [_Outlet.of(each, placed, site, len(phases)) for each in connectors] or [_Outlet.unknown(placed)]
        mixed = len({outlet.dc for outlet in outlets}) > 1  # so it is not known in which unit a profile counts
        return cls(
            node=placed.feeder if placed and placed.feeder else GRID,
            anywhere=not evse_uid,
            phases=phases,
            wired=placed is not None and placed.phases is not None,
            outlets=outlets,
            certain=bool(evse_uid and (connectors or (placed and placed.max_a is not None))),
            takes_profiles=not mixed and (evse is None or Capability.CHARGING_PROFILE_CAPABLE in evse.capabilities),
            priority=placed.priority if placed else 1.0,
            voltage_v=site.voltage_v,
            kw_per_a=site.voltage_v * len(phases) / 1000,
            least_a=site.min_a,
            default_limit_a=site.default_limit_a,
        )

    @property
    def dc(self) -> bool:
        """Whether its rates are in kW."""
        return all(outlet.dc for outlet in self.outlets)

    @property
    def least(self) -> float:
        """The least rate that a car charges with."""
        return LEAST_DC_KW if self.dc else self.least_a

    @property
    def worst(self) -> float:
        """The highest rate, AC on one phase."""
        return self.rate(self.worst_a)

    @property
    def worst_a(self) -> float:
        """The same in ampere."""
        return max(outlet.worst_a for outlet in self.outlets)

    @property
    def default_a(self) -> float:
        """What a car may draw on each phase without a profile. An EVSE that takes none hardly has a default."""
        default_a = self.default_limit_a if self.takes_profiles else None
        return self.worst_a if default_a is None else min(self.worst_a, default_a)

    def most(self, phases: int) -> float:
        """The highest rate on so many phases."""
        if self.dc:
            return self.worst
        return max(
            min(outlet.worst_a, outlet.power_w / (self.voltage_v * phases)) if outlet.power_w else outlet.worst_a
            for outlet in self.outlets
        )

    def rate(self, ampere: float) -> float:
        """The rate that so many ampere on each of its phases are."""
        return ampere * self.kw_per_a if self.dc else ampere


def _session(id_: str, document: wire.JsonObject) -> Session | None:
    try:
        return Session.model_validate(document)
    except ValidationError as error:
        logger.warning("an ongoing session cannot be read", session_id=id_, problem=explain(error))
        return None


def _belief(
    session: Session | None, told: ChargingPreferences | None, site: Site, now: datetime, history: History
) -> Belief:
    if session is None:
        return Belief(now + OVERSTAY, site.assumed_energy_kwh)
    assumed = Assumed(site.assumed_stay_hours, site.assumed_energy_kwh)
    return history.believe(arrival(site.id, session, told), now, float(session.kwh), assumed)


def _connectors(evse: EVSE | None, connector_id: str) -> list[Connector]:
    """The connector in use; all of the EVSE's if it is none of them."""
    connectors = evse.connectors if evse else []
    return [each for each in connectors if same(each.id, connector_id)] or connectors


def _placed(site: Site, evse_uid: str) -> SiteEvse | None:
    return next((each for each in site.evses if same(each.evse_uid, evse_uid)), None)


def _wiring(placed: SiteEvse | None, connectors: Sequence[Connector], site: Site) -> tuple[Phase, ...]:
    """The phases that a car may use, in the order of their wiring: a connector of one phase has the first.

    Where the energy manager has not told the wiring, it may be any of them.
    """
    if placed is None:
        return site.phases
    if placed.phases is None:
        return site.branch(placed.feeder).phases if placed.feeder else site.phases
    lines = max((_LINES.get(each.power_type, len(placed.phases)) for each in connectors), default=len(placed.phases))
    return placed.phases[:lines]


def _used(station: "_Station", session: Session | None, history: History) -> tuple[Phase, ...]:
    """The phases that a car uses as far as metering tells, else all that it may use.

    A CURRENT that sums up all phases looks like that of a single one, so a single one is believed only of an EVSE
    whose meter has shown that it tells each phase's. Where the wiring is not told, nobody knows which phases are meant.
    """
    metered = phases_metered(session.charging_periods, station.voltage_v) if session else None
    shown = session is not None and history.current_is_per_phase(session.evse_uid)
    if not station.wired or station.dc or metered is None or (metered == 1 and not shown):
        return station.phases
    return station.phases[:metered]


def _wants_no_power(session: Session) -> bool:
    """Whether the CPO says that the car has stopped drawing of its own accord.

    That is what a charging period with PARKING_TIME means; a pause that a profile imposes is none (decision 13).
    """
    last = session.charging_periods[-1:]
    return any(dimension.type is CdrDimensionType.PARKING_TIME for period in last for dimension in period.dimensions)


def _took_nothing(
    session: Session, document: wire.JsonObject, profile: ProfileState | None, least: float, default_limit: float
) -> bool:
    """Whether the car was allowed to charge for long enough and its meter stood still, to the last word of its CPO."""
    grew = kwh_grew_at(document)
    if grew is None:
        return False
    allowed = _in_force(profile, session, default_limit)
    return allowed is not None and _longest(allowed, least, grew, session.last_updated) >= FULL_AFTER


def _in_force(profile: ProfileState | None, session: Session, default_limit: float) -> Schedule | None:
    """What the session may draw since when; None if that is not known."""
    if profile is None or (profile.accepted is None and profile.pending is None):
        return Schedule.constant(default_limit, session.start_date_time)
    if profile.accepted is None or profile.pending or profile.doubtful:
        return None
    try:
        return Schedule.from_charging_profile(profile.accepted, then=0.0)
    except (ValueError, OverflowError):
        return None


def _longest(allowed: Schedule, least: float, start: datetime, end: datetime) -> timedelta:
    """The longest time within which a schedule allowed `least` or more."""
    longest, since = timedelta(0), None
    edges = [start, *(each for each in allowed.starts if start < each < end), end]
    for moment in edges:
        if since is not None:
            longest = max(longest, moment - since)
        since = (since or moment) if moment >= allowed.starts[0] and allowed.at(moment) >= least else None
    return longest


def _priority(told: ChargingPreferences | None, station: _Station) -> float:
    fast = told is not None and told.profile_type is ProfileType.FAST
    return station.priority * (FAST_PRIORITY if fast else 1.0)
