"""A CDR checked against its own periods and tariffs: what an eMSP does before it pays."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from ocpi.pricing.amounts import CannotPrice
from ocpi.pricing.bill import Costs, Total
from ocpi.pricing.cost import price_cdr, spans, volumes_of
from ocpi.pricing.periods import Piece, prices_energy, seconds
from ocpi.types.cdrs import CDR
from ocpi.types.periods import CdrDimensionType
from ocpi.types.primitives import Price
from ocpi.types.tariffs import Tariff, TariffDimensionType

_VOLUME_TOLERANCE = Decimal("0.001")
"""kWh or hours: the least decimals that are in use."""

_TIMES = (CdrDimensionType.TIME, CdrDimensionType.PARKING_TIME, CdrDimensionType.RESERVATION_TIME)


@dataclass(frozen=True, slots=True)
class Difference:
    """What is wrong with a CDR: `field` as JSON Pointer, with what it states and what it should, if it is a number."""

    field: str
    message: str
    stated: Decimal | None = None
    expected: Decimal | None = None


def verify(cdr: CDR, time_zone: str, tariffs: Sequence[Tariff] | None = None, decimals: int = 2) -> list[Difference]:
    """Everything in which `cdr` differs from its price by its tariffs, or by those given; none if it is right.

    `time_zone` is the Location's, `decimals` are those of the currency: amounts may be off by less than one unit of the
    last, because each party rounds by its own rules (TAR-34). Amounts that the CDR leaves out are not missed.
    """
    try:
        costs = price_cdr(cdr, time_zone, tariffs)
        differences = [
            *_currencies(cdr, costs),
            *_amounts(cdr, costs, Decimal(1).scaleb(-decimals)),
            *_volumes(cdr, costs),
            *_periods(cdr, ZoneInfo(time_zone), tariffs),
        ]
        return list(dict.fromkeys(differences))  # a period of charging and parking is looked at twice
    except CannotPrice as error:
        return [Difference(error.field, str(error))]


def _currencies(cdr: CDR, costs: Costs) -> Iterator[Difference]:
    for tariff in costs.tariffs:
        if tariff.currency != cdr.currency:
            yield Difference("/currency", f"is {cdr.currency}, and the tariff {tariff.id} is in {tariff.currency}")


def _amounts(cdr: CDR, costs: Costs, tolerance: Decimal) -> Iterator[Difference]:
    """Of a credit CDR only the total is negative (CDR-09)."""
    total = costs.total_cost
    if cdr.credit:
        total = negated(total)
    yield from _amount("/total_cost", cdr.total_cost, total, tolerance)
    for field in Total:
        stated: Price | None = getattr(cdr, field.value)
        expected: Price | None = getattr(costs, field.value)
        if stated is not None:
            yield from _amount(f"/{field.value}", stated, expected or Price(excl_vat=Decimal(0)), tolerance)


def negated(price: Price) -> Price:
    """The amounts of a credit."""
    return Price(excl_vat=-price.excl_vat, incl_vat=None if price.incl_vat is None else -price.incl_vat)


def _amount(field: str, stated: Price, expected: Price, tolerance: Decimal) -> Iterator[Difference]:
    yield from _number(f"{field}/excl_vat", stated.excl_vat, expected.excl_vat, tolerance)
    if stated.incl_vat is not None:
        incl_vat = expected.excl_vat if expected.incl_vat is None else expected.incl_vat
        yield from _number(f"{field}/incl_vat", stated.incl_vat, incl_vat, tolerance)


def _number(field: str, stated: Decimal, expected: Decimal, tolerance: Decimal) -> Iterator[Difference]:
    if abs(stated - expected) >= tolerance:
        yield Difference(field, f"is {stated}, and should be {expected}", stated, expected)


def _volumes(cdr: CDR, costs: Costs) -> Iterator[Difference]:
    if _tells_energy(cdr, costs):
        yield from _number("/total_energy", cdr.total_energy, costs.total_energy, _VOLUME_TOLERANCE)
    yield from _number("/total_time", cdr.total_time, costs.total_time, _VOLUME_TOLERANCE)
    if cdr.total_parking_time is not None:
        parking = costs.total_parking_time or Decimal(0)
        yield from _number("/total_parking_time", cdr.total_parking_time, parking, _VOLUME_TOLERANCE)


def _tells_energy(cdr: CDR, costs: Costs) -> bool:
    """Whether its periods have to add up to its energy; a CDR that bills time alone may leave it out of them."""
    return any(CdrDimensionType.ENERGY in volumes_of(period) for period in cdr.charging_periods) or any(
        prices_energy(tariff) for tariff in costs.tariffs
    )


def _periods(cdr: CDR, zone: ZoneInfo, tariffs: Sequence[Tariff] | None) -> Iterator[Difference]:
    """Periods that hold more time than they last, or go on after their price changed (CDR-22)."""
    for index, span, billed in spans(cdr, zone, tariffs):
        field = f"/charging_periods/{index}"
        stated = sum(volumes_of(cdr.charging_periods[index]).get(dimension, Decimal(0)) for dimension in _TIMES)
        if stated - _hours(seconds(span.end - span.start)) >= _VOLUME_TOLERANCE:
            yield Difference(f"{field}/dimensions", "has more hours than the period lasts")
        prices = [_by_use(piece, billed) for piece in span.pieces()]
        if any(price != prices[0] for price in prices):
            yield Difference(field, "goes on after its price changed, where a new period has to start")


def _hours(duration: Fraction) -> Decimal:
    return Decimal(duration.numerator) / Decimal(duration.denominator) / 3600


def _by_use(piece: Piece, billed: Fraction) -> dict[TariffDimensionType, int]:
    """The element that prices each thing used; a fee is due once, whatever changes."""
    return {
        dimension: price.element
        for dimension, price in piece.prices.items()
        if dimension is TariffDimensionType.ENERGY or (dimension is not TariffDimensionType.FLAT and billed)
    }
