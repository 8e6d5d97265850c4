"""A CPO whose sessions are charged smartly: through our handlers, streams, queues and HTTP."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from ocpi import clock
from ocpi.sites.site import parse_site
from ocpi.store.keys import ObjectId
from ocpi.store.profiles import ProfileState
from ocpi.store.sites import Sites
from ocpi.types.primitives import format_datetime
from ocpi.types.versions import ModuleID
from tests.api import Reply, request
from tests.loop import Loop
from tests.objects import CONNECTOR, EVSE, LOCATION, SESSION, SITE
from tests.partner import Answer, Seen, ok

if TYPE_CHECKING:
    from tests.functions.conftest import Connection

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
PLACE = ObjectId("cpo", ModuleID.LOCATIONS, "NL", "SIM", "L1")

SMALL = CONNECTOR | {"max_amperage": 6}

PATIENT = {"profile_type": "REGULAR", "departure_time": "2026-11-22T20:00:00Z", "energy_need": 20}
HURRIED = {"profile_type": "FAST", "departure_time": "2026-11-22T09:00:00Z", "energy_need": 20}


@dataclass
class Cpo:
    """A CPO whose charge points do as the test says."""

    connection: "Connection"
    loop: Loop
    sites: Sites
    answer: str = "ACCEPTED"
    result: str | None = "ACCEPTED"
    """What is posted to the response URL; None for silence."""
    put: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """Session id and body of each SetChargingProfile."""

    def call(self, method: str, path: str, body: object = None) -> Reply:
        return request(method, f"/ocpi/2.2.1{path}", token=self.connection.token, body=body)

    def begins(self, id_: str, evse_uid: str = "E1", **changes: object) -> None:
        self.connection.partner.answers["PUT", f"/chargingprofiles/{id_}"] = self._set_profile
        session = SESSION | {"id": id_, "evse_uid": evse_uid, "kwh": 0, "last_updated": format_datetime(clock.now())}
        assert self.call("PUT", f"/receiver/sessions/NL/SIM/{id_}", session | changes).status_code == 1000

    def ends(self, id_: str) -> None:
        patch = {"status": "COMPLETED", "last_updated": format_datetime(clock.now())}
        assert self.call("PATCH", f"/receiver/sessions/NL/SIM/{id_}", patch).status_code == 1000

    def run(self) -> None:
        """Let everything take its course; results are posted after the requests, as charge points do."""
        self.loop.run()
        while self._outstanding:
            self.posts(self._outstanding.pop(0), self.result)
            self.loop.run()

    _outstanding: list[str] = field(default_factory=list)

    def posts(self, response_url: str, result: str | None) -> Reply | None:
        if result is None:
            return None
        path = response_url.removeprefix("https://ocpi.example.com/ocpi/2.2.1")
        return self.call("POST", path, {"result": result})

    def profile(self, id_: str) -> ProfileState:
        session = ObjectId("cpo", ModuleID.SESSIONS, "NL", "SIM", id_)
        return self.sites.profile(PLACE.text, session.text) or ProfileState()

    def allowed_a(self, id_: str) -> float:
        """The current that the profile in force allows at first."""
        accepted = self.profile(id_).accepted
        assert accepted
        return float(accepted.charging_profile_period[0].limit)

    def _set_profile(self, seen: Seen) -> Answer:
        self.put.append((seen.path.rpartition("/")[2], seen.body))
        if self.answer == "ACCEPTED":
            self._outstanding.append(seen.body["response_url"])
        return ok({"result": self.answer, "timeout": 30})


@pytest.fixture
def cpo(time: Any, connection: "Connection") -> Cpo:
    """With a site of two EVSEs behind 40 A a phase, where cars draw 6 A without a profile, and a small one that takes
    none."""
    sites = Sites("sites")
    cpo = Cpo(connection, Loop(), sites)
    evses = [EVSE, EVSE | {"uid": "E2"}, EVSE | {"uid": "E3", "capabilities": [], "connectors": [SMALL]}]
    assert cpo.call("PUT", "/receiver/locations/NL/SIM/L1", LOCATION | {"evses": evses}).status_code == 1000
    sites.put_config("garage", parse_site(json.dumps(SITE)).model_dump_json(exclude_none=True), PLACE, None, None)
    return cpo
