"""Uploaded files as CSV: as spreadsheets write it, in any of their ways, and market platforms."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from ocpi.sites.reading import LARGEST
from ocpi.sites.series import SeriesKind
from ocpi.sites.upload_rows import Row, UploadError, refuse

_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")

_TOLD_SEPARATOR = re.compile(r'"?sep=([;,\t])"?\s*', re.IGNORECASE)
"""As Excel begins a file."""
_NUMBER = re.compile(r"-?\d{1,15}([.,]\d{1,20})?([eE][+-]?\d{1,2})?", re.ASCII)
_OF_THOUSANDS = re.compile(r"-?[1-9]\d{0,2},\d{3}", re.ASCII)

_UNITS = ("w", "kw", "mw", "wh", "kwh", "mwh", "ct", "cent", "cents")
_STARTS = ("start", "time", "timestamp", "datetime", "from")
_ENDS = ("end", "until", "to")
_VALUES = ("value", "price")

_SHOWN = 40
"""How many characters of a cell are told again."""


def _decoded(text: bytes) -> str:
    if text.startswith(_WORKBOOKS):
        raise UploadError(["is a workbook: save it as CSV UTF-8"])
    try:
        told = text.decode("utf-16" if text.startswith(_UTF_16) else "utf-8-sig")
    except UnicodeDecodeError as wrong:
        line = text.count(b"\n", 0, wrong.start) + 1
        raise UploadError([f"line {line}: not UTF-8: save the file as CSV UTF-8"]) from None
    if "\0" in told:
        raise UploadError(["is no text: save it as CSV UTF-8"])
    return told


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where in a line what stands, and in how many parts of a price per kWh (1000: it is one per MWh)."""

    start: int
    end: int | None
    value: int
    count: int
    parts: int = 1
    in_utc: bool = False

    @property
    def last(self) -> int:
        """The number of the last one that has to be there."""
        return max(self.start, self.end or 0, self.value)

    def end_of(self, cells: Sequence[str]) -> str | None:
        """The end that a line tells."""
        return None if self.end is None else cells[self.end]


class Csv:
    """The lines of a file, as cells.

    Raises:
        UploadError: it is no CSV.
    """

    def __init__(self, file: bytes) -> None:
        text = _decoded(file)
        first = next(filter(str.strip, text.splitlines()), "")
        told = _TOLD_SEPARATOR.fullmatch(first)
        self._separator = told[1] if told else next((each for each in ";\t" if each in first), ",")
        self._lines = list(self._read(text))[1 if told else 0 :]

    def rows(self, kind: SeriesKind) -> tuple[list[Row], bool]:
        """The values, and whether times without an offset are UTC.

        Raises:
            UploadError: a line, or the first with the names of columns, is none that is known.
        """
        if not self._lines:
            return [], False
        (number, head), *below = self._lines
        named = not head[0][:1].isdigit()
        columns = _named(number, head, kind) if named else _nameless(head)
        problems, rows = [], []
        for line, cells in below if named else self._lines:
            if problem := self._misfit(cells, columns):
                problems.append(f"line {line}: {problem}")
            else:
                rows.append((line, cells))
        refuse(problems)
        values = _numbers([(line, cells[columns.value]) for line, cells in rows])
        return [
            Row(f"line {line}", cells[columns.start], columns.end_of(cells), float(value / columns.parts))
            for (line, cells), value in zip(rows, values, strict=True)
        ], columns.in_utc

    def _read(self, text: str) -> Iterator[tuple[int, list[str]]]:
        """Lines that are not empty, with their numbers."""
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=self._separator, strict=True)
        try:
            for cells in reader:
                filled = [cell.strip() for cell in cells]
                while filled and not filled[-1]:
                    filled.pop()
                if filled:
                    yield reader.line_num, filled
        except csv.Error as wrong:
            raise UploadError([f"line {reader.line_num}: no CSV: {wrong}"]) from None

    def _misfit(self, cells: Sequence[str], columns: _Columns) -> str | None:
        """What is wrong with the number of cells."""
        if len(cells) <= columns.last:
            only_value = columns.start < len(cells) <= columns.value == columns.last
            return (
                f"{_short(cells[columns.start])} has no value"
                if only_value
                else f"has {len(cells)} of {columns.count} columns"
            )
        if len(cells) <= columns.count:
            return None
        whole, decimals = (cell[:_SHOWN] for cell in cells[columns.value : columns.value + 2])
        if self._separator == "," and whole.removeprefix("-").isdigit() and decimals.isdigit():
            return f"'{whole},{decimals}': write {whole}.{decimals}, or separate columns by ';'"
        return f"has {len(cells)} columns: {columns.count} are known"


def _nameless(cells: Sequence[str]) -> _Columns:
    """Start, end if there is one, value."""
    has_end = len(cells) > 1 and ":" in cells[1]
    return _Columns(0, 1, 2, count=3) if has_end else _Columns(0, None, 1, count=2)


def _named(line: int, names: Sequence[str], kind: SeriesKind) -> _Columns:
    """By their names; where there are two, whatever they are called."""
    words = [re.findall(r"[a-z]+", name.lower()) for name in names]
    if len(names) == 2:
        start, end, value = 0, None, 1
    else:
        start = _only(line, names, [bool(each) and each[0] in _STARTS for each in words], "start")
        ends = [number for number, each in enumerate(words) if each and each[0] in _ENDS]
        end = ends[0] if ends else None
        value = _only(line, names, [bool(each) and each[-1] in (*_VALUES, *_UNITS) for each in words], "value")
    parts = _parts(f"line {line}: {_short(names[value])}", words[value], kind)
    return _Columns(start, end, value, len(names), parts, in_utc=words[start][-1:] == ["utc"])


def _only(line: int, names: Sequence[str], known: Sequence[bool], name: str) -> int:
    """The number of the one column that is known as something."""
    found = [number for number, each in enumerate(known) if each]
    if len(found) == 1:
        return found[0]
    several = ", ".join(_short(names[number]) for number in found or range(len(names)))
    problem = f"each of {several} could be the {name}" if found else f"none of {several} is known as the {name}"
    raise UploadError([f"line {line}: {problem}: give two columns, called start and value"])


def _parts(place: str, words: Sequence[str], kind: SeriesKind) -> int:
    """How many times what is meant a column has, by the unit in its name."""
    if any(word in ("ct", "cent", "cents") for word in words):
        raise UploadError([f"{place} is in cents: give it in the currency of the site's other prices"])
    unit = next((word for word in reversed(words) if word in _UNITS), None)
    if kind.is_price:
        if unit in (None, "kwh", "mwh"):
            return 1000 if unit == "mwh" else 1
        raise UploadError([f"{place} is no price per kWh or MWh"])
    if unit in (None, "kw"):
        return 1
    raise UploadError([f"{place} is not in kW: give kW"])


def _numbers(cells: Sequence[tuple[int, str]]) -> list[Decimal]:
    """Numbers with a decimal point, or all with a decimal comma."""
    texts = [(line, text.replace("\N{MINUS SIGN}", "-")) for line, text in cells]
    refuse([f"line {line}: {_no_number(text)}" for line, text in texts if not _NUMBER.fullmatch(text)])
    with_comma = [(line, text) for line, text in texts if "," in text]
    with_point = [(line, text) for line, text in texts if "." in text]
    if with_comma and with_point:
        (line, comma), (other, point) = with_comma[0], with_point[0]
        raise UploadError(
            [f"line {line}: {comma!r} has a comma, and {point!r} in line {other} a point: use points only"]
        )
    if with_comma and all(_OF_THOUSANDS.fullmatch(text) for _, text in with_comma):
        line, text = with_comma[0]
        dotted, bare = text.replace(",", "."), text.replace(",", "")
        raise UploadError([f"line {line}: {text!r} may be {dotted} or {bare}: write which, without a comma"])
    numbers = [(line, Decimal(text.replace(",", "."))) for line, text in texts]
    refuse([f"line {line}: {number} is out of range" for line, number in numbers if abs(number) > LARGEST])
    return [number for _, number in numbers]


def _no_number(text: str) -> str:
    if not text:
        return "has no value"
    if re.fullmatch(r"-?[\d.,' \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}]+", text):
        return f"{_short(text)}: write it like 1234.5"
    return f"{_short(text)} is no number"


def _short(cell: str) -> str:
    """A cell as it was written, or the beginning of it."""
    return repr(cell[:_SHOWN])
