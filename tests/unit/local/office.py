"""A simulated CPO and an SCSP in one process, wired together without a network."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx

from local.cpo.book import Book
from local.cpo.cars import Berth, Car
from local.cpo.identity import registration as unregistered
from local.cpo.ocpi_server import create_cpo
from local.cpo.pace import Pace, Quiet, SimulatedClock, Steady
from local.cpo.plant import Plant
from local.cpo.sessions import Day, Stay
from local.cpo.site import Evse, Site, garage
from local.cpo.world import World
from local.faults import Faults, parse
from local.ocpi_http.client import Client
from local.ocpi_http.conditions import Conditions
from local.ocpi_http.faulty import Faulty
from local.ocpi_http.registration import Registration
from local.ocpi_http.traffic import Traffic
from tests.unit.local.scsp import BASE, CPO, TOKEN_A, Scsp

START = datetime(2026, 3, 2, tzinfo=UTC)


def a_site(*evses: Evse) -> Site:
    plain = garage()
    return Site(**{**vars(plain), "evses": evses or (Evse("A", ("L1", "L2", "L3"), 32), Evse("B", ("L2",), 32))})


def a_stay(
    arrival_h: float = 8, departure_h: float = 12, kwh: float = 10, evse_uid: str = "A", car: Car | None = None
) -> Stay:
    departure = START + timedelta(hours=departure_h)
    return Stay(
        Berth(car or Car(3, 16), evse_uid, kwh), START + timedelta(hours=arrival_h), departure, departure, kwh * 1.5
    )


def a_day(*stays: Stay, site: Site | None = None) -> Day:
    return Day(site or a_site(), START, stays or (a_stay(),))


@dataclass
class Office:
    """Both sides, and what is between them."""

    scsp: Scsp
    registration: Registration
    client: Client
    world: World
    http: httpx.AsyncClient
    app: Faulty
    headers: dict[str, str] = field(default_factory=dict)

    async def register(self) -> None:
        await self.registration.register(self.client, f"{BASE}/versions", TOKEN_A)

    async def play(self) -> None:
        await self.register()
        await self.world.push_location()
        await self.world.play(lambda _: None)


@asynccontextmanager
async def an_office(
    day: Day | None = None,
    scsp: Scsp | None = None,
    *,
    invited: str | None = None,
    default_a: float | None = 6.0,
    faults: Sequence[str] = (),
    steady: Steady | None = None,
) -> AsyncIterator[Office]:
    day, scsp, traffic = day or a_day(), scsp or Scsp(), Traffic()
    conditions = Conditions(Faults(1, [parse(line) for line in faults], day.start), lambda: day.start)
    client = Client(traffic, httpx.ASGITransport(scsp.app()), conditions)
    registration = unregistered(f"{CPO}/ocpi/versions", invited)
    pace = Pace(SimulatedClock(day.start, None), Quiet(traffic, silence=0.02), 10, 2, steady)
    world = World(day, Plant(day.site, day.berths, day.start, default_a), Book(day, "run"), pace, registration, client)
    app = create_cpo(CPO, registration, client, world, traffic, conditions)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as http:
        scsp.cpo = http
        yield Office(scsp, registration, client, world, http, app)
    await client.close()
