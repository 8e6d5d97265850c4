"""Partners that differ from OCPI: each quirk is put up with where an operator has said so, and with nobody else."""

from typing import Any, ClassVar

import pytest

from ocpi.parties.calling import Calling, address
from ocpi.parties.handshake import Handshake
from ocpi.parties.secrets import Safe
from ocpi.store.objects import Objects
from ocpi.store.partner import Partner as StoredPartner
from ocpi.store.partner import Quirk
from ocpi.store.partners import Partners
from ocpi.types.versions import InterfaceRole, ModuleID
from tests.api import Reply, request
from tests.functions.conftest import Connection
from tests.objects import SESSION
from tests.partner import Partner, ok

VERSIONS = "/ocpi/versions"
SESSION_URL = "/ocpi/2.2.1/receiver/sessions/NL/SIM/S1"
OURS = "/ocpi/2.2.1/sender/sessions"


def stored(partner_id: str = "cpo") -> StoredPartner:
    known = Partners("partners").get(partner_id)
    assert known
    return known


def differs(*quirks: Quirk) -> StoredPartner:
    """Say where the partner differs."""
    return Partners("partners").replace(stored(), {"quirks": frozenset(quirks)})


def plain(token: str) -> dict[str, str]:
    return {"authorization": f"Token {token}"}


class TestPlainTokens:
    @pytest.mark.requirement("TRA-04", "TRA-03")
    def test_decision_5_a_plain_token_is_taken_from_this_partner_alone(self, connection: Connection) -> None:
        assert request("GET", VERSIONS, headers=plain(connection.token)).http_status == 401
        differs(Quirk.PLAIN_TOKENS)
        assert request("GET", VERSIONS, headers=plain(connection.token)).status_code == 1000
        put = request("PUT", SESSION_URL, headers=plain(connection.token), body=SESSION)
        assert put.http_status == 201, put
        assert request("GET", VERSIONS, token=connection.token).status_code == 1000, "Base64 is still taken"
        assert request("GET", VERSIONS, headers=plain("wrong")).http_status == 401

    def test_a_token_that_looks_like_base64_may_be_plain(self, connection: Connection, handshake: Handshake) -> None:
        differs(Quirk.PLAIN_TOKENS)
        token = "0123456789abcdef" * 2
        Partners("partners").replace(stored(), {"token_hash": handshake.hasher.hash(token)})
        assert request("GET", VERSIONS, headers=plain(token)).status_code == 1000

    @pytest.mark.requirement("TRA-03")
    @pytest.mark.parametrize("quirks", [frozenset[Quirk](), frozenset({Quirk.PLAIN_TOKENS})])
    def test_ours_goes_out_as_it_wants_it(self, connection: Connection, quirks: frozenset[Quirk]) -> None:
        calling = Calling(Safe("alias/token"), allow_private=True, objects=Objects("objects"))
        calling.client(differs(*quirks), None).get(connection.partner.versions_url)
        (seen,) = connection.partner.seen
        token = "the-token-of-the-partner"
        assert (seen.headers["authorization"] == f"Token {token}") is bool(quirks)
        assert quirks or seen.token == token

    def test_a_partner_may_register_so(self, handshake: Handshake, partner: Partner) -> None:
        token_a = handshake.invite("CPO", [Quirk.PLAIN_TOKENS])
        reply = request("POST", "/ocpi/2.2.1/credentials", headers=plain(token_a), body=partner.credentials())
        assert reply.status_code == 1000
        assert {seen.headers["authorization"] for seen in partner.seen} == {"Token the-token-of-the-partner"}
        assert request("GET", VERSIONS, headers=plain(reply.data["token"])).status_code == 1000
        assert request("GET", VERSIONS, headers=plain(token_a)).http_status == 401

    def test_without_the_quirk_it_cannot(self, handshake: Handshake, partner: Partner) -> None:
        token_a = handshake.invite("CPO")
        reply = request("POST", "/ocpi/2.2.1/credentials", headers=plain(token_a), body=partner.credentials())
        assert reply.http_status == 401
        assert partner.seen == []

    def test_we_may_register_so(self, handshake: Handshake, partner: Partner) -> None:
        partner.answers["POST", "/credentials"] = ok(partner.credentials("token-c"))
        partner.answers["DELETE", "/credentials"] = ok()
        registered = handshake.register("CPO", partner.versions_url, "token-a", [Quirk.PLAIN_TOKENS])
        assert registered.has(Quirk.PLAIN_TOKENS)
        handshake.unregister(registered)
        sent = [(seen.method, seen.headers["authorization"]) for seen in partner.seen]
        assert sent == [
            ("GET", "Token token-a"),
            ("GET", "Token token-a"),
            ("POST", "Token token-a"),
            ("DELETE", "Token token-c"),
        ]


class TestLenientDateFrom:
    @pytest.mark.requirement("SES-02")
    def test_decision_7_this_partner_alone_may_leave_date_from_out(self, connection: Connection) -> None:
        assert request("GET", OURS, token=connection.token).status_code == 2001
        differs(Quirk.LENIENT_DATE_FROM)
        reply = request("GET", OURS, token=connection.token)
        assert (reply.status_code, reply.data) == (1000, [])
        assert request("GET", f"{OURS}?date_from=yesterday", token=connection.token).status_code == 2001


class TestTrailingSlash:
    PATHS = (VERSIONS, "/ocpi/2.2.1", "/ocpi/2.2.1/credentials", "/ocpi/2.2.1/sender/locations", SESSION_URL)

    @pytest.mark.parametrize("path", PATHS)
    def test_its_urls_may_end_in_a_slash(self, connection: Connection, path: str) -> None:
        request("PUT", SESSION_URL, token=connection.token, body=SESSION)
        assert request("GET", f"{path}/", token=connection.token).http_status == 404
        differs(Quirk.TRAILING_SLASH)
        assert request("GET", f"{path}/", token=connection.token).status_code == 1000
        assert request("GET", path, token=connection.token).status_code == 1000
        assert request("GET", f"{path}//", token=connection.token).http_status == 404

    def test_a_filter_may_follow(self, connection: Connection) -> None:
        differs(Quirk.TRAILING_SLASH)
        path = "/ocpi/2.2.1/sender/locations/?limit=0"
        reply = request("GET", path, token=connection.token)
        assert (reply.status_code, reply.message.split(":")[0]) == (2001, "query parameter limit")

    @pytest.mark.parametrize(
        ("advertised", "quirks", "called"),
        [
            ("https://x.example/ocpi/tokens", (), "https://x.example/ocpi/tokens/a%2Fb/authorize"),
            ("https://x.example/ocpi/tokens/", (), "https://x.example/ocpi/tokens/a%2Fb/authorize"),
            (
                "https://x.example/ocpi/tokens/",
                (Quirk.TRAILING_SLASH,),
                "https://x.example/ocpi/tokens/a%2Fb/authorize/",
            ),
        ],
    )
    def test_decision_29_parts_are_joined_by_one_slash(
        self, connection: Connection, advertised: str, quirks: tuple[Quirk, ...], called: str
    ) -> None:
        partner = StoredPartner.model_validate(
            differs(*quirks).model_dump(mode="json")
            | {"endpoints": [{"identifier": "tokens", "role": "SENDER", "url": advertised}]}
        )
        assert address(partner, ModuleID.TOKENS, InterfaceRole.SENDER, "a/b", "authorize") == called


class TestMessageIds:
    NONE: ClassVar = {"x-request-id": "", "x-correlation-id": ""}

    @pytest.fixture
    def log(self, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
        """The warnings that are logged."""
        warnings: list[dict[str, Any]] = []

        def warning(message: str, **fields: object) -> None:
            warnings.append({"message": message, **fields})

        monkeypatch.setattr("ocpi.transport.door.logger.warning", warning)
        return warnings

    def get(self, connection: Connection, headers: dict[str, str]) -> Reply:
        reply = request("GET", VERSIONS, token=connection.token, headers=headers)
        assert (reply.http_status, reply.status_code) == (200, 1000)
        assert len(reply.headers["x-request-id"]) == 36
        return reply

    @pytest.mark.requirement("TRA-41")
    def test_decision_34_missing_ids_are_made_and_logged(
        self, connection: Connection, log: list[dict[str, Any]]
    ) -> None:
        self.get(connection, self.NONE)
        assert log == [{"message": "message ids were missing", "missing": ["X-Request-ID", "X-Correlation-ID"]}]
        log.clear()
        self.get(connection, {"x-correlation-id": ""})
        assert log[0]["missing"] == ["X-Correlation-ID"]

    def test_with_this_partner_it_is_not_logged(self, connection: Connection, log: list[dict[str, Any]]) -> None:
        differs(Quirk.NO_MESSAGE_IDS)
        self.get(connection, self.NONE)
        assert log == []

    def test_nothing_is_logged_where_nothing_is_missing(
        self, connection: Connection, log: list[dict[str, Any]]
    ) -> None:
        self.get(connection, {})
        assert log == []


def test_quirks_outlast_a_new_registration(connection: Connection, handshake: Handshake) -> None:
    differs(Quirk.NO_PATCH)
    request("PUT", "/ocpi/2.2.1/credentials", token=connection.token, body=connection.partner.credentials())
    assert stored().quirks == {Quirk.NO_PATCH}
    handshake.end(stored())
    handshake.invite("CPO", [Quirk.TRAILING_SLASH])
    assert stored().quirks == {Quirk.NO_PATCH, Quirk.TRAILING_SLASH}
