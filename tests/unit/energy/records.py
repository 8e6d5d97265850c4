"""What is on record of a site of 230 V behind 69 kW, with a feeder of 23 kW: made up, for tests."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from ocpi.sites.phases import PHASES, Phase
from ocpi.sites.record import SLOT, LoadSlot, NodeLoad, VisitRecord
from ocpi.sites.site import Site, parse_site
from tests.objects import SITE

START = datetime(2026, 11, 1, tzinfo=UTC)
KW_PER_A = 3 * 230 / 1000


def site(**changes: object) -> Site:
    """The site, with what a test is about."""
    feeder = {"id": "deck", "limits": {"base": {"limit_kw": 23}}}
    described = {"limits": {"base": {"limit_kw": 69}}, "feeders": [feeder], "time_zone": "UTC"}
    return parse_site(json.dumps(SITE | described | changes))


def visit(
    hour: float,
    hours: float,
    energy_kwh: float,
    max_kw: float = 11.0,
    node: str = "grid",
    phases: tuple[Phase, ...] = PHASES,
    **about: Any,
) -> VisitRecord:
    """A visit that began so many hours after START."""
    arrival = START + timedelta(hours=hour)
    return VisitRecord(
        id=f"cpo/SESSIONS/NL/SIM/S{hour}-{about.get('evse_uid', 'E1')}",
        session_id=f"S{hour}",
        arrival=arrival,
        departure=arrival + timedelta(hours=hours),
        **{"evse_uid": "E1", "energy_kwh": energy_kwh, "max_kw": max_kw, "node": node, "phases": phases, **about},
    )


def slots(
    charged_kw: Sequence[float],
    base_kw: float = 0.0,
    prices: float | Sequence[float] | None = None,
    start: datetime = START,
    **about: Any,
) -> list[LoadSlot]:
    """Slots on record, one for each power that sessions drew, all of it right at the grid connection."""
    priced = prices if isinstance(prices, Sequence) else [prices] * len(charged_kw)
    nothing = dict.fromkeys(PHASES, 0.0)
    return [
        LoadSlot(
            start=start + number * SLOT,
            nodes={
                "grid": NodeLoad(
                    limit_a=dict.fromkeys(PHASES, 100.0),
                    base_a=dict.fromkeys(PHASES, base_kw / KW_PER_A),
                    ev_a=dict.fromkeys(PHASES, kw / KW_PER_A),
                    allowed_a=dict.fromkeys(PHASES, (base_kw + kw) / KW_PER_A),
                ),
                "deck": NodeLoad(
                    limit_a=dict.fromkeys(PHASES, 23 / KW_PER_A), base_a=nothing, ev_a=nothing, allowed_a=nothing
                ),
            },
            price_per_kwh=price,
            **about,
        )
        for number, (kw, price) in enumerate(zip(charged_kw, priced, strict=True))
    ]
