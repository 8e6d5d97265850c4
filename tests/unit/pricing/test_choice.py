"""Which tariff a session has."""

from datetime import UTC, datetime

from ocpi.pricing.choice import applicable
from ocpi.types.sessions import ProfileType
from ocpi.types.tariffs import Tariff
from tests.unit.pricing.build import element, tariff, time

HOUR = time(1)


def kinds(tariffs: list[Tariff]) -> list[str | None]:
    return [tariff.type for tariff in tariffs]


def test_the_type_of_a_tariff_says_for_whom_it_is() -> None:
    offered = [
        tariff(element(HOUR), tariff_id=kind or "any", **({"type": kind} if kind else {}))
        for kind in (None, "REGULAR", "PROFILE_CHEAP", "PROFILE_FAST", "PROFILE_GREEN", "AD_HOC_PAYMENT")
    ]
    now = datetime(2026, 3, 2, tzinfo=UTC)
    assert kinds(applicable(offered, now)) == ["REGULAR", None]
    assert kinds(applicable(offered, now, ProfileType.REGULAR)) == ["REGULAR", None]
    assert kinds(applicable(offered, now, ProfileType.CHEAP)) == ["PROFILE_CHEAP", None]
    assert kinds(applicable(offered, now, ProfileType.FAST)) == ["PROFILE_FAST", None]
    assert kinds(applicable(offered, now, ProfileType.GREEN)) == ["PROFILE_GREEN", None]
    assert kinds(applicable(offered, now, ad_hoc=True)) == ["AD_HOC_PAYMENT", None]


def test_a_tariff_holds_until_its_successor_does() -> None:
    old = tariff(element(HOUR), tariff_id="old", end_date_time="2026-03-01T00:00:00Z")
    new = tariff(element(HOUR), tariff_id="new", start_date_time="2026-03-01T00:00:00Z")
    change = datetime(2026, 3, 1, tzinfo=UTC)
    assert applicable([old, new], change.replace(month=2)) == [old]
    assert applicable([old, new], change) == [new]
