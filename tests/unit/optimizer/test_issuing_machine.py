"""The safety of issuing: whatever is lost, late, doubled or overtaken, no limit is broken.

A platform that knows only what it is told, against a CPO and its charge points: the real states of a profile
(`ProfileState`), the real reading of them and the real choice of what is sent, over a network that does its worst. What
counts is not what the platform believes, but what charge points obey, and what they may come to obey without another
word from us, at every instant from now on for ever.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from ocpi.store.profiles import RESULT_WITHIN, ProfileState
from ocpi.store.requests import ANSWER_WITHIN
from ocpi.types.chargingprofiles import (
    ActiveChargingProfile,
    ChargingProfile,
    ChargingProfileResponse,
    ChargingProfileResponseType,
    ChargingProfileResultType,
    ChargingRateUnit,
)
from optimizer.issue import SessionState, sending, to_send, worst_case
from optimizer.planning.problem import Floats, Vehicle
from optimizer.planning.tree import Row
from optimizer.profiles import Schedule, breakpoints, safe_tails
from tests.unit.optimizer.garage import (
    KINDS,
    LIMITS,
    ROWS,
    START,
    Kind,
    fitting,
    limits,
    load,
    rates_over_time,
    steps,
)

HISTORIES = 3000 if "THOROUGH" in os.environ else 60
"""`make test` takes a few, `make convergence` thousands."""

MACHINE = settings(
    max_examples=HISTORIES, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck)
)

ROUNDING = 1e-5
PLACES = 8
NOTHING_LEFT = timedelta(minutes=16)
"""After that no request is open, and nobody is left alone for having been throttled or silent."""

Answer = ChargingProfileResponseType
Result = ChargingProfileResultType
Issue = Callable[
    [Sequence[SessionState], Mapping[str, Schedule], Mapping[Row, Schedule], datetime], list[tuple[str, Schedule]]
]


_HEARD = st.sampled_from(["at once", "later", "never"])


@dataclass(eq=False)
class Told:
    """What a charge point tells of itself."""

    session: str
    schedule: Schedule
    active: ActiveChargingProfile


@dataclass(eq=False)
class Request:
    """A request for a profile, as the world knows it."""

    id: str
    session: str
    schedule: Schedule
    asked: datetime | None = None
    """When it was sent; None while it is queued."""
    arrived: bool = False
    ends: datetime = START
    """By the CPO's own word it acts on it until then, or in the order in which requests came."""


@dataclass
class Real:
    """A session as it really is: what its charge point obeys, and what it may come to obey."""

    kind: Kind
    obeys: Schedule
    """As far as it has told: what nobody has heard of it nobody can make room for."""
    requests: list[Request] = field(default_factory=list)
    tells: list["Told"] = field(default_factory=list)
    """What it obeys instead by its own choice, on its way to us; in order."""

    def possible(self) -> list[Schedule]:
        """All that it may come to obey if nothing else is sent."""
        return [self.obeys, *(request.schedule for request in self.requests)]

    def acts(self, request: Request) -> None:
        """The request comes into force, and none comes after it that had ended when it was sent."""
        self.obeys = request.schedule
        self.tells = []
        assert request.asked
        self.requests = [
            other
            for other in self.requests
            if other is not request
            and (other.asked is None or other.asked > request.asked or other.ends > request.asked)
        ]


@dataclass
class Known:
    """A session as the platform knows it."""

    kind: Kind
    default: float
    profile: ProfileState = field(default_factory=ProfileState)

    def read(self, name: str, now: datetime) -> SessionState:
        return SessionState.of(
            name,
            self.kind.draws,
            self.profile,
            now,
            default_limit=self.default,
            highest=self.kind.highest,
            dc=self.kind.dc,
        )


class Issuing(RuleBasedStateMachine):
    """One garage."""

    issue: Issue = staticmethod(to_send)
    read = staticmethod(Known.read)
    sending = staticmethod(sending)
    refuses = staticmethod(ProfileState.not_asked)

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.limits = LIMITS[0]
        self.over: dict[Row, Schedule] | None = None
        """What is above the limits through no fault of ours; it may only fall."""
        self.real: dict[str, Real] = {}
        self.known: dict[str, Known] = {}
        self.desired: dict[str, Schedule] = {}
        self.queue: list[Request] = []
        self.answers: list[tuple[Request, ChargingProfileResponse]] = []
        self.results: list[tuple[Request, Result]] = []
        self.tellings: list[Told] = []
        self.runs_left = 0
        self.count = 0

    # What is on the wires

    def waiting(self) -> list[Request]:
        """Requests on their way to the CPO."""
        return [each for real in self.real.values() for each in real.requests if each.asked and not each.arrived]

    def at_the_cpo(self) -> list[Request]:
        """Requests that charge points may act on."""
        return [each for real in self.real.values() for each in real.requests if each.arrived]

    # Sessions

    @initialize(limits=st.sampled_from(LIMITS), runs=st.sampled_from([1, 3, 1000]))
    def begins(self, limits: dict[Row, Schedule], runs: int) -> None:
        """After so many runs the optimizer is dead, for ever."""
        self.limits = limits
        self.runs_left = runs

    @precondition(lambda self: len(self.real) < PLACES)
    @rule(kind=st.sampled_from(KINDS), part=st.sampled_from([0.0, 0.25, 1.0]))
    def comes(self, kind: Kind, part: float) -> None:
        self.count += 1
        name = f"s{self.count}"
        default = round(part * kind.highest, 1)
        self.real[name] = Real(kind, Schedule.constant(default, START, dc=kind.dc))
        self.known[name] = Known(kind, default)
        self.no_fault_of_ours()

    @precondition(lambda self: self.real)
    @rule(data=st.data())
    def ends(self, data: st.DataObject) -> None:
        """What is on the wires about it arrives all the same."""
        del self.real[data.draw(st.sampled_from(sorted(self.real)))]

    @precondition(lambda self: self.known.keys() - self.real.keys())
    @rule()
    def hears_of_the_end(self) -> None:
        self.known = {name: known for name, known in self.known.items() if name in self.real}

    # The platform

    def states(self) -> list[SessionState]:
        return [self.read(known, name, self.now) for name, known in self.known.items()]

    def planned(self) -> list[str]:
        return [name for name, known in self.known.items() if not known.profile.left_alone(self.now)]

    def plans(self, data: st.DataObject) -> None:
        planned = self.planned()
        others = [(state.draws, worst_case(state)) for state in self.states() if state.id not in planned]
        tails = self.tails(planned, others)
        wishes = {}
        for name in data.draw(st.permutations(planned)):
            kind = self.known[name].kind
            wish = data.draw(rates_over_time(kind))
            leaves = max(wish.starts[-1], self.now) + timedelta(hours=1)
            wishes[name] = kind.draws, Schedule((*wish.since(START).steps, (leaves, tails[name])), kind.dc)
        self.desired = fitting(wishes, self.limits, others, self.now)

    def tails(self, planned: Sequence[str], others: Sequence[tuple[Mapping[Row, float], Schedule]]) -> dict[str, float]:
        kinds = [self.known[name].kind for name in planned]
        vehicles = [
            Vehicle(name, kind.node, kind.phases, kind.least, kind.highest, 3600, 10, dc=kind.dc)
            for name, kind in zip(planned, kinds, strict=True)
        ]
        weights = np.array([[kind.draws.get(row, 0.0) for kind in kinds] for row in ROWS]).reshape(
            len(ROWS), len(kinds)
        )
        room = np.array([min(rate for _, rate in self.limits[row].steps) for row in ROWS])
        room = room - sum((load(draws, np.array([schedule.tail]))[:, 0] for draws, schedule in others), np.zeros(1))
        return safe_tails(vehicles, weights, room, PLACES, {name: plan.tail for name, plan in self.desired.items()})

    @precondition(lambda self: self.runs_left > 0)
    @rule(data=st.data(), replans=st.sampled_from([True, True, False]))
    def runs(self, data: st.DataObject, replans: bool) -> None:
        self.runs_left -= 1
        if replans:
            self.plans(data)
        self.sends()

    def sends(self) -> None:
        states = {state.id: state for state in self.states()}
        planned = set(self.planned())
        desired = {name: wish for name, wish in self.desired.items() if name in planned}
        for name, schedule in self.issue(list(states.values()), desired, self.limits, self.now):
            self.count += 1
            known = self.known[name]
            id_ = f"r{self.count}"
            known.profile = self.sending(known.profile, states[name], schedule, id_, self.now)
            assert known.profile.pending
            request = Request(id_, name, Schedule.from_charging_profile(known.profile.pending))
            self.queue.append(request)
            if name in self.real:
                self.forget_queued(name)
                self.real[name].requests.append(request)

    def forget_queued(self, name: str) -> None:
        """Of the requests that are still queued only the latest is ever sent."""
        real = self.real[name]
        real.requests = [request for request in real.requests if request.asked]

    @precondition(lambda self: self.queue)
    @rule(data=st.data(), again=st.booleans())
    def pushes(self, data: st.DataObject, again: bool) -> None:
        """The queue may deliver in any order, late, and twice."""
        for request in data.draw(st.lists(st.sampled_from(self.queue), min_size=1, unique_by=id)):
            if not again:
                self.queue.remove(request)
            self.pushed(request)

    def pushed(self, request: Request) -> None:
        known, real = self.known.get(request.session), self.real.get(request.session)
        asking = known.profile.asking(request.id, self.now) if known else None
        if known is None or asking is None:
            if real and request.asked is None and request in real.requests:
                real.requests.remove(request)
            return
        assert request.asked is None, "sent twice"
        known.profile = asking
        request.asked = self.now
        request.ends = self.now + ANSWER_WITHIN + RESULT_WITHIN

    # The CPO

    @precondition(lambda self: self.waiting())
    @rule(
        data=st.data(),
        answer=st.sampled_from([*[Answer.ACCEPTED] * 4, *Answer]),
        timeout=st.sampled_from([1, 30, 300]),
        heard=_HEARD,
    )
    def arrives(self, data: st.DataObject, answer: Answer, timeout: int, heard: str) -> None:
        """The answer may be late or lost."""
        request = data.draw(st.sampled_from(self.waiting()))
        request.arrived = True
        request.ends = self.now + timedelta(seconds=timeout)
        if answer is not Answer.ACCEPTED:
            self.real[request.session].requests.remove(request)
        told = request, ChargingProfileResponse(result=answer, timeout=timeout)
        if heard == "at once":
            self.hear_answer(*told)
        elif heard == "later":
            self.answers.append(told)

    @precondition(lambda self: self.waiting())
    @rule(data=st.data())
    def is_one_too_many(self, data: st.DataObject) -> None:
        """The CPO is asked too often and does nothing; who has sent it may send it again, or does not come to it."""
        request = data.draw(st.sampled_from(self.waiting()))
        known = self.known.get(request.session)
        if known is None or known.profile.request_id != request.id:
            self.real[request.session].requests.remove(request)
            return
        known.profile = self.refuses(known.profile)
        request.asked = None
        if request not in self.queue:
            self.queue.append(request)

    @precondition(lambda self: self.waiting())
    @rule(data=st.data())
    def is_lost(self, data: st.DataObject) -> None:
        request = data.draw(st.sampled_from(self.waiting()))
        self.real[request.session].requests.remove(request)

    @precondition(lambda self: self.at_the_cpo())
    @rule(data=st.data(), result=st.sampled_from([Result.ACCEPTED, Result.ACCEPTED, *Result]), heard=_HEARD)
    def acts(self, data: st.DataObject, result: Result, heard: str) -> None:
        """The result may be late or lost, or overtake the answer."""
        request = data.draw(st.sampled_from(self.at_the_cpo()))
        real = self.real[request.session]
        if result is Result.ACCEPTED:
            real.acts(request)
        else:
            real.requests.remove(request)
        if heard == "at once":
            self.hear_result(request, result)
        elif heard == "later":
            self.results.append((request, result))

    @precondition(lambda self: self.real)
    @rule(
        data=st.data(),
        form=st.sampled_from(["absolute", "relative", "other unit", "ends"]),
        heard=st.sampled_from(["at once", "later"]),
        ahead=st.sampled_from([0, 0, 3600]),
    )
    def tells(self, data: st.DataObject, form: str, heard: str, ahead: int) -> None:
        """A charge point obeys another profile, and says so; its clock may be ahead where nothing overtakes it."""
        name = data.draw(st.sampled_from(sorted(self.real)))
        real = self.real[name]
        obeys = data.draw(rates_over_time(real.kind)).since(self.now)
        profile = obeys.to_charging_profile()
        if form != "absolute":
            obeys = Schedule.constant(real.kind.highest, START, dc=real.kind.dc)
            profile = profile.model_copy(update=_ODD[form](profile))
        start = self.now + timedelta(seconds=ahead if heard == "at once" else 0)
        profile = profile.model_copy(update={"start_date_time": None})
        told = Told(name, obeys, ActiveChargingProfile(start_date_time=start, charging_profile=profile))
        real.tells.append(told)
        if heard == "at once":
            self.hear_telling(told)
        else:
            self.tellings.append(told)

    # What the platform hears

    @precondition(lambda self: self.answers)
    @rule(data=st.data(), again=st.booleans())
    def answer_comes(self, data: st.DataObject, again: bool) -> None:
        told = data.draw(st.sampled_from(self.answers))
        if not again:
            self.answers.remove(told)
        self.hear_answer(*told)

    def hear_answer(self, request: Request, answer: ChargingProfileResponse) -> None:
        known = self.known.get(request.session)
        if known and known.profile.request_id == request.id:
            known.profile = known.profile.answered(answer, self.now)

    @precondition(lambda self: self.results)
    @rule(data=st.data(), again=st.booleans())
    def result_comes(self, data: st.DataObject, again: bool) -> None:
        told = data.draw(st.sampled_from(self.results))
        if not again:
            self.results.remove(told)
        self.hear_result(*told)

    def hear_result(self, request: Request, result: Result) -> None:
        known = self.known.get(request.session)
        if known and known.profile.request_id == request.id:
            known.profile = known.profile.concluded(result, self.now)

    @precondition(lambda self: self.tellings)
    @rule(data=st.data(), again=st.booleans())
    def telling_comes(self, data: st.DataObject, again: bool) -> None:
        told = data.draw(st.sampled_from(self.tellings))
        if not again:
            self.tellings.remove(told)
        self.hear_telling(told)

    def hear_telling(self, told: Told) -> None:
        """From now on we can make room for it, unless the charge point obeys something later."""
        known, real = self.known.get(told.session), self.real.get(told.session)
        if known:
            known.profile = known.profile.changed(told.active, self.now) or known.profile
        if real and told in real.tells:
            real.obeys = told.schedule
            real.tells = real.tells[real.tells.index(told) + 1 :]
            self.no_fault_of_ours()

    # The rest of the world

    @rule(seconds=st.sampled_from([1, 20, 121, 200, 420, 3600]))
    def time_passes(self, seconds: int) -> None:
        """What was not sent in time never is, and what has not arrived in time never does."""
        self.now += timedelta(seconds=seconds)
        for name, real in self.real.items():
            profile = self.known[name].profile
            real.requests = [each for each in real.requests if each.asked or profile.asking(each.id, self.now)]
        for request in self.waiting():
            if request.asked and request.asked + ANSWER_WITHIN <= self.now:
                self.real[request.session].requests.remove(request)

    @rule(limits=st.sampled_from(LIMITS))
    def the_limits_change(self, limits: dict[Row, Schedule]) -> None:
        self.limits = limits
        self.no_fault_of_ours()

    @precondition(lambda self: self.known and self.runs_left > 0)
    @rule(data=st.data())
    def goes_well(self, data: st.DataObject) -> None:
        """For once: what is planned is sent, and all that is sent is accepted at once."""
        self.runs(data, replans=True)
        self.delivers()

    def delivers(self) -> None:
        for request in self.queue:
            known, real = self.known.get(request.session), self.real.get(request.session)
            asking = known.profile.asking(request.id, self.now) if known else None
            if known and real and asking:
                request.asked = self.now
                real.acts(request)
                known.profile = asking.concluded(Result.ACCEPTED, self.now)
        self.queue = []
        for name in self.real:
            self.forget_queued(name)
        self.check()

    @precondition(lambda self: self.runs_left > 100)
    @rule(data=st.data())
    def comes_to_rest(self, data: st.DataObject) -> None:
        """When all is well again, every plan is in force in the end, and the platform knows what is."""
        self.hears_of_the_end()
        for told in self.tellings:
            self.hear_telling(told)
        self.queue, self.answers, self.results, self.tellings = [], [], [], []
        for real in self.real.values():
            real.requests = [request for request in real.requests if request.arrived]
        self.now += NOTHING_LEFT
        assume(not any(known.profile.left_alone(self.now) for known in self.known.values()))
        self.plans(data)
        for _ in range(12):
            self.sends()
            self.check()
            self.delivers()
            self.now += NOTHING_LEFT
        for name, known in self.known.items():
            plan, real = self.desired[name], self.real[name]
            assert real.obeys.same(plan, self.now), "a plan is not in force"
            assert all(schedule.within(plan, self.now) for schedule in real.possible()), "more may come into force"
            assert worst_case(self.read(known, name, self.now)).same(plan, self.now), "the platform believes otherwise"

    # What must hold

    def excess(self, instants: Floats) -> Floats:
        """By how much the most that all may come to obey is above the limits; (limits, instants)."""
        above = -np.array([self.limits[row].sampled(instants) for row in ROWS])
        for real in self.real.values():
            rates = np.array([schedule.sampled(instants) for schedule in real.possible()]).max(axis=0)
            above += load(real.kind.draws, rates)
        return above

    def instants(self) -> Floats:
        over = self.over or {}
        possible = [schedule for real in self.real.values() for schedule in real.possible()]
        return breakpoints([*self.limits.values(), *over.values(), *possible], self.now)

    def no_fault_of_ours(self) -> None:
        """What is above the limits now, the world has brought about."""
        self.keep(self.instants(), np.inf)

    def keep(self, instants: Floats, most: Floats | float) -> None:
        excess = np.clip(np.minimum(self.excess(instants), most), 0.0, None)
        starts = [datetime.fromtimestamp(instant, START.tzinfo) for instant in instants.tolist()]
        self.over = None
        if excess.any():
            self.over = {
                row: Schedule(tuple(zip(starts, rates, strict=True)))
                for row, rates in zip(ROWS, excess.tolist(), strict=True)
            }

    @invariant()
    def check(self) -> None:
        instants = self.instants()
        allowed = np.zeros((len(ROWS), len(instants)))
        if self.over:
            allowed = np.array([self.over[row].sampled(instants) for row in ROWS])
        worst = (self.excess(instants) - allowed).max()
        assert worst <= ROUNDING, f"{worst} above the limit"
        self.keep(instants, allowed)


_ODD: dict[str, Callable[[ChargingProfile], dict[str, object]]] = {
    "relative": lambda _: {"start_date_time": None, "duration": 60},
    "other unit": lambda profile: {
        "charging_rate_unit": ChargingRateUnit.A
        if profile.charging_rate_unit is ChargingRateUnit.W
        else ChargingRateUnit.W
    },
    "ends": lambda _: {"duration": 0},
}

TestIssuing = Issuing.TestCase
TestIssuing.settings = MACHINE


def increases_before_decreases(
    states: Sequence[SessionState],
    desired: Mapping[str, Schedule],
    _limits: Mapping[Row, Schedule],
    _now: datetime,
) -> list[tuple[str, Schedule]]:
    return [(state.id, desired[state.id]) for state in states if state.id in desired and not state.pending]


def blind_to_open_requests(
    states: Sequence[SessionState],
    desired: Mapping[str, Schedule],
    limits: Mapping[Row, Schedule],
    now: datetime,
) -> list[tuple[str, Schedule]]:
    hopeful = [state.confirmed() for state in states]
    return [(name, schedule) for name, schedule in to_send(hopeful, desired, limits, now)]


def without_tails(
    states: Sequence[SessionState],
    desired: Mapping[str, Schedule],
    limits: Mapping[Row, Schedule],
    now: datetime,
) -> list[tuple[str, Schedule]]:
    """Cars leave when they are believed to: what a profile says of later makes no difference."""
    sends = to_send(states, desired, limits, now)
    return [(name, replace(schedule, steps=schedule.steps[:-1] or schedule.steps)) for name, schedule in sends]


def blind_to_feeders(
    states: Sequence[SessionState],
    desired: Mapping[str, Schedule],
    limits: Mapping[Row, Schedule],
    now: datetime,
) -> list[tuple[str, Schedule]]:
    return to_send(states, desired, {row: limit for row, limit in limits.items() if row.node == "grid"}, now)


def forgets_the_unanswered(known: Known, name: str, now: datetime) -> SessionState:
    return replace(known.read(name, now), doubtful=None)


def forgets_the_overtaken(
    profile: ProfileState, state: SessionState, schedule: Schedule, request_id: str, now: datetime
) -> ProfileState:
    return sending(profile, replace(state, pending=None), schedule, request_id, now)


def trusts_in_the_order(
    profile: ProfileState, state: SessionState, schedule: Schedule, request_id: str, now: datetime
) -> ProfileState:
    """A request is the last word even if another was open when it was sent."""
    return sending(profile, state, schedule, request_id, now).model_copy(update={"settling": True})


BUGS: list[Callable[..., object]] = [increases_before_decreases, blind_to_open_requests]


@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_bug_is_found_at_once(bug: Callable[..., object]) -> None:
    broken = type("Broken", (Issuing,), {"issue": staticmethod(bug), "comes_to_rest": None})
    at_once = settings(
        MACHINE, max_examples=300, database=None, derandomize=True, phases=[Phase.generate], report_multiple_bugs=False
    )
    with pytest.raises(AssertionError, match="above the limit"):
        run_state_machine_as_test(broken, settings=at_once)


ON_L1 = Kind("grid", ("L1",))
ON_FEEDER = Kind("feeder", ("L1",))


class Story(Issuing):
    """Histories that chance takes long to come to, told on purpose."""

    def arrive(self, *names: str, limits: dict[Row, Schedule], kind: Kind = ON_L1) -> None:
        """Cars of 6 A until they have a profile."""
        self.limits = limits
        for name in names:
            self.real[name] = Real(kind, Schedule.constant(6, START))
            self.known[name] = Known(kind, 6)
        self.no_fault_of_ours()

    def wish(self, **rates: Schedule) -> None:
        """Send what may be sent of it; it reaches the CPO, which will act on it."""
        self.desired = rates
        self.sends()
        for request in self.queue:
            self.pushed(request)
            request.arrived = True
        self.queue = []
        self.check()

    def accept(self, name: str) -> None:
        """The latest request of a session is in force, and we hear of it."""
        request = self.real[name].requests[-1]
        self.real[name].acts(request)
        self.hear_result(request, Result.ACCEPTED)
        self.check()


def one_request_stays_unanswered(story: Story) -> None:
    """For as long as it may come into force, it counts."""
    story.arrive("a", "b", limits=limits(steps(40), steps(40), steps(100)))
    story.wish(a=steps(32))
    story.time_passes(200)
    story.wish(a=steps(6), b=steps(32))


def one_request_is_overtaken(story: Story) -> None:
    """The limit drops while an increase is open; what was sent first may come into force last."""
    story.arrive("a", "b", limits=limits(steps(63), steps(63), steps(100)))
    story.wish(a=steps(32))
    story.the_limits_change(limits(steps(34), steps(34), steps(100)))
    story.wish(a=steps(6))
    story.accept("a")
    story.wish(a=steps(6), b=steps(26))


def a_car_stays_longer_than_planned(story: Story) -> None:
    """Its profile goes on for ever, and the limit drops later."""
    story.arrive("a", limits=limits(steps(40, 40, 20), steps(40), steps(100)))
    story.wish(a=steps(32, 32, 6))


def a_feeder_is_full(story: Story) -> None:
    """The grid connection is not."""
    story.arrive("a", limits=limits(steps(40), steps(10), steps(100)), kind=ON_FEEDER)
    story.wish(a=steps(32))


STORIES: list[tuple[Callable[[Story], None], str, Callable[..., object]]] = [
    (one_request_stays_unanswered, "read", forgets_the_unanswered),
    (one_request_is_overtaken, "sending", forgets_the_overtaken),
    (one_request_is_overtaken, "sending", trusts_in_the_order),
    (a_car_stays_longer_than_planned, "issue", without_tails),
    (a_feeder_is_full, "issue", blind_to_feeders),
]
"""What happens, where a bug is planted, and the bug."""


@pytest.mark.parametrize(("story", "seam", "bug"), STORIES)
def test_a_rare_story_finds_its_bug(story: Callable[[Story], None], seam: str, bug: Callable[..., object]) -> None:
    story(Story())
    broken = type("Broken", (Story,), {seam: staticmethod(bug)})()
    with pytest.raises(AssertionError, match="above the limit"):
        story(broken)
