"""What the day came to: figures for the report, and the load over time for a table and a picture."""

import csv
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from local.cpo import meter
from local.cpo.cars import Floats
from local.cpo.grid import GridLimit
from local.cpo.meter import Load
from local.cpo.plant import Plant
from local.cpo.sessions import Day
from local.cpo.site import PHASES
from local.cpo.world import World
from ocpi.types.primitives import format_datetime

ROW_SECONDS = 60

COLUMNS = (
    "time",
    "limit_kw",
    "load_kw",
    "uncontrolled_kw",
    *(f"load_{phase.lower()}_a" for phase in PHASES),
    *(f"limit_{phase.lower()}_a" for phase in PHASES),
)


def uncontrolled(day: Day) -> Plant:
    """The same cars at the same charge points, with nobody who limits anything; played at once."""
    plant = Plant(day.site, day.berths, day.start, default_limit_a=None)
    events = [(plant.seconds(stay.departure), 0, index) for index, stay in enumerate(day.stays)]
    events += [(plant.seconds(stay.arrival), 1, index) for index, stay in enumerate(day.stays)]
    for instant, is_arrival, stay in sorted(events):
        while plant.advance(instant):
            pass
        if is_arrival:
            plant.plug_in(stay)
        else:
            plant.unplug(stay)
    return plant


def figures(world: World, limit: GridLimit | None) -> dict[str, Any]:
    """The figures of a day; those about the limit only where one is given."""
    day, plant, since = world.day, world.plant, world.book.started()
    accepted = world.ledger.accepted
    free = meter.load(uncontrolled(day))
    controlled = meter.load(plant, meter.profile_cuts(accepted, since))
    found = {
        "sessions": len(day.stays),
        "energy_requested_kwh": round(float(plant.cars.need_kwh.sum()), 3),
        "energy_delivered_kwh": round(float(plant.cars.delivered_kwh.sum()), 3),
        "energy_uncontrolled_kwh": round(free.energy_kwh, 3),
        "peak_kw": round(controlled.peak_kw, 3),
        "uncontrolled_peak_kw": round(free.peak_kw, 3),
        "seconds_over_profile": round(meter.seconds_over_profile(controlled, accepted, since, plant), 3),
        "profiles_accepted": world.counts["profiles_accepted"],
        "settle_timeouts": world.counts["settle_timeouts"],
        "messages_lost": world.counts["messages_lost"],
        "patches_failed": world.counts["patches_failed"],
        "simulated_from": format_datetime(day.start),
        "simulated_until": format_datetime(world.now),
    }
    if limit:
        found |= {
            "limit_kw_min": round(limit.lowest_kw(day.start, world.now), 3),
            "seconds_over_limit": _over(plant, limit),
            "seconds_allowed_over_limit": _allowed_over(world, limit),
            "uncontrolled_seconds_over_limit": _over(uncontrolled(day), limit),
        }
    return found


def _over(plant: Plant, limit: GridLimit) -> float:
    return round(meter.seconds_over_limit(meter.load(plant, limit.starts), limit), 3)


def _allowed_over(world: World, limit: GridLimit) -> float:
    stays = {stay: (begin, world.day.stays[stay].departure) for stay, begin in world.book.started().items()}
    return round(meter.seconds_allowed_over_limit(world.plant, limit, world.ledger.accepted, stays), 3)


def write_load(path: Path, world: World, limit: GridLimit) -> None:
    """Write the load over time as CSV: of each minute the highest load and the lowest limit."""
    controlled = meter.load(world.plant)
    free = meter.load(uncontrolled(world.day))
    end = max(_quiet_from(controlled), _quiet_from(free)) + 3600
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        for second in range(0, int(end), ROW_SECONDS):
            begin = world.day.start + timedelta(seconds=second)
            table.writerow(_row(begin, second, controlled, free, limit))


def _row(begin: datetime, second: int, controlled: Load, free: Load, limit: GridLimit) -> list[str]:
    minute = (second, second + ROW_SECONDS)
    period = limit.limit_a[limit.period(begin) : limit.period(begin + timedelta(seconds=ROW_SECONDS - 1)) + 1]
    lowest_kw = limit.lowest_kw(begin, begin + timedelta(seconds=ROW_SECONDS))
    numbers = [
        lowest_kw,
        float(_highest(controlled, controlled.kw, *minute)),
        float(_highest(free, free.kw, *minute)),
        *_highest(controlled, controlled.phase_a, *minute),
        *period.min(axis=0),
    ]
    return [format_datetime(begin), *(f"{number:.3f}" for number in numbers)]


def _highest(load: Load, values: Floats, begin: float, end: float) -> Floats:
    """The highest value within [begin, end), by column; 0 where the record has ended."""
    first = max(int(np.searchsorted(load.edges, begin, side="right")) - 1, 0)
    last = int(np.searchsorted(load.edges, end, side="left"))
    highest: Floats = values[first:last].max(axis=0, initial=0.0)
    return highest


def _quiet_from(load: Load) -> float:
    """When the last car stopped drawing, in seconds since the start."""
    drawing = np.flatnonzero(load.kw > 0)
    return float(load.edges[drawing[-1] + 1]) if drawing.size else 0.0
