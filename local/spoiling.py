"""What a fault makes of a request: how often it is carried out, and what is answered. Apart from any server."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import format_datetime as format_http_date
from random import Random

from local.faults import (
    Body,
    Drop,
    Fault,
    Garbage,
    Half,
    Ocpi,
    Repeat,
    Rotate,
    Shuffle,
    Status,
    Throttle,
    Twice,
    Vanish,
)
from ocpi import wire


@dataclass(frozen=True)
class Answer:
    """An HTTP answer, its header names in lower case; of one that is not `whole`, only half the content is sent."""

    status: int
    content: bytes
    headers: Mapping[str, str]
    whole: bool = True


def times_done(fault: Fault | None) -> int:
    """How often a request that meets a fault is carried out: 0, 1 or 2 times."""
    match fault:
        case Twice():
            return 2
        case Status() | Garbage() | Drop():
            return int(fault.acts)
        case Throttle() | Ocpi() | Vanish() | Rotate():
            return 0
    return 1


def wait_seconds(fault: Fault | None) -> float:
    """The real seconds to wait before anything else."""
    return 0 if fault is None or isinstance(fault, Vanish) else fault.seconds


def spoiled(fault: Fault | None, answer: Answer | None, now: datetime, random: Random) -> Answer | None:
    """What the caller is answered; None if the connection is dropped.

    Args:
        fault: what the request meets.
        answer: the right answer; None if the request has not been carried out.
        now: simulated time, for an answer that tells it.
        random: for the order of a list.
    """
    if isinstance(fault, Vanish | Drop):
        return None
    made_up = _made_up(fault, now)
    if made_up:
        return made_up
    if answer is None:
        raise ValueError("there is no answer to a request that was not carried out")
    match fault:
        case Half():
            return replace(answer, whole=False)
        case Shuffle():
            return _listed(answer, random, _out_of_order)
        case Repeat():
            return _listed(answer, random, _with_one_twice)
    return answer


def _made_up(fault: Fault | None, now: datetime) -> Answer | None:
    """What is answered whether or not the request was carried out."""
    match fault:
        case Status():
            return Answer(fault.http_status, b"<h1>Something went wrong</h1>", {"content-type": "text/html"})
        case Throttle():
            return _throttled(fault, now)
        case Garbage():
            content_type, content = _GARBAGE[fault.body]
            return Answer(200, content, {"content-type": content_type})
        case Ocpi():
            return _refusal(fault.http_status, fault.status_code, "refused on purpose", now)
        case Rotate():
            return _refusal(401, 2000, "no valid credentials token", now)
    return None


_GARBAGE: Mapping[Body, tuple[str, bytes]] = {
    Body.HTML: ("text/html", b"<!doctype html><title>It works</title><p>Under construction"),
    Body.JSON: ("application/json", b'{"status_code": 1000, "data": ['),
    Body.NO_ENVELOPE: ("application/json", b'{"success": true}'),
    Body.EMPTY: ("application/json", b""),
}


def _throttled(fault: Throttle, now: datetime) -> Answer:
    if fault.retry_after is None:
        return Answer(429, b"", {})
    if not fault.as_date:
        return Answer(429, b"", {"retry-after": str(fault.retry_after)})
    then = now + timedelta(seconds=fault.retry_after)
    return Answer(429, b"", {"retry-after": format_http_date(then, usegmt=True)})


def _refusal(http_status: int, status_code: int, message: str, now: datetime) -> Answer:
    envelope = {"status_code": status_code, "status_message": message, "timestamp": now}
    return Answer(http_status, wire.dumps(envelope), {"content-type": "application/json"})


def _listed(answer: Answer, random: Random, change: "_Change") -> Answer:
    """The same answer with another list of objects, if it is a list."""
    try:
        envelope = wire.loads_object(answer.content)
    except wire.NotJson:
        return answer
    objects = envelope.get("data")
    if not isinstance(objects, list):
        return answer
    return replace(answer, content=wire.dumps(envelope | {"data": change(objects, random)}))


type _Change = Callable[[Sequence[wire.Json], Random], list[wire.Json]]


def _out_of_order(objects: Sequence[wire.Json], random: Random) -> list[wire.Json]:
    """In another order, if there are two that differ."""
    mixed = random.sample(objects, len(objects))
    return mixed if mixed != objects else mixed[::-1]


def _with_one_twice(objects: Sequence[wire.Json], random: Random) -> list[wire.Json]:
    """One of them twice, at any place."""
    if not objects:
        return []
    place = random.randint(0, len(objects))
    return [*objects[:place], random.choice(objects), *objects[place:]]
