"""Reservations at our charge points, by the ids that eMSPs gave them (CMD-22 to CMD-26)."""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import uuid4

from pydantic import BaseModel, ConfigDict

from ocpi import clock, wire
from ocpi.store import keys
from ocpi.store.keys import ObjectId
from ocpi.store.table import Conflict, Item, Table, attempts
from ocpi.types.parties import Party
from ocpi.types.primitives import DateTime, same

KEPT = timedelta(days=1)
MAX_NUMBER = 2**31 - 1
"""OCPP's reservationId is a 32-bit integer."""


class Reservation(BaseModel):
    """One reservation of one eMSP."""

    model_config = ConfigDict(frozen=True)

    partner_id: str
    party: Party
    """The eMSP's."""
    reservation_id: str
    location_id: str
    number: int
    """By which charge points know it: an eMSP's own id could be another's as well (CMD-23)."""
    session_id: str
    """The Session that it makes (CMD-24)."""
    expires: DateTime
    request_id: str | None = None
    """The RESERVE_NOW that made it or changed it last; None until a charge point has accepted one."""
    requested: DateTime | None = None
    """When that one came."""
    ended: bool = False

    def live(self, now: datetime) -> bool:
        """Whether a RESERVE_NOW with its id changes it, rather than making another."""
        return not self.ended and now < self.expires

    def in_force(self, now: datetime) -> bool:
        """Whether a charge point keeps it."""
        return self.request_id is not None and self.live(now)


class Reservations:
    """The reservations in the objects table."""

    def __init__(self, table: str) -> None:
        self._table = Table(table)

    def get(self, partner_id: str, party: Party, reservation_id: str) -> Reservation | None:
        """The reservation that an eMSP calls so."""
        item = self._table.get(keys.reservation(partner_id, party.country_code, party.party_id, reservation_id))
        return _reservation(item) if item else None

    def open(
        self, partner_id: str, party: Party, reservation_id: str, location_id: str, expires: datetime
    ) -> Reservation:
        """The live reservation that an eMSP calls so at a Location, or a new one, which is not in force yet.

        Of a live one, what is in force stays so until a charge point has accepted the change.
        """
        now = clock.now()
        for _ in attempts():
            item = self._table.get(keys.reservation(partner_id, party.country_code, party.party_id, reservation_id))
            known = _reservation(item) if item else None
            if known and known.live(now) and same(known.location_id, location_id):
                reservation = known
                if not known.in_force(now):
                    reservation = known.model_copy(update={"expires": max(known.expires, expires)})
            else:
                reservation = Reservation(
                    partner_id=partner_id,
                    party=party,
                    reservation_id=reservation_id,
                    location_id=location_id,
                    number=1 + secrets.randbelow(MAX_NUMBER),
                    session_id=str(uuid4()),
                    expires=expires,
                )
            try:
                self._write(reservation, item, keep_until=max(reservation.expires, expires))
            except Conflict:  # written by another request meanwhile, or the number is taken
                continue
            return reservation
        raise Conflict

    def begin(
        self, reservation: Reservation, request_id: str, requested: datetime, expires: datetime
    ) -> Reservation | None:
        """A charge point has accepted it, or its change.

        Returns it as it is then; None if it has ended meanwhile, or a later request has changed it.
        """
        return self._change(
            reservation,
            {"request_id": request_id, "requested": requested, "expires": expires},
            unless=lambda known: known.requested is not None and known.requested > requested,
        )

    def end(self, reservation: Reservation) -> None:
        """It was cancelled, or has expired."""
        self._change(reservation, {"ended": True})

    def reserve(self, token: ObjectId, location: ObjectId, reservation: Reservation) -> None:
        """A token has the reservation at a Location."""
        item = {"document": wire.dumps(reservation).decode(), "expires_at": _expiry(reservation.expires)}
        self._table.put(keys.reserved(token, location), item)

    def reserved(self, token: ObjectId, location: ObjectId) -> Reservation | None:
        """The reservation that a token has at a Location, if it is still in force."""
        item = self._table.get(keys.reserved(token, location))
        found = _reservation(item) if item else None
        return self.get(found.partner_id, found.party, found.reservation_id) if found else None

    def _change(
        self,
        reservation: Reservation,
        changes: dict[str, object],
        unless: Callable[[Reservation], bool] = lambda _: False,
    ) -> Reservation | None:
        for _ in attempts():
            item = self._table.get(_key(reservation))
            known = _reservation(item) if item else None
            if known is None or known.number != reservation.number or known.ended or unless(known):
                return None
            try:
                changed = known.model_copy(update=changes)
                self._write(changed, item, keep_until=changed.expires)
            except Conflict:
                continue
            return changed
        return None

    def _write(self, reservation: Reservation, known: Item | None, *, keep_until: datetime) -> None:
        """Write a reservation together with its number, which no other may have."""
        key = _key(reservation)
        item = {
            "document": wire.dumps(reservation).decode(),
            "revision": secrets.token_hex(8),
            "expires_at": _expiry(keep_until),
        }
        unchanged = "revision = :read" if known else "attribute_not_exists(pk)"
        number = {"reservation": key[0], "expires_at": item["expires_at"]}
        self._table.transact(
            [
                self._table.put_action(key, item, unchanged, {":read": known["revision"]} if known else None),
                self._table.put_action(
                    keys.reservation_number(reservation.number),
                    number,
                    "attribute_not_exists(pk) OR reservation = :mine",
                    {":mine": key[0]},
                ),
            ]
        )


def _expiry(end: datetime) -> int:
    return int((end + KEPT).timestamp())


def _key(reservation: Reservation) -> keys.Key:
    party = reservation.party
    return keys.reservation(reservation.partner_id, party.country_code, party.party_id, reservation.reservation_id)


def _reservation(item: Item) -> Reservation:
    return Reservation.model_validate(wire.loads(item["document"]))
