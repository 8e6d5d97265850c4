"""Real charging sessions out of a file: a CSV table, or the JSON that ACN-Data exports.

**The table** has the columns of :data:`COLUMNS` in any order, and may have others. Times are elapsed 5-minute steps
since 2019-03-01 00:00 in America/Los_Angeles; `phase_angle_deg` is that of the station's pair of lines: 30, -90 or 150.

**ACN-Data** (ev.caltech.edu): an object with `_items`, or the list itself. Nothing in it tells how a station is wired.
"""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, Field, TypeAdapter, ValidationError

from ocpi import wire
from ocpi.sites.reading import WrongInput

COLUMNS = ("session_id", "station_id", "phase_angle_deg", "arrival_5min", "departure_5min", "kwh")
TABLE_ZONE = "America/Los_Angeles"
TABLE_START = datetime.combine(date(2019, 3, 1), time(), ZoneInfo(TABLE_ZONE)).astimezone(UTC)
TABLE_STEP = timedelta(minutes=5)

LONGEST_STAY = timedelta(days=31)
MOST_KWH = 1000.0
MOST_PROBLEMS = 20
"""How many wrong rows are told."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A car's stay at a station, as it really was: `energy_kwh` is what it took.

    `angle_deg` is that of the pair of lines between which the station hangs (30: L1-L2, -90: L2-L3, 150: L3-L1), and
    None if the file does not say. `told_departure` and `told_kwh` are what the driver said on arrival, if anything.
    """

    id: str
    station: str
    arrival: datetime
    departure: datetime
    energy_kwh: float
    angle_deg: int | None = None
    driver: str | None = None
    told_departure: datetime | None = None
    told_kwh: float | None = None


@dataclass(frozen=True, slots=True)
class Visits:
    """All stays of a file by arrival, and the time zone of the place."""

    visits: tuple[Visit, ...]
    zone: ZoneInfo


class SessionsError(WrongInput):
    """The file of sessions is wrong; each problem names file, row and column."""


def read_sessions(path: Path) -> Visits:
    """The sessions of a file; what does not begin like JSON is a table.

    Raises:
        SessionsError: no such file, wrong rows, or none at all.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SessionsError([f"{path}: {error}"]) from None
    is_json = text.lstrip()[:1] in ("{", "[")
    zone, rows = _acn(path, text) if is_json else (ZoneInfo(TABLE_ZONE), _table(path, text))
    visits: list[tuple[str, Visit]] = []
    problems: list[str] = []
    for where, row in rows:
        if isinstance(row, Visit):
            visits.append((where, row))
        else:
            problems += [f"{where}{problem}" for problem in row]
    problems += [] if problems else _contradictions(visits)
    if len(problems) > MOST_PROBLEMS:
        problems = [*problems[:MOST_PROBLEMS], f"{path}: and {len(problems) - MOST_PROBLEMS} more"]
    if problems or not visits:
        raise SessionsError(problems or [f"{path}: there is no session in it"])
    return Visits(tuple(sorted((visit for _, visit in visits), key=_by_arrival)), zone)


type _Rows = Iterator[tuple[str, Visit | list[str]]]
"""Where a row stands, and the visit, or what is wrong with it."""


def _by_arrival(visit: Visit) -> tuple[datetime, str]:
    return visit.arrival, visit.id


def _contradictions(visits: Sequence[tuple[str, Visit]]) -> list[str]:
    """What rows say against each other."""
    problems = []
    ids: dict[str, str] = {}
    angles: dict[str, tuple[str, int | None]] = {}
    for where, visit in visits:
        if visit.id in ids:
            problems.append(f"{where}, session_id: {visit.id!r} stands in {ids[visit.id]} already")
        other, angle = angles.setdefault(visit.station, (where, visit.angle_deg))
        if angle != visit.angle_deg:
            problems.append(f"{where}, phase_angle_deg: {visit.station} has {angle} in {other}")
        ids.setdefault(visit.id, where)
    return problems


def _stay(visit: Visit) -> list[str]:
    """What is wrong with a stay."""
    if visit.departure <= visit.arrival:
        return ["the departure is not after the arrival"]
    if visit.departure - visit.arrival > LONGEST_STAY:
        return [f"the stay lasts longer than {LONGEST_STAY.days} days"]
    return []


# --- the table ----------------------------------------------------------------------------------------------


def _table(path: Path, text: str) -> _Rows:
    table = csv.DictReader(text.splitlines())
    missing = [column for column in COLUMNS if column not in (table.fieldnames or ())]
    if missing:
        raise SessionsError([f"{path}, line 1: the column {', '.join(missing)} is missing"])
    try:
        for row in table:
            where = f"{path}, line {table.line_num}"
            yield where, _row(row)
    except csv.Error as error:
        raise SessionsError([f"{path}, line {table.line_num}: {error}"]) from None


def _row(row: Mapping[str | Any, str | Any]) -> Visit | list[str]:
    problems: list[str] = []

    def read[T](column: str, kind: Callable[[str], T], meaning: str, instead: T) -> T:
        cell = row[column]
        try:
            return kind(cell if cell is not None else "")
        except (ValueError, OverflowError):
            problems.append(f", column {column}: {cell!r} is not {meaning}")
            return instead

    steps = "a whole number of 5-minute steps, 0 or more"
    visit = Visit(
        id=read("session_id", _name, "an id", ""),
        station=read("station_id", _name, "an id", ""),
        angle_deg=read("phase_angle_deg", _angle, "30, -90 or 150", 30),
        arrival=read("arrival_5min", _moment, steps, TABLE_START),
        departure=read("departure_5min", _moment, steps, TABLE_START),
        energy_kwh=read("kwh", _energy, f"an energy in kWh, 0 to {MOST_KWH:g}", 0.0),
        driver=row.get("user_id") or None,
    )
    return problems or [f", column departure_5min: {problem}" for problem in _stay(visit)] or visit


def _name(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise ValueError
    return text


def _moment(text: str) -> datetime:
    steps = int(text)
    if steps < 0:
        raise ValueError
    return TABLE_START + steps * TABLE_STEP


def _energy(text: str) -> float:
    energy = float(text)
    if not 0 <= energy <= MOST_KWH:
        raise ValueError
    return energy


def _angle(text: str) -> int:
    return {30: 30, 150: 150, 270: -90}[_degrees(text)]


def _degrees(text: str) -> int:
    degrees = int(text) % 360
    if degrees not in (30, 150, 270):
        raise ValueError
    return degrees


# --- ACN-Data -----------------------------------------------------------------------------------------------


def _acn_time(value: object) -> object:
    """`Wed, 25 Apr 2018 11:08:04 GMT`, or a DateTime."""
    if not isinstance(value, str):
        raise ValueError("must be a time such as 'Wed, 25 Apr 2018 11:08:04 GMT'")
    try:
        time_ = parsedate_to_datetime(value) if "," in value else datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(f"{value!r} is not a time such as 'Wed, 25 Apr 2018 11:08:04 GMT'") from None
    return time_.astimezone(UTC) if time_.tzinfo else time_.replace(tzinfo=UTC)


def _zone(value: object) -> object:
    try:
        return ZoneInfo(str(value))
    except (ValueError, OSError, KeyError):
        raise ValueError(f"{value!r} is not a time zone") from None


type _Zone = Annotated[ZoneInfo, BeforeValidator(_zone)]
type _AcnTime = Annotated[datetime, BeforeValidator(_acn_time)]


class _UserInput(BaseModel):
    """What a driver told."""

    kWhRequested: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    requestedDeparture: _AcnTime | None = None
    minutesAvailable: Annotated[float, Field(ge=0, le=1_000_000)] | None = None


class _Item(BaseModel):
    """A session of ACN-Data."""

    sessionID: Annotated[str, Field(min_length=1)]
    stationID: str | None = None
    spaceID: str | None = None
    userID: str | None = None
    connectionTime: _AcnTime
    disconnectTime: _AcnTime
    kWhDelivered: Annotated[float, Field(ge=0, le=MOST_KWH, allow_inf_nan=False)]
    timezone: _Zone = ZoneInfo(TABLE_ZONE)
    userInputs: list[_UserInput] | None = None

    model_config = {"arbitrary_types_allowed": True}

    def visit(self) -> Visit:
        """As a visit. Drivers may change what they said; on arrival they have said the first of it."""
        told = self.userInputs[0] if self.userInputs else _UserInput()
        leaves = told.requestedDeparture
        if leaves is None and told.minutesAvailable is not None:
            leaves = self.connectionTime + timedelta(minutes=told.minutesAvailable)
        return Visit(
            id=self.sessionID,
            station=self.spaceID or self.stationID or "",
            arrival=self.connectionTime,
            departure=self.disconnectTime,
            energy_kwh=self.kWhDelivered,
            driver=self.userID,
            told_departure=leaves,
            told_kwh=told.kWhRequested,
        )


_ITEM = TypeAdapter(_Item)
_ZONE: TypeAdapter[ZoneInfo] = TypeAdapter(_Zone, config={"arbitrary_types_allowed": True})


def _acn(path: Path, text: str) -> tuple[ZoneInfo, _Rows]:
    try:
        document = wire.loads(text)
    except wire.NotJson as error:
        raise SessionsError([f"{path}: no JSON: {error}"]) from None
    items = document.get("_items") if isinstance(document, dict) else document
    if not isinstance(items, list):
        raise SessionsError([f"{path}: there must be a list of sessions in '_items'"])
    zone = next((_zone_of(item) for item in items), ZoneInfo(TABLE_ZONE))
    return zone, ((f"{path}, _items[{index}]", _item(item)) for index, item in enumerate(items))


def _zone_of(item: object) -> ZoneInfo:
    """The time zone of a session; a wrong one is told when the session is read."""
    try:
        return _ZONE.validate_python(item.get("timezone", TABLE_ZONE) if isinstance(item, dict) else TABLE_ZONE)
    except ValidationError:
        return ZoneInfo(TABLE_ZONE)


def _item(item: object) -> Visit | list[str]:
    try:
        visit = _ITEM.validate_python(item).visit()
    except ValidationError as error:
        return [
            f"{''.join(f', {part}' for part in each['loc'])}: {each['msg'].removeprefix('Value error, ')}"
            for each in error.errors()
        ]
    if not visit.station:
        return [", stationID: there is neither a stationID nor a spaceID"]
    return [f", disconnectTime: {problem}" for problem in _stay(visit)] or visit
