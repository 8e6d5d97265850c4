"""What runs tell of themselves, and doing one again."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from ocpi import clock
from ocpi.store import keys
from ocpi.store.table import Table
from ocpi.types.primitives import format_datetime
from ocpi.visits.visit import driver_scope
from tests.command import Ocpi
from tests.functions.charging import HURRIED, NOW, PATIENT, Cpo
from tests.objects import SESSION

AT = format_datetime(NOW)


def outcome(cpo: Cpo, moment: datetime = NOW) -> dict[str, Any]:
    run = cpo.sites.last_run("garage", moment)
    assert run
    found: dict[str, Any] | None = cpo.sites.outcome("garage", run.id)
    assert found
    return found


def busy(cpo: Cpo, time: Any) -> None:
    """Two cars, of which the second makes the first one slower; then nothing for an hour."""
    cpo.begins("S1", charging_preferences=PATIENT)
    cpo.run()
    time(minutes=1)
    cpo.begins("S2", "E2", charging_preferences=HURRIED)
    cpo.run()
    time(hours=1)


def test_a_run_is_done_again_exactly(ocpi: Ocpi, cpo: Cpo, time: Any) -> None:
    busy(cpo, time)
    printed = ocpi("site", "replay", "garage", "--at", AT, "--json")
    assert (printed.exit_code, printed.json["same"], printed.json["differences"]) == (0, True, [])
    assert printed.json["run"].startswith(AT)
    later = ocpi("site", "replay", "garage", "--at", format_datetime(clock.now()))
    assert later.exit_code == 0
    assert "The plan is exactly the same." in later.out
    assert f"Run {format_datetime(NOW + timedelta(minutes=1))}#" in later.out, "the last one before"
    assert "2 sessions" in later.out


def test_every_run_of_a_day_can_be_done_again(ocpi: Ocpi, cpo: Cpo, time: Any) -> None:
    busy(cpo, time)
    asked = len(cpo.put)
    for run in cpo.sites.runs("garage"):
        assert ocpi("site", "replay", "garage", "--at", str(run["at"])).exit_code == 0
    assert len(cpo.put) == asked


def test_a_difference_is_told_with_its_place(ocpi: Ocpi, cpo: Cpo) -> None:
    cpo.begins("S1", charging_preferences=PATIENT)
    cpo.loop.run()
    run = cpo.sites.last_run("garage", NOW)
    assert run
    kept = outcome(cpo)
    (session,) = kept["plan"]["profiles"]
    kept["plan"]["profiles"][session]["charging_profile_period"][0]["limit"] = 1
    cpo.sites.keep_outcome("garage", run.id, json.dumps(kept, default=float).encode(), NOW)
    printed = ocpi("site", "replay", "garage", "--at", AT, "--json")
    assert (printed.exit_code, printed.json["same"]) == (1, False)
    (differing,) = printed.json["differences"]
    assert differing["place"].endswith("/charging_profile_period/0/limit")
    assert (differing["then"], differing["now"] > 6) == (1, True)
    table = ocpi("site", "replay", "garage", "--at", AT)
    assert table.exit_code == 1
    assert "Differences: 1." in table.out


def test_without_a_run_that_is_kept_a_line_says_so(ocpi: Ocpi, cpo: Cpo) -> None:
    cpo.run()
    printed = ocpi("site", "replay", "garage", "--at", "2026-11-01")
    assert (printed.exit_code, printed.out) == (1, "")
    assert printed.err == "ocpi: no run of site 'garage' is kept from 2026-11-01T00:00:00Z or before\n"


def test_a_run_that_read_no_site_says_why(ocpi: Ocpi, cpo: Cpo) -> None:
    table = Table("sites")
    known = table.get(keys.site_config("garage"))
    assert known
    table.put(keys.site_config("garage"), known | {"document": "{}"})
    cpo.loop.plan()
    printed = ocpi("site", "replay", "garage", "--at", AT)
    assert printed.exit_code == 1
    assert "the site cannot be read" in printed.err


@pytest.mark.parametrize("as_json", [False, True])
def test_the_last_run_is_shown_with_the_site(ocpi: Ocpi, cpo: Cpo, time: Any, as_json: bool) -> None:
    busy(cpo, time)
    printed = ocpi("site", "show", "garage", *(["--json"] if as_json else []))
    if as_json:
        assert printed.json["run"]["at"] == "2026-11-22T08:01:00Z"
        assert printed.json["run"]["reason"] in {"session", "profile"}, "two runs of one second"
    else:
        assert "Run 2026-11-22T08:01:00Z#" in printed.out


def test_a_record_says_what_a_run_did_and_what_it_could_not(ocpi: Ocpi, cpo: Cpo) -> None:
    cpo.begins("S1", charging_preferences=PATIENT)
    cpo.run()
    cpo.begins("S2", "E2", charging_preferences=HURRIED | {"energy_need": 60})
    cpo.loop.run()
    plans = [run for run in cpo.sites.runs("garage") if run["sessions"] == 2]
    (run,) = plans
    assert (run["reason"], run["planned"], run["profiles_sent"], run["held_back"]) == ("session", 2, 1, 1)
    assert (run["solver"], run["failures"], run["overloads"]) == ("highs", [], 0)
    assert run["short_kwh"] > 0  # type: ignore[operator]  # a number
    assert {"load", "decide", "keep", "send", "build", "solve", "read", "repair", "check"} <= set(run["timing_ms"])  # type: ignore[arg-type]  # an object


def test_what_is_kept_of_a_run_names_no_driver_though_it_was_made_for_that_one(ocpi: Ocpi, cpo: Cpo, time: Any) -> None:
    moved = {"last_updated": format_datetime(NOW + timedelta(seconds=1))}
    hidden = [{"uid": "SECRET-UID", "type": "RFID", "issuer": "The company"}]
    assert (
        cpo.call("PATCH", "/receiver/locations/NL/SIM/L1", moved | {"publish_allowed_to": hidden}).status_code == 1000
    )
    cpo.begins("S1")
    cpo.run()
    time(hours=1)
    cpo.ends("S1")
    cpo.run()
    time(minutes=1)
    named = {"authorization_reference": "SECRET-REFERENCE", "driver_name": "SECRET-NAME"}
    cpo.begins("S2", start_date_time=format_datetime(clock.now()), **named)
    cpo.run()
    run = cpo.sites.last_run("garage", clock.now())
    assert run
    inputs = cpo.sites.inputs("garage", run.id)
    assert inputs
    token = SESSION["cdr_token"]
    driver = driver_scope("garage", token["country_code"], token["party_id"], token["uid"])
    kept = inputs.decode() + json.dumps([outcome(cpo, clock.now()), run.record], default=str)
    assert [name for name in (token["uid"], token["contract_id"], driver, "SECRET") if name in kept] == []
    assert [scope.partition(":")[0] for scope in sorted(json.loads(inputs)["history"])] == ["driver", "evse", "site"]
    assert ocpi("site", "replay", "garage", "--at", format_datetime(clock.now())).exit_code == 0
