"""What goes wrong on purpose: which fault a request meets, decided by a list of faults and a seed.

The engine only decides, and knows no sockets: ``faults.decide("PUT", "locations", clock.now())``. What becomes of the
answer is in ``local.spoiling``; who serves the request, or passes it on, does both (see ``local.ocpi_http.faulty``).

A fault is written as a line, ``slow seconds=3 p=0.5 module=locations``, or as a JSON object,
``{"kind": "slow", "seconds": 3, "probability": 0.5, "module": "locations"}``; a schedule is a JSON list of them.
"""

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import count
from pathlib import Path
from random import Random
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    TypeAdapter,
    ValidationError,
)

from ocpi import wire
from ocpi.types.primitives import format_datetime, parse_datetime, same
from ocpi.types.versions import ModuleID

VERSIONS = "versions"
"""What counts as the module of the versions and of their details."""

MODULES = (VERSIONS, *ModuleID)


class FaultError(ValueError):
    """A fault is written wrong; the message is one line and says what."""


class Body(StrEnum):
    """What stands in an answer that is none."""

    HTML = "html"
    JSON = "json"
    NO_ENVELOPE = "no-envelope"
    EMPTY = "empty"


def _moment(value: object) -> datetime | timedelta:
    """A time, or the seconds since the fault was added."""
    if isinstance(value, datetime | timedelta):
        return value
    try:
        seconds = float(value)  # type: ignore[arg-type]  # a TypeError says what is no number
    except (TypeError, ValueError):
        return parse_datetime(str(value))
    if not 0 <= seconds <= timedelta(days=366).total_seconds():
        raise ValueError("must be 0 seconds or more, a year at most")
    return timedelta(seconds=seconds)


def _written(moment: datetime | timedelta) -> str | float:
    return format_datetime(moment) if isinstance(moment, datetime) else moment.total_seconds()


def _module(name: str) -> str:
    if name not in MODULES:
        raise ValueError(f"must be one of {', '.join(MODULES)}")
    return name


Moment = Annotated[datetime | timedelta, BeforeValidator(_moment), PlainSerializer(_written)]
"""Simulated time (``ocpi.clock``): a UTC time, or seconds since the fault was added."""

Seconds = Annotated[float, Field(ge=0, le=3600)]


class _Timed(BaseModel):
    """When a fault is there: in [`start`, `until`), for ever without them."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    start: Annotated[Moment | None, Field(alias="from")] = None
    until: Moment | None = None


class Vanish(_Timed):
    """Nobody is there: every connection is dropped unanswered, and nothing is sent either."""

    kind: Literal["vanish"]


class _Met(_Timed):
    """Which requests meet a fault.

    Args:
        probability: of the requests that match, by chance.
        module: only requests about this module; ``versions`` are the versions and their details.
        method: only this method.
        id: only requests about the object with this id (or uid), as its path or a CDR names it.
        times: only so many requests, then never again.
        seconds: real seconds to wait before anything else.
    """

    probability: Annotated[float, Field(gt=0, le=1)] = 1
    module: Annotated[str, AfterValidator(_module)] | None = None
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] | None = None
    id: str | None = None
    times: Annotated[int, Field(ge=1)] | None = None
    seconds: Seconds = 0

    def concerns(self, method: str, module: str, object_id: str | None) -> bool:
        """Whether a request may meet it."""
        return (
            self.module in {None, module}
            and self.method in {None, method}
            and (self.id is None or (object_id is not None and same(self.id, object_id)))
        )


class Slow(_Met):
    """The answer takes `seconds`, and is right."""

    kind: Literal["slow"]
    seconds: Annotated[float, Field(gt=0, le=3600)]


class Status(_Met):
    """An HTTP status without an envelope; the request is carried out nevertheless if it `acts`."""

    kind: Literal["status"]
    http_status: Annotated[int, Field(ge=400, le=599)] = 500
    acts: bool = False


class Throttle(_Met):
    """HTTP 429, with ``Retry-After`` as seconds, as an HTTP date (`as_date`), or without it."""

    kind: Literal["throttle"]
    retry_after: Annotated[int, Field(ge=0, le=86_400)] | None = None
    as_date: bool = False


class Garbage(_Met):
    """HTTP 200 with what is no OCPI answer; the request is carried out nevertheless if it `acts`."""

    kind: Literal["garbage"]
    body: Body = Body.HTML
    acts: bool = False


class Half(_Met):
    """The request is carried out; half of the right answer is sent, then the connection closed."""

    kind: Literal["half"]


class Drop(_Met):
    """The connection is closed unanswered: before the request is carried out, or after it if it `acts`."""

    kind: Literal["drop"]
    acts: bool = False


class Shuffle(_Met):
    """The objects of a page of a list are out of order."""

    kind: Literal["shuffle"]


class Repeat(_Met):
    """One object of a page of a list is there twice."""

    kind: Literal["repeat"]


class Twice(_Met):
    """The request is carried out twice, as if the network had brought it twice; the second answer counts."""

    kind: Literal["twice"]


class Ocpi(_Met):
    """The envelope refuses the request with this OCPI status code; nothing is carried out."""

    kind: Literal["ocpi"]
    status_code: Annotated[int, Field(ge=2000, le=4999)] = 3000
    http_status: Annotated[int, Field(ge=200, le=599)] = 200


class Rotate(_Met):
    """The token is no longer taken (401) from this request on, and a new one is PUT to the platform's credentials.

    Requests of the handshake itself never meet it.
    """

    kind: Literal["rotate"]
    times: Annotated[int, Field(ge=1)] | None = 1

    def concerns(self, method: str, module: str, object_id: str | None) -> bool:
        """Whether a request may meet it."""
        return module not in {VERSIONS, ModuleID.CREDENTIALS} and super().concerns(method, module, object_id)


class Replay(_Met):
    """After a request that we send, one that we have sent before is sent again."""

    kind: Literal["replay"]


type Fault = Annotated[
    Slow | Status | Throttle | Garbage | Half | Drop | Vanish | Shuffle | Repeat | Twice | Ocpi | Rotate | Replay,
    Field(discriminator="kind"),
]

_FAULT: TypeAdapter[Fault] = TypeAdapter(Fault)
_SHORT = {"p": "probability"}


def fault_of(document: object) -> Fault:
    """A fault from its JSON object.

    Raises:
        FaultError: it is written wrong.
    """
    try:
        fault = _FAULT.validate_python(document)
    except ValidationError as error:
        raise FaultError(_sentence(error)) from None
    _check_times(fault)
    return fault


def parse(line: str) -> Fault:
    """A fault from a line such as ``slow seconds=3 p=0.5 module=locations``.

    Raises:
        FaultError: it is written wrong; the message repeats the line.
    """
    kind, *words = line.split() or [""]
    fields: dict[str, str] = {"kind": kind}
    for word in words:
        name, equals, value = word.partition("=")
        name = _SHORT.get(name, name)
        if not equals or name in fields:
            raise FaultError(f"fault {line!r}: {word!r} must be name=value, each name once")
        fields[name] = value
    try:
        return fault_of(fields)
    except FaultError as error:
        raise FaultError(f"fault {line!r}: {error}") from None


def read_schedule(path: Path) -> list[Fault]:
    """The faults in a JSON file: a list of objects.

    Raises:
        FaultError: it cannot be read, or a fault in it is written wrong; the message names it by its index.
    """
    try:
        documents = wire.loads(path.read_bytes())
    except OSError as error:
        raise FaultError(f"{path}: {error.strerror}") from None
    except wire.NotJson as error:
        raise FaultError(f"{path}: no JSON: {error}") from None
    if not isinstance(documents, list):
        raise FaultError(f"{path}: must be a JSON list of faults")
    return [_entry(f"{path}: /{index}", document) for index, document in enumerate(documents)]


def _entry(place: str, document: object) -> Fault:
    try:
        return fault_of(document)
    except FaultError as error:
        raise FaultError(f"{place}: {error}") from None


def _sentence(error: ValidationError) -> str:
    """What is wrong first, in one line."""
    wrong = error.errors()[0]
    if wrong["type"] in {"union_tag_invalid", "union_tag_not_found"}:
        return f"kind: must be one of {', '.join(KINDS)}"
    name = ".".join(str(part) for part in wrong["loc"][1:]) or "a fault"
    return f"{name}: {wrong['msg'].removeprefix('Value error, ')}"


def _check_times(fault: Fault) -> None:
    start, until = fault.start, fault.until
    if isinstance(start, datetime) and isinstance(until, datetime) and until <= start:
        raise FaultError("until: must be later than from")
    if isinstance(start, timedelta) and isinstance(until, timedelta) and until <= start:
        raise FaultError("until: must be later than from")


def _kinds() -> tuple[str, ...]:
    schema = _FAULT.json_schema()
    return tuple(schema["discriminator"]["mapping"])


KINDS = _kinds()
"""All kinds of faults."""


# --- deciding -----------------------------------------------------------------------------------------------


@dataclass
class Placed:
    """A fault that was added.

    Args:
        id: to remove it by.
        fault: what it is.
        added: when, in simulated time.
        struck: how many requests have met it.
    """

    id: str
    fault: Fault
    added: datetime
    dice: Random
    struck: int = 0

    def begins(self) -> datetime | None:
        """From when on it is there."""
        return self._moment(self.fault.start)

    def ends(self) -> datetime | None:
        """When it is over."""
        return self._moment(self.fault.until)

    def over(self, now: datetime) -> bool:
        """Whether no request can meet it any more."""
        ends = self.ends()
        return (ends is not None and now >= ends) or self._used_up()

    def there(self, now: datetime) -> bool:
        """Whether a request can meet it now."""
        begins = self.begins()
        return (begins is None or now >= begins) and not self.over(now)

    def strikes(self, method: str, module: str, object_id: str | None) -> bool:
        """Whether a request meets it while it is there: the n-th that may do so always does, or never, by the seed."""
        if isinstance(self.fault, _Met):
            if not self.fault.concerns(method, module, object_id):
                return False
            if self.dice.random() >= self.fault.probability:
                return False
        self.struck += 1
        return True

    def _used_up(self) -> bool:
        times = self.fault.times if isinstance(self.fault, _Met) else None
        return times is not None and self.struck >= times

    def _moment(self, moment: datetime | timedelta | None) -> datetime | None:
        return self.added + moment if isinstance(moment, timedelta) else moment

    def described(self, now: datetime) -> dict[str, Any]:
        """As JSON: the fault, its id, how often it struck, and whether it waits, is there or is over."""
        state = "over" if self.over(now) else "there" if self.there(now) else "waits"
        written = self.fault.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        return {"id": self.id, "state": state, "struck": self.struck, "fault": written}


class Faults:
    """The faults that are to be met. With the same seed and the same requests, the same requests meet the same faults.

    Each fault throws dice of its own, so adding one changes nothing about the others. Safe to use from many threads.

    Args:
        seed: of the dice.
        faults: to begin with.
        now: when these are added, in simulated time; needed with `faults`.
    """

    def __init__(self, seed: int = 0, faults: Iterable[Fault] = (), now: datetime | None = None) -> None:
        self.random = Random(seed)
        """For what is done by chance once a fault is met, such as the order of a list."""
        self._seed = seed
        self._numbers = count(1)
        self._placed: list[Placed] = []
        self._lock = threading.Lock()
        for fault in faults:
            if now is None:
                raise ValueError("faults from the beginning need the time of the beginning")
            self.add(fault, now)

    def add(self, fault: Fault, now: datetime) -> Placed:
        """Add a fault behind those there are; times in seconds count from `now`."""
        with self._lock:
            number = next(self._numbers)
            placed = Placed(str(number), fault, now, Random(f"{self._seed}/{number}"))
            self._placed.append(placed)
            return placed

    def remove(self, id_: str) -> bool:
        """Remove a fault; whether there was one with that id."""
        with self._lock:
            left = [placed for placed in self._placed if placed.id != id_]
            gone = len(left) < len(self._placed)
            self._placed = left
            return gone

    def clear(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._placed = []

    def decide(
        self, method: str, module: str, now: datetime, object_id: str | None = None, *, sending: bool = False
    ) -> Fault | None:
        """The fault that a request meets, if any: the first in the list that strikes.

        Args:
            method: the HTTP method.
            module: an OCPI module's identifier, or ``versions``.
            now: simulated time.
            object_id: the id (or uid) of the object that the request is about, if known.
            sending: a request that we send can only meet `Vanish` and `Replay`; one that we serve, all but `Replay`.
        """
        with self._lock:
            for placed in self._placed:
                possible = _may_meet(placed.fault, sending=sending) and placed.there(now)
                if possible and placed.strikes(method, module, object_id):
                    return placed.fault
        return None

    def described(self, now: datetime) -> list[dict[str, Any]]:
        """All faults, as JSON."""
        with self._lock:
            return [placed.described(now) for placed in self._placed]


def _may_meet(fault: Fault, *, sending: bool) -> bool:
    if isinstance(fault, Vanish):
        return True
    return isinstance(fault, Replay) == sending


# --- a schedule by chance ------------------------------------------------------------------------------------


def drawn_schedule(seed: int, lasts: timedelta, number: int = 8) -> list[Fault]:
    """A schedule by chance: so many faults, all over after `lasts`; the same for the same seed.

    Args:
        seed: of the draw.
        lasts: how long the schedule is, in simulated time.
        number: how many faults.
    """
    dice = Random(f"schedule/{seed}")
    whole = lasts.total_seconds()
    return [fault_of(_drawn(dice, whole)) for _ in range(number)]


_DRAWN: Sequence[Mapping[str, object]] = (
    {"kind": "status", "http_status": 500},
    {"kind": "status", "http_status": 503, "acts": True},
    {"kind": "throttle", "retry_after": 2},
    {"kind": "throttle"},
    {"kind": "garbage", "body": "html"},
    {"kind": "garbage", "body": "json", "acts": True},
    {"kind": "garbage", "body": "no-envelope"},
    {"kind": "half"},
    {"kind": "drop"},
    {"kind": "drop", "acts": True},
    {"kind": "twice"},
    {"kind": "ocpi", "status_code": 3000},
    {"kind": "vanish"},
)
"""What may be drawn: all that a platform must get over by itself, without waiting in real time."""


def _drawn(dice: Random, whole: float) -> dict[str, object]:
    chosen = dict(dice.choice(_DRAWN))
    begins, ends = sorted((dice.uniform(0, whole), dice.uniform(0, whole)))
    if chosen["kind"] == "vanish":
        ends = min(ends, begins + whole / 4)
    else:
        chosen["probability"] = dice.uniform(0.05, 0.9)
    return chosen | {"from": begins, "until": max(ends, begins + 0.001)}
