"""Locations: what a CPO pushes is kept as it came, ours are read."""

from typing import Any

import pytest

from tests import own
from tests.api import Reply, request
from tests.functions.conftest import Connection, Register
from tests.objects import CONNECTOR, EVSE, LOCATION, TARIFF, without

URL = "/ocpi/2.2.1/receiver/locations/NL/SIM/L1"
OURS = "/ocpi/2.2.1/sender/locations"
IMAGE: dict[str, Any] = {"url": "https://example.com/1.jpeg", "category": "OTHER", "type": "jpeg", "width": 99999}
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


def test_decision_21_null_in_a_patch_clears_an_optional_field_and_is_2001_on_a_required_one(
    locations: Locations,
) -> None:
    locations("PATCH", body={"name": "Station", "last_updated": LATER})
    assert locations("PATCH", body={"name": None, "last_updated": LATER}).status_code == 1000
    assert "name" not in locations.stored()
    reply = locations("PATCH", body={"city": None, "last_updated": LATER})
    assert (reply.status_code, reply.message) == (2001, "/city: Field required")
    assert locations.stored()["city"] == "Utrecht"


@pytest.mark.parametrize("path", ["", "/E1", "/E1/1"])
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_decision_22_what_arrives_late_is_ignored_with_1000(locations: Locations, method: str, path: str) -> None:
    objects = {"": LOCATION, "/E1": EVSE, "/E1/1": CONNECTOR}
    late = objects[path] | {"last_updated": EARLIER, "vendor": "late"}
    assert locations(method, path, late).status_code == 1000
    assert locations.stored() == LOCATION


@pytest.mark.parametrize(("path", "part"), [("/E1", EVSE), ("/E1/1", CONNECTOR)])
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_decision_23_a_part_of_an_unknown_location_is_404_with_2003(
    locations: Locations, method: str, path: str, part: dict[str, Any]
) -> None:
    reply = locations(method, URL.replace("L1", "L9") + path, part)
    assert (reply.http_status, reply.status_code) == (404, 2003)


def test_decision_23_a_connector_of_an_unknown_evse_is_404_with_2003(locations: Locations) -> None:
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
            {"images": [without(IMAGE, "category")]}, "/images/0/category", marks=pytest.mark.requirement("LOC-42")
        ),
        pytest.param(
            {"images": [IMAGE | {"category": "Other"}]}, "/images/0/category", marks=pytest.mark.requirement("LOC-42")
        ),
        pytest.param({"images": [without(IMAGE, "url")]}, "/images/0/url", marks=pytest.mark.requirement("LOC-42")),
        pytest.param(
            {"images": [IMAGE | {"type": "image"}]}, "/images/0/type", marks=pytest.mark.requirement("LOC-42")
        ),
        pytest.param(
            {"images": [IMAGE | {"width": 100000}]}, "/images/0/width", marks=pytest.mark.requirement("LOC-42")
        ),
        pytest.param(
            {"opening_times": {"twentyfourseven": False}}, "/opening_times", marks=pytest.mark.requirement("LOC-37")
        ),
        ({"evses": [EVSE, EVSE | {"uid": "e1"}]}, "/: evses holds the same id twice"),
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


@pytest.mark.requirement("LOC-14", "TRA-14")
@pytest.mark.parametrize("path", ["", "/E1", "/E1/1"])
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_a_location_is_neither_posted_nor_deleted(locations: Locations, method: str, path: str) -> None:
    reply = locations(method, path, LOCATION)
    assert (reply.http_status, reply.status_code) == (405, 2000)
    assert locations.stored() == LOCATION


class Reader:
    """An eMSP that reads our Locations."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, path: str = "", method: str = "GET", body: object = None) -> Reply:
        return request(method, OURS + path, token=self._token, body=body)

    def location(self) -> dict[str, Any]:
        """Our Location."""
        reply = self("/L1")
        assert self().data == [reply.data]
        return dict(reply.data)


@pytest.fixture
def reader(register: Register) -> Reader:
    """Of one Location with two EVSEs."""
    own.put_location(LOCATION)
    return Reader(register("EMSP NL TNM"))


@pytest.mark.requirement("LOC-02", "LOC-03", "TYP-01")
def test_our_location_is_read_whole_or_in_part(reader: Reader) -> None:
    assert reader.location() == reader("/l1").data == LOCATION | own.PARTY
    assert reader("/L1/e2").data == EVSE | {"uid": "E2"}
    assert reader("/L1/E1/1").data == CONNECTOR


@pytest.mark.requirement("STA-03")
@pytest.mark.parametrize("path", ["/L9", "/L1/E9", "/L1/E1/9", "/L9/E1/1"])
def test_what_we_do_not_have_is_404(reader: Reader, path: str) -> None:
    reply = reader(path)
    assert (reply.http_status, reply.status_code) == (404, 2003)


@pytest.mark.requirement("LOC-04", "TRA-14")
@pytest.mark.parametrize("path", ["", "/L1", "/L1/E1", "/L1/E1/1"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_our_locations_are_read_and_nothing_else(reader: Reader, method: str, path: str) -> None:
    reply = reader(path, method, LOCATION)
    assert (reply.http_status, reply.status_code) == (405, 2000)
    assert reader.location() == LOCATION | own.PARTY


@pytest.mark.requirement("LOC-15")
def test_a_change_to_a_connector_of_ours_moves_its_evse_and_location_on(reader: Reader) -> None:
    own.put_location(CONNECTOR | {"last_updated": LATER}, location_id="L1", evse_uid="E1", connector_id="1")
    location = reader.location()
    assert [evse["last_updated"] for evse in location["evses"]] == [LATER, EVSE["last_updated"]]
    assert location["last_updated"] == LATER
    latest = "2026-11-22T10:00:00Z"
    own.patch_location({"status": "CHARGING", "last_updated": latest}, evse_uid="E2")
    location = reader.location()
    assert [evse["last_updated"] for evse in location["evses"]] == [LATER, latest]
    assert location["last_updated"] == latest


@pytest.mark.requirement("LOC-15")
def test_even_if_the_backend_puts_the_location_with_its_old_last_updated(reader: Reader) -> None:
    changed = EVSE | {"connectors": [CONNECTOR | {"max_amperage": 16, "last_updated": LATER}]}
    own.put_location(LOCATION | {"evses": [EVSE, changed | {"uid": "E2"}]})
    location = reader.location()
    assert [evse["last_updated"] for evse in location["evses"]] == [EVSE["last_updated"], LATER]
    assert location["last_updated"] == LATER
    assert [each["id"] for each in reader(f"?date_from={LATER}").data] == ["L1"]


@pytest.mark.requirement("LOC-17", "LOC-18")
def test_an_evse_that_our_backend_leaves_out_is_told_as_removed(reader: Reader) -> None:
    own.put_location(LOCATION | {"evses": [EVSE], "last_updated": LATER})
    removed = EVSE | {"uid": "E2", "status": "REMOVED", "last_updated": LATER}
    assert reader.location()["evses"] == [EVSE, removed]
    assert reader("/L1/E2").data == removed
    own.patch_location({"evses": None, "last_updated": "2026-11-22T10:00:00Z"})
    gone = EVSE | {"status": "REMOVED", "last_updated": "2026-11-22T10:00:00Z"}
    assert reader.location()["evses"] == [gone, removed]


@pytest.mark.requirement("LOC-17")
@pytest.mark.parametrize("removed", [{"status": "REMOVED"}, {"status": "REMOVED", "evse_id": None}])
def test_our_backend_removes_an_evse_by_its_status(reader: Reader, removed: dict[str, Any]) -> None:
    own.patch_location(removed | {"last_updated": LATER}, evse_uid="E1")
    assert reader("/L1/E1").data == EVSE | {"status": "REMOVED", "last_updated": LATER}


def refused(pointer: str, **changes: object) -> None:
    """Our own backend may not put this."""
    own.assert_refused(own.put("locations", LOCATION | {"last_updated": LATER} | changes), pointer)


@pytest.mark.requirement("LOC-18")
def test_no_connector_of_ours_is_ever_left_out(reader: Reader) -> None:
    both = EVSE | {"connectors": [CONNECTOR, CONNECTOR | {"id": "2"}]}
    own.put_location(LOCATION | {"evses": [EVSE | {"uid": "E2"}, both]})
    refused("/evses/1/connectors", evses=[EVSE | {"uid": "E2"}, EVSE])
    reply = own.put("locations", EVSE | {"last_updated": LATER}, "L1", "E1")
    own.assert_refused(reply, "/evses/1/connectors")
    assert "the connector 2 is missing" in reply.detail
    assert reader("/L1/E1").data == both


@pytest.mark.requirement("LOC-24")
def test_who_may_see_ours_is_said_only_where_it_is_hidden(reader: Reader) -> None:
    some = {"publish_allowed_to": [{"group_id": "G1"}]}
    refused("/", publish=True, **some)
    reply = own.patch("locations", {"publish": True, "last_updated": LATER} | some, "L1")
    assert reply.status == 400
    assert "publish_allowed_to" in reply.detail
    own.put_location(LOCATION | some)
    assert reader.location() == LOCATION | own.PARTY | some


@pytest.mark.requirement("LOC-40")
def test_the_energy_mix_of_ours_is_whole(reader: Reader) -> None:
    shares = [{"source": "SOLAR", "percentage": 33.3}, {"source": "WIND", "percentage": 66.6}]
    mix = {"is_green_energy": True, "energy_sources": shares}
    refused("/energy_mix/energy_sources", energy_mix=mix)
    reply = own.patch("locations", {"energy_mix": mix, "last_updated": LATER}, "L1")
    own.assert_refused(reply, "/energy_mix/energy_sources")
    assert " 99.9," in reply.detail
    shares[0]["percentage"] = 33.4
    own.put_location(LOCATION | {"energy_mix": mix})
    assert reader.location()["energy_mix"] == mix


@pytest.mark.requirement("LOC-34", "TAR-17")
def test_a_connector_of_ours_has_one_tariff_of_a_type_at_a_time(reader: Reader) -> None:
    noon, night = "2026-11-22T12:00:00Z", "2026-11-22T22:00:00Z"
    own.put_tariff(TARIFF | {"id": "TODAY", "type": "REGULAR", "end_date_time": night})
    own.put_tariff(TARIFF | {"id": "TOMORROW", "type": "REGULAR", "start_date_time": night})
    own.put_tariff(TARIFF | {"id": "AFTERNOON", "type": "REGULAR", "start_date_time": noon, "end_date_time": night})
    own.put_tariff(TARIFF | {"id": "CHEAP", "type": "PROFILE_CHEAP"})

    def evses(*tariff_ids: str) -> list[dict[str, Any]]:
        connector = CONNECTOR | {"tariff_ids": tariff_ids}
        return [EVSE | {"connectors": [connector]}, EVSE | {"uid": "E2"}]

    refused("/evses/0/connectors/0/tariff_ids", evses=evses("today", "CHEAP", "AFTERNOON"))
    both = {"tariff_ids": ["TODAY", "AFTERNOON"], "last_updated": LATER}
    reply = own.patch("locations", both, "L1", "E1", "1")
    assert reply.status == 400
    assert "AFTERNOON and TODAY" in reply.detail
    whole = evses("TODAY", "TOMORROW", "CHEAP", "UNKNOWN")
    own.put_location(LOCATION | {"evses": whole})
    assert reader.location()["evses"][0]["connectors"][0]["tariff_ids"] == ["TODAY", "TOMORROW", "CHEAP", "UNKNOWN"]


def test_what_identifies_ours_never_changes(reader: Reader) -> None:
    for fields, ids in (({"id": "L2"}, ["L1"]), ({"uid": "E9"}, ["L1", "E1"])):
        reply = own.patch("locations", fields | {"last_updated": LATER}, *ids)
        own.assert_refused(reply, f"/{next(iter(fields))}")
        assert "what identifies an object cannot be changed" in reply.detail
    refused("/", evses=[EVSE, EVSE | {"uid": "e1"}])
    assert reader.location() == LOCATION | own.PARTY


def test_what_our_backend_puts_late_is_a_conflict(reader: Reader) -> None:
    late = {"last_updated": EARLIER}
    assert own.put("locations", LOCATION | late).status == 409
    assert own.patch("locations", {"name": "x"} | late, "L1").status == 409
    assert own.patch("locations", {"status": "UNKNOWN"} | late, "L1", "E1").status == 409
    assert reader.location() == LOCATION | own.PARTY
