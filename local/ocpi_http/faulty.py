"""A server whose requests meet faults."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from local.faults import Fault, Rotate
from local.ocpi_http.conditions import Conditions, module_of, object_of
from local.ocpi_http.traffic import Traffic
from local.spoiling import Answer, spoiled, times_done, wait_seconds
from ocpi import wire
from ocpi.types.versions import ModuleID

MOST_BYTES = 8 * 1024 * 1024
"""The largest body that is read."""

CONNECTION = "connection"
"""Where the state of a request has its connection (see ``local.ocpi_http.listening``)."""

ECHOED = {
    "X-Request-ID": "X-Request-ID",
    "X-Correlation-ID": "X-Correlation-ID",
    "OCPI-to-country-code": "OCPI-from-country-code",
    "OCPI-to-party-id": "OCPI-from-party-id",
    "OCPI-from-country-code": "OCPI-to-country-code",
    "OCPI-from-party-id": "OCPI-to-party-id",
}
"""What an answer repeats of its request: the ids as they are, the parties the other way round."""


@dataclass(frozen=True)
class Faulty:
    """Around an application: its OCPI requests count as traffic, meet the faults, and their answers repeat headers.

    All other paths, such as those of the control, are left alone.

    Args:
        app: the application.
        conditions: the faults, and where outcomes are counted.
        traffic: what is under way.
        rotate: is called when the token is to be changed.
    """

    app: ASGIApp
    conditions: Conditions
    traffic: Traffic
    rotate: Callable[[], None]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, as an ASGI application."""
        if scope["type"] != "http" or not scope["path"].startswith("/ocpi/"):
            await self.app(scope, receive, send)
            return
        with self.traffic.message(), suppress(ClientDisconnect):
            content = await Request(scope, receive).body()
            if len(content) > MOST_BYTES:
                await _send(Answer(413, b"", {}), scope, receive, send)
                return
            answer = await self._answer(scope, content)
            await (_send(answer, scope, receive, send) if answer else _drop(scope, receive))

    async def _answer(self, scope: Scope, content: bytes) -> Answer | None:
        """What is answered; None if nothing is."""
        method, module = scope["method"], module_of(scope["path"])
        fault = self.conditions.arriving(method, module, object_of(scope["path"]) or _cdr_id(module, content))
        await asyncio.sleep(wait_seconds(fault))
        if isinstance(fault, Rotate):
            self.rotate()
        right = None
        for _ in range(times_done(fault)):
            right = await self._served(scope, content)
        self.conditions.served[module, method, _outcome(fault, right)] += 1
        return spoiled(fault, right, self.conditions.now(), self.conditions.faults.random)

    async def _served(self, scope: Scope, content: bytes) -> Answer:
        """The right answer."""
        recorded = _Recorded()
        await self.app({**scope}, _body(content), recorded.send)
        asked = Request(scope).headers
        repeated = {ours: asked[theirs] for theirs, ours in ECHOED.items() if theirs in asked}
        answer = recorded.answer()
        return replace(answer, headers={**answer.headers, **repeated})


@dataclass
class _Recorded:
    """Takes down an application's answer."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    content: bytearray = field(default_factory=bytearray)

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in message["headers"]}
        else:
            self.content += message.get("body", b"")

    def answer(self) -> Answer:
        headers = {name: value for name, value in self.headers.items() if name != "content-length"}
        return Answer(self.status, bytes(self.content), headers)


def _body(content: bytes) -> Receive:
    """A request's body, to be read once more."""

    async def receive() -> Message:
        return {"type": "http.request", "body": content, "more_body": False}

    return receive


async def _send(answer: Answer, scope: Scope, receive: Receive, send: Send) -> None:
    headers: Mapping[str, str] = {**answer.headers, "content-length": str(len(answer.content))}
    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": raw})
    if answer.whole:
        await send({"type": "http.response.body", "body": answer.content})
        return
    half = answer.content[: len(answer.content) // 2]
    await send({"type": "http.response.body", "body": half, "more_body": True})
    scope["state"][CONNECTION].close()
    await _gone(receive)


async def _drop(scope: Scope, receive: Receive) -> None:
    """Close the connection, unanswered."""
    scope["state"][CONNECTION].abort()
    await _gone(receive)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        """The server has not yet noticed that the connection is closed."""


def _cdr_id(module: str, content: bytes) -> str | None:
    """The id of a CDR that is posted, which no path names."""
    if module != ModuleID.CDRS or not content:
        return None
    try:
        id_ = wire.loads_object(content).get("id")
    except wire.NotJson:
        return None
    return id_ if isinstance(id_, str) else None


def _outcome(fault: Fault | None, right: Answer | None) -> str:
    """How a request counts: by the fault that it met, or by the OCPI status code of its answer."""
    if fault:
        return fault.kind
    return "none" if right is None else str(wire.loads_object(right.content)["status_code"])
