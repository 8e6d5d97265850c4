"""The owner API: the team's own backend keeps its objects here, checked as those of partners are."""

import json
from typing import Any

import pytest

from owner import examples
from owner.examples import Example
from tests.conflicts import others_write
from tests.owner import Reply, owner

OWN = "NL/OCS"
LATER = "2026-11-22T09:00:00Z"
EARLIER = "2026-11-22T07:00:00Z"

EXAMPLES = {
    "locations": (examples.LOCATION, "garage"),
    "tariffs": (examples.TARIFF, "day"),
    "sessions": (examples.SESSION, "S1"),
    "cdrs": (examples.CDR, "C1"),
    "tokens": (examples.TOKEN, "0123ABCD"),
}
CHANGES = {
    "locations": examples.LOCATION_CHANGE,
    "sessions": examples.SESSION_CHANGE,
    "tokens": examples.TOKEN_CHANGE,
}
pytestmark = pytest.mark.usefixtures("aws")


def put(module: str, **changes: object) -> Reply:
    document, id_ = EXAMPLES[module]
    return owner("PUT", f"/{module}/{OWN}/{id_}", document | changes)


def get(module: str) -> Any:
    return owner("GET", f"/{module}/{OWN}/{EXAMPLES[module][1]}").body


@pytest.mark.parametrize("module", EXAMPLES)
def test_what_is_put_is_got_and_listed(module: str) -> None:
    document, _ = EXAMPLES[module]
    reply = put(module)
    assert (reply.status, reply.body) == (201, {"outcome": "CREATED"}), reply
    assert get(module) == document
    listed = owner("GET", f"/{module}/{OWN}")
    assert listed.body == [document]
    assert (listed.headers["x-total-count"], listed.headers["x-limit"]) == ("1", "100")
    assert "link" not in listed.headers


@pytest.mark.parametrize("module", ["locations", "tariffs", "tokens"])
def test_a_newer_one_replaces_it_and_an_older_one_is_a_conflict(module: str) -> None:
    put(module)
    assert (put(module, last_updated=LATER).status, get(module)["last_updated"]) == (200, LATER)
    reply = put(module, last_updated=EARLIER)
    assert (reply.status, get(module)["last_updated"]) == (409, LATER)
    assert "newer" in reply.detail


@pytest.mark.parametrize("module", EXAMPLES)
def test_a_put_that_is_sent_again_succeeds_and_changes_nothing(module: str) -> None:
    put(module)
    assert put(module).status == 200
    assert get(module) == EXAMPLES[module][0]


def test_a_cdr_is_put_once_and_for_all() -> None:
    put("cdrs")
    reply = put("cdrs", total_energy=11)
    assert (reply.status, reply.body["status_code"]) == (400, 2001)
    assert get("cdrs") == examples.CDR


def test_a_cdr_is_created_though_another_is_at_the_same_moment() -> None:
    with others_write("TransactWriteItems") as met:
        assert put("cdrs").body == {"outcome": "CREATED"}
    assert met
    assert get("cdrs") == examples.CDR


@pytest.mark.parametrize("module", CHANGES)
def test_a_patch_changes_only_what_it_holds(module: str) -> None:
    put(module)
    document, id_ = EXAMPLES[module]
    reply = owner("PATCH", f"/{module}/{OWN}/{id_}", CHANGES[module])
    assert (reply.status, reply.body) == (200, {"outcome": "UPDATED"}), reply
    assert get(module) == document | CHANGES[module]


@pytest.mark.parametrize("module", CHANGES)
def test_a_patch_that_is_older_than_what_is_stored_is_a_conflict(module: str) -> None:
    put(module)
    reply = owner("PATCH", f"/{module}/{OWN}/{EXAMPLES[module][1]}", {"last_updated": EARLIER})
    assert reply.status == 409
    assert get(module) == EXAMPLES[module][0]


@pytest.mark.parametrize("module", CHANGES)
def test_a_patch_of_what_is_not_there_is_404(module: str) -> None:
    reply = owner("PATCH", f"/{module}/{OWN}/{EXAMPLES[module][1]}", CHANGES[module])
    assert reply.status == 404


@pytest.mark.parametrize(
    ("path", "part", "change"),
    [
        ("/E1", examples.EVSE, examples.EVSE_CHANGE),
        ("/E1/1", examples.CONNECTOR, examples.CONNECTOR_CHANGE),
    ],
)
def test_parts_of_a_location_are_put_patched_and_got(path: str, part: Example, change: Example) -> None:
    put("locations")
    url = f"/locations/{OWN}/garage{path}"
    assert owner("GET", url).body == part
    assert owner("PUT", url, part | {"last_updated": LATER}).status == 200
    assert owner("PATCH", url, change).status == 200
    assert owner("GET", url).body == part | change
    assert get("locations")["last_updated"] == LATER
    assert owner("PATCH", url, change | {"last_updated": EARLIER}).status == 409


def test_an_evse_is_added_to_a_location() -> None:
    put("locations")
    evse = examples.EVSE | {"uid": "E2", "last_updated": LATER}
    assert owner("PUT", f"/locations/{OWN}/garage/E2", evse).status == 201
    assert [each["uid"] for each in get("locations")["evses"]] == ["E1", "E2"]
    assert owner("PUT", f"/locations/{OWN}/nowhere/E2", evse).status == 404


def test_a_tariff_is_deleted_once() -> None:
    put("tariffs")
    url = f"/tariffs/{OWN}/day"
    reply = owner("DELETE", url)
    assert (reply.status, reply.body) == (204, None)
    assert [owner(method, url).status for method in ("GET", "DELETE")] == [404, 404]


def test_tokens_are_told_apart_by_their_type() -> None:
    put("tokens")
    app_user = examples.TOKEN | {"type": "APP_USER", "whitelist": "NEVER"}
    url = f"/tokens/{OWN}/0123ABCD"
    assert owner("PUT", f"{url}?type=APP_USER", app_user).status == 201
    assert owner("GET", f"{url}?type=APP_USER").body == app_user
    assert owner("GET", url).body == examples.TOKEN
    assert owner("PATCH", f"{url}?type=APP_USER", examples.TOKEN_CHANGE).status == 200
    assert owner("GET", url).body["valid"] is True
    reply = owner("GET", f"{url}?type=CARD")
    assert (reply.status, reply.body["status_code"]) == (400, 2001)


def test_numbers_come_back_as_they_went_in() -> None:
    exact = json.dumps(examples.SESSION).replace("1.2345", "12345678901234.50")
    owner("PUT", f"/sessions/{OWN}/S1", exact.encode())
    reply = owner("GET", f"/sessions/{OWN}/S1")
    assert "12345678901234.50" in reply.text


def test_a_list_leads_from_page_to_page_and_keeps_its_filters() -> None:
    for number in range(5):
        put_tariff(f"T{number}", f"2026-11-22T08:00:0{number}Z")
    seen: list[str] = []
    path = f"/tariffs/{OWN}?limit=2&date_from=2026-11-22T08:00:01Z"
    while path:
        reply = owner("GET", path)
        seen += [tariff["id"] for tariff in reply.body]
        assert reply.headers["x-total-count"] == "4"
        link = reply.headers.get("link", "")
        assert not link or link.startswith(f"<https://ocpi.example.com/owner/v1/tariffs/{OWN}?date_from=2026")
        path = link.removeprefix("<https://ocpi.example.com/owner/v1").removesuffix('>; rel="next"')
    assert seen == ["T1", "T2", "T3", "T4"]


@pytest.mark.parametrize("query", ["limit=0", "offset=-1", "date_from=yesterday", "cursor=eA"])
def test_a_wrong_parameter_of_a_list_is_400_and_named(query: str) -> None:
    reply = owner("GET", f"/tariffs/{OWN}?{query}")
    assert reply.status == 400
    assert query.partition("=")[0] in reply.detail


def put_tariff(id_: str, last_updated: str) -> None:
    tariff = examples.TARIFF | {"id": id_, "last_updated": last_updated}
    assert owner("PUT", f"/tariffs/{OWN}/{id_}", tariff).status == 201
