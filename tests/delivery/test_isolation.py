"""A partner that hangs, throttles or has much to catch up on does not slow down the others (docs/delivery.md)."""

import os
from base64 import b64encode
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache, partial
from statistics import quantiles
from urllib.parse import urlsplit

import pytest

from ocpi import wire
from ocpi.push.breaker import FIRST_PROBE, Breakers
from ocpi.push.due import DueObjects
from ocpi.push.messages import Wake
from ocpi.store.keys import ObjectId
from ocpi.store.objects import Objects
from ocpi.store.partner import Partner, PartnerStatus
from ocpi.store.partners import Partners
from ocpi.transport.client import TIMEOUT_S, Answer, PartnerClient, PartnerUnreachable
from ocpi.types.primitives import format_datetime, parse_datetime
from ocpi.types.versions import ModuleID
from tests.delivery.cloud import QUEUES, Cloud
from tests.delivery.simulation import BEGIN
from tests.delivery.stories import platforms
from tests.objects import SESSION
from tests.own import PARTY, own_id

pytestmark = pytest.mark.slow

PARTNERS = [f"P{number:02}" for number in range(20)]
ODD = PARTNERS[0]
"""The one that is different."""

EVERY_S = 2
FOR_S = 40
"""All partners are to hear of a change at once, every 2 s, for 40 s; then there is a minute to send what is left."""

MISSED = 10_000 if "THOROUGH" in os.environ else 2_000
"""How many objects are due to one that comes back: in `make convergence`, and in `make test`."""

SLOWER = 1.5
"""How much later than usual 95 of 100 changes may reach the others."""

type Odd = Callable[[Cloud, str], Answer | None]
"""What the different one answers to a request, by its method; None: as the others do."""


@dataclass
class Fleet:
    """Twenty partners, each an eMSP that hears of its own Sessions.

    Objects are put into the store without the owner API, and requests answered without HTTP: what is measured is
    virtual time, of which both take none.
    """

    odd: Odd
    concurrency: int
    written: dict[tuple[str, str], list[datetime]] = field(default_factory=lambda: defaultdict(list))
    """The changes that partners have not heard of yet, by partner and Session."""
    delays_s: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    requests: int = 0

    def __post_init__(self) -> None:
        self.a, _ = platforms()
        functions = {name: self.a.functions[name].handler for name in ("outbox", "push", "timeouts", "sweep")}
        queues = QUEUES | {"push.fifo": replace(QUEUES["push.fifo"], concurrency=self.concurrency, lost_deletions=0)}
        self.cloud = Cloud(0, functions, (self.a.table("objects"),), queues=queues, request=self._request)
        self.objects = Objects(self.a.table("objects"))

    def run(self, prepare: Callable[["Fleet"], object] = lambda fleet: None) -> "Fleet":
        with self.cloud.running():
            for name in PARTNERS:
                Partners(self.a.table("partners")).add(emsp(name))
                for second in range(0, FOR_S, EVERY_S):
                    self.cloud.simulation.after(second, partial(self.change, name, f"S{second}"))
            prepare(self)
            self.cloud.simulation.run(FOR_S + 60)
        return self

    def p95_s(self) -> float:
        """Of all partners but the different one."""
        delays = [delay for name in PARTNERS if name != ODD for delay in self.delays_s[name]]
        assert len(delays) == (len(PARTNERS) - 1) * FOR_S / EVERY_S
        return quantiles(delays, n=20)[-1]

    def change(self, name: str, id_: str) -> ObjectId:
        now = self.cloud.simulation.now()
        now -= timedelta(microseconds=now.microsecond % 1000)
        self.written[name, id_].append(now)
        token = SESSION["cdr_token"] | {"party_id": name[:3]}
        document = SESSION | PARTY | {"id": f"{name}-{id_}", "cdr_token": token, "last_updated": format_datetime(now)}
        object_id = own_id(ModuleID.SESSIONS, f"{name}-{id_}")
        self.objects.put(object_id, document, now)
        return object_id

    def _request(self, _: PartnerClient, method: str, url: str, body: bytes | None) -> Answer:
        name, *_between, told = urlsplit(url).path.strip("/").split("/")
        if name == ODD:
            self.requests += 1
            if answer := self.odd(self.cloud, method):
                return answer
        if body:
            moment = parse_datetime(str(wire.loads_object(body)["last_updated"]))
            heard = self.written[name, told.rpartition("-")[2]]
            seconds = self.cloud.simulation.seconds
            self.delays_s[name] += [seconds - (at - BEGIN).total_seconds() for at in heard if at <= moment]
            heard[:] = [at for at in heard if at > moment]
        return Answer(200, 1000, "", None)


def emsp(name: str) -> Partner:
    """A registered partner."""
    roles = [{"role": "EMSP", "country_code": "NL", "party_id": name, "business_details": {"name": name}}]
    return Partner.model_validate(
        {
            "id": name,
            "name": name,
            "status": PartnerStatus.REGISTERED,
            "sealed_token": b64encode(b"token").decode(),
            "versions_url": f"https://example.com/{name}/versions",
            "endpoints": [
                {"identifier": "sessions", "role": "RECEIVER", "url": f"https://example.com/{name}/sessions"}
            ],
            "roles": roles,
            "created": BEGIN,
            "last_updated": BEGIN,
        }
    )


def as_the_others(_: Cloud, __: str) -> None:
    return None


def hangs(cloud: Cloud, _: str) -> Answer:
    cloud.took = TIMEOUT_S
    raise PartnerUnreachable("no answer within 10 s")


def throttles(cloud: Cloud, _: str) -> Answer | None:
    return Answer(429, 2000, "", None, {"retry-after": "2"}) if cloud.random.random() < 0.8 else None


@cache
def usual_p95_s(concurrency: int) -> float:
    return Fleet(as_the_others, concurrency).run().p95_s()


def require_as_usual(what: str, fleet: Fleet) -> None:
    """The figures are shown by ``pytest -s``."""
    usual, found = usual_p95_s(fleet.concurrency), fleet.p95_s()
    told = (
        f"{what}, {fleet.concurrency} at a time: p95 {found:.3f} s, usually {usual:.3f} s ({found / usual:.2f} times)"
    )
    print(told)  # noqa: T201 - the figures of docs/delivery.md
    assert found <= SLOWER * usual, told


@pytest.mark.parametrize("concurrency", [50, 5])
def test_a_partner_that_hangs_does_not_slow_down_the_others(concurrency: int) -> None:
    require_as_usual("one hangs", Fleet(hangs, concurrency).run())


@pytest.mark.parametrize("concurrency", [50, 5])
def test_nor_does_one_that_is_called_again_and_again_though_it_hangs(
    concurrency: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The queue alone does it: the breaker only saves the calls."""
    monkeypatch.setattr("ocpi.push.breaker.FAILURES", 10**6)
    fleet = Fleet(hangs, concurrency).run()
    require_as_usual("one hangs, without a breaker", fleet)
    assert fleet.requests > 0.8 * FOR_S / TIMEOUT_S


def test_it_would_if_all_were_one_group(monkeypatch: pytest.MonkeyPatch) -> None:
    """So this test can fail."""
    monkeypatch.setattr(Wake, "group", "all")
    assert Fleet(hangs, 50).run().p95_s() > 10 * usual_p95_s(50)


def test_nor_does_one_that_throttles() -> None:
    require_as_usual("one throttles", Fleet(throttles, 5).run())


def test_nor_does_one_that_comes_back_and_has_missed_thousands_of_changes() -> None:
    def missed(fleet: Fleet) -> None:
        due = DueObjects(fleet.a.table("deliveries"))
        for number in range(MISSED):
            due.mark(ODD, fleet.change(ODD, f"M{number}"), BEGIN)
        fleet.cloud.streams[fleet.a.table("objects")].forget()
        Breakers(fleet.a.table("deliveries")).change(ODD, lambda known: known.opened("away", BEGIN - FIRST_PROBE))
        fleet.cloud.simulation.after(1, lambda: fleet.cloud.invoke("sweep", {}, lambda error: None))

    fleet = Fleet(as_the_others, 5).run(missed)
    require_as_usual(f"one has {MISSED} objects due", fleet)
    assert fleet.requests > 500
