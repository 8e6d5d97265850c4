"""What partners own is got by their lists: with `ocpi partner pull`, from partners over real HTTP."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from cli.deployment import Deployment
from tests.api import request
from tests.command import OUTPUTS, Ocpi
from tests.functions.conftest import Connect, Connection
from tests.objects import CDR, EVSE, LOCATION, SESSION, TARIFF, TOKEN, without
from tests.own import PARTY
from tests.owner import owner
from tests.partner import Answer, Seen, ok

LATER = "2026-11-22T09:00:00Z"
LAST = "2026-11-22T10:00:00Z"
LISTS = [(module, "SENDER") for module in ("locations", "tariffs", "sessions", "cdrs", "tokens", "hubclientinfo")]
RECEIVER = "/ocpi/2.2.1/receiver"


class Lists:
    """The lists of a partner, two objects a page."""

    def __init__(self, connection: Connection) -> None:
        self.token = connection.token
        self.id = connection.partner_id
        self.server = connection.partner
        self.meanwhile: dict[int, Callable[[list[Any]], object]] = {}
        """What happens to a list, once, after the page at an offset was read."""

    def serve(self, module: str, *objects: Any, total: bool = True) -> list[Any]:
        """Serve a list, which the caller may change later."""
        listed = list(objects)

        def page(seen: Seen) -> Answer:
            offset = int(parse_qs(urlsplit(seen.path).query).get("offset", ["0"])[0])
            headers = {"X-Limit": "2"} | ({"X-Total-Count": str(len(listed))} if total else {})
            if offset + 2 < len(listed):
                headers["Link"] = f'<{self.server.url}/{module}?offset={offset + 2}>; rel="next"'
            answer = ok(listed[offset : offset + 2], headers)
            self.meanwhile.pop(offset, len)(listed)
            return answer

        self.server.answers["GET", f"/{module}"] = page
        return listed

    def asked(self) -> list[Seen]:
        """The requests since the last look."""
        seen = list(self.server.seen)
        self.server.seen.clear()
        return seen

    def held(self, path: str) -> Any:
        """What we hold at a receiver interface, as the partner reads it; None if there is nothing."""
        reply = request("GET", f"{RECEIVER}/{path}", token=self.token)
        return reply.data if reply.http_status == 200 else None


@pytest.fixture
def ocpi(aws: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Ocpi:
    monkeypatch.setattr(Deployment, "find", lambda _stack: Deployment(OUTPUTS))
    monkeypatch.setenv("COLUMNS", "200")
    return Ocpi(capsys, monkeypatch, tmp_path)


@pytest.fixture
def cpo(ocpi: Ocpi, connect: Connect) -> Lists:
    """The platform of the CPO NL/SIM."""
    return Lists(connect("CPO NL SIM", offers=LISTS))


@pytest.fixture
def hub(ocpi: Ocpi, connect: Connect) -> Lists:
    """A hub."""
    return Lists(connect("HUB NL HUB", offers=LISTS))


def pull(ocpi: Ocpi, partner: Lists, module: str, *options: str) -> Any:
    """What a pull of one module tells, without the module's name."""
    (row,) = ocpi("partner", "pull", partner.id, "--module", module, "--json", *options).json
    return {name: value for name, value in row.items() if name != "module"}


def told(**counts: Any) -> dict[str, Any]:
    return {"pages": 1, "stored": 0, "unchanged": 0, "gone": 0, "missing": 0, "skipped": [], "error": None} | counts


def location(id_: str, **fields: Any) -> dict[str, Any]:
    return LOCATION | {"id": id_} | fields


FIVE = [location(f"L{number}") for number in range(1, 6)]


@pytest.mark.requirement("TRA-26")
def test_links_are_followed_to_the_end_and_a_list_that_grows_is_not_begun_anew(ocpi: Ocpi, cpo: Lists) -> None:
    cpo.serve("locations", *FIVE)
    cpo.meanwhile[0] = lambda listed: listed.append(location("L6"))
    assert pull(ocpi, cpo, "locations") == told(pages=3, stored=6)
    assert [seen.path for seen in cpo.asked()] == ["/locations?limit=100", "/locations?offset=2", "/locations?offset=4"]
    assert cpo.held("locations/NL/SIM/L6")["id"] == "L6"


@pytest.mark.requirement("TRA-27")
def test_a_list_that_gets_shorter_is_read_again_from_a_little_earlier(ocpi: Ocpi, cpo: Lists) -> None:
    cpo.serve("locations", *FIVE)
    cpo.meanwhile[2] = lambda listed: listed.pop(0)
    assert pull(ocpi, cpo, "locations")["stored"] == 5
    paths = [seen.path for seen in cpo.asked()]
    assert paths == [
        "/locations?limit=100",
        "/locations?offset=2",
        "/locations?offset=4",
        "/locations?offset=1",
        "/locations?offset=3",
    ]


@pytest.mark.requirement("TRA-27")
def test_the_first_page_is_read_again_as_it_was(ocpi: Ocpi, cpo: Lists) -> None:
    cpo.serve("locations", *FIVE)
    cpo.meanwhile[0] = lambda listed: listed.pop(0)
    assert pull(ocpi, cpo, "locations")["stored"] == 5
    assert [seen.path for seen in cpo.asked()][:3] == [
        "/locations?limit=100",
        "/locations?offset=2",
        "/locations?limit=100",
    ]


@pytest.mark.requirement("TRA-29")
def test_decision_35_what_is_wrong_in_a_list_is_skipped_and_told_and_the_rest_is_kept(ocpi: Ocpi, cpo: Lists) -> None:
    odd = location("L1", evses=[EVSE | {"status": "ON_FIRE"}])
    cpo.serve("locations", odd, "no object", without(LOCATION, "id"), location("L2", city=7), location("L3"))
    result = pull(ocpi, cpo, "locations")
    assert (result["stored"], result["pages"]) == (1, 3)
    assert [(each["object"], each["reason"].split(":")[0]) for each in result["skipped"]] == [
        ("NL/SIM/L1", "/evses/0/status"),
        ("object 2 of page 1", "it has no country_code, party_id and id that can be read"),
        ("object 1 of page 2", "it has no country_code, party_id and id that can be read"),
        ("NL/SIM/L2", "/city"),
    ]
    assert cpo.held("locations/NL/SIM/L1") is None
    assert cpo.held("locations/NL/SIM/L3") == location("L3")
    assert "locations NL/SIM/L1 was skipped: /evses/0/status: " in ocpi("partner", "pull", cpo.id).out


@pytest.mark.requirement("TRA-45", "HUB-13")
def test_a_pull_asks_for_what_changed_since_the_last_one(ocpi: Ocpi, cpo: Lists, time: Callable[..., None]) -> None:
    listed = cpo.serve("tariffs", TARIFF)
    cpo.meanwhile[0] = lambda _: time(minutes=1)
    assert pull(ocpi, cpo, "tariffs") == told(stored=1)
    listed.append(TARIFF | {"id": "T2", "last_updated": LATER})
    time(minutes=5)
    assert pull(ocpi, cpo, "tariffs", "--since", "2026-01-01T00:00:00Z") == told(stored=1, unchanged=1)
    assert pull(ocpi, cpo, "tariffs") == told(unchanged=2)
    assert pull(ocpi, cpo, "tariffs", "--full") == told(unchanged=2)
    assert pull(ocpi, cpo, "tariffs") == told(unchanged=2)
    assert [seen.path for seen in cpo.asked()] == [
        "/tariffs?limit=100",
        "/tariffs?date_from=2026-01-01T00%3A00%3A00Z&limit=100",
        "/tariffs?date_from=2026-11-22T08%3A00%3A00Z&limit=100",
        "/tariffs?limit=100",
        "/tariffs?date_from=2026-11-22T08%3A06%3A00Z&limit=100",
    ]


@pytest.mark.requirement("TRA-45")
def test_an_object_is_pulled_whose_push_was_lost_before_another_that_came(ocpi: Ocpi, cpo: Lists) -> None:
    newer = location("L2", last_updated=LATER)
    assert request("PUT", f"{RECEIVER}/locations/NL/SIM/L2", token=cpo.token, body=newer).http_status == 201
    cpo.serve("locations", location("L1"), newer)
    assert pull(ocpi, cpo, "locations") == told(stored=1, unchanged=1)
    assert [seen.path for seen in cpo.asked()] == ["/locations?limit=100"]


@pytest.mark.requirement("TRA-45")
def test_a_pull_that_broke_off_is_none_to_go_on_from(ocpi: Ocpi, cpo: Lists) -> None:
    cpo.serve("tariffs", TARIFF, TARIFF | {"id": "T2"}, TARIFF | {"id": "T3"})
    cpo.server.answers["GET", "/tariffs?offset=2"] = (502, b"")
    assert pull(ocpi, cpo, "tariffs")["error"]
    del cpo.server.answers["GET", "/tariffs?offset=2"]
    assert pull(ocpi, cpo, "tariffs")["stored"] == 1
    assert [seen.path for seen in cpo.asked()][2] == "/tariffs?limit=100"


@pytest.mark.requirement("SES-01")
def test_sessions_are_always_asked_for_with_date_from(ocpi: Ocpi, cpo: Lists, time: Callable[..., None]) -> None:
    cpo.serve("sessions", SESSION)
    assert pull(ocpi, cpo, "sessions") == told(stored=1)
    pull(ocpi, cpo, "sessions", "--full")
    pull(ocpi, cpo, "sessions")
    assert [parse_qs(urlsplit(seen.path).query)["date_from"] for seen in cpo.asked()] == [
        ["1970-01-01T00:00:00Z"],
        ["1970-01-01T00:00:00Z"],
        ["2026-11-22T08:00:00Z"],
    ]


def test_the_newest_wins_whatever_comes_by_the_list(ocpi: Ocpi, cpo: Lists) -> None:
    newer = location("L1", name="New", last_updated=LATER)
    assert request("PUT", f"{RECEIVER}/locations/NL/SIM/L1", token=cpo.token, body=newer).http_status == 201
    cpo.serve("locations", location("L1", name="Old"))
    assert pull(ocpi, cpo, "locations") == told(unchanged=1)
    assert cpo.held("locations/NL/SIM/L1") == newer


@pytest.mark.requirement("TRA-39")
def test_objects_of_parties_that_are_not_registered_are_left_out(ocpi: Ocpi, cpo: Lists) -> None:
    cpo.serve("locations", LOCATION, location("L2", party_id="OTH"))
    result = pull(ocpi, cpo, "locations")
    reason = "NL/OTH is not among the roles that the partner has registered"
    assert result == told(stored=1, skipped=[{"object": "NL/OTH/L2", "reason": reason}])


@pytest.mark.requirement("ROU-05", "ROU-07")
def test_each_party_of_a_platform_is_asked_for_its_own_list(ocpi: Ocpi, connect: Connect) -> None:
    platform = Lists(connect("CPO NL SIM", "CPO DE ABC", "EMSP DE XYZ", offers=LISTS))
    platform.serve("locations", LOCATION)
    pull(ocpi, platform, "locations")
    names = ("from-country-code", "from-party-id", "to-country-code", "to-party-id")
    asked = [[seen.headers[f"ocpi-{name}"] for name in names] for seen in platform.asked()]
    assert asked == [["NL", "OCS", "NL", "SIM"], ["NL", "OCS", "DE", "ABC"]]


@pytest.mark.requirement("ROU-20", "ROU-26", "ROU-28")
def test_a_hub_is_asked_for_all_and_the_owner_is_read_from_each_object(ocpi: Ocpi, hub: Lists) -> None:
    hub.serve("locations", LOCATION, LOCATION | {"party_id": "OTH"}, LOCATION | PARTY)
    result = pull(ocpi, hub, "locations")
    assert result == told(pages=2, stored=2, skipped=[{"object": "NL/OCS/L1", "reason": "it is our own"}])
    for seen in hub.asked():
        assert (seen.method, seen.path.partition("?")[0]) == ("GET", "/locations")
        assert (seen.headers["ocpi-from-party-id"], seen.headers["ocpi-to-party-id"]) == ("OCS", "HUB")
    assert hub.held("locations/NL/OTH/L1")["party_id"] == "OTH"
    assert hub.held("locations/NL/SIM/L1")["party_id"] == "SIM"


@pytest.mark.requirement("HUB-17")
def test_who_is_connected_to_a_hub_is_asked_for_as_a_whole(ocpi: Ocpi, hub: Lists) -> None:
    client = {"country_code": "NL", "party_id": "SIM", "role": "CPO", "status": "PLANNED", "last_updated": LATER}
    listed = hub.serve("hubclientinfo", client, client | {"party_id": "TNM", "role": "EMSP"})
    assert pull(ocpi, hub, "hubclientinfo") == told(stored=2)
    listed[0] = client | {"status": "CONNECTED", "last_updated": LAST}
    assert pull(ocpi, hub, "hubclientinfo") == told(stored=1, unchanged=1)
    for seen in hub.asked():
        assert seen.path == "/hubclientinfo?limit=100"
        assert not [name for name in seen.headers if name.startswith("ocpi-")]
    assert hub.held("hubclientinfo/NL/SIM")["status"] == "CONNECTED"


def listed_locations(partner: Lists) -> list[str]:
    """Which Locations of the partner our backend finds in its list."""
    reply = owner("GET", f"/received/{partner.id}/locations/NL/SIM")
    return [each["id"] for each in reply.body]


@pytest.mark.requirement("LOC-05")
def test_locations_that_a_full_list_does_not_have_are_no_longer_listed(ocpi: Ocpi, cpo: Lists) -> None:
    listed = cpo.serve("locations", *FIVE)
    pull(ocpi, cpo, "locations")
    listed[:] = [location("L2"), location("L3", evses=[EVSE | {"status": "ON_FIRE"}]), location("L9")]
    assert pull(ocpi, cpo, "locations")["gone"] == 0
    result = pull(ocpi, cpo, "locations", "--full")
    assert (result["unchanged"], result["gone"], len(result["skipped"])) == (2, 3, 1)
    assert listed_locations(cpo) == ["L2", "L3", "L9"]
    listed.append(location("L1"))
    assert pull(ocpi, cpo, "locations", "--full")["stored"] == 1
    assert listed_locations(cpo) == ["L1", "L2", "L3", "L9"]


@pytest.mark.requirement("TAR-02")
def test_a_full_list_of_tariffs_replaces_what_we_hold_of_that_owner(ocpi: Ocpi, cpo: Lists) -> None:
    cpo.serve("tariffs", TARIFF, TARIFF | {"id": "T2"}, TARIFF | {"id": "T3"})
    pull(ocpi, cpo, "tariffs")
    cpo.serve("tariffs", TARIFF | {"id": "T2"})
    assert pull(ocpi, cpo, "tariffs", "--full") == told(unchanged=1, gone=2)
    assert cpo.held("tariffs/NL/SIM/T1") is None
    assert cpo.held("tariffs/NL/SIM/T2")["id"] == "T2"


@pytest.mark.requirement("TAR-02", "LOC-05")
def test_a_hubs_full_list_replaces_what_each_owner_in_it_has(ocpi: Ocpi, hub: Lists) -> None:
    hub.serve("tariffs", TARIFF, TARIFF | {"id": "T2"}, TARIFF | {"party_id": "OTH"})
    pull(ocpi, hub, "tariffs")
    hub.serve("tariffs", TARIFF | {"id": "T2"})
    assert pull(ocpi, hub, "tariffs", "--full") == told(unchanged=1, gone=1)
    assert hub.held("tariffs/NL/SIM/T1") is None
    assert hub.held("tariffs/NL/OTH/T1"), "a party that the hub leaves out may be offline"


@pytest.mark.requirement("TOK-08")
def test_tokens_are_updated_and_added_and_never_taken_away(ocpi: Ocpi, connect: Connect) -> None:
    emsp = Lists(connect("EMSP NL TNM", offers=LISTS))
    emsp.serve("tokens", TOKEN, TOKEN | {"type": "OTHER"})
    assert pull(ocpi, emsp, "tokens") == told(stored=2)
    emsp.serve("tokens", TOKEN | {"valid": False, "last_updated": LATER}, TOKEN | {"uid": "99"})
    assert pull(ocpi, emsp, "tokens", "--full") == told(stored=2)
    assert emsp.held("tokens/NL/TNM/012345678")["valid"] is False
    assert emsp.held("tokens/NL/TNM/012345678?type=OTHER")["valid"] is True


@pytest.mark.requirement("CDR-07")
def test_a_cdr_that_has_changed_is_not_taken(ocpi: Ocpi, cpo: Lists) -> None:
    cpo.serve("cdrs", CDR)
    assert pull(ocpi, cpo, "cdrs") == told(stored=1)
    cpo.serve("cdrs", CDR | {"total_energy": 99})
    result = pull(ocpi, cpo, "cdrs", "--full")
    assert (result["stored"], result["skipped"][0]["object"]) == (0, "NL/SIM/C1")
    assert cpo.held("cdrs/NL/SIM/C1") == CDR


BROKEN: dict[str, Answer] = {
    "HTTP 502 without an OCPI envelope": (502, b"<html>Bad gateway</html>"),
    "HTTP 200 without an OCPI envelope": (200, b'{"status_code": 1000, "data": [{"country_code": "NL", "par'),
    "HTTP 401, OCPI 2000": (401, {"status_code": 2000}),
    "HTTP 200, OCPI 3000": (200, {"status_code": 3000}),
    "the answer holds no list": ok({"items": []}),
    "the link to the next page leads to another host": ok([], {"Link": '<https://evil.example.com/>; rel="next"'}),
    "the link to the next page leads back": ok([], {"Link": '</tariffs?offset=2>; rel="next"'}),
    "the link to the next page is no URL": ok([], {"Link": '<http://[/>; rel="next"'}),
    "the link to the next page has more than": ok([], {"Link": f'</tariffs?{"a" * 60_000}>; rel="next"'}),
    "LineTooLong": ok([], {"Link": f'</tariffs?{"a" * 1_000_000}>; rel="next"'}),
    "the page is the same as the one before": ok(
        [TARIFF, TARIFF | {"id": "T2"}], {"Link": '</tariffs?offset=4>; rel="next"'}
    ),
}


@pytest.mark.parametrize(("message", "second_page"), BROKEN.items(), ids=BROKEN)
def test_a_list_that_breaks_off_is_one_clear_line_and_what_came_is_kept(
    ocpi: Ocpi, cpo: Lists, message: str, second_page: Answer
) -> None:
    cpo.serve("tariffs", TARIFF | {"id": "T9"})
    pull(ocpi, cpo, "tariffs")
    cpo.serve("tariffs", TARIFF, TARIFF | {"id": "T2"}, TARIFF | {"id": "T3"})
    cpo.server.answers["GET", "/tariffs?offset=2"] = second_page
    printed = ocpi("partner", "pull", cpo.id, "--module", "tariffs", "--full", "--json")
    (row,) = printed.json
    assert printed.exit_code == 1
    assert message in row["error"]
    assert "tariffs" in row["error"]
    assert (row["stored"], row["gone"]) == (2, 0)
    assert cpo.held("tariffs/NL/SIM/T2")
    assert cpo.held("tariffs/NL/SIM/T9"), "only a whole list tells what is gone"


def test_without_a_module_all_lists_that_our_roles_are_for_are_pulled(ocpi: Ocpi, cpo: Lists) -> None:
    for module, document in (("locations", LOCATION), ("tariffs", TARIFF), ("sessions", SESSION), ("cdrs", CDR)):
        cpo.serve(module, document)
    cpo.serve("tokens")
    cpo.serve("hubclientinfo")
    printed = ocpi("partner", "pull", "SIM")
    assert printed.exit_code == 0
    assert "locations      1      1 " in printed.out
    for path in ("locations/NL/SIM/L1", "tariffs/NL/SIM/T1", "sessions/NL/SIM/S1", "cdrs/NL/SIM/C1"):
        assert cpo.held(path), path


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["nobody"], "there is no partner 'nobody'"),
        (["sim", "--module", "commands"], "partner 'sim' offers no list of commands"),
        (["sim", "--since", "yesterday"], "must be a UTC time"),
        (["sim", "--full", "--since", LATER], "--since and --full exclude each other"),
    ],
)
def test_what_cannot_be_pulled_is_said_and_nothing_is_asked(
    ocpi: Ocpi, cpo: Lists, options: list[str], line: str
) -> None:
    printed = ocpi("partner", "pull", *options)
    assert printed.exit_code != 0
    assert line in printed.err
    assert cpo.asked() == []


def test_a_list_without_an_end_is_given_up(ocpi: Ocpi, cpo: Lists, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ocpi.transport.crawling.MAX_PAGES", 3)

    def endless(seen: Seen) -> Answer:
        offset = int(parse_qs(urlsplit(seen.path).query).get("offset", ["0"])[0])
        return ok([TARIFF | {"id": f"T{offset}"}], {"Link": f'</tariffs?offset={offset + 1}>; rel="next"'})

    cpo.server.answers["GET", "/tariffs"] = endless
    result = pull(ocpi, cpo, "tariffs")
    assert (result["pages"], result["stored"]) == (3, 3)
    assert "there is still no end after 3 pages" in result["error"]


def test_a_long_list_that_says_how_long_it_is_is_read_to_its_end(
    ocpi: Ocpi, cpo: Lists, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ocpi.transport.crawling.MAX_PAGES", 1)
    cpo.serve("tariffs", *(TARIFF | {"id": f"T{number}"} for number in range(5)))
    assert pull(ocpi, cpo, "tariffs") == told(pages=3, stored=5)


@pytest.mark.requirement("LOC-05")
def test_much_that_is_missing_goes_only_if_a_second_full_pull_agrees(ocpi: Ocpi, cpo: Lists) -> None:
    many = [location(f"L{number}") for number in range(9)]
    listed = cpo.serve("locations", *many)
    pull(ocpi, cpo, "locations")
    listed.clear()
    printed = ocpi("partner", "pull", cpo.id, "--module", "locations", "--full")
    assert "locations: 9 are missing; they go if the next full pull does not have them either" in printed.out
    assert len(listed_locations(cpo)) == 9
    listed[:] = many[:2]
    assert pull(ocpi, cpo, "locations", "--full") == told(unchanged=2, gone=7)
    assert listed_locations(cpo) == ["L0", "L1"]


@pytest.mark.requirement("LOC-05")
def test_a_list_that_was_empty_by_mistake_takes_nothing_away(ocpi: Ocpi, cpo: Lists) -> None:
    many = [location(f"L{number}") for number in range(9)]
    listed = cpo.serve("locations", *many)
    pull(ocpi, cpo, "locations")
    listed.clear()
    assert pull(ocpi, cpo, "locations", "--full") == told(missing=9)
    listed[:] = many
    assert pull(ocpi, cpo, "locations", "--full") == told(pages=5, unchanged=9)
    assert len(listed_locations(cpo)) == 9


@pytest.mark.requirement("LOC-05")
def test_a_little_of_a_long_list_goes_at_once(ocpi: Ocpi, cpo: Lists) -> None:
    listed = cpo.serve("locations", *(location(f"L{number}") for number in range(30)))
    pull(ocpi, cpo, "locations")
    del listed[:6]
    assert pull(ocpi, cpo, "locations", "--full") == told(pages=12, unchanged=24, gone=6)


@pytest.mark.requirement("LOC-05")
def test_what_a_hub_lists_no_more_of_a_party_is_much_by_what_that_party_has(ocpi: Ocpi, hub: Lists) -> None:
    others = [location(f"L{number}", party_id="OTH") for number in range(40)]
    hub.serve("locations", *others, *(location(f"L{number}") for number in range(7)))
    pull(ocpi, hub, "locations")
    hub.serve("locations", *others, location("L0"))
    assert pull(ocpi, hub, "locations", "--full") == told(pages=21, unchanged=41, missing=6)
    assert pull(ocpi, hub, "locations", "--full") == told(pages=21, unchanged=41, gone=6)


@pytest.mark.parametrize(("module", "document"), [("sessions", SESSION), ("cdrs", CDR)])
def test_a_hub_is_asked_for_sessions_and_cdrs_of_a_month_once_it_was_read_whole(
    ocpi: Ocpi, hub: Lists, time: Callable[..., None], module: str, document: dict[str, Any]
) -> None:
    hub.serve(module, document)
    pull(ocpi, hub, module)
    time(days=1)
    pull(ocpi, hub, module)
    pull(ocpi, hub, module, "--full")
    whole = ["1970-01-01T00:00:00Z"] if module == "sessions" else None
    asked = [parse_qs(urlsplit(seen.path).query).get("date_from") for seen in hub.asked()]
    assert asked == [whole, ["2026-10-23T08:00:00Z"], whole]


def test_links_in_a_circle_are_given_up(ocpi: Ocpi, cpo: Lists) -> None:
    following = {"": "a", "a": "b", "b": "a"}

    def circle(seen: Seen) -> Answer:
        at = parse_qs(urlsplit(seen.path).query).get("page", [""])[0]
        return ok([TARIFF | {"id": f"T{at}"}], {"Link": f'</tariffs?page={following[at]}>; rel="next"'})

    cpo.server.answers["GET", "/tariffs"] = circle
    result = pull(ocpi, cpo, "tariffs")
    assert (result["pages"], result["stored"]) == (3, 3)
    assert "the link to the next page leads back to" in result["error"]


def test_empty_pages_are_not_followed_for_ever(ocpi: Ocpi, cpo: Lists) -> None:
    def empty(seen: Seen) -> Answer:
        offset = int(parse_qs(urlsplit(seen.path).query).get("offset", ["0"])[0])
        return ok([], {"Link": f'</tariffs?offset={offset + 1}>; rel="next"'})

    cpo.server.answers["GET", "/tariffs"] = empty
    result = pull(ocpi, cpo, "tariffs")
    assert result["pages"] == 21
    assert "more than 20 pages in a row have nothing on them" in result["error"]


@pytest.mark.requirement("TRA-26")
@pytest.mark.parametrize(
    "link",
    [
        '</tariffs?offset=2>; rel="next"',
        "<?offset=2>; rel=next",
        '</tariffs>; rel="first", </tariffs?offset=2>; title="more"; REL="prev next"',
    ],
)
def test_a_next_link_is_followed_however_it_is_written(ocpi: Ocpi, cpo: Lists, link: str) -> None:
    cpo.serve("tariffs", TARIFF, TARIFF | {"id": "T2"}, TARIFF | {"id": "T3"})
    listed = cpo.server.answers["GET", "/tariffs"]
    assert callable(listed)
    cpo.server.answers["GET", "/tariffs?offset=2"] = listed
    cpo.server.answers["GET", "/tariffs"] = ok([TARIFF, TARIFF | {"id": "T2"}], {"Link": link})
    assert pull(ocpi, cpo, "tariffs") == told(pages=2, stored=3)


@pytest.mark.parametrize("link", ['</tariffs?offset=2>; rel="prev"', '</tariffs?offset=2>; rel="nextish"', "next"])
def test_any_other_link_is_the_end_of_the_list(ocpi: Ocpi, cpo: Lists, link: str) -> None:
    cpo.server.answers["GET", "/tariffs"] = ok([TARIFF], {"Link": link})
    assert pull(ocpi, cpo, "tariffs") == told(stored=1)


@pytest.mark.requirement("TRA-27")
def test_a_list_that_gets_shorter_with_every_page_comes_to_an_end(ocpi: Ocpi, cpo: Lists) -> None:
    """By pages of ten; after each request the first Tariff of the list is gone."""
    listed = [TARIFF | {"id": f"T{number:02}"} for number in range(60)]

    def shrinking(seen: Seen) -> Answer:
        offset = int(parse_qs(urlsplit(seen.path).query).get("offset", ["0"])[0])
        headers = {"X-Total-Count": str(len(listed))}
        if offset + 10 < len(listed):
            headers["Link"] = f'</tariffs?offset={offset + 10}>; rel="next"'
        page = ok(listed[offset : offset + 10], headers)
        del listed[0]
        return page

    cpo.server.answers["GET", "/tariffs"] = shrinking
    result = pull(ocpi, cpo, "tariffs")
    assert result["error"] is None
    assert (result["stored"], result["pages"] < 30) == (60, True)
