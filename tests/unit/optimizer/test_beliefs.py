"""What is believed of a session; above all, how much it may draw at worst."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ocpi.sites.site import Site, parse_site
from ocpi.store.profiles import ProfileState
from ocpi.types.chargingprofiles import ChargingProfile
from ocpi.types.locations import Location
from ocpi.types.sessions import ChargingPreferences, Session
from ocpi.visits.visit import MOST_KWH, Visit, arrival
from optimizer.beliefs import (
    FAST_PRIORITY,
    LEAST_DC_KW,
    TOP_UP_KWH,
    Charging,
    believe,
    newcomer_a,
    unknown_newcomer_a,
)
from optimizer.history import HORIZON, OVERSTAY, History
from tests.objects import CONNECTOR, EVSE, LOCATION, SESSION

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def site(**changes: object) -> Site:
    content = {
        "id": "garage",
        "time_zone": "Europe/Amsterdam",
        "voltage_v": 230,
        "partner_id": "cpo",
        "location": {"country_code": "NL", "party_id": "SIM", "location_id": "L1"},
        "limits": [{"limit_kw": 69}],
    }
    return parse_site(json.dumps(content | changes))


def location(**connector: object) -> Location:
    return Location.model_validate(LOCATION | {"evses": [EVSE | {"connectors": [CONNECTOR | connector]}]})


def believed(
    place: Location | None = None,
    own: Site | None = None,
    *,
    history: History | None = None,
    profile: ProfileState | None = None,
    **session: Any,
) -> Charging:
    known = history or History()
    return believe("id", SESSION | {"kwh": 0} | session, place or location(), own or site(), NOW, known, profile)


def metered(power_kw: float, current_a: float) -> list[dict[str, Any]]:
    volumes = {"POWER": power_kw, "CURRENT": current_a}
    dimensions = [{"type": kind, "volume": volume} for kind, volume in volumes.items()]
    return [{"start_date_time": "2026-11-22T08:30:00Z", "dimensions": dimensions}]


@pytest.mark.parametrize(
    ("connector", "worst_a", "max_a"),
    [
        ({}, 32, 32),
        ({"max_electric_power": 11040}, 32, 16),
        ({"power_type": "AC_1_PHASE", "max_electric_power": 3680}, 16, 16 / 3),
    ],
)
def test_a_single_phase_may_carry_all_the_power(connector: dict[str, object], worst_a: float, max_a: float) -> None:
    charging = believed(location(**connector))
    assert charging.worst == pytest.approx(worst_a)
    assert charging.most == pytest.approx(max_a)
    assert charging.default_limit == charging.worst
    assert charging.least == 6
    assert newcomer_a("E1", location(**connector), site()) == pytest.approx(worst_a)
    assert newcomer_a("e1", location(**connector), site(default_limit_a=10)) == 10


def test_dc_counts_in_kw_and_is_planned_where_the_evse_takes_profiles() -> None:
    dc = {"power_type": "DC", "max_voltage": 500, "max_amperage": 100, "max_electric_power": 41400}
    charging = believed(location(**dc), site(default_limit_a=10, min_a=8))
    assert charging.dc
    assert charging.plannable
    assert [charging.worst, charging.most, charging.least] == pytest.approx([41.4, 41.4, LEAST_DC_KW])
    assert charging.default_limit == pytest.approx(6.9)
    assert newcomer_a("E1", location(**dc), site()) == pytest.approx(60)
    assert believed(location(**dc, id="2"), site(evses=[{"evse_uid": "e1", "max_a": 20}])).worst == pytest.approx(13.8)


def test_what_may_be_ac_or_dc_is_not_planned_and_counts_at_the_higher() -> None:
    connectors = [CONNECTOR, CONNECTOR | {"id": "2", "power_type": "DC", "max_electric_power": 41400}]
    place = Location.model_validate(LOCATION | {"evses": [EVSE | {"connectors": connectors}]})
    charging = believed(place, connector_id="9")
    assert not charging.plannable
    assert not charging.dc
    assert charging.worst == pytest.approx(60)


def test_the_energy_manager_knows_phases_fuses_and_the_feeder_better() -> None:
    feeders = [{"id": "F2", "phases": ["L2", "L3"], "limits": [{"limit_kw": 20}]}]
    evses = [{"evse_uid": "E1", "feeder": "F2", "phases": ["L2"], "max_a": 20, "priority": 3}]
    charging = believed(own=site(evses=evses, feeders=feeders, default_limit_a=6))
    assert (charging.phases, charging.most, charging.default_limit) == (("L2",), 20, 6)
    assert (charging.node, charging.priority) == ("F2", 3)
    unwired = believed(own=site(evses=[{"evse_uid": "e1", "feeder": "F2"}], feeders=feeders))
    assert unwired.phases == ("L2", "L3")


@pytest.mark.parametrize(
    ("power_type", "phases"),
    [("AC_1_PHASE", ("L2",)), ("AC_2_PHASE", ("L2", "L3")), ("AC_3_PHASE", ("L2", "L3", "L1"))],
)
def test_a_connector_of_fewer_phases_has_the_first_of_its_wiring(power_type: str, phases: tuple[str, ...]) -> None:
    rotated = site(evses=[{"evse_uid": "e1", "phases": ["L2", "L3", "L1"]}])
    assert believed(location(power_type=power_type), rotated).phases == phases
    assert believed(location(power_type=power_type)).phases == ("L1", "L2", "L3")


def test_a_car_counts_on_every_phase_until_metering_tells() -> None:
    rotated = site(evses=[{"evse_uid": "e1", "phases": ["L2", "L3", "L1"]}])
    shown, elsewhere = (
        History().after(Visit(arrival("garage", _session(evse_uid=uid), None), NOW, 10.0, phases=3))
        for uid in ("E1", "E2")
    )
    assert believed(own=rotated, charging_periods=metered(4.6, 10)).phases == ("L2", "L3")
    assert believed(own=rotated, charging_periods=metered(3.6, 16), history=shown).phases == ("L2",)
    summed = believed(own=rotated, charging_periods=metered(3.6, 16), history=elsewhere)
    assert summed.phases == ("L2", "L3", "L1"), "another meter says nothing of this one"
    for told in (metered(3.6, 16), metered(2.2, 4.8), metered(5.8, 16), [*metered(3.6, 16), *metered(11, 16)]):
        assert believed(own=rotated, charging_periods=told).phases == ("L2", "L3", "L1")
    assert believed(charging_periods=metered(3.6, 16), history=shown).phases == ("L1", "L2", "L3")


def test_an_unknown_connector_counts_as_the_largest() -> None:
    connectors = [CONNECTOR, CONNECTOR | {"id": "2", "max_amperage": 63}]
    place = Location.model_validate(LOCATION | {"evses": [EVSE | {"connectors": connectors}]})
    assert believed(place, connector_id="9").worst == 63


def test_an_evse_that_was_not_told_is_asked_and_counts_32_a() -> None:
    charging = believe("id", SESSION, None, site(), NOW)
    assert charging.plannable
    assert charging.worst == 32
    assert newcomer_a("E1", None, site()) == unknown_newcomer_a(site()) == 32
    assert unknown_newcomer_a(site(default_limit_a=6)) == 6


def test_an_evse_without_the_capability_is_not_planned_and_counts_at_its_most() -> None:
    place = Location.model_validate(LOCATION | {"evses": [EVSE | {"capabilities": []}]})
    charging = believed(place, site(default_limit_a=6))
    assert (charging.plannable, charging.default_limit) == (False, charging.worst)
    assert newcomer_a("E1", place, site(default_limit_a=6)) == charging.worst


def test_a_session_that_cannot_be_read_counts_at_the_worst_and_is_not_planned() -> None:
    charging = believe("id", {}, location(max_amperage=63), site(), NOW)
    assert (charging.plannable, charging.worst, charging.phases) == (False, 63, ("L1", "L2", "L3"))
    assert charging.departure == NOW + OVERSTAY
    assert believe("id", {"kwh": "x"}, None, site(), NOW).worst == 32


@pytest.mark.parametrize(
    ("session", "departure"),
    [
        ({"start_date_time": "2026-11-22T08:00:00Z"}, datetime(2026, 11, 22, 16, tzinfo=UTC)),
        ({"start_date_time": "2026-11-21T08:00:00Z"}, NOW + OVERSTAY),
        ({"start_date_time": "9999-12-31T23:00:00Z"}, NOW + timedelta(hours=8)),
        ({"charging_preferences": {"profile_type": "FAST", "departure_time": "9999-12-31T23:00:00Z"}}, NOW + HORIZON),
        (
            {"charging_preferences": {"profile_type": "FAST", "departure_time": "1999-11-22T10:00:00Z"}},
            datetime(2026, 11, 22, 16, tzinfo=UTC),
        ),
        (
            {"charging_preferences": {"profile_type": "FAST", "departure_time": "2026-11-22T10:00:00Z"}},
            NOW + timedelta(hours=1),
        ),
        ({"charging_preferences": {"profile_type": "fast"}}, datetime(2026, 11, 22, 16, tzinfo=UTC)),
    ],
)
def test_the_believed_departure(session: dict[str, Any], departure: datetime) -> None:
    assert believed(**session).departure == departure


def test_what_is_missing_is_believed_until_the_car_asks_for_no_more() -> None:
    preferences = {"profile_type": "REGULAR", "energy_need": 30}
    assert believed(kwh=10, charging_preferences=preferences).energy_kwh == 20
    assert believed(charging_preferences=preferences | {"energy_need": 1e9}).energy_kwh == MOST_KWH
    assert believed(kwh=31, charging_preferences=preferences).energy_kwh == TOP_UP_KWH
    parked = {"start_date_time": "2026-11-22T08:30:00Z", "dimensions": [{"type": "PARKING_TIME", "volume": 0}]}
    full = believed(kwh=10, charging_preferences=preferences, charging_periods=[parked])
    assert full.energy_kwh == TOP_UP_KWH
    assert full.priority < 1


def _session(**changes: Any) -> Session:
    return Session.model_validate(SESSION | changes)


def test_what_a_driver_tells_is_corrected_by_earlier_visits() -> None:
    told = {"profile_type": "REGULAR", "departure_time": "2026-11-22T16:00:00Z", "energy_need": 40}
    preferences = ChargingPreferences.model_validate(told)
    history = History()
    for _ in range(12):
        came = arrival("garage", _session(start_date_time="2026-11-22T08:00:00Z"), preferences)
        history = history.after(Visit(came, NOW + timedelta(hours=1), 10.0))
    charging = believed(history=history, start_date_time="2026-11-22T08:00:00Z", charging_preferences=told)
    assert charging.departure == pytest.approx(NOW + timedelta(hours=1), abs=timedelta(minutes=15))
    assert charging.energy_kwh == pytest.approx(10, rel=0.1)


def test_a_driver_in_a_hurry_is_served_before_others() -> None:
    def priority(profile_type: str) -> float:
        return believed(charging_preferences={"profile_type": profile_type}).priority

    assert priority("FAST") == FAST_PRIORITY * priority("REGULAR") > priority("REGULAR")
    assert priority("CHEAP") == priority("GREEN") == priority("REGULAR") == believed().priority


def allowed(*periods: tuple[int, float], start: str = "2026-11-22T08:00:00Z", unit: str = "A") -> ProfileState:
    periods_ = [{"start_period": second, "limit": limit} for second, limit in periods]
    profile = {"start_date_time": start, "charging_rate_unit": unit, "charging_profile_period": periods_}
    return ProfileState(accepted=ChargingProfile.model_validate(profile))


STANDS = {"kwh": 5, "kwh_grew_at": "2026-11-22T08:20:00Z", "last_updated": "2026-11-22T08:50:00Z"}


@pytest.mark.parametrize(
    ("profile", "session", "full"),
    [
        (allowed((0, 16)), STANDS, True),
        (allowed((0, 0), (1800, 6), (2400, 0)), STANDS, True),
        (allowed((0, 0), (1800, 6), (2390, 0)), STANDS, False),
        (allowed((0, 5)), STANDS, False),
        (allowed((0, 16), start="2026-11-22T08:45:00Z"), STANDS, False),
        (allowed((0, 16)), STANDS | {"kwh_grew_at": "2026-11-22T08:45:00Z"}, False),
        (allowed((0, 16)), STANDS | {"last_updated": "2026-11-22T08:25:00Z"}, False),
        (allowed((0, 16)), STANDS | {"kwh_grew_at": "now"}, False),
        (allowed((0, 16)).model_copy(update={"pending": allowed((0, 0)).accepted}), STANDS, False),
        (None, STANDS, True),
        (ProfileState(), STANDS, True),
        (None, {"kwh": 5}, False),
    ],
)
def test_a_car_that_takes_nothing_of_what_it_may_is_full(
    profile: ProfileState | None,
    session: dict[str, Any],
    full: bool,
) -> None:
    charging = believed(profile=profile, start_date_time="2026-11-22T08:00:00Z", **session)
    assert (charging.energy_kwh == TOP_UP_KWH) is full


def test_a_vehicle_for_a_plan_is_what_is_believed() -> None:
    vehicle = believed(kwh=10).vehicle(NOW - timedelta(minutes=5), tail=6.0)
    assert (vehicle.node, vehicle.phases, vehicle.least, vehicle.most) == ("grid", ("L1", "L2", "L3"), 6, 32)
    assert (vehicle.departure_s, vehicle.energy_kwh, vehicle.taken_kwh, vehicle.tail) == (7 * 3600 + 300, 30, 10, 6)
