"""The owner API: what sessions cost, their CDRs, and the CDRs of others verified."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ocpi import wire
from ocpi.pricing.session import Stretch
from ocpi.types.primitives import format_datetime
from owner import examples
from tests.api import request
from tests.conformance.pricing.asking import measured
from tests.functions.conftest import Register
from tests.mutations import mutated
from tests.objects import CDR, CONNECTOR, EVSE, LOCATION, SESSION, TARIFF
from tests.owner import Reply, owner
from tests.unit.pricing.build import (
    MONDAY,
    ZONE,
    charge,
    element,
    energy,
    expire,
    fee,
    local,
    park,
    parking,
    reserve,
    session,
    tariff,
)

PARTY = {"country_code": "NL", "party_id": "OCS"}
NOON = f"{MONDAY}T12:00"
BEFORE = "2026-03-01T00:00:00Z"
AFTER = "2026-03-03T00:00:00Z"
UNDER = tariff(element(fee(1, "20"), energy("0.333", "20"), parking(2, "20")))
RESERVATION = tariff(element(fee(4), reservation="RESERVATION_EXPIRES"))
CHARGED = session(UNDER, NOON, charge(60, "10.1"), park(20))
MEASURED = measured(CHARGED)
ORDER = wire.loads_object(wire.dumps(MEASURED | {"time_zone": ZONE}))
USED = LOCATION | PARTY | {"evses": [EVSE | {"evse_id": "NL*OCS*E1", "connectors": [CONNECTOR]}]}
CHANGED = "2026-11-22T09:00:00Z"
STORED_TARIFF = TARIFF | PARTY | {"last_updated": BEFORE}


def post(path: str, body: dict[str, Any]) -> Reply:
    return owner("POST", path, wire.dumps(body))


def price(**changes: Any) -> Reply:
    return post("/prices", ORDER | changes)


def stretch(**changes: Any) -> list[dict[str, Any]]:
    """The first stretch alone, with something else in it."""
    stretches: Any = ORDER["stretches"]
    return [stretches[0] | changes]


def test_the_examples_work_as_they_stand() -> None:
    reply = owner("POST", "/prices", examples.PRICE_ORDER)
    assert reply.body.pop("tariffs")[0]["id"] == "day"
    assert reply.body | {"tariffs": examples.SESSION_COST["tariffs"]} == examples.SESSION_COST
    reply = owner("POST", "/verifications", examples.VERIFICATION_ORDER)
    assert reply.body == examples.VERIFICATION


@pytest.mark.requirement("TAR-34")
def test_amounts_are_exact_unless_decimals_are_given() -> None:
    exact, rounded = price(), price(decimals=2)
    assert exact.body["total_cost"] == {"excl_vat": 5.0299666667, "incl_vat": 6.03596}
    assert rounded.body["total_cost"] == {"excl_vat": 5.03, "incl_vat": 6.04}
    assert exact.body["total_energy"] == rounded.body["total_energy"] == 10.1
    assert "total_time_cost" not in exact.body


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"stretches": []}, "/stretches: "),
        ({"stretches": None}, "/stretches: "),
        ({"stretches": stretch() * 2001}, "/stretches: "),
        ({"stretches": stretch() * 2}, "/stretches: a stretch ends at "),
        ({"stretches": stretch(end="2026-03-02T11:00:00Z")}, "/stretches/0: "),
        ({"stretches": stretch(end="2027-06-02T11:00:00Z")}, "/stretches/0: "),
        ({"stretches": stretch(start="2026-03-02T12:00:00+01:00")}, "/stretches/0/start: "),
        ({"stretches": stretch(activity="RESERVED")}, "/stretches/0: a reservation takes no energy"),
        ({"stretches": stretch(activity="SLEEPING")}, "/stretches/0/activity: "),
        ({"stretches": stretch(energy_kwh="10")}, "/stretches/0/energy_kwh: "),
        ({"stretches": stretch(energy_kwh=10**13)}, "/stretches/0: "),
        ({"time_zone": "Europe/Utrecht"}, "/time_zone: "),
        ({"time_zone": None}, "/time_zone: "),
        ({"tariffs": [STORED_TARIFF | {"elements": []}]}, "/tariffs/0/elements: "),
        ({"decimals": 11}, "/decimals: "),
        ({"decimals": 1.0}, "/decimals: "),
    ],
)
def test_what_cannot_be_priced_is_named(changes: dict[str, Any], where: str) -> None:
    reply = price(**changes)
    assert (reply.status, reply.body["status_code"]) == (400, 2001), reply
    assert reply.detail.startswith(where)


def test_tariffs_that_would_take_minutes_are_refused() -> None:
    hours = [
        element(energy("0.3"), start_time=f"{index % 24:02}:00", min_kwh=index, max_duration=index)
        for index in range(400)
    ]
    many = tariff(*hours)
    start = CHARGED[0].start
    month = [Stretch(start, start + timedelta(days=30), tariff=many, energy_kwh=Decimal(900))]
    reply = price(**measured(month))
    assert reply.status == 400
    assert reply.detail.startswith("/stretches: tariffs of 400 elements are too many")
    cdr = CDR | {"tariffs": [wire.loads(wire.dumps(many))], "charging_periods": CDR["charging_periods"] * 300}
    reply = post("/verifications", {"time_zone": ZONE, "cdr": cdr})
    assert reply.status == 400
    assert reply.detail.startswith("/tariffs: tariffs of 400 elements are too many for 300 parts")


def test_stored_tariffs_of_ours_are_found_by_their_id(aws: None) -> None:
    owner("PUT", "/tariffs/NL/OCS/T1", STORED_TARIFF)
    stretches = stretch(tariff_id="t1")
    for party in (None, PARTY):
        reply = price(stretches=stretches, tariffs=[], own_party=party)
        assert reply.body["total_cost"] == {"excl_vat": 2.525}, reply
    reply = price(stretches=stretches, tariffs=[], own_party=PARTY | {"party_id": "SIM"})
    assert (reply.status, reply.detail[:11]) == (400, "/own_party:")
    reply = price(stretches=stretch(tariff_id="T2"), tariffs=[])
    assert (reply.status, reply.detail.partition(":")[0]) == (400, "/stretches/0/tariff_id")


def test_only_so_many_stored_tariffs_are_looked_up(aws: None) -> None:
    stretches = []
    for index in range(21):
        owner("PUT", f"/tariffs/NL/OCS/T{index}", STORED_TARIFF | {"id": f"T{index}"})
        moments = [f"2026-03-02T11:{minute:02}:00Z" for minute in (index, index + 1)]
        stretches.append({"start": moments[0], "end": moments[1], "tariff_id": f"T{index}"})
    assert price(stretches=stretches[:20], tariffs=[]).status == 200
    reply = price(stretches=stretches, tariffs=[])
    assert (reply.status, reply.detail.partition(":")[0]) == (400, "/stretches/20/tariff_id")


@pytest.fixture
def stored(aws: None) -> None:
    """A Session of ours, at a Location of ours."""
    assert owner("PUT", "/locations/NL/OCS/L1", USED).status == 201
    assert owner("PUT", "/sessions/NL/OCS/S1", SESSION | PARTY).status == 201


def make(stretches: list[Stretch], of: str = "S1", **more: Any) -> Reply:
    return post(f"/sessions/NL/OCS/{of}/cdr", {"id": "CDR1"} | measured(stretches) | more)


def made(stretches: list[Stretch], of: str = "S1", **more: Any) -> dict[str, Any]:
    reply = make(stretches, of, **more)
    assert reply.status == 200, reply
    cdr: dict[str, Any] = reply.body
    return cdr


def test_the_cdr_of_a_session_is_made_put_and_found_right(stored: None) -> None:
    cdr = made(CHARGED)
    assert cdr["total_cost"] == {"excl_vat": 5.03, "incl_vat": 6.04}
    assert owner("GET", "/cdrs/NL/OCS/CDR1").status == 404
    assert owner("PUT", "/cdrs/NL/OCS/CDR1", cdr).status == 201
    assert owner("GET", "/cdrs/NL/OCS/CDR1").body == cdr
    reply = post("/verifications", {"time_zone": ZONE, "cdr": cdr})
    assert reply.body["differences"] == []


@pytest.mark.requirement("CDR-16")
def test_the_last_authorization_is_the_one_billed(stored: None) -> None:
    last = {
        "auth_method": "COMMAND",
        "authorization_reference": "REF-2",
        "status": "COMPLETED",
        "last_updated": CHANGED,
    }
    assert owner("PATCH", "/sessions/NL/OCS/S1", last).status == 200
    cdr = made(CHARGED)
    assert (cdr["auth_method"], cdr["authorization_reference"]) == ("COMMAND", "REF-2")
    assert (cdr["session_id"], cdr["cdr_token"]) == ("S1", SESSION["cdr_token"])


@pytest.mark.requirement("CDR-17")
def test_a_cdr_keeps_what_was_true_when_the_session_started(stored: None) -> None:
    owner("PUT", "/tariffs/NL/OCS/T1", STORED_TARIFF)
    stretches = stretch()
    before = post("/sessions/NL/OCS/S1/cdr", {"id": "CDR1", "stretches": stretches}).body
    assert owner("PUT", "/cdrs/NL/OCS/CDR1", before).status == 201
    dearer = [{"price_components": [{"type": "ENERGY", "price": 9, "step_size": 1}]}]
    owner("PUT", "/tariffs/NL/OCS/T1", STORED_TARIFF | {"elements": dearer, "last_updated": AFTER})
    owner("PATCH", "/locations/NL/OCS/L1", {"address": "Elsewhere 2", "last_updated": CHANGED})
    assert owner("GET", "/cdrs/NL/OCS/CDR1").body == before

    late = {"id": "CDR2", "stretches": stretches}
    reply = post("/sessions/NL/OCS/S1/cdr", late)
    assert (reply.status, reply.detail.partition(":")[0]) == (400, "/stretches/0/tariff_id")
    after = post("/sessions/NL/OCS/S1/cdr", late | {"tariffs": [STORED_TARIFF], "location": USED}).body
    own = {"id", "last_updated"}
    assert {name: after[name] for name in after.keys() - own} == {name: before[name] for name in before.keys() - own}
    assert after["cdr_location"]["address"] == USED["address"]


@pytest.mark.requirement("CDR-18")
def test_exactly_the_connector_that_was_used(stored: None) -> None:
    evses = [
        EVSE | {"uid": "E0", "evse_id": "NL*OCS*E0"},
        EVSE | {"evse_id": "NL*OCS*E1", "connectors": [CONNECTOR | {"id": "0", "format": "CABLE"}, CONNECTOR]},
    ]
    place = made(CHARGED, location=USED | {"evses": evses})["cdr_location"]
    names = ("id", "evse_uid", "evse_id", "connector_id", "connector_format")
    assert [place[name] for name in names] == ["L1", "E1", "NL*OCS*E1", "1", "SOCKET"]


@pytest.mark.requirement("CDR-18", "CDR-19")
def test_only_a_reservation_that_was_never_used_may_lack_its_evse(stored: None) -> None:
    reserved = {"id": "S2", "status": "RESERVATION", "kwh": 0, "evse_uid": "#NA", "connector_id": "#NA"}
    assert owner("PUT", "/sessions/NL/OCS/S2", SESSION | PARTY | reserved).status == 201
    cdr = made(session(RESERVATION, NOON, expire(30)), of="S2")
    place = cdr["cdr_location"]
    assert [place[name] for name in ("evse_uid", "evse_id", "connector_id")] == ["#NA"] * 3
    reply = make(CHARGED, of="S2")
    assert (reply.status, reply.detail) == (400, "/location: connector #NA of EVSE #NA is not at the Location L1")
    cdr |= {"cdr_location": place | {"connector_standard": "TESLA_R"}}
    assert post("/verifications", {"time_zone": ZONE, "cdr": cdr}).body["differences"] == []


@pytest.mark.requirement("CDR-20")
def test_the_location_of_a_cdr_is_short_and_has_an_evse_id(stored: None) -> None:
    place = made(CHARGED, location=USED | {"address": "A" * 200, "state": "S" * 40})["cdr_location"]
    assert (place["address"], place["state"]) == ("A" * 45, "S" * 20)
    reply = make(CHARGED, location=LOCATION)
    assert (reply.status, reply.detail) == (400, "/location: connector 1 of EVSE E1 has no evse_id")


@pytest.mark.requirement("CDR-21")
def test_a_cdr_starts_with_the_reservation(stored: None) -> None:
    stretches = session(UNDER, NOON, reserve(15), charge(60, "10"))
    cdr = made(stretches)
    assert cdr["start_date_time"] == format_datetime(local(NOON))
    assert cdr["end_date_time"] == format_datetime(stretches[-1].end)
    assert cdr["charging_periods"][0]["dimensions"] == [{"type": "RESERVATION_TIME", "volume": 0.25}]


def test_what_no_cdr_can_be_made_of_is_named(stored: None) -> None:
    assert post("/sessions/NL/OCS/S2/cdr", {"id": "CDR1"} | measured(CHARGED)).status == 404
    assert post("/sessions/NL/SIM/S1/cdr", {"id": "CDR1"} | measured(CHARGED)).status == 404
    for changes, where in (
        ({"id": "x" * 37}, "/id: "),
        ({"location": USED | {"id": "L2"}}, "/location/id: "),
        ({"decimals": -1}, "/decimals: "),
        ({"tariffs": [wire.loads(wire.dumps(UNDER.model_copy(update={"currency": "SEK"})))]}, "/currency: "),
    ):
        reply = make(CHARGED, **changes)
        assert reply.status == 400
        assert reply.detail.startswith(where), reply


RECEIVED = "/received/sim/cdrs/NL/SIM/C1/verification"


def test_a_received_cdr_is_verified_in_the_time_zone_of_its_location(register: Register) -> None:
    token = register("CPO NL SIM")
    wrong = CDR | {"total_cost": {"excl_vat": 0.5}}
    assert owner("POST", RECEIVED).status == 404
    assert request("POST", "/ocpi/2.2.1/receiver/cdrs", token=token, body=wrong).status_code == 1000
    reply = owner("POST", RECEIVED)
    assert (reply.status, reply.detail.partition(":")[0]) == (400, "/time_zone")
    assert request("PUT", "/ocpi/2.2.1/receiver/locations/NL/SIM/L1", token=token, body=LOCATION).status_code == 1000
    reply = owner("POST", RECEIVED)
    assert reply.body["differences"] == [
        {
            "field": "/total_cost/excl_vat",
            "message": "is 0.5, and should be 0.30875",
            "stated": 0.5,
            "expected": 0.30875,
        }
    ]
    agreed = [TARIFF | {"elements": [{"price_components": [{"type": "FLAT", "price": 0.5, "step_size": 1}]}]}]
    reply = post(RECEIVED, {"tariffs": agreed, "time_zone": "Asia/Tokyo"})
    assert (reply.body["differences"], reply.body["expected"]["total_cost"]) == ([], {"excl_vat": 0.5})
    assert owner("POST", RECEIVED.replace("sim", "tnm")).status == 404


def test_a_cdr_that_cannot_be_priced_is_told_as_a_difference() -> None:
    reply = post("/verifications", {"time_zone": ZONE, "cdr": CDR | {"tariffs": []}})
    assert [each["field"] for each in reply.body["differences"]] == ["/charging_periods/0/tariff_id"]
    assert "expected" not in reply.body
    reply = post("/verifications", {"cdr": CDR})
    assert (reply.status, reply.detail) == (400, "/time_zone: Field required")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_mutation_of_a_session_makes_us_fail(aws: None, data: st.DataObject) -> None:
    order = data.draw(mutated(examples.PRICE_ORDER | {"tariffs": [examples.TARIFF | {"id": "DAY"}]}))
    assert owner("POST", "/prices", order).status in (200, 400, 404)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_mutation_of_a_cdr_makes_us_fail(data: st.DataObject) -> None:
    order = data.draw(mutated(examples.VERIFICATION_ORDER | {"decimals": 2, "tariffs": [examples.TARIFF]}))
    assert owner("POST", "/verifications", order).status in (200, 400)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_mutation_of_what_a_cdr_is_made_of_makes_us_fail(stored: None, data: st.DataObject) -> None:
    order = data.draw(mutated({"id": "CDR1", "location": USED, "decimals": 2} | json.loads(wire.dumps(MEASURED))))
    assert owner("POST", "/sessions/NL/OCS/S1/cdr", order).status in (200, 400)
