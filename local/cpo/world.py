"""The day as it happens: cars come, charge under their profiles, and leave; the platform is told, and obeyed.

Simulated time flows slowly while messages are on their way and stops short of the next event; once all is
quiet it jumps there. So the platform always has the real time that it needs, and a day takes minutes.
"""

import asyncio
import heapq
import math
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_DOWN, Decimal
from enum import IntEnum
from typing import Any

from local.cpo.book import Book
from local.cpo.identity import OURS
from local.cpo.meter import Ledger
from local.cpo.pace import SLEEP_SECONDS, Pace
from local.cpo.plant import Plant
from local.cpo.profiles import active_profile
from local.cpo.sessions import Day
from local.cpo.site import COUNTRY_CODE, PARTY_ID
from local.ocpi_http.client import Client, OcpiError, Unreachable, joined
from local.ocpi_http.errands import log
from local.ocpi_http.registration import Partner, Registration
from ocpi.types.chargingprofiles import (
    ActiveChargingProfileResult,
    ChargingProfile,
    ChargingProfileResponseType,
    ChargingProfileResult,
    ChargingProfileResultType,
    ClearProfileResult,
)
from ocpi.types.sessions import SessionStatus
from ocpi.types.versions import InterfaceRole, ModuleID

CHARGE_POINT_SECONDS = 0.005
"""Real seconds that a charge point takes to carry out what it is told."""

RETRY_PAUSES = (0.2, 0.5, 1.0, 2.0)
"""Real seconds to wait before a Session is put again, after no usable answer."""

AT_ONCE = 4
"""Requests to the platform at the same time."""

PROGRESS_SECONDS = 0.25


class Kind(IntEnum):
    """What may happen, in the order in which it happens at one instant."""

    DEPARTURE = 0
    ARRIVAL = 1
    METER = 2


@dataclass(frozen=True)
class Progress:
    """How the day is going."""

    now: datetime
    load_kw: float
    connected: int
    ended: int
    profiles: int


class World:
    """The CPO's day: charge points, sessions, and the conversation with the platform about them.

    Meters are read every `meter_seconds` of simulated time, by the clock.
    """

    def __init__(
        self,
        day: Day,
        plant: Plant,
        book: Book,
        pace: Pace,
        registration: Registration,
        client: Client,
        meter_seconds: int = 900,
    ) -> None:
        self.day = day
        self.plant = plant
        self.book = book
        self.ledger = Ledger()
        self.counts: Counter[str] = Counter()
        self._pace = pace
        self._clock = pace.clock
        self._traffic = pace.quiet.traffic
        self._registration = registration
        self._client = client
        self._meter_seconds = meter_seconds
        self._lines = [asyncio.Lock() for _ in day.stays]
        self._points = [asyncio.Lock() for _ in day.stays]
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._jobs: set[asyncio.Task[None]] = set()
        self._crash: BaseException | None = None
        self._until = 0.0
        self._settled = 0

    @property
    def now(self) -> datetime:
        """The simulated time that the charge points have reached."""
        return self.plant.time(self.plant.now)

    # --- the day --------------------------------------------------------------------------------------------

    async def play(self, tell: Callable[[Progress], None]) -> None:
        """Play the day to its last departure; `tell` hears of its progress."""
        timekeeper = asyncio.create_task(self._keep_time(tell))
        try:
            for instant, kind, stay in self._events():
                await self._come_to(instant)
                self._happen(kind, stay)
            await self._settle()
        finally:
            for task in (timekeeper, *self._jobs):
                task.cancel()
        self._clock.set(self.now, rate=1.0)
        tell(self._progress())

    def _events(self) -> Iterator[tuple[float, Kind, int]]:
        """All that happens, in time: (instant, kind, stay). Meters are read while cars charge."""
        coming: list[tuple[float, Kind, int]] = []
        for index, stay in enumerate(self.day.stays):
            coming.append((self.plant.seconds(stay.arrival), Kind.ARRIVAL, index))
            coming.append((self.plant.seconds(stay.departure), Kind.DEPARTURE, index))
        heapq.heapify(coming)
        while coming:
            reading = self._next_reading()
            if reading < coming[0][0]:
                yield reading, Kind.METER, -1
            else:
                yield heapq.heappop(coming)

    def _next_reading(self) -> float:
        if not self.plant.cars.drawing().size:
            return math.inf
        return float((self.plant.now // self._meter_seconds + 1) * self._meter_seconds)

    async def _come_to(self, instant: float) -> None:
        """Wait until all is quiet, then jump to `instant`; a car that becomes full on the way is a stop."""
        self._until = instant
        steady = self._pace.steady
        if steady and self.plant.time(instant) > steady.since:
            await self._watch(instant, steady.rate)
            return
        await self._settle()
        while full := self.plant.advance(instant):
            self._clock.set(self.now, self._pace.busy_rate)
            self._tell_full(full)
            await self._settle()
        self._clock.set(self.now, self._pace.busy_rate)

    async def _watch(self, instant: float, rate: float) -> None:
        """Let time pass until `instant`, at a pace at which that can be watched, whatever is on its way."""
        self._clock.set(self.now, rate)
        while not self._clock.stopped:  # which it does shortly before `instant`
            if self._crash:
                raise self._crash
            await asyncio.sleep(SLEEP_SECONDS)
        self._tell_full(self.plant.advance(instant))
        self._clock.set(self.now, rate)

    async def _settle(self) -> None:
        """Wait until everything that was set off is done, or patience ends."""
        deadline = time.monotonic() + self._pace.patience
        while self._traffic.messages != self._settled or self._traffic.under_way:
            if self._crash:
                raise self._crash
            messages = self._traffic.messages
            if await self._pace.quiet.reached():
                self._settled = messages
                return
            if time.monotonic() > deadline:
                self.counts["settle_timeouts"] += 1
                self._settled = messages
                return
            await asyncio.sleep(SLEEP_SECONDS)

    async def _keep_time(self, tell: Callable[[Progress], None]) -> None:
        told = 0.0
        while True:
            self._flow()
            if time.monotonic() - told >= PROGRESS_SECONDS:
                told = time.monotonic()
                tell(self._progress())
            await asyncio.sleep(SLEEP_SECONDS)

    def _flow(self) -> None:
        """Let the charge points catch up with the simulated time, which stops short of the next event."""
        reached = self.plant.seconds(self._clock.flow(self.plant.time(self._until)))
        while full := self.plant.advance(reached):
            self._tell_full(full)

    def _progress(self) -> Progress:
        volts = self.day.site.voltage_v
        return Progress(
            now=self.now,
            load_kw=float(self.plant.load_a().sum()) * volts / 1000,
            connected=int(self.plant.cars.connected.sum()),
            ended=self.counts["ended"],
            profiles=self.counts["profiles_accepted"],
        )

    # --- what happens, and what the platform is told of it --------------------------------------------------

    def _happen(self, kind: Kind, stay: int) -> None:
        match kind:
            case Kind.ARRIVAL:
                self.plant.plug_in(stay)
                self.book.begin(stay, self.now)
                self._job(self._put_session(stay))
            case Kind.DEPARTURE:
                self._leave(stay)
            case Kind.METER:
                self._read_meters()

    def _leave(self, stay: int) -> None:
        self.plant.unplug(stay)
        self.book.meter(stay, self._kwh(stay), self.now)
        self.book.end(stay, self.now)
        self.counts["ended"] += 1
        change = {"status": SessionStatus.COMPLETED, "end_date_time": self.now}
        self._job(self._patch_session(stay, change | self._reading(stay)))

    def _read_meters(self) -> None:
        for stay in self.plant.cars.connected.nonzero()[0]:
            if self.book.meter(int(stay), self._kwh(int(stay)), self.now):
                self._job(self._patch_session(int(stay), self._reading(int(stay))))

    def _tell_full(self, stays: list[int]) -> None:
        for stay in stays:
            self.book.meter(stay, self._kwh(stay), self.now)
            period = self.book.stop_drawing(stay, self.now)
            self._job(self._patch_session(stay, {"charging_periods": [period]} | self._reading(stay)))

    def _reading(self, stay: int) -> dict[str, Any]:
        return {"kwh": self._kwh(stay), "last_updated": self.now}

    def _kwh(self, stay: int) -> Decimal:
        energy = Decimal(float(self.plant.cars.delivered_kwh[stay]))
        return energy.quantize(Decimal("0.001"), ROUND_DOWN)

    async def _put_session(self, stay: int) -> None:
        async with self._lines[stay], self._gate:
            await self._put(stay)

    async def _patch_session(self, stay: int, change: dict[str, Any]) -> None:
        """Tell a change; where that fails, the whole session as it stands (TRA-33)."""
        async with self._lines[stay], self._gate:
            try:
                await self._call("PATCH", self._session_url(stay), change)
            except (OcpiError, Unreachable) as error:
                self.counts["patches_failed"] += 1
                log(f"session {self.book.session_id(stay)}: PATCH failed, putting it whole: {error}")
                await self._put(stay)

    async def _put(self, stay: int) -> None:
        url = self._session_url(stay)
        for pause in (*RETRY_PAUSES, None):
            try:
                await self._call("PUT", url, self.book.session(stay))
            except Unreachable as error:
                if pause is None:
                    raise
                log(f"session {self.book.session_id(stay)}: again in {pause} s: {error}")
                await asyncio.sleep(pause)
            else:
                return

    async def push_location(self) -> None:
        """Tell the platform what there is to charge at.

        Raises:
            OcpiError, Unreachable: it does not take it.
        """
        url = self._partner.url(ModuleID.LOCATIONS, InterfaceRole.RECEIVER)
        location = self.day.site.location(self.day.start)
        await self._call("PUT", joined(url, COUNTRY_CODE, PARTY_ID, location.id), location)

    def _session_url(self, stay: int) -> str:
        url = self._partner.url(ModuleID.SESSIONS, InterfaceRole.RECEIVER)
        return joined(url, COUNTRY_CODE, PARTY_ID, self.book.session_id(stay))

    @property
    def _partner(self) -> Partner:
        if self._registration.partner is None:
            raise Unreachable("no platform is registered any more")
        return self._registration.partner

    async def _call(self, method: str, url: str, body: object) -> None:
        partner = self._partner
        await self._client.call(method, url, partner.token, body, partner.routing(OURS))

    # --- charging profiles ----------------------------------------------------------------------------------

    def answer(self, session_id: str) -> tuple[ChargingProfileResponseType, int | None]:
        """What to answer at once to a request about a session's profile, and its stay if ACCEPTED."""
        stay = self.book.ongoing(session_id)
        if stay is None:
            return ChargingProfileResponseType.UNKNOWN_SESSION, None
        if not self.day.site.evse(self.day.stays[stay].berth.evse_uid).profile_capable:
            return ChargingProfileResponseType.NOT_SUPPORTED, None
        return ChargingProfileResponseType.ACCEPTED, stay

    def set_profile(self, stay: int, profile: ChargingProfile, response_url: str) -> None:
        """Have the charge point obey a profile, and tell the result, in its own time."""

        def work() -> ChargingProfileResult:
            self.plant.set_profile(stay, profile)
            self.ledger.note(stay, self.now, profile)
            self.counts["profiles_accepted"] += 1
            return ChargingProfileResult(result=ChargingProfileResultType.ACCEPTED)

        gone = ChargingProfileResult(result=ChargingProfileResultType.UNKNOWN)
        self._job(self._carry_out(stay, work, gone, response_url))

    def clear_profile(self, stay: int, response_url: str) -> None:
        """Have the charge point forget its profile, and tell the result, in its own time."""

        def work() -> ClearProfileResult:
            self.plant.clear_profile(stay)
            self.ledger.note(stay, self.now, None)
            return ClearProfileResult(result=ChargingProfileResultType.ACCEPTED)

        gone = ClearProfileResult(result=ChargingProfileResultType.UNKNOWN)
        self._job(self._carry_out(stay, work, gone, response_url))

    def report_profile(self, stay: int, seconds: int, response_url: str) -> None:
        """Have the charge point tell what it will offer in the next so many seconds."""

        def work() -> ActiveChargingProfileResult:
            profile = active_profile(self.plant.offer(stay), self.now, seconds)
            return ActiveChargingProfileResult(result=ChargingProfileResultType.ACCEPTED, profile=profile)

        gone = ActiveChargingProfileResult(result=ChargingProfileResultType.UNKNOWN)
        self._job(self._carry_out(stay, work, gone, response_url))

    async def _carry_out(self, stay: int, work: Callable[[], object], gone: object, response_url: str) -> None:
        """Do `work` at a charge point, in order, and post its result; `gone` if the car has left."""
        async with self._points[stay]:
            await asyncio.sleep(CHARGE_POINT_SECONDS)
            self._flow()
            result = work() if self.plant.cars.connected[stay] else gone
            await self._call("POST", response_url, result)

    # --- jobs -----------------------------------------------------------------------------------------------

    def _job(self, work: Coroutine[Any, Any, None]) -> None:
        """Something to do for the platform, beside everything else; it counts as traffic from this moment."""
        task = asyncio.create_task(self._watched(work))
        self._jobs.add(task)
        self._traffic.begin()
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._traffic.end()
        self._jobs.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self._crash = error

    async def _watched(self, work: Coroutine[Any, Any, None]) -> None:
        """Do a job; what the network or the platform spoils is counted and said."""
        try:
            await work
        except (OcpiError, Unreachable) as error:
            self.counts["messages_lost"] += 1
            log(f"lost: {error}")
