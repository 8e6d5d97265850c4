"""What is believed of a session; above all, how much it may draw at worst."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ocpi.types.locations import Location
from optimizer.beliefs import MOST_KWH, OVERSTAY, TOP_UP_KWH, Charging, believe, newcomer_a
from optimizer.problem import HORIZON
from optimizer.site import Site, parse_site
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


def believed(place: Location | None = None, own: Site | None = None, **session: Any) -> Charging:
    return believe("id", SESSION | {"kwh": 0} | session, place or location(), own or site(), NOW)


@pytest.mark.parametrize(
    ("connector", "worst_a", "max_a"),
    [
        ({}, 32, 32),
        ({"max_electric_power": 11040}, 32, 16),
        ({"power_type": "AC_1_PHASE", "max_electric_power": 3680}, 16, 16 / 3),
        ({"power_type": "DC", "max_voltage": 500, "max_amperage": 100, "max_electric_power": 41400}, 60, 60),
    ],
)
def test_a_single_phase_may_carry_all_the_power(connector: dict[str, object], worst_a: float, max_a: float) -> None:
    charging = believed(location(**connector))
    assert charging.worst_a == pytest.approx(worst_a)
    assert charging.max_a == pytest.approx(max_a)
    assert charging.default_limit_a == charging.worst_a
    assert newcomer_a(location(**connector), site()) == pytest.approx(worst_a)


def test_the_energy_manager_knows_phases_and_fuses_better() -> None:
    own = site(evses=[{"evse_uid": "e1", "phases": ["L2"], "max_a": 20}], default_limit_a=6)
    charging = believed(own=own)
    assert (charging.phases, charging.max_a, charging.default_limit_a) == (("L2",), 20, 6)


def test_an_unknown_connector_counts_as_the_largest_and_dc_is_not_planned() -> None:
    connectors = [CONNECTOR, CONNECTOR | {"id": "2", "max_amperage": 63}]
    place = Location.model_validate(LOCATION | {"evses": [EVSE | {"connectors": connectors}]})
    assert believed(place, connector_id="9").worst_a == 63
    assert not believed(location(power_type="DC"), connector_id="9").plannable


def test_an_evse_that_was_not_told_is_asked_and_counts_32_a() -> None:
    charging = believe("id", SESSION, None, site(), NOW)
    assert charging.plannable
    assert charging.worst_a == 32
    assert newcomer_a(None, site()) == 32


def test_an_evse_without_the_capability_is_not_planned() -> None:
    place = Location.model_validate(LOCATION | {"evses": [EVSE | {"capabilities": []}]})
    assert not believed(place).plannable


@pytest.mark.parametrize(
    ("session", "departure"),
    [
        ({"start_date_time": "2026-11-22T08:00:00Z"}, datetime(2026, 11, 22, 16, tzinfo=UTC)),
        ({"start_date_time": "2026-11-21T08:00:00Z"}, NOW + OVERSTAY),
        ({"start_date_time": "9999-12-31T23:00:00Z"}, NOW + timedelta(hours=8)),
        ({"charging_preferences": {"profile_type": "FAST", "departure_time": "9999-12-31T23:00:00Z"}}, NOW + HORIZON),
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
