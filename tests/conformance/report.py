"""Pytest plugin: hears which rules each test carries and how it ended, and writes docs/conformance.md.

``-p tests.conformance.report --conformance=FILE``; with ``--collect-only`` every test counts as passed.
"""

from pathlib import Path

import pytest

from tests.conformance import rules
from tests.conformance.page import render
from tests.conformance.rules import Conformance, Outcome

_PROPERTY = "requirement"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where to write."""
    parser.addoption("--conformance", metavar="FILE", help="write which test shows which rule of OCPI to FILE")


def pytest_configure(config: pytest.Config) -> None:
    """Nothing is done unless a file is named; the workers of xdist only tell their controller."""
    file = config.getoption("conformance")
    if not file:
        return
    config.pluginmanager.register(_Marks())
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Report(Path(file), rules.load()))


class _Marks:
    """Puts the rules that a test carries into its reports, which reach us from any worker."""

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            item.user_properties += [(_PROPERTY, id_) for id_ in _ids(item)]


class _Report:
    """Gathers the outcomes, writes the page, and fails the run if something is wrong with it."""

    def __init__(self, file: Path, conformance: Conformance) -> None:
        self._file = file
        self._conformance = conformance
        self._problems: list[str] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        if session.config.option.collectonly:
            for item in session.items:
                self._record(item.nodeid, _ids(item), Outcome.PASSED)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        ids = [str(value) for name, value in report.user_properties if name == _PROPERTY]
        self._record(report.nodeid, ids, Outcome[report.outcome.upper()])

    def _record(self, nodeid: str, ids: list[str], outcome: Outcome) -> None:
        test, _, _ = nodeid.partition("[")
        for id_ in ids:
            self._conformance.record(id_, test, outcome)

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        if exitstatus not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            self._problems = ["not written, for the run did not reach its end"]
            return
        self._file.write_text(render(self._conformance))
        self._problems = self._conformance.problems()
        if self._problems:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section(f"conformance: {self._file}")
        for problem in self._problems:
            terminalreporter.line(problem)


def _ids(item: pytest.Item) -> list[str]:
    return [str(id_) for mark in item.iter_markers("requirement") for id_ in mark.args]
