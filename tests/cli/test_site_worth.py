"""`ocpi site prices`, `upload`, `measure` and `priority`."""

import json
from pathlib import Path

import pytest

from tests.command import Ocpi
from tests.functions.charging import Cpo, cpo
from tests.functions.conftest import connection, partner, time
from tests.objects import SITE

__all__ = ["connection", "cpo", "partner", "time"]

DAY_AHEAD = "start,price\n" + "".join(f"2026-11-23 {hour:02}:00,0.{20 + hour}\n" for hour in range(24))


@pytest.fixture
def site(ocpi: Ocpi, cpo: Cpo) -> Cpo:
    ocpi.put(SITE)
    return cpo


def test_prices_are_set_from_a_file_and_shown(ocpi: Ocpi, site: Cpo, tmp_path: Path) -> None:
    file = tmp_path / "prices.json"
    file.write_text(json.dumps({"price_per_kwh": 0.3, "demand_charge": {"price_per_kw": 6.5}}))
    assert ocpi("site", "prices", "garage", str(file), "--json").json["price_per_kwh"] == 0.3
    shown = ocpi("site", "prices", "garage").out
    assert "price_per_kwh: 0.3\n" in shown
    assert "feed_in_per_kwh: -\n" in shown
    file.write_text('{"price": 1}')
    assert ocpi("site", "prices", "garage", str(file)).err.startswith("ocpi: price: unknown field")
    file.write_text("[]")
    assert "it must be a JSON object" in ocpi("site", "prices", "garage", str(file)).err


def test_prices_of_the_day_ahead_are_uploaded_and_a_wrong_file_is_told_by_its_line(
    ocpi: Ocpi, site: Cpo, tmp_path: Path
) -> None:
    file = tmp_path / "prices.csv"
    file.write_text(DAY_AHEAD)
    printed = ocpi("site", "upload", "garage", "price", str(file))
    assert printed.out == "price: 24 steps from 2026-11-23 00:00 to 2026-11-24 00:00, Europe/Amsterdam.\n"
    file.write_text(DAY_AHEAD.replace("2026-11-23 14:00,0.34\n", ""))
    assert "14:00" in ocpi("site", "upload", "garage", "price", str(file)).err
    file.write_text(DAY_AHEAD.replace("0.", "10."))
    odd = ocpi("site", "upload", "garage", "price", str(file))
    assert (odd.exit_code, "--yes" in odd.err) == (1, True)
    assert ocpi("site", "upload", "garage", "price", str(file), "--yes").exit_code == 0
    assert "there is no series 'costs'" in ocpi("site", "upload", "garage", "costs", str(file)).err
    assert "leave the node out" in ocpi("site", "upload", "garage", "price", str(file), "--node", "attic").err


def test_an_upload_is_taken_back(ocpi: Ocpi, site: Cpo, tmp_path: Path) -> None:
    file = tmp_path / "prices.csv"
    file.write_text(DAY_AHEAD)
    ocpi("site", "upload", "garage", "price", str(file))
    cut = ocpi("site", "remove-upload", "garage", "price", "--from", "2026-11-23T19:00:00Z")
    assert cut.out == "price: 4 steps from 2026-11-23 20:00 to 2026-11-24 00:00, Europe/Amsterdam.\n"
    rest = ocpi("site", "remove-upload", "garage", "price", "--from", "2026-11-23", "--json").json
    assert (rest["steps"], rest["end"]) == (20, "2026-11-23T19:00:00Z")
    again = ocpi("site", "remove-upload", "garage", "price")
    assert (again.exit_code, again.err) == (1, "ocpi: there is no price that was uploaded of that time\n")
    kinds = [event["kind"] for event in ocpi("site", "events", "garage", "--until", "2026-11-23", "--json").json]
    assert "series_removed" in kinds
    wrong = ocpi("site", "remove-upload", "garage", "price", "--until", "2026-11-01")
    assert "--from must be before --until" in wrong.err
    assert "62 days are the most" in ocpi("site", "remove-upload", "garage", "price", "--until", "2027-11-01").err


def test_what_a_meter_says_is_taken_and_seen(ocpi: Ocpi, site: Cpo) -> None:
    assert "give --base-load-kw" in ocpi("site", "measure", "garage").err
    assert ocpi("site", "measure", "garage", "--base-load-kw", "13.8", "--pv-kw", "3").out == "It is taken.\n"
    shown = ocpi("site", "show", "garage", "--json").json
    assert (shown["nodes"][0]["base_load_a"]["L1"], shown["pv_kw"]) == (20, 3)
    assert "at: " in ocpi("site", "measure", "garage", "--pv-kw", "3", "--at", "2026-11-20T00:00:00Z").err


def test_priorities_are_set_by_evse(ocpi: Ocpi, site: Cpo) -> None:
    (first,) = ocpi("site", "priority", "garage", "E1=2", "--json").json
    assert first == {"evse_uid": "E1", "priority": 2}
    assert "write the EVSE's uid and its priority" in ocpi("site", "priority", "garage", "E1").err
    assert "priority" in ocpi("site", "priority", "garage", "E1=1000").err
    assert "there is no such EVSE: is 'E1' meant?" in ocpi("site", "priority", "garage", "E11=2").err
    ocpi("site", "priority", "garage", "E2=3")
    shown = ocpi("site", "priority", "garage").out
    assert shown.index("E2") < shown.index("E1"), "who comes first is told first"
    assert "E2" not in ocpi("site", "priority", "garage", "E1=3").out, "only what was asked for"


def test_an_unknown_site_is_one_line(ocpi: Ocpi, aws: None) -> None:
    for command in (("show",), ("get",), ("limit", "--kw", "1"), ("savings",), ("plot",), ("measure", "--pv-kw", "1")):
        printed = ocpi("site", command[0], "attic", *command[1:])
        assert (printed.exit_code, printed.out) == (1, "")
        assert printed.err == "ocpi: there is no site 'attic'; 'ocpi site list' shows all\n"
