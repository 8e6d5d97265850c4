"""The page of energy managers: its files, as they are served."""

from collections.abc import Callable
from pathlib import Path

import pytest

from energy import page
from energy.answers import TEXT_TYPES
from energy.application import application
from energy.settings import Settings
from ocpi.energy.report import style_hash
from ocpi.transport.door import lambda_handler
from tests.energy import Reply, send

INDEX, SCRIPT = "<!doctype html><title>Energy</title>", "console.log(1);" * 200


type Get = Callable[..., Reply]


@pytest.fixture
def get(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Get:
    """Gets a path of a page that was built."""
    built = tmp_path / "assets"
    (built / "folder").mkdir(parents=True)
    (built / "index.html").write_text(INDEX)
    (built / "page-A1B2C3D4.js").write_text(SCRIPT)
    (built / "folder" / "secret.txt").write_text("no")
    (tmp_path / "outside.txt").write_text("no")
    routes = page.routes
    monkeypatch.setattr(page, "routes", lambda settings: routes(settings, built))
    handler = lambda_handler(application(Settings.load()), TEXT_TYPES)
    return lambda path, **headers: send("GET", path, headers=headers, handler=handler)


def test_the_page_is_there_without_a_token_and_may_load_nothing_foreign(get: Get) -> None:
    reply = get("/energy/")
    assert (reply.status, reply.content.decode()) == (200, INDEX)
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    assert reply.headers["cache-control"] == "no-cache"
    policy = dict(rule.split(" ", 1) for rule in reply.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["connect-src"] == "'self' https://energy.auth.eu-central-1.amazoncognito.com"
    assert policy["style-src"] == f"'self' '{style_hash()}'"
    assert policy["frame-ancestors"] == "'none'"
    assert "unsafe" not in reply.headers["content-security-policy"]


def test_who_leaves_the_slash_out_is_led_to_the_page(get: Get) -> None:
    reply = get("/energy")
    assert (reply.status, reply.headers["location"]) == (307, "https://ocpi.example.com/energy/index.html")
    assert get("/energy/index.html").content == get("/energy/").content


def test_files_named_by_their_content_are_kept_for_ever(get: Get) -> None:
    reply = get("/energy/page-A1B2C3D4.js")
    assert reply.content.decode() == SCRIPT
    assert reply.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert reply.headers["content-type"] == "text/javascript; charset=utf-8"


def test_a_browser_that_has_the_page_already_is_told_so(get: Get) -> None:
    etag = get("/energy/").headers["etag"]
    again = get("/energy/", **{"if-none-match": etag})
    assert (again.status, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        "../outside.txt",
        "%2e%2e/outside.txt",
        "..%2foutside.txt",
        "folder/secret.txt",
        "folder",
        "/etc/passwd",
        "//etc/passwd",
        "index.html%00",
        "page.py",
        "..\\outside.txt",
    ],
)
def test_no_path_leads_out_of_the_page_s_files(get: Get, path: str) -> None:
    reply = get(f"/energy/{path}")
    assert reply.status != 200
    assert reply.content.decode() != "no"


def test_the_page_is_told_where_to_sign_in() -> None:
    reply = send("GET", "/energy/config.json")
    assert reply.status == 200
    assert reply.body == {
        "api": "v1",
        "sign_in": {
            "authorize_url": "https://energy.auth.eu-central-1.amazoncognito.com/oauth2/authorize",
            "token_url": "https://energy.auth.eu-central-1.amazoncognito.com/oauth2/token",
            "revoke_url": "https://energy.auth.eu-central-1.amazoncognito.com/oauth2/revoke",
            "logout_url": "https://energy.auth.eu-central-1.amazoncognito.com/logout",
            "client_id": "page",
            "scopes": ["openid", "email", "energy/read", "energy/control"],
        },
    }


def test_on_the_local_aws_nobody_signs_in() -> None:
    local = application(Settings.load().model_copy(update={"sign_in_url": ""}))
    reply = send("GET", "/energy/config.json", handler=lambda_handler(local, TEXT_TYPES))
    assert reply.body == {"api": "v1", "sign_in": None}


def test_a_file_that_is_not_there_is_a_problem() -> None:
    reply = send("GET", "/energy/nothing.js")
    assert (reply.status, reply.headers["content-type"]) == (404, "application/problem+json")


def test_every_answer_forbids_to_guess_what_it_is() -> None:
    for path in ("/energy/config.json", "/energy/nothing.js", "/energy/v1/sites"):
        headers = send("GET", path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["strict-transport-security"].startswith("max-age=")
        assert headers["referrer-policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["cross-origin-opener-policy"] == "same-origin"
    assert send("GET", "/energy/v1/sites").headers["cache-control"] == "no-store"


def test_what_is_large_is_compressed_on_its_way(get: Get) -> None:
    path = "/energy/page-A1B2C3D4.js"
    plain, compressed = get(path), get(path, **{"accept-encoding": "gzip, br"})
    assert "content-encoding" not in plain.headers
    assert compressed.headers["content-encoding"] == "gzip"
    assert int(compressed.headers["content-length"]) < int(plain.headers["content-length"]) / 10
    assert compressed.content == plain.content
