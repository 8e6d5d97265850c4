"""Stretches cut at every moment at which a price changes (CDR-22)."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

from ocpi.pricing.amounts import VOLUME_PLACES, CannotPrice, volume
from ocpi.pricing.local_time import clock_moments
from ocpi.pricing.restrictions import Active, Range, Situation, active
from ocpi.pricing.session import Activity, Stretch
from ocpi.types.periods import CdrDimension, CdrDimensionType, ChargingPeriod
from ocpi.types.tariffs import Tariff, TariffDimensionType

_MILLISECOND = timedelta(milliseconds=1)
_NOTHING = Decimal(0)

MOST_MOMENTS = 20_000
"""So many times at which a price may change are no tariff for people: 27 times of day over a year."""

_HALF_A_DIGIT = Fraction(1, 2 * 10**VOLUME_PLACES)

TIME_PRICED_BY = {
    Activity.CHARGING: TariffDimensionType.TIME,
    Activity.PARKING: TariffDimensionType.PARKING_TIME,
    Activity.RESERVED: TariffDimensionType.TIME,
    Activity.EXPIRED: TariffDimensionType.TIME,
}
"""The dimension of a tariff that prices the time of an activity."""

_TIME_STATED_AS = {
    Activity.CHARGING: CdrDimensionType.TIME,
    Activity.PARKING: CdrDimensionType.PARKING_TIME,
    Activity.RESERVED: CdrDimensionType.RESERVATION_TIME,
    Activity.EXPIRED: CdrDimensionType.RESERVATION_TIME,
}


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch with one price for each dimension; `energy_kwh` and `seconds` are what it bills."""

    start: datetime
    end: datetime
    tariff: Tariff | None
    situation: Situation
    energy_kwh: Decimal
    seconds: Fraction
    prices: Mapping[TariffDimensionType, Active]

    @property
    def activity(self) -> Activity:
        """What is billed."""
        return self.situation.activity

    def continues(self, other: "Piece") -> bool:
        """Whether it and the piece before are one; who gets the CDR prices all energy of a period as at its start."""
        if self.energy_kwh and not other.energy_kwh and prices_energy(self.tariff):
            return False
        return self.activity is other.activity and self.prices == other.prices and self.tariff == other.tariff

    def joined(self, after: "Piece") -> "Piece":
        """It and the piece that follows as one."""
        situation = replace(
            self.situation,
            current_a=_hull(self.situation.current_a, after.situation.current_a),
            power_kw=_hull(self.situation.power_kw, after.situation.power_kw),
        )
        return replace(
            self,
            end=after.end,
            situation=situation,
            energy_kwh=self.energy_kwh + after.energy_kwh,
            seconds=self.seconds + after.seconds,
        )


def prices_energy(tariff: Tariff | None) -> bool:
    """Whether any of its elements has a price per kWh."""
    components = (each for element in tariff.elements for each in element.price_components) if tariff else ()
    return any(component.type is TariffDimensionType.ENERGY for component in components)


def _hull(one: Range | None, other: Range | None) -> Range | None:
    return one.hull(other) if one and other else None


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch in its session: `kwh_before` was taken before it, durations count from `since`."""

    start: datetime
    end: datetime
    activity: Activity
    tariff: Tariff | None
    energy_kwh: Decimal
    current_a: Range | None
    power_kw: Range | None
    kwh_before: Fraction
    since: datetime
    zone: ZoneInfo

    def whole(self, billed: Fraction) -> Piece:
        """All of it at the prices of its start, `billed` being the seconds to pay for."""
        return replace(self._piece(self.start, self.end), energy_kwh=self.energy_kwh, seconds=billed)

    def pieces(self) -> list[Piece]:
        """It, cut where a price may change.

        Raises:
            CannotPrice: that is more often than :data:`MOST_MOMENTS`.
        """
        candidates = list(islice(self._moments(), MOST_MOMENTS))
        if len(candidates) == MOST_MOMENTS:
            raise CannotPrice(f"the tariff changes too often between {self.start} and {self.end}")
        moments = sorted({self.start, *filter(self._inside, candidates), self.end})
        return [self._piece(start, end) for start, end in pairwise(moments)]

    def _piece(self, start: datetime, end: datetime) -> Piece:
        situation = self._situation(start)
        return Piece(
            start,
            end,
            self.tariff,
            situation,
            volume(self._kwh(end)) - volume(self._kwh(start)),
            seconds(end - start),
            self._prices(situation),
        )

    def _prices(self, situation: Situation) -> dict[TariffDimensionType, Active]:
        if self.tariff is None:
            return {}
        dimensions = [TariffDimensionType.FLAT, TIME_PRICED_BY[self.activity]]
        if self.energy_kwh:
            dimensions.append(TariffDimensionType.ENERGY)
        found = {dimension: active(self.tariff, dimension, situation) for dimension in dimensions}
        return {dimension: price for dimension, price in found.items() if price}

    def _situation(self, moment: datetime) -> Situation:
        return Situation(
            self.activity,
            moment.astimezone(self.zone),
            self._kwh(moment),
            seconds(moment - self.since),
            self.current_a,
            self.power_kw,
        )

    def _kwh(self, moment: datetime) -> Fraction:
        """The energy of the session until `moment`, the power being even."""
        if moment == self.start:
            return self.kwh_before
        share = Fraction((moment - self.start) // _MILLISECOND, (self.end - self.start) // _MILLISECOND)
        return self.kwh_before + Fraction(self.energy_kwh) * share

    def _inside(self, moment: datetime) -> bool:
        return self.start < moment < self.end

    def _moments(self) -> Iterator[datetime]:
        """Where a restriction of the tariff may begin or end to hold; some lie outside of the span."""
        if self.tariff is None:
            return
        every = [element.restrictions for element in self.tariff.elements if element.restrictions]
        for restrictions in every:
            for limit in (restrictions.min_kwh, restrictions.max_kwh):
                yield from self._crossing(limit)
            for duration in (restrictions.min_duration, restrictions.max_duration):
                if duration is not None:
                    yield self.since + timedelta(seconds=duration)
        yield from clock_moments(every, self.start, self.end, self.zone)

    def _crossing(self, limit: Decimal | None) -> Iterator[datetime]:
        """The first millisecond at which the meter shows `limit` or, exporting, less again."""
        if limit is None or not self.energy_kwh:
            return
        rising = self.energy_kwh > 0
        passed = Fraction(limit) if rising else Fraction(limit) - _HALF_A_DIGIT
        share = (passed - self.kwh_before) / Fraction(self.energy_kwh)
        if 0 <= share <= 1:
            count = share * ((self.end - self.start) // _MILLISECOND)
            yield self.start + (math.ceil(count) if rising else math.floor(count) + 1) * _MILLISECOND


def seconds(duration: timedelta) -> Fraction:
    """A duration to the millisecond, exactly."""
    return Fraction(duration // _MILLISECOND, 1000)


def split(stretches: Sequence[Stretch], zone: ZoneInfo) -> list[Piece]:
    """The history of a session as the fewest pieces with one price for each dimension."""
    pieces: list[Piece] = []
    for piece in (piece for span in _spans(stretches, zone) for piece in span.pieces()):
        if pieces and piece.continues(pieces[-1]):
            pieces[-1] = pieces[-1].joined(piece)
        else:
            pieces.append(piece)
    return pieces


def _spans(stretches: Sequence[Stretch], zone: ZoneInfo) -> Iterator[Span]:
    kwh = Fraction(0)
    since = stretches[0].start
    before = stretches[0]
    for stretch in stretches:
        if before.activity.reservation and not stretch.activity.reservation:
            since = stretch.start
        yield Span(
            stretch.start,
            stretch.end,
            stretch.activity,
            stretch.tariff,
            stretch.energy_kwh,
            _current(stretch),
            _power(stretch),
            kwh,
            since,
            zone,
        )
        kwh += Fraction(stretch.energy_kwh)
        before = stretch


def _current(stretch: Stretch) -> Range | None:
    if stretch.current_a is not None:
        current = volume(Fraction(stretch.current_a))
        return Range(current, current)
    return None if stretch.activity is Activity.CHARGING else Range(_NOTHING, _NOTHING)


def _power(stretch: Stretch) -> Range:
    power_kw = stretch.power_kw
    if power_kw is None:
        return even_power(stretch.energy_kwh, seconds(stretch.end - stretch.start))
    power = volume(Fraction(power_kw))
    return Range(power, power)


def even_power(energy_kwh: Decimal, duration: Fraction) -> Range:
    """Energy by time, in kW."""
    power = volume(Fraction(energy_kwh) * 3600 / duration)
    return Range(power, power)


def charging_periods(pieces: Iterable[Piece]) -> list[ChargingPeriod]:
    """`pieces` as a CDR states them, with all that the tariff depends on (CDR-22 to CDR-26)."""
    return [
        ChargingPeriod(
            start_date_time=piece.start,
            dimensions=list(_dimensions(piece)),
            tariff_id=piece.tariff.id if piece.tariff else None,
        )
        for piece in pieces
    ]


def _dimensions(piece: Piece) -> Iterator[CdrDimension]:
    if piece.energy_kwh:
        yield CdrDimension(type=CdrDimensionType.ENERGY, volume=piece.energy_kwh)
    yield CdrDimension(type=_TIME_STATED_AS[piece.activity], volume=volume(piece.seconds / 3600))
    depends_on = _dependencies(piece.tariff)
    if piece.situation.current_a and "current" in depends_on:
        yield CdrDimension(type=CdrDimensionType.MIN_CURRENT, volume=piece.situation.current_a.low)
        yield CdrDimension(type=CdrDimensionType.MAX_CURRENT, volume=piece.situation.current_a.high)
    if piece.situation.power_kw and "power" in depends_on:
        yield CdrDimension(type=CdrDimensionType.MIN_POWER, volume=piece.situation.power_kw.low)
        yield CdrDimension(type=CdrDimensionType.MAX_POWER, volume=piece.situation.power_kw.high)


def _dependencies(tariff: Tariff | None) -> set[str]:
    """Which momentary values the restrictions of `tariff` name."""
    elements = tariff.elements if tariff else []
    return {
        name
        for restrictions in (element.restrictions for element in elements if element.restrictions)
        for name, limits in {
            "current": (restrictions.min_current, restrictions.max_current),
            "power": (restrictions.min_power, restrictions.max_power),
        }.items()
        if limits != (None, None)
    }
