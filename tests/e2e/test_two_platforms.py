"""Two platforms, a CPO and an eMSP, deployed side by side: they register, and every module goes both ways over HTTP.

Each has a backend of its own, which knows the owner API and the events alone.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from local.aws import Stack, local_aws
from tests.e2e.backend import Backend
from tests.e2e.client import ocpi
from tests.e2e.waiting import eventually
from tests.objects import CDR, EVSE, LOCATION, PERIOD, SESSION, TARIFF, TOKEN

pytestmark = pytest.mark.e2e

CPO = {"country_code": "NL", "party_id": "SIM"}
EMSP = {"country_code": "NL", "party_id": "TNM"}
CAPABLE = [
    "CHARGING_PROFILE_CAPABLE",
    "CHARGING_PREFERENCES_CAPABLE",
    "REMOTE_START_STOP_CAPABLE",
    "RESERVABLE",
    "UNLOCK_CAPABLE",
]
GREEN = TARIFF | {"id": "GREEN", "type": "PROFILE_GREEN"}
SITE = LOCATION | {
    "publish": True,
    "evses": [
        EVSE | {"capabilities": CAPABLE, "connectors": [EVSE["connectors"][0] | {"tariff_ids": ["T1", "GREEN"]}]}
    ],
}
WITHIN_S = 20
"""How long a change may take from one backend to the other, on a machine that does other things too."""


@dataclass
class Side:
    """One of the two platforms."""

    stack: Stack
    backend: Backend
    partner: str
    """What the other one is called here."""

    def received(self, path: str) -> Any:
        """What the other side has sent, once it is there; None before."""
        status, answer = self.backend.call("GET", f"/received/{self.partner}{path}")
        return answer if status == 200 else None


@dataclass
class Pair:
    """Both platforms, registered with each other."""

    cpo: Side
    emsp: Side


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with ExitStack() as running:
        stacks = [
            running.enter_context(local_aws(state=tmp_path_factory.mktemp(name), roles=role))
            for name, role in (("cpo", "CPO:NL/SIM"), ("emsp", "EMSP:NL/TNM"))
        ]
        sides = [Side(stack, Backend(stack), other) for stack, other in zip(stacks, ("emsp", "cpo"), strict=True)]
        for side in sides:
            side.backend.hear()
        pair = Pair(*sides)
        token = ocpi(pair.emsp.stack, "partner", "invite", "--name", "cpo")["token"]
        ocpi(pair.cpo.stack, "partner", "register", pair.emsp.stack.versions_url, "--name", "emsp", "--token", token)
        yield pair


def test_both_know_each_other_s_roles_and_endpoints(pair: Pair) -> None:
    for side, role, offered in ((pair.cpo, "EMSP", "tokens"), (pair.emsp, "CPO", "locations")):
        (partner,) = ocpi(side.stack, "partner", "list")
        assert partner["status"] == "REGISTERED"
        assert partner["parties"].startswith(role)
        endpoints = ocpi(side.stack, "partner", "show", side.partner)["endpoints"]
        assert (offered, "SENDER") in {(endpoint["identifier"], endpoint["role"]) for endpoint in endpoints}


def test_what_the_cpo_owns_reaches_the_emsp(pair: Pair) -> None:
    cpo = pair.cpo.backend
    sent = {
        "/tariffs/NL/SIM/T1": TARIFF,
        "/tariffs/NL/SIM/GREEN": GREEN,
        "/locations/NL/SIM/L1": SITE,
        "/sessions/NL/SIM/S1": SESSION,
        "/cdrs/NL/SIM/C1": CDR,
    }
    for path, document in sent.items():
        assert cpo.call("PUT", path, document)[0] == 201, path
    for path, document in sent.items():
        assert eventually(partial(pair.emsp.received, path), WITHIN_S) == document
    heard = pair.emsp.backend.event("CdrReceived", id="C1")
    assert heard
    assert heard["document"] == CDR


def test_changes_are_pushed_as_they_are_small_or_large(pair: Pair) -> None:
    moment = "2026-11-22T08:10:00Z"
    pair.cpo.backend.done("PATCH", "/locations/NL/SIM/L1/E1", {"status": "CHARGING", "last_updated": moment})
    period = PERIOD | {"start_date_time": "2026-11-22T08:05:00Z"}
    change = {"kwh": 2.5, "charging_periods": [period], "last_updated": moment}
    pair.cpo.backend.done("PATCH", "/sessions/NL/SIM/S1", change)
    location = eventually(lambda: _as_of(pair.emsp.received("/locations/NL/SIM/L1"), moment), WITHIN_S)
    assert location["evses"][0]["status"] == "CHARGING"
    session = eventually(lambda: _as_of(pair.emsp.received("/sessions/NL/SIM/S1"), moment), WITHIN_S)
    assert (session["kwh"], session["charging_periods"]) == (2.5, [period])


def test_a_tariff_that_is_deleted_is_gone_at_the_other_side(pair: Pair) -> None:
    old = TARIFF | {"id": "OLD"}
    pair.cpo.backend.done("PUT", "/tariffs/NL/SIM/OLD", old)
    assert eventually(lambda: pair.emsp.received("/tariffs/NL/SIM/OLD"), WITHIN_S) == old
    pair.cpo.backend.done("DELETE", "/tariffs/NL/SIM/OLD")
    assert eventually(lambda: pair.emsp.received("/tariffs/NL/SIM/OLD") is None, WITHIN_S)


def test_what_the_emsp_owns_reaches_the_cpo(pair: Pair) -> None:
    assert pair.emsp.backend.call("PUT", "/tokens/NL/TNM/012345678", TOKEN)[0] == 201
    assert eventually(lambda: pair.cpo.received("/tokens/NL/TNM/012345678"), WITHIN_S) == TOKEN


@pytest.mark.parametrize("module", ["locations", "tariffs", "sessions", "cdrs"])
def test_the_emsp_pulls_what_the_cpo_owns(pair: Pair, module: str) -> None:
    (row,) = ocpi(pair.emsp.stack, "partner", "pull", "cpo", "--full", "--module", module)
    assert (row["module"], row["skipped"]) == (module, [])
    assert row["stored"] + row["unchanged"] > 0


def test_the_cpo_pulls_the_emsp_s_tokens(pair: Pair) -> None:
    (row,) = ocpi(pair.cpo.stack, "partner", "pull", "emsp", "--full", "--module", "tokens")
    assert (row["stored"] + row["unchanged"], row["skipped"]) == (1, [])


def test_a_command_is_carried_out_and_its_result_comes_back(pair: Pair) -> None:
    order = {"partner_id": "cpo", "command": {"token": TOKEN, "location_id": "L1", "evse_uid": "E1"}}
    asked = pair.emsp.backend.done("POST", "/commands/START_SESSION", order)
    assert (asked["status"], asked["response"]["result"]) == ("PENDING", "ACCEPTED")
    command = eventually(lambda: pair.cpo.backend.event("CommandReceived", kind="START_SESSION"), WITHIN_S)
    assert command["document"]["token"] == TOKEN
    pair.cpo.backend.done("POST", f"/requests/{command['request_id']}/result", {"result": "ACCEPTED"})
    ended = eventually(lambda: pair.emsp.backend.event("RequestEnded", request_id=asked["request_id"]), WITHIN_S)
    assert ended["result"]["result"] == "ACCEPTED"


def test_a_charging_profile_is_set_told_and_cleared(pair: Pair) -> None:
    path = "/chargingprofiles/cpo/NL/SIM/S1"
    profile = {"charging_rate_unit": "A", "charging_profile_period": [{"start_period": 0, "limit": 10.0}]}
    _profile(pair, "PUT", "SET", path, profile)
    active = {"start_date_time": "2026-11-22T08:30:00Z", "charging_profile": profile}
    pair.cpo.backend.done("PUT", "/activeprofiles/NL/SIM/S1", active)
    heard = eventually(lambda: pair.emsp.backend.event("ActiveChargingProfileReceived"), WITHIN_S)
    assert heard["document"] == active
    _profile(pair, "DELETE", "CLEAR", path)


def _profile(pair: Pair, method: str, kind: str, path: str, body: object = None) -> None:
    asked = eventually(lambda: _accepted(pair.emsp.backend.done(method, path, body)), WITHIN_S)
    wanted = eventually(lambda: pair.cpo.backend.event("ChargingProfileRequested", kind=kind), WITHIN_S)
    pair.cpo.backend.done("POST", f"/requests/{wanted['request_id']}/result", {"result": "ACCEPTED"})
    ended = eventually(lambda: pair.emsp.backend.event("RequestEnded", request_id=asked["request_id"]), WITHIN_S)
    assert ended["result"] == {"result": "ACCEPTED"}


def test_a_driver_s_wishes_reach_the_cpo(pair: Pair) -> None:
    wishes = {"profile_type": "GREEN", "departure_time": "2099-11-22T16:00:00Z", "energy_need": 20.5}
    answer = pair.emsp.backend.done("PUT", "/chargingpreferences/cpo/NL/SIM/S1", wishes)
    assert answer == {"response": "ACCEPTED"}
    heard = eventually(lambda: pair.cpo.backend.event("ChargingPreferencesReceived"), WITHIN_S)
    assert heard["document"] == wishes


def test_the_emsp_is_asked_in_real_time_where_its_token_demands_it(pair: Pair) -> None:
    app_user = TOKEN | {"uid": "APP1", "type": "APP_USER", "whitelist": "NEVER"}
    pair.emsp.backend.done("PUT", "/tokens/NL/TNM/APP1?type=APP_USER", app_user)
    assert eventually(lambda: pair.cpo.received("/tokens/NL/TNM/APP1?type=APP_USER"), WITHIN_S)
    asked = {"uid": "APP1", "type": "APP_USER", "location": {"location_id": "L1", "evse_uids": ["E1"]}}
    told = pair.cpo.backend.done("POST", "/authorizations", asked)
    assert (told["decided"], told["info"]["allowed"]) == ("REAL_TIME", "ALLOWED"), told


def test_tokens_are_renewed_and_the_connection_goes_on(pair: Pair) -> None:
    ocpi(pair.cpo.stack, "partner", "rotate", "emsp")
    later = SITE | {"name": "Renewed", "last_updated": "2026-11-22T09:00:00Z"}
    pair.cpo.backend.done("PUT", "/locations/NL/SIM/L1", later)
    assert eventually(lambda: _as_of(pair.emsp.received("/locations/NL/SIM/L1"), "2026-11-22T09:00:00Z"), WITHIN_S)
    (row,) = ocpi(pair.emsp.stack, "partner", "pull", "cpo", "--module", "locations")
    assert row["skipped"] == []


def test_one_side_ends_the_connection_and_the_other_knows(pair: Pair) -> None:
    ocpi(pair.cpo.stack, "partner", "remove", "emsp")
    assert ocpi(pair.emsp.stack, "partner", "show", "cpo")["status"] == "UNREGISTERED"


def _accepted(request: dict[str, Any]) -> dict[str, Any] | None:
    """The request; None while the CPO says that it comes too soon after the last."""
    if request["response"]["result"] == "TOO_OFTEN":
        return None
    assert request["response"]["result"] == "ACCEPTED"
    return request


def _as_of(document: Any, moment: str) -> Any:
    return document if document and document["last_updated"] == moment else None
