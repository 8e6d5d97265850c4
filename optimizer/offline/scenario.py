"""A scenario as somebody writes it: one JSON file with a site, its sessions and prices, to be planned without AWS.

Currents are ampere per phase, powers kW, energies kWh. What is said for each step has one value for each price; one
number alone holds for all steps. docs/optimize.md describes the format.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from difflib import get_close_matches
from itertools import chain, islice
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

import numpy as np
from pydantic import Discriminator, Field, Tag, model_validator

from ocpi.sites.phases import PHASES, Phase
from ocpi.sites.reading import LARGEST, MOST_PROBLEMS, Name, Phases, Strict, TimeZone, UtcTime, WrongInput, read
from optimizer.planning.problem import Battery, Floats, Node, Prices, Problem, Vehicle, Wiring
from optimizer.planning.tree import Supply

MOST_SESSIONS = 20_000
MOST_STEPS = 10_000
MOST_NODES = 1_000
MOST_CELLS = 10_000_000
"""Sessions times steps: about what an ordinary computer holds in memory."""

LEAST_PRIORITY = 0.2
"""What lower priorities count as: with less, energy would be worth less than its price, and nobody charge."""

_VOLTS = {Wiring.STAR: 230.0, Wiring.LINE_TO_LINE: 208.0}


def _kind(value: object) -> str:
    return "[series]" if isinstance(value, list | tuple) else "[number]"


_Number = Annotated[float, Field(strict=True, ge=-LARGEST, le=LARGEST, allow_inf_nan=False)]
_Amount = Annotated[float, Field(strict=True, ge=0, le=LARGEST, allow_inf_nan=False)]
_Seconds = Annotated[float, Field(strict=True, ge=-1e8, le=1e8, allow_inf_nan=False)]
_StepSeconds = Annotated[int, Field(strict=True, ge=1, le=86_400)]
_Numbers = Annotated[
    Annotated[_Number, Tag("[number]")] | Annotated[tuple[_Number, ...], Tag("[series]")], Discriminator(_kind)
]
_Amounts = Annotated[
    Annotated[_Amount, Tag("[number]")] | Annotated[tuple[_Amount, ...], Tag("[series]")], Discriminator(_kind)
]


class ScenarioError(WrongInput):
    """A scenario, or its site, that cannot be."""


class Limit(Strict):
    """A place of the limit tree: the grid connection (no `parent`), a transformer, a feeder, a group of EVSEs.

    `base_load_a` or `base_load_kw` is what others than the sessions draw right there; `pv_kw` flows in there.
    """

    id: Name
    parent: Name | None = None
    limit_a: dict[Phase, _Amounts] | None = None
    limit_kw: _Amounts | None = None
    base_load_a: dict[Phase, _Amounts] | None = None
    base_load_kw: _Amounts | None = None
    pv_kw: _Amounts | None = None

    @model_validator(mode="after")
    def _one_load(self) -> Self:
        if self.base_load_a is not None and self.base_load_kw is not None:
            raise WrongInput(["base_load_kw: base_load_a says it already: give one of them"])
        return self

    def series(self) -> Iterator[tuple[str, float | tuple[float, ...]]]:
        """What may be given for each step, by its path."""
        for name in ("limit_a", "base_load_a"):
            by_phase: Mapping[Phase, float | tuple[float, ...]] | None = getattr(self, name)
            yield from ((f"{name}.{phase}", value) for phase, value in (by_phase or {}).items())
        for name in ("limit_kw", "base_load_kw", "pv_kw"):
            if (value := getattr(self, name)) is not None:
                yield name, value


class BatteryOfSite(Strict):
    """A stationary battery; see :class:`optimizer.planning.problem.Battery`."""

    node: Name
    capacity_kwh: _Amount
    charge_kw: _Amount
    discharge_kw: _Amount
    stored_kwh: _Amount
    efficiency: Annotated[float, Field(strict=True, ge=0.1, le=1, allow_inf_nan=False)] = 0.9

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.stored_kwh > self.capacity_kwh:
            raise WrongInput([f"stored_kwh: {self.stored_kwh:g} is more than capacity_kwh, {self.capacity_kwh:g}"])
        return self


class SessionDefaults(Strict):
    """What holds for a session that does not say it. With `max_a` and `max_kw` the lower one counts."""

    min_a: _Amount = 6.0
    max_a: _Amount | None = None
    max_kw: _Amount | None = None

    def most_a(self, kw_per_a: float) -> float | None:
        """The most that a car may draw, in ampere per phase; None if nothing is said."""
        by_power = None if self.max_kw is None else self.max_kw / kw_per_a
        return min((each for each in (self.max_a, by_power) if each is not None), default=None)


class SiteOfScenario(Strict):
    """A site on its own: `ocpi simulate` takes it as a file, and a scenario has it as `site`."""

    id: Name
    limits: Annotated[tuple[Limit, ...], Field(max_length=MOST_NODES)]
    voltage_v: Annotated[float, Field(strict=True, ge=1, le=1000, allow_inf_nan=False)] | None = None
    wiring: Wiring = Wiring.STAR
    phases: Phases = PHASES
    time_zone: TimeZone = "UTC"
    battery: BatteryOfSite | None = None
    session_defaults: SessionDefaults = SessionDefaults()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _refuse(chain(_problems_of_tree(self.limits), _problems_of_phases(self), _problems_of_battery(self)))
        return self

    @property
    def supply(self) -> Supply:
        """How electricity reaches the sessions."""
        return Supply(self.wiring, self.voltage_v or _VOLTS[self.wiring], self.phases)

    def nodes(self, steps: int) -> list[Node]:
        """The limit tree over so many steps; what is given for each step must have so many values."""
        return [self._node(limit, steps) for limit in self.limits]

    def _node(self, limit: Limit, steps: int) -> Node:
        pv_kw = _series(limit.pv_kw or 0.0, steps)
        load_a: dict[Phase, Floats] = {}
        load_kw: Floats | None = None
        if limit.base_load_a is not None:
            pv_a = pv_kw / self.supply.kw_per_line_a()
            load_a = {phase: _series(limit.base_load_a.get(phase, 0.0), steps) - pv_a for phase in self.phases}
        elif limit.base_load_kw is not None or limit.pv_kw is not None:
            load_kw = _series(limit.base_load_kw or 0.0, steps) - pv_kw
        return Node(
            limit.id,
            limit.parent,
            limit_a={phase: _series(value, steps) for phase, value in (limit.limit_a or {}).items()},
            limit_kw=None if limit.limit_kw is None else _series(limit.limit_kw, steps),
            load_a=load_a,
            load_kw=load_kw,
        )


class _Stay(Strict):
    """`arrival` and `departure` are seconds after the start; `energy_kwh` is what is still wanted, `taken_kwh` what
    was taken before."""

    id: Name
    node: Name
    arrival: _Seconds = 0.0
    departure: _Seconds
    energy_kwh: _Amount
    taken_kwh: _Amount = 0.0
    priority: Annotated[float, Field(strict=True, ge=0, le=1000, allow_inf_nan=False)] = 1.0
    phases: Phases | None = None


class AcSession(_Stay):
    """A car that charges with alternating current: nothing, or from `min_a` to `max_a` on each of its phases."""

    power_type: Literal["AC"] = "AC"
    min_a: _Amount | None = None
    max_a: _Amount | None = None

    def vehicle(self, site: SiteOfScenario) -> Vehicle:
        """The session for planning."""
        phases = self.phases or site.phases
        most = self.most_a(site) or 0.0
        least = min(site.session_defaults.min_a, most) if self.min_a is None else self.min_a
        return _vehicle(self, phases, least, most, dc=False)

    def most_a(self, site: SiteOfScenario) -> float | None:
        """`max_a`, or else what the site says; None if neither does."""
        if self.max_a is not None:
            return self.max_a
        return site.session_defaults.most_a(site.supply.kw_per_unit(self.phases or site.phases, dc=False))


class DcSession(_Stay):
    """A car that charges with direct current: nothing, or from `min_kw` to `max_kw`."""

    power_type: Literal["DC"]
    min_kw: _Amount = 0.0
    max_kw: _Amount

    def vehicle(self, site: SiteOfScenario) -> Vehicle:
        """The session for planning."""
        return _vehicle(self, site.phases, self.min_kw, self.max_kw, dc=True)


def _vehicle(stay: _Stay, phases: tuple[Phase, ...], least: float, most: float, *, dc: bool) -> Vehicle:
    return Vehicle(
        stay.id,
        stay.node,
        phases,
        least=least,
        most=most,
        arrival_s=stay.arrival,
        departure_s=stay.departure,
        energy_kwh=stay.energy_kwh,
        priority=max(stay.priority, LEAST_PRIORITY),
        taken_kwh=stay.taken_kwh,
        dc=dc,
    )


def _power_type(value: object) -> str:
    given = value.get("power_type", "AC") if isinstance(value, dict) else getattr(value, "power_type", "AC")
    return f"[{given}]"


Session = Annotated[
    Annotated[AcSession, Tag("[AC]")] | Annotated[DcSession, Tag("[DC]")],
    Discriminator(
        _power_type,
        custom_error_type="power_type",
        custom_error_message="its power_type must be AC or DC",
    ),
]


class DemandCharge(Strict):
    """What is paid for the highest import of the billing period, which has been `peak_kw` so far."""

    price_per_kw: _Amount
    peak_kw: _Amount = 0.0


class Scenario(Strict):
    """A site, its sessions and the prices of each step."""

    start: UtcTime
    step_seconds: Annotated[
        Annotated[_StepSeconds, Tag("[number]")] | Annotated[tuple[_StepSeconds, ...], Tag("[series]")],
        Discriminator(_kind),
    ]
    site: SiteOfScenario
    sessions: Annotated[tuple[Session, ...], Field(max_length=MOST_SESSIONS)]
    price_per_kwh: Annotated[tuple[_Number, ...], Field(max_length=MOST_STEPS)]
    feed_in_per_kwh: _Numbers = 0.0
    demand_charge: DemandCharge | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _refuse(chain(_problems_of_steps(self), _problems_of_sessions(self)))
        return self

    @property
    def steps(self) -> tuple[int, ...]:
        """How long each step is, in seconds."""
        if isinstance(self.step_seconds, int):
            return (self.step_seconds,) * len(self.price_per_kwh)
        return self.step_seconds


def parse_scenario(text: str | bytes) -> Scenario:
    """Read a scenario from JSON.

    Raises:
        ScenarioError: it is no JSON or no scenario; every wrong place is named by its path, with what to do.
    """
    return read(Scenario, text, ScenarioError)


def parse_site(text: str | bytes) -> SiteOfScenario:
    """Read a site on its own from JSON.

    Raises:
        ScenarioError: it is no JSON or no site; every wrong place is named by its path, with what to do.
    """
    return read(SiteOfScenario, text, ScenarioError)


def to_problem(scenario: Scenario) -> Problem:
    """What is to be planned in a scenario."""
    site, steps = scenario.site, len(scenario.price_per_kwh)
    demand = scenario.demand_charge or DemandCharge(price_per_kw=0.0)
    return Problem(
        start=scenario.start.astimezone(ZoneInfo(site.time_zone)),
        step_seconds=scenario.steps,
        voltage_v=site.supply.voltage_v,
        nodes=site.nodes(steps),
        vehicles=[session.vehicle(site) for session in scenario.sessions],
        wiring=site.wiring,
        phases=site.phases,
        prices=Prices(
            import_per_kwh=np.array(scenario.price_per_kwh),
            feed_in_per_kwh=_series(scenario.feed_in_per_kwh, steps),
            demand_per_kw=demand.price_per_kw,
            peak_kw=demand.peak_kw,
        ),
        battery=Battery(**site.battery.model_dump()) if site.battery else None,
    )


def _refuse(problems: Iterator[str]) -> None:
    told = list(islice(problems, MOST_PROBLEMS + 1))
    if told:
        raise WrongInput(told)


def _series(value: float | tuple[float, ...], steps: int) -> Floats:
    return np.array(value, dtype=float) if isinstance(value, tuple) else np.full(steps, value, dtype=float)


def _problems_of_tree(limits: Sequence[Limit]) -> Iterator[str]:
    places = {limit.id: number for number, limit in reversed(list(enumerate(limits)))}
    parents = {limit.id: limit.parent for limit in limits}
    roots = [number for number, limit in enumerate(limits) if limit.parent is None]
    for number, limit in enumerate(limits):
        if places[limit.id] != number:
            yield f"limits[{number}].id: {limit.id!r} is already limits[{places[limit.id]}]: keep one"
        if limit.parent is not None and limit.parent not in parents:
            yield f"limits[{number}].parent: {_unknown(limit.parent, parents)}"
    if not limits:
        yield "limits: must not be empty: give at least the grid connection"
    for number in roots[1:]:
        yield f"limits[{number}].parent: missing: the grid connection is limits[{roots[0]}] already"
    seen: set[str] = set()
    for number, limit in enumerate(limits):
        path: list[str] = []
        at: str | None = limit.id
        while at in parents and at not in seen:
            seen.add(at)
            path.append(at)
            at = parents[at]
        if at in path:
            circle = [*path[path.index(at) :], at]
            yield f"limits[{number}].parent: goes round in a circle: {' -> '.join(circle)}"


def _problems_of_battery(site: SiteOfScenario) -> Iterator[str]:
    nodes = [limit.id for limit in site.limits]
    if site.battery and site.battery.node not in nodes:
        yield f"battery.node: {_unknown(site.battery.node, nodes)}"


def _problems_of_phases(site: SiteOfScenario) -> Iterator[str]:
    if site.wiring is Wiring.LINE_TO_LINE and len(site.phases) < 3:
        yield "phases: line-to-line needs all three"
    for number, limit in enumerate(site.limits):
        for name, by_phase in (("limit_a", limit.limit_a), ("base_load_a", limit.base_load_a)):
            for phase in by_phase or {}:
                if phase not in site.phases:
                    yield f"limits[{number}].{name}.{phase}: the site has no such phase ({', '.join(site.phases)})"


def _problems_of_steps(scenario: Scenario) -> Iterator[str]:
    steps = len(scenario.price_per_kwh)
    if not steps:
        yield "price_per_kwh: must not be empty: it says how many steps there are"
        return
    series: list[tuple[str, object]] = [
        ("step_seconds", scenario.step_seconds),
        ("feed_in_per_kwh", scenario.feed_in_per_kwh),
    ]
    for number, limit in enumerate(scenario.site.limits):
        series += [(f"site.limits[{number}].{name}", value) for name, value in limit.series()]
    for place, value in series:
        if isinstance(value, tuple) and len(value) != steps:
            yield f"{place}: has {len(value)} values, and price_per_kwh {steps}: give one for each step"
    if len(scenario.sessions) * steps > MOST_CELLS:
        yield f"sessions: {len(scenario.sessions)} in {steps} steps are too many: {MOST_CELLS} in all are the most"
    try:
        _ = scenario.start + timedelta(seconds=sum(scenario.steps))
    except OverflowError:
        yield "start: the last step would end after the year 9999"


def _problems_of_sessions(scenario: Scenario) -> Iterator[str]:
    site = scenario.site
    nodes = dict.fromkeys(limit.id for limit in site.limits)
    first: dict[str, int] = {}
    for number, session in enumerate(scenario.sessions):
        place = f"sessions[{number}]"
        earlier = first.setdefault(session.id, number)
        if earlier != number:
            yield f"{place}.id: {session.id!r} is already sessions[{earlier}]: keep one"
        if session.node not in nodes:
            yield f"{place}.node: {_unknown(session.node, nodes)}"
        if session.departure <= session.arrival:
            yield f"{place}.departure: {session.departure:g} is not after arrival, {session.arrival:g}"
        told = chain(_problems_of_rate(session, site), _wrong_phases(session, site))
        yield from (f"{place}.{problem}" for problem in told)


def _problems_of_rate(session: Session, site: SiteOfScenario) -> Iterator[str]:
    if isinstance(session, DcSession):
        if session.min_kw > session.max_kw:
            yield f"min_kw: {session.min_kw:g} is more than max_kw, {session.max_kw:g}"
        return
    most = session.most_a(site)
    if most is None:
        yield "max_a: missing: give it a value, or site.session_defaults one"
    elif session.min_a is not None and session.min_a > most:
        yield f"min_a: {session.min_a:g} is more than max_a, {most:g}"


def _wrong_phases(session: Session, site: SiteOfScenario) -> Iterator[str]:
    for phase in session.phases or ():
        if phase not in site.phases:
            yield f"phases: the site has no phase {phase} ({', '.join(site.phases)})"
    if isinstance(session, DcSession):
        if session.phases and len(session.phases) < len(site.phases):
            yield "phases: DC draws alike from all phases of the site: leave it out"
    elif site.wiring is Wiring.LINE_TO_LINE and len(session.phases or site.phases) == 1:
        yield "phases: between lines a car needs two or three"


def _unknown(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, known, n=1)
    return f"site.limits has no {name!r}" + (f": did you mean {close[0]!r}?" if close else "")
