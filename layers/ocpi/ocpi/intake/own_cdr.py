"""What a CDR of ours has to be before an eMSP gets it."""

from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from ocpi import wire
from ocpi.store.keys import ObjectId
from ocpi.store.objects import Objects
from ocpi.transport.patch import last_updated
from ocpi.transport.status import invalid
from ocpi.types.cdrs import CDR, SENT_ADDRESS_LENGTH, SENT_STATE_LENGTH, CdrDimensionType
from ocpi.types.primitives import Price, same
from ocpi.types.sessions import NOT_AVAILABLE, SessionStatus
from ocpi.types.versions import ModuleID

_PLACES = ("evse_uid", "evse_id", "connector_id")

_MAY_DIFFER = {"id", "credit", "credit_reference_id", "total_cost", "invoice_reference_id", "remark", "last_updated"}
"""What a credit CDR has for its own; it repeats all else of the CDR that it credits (CDR-09)."""

_OF_THE_SESSION = (
    *("country_code", "party_id", "start_date_time", "end_date_time", "cdr_token", "auth_method"),
    *("authorization_reference", "meter_id", "currency", "total_cost", "last_updated"),
)
"""What a CDR tells of its Session in the same words."""


def sendable(objects: Objects, cdr_id: ObjectId, cdr: CDR, document: wire.JsonObject) -> wire.JsonObject:
    """Our CDR as it is to be stored and sent: the address is cut (CDR-20, decision 27), and there is a session_id.

    Raises:
        OcpiError: 2001 for a credit CDR that is not the CDR it names with its cost negated (CDR-08, CDR-09), a missing
            session_id (CDR-14), #NA without need (CDR-18), and a period under a tariff that is not given (CDR-35).
    """
    location: dict[str, Any] = document["cdr_location"]  # type: ignore[assignment]  # checked
    document = document | {"cdr_location": _shortened(location)}
    _require_tariffs(cdr)
    if not _of_reservation(cdr):
        _require_place(location)
    if cdr.credit_reference_id:
        return _credit(objects, replace(cdr_id, id=cdr.credit_reference_id), document)
    if cdr.session_id:
        return document
    if not _of_reservation(cdr):
        raise invalid("/session_id: must be given, unless the CDR is of a reservation that never became a session")
    return document | {"session_id": str(uuid5(NAMESPACE_URL, cdr_id.text))}


def add_session(objects: Objects, cdr_id: ObjectId, document: wire.JsonObject) -> None:
    """Create the Session of a reservation that had none, so that its CDR refers to one (CDR-14, decision 10)."""
    location: dict[str, Any] = document["cdr_location"]  # type: ignore[assignment]  # checked
    session = {name: document[name] for name in _OF_THE_SESSION if name in document} | {
        "id": document["session_id"],
        "kwh": 0,
        "location_id": location["id"],
        "evse_uid": location["evse_uid"],
        "connector_id": location["connector_id"],
        "status": SessionStatus.COMPLETED,
    }
    session_id = replace(cdr_id, module=ModuleID.SESSIONS, id=str(document["session_id"]))
    objects.add(session_id, session, last_updated(session))


def _shortened(location: dict[str, Any]) -> dict[str, Any]:
    cut = {"address": location["address"][:SENT_ADDRESS_LENGTH]}
    return location | cut | ({"state": location["state"][:SENT_STATE_LENGTH]} if location.get("state") else {})


def _of_reservation(cdr: CDR) -> bool:
    """Whether it is of a reservation that never became a session."""
    dimensions = [dimension for period in cdr.charging_periods for dimension in period.dimensions]
    charged = any(d.volume for d in dimensions if d.type is not CdrDimensionType.RESERVATION_TIME)
    reserved = any(d.type is CdrDimensionType.RESERVATION_TIME for d in dimensions)
    return reserved and not charged and not cdr.total_energy


def _require_place(location: dict[str, Any]) -> None:
    for name in _PLACES:
        if same(location[name], NOT_AVAILABLE):
            raise invalid(
                f"/cdr_location/{name}: {NOT_AVAILABLE} is only for a reservation that never became a session"
            )


def _require_tariffs(cdr: CDR) -> None:
    given = {tariff.id.lower() for tariff in cdr.tariffs}
    for place, period in enumerate(cdr.charging_periods):
        if period.tariff_id and period.tariff_id.lower() not in given:
            raise invalid(f"/charging_periods/{place}/tariff_id: {period.tariff_id} is not one of its tariffs")


def _credit(objects: Objects, original_id: ObjectId, credit: wire.JsonObject) -> wire.JsonObject:
    stored = objects.get(original_id)
    if stored is None:
        raise invalid(f"/credit_reference_id: there is no CDR {original_id.id}")
    original = stored.parsed()
    if original.get("credit"):
        raise invalid(f"/credit_reference_id: {original_id.id} is a credit CDR itself")
    credit = {"session_id": original.get("session_id")} | credit
    for name in sorted((original.keys() | credit.keys()) - _MAY_DIFFER):
        if original.get(name) != credit.get(name):
            raise invalid(f"/{name}: must be as in the CDR that is credited")
    if _cost(credit) != tuple(amount and -amount for amount in _cost(original)):
        raise invalid("/total_cost: must be that of the CDR that is credited, negated")
    return {name: value for name, value in credit.items() if value is not None}


def _cost(cdr: wire.JsonObject) -> tuple[Decimal, Decimal | None]:
    price = Price.model_validate(cdr["total_cost"])
    return price.excl_vat, price.incl_vat
