"""Tariffs that come in, from their CPO or from our own backend (TAR-03 to TAR-06)."""

from ocpi import wire
from ocpi.intake.identity import checked
from ocpi.store.keys import ObjectId
from ocpi.store.objects import Objects, Outcome
from ocpi.transport.patch import last_updated
from ocpi.transport.status import invalid, unknown
from ocpi.types.tariffs import Tariff, TariffDimensionType


def put(objects: Objects, tariff: ObjectId, document: wire.JsonObject) -> Outcome:
    """Create or replace a Tariff (TAR-04, decision 22).

    Raises:
        OcpiError: 2001 naming what is wrong.
    """
    checked_tariff = checked(Tariff, tariff, document)
    if tariff.ours:
        _require_plainly_free(checked_tariff)
    return objects.put(tariff, document, last_updated(document))


def delete(objects: Objects, tariff: ObjectId) -> None:
    """Remove a Tariff (TAR-05).

    Raises:
        OcpiError: HTTP 404 if there is none.
    """
    if not objects.delete(tariff):
        raise unknown(f"Tariff {tariff.id}")


def _require_plainly_free(tariff: Tariff) -> None:
    """What costs nothing is told in one way only (TAR-13)."""
    components = [component for element in tariff.elements for component in element.price_components]
    floor = tariff.min_price
    if any(component.price for component in components) or (floor and (floor.excl_vat or floor.incl_vat)):
        return
    alone = len(components) == 1 and components[0].type is TariffDimensionType.FLAT
    if not alone or _restricted(tariff):
        raise invalid("/elements: free of charge is one element without restrictions, with one FLAT component of 0.00")


def _restricted(tariff: Tariff) -> bool:
    restrictions = tariff.elements[0].restrictions
    return restrictions is not None and any(value for _, value in restrictions)
