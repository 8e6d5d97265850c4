"""Exact arithmetic: fractions inside, decimals where a number is stated."""

import math
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import NamedTuple

from ocpi.types.primitives import Price

VOLUME_PLACES = 4
"""Decimals of every volume of a CDR: what OCPI says of numbers. So much of a kWh or an hour is 0.1 Wh or 0.36 s."""

MONEY_PLACES = 10
"""Decimals to which a cost is exact; a price per hour for 7 minutes has no last one."""

LARGEST = 10**12


class CannotPrice(ValueError):
    """The data doesn't say what it costs; `field` is the JSON Pointer of what is wrong in a CDR, if it is one."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class Amount(NamedTuple):
    """A cost with and without VAT; `taxed` where any of it carries a VAT percentage, be it 0 (TAR-32)."""

    excl_vat: Fraction = Fraction(0)
    incl_vat: Fraction = Fraction(0)
    taxed: bool = False

    def plus(self, other: "Amount") -> "Amount":
        """The sum. What has no VAT is part of `incl_vat` as it is."""
        return Amount(self.excl_vat + other.excl_vat, self.incl_vat + other.incl_vat, self.taxed or other.taxed)

    def price(self) -> Price:
        """As OCPI writes it: without `incl_vat` where no VAT applies to any of it."""
        return Price(
            excl_vat=decimal(self.excl_vat, MONEY_PLACES),
            incl_vat=decimal(self.incl_vat, MONEY_PLACES) if self.taxed else None,
        )


def decimal(value: Fraction, places: int) -> Decimal:
    """`value` to so many decimals, half up, without trailing zeros.

    Raises:
        CannotPrice: no amount of a sensible size.
    """
    if abs(value) >= LARGEST:
        raise CannotPrice("an amount is too large to be meant")
    scaled = Decimal(math.floor(value * 10**places + Fraction(1, 2))).scaleb(-places)
    return scaled.quantize(Decimal(1)) if scaled == scaled.to_integral_value() else scaled.normalize()


def volume(value: Fraction) -> Decimal:
    """A volume as a CDR states it."""
    return decimal(value, VOLUME_PLACES)


def rounded(price: Price, decimals: int) -> Price:
    """`price` as it is shown or billed: to so many decimals of its currency, half up (TAR-34)."""
    unit = Decimal(1).scaleb(-decimals)
    incl_vat = None if price.incl_vat is None else price.incl_vat.quantize(unit, ROUND_HALF_UP)
    return Price(excl_vat=price.excl_vat.quantize(unit, ROUND_HALF_UP), incl_vat=incl_vat)
