"""What comes of a valid document in bad hands, as the bytes that are sent."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

type Place = tuple[str | int, ...]
"""The way from the root of a document to a value in it."""


@dataclass(frozen=True)
class Raw:
    """Text that stands in the place of a JSON value."""

    text: str


@dataclass(frozen=True)
class Twice:
    """An object with one of its names given twice."""

    members: dict[str, Any]
    name: str
    value: Any


NUMBERS = tuple(
    map(
        Raw,
        (
            *("0", "-0.0", "0.1", "1e308", "1e400", "1e-400", "-1E+15", "1e16", "1e999999999999999999999", "0e999999"),
            *(
                "0.1000000000000000055511151231257827021181583404541015625",
                "9" * 400,
                "1" + "0" * 5000,
                "0." + "1" * 5000,
            ),
            *("2147483648", "-2147483649", "9223372036854775808", "-1", "101", "1.00", "NaN", "Infinity", "-Infinity"),
            *("01", "+1", ".5", "1.", "0x10", "1_000", "٣"),
        ),
    )
)
STRINGS = (
    *(
        "",
        " ",
        "\x00",
        "a\x00b",
        "\n",
        "\x7f",
        "\x85",
        "\ud800",
        "a\udfff",
        "\u202ertl",
        "e\u0301" * 30,
        "😀",
        "é",
        "ß",
        "ı",
    ),
    *("\u2028", "\ufeff", "\U0010ffff", "x" * 36, "x" * 37, "x" * 255, "x" * 256, "x" * 100_000, "é" * 50_000),
    *(
        "#NA",
        "null",
        "true",
        "1",
        "%00",
        "../..",
        "a/b",
        "a*b",
        "a#b",
        "' OR 1=1 --",
        "<script>alert(1)</script>",
        "${x}",
        "%(x)s",
    ),
    *(
        "__class__",
        "@own",
        "NL",
        "ab",
        "EUR",
        "http://",
        "http://[::1",
        "http://a b",
        "https://e.x:99999/",
        "http://１２７.0.0.1:9/",
    ),
    *(
        "http://127.0.0.1:9/ü?q=€#f",
        "ftp://x",
        "javascript:alert(1)",
        "http://user:pw@127.0.0.1:9/",
        "http://127.0.0.1:0/",
    ),
)
DATES = (
    *("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999999Z", "2016-12-31T23:59:60Z"),
    *("2026-11-22T08:00:00.000Z", "2026-11-22T08:00:00.1234567Z", "2026-11-22T08:00:00+00:00", "2026-11-22 08:00:00Z"),
    *(
        "2026-11-22T08:00:00z",
        "2026-02-30T08:00:00Z",
        "2026-11-22T24:00:00Z",
        "0000-01-01T00:00:00Z",
        "2026-11-22T08:00Z",
    ),
    *("2026-11-22", "20261122T080000Z", "２026-11-22T08:00:00Z", "2026-11-22T08:00:00", "2027-11-22T08:00:00Z"),
    *("08:00", "24:00", "23:59", "1970-01-01", "-001-01-01T00:00:00Z", "10000-01-01T00:00:00Z"),
)
NESTED = (Raw("[" * 40 + "]" * 40), Raw('{"a":' * 40 + "1" + "}" * 40), Raw("[" * 10_000 + "]" * 10_000))
WHOLE: tuple[Any, ...] = (None, True, False, [], {}, [[]], [{}], {"": ""}, [None], [1, "x", None], ["x"] * 2_000)

_TEXT = st.text(alphabet=st.characters(), max_size=40)
ODD: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from(STRINGS),
    st.sampled_from(DATES),
    st.sampled_from(NUMBERS),
    st.sampled_from(WHOLE),
    st.sampled_from(NESTED),
    _TEXT,
    st.integers(),
    st.decimals(allow_nan=False, allow_infinity=False).map(lambda number: Raw(str(number))),
)
_NAMES = (
    st.sampled_from(("", "id", "ID", "x" * 5_000, "a/b~c", "\x00", "é", "😀", "\ud800", "__proto__", "$ref", "vendor"))
    | _TEXT
)


def places(value: Any, place: Place = ()) -> Iterator[Place]:
    """Every place in a document, the root apart."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, child in children:
        yield (*place, name)
        yield from places(child, (*place, name))


@st.composite
def mutated(draw: st.DrawFn, document: dict[str, Any]) -> bytes:
    """The document with one to three changes, as bytes."""
    changed: Any = document
    for _ in range(draw(st.integers(1, 3))):
        there = list(places(changed))
        if not there:
            break
        changed = draw(_changed(changed, draw(st.sampled_from(there))))
    return encoded(changed, ascii_only=draw(st.booleans()))


@st.composite
def _changed(draw: st.DrawFn, document: Any, place: Place) -> Any:
    """The document with one change at a place."""
    parent, last = _at(document, place[:-1]), place[-1]
    odd = draw(ODD)
    if isinstance(parent, list):
        assert isinstance(last, int)
        item = parent[last]
        choices = (
            [odd if i == last else each for i, each in enumerate(parent)],
            [*parent, item],
            [*parent, odd],
            [item] * 300,
        )
        return _with(document, place[:-1], draw(st.sampled_from(choices)))
    assert isinstance(parent, dict)
    others = {name: value for name, value in parent.items() if name != last}
    value = parent[last]
    choice = draw(st.integers(0, 9))
    if choice == 0:
        new: Any = others
    elif choice == 1:
        new = Twice(parent, str(last), odd)
    elif choice == 2:
        new = others | {draw(_NAMES | st.just(str(last).upper())): value}
    elif choice == 3:
        new = parent | {draw(_NAMES): odd}
    elif choice == 4:
        new = parent | {last: [value]}
    elif choice == 5:
        new = parent | {last: str(value)}
    else:
        new = parent | {last: odd}
    return _with(document, place[:-1], new)


def _at(document: Any, place: Place) -> Any:
    for name in place:
        document = document[name]
    return document


def _with(document: Any, place: Place, value: Any) -> Any:
    """A copy of the document with a value at a place."""
    if not place:
        return value
    name, rest = place[0], place[1:]
    if isinstance(document, list):
        return [_with(each, rest, value) if i == name else each for i, each in enumerate(document)]
    return document | {name: _with(document[name], rest, value)}


def encoded(value: Any, *, ascii_only: bool = True) -> bytes:
    """JSON, or what is nearly JSON."""
    return _text(value, ascii_only=ascii_only).encode("utf-8", "surrogatepass")


def _text(value: Any, *, ascii_only: bool) -> str:
    match value:
        case Raw(text):
            return text
        case Twice(members, name, other):
            inner = _text(members, ascii_only=ascii_only)[:-1]
            return f"{inner},{json.dumps(name)}:{_text(other, ascii_only=ascii_only)}}}"
        case dict():
            pairs = (
                f"{json.dumps(name, ensure_ascii=ascii_only)}:{_text(item, ascii_only=ascii_only)}"
                for name, item in value.items()
            )
            return "{" + ",".join(pairs) + "}"
        case list():
            return "[" + ",".join(_text(item, ascii_only=ascii_only) for item in value) + "]"
    return json.dumps(value, ensure_ascii=ascii_only)
