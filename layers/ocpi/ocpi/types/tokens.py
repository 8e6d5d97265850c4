"""Tokens module: what a driver identifies with, and whether it may charge (mod_tokens.asciidoc)."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from ocpi.types.primitives import (
    Boolean,
    CiString36,
    CountryCode,
    DateTime,
    DisplayText,
    Language,
    OcpiModel,
    PartyId,
    Text,
    ZeroOrMore,
)


class AllowedType(StrEnum):
    """The answer to a real-time authorization."""

    ALLOWED = "ALLOWED"
    BLOCKED = "BLOCKED"
    EXPIRED = "EXPIRED"
    NO_CREDIT = "NO_CREDIT"
    NOT_ALLOWED = "NOT_ALLOWED"


class TokenType(StrEnum):
    """What kind of token it is."""

    AD_HOC_USER = "AD_HOC_USER"
    APP_USER = "APP_USER"
    OTHER = "OTHER"
    RFID = "RFID"


class WhitelistType(StrEnum):
    """When a CPO may or must ask the eMSP before a token is used (TOK-18 to TOK-20)."""

    ALWAYS = "ALWAYS"
    ALLOWED = "ALLOWED"
    ALLOWED_OFFLINE = "ALLOWED_OFFLINE"
    NEVER = "NEVER"


class ProfileType(StrEnum):
    """How a driver wants to charge. Sessions define it; it is here because a token may carry a default."""

    CHEAP = "CHEAP"
    FAST = "FAST"
    GREEN = "GREEN"
    REGULAR = "REGULAR"


class EnergyContract(OcpiModel):
    """The contract with a driver's own energy supplier."""

    supplier_name: Annotated[Text, Field(max_length=64)]
    contract_id: Annotated[Text, Field(max_length=64)] | None = None


class LocationReferences(OcpiModel):
    """A Location, or only some of its EVSEs."""

    location_id: CiString36
    evse_uids: ZeroOrMore[CiString36] = []


class Token(OcpiModel):
    """One token of one eMSP, unique by `uid` and `type` (TOK-22)."""

    country_code: CountryCode
    party_id: PartyId
    uid: CiString36
    type: TokenType
    contract_id: CiString36
    visual_number: Annotated[Text, Field(max_length=64)] | None = None
    issuer: Annotated[Text, Field(max_length=64)]
    group_id: CiString36 | None = None
    valid: Boolean
    whitelist: WhitelistType
    language: Language | None = None
    default_profile_type: ProfileType | None = None
    energy_contract: EnergyContract | None = None
    last_updated: DateTime


class AuthorizationInfo(OcpiModel):
    """Whether a token may be used, and where."""

    allowed: AllowedType
    token: Token
    location: LocationReferences | None = None
    authorization_reference: CiString36 | None = None
    info: DisplayText | None = None
