"""From what a run has read to what it sends: whatever the site and whatever goes on there, every limit holds."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocpi import wire
from ocpi.sites.phases import PHASES, Phase
from ocpi.types.primitives import format_datetime
from optimizer.beliefs import Charging
from optimizer.history import Arrival, History, Visit
from optimizer.inputs import Inputs
from optimizer.issue import worst_case
from optimizer.planning.check import broken_limits
from optimizer.profiles import Schedule
from optimizer.situation import Decision, Situation, decide
from tests.objects import CONNECTOR, EVSE, LOCATION, SESSION, SITE

Document = dict[str, Any]

NOW = datetime(2026, 3, 28, 21, 7, 30, tzinfo=UTC)
"""In the night before the clocks of Europe go forward."""

ZONE = "Europe/Amsterdam"


def inputs(site: Document, sessions: list[Document], evses: list[Document] | None = None, **more: Any) -> Inputs:
    """What a run reads at `NOW`."""
    read = {
        "now": NOW,
        "reason": "schedule",
        "site": json.dumps(SITE | {"time_zone": ZONE} | site),
        "location": None if evses is None else LOCATION | {"evses": evses},
        "sessions": {session["id"]: session for session in sessions},
    }
    return Inputs.of_json(wire.dumps(read | more))


def session(id_: str, evse_uid: str, **more: Any) -> Document:
    started = format_datetime(NOW - timedelta(hours=1))
    return (
        SESSION
        | {"id": id_, "evse_uid": evse_uid, "kwh": 0, "start_date_time": started, "last_updated": started}
        | more
    )


def evse(uid: str, **connector: Any) -> Document:
    return EVSE | {"uid": uid, "connectors": [CONNECTOR | connector]}


EVSES = [evse("E1"), evse("E2"), evse("E3"), evse("E4")]


def rates(decision: Decision) -> dict[str, float]:
    """What each session is to draw at first."""
    return {id_: schedule.at(NOW) for id_, schedule in decision.desired.items()}


def at_first(decision: Decision, node: str, phase: Phase) -> float:
    """What is left for sessions on a line at first."""
    limits = {(row.node, row.line): schedule for row, schedule in decision.situation.limits.items()}
    return limits[node, phase].at(NOW)


# A slow and simple account of what flows where, from the documents alone.


def flows(site: Document, document: Document, session: Charging, rate: float, node: str) -> dict[Phase, float]:
    """The ampere that a session brings to a node; one of which nobody knows where it is may be at any."""
    parents = {feeder["id"]: feeder.get("parent") or "grid" for feeder in site["feeders"]}
    placed = {each["evse_uid"].lower(): each.get("feeder") or "grid" for each in site["evses"]}
    path = [placed.get(document["evse_uid"].lower(), "grid")] if "evse_uid" in document else [node]
    while path[-1] != "grid":
        path.append(parents[path[-1]])
    if node not in path:
        return {}
    ampere = rate * 1000 / (len(session.phases) * site["voltage_v"]) if session.dc else rate
    return dict.fromkeys(session.phases, ampere)


def without_profile_a(site: Document, read: Inputs, document: Document) -> float:
    """What an AC session may draw that has had no profile: the default only where its EVSE takes profiles."""
    told = read.location["evses"] if read.location else []
    evses: list[Document] = told  # type: ignore[assignment]  # of JSON
    there = [each for each in evses if each["uid"] == document.get("evse_uid", each["uid"])]
    fuses = {each["evse_uid"].upper(): each["max_a"] for each in site["evses"] if "max_a" in each}
    fuse = fuses.get(document.get("evse_uid"), 1000.0)
    connectors = [connector for each in there for connector in each["connectors"] if connector["power_type"] != "DC"]
    powers = [each.get("max_electric_power", 1e6) / site["voltage_v"] for each in connectors]
    worst_a = [min(each["max_amperage"], power) for each, power in zip(connectors, powers, strict=True)]
    highest: float = min(max(worst_a, default=32.0 if fuse == 1000 else fuse), fuse)
    default: float | None = site["default_limit_a"]
    takes_some = all("CHARGING_PROFILE_CAPABLE" in each["capabilities"] for each in there) and "id" in document
    return min(highest, default) if default is not None and takes_some else highest


def limit_at(limited: Document, voltage_v: float, moment: datetime) -> dict[str, float]:
    for period in limited["limits"]:
        if "end" not in period or moment < datetime.fromisoformat(period["end"]):
            share = period.get("limit_kw", 0) * 1000 / (3 * voltage_v)
            return period.get("limit_a") or dict.fromkeys(PHASES, share)
    raise AssertionError


THIS_HOUR = NOW.replace(minute=0, second=0)
HELD_UNTIL = NOW.replace(minute=30, second=0)
"""So long counts what was measured in the quarter of an hour before `NOW`."""


def base_load_at(site: Document, read: Inputs, node: str, moment: datetime) -> float:
    """What others draw at a node and below on each phase, without what flows in."""
    total = 0.0
    for each in (site | {"id": "grid"}, *site["feeders"]):
        path, parents = [each["id"]], {feeder["id"]: feeder.get("parent") or "grid" for feeder in site["feeders"]}
        while path[-1] != "grid":
            path.append(parents[path[-1]])
        if node in path:
            kw = counting_kw(each.get("base_load_kw", 0.0), read, each["id"], moment)
            total += max(0.0, kw * 1000 / (3 * site["voltage_v"]))
    return total


def counting_kw(by_file: float | list[float], read: Inputs, node: str, moment: datetime) -> float:
    """The base load right at a node: by its file, as it is foreseen, or as it was measured if that is more."""
    kw = by_file[moment.astimezone(ZoneInfo(ZONE)).hour] if isinstance(by_file, list) else by_file
    told = [(told.kind, step) for told in read.series if told.node == node for step in told.steps]
    for kind, step in told:
        if kind == "base_load_kw" and step.start <= moment < step.end:
            assert step.told
            kw = step.value if moment < step.told + timedelta(hours=48) else max(kw, step.value)
    for kind, step in told:
        fresh = NOW - timedelta(minutes=15) < step.start <= NOW and moment < HELD_UNTIL
        kw = max(kw, step.value) if kind == "measured_base_load_kw" and fresh else kw
    return kw


def moments(schedules: Mapping[str, Schedule], site: Document, read: Inputs) -> Iterator[datetime]:
    """All at which anything may change."""
    for step in (step for told in read.series for step in told.steps):
        yield from (step.start, step.end, *([step.told + timedelta(hours=48)] if step.told else []))
    yield HELD_UNTIL
    yield from (start for schedule in schedules.values() for start in schedule.starts if start >= NOW)
    yield from (NOW.replace(minute=0, second=0) + timedelta(hours=hour) for hour in range(1, 72))
    for each in (site, *site["feeders"]):
        yield from (datetime.fromisoformat(period["end"]) for period in each["limits"] if "end" in period)
    yield NOW


def assert_every_limit_holds(site: Document, read: Inputs, decision: Decision) -> None:
    """Once all is sent, in whatever order it is answered, nothing is over a limit that was not so before; and neither
    is the plan, beside all that it cannot help."""
    worst = {state.id: worst_case(state) for state in decision.situation.states}
    for session in decision.situation.sessions:
        if not session.dc and (session.id not in read.profiles or not read.profiles[session.id].accepted):
            ampere = without_profile_a(site, read, read.sessions[session.id])
            worst[session.id] = worst[session.id].maximum(Schedule.constant(ampere, NOW))
    sent = {charging.id: schedule for charging, schedule in decision.sends}
    assert_under_the_limits(site, read, decision, worst, {id_: worst[id_].maximum(sent[id_]) for id_ in sent})
    if decision.plan:
        ours = {session.id for session in decision.situation.planned()}
        others = {id_: schedule for id_, schedule in worst.items() if id_ not in ours}
        assert_under_the_limits(site, read, decision, others, decision.desired)


def assert_under_the_limits(
    site: Document, read: Inputs, decision: Decision, given: Mapping[str, Schedule], chosen: Mapping[str, Schedule]
) -> None:
    """What is drawn is under every limit, or where it cannot be, it is what is drawn anyhow (`given`)."""
    sessions = {session.id: session for session in decision.situation.sessions}
    total = {**given, **chosen}

    def drawn(schedules: Mapping[str, Schedule], node: str, phase: Phase, moment: datetime) -> float:
        return sum(
            flows(site, read.sessions[id_], sessions[id_], schedule.at(moment), node).get(phase, 0.0)
            for id_, schedule in schedules.items()
        )

    for node in (site | {"id": "grid"}, *site["feeders"]):
        for moment in sorted(each for each in set(moments(total, site, read)) if each >= NOW):
            limits = limit_at(node, site["voltage_v"], moment)
            for phase in PHASES:
                free = limits[phase] - base_load_at(site, read, node["id"], moment)
                allowed = max(free, drawn(given, node["id"], phase, moment))
                assert drawn(total, node["id"], phase, moment) <= allowed + 1e-4, (node["id"], phase, moment)


# Random sites and what goes on there.

hours_ahead = st.integers(-2, 60).map(
    lambda hours: format_datetime(NOW.replace(minute=0, second=0) + timedelta(hours=hours))
)
amount = st.one_of(st.floats(20, 200), st.floats(20, 60), st.sampled_from([0.0, 6.0, 16.0, 32.0]))
load = st.one_of(st.floats(-8, 8), st.lists(st.floats(-8, 8), min_size=24, max_size=24))
price = st.one_of(st.floats(-0.5, 1), st.lists(st.floats(-0.5, 1), min_size=24, max_size=24))


@st.composite
def limits(draw: st.DrawFn) -> list[Document]:
    ends = sorted(draw(st.sets(hours_ahead, max_size=2)))
    periods: list[Document] = []
    for start, end in zip([None, *ends], [*ends, None], strict=True):
        kind = draw(
            st.one_of(amount.map(lambda kw: {"limit_kw": kw}), st.tuples(amount, amount, amount).map(_by_phase))
        )
        periods.append({name: each for name, each in (("start", start), ("end", end)) if each} | kind)
    return periods


def _by_phase(amperes: tuple[float, ...]) -> Document:
    return {"limit_a": dict(zip(PHASES, amperes, strict=True))}


@st.composite
def sites(draw: st.DrawFn) -> Document:
    loads = st.fixed_dictionaries({}, optional={"base_load_kw": load})
    feeders = [
        {
            "id": f"F{number}",
            "parent": draw(st.sampled_from([None, *(f"F{each}" for each in range(number))])),
            "limits": draw(limits()),
            **draw(loads),
        }
        for number in range(draw(st.integers(0, 3)))
    ]
    some_phases = st.permutations(PHASES).flatmap(lambda all_: st.integers(1, 3).map(lambda count: list(all_[:count])))
    placed = st.fixed_dictionaries(
        {"feeder": st.sampled_from([None, *(feeder["id"] for feeder in feeders)])},
        optional={"phases": some_phases, "max_a": st.floats(1, 80), "priority": st.floats(0.1, 10)},
    )
    evses = [{"evse_uid": f"e{number}"} | draw(placed) for number in range(draw(st.integers(0, 5)))]
    more = st.fixed_dictionaries(
        {"default_limit_a": st.sampled_from([0, 4, 6.0, 10.5, None]), "arrival_headroom": st.integers(0, 2)},
        optional={
            "base_load_kw": load,
            "pv_kw": st.floats(0, 30),
            "price_per_kwh": price,
            "feed_in_per_kwh": price,
            "demand_charge": st.just({"price_per_kw": 5.0, "peak_kw": 3.0}),
        },
    )
    return SITE | {"time_zone": ZONE, "limits": draw(limits()), "feeders": feeders, "evses": evses} | draw(more)


connectors = st.fixed_dictionaries(
    {
        "power_type": st.sampled_from(["AC_1_PHASE", "AC_3_PHASE", "AC_3_PHASE", "DC"]),
        "max_amperage": st.sampled_from([16, 32, 250]),
        "max_voltage": st.sampled_from([230, 400]),
    },
    optional={"max_electric_power": st.sampled_from([3680, 11000, 50000])},
)
preferences = st.fixed_dictionaries(
    {"profile_type": st.sampled_from(["CHEAP", "FAST", "GREEN", "REGULAR"])},
    optional={"departure_time": hours_ahead, "energy_need": st.integers(0, 300)},
)


@st.composite
def profiles(draw: st.DrawFn) -> Document:
    starts = [0, *sorted(draw(st.sets(st.integers(1, 90_000), max_size=3)))]
    unit = draw(st.sampled_from(["A", "A", "W"]))
    highest = 32 if unit == "A" else 50_000
    periods = [{"start_period": start, "limit": draw(st.integers(0, highest))} for start in starts]
    start = format_datetime(NOW - timedelta(minutes=draw(st.integers(0, 300))))
    return {"start_date_time": start, "charging_rate_unit": unit, "charging_profile_period": periods}


@st.composite
def states(draw: st.DrawFn) -> Document:
    state: Document = {} if draw(st.booleans()) else {"accepted": draw(profiles())}
    if draw(st.booleans()):
        return state
    if draw(st.booleans()):
        state["doubtful"] = draw(st.lists(profiles(), max_size=2))
    if draw(st.booleans()):
        deadline = format_datetime(NOW + timedelta(minutes=draw(st.integers(-10, 10))))
        state |= {"pending": draw(profiles()), "request_id": "r", "deadline": deadline}
        state |= {"asked_at": format_datetime(NOW)} if draw(st.booleans()) else {}
    elif draw(st.booleans()):
        state |= {"refusal": "REJECTED", "refused_until": format_datetime(NOW + timedelta(minutes=10))}
    return state


@st.composite
def steps(draw: st.DrawFn, values: st.SearchStrategy[float], hours: tuple[int, int]) -> list[Document]:
    """Half hours, told some time ago."""
    start = THIS_HOUR + timedelta(hours=draw(st.integers(*hours)))
    told = NOW - timedelta(hours=draw(st.sampled_from([1, 30, 47, 60])))
    return [
        _step(start + number * timedelta(minutes=30), timedelta(minutes=30), value, told)
        for number, value in enumerate(draw(st.lists(values, min_size=1, max_size=8)))
    ]


@st.composite
def measurements(draw: st.DrawFn) -> list[Document]:
    minutes = sorted(draw(st.sets(st.integers(-20, 0), min_size=1, max_size=3)))
    return [_step(NOW + timedelta(minutes=each), timedelta(minutes=1), draw(kilowatts)) for each in minutes]


def _step(start: datetime, lasts: timedelta, value: float, told: datetime | None = None) -> Document:
    step = {"start": format_datetime(start), "end": format_datetime(start + lasts), "value": value}
    return step | ({"told": format_datetime(told)} if told else {})


kilowatts = st.floats(-8, 15)


@st.composite
def series(draw: st.DrawFn) -> list[Document]:
    """What was uploaded and measured."""
    of_nodes = {"base_load_kw": steps(kilowatts, (-3, 60)), "measured_base_load_kw": measurements()}
    of_site = {"price": steps(st.floats(-0.5, 1), (-30, 30)), "pv_kw": steps(kilowatts, (-3, 30))}
    wanted = [(kind, node, told) for kind, told in of_nodes.items() for node in ("grid", "F0", "F1", "F7")]
    wanted += [(kind, "grid", told) for kind, told in (of_site | {"measured_pv_kw": measurements()}).items()]
    chosen = draw(st.lists(st.sampled_from(wanted), max_size=4, unique_by=lambda each: each[:2]))
    return [{"kind": kind, "node": node, "steps": draw(told)} for kind, node, told in chosen]


@st.composite
def situations(draw: st.DrawFn) -> tuple[Document, Inputs]:
    """A site document, and all that a run reads of it."""
    site = draw(sites())
    uids = [f"E{number}" for number in range(6)]
    capable = st.sampled_from([["CHARGING_PROFILE_CAPABLE"], ["CHARGING_PROFILE_CAPABLE"], []])
    told = [evse(uid, **draw(connectors)) | {"capabilities": draw(capable)} for uid in uids[: draw(st.integers(1, 6))]]
    extras = st.fixed_dictionaries({}, optional={"charging_preferences": preferences, "kwh": st.integers(0, 100)})
    sessions = [
        session(f"S{number}", draw(st.sampled_from(uids)), **draw(extras)) for number in range(draw(st.integers(0, 5)))
    ]
    ids = [each["id"] for each in sessions]

    def some(what: st.SearchStrategy[Document]) -> Document:
        return draw(st.dictionaries(st.sampled_from(ids), what)) if ids else {}

    read = inputs(
        site,
        sessions,
        draw(st.one_of(st.none(), st.just(told))),
        profiles=some(states()),
        previous=some(profiles()),
        reason=draw(st.sampled_from(["schedule", "schedule", "profile"])),
        series=draw(st.one_of(st.just([]), series())),
    )
    spoilt = st.sampled_from([{}, {"evse_uid": "E1"}, {"evse_uid": "E2", "connector_id": "1"}])
    unreadable = draw(st.dictionaries(st.sampled_from([*ids, "S9"]), spoilt, max_size=1))
    return site, read.model_copy(update={"sessions": {**read.sessions, **unreadable}})


@settings(max_examples=100, deadline=None)
@given(situations())
def test_whatever_the_site_and_whatever_goes_on_every_limit_holds(situation: tuple[Document, Inputs]) -> None:
    site, read = situation
    decision = decide(read)
    assert_every_limit_holds(site, read, decision)
    if decision.plan and decision.problem:
        assert broken_limits(decision.problem, decision.plan.rates) == []


@settings(max_examples=25, deadline=None)
@given(situations())
def test_a_run_that_is_done_again_comes_to_the_same(situation: tuple[Document, Inputs]) -> None:
    _, read = situation
    first, again = decide(read), decide(Inputs.of_json(read.to_json()))
    assert wire.dumps(again.document()) == wire.dumps(first.document())
    assert [(each.id, schedule) for each, schedule in again.sends] == [(each.id, each_) for each, each_ in first.sends]


@settings(max_examples=50, deadline=None)
@given(sites(), series())
def test_there_is_as_much_room_as_limits_leave_beside_the_base_load_that_counts(
    site: Document, series: list[Document]
) -> None:
    read = inputs(site, [], EVSES, series=series)
    whole = {(row.node, row.line): schedule for row, schedule in Situation.of(read).whole_limits.items()}
    for node in (site | {"id": "grid"}, *site["feeders"]):
        for moment in sorted(each for each in set(moments({}, site, read)) if each >= NOW):
            limit, load = limit_at(node, site["voltage_v"], moment), base_load_at(site, read, node["id"], moment)
            for phase in PHASES:
                room, left = whole[node["id"], phase].at(moment), max(0.0, limit[phase] - load)
                assert room <= left + 1e-6, (node["id"], phase, moment)
                assert room >= left - 1e-6 or moment >= NOW + timedelta(hours=48)


SIXTEEN_A = {"limits": [{"limit_a": {"L1": 16, "L2": 16, "L3": 16}}]}


def test_a_feeder_bears_no_more_than_its_own_limit() -> None:
    site = {
        "feeders": [{"id": "F1"} | SIXTEEN_A],
        "evses": [{"evse_uid": "e1", "feeder": "F1"}, {"evse_uid": "E2", "feeder": "F1"}],
        "arrival_headroom": 0,
    }
    sessions = [session(f"S{number}", f"E{number}") for number in (1, 2, 3)]
    first = rates(decide(inputs(site, sessions, EVSES)))
    assert 12 < first["S1"] + first["S2"] <= 16
    assert 16 < first["S3"] <= 24, "the rest of the 40 A of the grid connection"


def test_base_load_lowers_the_limit_at_its_place_and_above_by_the_local_hour() -> None:
    evening = [0.0] * 22 + [6.9, 0.0]
    site = {"feeders": [{"id": "F1", "base_load_kw": evening} | SIXTEEN_A], "arrival_headroom": 0}
    decision = decide(inputs(site, [], EVSES))
    assert at_first(decision, "F1", "L1") == pytest.approx(6), "it is 22:07 in Amsterdam"
    assert at_first(decision, "grid", "L1") == pytest.approx(30)
    later = {row.node: schedule for row, schedule in decision.situation.limits.items()}["F1"]
    assert later.at(NOW + timedelta(hours=1)) == pytest.approx(16)
    assert later.at(datetime(2026, 3, 29, 20, 30, tzinfo=UTC)) == pytest.approx(6), "22:30, by summer time"
    assert later.tail == pytest.approx(6), "for ever it is the highest"


def test_what_flows_in_makes_no_room() -> None:
    site = {"base_load_a": {"L1": -20.0, "L2": -20.0, "L3": -20.0}, "pv_kw": 30, "price_per_kwh": 0.3}
    decision = decide(inputs(site | {"arrival_headroom": 0}, [session("S1", "E1")], EVSES))
    assert at_first(decision, "grid", "L1") == 40


def told(kind: str, *values: float, node: str = "grid", start: datetime = THIS_HOUR) -> Document:
    """A series of hours, told just now; what was measured was so 7 minutes ago."""
    hours = [start + timedelta(hours=number) for number in range(len(values))]
    pairs = zip(hours, values, strict=True)
    return {"kind": kind, "node": node, "steps": [_step(hour, timedelta(hours=1), value, NOW) for hour, value in pairs]}


def test_a_forecast_of_base_load_stands_in_for_the_site_s_while_it_lasts() -> None:
    site = {"base_load_kw": 6.9, "arrival_headroom": 0}
    decision = decide(inputs(site, [], EVSES, series=[told("base_load_kw", 0, 13.8)]))
    limit = {row.node: schedule for row, schedule in decision.situation.limits.items()}["grid"]
    assert [limit.at(THIS_HOUR + timedelta(hours=hours)) for hours in (0, 1, 2)] == pytest.approx([40, 20, 30])
    later = told("base_load_kw", 16.1, start=THIS_HOUR + timedelta(hours=70))
    decision = decide(inputs(site, [], EVSES, series=[later]))
    limit = {row.node: schedule for row, schedule in decision.situation.limits.items()}["grid"]
    assert limit.at(NOW) == pytest.approx(30)
    assert limit.tail == pytest.approx(40 - 16.1 / 0.69), "for ever it is the highest that anybody foresees"


def test_what_was_measured_lowers_the_limit_for_a_while_and_never_raises_it() -> None:
    site = {"base_load_kw": 6.9, "arrival_headroom": 0}
    decision = decide(inputs(site, [session("S1", "E1")], EVSES, series=[told("measured_base_load_kw", 20.7)]))
    assert at_first(decision, "grid", "L1") == pytest.approx(10)
    assert rates(decision)["S1"] == pytest.approx(10)
    limit = {row.node: schedule for row, schedule in decision.situation.limits.items()}["grid"]
    assert limit.at(HELD_UNTIL) == limit.tail == pytest.approx(30)
    decision = decide(inputs(site, [], EVSES, series=[told("measured_base_load_kw", 1)]))
    assert at_first(decision, "grid", "L1") == pytest.approx(30)


def test_uploaded_prices_move_charging_to_where_it_is_cheap() -> None:
    patient = {"profile_type": "CHEAP", "departure_time": "2026-03-29T04:00:00Z", "energy_need": 20}
    sessions = [session("S1", "E1", charging_preferences=patient)]
    site = {"arrival_headroom": 0}
    prices = told("price", 0.4, 0.4, 0.1, 0.1, 0.1, 0.1, 0.4, 0.4)
    (schedule,) = decide(inputs(site, sessions, EVSES, series=[prices])).desired.values()
    assert schedule.at(NOW) == 0
    assert schedule.at(datetime(2026, 3, 28, 23, tzinfo=UTC)) > 0
    by_time_of_use = {"base": 0.4, "weekly": [{"start_time": "00:00", "end_time": "06:00", "value": 0.1}]}
    (schedule,) = decide(inputs(site | {"price_per_kwh": by_time_of_use}, sessions, EVSES)).desired.values()
    assert schedule.at(NOW) == 0
    assert schedule.at(datetime(2026, 3, 28, 23, tzinfo=UTC)) > 0


def test_solar_power_that_is_foreseen_is_used_and_makes_no_room() -> None:
    site = {"arrival_headroom": 0, "price_per_kwh": 0.3, "feed_in_per_kwh": 0.01}
    patient = {"profile_type": "CHEAP", "departure_time": "2026-03-29T04:00:00Z", "energy_need": 10}
    sessions = [session("S1", "E1", charging_preferences=patient)]
    sunny = told("pv_kw", 0, 0, 0, 20, 20, 0)
    decision = decide(inputs(site, sessions, EVSES, series=[sunny]))
    (schedule,) = decision.desired.values()
    assert schedule.at(NOW) == 0
    assert schedule.at(THIS_HOUR + timedelta(hours=3)) > 0
    assert {limit.at(NOW + timedelta(hours=3)) for limit in decision.situation.limits.values()} == {40}


def test_prices_that_were_not_uploaded_are_told() -> None:
    yesterday = [told("price", *[0.2] * 24, start=datetime(2026, 3, 27, 23, tzinfo=UTC))]
    decision = decide(inputs({"price_per_kwh": 0.3}, [], EVSES, series=yesterday))
    assert decision.warnings == ("price: those of 2026-03-29 have not been uploaded: the site's own price counts",)


def test_inputs_of_before_there_were_series_are_read() -> None:
    before = inputs({}, [session("S1", "E1")], EVSES)
    read = {name: value for name, value in wire.loads_object(before.to_json()).items() if name != "series"}
    again = Inputs.of_json(wire.dumps(read))
    assert again.known == {}
    assert wire.dumps(decide(again).document()) == wire.dumps(decide(before).document())


def test_what_is_cheaper_later_is_planned_for_later() -> None:
    site = {"price_per_kwh": [0.1] * 6 + [0.4] * 18, "arrival_headroom": 0}
    patient = {"profile_type": "CHEAP", "departure_time": "2026-03-29T04:00:00Z", "energy_need": 20}
    (schedule,) = decide(inputs(site, [session("S1", "E1", charging_preferences=patient)], EVSES)).desired.values()
    assert schedule.at(NOW) == 0
    midnight = datetime(2026, 3, 28, 23, tzinfo=UTC)
    assert schedule.at(midnight) > 0, "the cheap hours begin at midnight in Amsterdam"


@pytest.mark.parametrize(
    ("headroom", "taken", "reserve_a"), [(2, 0, 12), (2, 3, 12), (2, 4, 12), (9, 4, 24), (0, 0, 0)]
)
def test_room_is_kept_for_as_many_newcomers_as_find_an_evse_free_or_not(
    headroom: int, taken: int, reserve_a: float
) -> None:
    sessions = [session(f"S{number}", f"E{number + 1}") for number in range(taken)]
    decision = decide(inputs({"arrival_headroom": headroom}, sessions, EVSES))
    assert at_first(decision, "grid", "L2") == 40 - reserve_a


def test_at_a_full_site_any_car_may_leave_early_and_another_come() -> None:
    sessions = [session(f"S{number}", f"E{number}") for number in (1, 2, 3, 4)]
    decision = decide(inputs({"default_limit_a": 16}, sessions, EVSES))
    for moment in (NOW, NOW + timedelta(hours=2), NOW + timedelta(days=9)):
        drawn = {id_: schedule.at(moment) for id_, schedule in decision.desired.items()}
        assert all(sum(drawn.values()) - left + 16 <= 40 for left in drawn.values())


def test_room_is_kept_where_newcomers_draw_most() -> None:
    site = {"arrival_headroom": 2, "evses": [{"evse_uid": "E4", "max_a": 20}]}
    assert at_first(decide(inputs(site, [], EVSES)), "grid", "L1") == 40 - 2 * 6
    uncontrolled = [*EVSES[:3], EVSES[3] | {"capabilities": []}]
    assert at_first(decide(inputs(site, [], uncontrolled)), "grid", "L1") == 40 - 20 - 6, "it hardly has a default"


def test_a_session_that_cannot_be_read_counts_where_it_is_and_else_everywhere() -> None:
    feeders = [{"id": name} | SIXTEEN_A for name in ("F1", "F2")]
    site = {
        "feeders": feeders,
        "evses": [{"evse_uid": f"E{number}", "feeder": f"F{number}"} for number in (1, 2)],
        "arrival_headroom": 0,
    }
    small = [evse(uid, max_amperage=10) for uid in ("E1", "E2", "E3")]
    read = inputs(site, [session("S2", "E2")], small)

    def beside(document: Document, room_a: float) -> dict[str, float]:
        decision = decide(read.model_copy(update={"sessions": {**read.sessions, "S1": document}}))
        (sent,) = decision.sends
        assert rates(decision)["S2"] == sent[1].at(NOW)
        assert decision.plan
        assert not decision.plan.failures
        for wish, sends in ((room_a, 1), (room_a + 0.5, 0)):
            assert len(decision.situation.sendable({"S2": Schedule.constant(wish, NOW)})) == sends
        return rates(decision)

    assert beside({"evse_uid": "E1", "connector_id": "1"}, room_a=16) == {"S2": 10}, "it hangs on the other feeder"
    for nowhere in ({}, {"evse_uid": 1}):
        assert beside(nowhere, room_a=6) == {"S2": 6}, "it may hang there too"


def test_a_location_that_is_missing_is_warned_of() -> None:
    (warning,) = decide(inputs({}, [session("S1", "E1")])).warnings
    assert "32 A" in warning
    assert decide(inputs({}, [session("S1", "E1")], EVSES)).warnings == ()


def test_a_feeder_keeps_room_for_those_who_find_an_evse_there_on_their_phase() -> None:
    site = {
        "feeders": [{"id": "F1"} | SIXTEEN_A],
        "evses": [{"evse_uid": "E1", "feeder": "F1", "phases": ["L2"]}],
        "arrival_headroom": 3,
    }
    decision = decide(inputs(site, [], EVSES))
    assert [at_first(decision, "F1", phase) for phase in PHASES] == [16, 10, 16]
    assert [at_first(decision, "grid", phase) for phase in PHASES] == [22, 22, 22]


def test_a_session_of_an_unknown_evse_counts_on_every_phase_of_the_grid_connection() -> None:
    decision = decide(inputs({}, [session("S1", "E77")]))
    (charging,) = decision.situation.sessions
    assert (charging.node, charging.phases) == ("grid", PHASES)


def test_a_limit_below_the_base_load_gives_nothing_and_is_told() -> None:
    site = {"base_load_kw": 34.5, "time_zone": "UTC"}
    decision = decide(inputs(site, [session("S1", "E1")], EVSES))
    assert rates(decision) == {"S1": 0}
    document = decision.document()
    assert document
    assert document["warnings"][0].startswith("grid, L1: the base load of 50 A is above the limit of 40 A")
    assert {(over["node"], over["line"], over["amount"]) for over in document["overloads"]} == {
        ("grid", phase, 10.0) for phase in PHASES
    }
    assert document["sessions"]["S1"]["short_kwh"] == 40
    assert document["sessions"]["S1"]["why"]


def test_a_dc_session_gets_a_profile_in_watt() -> None:
    charger = evse("E1", power_type="DC", max_voltage=400, max_amperage=125, max_electric_power=50_000)
    decision = decide(inputs({"arrival_headroom": 0}, [session("S1", "E1")], [charger]))
    ((charging, schedule),) = decision.sends
    assert charging.dc
    assert 20 < schedule.at(NOW) <= 27.6, "kW, for 40 A on three phases"
    assert schedule.to_charging_profile().charging_rate_unit == "W"


def test_after_an_answer_about_a_profile_the_plan_holds() -> None:
    planned = decide(inputs({}, [session("S1", "E1")], EVSES))
    document = planned.document()
    assert document
    again = decide(inputs({}, [session("S1", "E1")], EVSES, reason="profile", previous=document["profiles"]))
    assert again.document() is None
    assert again.desired == planned.desired


def test_what_cannot_be_read_stops_nothing() -> None:
    odd_profile = {"charging_rate_unit": "A", "charging_profile_period": [{"start_period": 0, "limit": 3}]}
    read = inputs({}, [session("S1", "E1")], None, previous={"S1": odd_profile}).model_copy(
        update={"location": {"id": "no Location"}}
    )
    read = read.model_copy(update={"sessions": {**read.sessions, "S2": {}}})
    decision = decide(read)
    assert set(rates(decision)) == {"S1"}
    assert at_first(decision, "grid", "L1") == 34


def test_hundreds_of_sessions_on_ten_feeders_are_planned_by_the_solver() -> None:
    evses = [evse(f"E{number}") for number in range(300)]
    feeders = [{"id": f"F{number}", "limits": [{"limit_a": {"L1": 250, "L2": 250, "L3": 250}}]} for number in range(10)]
    site = {
        "limits": [{"limit_a": {"L1": 1600, "L2": 1600, "L3": 1600}}],
        "feeders": feeders,
        "evses": [{"evse_uid": f"E{number}", "feeder": f"F{number % 10}"} for number in range(300)],
    }
    decision = decide(inputs(site, [session(f"S{number}", f"E{number}") for number in range(300)], evses))
    assert decision.plan
    assert decision.plan.solver == "highs"


def test_room_is_kept_for_as_many_newcomers_as_were_learned_to_come() -> None:
    history = History(zone=ZoneInfo(ZONE))
    for week in range(1, 8):
        for minute in range(60):
            came = NOW.replace(minute=0, second=0) - timedelta(weeks=week) + timedelta(minutes=minute)
            arrival = Arrival(at=came, evse_uid="E1")
            history = history.after(Visit(arrival, came + timedelta(hours=2), 10.0))
    documents = {scope: record.document() for scope, record in history.records.items()}
    evses = [evse(f"E{number}") for number in range(20)]
    wide = {"limits": [{"limit_a": {"L1": 200, "L2": 200, "L3": 200}}], "arrival_headroom": 1}
    busy = decide(inputs(wide, [], evses, history=documents))
    assert at_first(busy, "grid", "L1") <= 200 - 4 * 6, "two come within two minutes on average, often more"
    (limit,) = (schedule for row, schedule in busy.situation.limits.items() if row.line == "L1")
    assert limit.at(NOW + timedelta(hours=6)) == 194
    assert limit.tail == limit.at(NOW), "for ever the busiest hour of the week"


def test_any_name_will_do_for_a_feeder() -> None:
    feeders = [{"id": name, "limits": [{"limit_kw": 20}]} for name in ("inflow", "kW", "L1", "site", "-")]
    decision = decide(inputs({"feeders": feeders, "pv_kw": 3, "price_per_kwh": 0.3}, [session("S1", "E1")], EVSES))
    assert decision.plan
    assert decision.plan.solver == "highs"


def test_what_a_vehicle_may_draw_for_ever_is_its_share_of_its_feeder() -> None:
    site = {
        "limits": [{"limit_a": {"L1": 400, "L2": 400, "L3": 400}}],
        "feeders": [{"id": "F1", "limits": [{"limit_a": {"L1": 20, "L2": 20, "L3": 20}}]}],
        "evses": [{"evse_uid": "E1", "feeder": "F1"}, {"evse_uid": "E2", "feeder": "F1"}],
        "arrival_headroom": 0,
    }
    evses = [evse(f"E{number}") for number in range(20)]
    decision = decide(inputs(site, [session("S1", "E1"), session("S9", "E9")], evses))
    assert {id_: schedule.tail for id_, schedule in decision.desired.items()} == {"S1": 10, "S9": 20}


def test_the_reasons_of_a_plan_name_the_limit_that_held() -> None:
    """NOW is a Saturday, 22:07:30 at the site; each limit leaves too little to charge with."""
    none = {"L1": 0, "L2": 0, "L3": 0}
    limits = {
        "base": {"limit_a": none},
        "weekly": [{"day_of_week": ["SATURDAY"], "start_time": "22:00", "end_time": "23:00", "limit_a": none}],
        "overrides": [{"id": "works", "start": "2026-03-28T22:00:00Z", "end": "2026-03-28T23:00:00Z", "limit_kw": 1}],
        "caps": [{"signal_id": "dso-1", "start": "2026-03-28T22:30:00Z", "end": "2026-03-28T23:00:00Z", "limit_kw": 0}],
    }
    wish = {
        "profile_type": "REGULAR",
        "departure_time": format_datetime(NOW.replace(hour=23, minute=30)),
        "energy_need": 10,
    }
    site = {"limits": limits, "arrival_headroom": 0}
    plan = decide(inputs(site, [session("S1", "E1", charging_preferences=wish)], EVSES)).plan
    assert plan
    (reasons,) = plan.why
    assert {reason.rpartition(": ")[0] for reason in reasons} == {
        "grid connection, L1, weekly calendar, 22:07-23:00",
        "grid connection, L1, override works, 23:00-23:30",
        "grid connection, L1, signal dso-1, 23:30-00:00",
        "grid connection, L1, base limit, 00:00-00:30",
    }


def test_what_is_kept_beside_newcomers_is_for_cars_that_may_stay_longer_than_is_believed() -> None:
    """One newcomer counts at all hours; from when they are believed to leave, two more cars may go on drawing."""
    cars = {f"E{number}": number // 2 for number in range(1, 5)}
    site = {
        "limits": {"base": {"limit_kw": 15}},
        "evses": [{"evse_uid": uid, "phases": list(PHASES)} for uid in cars],
    }
    there = [
        session(
            f"S{uid}",
            uid,
            charging_preferences={
                "profile_type": "REGULAR",
                "departure_time": format_datetime(NOW + timedelta(hours=2 + later)),
                "energy_need": 40,
            },
        )
        for uid, later in cars.items()
    ]
    plan = decide(inputs(site, there, EVSES)).plan
    assert plan
    told = " ".join(reason for reasons in plan.why for reason in reasons)
    assert "grid connection, L1, base limit, room kept for cars that may stay longer, " in told
