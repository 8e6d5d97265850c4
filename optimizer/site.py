"""A site as an energy manager writes it: one JSON file that says what the grid connection bears and what
hangs on it.

The command line reads it, the store keeps it, the optimizer plans with it; so nothing heavy is imported here.
Currents are ampere per phase, `limit_kw` is the power of all phases together, times are UTC.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from itertools import pairwise
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    model_validator,
)

from ocpi.types.primitives import format_datetime
from optimizer.phases import PHASES, Phase

_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.0+)?)?(Z|[+-]\d{2}:\d{2})?", re.ASCII)
_EARLIEST = datetime.min.replace(tzinfo=UTC)
_LATEST = datetime.max.replace(tzinfo=UTC)


class SiteError(ValueError):
    """A site that cannot be: `problems` has one line for each wrong place, beginning with its path."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


def _utc(value: object) -> datetime:
    """Read a time: with Z, with an offset (converted), or without a zone (it is UTC, as in OCPI)."""
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


def _json(moment: datetime) -> str:
    return format_datetime(moment)


_AsText = PlainSerializer(_json, return_type=str, when_used="json")
UtcTime = Annotated[datetime, BeforeValidator(_utc), _AsText]
Amount = Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]
PositiveAmount = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]
Name = Annotated[str, Field(min_length=1, max_length=255)]
Phases = Annotated[tuple[Phase, ...], AfterValidator(_each_once)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LimitPeriod(_Strict):
    """The site's limit from `start` (none: ever since) to `end` (none: for ever), of one of the two kinds."""

    start: UtcTime | None = None
    end: UtcTime | None = None
    limit_a: dict[Phase, Amount] | None = None
    limit_kw: Amount | None = None

    @model_validator(mode="after")
    def _one_kind_in_order(self) -> Self:
        if (self.limit_a is None) == (self.limit_kw is None):
            raise ValueError("give either limit_a (ampere for each phase) or limit_kw (all phases together)")
        if self.begins >= self.ends:
            raise ValueError(f"must start before it ends: {_span(self)}")
        return self

    @property
    def begins(self) -> datetime:
        """`start`, or the beginning of time."""
        return self.start or _EARLIEST

    @property
    def ends(self) -> datetime:
        """`end`, or the end of time."""
        return self.end or _LATEST


class LocationRef(_Strict):
    """The OCPI Location that the site's EVSEs belong to."""

    country_code: Annotated[str, Field(min_length=2, max_length=2)]
    party_id: Annotated[str, Field(min_length=3, max_length=3)]
    location_id: Annotated[str, Field(min_length=1, max_length=36)]


class SiteEvse(_Strict):
    """What the energy manager knows better than the Location: the phases an EVSE is wired to and its fuse."""

    evse_uid: Annotated[str, Field(min_length=1, max_length=36)]
    phases: Phases | None = None
    max_a: PositiveAmount | None = None


class Site(_Strict):
    """A grid connection and the EVSEs behind it.

    `default_limit_a` is what an EVSE draws per phase for a session that has no profile yet (None: its
    connector's maximum); `arrival_headroom` is the number of such newcomers that room is kept for.
    `assumed_stay_hours` and `assumed_energy_kwh` stand in for what a driver did not say. A car draws nothing
    or at least `min_a`.
    """

    id: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$")]
    name: Name | None = None
    time_zone: Annotated[str, AfterValidator(_known_zone)]
    voltage_v: Annotated[PositiveAmount, Field(le=1000)]
    partner_id: Name
    location: LocationRef
    phases: Phases = PHASES
    limits: tuple[LimitPeriod, ...]
    default_limit_a: Amount | None = None
    arrival_headroom: Annotated[int, Field(strict=True, ge=0)] = 1
    evses: tuple[SiteEvse, ...] = ()
    assumed_stay_hours: PositiveAmount = 8.0
    assumed_energy_kwh: PositiveAmount = 40.0
    min_a: Amount = 6.0

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        problems = [*_problems_in_time(self.limits), *_problems_of_phases(self), *_problems_of_evses(self)]
        if problems:
            raise ValueError("\n".join(problems))
        return self

    def limit(self, start: datetime, end: datetime | None = None) -> dict[Phase, float]:
        """The lowest limit in force within [`start`, `end`), in ampere by phase; no `end` means for ever."""
        until = max(end or _LATEST, start + timedelta(microseconds=1))
        in_force = [self._amperes(each) for each in self.limits if each.begins < until and each.ends > start]
        return {phase: min(amperes[phase] for amperes in in_force) for phase in self.phases}

    def limit_changes(self, start: datetime, end: datetime | None = None) -> list[datetime]:
        """The moments after `start` and before `end` at which another limit comes into force, in order."""
        return [each.begins for each in self.limits[1:] if start < each.begins < (end or _LATEST)]

    def with_limit(
        self,
        start: datetime | None,
        end: datetime | None,
        limit: Mapping[Phase, float] | float,
    ) -> "Site":
        """The same site with another limit from `start` to `end` (None: ever since, for ever).

        Args:
            start: from when it holds.
            end: until when it holds.
            limit: ampere by phase, or kW of all phases together.

        Raises:
            SiteError: the period is empty, or the limit is none for this site.
        """
        kind = {"limit_a": dict(limit)} if isinstance(limit, Mapping) else {"limit_kw": limit}
        try:
            new = LimitPeriod.model_validate({"start": start, "end": end, **kind})
            before = [_cut(each, each.begins, min(each.ends, new.begins)) for each in self.limits]
            after = [_cut(each, max(each.begins, new.ends), each.ends) for each in self.limits]
            periods = _merged([each for each in (*before, new, *after) if each])
            return Site.model_validate({**dict(self), "limits": periods})
        except ValidationError as error:
            raise SiteError(list(_lines(error))) from None

    def _amperes(self, period: LimitPeriod) -> Mapping[Phase, float]:
        if period.limit_a is not None:
            return period.limit_a
        share = (period.limit_kw or 0.0) * 1000 / (self.voltage_v * len(self.phases))
        return dict.fromkeys(self.phases, share)


def parse_time(text: str) -> datetime:
    """Read a time as site files write it: with Z, with an offset, or without a zone (it is UTC).

    Raises:
        SiteError: it is none.
    """
    try:
        return _utc(text)
    except ValueError as error:
        raise SiteError([f"{text!r}: {error}"]) from None


def parse_site(text: str | bytes) -> Site:
    """Read a site from JSON.

    Raises:
        SiteError: it is no JSON or no site; every wrong place is named by its path, with what to do.
    """
    try:
        return Site.model_validate(json.loads(text, object_pairs_hook=_object))
    except json.JSONDecodeError as error:
        raise SiteError([f"line {error.lineno}, column {error.colno}: not JSON: {error.msg}"]) from None
    except UnicodeDecodeError:
        raise SiteError(["not JSON: the text is not UTF-8"]) from None
    except RecursionError:
        raise SiteError(["not a site: nested too deep"]) from None
    except ValidationError as error:
        raise SiteError(list(_lines(error))) from None


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    twice = [name for name, count in Counter(name for name, _ in pairs).items() if count > 1]
    if twice:
        raise SiteError([f"{name}: given twice in one object: keep one" for name in twice])
    return dict(pairs)


def _problems_in_time(limits: Sequence[LimitPeriod]) -> Iterator[str]:
    if not limits:
        yield "limits: must not be empty: give at least one period"
        return
    if limits[0].start is not None:
        yield "limits[0].start: the first period holds from ever: leave its start out"
    for number, (before, this) in enumerate(pairwise(limits), start=1):
        if before.end is None:
            yield f"limits[{number - 1}].end: missing: only the last period may be without an end"
        if this.start is None:
            yield f"limits[{number}].start: missing: only the first period may be without a start"
        if before.end and this.start and before.end != this.start:
            what = "gap" if before.end < this.start else "overlap"
            yield (
                f"limits[{number}].start: {what}: the period before ends {_json(before.end)}, "
                f"this one starts {_json(this.start)}: make them equal"
            )
    if limits[-1].end is not None:
        yield f"limits[{len(limits) - 1}].end: the last period holds for ever: leave its end out"


def _problems_of_phases(site: Site) -> Iterator[str]:
    known = ", ".join(site.phases)
    for number, period in enumerate(site.limits):
        if period.limit_a is None:
            continue
        for phase in site.phases:
            if phase not in period.limit_a:
                yield f"limits[{number}].limit_a.{phase}: missing: give every phase ({known})"
        for phase in period.limit_a:
            if phase not in site.phases:
                yield f"limits[{number}].limit_a.{phase}: the site has no such phase ({known})"


def _problems_of_evses(site: Site) -> Iterator[str]:
    known = ", ".join(site.phases)
    first: dict[str, int] = {}
    for number, evse in enumerate(site.evses):
        earlier = first.setdefault(evse.evse_uid.lower(), number)
        if earlier != number:
            yield f"evses[{number}].evse_uid: {evse.evse_uid!r} is already evses[{earlier}]: keep one"
        for phase in evse.phases or ():
            if phase not in site.phases:
                yield f"evses[{number}].phases: the site has no phase {phase} ({known})"


def _cut(period: LimitPeriod, begins: datetime, ends: datetime) -> LimitPeriod | None:
    """The part of `period` from `begins` to `ends`; None if there is none."""
    if begins >= ends:
        return None
    start = None if begins == _EARLIEST else begins
    return period.model_copy(update={"start": start, "end": None if ends == _LATEST else ends})


def _merged(periods: Sequence[LimitPeriod]) -> list[LimitPeriod]:
    """The periods with equal neighbours made one."""
    merged = [periods[0]]
    for period in periods[1:]:
        last = merged[-1]
        if (last.limit_a, last.limit_kw) == (period.limit_a, period.limit_kw):
            merged[-1] = last.model_copy(update={"end": period.end})
        else:
            merged.append(period)
    return merged


def _span(period: LimitPeriod) -> str:
    return " to ".join(_json(moment) if moment else "ever" for moment in (period.start, period.end))


_MODELS = (Site, LimitPeriod, LocationRef, SiteEvse)
_FIELDS = sorted({field for model in _MODELS for field in model.model_fields})
_ADVICE = {
    "missing": "missing: give it a value",
    "literal_error": "unknown phase {input!r}: use L1, L2 or L3",
    "greater_than_equal": "must be {ge:g} or more, is {input}",
    "greater_than": "must be more than {gt:g}, is {input}",
    "less_than_equal": "must be {le:g} or less, is {input}",
    "finite_number": "must be a finite number, is {input}",
    "float_type": "must be a number, is {input!r}",
    "int_type": "must be a whole number, is {input!r}",
    "string_type": "must be text in quotes, is {input!r}",
    "string_pattern_mismatch": "must be letters, digits, '.', '_' and '-' only, is {input!r}",
    "model_type": "must be an object in braces",
    "dict_type": 'must be an object such as {{"L1": 63, "L2": 63, "L3": 63}}',
    "tuple_type": "must be a list in brackets",
}


def _lines(error: ValidationError) -> Iterator[str]:
    """One line for each wrong place."""
    for problem in error.errors():
        place = _path(problem["loc"])
        context = problem.get("ctx", {})
        if problem["type"] == "value_error":
            what = str(context["error"])
        elif problem["type"] == "extra_forbidden":
            what = f"unknown field: {_suggestion(str(problem['loc'][-1]))}"
        else:
            advice = _ADVICE.get(problem["type"], problem["msg"].replace("{", "{{").replace("}", "}}"))
            what = advice.format(**{"input": problem["input"], **context})
        yield f"{place}: {what}" if place else what


def _path(location: tuple[int | str, ...]) -> str:
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in location if step != "[key]")
    return "".join(steps).removeprefix(".")


def _suggestion(name: str) -> str:
    close = get_close_matches(name, _FIELDS, n=1)
    return f"did you mean {close[0]}?" if close else "remove it"
