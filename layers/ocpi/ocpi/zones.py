"""When the clocks of a time zone are put forward or back."""

from datetime import UTC, datetime, timedelta, tzinfo

_SECOND = timedelta(seconds=1)


def offset(moment: datetime, zone: tzinfo) -> timedelta | None:
    """How far local time is ahead of UTC at a moment."""
    return moment.astimezone(zone).utcoffset()


def first_change(before: datetime, after: datetime, zone: tzinfo) -> datetime:
    """The whole second at which the offset of local time changes, somewhere after `before` and not after `after`."""
    while after - before > _SECOND:
        middle = before + (after - before) // _SECOND // 2 * _SECOND
        if offset(middle, zone) == offset(before, zone):
            before = middle
        else:
            after = middle
    return after


def shown(local: datetime) -> bool:
    """Whether the clocks show a local time at all; one that they skip they never show."""
    return local.astimezone(UTC).astimezone(local.tzinfo) == local


def shown_twice(local: datetime) -> bool:
    """Whether the clocks show a local time twice."""
    return shown(local) and local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()


def moment(local: datetime, *, last: bool = False) -> datetime:
    """When the clocks show a local time, in UTC: the first time, or the `last`; of one that they skip, when they do."""
    earliest, latest = sorted(local.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    if not shown(local.replace(fold=0)):
        zone = local.tzinfo
        assert zone  # noqa: S101 - a local time has a zone
        return first_change(earliest, latest, zone)
    return latest if last else earliest
