"""Grid operators' signals: PUT one to curtail, GET what will be done and what proves it, DELETE it to take it back."""

import re
from dataclasses import dataclass
from http import HTTPStatus

from fastapi import APIRouter, Request
from starlette.responses import Response

from energy import examples
from energy.access import calling, site_of
from energy.answers import Refusal, answer, no_such
from energy.describe import CONFIRM, EDITED, Responses, body, found, listing, problem, reference, returns
from energy.reading import by_anybody, read_body
from ocpi import clock
from ocpi.energy.desk import Desk
from ocpi.energy.signals import SignalAnswer, SignalOrder
from ocpi.sites.record import Signal
from ocpi.sites.site import SiteError
from ocpi.store.grants import Right
from ocpi.store.ledgers import Ledgers

_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}", re.ASCII)

_ANSWERED: Responses = {200: returns(reference(SignalAnswer), "So it stands.", examples.SIGNAL)}
_REFUSED: Responses = EDITED | {
    409: problem("There is a signal of that id with other content; or it is odd, and taken with ?confirm=true."),
}


@dataclass(frozen=True)
class SignalRoutes:
    """The routes of signals, below a site. Who may only signal sees its own.

    Args:
        desk: what takes them.
        ledgers: where they stand.
    """

    desk: Desk
    ledgers: Ledgers

    def routes(self) -> APIRouter:
        """The routes."""
        router = APIRouter(prefix="/sites/{site_id}/signals", tags=["signals"])
        router.add_api_route(
            "",
            self.list,
            methods=["GET"],
            operation_id="listSignals",
            summary="The signals to a site, the one that starts last first",
            responses=found(listing(reference(SignalAnswer)), [examples.SIGNAL]),
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
        seen = [each for each in self.ledgers.signals(site_id) if _may_see(request, site_id, each)]
        return answer([SignalAnswer.of(each, now) for each in seen])

    async def get(self, request: Request) -> Response:
        """One of them."""
        site_id = site_of(request, Right.READ, Right.SIGNAL)
        return answer(SignalAnswer.of(self._known(request, site_id), clock.now()))

    async def put(self, request: Request) -> Response:
        """Take one."""
        site_id, now = site_of(request, Right.SIGNAL), clock.now().replace(microsecond=0)
        signal_id = request.path_params["signal_id"]
        if not _ID.fullmatch(signal_id):
            raise SiteError(["signal_id: must be 1 to 64 letters, digits, '.', '_', ':' and '-'"])
        order = await read_body(request, SignalOrder)
        known = self.ledgers.signal(site_id, signal_id)
        received = known.received_at if known else now
        signal = order.signal(signal_id, calling(request).principal, received)
        taken = self.desk.signal(site_id, signal, by_anybody(request))
        return answer(SignalAnswer.of(taken, now), http_status=200 if known else 201)

    async def delete(self, request: Request) -> Response:
        """Take one back."""
        site_id = site_of(request, Right.SIGNAL)
        known = self._known(request, site_id)
        if known.author != calling(request).principal:
            raise Refusal(HTTPStatus.FORBIDDEN, "only who has sent a signal takes it back")
        taken_back = self.desk.cancel_signal(site_id, known.signal_id, by_anybody(request))
        return answer(SignalAnswer.of(taken_back, clock.now()))

    def _known(self, request: Request, site_id: str) -> Signal:
        signal_id: str = request.path_params["signal_id"]
        known = self.ledgers.signal(site_id, signal_id) if _ID.fullmatch(signal_id) else None
        if known is None or not _may_see(request, site_id, known):
            raise no_such(f"signal {signal_id[:64]!r}")
        return known


def _may_see(request: Request, site_id: str, signal: Signal) -> bool:
    who = calling(request)
    return Right.READ in who.rights(site_id) or signal.author == who.principal
