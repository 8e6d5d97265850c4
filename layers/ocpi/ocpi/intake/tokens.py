"""Tokens that come in, from their eMSP or from our own backend (TOK-01 to TOK-06).

An :class:`ObjectId` here has the plain uid that a URL names; what is stored has uid and type as its id (:func:`typed`).
"""

from dataclasses import replace
from datetime import datetime

from ocpi import wire
from ocpi.store.keys import ObjectId, typed_uid
from ocpi.store.objects import Objects, Outcome, StoredObject
from ocpi.transport.patch import is_stale, last_updated, merged
from ocpi.transport.status import OcpiError, StatusCode, invalid, unknown
from ocpi.transport.validation import require_same, validated
from ocpi.types.tokens import Token, TokenType, WhitelistType
from ocpi.types.versions import ModuleID

IDENTITY = ("country_code", "party_id", "uid", "type")

LONGEST_GROUP_ID = 20
"""What charge points of OCPP 1.5 and 1.6 can hold (TOK-24)."""

_OF_AN_APP = (TokenType.APP_USER, TokenType.AD_HOC_USER)


def type_of(text: str | None) -> TokenType | None:
    """The TokenType that the query parameter `type` names, or None where there is none.

    Raises:
        OcpiError: 2001 for any other text.
    """
    if text is None:
        return None
    if text not in TokenType:
        raise invalid(f"query parameter type: must be one of {', '.join(TokenType)}")
    return TokenType(text)


def typed(token: ObjectId, type_: TokenType | None) -> ObjectId:
    """Which stored Token is meant: the uid together with the type, RFID by default (TOK-01, TOK-06)."""
    return replace(token, module=ModuleID.TOKENS, id=typed_uid(token.id, type_ or TokenType.RFID))


def get(objects: Objects, token: ObjectId, type_: TokenType | None) -> StoredObject:
    """The stored Token.

    Raises:
        OcpiError: HTTP 404 with 2004 if there is none (STA-13).
    """
    known = objects.get(typed(token, type_))
    if known is None:
        raise unknown_token(token.id)
    return known


def put(objects: Objects, token: ObjectId, document: wire.JsonObject, type_: TokenType | None) -> Outcome:
    """Create or replace a Token; without a `type_` the body says which it is (TOK-02, decisions 22 and 24).

    Raises:
        OcpiError: 2001 naming what is wrong.
    """
    offered = _checked(token, document)
    for name, in_url in (("country_code", token.country_code), ("party_id", token.party_id), ("uid", token.id)):
        require_same(name, in_url, getattr(offered, name))
    if type_:
        require_same("type", type_.value, offered.type.value)
    return objects.put(typed(token, offered.type), document, last_updated(document))


def patch(objects: Objects, token: ObjectId, fields: wire.JsonObject, type_: TokenType | None) -> Outcome:
    """Change some fields of a Token (TOK-03, TOK-05, decisions 21 and 22).

    Raises:
        OcpiError: 2001 naming what is wrong; HTTP 404 with 2004 if there is no such Token.
    """
    last_updated(fields)

    def change(document: wire.JsonObject) -> tuple[wire.JsonObject, datetime] | None:
        if is_stale(fields, document):
            return None
        changed = merged(document, fields, IDENTITY)
        _checked(token, changed)
        return changed, last_updated(changed)

    outcome = objects.change(typed(token, type_), change)
    if outcome is None:
        raise unknown_token(token.id)
    return outcome


def unknown_token(uid: str) -> OcpiError:
    """There is no such Token (TOK-11, STA-13)."""
    return unknown(f"Token {uid}", StatusCode.UNKNOWN_TOKEN)


def _checked(token: ObjectId, document: wire.JsonObject) -> Token:
    """The Token in `document`; one of ours is also what CPOs and their charge points can work with (TOK-23, TOK-24)."""
    offered = validated(Token, document)
    if not token.ours:
        return offered
    if offered.type in _OF_AN_APP and offered.whitelist is not WhitelistType.NEVER:
        raise invalid(f"/whitelist: must be NEVER for a Token of type {offered.type}")
    if offered.group_id and len(offered.group_id) > LONGEST_GROUP_ID:
        raise invalid(f"/group_id: must have at most {LONGEST_GROUP_ID} characters, or charge points cannot hold it")
    return offered
