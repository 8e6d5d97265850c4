"""Locations, receiver interface: what a CPO pushes is kept as it came."""

from typing import Any

import pytest

from tests.api import Reply, request
from tests.functions.conftest import Connection
from tests.objects import CONNECTOR, EVSE, LOCATION, without

URL = "/ocpi/2.2.1/receiver/locations/NL/SIM/L1"
LATER = "2026-11-22T09:00:00Z"
EARLIER = "2026-11-22T07:00:00Z"


class Locations:
    """The module as a registered CPO calls it."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, method: str, path: str = "", body: object = None) -> Reply:
        return request(method, path if path.startswith("/ocpi") else URL + path, token=self._token, body=body)

    def stored(self, path: str = "") -> Any:
        return self("GET", path).data


@pytest.fixture
def locations(connection: Connection) -> Locations:
    """With one Location of two EVSEs stored."""
    locations = Locations(connection.token)
    assert locations("PUT", body=LOCATION).http_status == 201
    return locations


@pytest.mark.requirement("LOC-06")
@pytest.mark.requirement("LOC-07")
@pytest.mark.requirement("STA-04")
@pytest.mark.requirement("STA-05")
@pytest.mark.requirement("TRA-31")
@pytest.mark.requirement("TRA-36")
def test_a_location_is_created_then_replaced(locations: Locations) -> None:
    assert locations.stored() == LOCATION
    replacement = without(LOCATION, "evses") | {"name": "Station", "last_updated": LATER}
    reply = locations("PUT", body=replacement)
    assert (reply.http_status, reply.status_code, reply.data) == (200, 1000, None)
    assert locations.stored() == replacement


@pytest.mark.requirement("LOC-06")
@pytest.mark.requirement("TYP-01")
def test_parts_are_found_by_their_ids_in_any_case(locations: Locations) -> None:
    assert locations.stored("/e2") == EVSE | {"uid": "E2"}
    assert locations.stored("/E1/1") == CONNECTOR
    assert locations("GET", "/ocpi/2.2.1/receiver/locations/nl/sim/l1").data == LOCATION


@pytest.mark.requirement("STA-03")
@pytest.mark.parametrize("path", ["X", "/E9", "/E1/9"])
def test_what_is_not_there_is_404(locations: Locations, path: str) -> None:
    reply = locations("GET", path if path.startswith("/") else URL.replace("L1", path))
    assert (reply.http_status, reply.status_code) == (404, 2003)


@pytest.mark.requirement("LOC-08")
def test_an_evse_is_added_and_moves_the_location_on(locations: Locations) -> None:
    evse = EVSE | {"uid": "E3", "last_updated": LATER}
    assert locations("PUT", "/E3", evse).http_status == 201
    stored = locations.stored()
    assert [each["uid"] for each in stored["evses"]] == ["E1", "E2", "E3"]
    assert stored["last_updated"] == LATER


@pytest.mark.requirement("LOC-09")
@pytest.mark.requirement("LOC-13")
@pytest.mark.parametrize(
    ("method", "change"), [("PUT", CONNECTOR | {"max_amperage": 16}), ("PATCH", {"max_amperage": 16})]
)
def test_a_connector_moves_its_evse_and_location_on(locations: Locations, method: str, change: dict[str, Any]) -> None:
    assert locations(method, "/E1/1", change | {"last_updated": LATER}).http_status == 200
    stored = locations.stored()
    assert stored["evses"][0]["connectors"] == [CONNECTOR | {"max_amperage": 16, "last_updated": LATER}]
    assert stored["evses"][0]["last_updated"] == LATER
    assert stored["last_updated"] == LATER
    assert stored["evses"][1] == EVSE | {"uid": "E2"}


@pytest.mark.requirement("LOC-11")
@pytest.mark.requirement("TRA-32")
def test_a_patch_changes_only_what_it_holds(locations: Locations) -> None:
    assert locations("PATCH", body={"name": "Station", "last_updated": LATER}).status_code == 1000
    assert locations.stored() == LOCATION | {"name": "Station", "last_updated": LATER}
    assert locations("PATCH", "/E1", {"status": "CHARGING", "last_updated": LATER}).status_code == 1000
    assert locations.stored("/E1") == EVSE | {"status": "CHARGING", "last_updated": LATER}


@pytest.mark.requirement("LOC-12")
@pytest.mark.parametrize("path", ["", "/E1", "/E1/1"])
def test_a_patch_without_last_updated_is_2001_and_changes_nothing(locations: Locations, path: str) -> None:
    reply = locations("PATCH", path, {"status": "CHARGING", "name": "x", "max_amperage": 1})
    assert reply.status_code == 2001
    assert "/last_updated" in reply.message
    assert locations.stored() == LOCATION


def test_null_in_a_patch_clears_an_optional_field_and_is_2001_on_a_required_one(locations: Locations) -> None:
    locations("PATCH", body={"name": "Station", "last_updated": LATER})
    assert locations("PATCH", body={"name": None, "last_updated": LATER}).status_code == 1000
    assert "name" not in locations.stored()
    reply = locations("PATCH", body={"city": None, "last_updated": LATER})
    assert (reply.status_code, reply.message) == (2001, "/city: Field required")
    assert locations.stored()["city"] == "Utrecht"


@pytest.mark.parametrize("path", ["", "/E1", "/E1/1"])
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_what_arrives_late_is_ignored_with_1000(locations: Locations, method: str, path: str) -> None:
    objects = {"": LOCATION, "/E1": EVSE, "/E1/1": CONNECTOR}
    late = objects[path] | {"last_updated": EARLIER, "vendor": "late"}
    assert locations(method, path, late).status_code == 1000
    assert locations.stored() == LOCATION


@pytest.mark.parametrize(("path", "part"), [("/E1", EVSE), ("/E1/1", CONNECTOR)])
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_part_of_an_unknown_location_is_404_with_2003(
    locations: Locations, method: str, path: str, part: dict[str, Any]
) -> None:
    reply = locations(method, URL.replace("L1", "L9") + path, part)
    assert (reply.http_status, reply.status_code) == (404, 2003)


def test_a_connector_of_an_unknown_evse_is_404_with_2003(locations: Locations) -> None:
    reply = locations("PUT", "/E9/1", CONNECTOR)
    assert (reply.http_status, reply.status_code) == (404, 2003)
    assert "E9" in reply.message


@pytest.mark.requirement("TRA-38")
@pytest.mark.requirement("LOC-07")
@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("", LOCATION | {"id": "L2"}, "/id"),
        ("", LOCATION | {"country_code": "BE"}, "/country_code"),
        ("", LOCATION | {"party_id": "ABC"}, "/party_id"),
        ("/E1", EVSE | {"uid": "E2"}, "/uid"),
        ("/E1/1", CONNECTOR | {"id": "2"}, "/id"),
    ],
)
def test_url_and_body_must_name_the_same_object(
    locations: Locations, path: str, body: dict[str, Any], field: str
) -> None:
    for method in ("PUT", "PATCH"):
        reply = locations(method, path, body)
        assert reply.status_code == 2001
        assert reply.message.startswith(field)
    assert locations.stored() == LOCATION


@pytest.mark.requirement("LOC-10")
@pytest.mark.requirement("LOC-21")
@pytest.mark.requirement("STA-02")
@pytest.mark.requirement("STA-10")
@pytest.mark.requirement("TYP-15")
@pytest.mark.parametrize(
    "field",
    [
        "country_code",
        "party_id",
        "id",
        "publish",
        "address",
        "city",
        "country",
        "coordinates",
        "time_zone",
        "last_updated",
    ],
)
def test_a_missing_field_is_2001_naming_it(locations: Locations, field: str) -> None:
    reply = locations("PUT", body=without(LOCATION, field))
    assert (reply.http_status, reply.status_code) == (200, 2001)
    assert f"/{field}" in reply.message


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        pytest.param(
            {"coordinates": {"latitude": "52.1", "longitude": "5.10990"}},
            "/coordinates/latitude",
            marks=pytest.mark.requirement("LOC-30"),
        ),
        pytest.param({"time_zone": "Utrecht"}, "/time_zone", marks=pytest.mark.requirement("LOC-28")),
        pytest.param(
            {"last_updated": "2026-11-22T08:00:00+00:00"}, "/last_updated", marks=pytest.mark.requirement("TYP-08")
        ),
        pytest.param({"last_updated": "2026-11-22 08:00:00"}, "/last_updated", marks=pytest.mark.requirement("TYP-08")),
        ({"last_updated": 1}, "/last_updated"),
        pytest.param(
            {"evses": [EVSE | {"status": "Charging"}]}, "/evses/0/status", marks=pytest.mark.requirement("TYP-04")
        ),
        pytest.param(
            {"evses": [EVSE | {"connectors": []}]},
            "/evses/0/connectors",
            marks=pytest.mark.requirement("LOC-31", "TYP-15"),
        ),
        (
            {"evses": [EVSE | {"connectors": [CONNECTOR | {"max_amperage": "32"}]}]},
            "/evses/0/connectors/0/max_amperage",
        ),
        pytest.param({"name": "line\nbreak"}, "/name", marks=pytest.mark.requirement("TYP-03")),
        pytest.param({"city": "x" * 46}, "/city", marks=pytest.mark.requirement("TYP-05")),
        ({"publish": "false"}, "/publish"),
        pytest.param(
            {"opening_times": {"twentyfourseven": False}}, "/opening_times", marks=pytest.mark.requirement("LOC-37")
        ),
        ({"evses": [EVSE, EVSE | {"uid": "e1"}]}, "/: Value error, evses holds the same id twice"),
        ({"evses": [EVSE | {"connectors": [CONNECTOR | {"max_voltage": 2**64}]}]}, "/evses/0/connectors/0/max_voltage"),
    ],
)
def test_a_wrong_field_is_2001_naming_it(locations: Locations, change: dict[str, Any], pointer: str) -> None:
    reply = locations("PUT", body=LOCATION | change | {"name": change.get("name", "changed")})
    assert (reply.http_status, reply.status_code) == (200, 2001)
    assert reply.message.startswith(pointer)
    assert locations.stored() == LOCATION


def test_unknown_fields_are_kept(locations: Locations) -> None:
    extended = LOCATION | {"vendor": {"floor": [1, 2.50]}, "last_updated": LATER}
    assert locations("PUT", body=extended).status_code == 1000
    assert locations.stored() == extended


@pytest.mark.requirement("TRA-37")
def test_the_objects_of_other_parties_are_not_accessible(locations: Locations) -> None:
    foreign = URL.replace("SIM", "ABC")
    for method in ("GET", "PUT", "PATCH"):
        reply = locations(method, foreign, LOCATION | {"party_id": "ABC"})
        assert reply.http_status == 404
        assert "NL/ABC" in reply.message
