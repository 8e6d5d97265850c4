"""Whatever happens to a partner's list while it is read, in the end we have what the partner has."""

import os
import random
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from ocpi import clock
from ocpi.store.partner import Quirk
from ocpi.store.partners import Partners
from ocpi.types.primitives import format_datetime, parse_datetime
from tests.functions.conftest import Connect, Connection
from tests.objects import TARIFF
from tests.owner import owner
from tests.partner import Answer, Seen, ok
from tests.pulls import go_round

OFFERS = [("tariffs", "SENDER")]
SEEDS = range(40 if "THOROUGH" in os.environ else 2)
"""`make test` takes a few, one for each order of the list; `make convergence` many."""

PAGE = 3
ROUNDS = 12

FAULTS: list[Callable[[], Answer]] = [
    lambda: (500, {"status_code": 3000}),
    lambda: (502, b"<html>Bad gateway</html>"),
    lambda: (429, {"status_code": 2000}, {"Retry-After": "30"}),
    lambda: (200, b'{"status_code": 1000, "data": [{"country'),
]


class Shelf:
    """The Tariffs of a CPO, by offset, which change before any request and fail now and then."""

    def __init__(self, connection: Connection, seed: int, pass_time: Callable[..., None]) -> None:
        self.server = connection.partner
        self.random = random.Random(seed)  # noqa: S311 - no secret
        self.pass_time = pass_time
        self.tariffs: dict[str, dict[str, Any]] = {}
        self.made = 0
        self.busy = True
        self.by_creation = bool(seed % 2)
        """The order of its list; otherwise the last changed come last."""
        for _ in range(8):
            self.insert()
        self.server.answers["GET", "/tariffs"] = self.answer

    def insert(self) -> None:
        self.made += 1
        self.put(f"T{self.made}")

    def put(self, id_: str) -> None:
        self.tariffs[id_] = TARIFF | {"id": id_, "last_updated": format_datetime(clock.now())}

    def change(self) -> None:
        """One change, or two that together leave the list as long as it was."""
        known = [*self.tariffs]
        match self.random.choice(["insert", "update", "delete", "swap", "nothing"]) if len(known) > 5 else "insert":
            case "insert":
                self.insert()
            case "update":
                self.put(self.random.choice(known))
            case "delete":
                del self.tariffs[self.random.choice(known)]
            case "swap":
                del self.tariffs[self.random.choice(known)]
                self.insert()

    def answer(self, seen: Seen) -> Answer:
        self.pass_time(seconds=1)
        if self.busy:
            self.change()
            if self.random.random() < 0.2:
                fault = self.random.choice([*FAULTS, None])
                if fault is None:
                    raise ConnectionAbortedError("the partner hangs up")
                return fault()
        return self.page({name: values[0] for name, values in parse_qs(urlsplit(seen.path).query).items()})

    def page(self, query: dict[str, str]) -> Answer:
        listed = [*self.tariffs.values()]
        if not self.by_creation:
            listed.sort(key=lambda tariff: tariff["last_updated"])
        if since := query.get("date_from"):
            listed = [each for each in listed if parse_datetime(each["last_updated"]) >= parse_datetime(since)]
        offset = int(query.get("offset", 0))
        headers = {"X-Total-Count": str(len(listed))}
        if offset + PAGE < len(listed):
            further = urlencode(query | {"offset": offset + PAGE})
            headers["Link"] = f'<{self.server.url}/tariffs?{further}>; rel="next"'
        return ok(listed[offset : offset + PAGE], headers)


def held() -> dict[str, str]:
    """The Tariffs that our backend finds in the list of the CPO, and when they changed."""
    listed = owner("GET", "/received/sim/tariffs/NL/SIM").body
    return {tariff["id"]: tariff["last_updated"] for tariff in listed}


@pytest.mark.requirement("TRA-45", "TRA-27", "TAR-02")
@pytest.mark.parametrize("seed", SEEDS)
def test_after_the_faults_the_next_whole_pull_brings_all_and_a_full_one_lets_go_of_the_rest(
    connect: Connect, time: Callable[..., None], seed: int
) -> None:
    shelf = Shelf(connect("CPO NL SIM", offers=OFFERS), seed, time)
    partners = Partners("partners")
    known = partners.get("sim")
    assert known
    partners.replace(known, {"quirks": frozenset({Quirk.NO_PUSH})})
    for _ in range(ROUNDS):
        go_round()
        time(minutes=shelf.random.choice([5, 10, 60]))
    shelf.busy = False
    for _ in range(2):  # what was broken off is gone on with first
        time(hours=1)
        go_round()
    wanted = {id_: tariff["last_updated"] for id_, tariff in shelf.tariffs.items()}
    assert held().items() >= wanted.items(), "nothing is lost"
    time(days=8)
    for _ in range(2):  # what seems to be gone may be so much that a second full pull has to agree
        go_round()
        time(minutes=10)
    assert held() == wanted, "nothing is listed that the partner does not have"
