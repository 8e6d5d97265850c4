"""A site at a glance."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ocpi import wire
from ocpi.energy.alarms import AlarmKind, Severity, State
from ocpi.energy.picture import Picture, Told, picture
from ocpi.energy.planned import MOST_SESSIONS, planned
from ocpi.push.breaker import Breaker
from ocpi.sites.phases import PHASES
from ocpi.sites.record import Book, Meter, VisitRecord
from ocpi.sites.series import Worth
from ocpi.sites.site import Site, parse_site
from ocpi.store.profiles import ProfileState
from ocpi.store.sites import Place, Run
from ocpi.types.chargingprofiles import ChargingProfile
from tests.objects import EVSE, LOCATION, SESSION, SITE

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
START = "2026-11-22T08:00:00Z"

GARAGE: dict[str, Any] = SITE | {
    "limits": {"base": {"limit_a": {"L1": 100, "L2": 100, "L3": 100}}},
    "feeders": [{"id": "deck", "limits": {"base": {"limit_a": {"L1": 40, "L2": 40, "L3": 40}}}}],
    "evses": [{"evse_uid": "E1", "feeder": "deck", "priority": 2}],
    "base_load_a": {"L1": 10},
    "price_per_kwh": 0.3,
    "pv_kw": 4,
}
PLACED = {"node": "deck", "phases": ["L1", "L2", "L3"], "dc": False, "default_limit": 6, "worst": 32, "certain": True}


def garage(**changes: object) -> Site:
    return parse_site(json.dumps(GARAGE | changes))


def profile(*periods: tuple[int, float], unit: str = "A") -> ChargingProfile:
    told = [{"start_period": start, "limit": limit} for start, limit in periods]
    return ChargingProfile.model_validate(
        {"start_date_time": START, "charging_rate_unit": unit, "charging_profile_period": told}
    )


def plan(**changes: Any) -> wire.JsonObject:
    """In force, of one session, as the store has it."""
    made = {
        "at": NOW,
        "solver": "milp",
        "failures": [],
        "warnings": [],
        "overloads": [],
        "sessions": {
            "S1": PLACED
            | {"departure": "2026-11-22T10:00:00Z", "energy_kwh": 12.5, "short_kwh": 1.5, "why": ["feeder deck"]}
        },
        "profiles": {"S1": profile((0, 16), (3600, 8))},
    }
    return wire.loads_object(wire.dumps(made | changes))


def told(site: Site, **changes: Any) -> Told:
    """What is known of a site with one session at E1 that has 16 A, and of which all is well."""
    known: dict[str, Any] = {
        "place": Place({"S1": SESSION}, {"S1": ProfileState(accepted=profile((0, 16)))}),
        "worth": Worth(site, {}, NOW),
        "plan": plan(),
        "run": Run("run", {"at": "2026-11-22T07:59:00Z", "reason": "schedule"}),
        "location": LOCATION | {"evses": [EVSE]},
    }
    return Told(**(known | changes))


def seen(site: Site | None = None, **changes: Any) -> Picture:
    site = site or garage()
    return picture(site, NOW, told(site, **changes))


def kinds(shown: Picture) -> list[str]:
    return [alarm.kind for alarm in shown.alarms]


def test_all_is_well() -> None:
    shown = seen()
    assert (shown.state, shown.alarms) == (State.OK, ())
    grid, deck = shown.nodes
    assert grid.base_load_a == {"L1": 10, "L2": 0, "L3": 0}
    assert grid.allowed_a == grid.drawn_a == {"L1": 26, "L2": 16, "L3": 16}
    assert (deck.parent, deck.allowed_a) == ("grid", {"L1": 16, "L2": 16, "L3": 16})
    assert (grid.source.kind, grid.next_change) == ("base", None)
    assert (shown.limit_kw, shown.allowed_kw, shown.price_per_kwh, shown.pv_kw) == (69, 13.34, 0.3, 4)
    (session,) = shown.sessions
    assert (session.evse_uid, session.node, session.priority, session.profile) == ("E1", "deck", 2, "accepted")
    assert session.allowed
    assert (session.allowed.value, session.allowed.unit, session.allowed_kw) == (16, "A", 11.04)
    assert session.planned
    assert session.planned.value == 16
    assert (session.needs_kwh, session.short_kwh, session.why) == (12.5, 1.5, ("feeder deck",))
    assert session.departure == NOW + timedelta(hours=2)


def test_it_is_json_as_it_stands() -> None:
    document = json.loads(seen().model_dump_json())
    assert document["sessions"][0]["since"] == START
    assert document["at"].endswith("Z")


def test_the_next_change_of_a_limit_is_told() -> None:
    override = {"id": "o1", "start": "2026-11-22T09:00:00Z", "end": "2026-11-22T10:00:00Z", "limit_kw": 34.5}
    limits = GARAGE["limits"] | {"overrides": [override]}
    change = seen(garage(limits=limits)).nodes[0].next_change
    assert change
    assert (change.at, change.limit_a["L1"]) == (NOW + timedelta(hours=1), 50)


def test_what_may_be_drawn_counts_a_profile_on_its_way_and_what_is_drawn_does_not() -> None:
    asked = ProfileState(
        accepted=profile((0, 10)),
        pending=profile((0, 20)),
        request_id="R1",
        asked_at=NOW,
        deadline=NOW + timedelta(minutes=1),
    )
    shown = seen(place=Place({"S1": SESSION}, {"S1": asked}))
    assert shown.sessions[0].profile == "pending"
    assert shown.nodes[1].allowed_a["L1"] == 20
    assert shown.nodes[1].drawn_a["L1"] == 10


def test_a_meter_tells_what_is_drawn() -> None:
    visit = VisitRecord(
        id="S1",
        session_id="S1",
        evse_uid="E1",
        node="deck",
        phases=PHASES,
        arrival=NOW,
        departure=NOW,
        energy_kwh=0,
        max_kw=22,
    )
    meter = Meter(at=NOW, metered=True, level_kw=3.45, visit=visit, seen_at=NOW)
    shown = seen(book=Book(at=NOW, meters={"S1": meter}))
    assert (shown.sessions[0].drawn_kw, shown.sessions[0].metered_at) == (3.45, NOW)
    assert shown.nodes[1].drawn_a == {"L1": 5, "L2": 5, "L3": 5}


def test_dc_is_told_in_watts_and_counts_on_all_its_phases() -> None:
    dc = plan(sessions={"S1": PLACED | {"dc": True, "worst": 50}}, profiles={"S1": profile((0, 23000), unit="W")})
    accepted = ProfileState(accepted=profile((0, 13800), unit="W"))
    shown = seen(plan=dc, place=Place({"S1": SESSION}, {"S1": accepted}))
    (session,) = shown.sessions
    assert session.allowed
    assert session.planned
    assert (session.allowed.unit, session.allowed.value, session.planned.value) == ("W", 13800, 23000)
    assert shown.nodes[1].allowed_a["L3"] == 20


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"breaker": Breaker().opened("timed out", NOW)}, AlarmKind.PARTNER_OFFLINE),
        ({"run": None}, AlarmKind.NO_PLAN),
        ({"run": Run("run", {"at": "2026-11-22T07:30:00Z", "reason": "schedule"})}, AlarmKind.NO_PLAN),
        (
            {"run": Run("run", {"at": START, "reason": "site", "solver": "none", "failures": ["ValueError"]})},
            AlarmKind.NO_PLAN,
        ),
        ({"plan": plan(failures=["timed out"])}, AlarmKind.FALLBACK_PLAN),
        ({"location": None}, AlarmKind.NO_LOCATION),
        ({"missing": "price: those of 2026-11-23 have not been uploaded"}, AlarmKind.DAY_AHEAD_MISSING),
        ({"place": Place({"S1": SESSION, "S2": {"evse_uid": "E2"}})}, AlarmKind.SESSION_UNREADABLE),
        (
            {"place": Place({"S1": SESSION}, {"S1": ProfileState().refused("REJECTED", NOW + timedelta(minutes=5))})},
            AlarmKind.PROFILE_REFUSED,
        ),
    ],
)
def test_what_is_the_matter_is_an_alarm(changes: dict[str, Any], kind: AlarmKind) -> None:
    shown = seen(**changes)
    assert kinds(shown) == [kind]
    severe = shown.alarms[0].severity is Severity.ALARM
    assert shown.state is (State.ALARM if severe else State.WARNING)


def test_a_lowered_limit_that_is_not_obeyed_yet_is_told_and_ends_when_it_is() -> None:
    deck = GARAGE["feeders"][0] | {"limits": {"base": {"limit_a": {"L1": 12, "L2": 12, "L3": 12}}}}
    site = garage(feeders=[deck])
    on_its_way = ProfileState(
        accepted=profile((0, 16)),
        pending=profile((0, 12)),
        request_id="R1",
        asked_at=NOW,
        deadline=NOW + timedelta(minutes=1),
    )
    before = picture(site, NOW, told(site, place=Place({"S1": SESSION}, {"S1": on_its_way})))
    assert kinds(before) == [AlarmKind.OVER_LIMIT]
    assert before.alarms[0].text == "deck, L1: 16.0 A are drawn, 12.0 A is the limit; lower profiles are on their way"
    assert before.state == "warning", "it is as it must be"
    stays = picture(
        site, NOW, told(site, place=Place({"S1": SESSION}, {"S1": ProfileState(accepted=profile((0, 16)))}))
    )
    assert stays.state == "alarm"
    doubtful = ProfileState(accepted=profile((0, 12)), doubtful=(profile((0, 16)),))
    between = picture(site, NOW, told(site, place=Place({"S1": SESSION}, {"S1": doubtful})))
    assert kinds(between) == [AlarmKind.MAY_EXCEED]
    assert between.alarms[0].text == "deck, L1: 16.0 A may be drawn, 12.0 A is the limit"
    obeyed = Place({"S1": SESSION}, {"S1": ProfileState(accepted=profile((0, 12)))})
    assert kinds(picture(site, NOW, told(site, place=obeyed))) == []


def test_a_limit_below_the_base_load_is_told_once_and_is_no_fault_of_sessions() -> None:
    limits = {"base": {"limit_a": {"L1": 8, "L2": 100, "L3": 100}}}
    shown = seen(garage(limits=limits), place=Place())
    assert kinds(shown) == [AlarmKind.LIMIT_BELOW_BASE_LOAD]


def test_a_session_of_which_nobody_knows_where_it_is_counts_everywhere() -> None:
    shown = seen(place=Place({"S1": {}}))
    assert shown.sessions == ()
    assert [node.allowed_a["L2"] for node in shown.nodes] == [6, 6]


def test_a_plan_of_another_version_is_no_reason_to_show_nothing() -> None:
    shown = seen(plan={"at": START, "sessions": [1], "profiles": 3})
    assert shown.plan is None
    assert shown.sessions[0].node == "deck", "as the energy manager says"


def test_the_plan_is_told_as_curves_until_each_is_believed_to_leave() -> None:
    site = garage()
    curves = planned(site, plan(), Worth(site, {}, NOW), NOW + timedelta(minutes=2), NOW + timedelta(hours=3))
    assert len(curves.times) == 36
    assert curves.times[0] == NOW
    assert curves.sessions["S1"][11:13] == (11.04, 5.52)
    assert curves.sessions["S1"][23:25] == (5.52, 0)
    assert curves.nodes["deck"].ev_a["L2"][:1] == (16,)
    assert curves.nodes["grid"].ev_a["L2"][23:25] == (8, 0)
    assert curves.nodes["grid"].base_a["L1"][0] == 10
    assert curves.nodes["grid"].limit_a["L1"][0] == 100
    assert (curves.price_per_kwh[0], curves.pv_kw[0]) == (0.3, 4)


def test_without_a_plan_there_are_limits_and_prices_all_the_same() -> None:
    site = garage()
    curves = planned(site, None, Worth(site, {}, NOW), NOW, NOW + timedelta(hours=1))
    assert curves.sessions == {}
    assert curves.nodes["deck"].limit_a["L1"] == (40,) * 12
    assert set(curves.nodes["deck"].ev_a["L1"]) == {0}


def test_of_very_many_sessions_only_the_sums_are_told() -> None:
    site = garage()
    ids = [f"S{number}" for number in range(MOST_SESSIONS + 1)]
    many = plan(sessions=dict.fromkeys(ids, PLACED), profiles=dict.fromkeys(ids, profile((0, 6))))
    curves = planned(site, many, Worth(site, {}, NOW), NOW, NOW + timedelta(minutes=5))
    assert curves.sessions == {}
    assert curves.nodes["grid"].ev_a["L1"] == (3006,)
