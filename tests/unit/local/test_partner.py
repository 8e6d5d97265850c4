"""The simulated partner: what it keeps, what it lists, what it sends, and how it registers."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.partner.__main__ import main
from local.partner.results import Results
from local.partner.stock import Stock, make_up
from local.roles import partner_role
from ocpi import clock
from ocpi.types.parties import Party
from tests import objects as sample
from tests import partner as double
from tests.partner import ok
from tests.unit.local.running import Reply, Running, a_partner, until

PROJECT = Path(__file__).resolve().parents[3]
LATER, EARLIER = "2026-11-22T09:00:00Z", "2026-11-22T07:00:00Z"
LOCATION = "receiver/locations/NL/SIM/L1"


@pytest.fixture(scope="module")
def cpo_and_emsp() -> Iterator[Running]:
    with a_partner() as running:
        yield running


@pytest.fixture
def partner(cpo_and_emsp: Running) -> Running:
    """A partner that holds nothing."""
    for objects in cpo_and_emsp.parts.held._objects.values():
        objects.clear()
    for stock in cpo_and_emsp.parts.stock._objects.values():
        stock.clear()
    cpo_and_emsp.registered_at("http://127.0.0.1:9")
    return cpo_and_emsp


def taken(reply: Reply, status: int = 200) -> Any:
    assert (reply.status, reply.code) == (status, 1000), reply.content
    return reply.data


def refused(reply: Reply, status: int, code: int, words: str = "") -> None:
    assert (reply.status, reply.code) == (status, code), reply.content
    assert words in reply.envelope["status_message"]


# --- what it keeps ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("module", "place", "document"),
    [
        ("locations", "NL/SIM/L1", sample.LOCATION),
        ("sessions", "NL/SIM/S1", sample.SESSION),
        ("tariffs", "NL/SIM/T1", sample.TARIFF),
        ("tokens", "NL/TNM/012345678", sample.TOKEN),
    ],
)
def test_what_is_put_is_kept_as_it_is_and_found_again(
    partner: Running, module: str, place: str, document: dict[str, Any]
) -> None:
    unknown_to_ocpi = document | {"house_colour": "green"}
    taken(partner.ask("PUT", f"receiver/{module}/{place}", unknown_to_ocpi), 201)
    taken(partner.ask("PUT", f"receiver/{module}/{place}", unknown_to_ocpi))
    assert taken(partner.ask("GET", f"receiver/{module}/{place.lower()}")) == unknown_to_ocpi
    assert partner.held(module) == [unknown_to_ocpi]


def test_the_newest_last_updated_wins_whatever_comes_last(partner: Running) -> None:
    newer = sample.LOCATION | {"name": "new", "last_updated": LATER}
    taken(partner.ask("PUT", LOCATION, newer), 201)
    taken(partner.ask("PUT", LOCATION, sample.LOCATION | {"name": "old"}))
    taken(partner.ask("PATCH", LOCATION, {"name": "older", "last_updated": EARLIER}))
    assert partner.held("locations") == [newer]


def test_a_patch_changes_the_given_fields_and_null_clears_one(partner: Running) -> None:
    taken(partner.ask("PUT", LOCATION, sample.LOCATION | {"name": "A", "postal_code": "3511"}), 201)
    taken(partner.ask("PATCH", LOCATION, {"name": "B", "postal_code": None, "last_updated": LATER}))
    assert partner.held("locations") == [sample.LOCATION | {"name": "B", "last_updated": LATER}]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": "B"}, "last_updated"),
        ({"city": None, "last_updated": LATER}, "city"),
        ({"id": "L2", "last_updated": LATER}, "id"),
        ({"name": 7, "last_updated": LATER}, "name"),
    ],
)
def test_a_wrong_patch_is_2001_and_changes_nothing(partner: Running, fields: dict[str, Any], words: str) -> None:
    taken(partner.ask("PUT", LOCATION, sample.LOCATION), 201)
    refused(partner.ask("PATCH", LOCATION, fields), 200, 2001, words)
    assert partner.held("locations") == [sample.LOCATION]


def test_evses_and_connectors_are_put_and_patched_and_the_location_is_as_new_as_they_are(partner: Running) -> None:
    taken(partner.ask("PUT", LOCATION, sample.LOCATION), 201)
    third = sample.EVSE | {"uid": "E3", "last_updated": LATER}
    taken(partner.ask("PUT", f"{LOCATION}/E3", third), 201)
    taken(partner.ask("PATCH", f"{LOCATION}/e1/1", {"max_amperage": 16, "last_updated": LATER}))
    taken(partner.ask("PATCH", f"{LOCATION}/E2", {"status": "CHARGING", "last_updated": EARLIER}))
    location = taken(partner.ask("GET", LOCATION))
    assert location["last_updated"] == LATER
    assert [evse["uid"] for evse in location["evses"]] == ["E1", "E2", "E3"]
    assert [evse["status"] for evse in location["evses"]] == ["AVAILABLE"] * 3
    assert taken(partner.ask("GET", f"{LOCATION}/E1/1"))["max_amperage"] == 16
    assert location["evses"][0]["last_updated"] == LATER
    refused(partner.ask("GET", f"{LOCATION}/E4"), 404, 2003)
    refused(partner.ask("PUT", f"{LOCATION}/E4/1", sample.CONNECTOR), 404, 2003)
    refused(partner.ask("PUT", f"{LOCATION}/E4", third), 200, 2001, "uid")


def test_tokens_of_two_types_with_one_uid_are_two(partner: Running) -> None:
    place = "receiver/tokens/NL/TNM/012345678"
    app = sample.TOKEN | {"type": "APP_USER", "whitelist": "NEVER"}
    taken(partner.ask("PUT", place, sample.TOKEN), 201)
    taken(partner.ask("PUT", f"{place}?type=APP_USER", app), 201)
    taken(partner.ask("PATCH", f"{place}?type=APP_USER", {"valid": False, "last_updated": LATER}))
    assert taken(partner.ask("GET", place)) == sample.TOKEN
    assert taken(partner.ask("GET", f"{place}?type=APP_USER"))["valid"] is False
    refused(partner.ask("GET", f"{place}?type=OTHER"), 404, 2004)


def test_a_cdr_is_stored_once_and_found_where_the_answer_says(partner: Running) -> None:
    first = partner.ask("POST", "receiver/cdrs", sample.CDR)
    taken(first, 201)
    again = partner.ask("POST", "receiver/cdrs", sample.CDR)
    taken(again)
    assert first.headers["location"] == again.headers["location"]
    assert taken(partner.ask("GET", first.headers["location"].removeprefix(partner.url))) == sample.CDR
    refused(partner.ask("POST", "receiver/cdrs", sample.CDR | {"total_time": 1}), 200, 2001, "C1")
    assert partner.held("cdrs") == [sample.CDR]


def test_a_tariff_is_deleted(partner: Running) -> None:
    taken(partner.ask("PUT", "receiver/tariffs/NL/SIM/T1", sample.TARIFF), 201)
    taken(partner.ask("DELETE", "receiver/tariffs/NL/SIM/T1"))
    refused(partner.ask("GET", "receiver/tariffs/NL/SIM/T1"), 404, 2001)
    refused(partner.ask("DELETE", "receiver/tariffs/NL/SIM/T1"), 404, 2001)
    assert partner.held("tariffs") == []


def test_a_hub_tells_the_connection_of_a_party_in_each_role(partner: Running) -> None:
    info = {"country_code": "DE", "party_id": "ABC", "role": "CPO", "status": "CONNECTED", "last_updated": EARLIER}
    taken(partner.ask("PUT", "receiver/hubclientinfo/DE/ABC", info), 201)
    offline = info | {"role": "EMSP", "status": "OFFLINE", "last_updated": LATER}
    taken(partner.ask("PUT", "receiver/hubclientinfo/DE/ABC", offline), 201)
    assert taken(partner.ask("GET", "receiver/hubclientinfo/DE/ABC")) == offline
    assert len(partner.held("hubclientinfo")) == 2
    refused(partner.ask("GET", "receiver/hubclientinfo/DE/XYZ"), 404, 2001)


def test_what_is_wrong_is_refused_and_not_kept(partner: Running) -> None:
    refused(partner.ask("PUT", LOCATION, sample.without(sample.LOCATION, "city")), 200, 2001, "city")
    refused(partner.ask("PUT", "receiver/locations/NL/SIM/L2", sample.LOCATION), 200, 2001, "URL")
    refused(partner.ask("PUT", LOCATION, b"{"), 400, 2000)
    refused(partner.ask("PUT", LOCATION, sample.LOCATION, token="another"), 401, 2000)
    refused(partner.ask("POST", LOCATION, sample.LOCATION), 405, 2000)
    refused(partner.ask("PUT", "receiver/nothing", {}), 404, 2000)
    assert partner.held("locations") == []


def test_only_the_interfaces_of_its_roles_are_there() -> None:
    with a_partner("SCSP:NL/SCS") as scsp:
        endpoints = taken(scsp.ask("GET", "/ocpi/2.2.1"))["endpoints"]
        assert {(endpoint["identifier"], endpoint["role"]) for endpoint in endpoints} == {
            ("credentials", "SENDER"),
            ("chargingprofiles", "SENDER"),
            ("hubclientinfo", "RECEIVER"),
            ("locations", "RECEIVER"),
            ("sessions", "RECEIVER"),
            ("tariffs", "RECEIVER"),
        }
        refused(scsp.ask("POST", "receiver/cdrs", sample.CDR), 404, 2000)


# --- what it is asked to do -------------------------------------------------------------------------------

PROFILE = {"charging_rate_unit": "A", "charging_profile_period": [{"start_period": 0, "limit": 16}]}


def test_commands_and_profiles_are_answered_at_once_and_their_results_posted() -> None:
    with a_partner() as running, double.partner() as platform:
        for number in range(1, 5):
            platform.answers["POST", f"/results/{number}"] = ok()
        running.registered_at(platform.url)
        stop = {"session_id": "S1", "response_url": f"{platform.url}/results/1"}
        assert taken(running.ask("POST", "receiver/commands/STOP_SESSION", stop))["result"] == "ACCEPTED"
        order = {"charging_profile": PROFILE, "response_url": f"{platform.url}/results/2"}
        assert taken(running.ask("PUT", "receiver/chargingprofiles/S1", order))["result"] == "ACCEPTED"
        until(lambda: len(platform.seen) == 2)
        assert running.state["charging_profiles"] == {"S1": PROFILE}
        asking = f"receiver/chargingprofiles/S1?duration=60&response_url={platform.url}/results/3"
        taken(running.ask("GET", asking))
        until(lambda: len(platform.seen) == 3)
        taken(running.ask("DELETE", f"receiver/chargingprofiles/S1?response_url={platform.url}/results/4"))
        until(lambda: len(platform.seen) == 4)
        results = {seen.path: seen.body for seen in platform.seen}
        assert [results[f"/results/{number}"]["result"] for number in range(1, 5)] == ["ACCEPTED"] * 4
        assert results["/results/3"]["profile"]["charging_profile"] == PROFILE
        assert platform.seen[0].token == "their-token"
        assert platform.seen[0].headers["ocpi-from-party-id"] == "SIM"
        assert running.state["charging_profiles"] == {}
        assert [command["command"] for command in running.state["commands"]] == ["STOP_SESSION"]
        refused(running.ask("POST", "receiver/commands/DANCE", stop), 404, 2000)
        refused(running.ask("POST", "receiver/commands/STOP_SESSION", {}), 200, 2001, "response_url")


def test_charge_points_may_refuse() -> None:
    with a_partner(results=Results.REJECTED) as running, double.partner() as platform:
        platform.answers["POST", "/result"] = ok()
        running.registered_at(platform.url)
        taken(running.ask("POST", "receiver/commands/STOP_SESSION", _stop(platform)))
        until(lambda: platform.seen)
        assert platform.seen[0].body == {"result": "REJECTED", "message": []}


def test_charge_points_may_be_silent() -> None:
    with a_partner(results=Results.NONE) as running, double.partner() as platform:
        running.registered_at(platform.url)
        taken(running.ask("POST", "receiver/commands/STOP_SESSION", _stop(platform)))
        until(lambda: running.parts.traffic.quiet_for() > 0.2)
        assert platform.seen == []


def _stop(platform: double.Partner) -> dict[str, str]:
    return {"session_id": "S1", "response_url": f"{platform.url}/result"}


def test_an_active_profile_is_taken_down(partner: Running) -> None:
    active = {"start_date_time": LATER, "charging_profile": PROFILE}
    taken(partner.ask("PUT", "sender/chargingprofiles/S1", active))
    assert partner.state["active_charging_profiles"] == {"S1": active}


# --- what it has ------------------------------------------------------------------------------------------


def stocked(partner: Running, number: int = 3) -> Stock:
    make_up(partner.parts.stock, number, partner.parts.registration.roles, Party("NL", "OCS"), clock.now())
    return partner.parts.stock


@pytest.mark.parametrize("module", ["locations", "tariffs", "tokens", "sessions", "cdrs"])
def test_its_own_objects_are_listed_oldest_first_page_by_page(partner: Running, module: str) -> None:
    stocked(partner)
    first = partner.ask("GET", f"sender/{module}?date_from=2026-01-01T00:00:00Z&limit=2")
    assert first.headers["x-total-count"] == "3"
    assert first.headers["x-limit"] == "50"
    following = first.headers["link"].removeprefix("<").removesuffix('>; rel="next"').removeprefix(partner.url)
    second = partner.ask("GET", following)
    assert "link" not in second.headers
    listed = [*taken(first), *taken(second)]
    assert len(listed) == 3
    assert listed == sorted(listed, key=lambda document: document["last_updated"])
    newest = listed[-1]["last_updated"]
    assert taken(partner.ask("GET", f"sender/{module}?date_from={newest}")) == listed[-1:]


def test_a_location_is_found_down_to_its_connectors_and_a_token_is_authorized(partner: Running) -> None:
    stocked(partner)
    assert taken(partner.ask("GET", "sender/locations/L0001/E0001/1"))["max_amperage"] == 16
    refused(partner.ask("GET", "sender/locations/L0001/E0002"), 404, 2003)
    assert taken(partner.ask("POST", "sender/tokens/rfid0001/authorize"))["allowed"] == "ALLOWED"
    refused(partner.ask("POST", "sender/tokens/X/authorize"), 404, 2004)
    wish = {"profile_type": "FAST"}
    assert taken(partner.ask("PUT", "sender/sessions/S0001/charging_preferences", wish)) == "NOT_POSSIBLE"
    refused(partner.ask("PUT", "sender/sessions/S9/charging_preferences", wish), 404, 2001)


def test_what_is_made_up_is_valid_in_every_module() -> None:
    stock = Stock()
    roles = [partner_role(role, "Partner") for role in ("CPO:NL/SIM", "EMSP:NL/TNM", "NAP:NL/NAP")]
    make_up(stock, 2, roles, Party("NL", "OCS"), clock.now())
    assert {module: len(documents) for module, documents in stock.everything().items()} == {
        "locations": 4,
        "tariffs": 4,
        "tokens": 2,
        "sessions": 2,
        "cdrs": 2,
        "hubclientinfo": 0,
    }


def test_an_object_told_by_the_control_is_listed_and_pushed(partner: Running) -> None:
    with double.partner() as platform:
        platform.answers["PUT", "/locations/NL/SIM/L1"] = ok()
        platform.answers["POST", "/cdrs"] = ok()
        partner.registered_at(platform.url, ("locations", "RECEIVER"), ("cdrs", "RECEIVER"))
        assert partner.ask("PUT", "/control/stock/locations", sample.LOCATION).envelope == {"pushed": True}
        assert partner.ask("PUT", "/control/stock/cdrs", sample.CDR).envelope == {"pushed": True}
        assert partner.ask("PUT", "/control/stock/tariffs", sample.TARIFF).envelope == {"pushed": False}
        assert [(seen.method, seen.body) for seen in platform.seen] == [("PUT", sample.LOCATION), ("POST", sample.CDR)]
        assert taken(partner.ask("GET", "sender/locations")) == [sample.LOCATION]
        assert partner.state["requests"]["sent"]["locations"] == {"PUT": {"1000": 1}}
    wrong = sample.without(sample.LOCATION, "city")
    for module, document, words in (
        ("locations", wrong, "city"),
        ("places", {}, "places"),
        ("cdrs", b"{", "Expecting"),
    ):
        reply = partner.ask("PUT", f"/control/stock/{module}", document)
        assert reply.status == 400
        assert words in reply.envelope["error"]
    partner.registered_at("http://127.0.0.1:9", ("locations", "RECEIVER"))
    gone = partner.ask("PUT", "/control/stock/locations", sample.LOCATION)
    assert gone.status == 400
    assert "/locations/NL/SIM/L1" in gone.envelope["error"]


# --- registration -----------------------------------------------------------------------------------------


def presented(reply_to: double.Partner, running: Running) -> list[str]:
    """The tokens with which a platform that is asked to register calls us back; it answers with its own."""

    def called_back(seen: double.Seen) -> double.Answer:
        token = seen.body["token"]
        assert running.ask("GET", "/ocpi/versions", token=token).code == 1000
        tokens.append(token)
        return ok(reply_to.credentials(f"token-{len(tokens)}"))

    tokens: list[str] = []
    reply_to.serve_versions()
    for method in ("POST", "PUT"):
        reply_to.answers[method, "/credentials"] = called_back
    return tokens


def test_an_invited_platform_registers_renews_and_leaves() -> None:
    with a_partner(invited="token-a") as running, double.partner() as platform:
        platform.serve_versions()
        refused(running.ask("PUT", LOCATION, sample.LOCATION, token="token-a"), 401, 2000)
        ours = taken(running.ask("POST", "credentials", platform.credentials(), token="token-a"))
        assert [(role["role"], role["party_id"]) for role in ours["roles"]] == [("CPO", "SIM"), ("EMSP", "TNM")]
        refused(running.ask("POST", "credentials", platform.credentials(), token="token-a"), 401, 2000)
        taken(running.ask("PUT", LOCATION, sample.LOCATION, token=ours["token"]), 201)
        renewed = taken(running.ask("PUT", "credentials", platform.credentials(), token=ours["token"]))["token"]
        refused(running.ask("GET", LOCATION, token=ours["token"]), 401, 2000)
        taken(running.ask("GET", LOCATION, token=renewed))
        taken(running.ask("DELETE", "credentials", token=renewed))
        refused(running.ask("GET", LOCATION, token=renewed), 401, 2000)


def test_rotated_tokens_are_put_to_the_platform_and_the_old_one_is_refused_at_once() -> None:
    with a_partner() as running, double.partner() as platform:
        running.registered_at(platform.url)
        tokens = presented(platform, running)
        running.fault("rotate")
        refused(running.ask("PUT", LOCATION, sample.LOCATION), 401, 2000)
        until(lambda: tokens and running.parts.registration.partner.token == "token-1")  # type: ignore[union-attr]
        assert platform.seen[0].token == "their-token"
        refused(running.ask("PUT", LOCATION, sample.LOCATION), 401, 2000)
        taken(running.ask("PUT", LOCATION, sample.LOCATION, token=tokens[0]), 201)


# --- as a process -----------------------------------------------------------------------------------------


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "local.partner", *arguments],
        cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": f"{PROJECT}:{PROJECT / 'layers' / 'ocpi'}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_process_registers_pushes_what_it_has_and_stays_until_it_is_ended(tmp_path: Path) -> None:
    stock = tmp_path / "stock.json"
    stock.write_text(json.dumps({"tokens": [sample.TOKEN]}))
    with double.partner() as platform:
        platform.serve_versions(("tokens", "RECEIVER"))
        platform.answers["POST", "/credentials"] = ok(platform.credentials("token-c"))
        platform.answers["PUT", "/tokens/NL/TNM/012345678"] = ok()
        platform.answers["PUT", "/tokens/NL/TNM/RFID0001"] = ok()
        process = start(
            *("--versions-url", platform.versions_url, "--token", "token-a", "--role", "EMSP:NL/TNM"),
            *("--stock", str(stock), "--generate", "1", "--push", "--json", "--fault", "drop module=cdrs"),
        )
        try:
            assert process.stdout
            said = [json.loads(process.stdout.readline()) for _ in range(3)]
            assert process.poll() is None
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=10)
    assert [line["event"] for line in said] == ["serving", "registered", "pushed"]
    assert said[2]["objects"] == 2
    posted = next(seen for seen in platform.seen if seen.method == "POST")
    assert posted.token == "token-a"
    assert posted.body["url"] == said[0]["versions_url"]
    assert platform.seen[-1].token == "token-c"
    assert platform.seen[-1].body["uid"] in {"012345678", "RFID0001"}
    assert process.returncode == 143


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--fault", "slov"], "local.partner: fault 'slov': kind: must be one of"),
        (["--faults", "{folder}/none.json"], "none.json"),
        (["--stock", "{folder}/stock.json"], "stock.json: /locations/0/city: Field required"),
        (["--role", "BOSS"], "'BOSS' is no role"),
        (["--role", "CPO"], "name its party"),
        ([], "the platform cannot be worked with: http://127.0.0.1:9/versions"),
    ],
)
def test_what_is_wrong_is_one_clear_line(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "stock.json").write_text(json.dumps({"locations": [sample.without(sample.LOCATION, "city")]}))
    told = [argument.format(folder=tmp_path) for argument in arguments]
    assert main(["--versions-url", "http://127.0.0.1:9/versions", "--token", "t", *told]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert words in line
