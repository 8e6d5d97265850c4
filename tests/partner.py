"""A small OCPI partner over real HTTP, which does as the test says; it shares no code with the platform."""

import base64
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

type Answer = tuple[int, object] | tuple[int, object, dict[str, str]]
"""HTTP status, body, which is sent as it is if it is bytes, and further headers."""

TOKEN = "the-token-of-the-partner"
ROLES = [{"role": "CPO", "business_details": {"name": "Partner"}, "party_id": "SIM", "country_code": "NL"}]


@dataclass
class Seen:
    """A request that the partner has received."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any

    @property
    def token(self) -> str:
        """The credentials token in it."""
        return base64.b64decode(self.headers["authorization"].removeprefix("Token ")).decode()


@dataclass
class Partner:
    """What the partner answers, by method and path, with its query or without; and what it was asked."""

    url: str
    answers: dict[tuple[str, str], Answer | Callable[[Seen], Answer]] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)

    @property
    def versions_url(self) -> str:
        """Where its versions are."""
        return f"{self.url}/versions"

    def credentials(self, token: str = TOKEN) -> dict[str, object]:
        """Its Credentials object."""
        return {"token": token, "url": self.versions_url, "roles": ROLES}

    def serve_versions(self, *modules: tuple[str, str], version: str = "2.2.1") -> None:
        """Offer one version with credentials and further modules, each as (identifier, role)."""
        endpoints = [
            {"identifier": identifier, "role": role, "url": f"{self.url}/{identifier}"}
            for identifier, role in (("credentials", "RECEIVER"), *modules)
        ]
        self.answers["GET", "/versions"] = ok([{"version": version, "url": f"{self.url}/details"}])
        self.answers["GET", "/details"] = ok({"version": version, "endpoints": endpoints})


def ok(data: object = None, headers: dict[str, str] | None = None) -> Answer:
    """An OCPI success."""
    return 200, {"status_code": 1000, "timestamp": "2026-11-22T08:30:00Z", "data": data}, headers or {}


@contextmanager
def partner(certificate: Path | None = None) -> Iterator[Partner]:
    """A partner that listens on 127.0.0.1; with a certificate for localhost, over TLS."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            content = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            seen = Seen(self.command, self.path, headers, json.loads(content) if content else None)
            told.seen.append(seen)
            paths = self.path, self.path.partition("?")[0]
            known = [told.answers[self.command, path] for path in paths if (self.command, path) in told.answers]
            answer = known[0] if known else (404, {"status_code": 2000})
            status, body, *more = answer(seen) if callable(answer) else answer
            payload = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            usual = {"Content-Type": "application/json", "Content-Length": str(len(payload))}
            for name, value in (usual | (more[0] if more else {})).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(payload)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815 - names of the standard library

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    told = Partner(f"http://127.0.0.1:{server.server_address[1]}")
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        told.url = f"https://localhost:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
