"""Answering what partners have asked: the one result of each request goes to its response URL (CMD-04, CHP-10)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from ocpi import clock, wire
from ocpi.logs import logger
from ocpi.parties.calling import Calling
from ocpi.requests.bodies import SET, check_result, token_of
from ocpi.requests.deadlines import LONGEST_RUN, Deadlines
from ocpi.store import keys
from ocpi.store.controllers import Controller, Controllers
from ocpi.store.keys import ObjectId
from ocpi.store.objects import Objects, StoredObject
from ocpi.store.partners import Partners
from ocpi.store.requests import LONGEST_FAILURE, Direction, Request, Requests, RequestStatus
from ocpi.store.reservations import Reservation, Reservations
from ocpi.transport.client import PartnerUnreachable
from ocpi.transport.headers import Routing
from ocpi.transport.status import OcpiError, StatusCode, unknown
from ocpi.types.chargingprofiles import ChargingProfileResultType
from ocpi.types.commands import CommandResultType, CommandType
from ocpi.types.primitives import format_datetime, parse_datetime
from ocpi.types.sessions import SessionStatus
from ocpi.types.versions import ModuleID

_ACCEPTED = CommandResultType.ACCEPTED
"""In the results of charging profiles it is called the same."""

_ANSWERED = (ModuleID.COMMANDS, ModuleID.CHARGING_PROFILES)
"""The modules whose results go to a response URL."""


TRY_AGAIN_AFTER = (timedelta(seconds=10), timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10))
"""How long to wait after each time that a partner could not be told a result, until it is given up."""

LONGEST_PAUSE = timedelta(minutes=15)
"""However much later a partner wants to be told."""

_TEMPORARY = (408, 425, 429)
"""HTTP statuses of clients' errors that are none of the request itself."""


@dataclass(frozen=True)
class _Failure:
    """A result that the partner has not taken; a `passing` failure may be over soon, or when the partner says so."""

    why: str
    passing: bool
    retry_after: timedelta | None = None


@dataclass(frozen=True)
class Answering:
    """Concludes the requests that partners have made."""

    requests: Requests
    reservations: Reservations
    controllers: Controllers
    objects: Objects
    partners: Partners
    calling: Calling
    deadlines: Deadlines

    @classmethod
    def of(cls, objects_table: str, timeout_queue_url: str, partners: Partners, calling: Calling) -> Self:
        """On the objects table and the timeouts queue."""
        return cls(
            Requests(objects_table),
            Reservations(objects_table),
            Controllers(objects_table),
            Objects(objects_table),
            partners,
            calling,
            Deadlines(timeout_queue_url),
        )

    def conclude(self, request_id: str, result: wire.JsonObject) -> Request:
        """Give a request its result and tell it to the partner; the same result again changes nothing.

        A RESERVE_NOW that was concluded with ACCEPTED takes one more result, CANCELED_RESERVATION, while the
        reservation lasts (CMD-25). If the partner could not be told, the reason stands in the returned request's
        `failure`; it may be told yet, for what may pass is tried again.

        Args:
            request_id: a request that was received.
            result: a CommandResult, ChargingProfileResult, ClearProfileResult or ActiveChargingProfileResult.

        Raises:
            OcpiError: HTTP 404 if there is no such request; 2001 for a wrong result; HTTP 409 if it has another
                result already.
        """
        request = self.requests.get(request_id)
        if request is None or not _ours_to_answer(request):
            raise unknown(f"request {request_id}")
        check_result(request, result)
        concluded = self.settle(request_id, result) or self._cancel(request_id, result)
        if concluded:
            return concluded
        known = self.requests.get(request_id) or request
        if known.result != result:
            why = f"the request has the result {known.outcome} already"
            raise OcpiError(StatusCode.CLIENT_ERROR, f"{why}, which is being told" if known.untold else why, 409)
        return self._finish(known)

    def settle(self, request_id: str, result: wire.JsonObject) -> Request | None:
        """The same with a result that has been checked; None if the request is not pending."""
        concluded = self.requests.conclude(request_id, result)
        return self._finish(concluded) if concluded else None

    def look(self, request_id: str) -> None:
        """Do what has to be done about a request now, as the timeouts queue asks for (CMD-07, CMD-09, CHP-16).

        One that is overdue ends, and a result that was not told is told. As long as something is left to do there is a
        message about it: one that comes early is sent again with the time that is left, and one about what somebody
        else is doing when he must have done it.
        """
        request = self.requests.get(request_id)
        if request and request.status is RequestStatus.PENDING:
            if clock.now() < request.deadline:
                self.deadlines.wake(request_id, request.deadline)
                return
            request = self._end_overdue(request) or self.requests.get(request_id)
        if request is None or request.direction is not Direction.RECEIVED or request.result is None:
            return
        finished = self._finish(request)
        if finished.told:
            self._end_expired(finished)

    def _end_overdue(self, request: Request) -> Request | None:
        """None if it has ended at this very moment."""
        if request.direction is Direction.SENT:
            return self.requests.expire(request.id)
        return self.settle(request.id, {"result": _result_of_silence(request)})

    # Results

    def _finish(self, request: Request) -> Request:
        """What follows from a result, and telling it: all that has not happened yet, and nobody else is doing."""
        if not request.untold:
            return request
        if request.telling_until is None:
            self._follow(request)
        claimed = self.requests.claim(request, clock.now() + LONGEST_RUN)
        request = self._tell(claimed) if claimed else self.requests.get(request.id) or request
        if request.untold and request.telling_until:
            self.deadlines.wake(request.id, request.telling_until)
        return request

    def _follow(self, request: Request) -> None:
        """What follows from a result here; the partner is told of it afterwards."""
        if request.outcome == _ACCEPTED:
            self._accepted(request)
        elif request.outcome == CommandResultType.CANCELED_RESERVATION:
            self._cancelled(request)

    def _tell(self, request: Request) -> Request:
        """POST the result to just the URL that was given, and keep what became of it (CMD-08)."""
        failure = self._post(request)
        logger.info(
            "result",
            request_id=request.id,
            kind=request.kind,
            result=request.outcome,
            failure=failure and failure.why,
        )
        return self.requests.tried(request, _told(request, failure)) or request

    def _post(self, request: Request) -> _Failure | None:
        """What went wrong, if anything."""
        partner = self.partners.get(request.partner_id)
        if partner is None or request.response_url is None:
            return _Failure("the partner is unknown", passing=False)
        try:
            routing = Routing(request.own_party, request.party)
            client = self.calling.client(partner, routing, correlation_id=request.correlation_id)
            answer = client.post(request.response_url, request.result)
        except PartnerUnreachable as error:
            passing = error.http_status is None or _passing(error.http_status)
            return _Failure(str(error), passing, error.retry_after)
        if answer.ok:
            return None
        failed = answer.status_code // 1000 == StatusCode.SERVER_ERROR // 1000
        return _Failure(str(answer), failed or _passing(answer.http_status), answer.retry_after)

    def _accepted(self, request: Request) -> None:
        match request.kind:
            case CommandType.RESERVE_NOW:
                self._begin_reservation(request)
            case CommandType.CANCEL_RESERVATION:
                reservation = self._reservation(request)
                if reservation:
                    self._end_reservation(request, reservation)
            case kind if kind == SET and request.about:
                controller = Controller(partner_id=request.partner_id, party=request.party, own_party=request.own_party)
                self.controllers.add(request.about, controller)

    def _cancelled(self, request: Request) -> None:
        reservation = self._made_by(request)
        if reservation:
            self._end_reservation(request, reservation)

    # Reservations

    def _reservation(self, request: Request) -> Reservation | None:
        """The one that a RESERVE_NOW or CANCEL_RESERVATION is about, if its charge point knows it by that number."""
        if request.party is None:
            return None
        id_ = request.document["reservation_id"]
        found = self.reservations.get(request.partner_id, request.party, id_)
        number = request.document.get("charge_point_reservation_id")
        return found if found and found.number == number else None

    def _begin_reservation(self, request: Request) -> None:
        """The charge point has accepted it: it makes a Session, or changes that of the reservation it replaces."""
        reservation = self._reservation(request)
        expires = parse_datetime(request.document["expiry_date"])
        if reservation:
            reservation = self.reservations.begin(reservation, request.id, request.created, expires)
        if reservation is None:
            logger.warning("the reservation has ended or was changed meanwhile", request_id=request.id)
            return
        self._reserve_session(request, reservation)
        self.reservations.reserve(_token(request), _location(request), reservation)
        self.deadlines.wake(request.id, expires)

    def _reserve_session(self, request: Request, reservation: Reservation) -> None:
        """The Session of a reservation (CMD-24, SES-23); one that was replaced keeps its start."""
        now = clock.now()
        new = (request.session or {}) | {"last_updated": format_datetime(now)}

        def write(known: StoredObject | None) -> tuple[wire.JsonObject, datetime] | None:
            document = known.parsed() if known else {"start_date_time": format_datetime(now)}
            charging = document.get("status", SessionStatus.RESERVATION) != SessionStatus.RESERVATION
            return None if charging else (document | new, now)

        self.objects.write(_session(request, reservation), write)

    def _end_reservation(self, request: Request, reservation: Reservation) -> None:
        """It was cancelled or has expired; a Session that charges by now stays as it is (SES-24)."""
        now = clock.now()
        ended = {"status": SessionStatus.COMPLETED, "end_date_time": format_datetime(now)}

        def complete(document: wire.JsonObject) -> tuple[wire.JsonObject, datetime] | None:
            if document["status"] != SessionStatus.RESERVATION:
                return None
            return document | ended | {"last_updated": format_datetime(now)}, now

        self.objects.change(_session(request, reservation), complete)
        self.reservations.end(reservation)

    def _made_by(self, request: Request) -> Reservation | None:
        """The reservation that a RESERVE_NOW has made, unless another has replaced it or it has ended."""
        if request.kind != CommandType.RESERVE_NOW:
            return None
        reservation = self._reservation(request)
        if reservation is None or reservation.request_id != request.id or reservation.ended:
            return None
        return reservation

    def _end_expired(self, request: Request) -> None:
        reservation = self._made_by(request)
        if reservation is None:
            return
        if clock.now() < reservation.expires:
            self.deadlines.wake(request.id, reservation.expires)
        else:
            self._end_reservation(request, reservation)

    def _cancel(self, request_id: str, result: wire.JsonObject) -> Request | None:
        """Our backend gives up a reservation in force; None if that is not what `result` says, or there is none."""
        if result["result"] != CommandResultType.CANCELED_RESERVATION:
            return None
        request = self.requests.get(request_id)
        reservation = self._made_by(request) if request else None
        if request is None or reservation is None or not reservation.in_force(clock.now()):
            return None
        session = self.objects.get(_session(request, reservation))
        if session is None or session.parsed()["status"] != SessionStatus.RESERVATION:
            return None
        self.deadlines.wake(request_id, clock.now() + LONGEST_RUN)  # first: what is stored will be told
        cancelled = self.requests.cancel_reservation(request_id, result)
        return self._finish(cancelled) if cancelled else None


def _told(request: Request, failure: _Failure | None) -> Mapping[str, object]:
    """What changes in a request after a try to tell its result."""
    if failure is None:
        return {"told": True, "failure": None}
    failed = {"failure": failure.why[:LONGEST_FAILURE], "failed_tries": request.failed_tries + 1}
    if not failure.passing or request.failed_tries == len(TRY_AGAIN_AFTER):
        return failed | {"told": True}
    wanted = min(failure.retry_after or timedelta(0), LONGEST_PAUSE)
    return failed | {"telling_until": clock.now() + max(TRY_AGAIN_AFTER[request.failed_tries], wanted)}


def _passing(http_status: int) -> bool:
    return http_status >= 500 or http_status in _TEMPORARY


def _ours_to_answer(request: Request) -> bool:
    """Whether a charge point of ours is asked: what we pass on is answered by the CPO (CHP-30)."""
    received = request.direction is Direction.RECEIVED and not request.forwarded
    return received and request.module in _ANSWERED


def _result_of_silence(request: Request) -> str:
    """What a partner hears when nothing came from the charge point in time."""
    if request.module is ModuleID.CHARGING_PROFILES:
        return ChargingProfileResultType.REJECTED  # there is no TIMEOUT among their results
    unknown_reservation = "charge_point_reservation_id" not in request.document
    if request.kind == CommandType.CANCEL_RESERVATION and unknown_reservation:
        return CommandResultType.UNKNOWN_RESERVATION  # no charge point knows it (CMD-26)
    return CommandResultType.TIMEOUT


def _session(request: Request, reservation: Reservation) -> ObjectId:
    party = request.own_party
    return ObjectId(keys.OWN, ModuleID.SESSIONS, party.country_code, party.party_id, reservation.session_id)


def _location(request: Request) -> ObjectId:
    party = request.own_party
    id_ = request.document["location_id"]
    return ObjectId(keys.OWN, ModuleID.LOCATIONS, party.country_code, party.party_id, id_)


def _token(request: Request) -> ObjectId:
    return token_of(request.partner_id, request.document["token"])
