"""The platform we play while we write: versions, credentials and quiet modules, for the platform under test to call."""

import base64
import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ocpi import clock
from ocpi.transport.headers import CORRELATION_ID, REQUEST_ID
from ocpi.types.parties import Party
from ocpi.types.primitives import format_datetime

MAX_REMEMBERED = 2000
MAX_BODY_BYTES = 1_000_000

MODULES = (
    ("credentials", "SENDER"),
    *((module, "SENDER") for module in ("locations", "sessions", "cdrs", "tariffs", "tokens", "chargingprofiles")),
    *((module, "RECEIVER") for module in ("locations", "sessions", "cdrs", "tariffs", "tokens", "chargingprofiles")),
    *(("commands", role) for role in ("SENDER", "RECEIVER")),
)
"""What we offer: everything, so that no platform lacks what it needs."""

BROKEN, OUTDATED, BARE = "broken", "outdated", "bare"
"""Ways to be no good partner: versions that fail, versions without 2.2.1, details without what is needed."""


@dataclass(frozen=True)
class Seen:
    """A request that the platform under test has sent."""

    method: str
    path: str
    headers: dict[str, str]

    @property
    def token(self) -> str | None:
        """The credentials token in it, None if there is none in the form that OCPI asks for."""
        scheme, _, encoded = self.headers.get("authorization", "").partition(" ")
        try:
            return base64.b64decode(encoded, validate=True).decode() if scheme == "Token" else None
        except ValueError:
            return None

    def __str__(self) -> str:
        return f"the platform's {self.method} {self.path}"


@dataclass
class Counterpart:
    """What the platform under test knows of us, and what it has asked.

    Attributes:
        url: where it reaches us; the path is a secret, so that it can only be known from what we told.
        tokens: the tokens it may present; the last one is in force.
    """

    url: str
    party: Party
    tokens: list[str] = field(default_factory=lambda: [new_token()])
    seen: list[Seen] = field(default_factory=list)

    def versions_url(self, manner: str = "good") -> str:
        """Where our versions are."""
        return f"{self.url}/{manner}/versions"

    def credentials(self, manner: str = "good") -> dict[str, Any]:
        """Our Credentials object."""
        roles = [
            {
                "role": role,
                "country_code": self.party.country_code,
                "party_id": self.party.party_id,
                "business_details": {"name": "OCPI check"},
            }
            for role in ("CPO", "EMSP", "SCSP")
        ]
        return {"token": self.tokens[-1], "url": self.versions_url(manner), "roles": roles}

    def renew_token(self) -> None:
        """Another token is in force; the earlier ones still open our door."""
        self.tokens.append(new_token())

    def response_url(self) -> str:
        """An address for one asynchronous result."""
        return f"{self.url}/good/results/{secrets.token_hex(8)}"

    def answer(self, seen: Seen) -> tuple[int, dict[str, Any], dict[str, str]]:
        """HTTP status, envelope without timestamp, and headers. Who does not know our address is not remembered."""
        secret = self.url.rpartition("/")[2]
        _, ours, path = seen.path.partition("?")[0].partition(f"/{secret}/")
        if not ours:
            return 404, {"status_code": 2000, "status_message": "unknown"}, {}
        if len(self.seen) < MAX_REMEMBERED:
            self.seen.append(seen)
        if seen.token not in self.tokens:
            return 401, {"status_code": 2000, "status_message": "unknown token"}, {}
        manner, _, place = path.partition("/")
        if manner == BROKEN:
            return 500, {"status_code": 3000, "status_message": "broken on purpose"}, {}
        if seen.method != "GET":
            return 200, {"status_code": 1000}, {}
        if place == "versions":
            version = "2.1.1" if manner == OUTDATED else "2.2.1"
            return 200, {"status_code": 1000, "data": [self._version(version, manner)]}, {}
        if place == "2.2.1":
            return 200, {"status_code": 1000, "data": self._details(manner)}, {}
        if place == "2.2.1/SENDER/credentials":
            return 200, {"status_code": 1000, "data": self.credentials()}, {}
        if place.startswith("2.2.1/SENDER/") and place.count("/") == 2:
            return 200, {"status_code": 1000, "data": []}, {"X-Total-Count": "0", "X-Limit": "50"}
        return 404, {"status_code": 2000, "status_message": "unknown"}, {}

    def _version(self, version: str, manner: str) -> dict[str, str]:
        return {"version": version, "url": f"{self.url}/{manner}/{version}"}

    def _details(self, manner: str) -> dict[str, Any]:
        modules = (("hubclientinfo", "RECEIVER"),) if manner == BARE else MODULES
        endpoints = [
            {"identifier": module, "role": role, "url": f"{self.url}/{manner}/2.2.1/{role}/{module}"}
            for module, role in modules
        ]
        return {"version": "2.2.1", "endpoints": endpoints}


def new_token() -> str:
    """A credentials token."""
    return secrets.token_urlsafe(32)


@contextmanager
def counterpart(listen: tuple[str, int], public_url: str | None, party: Party) -> Iterator[Counterpart]:
    """Listen on `listen` (host, port) for as long as the context lasts.

    Args:
        public_url: how the platform under test reaches that address; None if it can as it is.

    Raises:
        OSError: the address cannot be listened on.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30
        wbufsize = -1
        disable_nagle_algorithm = True

        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            if length > MAX_BODY_BYTES:
                self.close_connection = True
                self.send_error(413)
                return
            self.rfile.read(length)
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, envelope, extra = ours.answer(Seen(self.command, self.path, headers))
            content = json.dumps(envelope | {"timestamp": format_datetime(clock.now())}).encode()
            repeated = {name: headers[name.lower()] for name in (REQUEST_ID, CORRELATION_ID) if name.lower() in headers}
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **repeated, **extra}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - names of the standard library

        def log_message(self, *_: object) -> None:
            """Nothing is logged: the report says what matters."""

    server = ThreadingHTTPServer(listen, Handler)
    server.daemon_threads = True
    host, port = str(server.server_address[0]), server.server_address[1]
    base = public_url.rstrip("/") if public_url else f"http://{host}:{port}"
    ours = Counterpart(f"{base}/{secrets.token_hex(8)}", party)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield ours
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
