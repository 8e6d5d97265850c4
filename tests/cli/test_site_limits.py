"""`ocpi site limit`, `weekly`, `override` and `signal`: limits in the hands of those who are accountable for them."""

import json
from pathlib import Path
from typing import Any

import pytest

from ocpi.store.ledgers import Ledgers
from tests.command import Ocpi
from tests.functions.charging import Cpo, cpo
from tests.functions.conftest import connection, partner, time
from tests.objects import SITE

__all__ = ["connection", "cpo", "partner", "time"]

DESCRIBED: dict[str, Any] = SITE | {
    "limits": {"base": {"limit_kw": 69}},
    "feeders": [{"id": "deck", "phases": ["L2"], "limits": {"base": {"limit_kw": 4.6}}}],
}


@pytest.fixture
def site(ocpi: Ocpi, cpo: Cpo) -> Cpo:
    """Of 69 kW, with a feeder of one phase."""
    assert ocpi.put(DESCRIBED).exit_code == 0
    return cpo


def limits(ocpi: Ocpi) -> Any:
    return ocpi("site", "show", "garage", "--json").json["document"]["limits"]


@pytest.mark.parametrize(
    ("options", "limit_a"),
    [
        (["--kw", "34.5"], {"L1": 50, "L2": 50, "L3": 50}),
        (["--a", "40"], {"L1": 40, "L2": 40, "L3": 40}),
        (["--a", "L1=40,L2=30, L3=20"], {"L1": 40, "L2": 30, "L3": 20}),
        (["--node", "deck", "--a", "16"], {"L2": 16}),
        (["--a", "40", "--from", "2031-01-01T00:00:00Z"], {"L1": 100, "L2": 100, "L3": 100}),
        (["--a", "40", "--until", "2029-01-01T00:00:00Z"], {"L1": 40, "L2": 40, "L3": 40}),
    ],
)
def test_a_limit_is_changed(ocpi: Ocpi, site: Cpo, options: list[str], limit_a: dict[str, float]) -> None:
    assert ocpi("site", "limit", "garage", *options, "--json").json["limit_a"] == limit_a


WRONG: list[tuple[list[str], str]] = [
    ([], "give the limit either with --kw or with --a"),
    (["--kw", "1", "--a", "1"], "give the limit either with --kw or with --a"),
    (["--a", "L1=1"], "--a: the limit of L2 is missing"),
    (["--a", "L9=1"], "--a: unknown phase 'L9'; the site has L1, L2, L3"),
    (["--a", "many"], "--a: 'many' is neither a number nor L1=80,L2=80,L3=63"),
    (["--kw", "nan"], "limit_kw: must be a finite number, is nan"),
    (["--node", "deck", "--a", "L1=3"], "--a: unknown phase 'L1'; the feeder has L2"),
    (["--node", "attic", "--kw", "3"], "there is no feeder 'attic'; there are grid, deck"),
    (["--kw", "3", "--from", "noon"], "'noon': must be a time in whole seconds such as 2026-03-02T18:00:00Z"),
    (["--kw", "40", "--from", "2026-12-02", "--until", "2026-12-01"], "'2026-12-02': must be a time"),
    (
        ["--kw", "40", "--from", "2026-12-02T00:00:00Z", "--until", "2026-12-01T00:00:00Z"],
        "must start before it ends: 2026-12-02T00:00:00Z to 2026-12-01T00:00:00Z",
    ),
]


def test_a_wrong_limit_says_what_is_wrong_and_changes_nothing(ocpi: Ocpi, site: Cpo) -> None:
    for options, line in WRONG:
        printed = ocpi("site", "limit", "garage", *options)
        assert (printed.exit_code, printed.out) == (1, "")
        assert printed.err.startswith(f"ocpi: {line}")
    assert limits(ocpi) == {"base": {"limit_kw": 69}, "weekly": [], "overrides": [], "caps": []}


def test_watts_given_as_kilowatts_are_not_taken_unless_they_are_meant(
    ocpi: Ocpi, site: Cpo, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = ocpi("site", "limit", "garage", "--kw", "34500")
    assert (refused.exit_code, refused.out) == (1, "")
    assert "limits.base.limit_kw: 34500 kW is 500 times the 69 kW of before: is it in W?" in refused.err
    assert "--yes" in refused.err
    assert limits(ocpi)["base"] == {"limit_kw": 69}
    monkeypatch.setattr("cli.site.editing._at_a_terminal", lambda: True)
    monkeypatch.setattr("typer.confirm", lambda *_args, **_options: False)
    assert ocpi("site", "limit", "garage", "--kw", "34500").err.endswith("ocpi: nothing is changed\n")
    monkeypatch.setattr("typer.confirm", lambda *_args, **_options: True)
    assert ocpi("site", "limit", "garage", "--kw", "34500").exit_code == 0
    assert limits(ocpi)["base"] == {"limit_kw": 34500}
    assert ocpi("site", "limit", "garage", "--kw", "69", "--yes").exit_code == 0


def test_an_override_is_added_with_its_reason_and_taken_back(ocpi: Ocpi, site: Cpo) -> None:
    times = ("--from", "2026-11-22T07:00:00Z", "--until", "2026-11-22T20:00:00Z")
    added = ocpi("site", "limit", "garage", "--kw", "20", *times, "--reason", "works", "--json").json
    assert added["override"]["reason"] == "works"
    assert added["override"]["author"] == "user/moto"
    changed = ocpi("site", "limit", "garage", "--kw", "60")
    assert changed.out == (
        f"The limit of site 'garage' is changed. Now override '{added['override']['id']}' holds: 29 A.\n"
    )
    listed = ocpi("site", "override", "list", "garage").out
    assert "22 Nov 08:00" in listed, "at the site"
    assert "20 kW" in listed
    overlapping = ocpi("site", "override", "add", "garage", "--kw", "5", "--from", "2026-11-22T19:00:00Z")
    assert overlapping.exit_code == 1
    assert added["override"]["id"] in overlapping.err
    assert "overlaps" in overlapping.err
    removed = ocpi("site", "override", "remove", "garage", added["override"]["id"], "--json").json
    assert (removed["source"], removed["limit_a"]["L1"]) == ("base", 87)
    again = ocpi("site", "override", "remove", "garage", added["override"]["id"])
    assert "grid has no override" in again.err
    events = ocpi("site", "events", "garage", "--until", "2026-11-23", "--json").json
    assert {"override", "limit", "site"} == {each["kind"] for each in events}
    assert {each["author"] for each in events} == {"user/moto"}


def test_a_weekly_calendar_is_kept_by_hand_and_by_file(ocpi: Ocpi, site: Cpo, tmp_path: Any) -> None:
    evening = ("--from", "17:00", "--until", "21:00", "--days", "monday,Friday", "--kw", "34.5")
    assert ocpi("site", "weekly", "add", "garage", *evening).out.startswith("The weekly limits of site 'garage'")
    night = ("--from", "22:00", "--until", "06:00", "--a", "30", "--json")
    assert len(ocpi("site", "weekly", "add", "garage", *night).json["weekly"]) == 2
    overlapping = ocpi("site", "weekly", "add", "garage", "--from", "20:00", "--until", "24:00", "--kw", "9")
    assert "weekly[2]: overlaps weekly[0] (Mon, Fri 17:00 to 21:00)" in overlapping.err
    wrong = ocpi("site", "weekly", "add", "garage", "--from", "25:00", "--until", "24:00", "--kw", "9")
    assert "start_time: must be a time of day such as 17:30, or 24:00" in wrong.err
    assert "day_of_week" in ocpi("site", "weekly", "add", "garage", *evening[:4], "--days", "Mon", "--kw", "9").err
    listed = ocpi("site", "weekly", "list", "garage").out
    assert "Mon, Fri 17:00 to 21:00" in listed
    assert "34.5 kW" in listed
    assert len(ocpi("site", "weekly", "remove", "garage", "1", "--json").json["weekly"]) == 1
    assert "there is no entry 2" in ocpi("site", "weekly", "remove", "garage", "2").err
    file = tmp_path / "weekly.json"
    file.write_text(json.dumps({"weekly": [{"start_time": "00:00", "end_time": "24:00", "limit_kw": "9"}]}))
    assert "weekly[0].limit_kw: must be a number, is '9'" in ocpi("site", "weekly", "set", "garage", str(file)).err
    file.write_text(json.dumps({"weekly": []}))
    assert ocpi("site", "weekly", "set", "garage", str(file), "--json").json["weekly"] == []


def test_who_edits_what_somebody_else_has_changed_is_told_by_whom(ocpi: Ocpi, site: Cpo, tmp_path: Any) -> None:
    seen = ocpi("site", "show", "garage", "--json").json["revision"]
    ocpi("site", "limit", "garage", "--kw", "50")
    file = tmp_path / "site.json"
    file.write_text(ocpi("site", "get", "garage").out)
    printed = ocpi("site", "put", str(file), "--revision", seen)
    assert (printed.exit_code, printed.out) == (1, "")
    assert printed.err.startswith(
        "ocpi: the site was changed by user/moto, 2026-11-22T08:00:00Z (0 s ago): limit of grid"
    )
    now = ocpi("site", "show", "garage", "--json").json["revision"]
    assert ocpi("site", "put", str(file), "--revision", now).exit_code == 0


def test_a_file_of_yesterday_does_not_end_what_others_have_added_since_without_a_question(
    ocpi: Ocpi, site: Cpo, tmp_path: Path
) -> None:
    file = tmp_path / "site.json"
    file.write_text(ocpi("site", "get", "garage").out)
    ocpi("site", "limit", "garage", "--kw", "20", "--until", "2026-11-22T12:00:00Z", "--reason", "works")
    printed = ocpi("site", "put", str(file))
    assert printed.exit_code == 1
    assert "is left out: is it to end?" in printed.err
    assert len(limits(ocpi)["overrides"]) == 1
    assert ocpi("site", "put", str(file), "--yes").exit_code == 0
    assert limits(ocpi)["overrides"] == []


def test_a_grid_operator_s_curtailment_is_sent_shown_and_taken_back(ocpi: Ocpi, site: Cpo) -> None:
    order = ("site", "signal", "send", "garage", "dso-17", "--kw", "13.8", "--until", "2026-11-22T10:00:00Z")
    sent = ocpi(*order, "--json").json
    assert (sent["state"], sent["limit_a"]["L1"]) == ("active", 20)
    assert sent["by"] == "2026-11-22T08:01:00Z"
    assert ocpi(*order, "--json").json == sent, "the same again changes nothing"
    other = ocpi(*order[:6], "12", *order[7:])
    assert "there is a signal of that id with other content" in other.err
    shown = ocpi("site", "signal", "show", "garage", "dso-17").out
    assert "from 2026-11-22 09:00 to 2026-11-22 11:00" in shown, "at the site, as all times"
    assert "Decreases are sent by 2026-11-22 09:01:00." in shown
    known = Ledgers("sites").signal("garage", "dso-17")
    assert known
    proven = known.model_copy(update={"obeyed_at": known.received_at, "load_before_kw": 40.0, "load_after_kw": 13.5})
    Ledgers("sites").prove("garage", proven)
    shown = ocpi("site", "signal", "show", "garage", "dso-17").out
    assert "Obeyed after 0 s; the load was 40.0 kW before and 13.5 kW after." in shown
    assert ocpi("site", "show", "garage", "--json").json["nodes"][0]["source"]["kind"] == "cap"
    assert "signal dso-17" in ocpi("site", "override", "list", "garage").out
    assert ocpi("site", "signal", "cancel", "garage", "dso-17").out == (
        "Signal 'dso-17' was taken back at 2026-11-22 09:00:00. Now base holds at grid: 100 A per phase.\n"
    )
    assert "Decreases are sent" not in ocpi("site", "signal", "show", "garage", "dso-17").out, "they are not any more"
    assert limits(ocpi)["caps"] == []
    assert "it was taken back" in ocpi(*order).err
    assert "dso-17" in ocpi("site", "signal", "list", "garage").out
    assert "there is no such signal" in ocpi("site", "signal", "cancel", "garage", "dso-18").err
    late = ocpi("site", "signal", "send", "garage", "dso-19", "--kw", "9", "--until", "2026-11-21T10:00:00Z")
    assert late.err.startswith("ocpi: ")
