"""The page that says which test shows which rule: it is true, and it is up to date."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conformance.page import render
from tests.conformance.rules import Conformance, Outcome, Rule, load

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "conformance.md"
TEST = "tests/test_it.py::test_it"
RULES = (
    Rule("A-01", "a", "both", "MUST", "`x|y` is 1 or *"),
    Rule("A-02", "a", "receiver", "SHOULD", "<URL>"),
    Rule("A-03", "a", "hub", "MUST", "text"),
)
TESTS = """
import pytest

@pytest.mark.parametrize("passes", [True, pytest.param(False, marks=pytest.mark.requirement("LOC-02")), True])
@pytest.mark.requirement("LOC-01")
def test_one_of_three_fails(passes):
    assert passes

@pytest.mark.requirement("LOC-03", "LOC-04")
@pytest.mark.requirement("LOC-05")
def test_passes():
    pass

@pytest.mark.requirement("LOC-06")
def test_is_skipped():
    pytest.skip("no reason")

@pytest.fixture
def broken():
    yield
    raise RuntimeError

@pytest.mark.requirement("LOC-07")
def test_fails_after_its_end(broken):
    pass
"""


def report(file: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pytest with the plugin, which writes to `file`."""
    plugin = ["-p", "tests.conformance.report", f"--conformance={file}"]
    command = [sys.executable, "-m", "pytest", "-qq", *plugin, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)


def test_the_committed_page_is_what_the_tests_say(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    if pytestconfig.getoption("conformance", default=None):
        pytest.skip("the page is being written")
    run = report(tmp_path / "page.md", "--collect-only", "-n", "0", "-m", "not e2e", "tests")
    assert (tmp_path / "page.md").exists(), run.stdout + run.stderr
    assert (tmp_path / "page.md").read_text() == PAGE.read_text(), "make conformance writes docs/conformance.md anew"
    assert run.returncode == 0, run.stdout


def test_outcomes_are_heard_from_all_workers(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = requirement")
    run = report(tmp_path / "page.md", "-n", "2", str(tmp_path))
    assert run.returncode == 1
    told = run.stdout.splitlines()
    for id_, problem in (("LOC-01", "failed"), ("LOC-02", "failed"), ("LOC-06", "skipped"), ("LOC-07", "failed")):
        assert [line for line in told if line.startswith(f"{id_}: test_it.py::") and line.endswith(problem)]
    page = (tmp_path / "page.md").read_text()
    assert "✘ [test_it.py::test_one_of_three_fails]" in page
    for id_ in ("LOC-03", "LOC-04", "LOC-05"):
        assert not [line for line in told if line.startswith(f"{id_}:")]
        (row,) = [line for line in page.splitlines() if line.startswith(f"| {id_} ")]
        assert "✔ [test_it.py::test_passes]" in row


def test_a_run_that_does_not_reach_its_end_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("import nothing_of_that_name")
    (tmp_path / "pytest.ini").write_text("[pytest]")
    run = report(tmp_path / "page.md", "-n", "0", str(tmp_path))
    assert run.returncode == pytest.ExitCode.INTERRUPTED
    assert "not written" in run.stdout
    assert not (tmp_path / "page.md").exists()


@pytest.mark.parametrize(
    ("shown", "waived", "problem"),
    [
        ({"A-01": Outcome.PASSED}, {}, []),
        ({}, {"A-01": "No code."}, []),
        ({}, {}, ["A-01: neither shown by a test nor waived"]),
        ({"A-01": Outcome.FAILED}, {}, [f"A-01: {TEST} failed"]),
        ({"A-01": Outcome.SKIPPED}, {}, [f"A-01: {TEST} skipped"]),
        ({"A-01": Outcome.PASSED, "A-04": Outcome.PASSED}, {}, [f"A-04: no such rule, but {TEST} carries it"]),
        ({"A-01": Outcome.PASSED}, {"A-04": "No code."}, ["A-04: no such rule, but it is waived"]),
        ({"A-01": Outcome.PASSED}, {"A-01": "No code."}, [f"A-01: waived, and yet shown by {TEST}"]),
    ],
)
def test_what_is_wrong_is_named(shown: dict[str, Outcome], waived: dict[str, str], problem: list[str]) -> None:
    conformance = Conformance(RULES, waived)
    for id_, outcome in shown.items():
        conformance.record(id_, TEST, outcome)
    assert conformance.problems() == problem


def test_one_failure_of_several_runs_counts() -> None:
    conformance = Conformance(RULES, {})
    for outcome in (Outcome.PASSED, Outcome.FAILED, Outcome.PASSED):
        conformance.record("A-01", TEST, outcome)
    assert conformance.problems() == [f"A-01: {TEST} failed"]


def test_a_page_has_one_row_for_each_rule_and_no_markup_out_of_it() -> None:
    conformance = Conformance(RULES, {"A-03": "We are no hub."})
    conformance.record("A-01", TEST, Outcome.PASSED)
    rows = [line for line in render(conformance).splitlines() if line.startswith("| A-")]
    assert rows == [
        r"| A-01 | MUST | both | `x\|y` is 1 or \* | ✔ [test_it.py::test_it](../tests/test_it.py) |",
        r"| A-02 | SHOULD | receiver | \<URL\> | *open* |",
        "| A-03 | MUST | hub | text | We are no hub. |",
    ]


@pytest.mark.parametrize(("waivers", "message"), [("A-01,x\nA-01,y", "twice: A-01"), ("A-01, ", "reason: A-01")])
def test_a_wrong_table_is_refused(tmp_path: Path, waivers: str, message: str) -> None:
    (tmp_path / "requirements.csv").write_text("id,module,interface,level,requirement\nA-01,a,both,MUST,text")
    (tmp_path / "waivers.csv").write_text(f"id,reason\n{waivers}")
    with pytest.raises(ValueError, match=message):
        load(tmp_path)
