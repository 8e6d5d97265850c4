"""`ocpi check`, as who wants to know whether a platform speaks OCPI uses it."""

import io
import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import urllib3

from cli import main as cli
from cli.check import client
from cli.check.counterpart import counterpart
from cli.check.registry import Check
from cli.check.rules import CHECKS
from cli.check.run import Order, Report, run
from ocpi.types.parties import Party
from tests.check.reference import INVITATION, PARTNER_TOKEN, Answer, Proceed, Reference, Request, listening
from tests.check.tampering import header, recode, spoil


@dataclass(frozen=True)
class Printed:
    """What the command answered."""

    exit_code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


type Command = Callable[..., Printed]


@pytest.fixture
def check(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command, in process; it needs no deployment."""

    def command(*arguments: str, stdin: str = "") -> Printed:
        monkeypatch.setattr(sys, "argv", ["ocpi", "check", *arguments])
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        with pytest.raises(SystemExit) as end:
            cli.main()
        return Printed(int(end.value.code or 0), *capsys.readouterr())

    return command


@pytest.fixture
def platform() -> Iterator[Reference]:
    """A good platform that listens."""
    reference = Reference()
    with listening(reference):
        yield reference


def versions_of(platform: Reference) -> str:
    return f"{platform.url}/ocpi/versions"


def test_a_good_platform_gets_a_line_for_each_rule_and_exit_code_0(check: Command, platform: Reference) -> None:
    printed = check(versions_of(platform), "--token", PARTNER_TOKEN)
    assert printed.exit_code == 0
    assert "PASS  TRA-20  Every page but the last has a next link with an absolute URL" in printed.out.splitlines()
    assert " passed, 0 failed, 0 warned, " in printed.out.splitlines()[-1]


def test_without_write_nothing_is_changed(check: Command, platform: Reference) -> None:
    before = json.dumps([sorted(platform.tokens), platform.stock], default=str)
    printed = check(versions_of(platform), "--token", PARTNER_TOKEN)
    assert "104 more: it writes, which needs --write" in printed.out
    assert not platform.stored
    assert json.dumps([sorted(platform.tokens), platform.stock], default=str) == before


def test_a_broken_rule_says_what_was_expected_and_what_was_seen_and_gets_exit_code_1(check: Command) -> None:
    with listening(Reference(spoil(".*", header("Link", None)))) as url:
        printed = check(url, "--token", PARTNER_TOKEN, "--only", "TRA-20")
    assert printed.exit_code == 1
    assert "FAIL  TRA-20" in printed.out
    assert 'expected: a header Link: <URL>; rel="next"' in printed.out
    assert f"GET {url.removesuffix('/versions')}/2.2.1/SENDER/locations?limit=1: HTTP 200, OCPI 1000" in printed.out


def test_a_broken_should_is_a_warning_unless_strict(check: Command) -> None:
    with listening(Reference(spoil(".*/SENDER/.*", header("Link", None)))) as url:
        lenient = check(url, "--token", PARTNER_TOKEN, "--only", "TRA-21")
        strict = check(url, "--token", PARTNER_TOKEN, "--only", "TRA-21", "--strict")
    assert "WARN  TRA-21" in lenient.out
    assert (lenient.exit_code, strict.exit_code) == (0, 1)


def test_json_holds_every_check_with_its_outcome(check: Command) -> None:
    with listening(Reference(spoil(".*", header("X-Request-ID", "mine")))) as url:
        told = check(url, "--token", PARTNER_TOKEN, "--json").json
    assert len(told["checks"]) == len(CHECKS)
    (failed,) = (each for each in told["checks"] if each["outcome"] == "failed" and each["rule"] == "TRA-41")
    assert failed["level"] == "MUST"
    assert "repeated, not 'mine'" in failed["expected"]
    assert told["counts"]["failed"] == len([each for each in told["checks"] if each["outcome"] == "failed"])


def test_list_shows_every_check_without_asking_anybody(check: Command) -> None:
    printed = check("--list")
    assert printed.exit_code == 0
    assert len(printed.out.splitlines()) == len(CHECKS)
    assert "CRE-05  Registration gives credentials with a new token (MUST, writes)" in printed.out
    assert {each["rule"] for each in check("--list", "--json").json} == {each.rule for each in CHECKS}


def test_the_token_may_come_from_standard_input_or_the_environment(
    check: Command, platform: Reference, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert check(versions_of(platform), "--token", "-", "--only", "VER", stdin=f"{PARTNER_TOKEN}\n").exit_code == 0
    monkeypatch.setenv("OCPI_TOKEN", PARTNER_TOKEN)
    assert check(versions_of(platform), "--only", "VER").exit_code == 0


@pytest.mark.parametrize(
    ("role", "checked", "left_out"),
    [
        ("cpo", "LOC-02", "TOK-09"),
        ("emsp", "TOK-09", "LOC-02"),
        ("scsp", "CHP-14", "LOC-02"),
        ("hub", "HUB-02", "HUB-01"),
    ],
)
def test_a_role_checks_what_that_role_serves(
    check: Command, platform: Reference, role: str, checked: str, left_out: str
) -> None:
    arguments = ("--write", "--country", "XX", "--party", "CHK", "--only", checked, "--only", left_out, "--json")
    told = check(versions_of(platform), "--token", PARTNER_TOKEN, "--role", role, *arguments).json
    assert {each["rule"]: each["outcome"] for each in told["checks"]} == {checked: "passed", left_out: "skipped"}


def test_an_invitation_registers_checks_everything_and_leaves_nothing_behind(
    check: Command, platform: Reference
) -> None:
    printed = check(versions_of(platform), "--token", INVITATION, "--write")
    assert printed.exit_code == 0, printed.out
    assert platform.tokens == {PARTNER_TOKEN}
    left = {module: [o for key, o in platform.stored.items() if key[0] == module] for module in ("tariffs", "sessions")}
    assert not left["tariffs"]
    assert {session["status"] for session in left["sessions"]} == {"INVALID"}
    evses = [evse for key, o in platform.stored.items() if key[0] == "locations" for evse in o["evses"]]
    assert {evse["status"] for evse in evses} == {"REMOVED"}
    assert not [token for key, token in platform.stored.items() if key[0] == "tokens" and token["valid"]]
    assert all("CHK" in "".join(key) for key in platform.stored)


def test_an_interrupted_run_leaves_nothing_behind_either(platform: Reference) -> None:
    def interrupt(check: Check) -> None:
        if check.name == "tariff_is_read":
            raise KeyboardInterrupt

    report: Report = run(Order(versions_of(platform), INVITATION, write=True), interrupt)
    assert report.interrupted
    assert platform.tokens == {PARTNER_TOKEN}
    assert not [key for key in platform.stored if key[0] == "tariffs"]


def test_an_invitation_without_write_is_not_used_up(check: Command, platform: Reference) -> None:
    printed = check(versions_of(platform), "--token", INVITATION)
    assert printed.exit_code == 0
    assert "PASS  TRA-06" in printed.out
    assert "a CREDENTIALS_TOKEN_A opens no modules; with --write it is used to register" in printed.out
    assert platform.invitations == {INVITATION}


def test_who_cannot_be_called_back_is_told_what_to_do(check: Command) -> None:
    with listening(Reference()) as url:
        elsewhere = ("--listen", "127.0.0.1:0", "--public-url", "http://127.0.0.1:9")
        printed = check(url, "--token", INVITATION, "--write", "--only", "CRE-05", *elsewhere)
    assert printed.exit_code == 1
    assert "(if it cannot reach us: --listen and --public-url)" in printed.out


def test_tokens_are_never_printed(check: Command) -> None:
    with listening(Reference(spoil(".*", recode(1000, 1999)))) as url:
        printed = check(url.replace("/versions", "/2.2.1/credentials"), "--token", PARTNER_TOKEN)
    assert printed.exit_code == 2
    with listening(Reference(spoil("/ocpi/2.2.1/credentials", recode(1000, 2999)))) as url:
        printed = check(url, "--token", PARTNER_TOKEN, "--only", "CRE-02")
    assert '"token":"…"' in printed.out
    assert PARTNER_TOKEN not in printed.out


# What is no OCPI platform, or not as it was called


@contextmanager
def answering(status: int, content: bytes, **headers: str) -> Iterator[str]:
    """A server that answers everything alike."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in {"Content_Type": "text/html", **headers}.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.005})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/versions"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def cannot(printed: Printed, *texts: str) -> None:
    """One line on standard error that says it, and exit code 2."""
    assert printed.exit_code == 2
    assert not printed.out
    (line,) = printed.err.splitlines()
    assert line.startswith("ocpi: ")
    for text in texts:
        assert text in line


@pytest.mark.parametrize("url", ["", "ocpi.example.com", "ftp://example.com/versions", "http://[::1", "http://h:x/"])
def test_what_is_no_url(check: Command, url: str) -> None:
    cannot(check(url, "--token", "t"), "give the URL of the platform's versions endpoint")


def test_nobody_there(check: Command) -> None:
    cannot(check("http://127.0.0.1:9/versions", "--token", "t"), "the connection was refused")


def test_no_token(check: Command) -> None:
    cannot(check("http://127.0.0.1:9/versions"), "a token is needed", "OCPI_TOKEN")


def test_a_token_in_base64_is_suspected(check: Command) -> None:
    cannot(check("http://127.0.0.1:9/versions", "--token", "x" * 65), "65 characters", "Is it in Base64?")


def test_a_token_that_is_refused(check: Command, platform: Reference) -> None:
    cannot(check(versions_of(platform), "--token", "wrong"), "the token is refused", "HTTP 401", "replaced since")


def test_the_root_of_the_api(check: Command, platform: Reference) -> None:
    cannot(check(f"{platform.url}/ocpi", "--token", PARTNER_TOKEN), f"{versions_of(platform)} is one")


def test_the_version_details(check: Command, platform: Reference) -> None:
    cannot(
        check(f"{platform.url}/ocpi/2.2.1", "--token", PARTNER_TOKEN), "gives version details", "/ocpi/versions is one"
    )


def test_a_web_page(check: Command) -> None:
    with answering(200, b"<html>Welcome</html>") as url:
        cannot(check(url, "--token", "t"), "answers HTTP 200 with a web page")


def test_a_redirect(check: Command) -> None:
    with answering(301, b"", Location="https://ocpi.example.com/versions") as url:
        cannot(check(url, "--token", "t"), "redirects to https://ocpi.example.com/versions")


def test_a_huge_answer(check: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "MAX_ANSWER_BYTES", 1_000_000)
    with answering(200, b" " * 1_100_000) as url:
        cannot(check(url, "--token", "t"), "larger than 1 MB")


def test_a_slow_answer(check: Command) -> None:
    quick = threading.Event()

    def slow(_: Reference, request: Request, proceed: Proceed) -> Answer:
        quick.wait(5)
        return proceed(request)

    with listening(Reference(slow)) as url:
        printed = check(url, "--token", PARTNER_TOKEN, "--timeout", "0.1")
        quick.set()
    cannot(printed, "no answer within 0.1 s")


def test_a_platform_that_goes_silent(check: Command) -> None:
    quick = threading.Event()

    def silent(platform: Reference, request: Request, proceed: Proceed) -> Answer:
        if platform.asked > 8:
            quick.wait(5)
        return proceed(request)

    with listening(Reference(silent)) as url:
        printed = check(url, "--token", PARTNER_TOKEN, "--timeout", "0.1")
        quick.set()
    cannot(printed, "the platform no longer answers")


def test_strange_text_from_the_platform_does_not_reach_the_terminal(check: Command) -> None:
    with answering(200, b'{"status_code": 1000, "data": "\x1b[31m"}', Content_Type="application/json") as url:
        cannot(check(url, "--token", "t"), "?[31m")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("--role", "nap"), "must be one of cpo, emsp, scsp, hub"),
        (("--country", "NL"), "both must be given"),
        (("--listen", "here"), "must be HOST:PORT"),
        (("--listen", "0.0.0.0:8080"), "needs --public-url"),
        (("--public-url", "me"), "must be an http(s) URL"),
        (("--only", "XYZ"), "no check begins with XYZ"),
    ],
)
def test_what_makes_no_sense(check: Command, arguments: tuple[str, ...], text: str) -> None:
    cannot(check("http://127.0.0.1:9/versions", "--token", "t", *arguments), text)


def test_an_address_that_cannot_be_listened_on(check: Command, platform: Reference) -> None:
    port = platform.url.rpartition(":")[2]
    arguments = ("--write", "--listen", f"127.0.0.1:{port}")
    cannot(check(versions_of(platform), "--token", INVITATION, *arguments), f"cannot listen on 127.0.0.1:{port}")


def test_strangers_who_call_the_listening_address_do_not_spoil_the_report() -> None:
    with counterpart(("127.0.0.1", 0), None, Party("XX", "CHK")) as ours:
        origin = ours.url.rpartition("/")[0]
        assert urllib3.request("GET", f"{origin}/wp-login.php").status == 404
        assert urllib3.request("GET", ours.versions_url()).status == 401
        assert [seen.path for seen in ours.seen] == [ours.versions_url().removeprefix(origin)]
