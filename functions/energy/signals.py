"""Grid operators' signals: PUT one to curtail, GET what will be done and what proves it, DELETE it to take it back."""

import re
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from fastapi import APIRouter, Request
from starlette.responses import Response

from energy import examples
from energy.access import calling, site_of
from energy.answers import Refusal, answer, no_such
from energy.describe import (
    CONFIRM,
    EDITED,
    MOMENT,
    Described,
    Responses,
    body,
    found,
    listing,
    problem,
    query,
    reference,
    returns,
)
from energy.paging import PAGING, Pages, before_in
from energy.reading import Span, by_anybody, moment_of, read_body
from ocpi import clock
from ocpi.energy.desk import Desk
from ocpi.energy.signal_desk import SignalDesk
from ocpi.energy.signals import FURTHEST_AHEAD, USUAL, SignalAnswer, SignalOrder
from ocpi.sites.record import Signal
from ocpi.sites.site import SiteError
from ocpi.store.grants import Right

_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}", re.ASCII)

_PAGING: list[Described] = [
    query("from", MOMENT, f"From when; {USUAL.days} days ago if left out."),
    query("until", MOMENT, "Until when; all that are to come if left out."),
    *PAGING[-2:],
]
_ANSWERED: Responses = {200: returns(reference(SignalAnswer), "So it stands.", examples.SIGNAL)}
_REFUSED: Responses = EDITED | {
    409: problem(
        "There is a signal of that id with other content, or that was taken back; "
        "or it is odd, and taken with ?confirm=true."
    ),
}


@dataclass(frozen=True)
class SignalRoutes:
    """The routes of signals, below a site. Who may only signal sees its own.

    Args:
        desk: which sites there are.
        signals: what takes them.
        base_url: where this API is; links lead to pages below it.
    """

    desk: Desk
    signals: SignalDesk
    base_url: str

    def routes(self) -> APIRouter:
        """The routes."""
        router = APIRouter(prefix="/sites/{site_id}/signals", tags=["signals"])
        router.add_api_route(
            "",
            self.list,
            methods=["GET"],
            operation_id="listSignals",
            summary="The signals that hold at some time of a span, the one that starts last first",
            responses=found(listing(reference(SignalAnswer)), [examples.SIGNAL]),
            openapi_extra={"parameters": _PAGING},
        )
        router.add_api_route(
            "/{signal_id}",
            self.get,
            methods=["GET"],
            operation_id="getSignal",
            summary="What will be done, and what proves afterwards that it was",
            responses=_ANSWERED,
        )
        router.add_api_route(
            "/{signal_id}",
            self.put,
            methods=["PUT"],
            operation_id="putSignal",
            summary="Curtail a site; the same again changes nothing",
            responses=_REFUSED | _ANSWERED | {201: returns(reference(SignalAnswer), "It is taken.", examples.SIGNAL)},
            openapi_extra={"parameters": [CONFIRM]} | body(reference(SignalOrder), examples.SIGNAL_ORDER),
        )
        router.add_api_route(
            "/{signal_id}",
            self.delete,
            methods=["DELETE"],
            operation_id="deleteSignal",
            summary="Take a signal back; the same again changes nothing",
            responses=_ANSWERED,
        )
        return router

    async def list(self, request: Request) -> Response:
        """Those that the caller may see."""
        site_id, now = site_of(request, Right.READ, Right.SIGNAL), clock.now()
        self.desk.get(site_id)
        start = moment_of(request, "from") or now - USUAL
        end = moment_of(request, "until") or max(start, now) + FURTHEST_AHEAD
        span = before_in(request, Span(start, end))
        seen = (
            each
            for each in self.signals.ledgers.signals(site_id, span.start, span.end)
            if _may_see(request, site_id, each)
        )
        return Pages(self.base_url, _starts).answer(request, seen, lambda each: SignalAnswer.of(each, now))

    async def get(self, request: Request) -> Response:
        """One of them."""
        site_id = site_of(request, Right.READ, Right.SIGNAL)
        return answer(SignalAnswer.of(self._known(request, site_id), clock.now()))

    async def put(self, request: Request) -> Response:
        """Take one."""
        site_id: str = site_of(request, Right.SIGNAL)
        signal_id = request.path_params["signal_id"]
        if not _ID.fullmatch(signal_id):
            raise SiteError(["signal_id: must be 1 to 64 letters, digits, '.', '_', ':' and '-'"])
        order, sender = await read_body(request, SignalOrder), calling(request).principal
        taken, new = self.signals.take(site_id, signal_id, order, by_anybody(request), sender)
        return answer(SignalAnswer.of(taken, clock.now()), http_status=201 if new else 200)

    async def delete(self, request: Request) -> Response:
        """Take one back."""
        site_id = site_of(request, Right.SIGNAL)
        known = self._known(request, site_id)
        if known.author != calling(request).principal:
            raise Refusal(HTTPStatus.FORBIDDEN, "only who has sent a signal takes it back")
        taken_back = self.signals.cancel(site_id, known.signal_id, by_anybody(request))
        return answer(SignalAnswer.of(taken_back, clock.now()))

    def _known(self, request: Request, site_id: str) -> Signal:
        signal_id: str = request.path_params["signal_id"]
        known = self.signals.ledgers.signal(site_id, signal_id) if _ID.fullmatch(signal_id) else None
        if known is None or not _may_see(request, site_id, known):
            raise no_such(f"signal {signal_id[:64]!r}")
        return known


def _starts(signal: Signal) -> datetime:
    return signal.start


def _may_see(request: Request, site_id: str, signal: Signal) -> bool:
    who = calling(request)
    return Right.READ in who.rights(site_id) or signal.author == who.principal
