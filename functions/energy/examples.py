"""Examples of the energy API, for its OpenAPI document and its tests."""

from typing import Any

type Example = Any

_NOW = "2026-11-22T16:05:00Z"
_EVENING = "2026-11-22T17:00:00Z"
_NIGHT = "2026-11-22T21:00:00Z"
_PHASES = ["L1", "L2", "L3"]


def _each(value: float) -> dict[str, float]:
    return dict.fromkeys(_PHASES, value)


ME: Example = {
    "principal": "8c1e1c8e-5f9f-4a0f-9d4e-0d6a5f6d2b11",
    "name": "jan@garage.example",
    "scopes": ["control", "read"],
    "sites": {"garage": ["control", "read"]},
    "may_create": False,
}

SUMMARY: Example = {
    "id": "garage",
    "name": "City garage",
    "time_zone": "Europe/Amsterdam",
    "state": "ok",
    "alarms": 0,
    "limit_kw": 69.0,
    "drawn_kw": 31.4,
    "allowed_kw": 66.2,
    "sessions": 7,
}

LIMIT: Example = {"limit_kw": 69.0}
WEEKLY_LIMIT: Example = {
    "day_of_week": ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"],
    "start_time": "17:00",
    "end_time": "21:00",
    "limit_kw": 34.5,
}
OVERRIDE_ORDER: Example = {"start": _EVENING, "end": _NIGHT, "limit_kw": 20.0, "reason": "works on the transformer"}
OVERRIDE: Example = {"id": "o-3f2a9c41d0e7", "author": "jan@garage.example", **OVERRIDE_ORDER}
LIMITS: Example = {"base": LIMIT, "weekly": [WEEKLY_LIMIT], "overrides": [OVERRIDE], "caps": []}

PRICES: Example = {
    "price_per_kwh": {"base": 0.28, "weekly": [{"start_time": "17:00", "end_time": "20:00", "value": 0.41}]},
    "feed_in_per_kwh": 0.06,
    "demand_charge": {"price_per_kw": 7.5, "peak_kw": 40.0},
}

SITE: Example = {
    "id": "garage",
    "name": "City garage",
    "time_zone": "Europe/Amsterdam",
    "voltage_v": 230.0,
    "partner_id": "charge-all",
    "location": {"country_code": "DE", "party_id": "ALL", "location_id": "L1"},
    "limits": LIMITS,
    "feeders": [{"id": "deck-1", "limits": {"base": {"limit_a": _each(63.0)}}}],
    "evses": [{"evse_uid": "034", "feeder": "deck-1", "priority": 2.0}],
    **PRICES,
}
PRIORITIES: Example = {"034": 2.0}

SERIES_JSON: Example = [{"start": f"2026-11-23T{hour:02}:00:00", "value": 0.21} for hour in range(24)]
SERIES_CSV = "start,value\n" + "".join(f"2026-11-23 {hour:02}:00,0.21\n" for hour in range(24))
STEP: Example = {"start": "2026-11-22T23:00:00Z", "end": "2026-11-23T00:00:00Z", "value": 0.21, "told": None}
MEASUREMENT: Example = {"base_load_kw": 21.5, "pv_kw": 3.2}

PICTURE: Example = {
    "site": {
        "id": "garage",
        "name": "City garage",
        "time_zone": "Europe/Amsterdam",
        "currency": "EUR",
        "voltage_v": 230.0,
        "phases": _PHASES,
    },
    "at": _NOW,
    "state": "ok",
    "alarms": [],
    "nodes": [
        {
            "id": "grid",
            "parent": None,
            "phases": _PHASES,
            "limit_a": _each(50.0),
            "limit_kw": 34.5,
            "source": {"kind": "weekly", "id": None, "reason": None, "author": None, "until": "2026-11-22T20:00:00Z"},
            "base_load_a": _each(10.0),
            "drawn_a": _each(26.0),
            "allowed_a": _each(26.0),
            "next_change": {"at": _EVENING, "limit_a": _each(29.0)},
        }
    ],
    "drawn_kw": 17.9,
    "allowed_kw": 17.9,
    "limit_kw": 34.5,
    "price_per_kwh": 0.28,
    "pv_kw": 0.0,
    "sessions": [
        {
            "id": "charge-all#sessions#DE*ALL*S1",
            "session_id": "S1",
            "evse_uid": "034",
            "node": "deck-1",
            "phases": _PHASES,
            "dc": False,
            "since": "2026-11-22T14:10:00Z",
            "energy_kwh": 12.4,
            "drawn_kw": 11.0,
            "allowed_kw": 11.0,
            "metered_at": "2026-11-22T16:04:00Z",
            "allowed": {"value": 16.0, "unit": "A"},
            "planned": {"value": 16.0, "unit": "A"},
            "departure": "2026-11-22T18:00:00Z",
            "needs_kwh": 14.0,
            "short_kwh": 0.0,
            "why": [],
            "priority": 2.0,
            "profile": "accepted",
            "refusal": None,
        }
    ],
    "plan": {"at": "2026-11-22T16:04:30Z", "solver": "highs", "failures": [], "warnings": [], "overloads": []},
    "run": {"at": "2026-11-22T16:04:30Z", "reason": "session"},
}

_CURVE = {phase: [50.0, 50.0] for phase in _PHASES}
_LOAD = {phase: [10.0, 10.0] for phase in _PHASES}
_TIMES = ["2026-11-22T16:05:00Z", "2026-11-22T16:10:00Z"]

PLANNED: Example = {
    "step_s": 300,
    "times": _TIMES,
    "nodes": {"grid": {"limit_a": _CURVE, "base_a": _LOAD, "ev_a": _LOAD}},
    "price_per_kwh": [0.28, 0.28],
    "pv_kw": [0.0, 0.0],
    "sessions": {"charge-all#sessions#DE*ALL*S1": [11.0, 11.0]},
}
HISTORY: Example = {
    "step_s": 300,
    "times": _TIMES,
    "nodes": {"grid": {"limit_a": _CURVE, "base_a": _LOAD, "ev_a": _LOAD, "allowed_a": _LOAD}},
    "price_per_kwh": [0.28, None],
    "pv_kw": [0.0, None],
    "sessions": [1, None],
}
VISIT: Example = {
    "id": "charge-all#sessions#DE*ALL*S0",
    "session_id": "S0",
    "evse_uid": "034",
    "node": "deck-1",
    "phases": _PHASES,
    "dc": False,
    "arrival": "2026-11-22T07:00:00Z",
    "departure": "2026-11-22T14:00:00Z",
    "energy_kwh": 30.0,
    "max_kw": 11.0,
    "needs_kwh": 32.0,
    "told": True,
    "short_kwh": 2.0,
    "why": ["it came too late for what it needs: 11 kW is its most"],
}
EVENT: Example = {
    "at": _NOW,
    "kind": "override",
    "text": "limit of grid 2026-11-22T17:00:00Z to 2026-11-22T21:00:00Z: 20 kW",
    "author": "jan@garage.example",
    "reason": "works on the transformer",
    "before": None,
    "after": '{"start":"2026-11-22T17:00:00Z","end":"2026-11-22T21:00:00Z","limit_kw":20.0}',
    "subject": "grid",
}

SIGNAL_ORDER: Example = {"start": _EVENING, "end": _NIGHT, "limit_kw": 15.0, "reason": "congestion"}
SIGNAL: Example = {
    "signal_id": "dso-17",
    "state": "ended",
    "node": "grid",
    "limit_a": _each(21.739),
    "start": _EVENING,
    "end": _NIGHT,
    "will": (
        "sessions at grid are limited so that they and base load together draw at most 21.7 A per phase"
        f" from {_EVENING} to {_NIGHT} (base load, 10 A per phase, is not ours to lower)"
    ),
    "by": _EVENING,
    "warnings": [],
    "reason": "congestion",
    "author": "5hjg2k1l0p",
    "received_at": _NOW,
    "cancelled_at": None,
    "proof": {"obeyed_at": _EVENING, "reaction_s": 0.0, "load_before_kw": 31.4, "load_after_kw": 14.2},
}

_CHARGED: Example = {
    "energy_kwh": 840.2,
    "peak_kw": 66.1,
    "peak_at": "2026-11-12T16:30:00Z",
    "energy_cost": 221.4,
    "demand_cost": 495.75,
    "cost": 717.15,
    "minutes_over_limit": 0,
}
SAVINGS: Example = {
    "site_id": "garage",
    "start": "2026-10-31T23:00:00Z",
    "end": "2026-11-22T16:05:00Z",
    "visits": 61,
    "known": 0.998,
    "charged": _CHARGED,
    "uncontrolled": _CHARGED
    | {"peak_kw": 118.9, "energy_cost": 251.0, "demand_cost": 891.75, "cost": 1142.75, "minutes_over_limit": 640},
    "lowered_peak_kw": 52.8,
    "saved_cost": 425.6,
    "left_out": [],
}
REPORT: Example = {
    "site_id": "garage",
    "name": "City garage",
    "month": "2026-11",
    "over": False,
    "time_zone": "Europe/Amsterdam",
    "currency": "EUR",
    "made_at": _NOW,
    "savings": SAVINGS,
    "drivers": {
        "visits": 61,
        "told": 20,
        "served": 59,
        "served_share": 0.967,
        "energy_kwh": 840.2,
        "short_kwh": 4.1,
    },
    "curtailments": [],
    "missed": [],
    "missed_more": 0,
    "trouble": {},
    "days": [],
    "busiest": [],
}
