"""A simulated partner on a port of its own, seen from outside by the standard library's HTTP client."""

import asyncio
import base64
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from local.faults import Faults, parse
from local.ocpi_http.client import Client
from local.ocpi_http.conditions import Conditions
from local.ocpi_http.errands import Errands
from local.ocpi_http.listening import serving
from local.ocpi_http.registration import Partner, Registration
from local.ocpi_http.traffic import Traffic
from local.partner.held import Held
from local.partner.results import Desk, Results
from local.partner.server import PartnerParts, create_partner
from local.partner.stock import Stock
from local.roles import partner_role
from ocpi import clock

TOKEN = "the-token-of-the-platform"


@dataclass(frozen=True)
class Reply:
    """What came back; `data` is that of the envelope."""

    status: int
    content: bytes
    headers: dict[str, str]

    @property
    def envelope(self) -> Any:
        return json.loads(self.content)

    @property
    def code(self) -> Any:
        return self.envelope["status_code"]

    @property
    def data(self) -> Any:
        return self.envelope.get("data")


@dataclass(frozen=True)
class Running:
    """A partner that runs."""

    url: str
    parts: PartnerParts

    def ask(self, method: str, path: str, body: object = None, *, token: str = TOKEN, patience: float = 5) -> Reply:
        """One request over a connection of its own; `path` is whole, or one below /ocpi/2.2.1."""
        place = path if path.startswith("/") else f"/ocpi/2.2.1/{path}"
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=patience)
        content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        encoded = base64.b64encode(token.encode()).decode()
        headers = {"Authorization": f"Token {encoded}", "X-Request-ID": "r1", "X-Correlation-ID": "c1"}
        try:
            connection.request(method, place, content, headers)
            response = connection.getresponse()
            read = response.read()
            return Reply(response.status, read, {name.lower(): value for name, value in response.getheaders()})
        finally:
            connection.close()

    def fault(self, *lines: str) -> None:
        """Add faults by the control."""
        assert self.ask("POST", "/control/faults", "\n".join(lines).encode()).status == 201

    @property
    def state(self) -> Any:
        """What the control tells."""
        return self.ask("GET", "/control/state").envelope

    def held(self, module: str) -> Any:
        """The objects of a module that it holds."""
        return self.state["held"][module]

    def registered_at(self, url: str, *interfaces: tuple[str, str]) -> None:
        """Be registered with a platform, as if by an earlier handshake."""
        endpoints = {(module, role): f"{url}/{module}" for module, role in (("credentials", "SENDER"), *interfaces)}
        self.parts.registration.accepted = TOKEN
        self.parts.registration.partner = Partner("their-token", endpoints, "NL", "OCS")


@contextmanager
def a_partner(
    *roles: str,
    invited: str | None = None,
    seed: int = 1,
    now: Callable[[], datetime] = clock.now,
    faults: Sequence[str] = (),
    results: Results = Results.ACCEPTED,
) -> Iterator[Running]:
    """A partner that a platform is registered with, unless it is only `invited`."""
    opened: list[Running] = []
    ready, done = threading.Event(), asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def live() -> None:
        loops.append(asyncio.get_running_loop())
        with socket.create_server(("127.0.0.1", 0)) as listener:
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            traffic = Traffic()
            conditions = Conditions(Faults(seed, [parse(line) for line in faults], now()), now)
            client = Client(traffic, conditions=conditions)
            own = [partner_role(role, "Partner") for role in roles or ("CPO:NL/SIM", "EMSP:NL/TNM")]
            registration = Registration(f"{url}/ocpi/versions", own, invited=invited)
            errands = Errands(traffic)
            desk = Desk(registration, client, errands, results, after=0.01)
            parts = PartnerParts(registration, client, conditions, traffic, errands, Held(), Stock(), desk)
            async with serving(create_partner(url, parts), listener):
                opened.append(Running(url, parts))
                ready.set()
                await done.wait()
                await errands.cancel()
            await client.close()

    thread = threading.Thread(target=lambda: asyncio.run(live()))
    thread.start()
    assert ready.wait(10)
    try:
        if invited is None:
            opened[0].registered_at("http://127.0.0.1:9")
        yield opened[0]
    finally:
        loops[0].call_soon_threadsafe(done.set)
        thread.join()


def until(condition: Callable[[], object], seconds: float = 5) -> None:
    """Wait for something that happens in its own time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"it did not happen within {seconds} s"
        time.sleep(0.01)
