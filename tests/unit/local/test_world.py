"""A day played against a smart charging provider, with a network that may fail."""

import asyncio
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from local.cpo import meter, world
from local.cpo.pace import Pace, Queues, Quiet, SimulatedClock, Steady
from local.cpo.report import figures, write_load
from local.cpo.sessions import Day
from local.cpo.site import Evse
from local.ocpi_http.traffic import Traffic
from ocpi import clock
from ocpi.types.primitives import parse_datetime
from tests.unit.local.office import START, Office, a_day, a_site, a_stay, an_office
from tests.unit.local.scsp import Scsp
from tests.unit.local.test_meter import amperes, limit

DAY = a_day(a_stay(8, 12, 10, "A"), a_stay(8.5, 9.5, 30, "B"))


def played(scsp: Scsp, day: Day = DAY, default_a: float | None = 6.0) -> Office:
    async def run() -> Office:
        async with an_office(day, scsp, default_a=default_a) as office:
            await office.play()
            return office

    return asyncio.run(run())


def told(scsp: Scsp, stay: int) -> list[tuple[str, dict[str, object]]]:
    path = f"sessions/NL/SIM/run-{stay + 1:03d}"
    return [(method, body) for method, url, _, body in scsp.requests if url == path]


def test_the_location_is_pushed_before_any_session() -> None:
    scsp = Scsp()
    played(scsp)
    method, url, headers, body = scsp.requests[0]
    assert (method, url) == ("PUT", "locations/NL/SIM/SIM-GARAGE")
    assert [evse["capabilities"] for evse in body["evses"]] == [["CHARGING_PROFILE_CAPABLE"]] * 2
    assert headers["ocpi-from-party-id"] == "SIM"
    assert headers["ocpi-to-party-id"] == "OCS"
    assert headers["x-request-id"] != headers["x-correlation-id"]


def test_a_session_is_put_metered_by_the_clock_and_completed() -> None:
    scsp = Scsp()
    office = played(scsp)
    (first, put), *patches = told(scsp, 1)
    assert first == "PUT"
    assert put["status"] == "ACTIVE"
    assert put["kwh"] == 0
    assert put["start_date_time"] == "2026-03-02T08:30:00Z"
    assert put["charging_preferences"] == {
        "profile_type": "REGULAR",
        "departure_time": "2026-03-02T09:30:00Z",
        "energy_need": 45.0,
    }
    moments = [str(body["last_updated"]) for _, body in patches]
    assert moments == [f"2026-03-02T{hour}:00Z" for hour in ("08:45", "09:00", "09:15", "09:30")]
    energies = [float(str(body["kwh"])) for _, body in patches]
    assert energies == pytest.approx([0.345, 0.69, 1.035, 1.38], abs=0.0011)  # 6 A over one phase
    assert patches[-1][1]["status"] == "COMPLETED"
    assert patches[-1][1]["end_date_time"] == "2026-03-02T09:30:00Z"
    assert scsp.objects["NL/SIM/run-002"]["status"] == "COMPLETED"
    assert office.world.now == START + timedelta(hours=12)


def test_a_car_that_becomes_full_is_told_at_once_and_no_more_until_it_leaves() -> None:
    scsp = Scsp()
    played(scsp, a_day(a_stay(8, 16, 4, "A")), default_a=None)
    *_, (_, full), (_, completed) = told(scsp, 0)
    assert full["kwh"] == 4
    periods = full["charging_periods"]
    assert isinstance(periods, list)
    assert periods[0]["dimensions"] == [{"type": "PARKING_TIME", "volume": 0}]
    moment = parse_datetime(str(full["last_updated"]))
    assert moment < START + timedelta(hours=9)
    assert completed["status"] == "COMPLETED"
    assert completed["kwh"] == 4


def test_profiles_are_obeyed_and_their_results_told() -> None:
    scsp = Scsp(limit_a=12.0)
    office = played(scsp)
    assert sorted(scsp.results) == [(f"run-00{n}?n=1", {"result": "ACCEPTED"}) for n in (1, 2)]
    report = figures(office.world, limit((None, amperes(12, 24, 12))))
    assert report["profiles_accepted"] == 2
    assert report["seconds_over_profile"] == 0
    assert report["seconds_over_limit"] == 0
    assert report["uncontrolled_seconds_over_limit"] > 0
    assert report["peak_kw"] == pytest.approx(4 * 12 * 0.23)
    assert report["uncontrolled_peak_kw"] > report["peak_kw"]
    assert report["energy_delivered_kwh"] < report["energy_requested_kwh"] == 40
    assert report["messages_lost"] == report["settle_timeouts"] == 0


def test_a_charge_point_that_disobeys_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.cpo.plant.Plant.set_profile", lambda *_: None)
    office = played(Scsp(limit_a=0.0))
    assert figures(office.world, None)["seconds_over_profile"] > 3600


def test_a_session_is_put_again_when_the_platform_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world, "RETRY_PAUSES", (0.01, 0.01))
    scsp = Scsp(broken=2)
    office = played(scsp, a_day())
    assert [method for method, _ in told(scsp, 0)].count("PUT") == 3
    assert office.world.counts["messages_lost"] == 0


def test_a_session_that_never_arrives_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world, "RETRY_PAUSES", (0.01,))
    office = played(Scsp(broken=99), a_day(a_stay(8, 8.1)))
    assert office.world.counts["messages_lost"] == 1


def test_where_a_patch_fails_the_whole_session_is_put() -> None:
    scsp = Scsp(forgets_sessions=True)
    office = played(scsp, a_day(a_stay(8, 8.1)))
    methods = [method for method, _ in told(scsp, 0)]
    assert methods == ["PUT", "PATCH", "PUT"]
    assert told(scsp, 0)[-1][1]["status"] == "COMPLETED"
    assert office.world.counts["messages_lost"] == 0


def test_an_event_waits_for_the_platform_but_not_for_ever() -> None:
    async def run() -> Office:
        async with an_office(a_day(a_stay(8, 8.1))) as office:
            pace = office.world._pace
            office.world._pace = Pace(pace.clock, Never(Traffic()), patience=0.05)
            await office.play()
            return office

    class Never(Quiet):
        async def reached(self) -> bool:
            return False

    assert asyncio.run(run()).world.counts["settle_timeouts"] == 3


def test_the_next_car_only_comes_when_the_profiles_of_the_last_one_are_in_force() -> None:
    site = a_site(*(Evse(uid, ("L1", "L2", "L3"), 32) for uid in ("A", "B", "C")))
    together = [a_stay(8 + second / 3600, 10, evse_uid=uid) for second, uid in enumerate(("A", "B", "C"))]
    office = played(Scsp(limit_a=16.0), a_day(*together, site=site))
    accepted = office.world.ledger.accepted
    for stay, plan in enumerate(together[1:], start=1):
        assert accepted[stay - 1][0].at <= plan.arrival
    measured = meter.load(office.world.plant)
    assert measured.phase_a[:, 0].max() <= 48


def test_the_load_is_written_minute_by_minute(tmp_path: Path) -> None:
    office = played(Scsp(limit_a=12.0))
    write_load(tmp_path / "load.csv", office.world, limit((None, amperes(20, 40, 20)), (8.75, {"limit_kw": 13.8})))
    header, *rows = [line.split(",") for line in (tmp_path / "load.csv").read_text().splitlines()]
    by_time = {row[0]: dict(zip(header, row, strict=True)) for row in rows}
    early = by_time["2026-03-02T08:10:00Z"]
    assert (early["limit_kw"], early["load_kw"], early["uncontrolled_kw"]) == ("18.400", "8.280", "11.040")
    assert early["load_l2_a"] == "12.000"
    late = by_time["2026-03-02T08:50:00Z"]
    assert (late["limit_kw"], late["limit_l1_a"]) == ("13.800", "20.000")
    assert (late["load_l1_a"], late["load_l2_a"]) == ("12.000", "24.000")
    assert by_time["2026-03-02T07:00:00Z"]["load_kw"] == "0.000"


# --- time -------------------------------------------------------------------------------------------------


def test_the_simulated_time_is_told_to_everybody_by_the_clock_file(tmp_path: Path) -> None:
    file = tmp_path / "clock.json"
    simulated = SimulatedClock(START, file)
    assert clock.read(file) == START
    simulated.set(START + timedelta(hours=1), rate=100.0)
    assert abs(clock.read(file) - simulated.now()) < timedelta(seconds=5)
    assert simulated.now() > START + timedelta(hours=1)


def test_the_simulated_time_stops_short_of_the_next_event(monkeypatch: pytest.MonkeyPatch) -> None:
    real = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: real[0])
    simulated = SimulatedClock(START, None)
    event = START + timedelta(seconds=30)
    simulated.set(START, rate=10.0)
    seen: list[datetime] = []
    for _ in range(300):
        real[0] += 0.02
        seen.append(simulated.flow(event))
        assert simulated.now() <= event
    assert seen == sorted(seen)
    assert seen[-1] > START + timedelta(seconds=29)


def test_a_day_to_be_watched_passes_steadily_from_its_moment_on() -> None:
    scsp, rate = Scsp(), 7200.0
    steady = Steady(since=START + timedelta(hours=11), rate=rate)

    async def run() -> tuple[Office, float]:
        async with an_office(a_day(a_stay(8, 12, 60, "A")), scsp, steady=steady) as office:
            began = time.monotonic()
            await office.play()
            return office, time.monotonic() - began

    office, took_s = asyncio.run(run())
    assert office.world.now == START + timedelta(hours=12)
    assert took_s > 3600 / rate, "the last hour was not jumped over"
    told_at = [str(body["last_updated"]) for _, body in told(scsp, 0)]
    assert told_at[-2:] == ["2026-03-02T11:45:00Z", "2026-03-02T12:00:00Z"]
    assert scsp.objects["NL/SIM/run-001"]["status"] == "COMPLETED"


class Looks:
    """Queues of which each look finds what it is told to."""

    def __init__(self, *counts: int) -> None:
        self.counts = list(counts)

    def get_queue_attributes(self, **_: object) -> dict[str, dict[str, str]]:
        return {"Attributes": {"ApproximateNumberOfMessagesNotVisible": str(self.counts.pop(0))}}


def reached(quiet: Quiet, asked: int) -> list[bool]:
    async def ask() -> list[bool]:
        return [await quiet.reached() for _ in range(asked)]

    return asyncio.run(ask())


def test_all_is_quiet_only_after_a_silence_and_with_nothing_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    real = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: real[0])
    traffic = Traffic()
    quiet = Quiet(traffic, silence=0.3)
    with traffic.message():
        real[0] += 10
        assert reached(quiet, 3) == [False, False, False]
    assert reached(quiet, 2) == [False, False]
    real[0] += 0.31
    assert reached(quiet, 1) == [True]


@pytest.mark.parametrize(
    ("looks", "at_question"),
    [((0, 0, 0), 5), ((0, 0, 1, 0, 0, 0), 8), ((2, 0, 0, 0), 6)],
)
def test_queues_must_be_found_empty_several_times_in_a_row(looks: tuple[int, ...], at_question: int) -> None:
    queues = Queues(Looks(*looks), ["https://sqs.test/queue"])  # type: ignore[arg-type]
    quiet = Quiet(Traffic(last=0.0), silence=0.0, queues=queues)
    assert reached(quiet, at_question) == [False] * (at_question - 1) + [True]


def test_a_message_between_two_looks_makes_them_worthless() -> None:
    traffic = Traffic()
    quiet = Quiet(traffic, silence=0.0, queues=Queues(Looks(*[0] * 9), ["https://sqs.test/queue"]))  # type: ignore[arg-type]
    assert reached(quiet, 3) == [False] * 3
    with traffic.message():
        pass
    assert reached(quiet, 5) == [False, False, False, False, True]
