"""Lists of our objects, as a partner pages through them (TRA-15 to TRA-28)."""

import re
from collections.abc import Callable
from itertools import islice
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests import own
from tests.api import Reply, request
from tests.functions.conftest import Register
from tests.objects import CDR, LOCATION, SESSION, TARIFF

BASE = "https://ocpi.example.com"
TARIFFS = "/ocpi/2.2.1/sender/tariffs"
SESSIONS = "/ocpi/2.2.1/sender/sessions"
CDRS = "/ocpi/2.2.1/sender/cdrs"
EVER = "date_from=2020-01-01T00:00:00Z"

PUT: dict[str, Callable[[dict[str, Any]], object]] = {
    "locations": lambda fields: own.put_location(LOCATION | fields),
    "sessions": lambda fields: own.put_session(SESSION | fields),
    "cdrs": lambda fields: own.post_cdr(CDR | fields),
    "tariffs": lambda fields: own.put_tariff(TARIFF | fields),
}


def moment(second: int) -> str:
    return f"2026-11-22T09:00:{second:02}Z"


def tariff(number: int, second: int | None = None, **changes: object) -> None:
    own.put_tariff(
        TARIFF | {"id": f"T{number}", "last_updated": moment(number if second is None else second)} | changes
    )


def following(reply: Reply) -> str:
    """The link to the next page, below the base URL; empty on the last."""
    link = reply.headers.get("link")
    if link is None:
        return ""
    found = re.fullmatch(r'<(https://[^>]+)>; rel="next"', link)
    assert found, link
    assert found[1].startswith(BASE)
    return found[1].removeprefix(BASE)


def ids(reply: Reply) -> list[str]:
    assert (reply.http_status, reply.status_code) == (200, 1000), reply.body
    return [each["id"] for each in reply.data]


def total(reply: Reply) -> int:
    return int(reply.headers["x-total-count"])


@pytest.fixture
def emsp(register: Register) -> str:
    """The token of an eMSP, NL/TNM."""
    return register("EMSP NL TNM")


@pytest.fixture
def get(emsp: str) -> Callable[[str], Reply]:
    """Reads the list of Tariffs, or another path, as the eMSP."""
    return lambda query: request("GET", query if query.startswith("/") else f"{TARIFFS}?{query}", token=emsp)


type Get = Callable[[str], Reply]


def crawl(get: Get, query: str, most: int = 20) -> list[Reply]:
    """All pages from the first, as far as the links lead."""
    replies = [get(query)]
    while (link := following(replies[-1])) and len(replies) < most:
        replies.append(get(link))
    assert not following(replies[-1]), "the links lead in a circle"
    return replies


def all_ids(replies: list[Reply]) -> list[str]:
    return [id_ for reply in replies for id_ in ids(reply)]


@pytest.mark.requirement("TRA-15", "TRA-34", "LOC-01", "SES-01", "CDR-01", "TAR-01")
@pytest.mark.parametrize("module", PUT)
def test_every_list_takes_dates_offset_and_limit(get: Get, module: str) -> None:
    for number in range(4):
        PUT[module]({"id": f"X{number}", "last_updated": moment(number)})
    window = f"date_from={moment(1)}&date_to={moment(3)}"
    replies = crawl(get, f"/ocpi/2.2.1/sender/{module}?{window}&limit=1")
    assert [ids(reply) for reply in replies] == [["X1"], ["X2"]]
    assert {total(reply) for reply in replies} == {2}
    assert ids(get(f"/ocpi/2.2.1/sender/{module}?{window}&offset=1")) == ["X2"]
    whole = get(f"/ocpi/2.2.1/sender/{module}?{EVER}").data
    assert [each["party_id"] for each in whole] == ["OCS"] * 4
    assert {"locations": "evses", "sessions": "kwh", "cdrs": "charging_periods", "tariffs": "elements"}[
        module
    ] in whole[0]


@pytest.mark.requirement("TRA-16", "TRA-17")
def test_date_from_is_included_and_date_to_is_not(get: Get) -> None:
    for number in range(3):
        tariff(number)
    assert ids(get(f"date_from={moment(1)}")) == ["T1", "T2"]
    assert ids(get(f"date_to={moment(1)}")) == ["T0"]
    assert ids(get(f"date_from={moment(0)}&date_to={moment(1)}")) == ["T0"]
    assert ids(get(f"date_from={moment(1)}&date_to={moment(2)}")) == ["T1"]
    assert ids(get("date_from=2026-11-22T09:00:01.001Z")) == ["T2"]


@pytest.mark.requirement("TRA-18", "TRA-19")
def test_offset_counts_from_0_and_limit_is_the_most_there_is(get: Get) -> None:
    for number in range(5):
        tariff(number)
    assert ids(get("offset=0&limit=2")) == ids(get("limit=2")) == ["T0", "T1"]
    assert ids(get("offset=2&limit=2")) == ["T2", "T3"]
    assert ids(get("offset=4&limit=2")) == ["T4"]
    for beyond in ("offset=5", "offset=2147483647"):
        reply = get(beyond)
        assert (ids(reply), total(reply), following(reply)) == ([], 5, "")


@pytest.mark.requirement("TRA-20")
@pytest.mark.parametrize("number", [0, 1, 2, 3, 4, 5])
def test_the_links_lead_through_the_whole_list_once(get: Get, number: int) -> None:
    for each in range(number):
        tariff(each)
    replies = crawl(get, "limit=2")
    assert all_ids(replies) == [f"T{each}" for each in range(number)]
    assert len(replies) == max(1, (number + 1) // 2)


@pytest.mark.requirement("TRA-21")
def test_the_link_repeats_every_filter_and_moves_the_offset(get: Get) -> None:
    for number in range(4):
        tariff(number)
    asked = f"date_from={moment(0)}&date_to=2030-01-01T00:00:00Z&vendor=a%20%26b&vendor=c&flag="
    link = urlsplit(following(get(f"{asked}&offset=1&limit=2")))
    query = parse_qs(link.query, keep_blank_values=True)
    del query["cursor"]
    assert link.path == TARIFFS
    assert query == {
        "date_from": [moment(0)],
        "date_to": ["2030-01-01T00:00:00Z"],
        "vendor": ["a &b", "c"],
        "flag": [""],
        "offset": ["3"],
        "limit": ["2"],
    }


@pytest.mark.requirement("TRA-22")
def test_the_total_counts_what_the_filters_leave_whatever_the_page(get: Get) -> None:
    for number in range(4):
        tariff(number)
    assert {total(get(query)) for query in ("", "limit=1", "offset=3", "offset=9&limit=1")} == {4}
    assert {total(get(f"date_from={moment(1)}{query}")) for query in ("", "&limit=1", "&offset=2")} == {3}
    assert total(get(f"date_from={moment(1)}&date_to={moment(2)}")) == 1


@pytest.mark.requirement("TRA-23", "TRA-24")
def test_decision_8_more_than_the_most_is_not_given_and_x_limit_says_so(get: Get) -> None:
    for number in range(101):
        tariff(number, number % 60)
    first, last = crawl(get, "limit=2000")
    assert (len(ids(first)), len(ids(last))) == (100, 1)
    assert {reply.headers["x-limit"] for reply in (first, last, get("limit=1"))} == {"100"}
    query = parse_qs(urlsplit(following(first)).query)
    assert (query["offset"], query["limit"]) == (["100"], ["100"])


@pytest.mark.requirement("TRA-25")
def test_the_order_is_by_age_and_stays(get: Get) -> None:
    for number, second in ((1, 5), (2, 3), (3, 3), (4, 9)):
        tariff(number, second)
    assert ids(get("")) == ids(get("")) == ["T2", "T3", "T1", "T4"]
    tariff(5, 10)
    assert all_ids(crawl(get, "limit=1")) == ["T2", "T3", "T1", "T4", "T5"]


@pytest.mark.requirement("TRA-25")
def test_what_changes_during_a_crawl_is_seen_again_and_nothing_is_skipped(get: Get) -> None:
    for number in range(6):
        tariff(number)
    first = get("limit=2")
    tariff(1, 30)
    tariff(6, 31)
    replies = crawl(get, following(first))
    assert ids(first) + all_ids(replies) == ["T0", "T1", "T2", "T3", "T4", "T5", "T1", "T6"]
    assert {total(reply) for reply in (first, *replies)} == {6}


def test_what_is_deleted_during_a_crawl_hides_nothing_else(get: Get) -> None:
    for number in range(5):
        tariff(number)
    first = get("limit=2")
    own.delete_tariff("T1")
    own.delete_tariff("T2")
    assert all_ids(crawl(get, following(first))) == ["T3", "T4"]


def test_a_page_may_be_read_again(get: Get) -> None:
    for number in range(4):
        tariff(number)
    link = following(get("limit=2"))
    assert ids(get(link)) == ids(get(link)) == ["T2", "T3"]


@pytest.mark.requirement("STA-10")
def test_a_cursor_that_was_tampered_with_is_2001(get: Get) -> None:
    for number in range(3):
        tariff(number)
    link = following(get("limit=1"))
    cursor = parse_qs(urlsplit(link).query)["cursor"][0]
    for place, character in enumerate(cursor):
        other = "B" if character == "A" else "A"
        _refused(get(link.replace(cursor, cursor[:place] + other + cursor[place + 1 :])))
    for wrong in ("", cursor[:-1], cursor[1:], cursor + "A", cursor + "=", cursor * 2, "%00", "%C5%BF", "x" * 5000):
        _refused(get(link.replace(cursor, wrong)))


def _refused(reply: Reply) -> None:
    assert (reply.http_status, reply.status_code) == (200, 2001), reply.body
    assert "cursor" in reply.message
    assert reply.data is None


def test_a_cursor_holds_for_its_own_list_filters_and_offset_only(get: Get) -> None:
    for number in range(4):
        tariff(number)
        own.put_session(SESSION | {"id": f"S{number}"})
    link = following(get(f"date_from={moment(0)}&vendor=1&flag=&limit=1"))
    for change in (
        ("09%3A00%3A00Z", "08%3A00%3A00Z"),
        ("vendor=1", "vendor=2"),
        ("&vendor=1", ""),
        ("&flag=", "&flag=&flag="),
        ("&flag=", "&flag=&more=1"),
        ("offset=1", "offset=2"),
        ("sender/tariffs", "sender/sessions"),
    ):
        assert change[0] in link
        _refused(get(link.replace(*change)))
    assert ids(get(link.replace("limit=1", "limit=2"))) == ["T1", "T2"]
    assert ids(get(link.replace("&vendor=1&flag=", "&flag=&vendor=1"))) == ["T1"]


def test_a_cursor_is_of_no_use_to_another_partner(get: Get, register: Register) -> None:
    for number in range(2):
        own.put_session(SESSION | {"id": f"S{number}"})
    link = following(get(f"{SESSIONS}?{EVER}&limit=1"))
    assert ids(get(link)) == ["S1"]
    _refused(request("GET", link, token=register("EMSP NL ABC")))


@pytest.mark.requirement("STA-10")
@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=-1",
        "limit=",
        "limit=ten",
        "limit=1.5",
        "limit=1e1",
        "limit=%D9%A1",
        "limit=99999999999",
        "offset=-1",
        "offset=2147483648",
        "offset=99999999999999999999",
        "offset=one",
        "offset=",
        "date_from=yesterday",
        "date_from=",
        "date_from=2026-13-01T00:00:00Z",
        "date_from=2026-11-22T08:00:00%2B01:00",
        "date_to=2026-11-22",
        "date_to=10000-01-01T00:00:00Z",
        "date_to=0000-01-01T00:00:00Z",
    ],
)
def test_a_wrong_parameter_is_2001_naming_it(get: Get, query: str) -> None:
    reply = get(query)
    assert (reply.http_status, reply.status_code) == (200, 2001)
    assert f"query parameter {query.partition('=')[0]}" in reply.message


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("date_from=9999-12-31T23:59:59Z", 0),
        ("date_to=9999-12-31T23:59:59Z", 1),
        ("date_from=0001-01-01T00:00:00Z", 1),
        ("date_to=0001-01-01T00:00:00Z", 0),
        (f"date_from={moment(5)}&date_to={moment(2)}", 0),
        (f"date_from={moment(3)}&date_to={moment(3)}", 0),
        ("date_from=2026-11-22T09:00:03", 1),
    ],
)
def test_odd_dates_are_taken_as_they_are(get: Get, query: str, found: int) -> None:
    tariff(3)
    reply = get(query)
    assert (len(ids(reply)), total(reply), following(reply)) == (found, found, "")


@pytest.mark.requirement("TRA-11")
@pytest.mark.parametrize("module", PUT)
def test_an_empty_list_is_a_list(get: Get, module: str) -> None:
    reply = get(f"/ocpi/2.2.1/sender/{module}?{EVER}")
    assert '"data":[]' in reply.body
    assert (ids(reply), total(reply), following(reply)) == ([], 0, "")


@pytest.mark.requirement("TRA-28", "TRA-22", "CDR-01")
@pytest.mark.parametrize(("module", "document"), [("sessions", SESSION), ("cdrs", CDR)])
def test_an_emsp_sees_and_counts_only_what_concerns_its_drivers(
    get: Get, register: Register, module: str, document: dict[str, Any]
) -> None:
    for number in range(6):
        party = "TNM" if number % 2 else "abc"
        PUT[module]({"id": f"X{number}", "cdr_token": document["cdr_token"] | {"party_id": party}})
    replies = crawl(get, f"/ocpi/2.2.1/sender/{module}?{EVER}&limit=2")
    assert (all_ids(replies), total(replies[0])) == (["X1", "X3", "X5"], 3)
    other = request("GET", f"/ocpi/2.2.1/sender/{module}?{EVER}", token=register("EMSP NL ABC"))
    assert (ids(other), total(other)) == (["X0", "X2", "X4"], 3)
    nobody = request("GET", f"/ocpi/2.2.1/sender/{module}?{EVER}", token=register("CPO NL XYZ"))
    assert (ids(nobody), total(nobody)) == ([], 0)


@pytest.mark.requirement("TRA-28")
@pytest.mark.parametrize(("party", "sees"), [("SCSP NL PLN", (2, 0)), ("HUB NL HUB", (2, 2)), ("EMSP NL ABC", (1, 1))])
def test_who_plans_a_site_sees_all_its_sessions_but_no_bills(
    register: Register, party: str, sees: tuple[int, int]
) -> None:
    for number, emsp in enumerate(("TNM", "ABC")):
        token = {"cdr_token": SESSION["cdr_token"] | {"party_id": emsp}}
        own.put_session(SESSION | token | {"id": f"S{number}"})
        own.post_cdr(CDR | token | {"id": f"C{number}"})
    platform = register(party)
    replies = [request("GET", f"{url}?{EVER}", token=platform) for url in (SESSIONS, CDRS)]
    assert tuple(map(total, replies)) == tuple(len(ids(reply)) for reply in replies) == sees


@pytest.mark.requirement("TRA-28")
def test_a_platform_of_several_emsps_says_which_one_asks(register: Register) -> None:
    own.put_session(SESSION)
    platform = register("EMSP NL TNM", "EMSP BE TNM")
    url = f"{SESSIONS}?{EVER}"
    asking = {
        country: request(
            "GET", url, token=platform, headers={"OCPI-from-country-code": country, "OCPI-from-party-id": "TNM"}
        )
        for country in ("NL", "BE")
    }
    assert {country: ids(reply) for country, reply in asking.items()} == {"NL": ["S1"], "BE": []}
    assert request("GET", url, token=platform).status_code == 2001


@pytest.mark.requirement("TRA-22")
def test_the_total_follows_every_change(get: Get) -> None:
    def totals() -> tuple[int, int]:
        return total(get("")), total(get(f"{SESSIONS}?{EVER}"))

    for number in range(3):
        tariff(number)
        own.put_session(SESSION | {"id": f"S{number}"})
    assert totals() == (3, 3)
    tariff(1, 30)
    own.put_session(SESSION | {"id": "S1", "kwh": 5, "last_updated": moment(1)})
    assert totals() == (3, 3)
    own.delete_tariff("T1")
    own.put_session(
        SESSION | {"id": "S1", "cdr_token": SESSION["cdr_token"] | {"party_id": "ABC"}, "last_updated": moment(2)}
    )
    assert totals() == (2, 2)
    tariff(1, 31)
    assert totals() == (3, 2)


def test_what_a_partner_owns_is_not_among_ours(get: Get, register: Register) -> None:
    cpo = register("CPO NL SIM")
    reply = request("PUT", "/ocpi/2.2.1/receiver/tariffs/NL/SIM/T1", token=cpo, body=TARIFF)
    assert reply.http_status == 201
    assert ids(get("")) == ids(request("GET", TARIFFS, token=cpo)) == []


def test_a_list_is_compressed_for_who_can_read_it(get: Get, emsp: str) -> None:
    for number in range(20):
        tariff(number)
    plain = get("limit=19")
    packed = request("GET", f"{TARIFFS}?limit=19", token=emsp, headers={"Accept-Encoding": "br, gzip;q=0.9"})
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < len(plain.body) / 5
    assert "content-encoding" not in plain.headers
    assert packed.data == plain.data
    assert [following(packed), total(packed)] == [following(plain), total(plain)]


def test_a_page_of_large_objects_is_cut_short_but_the_list_is_whole(get: Get) -> None:
    for number in range(7):
        tariff(number, vendor="x" * 340_000)
    replies = crawl(get, "")
    assert all_ids(replies) == [f"T{number}" for number in range(7)]
    assert len(replies) > 1
    assert max(len(reply.body) for reply in replies) < 6_000_000 / 4 * 3
    offsets = [parse_qs(urlsplit(following(reply)).query)["offset"] for reply in replies[:-1]]
    assert offsets == [[str(sum(len(ids(reply)) for reply in islice(replies, n + 1)))] for n in range(len(replies) - 1)]
    assert ids(get("offset=6")) == ["T6"]
    assert total(get(f"date_from={moment(0)}")) == 7
