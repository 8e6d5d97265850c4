"""docs/conformance.md, from what the tests have shown."""

import os
import re
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from pathlib import PurePosixPath

from tests.conformance.rules import Conformance, Outcome, Rule

DOCS = PurePosixPath("docs")
LEVELS = ("MUST", "SHOULD", "MAY")
STATES = ("shown", "not by us", "open")

_INTRODUCTION = """\
# Conformance

Which test shows which rule of [OCPI 2.2.1](https://github.com/ocpi/ocpi), branch `release-2.2.1-bugfixes`. The rules
stand in `tests/conformance/requirements.csv`; a test names those that it shows with
`@pytest.mark.requirement("LOC-15")`.

`make conformance` runs all tests but the end-to-end ones and writes this page anew. It fails if a test that carries
a rule fails or is skipped, or if a MUST that concerns a party, not a hub, is neither shown nor waived. `make test`
fails while this page lacks a test, or names one that is gone.

- ✔ test: it passed, and shows the rule. ✘ test: it did not.
- A sentence: why no code of this repository can show the rule (`tests/conformance/waivers.csv`).
- *open*: neither.

*who* is the interface that a rule binds: `sender` is the side of the data's owner, `receiver` the other one.

The specification's own examples are tested too, where `OCPI_SPEC_DIR` names a checkout of that branch
(`tests/conformance/test_spec_examples.py`)."""

_MARKS = {Outcome.PASSED: "✔", Outcome.SKIPPED: "✘", Outcome.FAILED: "✘"}


def render(conformance: Conformance) -> str:
    """The page; the same tests with the same outcomes give the same text."""
    modules = [(name, list(rules)) for name, rules in groupby(conformance.rules, key=lambda rule: rule.module)]
    parts = [_INTRODUCTION, "\n".join(_summary(conformance, modules))]
    parts += [f"## {name}\n\n" + "\n".join(_table(conformance, rules)) for name, rules in modules]
    return "\n\n".join(parts) + "\n"


def _summary(conformance: Conformance, modules: list[tuple[str, list[Rule]]]) -> Iterator[str]:
    columns = [(level, state) for level in LEVELS for state in STATES]
    yield "| module | " + " | ".join(f"{level} {state}" for level, state in columns) + " |"
    yield "|---|" + "--:|" * len(columns)
    for name, rules in [*modules, ("**all**", list(conformance.rules))]:
        counts = Counter((rule.level, _state(conformance, rule)) for rule in rules)
        yield f"| {name} | " + " | ".join(str(counts[column]) for column in columns) + " |"


def _state(conformance: Conformance, rule: Rule) -> str:
    shown, waived, still_open = STATES
    if rule.id in conformance.tests:
        return (
            shown if all(outcome is Outcome.PASSED for outcome in conformance.tests[rule.id].values()) else still_open
        )
    return waived if rule.id in conformance.waivers else still_open


def _table(conformance: Conformance, rules: list[Rule]) -> Iterator[str]:
    yield "| rule | level | who | requirement | shown by |"
    yield "|---|---|---|---|---|"
    for rule in rules:
        cells = (rule.id, rule.level, rule.interface, _plain(rule.requirement), _proof(conformance, rule.id))
        yield "| " + " | ".join(cells) + " |"


def _proof(conformance: Conformance, id_: str) -> str:
    if tests := conformance.tests.get(id_):
        return "<br>".join(f"{_MARKS[outcome]} {_link(test)}" for test, outcome in sorted(tests.items()))
    return _plain(conformance.waivers[id_]) if id_ in conformance.waivers else "*open*"


def _link(test: str) -> str:
    file, _, name = test.partition("::")
    return f"[{PurePosixPath(file).name}::{name}]({os.path.relpath(file, DOCS)})"


def _plain(text: str) -> str:
    """`text` for a cell: nothing in it is markup, save what stands in backticks."""
    odd, even = text.split("`")[::2], text.split("`")[1::2]
    escaped = [re.sub(r"([\\*<>\[\]])", r"\\\1", part) for part in odd]
    quoted = [f"`{part}`" for part in even]
    pieces = [piece for pair in zip(escaped, [*quoted, ""], strict=True) for piece in pair]
    return "".join(pieces).replace("|", r"\|")
