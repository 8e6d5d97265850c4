"""The deployed platform: a foreign CPO registers, pushes and is sent profiles; the Scheduler fires by itself."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from local.aws import Stack
from ocpi.store.sites import Sites
from tests.e2e.client import Client, ocpi
from tests.e2e.waiting import eventually
from tests.objects import EVSE, LOCATION, SESSION, SITE
from tests.partner import ROLES, Answer, Partner, Seen, ok, partner

pytestmark = pytest.mark.e2e


@dataclass
class Cpo:
    """A registered CPO with one Location and a site on it."""

    client: Client
    partner: Partner
    urls: dict[tuple[str, str], str]


@pytest.fixture(scope="module")
def cpo(stack: Stack) -> Iterator[Cpo]:
    with partner() as server:
        server.serve_versions(("chargingprofiles", "RECEIVER"))
        client = Client(ocpi(stack, "partner", "invite", "--name", "cpo")["token"])
        urls = client.register(stack.versions_url, server)
        cpo = Cpo(client, server, urls)
        location = LOCATION | {"evses": [EVSE, EVSE | {"uid": "E2"}]}
        assert client.call("PUT", urls["locations", "RECEIVER"] + "/NL/SIM/L1", location)[0] == 201
        ocpi(stack, "site", "put", "-", stdin=json.dumps(SITE))
        yield cpo


def runs(stack: Stack) -> list[dict[str, Any]]:
    """The optimizer's own records."""
    return list(Sites(stack.outputs["SitesTable"]).runs("garage"))


def test_the_invitation_s_token_is_dead_after_registration(stack: Stack, cpo: Cpo) -> None:
    token_a = ocpi(stack, "partner", "invite", "--name", "other")["token"]
    invited = Client(token_a)
    with partner() as server:
        server.serve_versions()
        invited.register(stack.versions_url, server, roles=[role | {"party_id": "OTH"} for role in ROLES])
    assert invited.call("GET", stack.versions_url)[0] == 200
    assert Client(token_a).call("GET", stack.versions_url)[0] == 401


def test_what_is_pushed_is_read_back(cpo: Cpo) -> None:
    session = SESSION | {"id": "S0", "status": "PENDING"}
    url = cpo.urls["sessions", "RECEIVER"] + "/NL/SIM/S0"
    assert cpo.client.call("PUT", url, session)[0] == 201
    status, answer = cpo.client.call("GET", url)
    assert (status, answer["data"]) == (200, session)
    location_url = cpo.urls["locations", "RECEIVER"] + "/NL/SIM/L1"
    assert cpo.client.call("PATCH", location_url, {"name": "Station", "last_updated": "2026-11-22T09:00:00Z"})[0] == 200
    assert cpo.client.call("GET", location_url)[1]["data"]["name"] == "Station"
    assert cpo.client.call("GET", location_url + "/E2/1")[1]["data"]["id"] == "1"


def test_errors_are_in_the_envelope_over_the_real_gateway(stack: Stack, cpo: Cpo) -> None:
    for path in ("", "/nothing", "/2.2.1/cdrs"):
        status, answer = Client("wrong").call("GET", stack.versions_url.replace("/versions", path))
        assert (status, answer["status_code"]) == (401, 2000)
    status, answer = cpo.client.call("GET", stack.versions_url.replace("/versions", "/2.2.1/cdrs"))
    assert (status, answer["status_code"]) == (404, 2000)
    status, answer = cpo.client.call("DELETE", cpo.urls["sessions", "RECEIVER"] + "/NL/SIM/S0")
    assert (status, answer["status_code"]) == (405, 2000)


def test_a_session_is_sent_a_profile_within_seconds(stack: Stack, cpo: Cpo) -> None:
    asked: list[Seen] = []

    def set_profile(seen: Seen) -> Answer:
        asked.append(seen)
        return ok({"result": "ACCEPTED", "timeout": 30})

    cpo.partner.answers["PUT", "/chargingprofiles/S1"] = set_profile
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    session = SESSION | {"kwh": 0, "start_date_time": now, "last_updated": now}
    cpo.client.call("PUT", cpo.urls["sessions", "RECEIVER"] + "/NL/SIM/S1", session)
    (request,) = eventually(lambda: asked, within_s=20)
    periods = request.body["charging_profile"]["charging_profile_period"]
    assert periods[0]["start_period"] == 0
    assert 6 <= periods[0]["limit"] <= 32
    status, answer = cpo.client.call("POST", request.body["response_url"], {"result": "ACCEPTED"})
    assert (status, answer["status_code"]) == (200, 1000)
    shown = eventually(
        lambda: [each for each in ocpi(stack, "site", "show", "garage")["sessions"] if each["profile"] == "accepted"],
        within_s=10,
    )
    assert shown[0]["allowed"] == {"value": periods[0]["limit"], "unit": "A"}


def test_the_scheduler_fires_the_optimizer_by_itself(on_stack: Stack, cpo: Cpo) -> None:
    """Nothing is changed or invoked here: EventBridge Scheduler alone starts the runs."""

    def scheduled() -> int:
        return sum(run["reason"] == "schedule" for run in runs(on_stack))

    before = scheduled()
    eventually(lambda: scheduled() > before, within_s=90)


def test_a_partner_whose_urls_end_in_a_slash_is_served_where_it_is_known_to_do_so(stack: Stack, cpo: Cpo) -> None:
    url = cpo.urls["locations", "SENDER"] + "/?limit=1"
    assert cpo.client.call("GET", url)[0] == 404
    ocpi(stack, "partner", "set", "cpo", "trailing-slash", "on")
    try:
        status, answer = cpo.client.call("GET", url)
        assert (status, answer["status_code"]) == (200, 1000)
    finally:
        ocpi(stack, "partner", "set", "cpo", "trailing-slash", "off")
