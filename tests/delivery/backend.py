"""The backend of a platform, which changes its objects by chance, through the owner API."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any
from urllib.parse import quote

from ocpi import clock
from ocpi.transport.door import LambdaHandler
from ocpi.types.primitives import format_datetime
from tests.objects import CDR, CONNECTOR, EVSE, LOCATION, SESSION, TARIFF, TOKEN
from tests.own import PARTY
from tests.owner import Reply, owner

SESSIONS = 8
"""So many begin in a quarter of an hour, and go on or end in it."""


@dataclass(frozen=True)
class Backend:
    """One change of one object.

    Args:
        handler: of the owner API.
        which: number of the object, among those of its kind.
        dice: decide how it changes.
        ties: its clock shows whole seconds, so that several changes have the same last_updated.
    """

    handler: LambdaHandler
    which: int
    dice: Random
    ties: bool

    def location(self) -> Reply:
        evses = [EVSE | {"uid": f"E{number}", "last_updated": self._now} for number in range(self.dice.randint(1, 4))]
        return self._put(LOCATION | {"evses": evses, "name": self._word()}, "locations", self._any("L", 6))

    def location_field(self) -> Reply:
        return self._patch({"name": self._word()}, "locations", self._any("L", 6))

    def evse(self) -> Reply:
        status = self.dice.choice(["AVAILABLE", "CHARGING", "OUTOFORDER"])
        return self._patch({"status": status}, "locations", self._any("L", 6), self._any("E", 3))

    def connector(self) -> Reply:
        amperes = {"max_amperage": self.dice.randint(6, 63)}
        return self._patch(amperes, "locations", self._any("L", 6), self._any("E", 3), CONNECTOR["id"])

    def tariff(self) -> Reply:
        price = {"type": "ENERGY", "price": self.dice.randint(1, 99) / 100, "step_size": 1}
        return self._put(TARIFF | {"elements": [{"price_components": [price]}]}, "tariffs", self._any("T", 6))

    def no_tariff(self) -> Reply:
        return self._call("DELETE", None, "tariffs", self._any("T", 6))

    def session(self) -> Reply:
        token = SESSION["cdr_token"] | ({"party_id": "XYZ"} if self.which % 4 == 0 else {})  # not of the partner
        return self._put(SESSION | {"cdr_token": token}, "sessions", self._session)

    def metering(self) -> Reply:
        volume = self.dice.randint(1, 9)
        period = {"start_date_time": self._now, "dimensions": [{"type": "ENERGY", "volume": volume}]}
        fields = {"kwh": self.dice.randint(1, 99) / 10, "charging_periods": [period]}
        return self._patch(fields, "sessions", self._session)

    def session_end(self) -> Reply:
        return self._patch({"status": "COMPLETED"}, "sessions", self._session)

    def cdr(self) -> Reply:
        cost = {"total_cost": {"excl_vat": self.dice.randint(1, 999) / 100}}
        return self._put(CDR | cost, "cdrs", self._word())

    def token(self) -> Reply:
        return self._put(TOKEN | {"uid": (uid := self._any("U", 6)), "issuer": self._word()}, "tokens", uid)

    def token_field(self) -> Reply:
        return self._patch({"valid": self.dice.random() < 0.5}, "tokens", self._any("U", 6))

    @property
    def _session(self) -> str:
        return f"{clock.now():%H}-{clock.now().minute // 15}-{self.which % SESSIONS}"

    @property
    def _now(self) -> str:
        now = clock.now()
        return format_datetime(now - timedelta(microseconds=now.microsecond) if self.ties else now)

    def _any(self, prefix: str, number: int) -> str:
        return f"{prefix}{self.which % number}"

    def _word(self) -> str:
        return f"{self.dice.getrandbits(32):x}"

    def _put(self, document: dict[str, Any], module: str, id_: str) -> Reply:
        named = {} if module == "tokens" else {"id": id_}
        return self._call("PUT", document | PARTY | named | {"last_updated": self._now}, module, id_)

    def _patch(self, fields: dict[str, Any], module: str, *ids: str) -> Reply:
        return self._call("PATCH", fields | {"last_updated": self._now}, module, *ids)

    def _call(self, method: str, body: object, module: str, *ids: str) -> Reply:
        path = "/".join(["", module, *PARTY.values(), *(quote(id_, safe="") for id_ in ids)])
        return owner(method, path, body, handler=self.handler)


KINDS: dict[str, tuple[int, Callable[[Backend], Reply]]] = {
    "Location": (6, Backend.location),
    "field of a Location": (4, Backend.location_field),
    "EVSE": (12, Backend.evse),
    "connector": (3, Backend.connector),
    "Tariff": (5, Backend.tariff),
    "no Tariff any more": (3, Backend.no_tariff),
    "Session": (8, Backend.session),
    "meter value": (25, Backend.metering),
    "end of a Session": (3, Backend.session_end),
    "CDR": (5, Backend.cdr),
    "Token": (5, Backend.token),
    "field of a Token": (4, Backend.token_field),
}
"""What may change, how often in relation to all else, and how."""

WEIGHTS = [weight for weight, _ in KINDS.values()]
