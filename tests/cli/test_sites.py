"""`ocpi site …`: describing a site with feeders, and what goes on there and why."""

import json
from typing import Any

import pytest

from tests.command import Ocpi
from tests.functions.charging import PLACE, Cpo, cpo
from tests.functions.conftest import connection, partner, time
from tests.objects import SITE

__all__ = ["connection", "cpo", "partner", "time"]

FEEDERS: dict[str, Any] = {
    "feeders": [
        {"id": "F2", "parent": "T1", "phases": ["L2"], "limits": [{"limit_kw": 1.61}]},
        {"id": "T1", "limits": [{"limit_kw": 48.3}], "base_load_kw": 6.9},
    ],
    "evses": [{"evse_uid": "E1", "feeder": "T1"}, {"evse_uid": "E2", "feeder": "F2"}],
}
HUNGRY = {"profile_type": "REGULAR", "departure_time": "2026-11-22T10:00:00Z", "energy_need": 30}


def test_a_limit_below_the_base_load_is_accepted_with_a_warning(ocpi: Ocpi, cpo: Cpo) -> None:
    printed = ocpi.put(SITE | {"base_load_kw": 34.5})
    first, *warnings = printed.out.splitlines()
    assert first == "Site 'garage' is replaced."
    assert warnings[0].startswith("Warning: grid, L1: the base load of 50 A is above the limit of 40 A (base)")
    assert len(warnings) == 3, "one for each phase"
    assert ocpi("site", "show", "garage", "--json").json["warnings"][0] in printed.out


@pytest.mark.parametrize("broken", [{"min_a": 1e308}, {"location": None}])
def test_a_site_that_this_version_cannot_read_is_replaced(ocpi: Ocpi, cpo: Cpo, broken: dict[str, object]) -> None:
    known = cpo.sites.config("garage")
    cpo.sites.put_config("garage", json.dumps(SITE | broken), PLACE, known, None)
    elsewhere = SITE["location"] | {"location_id": "L9"}
    assert ocpi.put(SITE | {"location": elsewhere}).out == "Site 'garage' is replaced.\n"
    assert cpo.sites.site_of(PLACE.text) == (None if "min_a" in broken else "garage"), "what it stood for is free again"


def test_every_wrong_place_of_the_tree_is_named_at_once(ocpi: Ocpi, cpo: Cpo) -> None:
    wrong = {
        "feeders": [{"id": "A", "parent": "B", "limits": [{"limit_kw": 1}]}, {"id": "B", "parent": "A", "limits": []}],
        "evses": [{"evse_uid": "E1", "feeder": "C"}],
    }
    printed = ocpi.put(SITE | wrong)
    assert printed.exit_code == 1
    for place in ("feeders[0].parent", "feeders[1].parent", "feeders[1].limits", "evses[0].feeder"):
        assert place in printed.err


def test_what_goes_on_is_shown_with_the_plan_and_why_something_is_short(ocpi: Ocpi, cpo: Cpo) -> None:
    ocpi.put(SITE | FEEDERS | {"limits": [{"limit_kw": 69}]})
    cpo.begins("S1", charging_preferences=HUNGRY)
    cpo.begins("S2", "E2", charging_preferences=HUNGRY)
    cpo.run()
    shown = ocpi("site", "show", "garage", "--json").json
    assert [node["id"] for node in shown["nodes"]] == ["grid", "F2", "T1"]
    first, second = sorted(shown["sessions"], key=lambda each: each["session_id"])
    assert (first["node"], second["node"]) == ("T1", "F2")
    assert second["departure"] == "2026-11-22T10:00:00Z"
    assert second["needs_kwh"] == 30
    assert second["short_kwh"] > 26, "7 A on one phase for two hours"
    assert "F2, L2" in " ".join(second["why"])
    assert second["allowed"] == second["planned"]
    assert second["planned"]["unit"] == "A"
    words = ocpi("site", "show", "garage").out
    assert "    F2" in words, "under the transformer that it hangs on"
    for text in ("grid", "E1", f"{second['planned']['value']:g} A", "short"):
        assert text in words


def test_a_refusal_is_shown(ocpi: Ocpi, cpo: Cpo) -> None:
    cpo.answer = "NOT_SUPPORTED"
    cpo.begins("S1")
    cpo.run()
    (session,) = ocpi("site", "show", "garage", "--json").json["sessions"]
    assert (session["profile"], session["refusal"]) == ("refused", "NOT_SUPPORTED")
    assert "refused: NOT_SUPPORTED" in ocpi("site", "show", "garage").out


def test_a_site_without_a_plan_is_shown(ocpi: Ocpi, cpo: Cpo) -> None:
    shown = ocpi("site", "show", "garage", "--json").json
    assert (shown["sessions"], shown.get("plan"), shown["warnings"]) == ([], None, [])


def test_a_site_is_watched_until_somebody_has_seen_enough(
    ocpi: Ocpi, cpo: Cpo, monkeypatch: pytest.MonkeyPatch
) -> None:
    def enough(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("cli.site.looking.time.sleep", enough)
    watched = ocpi("site", "show", "garage", "--watch")
    assert watched.exit_code == 0
    assert "grid" in watched.out
    assert ocpi("site", "show", "garage", "--watch", "--json").json["state"]
