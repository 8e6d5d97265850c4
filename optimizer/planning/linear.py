"""The charging of a site as one linear program.

A kWh is worth far more than what it may cost, the first slices of a need more than the last; then come cost, charging
early, and few rises. It is never infeasible: what cannot be had stands in the slices, and what others draw above a
limit is no matter of the vehicles'.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimizer.planning.case import EPSILON, SLICE_WORTH, SLICES, Case
from optimizer.planning.problem import Bools, Floats
from optimizer.planning.program import Program, Timing
from optimizer.planning.tree import Supply, most_given_kw, total_load_kw, weights_of_kw

Ints = NDArray[np.int64]

WORTH = 30.0
"""What the last slice of a need is worth a kWh, in times the highest price."""

PEAK_H = 4.0
"""A kWh is worth the demand charge of so many kW besides: a need that fits into a quarter of an hour is met."""

LATE_PRICE = 1e-3
"""Per kWh and hour of waiting, in spreads of prices. The last vehicle pays half as much again as the first: of equal
claims one goes before the other throughout, which gives few long blocks where a tie would give many short ones."""

RISE_PRICE = 0.02
"""Per kW by which a rate rises from one step to the next, in spreads of prices."""

WEAR_PRICE = 0.02
"""Per kWh that goes into a battery or out of it, in spreads of prices: where nothing is gained it rests."""

OVER_WORTH = 1000.0
"""Per unit and hour of what a battery could have kept under a limit and did not, in times a kWh's worth."""

SCALE = 100.0
"""The highest price in the program: the smallest differences stay far above the solver's tolerances."""

IPM_COLUMNS = 75_000
IPM_ROWS = 1_500
"""With more of them the interior point method is faster than the dual simplex, and always with prices of rises."""


@dataclass(frozen=True)
class Bounds:
    """What the program may choose: rates between `lower` and `upper`, (n, t) each; equal ones are no choice."""

    lower: Floats
    upper: Floats

    @classmethod
    def free(cls, case: Case) -> "Bounds":
        """Anything from nothing to the highest rate, during the stay; nothing where a limit leaves nothing.

        HiGHS may end without an answer where there is nothing at all.
        """
        closed = (case.rows.weights.T > 0).astype(float) @ (case.rows.room <= EPSILON) > 0
        usable = case.stays if case.problem.battery else case.stays & ~closed
        return cls(np.zeros(case.shape), np.where(usable, case.most[:, None], 0.0))


class Relaxation:
    """The program of a case: any rate within bounds.

    Attributes:
        rates: the optimum, (n, t).
        battery_kw: what the battery draws, (t,); None without one.
    """

    def __init__(
        self,
        case: Case,
        bounds: Bounds,
        time_limit_s: float,
        timing: Timing,
        *,
        bare: bool = False,
        steady: Bools | None = None,
    ) -> None:
        """Solve it.

        Args:
            case: the problem.
            bounds: of the rates.
            time_limit_s: how long the solver may take.
            timing: is added to.
            bare: leave out slices and the order among equals: a kWh is worth the same to all of one priority.
            steady: (n, t) where a rise against the step before shall cost something.

        Raises:
            SolverFailed: there is no optimum to be had.
        """
        self._cells = cells = _Cells(case, bounds)
        self._program = program = Program(timing)
        self.rates = cells.fixed
        self.battery_kw: Floats | None = None
        if not cells.vehicle.size and not case.problem.battery:
            return
        money = _Money.of(case)
        rank = np.ones(case.shape[0]) if bare else 1.0 + 0.5 * _urgency(case)
        late = LATE_PRICE * money.spread * rank[:, None] * case.wait_h
        cost = cells.of((late + money.price) * case.kwh_per_unit)
        if bare:
            cost = cost - money.worth * cells.of(case.priority[:, None] * case.kwh_per_unit)
        self._columns = program.columns(cells.upper, cost, cells.lower)
        _energy_rows(program, case, cells, None if bare else money.worth)
        battery = _battery(program, case, WEAR_PRICE * money.spread) if case.problem.battery else None
        _limit_rows(program, case, cells, battery, money.worth)
        if money.balanced:
            _balance_rows(program, case, cells, battery, money)
        if steady is not None:
            _rise_rows(program, case, cells, steady, money.spread)
        values = program.minimized(time_limit_s, _method(program, bare=bare, steady=steady is not None))
        self.rates = self._rates(values)
        if battery is not None:
            self.battery_kw = _what_fits(case, values[battery.charge] - values[battery.discharge])

    @property
    def rows(self) -> int:
        """How many the program has."""
        return self._program.row_count

    def within(self, bounds: Bounds, time_limit_s: float) -> Floats:
        """The optimum within narrower bounds, (n, t), from the one before.

        Raises:
            SolverFailed: there is no optimum to be had.
        """
        cells = self._cells
        if not cells.vehicle.size:
            return self.rates
        lower, upper = cells.of(bounds.lower), cells.of(bounds.upper)
        return self._rates(self._program.minimized_again(self._columns, lower, upper, time_limit_s))

    def _rates(self, values: Floats) -> Floats:
        rates = self._cells.fixed.copy()
        rates[self._cells.vehicle, self._cells.step] = values[self._columns]
        return rates


def _method(program: Program, *, bare: bool, steady: bool) -> dict[str, object]:
    """How HiGHS is told to solve it: what was fastest, measured for programs of each size."""
    if bare:
        return {"solver": "ipm"} if program.size > IPM_COLUMNS else {"presolve": "off"}
    return {"solver": "ipm"} if steady or program.row_count > IPM_ROWS else {"presolve": "off"}


def _urgency(case: Case) -> Floats:
    """How soon each vehicle has to charge to get its need, among all: 0 for the laxest, 1 for the most urgent; (n,)."""
    possible_h = (case.kwh_per_unit > 0) @ case.hours
    needed_h = case.need_kwh / np.maximum(case.most * case.kw_per_unit, EPSILON)
    order = np.argsort(needed_h - possible_h, kind="stable")
    urgency = np.zeros(case.shape[0])
    urgency[order] = np.linspace(0.0, 1.0, case.shape[0])
    return urgency


class _Cells:
    """The vehicles and steps that have a variable, in the order of vehicles, then steps; (cells,) each."""

    def __init__(self, case: Case, bounds: Bounds) -> None:
        chosen = bounds.upper > bounds.lower
        self.bounds = bounds
        self.fixed = np.where(chosen, 0.0, bounds.lower)
        """The rates that are no choice, (n, t)."""
        self.vehicle, self.step = np.nonzero(chosen)
        self.lower, self.upper = self.of(bounds.lower), self.of(bounds.upper)
        self.kwh = self.of(case.kwh_per_unit)
        self.counts = np.bincount(self.vehicle, minlength=case.shape[0])
        """How many each vehicle has, (n,)."""
        self.fixed_kwh = (self.fixed * case.kwh_per_unit).sum(axis=1)
        """(n,)"""
        self.by_step = np.argsort(self.step, kind="stable")
        """The numbers of the cells in the order of steps, then vehicles."""

    def of(self, values: Floats) -> Floats:
        """Pick from (n, t)."""
        return np.asarray(values[self.vehicle, self.step])


@dataclass(frozen=True)
class _Money:
    """Prices as the program has them: the highest is `SCALE`."""

    price: Floats
    """Of a kWh more, (t,); 0 where import and export are variables of their own."""
    spread: float
    """Between the highest and the lowest price; never quite nothing."""
    worth: float
    """Of a kWh in the last slice."""
    balanced: bool
    """Whether import and export need variables: PV, a battery or a demand charge make a kWh's price depend on all."""
    feed_in: Floats
    import_: Floats
    demand: float

    @classmethod
    def of(cls, case: Case) -> "_Money":
        prices = case.problem.prices
        nothing = np.zeros(case.shape[1])
        import_, feed_in = (prices.import_per_kwh, prices.feed_in_per_kwh) if prices else (nothing, nothing)
        demand = prices.demand_per_kw if prices else 0.0
        highest = max(float(np.abs(import_).max(initial=0.0)), float(np.abs(feed_in).max(initial=0.0)))
        scale = SCALE / highest if highest else SCALE
        flows_out = prices is not None and bool((total_load_kw(case.problem) < 0).any())
        balanced = prices is not None and (flows_out or demand > 0 or case.problem.battery is not None)
        return cls(
            price=nothing if balanced else scale * import_,
            spread=max(scale * float(np.ptp(import_)) if import_.size else 0.0, 0.1 * SCALE),
            worth=WORTH * SCALE + PEAK_H * scale * demand,
            balanced=balanced,
            # Nobody gains by buying and selling at once.
            feed_in=scale * np.minimum(feed_in, import_),
            import_=scale * import_,
            demand=scale * demand,
        )


@dataclass(frozen=True)
class _Battery:
    """The columns of the battery, (t,) each, in kW, and what a kW of charging adds to each row, of discharging takes
    from it, (r,) each."""

    charge: Ints
    discharge: Ints
    weights: Floats
    relief: Floats


def _energy_rows(program: Program, case: Case, cells: _Cells, worth: float | None) -> None:
    """No vehicle takes more than it needs; with slices (if `worth` is given): the slices are what it takes."""
    if worth is None:
        here = cells.counts > 0
        limit = case.need_kwh - cells.fixed_kwh
        program.rows(cells.counts[here], np.arange(cells.kwh.size), cells.kwh, limit[here])
        return
    owners = np.flatnonzero(cells.counts > 0)
    reward = -worth * SLICE_WORTH * case.priority[owners, None]
    slices = program.columns(case.slice_kwh[owners].ravel(), reward.ravel())
    owner = np.concatenate([cells.vehicle, np.repeat(owners, SLICES)])
    order = np.argsort(owner, kind="stable")
    columns = np.concatenate([np.arange(cells.kwh.size), slices])[order]
    factors = np.concatenate([-cells.kwh, np.ones(slices.size)])[order]
    program.rows(cells.counts[owners] + SLICES, columns, factors, cells.fixed_kwh[owners])


def _limit_rows(program: Program, case: Case, cells: _Cells, battery: _Battery | None, worth: float) -> None:
    """Every limit at every step at which it could be reached."""
    rows = case.rows
    reached = rows.weights @ cells.bounds.upper > rows.room
    room = np.clip(rows.room - rows.weights @ cells.fixed, 0.0, None)
    vehicle, step = cells.vehicle[cells.by_step], cells.step[cells.by_step]
    for row in range(len(rows.rows)):
        if battery is not None and battery.weights[row]:
            _row_with_battery(program, case, cells, battery, row, worth)
            continue
        if not reached[row].any():
            continue
        weights = rows.weights[row, vehicle]
        kept = (weights > 0) & reached[row, step]
        counts = np.bincount(step[kept], minlength=case.shape[1])[reached[row]]
        program.rows(counts, cells.by_step[kept], weights[kept], room[row, reached[row]])


def _row_with_battery(program: Program, case: Case, cells: _Cells, battery: _Battery, row: int, worth: float) -> None:
    """A limit that the battery helps to keep, or what is over it where even that is not enough."""
    steps = np.arange(case.shape[1])
    # No more than others are over already: it shall help there, not move their excess to another time.
    over = program.columns(case.rows.over[row], OVER_WORTH * worth * case.hours)
    weights = case.rows.weights[row, cells.vehicle]
    kept = np.flatnonzero(weights > 0)
    terms = [
        (cells.step[kept], kept, weights[kept]),
        (steps, battery.charge, np.full(steps.size, battery.weights[row])),
        (steps, battery.discharge, np.full(steps.size, -battery.relief[row])),
        (steps, over, np.full(steps.size, -1.0)),
    ]
    fixed = case.rows.weights[row] @ cells.fixed
    _rows_of_terms(program, terms, case.rows.room[row] - case.rows.over[row] - fixed)


def _rows_of_terms(
    program: Program,
    terms: Sequence[tuple[Ints, Ints, Floats]],
    limit: Floats,
    *,
    equal: bool = False,
) -> None:
    """Rows out of terms in any order: the row, the column and the factor of each."""
    rows, columns, factors = (np.concatenate(parts) for parts in zip(*terms, strict=True))
    order = np.argsort(rows, kind="stable")
    counts = np.bincount(rows, minlength=limit.size)
    program.rows(counts, columns[order], factors[order], limit, equal=equal)


def _battery(program: Program, case: Case, wear: float) -> _Battery:
    """The battery's columns, and the rows of what it holds at the end of each step; `wear` is the price of a kWh that
    goes in or out."""
    problem = case.problem
    battery = problem.battery
    assert battery  # noqa: S101 - asked before
    steps = np.arange(case.shape[1])
    nothing = np.zeros(steps.size)
    worn = wear * case.hours
    charge = program.columns(np.full(steps.size, battery.charge_kw), worn)
    discharge = program.columns(np.minimum(battery.discharge_kw, most_given_kw(problem, battery.node)), worn)
    least = nothing.copy()
    least[-1:] = battery.stored_kwh
    stored = program.columns(np.full(steps.size, battery.capacity_kwh), nothing, least)
    one_way = math.sqrt(battery.efficiency)
    terms = [
        (steps, stored, np.ones(steps.size)),
        (steps[1:], stored[:-1], np.full(steps.size - 1, -1.0)),
        (steps, charge, -case.hours * one_way),
        (steps, discharge, case.hours / one_way),
    ]
    at_first = nothing.copy()
    at_first[:1] = battery.stored_kwh
    _rows_of_terms(program, terms, at_first, equal=True)
    supply = Supply(problem.wiring, problem.voltage_v, problem.phases)
    weights = weights_of_kw(problem, battery.node, case.rows.rows)
    relieves = np.array([supply.adds_up(row.line) for row in case.rows.rows])
    return _Battery(charge, discharge, weights, np.where(relieves, weights, 0.0))


def _what_fits(case: Case, battery_kw: Floats) -> Floats:
    """What the battery draws without charging more than it can hold, (t,).

    At a price below zero the program charges and discharges at once, which loses energy; what is left of both does not.
    """
    battery = case.problem.battery
    assert battery  # noqa: S101 - asked before
    one_way, stored_kwh = math.sqrt(battery.efficiency), battery.stored_kwh
    fits = battery_kw.copy()
    for step, hours in enumerate(case.hours.tolist()):
        fits[step] = min(fits[step], max(0.0, battery.capacity_kwh - stored_kwh) / (one_way * hours))
        stored_kwh += hours * fits[step] * (one_way if fits[step] > 0 else 1 / one_way)
    return fits


def _balance_rows(program: Program, case: Case, cells: _Cells, battery: _Battery | None, money: _Money) -> None:
    """Import less export is what all draw; no import is above the peak that is paid for."""
    prices = case.problem.prices
    assert prices  # noqa: S101 - without prices there is no balance
    steps = np.arange(case.shape[1])
    unbounded = np.full(steps.size, np.inf)
    import_ = program.columns(unbounded, money.import_ * case.hours)
    export = program.columns(unbounded, -money.feed_in * case.hours)
    terms = [
        (steps, import_, np.ones(steps.size)),
        (steps, export, np.full(steps.size, -1.0)),
        (cells.step, np.arange(cells.step.size), -cells.kwh / case.hours[cells.step]),
    ]
    if battery is not None:
        terms += [
            (steps, battery.charge, np.full(steps.size, -1.0)),
            (steps, battery.discharge, np.ones(steps.size)),
        ]
    fixed_kw = (cells.fixed * case.kwh_per_unit).sum(axis=0) / case.hours
    _rows_of_terms(program, terms, total_load_kw(case.problem) + fixed_kw, equal=True)
    if money.demand > 0:
        peak = program.columns(np.array([np.inf]), np.array([money.demand]), np.array([prices.peak_kw]))
        under = [
            (steps, import_, np.ones(steps.size)),
            (steps, np.repeat(peak, steps.size), np.full(steps.size, -1.0)),
        ]
        _rows_of_terms(program, under, np.zeros(steps.size))


def _rise_rows(program: Program, case: Case, cells: _Cells, steady: Bools, spread: float) -> None:
    """Where a rate rises against the step before, that costs a little."""
    number = np.full(case.shape, -1)
    number[cells.vehicle, cells.step] = np.arange(cells.step.size)
    vehicle, step = np.nonzero(steady[:, 1:] & case.stays[:, 1:] & case.stays[:, :-1])
    before, after = number[vehicle, step], number[vehicle, step + 1]
    chosen = (before >= 0) | (after >= 0)
    vehicle, step, before, after = vehicle[chosen], step[chosen], before[chosen], after[chosen]
    price = RISE_PRICE * spread * case.kw_per_unit[vehicle]
    rises = program.columns(np.full(vehicle.size, np.inf), price)
    numbers = np.arange(vehicle.size)
    terms = [
        (numbers[after >= 0], after[after >= 0], np.ones(int((after >= 0).sum()))),
        (numbers[before >= 0], before[before >= 0], np.full(int((before >= 0).sum()), -1.0)),
        (numbers, rises, np.full(vehicle.size, -1.0)),
    ]
    _rows_of_terms(program, terms, cells.fixed[vehicle, step] - cells.fixed[vehicle, step + 1])
