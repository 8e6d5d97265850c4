"""A story of two platforms: random changes of all that is pushed, random faults, and what must be true in the end.

A (CPO and eMSP) owns the objects, B (eMSP and CPO) hears of them. A's backend writes through the owner API; the outbox,
push, timeouts and sweep functions of A run in a simulated cloud; what they send goes over HTTP, through the faults, to
the API functions of B.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, partial
from random import Random
from typing import Any

from local.faults import Fault, Faults, drawn_schedule, parse
from ocpi import wire
from ocpi.push.due import DueObjects
from ocpi.transport.status import OcpiError
from tests.api import event_loop
from tests.delivery.backend import KINDS, WEIGHTS, Backend
from tests.delivery.cloud import Accident, Cloud, Moment, Unavailable
from tests.delivery.dynamodb import Typed
from tests.delivery.platforms import Network, Platform, server
from tests.delivery.simulation import Killed
from tests.objects import SESSION

LASTS = timedelta(hours=4)
"""How long the changes go on, and the faults."""

WHOLE_S = LASTS.total_seconds()

SETTLES = timedelta(hours=2)
"""How long after that all must be well: no pause of ours is longer than an hour."""

B = "b"
"""What A calls its partner."""

ACCIDENTS = 0.001
"""How likely a step of a function goes wrong by AWS's fault, or its machine is gone."""

SHOWN = 50
"""So many changes of a story are written out; it is told again by its seed."""


class NotConverged(AssertionError):
    """What is wrong in the end, line by line."""


@dataclass(frozen=True)
class Change:
    """Something that A's backend does: when, to which kind of object and which one, and the dice for the rest."""

    at: float
    kind: str
    which: int
    dice: int

    def __str__(self) -> str:
        return f"at {self.at:.3f} s: {self.kind}, number {self.which}, dice {self.dice}"


@dataclass(frozen=True)
class Story:
    """What happens; the same story always goes the same way."""

    seed: int
    changes: tuple[Change, ...]
    faults: tuple[Fault, ...]
    accidents: float = 0
    lasts: timedelta = LASTS
    settles: timedelta = SETTLES

    @classmethod
    def drawn(cls, seed: int, changes: int) -> "Story":
        """A story by chance; of the changes half come right after another one, and half of these to the same object."""
        dice, drawn = Random(f"story/{seed}"), [Change(0, "Location", 0, 0)]
        for _ in range(changes - 1):
            last, soon = drawn[-1], dice.random() < 0.5
            wait = dice.random() / 4 if soon else dice.expovariate(changes / 2 / WHOLE_S)
            kind, which = dice.choices(list(KINDS), WEIGHTS)[0], dice.randrange(1200)
            if soon and dice.random() < 0.5:
                kind, which = last.kind, last.which
            drawn.append(Change(min(last.at + wait, WHOLE_S), kind, which, dice.getrandbits(32)))
        faults = (*_away(dice), *drawn_schedule(seed, LASTS, number=4))
        return cls(seed, tuple(drawn), faults, ACCIDENTS)

    @property
    def ties(self) -> bool:
        """Whether changes may have the same last_updated; then nothing is brought late, since nobody could tell."""
        return self.seed % 2 == 0

    def __str__(self) -> str:
        lines = [f"Story(seed={self.seed}, accidents={self.accidents}):"]
        lines += [fault.model_dump_json(exclude_defaults=True, by_alias=True) for fault in self.faults]
        left_out = [f"and {len(self.changes) - SHOWN} changes more"] if len(self.changes) > SHOWN else []
        return "\n  ".join([*lines, *map(str, self.changes[:SHOWN]), *left_out])


def _away(dice: Random) -> list[Fault]:
    """What takes time: an hour's absence, waits within the time limit and beyond it; and new credentials."""
    begin = dice.uniform(0, WHOLE_S / 2)
    return [
        parse(f"vanish from={begin} until={begin + 3600}"),
        *(parse(f"slow seconds={seconds} p={dice.uniform(0, 0.1)} until={WHOLE_S}") for seconds in (1, 9, 11, 60)),
        parse(f"slow seconds=3 p=0.5 from={WHOLE_S * 3 / 4}"),
        parse(f"drop seconds=10 p={dice.uniform(0, 0.1)} until={WHOLE_S}"),
        parse(f"rotate p=0.01 times=3 until={WHOLE_S}"),
    ]


@dataclass(frozen=True)
class Figures:
    """What a story has cost."""

    changes: int
    """That B is to hear of."""
    requests: int
    """That met no fault."""
    faults: int
    """Requests that met one."""
    accidents: int
    settled_s: float
    """How long after the last fault B got something new."""

    @property
    def per_change(self) -> float:
        """How many requests B got for each change, those that met a fault included."""
        return (self.requests + self.faults) / self.changes


def platforms() -> tuple[Platform, Platform]:
    """A and B as they are at the beginning of a story, whose tables are new."""
    a, b = _deployed()
    a.cool_down()
    return a, b


@cache
def _deployed() -> tuple[Platform, Platform]:
    """Once per process: importing all functions takes longer than a story."""
    return Platform("a", "CPO NL OCS", "EMSP NL OCS"), Platform("b", "EMSP NL TNM", "CPO NL TNM")


class Telling:
    """A story as it goes.

    Args:
        story: which.
        accident: what befalls functions, if not what the story says.
    """

    def __init__(self, story: Story, accident: Accident | None = None) -> None:
        self._story = story
        self._a, self._b = platforms()
        functions = {name: self._a.functions[name].handler for name in ("outbox", "push", "timeouts", "sweep")}
        self._dice = Random(f"accidents/{story.seed}")
        self.cloud = Cloud(story.seed, functions, (self._a.table("objects"),), accident or self._accident)
        self.cloud.hear = self._hear
        self._faults = Faults(story.seed)
        self._network = Network(self._b.serve, self._faults, self.cloud, self._rotate, late=not story.ties)
        self._changes = 0
        self._written_cdrs: list[str] = []
        self._last_written = 0.0

    def run(self) -> Figures:
        """Let it happen, and look at its end.

        Raises:
            NotConverged: it is not as it should be.
        """
        simulation, faults_end = self.cloud.simulation, self._story.lasts.total_seconds()
        with self.cloud.running():
            self._connect()
            for fault in self._story.faults:
                self._faults.add(fault, simulation.now())
            for change in self._story.changes:
                simulation.after(change.at, partial(simulation.start, partial(self._make, change)))
            simulation.run(faults_end)
            self._faults.clear()
            simulation.run(faults_end + self._story.settles.total_seconds())
            if wrong := [*self._differences(), *self._left_over()]:
                raise NotConverged("\n".join(wrong))
            met = self._network.met
            settled = max(self._last_written - faults_end, 0)
            return Figures(self._changes, met["none"], met.total() - met["none"], self.cloud.failures, settled)

    def _connect(self) -> None:
        """A registers with B, before anything goes wrong."""
        server().routes |= {"a": self._a.serve, "b": self._network.serve}
        token = self._b.functions["credentials"].handshake.invite("a")
        self._a.functions["credentials"].handshake.register(B, f"{self._b.url}/ocpi/versions", token)
        self._network.met.clear()

    def _rotate(self) -> None:
        """B renews its credentials; if that meets a fault too, the old ones hold on."""
        handshake = self._b.functions["credentials"].handshake
        with suppress(OcpiError):
            handshake.renew(handshake.partners.get("a"))

    def _make(self, change: Change) -> None:
        _, make = KINDS[change.kind]
        with event_loop():
            reply = make(
                Backend(self._a.functions["owner"].handler, change.which, Random(change.dice), self._story.ties)
            )
        ended = reply.status == 400 and "COMPLETED" in reply.detail
        assert ended or reply.status in {200, 201, 204, 404}, (change, reply)

    def _accident(self, function: str, number: int, moment: Moment) -> BaseException | None:
        if self._dice.random() >= self._story.accidents:
            return None
        return Killed() if self._dice.random() < 0.5 else Unavailable()

    def _hear(self, table: str, record: Typed) -> None:
        """Something was written to a table."""
        image = record["dynamodb"].get("NewImage") or record["dynamodb"]["OldImage"]
        if image["sk"]["S"] != "OBJECT":
            return
        if table == self._b.table("objects"):
            self._last_written = self.cloud.simulation.seconds
            if image["module"]["S"] == "cdrs":
                self._written_cdrs.append(_name(image))
        elif _is_for_b(image):
            self._changes += 1

    def _differences(self) -> Iterator[str]:
        """Where B's store is not A's visible objects, and which CDRs it has got more than once."""
        here, there = (_documents(self.cloud.dynamodb.items(each.table("objects"))) for each in (self._a, self._b))
        for name in sorted(here.keys() | there.keys()):
            if here.get(name) != there.get(name):
                yield f"{name}: A has {here.get(name)}, B has {there.get(name)}"
        for name in sorted(set(self._written_cdrs)):
            if self._written_cdrs.count(name) > 1:
                yield f"{name}: B has written it {self._written_cdrs.count(name)} times"

    def _left_over(self) -> Iterator[str]:
        """What A has still to do, or has given up. A wake that is a dead letter is no loss: the sweep sees to that."""
        due = DueObjects(self._a.table("deliveries"))
        yield from (f"{left.object_id.text}: is still due" for left in due.all(B))
        yield from (f"{each.object_id.text}: is parked, {each.given}: {each.reason}" for each in due.parked(B))


def _is_for_b(image: Typed) -> bool:
    """Sessions and CDRs concern the eMSP of their token alone."""
    if image["module"]["S"] not in ("sessions", "cdrs"):
        return True
    token: dict[str, Any] = wire.loads_object(image["document"]["S"])["cdr_token"]  # type: ignore[assignment]  # checked
    return bool(token["party_id"] == SESSION["cdr_token"]["party_id"])


def _documents(items: Iterable[Typed]) -> dict[str, wire.JsonObject]:
    """The objects that are for B."""
    stored = [item for item in items if item["sk"]["S"] == "OBJECT" and _is_for_b(item)]
    return {_name(item): wire.loads_object(item["document"]["S"]) for item in stored}


def _name(image: Typed) -> str:
    """What an object is called on both sides; in front of that stands whose connection it came over."""
    return str(image["pk"]["S"].split("#", 2)[2])
