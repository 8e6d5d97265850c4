"""Two platforms of ours that speak HTTP with each other, and faults in between."""

import base64
import json
import os
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

from local.faults import Faults, Rotate
from local.spoiling import Answer, spoiled, times_done, wait_seconds
from ocpi.transport.client import TIMEOUT_S
from tests.api import event_loop
from tests.delivery.cloud import Cloud

_EVENT = json.loads((Path(__file__).parents[2] / "events" / "api_request.json").read_text())
API = ("versions", "credentials", "locations", "sessions", "cdrs", "tariffs", "tokens")
FUNCTIONS = (*API, "owner", "outbox", "push", "timeouts", "sweep")


@dataclass(frozen=True)
class Request:
    """An HTTP request."""

    method: str
    path: str
    headers: Mapping[str, str]
    content: bytes

    @property
    def function(self) -> str:
        """Which function serves it: that of the module, below ``/ocpi/2.2.1/receiver`` for instance."""
        _, _, *parts = self.path.partition("?")[0].split("/")
        return parts[2] if len(parts) > 2 else parts[1] if parts[1:] == ["credentials"] else "versions"

    def event(self) -> dict[str, Any]:
        """As API Gateway hands it to a function."""
        path, _, query = self.path.partition("?")
        event: dict[str, Any] = _EVENT | {"rawPath": path, "rawQueryString": query, "headers": dict(self.headers)}
        http = _EVENT["requestContext"]["http"] | {"method": self.method, "path": path}
        body = {"body": base64.b64encode(self.content).decode(), "isBase64Encoded": True} if self.content else {}
        return event | body | {"requestContext": _EVENT["requestContext"] | {"http": http}}


type Serve = Callable[[Request], Answer | None]
"""From a request to its answer; None if the connection is dropped."""


class Platform:
    """A deployment: all functions, with tables of its own.

    Args:
        name: what its tables begin with, and its paths at the server of this process.
        roles: its parties, each such as ``CPO NL OCS``.
    """

    def __init__(self, name: str, *roles: str) -> None:
        self.name = name
        self.url = f"{server().url}/{name}"
        parties = [dict(zip(("role", "country_code", "party_id"), role.split(), strict=True)) for role in roles]
        environment = {f"{table.upper()}_TABLE": self.table(table) for table in ("partners", "objects", "sites")}
        environment |= {
            "DELIVERIES_TABLE": self.table("deliveries"),
            "PUBLIC_BASE_URL": self.url,
            "ROLES": json.dumps([party | {"business_details": {"name": name}} for party in parties]),
        }
        with _fresh_functions(), patch.dict(os.environ, environment):
            self.functions: dict[str, ModuleType] = {each: import_module(f"{each}.app") for each in FUNCTIONS}
            vars(import_module("outbox.audience"))["AT_ONCE"] = sys.maxsize  # its threads would not wait for their turn

    def table(self, name: str) -> str:
        """The name of one of its tables."""
        return f"{self.name}-{name}"

    def cool_down(self) -> None:
        """Its functions forget what they have kept in memory, as those that have just been started."""
        self.functions["push"].rounds.healths._told.clear()

    def serve(self, request: Request) -> Answer:
        """What its API answers."""
        with event_loop():
            answer = self.functions[request.function].handler(request.event(), None)
        body = answer["body"]
        content = base64.b64decode(body) if answer["isBase64Encoded"] else body.encode()
        return Answer(answer["statusCode"], content, answer["headers"])


class Network:
    """What lies between a platform and the one it sends to.

    Args:
        receiver: who serves.
        faults: what goes wrong.
        cloud: of the sender: its clock, and whose time requests take.
        rotate: has the receiver renew its credentials.
        late: whether the receiver may get a request after the sender has given it up, and has sent newer ones.
    """

    def __init__(
        self, receiver: Serve, faults: Faults, cloud: Cloud, rotate: Callable[[], None], *, late: bool
    ) -> None:
        self._receiver = receiver
        self._faults = faults
        self._cloud = cloud
        self._rotate = rotate
        self._late = late
        self.met: Counter[str] = Counter()
        """How many have met which kind of fault, or none."""

    def serve(self, request: Request) -> Answer | None:
        """Bring a request to the receiver, and back what is left of the answer."""
        now = self._cloud.simulation.now()
        fault = self._faults.decide(request.method, request.function, now)
        self.met[fault.kind if fault else "none"] += 1
        if isinstance(fault, Rotate):
            self._rotate()
        wait = wait_seconds(fault)
        self._cloud.took = min(wait, TIMEOUT_S)
        if wait < TIMEOUT_S:
            answer = self._carry_out(request, times_done(fault))
            return spoiled(fault, answer, now, self._faults.random)
        # The sender has given up by then. A Tariff comes in time all the same: OCPI cannot tell that what is brought
        # again after its DELETE is old.
        late = wait if self._late and request.function != "tariffs" else 0
        self._cloud.simulation.after(late, partial(self._carry_out, request, times_done(fault)))
        return None

    def _carry_out(self, request: Request, times: int) -> Answer | None:
        answers = [self._receiver(request) for _ in range(times)]
        return answers[-1] if answers else None


class Server:
    """The HTTP server of this process: the first part of a path says who serves it."""

    def __init__(self) -> None:
        self.routes: dict[str, Serve] = {}
        routes = self.routes

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                content = self.rfile.read(int(self.headers.get("content-length") or 0))
                _, name, path = self.path.split("/", 2)
                headers = {name.lower(): value for name, value in self.headers.items()}
                answer = routes[name](Request(self.command, f"/{path}", headers, content))
                if answer is None:
                    self.close_connection = True
                    return
                head = [f"HTTP/1.1 {answer.status} .", *(f"{name}: {value}" for name, value in answer.headers.items())]
                if "content-length" not in {name.lower() for name in answer.headers}:
                    head.append(f"content-length: {len(answer.content)}")
                part = answer.content if answer.whole else answer.content[: len(answer.content) // 2]
                self.wfile.write("\r\n".join([*head, "", ""]).encode() + part)
                self.close_connection = not answer.whole

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815 - names of the standard library

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()


@cache
def server() -> Server:
    """Started once: the platforms know its port."""
    return Server()


@contextmanager
def _fresh_functions() -> Iterator[None]:
    """Within, functions are imported anew, with the settings of the moment; no other test gets to see them."""

    def imported() -> list[str]:
        return [name for name in sys.modules if name.partition(".")[0] in FUNCTIONS]

    usual = {name: sys.modules.pop(name) for name in imported()}
    try:
        yield
    finally:
        for name in imported():
            del sys.modules[name]
        sys.modules.update(usual)
