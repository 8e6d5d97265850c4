"""What the record says was drawn, from quarter-hourly meters, against what charge points of the simulated CPO drew."""

import random
from datetime import timedelta

import pytest

from local.cpo.cars import Berth, Car
from local.cpo.plant import Plant
from ocpi.sites.phases import PHASES
from ocpi.sites.record import SLOT, Meter, VisitRecord
from optimizer.profiles import Schedule
from optimizer.recording.metering import following, told
from tests.unit.local.office import START, a_site

KW_PER_A = 0.69
DEFAULT_A = 6.0


SLOT_S = SLOT.total_seconds()


def slots(plant: Plant) -> dict[float, float]:
    """What the plant drew in each slot, in kW, by the second at which it began."""
    kw: dict[float, float] = {}
    for first, end, current_a in zip(plant.record.begins, plant.record.ends, plant.record.currents, strict=True):
        begin, power = first, float(current_a @ plant.cars.kw_per_a)
        while begin < end:
            slot = begin // SLOT_S * SLOT_S
            until = min(end, slot + SLOT_S)
            kw[slot] = kw.get(slot, 0.0) + power * (until - begin) / SLOT_S
            begin = until
    return kw


def wrong(recorded: dict[float, float], real: dict[float, float], length_s: float) -> float:
    """Which part of the energy is in the wrong stretch of time."""
    off: dict[float, float] = {}
    for second in recorded.keys() | real.keys():
        stretch = second // length_s
        off[stretch] = off.get(stretch, 0.0) + recorded.get(second, 0.0) - real.get(second, 0.0)
    return sum(map(abs, off.values())) / 2 / sum(real.values())


@pytest.mark.parametrize(
    ("car", "in_wrong_slot"),
    [
        (Car(3, 32), 0.005),  # takes all that it is offered
        (Car(3, 16), 0.01),  # never takes more than 11 kW
        (Car(1, 32), 0.15),  # on one phase, while it counts on three
    ],
)
def test_the_record_follows_what_was_really_drawn(car: Car, in_wrong_slot: float) -> None:
    chance = random.Random(7)  # noqa: S311 - no secret
    plant = Plant(a_site(), [Berth(car, "A", 300)], START, DEFAULT_A)
    plant.plug_in(0)
    visit = VisitRecord(
        id="S1",
        session_id="S1",
        evse_uid="A",
        node="grid",
        phases=PHASES,
        arrival=START,
        departure=START,
        energy_kwh=0,
        max_kw=22,
    )
    meter = Meter(at=START, allowed=((0, round(DEFAULT_A * KW_PER_A * 1000)),), visit=visit, seen_at=START)
    recorded: dict[float, float] = {}
    next_profile = 40.0
    for minute in range(1, 6 * 60 + 1):
        while next_profile <= minute * 60:
            plant.advance(next_profile)
            now = plant.time(plant.now)
            starts = [now.replace(microsecond=0) + number * SLOT for number in range(4)]
            schedule = Schedule(tuple((start, chance.choice([0.0, 6.0, 10.0, 16.0, 25.0])) for start in starts))
            plant.set_profile(0, schedule.to_charging_profile())
            meter = following(meter, schedule, KW_PER_A, now, now)
            next_profile += chance.randrange(180, 900)
        plant.advance(minute * 60)
        if minute % 15 == 0:
            meter, drawn = told(meter, round(float(plant.cars.delivered_kwh[0]), 3), plant.time(plant.now))
            for each in drawn:
                for slot, kw in each.by_slot():
                    second = (slot - START) / timedelta(seconds=1)
                    recorded[second] = recorded.get(second, 0.0) + kw
    real = slots(plant)
    assert sum(recorded.values()) == pytest.approx(sum(real.values()), rel=1e-3)
    assert wrong(recorded, real, 900) < 0.001, "from one word of the meter to the next it is exact"
    assert wrong(recorded, real, SLOT_S) < in_wrong_slot
