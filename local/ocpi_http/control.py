"""What a developer or a test tells a simulated party at run time, under ``/control``, from this machine only.

======  =========================  ======================================================================
GET     ``/control/faults``        all faults, how often each struck, and whether it waits, is there or is over
POST    ``/control/faults``        add faults: a JSON object, a JSON list, or lines of text
DELETE  ``/control/faults``        remove all
DELETE  ``/control/faults/{id}``   remove one
GET     ``/control/state``         what it holds, and its requests by module, method and outcome
======  =========================  ======================================================================

Answers are plain JSON without an envelope; an error is ``{"error": "…"}``.
"""

from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import Any

from fastapi import Depends, FastAPI, Request, Response
from starlette.exceptions import HTTPException

from local.faults import Fault, FaultError, fault_of, parse
from local.ocpi_http.conditions import Conditions, counted
from ocpi import wire

type State = Callable[[], Mapping[str, Any]]
"""What a party holds."""


class NotControlled(Exception):
    """What was told cannot be done; the message says why."""

    def __init__(self, message: str, http_status: int = 400) -> None:
        super().__init__(message)
        self.http_status = http_status


def add_control(app: FastAPI, conditions: Conditions, state: State) -> None:
    """Let a server be controlled."""
    app.add_exception_handler(NotControlled, _not_controlled)
    here = [Depends(from_here)]
    faults = conditions.faults

    def told(http_status: int = 200) -> Response:
        return plain(faults.described(conditions.now()), http_status)

    @app.get("/control/faults", dependencies=here)
    async def show() -> Response:
        return told()

    @app.post("/control/faults", dependencies=here)
    async def add(request: Request) -> Response:
        for fault in _faults_of(await request.body()):
            faults.add(fault, conditions.now())
        return told(201)

    @app.delete("/control/faults", dependencies=here)
    async def clear() -> Response:
        faults.clear()
        return told()

    @app.delete("/control/faults/{id_}", dependencies=here)
    async def remove(id_: str) -> Response:
        if not faults.remove(id_):
            raise NotControlled(f"there is no fault {id_!r}", 404)
        return told()

    @app.get("/control/state", dependencies=here)
    async def tell() -> Response:
        requests = {"served": counted(conditions.served), "sent": counted(conditions.sent)}
        return plain({"requests": requests, **state()})


async def from_here(request: Request) -> None:
    """Whether a request comes from this machine; anybody else finds nothing here."""
    if request.client is None or not ip_address(request.client.host).is_loopback:
        raise HTTPException(404)


def plain(content: object, http_status: int = 200) -> Response:
    """An answer of the control."""
    return Response(wire.dumps(content) + b"\n", http_status, media_type="application/json")


def _faults_of(content: bytes) -> list[Fault]:
    text = content.decode(errors="replace").strip()
    try:
        if not text.startswith(("{", "[")):
            return [parse(line) for line in text.splitlines()] or [parse("")]
        documents = wire.loads(content)
        return [fault_of(document) for document in (documents if isinstance(documents, list) else [documents])]
    except wire.NotJson as error:
        raise NotControlled(f"the faults are no JSON: {error}") from None
    except FaultError as error:
        raise NotControlled(str(error)) from None


async def _not_controlled(_: Request, error: Exception) -> Response:
    if not isinstance(error, NotControlled):
        raise error
    return plain({"error": str(error)}, error.http_status)
