"""What fields may hold, as a partner and our own backend find out: a wrong one is named, a right one comes back."""

import copy
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests import own
from tests.api import Reply, request
from tests.functions.conftest import Register
from tests.objects import CDR, EVSE, LOCATION, PERIOD, SESSION, TARIFF
from tests.owner import owner

BASE = "https://ocpi.example.com"
RECEIVER = "/ocpi/2.2.1/receiver"
INFO: dict[str, Any] = {
    "country_code": "NL",
    "party_id": "TNM",
    "role": "EMSP",
    "status": "CONNECTED",
    "last_updated": "2026-11-22T08:00:00Z",
}
OWNED = {"locations": LOCATION, "sessions": SESSION, "cdrs": CDR, "tariffs": TARIFF}
OBJECTS = OWNED | {"hubclientinfo": INFO}
ABSENT = object()
"""Instead of a value: the field is left out."""

type Change = tuple[str, object]
"""The JSON Pointer of a field, and what it holds."""


@dataclass(frozen=True)
class Rule:
    """What a field of an object may hold.

    Args:
        ids: the requirements.
        module: of the object.
        right: what a field may hold.
        wrong: what it may not; it is the field that is named.
        named: the field that is named instead, where several do not go together.
    """

    ids: tuple[str, ...]
    module: str
    right: list[Change]
    wrong: list[Change] = field(default_factory=list)
    named: str | None = None

    def numbered(self, number: int) -> dict[str, Any]:
        """The object, which is another one or newer with each number."""
        document = OBJECTS[self.module]
        return document | (
            {"id": f"X{number}"} if "id" in document else {"last_updated": f"2026-11-22T08:00:0{number}Z"}
        )


def each(pointer: str, *values: object) -> list[Change]:
    return [(pointer, value) for value in values]


def url_of(length: int) -> str:
    return "https://example.com/".ljust(length, "x")


def hours(*times: tuple[object, str, str]) -> dict[str, Any]:
    names = ("weekday", "period_begin", "period_end")
    regular = [dict(zip(names, each, strict=True)) for each in times]
    return {"twentyfourseven": False, "regular_hours": regular}


def text(**changes: object) -> list[dict[str, object]]:
    return [{"language": "en", "text": "a < b & c > d, <3"} | changes]


def element(dimension: str, **restrictions: object) -> list[dict[str, object]]:
    component = {"type": dimension, "price": 1, "step_size": 1}
    return [{"price_components": [component], "restrictions": restrictions}]


def dimension(type_: str, volume: float) -> list[dict[str, object]]:
    return [{"type": type_, "volume": volume}]


CONNECTOR = "/evses/0/connectors/0"
OWNERS = "/publish_allowed_to"
RESTRICTED = "/elements/0/restrictions"
DIMENSIONS = "/charging_periods/0/dimensions"
NO_NUMBERS: tuple[object, ...] = ("1.00", True, [], {})
ONE = LOCATION["evses"][0]["connectors"][0]

RULES = [
    Rule(
        ("TYP-06", "TYP-08", "TYP-09"),
        "sessions",
        each(
            "/start_date_time",
            "2026-11-22T07:00:00Z",
            "2026-11-22T07:00:00",
            "2026-11-22T07:00:00.123Z",
            "2026-11-22T07:00:00.12345",
            "2026-11-22T07:00:00.1234Z",
        ),
        each(
            "/start_date_time",
            "2026-11-22T07:00:00.12345Z",
            "2026-11-22T07:00:00.123456Z",
            "2026-11-22T07:00:00+00:00",
            "2026-11-22T08:00:00+01:00",
            "2026-11-22 07:00:00Z",
            "2026-11-22T07:00Z",
            "2026-02-29T07:00:00Z",
            "2026-11-22",
            1795330800,
        ),
    ),
    Rule(
        ("TYP-11",),
        "sessions",
        each("/total_cost", {"excl_vat": 0.30}, {"excl_vat": 2.5, "incl_vat": 3}, {"excl_vat": -1, "incl_vat": None}),
        each("/total_cost", {}, {"incl_vat": 1}, {"excl_vat": None}, {"excl_vat": "1.00"}, {"excl_vat": True}),
        "/total_cost/excl_vat",
    ),
    Rule(
        ("TYP-11",),
        "cdrs",
        each("/total_cost", {"excl_vat": 0.3086}, {"excl_vat": 10, "incl_vat": 11.05}),
        each("/total_cost", *({"excl_vat": 1, "incl_vat": wrong} for wrong in NO_NUMBERS)),
        "/total_cost/incl_vat",
    ),
    Rule(
        ("TYP-12",),
        "hubclientinfo",
        each("/role", "CPO", "EMSP", "HUB", "NAP", "NSP", "OTHER", "SCSP"),
        each("/role", "emsp", "Cpo", "DRIVER", "", 1),
    ),
    Rule(
        ("TYP-13",),
        "locations",
        each("/operator", *({"name": "OCS", "website": url} for url in ("http://example.com", url_of(255)))),
        each("/operator", *({"name": "OCS", "website": url} for url in (url_of(256), "example.com", "/a", "", 1))),
        "/operator/website",
    ),
    Rule(
        ("TYP-14",),
        "locations",
        each("/directions", text(), text(language="nl", text="x" * 512)),
        each("/directions", text(text="x" * 513), text(text="<b>left</b>"), text(text="a<br/>b"), text(text=None)),
        "/directions/0/text",
    ),
    Rule(
        ("TYP-14",),
        "tariffs",
        each("/tariff_alt_text", text(language="de")),
        each("/tariff_alt_text", text(language="deu"), text(language="d"), text(language="1a"), text(language=None)),
        "/tariff_alt_text/0/language",
    ),
    Rule(
        ("LOC-25",),
        "locations",
        each(
            OWNERS,
            [{"group_id": "G"}],
            [{"uid": "1", "type": "RFID"}, {"visual_number": "1", "issuer": "TNM"}],
        ),
        each(OWNERS, [{}], [{"type": "RFID"}], [{"issuer": "TNM"}], [{"uid": "1"}], [{"visual_number": "1"}]),
        f"{OWNERS}/0",
    ),
    Rule(
        ("LOC-27",),
        "locations",
        [*each("/country", "BEL"), *each("/postal_code", "3511 CE", ABSENT)],
        [*each("/country", "NL", "nld", "N1D", ABSENT), *each("/country_code", "NLD", "N1", "N")],
    ),
    Rule(
        ("LOC-32",),
        "locations",
        [(f"{CONNECTOR}/id", "x" * 36), ("/evses/0/connectors", [ONE, ONE | {"id": "2"}])],
        [
            *((f"{CONNECTOR}/{name}", ABSENT) for name in ONE),
            *each(f"{CONNECTOR}/max_voltage", "230", 230.5),
            *each(f"{CONNECTOR}/max_amperage", "32", 31.5),
            *each(f"{CONNECTOR}/standard", "TYPE_2", "IEC_60309_2_THREE_16"),
            *each(f"{CONNECTOR}/power_type", "AC"),
            *each(f"{CONNECTOR}/id", "x" * 37),
        ],
    ),
    Rule(
        ("LOC-32",),
        "locations",
        each("/evses/0/connectors", [ONE | {"id": "a"}, ONE | {"id": "b"}]),
        each("/evses/0/connectors", [ONE, ONE], [ONE | {"id": "a"}, ONE | {"id": "A"}]),
        "/evses/0",
    ),
    Rule(
        ("LOC-38",),
        "locations",
        each("/opening_times", hours((1, "00:00", "23:59"), (7, "08:00", "12:00"), (7, "13:00", "18:00"))),
        [
            *each("/opening_times", hours((1, "18:00", "08:00"))),
            *each("/opening_times", hours((1, "08:00", "08:00"))),
        ],
        "/opening_times/regular_hours/0",
    ),
    *(
        Rule(
            ("LOC-38",),
            "locations",
            each("/opening_times", hours(right)),
            each("/opening_times", *(hours(wrong) for wrong in wrongs)),
            f"/opening_times/regular_hours/0/{name}",
        )
        for name, right, wrongs in (
            ("weekday", (1, "08:00", "18:00"), [(day, "08:00", "18:00") for day in (0, 8, "1", "MONDAY")]),
            ("period_begin", (1, "09:30", "18:00"), [(1, begin, "18:00") for begin in ("8:00", "08:60", "08:00:00")]),
            ("period_end", (1, "08:00", "20:00"), [(1, "08:00", end) for end in ("24:00", "6 pm", "9:00")]),
        )
    ),
    Rule(
        ("TAR-22",),
        "tariffs",
        [("/elements", element("ENERGY", start_time="22:00", end_time="00:00"))],
        each(f"{RESTRICTED}/start_time", "8:00", "24:00", "08:00:00", "08.00", 8),
    ),
    Rule(
        ("TAR-23",),
        "tariffs",
        [("/elements", element("ENERGY", start_date="2028-02-29", end_date="2028-03-01"))],
        each(f"{RESTRICTED}/end_date", "2026-02-29", "26-01-01", "2026-1-1", "01-01-2026"),
    ),
    Rule(
        ("TAR-28",),
        "tariffs",
        each(
            "/elements", element("TIME", reservation="RESERVATION"), element("FLAT", reservation="RESERVATION_EXPIRES")
        ),
        each(
            "/elements",
            element("ENERGY", reservation="RESERVATION"),
            element("PARKING_TIME", reservation="RESERVATION_EXPIRES"),
        ),
        "/elements/0",
    ),
    Rule(
        ("TAR-32",),
        "tariffs",
        each("/elements/0/price_components/0/vat", 0.0, 21, ABSENT),
        each("/elements/0/price_components/0/vat", "21", []),
    ),
    Rule(
        ("CDR-26",),
        "cdrs",
        each(DIMENSIONS, dimension("ENERGY", -1.5), dimension("TIME", 0.25), dimension("MAX_CURRENT", 16)),
        each(DIMENSIONS, dimension("TIME", -0.25), dimension("PARKING_TIME", -1), dimension("RESERVATION_TIME", -1)),
        f"{DIMENSIONS}/0",
    ),
    Rule(
        ("CDR-26",),
        "sessions",
        each("/charging_periods", *([PERIOD | {"dimensions": dimension("STATE_OF_CHARGE", soc)}] for soc in (0, 100))),
        each("/charging_periods", *([PERIOD | {"dimensions": dimension("STATE_OF_CHARGE", soc)}] for soc in (-1, 101))),
        f"{DIMENSIONS}/0",
    ),
]


def changed(document: dict[str, Any], pointer: str, value: object) -> dict[str, Any]:
    """`document` with another value at `pointer`; objects on the way to it are made."""
    document = copy.deepcopy(document)
    *way, last = pointer.split("/")[1:]
    place: Any = document
    for name in way:
        place = place[int(name)] if isinstance(place, list) else place.setdefault(name, {})
    if value is ABSENT:
        place.pop(last, None)
    else:
        place[last] = value
    return document


class Platform:
    """A partner, as it sends objects and reads them back."""

    def __init__(self, token: str) -> None:
        self.token = token

    def send(self, module: str, document: dict[str, Any]) -> Reply:
        """PUT it where it says that it belongs; CDRs are posted."""
        if module == "cdrs":
            return request("POST", f"{RECEIVER}/cdrs", token=self.token, body=document)
        return request("PUT", self.url(module, document), token=self.token, body=document)

    def sends_back(self, module: str, document: dict[str, Any]) -> Any:
        """What is read after that."""
        reply = self.send(module, document)
        assert reply.status_code == 1000, reply.message
        url = reply.headers["location"].removeprefix(BASE) if module == "cdrs" else self.url(module, document)
        return request("GET", url, token=self.token).data

    @staticmethod
    def url(module: str, document: dict[str, Any]) -> str:
        """Where it is."""
        ids = ["TNM"] if module == "hubclientinfo" else ["SIM", str(document["id"])]
        return "/".join([RECEIVER, module, "NL", *ids])


@pytest.fixture
def platform(register: Register) -> Platform:
    """A hub, with the CPO NL/SIM and the eMSP NL/TNM."""
    return Platform(register("CPO NL SIM", "EMSP NL TNM", "HUB NL HUB"))


def marked(*modules: str) -> list[Any]:
    """The rules of these modules, as parameters that carry their requirements."""
    return [
        pytest.param(rule, marks=pytest.mark.requirement(*rule.ids), id=f"{rule.ids[0]}-{rule.module}")
        for rule in RULES
        if rule.module in modules
    ]


@pytest.mark.parametrize("rule", marked(*OBJECTS))
def test_a_field_of_a_partner_is_kept_as_it_came_or_refused_and_named(platform: Platform, rule: Rule) -> None:
    for pointer, value in rule.wrong:
        reply = platform.send(rule.module, changed(OBJECTS[rule.module], pointer, value))
        assert (reply.http_status, reply.status_code) == (200, 2001), (pointer, value, reply.message)
        assert reply.message.startswith(f"{rule.named or pointer}: "), (value, reply.message)
    for number, (pointer, value) in enumerate(rule.right):
        document = changed(rule.numbered(number), pointer, value)
        assert platform.sends_back(rule.module, document) == document


@pytest.mark.parametrize("rule", marked(*OWNED))
def test_our_own_backend_is_held_to_the_same(aws: None, rule: Rule) -> None:
    for pointer, value in rule.wrong:
        document = changed(OBJECTS[rule.module] | own.PARTY, pointer, value)
        id_ = str(document["id"])
        reply = owner("PUT", f"/{rule.module}/NL/OCS/{id_}", document)
        own.assert_refused(reply, rule.named or pointer)
    for number, (pointer, value) in enumerate(rule.right):
        document = changed(rule.numbered(number) | own.PARTY, pointer, value)
        url = f"/{rule.module}/NL/OCS/{document['id']}"
        assert owner("PUT", url, document).status == 201
        assert owner("GET", url).body == document


@pytest.mark.requirement("TYP-07")
def test_a_time_without_designator_is_utc_wherever_we_are(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as abroad:
        abroad.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        stored = platform.sends_back("tariffs", TARIFF | {"last_updated": "2026-11-22T09:00:00"})
        older = TARIFF | {"currency": "CHF", "last_updated": "2026-11-22T08:59:59Z"}
        assert platform.sends_back("tariffs", older) == stored
        newer = TARIFF | {"currency": "SEK", "last_updated": "2026-11-22T09:00:01Z"}
        assert platform.sends_back("tariffs", newer) == newer
    time.tzset()


@pytest.mark.requirement("TYP-06", "TYP-07")
def test_times_of_ours_are_utc_and_have_no_more_than_milliseconds(register: Register) -> None:
    own.put_session(SESSION)
    token, preferred = register("EMSP NL TNM"), {"profile_type": "REGULAR"}
    own.put_location(LOCATION | {"evses": [EVSE | {"capabilities": ["CHARGING_PREFERENCES_CAPABLE"]}]})
    url = "/ocpi/2.2.1/sender/sessions"
    reply = request("PUT", f"{url}/S1/charging_preferences", token=token, body=preferred)
    assert reply.data == "ACCEPTED"
    (session,) = request("GET", f"{url}?date_from=2026-01-01T00:00:00Z", token=token).data
    for written in (reply.envelope["timestamp"], session["last_updated"]):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z", written)
        assert len(written) <= 25


@pytest.mark.requirement("TYP-17")
@pytest.mark.parametrize("name", ["timeZone", "TIME_ZONE", "Time_zone", "time-zone", "timezone"])
def test_a_name_that_is_spelled_otherwise_is_another_name(platform: Platform, name: str) -> None:
    document = changed(LOCATION, f"/{name}", LOCATION["time_zone"])
    assert platform.sends_back("locations", document) == document
    del document["time_zone"]
    reply = platform.send("locations", document)
    assert (reply.status_code, reply.message) == (2001, "/time_zone: Field required")


@pytest.mark.requirement("TYP-17")
@pytest.mark.parametrize("path", ["/ocpi/versions", "/ocpi/2.2.1", "/ocpi/2.2.1/credentials"])
def test_names_of_ours_are_lower_case_with_underscores(platform: Platform, path: str) -> None:
    answered = set(names(request("GET", path, token=platform.token).envelope))
    assert len(answered) > 3
    assert [name for name in answered if not re.fullmatch(r"[a-z]+(_[a-z]+)*", name)] == []


def names(part: object) -> Iterator[str]:
    """Every name in a JSON text."""
    if isinstance(part, dict):
        yield from part
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from names(inner)
