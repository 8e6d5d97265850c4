"""The command line, as an operator uses it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest

from ocpi import clock
from ocpi.store.partner import Quirk
from tests.api import request
from tests.command import Ocpi
from tests.functions.conftest import Connect, Connection
from tests.partner import ok, partner

SITE: dict[str, Any] = {
    "id": "garage",
    "name": "Garage",
    "time_zone": "Europe/Amsterdam",
    "voltage_v": 230,
    "partner_id": "demo-cpo",
    "location": {"country_code": "NL", "party_id": "SIM", "location_id": "L1"},
    "limits": {"base": {"limit_kw": 69}},
}


def invite(ocpi: Ocpi) -> str:
    return str(ocpi("partner", "invite", "--name", "Demo CPO", "--json").json["token"])


def test_invite_prints_token_and_versions_url(ocpi: Ocpi) -> None:
    told = ocpi("partner", "invite", "--name", "Demo CPO", "--json").json
    assert told["versions_url"] == "https://ocpi.example.com/ocpi/versions"
    assert request("GET", "/ocpi/versions", token=told["token"]).status_code == 1000
    words = ocpi("partner", "invite", "--name", "Demo CPO").out
    assert told["versions_url"] in words
    assert told["token"] not in words, "each invitation makes a new token"


def test_list_and_show_tell_no_secrets(ocpi: Ocpi) -> None:
    token = invite(ocpi)
    for printed in (ocpi("partner", "list"), ocpi("partner", "show", "demo-cpo"), ocpi("partner", "list", "--json")):
        assert "INVITED" in printed.out
        assert token not in printed.out
        assert "hash" not in printed.out
    assert ocpi("partner", "show", "Demo CPO", "--json").json["id"] == "demo-cpo"


def test_a_partner_is_suspended_resumed_and_removed(ocpi: Ocpi) -> None:
    token_a = invite(ocpi)
    with partner() as other:
        other.serve_versions()
        reply = request("POST", "/ocpi/2.2.1/credentials", token=token_a, body=other.credentials())
        token = reply.data["token"]
        assert ocpi("partner", "suspend", "demo-cpo", "--json").json["status"] == "SUSPENDED"
        assert request("GET", "/ocpi/versions", token=token).http_status == 401
        assert ocpi("partner", "suspend", "demo-cpo").exit_code == 0
        assert ocpi("partner", "resume", "demo-cpo", "--json").json["status"] == "REGISTERED"
        assert request("GET", "/ocpi/versions", token=token).http_status == 200
        assert "could not be told" in ocpi("partner", "remove", "demo-cpo").out
        assert [seen.method for seen in other.seen][-1] == "DELETE"
    assert request("GET", "/ocpi/versions", token=token).http_status == 401
    assert ocpi("partner", "list", "--json").json == []


def test_an_operator_says_which_roles_a_partner_may_have(ocpi: Ocpi) -> None:
    token_a = ocpi("partner", "invite", "--name", "Demo CPO", "--role", "CPO:nl/abc", "--json").json["token"]
    assert "pinned: CPO:NL/ABC" in ocpi("partner", "show", "demo-cpo").out
    with partner() as other:
        other.serve_versions()
        refused = request("POST", "/ocpi/2.2.1/credentials", token=token_a, body=other.credentials())
        assert refused.status_code == 2001
        printed = ocpi("partner", "set", "demo-cpo", "--role", "CPO:NL/SIM", "--role", "EMSP:NL/SIM")
        assert printed.out == "Partner 'demo-cpo' may have CPO:NL/SIM, EMSP:NL/SIM.\n"
        taken = request("POST", "/ocpi/2.2.1/credentials", token=token_a, body=other.credentials())
        assert taken.status_code == 1000
    assert ocpi("partner", "set", "demo-cpo", "no-patch", "on", "--json").json["pinned"] == [
        "CPO:NL/SIM",
        "EMSP:NL/SIM",
    ]
    cleared = ocpi("partner", "set", "demo-cpo", "--role", "any")
    assert cleared.out == "Partner 'demo-cpo' may have any role that is free.\n"
    (listed,) = ocpi("partner", "list", "--json").json
    assert (listed["pinned"], listed["quirks"]) == ([], ["no-patch"])


def test_registering_with_a_partner_that_has_another_role_than_expected_is_one_line(ocpi: Ocpi) -> None:
    with partner() as other:
        other.serve_versions()
        other.answers["POST", "/credentials"] = ok(other.credentials())
        command = ("partner", "register", other.versions_url, "--name", "Other", "--token", "a")
        printed = ocpi(*command, "--role", "EMSP:NL/TNM")
        assert printed.exit_code == 1
        assert "CPO:NL/SIM is not among the roles that were agreed on: EMSP:NL/TNM" in printed.err
        assert ocpi("partner", "list", "--json").json == []
        assert ocpi(*command, "--role", "CPO:NL/SIM").exit_code == 0


def test_no_partner_is_added_with_a_party_of_another_or_ours(ocpi: Ocpi) -> None:
    assert ocpi("partner", "add", "--name", "One", "--role", "EMSP:NL/TNM").exit_code == 0
    for role in ("EMSP:NL/TNM", "EMSP:NL/OCS"):
        printed = ocpi("partner", "add", "--name", "Two", "--role", role)
        assert (printed.exit_code, role in printed.err) == (1, True)
    assert len(ocpi("partner", "list", "--json").json) == 1


def test_quirks_are_switched_on_and_off_and_shown(ocpi: Ocpi) -> None:
    invite(ocpi)
    assert ocpi("partner", "set", "demo-cpo", "no-patch", "on", "plain-tokens", "on").out == (
        "Partner 'demo-cpo' has no-patch, plain-tokens.\n"
    )
    assert "quirks: no-patch, plain-tokens" in ocpi("partner", "show", "demo-cpo").out
    (listed,) = ocpi("partner", "list", "--json").json
    assert listed["quirks"] == ["no-patch", "plain-tokens"]
    switched = ocpi("partner", "set", "demo-cpo", "no-patch", "off", "trailing-slash", "on", "--json").json
    assert switched["quirks"] == ["plain-tokens", "trailing-slash"]
    off = ocpi("partner", "set", "demo-cpo", "plain-tokens", "off", "trailing-slash", "off").out
    assert off == "Partner 'demo-cpo' has no quirks.\n"


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["no-patch"], "give each quirk with on or off, such as: no-patch on"),
        (["slow", "on"], "'slow' is no quirk; there are plain-tokens, lenient-date-from,"),
        (["no-patch", "yes"], "no-patch is switched on or off, not 'yes'"),
    ],
)
def test_a_wrong_quirk_is_one_line_and_changes_nothing(ocpi: Ocpi, words: list[str], problem: str) -> None:
    invite(ocpi)
    printed = ocpi("partner", "set", "demo-cpo", *words)
    assert (printed.exit_code, printed.out) == (1, "")
    assert printed.err.startswith(f"ocpi: {problem}")
    assert ocpi("partner", "show", "demo-cpo", "--json").json["quirks"] == []


def test_the_help_tells_what_each_quirk_does(ocpi: Ocpi) -> None:
    told = " ".join(ocpi("partner", "set", "--help").out.split())
    for quirk in Quirk:
        assert f"{quirk}: {quirk.meaning}." in told


def test_a_partner_with_plain_tokens_is_invited(ocpi: Ocpi) -> None:
    told = ocpi("partner", "invite", "--name", "Old", "--quirk", "plain-tokens", "--json").json
    headers = {"authorization": f"Token {told['token']}"}
    assert request("GET", "/ocpi/versions", headers=headers).status_code == 1000
    assert ocpi("partner", "show", "old", "--json").json["quirks"] == ["plain-tokens"]


def test_we_register_with_a_partner_that_has_plain_tokens(ocpi: Ocpi) -> None:
    with partner() as other:
        other.serve_versions()
        other.answers["POST", "/credentials"] = ok(other.credentials())
        options = ("--name", "Old", "--token", "token-a", "--quirk", "plain-tokens", "--quirk", "no-patch")
        registered = ocpi("partner", "register", other.versions_url, *options, "--json").json
        assert registered["quirks"] == ["no-patch", "plain-tokens"]
        assert {seen.headers["authorization"] for seen in other.seen} == {"Token token-a"}


def test_what_a_partner_tells_of_itself_is_fetched_anew(ocpi: Ocpi) -> None:
    token_a = invite(ocpi)
    with partner() as other:
        other.serve_versions()
        request("POST", "/ocpi/2.2.1/credentials", token=token_a, body=other.credentials())
        other.serve_versions(("locations", "SENDER"), ("tariffs", "SENDER"))
        other.answers["GET", "/credentials"] = ok(other.credentials())
        assert ocpi("partner", "refresh", "demo-cpo").out == "Partner 'demo-cpo' has 1 roles and 3 endpoints.\n"
        assert "endpoint tariffs SENDER" in ocpi("partner", "show", "demo-cpo").out


@pytest.mark.requirement("CRE-29", "CRE-30")
def test_credentials_are_renewed_and_it_is_told_when_they_should_be(
    ocpi: Ocpi, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    time = tmp_path / "clock.json"
    monkeypatch.setenv("CLOCK_FILE", str(time))
    clock.write(time, datetime(2026, 11, 1, tzinfo=UTC), 0)
    token_a = invite(ocpi)
    with partner() as other:
        other.serve_versions()
        request("POST", "/ocpi/2.2.1/credentials", token=token_a, body=other.credentials())
        clock.write(time, datetime(2026, 11, 30, 23, 59, tzinfo=UTC), 0)
        assert "rotate" not in ocpi("partner", "list").out
        clock.write(time, datetime(2026, 12, 1, tzinfo=UTC), 0)
        assert "Credentials older than 30 days; renew them with 'ocpi partner rotate': demo-cpo" in (
            ocpi("partner", "list").out
        )
        assert ocpi("partner", "list", "--json").json[0]["token_days"] == 30
        other.answers["PUT", "/credentials"] = ok(other.credentials("another"))
        printed = ocpi("partner", "rotate", "demo-cpo")
        assert printed.out == "Partner 'demo-cpo' and this platform have new tokens.\n"
    assert "rotate" not in ocpi("partner", "list").out
    assert ocpi("partner", "show", "demo-cpo", "--json").json["token_days"] == 0


def test_credentials_of_a_partner_that_is_not_registered_cannot_be_renewed(ocpi: Ocpi) -> None:
    invite(ocpi)
    printed = ocpi("partner", "rotate", "demo-cpo")
    assert (printed.exit_code, printed.out) == (1, "")
    assert printed.err == "ocpi: the partner 'demo-cpo' is INVITED; we have no credentials to call it with\n"


def test_an_invited_partner_cannot_be_suspended(ocpi: Ocpi) -> None:
    invite(ocpi)
    printed = ocpi("partner", "suspend", "demo-cpo")
    assert (printed.exit_code, printed.err) == (1, "ocpi: partner 'demo-cpo' is INVITED, not REGISTERED\n")


def test_nothing_is_pulled_from_a_suspended_partner(ocpi: Ocpi, tnm: Connection) -> None:
    ocpi("partner", "suspend", "tnm")
    printed = ocpi("partner", "pull", "tnm")
    assert (printed.exit_code, printed.out) == (1, "")
    assert printed.err == "ocpi: partner 'tnm' is SUSPENDED; resume it first: 'ocpi partner resume tnm'\n"
    assert tnm.partner.seen == []


def test_what_is_pulled_may_be_bounded_by_a_date(ocpi: Ocpi, connect: Connect) -> None:
    cpo = connect("CPO NL SIM", offers=[("tariffs", "SENDER")])
    ocpi("partner", "pull", "sim", "--since", "2026-01-02")
    (asked, *_) = cpo.partner.seen
    assert "date_from=2026-01-02T00%3A00%3A00Z" in asked.path
    cpo.partner.seen.clear()
    printed = ocpi("partner", "pull", "sim", "--since", "2999-01-01")
    assert printed.exit_code == 2
    assert "must not be in the future" in printed.err
    assert cpo.partner.seen == []


def test_registering_with_a_partner_that_does_not_answer_is_one_line(ocpi: Ocpi) -> None:
    printed = ocpi("partner", "register", "http://127.0.0.1:9/versions", "--name", "Gone", "--token", "a")
    assert printed.exit_code == 1
    assert printed.err.startswith("ocpi: the API of Gone could not be used: GET http://127.0.0.1:9/versions")
    assert "OCPI" not in printed.err
    assert ocpi("partner", "list", "--json").json == []


def test_a_partner_that_cannot_be_told_that_it_is_removed_is_named(ocpi: Ocpi, tnm: Connection) -> None:
    tnm.partner.answers["DELETE", "/credentials"] = 500, {"status_code": 3000, "status_message": "busy"}
    told = "the API of TNM could not be used: DELETE of the credentials was answered with HTTP 500, OCPI 3000: busy"
    assert ocpi("partner", "remove", "tnm").out == f"Partner 'tnm' is removed, but could not be told ({told}).\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("partner", "breaker", "x", "bogus"),
        ("partner", "resend", "x", "--module", "bogus"),
        ("dlq", "list", "bogus"),
        ("dlq", "redrive", "bogus"),
    ],
)
def test_a_wrong_use_is_told_in_our_words(ocpi: Ocpi, arguments: tuple[str, ...]) -> None:
    printed = ocpi(*arguments)
    assert (printed.exit_code, printed.out) == (2, "")
    assert "bogus" in printed.err
    assert "Value error" not in printed.err


@pytest.mark.parametrize("command", ["show", "suspend", "resume", "remove", "rotate", "refresh"])
def test_an_unknown_partner_is_one_line(ocpi: Ocpi, command: str) -> None:
    printed = ocpi("partner", command, "nobody")
    assert (printed.exit_code, printed.out) == (1, "")
    assert printed.err == "ocpi: there is no partner 'nobody'; 'ocpi partner list' shows all\n"


def test_a_site_is_put_shown_and_listed(ocpi: Ocpi) -> None:
    invite(ocpi)
    assert ocpi.put(SITE).out == "Site 'garage' is created.\n"
    assert ocpi.put(SITE | {"name": "Other"}).out == "Site 'garage' is replaced.\n"
    (listed,) = ocpi("site", "list", "--json").json
    assert listed["name"] == "Other"
    assert listed["limit_a"] == {"L1": 100, "L2": 100, "L3": 100}
    shown = ocpi("site", "show", "garage", "--json").json
    assert shown["document"]["limits"]["base"] == {"limit_kw": 69}
    assert shown["sessions"] == []
    assert "Garage" not in ocpi("site", "show", "garage").out


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"limits": {"base": {"limit_a": {"L1": 1, "L2": 1, "L4": 1}}}}, "limits.base.limit_a.L4"),
        ({"limits": [{"limit_kw": -1}]}, "limits[0].limit_kw"),
        (
            {
                "limits": [
                    {"end": "2026-01-01T00:00:00Z", "limit_kw": 1},
                    {"start": "2026-01-02T00:00:00Z", "limit_kw": 1},
                ]
            },
            "limits[1].start: gap",
        ),
        ({"partner_id": "nobody"}, "partner_id"),
        ({"voltage": 230}, "voltage"),
    ],
)
def test_a_wrong_site_file_names_the_place_and_changes_nothing(
    ocpi: Ocpi, change: dict[str, object], place: str
) -> None:
    invite(ocpi)
    ocpi.put(SITE)
    before = boto3.client("dynamodb").scan(TableName="sites")["Items"]
    printed = ocpi.put(SITE | change)
    assert (printed.exit_code, printed.out) == (1, "")
    assert printed.err.startswith(f"ocpi: {place}")
    assert boto3.client("dynamodb").scan(TableName="sites")["Items"] == before


def test_a_file_that_is_no_json_or_not_there_is_one_line(ocpi: Ocpi) -> None:
    assert ocpi.put("{").err.startswith("ocpi: line 1, column 2: not JSON")
    assert "No such file" in ocpi("site", "put", "nothing.json").err


def test_two_sites_cannot_stand_for_one_location(ocpi: Ocpi) -> None:
    invite(ocpi)
    ocpi.put(SITE)
    printed = ocpi.put(SITE | {"id": "second"})
    assert (printed.exit_code, printed.err) == (1, "ocpi: location: site 'garage' stands for it already\n")


def test_without_a_deployment_it_says_what_to_do(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    printed = Ocpi(capsys, monkeypatch, tmp_path)("partner", "list")
    assert printed.exit_code == 1
    assert "make local" in printed.err
    assert "Traceback" not in printed.err
