"""What pieces cost: step sizes, fees and price limits (CDR-28 to CDR-35, TAR-15, TAR-16)."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Any, NamedTuple

from ocpi.pricing.amounts import Amount, rounded, volume
from ocpi.pricing.periods import TIME_PRICED_BY, Piece, seconds
from ocpi.pricing.restrictions import Active
from ocpi.pricing.session import Activity
from ocpi.types.periods import ChargingPeriod
from ocpi.types.primitives import Price
from ocpi.types.tariffs import PriceComponent, Tariff, TariffDimensionType

_WH = 1000
_SECONDS = 3600


class Total(Enum):
    """The field of a CDR that a cost is part of."""

    FIXED = "total_fixed_cost"
    ENERGY = "total_energy_cost"
    TIME = "total_time_cost"
    PARKING = "total_parking_cost"
    RESERVATION = "total_reservation_cost"


_TIME_TOTALS = {Activity.CHARGING: Total.TIME, Activity.PARKING: Total.PARKING}


@dataclass(frozen=True, slots=True)
class Costs:
    """What a session cost; each field is the CDR's of that name, its amounts exact and not yet rounded.

    A total is None where no price applied, which is not free of charge: that is a price of 0 (SES-28). `total_energy`
    is in kWh, times are in hours without those of a reservation, and `tariffs` are all that the periods name (CDR-35).
    """

    start_date_time: datetime
    end_date_time: datetime
    tariffs: list[Tariff]
    charging_periods: list[ChargingPeriod]
    total_cost: Price
    total_fixed_cost: Price | None
    total_energy: Decimal
    total_energy_cost: Price | None
    total_time: Decimal
    total_time_cost: Price | None
    total_parking_time: Decimal | None
    total_parking_cost: Price | None
    total_reservation_cost: Price | None

    def cdr_fields(self, decimals: int | None) -> dict[str, Any]:
        """The fields that a CDR has of it, by name, its amounts rounded to so many decimals, if given (TAR-34)."""
        stated = {field.name: getattr(self, field.name) for field in fields(self)}
        if decimals is None:
            return stated
        return {name: rounded(value, decimals) if isinstance(value, Price) else value for name, value in stated.items()}


class Line(NamedTuple):
    """A quantity at a price: kWh, hours, or 1 of a fee."""

    total: Total
    component: PriceComponent
    quantity: Fraction

    def amount(self) -> Amount:
        """What it costs; a component without `vat` adds the same to both sums."""
        excl_vat = self.quantity * Fraction(self.component.price)
        vat = Fraction(self.component.vat or 0)
        return Amount(excl_vat, excl_vat * (100 + vat) / 100, self.component.vat is not None)


def bill(pieces: Sequence[Piece], periods: list[ChargingPeriod], end: datetime) -> Costs:
    """The costs of a session that ended at `end`, its pieces in the order of time."""
    reserved = [piece for piece in pieces if piece.activity.reservation]
    session = [piece for piece in pieces if not piece.activity.reservation]
    lines = _reservation(reserved) + _fee(session) + _energy(session) + _time(session)
    costs = {total: _sum(line for line in lines if line.total is total) for total in Total}
    tariffs = _tariffs(pieces)
    parking = sum(piece.seconds for piece in session if piece.activity is Activity.PARKING)
    stated = {total: amount.price() if amount else None for total, amount in costs.items()}
    return Costs(
        start_date_time=pieces[0].start,
        end_date_time=end,
        tariffs=tariffs,
        charging_periods=periods,
        total_cost=_limited(_sum(lines) or Amount(), tariffs, _tariffs(session)).price(),
        total_fixed_cost=stated[Total.FIXED],
        total_energy=volume(sum((Fraction(piece.energy_kwh) for piece in session), Fraction(0))),
        total_energy_cost=stated[Total.ENERGY],
        total_time=volume(seconds(end - session[0].start) / _SECONDS) if session else Decimal(0),
        total_time_cost=stated[Total.TIME],
        total_parking_time=volume(Fraction(parking) / _SECONDS) if parking else None,
        total_parking_cost=stated[Total.PARKING],
        total_reservation_cost=stated[Total.RESERVATION],
    )


def _sum(lines: Iterable[Line]) -> Amount | None:
    total = None
    for line in lines:
        total = (total or Amount()).plus(line.amount())
    return total


def _tariffs(pieces: Iterable[Piece]) -> list[Tariff]:
    """Each tariff in force at some time, once."""
    return list({(tariff.id, tariff.last_updated): tariff for tariff in (p.tariff for p in pieces) if tariff}.values())


def _energy(session: Sequence[Piece]) -> list[Line]:
    """Rounded up once, for the session (CDR-28, CDR-29)."""
    lines = _lines(session, TariffDimensionType.ENERGY)
    return lines + _surplus(lines, _WH)


def _time(session: Sequence[Piece]) -> list[Line]:
    """Charging and parking; only that of the two is rounded up which was the last to have a price (CDR-28, CDR-31)."""
    lines = [line for piece in session for line in _lines([piece], TIME_PRICED_BY[piece.activity])]
    last = [line for line in lines if line.total is lines[-1].total]
    return lines + _surplus(last, _SECONDS)


def _reservation(reserved: Sequence[Piece]) -> list[Line]:
    """Fee and time of a reservation, rounded up by themselves: what follows is another service."""
    lines = _lines(reserved, TariffDimensionType.TIME)
    return _fee(reserved) + lines + _surplus(lines, _SECONDS)


def _lines(pieces: Sequence[Piece], dimension: TariffDimensionType) -> list[Line]:
    lines = []
    for piece in pieces:
        price = piece.prices.get(dimension)
        quantity = _quantity(piece, dimension)
        if price and quantity:
            lines.append(Line(_total(piece, dimension), price.component, quantity))
    return lines


def _quantity(piece: Piece, dimension: TariffDimensionType) -> Fraction:
    """The kWh or the hours to pay for."""
    if dimension is TariffDimensionType.ENERGY:
        return Fraction(piece.energy_kwh)
    return piece.seconds / _SECONDS


def _total(piece: Piece, dimension: TariffDimensionType) -> Total:
    if dimension is TariffDimensionType.ENERGY:
        return Total.ENERGY
    return _TIME_TOTALS.get(piece.activity, Total.RESERVATION)


def _surplus(lines: Sequence[Line], per_unit: int) -> list[Line]:
    """What is missing to a multiple of the last `step_size`, at the price of that component (CDR-29, CDR-30).

    A step of 0 is none (TAR-30).
    """
    if not lines or not lines[-1].component.step_size:
        return []
    last = lines[-1]
    step = Fraction(last.component.step_size, per_unit)
    total = sum((line.quantity for line in lines), Fraction(0))
    return [last._replace(quantity=math.ceil(total / step) * step - total)]


def _fee(pieces: Sequence[Piece]) -> list[Line]:
    """The flat fee, once: that of the first element that becomes active."""
    for piece in pieces:
        price = piece.prices.get(TariffDimensionType.FLAT)
        if price:
            return [Line(_total_of_fee(piece, price), price.component, Fraction(1))]
    return []


def _total_of_fee(piece: Piece, fee: Active) -> Total:
    """A fee is part of the reservation, or of the parking if its element prices nothing else (CDR-33)."""
    if piece.activity.reservation:
        return Total.RESERVATION
    elements = piece.tariff.elements if piece.tariff else []
    others = {component.type for component in elements[fee.element].price_components} - {TariffDimensionType.FLAT}
    return Total.PARKING if others == {TariffDimensionType.PARKING_TIME} else Total.FIXED


def _limited(amount: Amount, tariffs: Sequence[Tariff], of_session: Sequence[Tariff]) -> Amount:
    """`amount` between the highest `min_price` and the lowest `max_price`, with and without VAT (TAR-15, TAR-16).

    A reservation that expired is no session, and has no least price. Where the two contradict each other the cap wins.
    """
    floors = [tariff.min_price for tariff in of_session if tariff.min_price]
    caps = [tariff.max_price for tariff in tariffs if tariff.max_price]
    excl_vat = _clamped(amount.excl_vat, [_excl_vat(p) for p in floors], [_excl_vat(p) for p in caps])
    incl_vat = _clamped(amount.incl_vat, [_incl_vat(p) for p in floors], [_incl_vat(p) for p in caps])
    return Amount(excl_vat, incl_vat, amount.taxed or excl_vat != incl_vat)


def _clamped(amount: Fraction, floors: Sequence[Fraction], caps: Sequence[Fraction]) -> Fraction:
    return min([max([amount, *floors]), *caps])


def _excl_vat(price: Price) -> Fraction:
    return Fraction(price.excl_vat)


def _incl_vat(price: Price) -> Fraction:
    """Without a word on VAT there is none in a limit, like in a component."""
    return Fraction(price.excl_vat if price.incl_vat is None else price.incl_vat)
