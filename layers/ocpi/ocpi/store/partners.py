"""Partners, and the credentials tokens they present."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from ocpi import clock, wire
from ocpi.store import keys
from ocpi.store.partner import Partner
from ocpi.store.table import Item, Table
from ocpi.transport.status import invalid

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

MAX_BYTES = 100_000
"""What one partner may weigh: it is read with each of its requests, and all are read together."""


class Partners:
    """The partners table.

    A partner stands there twice: in the list of partners, and under the hash of the token it presents, so that a
    request costs one read to authorise; thrice while its token is renewed. All are written in one transaction, so a
    token is rotated at once or not.
    """

    def __init__(self, table: str) -> None:
        self._table = Table(table)

    def get(self, partner_id: str) -> Partner | None:
        """The partner with this id."""
        item = self._table.get(keys.partner(partner_id))
        return _partner(item) if item else None

    def by_token_hash(self, token_hash: str) -> Partner | None:
        """The partner that presents the token with this hash."""
        item = self._table.get(keys.token(token_hash))
        return _partner(item) if item else None

    def all(self) -> Iterator[Partner]:
        """Every partner, by id."""
        pk, _ = keys.partner("")
        return map(_partner, self._table.query(pk))

    def add(self, partner: Partner) -> None:
        """Store a new partner.

        Raises:
            Conflict: there is one with this id.
        """
        self._table.transact(
            [
                self._table.put_action(keys.partner(partner.id), _item(partner), "attribute_not_exists(pk)"),
                *self._token_actions(None, partner),
            ]
        )

    def replace(self, known: Partner, changes: Mapping[str, object]) -> Partner:
        """Change the partner that was read as `known`; a token that is replaced stops working at once.

        Raises:
            Conflict: someone else changed it meanwhile.
        """
        partner = known.model_copy(update={**changes, "revision": known.revision + 1, "last_updated": clock.now()})
        read = {":read": known.revision}
        self._table.transact(
            [
                self._table.put_action(keys.partner(partner.id), _item(partner), "revision = :read", read),
                *self._token_actions(known, partner),
            ]
        )
        return partner

    def remove(self, partner: Partner) -> None:
        """Forget a partner."""
        self._table.transact(
            [
                self._table.delete_action(keys.partner(partner.id)),
                *(self._table.delete_action(keys.token(token_hash)) for token_hash in _hashes(partner)),
            ]
        )

    def _token_actions(self, known: Partner | None, partner: Partner) -> "Iterator[TransactWriteItemTypeDef]":
        kept = _hashes(partner)
        for token_hash in _hashes(known) - kept if known else ():
            yield self._table.delete_action(keys.token(token_hash))
        for token_hash in kept:
            yield self._table.put_action(keys.token(token_hash), _item(partner))


def _hashes(partner: Partner) -> set[str]:
    return set(filter(None, (partner.token_hash, partner.next_token_hash)))


def _item(partner: Partner) -> Item:
    text = wire.dumps(partner)
    if len(text) > MAX_BYTES:
        raise invalid(f"your credentials and endpoints would have {len(text)} bytes; at most {MAX_BYTES} are kept")
    return {"document": text.decode(), "revision": partner.revision}


def _partner(item: Item) -> Partner:
    return Partner.model_validate(wire.loads(item["document"]))
