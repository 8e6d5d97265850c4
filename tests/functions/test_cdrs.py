"""CDRs: those of CPOs come in once and for all, ours are listed."""

from typing import Any

import pytest

from tests import own
from tests.api import Reply, request
from tests.functions.conftest import Register
from tests.objects import CDR, PERIOD, without

URL = "/ocpi/2.2.1/receiver/cdrs"
OURS = "/ocpi/2.2.1/sender/cdrs"
BASE = "https://ocpi.example.com"
NEGATED = {"excl_vat": -0.3086, "incl_vat": -0.3734}
CREDIT = CDR | {"id": "C1-credit", "credit": True, "credit_reference_id": "C1", "total_cost": NEGATED}
RESERVED: dict[str, Any] = {
    "charging_periods": [PERIOD | {"dimensions": [{"type": "RESERVATION_TIME", "volume": 0.5}]}],
    "total_energy": 0,
}
SIGNED = {"nature": "x" * 32, "plain_data": "x" * 5000, "signed_data": "x" * 5000}
NOWHERE = {"evse_uid": "#NA", "evse_id": "#NA", "connector_id": "#NA"}


class Cdrs:
    """The module as a registered party calls it."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, method: str, body: object = None, url: str = URL) -> Reply:
        return request(method, url, token=self._token, body=body)

    def at(self, reply: Reply) -> Any:
        """What is at the URL that the answer to a POST names."""
        location = reply.headers["location"]
        assert location.startswith(f"{BASE}{URL}/")
        return self("GET", url=location.removeprefix(BASE)).data


@pytest.fixture
def cdrs(register: Register) -> Cdrs:
    """As a CPO."""
    return Cdrs(register("CPO NL SIM"))


@pytest.fixture
def emsp(register: Register) -> Cdrs:
    """As the eMSP whose drivers charge at our stations."""
    return Cdrs(register("EMSP NL TNM"))


def refused(document: dict[str, Any], pointer: str) -> None:
    """Our own backend may not put this."""
    own.assert_refused(own.put("cdrs", document), pointer)


def listed(emsp: Cdrs) -> list[str]:
    return [each["id"] for each in emsp("GET", url=OURS).data]


@pytest.mark.requirement("CDR-03", "CDR-04", "CDR-05", "STA-05")
def test_a_cdr_is_created_and_found_where_the_answer_says(cdrs: Cdrs) -> None:
    reply = cdrs("POST", CDR)
    assert (reply.http_status, reply.status_code, reply.data) == (201, 1000, None)
    assert cdrs.at(reply) == CDR


@pytest.mark.requirement("CDR-04", "CDR-05")
@pytest.mark.parametrize("id_", ["a/b", "100%", "~2F", "a b?c#d", "..", "%2F", "x" * 36])
def test_any_id_can_stand_in_the_url(cdrs: Cdrs, id_: str) -> None:
    reply = cdrs("POST", CDR | {"id": id_})
    assert reply.http_status == 201
    assert cdrs.at(reply) == CDR | {"id": id_}
    assert "%" not in reply.headers["location"]


@pytest.mark.requirement("CDR-07", "CDR-12")
def test_decision_26_the_same_cdr_posted_twice_is_kept_once_at_the_same_url(cdrs: Cdrs) -> None:
    first, second = cdrs("POST", CDR), cdrs("POST", CDR)
    assert (second.http_status, second.status_code) == (200, 1000)
    assert second.headers["location"] == first.headers["location"]
    shuffled = dict(reversed((CDR | {"total_energy": 1.23450}).items()))
    assert cdrs("POST", shuffled).headers["location"] == first.headers["location"]


@pytest.mark.requirement("CDR-07", "CDR-12")
@pytest.mark.parametrize("id_", ["C1", "c1"])
def test_decision_26_another_cdr_under_the_same_id_is_2001(cdrs: Cdrs, id_: str) -> None:
    first = cdrs("POST", CDR)
    reply = cdrs("POST", CDR | {"id": id_, "remark": "corrected"})
    assert (reply.http_status, reply.status_code) == (200, 2001)
    assert reply.message.startswith("/id: ")
    assert cdrs.at(first) == CDR


@pytest.mark.requirement("CDR-12")
def test_ids_are_of_one_party(cdrs: Cdrs, register: Register) -> None:
    other = Cdrs(register("CPO NL ABC"))
    assert cdrs("POST", CDR).http_status == other("POST", CDR | {"party_id": "ABC"}).http_status == 201


@pytest.mark.requirement("CDR-06", "TRA-14")
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_a_cdr_is_never_replaced_changed_or_removed(cdrs: Cdrs, method: str) -> None:
    reply = cdrs("POST", CDR)
    for url in (URL, reply.headers["location"].removeprefix(BASE)):
        refusal = cdrs(method, CDR | {"remark": "x"}, url)
        assert (refusal.http_status, refusal.status_code) == (405, 2000)
    assert cdrs.at(reply) == CDR


@pytest.mark.requirement("CDR-02", "TRA-14")
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_our_cdrs_are_listed_and_nothing_else(emsp: Cdrs, method: str) -> None:
    own.post_cdr(CDR)
    reply = emsp(method, CDR | own.PARTY, OURS)
    assert (reply.http_status, reply.status_code) == (405, 2000)
    assert emsp("GET", url=f"{OURS}/C1").http_status == 404
    assert emsp("GET", url=OURS).data == [CDR | own.PARTY]


@pytest.mark.requirement("CDR-03", "CDR-13", "TYP-15")
@pytest.mark.parametrize("field", sorted(CDR.keys() - {"session_id", "tariffs"}))
def test_a_missing_field_is_2001_naming_it(cdrs: Cdrs, field: str) -> None:
    reply = cdrs("POST", without(CDR, field))
    assert (reply.http_status, reply.status_code) == (200, 2001)
    assert f"/{field}" in reply.message
    assert "location" not in reply.headers


@pytest.mark.requirement("CDR-13", "CDR-23")
def test_a_cdr_needs_a_charging_period(cdrs: Cdrs) -> None:
    reply = cdrs("POST", CDR | {"charging_periods": []})
    assert (reply.status_code, reply.message.partition(":")[0]) == (2001, "/charging_periods")


@pytest.mark.requirement("CDR-15")
@pytest.mark.parametrize("field", ["country_code", "party_id", "uid", "type", "contract_id"])
def test_the_token_must_be_told_whole(cdrs: Cdrs, field: str) -> None:
    reply = cdrs("POST", CDR | {"cdr_token": without(CDR["cdr_token"], field)})
    assert (reply.status_code, reply.message) == (2001, f"/cdr_token/{field}: Field required")


@pytest.mark.requirement("CDR-36")
@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"encoding_method": None}, "/signed_data/encoding_method"),
        ({"encoding_method": "x" * 37}, "/signed_data/encoding_method"),
        ({"signed_values": []}, "/signed_data/signed_values"),
        ({"signed_values": [without(SIGNED, "nature")]}, "/signed_data/signed_values/0/nature"),
        ({"signed_values": [SIGNED | {"nature": "x" * 33}]}, "/signed_data/signed_values/0/nature"),
        ({"signed_values": [SIGNED | {"plain_data": "x" * 5001}]}, "/signed_data/signed_values/0/plain_data"),
        ({"signed_values": [SIGNED | {"signed_data": "x" * 5001}]}, "/signed_data/signed_values/0/signed_data"),
    ],
)
def test_signed_data_is_told_whole_and_no_longer_than_allowed(
    cdrs: Cdrs, change: dict[str, object], pointer: str
) -> None:
    signed = {"encoding_method": "x" * 36, "signed_values": [SIGNED]}
    assert cdrs("POST", CDR | {"signed_data": signed | change}).message.startswith(f"{pointer}: ")
    assert cdrs("POST", CDR | {"signed_data": signed}).http_status == 201


@pytest.mark.requirement("CDR-37")
def test_a_cdr_of_a_location_that_was_never_published_is_taken(cdrs: Cdrs) -> None:
    at_home = CDR | {"cdr_location": CDR["cdr_location"] | {"id": "HOME-1"}, "home_charging_compensation": True}
    assert cdrs("GET", url="/ocpi/2.2.1/receiver/locations/NL/SIM/HOME-1").http_status == 404
    assert cdrs.at(cdrs("POST", at_home)) == at_home


@pytest.mark.requirement("CDR-18", "TRA-40")
def test_a_cdr_of_a_reservation_that_never_got_an_evse_is_taken(cdrs: Cdrs) -> None:
    reservation = CDR | RESERVED | {"cdr_location": CDR["cdr_location"] | NOWHERE}
    assert cdrs.at(cdrs("POST", reservation)) == reservation


@pytest.mark.requirement("TRA-37")
def test_the_cdrs_of_other_parties_are_neither_taken_nor_told(cdrs: Cdrs, register: Register) -> None:
    url = cdrs("POST", CDR).headers["location"].removeprefix(BASE)
    other = Cdrs(register("CPO NL ABC"))
    assert other("GET", url=url).http_status == 404
    assert other("POST", CDR | {"id": "C2"}).http_status == 404


@pytest.mark.parametrize("id_", ["C9", "x" * 40, "~", "~0A", "~C5~BF"])
def test_an_unknown_cdr_is_404(cdrs: Cdrs, id_: str) -> None:
    reply = cdrs("GET", url=f"{URL}/NL/SIM/{id_}")
    assert (reply.http_status, reply.status_code) == (404, 2000)


@pytest.mark.requirement("CDR-11", "CDR-12")
@pytest.mark.parametrize(
    "change",
    [
        {"credit": True},
        {"credit_reference_id": "C0"},
        {"credit": True, "credit_reference_id": "c1"},
        {"id": "x" * 37},
        {"credit": True, "credit_reference_id": "C0", "id": "x" * 40},
    ],
)
def test_a_credit_cdr_names_another_and_only_its_id_is_long(cdrs: Cdrs, change: dict[str, object]) -> None:
    assert cdrs("POST", CDR | change).status_code == 2001


@pytest.mark.requirement("CDR-08", "CDR-12")
def test_a_credit_cdr_is_taken_whether_or_not_we_hold_what_it_credits(cdrs: Cdrs) -> None:
    for id_ in ("C1-credit", "x" * 39):
        credit = CREDIT | {"id": id_}
        reply = cdrs("POST", credit)
        assert reply.http_status == 201
        assert cdrs.at(reply) == credit


@pytest.mark.requirement("CDR-20")
def test_decision_27_a_partner_may_send_an_address_as_long_as_that_of_a_location(cdrs: Cdrs) -> None:
    long = CDR | {"cdr_location": CDR["cdr_location"] | {"address": "x" * 255, "state": "y" * 45}}
    assert cdrs.at(cdrs("POST", long)) == long


@pytest.mark.requirement("CDR-20")
def test_decision_27_we_send_an_address_of_45_and_a_state_of_20_characters(emsp: Cdrs) -> None:
    own.post_cdr(CDR | {"cdr_location": CDR["cdr_location"] | {"address": "x" * 255, "state": "y" * 45}})
    (sent,) = emsp("GET", url=OURS).data
    assert sent["cdr_location"] == CDR["cdr_location"] | {"address": "x" * 45, "state": "y" * 20}


@pytest.mark.requirement("CDR-25")
@pytest.mark.parametrize("dimension", ["CURRENT", "ENERGY_EXPORT", "ENERGY_IMPORT", "POWER", "STATE_OF_CHARGE"])
def test_what_is_for_sessions_only_is_in_none_of_our_cdrs(emsp: Cdrs, dimension: str) -> None:
    period = PERIOD | {"dimensions": [*PERIOD["dimensions"], {"type": dimension, "volume": 1}]}
    reply = own.put("cdrs", CDR | {"charging_periods": [period]})
    assert reply.status == 400
    assert dimension in reply.detail
    assert listed(emsp) == []


@pytest.mark.requirement("CDR-07", "CDR-12")
def test_our_own_cdr_is_posted_once_and_never_changed(emsp: Cdrs) -> None:
    assert [own.put("cdrs", CDR).status for _ in range(2)] == [201, 200]
    refused(CDR | {"remark": "corrected"}, "/id")
    assert emsp("GET", url=OURS).data == [CDR | own.PARTY]


@pytest.mark.requirement("CDR-08", "CDR-09", "CDR-10")
def test_we_credit_a_cdr_with_its_cost_negated_and_all_else_as_it_was(emsp: Cdrs) -> None:
    refused(CREDIT, "/credit_reference_id")
    own.post_cdr(CDR)
    refused(CREDIT | {"total_cost": CDR["total_cost"]}, "/total_cost")
    refused(CREDIT | {"total_cost": {"excl_vat": -0.3086}}, "/total_cost")
    refused(CREDIT | {"total_cost": NEGATED | {"incl_vat": None}}, "/total_cost")
    refused(CREDIT | {"total_energy": -1.2345}, "/total_energy")
    refused(CREDIT | {"total_energy_cost": {"excl_vat": -0.3}}, "/total_energy_cost")
    refused(CREDIT | {"session_id": "S2"}, "/session_id")
    refused(CREDIT | {"id": "C1"}, "/")
    own.post_cdr(CREDIT | {"remark": "wrong tariff", "total_cost": NEGATED | {"vendor": "x"}})
    refused(CREDIT | {"id": "C3", "credit_reference_id": "C1-credit"}, "/credit_reference_id")
    own.post_cdr(CDR | {"id": "C2", "total_energy": 1})
    assert listed(emsp) == ["C1", "C1-credit", "C2"]


@pytest.mark.requirement("CDR-09")
def test_a_cost_without_vat_is_credited_without_vat(emsp: Cdrs) -> None:
    own.post_cdr(CDR | {"total_cost": {"excl_vat": 0.00}})
    refused(CREDIT, "/total_cost")
    own.post_cdr(CREDIT | {"total_cost": {"excl_vat": 0}})
    assert listed(emsp) == ["C1", "C1-credit"]


@pytest.mark.requirement("CDR-14")
def test_our_cdr_needs_its_session(emsp: Cdrs) -> None:
    refused(without(CDR, "session_id"), "/session_id")
    assert listed(emsp) == []


@pytest.mark.requirement("CDR-14", "CDR-18")
@pytest.mark.parametrize("place", [{}, NOWHERE])
def test_decision_10_a_reservation_that_never_became_a_session_gets_one_for_its_cdr(
    emsp: Cdrs, place: dict[str, str]
) -> None:
    reservation = without(CDR, "session_id") | RESERVED | {"cdr_location": CDR["cdr_location"] | place}
    assert [own.put("cdrs", reservation).status for _ in range(2)] == [201, 200]
    (cdr,) = emsp("GET", url=OURS).data
    (session,) = emsp("GET", url="/ocpi/2.2.1/sender/sessions?date_from=2026-01-01T00:00:00Z").data
    assert cdr == reservation | own.PARTY | {"session_id": session["id"]}
    assert (session["status"], session["kwh"], session["location_id"]) == ("COMPLETED", 0, "L1")
    assert session["cdr_token"] == CDR["cdr_token"]
    own.post_cdr(reservation | {"id": "C2", "credit": True, "credit_reference_id": "C1", "total_cost": NEGATED})
    sessions = {each["session_id"] for each in emsp("GET", url=OURS).data}
    assert sessions == {session["id"]}


@pytest.mark.requirement("CDR-18")
@pytest.mark.parametrize("field", NOWHERE)
def test_we_name_the_evse_and_connector_that_were_used(emsp: Cdrs, field: str) -> None:
    refused(CDR | {"cdr_location": CDR["cdr_location"] | {field: "#NA"}}, f"/cdr_location/{field}")
    assert listed(emsp) == []


@pytest.mark.requirement("CDR-35", "CDR-24")
def test_we_give_every_tariff_that_a_period_names(emsp: Cdrs) -> None:
    refused(CDR | {"tariffs": []}, "/charging_periods/0/tariff_id")
    own.post_cdr(CDR | {"tariffs": [], "charging_periods": [PERIOD]})
    assert listed(emsp) == ["C1"]
