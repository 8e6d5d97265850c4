"""When the clock on the wall of a Location changes a price."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from ocpi.types.tariffs import TariffRestrictions
from ocpi.zones import first_change, offset

_DAY = timedelta(days=1)


def clock_moments(
    every: Sequence[TariffRestrictions], start: datetime, end: datetime, zone: ZoneInfo
) -> Iterator[datetime]:
    """Where the local clock shows a time that a restriction names, or is put forward or back (TAR-21)."""
    times = {time.fromisoformat(text) for r in every for text in (r.start_time, r.end_time) if text}
    if not times and not any(r.start_date or r.end_date or r.day_of_week for r in every):
        return
    times.add(time())
    first, last = start.astimezone(zone).date(), end.astimezone(zone).date()
    for days in range((last - first).days + 1):
        for local in times:
            for fold in (0, 1):  # a time that the clock shows twice counts twice
                moment = datetime.combine(first + timedelta(days=days), local, tzinfo=zone)
                yield moment.replace(fold=fold).astimezone(UTC)
    yield from _clock_changes(start, end, zone)


def _clock_changes(start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """The whole seconds at which the offset of local time changes, at most one a day."""
    day = start.replace(microsecond=0)
    while day < end:
        if offset(day, zone) != offset(day + _DAY, zone):
            yield first_change(day, day + _DAY, zone)
        day += _DAY
