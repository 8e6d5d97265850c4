"""The credentials handshake, both sides, with a partner over real HTTP."""

import socket
from collections.abc import Callable

import boto3
import pytest

from ocpi.parties.handshake import Handshake, NameTaken
from ocpi.store.partner import Partner as StoredPartner
from ocpi.store.partner import PartnerStatus, Quirk
from ocpi.transport.status import OcpiError, StatusCode
from ocpi.types.parties import Party
from ocpi.types.primitives import Role
from tests import own
from tests.api import deployed, request
from tests.functions.conftest import Connect, Connection
from tests.loop import Loop
from tests.objects import LOCATION
from tests.partner import TOKEN, Answer, Partner, Seen, ok

CREDENTIALS = "/ocpi/2.2.1/credentials"
VERSIONS = "/ocpi/versions"


def works(token: str) -> bool:
    return request("GET", VERSIONS, token=token).http_status == 200


@pytest.mark.requirement("VER-01")
@pytest.mark.requirement("VER-02")
@pytest.mark.requirement("VER-03")
@pytest.mark.requirement("VER-14")
def test_versions_lead_to_details(connection: Connection) -> None:
    assert request("GET", VERSIONS, token=connection.token).data == [
        {"version": "2.2.1", "url": "https://ocpi.example.com/ocpi/2.2.1"}
    ]


@pytest.mark.requirement("VER-04")
@pytest.mark.requirement("VER-06")
@pytest.mark.requirement("VER-07")
@pytest.mark.requirement("VER-08")
@pytest.mark.requirement("VER-13")
@pytest.mark.requirement("VER-14")
def test_details_list_what_is_mounted(connection: Connection) -> None:
    details = request("GET", "/ocpi/2.2.1", token=connection.token).data
    assert details["version"] == "2.2.1"
    sender = {"locations", "sessions", "cdrs", "tariffs", "tokens", "commands", "chargingprofiles"}
    receiver = {*sender, "hubclientinfo"}
    assert {(end["identifier"], end["role"]) for end in details["endpoints"]} == {
        ("credentials", "SENDER"),
        *((module, "SENDER") for module in sender),
        *((module, "RECEIVER") for module in receiver),
    }
    assert all(end["url"].startswith("https://ocpi.example.com/ocpi/2.2.1/") for end in details["endpoints"])


@pytest.mark.requirement("CRE-03")
@pytest.mark.requirement("CRE-04")
@pytest.mark.requirement("CRE-05")
@pytest.mark.requirement("CRE-07")
@pytest.mark.requirement("CRE-23")
def test_a_partner_registers(handshake: Handshake, partner: Partner) -> None:
    token_a = handshake.invite("My CPO")
    reply = request("POST", CREDENTIALS, token=token_a, body=partner.credentials())
    assert (reply.http_status, reply.status_code) == (200, 1000)
    assert reply.data["url"] == "https://ocpi.example.com/ocpi/versions"
    assert {role["role"] for role in reply.data["roles"]} == {"CPO", "EMSP", "SCSP"}
    assert [(seen.method, seen.path, seen.token) for seen in partner.seen] == [
        ("GET", "/versions", TOKEN),
        ("GET", "/details", TOKEN),
    ]
    token_c = reply.data["token"]
    assert token_c != token_a
    assert works(token_c)
    assert not works(token_a)


def test_tokens_are_stored_neither_in_clear_nor_in_logs(
    handshake: Handshake, partner: Partner, capfd: pytest.CaptureFixture[str]
) -> None:
    token_a = handshake.invite("CPO")
    token_c = request("POST", CREDENTIALS, token=token_a, body=partner.credentials()).data["token"]
    stored = str(boto3.client("dynamodb").scan(TableName="partners")["Items"])
    written = "".join(capfd.readouterr())
    for token in (token_a, token_c, TOKEN):
        assert token not in stored
        assert token not in written


@pytest.mark.requirement("CRE-02")
def test_get_tells_the_credentials_to_use(connection: Connection) -> None:
    data = request("GET", CREDENTIALS, token=connection.token).data
    assert data["token"] == connection.token
    assert data["url"] == "https://ocpi.example.com/ocpi/versions"


@pytest.mark.requirement("CRE-08")
def test_who_is_registered_cannot_post_again(connection: Connection) -> None:
    reply = request("POST", CREDENTIALS, token=connection.token, body=connection.partner.credentials())
    assert reply.http_status == 405
    assert works(connection.token)
    assert connection.partner.seen == []


@pytest.mark.requirement("CRE-09")
@pytest.mark.requirement("CRE-10")
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_who_is_not_registered_can_only_post(handshake: Handshake, partner: Partner, method: str) -> None:
    token_a = handshake.invite("CPO")
    assert request(method, CREDENTIALS, token=token_a, body=partner.credentials()).http_status == 405
    assert works(token_a)


@pytest.mark.requirement("CRE-11")
@pytest.mark.requirement("CRE-12")
def test_put_renews_tokens_and_endpoints(connection: Connection, handshake: Handshake) -> None:
    connection.partner.serve_versions(("sessions", "SENDER"))
    reply = request("PUT", CREDENTIALS, token=connection.token, body=connection.partner.credentials("another"))
    assert reply.status_code == 1000
    assert not works(connection.token)
    assert works(reply.data["token"])
    assert [seen.token for seen in connection.partner.seen] == ["another", "another"]
    known = handshake.partners.get("cpo")
    assert known
    assert [end.identifier for end in known.endpoints] == ["credentials", "sessions"]
    assert known.sealed_token
    assert handshake.safe.open(known.sealed_token, "cpo") == "another"


@pytest.mark.requirement("CRE-15")
def test_delete_ends_the_connection_both_ways(connection: Connection, handshake: Handshake) -> None:
    assert request("DELETE", CREDENTIALS, token=connection.token).status_code == 1000
    assert not works(connection.token)
    known = handshake.partners.get("cpo")
    assert known
    assert known.status is PartnerStatus.UNREGISTERED
    assert known.sealed_token is None


@pytest.mark.requirement("CRE-15")
@pytest.mark.parametrize("waiting", [False, True], ids=["changed after it", "changed before it, not sent yet"])
def test_after_a_delete_nothing_is_sent_to_the_partner(connect: Connect, waiting: bool) -> None:
    emsp, loop, path = connect("EMSP NL TNM", offers=[("locations", "RECEIVER")]), Loop(), "/locations/NL/OCS/L1"
    for method in ("PUT", "PATCH"):
        emsp.partner.answers[method, path] = ok()
    own.put_location(LOCATION)
    loop.run()
    assert [(seen.method, seen.path) for seen in emsp.partner.seen] == [("PUT", path)]
    if waiting:
        own.patch_location({"name": "Station", "last_updated": "2026-11-22T09:00:00Z"})
    assert request("DELETE", CREDENTIALS, token=emsp.token).status_code == 1000
    emsp.partner.seen.clear()
    own.put_location(LOCATION | {"name": "Central", "last_updated": "2026-11-22T10:00:00Z"})
    loop.run()
    assert emsp.partner.seen == []


def break_versions(partner: Partner) -> None:
    partner.answers["GET", "/versions"] = (500, b"oops")


def break_details(partner: Partner) -> None:
    partner.answers["GET", "/details"] = ok({"version": "2.2.1"})


def speak_another_version(partner: Partner) -> None:
    partner.serve_versions(version="2.1.1")


def offer_no_credentials(partner: Partner) -> None:
    partner.answers["GET", "/details"] = ok(
        {"version": "2.2.1", "endpoints": [{"identifier": "cdrs", "role": "SENDER", "url": "https://x.example/cdrs"}]}
    )


def redirect(partner: Partner) -> None:
    partner.answers["GET", "/versions"] = (302, b"")


@pytest.mark.requirement("CRE-16")
@pytest.mark.requirement("CRE-17")
@pytest.mark.requirement("CRE-19")
@pytest.mark.parametrize(
    ("spoil", "status_code"),
    [
        pytest.param(break_versions, 3001, marks=pytest.mark.requirement("STA-15")),
        (break_details, 3001),
        (redirect, 3001),
        pytest.param(speak_another_version, 3002, marks=pytest.mark.requirement("STA-16")),
        pytest.param(offer_no_credentials, 3003, marks=pytest.mark.requirement("STA-17")),
    ],
)
def test_a_partner_that_cannot_be_used_is_not_registered_and_may_try_again(
    handshake: Handshake, partner: Partner, spoil: Callable[[Partner], None], status_code: int
) -> None:
    token_a = handshake.invite("CPO")
    before = handshake.partners.get("cpo")
    spoil(partner)
    reply = request("POST", CREDENTIALS, token=token_a, body=partner.credentials())
    assert (reply.http_status, reply.status_code) == (200, status_code)
    assert reply.data is None
    assert handshake.partners.get("cpo") == before
    partner.serve_versions()
    assert request("POST", CREDENTIALS, token=token_a, body=partner.credentials()).status_code == 1000


@pytest.mark.requirement("STA-15")
def test_an_unreachable_partner_is_3001_and_nothing_is_half_registered(handshake: Handshake) -> None:
    token_a = handshake.invite("CPO")
    before = handshake.partners.get("cpo")
    gone = Partner("http://127.0.0.1:9")
    reply = request("POST", CREDENTIALS, token=token_a, body=gone.credentials())
    assert (reply.http_status, reply.status_code) == (200, 3001)
    assert "refused" in reply.message
    assert handshake.partners.get("cpo") == before
    assert works(token_a)


def test_who_names_a_private_host_is_not_told_its_address(
    handshake: Handshake, partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("10.11.12.13", 443))]
    monkeypatch.setattr("ocpi.transport.addresses.socket.getaddrinfo", lambda *_, **__: found)
    token_a = handshake.invite("CPO")
    with deployed(ALLOW_PRIVATE_PARTNERS="false"):
        body = partner.credentials() | {"url": "https://inside.example.com/versions"}
        reply = request("POST", CREDENTIALS, token=token_a, body=body)
    assert reply.status_code == 3001
    assert "inside.example.com leads to no public address" in reply.message
    assert "10.11.12.13" not in reply.message


@pytest.mark.requirement("CRE-24")
@pytest.mark.requirement("CRE-25")
@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"token": None}, "/token"),
        pytest.param({"token": "with space"}, "/token", marks=pytest.mark.requirement("CRE-22")),
        pytest.param({"token": "x" * 65}, "/token", marks=pytest.mark.requirement("CRE-21", "TYP-05")),
        ({"url": "versions"}, "/url"),
        ({"roles": []}, "/roles"),
        ({"roles": [{"role": "CPO", "party_id": "SIM", "country_code": "NL"}]}, "/roles/0/business_details"),
        (
            {"roles": [{"role": "cpo", "party_id": "SIM", "country_code": "NL", "business_details": {"name": "X"}}]},
            "/roles/0/role",
        ),
        (
            {
                "roles": 2
                * [{"role": "CPO", "party_id": "SIM", "country_code": "NL", "business_details": {"name": "X"}}]
            },
            "twice",
        ),
    ],
)
def test_wrong_credentials_are_2001_naming_the_field(
    handshake: Handshake, partner: Partner, change: dict[str, object], field: str
) -> None:
    token_a = handshake.invite("CPO")
    reply = request("POST", CREDENTIALS, token=token_a, body=partner.credentials() | change)
    assert (reply.http_status, reply.status_code) == (200, 2001)
    assert field in reply.message
    assert partner.seen == []


def test_versions_that_we_do_not_speak_may_look_like_anything(handshake: Handshake, partner: Partner) -> None:
    token_a = handshake.invite("CPO")
    ours = {"version": "2.2.1", "url": f"{partner.url}/details"}
    partner.answers["GET", "/versions"] = ok([{"version": "3.0", "url": None}, "odd", ours])
    assert request("POST", CREDENTIALS, token=token_a, body=partner.credentials()).status_code == 1000


def test_too_many_endpoints_are_3001(handshake: Handshake, partner: Partner) -> None:
    token_a = handshake.invite("CPO")
    endpoint = {"identifier": "credentials", "role": "SENDER", "url": f"{partner.url}/credentials"}
    partner.answers["GET", "/details"] = ok({"version": "2.2.1", "endpoints": [endpoint] * 2500})
    assert request("POST", CREDENTIALS, token=token_a, body=partner.credentials()).status_code == 3001


def test_of_two_at_the_same_time_one_wins(connection: Connection, handshake: Handshake) -> None:
    known = handshake.partners.get("cpo")
    assert known
    handshake.end(known)
    with pytest.raises(OcpiError) as failure:
        handshake.end(known)
    assert failure.value.http_status == 405


def test_a_second_invitation_replaces_the_first(handshake: Handshake) -> None:
    first, second = handshake.invite("CPO"), handshake.invite("cpo")
    assert not works(first)
    assert works(second)


def test_a_connected_partner_is_not_invited_again(connection: Connection, handshake: Handshake) -> None:
    with pytest.raises(NameTaken, match="REGISTERED"):
        handshake.invite("CPO")
    assert works(connection.token)


# We register with a partner.


@pytest.mark.requirement("CRE-06")
@pytest.mark.requirement("CRE-20")
def test_we_register_with_a_partner_which_calls_us_back(handshake: Handshake, partner: Partner) -> None:
    called_back: list[object] = []

    def take_credentials(seen: Seen) -> Answer:
        called_back.append(works(seen.body["token"]))
        called_back.append(
            request("GET", "/ocpi/2.2.1/receiver/sessions/NL/SIM/1", token=seen.body["token"]).http_status
        )
        return ok(partner.credentials("token-c"))

    partner.answers["POST", "/credentials"] = take_credentials
    registered = handshake.register("CPO", partner.versions_url, "token-a")
    assert registered.status is PartnerStatus.REGISTERED
    assert called_back == [True, 401]
    assert [(seen.path, seen.token) for seen in partner.seen] == [
        ("/versions", "token-a"),
        ("/details", "token-a"),
        ("/credentials", "token-a"),
    ]
    assert registered.sealed_token
    assert handshake.safe.open(registered.sealed_token, "cpo") == "token-c"
    assert works(partner.seen[-1].body["token"])


@pytest.mark.parametrize("answer", [(200, {"status_code": 2001}), ok({"token": "x"}), (500, b"oops")])
def test_a_registration_that_fails_leaves_what_was_known_of_a_former_partner(
    connection: Connection, handshake: Handshake, answer: Answer
) -> None:
    known = handshake.partners.get("cpo")
    assert known
    handshake.end(handshake.partners.replace(known, {"quirks": frozenset({Quirk.NO_PATCH})}))
    former = handshake.partners.get("cpo")
    assert former
    connection.partner.answers["POST", "/credentials"] = answer
    with pytest.raises(OcpiError):
        handshake.register("CPO", connection.partner.versions_url, "token-a", [Quirk.TRAILING_SLASH])
    assert not works(connection.partner.seen[-1].body["token"])
    restored = handshake.partners.get("cpo")
    assert restored
    written = {"revision", "last_updated"}
    assert restored.model_dump(exclude=written) == former.model_dump(exclude=written)
    connection.partner.answers["POST", "/credentials"] = ok(connection.partner.credentials("token-c"))
    registered = handshake.register("CPO", connection.partner.versions_url, "token-a")
    assert (registered.status, registered.quirks) == (PartnerStatus.REGISTERED, frozenset({Quirk.NO_PATCH}))


@pytest.mark.requirement("STA-07")
def test_nothing_is_left_of_a_registration_that_fails(handshake: Handshake, partner: Partner) -> None:
    partner.answers["POST", "/credentials"] = (200, {"status_code": 2001, "status_message": "no"})
    with pytest.raises(OcpiError, match="no") as failure:
        handshake.register("CPO", partner.versions_url, "token-a")
    assert failure.value.status_code is StatusCode.UNABLE_TO_USE_API
    assert handshake.partners.get("cpo") is None
    assert not works(partner.seen[-1].body["token"])


def test_unregistering_tells_the_partner(connection: Connection, handshake: Handshake) -> None:
    connection.partner.answers["DELETE", "/credentials"] = ok()
    known = handshake.partners.get("cpo")
    assert known
    ended = handshake.unregister(known)
    assert ended.status is PartnerStatus.UNREGISTERED
    assert [(seen.method, seen.token) for seen in connection.partner.seen] == [("DELETE", TOKEN)]
    assert not works(connection.token)


@pytest.mark.parametrize("version", ["2.1.1", "2.2", "3.0"])
def test_a_connection_cannot_be_moved_to_a_version_that_we_do_not_speak(connection: Connection, version: str) -> None:
    credentials = connection.partner.credentials("another")
    reply = request("PUT", f"/ocpi/{version}/credentials", token=connection.token, body=credentials)
    assert reply.http_status == 404
    assert works(connection.token)
    assert connection.partner.seen == []


class TestRenewal:
    """We renew the credentials with a partner."""

    GIVEN = "their-new-token"

    @pytest.fixture
    def tried(self, connection: Connection) -> list[str]:
        """The tokens that we offer; before it takes one, the partner tries it, as CRE-11 says."""
        tokens: list[str] = []

        def take(seen: Seen) -> Answer:
            tokens.append(seen.body["token"])
            assert works(seen.body["token"])
            assert works(connection.token)
            return ok(connection.partner.credentials(self.GIVEN))

        connection.partner.answers["PUT", "/credentials"] = take
        return tokens

    @staticmethod
    def renew(handshake: Handshake) -> StoredPartner:
        known = handshake.partners.get("cpo")
        assert known
        return handshake.renew(known)

    @pytest.mark.requirement("CRE-14", "CRE-29")
    def test_both_tokens_are_replaced(self, connection: Connection, handshake: Handshake, tried: list[str]) -> None:
        renewed = self.renew(handshake)
        (token,) = tried
        assert works(token)
        assert not works(connection.token)
        assert renewed.sealed_token
        assert handshake.safe.open(renewed.sealed_token, "cpo") == self.GIVEN
        (seen,) = connection.partner.seen
        assert (seen.method, seen.path, seen.token) == ("PUT", "/credentials", TOKEN)
        assert seen.body["url"] == "https://ocpi.example.com/ocpi/versions"
        assert {role["role"] for role in seen.body["roles"]} == {"CPO", "EMSP", "SCSP"}
        assert not [name for name in seen.headers if name.startswith("ocpi-")]

    @pytest.mark.requirement("CRE-14")
    def test_what_the_partner_tells_of_itself_is_taken_over(
        self, connection: Connection, handshake: Handshake, tried: list[str]
    ) -> None:
        roles = [{"role": "CPO", "country_code": "BE", "party_id": "NEW", "business_details": {"name": "New"}}]
        given = connection.partner.credentials(self.GIVEN) | {"roles": roles}
        connection.partner.answers["PUT", "/credentials"] = ok(given)
        assert self.renew(handshake).party(Role.CPO) == Party("BE", "NEW")

    @pytest.mark.parametrize("answer", [(405, {"status_code": 2000}), ok({"token": "x"}), ok()])
    def test_after_a_refusal_all_is_as_before(
        self, connection: Connection, handshake: Handshake, answer: Answer
    ) -> None:
        offered: list[str] = []

        def refuse(seen: Seen) -> Answer:
            offered.append(seen.body["token"])
            return answer

        connection.partner.answers["PUT", "/credentials"] = refuse
        with pytest.raises(OcpiError) as failure:
            self.renew(handshake)
        assert failure.value.status_code is StatusCode.UNABLE_TO_USE_API
        assert works(connection.token)
        assert not works(offered[0])

    @pytest.mark.requirement("CRE-29")
    def test_without_an_answer_both_tokens_hold_until_the_next_attempt(
        self, connection: Connection, handshake: Handshake, tried: list[str]
    ) -> None:
        take = connection.partner.answers["PUT", "/credentials"]
        connection.partner.answers["PUT", "/credentials"] = lambda seen: _lost(tried, seen)
        with pytest.raises(OcpiError, match="both the old and the new token hold"):
            self.renew(handshake)
        assert works(connection.token)
        assert works(tried[0])
        connection.partner.answers["PUT", "/credentials"] = take
        self.renew(handshake)
        assert [works(token) for token in (connection.token, *tried)] == [False, False, True]

    def test_who_is_not_registered_cannot_be_renewed(self, handshake: Handshake) -> None:
        handshake.invite("CPO")
        with pytest.raises(ValueError, match="'cpo' is INVITED; we have no credentials to call it with"):
            self.renew(handshake)

    def test_all_tokens_die_with_the_connection(
        self, connection: Connection, handshake: Handshake, tried: list[str]
    ) -> None:
        connection.partner.answers["PUT", "/credentials"] = lambda seen: _lost(tried, seen)
        with pytest.raises(OcpiError):
            self.renew(handshake)
        assert request("DELETE", CREDENTIALS, token=tried[0]).status_code == 1000
        assert [works(token) for token in (connection.token, *tried)] == [False, False]


@pytest.mark.requirement("CRE-01")
def test_we_call_all_four_methods_of_a_partner(handshake: Handshake, partner: Partner) -> None:
    for method, token in (("POST", "first"), ("GET", "second"), ("PUT", "third"), ("DELETE", "none")):
        partner.answers[method, "/credentials"] = ok(partner.credentials(token))
    registered = handshake.register("CPO", partner.versions_url, "token-a")
    handshake.unregister(handshake.renew(handshake.refresh(registered)))
    called = [(seen.method, seen.token) for seen in partner.seen if seen.path == "/credentials"]
    assert called == [("POST", "token-a"), ("GET", "first"), ("PUT", "second"), ("DELETE", "third")]


@pytest.mark.requirement("CRE-01")
def test_we_offer_all_four_methods_and_no_other(connection: Connection) -> None:
    credentials = connection.partner.credentials()
    assert request("PATCH", CREDENTIALS, token=connection.token, body=credentials).http_status == 405
    assert request("GET", CREDENTIALS, token=connection.token).status_code == 1000
    token = request("PUT", CREDENTIALS, token=connection.token, body=credentials).data["token"]
    assert request("DELETE", CREDENTIALS, token=token).status_code == 1000


def test_what_a_partner_tells_is_only_taken_over_if_it_can_be_used(
    connection: Connection, handshake: Handshake
) -> None:
    connection.partner.answers["GET", "/credentials"] = ok(connection.partner.credentials("second"))
    connection.partner.answers["GET", "/details"] = (500, b"")
    known = handshake.partners.get("cpo")
    assert known
    with pytest.raises(OcpiError) as failure:
        handshake.refresh(known)
    assert failure.value.status_code is StatusCode.UNABLE_TO_USE_API
    assert handshake.partners.get("cpo") == known


def _lost(tried: list[str], seen: Seen) -> Answer:
    """An answer that does not arrive whole."""
    tried.append(seen.body["token"])
    return 502, b"Bad gateway"
