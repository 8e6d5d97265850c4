"""`ocpi site sessions`, `history`, `events`, `savings`, `report`, `plan` and `plot`: what was, and what is to be."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ocpi import clock
from ocpi.sites.record import Book, Event, EventKind
from ocpi.store.leases import Lease, Leases
from ocpi.store.ledgers import Ledgers
from ocpi.types.primitives import format_datetime
from tests.command import Ocpi
from tests.functions.charging import PATIENT, Cpo, cpo
from tests.functions.conftest import connection, partner, time
from tests.objects import SITE
from tests.unit.energy.records import slots, visit

__all__ = ["connection", "cpo", "partner", "time"]

NIGHT = datetime(2026, 11, 22, tzinfo=UTC)
WHY = "feeder deck, L2, 18:00-19:15: 2.5 kWh short"


@pytest.fixture
def site(ocpi: Ocpi, cpo: Cpo) -> Cpo:
    """With a night on record: a visit from 0:00 UTC on that was charged from 1:00 on, when a kWh was cheaper."""
    described = SITE | {"name": "Garage <1>", "limits": {"base": {"limit_kw": 69}}, "feeders": []}
    ocpi.put(described | {"price_per_kwh": 0.3, "demand_charge": {"price_per_kw": 2}})
    ledgers = Ledgers("sites")
    loads = slots([0.0] * 12 + [11.0] * 24, 5, [0.4] * 12 + [0.1] * 24, start=NIGHT, sessions=1)
    lease = Leases("sites").take("garage", "session", 0, 0, 60, replans=True)
    assert isinstance(lease, Lease)
    event = Event(at=NIGHT, kind=EventKind.REFUSED, text="EVSE E1 does not take its profile")
    ledgers.write(lease, Book(at=NIGHT), loads, [event])
    hours = 24.0 * 21
    ledgers.put_visits("garage", [visit(hours, 4, 22, needs_kwh=24.5, short_kwh=2.5, why=(WHY,), told=True)], NIGHT)
    return cpo


def test_sessions_that_are_over_are_told_with_what_they_missed_and_why(ocpi: Ocpi, site: Cpo) -> None:
    (over,) = ocpi("site", "sessions", "garage", "--json").json
    assert (over["energy_kwh"], over["short_kwh"], over["why"]) == (22, 2.5, [WHY])
    told = ocpi("site", "sessions", "garage").out
    assert "22 Nov 01:00" in told, "at the site"
    assert told.endswith(f"EVSE E1, 22 Nov 01:00: {WHY}\n")
    assert ocpi("site", "sessions", "garage", "--until", "2026-11-22", "--json").json == []
    assert ocpi("site", "sessions", "garage", "--from", "2026-11-24").err == "ocpi: --from must be before --until\n"


TABLES = {
    ("plan",): ("time", "limit A", "others A", "sessions A", "price", "solar kW"),
    ("sessions",): ("EVSE", "came", "left", "got kWh", "needed", "missed", "session"),
    ("history",): ("time", "limit A", "others A", "sessions A", "cars", "price", "solar kW"),
    ("events",): ("at", "what", "by", "why"),
    ("signal", "list"): ("signal", "state", "node", "from", "until", "limit A", "obeyed in", "by"),
    ("override", "list"): ("node", "limit", "from", "until", "why", "id"),
    ("show",): ("EVSE", "until", "got kWh", "needs", "short", "draws kW", "may", "planned"),
}


@pytest.mark.parametrize("command", TABLES)
def test_tables_are_read_on_a_terminal_of_80_columns(
    ocpi: Ocpi, site: Cpo, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    """Of three phases that differ, and with a curtailment."""
    ocpi("site", "limit", "garage", "--a", "L1=100,L2=87,L3=9.55")
    until = ("--until", "2026-11-22T20:00:00Z")
    ocpi("site", "limit", "garage", "--a", "L1=80,L2=70,L3=63", *until, "--reason", "works in the street")
    ocpi("site", "signal", "send", "garage", "dso-17", "--kw", "40", *until, "--reason", "congestion")
    site.begins("S1", start_date_time="2026-11-22T08:00:00Z")
    site.run()
    monkeypatch.setenv("COLUMNS", "80")
    told = ocpi("site", *command, "garage").out
    titles = next(line for line in told.splitlines() if line.startswith(TABLES[command][0]))
    assert titles.split() == " ".join(TABLES[command]).split(), "none is broken"
    assert re.search(r"\d\d Nov \d\d:\d\d", told), "nor is a time"
    assert len(titles) <= 80
    assert "Times are in Europe/Amsterdam." in told


def test_history_is_shown_and_exported(ocpi: Ocpi, site: Cpo, tmp_path: Path) -> None:
    curves = ocpi("site", "history", "garage", "--json").json
    assert len(curves["times"]) == 3
    assert "01:00" in ocpi("site", "history", "garage").out
    file = tmp_path / "night.csv"
    assert ocpi("site", "history", "garage", "--csv", str(file)).out == f"Written to {file}.\n"
    assert len(file.read_text().splitlines()) == 4
    assert "--step: must be" in ocpi("site", "history", "garage", "--step", "7").err
    assert "62 days" in ocpi("site", "history", "garage", "--from", "2026-01-01").err


def test_events_tell_who_did_what(ocpi: Ocpi, site: Cpo) -> None:
    told = ocpi("site", "events", "garage", "--until", "2026-11-23").out
    assert "EVSE E1 does not take its profile" in told
    assert "user/moto" in told


def test_savings_stand_beside_uncontrolled_charging(ocpi: Ocpi, site: Cpo) -> None:
    brought = ocpi("site", "savings", "garage", "--json").json
    assert brought["charged"]["energy_cost"] == 2.2
    assert brought["uncontrolled"]["energy_cost"] == 5.5, "an hour of 0.4, an hour of 0.1"
    assert brought["saved_cost"] == 3.3
    told = ocpi("site", "savings", "garage", "--month", "2026-11").out
    assert "3.30 less" in told
    assert "draws" not in told
    for month, why in (("2026-13", "must be a month such as 2026-11"), ("2026-12", "has not begun")):
        assert why in ocpi("site", "savings", "garage", "--month", month).err


def test_a_report_is_a_page_that_needs_nothing_else(ocpi: Ocpi, site: Cpo, tmp_path: Path) -> None:
    file = tmp_path / "november.html"
    assert ocpi("site", "report", "garage", "--out", str(file)).out == f"Written to {file}.\n"
    page = file.read_text()
    assert "Garage &lt;1&gt;: 2026-11 so far" in page
    assert WHY in page
    made = ocpi("site", "report", "garage", "--json").json
    assert (made["drivers"]["visits"], made["drivers"]["served"], made["trouble"]) == (1, 0, {"refused": 1})
    assert "Is a directory" in ocpi("site", "report", "garage", "--out", str(tmp_path)).err


def test_what_is_planned_is_shown_by_the_hour_and_drawn(ocpi: Ocpi, site: Cpo, tmp_path: Path) -> None:
    site.begins("S1", start_date_time="2026-11-22T08:00:00Z")
    site.run()
    curves = ocpi("site", "plan", "garage", "--json").json
    assert len(curves["times"]) == 288
    assert max(curves["nodes"]["grid"]["ev_a"]["L1"]) > 6
    assert "22 Nov 10:00" in ocpi("site", "plan", "garage").out
    picture = tmp_path / "site.png"
    assert ocpi("site", "plot", "garage", "--out", str(picture)).out == f"Drawn to {picture}.\n"
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert "there is no feeder 'attic'" in ocpi("site", "plot", "garage", "--node", "attic").err
    assert "No such file" in ocpi("site", "plot", "garage", "--out", str(tmp_path / "no" / "site.png")).err


def test_what_was_really_charged_is_on_record_once(ocpi: Ocpi, cpo: Cpo, time: Any) -> None:
    ocpi.put(SITE | {"price_per_kwh": 0.3})
    cpo.begins("S1", charging_preferences=PATIENT, start_date_time="2026-11-22T08:00:00Z")
    cpo.run()
    for kwh, status in ((3, "ACTIVE"), (6, "ACTIVE"), (8, "COMPLETED")):
        time(minutes=20)
        patch = {"kwh": kwh, "status": status, "last_updated": format_datetime(clock.now())}
        assert cpo.call("PATCH", "/receiver/sessions/NL/SIM/S1", patch).status_code == 1000
        cpo.run()
    time(minutes=10)
    cpo.loop.plan()
    (over,) = ocpi("site", "sessions", "garage", "--json").json
    assert (over["energy_kwh"], over["needs_kwh"], over["told"]) == (8, 20, True)
    brought = ocpi("site", "savings", "garage", "--json").json
    assert brought["charged"]["energy_kwh"] == pytest.approx(8, abs=0.05)
    assert brought["uncontrolled"]["energy_kwh"] == pytest.approx(8, abs=0.05)
    assert brought["charged"]["energy_cost"] == brought["uncontrolled"]["energy_cost"] == pytest.approx(2.4, abs=0.02)
