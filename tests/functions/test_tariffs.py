"""Tariffs: those of CPOs come in, ours are listed."""

from typing import Any

import pytest

from tests import own
from tests.api import Reply, request
from tests.functions.conftest import Register
from tests.objects import TARIFF, without

URL = "/ocpi/2.2.1/receiver/tariffs/NL/SIM/T1"
OURS = "/ocpi/2.2.1/sender/tariffs"
LATER = "2026-11-22T09:00:00Z"
EARLIER = "2026-11-22T07:00:00Z"
FREE: dict[str, Any] = {"price_components": [{"type": "FLAT", "price": 0.00, "step_size": 0}]}


class Tariffs:
    """The module as a registered CPO calls it."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, method: str, body: object = None, url: str = URL) -> Reply:
        return request(method, url, token=self._token, body=body)


@pytest.fixture
def tariffs(register: Register) -> Tariffs:
    """With one Tariff stored."""
    tariffs = Tariffs(register("CPO NL SIM"))
    assert tariffs("PUT", TARIFF).http_status == 201
    return tariffs


@pytest.mark.requirement("TAR-03", "TAR-04", "TRA-31", "TRA-36")
def test_a_tariff_is_created_then_replaced(tariffs: Tariffs) -> None:
    assert tariffs("GET").data == TARIFF
    replacement = TARIFF | {"currency": "CHF", "vendor": [1.50], "last_updated": LATER}
    reply = tariffs("PUT", replacement)
    assert (reply.http_status, reply.status_code, reply.data) == (200, 1000, None)
    assert tariffs("GET", url="/ocpi/2.2.1/receiver/tariffs/nl/sim/t1").data == replacement


@pytest.mark.requirement("TAR-05")
def test_a_deleted_tariff_is_gone_and_may_come_again(tariffs: Tariffs) -> None:
    reply = tariffs("DELETE")
    assert (reply.http_status, reply.status_code, reply.data) == (200, 1000, None)
    for method in ("GET", "DELETE"):
        reply = tariffs(method)
        assert (reply.http_status, reply.status_code) == (404, 2000)
    assert tariffs("PUT", TARIFF).http_status == 201


@pytest.mark.requirement("TAR-06", "TRA-14")
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_tariff_is_neither_posted_nor_patched(tariffs: Tariffs, method: str) -> None:
    reply = tariffs(method, {"currency": "CHF", "last_updated": LATER})
    assert (reply.http_status, reply.status_code) == (405, 2000)
    assert tariffs("GET").data == TARIFF


@pytest.mark.requirement("TAR-04", "TRA-38")
@pytest.mark.parametrize("change", [{"country_code": "BE"}, {"party_id": "ABC"}, {"id": "T2"}])
def test_url_and_body_must_name_the_same_tariff(tariffs: Tariffs, change: dict[str, object]) -> None:
    reply = tariffs("PUT", TARIFF | change)
    (field,) = change
    assert reply.status_code == 2001
    assert reply.message.startswith(f"/{field}")
    assert tariffs("GET").data == TARIFF


@pytest.mark.requirement("TRA-37")
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_the_tariffs_of_other_parties_are_not_accessible(tariffs: Tariffs, register: Register, method: str) -> None:
    other = Tariffs(register("CPO NL ABC"))
    assert other(method, TARIFF).http_status == 404
    assert tariffs("GET").data == TARIFF


@pytest.mark.requirement("TAR-08", "TYP-15")
@pytest.mark.parametrize("field", sorted(TARIFF))
def test_a_missing_field_is_2001_naming_it(tariffs: Tariffs, field: str) -> None:
    reply = tariffs("PUT", without(TARIFF, field))
    assert (reply.http_status, reply.status_code) == (200, 2001)
    assert f"/{field}" in reply.message


@pytest.mark.requirement("TAR-08")
@pytest.mark.parametrize(
    ("elements", "pointer"),
    [
        ([], "/elements"),
        ([{"price_components": []}], "/elements/0/price_components"),
        ([{"price_components": [{"type": "ENERGY", "step_size": 1}]}], "/elements/0/price_components/0/price"),
        ([{"price_components": [{"type": "FLAT", "price": 1}]}], "/elements/0/price_components/0/step_size"),
        ([{"price_components": [{"price": 1, "step_size": 1}]}], "/elements/0/price_components/0/type"),
    ],
)
def test_an_element_needs_a_priced_component(tariffs: Tariffs, elements: list[object], pointer: str) -> None:
    reply = tariffs("PUT", TARIFF | {"elements": elements})
    assert reply.status_code == 2001
    assert reply.message.startswith(pointer)


def test_decision_22_a_tariff_that_arrives_late_is_ignored_with_1000(tariffs: Tariffs) -> None:
    assert tariffs("PUT", TARIFF | {"currency": "CHF", "last_updated": EARLIER}).status_code == 1000
    assert tariffs("GET").data == TARIFF


@pytest.mark.requirement("TAR-01", "TRA-14")
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_our_tariffs_are_listed_and_nothing_else(tariffs: Tariffs, method: str) -> None:
    own.put_tariff(TARIFF)
    reply = tariffs(method, TARIFF | own.PARTY, OURS)
    assert (reply.http_status, reply.status_code) == (405, 2000)
    assert tariffs(method, TARIFF | own.PARTY, f"{OURS}/T1").http_status in (404, 405)
    assert tariffs("GET", url=OURS).data == [TARIFF | own.PARTY]


@pytest.mark.requirement("TAR-13")
@pytest.mark.parametrize(
    "elements",
    [
        [{"price_components": [{"type": "ENERGY", "price": 0.00, "step_size": 1}]}],
        [{"price_components": FREE["price_components"] * 2}],
        [FREE, FREE],
        [FREE | {"restrictions": {"start_time": "08:00"}}],
    ],
)
def test_there_is_one_way_only_to_say_that_ours_is_free(tariffs: Tariffs, elements: list[object]) -> None:
    refusal = own.put("tariffs", TARIFF | {"elements": elements})
    own.assert_refused(refusal, "/elements")
    assert "free of charge is one element" in refusal.detail
    own.put_tariff(TARIFF | {"elements": [FREE | {"restrictions": {}}]})
    own.put_tariff(TARIFF | {"id": "T2", "elements": elements, "min_price": {"excl_vat": 0.50}})
    assert [each["id"] for each in tariffs("GET", url=OURS).data] == ["T1", "T2"]


@pytest.mark.requirement("TAR-13")
def test_partners_may_say_it_as_they_like(tariffs: Tariffs) -> None:
    free = TARIFF | {"elements": [{"price_components": [{"type": "TIME", "price": 0, "step_size": 1}]}]}
    assert tariffs("PUT", free).status_code == 1000
    assert tariffs("GET").data == free
