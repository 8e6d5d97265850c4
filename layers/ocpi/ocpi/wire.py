"""JSON as it goes over the wire and into the store: numbers stay exact decimals, both ways.

OCPI numbers are money and energy, so a float never touches them (TYP-10). Reading is the standard library's parser,
which knows ``Decimal``; writing is orjson, which is given each decimal as a ready fragment.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NoReturn

import orjson
from pydantic import BaseModel

from ocpi.types.primitives import format_datetime

type Json = bool | int | Decimal | str | Sequence[Json] | Mapping[str, Json] | None
type JsonObject = dict[str, Json]

MAX_DEPTH = 32
"""How deep a document may be nested; the deepest OCPI object (a tariff in a CDR) needs 9 levels."""

MAX_NUMBER_LENGTH = 100
"""How long a number may be; other parsers, such as those of an event's readers, give up at a thousand digits."""

SURELY_64_BITS = 18
"""Whole numbers with so many characters fit into 64 bits."""


class NotJson(ValueError):
    """The text is not JSON, or nested deeper than :data:`MAX_DEPTH`."""


def loads(text: bytes | str) -> Json:
    """Parse JSON with numbers as int or ``Decimal``.

    Raises:
        NotJson: no JSON in UTF-8 (duplicate names, NaN, Infinity and lone surrogates included), a number that is too
            long, or nested too deep.
    """
    try:
        document: Json = json.loads(
            text.decode("utf-8-sig") if isinstance(text, bytes) else text,
            parse_float=_decimal,
            parse_int=_integer,
            parse_constant=_no_constant,
            object_pairs_hook=_no_duplicates,
        )
        _check(document, MAX_DEPTH)
    except RecursionError:
        raise NotJson(f"nested deeper than {MAX_DEPTH} levels") from None
    except UnicodeError:
        raise NotJson("text that is not valid UTF-8") from None
    except ValueError as error:
        raise NotJson(str(error)) from None
    return document


def loads_object(text: bytes | str) -> JsonObject:
    """Parse a JSON object.

    Raises:
        NotJson: it is no JSON, or no object.
    """
    document = loads(text)
    if not isinstance(document, dict):
        raise NotJson("it must be a JSON object")
    return document


def dumps(value: object) -> bytes:
    """Write dicts, lists, sets, decimals, datetimes, enums and pydantic models as JSON.

    Fields that are ``None`` in a model are left out: OCPI reads absent and null alike (TYP-16).
    """
    return orjson.dumps(value, default=_plain, option=orjson.OPT_PASSTHROUGH_DATETIME)


def _plain(value: object) -> object:
    match value:
        case BaseModel():
            return {name: item for name, item in value if item is not None}
        case Decimal():
            return orjson.Fragment(_number(value))
        case datetime():
            return format_datetime(value)
        case frozenset():
            return sorted(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _number(value: Decimal) -> str:
    if not value.is_finite():
        raise TypeError(f"{value} has no JSON form")
    return str(value)


def _decimal(text: str) -> Decimal:
    if len(text) > MAX_NUMBER_LENGTH:
        raise ValueError(f"the number {text[:20]}… has more than {MAX_NUMBER_LENGTH} characters")
    try:
        number = Decimal(text)
    except ArithmeticError:
        raise ValueError(f"the number {text[:20]} is too large") from None
    if not number.is_finite():
        raise ValueError(f"the number {text[:20]} is too large")
    return number


def _integer(text: str) -> int | Decimal:
    """Whole numbers of more than 64 bits stay exact as decimals; orjson writes none as int."""
    return int(text) if len(text) <= SURELY_64_BITS else _decimal(text)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _no_duplicates(pairs: list[tuple[str, Json]]) -> JsonObject:
    document = dict(pairs)
    if len(document) == len(pairs):
        return document
    (name, _), *_ = Counter(name for name, _ in pairs).most_common(1)
    raise ValueError(f"the name {name[:40]!r} is given twice in one object")


def _check(document: Json, depth: int) -> None:
    """Refuse what nests too deep and strings that cannot be written again as UTF-8."""
    if depth < 0:
        raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
    match document:
        case str():
            document.encode()
        case dict():
            for name, item in document.items():
                name.encode()
                _check(item, depth - 1)
        case list():
            for item in document:
                _check(item, depth - 1)
