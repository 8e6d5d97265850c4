"""Tokens of eMSPs, found by what a charge point reads: their uid."""

from dataclasses import dataclass

from ocpi import wire
from ocpi.store import keys
from ocpi.store.keys import ObjectId
from ocpi.store.objects import StoredObject
from ocpi.store.table import Index, Table
from ocpi.types.tokens import Token
from ocpi.types.versions import ModuleID

MOST = 20
"""How many eMSPs may have a token of the same uid and type; no two should."""

_BY_UID = Index("by_audience_keys", "audience_list", "list_position", "pk, sk")
_FIRST, _LAST = " ", "~"


@dataclass(frozen=True)
class KnownToken:
    """A Token, and over whose connection it came."""

    partner_id: str
    token: Token

    @property
    def id(self) -> ObjectId:
        """Which object it is."""
        uid = keys.typed_uid(self.token.uid, self.token.type)
        return ObjectId(self.partner_id, ModuleID.TOKENS, self.token.country_code, self.token.party_id, uid)


class KnownTokens:
    """The Tokens of partners in the objects table. A new one is found after a moment, a known one is never outdated."""

    def __init__(self, table: str) -> None:
        self._table = Table(table)

    def find(self, typed_uid: str) -> list[KnownToken]:
        """Those with this uid and type (see :func:`ocpi.store.keys.typed_uid`), the one that changed last first."""
        entries, _ = self._table.between(
            _BY_UID, keys.tokens_list(typed_uid), _FIRST, _LAST, limit=MOST, newest_first=True
        )
        items = [self._table.get((entry["pk"], entry["sk"])) for entry in entries]
        return [
            KnownToken(item["partner_id"], Token.model_validate(wire.loads(item["document"])))
            for item in items
            if item and StoredObject.of(item).listed
        ]
