"""CDRs as they are sent, and taken back."""

from datetime import UTC, datetime
from typing import Any

import pytest

from ocpi import wire
from ocpi.pricing.amounts import CannotPrice
from ocpi.pricing.cdrs import charge_detail_record, credit
from ocpi.pricing.cost import cost
from ocpi.pricing.verify import verify
from ocpi.types.cdrs import CDR
from ocpi.types.locations import Location
from tests.objects import CONNECTOR, EVSE, LOCATION
from tests.unit.pricing.build import (
    MONDAY,
    USED,
    ZONE,
    cdr,
    changed,
    charge,
    element,
    ended,
    energy,
    expire,
    fee,
    park,
    parking,
    price,
    reserve,
    session,
    tariff,
)

NOON = f"{MONDAY}T12:00"
UNDER = tariff(element(fee(1, "20"), energy("0.333", "20"), parking(2, "20")))
CHARGED = session(UNDER, NOON, charge(60, "10.1"), park(20))
RESERVED_ONLY = session(tariff(element(fee(4), reservation="RESERVATION_EXPIRES")), NOON, expire(30))


def test_amounts_are_rounded_and_the_rest_is_as_measured() -> None:
    made = cdr(CHARGED)
    assert made.total_cost == price("5.03", "6.04")
    assert made.total_energy_cost == price("3.36", "4.04")
    assert (str(made.total_energy), str(made.total_time), str(made.total_parking_time)) == ("10.1", "1.3333", "0.3333")
    assert made.last_updated <= datetime.now(UTC)
    assert CDR.model_validate(wire.loads(wire.dumps(made))) == made


def test_the_last_authorization_is_the_one_billed() -> None:
    last = ended(auth_method="COMMAND", authorization_reference="REF-2")
    made = charge_detail_record("CDR1", last, USED, cost(CHARGED, ZONE))
    assert (made.auth_method, made.authorization_reference) == ("COMMAND", "REF-2")
    assert (made.session_id, made.cdr_token) == (last.id, last.cdr_token)


def test_a_cdr_keeps_what_was_true_when_the_session_started() -> None:
    location = Location.model_validate(USED.model_dump())
    under = tariff(element(energy("0.30")))
    made = cdr(session(under, NOON, charge(60, "10")), location=location)
    under.elements.clear()
    location.evses.clear()
    assert made.tariffs[0].elements[0].price_components[0].type == "ENERGY"
    assert made.cdr_location.evse_uid == "E1"
    assert made.total_cost == price(3)


def test_exactly_the_connector_that_was_used() -> None:
    evses = [
        EVSE | {"uid": "E0", "evse_id": "NL*SIM*E0"},
        EVSE | {"evse_id": "NL*SIM*E1", "connectors": [CONNECTOR | {"id": "0", "format": "CABLE"}, CONNECTOR]},
    ]
    made = cdr(CHARGED, location=Location.model_validate(LOCATION | {"evses": evses})).cdr_location
    assert (made.id, made.evse_uid, made.evse_id, made.connector_id, made.connector_format) == (
        ("L1", "E1", "NL*SIM*E1", "1", "SOCKET")
    )


def test_only_a_reservation_that_was_never_used_may_lack_its_evse() -> None:
    elsewhere = ended(evse_uid="#NA", connector_id="#NA")
    made = charge_detail_record("CDR1", elsewhere, USED, cost(RESERVED_ONLY, ZONE))
    assert (made.cdr_location.evse_uid, made.cdr_location.evse_id, made.cdr_location.connector_id) == ("#NA",) * 3
    with pytest.raises(CannotPrice, match="is not at the Location"):
        charge_detail_record("CDR1", elsewhere, USED, cost(CHARGED, ZONE))
    made = changed(made, lambda document: document["cdr_location"].update(connector_standard="TESLA_R"))
    assert verify(made, ZONE) == []


def test_the_location_of_a_cdr_is_short_and_has_an_evse_id() -> None:
    long = Location.model_validate(USED.model_dump() | {"address": "A" * 200, "state": "S" * 40})
    made = cdr(CHARGED, location=long).cdr_location
    assert (made.address, made.state) == ("A" * 45, "S" * 20)
    with pytest.raises(CannotPrice, match="has no evse_id"):
        cdr(CHARGED, location=Location.model_validate(LOCATION))


def test_a_cdr_starts_with_the_reservation() -> None:
    stretches = session(UNDER, NOON, reserve(15), charge(60, "10"))
    assert cdr(stretches).start_date_time == stretches[0].start
    assert cdr(stretches).end_date_time == stretches[-1].end


def test_a_session_in_another_currency_has_no_cdr() -> None:
    with pytest.raises(CannotPrice, match="currency"):
        charge_detail_record("CDR1", ended(currency="SEK"), USED, cost(CHARGED, ZONE))


def without_credit(document: dict[str, Any]) -> dict[str, Any]:
    own = {"id", "credit", "credit_reference_id", "total_cost", "last_updated"}
    return {name: value for name, value in document.items() if name not in own}


def test_a_credit_cdr_repeats_the_original_with_a_negative_total() -> None:
    original = changed(cdr(CHARGED), lambda document: document.update(x_extension={"kept": True}))
    taken_back = credit(original, "CDR1-C")
    assert (taken_back.id, taken_back.credit, taken_back.credit_reference_id) == ("CDR1-C", True, "CDR1")
    assert taken_back.total_cost == price("-5.03", "-6.04")
    assert taken_back.total_energy_cost == price("3.36", "4.04")
    assert without_credit(taken_back.model_dump()) == without_credit(original.model_dump())
    assert verify(taken_back, ZONE) == []


def test_a_credit_has_an_id_of_its_own() -> None:
    original = cdr(CHARGED)
    with pytest.raises(ValueError, match="must differ"):
        credit(original, original.id)
    with pytest.raises(ValueError, match="39"):
        credit(original, "C" * 40)
    assert credit(original, "C" * 39).id == "C" * 39
    with pytest.raises(CannotPrice):
        credit(credit(original, "CDR1-C"), "CDR1-CC")


def test_a_corrected_cdr_has_a_new_id_and_is_no_credit() -> None:
    corrected = charge_detail_record("CDR2", ended(), USED, cost(CHARGED, ZONE))
    assert corrected.id == "CDR2"
    assert b"credit" not in wire.dumps(corrected)
