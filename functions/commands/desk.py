"""Whether a command can be passed on to a charge point, and keeping it for the owner's backend (CMD-10 to CMD-26)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Any

from ocpi import clock, wire
from ocpi.requests.bodies import token_of
from ocpi.requests.deadlines import Deadlines
from ocpi.requests.evses import Part, can, connector, evses
from ocpi.store import keys
from ocpi.store.keys import ObjectId
from ocpi.store.objects import Objects
from ocpi.store.partner import Partner
from ocpi.store.requests import Direction, Request, Requests, new_request_id
from ocpi.store.reservations import Reservations
from ocpi.store.tokens import KnownToken
from ocpi.transport.headers import correlation
from ocpi.transport.status import OcpiError, StatusCode, invalid
from ocpi.types.commands import CommandResponse, CommandResponseType, CommandType
from ocpi.types.locations import Capability
from ocpi.types.parties import Party
from ocpi.types.periods import AuthMethod
from ocpi.types.primitives import DisplayText, parse_datetime, same
from ocpi.types.sessions import NOT_AVAILABLE, SessionStatus
from ocpi.types.tokens import Token
from ocpi.types.versions import ModuleID

LONGEST_RESERVATION = timedelta(days=7)
"""A later expiry_date is refused: it is more likely a mistake than a wish."""

AT_ONCE = timedelta(seconds=1)
"""When the result of a command follows that no charge point has to be asked about."""

MOST_TARIFFS = 5
"""How many Tariffs are looked up for a currency at most."""

_NUMBER = "charge_point_reservation_id"
_OURS = {
    CommandType.CANCEL_RESERVATION: {_NUMBER},
    CommandType.RESERVE_NOW: {_NUMBER},
    CommandType.START_SESSION: {_NUMBER, "session_id"},
}
"""Fields that we add to a command: whatever stands there already is no part of it."""

_CAPABILITIES = {
    CommandType.RESERVE_NOW: Capability.RESERVABLE,
    CommandType.START_SESSION: Capability.REMOTE_START_STOP_CAPABLE,
    CommandType.STOP_SESSION: Capability.REMOTE_START_STOP_CAPABLE,
    CommandType.UNLOCK_CONNECTOR: Capability.UNLOCK_CAPABLE,
}


class Refused(Exception):
    """A command that is not passed on; the message says why."""

    def __init__(self, result: CommandResponseType, why: str) -> None:
        super().__init__(why)
        self.response = CommandResponse(result=result, timeout=0, message=[DisplayText(language="en", text=why[:512])])


@dataclass(frozen=True)
class Order:
    """A command as it came: its checked body, who sent it over which connection, and which of our CPOs it is for."""

    command: CommandType
    body: dict[str, Any]
    caller: Partner
    party: Party
    own_party: Party

    def own(self, module: ModuleID, id_: str) -> ObjectId:
        """An object of the CPO that it is for."""
        return ObjectId(keys.OWN, module, self.own_party.country_code, self.own_party.party_id, id_)


@dataclass(frozen=True)
class Taken:
    """A command that is passed on: what is stored of it."""

    document: dict[str, Any]
    within: timedelta
    session: wire.JsonObject | None = None


@dataclass(frozen=True)
class CommandDesk:
    """Takes commands for our charge points.

    Args:
        objects: our Locations, Sessions and Tariffs.
        requests: where commands wait for the owner's backend.
        reservations: the reservations of all eMSPs.
        deadlines: wakes us when a charge point did not answer in time.
        timeout: how long a charge point may take.
        currency: of reservations where no Tariff tells.
    """

    objects: Objects
    requests: Requests
    reservations: Reservations
    deadlines: Deadlines
    timeout: timedelta
    currency: str

    def take(self, order: Order) -> CommandResponse:
        """The immediate answer; an accepted command is stored, and will have its result (CMD-02, CMD-03).

        Raises:
            OcpiError: 2003 with a CommandResponse for an unknown Location (CMD-10); 2001 for a field that is missing.
        """
        try:
            taken = self._checked(order)
        except Refused as refusal:
            return refusal.response
        self._keep(order, taken)
        return CommandResponse(result=CommandResponseType.ACCEPTED, timeout=int(self.timeout.total_seconds()))

    def _keep(self, order: Order, taken: Taken) -> None:
        now = clock.now()
        request = Request(
            id=new_request_id(),
            direction=Direction.RECEIVED,
            module=ModuleID.COMMANDS,
            kind=order.command,
            partner_id=order.caller.id,
            own_party=order.own_party,
            party=order.party,
            document=taken.document,
            response_url=order.body["response_url"],
            correlation_id=correlation.get(),
            created=now,
            deadline=now + taken.within,
            answer={"result": CommandResponseType.ACCEPTED, "timeout": int(self.timeout.total_seconds())},
            session=taken.session,
        )
        reserved = order.command is CommandType.RESERVE_NOW
        expiry = parse_datetime(order.body["expiry_date"]) if reserved else None
        self.deadlines.keep(self.requests, request, expiry)

    def _checked(self, order: Order) -> Taken:
        """What is to be stored of a command.

        Raises:
            Refused: the charge point is not to be asked.
            OcpiError: see :meth:`take`.
        """
        match order.command:
            case CommandType.CANCEL_RESERVATION:
                return self._cancel_reservation(order)
            case CommandType.RESERVE_NOW:
                return self._reserve_now(order)
            case CommandType.START_SESSION:
                return self._start_session(order)
            case CommandType.STOP_SESSION:
                return self._stop_session(order)
            case CommandType.UNLOCK_CONNECTOR:
                self._evses(order)
                return Taken(order.body, self.timeout)

    # The commands

    def _reserve_now(self, order: Order) -> Taken:
        _require_own_token(order)
        candidates = self._evses(order)
        now, expires = clock.now(), parse_datetime(order.body["expiry_date"])
        if not now < expires <= now + LONGEST_RESERVATION:
            raise _rejected(f"expiry_date must lie in the next {LONGEST_RESERVATION.days} days")
        id_, location_id = order.body["reservation_id"], order.body["location_id"]
        known = self.reservations.get(order.caller.id, order.party, id_)
        if known and known.in_force(now) and not same(known.location_id, location_id):
            raise _rejected("the reservation_id is in use at another Location")
        reservation = self.reservations.open(order.caller.id, order.party, id_, location_id, expires)
        self._note_token(order)
        session = _reservation_session(order, reservation.session_id, self._currency(order, candidates))
        return Taken(_plain(order) | {_NUMBER: reservation.number}, self.timeout, session)

    def _cancel_reservation(self, order: Order) -> Taken:
        """One that is unknown is answered as the charge point would (CMD-26)."""
        known = self.reservations.get(order.caller.id, order.party, order.body["reservation_id"])
        if known is None or not known.live(clock.now()):
            return Taken(_plain(order), AT_ONCE)
        return Taken(_plain(order) | {_NUMBER: known.number}, self.timeout)

    def _start_session(self, order: Order) -> Taken:
        _require_own_token(order)
        candidates = self._evses(order)
        no_choice = all(can(evse, Capability.START_SESSION_CONNECTOR_REQUIRED) for evse in candidates)
        if no_choice and order.body.get("connector_id") is None:
            raise invalid("/connector_id: must be given for an EVSE with START_SESSION_CONNECTOR_REQUIRED")
        token = token_of(order.caller.id, order.body["token"])
        reserved = self.reservations.reserved(token, order.own(ModuleID.LOCATIONS, order.body["location_id"]))
        self._note_token(order)
        if reserved is None or not reserved.in_force(clock.now()):
            return Taken(_plain(order), self.timeout)
        # It is the Session of the reservation that is to become active (SES-24).
        of_reservation = {"session_id": reserved.session_id, _NUMBER: reserved.number}
        return Taken(_plain(order) | of_reservation, self.timeout)

    def _stop_session(self, order: Order) -> Taken:
        stored = self.objects.get(order.own(ModuleID.SESSIONS, order.body["session_id"]))
        if stored is None:
            raise Refused(CommandResponseType.UNKNOWN_SESSION, "there is no such Session")
        session: dict[str, Any] = stored.parsed()
        if not _is_of(session["cdr_token"], order.party):
            raise _rejected("the Session is not one of your customers")
        if session["status"] in (SessionStatus.COMPLETED, SessionStatus.INVALID):
            raise _rejected("the Session has ended")
        location = self.objects.get(order.own(ModuleID.LOCATIONS, session["location_id"]))
        _require_capability(order, evses(location.parsed(), session["evse_uid"]) if location else [])
        return Taken(order.body, self.timeout)

    # What they are about

    def _evses(self, order: Order) -> list[Part]:
        """The EVSEs that may carry out a command: the one it names, or those that can of its Location."""
        body = order.body
        stored = self.objects.get(order.own(ModuleID.LOCATIONS, body["location_id"]))
        if stored is None:
            why = f"unknown Location {body['location_id']}"
            raise OcpiError(StatusCode.UNKNOWN_LOCATION, why, data=_rejected(why).response)
        named = body.get("evse_uid")
        candidates = evses(stored.parsed(), named)
        if named is not None and not candidates:
            raise _rejected("there is no such EVSE at the Location")
        if body.get("connector_id") is not None and connector(candidates[0], body["connector_id"]) is None:
            raise _rejected("the EVSE has no such connector")
        return _require_capability(order, candidates)

    def _note_token(self, order: Order) -> None:
        """Its eMSP has authorised the token: it is not asked again for a while (CMD-17, CMD-18)."""
        known = KnownToken(order.caller.id, Token.model_validate(order.body["token"]))
        location = order.own(ModuleID.LOCATIONS, order.body["location_id"])
        self.requests.note_commanded(known, location, order.body.get("evse_uid"))

    def _currency(self, order: Order, candidates: list[Part]) -> str:
        """That of the first Tariff which the connectors refer to, as far as it is known."""
        for id_ in islice(_tariff_ids(candidates), MOST_TARIFFS):
            tariff = self.objects.get(order.own(ModuleID.TARIFFS, id_))
            if tariff:
                return str(tariff.parsed()["currency"])
        return self.currency


def _reservation_session(order: Order, id_: str, currency: str) -> wire.JsonObject:
    """The Session that a reservation makes, without its times (CMD-20, SES-23, SES-26, SES-27)."""
    body = order.body
    token = body["token"]
    session: wire.JsonObject = {
        "country_code": order.own_party.country_code,
        "party_id": order.own_party.party_id,
        "id": id_,
        "kwh": 0,
        "cdr_token": {name: token[name] for name in ("country_code", "party_id", "uid", "type", "contract_id")},
        "auth_method": AuthMethod.COMMAND,
        "location_id": body["location_id"],
        "evse_uid": body.get("evse_uid") or NOT_AVAILABLE,
        "connector_id": NOT_AVAILABLE,
        "currency": currency,
        "status": SessionStatus.RESERVATION,
    }
    reference = body.get("authorization_reference")
    return session | ({"authorization_reference": reference} if reference else {})


def _tariff_ids(candidates: list[Part]) -> Iterable[str]:
    ids = (id_ for evse in candidates for each in evse["connectors"] for id_ in each.get("tariff_ids") or [])
    return dict.fromkeys(ids)


def _plain(order: Order) -> dict[str, Any]:
    return {name: value for name, value in order.body.items() if name not in _OURS[order.command]}


def _require_own_token(order: Order) -> None:
    """An eMSP uses its own Tokens only; whether they are valid is its own concern (CMD-16, CMD-19)."""
    if not _is_of(order.body["token"], order.party):
        raise _rejected("the Token is none of yours")


def _require_capability(order: Order, candidates: list[Part]) -> list[Part]:
    """Those of `candidates` that can carry out the command (CMD-12)."""
    capability = _CAPABILITIES[order.command]
    able = [evse for evse in candidates if can(evse, capability)]
    if not able:
        raise Refused(CommandResponseType.NOT_SUPPORTED, f"no such EVSE is {capability}")
    return able


def _is_of(token: dict[str, Any], party: Party) -> bool:
    return party.named(token["country_code"], token["party_id"])


def _rejected(why: str) -> Refused:
    return Refused(CommandResponseType.REJECTED, why)
