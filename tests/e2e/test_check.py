"""`ocpi check` against the deployed platform, filled by its backend: in every role it breaks no rule."""

import pytest

from local.aws import Stack
from tests.e2e.backend import Backend
from tests.e2e.client import ocpi
from tests.objects import CDR, LOCATION, SESSION, TARIFF, TOKEN

pytestmark = pytest.mark.e2e

OURS = {"country_code": "NL", "party_id": "OCS"}
PARTNER = ("--country", "NL", "--party", "CHK")


@pytest.fixture(scope="module")
def filled(stack: Stack) -> Stack:
    """The platform with some objects of each kind."""
    backend = Backend(stack)
    token = SESSION["cdr_token"] | {"country_code": "NL", "party_id": "CHK"}
    for number in range(1, 4):
        tariff = TARIFF | OURS | {"id": f"T{number}"}
        evses = [evse | {"uid": f"E{number}{place}"} for place, evse in enumerate(LOCATION["evses"])]
        objects = {
            f"/locations/NL/OCS/L{number}": LOCATION | OURS | {"id": f"L{number}", "publish": True, "evses": evses},
            f"/tariffs/NL/OCS/T{number}": tariff,
            f"/sessions/NL/OCS/S{number}": SESSION | OURS | {"id": f"S{number}", "cdr_token": token},
            f"/cdrs/NL/OCS/C{number}": CDR
            | OURS
            | {
                "id": f"C{number}",
                "cdr_token": token,
                "tariffs": [tariff],
                "charging_periods": [period | {"tariff_id": f"T{number}"} for period in CDR["charging_periods"]],
            },
            f"/tokens/NL/OCS/K{number}": TOKEN | OURS | {"uid": f"K{number}"},
        }
        for path, document in objects.items():
            backend.done("PUT", path, document)
    return stack


def _tell(report: dict[str, object]) -> list[object]:
    checks = report["checks"]
    assert isinstance(checks, list)
    return [check for check in checks if check["outcome"] not in ("passed", "skipped")]


@pytest.mark.parametrize("role", ["cpo", "emsp", "scsp"])
def test_reading_finds_nothing_wrong(filled: Stack, role: str) -> None:
    roles = ("--role", "EMSP:NL/CHK", "--role", "CPO:NL/CHK")
    added = ocpi(filled, "partner", "add", "--name", f"check {role}", *roles)
    report = ocpi(filled, "check", filled.versions_url, "--token", added["token"], "--role", role, *PARTNER)
    ocpi(filled, "partner", "remove", f"check {role}")
    assert _tell(report) == []


def test_registering_and_writing_finds_nothing_wrong(filled: Stack) -> None:
    invited = ocpi(filled, "partner", "invite", "--name", "check all")
    report = ocpi(filled, "check", filled.versions_url, "--token", invited["token"], "--write", *PARTNER)
    assert _tell(report) == []
