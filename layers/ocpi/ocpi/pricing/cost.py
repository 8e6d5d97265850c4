"""The price of a session, and the price of a CDR by its own periods and tariffs."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

from ocpi.pricing.amounts import CannotPrice
from ocpi.pricing.bill import Costs, bill
from ocpi.pricing.periods import Span, charging_periods, even_power, seconds, split
from ocpi.pricing.restrictions import Range
from ocpi.pricing.session import Activity, Stretch, milliseconds, require_history, require_sensible
from ocpi.types.cdrs import CDR
from ocpi.types.periods import CdrDimensionType, ChargingPeriod
from ocpi.types.primitives import same
from ocpi.types.tariffs import Tariff

_AS_THE_CLOCK = Fraction(2)
"""A volume in hours that is so few seconds off the length of its period is that length, rounded to three decimals."""

_ACTIVITIES = {
    CdrDimensionType.TIME: Activity.CHARGING,
    CdrDimensionType.PARKING_TIME: Activity.PARKING,
    CdrDimensionType.RESERVATION_TIME: Activity.RESERVED,
}

_OF_A_SESSION = frozenset({CdrDimensionType.ENERGY, CdrDimensionType.TIME, CdrDimensionType.PARKING_TIME})

type Volumes = dict[CdrDimensionType, Decimal]


def cost(stretches: Sequence[Stretch], time_zone: str) -> Costs:
    """What a session costs, with the charging periods of its CDR.

    `stretches` follow each other without gaps, a reservation first; `time_zone` is the Location's. Energy is billed in
    steps of 0.1 Wh, as the CDR states it, so that its receiver comes to the same sum.

    Raises:
        CannotPrice: no history of one session, or a tariff depends on a current that isn't given.
        ZoneInfoNotFoundError: no such time zone.
    """
    require_history(stretches)
    pieces = split(stretches, ZoneInfo(time_zone))
    return bill(pieces, charging_periods(pieces), stretches[-1].end)


def price_cdr(cdr: CDR, time_zone: str, tariffs: Sequence[Tariff] | None = None) -> Costs:
    """What a CDR should cost by its charging periods, under its own tariffs or those given.

    Each period has the prices that hold when it starts; :func:`ocpi.pricing.verify.verify` tells where that is wrong.
    A period without `tariff_id` costs nothing (CDR-24).

    Raises:
        CannotPrice: a period names a tariff that isn't there, or its tariff depends on what the CDR doesn't say.
        ZoneInfoNotFoundError: no such time zone.
    """
    pieces = [span.whole(billed) for _, span, billed in spans(cdr, ZoneInfo(time_zone), tariffs)]
    if len({piece.tariff.currency for piece in pieces if piece.tariff}) > 1:
        raise CannotPrice("the tariffs of one CDR have one currency", "/tariffs")
    return bill(pieces, cdr.charging_periods, milliseconds(cdr.end_date_time))


def spans(cdr: CDR, zone: ZoneInfo, tariffs: Sequence[Tariff] | None) -> Iterator[tuple[int, Span, Fraction]]:
    """Each activity of each period, with the period's index and the seconds to pay for."""
    volumes = [volumes_of(period) for period in cdr.charging_periods]
    used = any(_of_a_session(each) for each in volumes)
    starts = [milliseconds(period.start_date_time) for period in cdr.charging_periods]
    session_start = next((s for s, each in zip(starts, volumes, strict=True) if _of_a_session(each)), starts[0])
    kwh = Fraction(0)
    for index, (start, end) in enumerate(pairwise([*starts, milliseconds(cdr.end_date_time)])):
        require_sensible(start, end)
        tariff = _tariff(cdr, index, cdr.tariffs if tariffs is None else tariffs)
        times = _times(volumes[index], seconds(end - start))
        energy = volumes[index].get(CdrDimensionType.ENERGY, Decimal(0))
        for activity, billed in times.items():
            yield (
                index,
                Span(
                    start,
                    end,
                    Activity.EXPIRED if activity is Activity.RESERVED and not used else activity,
                    tariff,
                    Decimal(0) if activity.reservation else energy,
                    _current(volumes[index], activity),
                    _power(volumes[index], billed or seconds(end - start)),
                    kwh,
                    starts[0] if activity.reservation else session_start,
                    zone,
                ),
                billed,
            )
            if not activity.reservation:
                kwh, energy = kwh + Fraction(energy), Decimal(0)


def volumes_of(period: ChargingPeriod) -> Volumes:
    """The volume of each dimension."""
    return {dimension.type: dimension.volume for dimension in period.dimensions}


def _of_a_session(volumes: Volumes) -> bool:
    return not volumes.keys().isdisjoint(_OF_A_SESSION)


def _times(volumes: Volumes, length: Fraction) -> dict[Activity, Fraction]:
    """The seconds of each activity; a period that states none, only energy, is of a session that charges."""
    times = {
        _ACTIVITIES[dimension]: _seconds(hours) for dimension, hours in volumes.items() if dimension in _ACTIVITIES
    }
    if len(times) == 1:
        times = {activity: _clocked(stated, length) for activity, stated in times.items()}
    if CdrDimensionType.ENERGY in volumes and not times.keys() - {Activity.RESERVED}:
        times[Activity.CHARGING] = Fraction(0)
    return times or {Activity.CHARGING: Fraction(0)}


def _seconds(hours: Decimal) -> Fraction:
    """Hours, with the few decimals they have in a CDR, stand for whole seconds."""
    return Fraction(round(Fraction(hours) * 3600))


def _clocked(stated: Fraction, length: Fraction) -> Fraction:
    return length if abs(stated - length) <= _AS_THE_CLOCK else stated


def _tariff(cdr: CDR, index: int, tariffs: Sequence[Tariff]) -> Tariff | None:
    tariff_id = cdr.charging_periods[index].tariff_id
    if tariff_id is None:
        return None
    for tariff in tariffs:
        if same(tariff.id, tariff_id):
            return tariff
    raise CannotPrice(f"the tariff {tariff_id!r} is not there", f"/charging_periods/{index}/tariff_id")


def _current(volumes: Volumes, activity: Activity) -> Range | None:
    stated = _range(volumes, CdrDimensionType.MIN_CURRENT, CdrDimensionType.MAX_CURRENT)
    if stated or activity is Activity.CHARGING:
        return stated
    return Range(Decimal(0), Decimal(0))


def _power(volumes: Volumes, duration: Fraction) -> Range | None:
    stated = _range(volumes, CdrDimensionType.MIN_POWER, CdrDimensionType.MAX_POWER)
    if stated or not duration:
        return stated
    return even_power(volumes.get(CdrDimensionType.ENERGY, Decimal(0)), duration)


def _range(volumes: Volumes, lowest: CdrDimensionType, highest: CdrDimensionType) -> Range | None:
    """Both limits, one standing for the other where only one is stated."""
    values = [volumes[dimension] for dimension in (lowest, highest) if dimension in volumes]
    return Range(values[0], values[-1]) if values else None
