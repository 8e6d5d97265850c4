"""Sessions: those of CPOs come in, ours are listed, and drivers say what they want of them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

import pytest

from tests import own
from tests.api import Reply, request
from tests.functions.conftest import Connection, Register
from tests.objects import CONNECTOR, EVSE, LOCATION, PERIOD, SESSION, TARIFF, without

URL = "/ocpi/2.2.1/receiver/sessions/NL/SIM/S1"
OURS = "/ocpi/2.2.1/sender/sessions"
PREFERENCES = f"{OURS}/S1/charging_preferences"
LATER = "2026-11-22T09:00:00Z"
EARLIER = "2026-11-22T07:00:00Z"
LAST = "2026-11-22T10:00:00Z"
NEXT_PERIOD = PERIOD | {"start_date_time": LATER}


class Sessions:
    """The module as a registered CPO calls it."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, method: str, body: object = None, url: str = URL) -> Reply:
        return request(method, url, token=self._token, body=body)

    def stored(self) -> Any:
        return self("GET").data


@pytest.fixture
def sessions(connection: Connection) -> Sessions:
    """With one ongoing Session stored, which has one charging period."""
    sessions = Sessions(connection.token)
    assert sessions("PUT", SESSION | {"charging_periods": [PERIOD]}).http_status == 201
    return sessions


@pytest.mark.requirement("SES-10")
@pytest.mark.requirement("SES-11")
@pytest.mark.requirement("TYP-10")
def test_a_session_is_kept_as_it_came_numbers_exact(sessions: Sessions) -> None:
    assert sessions.stored() == SESSION | {"charging_periods": [PERIOD]}
    exact = b'{"kwh": 0.10000000000000000001, "last_updated": "2026-11-22T08:00:01Z"}'
    assert sessions("PATCH", exact).status_code == 1000
    assert '"kwh":0.10000000000000000001,' in sessions("GET").body


@pytest.mark.requirement("SES-12")
@pytest.mark.requirement("TYP-16")
@pytest.mark.parametrize("periods", [{}, {"charging_periods": []}, {"charging_periods": None}])
def test_put_replaces_all_charging_periods(sessions: Sessions, periods: dict[str, object]) -> None:
    assert sessions("PUT", SESSION | periods).http_status == 200
    assert not sessions.stored().get("charging_periods")


@pytest.mark.requirement("SES-13")
def test_patch_merges_top_level_fields(sessions: Sessions) -> None:
    assert sessions("PATCH", {"kwh": 5, "last_updated": LATER}).status_code == 1000
    assert sessions.stored() == SESSION | {"charging_periods": [PERIOD], "kwh": 5, "last_updated": LATER}


@pytest.mark.requirement("SES-14")
def test_patch_appends_charging_periods_once(sessions: Sessions) -> None:
    patch = {"charging_periods": [NEXT_PERIOD], "last_updated": LATER}
    assert sessions("PATCH", patch).status_code == 1000
    assert sessions("PATCH", patch).status_code == 1000
    assert sessions.stored()["charging_periods"] == [PERIOD, NEXT_PERIOD]


@pytest.mark.requirement("SES-15")
@pytest.mark.parametrize("periods", [[], None])
def test_an_empty_list_in_a_patch_leaves_the_periods(sessions: Sessions, periods: object) -> None:
    assert sessions("PATCH", {"charging_periods": periods, "last_updated": LATER}).status_code == 1000
    assert sessions.stored()["charging_periods"] == [PERIOD]


@pytest.mark.requirement("SES-13")
@pytest.mark.requirement("STA-10")
@pytest.mark.parametrize(
    ("patch", "pointer"),
    [
        ({"kwh": 5}, "/last_updated"),
        ({"kwh": 5, "last_updated": "yesterday"}, "/last_updated"),
        ({"kwh": "5", "last_updated": LATER}, "/kwh"),
        ({"kwh": -1, "last_updated": LATER}, "/kwh"),
        ({"kwh": True, "last_updated": LATER}, "/kwh"),
        ({"status": "RESERVED", "last_updated": LATER}, "/status"),
        ({"charging_periods": PERIOD, "last_updated": LATER}, "/charging_periods"),
        ({"charging_periods": {}, "last_updated": LATER}, "/charging_periods"),
        ({"charging_periods": 0, "last_updated": LATER}, "/charging_periods"),
        ({"kwh": 5, "last_updated": "9999-12-31T00:00:00Z"}, "/last_updated"),
        ({"charging_periods": [{}], "last_updated": LATER}, "/charging_periods/1"),
        ({"id": "S2", "last_updated": LATER}, "/id"),
    ],
)
def test_a_wrong_patch_is_2001_and_changes_nothing(sessions: Sessions, patch: dict[str, object], pointer: str) -> None:
    before = sessions.stored()
    reply = sessions("PATCH", patch)
    assert (reply.http_status, reply.status_code) == (200, 2001)
    assert reply.message.startswith(pointer)
    assert sessions.stored() == before


@pytest.mark.requirement("SES-16")
def test_a_url_into_the_session_is_refused(sessions: Sessions) -> None:
    assert sessions("PATCH", {"last_updated": LATER}, URL + "/charging_periods").http_status == 404


def test_decision_22_what_arrives_late_is_ignored_with_1000(sessions: Sessions) -> None:
    before = sessions.stored()
    assert sessions("PUT", SESSION | {"kwh": 0, "last_updated": EARLIER}).status_code == 1000
    assert sessions("PATCH", {"kwh": 0, "last_updated": EARLIER}).status_code == 1000
    assert sessions.stored() == before


def test_an_unknown_session_is_404(sessions: Sessions) -> None:
    for method in ("GET", "PATCH"):
        reply = sessions(method, {"last_updated": LATER}, URL.replace("S1", "S9"))
        assert (reply.http_status, reply.status_code) == (404, 2000)


@pytest.mark.requirement("TYP-02")
@pytest.mark.parametrize("id_", ["%C5%BF1", "S%0A1", "x" * 37, "x" * 3000])
def test_a_url_with_what_can_be_no_id_is_404(sessions: Sessions, id_: str) -> None:
    for method in ("GET", "PUT", "PATCH"):
        assert sessions(method, {"last_updated": LATER}, unquote(URL.replace("S1", id_))).http_status == 404


def test_large_whole_numbers_are_kept_exactly(sessions: Sessions) -> None:
    large = b'{"vendor": 123456789012345678901234567890, "last_updated": "2026-11-22T09:00:00Z"}'
    assert sessions("PATCH", large).status_code == 1000
    assert '"vendor":123456789012345678901234567890' in sessions("GET").body


@pytest.mark.requirement("SES-20")
@pytest.mark.requirement("TYP-15")
@pytest.mark.parametrize("field", sorted(SESSION))
def test_a_missing_field_is_2001_naming_it(sessions: Sessions, field: str) -> None:
    reply = sessions("PUT", without(SESSION, field))
    assert (reply.http_status, reply.status_code) == (200, 2001)
    assert f"/{field}" in reply.message


@pytest.mark.requirement("SES-18", "TRA-14")
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_a_session_is_neither_posted_nor_deleted(sessions: Sessions, method: str) -> None:
    before = sessions.stored()
    reply = sessions(method, SESSION)
    assert (reply.http_status, reply.status_code) == (405, 2000)
    assert sessions.stored() == before


@pytest.mark.requirement("SES-17")
def test_charging_periods_are_corrected_by_a_put_of_the_whole_session(sessions: Sessions) -> None:
    corrected = SESSION | {"charging_periods": [NEXT_PERIOD], "last_updated": LATER}
    assert sessions("PUT", corrected).http_status == 200
    assert sessions.stored() == corrected


class Emsp(Sessions):
    """An eMSP, NL/TNM, whose driver charges at our station."""

    def listed(self) -> list[dict[str, Any]]:
        """Our Sessions, as it is told of them."""
        reply = self("GET", url=f"{OURS}?date_from=2026-01-01T00:00:00Z")
        assert reply.status_code == 1000
        return list(reply.data)

    def prefers(self, url: str = PREFERENCES, **preferences: object) -> Reply:
        """Put what the driver wants."""
        return self("PUT", preferences, url)


@pytest.fixture
def emsp(register: Register) -> Emsp:
    """Where nobody charges yet."""
    return Emsp(register("EMSP NL TNM"))


@pytest.mark.requirement("SES-01", "SES-02")
@pytest.mark.parametrize("query", ["", "?limit=1", "?date_to=2030-01-01T00:00:00Z"])
def test_decision_7_the_list_of_sessions_needs_date_from(emsp: Emsp, query: str) -> None:
    own.put_session(SESSION)
    reply = emsp("GET", url=OURS + query)
    assert (reply.http_status, reply.status_code) == (200, 2001)
    assert reply.message.startswith("query parameter date_from")
    assert emsp.listed() == [SESSION | own.PARTY]


@pytest.mark.requirement("SES-09", "TRA-14")
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_our_sessions_are_listed_and_nothing_else(emsp: Emsp, method: str) -> None:
    own.put_session(SESSION)
    ours = SESSION | own.PARTY
    reply = emsp(method, ours, OURS)
    assert (reply.http_status, reply.status_code) == (405, 2000)
    assert emsp(method, ours, f"{OURS}/S1").http_status == 404
    if method != "PUT":
        assert emsp(method, ours, PREFERENCES).http_status == 405
    assert emsp.listed() == [ours]


def refused(pointer: str, **changes: object) -> None:
    """Our own backend may not put this."""
    own.assert_refused(own.put("sessions", SESSION | changes), pointer)


@pytest.mark.requirement("SES-21")
def test_a_completed_session_of_ours_is_not_changed_any_more(emsp: Emsp) -> None:
    completed = SESSION | {"status": "COMPLETED", "end_date_time": LATER}
    own.put_session(SESSION)
    own.put_session(completed)
    assert own.put("sessions", completed).body == {"outcome": "UNCHANGED"}
    assert own.patch("sessions", {"last_updated": SESSION["last_updated"]}, "S1").body == {"outcome": "UNCHANGED"}
    refused("/status", kwh=9, last_updated=LATER)
    own.assert_refused(own.patch("sessions", {"kwh": 9, "last_updated": LATER}, "S1"), "/status")
    assert emsp.listed() == [completed | own.PARTY]


@pytest.mark.requirement("SES-26")
@pytest.mark.parametrize("field", ["evse_uid", "connector_id"])
def test_only_a_reservation_of_ours_has_no_evse(emsp: Emsp, field: str) -> None:
    refused("/evse_uid", **{field: "#NA", "status": "PENDING"})
    refused("/evse_uid", **{field: "#na", "status": "COMPLETED"})
    reply = own.put("sessions", SESSION | {field: "#NA"})
    assert reply.status == 400
    assert "#NA only in a reservation" in reply.detail
    reservation = SESSION | {field: "#NA", "status": "RESERVATION", "kwh": 0}
    own.put_session(reservation)
    assert emsp.listed() == [reservation | own.PARTY]


@pytest.mark.requirement("SES-23", "SES-24", "SES-29")
def test_a_reservation_becomes_the_session_itself(emsp: Emsp) -> None:
    own.put_session(SESSION | {"status": "RESERVATION", "kwh": 0, "evse_uid": "#NA", "auth_method": "COMMAND"})
    own.patch_session({"status": "ACTIVE", "evse_uid": "E1", "auth_method": "WHITELIST", "last_updated": LATER})
    (session,) = emsp.listed()
    assert (session["id"], session["status"], session["auth_method"]) == ("S1", "ACTIVE", "WHITELIST")


@pytest.mark.requirement("SES-24")
def test_an_unused_reservation_is_completed(emsp: Emsp) -> None:
    own.put_session(SESSION | {"status": "RESERVATION", "kwh": 0, "evse_uid": "#NA", "connector_id": "#NA"})
    own.patch_session({"status": "COMPLETED", "last_updated": LATER})
    assert emsp.listed()[0]["status"] == "COMPLETED"


@pytest.mark.requirement("SES-25")
def test_a_pending_session_of_ours_starts_when_it_becomes_active(emsp: Emsp) -> None:
    for id_ in ("S1", "S2", "S3"):
        own.put_session(SESSION | {"id": id_, "status": "PENDING", "kwh": 0})
    own.patch_session({"status": "ACTIVE", "last_updated": LATER}, "S1")
    own.put_session(SESSION | {"id": "S2", "last_updated": LATER})
    known = "2026-11-22T08:59:00Z"
    own.put_session(SESSION | {"id": "S3", "start_date_time": known, "last_updated": LATER})
    assert [each["start_date_time"] for each in emsp.listed()] == [LATER, LATER, known]
    own.patch_session({"kwh": 5, "last_updated": "2026-11-22T09:30:00Z"}, "S1")
    assert emsp.listed()[-1]["start_date_time"] == LATER


@pytest.mark.requirement("SES-25")
def test_a_session_of_ours_that_has_begun_is_not_moved_back_to_its_creation(emsp: Emsp) -> None:
    own.put_session(SESSION | {"status": "PENDING", "kwh": 0})
    active = SESSION | {"last_updated": LATER}
    assert own.put_session(active).body == {"outcome": "UPDATED"}
    assert own.put_session(active).body == {"outcome": "UNCHANGED"}, "sent again"
    own.put_session(active | {"kwh": 5, "last_updated": "2026-11-22T09:30:00Z"})
    assert [(each["start_date_time"], each["kwh"]) for each in emsp.listed()] == [(LATER, 5)]
    own.patch_session({"start_date_time": SESSION["start_date_time"], "last_updated": "2026-11-22T09:40:00Z"})
    completed = active | {"status": "COMPLETED", "end_date_time": LAST, "last_updated": LAST}
    assert [own.put_session(completed).body["outcome"] for _ in range(2)] == ["UPDATED", "UNCHANGED"]
    assert [(each["start_date_time"], each["status"]) for each in emsp.listed()] == [(LATER, "COMPLETED")]


@pytest.mark.requirement("SES-14", "SES-17", "SES-12")
def test_the_periods_of_a_session_of_ours_grow_by_patch_and_are_corrected_by_put(emsp: Emsp) -> None:
    own.put_session(SESSION | {"charging_periods": [PERIOD]})
    own.patch_session({"charging_periods": [NEXT_PERIOD], "last_updated": LATER})
    assert emsp.listed()[0]["charging_periods"] == [PERIOD, NEXT_PERIOD]
    own.put_session(SESSION | {"last_updated": LATER})
    assert "charging_periods" not in emsp.listed()[0]


def test_what_our_backend_puts_late_is_a_conflict(emsp: Emsp) -> None:
    own.put_session(SESSION)
    assert own.put("sessions", SESSION | {"kwh": 0, "last_updated": EARLIER}).status == 409
    assert own.patch("sessions", {"kwh": 0, "last_updated": EARLIER}, "S1").status == 409
    assert emsp.listed() == [SESSION | own.PARTY]


def in_hours(hours: float) -> str:
    return (datetime.now(UTC) + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture
def charging(emsp: Emsp) -> Emsp:
    """Its driver charges at a connector with a Tariff each for CHEAP, GREEN and, not any more, FAST."""
    for name, changes in (("CHEAP", {}), ("GREEN", {}), ("FAST", {"end_date_time": in_hours(-1)})):
        own.put_tariff(TARIFF | {"id": name, "type": f"PROFILE_{name}"} | changes)
    own.put_tariff(TARIFF | {"id": "ANY"})
    connector = CONNECTOR | {"tariff_ids": ["ANY", "cheap", "GREEN", "FAST", "NONE"]}
    capable = EVSE | {"capabilities": ["CHARGING_PREFERENCES_CAPABLE"], "connectors": [connector]}
    own.put_location(LOCATION | {"evses": [capable, EVSE | {"uid": "E2"}]})
    own.put_session(SESSION)
    return emsp


WHOLE: dict[str, Any] = {"profile_type": "CHEAP", "departure_time": in_hours(3), "energy_need": 20.5}


@pytest.mark.requirement("SES-03", "SES-06", "SES-07")
def test_preferences_are_accepted_and_kept_in_the_session(charging: Emsp) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    reply = charging.prefers(**WHOLE)
    assert (reply.http_status, reply.status_code, reply.data) == (200, 1000, "ACCEPTED")
    (session,) = charging.listed()
    assert session == SESSION | own.PARTY | {"charging_preferences": WHOLE, "last_updated": session["last_updated"]}
    assert datetime.fromisoformat(session["last_updated"]) > before


def test_what_the_driver_wants_stays_until_the_backend_puts_something_else(charging: Emsp) -> None:
    charging.prefers(**WHOLE)
    own.put_session(SESSION | {"kwh": 7, "last_updated": in_hours(1)})
    (session,) = charging.listed()
    assert (session["kwh"], session["charging_preferences"]) == (7, WHOLE)
    wanted = {"profile_type": "REGULAR"}
    own.put_session(SESSION | {"charging_preferences": wanted, "last_updated": in_hours(2)})
    assert charging.listed()[0]["charging_preferences"] == wanted


@pytest.mark.requirement("SES-05")
@pytest.mark.parametrize("profile_type", ["CHEAP", "GREEN"])
@pytest.mark.parametrize(
    ("missing", "answer"), [("departure_time", "DEPARTURE_REQUIRED"), ("energy_need", "ENERGY_NEED_REQUIRED")]
)
def test_who_wants_better_hours_says_until_when_and_how_much(
    charging: Emsp, profile_type: str, missing: str, answer: str
) -> None:
    reply = charging.prefers(**without(WHOLE | {"profile_type": profile_type}, missing))
    assert (reply.status_code, reply.data) == (1000, answer)
    assert charging.listed() == [SESSION | own.PARTY]


@pytest.mark.requirement("SES-06", "SES-08", "TAR-14", "TAR-17")
def test_a_profile_type_without_a_tariff_that_is_active_is_not_supported(charging: Emsp) -> None:
    assert charging.prefers(**WHOLE | {"profile_type": "FAST"}).data == "PROFILE_TYPE_NOT_SUPPORTED"
    assert charging.listed() == [SESSION | own.PARTY]
    own.put_tariff(TARIFF | {"id": "FAST", "type": "PROFILE_FAST"})
    assert charging.prefers(profile_type="FAST").data == "ACCEPTED"


@pytest.mark.requirement("SES-06", "TAR-14")
def test_regular_needs_no_tariff_of_its_own(charging: Emsp) -> None:
    assert charging.prefers(profile_type="REGULAR").data == "ACCEPTED"
    assert charging.listed()[0]["charging_preferences"] == {"profile_type": "REGULAR"}


@pytest.mark.requirement("SES-06")
@pytest.mark.parametrize("profile_type", ["CHEAP", "REGULAR"])
def test_a_departure_in_the_past_is_not_possible(charging: Emsp, profile_type: str) -> None:
    preferences = WHOLE | {"profile_type": profile_type, "departure_time": in_hours(-1)}
    assert charging.prefers(**preferences).data == "NOT_POSSIBLE"
    assert charging.listed() == [SESSION | own.PARTY]


@pytest.mark.requirement("SES-04")
@pytest.mark.parametrize(
    "where", [{"evse_uid": "E2"}, {"evse_uid": "E9"}, {"connector_id": "9"}, {"location_id": "L9"}]
)
def test_an_evse_that_takes_no_preferences_is_404_with_2001(charging: Emsp, where: dict[str, str]) -> None:
    own.put_session(SESSION | where | {"last_updated": LATER})
    reply = charging.prefers(**WHOLE)
    assert (reply.http_status, reply.status_code) == (404, 2001)
    assert "CHARGING_PREFERENCES_CAPABLE" in reply.message


@pytest.mark.requirement("SES-03")
@pytest.mark.parametrize("status", ["COMPLETED", "INVALID", "RESERVATION"])
def test_preferences_are_for_an_ongoing_session(charging: Emsp, status: str) -> None:
    own.put_session(SESSION | {"status": status})
    for url in (PREFERENCES, PREFERENCES.replace("S1", "S9")):
        reply = charging.prefers(url, **WHOLE)
        assert (reply.http_status, reply.status_code) == (404, 2000)
    assert charging.listed() == [SESSION | own.PARTY | {"status": status}]


@pytest.mark.requirement("SES-03", "TRA-28")
def test_nobody_prefers_anything_for_the_driver_of_another_emsp(charging: Emsp, register: Register) -> None:
    assert Emsp(register("EMSP NL ABC")).prefers(**WHOLE).http_status == 404
    assert charging.listed() == [SESSION | own.PARTY]
    assert Emsp(register("SCSP NL PLN")).prefers(**WHOLE).data == "ACCEPTED"


@pytest.mark.requirement("SES-07", "STA-10")
@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"profile_type": None}, "/profile_type"),
        ({"profile_type": "Cheap"}, "/profile_type"),
        ({"energy_need": "20"}, "/energy_need"),
        ({"energy_need": -1}, "/energy_need"),
        ({"departure_time": "2026-11-22 10:00:00"}, "/departure_time"),
        ({"discharge_allowed": "no"}, "/discharge_allowed"),
    ],
)
def test_wrong_preferences_are_2001_naming_the_field(charging: Emsp, change: dict[str, object], pointer: str) -> None:
    reply = charging.prefers(**WHOLE | change)
    assert (reply.http_status, reply.status_code) == (200, 2001)
    assert reply.message.startswith(pointer)
    assert charging.listed() == [SESSION | own.PARTY]
