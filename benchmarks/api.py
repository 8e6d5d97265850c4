"""Requests through the Lambda handler with an API Gateway event, beside the same work done by the peers."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from typing import Any, NamedTuple

from benchmarks import floor
from benchmarks.figure import TURN_MS, Figure, in_turn
from benchmarks.location import location, location_id
from benchmarks.peers.environments import PEERS, Peer, Unavailable, prepared
from benchmarks.processes import Worker, worker
from benchmarks.requests import event
from tests.objects import SESSION

TURNS = 12
PAGE = 50
WARM_UP = 50
_RECEIVED = f"locations/NL/SIM/{location_id(1)}"


class Work(NamedTuple):
    """A request to us, and what the peers take for the same."""

    what: str
    ours: Mapping[str, Any]
    theirs: Mapping[str, Any] | None
    objects: int
    """How many objects the answer holds."""


WORK = [
    Work(
        "PUT one Location",
        event("PUT", f"/ocpi/2.2.1/receiver/{_RECEIVED}", body=location(1)),
        event("PUT", f"/ocpi/emsp/2.2.1/{_RECEIVED}", body=location(1)),
        objects=0,
    ),
    Work(
        "GET one Location",
        event("GET", f"/ocpi/2.2.1/receiver/{_RECEIVED}"),
        event("GET", f"/ocpi/emsp/2.2.1/{_RECEIVED}"),
        objects=1,
    ),
    Work(
        f"GET a page of {PAGE} Locations",
        event("GET", "/ocpi/2.2.1/sender/locations", query=f"limit={PAGE}"),
        event("GET", "/ocpi/cpo/2.2.1/locations/", query=f"limit={PAGE}"),
        objects=PAGE,
    ),
    Work(
        "PUT one Session",
        event("PUT", "/ocpi/2.2.1/receiver/sessions/NL/SIM/S1", body=SESSION),
        None,
        objects=0,
    ),
    Work("GET one Session", event("GET", "/ocpi/2.2.1/receiver/sessions/NL/SIM/S1"), None, objects=1),
]


def measure(turns: int = TURNS, turn_ms: float = TURN_MS) -> Iterator[Figure]:
    """Each request beside each peer, and beside the floor; PUT comes first, so that there is something to GET."""
    with ExitStack() as stack:
        ours = stack.enter_context(worker("benchmarks.ours", str(PAGE * 2)))
        least = stack.enter_context(worker("benchmarks.floor"))
        peers: dict[Peer, Worker | Unavailable] = {}
        for peer in PEERS:
            try:
                python = prepared(peer)
            except Unavailable as reason:
                peers[peer] = reason
                continue
            peers[peer] = stack.enter_context(
                worker("benchmarks.peers.library", peer.imported_as, python=python, path=peer.source())
            )
        for work in WORK:
            sides = _Sides(ours, least, peers if work.theirs else {})
            yield from _figures(work, sides, turns, turn_ms)


class _Sides(NamedTuple):
    ours: Worker
    least: Worker
    peers: Mapping[Peer, Worker | Unavailable]


def _figures(work: Work, sides: _Sides, turns: int, turn_ms: float) -> Iterator[Figure]:
    able = {peer: _able(of, work) for peer, of in sides.peers.items()}
    running = {peer: of for peer, of in able.items() if isinstance(of, Worker)}
    _check(sides.ours, work.ours, work.objects)
    requests = [
        (sides.least, work.ours),
        (sides.ours, work.ours),
        *((of, work.theirs or {}) for of in running.values()),
    ]
    calls = [partial(_milliseconds, of, request) for of, request in requests]
    least_ms, ours_ms, *peers_ms = in_turn(calls, turns, turn_ms)
    measured = dict(zip(running, peers_ms, strict=True))
    for peer, state in able.items():
        who = f"not measured: {state}" if isinstance(state, Unavailable) else "a dict for a store"
        yield Figure(work.what, ours_ms, measured.get(peer), f"{peer.title}: {who}")
    yield Figure(work.what, ours_ms, least_ms, floor.NAME)


def _able(peer: Worker | Unavailable, work: Work) -> Worker | Unavailable:
    """The peer, if it does the work."""
    if isinstance(peer, Unavailable):
        return peer
    try:
        _check(peer, work.theirs or {}, work.objects)
    except RuntimeError as error:
        return Unavailable(str(error))
    return peer


def _milliseconds(of: Worker, request: Mapping[str, Any], times: int) -> list[float]:
    return of.run(request, times).milliseconds


def _check(of: Worker, request: Mapping[str, Any], objects: int) -> None:
    """Warm up, and see to it that the work is really done.

    Raises:
        RuntimeError: it is not.
    """
    measured = of.run(request, WARM_UP)
    data = measured.body.get("data") or []
    # The peers answer a PUT with what they stored, and one object as a list of one.
    found = len(data) if isinstance(data, list) else 1
    if measured.body.get("status_code") != 1000 or found < objects:
        raise RuntimeError(f"{request['rawPath']} was answered with {measured.answer['body'][:100]}")
