"""Files that people write as JSON: each wrong place is named by its path, with what to do about it.

The command line, the store and the optimizer read with it; so nothing heavy is imported here.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import cache
from reprlib import Repr
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, ValidationError

from ocpi.sites.phases import Phase
from ocpi.types.primitives import format_datetime

LARGEST = 100_000
"""The most of anything: no site has so many ampere, kW or kWh, and solvers lose small numbers beside larger ones."""

MOST_PROBLEMS = 20
"""How many wrong places of one file are told; a file with more has been written wrongly all over."""

_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.0+)?)?(Z|[+-]\d{2}:\d{2})?", re.ASCII)
_NO_STEPS = ("[key]", "[number]", "[series]", "[weekly]", "[AC]", "[DC]", "[limits]", "[periods]")
"""What the path of an error has of pydantic's and of the tags of unions, and nobody wrote."""


class WrongInput(ValueError):
    """A file that cannot be: `problems` has one line for each wrong place, beginning with its path."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


def utc(value: object) -> datetime:
    """Read a time: with Z, with an offset (converted), or without a zone (it is UTC, as in OCPI).

    Raises:
        ValueError: it is none; the message says how to write it.
    """
    if isinstance(value, str) and not _TIME.fullmatch(value):
        raise ValueError("must be a time in whole seconds such as 2026-03-02T18:00:00Z")
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    if not isinstance(moment, datetime):
        raise ValueError("must be a time such as 2026-03-02T18:00:00Z, in quotes")
    if moment.microsecond:
        raise ValueError("must be a time in whole seconds")
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("is out of range") from None


def _known_zone(key: str) -> str:
    try:
        ZoneInfo(key)
    except (KeyError, ValueError, OSError):  # unknown; not a name at all; the name of a folder of zones
        raise ValueError(f"unknown time zone {key!r}: use an IANA name such as Europe/Amsterdam") from None
    return key


def _each_once(phases: tuple[Phase, ...]) -> tuple[Phase, ...]:
    if not phases:
        raise ValueError("must not be empty")
    twice = [phase for phase, count in Counter(phases).items() if count > 1]
    if twice:
        raise ValueError(f"{', '.join(twice)} is given twice")
    return phases


_AsText = PlainSerializer(format_datetime, return_type=str, when_used="json")
UtcTime = Annotated[datetime, BeforeValidator(utc), _AsText]
TimeZone = Annotated[str, AfterValidator(_known_zone)]
Number = Annotated[float, Field(strict=True, ge=-LARGEST, le=LARGEST, allow_inf_nan=False)]
Amount = Annotated[float, Field(strict=True, ge=0, le=LARGEST, allow_inf_nan=False)]
PositiveAmount = Annotated[float, Field(strict=True, gt=0, le=LARGEST, allow_inf_nan=False)]
Name = Annotated[str, Field(min_length=1, max_length=255)]
Phases = Annotated[tuple[Phase, ...], AfterValidator(_each_once)]


class Strict(BaseModel):
    """An object of a file: nothing unknown is in it."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def read[M: BaseModel](model: type[M], text: str | bytes, error: type[WrongInput] = WrongInput) -> M:
    """Read what a file says.

    Raises:
        WrongInput: as `error`; the text is no JSON, or says what the model does not allow.
    """
    try:
        return model.model_validate(json.loads(text, object_pairs_hook=_object))
    except json.JSONDecodeError as wrong:
        raise error([f"line {wrong.lineno}, column {wrong.colno}: not JSON: {wrong.msg}"]) from None
    except UnicodeDecodeError:
        raise error(["not JSON: the text is not UTF-8"]) from None
    except RecursionError:
        raise error(["nested too deep"]) from None
    except ValidationError as wrong:
        raise error(problems_of(wrong, model)) from None
    except _Twice as wrong:
        raise error([f"{name}: given twice in one object: keep one" for name in wrong.names]) from None
    except ValueError:  # of Python, about whole numbers of more than 4300 digits
        raise error(["not JSON: a number is too long"]) from None


def problems_of(error: ValidationError, model: type[BaseModel]) -> list[str]:
    """One line for each place where `model`, or a part of it, did not allow what was given."""
    lines = list(_lines(error, model))
    return [*lines[:MOST_PROBLEMS], "and more"] if len(lines) > MOST_PROBLEMS else lines


class _Twice(Exception):
    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        self.names = names


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    twice = [name for name, count in Counter(name for name, _ in pairs).items() if count > 1]
    if twice:
        raise _Twice(twice)
    return dict(pairs)


_ADVICE = {
    "missing": "missing: give it a value",
    "literal_error": "must be {expected}, is {input}",
    "enum": "must be {expected}, is {input}",
    "greater_than_equal": "must be {ge:g} or more, is {input}",
    "greater_than": "must be more than {gt:g}, is {input}",
    "less_than_equal": "must be {le:g} or less, is {input}",
    "finite_number": "must be a finite number, is {input}",
    "float_type": "must be a number, is {input}",
    "int_type": "must be a whole number, is {input}",
    "string_type": "must be text in quotes, is {input}",
    "string_too_short": "must not be empty",
    "string_pattern_mismatch": "must be letters, digits, '.', '_' and '-' only, is {input}",
    "model_type": "must be an object in braces",
    "dict_type": 'must be an object such as {{"L1": 63, "L2": 63, "L3": 63}}',
    "tuple_type": "must be a list in brackets",
    "too_long": "has {actual_length} entries: {max_length} are the most",
}
_SHORT = Repr(maxstring=80, maxlong=40, maxother=80)


def _lines(error: ValidationError, model: type[BaseModel]) -> Iterator[str]:
    for problem in error.errors():
        place = _path(problem["loc"])
        context = problem.get("ctx", {})
        cause = context.get("error")
        if isinstance(cause, WrongInput):  # of a whole object: its lines begin with paths from there
            yield from (f"{place}.{line}".removeprefix(".") for line in cause.problems)
            continue
        if problem["type"] == "extra_forbidden":
            what = f"unknown field: {_suggestion(str(problem['loc'][-1]), _fields(model))}"
        elif problem["type"] == "value_error":
            what = str(cause)
        else:
            advice = _ADVICE.get(problem["type"], problem["msg"].replace("{", "{{").replace("}", "}}"))
            what = advice.format(**{**context, "input": _shown(problem["input"])})
        yield f"{place}: {what}" if place else what


def _shown(value: object) -> str:
    """A value as it was written, or the beginning of it."""
    return "null" if value is None else _SHORT.repr(value)


def _path(location: tuple[int | str, ...]) -> str:
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in location if step not in _NO_STEPS)
    return "".join(steps).removeprefix(".")


@cache
def _fields(model: type[BaseModel]) -> list[str]:
    """The names of all fields of a model and of what it is made of."""
    schema = model.model_json_schema()
    objects = [schema, *schema.get("$defs", {}).values()]
    return sorted({name for each in objects for name in each.get("properties", ())})


def _suggestion(name: str, known: Sequence[str]) -> str:
    if name in known:
        return "it belongs elsewhere"
    close = get_close_matches(name, known, n=1)
    return f"did you mean {close[0]}?" if close else "remove it"
