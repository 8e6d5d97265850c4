"""The rules of OCPI 2.2.1, one a row, and what this repository has to say about each."""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path

FOLDER = Path(__file__).parent
HUB = "hub"
MUST = "MUST"


@dataclass(frozen=True)
class Rule:
    """A row of requirements.csv."""

    id: str
    module: str
    interface: str
    """Whom it concerns: the sender or the receiver interface, both, or a hub."""
    level: str
    """MUST, SHOULD or MAY."""
    requirement: str

    @property
    def binding(self) -> bool:
        """Whether a platform that is no hub must obey it."""
        return self.level == MUST and self.interface != HUB


class Outcome(IntEnum):
    """How a test ended; of several runs (its parameters) the worst counts."""

    PASSED = 0
    SKIPPED = 1
    FAILED = 2


@dataclass
class Conformance:
    """Which tests show which rule.

    Args:
        rules: all of them, in order.
        waivers: rule ids with the reason why no code of this repository can show them.
    """

    rules: tuple[Rule, ...]
    waivers: Mapping[str, str]
    tests: dict[str, dict[str, Outcome]] = field(default_factory=lambda: defaultdict(dict))
    """Rule ids with their tests, each as ``file::name``."""

    def record(self, id_: str, test: str, outcome: Outcome) -> None:
        """A test that is marked with a rule has ended."""
        known = self.tests[id_].get(test, outcome)
        self.tests[id_][test] = max(known, outcome)

    def problems(self) -> list[str]:
        """What must be put right, in words; empty if every binding rule is shown or waived, and no mark lies."""
        return [*self._wrong_ids(), *self._wrong_tests(), *self._missing()]

    def _wrong_ids(self) -> Iterator[str]:
        known = {rule.id for rule in self.rules}
        for id_ in sorted(self.tests.keys() - known):
            yield f"{id_}: no such rule, but {_listed(self.tests[id_])} carries it"
        for id_ in sorted(self.waivers.keys() - known):
            yield f"{id_}: no such rule, but it is waived"
        for id_ in sorted(self.waivers.keys() & self.tests.keys()):
            yield f"{id_}: waived, and yet shown by {_listed(self.tests[id_])}"

    def _wrong_tests(self) -> Iterator[str]:
        for id_, tests in sorted(self.tests.items()):
            for test, outcome in sorted(tests.items()):
                if outcome is not Outcome.PASSED:
                    yield f"{id_}: {test} {outcome.name.lower()}"

    def _missing(self) -> Iterator[str]:
        for rule in self.rules:
            if rule.binding and rule.id not in self.tests and rule.id not in self.waivers:
                yield f"{rule.id}: neither shown by a test nor waived"


def load(folder: Path = FOLDER) -> Conformance:
    """The rules and waivers of `folder`, with no test yet.

    Raises:
        ValueError: an id is given twice, or a waiver has no reason.
    """
    rules = tuple(
        Rule(**{name: row[name] for name in Rule.__match_args__}) for row in _rows(folder / "requirements.csv")
    )
    waivers = {row["id"]: row["reason"] for row in _rows(folder / "waivers.csv")}
    if silent := [id_ for id_, reason in waivers.items() if not reason.strip()]:
        raise ValueError(f"waived without a reason: {_listed(silent)}")
    return Conformance(rules, waivers)


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(newline="") as lines:
        rows = list(csv.DictReader(lines, strict=True))
    if twice := [id_ for id_, times in Counter(row["id"] for row in rows).items() if times > 1]:
        raise ValueError(f"{file.name} has twice: {_listed(twice)}")
    return rows


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
