"""How a charge point understands an OCPI ChargingProfile: current over time, in ampere per phase."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal

from ocpi.types.chargingprofiles import (
    ActiveChargingProfile,
    ChargingProfile,
    ChargingProfilePeriod,
    ChargingRateUnit,
)


@dataclass(frozen=True)
class Staircase:
    """A current that changes in steps: `first` before the first of the rising `steps` (instant, ampere)."""

    first: float
    steps: tuple[tuple[datetime, float], ...] = ()

    def at(self, moment: datetime) -> float:
        """The current at an instant; a step counts from its very instant on."""
        index = bisect_right(self.steps, moment, key=_instant)
        return self.steps[index - 1][1] if index else self.first

    def next_change(self, moment: datetime) -> datetime | None:
        """The first instant after `moment` at which a step begins."""
        index = bisect_right(self.steps, moment, key=_instant)
        return self.steps[index][0] if index < len(self.steps) else None


def offered(profile: ChargingProfile, charging_since: datetime, default_a: float, w_per_a: float) -> Staircase:
    """What a charge point offers under `profile`: outside its validity, the default of the EVSE.

    Args:
        profile: absolute, or relative to the start of charging (CHP-25); without `duration` it never ends
        (CHP-26). charging_since: when the session began to charge. default_a: ampere per phase where no
        profile is in force. w_per_a: the power that one ampere per phase means for this session; W limits are
        total power (CHP-22).
    """
    start = profile.start_date_time or charging_since
    steps = [
        (start + timedelta(seconds=period.start_period), _ampere(period, profile, w_per_a))
        for period in profile.charging_profile_period
    ]
    if profile.duration is None:
        return Staircase(default_a, tuple(steps))
    end = start + timedelta(seconds=profile.duration)
    return Staircase(default_a, (*(step for step in steps if step[0] < end), (end, default_a)))


def active_profile(current: Staircase, now: datetime, seconds: int) -> ActiveChargingProfile:
    """What the charge point will offer from `now` on for so many seconds, as it is told to who asks."""
    end = now + timedelta(seconds=seconds)
    starts = [now, *(instant for instant, _ in current.steps if now < instant < end)]
    periods = {int((start - now).total_seconds()): current.at(start) for start in starts}
    profile = ChargingProfile(
        start_date_time=now,
        duration=seconds,
        charging_rate_unit=ChargingRateUnit.A,
        charging_profile_period=[
            ChargingProfilePeriod(start_period=second, limit=_one_decimal(ampere))
            for second, ampere in sorted(periods.items())
        ],
    )
    return ActiveChargingProfile(start_date_time=now, charging_profile=profile)


def _ampere(period: ChargingProfilePeriod, profile: ChargingProfile, w_per_a: float) -> float:
    if profile.charging_rate_unit is ChargingRateUnit.W:
        return float(period.limit) / w_per_a
    return float(period.limit)


def _one_decimal(ampere: float) -> Decimal:
    return Decimal(str(ampere)).quantize(Decimal("0.1"), ROUND_DOWN)


def _instant(step: tuple[datetime, float]) -> datetime:
    return step[0]
