"""What was measured of a session: stretches, each of one activity under one tariff."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise

from ocpi.pricing.amounts import LARGEST, CannotPrice
from ocpi.types.tariffs import Tariff

LONGEST = timedelta(days=366)
"""A longer stretch is a mistake; it is refused, so that looking at each of its days stays cheap."""


class Activity(StrEnum):
    """What a driver is billed for at a moment."""

    CHARGING = "CHARGING"
    """The vehicle requests power, be it offered any or not (CDR-27)."""

    PARKING = "PARKING"
    """Connected, and the vehicle requests no power."""

    RESERVED = "RESERVED"
    """Reserved by a driver who then came."""

    EXPIRED = "EXPIRED"
    """Reserved by a driver who never came (TAR-29)."""

    @property
    def reservation(self) -> bool:
        """Whether it is no part of the session proper."""
        return self in {Activity.RESERVED, Activity.EXPIRED}


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch in which power was even, from one meter value to the next.

    Times are aware, and count to the millisecond, as OCPI writes them. `tariff` is the one in force, None if there is
    none. `energy_kwh` is negative for net export, `current_a` the sum of all phases (TAR-25), needed only where the
    tariff depends on it; without `power_kw` the power is energy by time.

    Raises:
        CannotPrice: no time zone, an end that isn't after its start, more than 366 days, energy or current that is no
            exact number, or energy in a reservation.
    """

    start: datetime
    end: datetime
    activity: Activity = Activity.CHARGING
    tariff: Tariff | None = None
    energy_kwh: Decimal = Decimal(0)
    current_a: Decimal | None = None
    power_kw: Decimal | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", milliseconds(self.start))
        object.__setattr__(self, "end", milliseconds(self.end))
        require_sensible(self.start, self.end)
        if self.end <= self.start:
            raise CannotPrice(f"the stretch from {self.start} must end after it starts")
        for number in (self.energy_kwh, self.current_a, self.power_kw):
            if number is not None and not _exact(number):
                raise CannotPrice(f"{number!r} is no Decimal of a sensible size")
        if self.activity.reservation and self.energy_kwh:
            raise CannotPrice("a reservation takes no energy")


def milliseconds(moment: datetime) -> datetime:
    """`moment` in UTC, without what OCPI can't write."""
    if moment.tzinfo is None:
        raise CannotPrice(f"{moment} needs a time zone")
    try:
        moment = moment.astimezone(UTC)
    except OverflowError:
        raise CannotPrice(f"{moment} is no time of a session") from None
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def require_sensible(start: datetime, end: datetime) -> None:
    """Refuse times near the ends of the calendar, and a stretch so long that it is none."""
    if start.year < 1970 or end.year > 9900 or end - start > LONGEST:
        raise CannotPrice(f"from {start} to {end} is no stretch of a session")


def _exact(number: object) -> bool:
    if isinstance(number, int):
        return abs(number) < LARGEST
    return isinstance(number, Decimal) and number.is_finite() and -30 < number.adjusted() < 12


def require_history(stretches: Sequence[Stretch]) -> None:
    """Refuse stretches that are no history of one session.

    Raises:
        CannotPrice: none, a gap or an overlap, a reservation after the session began, one that expired and yet was
            used, or tariffs in several currencies.
    """
    if not stretches:
        raise CannotPrice("a session has at least one stretch")
    for before, after in pairwise(stretches):
        if before.end != after.start:
            raise CannotPrice(f"a stretch ends at {before.end}, and the next starts at {after.start}")
        if after.activity.reservation and before.activity is not after.activity:
            raise CannotPrice(f"a reservation at {after.start} comes after what it was for")
        if before.activity is Activity.EXPIRED and after.activity is not Activity.EXPIRED:
            raise CannotPrice(f"the reservation until {before.end} expired and yet was used")
    if len({stretch.tariff.currency for stretch in stretches if stretch.tariff}) > 1:
        raise CannotPrice("the tariffs of one session have one currency")
