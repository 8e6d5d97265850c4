"""Our own platform under `ocpi check`: every function over real HTTP, and nothing to complain about."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module

import pytest

from cli.check.run import Order, Outcome, run
from ocpi.store.keys import OWN, ObjectId, typed_uid
from ocpi.store.objects import Objects
from ocpi.types.primitives import parse_datetime
from ocpi.types.versions import ModuleID
from tests import api
from tests.check import stock

pytestmark = pytest.mark.slow


class Gateway(BaseHTTPRequestHandler):
    """Hands each request to its function, as API Gateway does."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        reply = api.request(self.command, self.path, headers=dict(self.headers.items()), body=body or None)
        content = reply.body.encode()
        self.send_response(reply.http_status)
        for name, value in reply.headers.items():
            if name not in ("content-length", "content-encoding"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815 - names of the standard library

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def gateway() -> Iterator[str]:
    """The base URL of our platform."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def fill() -> None:
    """Put objects of our own in store."""
    objects = Objects("objects")
    for module, documents in stock.everything().items():
        for document in documents:
            ours = document | {"country_code": "NL", "party_id": "OCS"}
            id_ = typed_uid(ours["uid"], ours["type"]) if "uid" in ours else ours["id"]
            objects.put(ObjectId(OWN, ModuleID(module), "NL", "OCS", id_), ours, parse_datetime(ours["last_updated"]))


def test_our_platform_breaks_no_rule_in_any_of_its_roles(aws: None) -> None:
    fill()
    roles = ", ".join(
        f'{{"role": "{role}", "country_code": "NL", "party_id": "OCS", "business_details": {{"name": "Test"}}}}'
        for role in ("CPO", "EMSP", "SCSP")
    )
    with gateway() as url, api.deployed(PUBLIC_BASE_URL=url, ROLES=f"[{roles}]"):
        token = import_module("credentials.app").handshake.invite("Check")
        report = run(Order(f"{url}/ocpi/versions", token, write=True, timeout=30))
    broken = [r for r in report.results if r.outcome in (Outcome.FAILED, Outcome.WARNED)]
    assert not broken
    assert report.counts[Outcome.PASSED] > 180
