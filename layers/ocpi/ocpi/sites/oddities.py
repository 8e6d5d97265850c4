"""Limits that can be, but hardly are meant."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ocpi.sites.limits import Limit

if TYPE_CHECKING:
    from ocpi.sites.site import Branch

FAR_OFF = 20
"""A limit so many times the one before, or so small a part of it, was hardly meant."""

MUCH_KW = 2000
"""More than this only the largest sites have; it takes a substation."""

ROUGHLY = 1.1
"""What is the same limit may differ by so much, for voltages are told roughly."""


def odd(place: str, branch: "Branch", before: "Branch | None") -> Iterator[str]:
    """What is odd about the limits of a node, each by its path; `place` is that of all of them.

    Those that `before` had as well are odd only where they mean something else by now.
    """
    known = {limit.model_dump_json() for _, limit in before.calendar.limits.parts()} if before else set()
    for path, limit in branch.calendar.limits.parts():
        same = limit.model_dump_json() in known
        line = _other_meaning(branch, before, limit) if before and same else _far_off(branch, before, limit)
        if line:
            yield f"{place}.{path}.{'limit_kw' if limit.limit_a is None else 'limit_a'}: {line}"


def _other_meaning(branch: "Branch", before: "Branch", limit: Limit) -> str | None:
    now_a, before_a = branch.highest_a(limit), before.highest_a(limit)
    if not before_a or 1 / ROUGHLY <= now_a / before_a <= ROUGHLY:
        return None
    return (
        f"is as before, but means {now_a:.4g} A instead of {before_a:.4g} A on each phase, for voltage_v or phases are"
        " others: are they right?"
    )


def _far_off(branch: "Branch", before: "Branch | None", limit: Limit) -> str | None:
    power_kw = branch.power_kw(limit)
    usual = _usual(before) if before else None
    if before is None or usual is None:
        return f"{power_kw:g} kW is very much: is it in W?" if power_kw > MUCH_KW else None
    now_a, before_a = branch.highest_a(limit), before.highest_a(usual)
    if not now_a or FAR_OFF > now_a / before_a > 1 / FAR_OFF:
        return None
    told, told_before = f"{power_kw:g} kW", f"{before.power_kw(usual):g} kW"
    if now_a > before_a:
        return f"{told} is {now_a / before_a:.0f} times the {told_before} of before: is it in W?"
    return f"{told} is a {before_a / now_a:.0f}th of the {told_before} of before: is it in MW?"


def _usual(before: "Branch") -> Limit | None:
    """The base, or the highest of the other limits while the base is zero, as after an emergency."""
    limits = before.calendar.limits
    others = sorted((limit for _, limit in limits.parts()), key=before.highest_a, reverse=True)
    return next((limit for limit in (limits.base, *others) if before.highest_a(limit)), None)
