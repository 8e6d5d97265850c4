"""Who comes to charge, when, and for how much: drawn from published distributions, or read from a table.

**Drawn** (:func:`drawn_day`). A garage used by employees in the daytime and by residents overnight. Hours of
arrival, mean stay by hour of arrival, and energy are ElaadNL's distributions of Dutch charge points at work
and at private homes (platform.elaad.io), as redistributed with EV2Gym (Orfanoudakis et al., "EV2Gym: A
Flexible V2G Simulator", arXiv:2404.01849; github.com/StavrosOrf/EV2Gym, ``ev2gym/data``:
``distribution-of-arrival.csv``, ``mean-session-length-per.csv``, ``distribution-of-energy-demand.csv``),
condensed here to hours and percentiles. Chosen by us, without a source: how far stays scatter around their
mean, the mix of cars, the numbers of employees and residents, and what drivers tell of their departure and
need. That last is meant to err as people do: most leave before the time they give, and ask for more than they
take.

**Read** (:func:`read_day`). A table such as the Caltech sessions of ACN-Data (Lee, Li, Low: "ACN-Data:
Analysis and Applications of an Open EV Charging Dataset", e-Energy 2019), in the columns of :data:`COLUMNS`:
times are elapsed 5-minute steps since 2019-03-01 00:00 in America/Los_Angeles, `phase_angle_deg` is that of
the station's line pair. A day's sessions are those that *arrive* on that local day; who was there already is
left out, and who stays beyond midnight is played to the end. Arrivals fall at random within their 5-minute
step; departures are as written, so that sessions at one station never overlap. Of what the car took, `kwh`,
it is assumed that the driver wanted just that.
"""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import numpy as np

from local.cpo.cars import Berth, Car
from local.cpo.site import Evse, Site, caltech


@dataclass(frozen=True)
class Stay:
    """A car's stay at an EVSE, as it will happen, and what its driver told on arrival."""

    berth: Berth
    arrival: datetime
    departure: datetime
    told_departure: datetime
    told_kwh: float


@dataclass(frozen=True)
class Day:
    """A site and the stays of one day, by arrival; `start` is the day's local midnight, in UTC."""

    site: Site
    start: datetime
    stays: tuple[Stay, ...]

    @property
    def berths(self) -> list[Berth]:
        """Car, EVSE and need of each stay."""
        return [stay.berth for stay in self.stays]


class SessionsError(ValueError):
    """The table of sessions is wrong; the message names file, line and column."""


# --- drawn --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Drivers:
    """People who charge alike.

    `arrivals` is the share (%) of arrivals in each hour of the day, `stay_h` the mean stay by hour of
    arrival, `energy_kwh` what the given percentage of sessions exceed.
    """

    number: int
    arrivals: tuple[float, ...]
    stay_h: tuple[float, ...]
    energy_kwh: Mapping[int, float]


# fmt: off
EMPLOYEES = Drivers(
    number=42,
    arrivals=(
        0, 0, 0, 0, 0.1, 1.4, 4.3, 14.3, 26.7, 18.1, 7.7, 4.9,
        5.4, 5.3, 4.0, 3.0, 2.0, 1.0, 0.6, 0.5, 0.3, 0.1, 0.1, 0,
    ),
    stay_h=(
        8.4, 8.4, 8.4, 8.4, 8.4, 8.4, 8.5, 8.4, 7.9, 6.2, 4.8, 4.0,
        3.7, 3.3, 2.7, 2.3, 2.1, 2.6, 2.6, 2.6, 2.6, 2.6, 2.6, 2.6,
    ),
    energy_kwh={
        1: 48.2, 5: 31.9, 10: 26.1, 20: 19.2, 30: 14.4, 40: 10.9, 50: 8.8, 60: 7.4, 70: 6.2, 80: 4.7,
        90: 2.7, 100: 0.0,
    },
)
"""ElaadNL, columns `workplace` and `work`; hours for which they have no stays take those of the nearest."""

RESIDENTS = Drivers(
    number=24,
    arrivals=(
        2.1, 0.5, 0.2, 0.1, 0.1, 0.1, 0.2, 0.6, 1.4, 1.1, 1.1, 1.5,
        2.2, 2.2, 2.7, 3.7, 5.7, 12.1, 17.0, 11.5, 9.1, 8.9, 9.1, 6.6,
    ),
    stay_h=(
        9.1, 8.9, 7.2, 5.7, 4.7, 4.3, 4.6, 4.5, 3.2, 3.5, 3.4, 3.8,
        4.2, 4.7, 7.1, 14.9, 15.4, 14.7, 13.8, 13.0, 12.2, 11.2, 10.2, 9.6,
    ),
    energy_kwh={
        1: 73.4, 5: 59.6, 10: 51.4, 20: 40.4, 30: 31.9, 40: 24.9, 50: 19.4, 60: 14.6, 70: 10.1, 80: 6.6,
        90: 3.3, 100: 0.0,
    },
)
"""ElaadNL, columns `private` and `home`."""
# fmt: on

CAR_MIX = ((0.35, Car(1, 32)), (0.45, Car(3, 16)), (0.20, Car(3, 32)))
"""7.4, 11 and 22 kW on board; the shares are ours."""

STAY_SPREAD = 0.25
"""Standard deviation of the logarithm of stay / mean stay; ours."""

LEAST_STAY = timedelta(minutes=30)
LEAST_KWH = 1.0
FILLABLE = 0.9
"""Nobody needs more than this share of what car and EVSE could charge within the stay."""


def drawn_day(site: Site, day: date, seed: int) -> Day:
    """A day of employees and residents at a site; the same for the same seed.

    Who finds every EVSE taken drives on, so that a few sessions less than drivers come of it.
    """
    random = Random(seed)
    start = local_midnight(day, site.zone)
    visits = sorted(
        (visit for drivers in (EMPLOYEES, RESIDENTS) for visit in _visits(drivers, start, random)),
        key=_arrival,
    )
    taken: dict[str, datetime] = {}
    stays = []
    for arrival, departure, kwh in visits:
        car = random.choices([car for _, car in CAR_MIX], [share for share, _ in CAR_MIX])[0]
        free = [evse for evse in site.evses if taken.get(evse.uid, arrival) <= arrival]
        if not free:
            continue
        evse = random.choice(_suited(free, car))
        taken[evse.uid] = departure
        most = FILLABLE * _most_kwh(car, evse, site, departure - arrival)
        berth = Berth(car, evse.uid, round(max(LEAST_KWH, min(kwh, most)), 3))
        stays.append(Stay(berth, arrival, departure, *_told(departure, berth.need_kwh, random)))
    return Day(site, start, tuple(stays))


def _visits(drivers: Drivers, start: datetime, random: Random) -> Iterator[tuple[datetime, datetime, float]]:
    percent = sorted(drivers.energy_kwh)
    energy = [drivers.energy_kwh[share] for share in percent]
    for hour in random.choices(range(24), drivers.arrivals, k=drivers.number):
        arrival = start + timedelta(hours=hour, seconds=random.randrange(3600))
        mean = timedelta(hours=drivers.stay_h[hour])
        stay = max(LEAST_STAY, mean * random.lognormvariate(-(STAY_SPREAD**2) / 2, STAY_SPREAD))
        kwh = float(np.interp(random.uniform(1, 100), percent, energy))
        yield arrival, (arrival + stay).replace(microsecond=0), kwh


def _suited(free: Sequence[Evse], car: Car) -> Sequence[Evse]:
    """Of the free EVSEs those that a driver chooses who knows the car: as many phases, then just enough current."""
    best = min(_misfit(evse, car) for evse in free)
    return [evse for evse in free if _misfit(evse, car) == best]


def _misfit(evse: Evse, car: Car) -> tuple[int, float]:
    return abs(len(evse.phases) - car.phases), abs(evse.max_a - car.max_a)


def _most_kwh(car: Car, evse: Evse, site: Site, stay: timedelta) -> float:
    ampere = min(car.max_a, site.max_current_a(evse))
    return ampere * len(evse.wires(car.phases)) * site.voltage_v / 1000 * stay / timedelta(hours=1)


def _told(departure: datetime, need_kwh: float, random: Random) -> tuple[datetime, float]:
    """What a driver says: usually too late a departure and too much energy."""
    early_h = random.uniform(0.5, 3.0) if random.random() < 0.7 else random.uniform(-0.5, 0.5)
    told = departure + timedelta(hours=max(early_h, -0.5))
    return told.replace(microsecond=0), round(need_kwh * random.lognormvariate(0.35, 0.25), 1)


# --- read ---------------------------------------------------------------------------------------------------

COLUMNS = ("session_id", "station_id", "phase_angle_deg", "arrival_5min", "departure_5min", "kwh")
TABLE_START = date(2019, 3, 1)
TABLE_ZONE = ZoneInfo("America/Los_Angeles")
SLOT = timedelta(minutes=5)
LINES_OF_ANGLE = {30: ("L1", "L2"), 150: ("L2", "L3"), 270: ("L3", "L1")}
ACN_CAR = Car(phases=2, max_a=32)
"""What cars can take is not in the table: it is left to the stations' 6.6 kW."""


@dataclass(frozen=True)
class Row:
    """One session of the table; slots count from :data:`TABLE_START`."""

    line: int
    station: str
    lines: tuple[str, str]
    arrival: int
    departure: int
    kwh: float


def read_day(path: Path, day: date, seed: int) -> Day:
    """The sessions of a table that arrive on a local day, at a site of all stations of the table.

    Raises:
        SessionsError: no such file, a wrong row, or no session on that day.
    """
    rows = read_rows(path)
    random = Random(seed)
    first = local_midnight(TABLE_START, TABLE_ZONE)
    start = local_midnight(day, TABLE_ZONE)
    end = local_midnight(day + timedelta(days=1), TABLE_ZONE)
    todays = [row for row in rows if start <= first + row.arrival * SLOT < end]
    if not todays:
        raise SessionsError(f"{path}: no session arrives on {day}")
    site = caltech({(row.station, row.lines) for row in rows})
    stays = [_stay(row, first, random) for row in todays]
    return Day(site, start, tuple(sorted(stays, key=_arrival_of)))


def read_rows(path: Path) -> list[Row]:
    """All sessions of a table.

    Raises:
        SessionsError: no such file, another header, or a wrong row.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            table = csv.reader(file)
            header = next(table, [])
            if tuple(header) != COLUMNS:
                raise SessionsError(f"{path}, line 1: the columns must be {', '.join(COLUMNS)}")
            rows = [_row(f"{path}, line {table.line_num}", table.line_num, cells) for cells in table]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SessionsError(f"{path}: {error}") from error
    _check_stations(path, rows)
    return rows


def _row(where: str, line: int, cells: Sequence[str]) -> Row:
    if len(cells) != len(COLUMNS):
        raise SessionsError(f"{where}: {len(cells)} cells where there must be {len(COLUMNS)}")
    cell = dict(zip(COLUMNS, cells, strict=True))

    def read[T](column: str, kind: Callable[[str], T], meaning: str) -> T:
        try:
            return kind(cell[column])
        except (ValueError, KeyError):
            raise SessionsError(f"{where}, column {column}: {cell[column]!r} is not {meaning}") from None

    arrival = read("arrival_5min", _slot, "a whole number of 5-minute steps, 0 or more")
    departure = read("departure_5min", _slot, "a whole number of 5-minute steps, 0 or more")
    if departure <= arrival:
        raise SessionsError(f"{where}, column departure_5min: {departure} is not after the arrival at {arrival}")
    return Row(
        line,
        read("station_id", _name, "the id of a station"),
        read("phase_angle_deg", _lines, "30, 150 or 270 (-90) degrees"),
        arrival,
        departure,
        read("kwh", _energy, "an energy in kWh above 0"),
    )


def _check_stations(path: Path, rows: Sequence[Row]) -> None:
    """A station has one phase, and one car at a time."""
    by_station: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda row: (row.arrival, row.departure)):
        earlier = by_station.setdefault(row.station, [])
        if earlier and earlier[-1].lines != row.lines:
            raise SessionsError(
                f"{path}, line {row.line}, column phase_angle_deg: {row.station} has another angle in line "
                f"{earlier[-1].line}"
            )
        if earlier and row.arrival < earlier[-1].departure:
            raise SessionsError(
                f"{path}, line {row.line}, column arrival_5min: {row.station} is still taken by line {earlier[-1].line}"
            )
        earlier.append(row)


def _stay(row: Row, first: datetime, random: Random) -> Stay:
    arrival = first + row.arrival * SLOT + timedelta(seconds=random.randrange(int(SLOT.total_seconds())))
    departure = first + row.departure * SLOT
    berth = Berth(ACN_CAR, row.station, row.kwh)
    return Stay(berth, arrival, departure, *_told(departure, row.kwh, random))


def _slot(text: str) -> int:
    slot = int(text)
    if slot < 0:
        raise ValueError
    return slot


def _energy(text: str) -> float:
    energy = float(text)
    if not 0 < energy < 1000:
        raise ValueError
    return energy


def _name(text: str) -> str:
    if not text or not text.isascii() or not text.isprintable() or len(text) > 36:
        raise ValueError
    return text


def _lines(text: str) -> tuple[str, str]:
    return LINES_OF_ANGLE[int(text) % 360]


def local_midnight(day: date, zone: ZoneInfo) -> datetime:
    """The instant at which a local day begins, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _arrival(visit: tuple[datetime, datetime, float]) -> datetime:
    return visit[0]


def _arrival_of(stay: Stay) -> datetime:
    return stay.arrival
