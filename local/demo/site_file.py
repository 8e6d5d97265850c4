"""The site file of the demo, as an energy manager would write it."""

from datetime import datetime, time
from typing import Any

from local.cpo.sessions import Day
from local.cpo.site import COUNTRY_CODE, PARTY_ID, PHASES
from ocpi.types.primitives import format_datetime

SITE_ID = "demo"
DAY_LIMIT_A = 100
EVENING_LIMIT_A = 50
EVENING = (time(17), time(21))
"""When everybody comes home and the grid has less to give, local time."""


WORTH: dict[str, Any] = {
    "price_per_kwh": [
        *(0.21, 0.20, 0.19, 0.19, 0.20, 0.22, 0.27, 0.31, 0.33, 0.30, 0.27, 0.24),
        *(0.22, 0.21, 0.22, 0.25, 0.29, 0.36, 0.41, 0.40, 0.35, 0.30, 0.26, 0.23),
    ],
    "feed_in_per_kwh": 0.06,
    "currency": "EUR",
    "pv_kw": [0, 0, 0, 0, 0, 0, 0, 1, 4, 8, 12, 15, 16, 15, 12, 8, 3, 0, 0, 0, 0, 0, 0, 0],
}
"""Prices and solar power by the local hour, where somebody watches; without them the demo charges as soon as it can."""


def site_file(day: Day, partner_id: str, limit_kw: float | None, default_limit_a: float) -> dict[str, Any]:
    """The content of the site file.

    Args:
        day: the day to be played; its site and local time.
        partner_id: who operates the charge points, as the platform calls it.
        limit_kw: a constant limit; None: 100 A a phase, 50 A in the evening.
        default_limit_a: what a car without a profile may draw, per phase.
    """
    site = day.site
    return {
        "id": SITE_ID,
        "name": site.name,
        "time_zone": site.time_zone,
        "voltage_v": site.voltage_v,
        "partner_id": partner_id,
        "location": {
            "country_code": COUNTRY_CODE,
            "party_id": PARTY_ID,
            "location_id": site.location_id,
        },
        "phases": list(PHASES),
        "limits": _evening_drop(day) if limit_kw is None else {"base": {"limit_kw": limit_kw}},
        "default_limit_a": default_limit_a,
        "arrival_headroom": 1,
        "evses": [
            {"evse_uid": evse.uid, "phases": list(evse.phases), "max_a": int(site.max_current_a(evse) * 10) / 10}
            for evse in site.evses
        ],
    }


def _evening_drop(day: Day) -> dict[str, Any]:
    begin, end = (format_datetime(_local(day, moment)) for moment in EVENING)
    evening = {
        "id": "evening",
        "start": begin,
        "end": end,
        "limit_a": dict.fromkeys(PHASES, EVENING_LIMIT_A),
        "reason": "Everybody comes home",
    }
    return {"base": {"limit_a": dict.fromkeys(PHASES, DAY_LIMIT_A)}, "overrides": [evening]}


def _local(day: Day, moment: time) -> datetime:
    zone = day.site.zone
    return datetime.combine(day.start.astimezone(zone).date(), moment, zone)
