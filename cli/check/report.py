"""How a run is told: lines for people, data for programs."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from cli.check.exchange import printable
from cli.check.registry import Check
from cli.check.rules import CHECKS
from cli.check.run import NEEDS_REGISTRATION, NEEDS_WRITE, NOT_REGISTERED, Outcome, Report, Result, in_order

_MARKS = {Outcome.PASSED: "PASS", Outcome.FAILED: "FAIL", Outcome.WARNED: "WARN", Outcome.SKIPPED: "SKIP"}

_GENERAL = (NEEDS_WRITE, NEEDS_REGISTRATION, NOT_REGISTERED)
"""Reasons that concern so many checks that a line for each would hide the others."""


def lines(report: Report) -> Iterator[str]:
    """A line for each check, what was expected and seen where a rule is not kept, and the sum."""
    for result in report.results:
        if result.reason not in _GENERAL:
            yield from _lines(result)
    counts = report.counts
    yield ""
    for reason, count in Counter(result.reason for result in report.results if result.reason in _GENERAL).items():
        yield f"SKIP  {count} more: {reason}"
    yield ", ".join(f"{counts[outcome]} {outcome}" for outcome in Outcome)
    if report.interrupted:
        yield "interrupted"


def data(report: Report) -> dict[str, Any]:
    """The same for programs."""
    subject = report.subject
    return {
        "versions_url": subject.versions_url,
        "roles": [role.get("role") for role in subject.roles],
        "write": subject.write,
        "interrupted": report.interrupted,
        "counts": {str(outcome): report.counts[outcome] for outcome in Outcome},
        "checks": [_data(result) for result in report.results],
    }


def listed() -> Iterator[str]:
    """A line for each check there is."""
    for each in sorted(CHECKS, key=in_order):
        yield f"{each.rule}  {each.title} ({each.level}{', writes' if each.writes else ''})"


def as_data(checks: Iterable[Check]) -> list[dict[str, Any]]:
    """Checks for programs."""
    return [
        {
            "rule": each.rule,
            "name": each.name,
            "title": each.title,
            "level": each.level,
            "writes": each.writes,
            "on": [" ".join(interface) for interface in each.on],
        }
        for each in checks
    ]


def _lines(result: Result) -> Iterator[str]:
    why = f": {printable(result.reason)}" if result.reason else ""
    yield f"{_MARKS[result.outcome]}  {result.check.rule}  {result.check.title}{why}"
    if result.expected:
        yield f"      expected: {printable(result.expected)}"
        yield f"      seen:     {printable(result.seen or '')}"


def _data(result: Result) -> dict[str, Any]:
    (check,) = as_data([result.check])
    told = {"reason": result.reason, "expected": result.expected, "seen": result.seen}
    return check | {"outcome": result.outcome} | {name: text for name, text in told.items() if text}
