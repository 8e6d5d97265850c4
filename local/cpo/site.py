"""The CPO's place: its EVSEs with their wiring, and how it describes them in an OCPI Location."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from ocpi.types.locations import (
    EVSE,
    Capability,
    Connector,
    ConnectorFormat,
    ConnectorType,
    GeoLocation,
    Location,
    PowerType,
    Status,
)

COUNTRY_CODE = "NL"
PARTY_ID = "SIM"
PHASES = ("L1", "L2", "L3")
POWER_TYPES = {1: PowerType.AC_1_PHASE, 2: PowerType.AC_2_PHASE, 3: PowerType.AC_3_PHASE}
CONNECTOR_ID = "1"


@dataclass(frozen=True)
class Evse:
    """One EVSE. `phases` are the site's phases behind its contacts; a one-phase car uses the first."""

    uid: str
    phases: tuple[str, ...]
    max_a: int
    max_w: int | None = None
    profile_capable: bool = True

    def wires(self, car_phases: int) -> tuple[str, ...]:
        """The site's phases from which a car with so many phases draws here."""
        return self.phases[:car_phases]


@dataclass(frozen=True)
class Site:
    """A place with EVSEs; `voltage_v` is the voltage of one phase, over which each car's current flows."""

    location_id: str
    name: str
    address: str
    city: str
    country: str
    latitude: str
    longitude: str
    time_zone: str
    voltage_v: int
    plug: ConnectorType
    evses: tuple[Evse, ...]

    @property
    def zone(self) -> ZoneInfo:
        """The time zone drivers and picture live in."""
        return ZoneInfo(self.time_zone)

    def evse(self, uid: str) -> Evse:
        """The EVSE with this uid.

        Raises:
            KeyError: there is none.
        """
        return {evse.uid: evse for evse in self.evses}[uid]

    def max_current_a(self, evse: Evse) -> float:
        """What cable, fuse and rated power of an EVSE allow, in ampere per phase."""
        if evse.max_w is None:
            return float(evse.max_a)
        return min(float(evse.max_a), evse.max_w / (self.voltage_v * len(evse.phases)))

    def location(self, now: datetime) -> Location:
        """The OCPI Location of this site, as of `now`."""
        return Location(
            country_code=COUNTRY_CODE,
            party_id=PARTY_ID,
            id=self.location_id,
            publish=False,
            name=self.name,
            address=self.address,
            city=self.city,
            country=self.country,
            coordinates=GeoLocation(latitude=self.latitude, longitude=self.longitude),
            evses=[self._ocpi_evse(evse, now) for evse in self.evses],
            time_zone=self.time_zone,
            last_updated=now,
        )

    def _ocpi_evse(self, evse: Evse, now: datetime) -> EVSE:
        connector = Connector(
            id=CONNECTOR_ID,
            standard=self.plug,
            format=ConnectorFormat.SOCKET,
            power_type=POWER_TYPES[len(evse.phases)],
            max_voltage=self.voltage_v,
            max_amperage=evse.max_a,
            max_electric_power=evse.max_w,
            last_updated=now,
        )
        return EVSE(
            uid=evse.uid,
            evse_id=f"{COUNTRY_CODE}*{PARTY_ID}*E{evse.uid}",
            status=Status.AVAILABLE,
            capabilities=[Capability.CHARGING_PROFILE_CAPABLE] if evse.profile_capable else [],
            connectors=[connector],
            last_updated=now,
        )


def garage() -> Site:
    """The car park of the demo: 50 EVSEs of 11, 22 and 7.4 kW, their phases rotated so that one-phase cars spread."""
    kinds = [(3, 16)] * 26 + [(3, 32)] * 8 + [(1, 32)] * 16
    evses = [
        Evse(f"{number + 1:03d}", _rotated(number)[:phases], ampere) for number, (phases, ampere) in enumerate(kinds)
    ]
    return Site(
        location_id="SIM-GARAGE",
        name="Parkeergarage Stationsplein",
        address="Stationsplein 1",
        city="Utrecht",
        country="NLD",
        latitude="52.08950",
        longitude="5.10990",
        time_zone="Europe/Amsterdam",
        voltage_v=230,
        plug=ConnectorType.IEC_62196_T2,
        evses=tuple(evses),
    )


def caltech(stations: Iterable[tuple[str, tuple[str, str]]]) -> Site:
    """The garage of the Caltech sessions, from station ids and the two lines that each lies between.

    A station between two lines of a 208 V system takes half its power, 6.6 kW, from each line. So it counts
    as one that draws alike from two phases of 120 V, and the site's kW are right phase by phase.
    """
    return Site(
        location_id="CALTECH",
        name="California Parking Garage",
        address="370 South Holliston Avenue",
        city="Pasadena",
        country="USA",
        latitude="34.13440",
        longitude="-118.12460",
        time_zone="America/Los_Angeles",
        voltage_v=120,
        plug=ConnectorType.IEC_62196_T1,
        evses=tuple(Evse(station, lines, 32, max_w=6600) for station, lines in sorted(stations)),
    )


def _rotated(number: int) -> tuple[str, ...]:
    turn = number % len(PHASES)
    return PHASES[turn:] + PHASES[:turn]
