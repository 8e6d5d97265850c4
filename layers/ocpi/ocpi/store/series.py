"""Prices, base load and solar power of sites over time, in the sites table."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import uuid4

from pydantic import TypeAdapter, ValidationError

from ocpi import wire
from ocpi.logs import logger
from ocpi.sites.series import FRESH, REMEMBERED, SeriesKey, SeriesKind
from ocpi.sites.steps import Step, Steps, replaced, within
from ocpi.store import keys
from ocpi.store.table import Conflict, Item, Table, attempts

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

KEPT = timedelta(days=400)
"""Prices and what was measured are kept for reports."""

FORECASTS_KEPT = timedelta(days=30)

LONGEST_REMOVED = timedelta(days=62)
"""Of so long a time it is forgotten at once: each day is an item of one transaction."""

AHEAD = timedelta(days=9)
"""How far ahead is read what counts now: farther than an upload goes."""

_DAY = timedelta(days=1)
_LAST = "~"
"""Comes after all that follows the time in a sort key."""

_UPLOADED = tuple(kind for kind in SeriesKind if not kind.is_measured)
_MEASURED = tuple(kind for kind in SeriesKind if kind.is_measured)
_STEPS: TypeAdapter[Steps] = TypeAdapter(Steps)


@dataclass(frozen=True)
class _Day:
    """Where a day of what was uploaded is stored."""

    site_id: str
    kind: SeriesKind
    node: str
    day: date

    @property
    def key(self) -> keys.Key:
        return keys.site_series_day(self.site_id, self.day, self.kind, self.node)

    @property
    def bounds(self) -> tuple[datetime, datetime]:
        midnight = datetime.combine(self.day, time(), UTC)
        return midnight, midnight + _DAY


class SeriesStore:
    """What was uploaded and measured."""

    def __init__(self, table: str) -> None:
        self._table = Table(table)

    def put(self, site_id: str, kind: SeriesKind, node: str, steps: Steps, now: datetime) -> None:
        """Take an upload: what was told of the same time before is forgotten.

        Args:
            site_id: the site.
            kind: one that is uploaded.
            node: whose it is, `grid` where it is the site's.
            steps: as :func:`ocpi.sites.upload.read_series` reads them, without gaps.
            now: the present time.

        Raises:
            Busy: others upload the same all the time.
        """
        told = tuple(step.model_copy(update={"told": now.replace(microsecond=0)}) for step in steps)
        start, end = told[0].start, told[-1].end
        for _ in attempts():
            try:
                self._write([_Day(site_id, kind, node, day) for day in _days(start, end)], start, end, told, now)
            except Conflict:
                continue
            return

    def remove(self, site_id: str, kind: SeriesKind, node: str, start: datetime, end: datetime, now: datetime) -> Steps:
        """Forget what was uploaded of a time, :data:`LONGEST_REMOVED` at most; returns what that was.

        Raises:
            Busy: others upload the same all the time.
        """
        for _ in attempts():
            known = self.read(site_id, [kind], start, end, node).get((kind, node), ())
            if not known:
                return ()
            days = sorted({day for step in known for day in _days(step.start, step.end)})
            try:
                self._write([_Day(site_id, kind, node, day) for day in days], start, end, (), now)
            except Conflict:
                continue
            return known
        raise AssertionError  # attempts() raises Busy

    def measured(self, site_id: str, kind: SeriesKind, node: str, at: datetime, value: float, now: datetime) -> None:
        """Keep a measurement: of base load the highest of each minute, of solar power the last."""
        key = keys.site_measured_at(site_id, at.replace(second=0, microsecond=0), kind, node)
        item: Item = {"kw": Decimal(repr(value)), "expires_at": _expiry(now, KEPT)}
        if not kind.is_of_a_node:
            self._table.put(key, item)
            return
        try:
            self._table.put(key, item, "attribute_not_exists(pk) OR kw < :kw", {":kw": item["kw"]})
        except Conflict:
            logger.debug("more was measured in the same minute", site_id=site_id)

    def read(
        self,
        site_id: str,
        kinds: Collection[SeriesKind],
        start: datetime,
        end: datetime,
        node: str | None = None,
    ) -> dict[SeriesKey, Steps]:
        """What is known of a site between two moments, of all nodes or of one; a series with nothing is left out.

        A measurement holds until the next one, but no longer than :data:`ocpi.sites.series.FRESH`.
        """
        found: dict[SeriesKey, list[Step]] = defaultdict(list)
        if any(not kind.is_measured for kind in kinds):
            self._read_uploaded(site_id, start, end, found)
        if any(kind.is_measured for kind in kinds):
            self._read_measured(site_id, start, end, found)
        wanted = {key: steps for key, steps in found.items() if key[0] in kinds and node in (None, key[1])}
        return {key: cut for key, steps in wanted.items() if (cut := within(steps, start, end))}

    def known(self, site_id: str, now: datetime) -> dict[SeriesKey, Steps]:
        """All that counts at a site from now on."""
        uploaded = self.read(site_id, _UPLOADED, now - REMEMBERED, now + AHEAD)
        return uploaded | self.read(site_id, _MEASURED, now - FRESH, now + FRESH)

    def _write(self, days: Iterable[_Day], start: datetime, end: datetime, told: Steps, now: datetime) -> None:
        """Put what is told in place of what was known of a time.

        Raises:
            Conflict: somebody else has written one of the days meanwhile.
        """
        self._table.transact([self._put_day(day, start, end, told, now) for day in days])

    def _put_day(
        self, day: _Day, start: datetime, end: datetime, told: Steps, now: datetime
    ) -> "TransactWriteItemTypeDef":
        """Write a day if it is still as it is read now."""
        known = self._table.get(day.key)
        begins, ends = day.bounds
        steps = replaced(
            _readable(known) if known else (), max(start, begins), min(end, ends), within(told, begins, ends)
        )
        item: Item = {
            "document": wire.dumps(steps).decode(),
            "revision": uuid4().hex,
            "expires_at": _expiry(now, KEPT if day.kind.is_price else FORECASTS_KEPT),
        }
        unchanged = "revision = :read" if known else "attribute_not_exists(pk)"
        return self._table.put_action(day.key, item, unchanged, {":read": known["revision"]} if known else None)

    def _read_uploaded(self, site_id: str, start: datetime, end: datetime, found: dict[SeriesKey, list[Step]]) -> None:
        days = _days(start, end)
        bounds = days[0].isoformat(), f"{days[-1].isoformat()}{_LAST}"
        for item in self._table.span(keys.site_series(site_id), *bounds):
            _, kind, node = item["sk"].split("#")
            if kind in SeriesKind:
                found[SeriesKind(kind), node].extend(_readable(item))

    def _read_measured(self, site_id: str, start: datetime, end: datetime, found: dict[SeriesKey, list[Step]]) -> None:
        first, last = keys.sortable(start - FRESH), f"{keys.sortable(end)}{_LAST}"
        values: dict[SeriesKey, list[tuple[datetime, float]]] = defaultdict(list)
        for item in self._table.span(keys.site_measured(site_id), first, last):
            minute, kind, node = item["sk"].split("#")
            if kind in SeriesKind:
                values[SeriesKind(kind), node].append((datetime.fromisoformat(minute), float(item["kw"])))
        for key, measured in values.items():
            ends = [*(later for later, _ in measured[1:]), measured[-1][0] + FRESH]
            found[key].extend(
                Step(start=at, end=min(at + FRESH, until), value=value)
                for (at, value), until in zip(measured, ends, strict=True)
            )


def _readable(item: Item) -> Steps:
    """The steps of a day; none of one that another version has written in a way that we cannot read."""
    try:
        return _STEPS.validate_python(wire.loads(item["document"]))
    except (KeyError, ValidationError, wire.NotJson):
        logger.exception("a series cannot be read", key=(item["pk"], item["sk"]))
        return ()


def _days(start: datetime, end: datetime) -> Sequence[date]:
    """The days of UTC that have a part of what lies between two moments; at least that of the first."""
    first = start.astimezone(UTC).date()
    last = (end.astimezone(UTC) - timedelta(microseconds=1)).date()
    return [first + timedelta(days=number) for number in range(max(1, (last - first).days + 1))]


def _expiry(now: datetime, kept: timedelta) -> int:
    return int((now + kept).timestamp())
