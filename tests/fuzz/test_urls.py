"""Whatever stands in a path, a query or a header, whatever the method: a proper answer, and no trace of a refusal."""

import json
from dataclasses import dataclass
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.amount import examples
from tests.fuzz.mutations import DATES, STRINGS, encoded
from tests.fuzz.platform import ENDPOINTS, HUB, NEW, OCPI, OWNER, SIM, TNM, Platform, Reply, authorization, send
from tests.fuzz.verdict import judged, judged_of_owner

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Route:
    """Something that is offered, with a body if it takes one."""

    method: str
    path: str
    function: str
    token: str
    body: bytes | None = None


READ = (
    *(
        Route("GET", f"{OCPI}/receiver/{path}", path.partition("/")[0], token)
        for path, token in (
            ("locations/NL/SIM/L1", SIM),
            ("locations/NL/SIM/L1/E1", SIM),
            ("locations/NL/SIM/L1/E1/1", SIM),
            ("locations/NL/SIM/L1/E1/1", HUB),
            ("sessions/NL/SIM/S1", SIM),
            ("sessions/NL/SIM/S1", HUB),
            ("cdrs/NL/SIM/C0", SIM),
            ("cdrs/NL/SIM/C0", HUB),
            ("tariffs/NL/SIM/T1", SIM),
            ("tariffs/NL/SIM/T1", HUB),
            ("tokens/NL/TNM/012345678", TNM),
            ("tokens/NL/TNM/012345678", HUB),
            ("chargingprofiles/S1", TNM),
            ("hubclientinfo/NL/XYZ", HUB),
        )
    ),
    *(
        Route("GET", f"{OCPI}/sender/{path}", path.partition("/")[0], token)
        for path, token in (
            ("locations", TNM),
            ("locations/L1", TNM),
            ("locations/L1/E1/1", TNM),
            ("sessions", TNM),
            ("cdrs", TNM),
            ("tariffs", TNM),
            ("tokens", SIM),
        )
    ),
    *(
        Route("DELETE", f"{OCPI}/receiver/{path}", path.partition("/")[0], token)
        for path, token in (
            ("tariffs/NL/SIM/T1", SIM),
            ("tariffs/NL/SIM/T1", HUB),
            ("chargingprofiles/S1", TNM),
        )
    ),
    Route("GET", "/ocpi/versions", "versions", SIM),
    Route("GET", "/ocpi/2.2.1", "versions", NEW),
    Route("GET", f"{OCPI}/credentials", "credentials", SIM),
    Route("DELETE", f"{OCPI}/credentials", "credentials", SIM),
    *(
        Route("GET", OWNER + path, "owner", "")
        for path in (
            "/locations/NL/OCS",
            "/locations/NL/OCS/L1",
            "/locations/NL/OCS/L1/E1",
            "/locations/NL/OCS/L1/E1/1",
            "/sessions/NL/OCS",
            "/cdrs/NL/OCS/C0",
            "/tariffs/NL/OCS/T1",
            "/tokens/NL/OCS/U1",
            "/received/sim/locations/NL/SIM",
            "/received/sim/locations/NL/SIM/L1",
            "/received/tnm/tokens/NL/TNM/012345678",
            "/partners",
            "/partners/sim",
            "/requests/received-command",
            "/chargingprofiles/sim/NL/SIM/S1",
        )
    ),
    Route("DELETE", f"{OWNER}/tariffs/NL/OCS/T1", "owner", ""),
    Route("DELETE", f"{OWNER}/chargingprofiles/sim/NL/SIM/S1", "owner", ""),
    Route("DELETE", f"{OWNER}/activeprofiles/NL/OCS/S1", "owner", ""),
)
WRITTEN = tuple(
    Route(e.method, e.path.partition("?")[0], e.function, e.token, encoded(e.documents[0])) for e in ENDPOINTS
)
LISTS = tuple(
    route
    for route in READ
    if route.path.endswith(
        (
            "sender/locations",
            "sender/sessions",
            "sender/cdrs",
            "sender/tariffs",
            "sender/tokens",
            "/locations/NL/OCS",
            "/sessions/NL/OCS",
            "/locations/NL/SIM",
        )
    )
)

ODD = st.sampled_from(
    [text for text in STRINGS if len(text) < 9_000 and not any("\ud800" <= c <= "\udfff" for c in text)]
) | st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=50)
SEGMENTS = ODD | st.sampled_from(
    [
        "",
        ".",
        "..",
        "*",
        "#",
        "?",
        "%",
        "%25",
        "~",
        "~7E",
        "nl",
        "sim",
        "l1",
        "x" * 3_000,
        "é" * 1_200,
        "@own",
        "NL*SIM*L1",
        "results",
        "TNM",
        "OCS",
    ]
)
METHODS = (
    "GET",
    "PUT",
    "PATCH",
    "POST",
    "DELETE",
    "HEAD",
    "OPTIONS",
    "TRACE",
    "CONNECT",
    "get",
    "PROPFIND",
    "",
    "GET /",
)


@pytest.mark.requirement("TRA-13")
@examples(120)
@given(data=st.data())
def test_no_path_does_harm(attacked: Platform, data: st.DataObject) -> None:
    route = data.draw(st.sampled_from(READ + WRITTEN))
    parts = route.path.split("/")
    for _ in range(data.draw(st.integers(1, 2))):
        place = data.draw(st.integers(1, len(parts) - 1))
        odd = data.draw(SEGMENTS)
        parts = data.draw(
            st.sampled_from(
                [
                    [*parts[:place], odd, *parts[place + 1 :]],
                    [*parts[:place], odd, *parts[place:]],
                    [*parts[:place], *parts[place + 1 :]] or [""],
                ]
            )
        )
        if len(parts) < 2:
            break
    path = "/" + "/".join(parts).removeprefix("/")
    encode = data.draw(st.booleans())
    _asked(attacked, route, path=quote(path, safe="/") if encode else path, query=_query(route))


@pytest.mark.requirement("TRA-13")
@pytest.mark.parametrize("method", METHODS)
def test_no_method_does_harm(attacked: Platform, method: str) -> None:
    for route in READ + WRITTEN:
        _asked(attacked, route, method=method, query=_query(route))


NUMBERS = (
    "0",
    "-1",
    "1",
    "2147483647",
    "2147483648",
    "9" * 400,
    "1.5",
    "1e3",
    "0x1",
    "١",
    "५",
    " 1",
    "1 ",
    "+1",
    "",
    "null",
    "NaN",
    "1,2",
    "true",
)
NAMES = (
    "limit",
    "offset",
    "date_from",
    "date_to",
    "cursor",
    "type",
    "duration",
    "response_url",
    "own_country_code",
    "own_party_id",
    "x",
    "",
)


@pytest.mark.requirement("TRA-13")
@examples(120)
@given(data=st.data())
def test_no_query_does_harm(attacked: Platform, data: st.DataObject) -> None:
    route = data.draw(st.sampled_from(LISTS * 3 + READ + WRITTEN))
    values = st.sampled_from(NUMBERS) | st.sampled_from(DATES) | ODD
    pairs = data.draw(st.lists(st.tuples(st.sampled_from(NAMES) | ODD, values), max_size=4))
    query = (
        urlencode(pairs, errors="replace")
        if data.draw(st.booleans())
        else "&".join(f"{name}={value}" for name, value in pairs)
    )
    usual = _query(route)
    _asked(attacked, route, query=f"{usual}&{query}" if usual and data.draw(st.booleans()) else query[:9_000])


HEADERS = (
    *(
        "ocpi-from-country-code",
        "ocpi-from-party-id",
        "ocpi-to-country-code",
        "ocpi-to-party-id",
        "x-request-id",
        "x-correlation-id",
    ),
    *(
        "authorization",
        "content-type",
        "content-length",
        "content-encoding",
        "transfer-encoding",
        "accept",
        "accept-encoding",
        "host",
        "cookie",
    ),
    *(
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-http-method-override",
        "origin",
        "expect",
        "range",
        "if-none-match",
    ),
)
VALUES = (
    *(
        "",
        " ",
        ",",
        "NL,NL",
        "nl",
        "NL",
        "SIM",
        "OCS",
        "sim",
        "ZZ",
        "NLD",
        "N L",
        "N\tL",
        "é",
        "ÿ",
        "😀",
        "\x00",
        "a\r\nb: c",
        "x" * 128,
        "x" * 129,
        "x" * 8_000,
    ),
    *(
        "Token",
        "Token ",
        "Token  eA==",
        "token eA==",
        "TOKEN eA==",
        "Bearer eA==",
        "Basic eDp4",
        "Token eA=",
        "Token ====",
        "Token é",
        "Token \x00",
        "Token eA==,Token eA==",
    ),
    *(
        "Token " + "QUFB" * 2_000,
        "Token //79",
        "Token AAAA",
        "Token a b",
        "Token dG9rZW4tb2Ytc2lt",
        "Token token-of-sim",
        "Token dG9rZW4tb2Ytc2ltCg==",
        "Token\tdG9rZW4tb2Ytc2lt",
    ),
    *(
        "gzip",
        "gzip;q=0",
        "*",
        "chunked",
        "0",
        "-1",
        "99999999999",
        "application/xml",
        "multipart/form-data",
        "text/html; charset=utf-16",
        "https",
        "100-continue",
        "bytes=0-1",
    ),
)


@pytest.mark.requirement("TRA-13")
@examples(120)
@given(data=st.data())
def test_no_header_does_harm(attacked: Platform, data: st.DataObject) -> None:
    route = data.draw(st.sampled_from(READ + WRITTEN))
    odd = st.sampled_from(VALUES) | st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40)
    headers = dict(data.draw(st.lists(st.tuples(st.sampled_from(HEADERS), odd), min_size=1, max_size=3)))
    _asked(attacked, route, headers=headers, query=_query(route))


@pytest.mark.parametrize("route", [route for route in READ if route.token == HUB], ids=lambda route: route.path)
@pytest.mark.parametrize("long", ["x" * 3_000, "é" * 3_000, "#" * 1_000])
def test_a_hub_names_no_party_that_cannot_be(attacked: Platform, route: Route, long: str) -> None:
    """It speaks for any party, so what it names is looked up."""
    parts = route.path.split("/")
    for place in range(5, len(parts)):
        path = "/".join([*parts[:place], long, *parts[place + 1 :]])
        assert _asked(attacked, route, path=path).status == 404


@pytest.mark.requirement("TRA-21")
@pytest.mark.parametrize("route", [route for route in LISTS if route.path.endswith("/locations")], ids=lambda r: r.path)
def test_filters_come_back_in_a_link_that_is_not_too_long(attacked: Platform, route: Route) -> None:
    reply = _asked(attacked, route, query="limit=1&x=" + "/" * 600)
    assert "x=" + "%2F" * 600 in reply.headers["link"]
    refused = _asked(attacked, route, query="limit=1&x=" + "/" * 8_000)
    assert json.loads(refused.text)["status_code"] == 2001


@pytest.mark.parametrize("value", ["a:b:c", "host:port", "", "443, 80", "::1", "é"])
@pytest.mark.parametrize("name", ["host", "x-forwarded-port", "x-forwarded-for", "x-forwarded-proto"])
def test_no_header_of_the_way_here_matters(attacked: Platform, name: str, value: str) -> None:
    for route in (READ[0], LISTS[-1]):
        assert _asked(attacked, route, headers={name: value}).status == 200


def _query(route: Route) -> str:
    if route.path.endswith("sender/sessions"):
        return "date_from=2026-01-01T00:00:00Z"
    if "/chargingprofiles/" in route.path and route.method in ("GET", "DELETE"):
        return "duration=600&response_url=http%3A%2F%2F127.0.0.1%3A9%2Fresult"
    return ""


def _asked(
    platform: Platform,
    route: Route,
    *,
    method: str | None = None,
    path: str | None = None,
    query: str = "",
    headers: dict[str, str] | None = None,
) -> Reply:
    before = platform.restore()
    given = ({} if route.function == "owner" else authorization(route.token)) | (headers or {})
    reply = send(
        route.function,
        route.method if method is None else method,
        route.path if path is None else path,
        headers=given,
        body=route.body,
        query=query,
    )
    unusable = (3001, 3002, 3003) if route.function == "credentials" else ()
    accepted = judged_of_owner(reply) if route.function == "owner" else judged(reply, codes=unusable)
    assert not platform.refusals, platform.refusals
    assert accepted or platform.state() == before, "something was written"
    return reply
