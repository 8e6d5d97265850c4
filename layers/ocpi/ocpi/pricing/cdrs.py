"""CDRs made: of a session that ended, and to take one back."""

from typing import Any

from ocpi import clock
from ocpi.pricing.amounts import CannotPrice
from ocpi.pricing.bill import Costs
from ocpi.pricing.session import milliseconds
from ocpi.pricing.verify import negated
from ocpi.types.cdrs import CDR, CdrLocation
from ocpi.types.locations import EVSE, Connector, ConnectorFormat, ConnectorType, Location, PowerType
from ocpi.types.primitives import same
from ocpi.types.sessions import Session

NOT_AVAILABLE = "#NA"
"""What stands for an EVSE that was only ever reserved (CDR-18)."""

_NEVER_USED: dict[str, Any] = {
    "evse_uid": NOT_AVAILABLE,
    "evse_id": NOT_AVAILABLE,
    "connector_id": NOT_AVAILABLE,
    "connector_standard": ConnectorType.IEC_62196_T2,  # any will do (CDR-19)
    "connector_format": ConnectorFormat.SOCKET,
    "connector_power_type": PowerType.AC_3_PHASE,
}


def charge_detail_record(cdr_id: str, session: Session, location: Location, costs: Costs, decimals: int = 2) -> CDR:
    """The CDR of a session, with `location` as it was when the session started (CDR-17).

    `session` is its last state, so that `auth_method` and `authorization_reference` are the last ones (CDR-16).
    Amounts are rounded to `decimals`. The CDR shares nothing with what it was made of.

    Raises:
        CannotPrice: the EVSE or the connector is not at the Location, the EVSE has no `evse_id`, or a tariff has
            another currency than the session.
        ValueError: it is no valid CDR, for instance by its id.
    """
    if any(tariff.currency != session.currency for tariff in costs.tariffs):
        raise CannotPrice("the tariffs have another currency than the session", "/currency")
    fields = costs.cdr_fields(decimals)
    return CDR(
        country_code=session.country_code,
        party_id=session.party_id,
        id=cdr_id,
        session_id=session.id,
        cdr_token=session.cdr_token,
        auth_method=session.auth_method,
        authorization_reference=session.authorization_reference,
        cdr_location=_cdr_location(session, location, never_charged=not costs.total_time),
        meter_id=session.meter_id,
        currency=session.currency,
        last_updated=milliseconds(clock.now()),
        **fields,
    ).model_copy(deep=True)


def _cdr_location(session: Session, location: Location, *, never_charged: bool) -> CdrLocation:
    return CdrLocation(
        id=location.id,
        name=location.name,
        address=location.address[:45],  # what receivers take in a CDR; a Location may have more (CDR-20)
        city=location.city,
        postal_code=location.postal_code,
        state=None if location.state is None else location.state[:20],
        country=location.country,
        coordinates=location.coordinates,
        **_outlet(session, location, never_charged=never_charged),
    )


def _outlet(session: Session, location: Location, *, never_charged: bool) -> dict[str, Any]:
    used = _used(session, location)
    if used and used[0].evse_id is not None:
        evse, connector = used
        return {
            "evse_uid": evse.uid,
            "evse_id": evse.evse_id,
            "connector_id": connector.id,
            "connector_standard": connector.standard,
            "connector_format": connector.format,
            "connector_power_type": connector.power_type,
        }
    if never_charged:
        return _NEVER_USED
    place = f"connector {session.connector_id} of EVSE {session.evse_uid}"
    raise CannotPrice(f"{place} has no evse_id" if used else f"{place} is not at the Location {location.id}")


def _used(session: Session, location: Location) -> tuple[EVSE, Connector] | None:
    for evse in location.evses:
        for connector in evse.connectors:
            if same(evse.uid, session.evse_uid) and same(connector.id, session.connector_id):
                return evse, connector
    return None


def credit(cdr: CDR, cdr_id: str) -> CDR:
    """The credit CDR that takes `cdr` back: all of it again, only the total negative (CDR-08, CDR-09).

    Raises:
        CannotPrice: `cdr` is itself a credit.
        ValueError: `cdr_id` is the one of `cdr`, or longer than 39 characters.
    """
    if cdr.credit:
        raise CannotPrice("a credit CDR can't be credited", "/credit")
    changes = {
        "id": cdr_id,
        "credit": True,
        "credit_reference_id": cdr.id,
        "total_cost": negated(cdr.total_cost),
        "last_updated": milliseconds(clock.now()),
    }
    return CDR.model_validate(dict(cdr) | changes).model_copy(deep=True)
