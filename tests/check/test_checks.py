"""The checks of `ocpi check`: a good platform passes them all, and each finds a platform that breaks its rule."""

from collections.abc import Iterable

import pytest

from cli.check.reach import CannotRun
from cli.check.registry import Check
from cli.check.rules import CHECKS
from cli.check.run import Order, Outcome, Report, run
from ocpi.types.parties import Party
from tests.check.flaws import FLAWS, Flaw
from tests.check.reference import INVITATION, PARTNER_TOKEN, Reference, Tamper, listening
from tests.check.tampering import spoil
from tests.partner import partner

US = Party("XX", "CHK")
ONLY_UNDER_TLS = {"tls_everywhere"}

NAMED = {check.name: check for check in CHECKS}


def report(
    tamper: Tamper | None = None, *, token: str = PARTNER_TOKEN, hub: bool = False, write: bool = True, only: str = ""
) -> Report:
    with listening(Reference(tamper, hub=hub)) as url:
        return run(Order(url, token, write=write, party=US, only=(only,) if only else (), timeout=5))


def names(report: Report, *outcomes: Outcome) -> set[str]:
    return {result.check.name for result in report.results if result.outcome in outcomes}


def failures(reports: Iterable[Report]) -> list[str]:
    broken = (Outcome.FAILED, Outcome.WARNED)
    return [f"{r.check.name}: {r.expected}; {r.seen}" for each in reports for r in each.results if r.outcome in broken]


def test_a_good_platform_passes_every_check() -> None:
    reports = [report(token=INVITATION), report(), report(hub=True), report(write=False)]
    assert not failures(reports)
    passed = set().union(*(names(each, Outcome.PASSED) for each in reports))
    assert NAMED.keys() - passed == ONLY_UNDER_TLS


@pytest.mark.parametrize("flaw", FLAWS, ids=lambda flaw: f"{flaw.check}: {flaw.name}")
def test_a_check_finds_a_platform_that_breaks_its_rule(flaw: Flaw) -> None:
    check = NAMED[flaw.check]
    found = report(flaw.tamper, token=_token(check), hub=flaw.hub, only=check.name)
    assert names(found, Outcome.FAILED, Outcome.WARNED) == {check.name}, found.results


def test_every_check_has_a_flaw_that_it_must_find() -> None:
    assert NAMED.keys() == {flaw.check for flaw in FLAWS}


def test_the_token_goes_nowhere_else_whatever_a_next_link_says() -> None:
    with partner() as stranger:
        link = {"Link": f'<{stranger.url}/list>; rel="next"'}
        found = report(spoil(".*/SENDER/[a-z]+", lambda answer: answer.headers.update(link)), write=False)
    assert stranger.seen == []
    (unmet,) = [result for result in found.results if result.check.name == "next_links_lead_through"]
    assert unmet.outcome is Outcome.FAILED
    assert "where the list is" in str(unmet.expected)


SHAPES: list[object] = [None, "text", [5], [[]], {"endpoints": [5], "roles": 5, "url": "http://["}]


@pytest.mark.parametrize("place", ["/ocpi/2.2.1", "/ocpi/2.2.1/credentials", "/ocpi/2.2.1/.+/.+"])
@pytest.mark.parametrize("data", SHAPES, ids=repr)
def test_whatever_a_platform_answers_it_gets_a_report(place: str, data: object) -> None:
    found = report(spoil(place, lambda answer: setattr(answer, "data", data)), write="+" in place)
    assert len(found.results) == len(CHECKS)
    assert names(found, Outcome.FAILED)
    assert names(found, Outcome.PASSED)


@pytest.mark.parametrize("data", SHAPES, ids=repr)
def test_whatever_it_answers_for_versions_it_gets_a_report_or_is_told_to_be_none(data: object) -> None:
    tamper = spoil("/ocpi/versions", lambda answer: setattr(answer, "data", data))
    if isinstance(data, list):
        assert "version_2_2_1_is_offered" in names(report(tamper), Outcome.FAILED)
        return
    with pytest.raises(CannotRun, match="no versions endpoint"):
        report(tamper)


def _token(check: Check) -> str:
    registering = check.run.__module__.endswith("registration") or check.name == "invitation_opens_no_module"
    return INVITATION if registering else PARTNER_TOKEN
