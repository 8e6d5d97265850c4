"""The measurement: a site where everybody charges, whose limit drops to next to nothing."""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx

from benchmarks.limit.cpo import Cpo
from local.aws import Stack
from local.cpo.identity import OURS
from local.cpo.pace import watch_queues
from local.cpo.site import Evse, Site, garage
from local.energy import EnergyAccess
from ocpi import clock, wire
from ocpi.store.keys import ObjectId
from ocpi.store.sites import Sites
from ocpi.types.chargingprofiles import ChargingProfile
from ocpi.types.primitives import format_datetime
from ocpi.types.versions import ModuleID

CAR_A = 16
"""What each car draws on each of three phases, if it may."""

DROP_TO = 0.03
"""What is left of the limit: less than one car in twenty can go on with."""

NEWCOMER_A = 6

QUIET_S = 1.5
PATIENCE_S = 300.0


class NotQuiet(Exception):
    """The platform does not come to rest, or did not do what was asked."""


@dataclass(frozen=True)
class Path:
    """One limit that was lowered: seconds from the beginning of the call to each step of what it set off."""

    sessions: int
    decreases: int
    answered: float
    """The call was."""
    taken: float
    """A run had the site and began to read."""
    decided: float
    """It was decided what to send at first."""
    queued: float
    """The last decrease was on the push queue."""
    asked: float
    """The charge point operator had the last decrease."""
    accepted: float
    """And all were accepted."""
    timing_ms: dict[str, float]
    """Of the run."""


@dataclass(frozen=True)
class Place:
    """A site of so many cars, all of which charge."""

    stack: Stack
    access: EnergyAccess
    cpo: Cpo
    partner_id: str
    cars: int

    @property
    def id(self) -> str:
        """The site's, and its Location's."""
        return f"cars-{self.cars}"

    def begin(self) -> None:
        """Tell the Location, let all cars charge, and wait until each has its profile."""
        self.cpo.tell(self._site.location(clock.now()))
        for number in range(self.cars):
            session = ObjectId(self.partner_id, ModuleID.SESSIONS, OURS.country_code, OURS.party_id, self._name(number))
            self._sites.begin_session(self._location.text, session, wire.dumps(self._session(number)).decode())
        self._describe()
        self._come_to_rest(lambda: self._charging() == self.cars)

    def lower(self) -> Path:
        """Lower the limit, and tell how it went; then all is as before."""
        self.cpo.forget()
        revision = self._revision()
        began = time.time()
        self._limit(self._full_a * DROP_TO, revision)
        answered = time.time()
        self._come_to_rest(lambda: any(run.get("profiles_sent") for run in self._runs(began)))
        path = self._path(began, answered)
        self._limit(self._full_a, self._revision())
        self._come_to_rest(lambda: self._charging() == self.cars)
        return path

    def _path(self, began: float, answered: float) -> Path:
        run = next(run for run in self._runs(began) if run.get("profiles_sent"))
        laps = {name: float(ms) for name, ms in run["timing_ms"].items()}
        taken = float(run["began_at"]) - began
        before = ("load", "decide")
        decided = taken + sum(laps[name] for name in before) / 1000
        queued = taken + sum(laps[name] for name in (*before, "keep", "send")) / 1000
        heard = self.cpo.heard.values()
        return Path(
            sessions=self.cars,
            decreases=int(run["profiles_sent"]),
            answered=answered - began,
            taken=taken,
            decided=decided,
            queued=queued,
            asked=max(each.asked for each in heard) - began,
            accepted=max(each.accepted or 0.0 for each in heard) - began,
            timing_ms=laps,
        )

    # What there is

    @property
    def _sites(self) -> Sites:
        return Sites(self.stack.outputs["SitesTable"])

    @property
    def _site(self) -> Site:
        evses = tuple(Evse(self._name(number), ("L1", "L2", "L3"), CAR_A) for number in range(self.cars))
        return Site(**(vars(garage()) | {"location_id": self.id, "evses": evses}))

    @property
    def _location(self) -> ObjectId:
        return ObjectId(self.partner_id, ModuleID.LOCATIONS, OURS.country_code, OURS.party_id, self.id)

    @property
    def _full_a(self) -> float:
        return float(self.cars * CAR_A + NEWCOMER_A)

    @staticmethod
    def _name(number: int) -> str:
        return f"E{number:04d}"

    def _session(self, number: int) -> dict[str, Any]:
        now = clock.now()
        return {
            "country_code": OURS.country_code,
            "party_id": OURS.party_id,
            "id": self._name(number),
            "start_date_time": format_datetime(now - timedelta(minutes=30)),
            "kwh": 1,
            "cdr_token": {
                "country_code": OURS.country_code,
                "party_id": "TNM",
                "uid": f"U{number}",
                "type": "RFID",
                "contract_id": f"C{number}",
            },
            "auth_method": "WHITELIST",
            "location_id": self.id,
            "evse_uid": self._name(number),
            "connector_id": "1",
            "currency": "EUR",
            "status": "ACTIVE",
            "last_updated": format_datetime(now),
            "charging_preferences": {
                "profile_type": "REGULAR",
                "departure_time": format_datetime(now + timedelta(hours=6 + number % 5)),
                "energy_need": 40 + number % 7,
            },
        }

    def _describe(self) -> None:
        site = {
            "id": self.id,
            "time_zone": "Europe/Amsterdam",
            "voltage_v": 230,
            "partner_id": self.partner_id,
            "location": {
                "country_code": OURS.country_code,
                "party_id": OURS.party_id,
                "location_id": self.id,
            },
            "limits": {"base": _limit(self._full_a)},
            "default_limit_a": NEWCOMER_A,
        }
        self._call("PUT", f"/sites/{self.id}?confirm=true", site, {"If-None-Match": "*"})

    def _limit(self, limit_a: float, revision: str) -> None:
        """As the page does it."""
        path = f"/sites/{self.id}/limits/grid/base?confirm=true"
        self._call("PUT", path, _limit(limit_a), {"If-Match": revision})

    def _revision(self) -> str:
        return str(self._call("GET", f"/sites/{self.id}/limits").headers["ETag"])

    def _call(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.access.energy_token}", **(headers or {})}
        answer = httpx.request(method, f"{self.access.energy_url}{path}", json=body, headers=headers, trust_env=False)
        answer.raise_for_status()
        return answer

    # What comes of it

    def _runs(self, since: float) -> Iterator[dict[str, Any]]:
        for run in self._sites.runs(self.id):
            if float(str(run["began_at"])) >= since:
                yield run

    def _charging(self) -> int:
        """How many cars have a profile that allows them something now."""
        accepted = (state.accepted for state in self._sites.place(self._location).profiles.values())
        return sum(profile is not None and _allows(profile) for profile in accepted)

    def _come_to_rest(self, done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            time.sleep(0.25)
            if time.time() - self.cpo.last > QUIET_S and not self.cpo.busy and not self._waiting() and done():
                return
        raise NotQuiet(f"{self.id}: the platform has not come to rest within {PATIENCE_S:g} s")

    def _waiting(self) -> bool:
        urls = (self.stack.outputs[name] for name in ("OptimizeQueueUrl", "PushQueueUrl"))
        queues = watch_queues([*urls])
        return not (queues and asyncio.run(queues.empty()))


def _limit(limit_a: float) -> dict[str, Any]:
    return {"limit_a": dict.fromkeys(("L1", "L2", "L3"), limit_a)}


def _allows(profile: ChargingProfile) -> bool:
    return any(period.limit > 0 for period in profile.charging_profile_period)
