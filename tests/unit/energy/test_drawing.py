"""What a session may draw now: the same that the machine counts with which issues the profiles."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocpi.energy.drawing import Drawing, Placed, newcomer
from ocpi.sites.phases import PHASES
from ocpi.sites.record import Meter, VisitRecord
from ocpi.store.profiles import ProfileState
from ocpi.types.chargingprofiles import ChargingProfile
from ocpi.types.sessions import Session
from optimizer.issue import SessionState, obeyed, worst_case
from tests.objects import CONNECTOR, EVSE, LOCATION, SESSION
from tests.unit.energy.records import site

NOW = datetime(2026, 11, 22, 8, 0, 30, tzinfo=UTC)
VOLTAGE_V = 230.0

moments = st.integers(-7200, 7200).map(lambda seconds: NOW + timedelta(seconds=seconds))
limits = st.integers(0, 320).map(lambda tenths: Decimal(tenths) / 10)


@st.composite
def profiles(draw: st.DrawFn) -> ChargingProfile:
    later = sorted(draw(st.sets(st.integers(1, 9000), max_size=4)))
    return ChargingProfile.model_validate(
        {
            "start_date_time": draw(st.none() | moments),
            "duration": draw(st.none() | st.integers(0, 9000)),
            "charging_rate_unit": draw(st.sampled_from(["A", "A", "W"])),
            "charging_profile_period": [{"start_period": start, "limit": draw(limits)} for start in (0, *later)],
        }
    )


@st.composite
def states(draw: st.DrawFn) -> ProfileState:
    pending = draw(st.none() | profiles())
    return ProfileState(
        accepted=draw(st.none() | profiles()),
        pending=pending,
        request_id="R1" if pending else None,
        asked_at=draw(st.none() | st.just(NOW)) if pending else None,
        deadline=draw(moments) if pending else None,
        doubtful=tuple(draw(st.lists(profiles(), max_size=2))),
    )


@given(
    profile=states(),
    default=st.integers(0, 32),
    worst=st.integers(6, 40),
    certain=st.booleans(),
    dc=st.booleans(),
)
def test_it_is_what_the_issuing_machine_counts_with(
    profile: ProfileState, default: int, worst: int, *, certain: bool, dc: bool
) -> None:
    placed = Placed(phases=PHASES, dc=dc, default_limit=min(default, worst), worst=worst, certain=certain)
    drawing = Drawing(placed, profile, NOW)
    state = SessionState.of("S1", {}, profile, NOW, default_limit=min(default, worst), highest=worst, dc=dc)
    state = state.at_most(worst) if certain else state
    assert drawing.worst == pytest.approx(worst_case(state).at(NOW))
    assert drawing.obeyed == pytest.approx(obeyed(state).at(NOW))


def session(**changes: object) -> Session:
    return Session.model_validate(SESSION | changes)


def meter(**changes: object) -> Meter:
    visit = VisitRecord(
        id="S1",
        session_id="S1",
        evse_uid="E1",
        node="grid",
        phases=PHASES,
        arrival=NOW,
        departure=NOW,
        energy_kwh=0,
        max_kw=22,
    )
    return Meter.model_validate({"at": NOW, "metered": True, "visit": visit, "seen_at": NOW, **changes})


def charging(*dimensions: tuple[str, float]) -> Session:
    told = [{"type": kind, "volume": volume} for kind, volume in dimensions]
    return session(charging_periods=[{"start_date_time": "2026-11-22T08:00:00Z", "dimensions": told}])


@pytest.mark.parametrize(
    ("told", "known", "kw"),
    [
        (session(), None, 6.9),
        (session(), meter(metered=False), 6.9),
        (session(), meter(level_kw=3.7), 3.7),
        (session(), meter(level_kw=11), 6.9),
        (session(), meter(level_kw=None, held_back=True, peak_kw=2), 6.9),
        (session(), meter(level_kw=None, held_back=False, peak_kw=5), 5),
        (charging(("POWER", 4.2)), meter(level_kw=1), 4.2),
        (charging(("POWER", 20)), None, 6.9),
        (charging(("CURRENT", 8)), None, 8 * 0.69),
        (charging(("PARKING_TIME", 0)), None, 0),
    ],
)
def test_a_session_draws_what_its_meter_tells_and_no_more_than_it_may(
    told: Session, known: Meter | None, kw: float
) -> None:
    placed = Placed(phases=PHASES, default_limit=10, worst=32)
    assert Drawing(placed, ProfileState(), NOW).drawn_kw(told, known, VOLTAGE_V) == pytest.approx(kw)


def test_a_session_that_no_plan_has_seen_counts_with_what_its_evse_may_give() -> None:
    location = LOCATION | {"evses": [EVSE | {"uid": "e1", "connectors": [CONNECTOR | {"max_amperage": 63}]}]}
    open_site = site(default_limit_a=None)
    assert newcomer(open_site, {"evse_uid": "E1"}, location).default_limit == 63
    assert newcomer(open_site, {"evse_uid": "E9"}, location).worst == 32
    assert newcomer(site(), {"evse_uid": "E1"}, location).default_limit == 6
    placed = site(evses=[{"evse_uid": "E1", "feeder": "deck", "phases": ["L2"], "max_a": 16}])
    known = newcomer(placed, {"evse_uid": "e1"}, location)
    assert (known.node, known.phases, known.worst) == ("deck", ("L2",), 16)
