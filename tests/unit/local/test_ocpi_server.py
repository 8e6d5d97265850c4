"""The simulated CPO's server keeps to OCPI 2.2.1."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from local.cpo.site import Evse
from local.ocpi_http.registration import Refused
from tests.unit.local.office import Office, a_day, a_site, a_stay, an_office
from tests.unit.local.scsp import BASE, CPO, TOKEN_A, TOKEN_C, Scsp, header

PROFILES = f"{CPO}/ocpi/2.2.1/receiver/chargingprofiles"
CREDENTIALS = f"{CPO}/ocpi/2.2.1/credentials"
THEIRS = {
    "token": TOKEN_C,
    "url": f"{BASE}/versions",
    "roles": [{"role": "SCSP", "country_code": "NL", "party_id": "OCS", "business_details": {"name": "Test"}}],
}
ORDER = {
    "charging_profile": {
        "charging_rate_unit": "A",
        "charging_profile_period": [{"start_period": 0, "limit": 10.5}],
    },
    "response_url": f"{BASE}/result/7?a=b&c=%20d",
}


def within(story: Callable[[Office], Awaitable[None]], **office: Any) -> None:
    async def run() -> None:
        async with an_office(**office) as opened:
            await story(opened)

    asyncio.run(run())


async def call(
    office: Office, method: str, url: str, token: str | None, body: Any = None, **more: Any
) -> httpx.Response:
    headers = {} if token is None else {"Authorization": header(token)}
    return await office.http.request(method, url, headers=headers, json=body, **more)


def envelope(response: httpx.Response, http_status: int = 200, status_code: int = 1000) -> Any:
    assert response.headers["content-type"].startswith("application/json")
    content = response.json()
    assert (response.status_code, content["status_code"]) == (http_status, status_code), content
    assert content["timestamp"].endswith("Z")
    return content.get("data")


async def with_a_session(office: Office, stay: int = 0) -> str:
    """Register, and let a car have plugged in; the session's id."""
    await office.register()
    office.world.plant.plug_in(stay)
    office.world.book.begin(stay, office.world.now)
    return office.world.book.session_id(stay)


async def until(condition: Callable[[], object]) -> None:
    for _ in range(400):
        if condition():
            return
        await asyncio.sleep(0.005)
    pytest.fail("it did not happen within 2 seconds")


# --- who may come in --------------------------------------------------------------------------------------


@pytest.mark.parametrize("authorization", [None, "Token x", "Token " + "bm90aGluZw==", "Bearer " + "dG9rZW4tYQ=="])
def test_without_a_valid_token_the_answer_is_401_in_the_envelope(authorization: str | None) -> None:
    async def story(office: Office) -> None:
        headers = {"Authorization": authorization} if authorization else {}
        for path in ("/ocpi/versions", "/ocpi/2.2.1", "/ocpi/2.2.1/credentials", "/ocpi/2.2.1/sender/sessions"):
            envelope(await office.http.get(CPO + path, headers=headers), 401, 2000)

    within(story, invited=TOKEN_A)


def test_an_invitation_opens_versions_and_details_but_no_module() -> None:
    async def story(office: Office) -> None:
        versions = envelope(await call(office, "GET", f"{CPO}/ocpi/versions", TOKEN_A))
        assert [version["version"] for version in versions] == ["2.2.1"]
        details = envelope(await call(office, "GET", versions[0]["url"], TOKEN_A))
        offered = {(item["identifier"], item["role"]) for item in details["endpoints"]}
        assert offered == {
            ("credentials", "SENDER"),
            ("chargingprofiles", "RECEIVER"),
            ("sessions", "SENDER"),
            ("locations", "SENDER"),
        }
        envelope(await call(office, "PUT", f"{PROFILES}/x", TOKEN_A, ORDER), 401, 2000)
        envelope(await call(office, "GET", f"{CPO}/ocpi/2.2.1/sender/locations", TOKEN_A), 401, 2000)

    within(story, invited=TOKEN_A)


def test_ids_are_repeated_and_parties_turned_round() -> None:
    async def story(office: Office) -> None:
        await office.register()
        response = await office.http.get(
            f"{CPO}/ocpi/2.2.1/sender/locations",
            headers={
                "Authorization": header(office.scsp.token_b),
                "X-Request-ID": "one",
                "X-Correlation-ID": "two",
                "OCPI-from-country-code": "NL",
                "OCPI-from-party-id": "OCS",
                "OCPI-to-country-code": "NL",
                "OCPI-to-party-id": "SIM",
            },
        )
        assert response.headers["x-request-id"] == "one"
        assert response.headers["x-correlation-id"] == "two"
        assert response.headers["ocpi-from-party-id"] == "SIM"
        assert response.headers["ocpi-to-party-id"] == "OCS"

    within(story)


def test_an_unknown_path_is_404_and_a_method_not_offered_405_in_the_envelope() -> None:
    async def story(office: Office) -> None:
        envelope(await call(office, "GET", f"{CPO}/nowhere", TOKEN_A), 404, 2000)
        for method in ("POST", "PATCH"):
            envelope(await call(office, method, f"{PROFILES}/x", TOKEN_A, {}), 405, 2000)
        envelope(await call(office, "PATCH", CREDENTIALS, TOKEN_A, {}), 405, 2000)

    within(story)


# --- credentials ------------------------------------------------------------------------------------------


def test_it_registers_with_a_platform_and_is_called_back_meanwhile() -> None:
    async def story(office: Office) -> None:
        await office.register()
        assert office.registration.partner is not None
        assert office.registration.partner.token == TOKEN_C
        ours = envelope(await call(office, "GET", CREDENTIALS, office.scsp.token_b))
        assert ours["roles"][0] | {"business_details": None} == {
            "role": "CPO",
            "country_code": "NL",
            "party_id": "SIM",
            "business_details": None,
        }
        assert ours["url"] == f"{CPO}/ocpi/versions"

    within(story)


@pytest.mark.parametrize(
    ("scsp", "status_code", "words"),
    [
        (Scsp(endpoints=(("credentials", "RECEIVER"), ("sessions", "RECEIVER"))), 3003, "does not offer"),
        (Scsp(credentials_status=3001), 3000, "refused"),
    ],
)
def test_a_platform_that_cannot_be_used_leaves_nothing_registered(scsp: Scsp, status_code: int, words: str) -> None:
    async def story(office: Office) -> None:
        with pytest.raises(Refused, match=words) as refused:
            await office.register()
        assert refused.value.status_code == status_code
        assert office.registration.partner is None
        assert office.registration.accepted is None

    within(story, scsp=scsp)


def test_an_invited_platform_registers_renews_and_leaves() -> None:
    async def story(office: Office) -> None:
        envelope(await call(office, "PUT", CREDENTIALS, TOKEN_A, THEIRS), 405, 2000)
        envelope(await call(office, "DELETE", CREDENTIALS, TOKEN_A), 405, 2000)
        first = envelope(await call(office, "POST", CREDENTIALS, TOKEN_A, THEIRS))["token"]
        assert office.registration.partner is not None
        envelope(await call(office, "POST", CREDENTIALS, TOKEN_A, THEIRS), 401, 2000)
        envelope(await call(office, "POST", CREDENTIALS, first, THEIRS), 405, 2000)
        second = envelope(await call(office, "PUT", CREDENTIALS, first, THEIRS))["token"]
        assert second != first
        envelope(await call(office, "GET", f"{CPO}/ocpi/versions", first), 401, 2000)
        envelope(await call(office, "GET", f"{CPO}/ocpi/versions", second))
        envelope(await call(office, "DELETE", CREDENTIALS, second))
        envelope(await call(office, "GET", f"{CPO}/ocpi/versions", second), 401, 2000)
        assert office.registration.partner is None

    within(story, invited=TOKEN_A)


def test_a_platform_that_cannot_be_called_back_is_not_registered() -> None:
    async def story(office: Office) -> None:
        nowhere = THEIRS | {"url": f"{BASE}/nowhere"}
        envelope(await call(office, "POST", CREDENTIALS, TOKEN_A, nowhere), 200, 3001)
        assert office.registration.partner is None
        envelope(await call(office, "POST", CREDENTIALS, TOKEN_A, THEIRS))

    within(story, invited=TOKEN_A)


@pytest.mark.parametrize("missing", ["token", "url", "roles"])
def test_credentials_without_a_required_field_are_2001_naming_it(missing: str) -> None:
    async def story(office: Office) -> None:
        body = {name: value for name, value in THEIRS.items() if name != missing}
        response = await call(office, "POST", CREDENTIALS, TOKEN_A, body)
        envelope(response, 200, 2001)
        assert response.json()["status_message"].startswith(f"{missing}:")

    within(story, invited=TOKEN_A)


# --- charging profiles ------------------------------------------------------------------------------------


def test_a_profile_is_accepted_at_once_obeyed_and_its_result_posted_to_the_very_url() -> None:
    async def story(office: Office) -> None:
        session = await with_a_session(office)
        data = envelope(await call(office, "PUT", f"{PROFILES}/{session}", office.scsp.token_b, ORDER))
        assert data["result"] == "ACCEPTED"
        assert data["timeout"] > 0
        await until(lambda: office.scsp.results)
        assert office.scsp.results == [("7?a=b&c=%20d", {"result": "ACCEPTED"})]
        assert office.world.plant.load_a() == pytest.approx([10.5] * 3)
        assert [order.profile is not None for order in office.world.ledger.accepted[0]] == [True]

    within(story)


def test_session_ids_are_compared_without_regard_to_case() -> None:
    async def story(office: Office) -> None:
        session = await with_a_session(office)
        url = f"{PROFILES}/{session.upper()}"
        assert envelope(await call(office, "PUT", url, office.scsp.token_b, ORDER))["result"] == "ACCEPTED"
        await until(lambda: office.scsp.results)

    within(story)


def test_unknown_and_ended_sessions_are_unknown_and_nothing_follows() -> None:
    async def story(office: Office) -> None:
        session = await with_a_session(office)
        office.world.book.end(0, office.world.now)
        for name in (session, "someone-else"):
            data = envelope(await call(office, "PUT", f"{PROFILES}/{name}", office.scsp.token_b, ORDER))
            assert data["result"] == "UNKNOWN_SESSION"
        await asyncio.sleep(0.05)
        assert office.scsp.results == []
        assert office.world.ledger.accepted == {}

    within(story)


def test_a_car_that_left_in_between_has_the_result_unknown() -> None:
    async def story(office: Office) -> None:
        session = await with_a_session(office)
        await call(office, "PUT", f"{PROFILES}/{session}", office.scsp.token_b, ORDER)
        office.world.plant.unplug(0)
        await until(lambda: office.scsp.results)
        assert office.scsp.results[0][1] == {"result": "UNKNOWN"}
        assert office.world.ledger.accepted == {}

    within(story)


def test_an_evse_without_the_capability_does_not_support_profiles() -> None:
    async def story(office: Office) -> None:
        session = await with_a_session(office)
        data = envelope(await call(office, "PUT", f"{PROFILES}/{session}", office.scsp.token_b, ORDER))
        assert data["result"] == "NOT_SUPPORTED"

    within(story, day=a_day(site=a_site(Evse("A", ("L1", "L2", "L3"), 32, profile_capable=False))))


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"response_url": f"{BASE}/result/1"}, "charging_profile"),
        ({"charging_profile": ORDER["charging_profile"]}, "response_url"),
        (ORDER | {"charging_profile": {"charging_profile_period": []}}, "charging_profile.charging_rate_unit"),
        (
            ORDER
            | {
                "charging_profile": {
                    "charging_rate_unit": "A",
                    "charging_profile_period": [{"start_period": 0, "limit": 1.23}],
                }
            },
            "charging_profile.charging_profile_period.0.limit",
        ),
        ([], "body"),
    ],
)
def test_a_wrong_order_is_2001_naming_the_field_and_changes_nothing(body: Any, place: str) -> None:
    async def story(office: Office) -> None:
        session = await with_a_session(office)
        response = await call(office, "PUT", f"{PROFILES}/{session}", office.scsp.token_b, body)
        envelope(response, 200, 2001)
        assert response.json()["status_message"].startswith(f"{place}:")
        assert office.world.ledger.accepted == {}

    within(story)


def test_what_is_no_json_is_400() -> None:
    async def story(office: Office) -> None:
        await office.register()
        response = await office.http.put(
            f"{PROFILES}/x", headers={"Authorization": header(office.scsp.token_b)}, content=b"{"
        )
        envelope(response, 400, 2000)

    within(story)


def test_the_active_profile_is_reported_and_a_cleared_one_gives_way_to_the_default() -> None:
    async def story(office: Office) -> None:
        session = await with_a_session(office)
        url, token = f"{PROFILES}/{session}", office.scsp.token_b
        await call(office, "PUT", url, token, ORDER)
        await until(lambda: len(office.scsp.results) == 1)
        query = {"duration": "900", "response_url": f"{BASE}/result/get"}
        assert envelope(await call(office, "GET", url, token, params=query))["result"] == "ACCEPTED"
        await until(lambda: len(office.scsp.results) == 2)
        told = office.scsp.results[1][1]
        assert told["result"] == "ACCEPTED"
        periods = told["profile"]["charging_profile"]["charging_profile_period"]
        assert periods == [{"start_period": 0, "limit": 10.5}]
        query = {"response_url": f"{BASE}/result/delete"}
        assert envelope(await call(office, "DELETE", url, token, params=query))["result"] == "ACCEPTED"
        await until(lambda: len(office.scsp.results) == 3)
        assert office.world.plant.load_a() == pytest.approx([6.0] * 3)

    within(story)


@pytest.mark.parametrize(
    ("method", "query"),
    [
        ("GET", {"duration": "900"}),
        ("GET", {"response_url": f"{BASE}/result/1"}),
        ("GET", {"duration": "soon", "response_url": f"{BASE}/result/1"}),
        ("DELETE", {}),
    ],
)
def test_missing_or_wrong_parameters_are_2001(method: str, query: dict[str, str]) -> None:
    async def story(office: Office) -> None:
        session = await with_a_session(office)
        response = await call(office, method, f"{PROFILES}/{session}", office.scsp.token_b, params=query)
        envelope(response, 200, 2001)

    within(story)


# --- lists ------------------------------------------------------------------------------------------------


def test_the_location_is_listed_and_found_down_to_its_connectors() -> None:
    async def story(office: Office) -> None:
        await office.register()
        token, url = office.scsp.token_b, f"{CPO}/ocpi/2.2.1/sender/locations"
        response = await call(office, "GET", url, token)
        (location,) = envelope(response)
        assert response.headers["x-total-count"] == "1"
        assert "link" not in response.headers
        assert [evse["uid"] for evse in location["evses"]] == ["A", "B"]
        powers = [evse["connectors"][0]["power_type"] for evse in location["evses"]]
        assert powers == ["AC_3_PHASE", "AC_1_PHASE"]
        found = envelope(await call(office, "GET", f"{url}/{location['id']}/B/1", token))
        assert found == location["evses"][1]["connectors"][0]
        envelope(await call(office, "GET", f"{url}/{location['id']}/C", token), 404, 2003)

    within(story)


def test_sessions_are_paged_oldest_first_and_need_date_from() -> None:
    stays = [a_stay(evse_uid=uid) for uid in ("A", "B", "C")]
    site = a_site(*(Evse(uid, ("L1",), 32) for uid in ("A", "B", "C")))

    async def story(office: Office) -> None:
        await office.register()
        for stay in range(3):
            office.world.book.begin(stay, office.world.now)
        token, url = office.scsp.token_b, f"{CPO}/ocpi/2.2.1/sender/sessions"
        envelope(await call(office, "GET", url, token), 200, 2001)
        query = {"date_from": "2026-01-01T00:00:00Z", "limit": "2"}
        first = await call(office, "GET", url, token, params=query)
        assert [session["id"] for session in envelope(first)] == ["run-001", "run-002"]
        assert first.headers["x-total-count"] == "3"
        following = first.headers["link"].removeprefix("<").removesuffix('>; rel="next"')
        second = await call(office, "GET", following, token)
        assert [session["id"] for session in envelope(second)] == ["run-003"]
        assert "link" not in second.headers
        query = {"date_from": "2026-01-01T00:00:00Z", "date_to": "2026-01-02T00:00:00Z"}
        assert envelope(await call(office, "GET", url, token, params=query)) == []
        envelope(await call(office, "GET", url, token, params={"date_from": "yesterday"}), 200, 2001)

    within(story, day=a_day(*stays, site=site))


def test_charging_preferences_are_not_taken() -> None:
    async def story(office: Office) -> None:
        await office.register()
        url = f"{CPO}/ocpi/2.2.1/sender/sessions/x/charging_preferences"
        envelope(await call(office, "PUT", url, office.scsp.token_b, {"profile_type": "FAST"}), 404, 2001)

    within(story)


def test_numbers_are_written_as_json_numbers() -> None:
    async def story(office: Office) -> None:
        await office.register()
        office.world.book.begin(0, office.world.now)
        query = {"date_from": "2026-01-01T00:00:00Z"}
        response = await call(office, "GET", f"{CPO}/ocpi/2.2.1/sender/sessions", office.scsp.token_b, params=query)
        (session,) = json.loads(response.content)["data"]
        assert session["kwh"] == 0
        assert session["charging_preferences"]["energy_need"] == 15.0

    within(story)


# --- faults -----------------------------------------------------------------------------------------------


def test_the_cpo_has_faults_too_and_is_controlled_like_any_simulated_party() -> None:
    async def story(office: Office) -> None:
        session = await with_a_session(office)
        url, token = f"{PROFILES}/{session}", office.scsp.token_b
        envelope(await call(office, "PUT", url, token, ORDER), 200, 3000)
        added = await office.http.post(f"{CPO}/control/faults", content="throttle retry_after=9 times=1")
        assert [placed["state"] for placed in added.json()] == ["over", "there"]
        throttled = await call(office, "PUT", url, token, ORDER)
        assert (throttled.status_code, throttled.headers["retry-after"]) == (429, "9")
        assert office.world.ledger.accepted == {}
        assert envelope(await call(office, "PUT", url, token, ORDER))["result"] == "ACCEPTED"
        await until(lambda: office.scsp.results)
        state = (await office.http.get(f"{CPO}/control/state")).json()
        assert state["requests"]["served"]["chargingprofiles"] == {"PUT": {"1000": 1, "ocpi": 1, "throttle": 1}}
        assert [held["id"] for held in state["sessions"]] == [session]

    within(story, faults=["ocpi status_code=3000 module=chargingprofiles times=1"])


def test_the_control_is_for_this_machine_alone() -> None:
    async def story(office: Office) -> None:
        elsewhere = httpx.ASGITransport(office.app, client=("192.0.2.1", 4711))
        async with httpx.AsyncClient(transport=elsewhere) as http:
            for path in ("faults", "state"):
                assert (await http.get(f"{CPO}/control/{path}")).status_code == 404
            assert (await http.post(f"{CPO}/control/faults", content="drop")).status_code == 404

    within(story)
