"""Requests that are concluded later: what partners ask of us, and what we ask of partners (CMD-03, CHP-05)."""

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict

from ocpi import clock, wire
from ocpi.store import keys
from ocpi.store.keys import ObjectId
from ocpi.store.table import Conflict, Item, Table, attempts
from ocpi.store.tokens import KnownToken
from ocpi.transport.status import invalid
from ocpi.transport.validation import MAX_BODY_BYTES
from ocpi.types.commands import CommandResultType, CommandType
from ocpi.types.parties import Party
from ocpi.types.primitives import DateTime
from ocpi.types.tokens import Token, TokenType
from ocpi.types.versions import ModuleID

ANSWER_WITHIN = timedelta(minutes=2)
"""How long a request may be under way until the partner has at least answered that it will act."""

KEPT = timedelta(days=1)
"""How long a request is kept after its deadline, or after the end of the reservation that it made."""

LONGEST_FAILURE = 500
"""How much of a failure is kept, in characters: a partner may answer with a novel."""

ROOM_TO_END = 10_000
"""So many bytes below the largest size a request has to stay while it is pending, so that it can end."""

ROOM_TO_BE_ANSWERED = 10_000
"""A new one as many again: it may get an answer before."""

ROOM_TO_TELL = 5_000
"""So many a result leaves: that it is told, or could not be, is noted too."""

LONGEST_KEPT = timedelta(days=60)
"""However far away the end of a reservation may be."""

COMMANDED_FOR = timedelta(minutes=15)
"""How long after a command its token needs no real-time authorization where it was used (CMD-18)."""

_COMMANDED_FOR = {TokenType.APP_USER: timedelta(days=1), TokenType.AD_HOC_USER: timedelta(days=1)}
"""Such tokens are used in commands only: the charge point may ask at any time after one (CMD-17)."""


class Direction(StrEnum):
    """Who asks whom."""

    RECEIVED = "RECEIVED"
    """A partner asks us."""
    SENT = "SENT"
    """We ask a partner."""


class RequestStatus(StrEnum):
    """How far a request is; all but PENDING are final."""

    PENDING = "PENDING"
    CONCLUDED = "CONCLUDED"
    """`result` tells how; without one, the partner's `answer` was a refusal."""
    EXPIRED = "EXPIRED"
    """Sent, and no result came in time (CMD-07, CHP-16)."""
    FAILED = "FAILED"
    """The partner could not be asked, or answered with an error."""


class Request(BaseModel):
    """One request, as stored."""

    model_config = ConfigDict(frozen=True)

    id: str
    direction: Direction
    module: ModuleID
    kind: str
    """A CommandType; SET, CLEAR or ACTIVE of a charging profile; or AUTHORIZE of a token."""
    partner_id: str
    own_party: Party
    """Ours: who is asked, or asks."""
    party: Party | None = None
    """The partner's; None where a hub is to find out who is meant (ROU-22)."""
    document: dict[str, Any]
    """The body, or the query, as JSON. Of a reservation also `charge_point_reservation_id`, the number by which charge
    points know it (CMD-23); of a START_SESSION with a reservation also its `session_id` (SES-24)."""
    response_url: str | None = None
    """Where the result goes, if we are asked; where we await it, if we ask."""
    correlation_id: str | None = None
    """Of the request by which a partner has asked us: its result carries it too."""
    created: DateTime
    deadline: DateTime
    status: RequestStatus = RequestStatus.PENDING
    answer: dict[str, Any] | None = None
    """The immediate CommandResponse or ChargingProfileResponse."""
    result: dict[str, Any] | None = None
    """The CommandResult, or that of a charging profile, that came later."""
    told: bool = False
    """Whether nothing more goes to the response URL: the partner has taken the result, or we have given up."""
    telling_until: DateTime | None = None
    """Until then the result is left to the function that tells it, or to the next try; None before the first."""
    failed_tries: int = 0
    """How often the partner could not be told the result."""
    failure: str | None = None
    """Why the partner could not be asked, or could not be told the result so far (CMD-08)."""
    session: dict[str, Any] | None = None
    """The Session to be created if the reservation succeeds (CMD-24)."""
    about: str | None = None
    """The :attr:`ObjectId.text` of the Session whose charging profile it is about."""
    forwarded: bool = False
    """Received, and passed on to another partner: nothing is asked of the owner's backend (CHP-30)."""
    forwards: str | None = None
    """Sent, to pass on the received request with this id."""

    @property
    def outcome(self) -> str | None:
        """The result's `result`, if there is one."""
        return str(self.result["result"]) if self.result else None

    @property
    def refused(self) -> bool:
        """Whether it ended with the immediate answer."""
        return self.status is RequestStatus.CONCLUDED and self.result is None

    @property
    def untold(self) -> bool:
        """Whether a partner that has asked us is still to be told the result."""
        return self.direction is Direction.RECEIVED and self.result is not None and not self.told

    def awaited_from(self, partner_id: str, module: ModuleID) -> bool:
        """Whether a partner may tell the result of it (CMD-05, CHP-12)."""
        return (self.direction, self.partner_id, self.module) == (Direction.SENT, partner_id, module)


type Change = Callable[[Request], Mapping[str, object] | None]
"""From a stored request to what changes in it; None to leave it as it is."""


def new_request_id() -> str:
    """An id that nobody can guess: it is part of response URLs (CMD-06, CHP-13)."""
    return secrets.token_urlsafe(24)


class Requests:
    """The requests in the objects table, whose stream tells the owner's backend of them."""

    def __init__(self, table: str) -> None:
        self._table = Table(table)

    def add(self, request: Request, keep_until: datetime | None = None) -> None:
        """Store a new request, for a day after its deadline or after `keep_until`, whichever is later.

        Raises:
            Conflict: there is one with this id.
            OcpiError: 2001 if it is so large that its end could not be stored with it.
        """
        last = min(max(request.deadline, keep_until or request.deadline), request.created + LONGEST_KEPT) + KEPT
        item = _item(request, ROOM_TO_BE_ANSWERED + ROOM_TO_END) | {"expires_at": int(last.timestamp())}
        self._table.put(keys.request(request.id), item, "attribute_not_exists(pk)")

    def get(self, request_id: str) -> Request | None:
        """The request with this id."""
        item = self._table.get(keys.request(request_id))
        return _request(item) if item else None

    def change(self, request_id: str, change: Change, room: int = 0) -> Request | None:
        """Change a request, starting anew when someone else changed it meanwhile.

        Returns it as it is then; None if there is none, or `change` wanted nothing.

        Args:
            request_id: the request.
            change: what is to change in it.
            room: how many bytes must be left then.

        Raises:
            OcpiError: 2001 if they would not be.
        """
        key = keys.request(request_id)
        for _ in attempts():
            item = self._table.get(key)
            known = _request(item) if item else None
            changes = change(known) if known else None
            if item is None or known is None or changes is None:
                return None
            changed = known.model_copy(update=dict(changes))
            kept = _item(changed, room) | {"expires_at": item["expires_at"]}
            try:
                self._table.put(key, kept, "revision = :read", {":read": item["revision"]})
            except Conflict:
                continue
            return changed
        return None

    def conclude(self, request_id: str, result: wire.JsonObject) -> Request | None:
        """Give a pending request its one result; None if it is not pending: the first result stands.

        Raises:
            OcpiError: 2001 if the result is too large to be kept.
        """
        return self._end(request_id, {"status": RequestStatus.CONCLUDED, "result": result}, ROOM_TO_TELL)

    def cancel_reservation(self, request_id: str, result: wire.JsonObject) -> Request | None:
        """Give a RESERVE_NOW the further result CANCELED_RESERVATION (CMD-25); None unless it was ACCEPTED before.

        The partner that made the reservation is to be told anew, once it is told that it was accepted.
        """

        def cancel(known: Request) -> Mapping[str, object] | None:
            reserved = known.kind == CommandType.RESERVE_NOW and known.outcome == CommandResultType.ACCEPTED
            if not reserved or known.untold:
                return None
            return {"result": result, "told": False, "telling_until": None, "failed_tries": 0, "failure": None}

        return self.change(request_id, cancel, ROOM_TO_TELL)

    def claim(self, request: Request, until: datetime) -> Request | None:
        """Take on the telling of a result until then; None if another has, or it is not to be told now."""

        def take(known: Request) -> Mapping[str, object] | None:
            free = known.telling_until is None or known.telling_until <= clock.now()
            return {"telling_until": until} if known.untold and free and known.result == request.result else None

        return self.change(request.id, take)

    def tried(self, claimed: Request, changes: Mapping[str, object]) -> Request | None:
        """What became of telling a result that was claimed; None if it is not that which is to be told any more."""
        return self.change(
            claimed.id, lambda known: changes if known.untold and known.result == claimed.result else None
        )

    def expire(self, request_id: str) -> Request | None:
        """No result came in time; None if the request is not pending."""
        return self._end(request_id, {"status": RequestStatus.EXPIRED})

    def fail(self, request_id: str, why: str) -> Request | None:
        """The partner could not be asked, or answered with an error; None if the request is not pending."""
        return self._end(request_id, {"status": RequestStatus.FAILED, "failure": why[:LONGEST_FAILURE]})

    def _end(self, request_id: str, changes: Mapping[str, object], room: int = 0) -> Request | None:
        return self.change(request_id, lambda known: changes if known.status is RequestStatus.PENDING else None, room)

    # Tokens in commands

    def note_commanded(self, known: KnownToken, location: ObjectId, evse_uid: str | None) -> None:
        """An eMSP has used a token in a command at a Location, or at one EVSE of it."""
        token = known.token
        until = clock.now() + _COMMANDED_FOR.get(token.type, COMMANDED_FOR)
        item: Item = {
            "partner_id": known.partner_id,
            "document": wire.dumps(token).decode(),
            "until": keys.sortable(until),
            "expires_at": int(until.timestamp()),
        }
        self._table.put(keys.commanded(known.id.id, location, evse_uid, known.id), item)

    def commanded(self, typed_uid: str, location: ObjectId, evse_uid: str | None = None) -> KnownToken | None:
        """The token with this uid and type, if its eMSP has just used it in a command.

        It needs no real-time authorization there (CMD-17, CMD-18), and may be one that was never pushed (CMD-16).

        Args:
            typed_uid: see :func:`ocpi.store.keys.typed_uid`.
            location: our Location where it is presented.
            evse_uid: the EVSE where it is presented, if known. A command for the whole Location counts for each.
        """
        places = tuple(keys.commanded_place(location, uid) for uid in (None, evse_uid))
        if evse_uid is None:
            places = (f"{location.text}#",)  # any EVSE of it may be meant
        now = keys.sortable(clock.now())
        for item in self._table.query(keys.commanded_tokens(typed_uid)):
            if item["until"] > now and item["sk"].startswith(places):
                return KnownToken(item["partner_id"], Token.model_validate(wire.loads(item["document"])))
        return None


def _item(request: Request, room: int) -> Item:
    """As it is stored, where it must leave so much room."""
    text, most = wire.dumps(request), MAX_BODY_BYTES - room
    if len(text) > most:
        raise invalid(f"the request would have {len(text)} bytes with what came of it; {most} are kept")
    return {"document": text.decode(), "revision": secrets.token_hex(8)}


def _request(item: Item) -> Request:
    return Request.model_validate(wire.loads(item["document"]))
