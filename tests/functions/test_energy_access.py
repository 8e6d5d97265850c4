"""The energy API: who may do what where, endpoint by endpoint."""

import json
from collections.abc import Callable
from itertools import product

import pytest

from energy.application import application
from energy.settings import Settings
from ocpi.store.grants import Grants, Right
from tests.energy import JAN, PATH, SCOPES, SITE, claims, described, energy, granted, send

LIMIT = {"limit_kw": 60}
PERIOD = {"start": "2026-11-22T17:00:00Z", "end": "2026-11-22T21:00:00Z", "limit_kw": 20}
CSV = "start,value\n" + "".join(f"2026-11-23 {hour:02}:00,0.21\n" for hour in range(24))

READING, CONTROLLING, SIGNALLING, EITHER, ANYBODY = "read", "control", "signal", "read or signal", "anybody"

type Endpoint = tuple[str, str]

# What each endpoint asks for, and a body that it takes.
ENDPOINTS: dict[Endpoint, tuple[str, object]] = {
    ("GET", "/me"): (ANYBODY, None),
    ("GET", "/sites"): (ANYBODY, None),
    ("GET", "/sites/{site_id}"): (READING, None),
    ("PUT", "/sites/{site_id}"): (CONTROLLING, SITE),
    ("GET", "/sites/{site_id}/now"): (READING, None),
    ("GET", "/sites/{site_id}/plan"): (READING, None),
    ("GET", "/sites/{site_id}/sessions"): (READING, None),
    ("GET", "/sites/{site_id}/events"): (READING, None),
    ("GET", "/sites/{site_id}/history"): (READING, None),
    ("GET", "/sites/{site_id}/limits"): (READING, None),
    ("PUT", "/sites/{site_id}/limits/{node}/base"): (CONTROLLING, LIMIT),
    ("PUT", "/sites/{site_id}/limits/{node}/weekly"): (CONTROLLING, []),
    ("POST", "/sites/{site_id}/limits/{node}/overrides"): (CONTROLLING, PERIOD),
    ("DELETE", "/sites/{site_id}/limits/{node}/overrides/{override_id}"): (CONTROLLING, None),
    ("GET", "/sites/{site_id}/prices"): (READING, None),
    ("PUT", "/sites/{site_id}/prices"): (CONTROLLING, {"price_per_kwh": 0.3}),
    ("GET", "/sites/{site_id}/priorities"): (READING, None),
    ("PUT", "/sites/{site_id}/priorities"): (CONTROLLING, {"034": 2}),
    ("GET", "/sites/{site_id}/series/{kind}"): (READING, None),
    ("PUT", "/sites/{site_id}/series/{kind}"): (CONTROLLING, CSV.encode()),
    ("DELETE", "/sites/{site_id}/series/{kind}"): (CONTROLLING, None),
    ("POST", "/sites/{site_id}/measurements"): (CONTROLLING, {"pv_kw": 1}),
    ("GET", "/sites/{site_id}/signals"): (EITHER, None),
    ("GET", "/sites/{site_id}/signals/{signal_id}"): (EITHER, None),
    ("PUT", "/sites/{site_id}/signals/{signal_id}"): (SIGNALLING, PERIOD),
    ("DELETE", "/sites/{site_id}/signals/{signal_id}"): (SIGNALLING, None),
    ("GET", "/sites/{site_id}/savings"): (READING, None),
    ("GET", "/sites/{site_id}/reports/{month}"): (READING, None),
}
ALLOWED = {
    READING: {Right.READ, Right.CONTROL},
    CONTROLLING: {Right.CONTROL},
    SIGNALLING: {Right.SIGNAL},
    EITHER: {Right.READ, Right.CONTROL, Right.SIGNAL},
    ANYBODY: {Right.READ, Right.CONTROL, Right.SIGNAL},
}
PLACES = {"here": "garage", "elsewhere": "other", "everywhere": "*"}


def ask(endpoint: Endpoint, authorizer: object) -> int:
    """The status with which an endpoint answers, for the site `garage`; what it changes may be any revision."""
    method, path = endpoint
    named = path.format(
        site_id="garage", node="grid", override_id="o-1", kind="price", signal_id="dso-17", month="2026-11"
    )
    body = ENDPOINTS[endpoint][1]
    headers = {"if-match": "*"} if method == "PUT" else {"idempotency-key": "1"}
    content_type = "text/csv" if isinstance(body, bytes) else "application/json"
    return send(method, PATH + named, body, authorizer=authorizer, headers=headers, content_type=content_type).status


def test_this_table_has_every_endpoint_that_there_is() -> None:
    offered = application(Settings.load()).openapi()["paths"]
    assert set(ENDPOINTS) == {
        (method.upper(), path.removeprefix(PATH)) for path, methods in offered.items() for method in methods
    }


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=" ".join)
def test_who_has_no_token_gets_nowhere(aws: None, endpoint: Endpoint) -> None:
    nothings: tuple[object, ...] = (None, {}, {"jwt": {}}, {"jwt": {"claims": {}}}, {"iam": {"userArn": "me"}})
    for nothing in nothings:
        assert ask(endpoint, nothing) == 401


@pytest.mark.parametrize(
    "wrong",
    [
        {"exp": "1795336000"},
        {"exp": "soon"},
        {"token_use": "id"},
        {"principal": ""},
        {"principal": "x" * 300},
    ],
)
def test_a_token_that_is_none_for_access_gets_nowhere(aws: None, wrong: dict[str, str]) -> None:
    granted(*Right)
    assert energy("GET", "/sites", authorizer=claims(**wrong)).status == 401


@pytest.fixture
def site(aws: None, time: Callable[..., None]) -> None:
    """The sites `garage` and `other`, on 22 November 2026."""
    time(minutes=0)
    described()
    described(SITE | {"id": "other", "location": SITE["location"] | {"location_id": "L2"}})


@pytest.mark.slow
@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=" ".join)
def test_a_scope_is_good_for_what_was_granted_and_a_grant_for_what_the_token_is_for(
    site: None, endpoint: Endpoint
) -> None:
    """Each scope alone x what was granted x where it was granted."""
    needs = ENDPOINTS[endpoint][0]
    for scope, right, (where, granted_at) in product(Right, Right, PLACES.items()):
        Grants("sites").revoke(JAN)
        granted(right, site=granted_at)
        status = ask(endpoint, claims(scopes=[scope]))
        has = {each for each in Right if each in _with_read(scope) & _with_read(right)}
        case = (scope, right, where)
        if needs == ANYBODY:
            assert status == 200, case
        elif where == "elsewhere" or not has:
            assert status == 404, case
        elif has & ALLOWED[needs]:
            assert status in (200, 201, 204) or _is_not_there(endpoint, status), case
        else:
            assert status == 403, case


def _with_read(right: Right) -> set[Right]:
    return {right, Right.READ} if right is Right.CONTROL else {right}


def _is_not_there(endpoint: Endpoint, status: int) -> bool:
    """An override, an upload or a signal that nobody has sent."""
    return status == 404 and (endpoint[0] == "DELETE" or "{signal_id}" in endpoint[1])


def test_who_has_no_grant_sees_nothing_and_is_told_its_name_for_whom_to_ask(aws: None) -> None:
    assert energy("GET", "/sites").body == []
    assert energy("GET", "/me").body == {
        "principal": JAN,
        "name": JAN,
        "scopes": ["control", "read", "signal"],
        "sites": {},
        "may_create": False,
    }


def test_only_sites_that_were_granted_are_listed(site: None) -> None:
    Grants("sites").revoke(JAN)
    granted(Right.READ, site="other")
    assert [each["id"] for each in energy("GET", "/sites").body] == ["other"]
    assert energy("GET", "/me").body["sites"] == {"other": ["read"]}


def test_a_grant_that_is_revoked_is_gone_at_once(site: None) -> None:
    assert energy("GET", "/sites/garage").status == 200
    Grants("sites").revoke(JAN)
    assert energy("GET", "/sites/garage").status == 404


def test_a_site_that_is_not_there_is_told_like_one_that_is_not_granted(site: None) -> None:
    Grants("sites").revoke(JAN)
    granted(Right.READ, site="garage")
    missing, hidden = energy("GET", "/sites/nothing"), energy("GET", "/sites/other")
    assert json.dumps(missing.body).replace("nothing", "other") == json.dumps(hidden.body)


@pytest.mark.parametrize("granted_at", ["garage", "other"])
def test_new_sites_are_for_who_controls_all(site: None, granted_at: str) -> None:
    Grants("sites").revoke(JAN)
    granted(*Right, site=granted_at)
    reply = energy("PUT", "/sites/third", SITE | {"id": "third"}, headers={"if-none-match": "*"})
    assert (reply.status, energy("GET", "/me").body["may_create"]) == (403, False)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"location": SITE["location"] | {"location_id": "SOMEBODY-ELSES"}}, "/location"),
        ({"partner_id": "another-partner"}, "/partner_id"),
    ],
)
def test_who_controls_one_site_does_not_make_it_one_of_other_evses(
    site: None, change: dict[str, object], pointer: str
) -> None:
    Grants("sites").revoke(JAN)
    granted(Right.CONTROL, site="garage")
    for headers in ({"if-match": "*"}, {"if-match": energy("GET", "/sites/garage").etag}):
        reply = energy("PUT", "/sites/garage", SITE | change, headers=headers)
        assert (reply.status, [each["pointer"] for each in reply.body["errors"]]) == (403, [pointer]), reply
        assert "there is no partner" not in reply.detail
    assert energy("PUT", "/sites/garage", SITE | {"name": "Garage"}, etag="*").status == 200
    granted(Right.CONTROL)
    moved = SITE | {"location": SITE["location"] | {"location_id": "L3"}}
    assert energy("PUT", "/sites/garage", moved, etag="*").status == 200


def test_who_may_not_is_told_whether_the_token_or_the_grant_lacks_it(site: None) -> None:
    Grants("sites").revoke(JAN)
    granted(Right.READ, site="garage")
    reply = energy("PUT", "/sites/garage/limits/grid/base", LIMIT, etag='"1"')
    assert (reply.status, "is not granted" in reply.detail) == (403, True)
    granted(Right.CONTROL, site="garage")
    reply = energy("PUT", "/sites/garage/limits/grid/base", LIMIT, etag='"1"', authorizer=claims(scopes=["read"]))
    assert (reply.status, "lacks the scope energy/control" in reply.detail) == (403, True)


def test_scopes_are_those_of_this_api() -> None:
    assert set(SCOPES) == set(Right)
