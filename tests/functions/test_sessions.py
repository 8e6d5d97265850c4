"""Sessions, receiver interface."""

from typing import Any
from urllib.parse import unquote

import pytest

from tests.api import Reply, request
from tests.functions.conftest import Connection
from tests.objects import PERIOD, SESSION, without

URL = "/ocpi/2.2.1/receiver/sessions/NL/SIM/S1"
LATER = "2026-11-22T09:00:00Z"
EARLIER = "2026-11-22T07:00:00Z"
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


def test_what_arrives_late_is_ignored_with_1000(sessions: Sessions) -> None:
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
