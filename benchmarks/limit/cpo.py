"""A charge point operator that answers at once, accepts everything, and remembers when it was asked."""

import asyncio
import socket
import threading
import time
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field

from fastapi import Depends, FastAPI, Request, Response

from local.cpo.identity import OFFERED, OURS
from local.cpo.identity import registration as unregistered
from local.ocpi_http.client import Client
from local.ocpi_http.listening import serving
from local.ocpi_http.registration import Registration
from local.ocpi_http.server import answer, body, create_app, door, path
from local.ocpi_http.traffic import Traffic
from ocpi.types.chargingprofiles import (
    ChargingProfileResponse,
    ChargingProfileResponseType,
    ChargingProfileResult,
    ChargingProfileResultType,
    SetChargingProfile,
)
from ocpi.types.locations import Location
from ocpi.types.versions import InterfaceRole, ModuleID

TIMEOUT_S = 300
RESULTS_AT_ONCE = 4


@dataclass
class Heard:
    """Of one session since the last :meth:`Cpo.forget`: when it was asked for first, and when its result was taken."""

    asked: float
    accepted: float | None = None


@dataclass
class Cpo:
    """Runs beside the measurement, in a thread. Times are real ones, in seconds since 1970."""

    loop: asyncio.AbstractEventLoop
    registration: Registration
    client: Client
    heard: dict[str, Heard] = field(default_factory=dict)
    last: float = 0.0
    """When anything was heard or taken last."""
    _gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(RESULTS_AT_ONCE))
    _errands: set[asyncio.Task[None]] = field(default_factory=set)

    def register(self, versions_url: str, token: str) -> None:
        """Register with the platform that gave the token."""
        self._do(self.registration.register(self.client, versions_url, token))

    def tell(self, location: Location) -> None:
        """Tell the platform of a Location."""
        partner = self.registration.partner
        assert partner
        url = partner.url(ModuleID.LOCATIONS, InterfaceRole.RECEIVER)
        place = f"{url}/{location.country_code}/{location.party_id}/{location.id}"
        short = location.model_dump(mode="json", exclude_unset=True, exclude_none=True)  # there is a limit to its size
        self._do(self.client.call("PUT", place, partner.token, short, partner.routing(OURS)))

    def forget(self) -> None:
        """Begin anew to remember."""
        self.heard = {}

    @property
    def busy(self) -> bool:
        """Whether results are still to be told."""
        return bool(self._errands)

    def _do(self, errand: Coroutine[object, object, object]) -> None:
        done: Future[object] = asyncio.run_coroutine_threadsafe(errand, self.loop)
        done.result()

    def add_charging_profiles(self, app: FastAPI) -> None:
        """The interface that is asked for charging profiles."""

        @app.put(
            path(ModuleID.CHARGING_PROFILES, InterfaceRole.RECEIVER) + "/{session_id}",
            dependencies=[Depends(door(self.registration))],
        )
        async def put(session_id: str, request: Request) -> Response:
            self.last = time.time()
            heard = self.heard.setdefault(session_id, Heard(self.last))
            order = await body(request, SetChargingProfile)
            errand = asyncio.create_task(self._accept(order.response_url, heard))
            self._errands.add(errand)
            errand.add_done_callback(self._errands.discard)
            return answer(ChargingProfileResponse(result=ChargingProfileResponseType.ACCEPTED, timeout=TIMEOUT_S))

    async def _accept(self, response_url: str, heard: Heard) -> None:
        partner = self.registration.partner
        assert partner
        result = ChargingProfileResult(result=ChargingProfileResultType.ACCEPTED)
        async with self._gate:
            await self.client.call("POST", response_url, partner.token, result, partner.routing(OURS))
        self.last = time.time()
        heard.accepted = heard.accepted or self.last


@contextmanager
def operator() -> Iterator[Cpo]:
    """A charge point operator on a free port, for as long as the context lasts."""
    ready: Future[Cpo] = Future()
    ending = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(_serve(ready, ending)), daemon=True)
    thread.start()
    try:
        yield ready.result()
    finally:
        ending.set()
        thread.join()


async def _serve(ready: "Future[Cpo]", ending: threading.Event) -> None:
    client = Client(Traffic())
    with socket.create_server(("127.0.0.1", 0)) as listener:
        base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        registration = unregistered(f"{base_url}/ocpi/versions")
        cpo = Cpo(asyncio.get_running_loop(), registration, client)
        app = create_app("A CPO that answers at once", base_url, OFFERED, registration, client)
        cpo.add_charging_profiles(app)
        async with serving(app, listener):
            ready.set_result(cpo)
            await asyncio.to_thread(ending.wait)
    await client.close()
