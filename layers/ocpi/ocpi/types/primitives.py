"""The primitive types of OCPI 2.2.1 and the base of all its objects (types.asciidoc, TYP-01 to TYP-17)."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StrictBool,
    StrictInt,
)

_DATETIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z?", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_MARKUP = re.compile(r"<[a-z/!][^<>]*>", re.IGNORECASE)


class OcpiModel(BaseModel):
    """An OCPI object: unknown fields are kept (partners extend objects), instances never change."""

    model_config = ConfigDict(extra="allow", frozen=True)


def parse_datetime(text: str) -> datetime:
    """Read an OCPI DateTime: RFC 3339 in UTC, with or without fraction and ``Z`` (TYP-06 to TYP-09).

    Raises:
        ValueError: longer than 25 characters, with an offset, with a space instead of ``T``, or no such time.
    """
    if len(text) > 25 or not _DATETIME.fullmatch(text):
        raise ValueError("must be a UTC time such as 2026-11-22T08:30:00Z, without an offset, at most 25 characters")
    return datetime.fromisoformat(text.removesuffix("Z")).replace(tzinfo=UTC)


def format_datetime(moment: datetime) -> str:
    """Write an OCPI DateTime: UTC with ``Z``, and milliseconds only where there are any (at most 25 characters)."""
    moment = moment.astimezone(UTC).replace(tzinfo=None)
    return moment.isoformat(timespec="milliseconds" if moment.microsecond >= 1000 else "seconds") + "Z"


def same(left: str, right: str) -> bool:
    """Whether two CiStrings are the same: case does not count (TYP-01)."""
    return left.lower() == right.lower()


def _datetime(value: object) -> datetime:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("must carry a time zone")
        return value.astimezone(UTC)
    if isinstance(value, str):
        return parse_datetime(value)
    raise ValueError("must be a string holding a UTC time")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a string")
    if _CONTROL.search(value):
        raise ValueError("must not contain control characters")
    return value


def _cistring(value: object) -> str:
    text = _text(value)
    if not text.isascii():
        raise ValueError("must be printable ASCII")
    return text


def _number(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise ValueError("must be a number")
    number = value if isinstance(value, Decimal) else Decimal(str(value))
    if not number.is_finite() or abs(number.adjusted()) > 15:
        raise ValueError("must be a finite number of a sensible size")
    return number


def _url(value: str) -> str:
    if not re.fullmatch(r"https?://[^\s/?#]+\S*", value, re.IGNORECASE):
        raise ValueError("must be an absolute http(s) URL")
    _ = urlsplit(value).port  # raises, too, where the host or the port can be none
    return value


def _none_as_empty(value: object) -> object:
    """A ``*`` list may be null, [] or absent, all meaning empty (TYP-16)."""
    return [] if value is None else value


DateTime = Annotated[
    datetime, BeforeValidator(_datetime), PlainSerializer(format_datetime, return_type=str, when_used="json")
]
"""An aware UTC datetime; on the wire a string of at most 25 characters."""

Text = Annotated[str, BeforeValidator(_text)]
"""OCPI's ``string``: case-sensitive printable UTF-8; bounded by ``Field(max_length=…)`` where used."""

CiText = Annotated[str, BeforeValidator(_cistring), Field(min_length=1)]
"""OCPI's ``CiString``: printable ASCII, compared without regard to case."""

CiString36 = Annotated[CiText, Field(max_length=36)]
CiString39 = Annotated[CiText, Field(max_length=39)]
CountryCode = Annotated[CiText, Field(max_length=2, pattern=r"^[A-Za-z]{2}$")]
"""ISO 3166-1 alpha-2."""

PartyId = Annotated[CiText, Field(max_length=3)]
"""With the country code it names a party."""

Url = Annotated[str, BeforeValidator(_text), Field(max_length=255), AfterValidator(_url)]
Number = Annotated[Decimal, BeforeValidator(_number)]
Integer = Annotated[StrictInt, Field(ge=-(2**31), le=2**31 - 1)]
Boolean = StrictBool

Language = Annotated[Text, Field(max_length=2, pattern=r"^[A-Za-z]{2}$")]
"""ISO 639-1."""

Currency = Annotated[Text, Field(max_length=3, pattern=r"^[A-Z]{3}$")]
"""ISO 4217."""


type ZeroOrMore[T] = Annotated[list[T], BeforeValidator(_none_as_empty)]
"""A field of cardinality ``*``."""

type OneOrMore[T] = Annotated[list[T], Field(min_length=1)]
"""A field of cardinality ``+``."""


class Role(StrEnum):
    """The market role of a party (TYP-12)."""

    CPO = "CPO"
    EMSP = "EMSP"
    HUB = "HUB"
    NAP = "NAP"
    NSP = "NSP"
    OTHER = "OTHER"
    SCSP = "SCSP"


def _plain_text(value: str) -> str:
    if _MARKUP.search(value):
        raise ValueError("must be plain text without markup such as HTML")
    return value


class DisplayText(OcpiModel):
    """Text to show, in one language (TYP-14)."""

    language: Language
    text: Annotated[Text, Field(max_length=512), AfterValidator(_plain_text)]


class Price(OcpiModel):
    """An amount of money in the currency of the surrounding object (TYP-11)."""

    excl_vat: Number
    incl_vat: Number | None = None
