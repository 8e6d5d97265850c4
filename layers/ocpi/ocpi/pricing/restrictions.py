"""Which price holds at a moment (mod_tariffs.asciidoc, TAR-09 to TAR-32)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from ocpi.pricing.amounts import CannotPrice
from ocpi.pricing.session import Activity
from ocpi.types.tariffs import (
    DayOfWeek,
    PriceComponent,
    ReservationRestrictionType,
    Tariff,
    TariffDimensionType,
    TariffElement,
    TariffRestrictions,
)

_DAYS = tuple(DayOfWeek)

_ELEMENTS_OF = {
    Activity.CHARGING: (None,),
    Activity.PARKING: (None,),
    Activity.RESERVED: (ReservationRestrictionType.RESERVATION,),
    Activity.EXPIRED: (ReservationRestrictionType.RESERVATION_EXPIRES, ReservationRestrictionType.RESERVATION),
}
"""The elements that price an activity, those that come first overriding the others per dimension."""


class Range(NamedTuple):
    """The lowest and the highest value in a stretch."""

    low: Decimal
    high: Decimal

    def hull(self, other: "Range") -> "Range":
        """The range of both."""
        return Range(min(self.low, other.low), max(self.high, other.high))


@dataclass(frozen=True, slots=True)
class Situation:
    """All that a restriction can ask for.

    `local` is the time at the Location, `kwh` the energy of the session so far, `seconds` its duration so far or, while
    reserved, that of the reservation; ranges are in A, all phases together, and in kW.
    """

    activity: Activity
    local: datetime
    kwh: Fraction
    seconds: Fraction
    current_a: Range | None
    power_kw: Range | None


class Active(NamedTuple):
    """The price component in force, and the place of its element in the tariff."""

    element: int
    component: PriceComponent


def active(tariff: Tariff, dimension: TariffDimensionType, situation: Situation) -> Active | None:
    """The price of `dimension`: the first element that has one and matches (TAR-09 to TAR-11); None costs nothing.

    Raises:
        CannotPrice: it depends on a current or a power that isn't known.
    """
    for reservation in _ELEMENTS_OF[situation.activity]:
        for index, element in enumerate(tariff.elements):
            restrictions = element.restrictions or TariffRestrictions()
            component = _component(element, dimension)
            if component and restrictions.reservation is reservation and matches(restrictions, situation):
                return Active(index, component)
    return None


def _component(element: TariffElement, dimension: TariffDimensionType) -> PriceComponent | None:
    return next((component for component in element.price_components if component.type is dimension), None)


def matches(restrictions: TariffRestrictions, situation: Situation) -> bool:
    """Whether all of them hold at once (TAR-19); what may be unknown is asked for last."""
    return all(_answers(restrictions, situation))


def _answers(restrictions: TariffRestrictions, situation: Situation) -> Iterator[bool]:
    yield _on_date(restrictions, situation.local)
    yield not restrictions.day_of_week or _DAYS[situation.local.weekday()] in restrictions.day_of_week
    yield _at_time(restrictions, situation.local)
    yield _within(situation.kwh, restrictions.min_kwh, restrictions.max_kwh)
    yield _within(situation.seconds, restrictions.min_duration, restrictions.max_duration)
    yield _all_within("current", situation.current_a, restrictions.min_current, restrictions.max_current)
    yield _all_within("power", situation.power_kw, restrictions.min_power, restrictions.max_power)


def _on_date(restrictions: TariffRestrictions, local: datetime) -> bool:
    """From `start_date` on, until the day before `end_date` (TAR-23)."""
    today = local.date().isoformat()
    return (restrictions.start_date or today) <= today and (
        restrictions.end_date is None or today < restrictions.end_date
    )


def _at_time(restrictions: TariffRestrictions, local: datetime) -> bool:
    """From `start_time` until before `end_time`, over midnight where that isn't later (TAR-21, TAR-22)."""
    start = restrictions.start_time or "00:00"
    end = restrictions.end_time or "24:00"
    now = f"{local:%H:%M}"
    if start < end:
        return start <= now < end
    return now >= start or now < end


def _within(value: Fraction, minimum: Decimal | int | None, maximum: Decimal | int | None) -> bool:
    return (minimum is None or value >= minimum) and (maximum is None or value < maximum)


def _all_within(name: str, values: Range | None, minimum: Decimal | None, maximum: Decimal | None) -> bool:
    if minimum is None and maximum is None:
        return True
    if values is None:
        raise CannotPrice(f"the tariff depends on the {name}, which is not known")
    return (minimum is None or values.low >= minimum) and (maximum is None or values.high < maximum)
