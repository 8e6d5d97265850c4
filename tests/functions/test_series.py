"""What was uploaded and measured, in the runs of a site: through the store to the charge points, and again."""

from datetime import timedelta
from typing import Any

from ocpi import clock
from ocpi.sites.series import SeriesKind
from ocpi.sites.site import GRID
from ocpi.sites.steps import Step
from ocpi.store.series import SeriesStore
from optimizer.replay import differences, replayed
from tests.functions.charging import Cpo

HOUR = timedelta(hours=1)


def allowed_a(cpo: Cpo) -> float:
    return cpo.allowed_a("S1") + cpo.allowed_a("S2")


def test_sessions_make_room_for_what_a_meter_tells_and_come_back(cpo: Cpo, time: Any) -> None:
    cpo.begins("S1")
    cpo.begins("S2", "E2")
    cpo.run()
    assert allowed_a(cpo) > 20
    series = SeriesStore("sites")
    series.measured("garage", SeriesKind.MEASURED_BASE_LOAD, GRID, clock.now(), 13.8, clock.now())
    cpo.loop.plan()
    cpo.run()
    assert 0 < allowed_a(cpo) <= 20, "of 40 A others draw 20 A"
    time(hours=1)
    cpo.loop.plan()
    cpo.run()
    assert allowed_a(cpo) > 20


def test_a_run_with_prices_and_forecasts_is_done_again_to_the_same(cpo: Cpo) -> None:
    series, now = SeriesStore("sites"), clock.now()
    for kind, value in ((SeriesKind.PRICE, 0.21), (SeriesKind.BASE_LOAD, 20.7), (SeriesKind.PV, 7.5)):
        steps = [Step(start=now + n * HOUR, end=now + (n + 1) * HOUR, value=value * (1 - n / 24)) for n in range(24)]
        series.put("garage", kind, GRID, tuple(steps), now)
    cpo.begins("S1")
    cpo.run()
    assert cpo.allowed_a("S1") <= 10, "of 40 A others draw 30 A"
    run = cpo.sites.last_run("garage", clock.now())
    assert run
    inputs, kept = cpo.sites.inputs("garage", run.id), cpo.sites.outcome("garage", run.id)
    assert inputs
    assert b"base_load_kw" in inputs
    assert list(differences(kept, replayed(inputs))) == []
