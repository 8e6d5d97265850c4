"""What the commands about sites are given."""

from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from pydantic import BaseModel, ValidationError

from cli.failure import Failure
from ocpi import clock, zones
from ocpi.sites.limits import Limit
from ocpi.sites.phases import PHASES, Phase
from ocpi.sites.reading import problems_of, utc
from ocpi.sites.site import GRID, Branch, SiteError

SiteId = Annotated[str, typer.Argument(help="The site's id.")]
Node = Annotated[str, typer.Option(help="The feeder that is meant; the grid connection if left out.")]
Kw = Annotated[float | None, typer.Option(help="The limit in kW, all phases together.")]
Ampere = Annotated[
    str | None, typer.Option("--a", help="The limit in A: one number for each phase, or L1=80,L2=80,L3=63.")
]
Reason = Annotated[str | None, typer.Option(help="Why, for those who look later.")]
Yes = Annotated[bool, typer.Option("--yes", help="Take odd values, too, without asking.")]
Since = Annotated[
    str | None, typer.Option("--from", help="From when: a date at the site, or a time (UTC, or with an offset).")
]
Until = Annotated[str | None, typer.Option("--until", help="Until when; the present time if left out.")]


def given_limit(kw: float | None, ampere: str | None, branch: Branch) -> Limit:
    """The limit that --kw or --a tell.

    Raises:
        Failure: it is none, or not for this branch.
    """
    if (kw is None) == (ampere is None):
        raise Failure("give the limit either with --kw or with --a")
    return checked(Limit, {"limit_kw": kw} if kw is not None else {"limit_a": _amperes(ampere or "", branch)})


def checked[M: BaseModel](model: type[M], fields: Mapping[str, object]) -> M:
    """What was given as a part of a site.

    Raises:
        SiteError: it cannot be; each wrong field is named.
    """
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        raise SiteError(problems_of(error, model)) from None


def _amperes(text: str, branch: Branch) -> dict[Phase, float]:
    """The limit of each phase out of ``80`` or ``L1=80,L2=80,L3=63``."""
    given = dict(part.strip().partition("=")[::2] for part in text.split(","))
    if len(given) == 1 and "=" not in text:
        given = dict.fromkeys(branch.phases, text)
    unknown = [name for name in given if name not in branch.phases]
    if unknown:
        whose = "site" if branch.id == GRID else "feeder"
        raise Failure(f"--a: unknown phase {unknown[0]!r}; the {whose} has {', '.join(branch.phases)}")
    try:
        return {phase: float(given[phase]) for phase in branch.phases}
    except KeyError as error:
        raise Failure(f"--a: the limit of {error.args[0]} is missing") from None
    except ValueError:
        raise Failure(f"--a: {text!r} is neither a number nor L1=80,L2=80,L3=63") from None


def span(
    since: str | None, until: str | None, zone: tzinfo, now: datetime, back: timedelta
) -> tuple[datetime, datetime]:
    """From when until when is looked at: `back` from its end on if the beginning is left out.

    Raises:
        Failure: an option is no time, or it ends before it begins.
    """
    end = moment("--until", until, zone) if until else now
    start = moment("--from", since, zone) if since else end - back
    if start >= end:
        raise Failure("--from must be before --until")
    return start, end


def moment(option: str, text: str, zone: tzinfo) -> datetime:
    """A time, or the midnight at which a date begins in a zone.

    Raises:
        Failure: it is none.
    """
    try:
        day = datetime.strptime(text, "%Y-%m-%d")  # noqa: DTZ007 - the zone comes with the midnight
    except ValueError:
        pass
    else:
        return zones.moment(day.replace(tzinfo=zone))
    try:
        return utc(text)
    except ValueError as error:
        raise Failure(f"{option}: {text!r}: {error}") from None


def local(time: datetime | None, zone: tzinfo) -> str | None:
    """A time at the site, for people."""
    return time.astimezone(zone).strftime("%Y-%m-%d %H:%M") if time else None


def limit_text(limit: Limit) -> str:
    """A limit as it was given."""
    if limit.limit_a is None:
        return f"{limit.limit_kw:g} kW"
    return f"{by_phase(limit.limit_a)} A"


def by_phase(amperes: Mapping[Phase, float]) -> str:
    """``L1 100, L2 100, L3 63``, or one number where all are the same."""
    rounded = {phase: round(ampere, 1) for phase, ampere in amperes.items()}
    if len(set(rounded.values())) == 1:
        return f"{next(iter(rounded.values())):g}"
    return ", ".join(f"{phase} {ampere:g}" for phase, ampere in rounded.items())


def brief(time: datetime | None, zone: tzinfo) -> str | None:
    """A time at the site for a narrow table: the year is told if it is not this one."""
    if time is None:
        return None
    there = time.astimezone(zone)
    this_year = there.year == clock.now().astimezone(zone).year
    return there.strftime("%d %b %H:%M" if this_year else "%d %b %Y %H:%M")


def brief_by_phase(amperes: Mapping[Phase, float]) -> str:
    """``100/100/9.5``, or one number where all are the same; of a node that has not all phases ``L1 10, L3 20``."""
    if len(amperes) < len(PHASES) or len({round(ampere, 1) for ampere in amperes.values()}) == 1:
        return by_phase(amperes)
    return "/".join(f"{ampere:.0f}" if ampere >= _ROUGH_A else f"{round(ampere, 1):g}" for ampere in amperes.values())


_ROUGH_A = 10.0
"""From here on tenths of an ampere are left out where three numbers share a column."""


def heading(zone: ZoneInfo, *, currents: bool = False) -> str:
    """What a table does not say of each of its cells."""
    unit = "A is ampere per phase, L1/L2/L3 if they differ. " if currents else ""
    return f"{unit}Times are in {zone.key}."
