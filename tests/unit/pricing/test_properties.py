"""What holds for every tariff and every session."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ocpi import wire
from ocpi.pricing.bill import Costs, Total
from ocpi.pricing.cost import cost, price_cdr
from ocpi.pricing.session import Activity, Stretch
from ocpi.pricing.verify import verify
from ocpi.types.cdrs import CDR, SESSION_ONLY
from ocpi.types.periods import CdrDimensionType
from ocpi.types.primitives import Price
from ocpi.types.tariffs import DayOfWeek, Tariff
from tests.unit.pricing.build import ZONE, cdr, component, element, energy, tariff

THOROUGH = settings(max_examples=150, deadline=None)
FIRST = datetime(2026, 3, 27, tzinfo=UTC)
"""Two days before the clocks go forward."""

numbers = st.decimals(0, 5, places=2)
vats = st.none() | st.sampled_from([Decimal(0), Decimal(10), Decimal(20)])
times_of_day = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from([0, 30]))
limits: dict[str, st.SearchStrategy[Any]] = {
    "start_time": times_of_day,
    "end_time": times_of_day,
    "start_date": st.sampled_from(["2026-03-28", "2026-03-29"]),
    "end_date": st.sampled_from(["2026-03-29", "2026-03-30"]),
    "min_kwh": st.integers(0, 20),
    "max_kwh": st.integers(1, 30),
    "min_current": st.integers(0, 32),
    "max_current": st.integers(6, 48),
    "min_power": st.integers(0, 11),
    "max_power": st.integers(3, 22),
    "min_duration": st.integers(0, 20_000),
    "max_duration": st.integers(1, 40_000),
    "day_of_week": st.lists(st.sampled_from(DayOfWeek), max_size=4),
}


@st.composite
def elements(draw: st.DrawFn) -> dict[str, Any]:
    names = draw(st.lists(st.sampled_from(sorted(limits)), max_size=4, unique=True))
    restrictions = {name: draw(limits[name]) for name in names}
    kinds = draw(st.lists(st.sampled_from(["ENERGY", "TIME", "PARKING_TIME", "FLAT"]), min_size=1, unique=True))
    reservation = draw(st.sampled_from([None, None, "RESERVATION", "RESERVATION_EXPIRES"]))
    if reservation:
        restrictions["reservation"] = reservation
        kinds = [kind for kind in kinds if kind in {"TIME", "FLAT"}] or ["FLAT"]
    steps = st.sampled_from([0, 1, 60, 300, 900])
    return element(*[component(kind, draw(numbers), draw(vats), draw(steps)) for kind in kinds], **restrictions)


tariffs = st.builds(lambda listed: tariff(*listed), st.lists(elements(), min_size=1, max_size=5))


@st.composite
def stretch(draw: st.DrawFn, start: datetime, activity: Activity, under: Tariff) -> Stretch:
    """Its energy is a multiple of 0.1 Wh each second, so that it can be cut at any second."""
    length = draw(st.integers(1, 8 * 3600))
    per_second = 0 if activity.reservation else draw(st.integers(-5, 60))
    return Stretch(
        start,
        start + timedelta(seconds=length),
        activity,
        under,
        Decimal(per_second * length).scaleb(-4),
        Decimal(draw(st.integers(0, 48))),
    )


@st.composite
def sessions(draw: st.DrawFn, under: st.SearchStrategy[Tariff] = tariffs) -> list[Stretch]:
    priced_by = draw(under)
    activities = draw(st.lists(st.sampled_from([Activity.CHARGING, Activity.PARKING]), min_size=1, max_size=4))
    reserved = draw(st.sampled_from([[], [Activity.RESERVED], None]))
    moment = FIRST + timedelta(seconds=draw(st.integers(0, 2 * 24 * 3600)))
    stretches: list[Stretch] = []
    for activity in [Activity.EXPIRED] if reserved is None else reserved + activities:
        stretches.append(draw(stretch(moment, activity, priced_by)))
        moment = stretches[-1].end
    return stretches


def cut(whole: Stretch, after: timedelta) -> list[Stretch]:
    share = Decimal(after // timedelta(seconds=1)) / Decimal((whole.end - whole.start) // timedelta(seconds=1))
    first = (whole.energy_kwh * share).quantize(Decimal("0.0001"))
    parts = [(whole.start, whole.start + after, first), (whole.start + after, whole.end, whole.energy_kwh - first)]
    return [Stretch(*part[:2], whole.activity, whole.tariff, part[2], whole.current_a) for part in parts]


def amounts(costs: Costs) -> list[Price | None]:
    return [costs.total_cost, *(getattr(costs, total.value) for total in Total)]


@THOROUGH
@given(sessions(), st.data())
def test_a_meter_value_more_never_changes_the_cost(stretches: list[Stretch], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(stretches) - 1))
    length = (stretches[index].end - stretches[index].start) // timedelta(seconds=1)
    assume(length > 1)
    after = timedelta(seconds=data.draw(st.integers(1, length - 1)))
    more = [*stretches[:index], *cut(stretches[index], after), *stretches[index + 1 :]]
    assert amounts(cost(more, ZONE)) == amounts(cost(stretches, ZONE))
    assert cost(more, ZONE).total_energy == cost(stretches, ZONE).total_energy


@THOROUGH
@given(sessions())
def test_who_gets_the_cdr_comes_to_the_same_cost(stretches: list[Stretch]) -> None:
    sent = CDR.model_validate(wire.loads(wire.dumps(cdr(stretches))))
    assert amounts(price_cdr(sent, ZONE)) == amounts(cost(stretches, ZONE))
    assert verify(sent, ZONE) == []


@THOROUGH
@given(sessions())
def test_the_total_is_the_sum_of_its_parts(stretches: list[Stretch]) -> None:
    total, *parts = amounts(cost(stretches, ZONE))
    stated = [part for part in parts if part]
    assert total is not None
    assert abs(total.excl_vat - sum(part.excl_vat for part in stated)) <= Decimal("1E-9")
    if total.incl_vat is None:
        assert all(part.incl_vat is None for part in stated)
    else:
        incl_vat = sum(part.excl_vat if part.incl_vat is None else part.incl_vat for part in stated)
        assert abs(total.incl_vat - incl_vat) <= Decimal("1E-9")


@THOROUGH
@given(sessions(), numbers, numbers, numbers, numbers)
def test_the_total_keeps_to_its_limits(
    stretches: list[Stretch], floor: Decimal, vat: Decimal, above: Decimal, vat_above: Decimal
) -> None:
    cap, cap_incl = floor + above, floor + vat + above + vat_above
    limits = {
        "min_price": Price(excl_vat=floor, incl_vat=floor + vat),
        "max_price": Price(excl_vat=cap, incl_vat=cap_incl),
    }
    assert stretches[0].tariff is not None
    limited = stretches[0].tariff.model_copy(update=limits)
    bound = [Stretch(s.start, s.end, s.activity, limited, s.energy_kwh, s.current_a) for s in stretches]
    costs = cost(bound, ZONE).total_cost
    lowest = Decimal(0) if stretches[0].activity is Activity.EXPIRED else floor
    assert lowest <= costs.excl_vat <= cap
    assert costs.incl_vat is None or costs.incl_vat <= cap_incl


plain = st.builds(
    lambda per_kwh, vat, step: tariff(element(energy(str(per_kwh), vat, step))),
    numbers,
    vats,
    st.sampled_from([0, 1, 100, 1000]),
)


@THOROUGH
@given(plain, st.decimals(0, 100, places=4), st.decimals(0, 10, places=4))
def test_more_energy_never_costs_less(under: Tariff, kwh: Decimal, more: Decimal) -> None:
    hour = (FIRST, FIRST + timedelta(hours=1), Activity.CHARGING, under)
    less = cost([Stretch(*hour, kwh)], ZONE).total_cost
    assert cost([Stretch(*hour, kwh + more)], ZONE).total_cost.excl_vat >= less.excl_vat


@THOROUGH
@given(sessions(), st.data())
def test_an_element_that_repeats_an_earlier_one_changes_nothing(stretches: list[Stretch], data: st.DataObject) -> None:
    under = stretches[0].tariff
    assert under is not None
    index = data.draw(st.integers(0, len(under.elements) - 1))
    place = data.draw(st.integers(index + 1, len(under.elements)))
    repeating = under.model_copy(
        update={"elements": [*under.elements[:place], under.elements[index], *under.elements[place:]]}
    )
    again = [Stretch(s.start, s.end, s.activity, repeating, s.energy_kwh, s.current_a) for s in stretches]
    assert amounts(cost(again, ZONE)) == amounts(cost(stretches, ZONE))


@st.composite
def odd_cdrs(draw: st.DrawFn) -> CDR:
    """Valid as CDRs go, and yet nothing that anybody measured."""
    document = cdr(draw(sessions())).model_dump(exclude_none=True)
    ids = st.sampled_from(["T1", "t1", "T2", None])
    kinds = st.sampled_from(sorted(set(CdrDimensionType) - SESSION_ONLY))
    volumes = st.decimals(0, 10**15, places=3) | st.decimals(0, 9, places=3)
    dimensions = st.lists(st.fixed_dictionaries({"type": kinds, "volume": volumes}), min_size=1, max_size=4)
    for period in document["charging_periods"]:
        period.update(draw(st.fixed_dictionaries({}, optional={"tariff_id": ids, "dimensions": dimensions})))
    if draw(st.booleans()):
        document["charging_periods"][0]["start_date_time"] = datetime.min.replace(tzinfo=UTC)
        document["start_date_time"] = datetime.min.replace(tzinfo=UTC)
    if draw(st.booleans()):
        document["end_date_time"] = draw(
            st.sampled_from([datetime.max.replace(tzinfo=UTC), FIRST + timedelta(days=90)])
        )
    return CDR.model_validate(document)


@THOROUGH
@given(odd_cdrs())
def test_whatever_a_partner_sends_is_verified(odd: CDR) -> None:
    differences = verify(odd, ZONE)
    assert all(difference.message for difference in differences)
