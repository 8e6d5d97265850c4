"""Which tariff a session has."""

from collections.abc import Iterable
from datetime import datetime

from ocpi.types.sessions import ProfileType
from ocpi.types.tariffs import Tariff, TariffType

_TYPE_OF = {
    ProfileType.CHEAP: TariffType.PROFILE_CHEAP,
    ProfileType.FAST: TariffType.PROFILE_FAST,
    ProfileType.GREEN: TariffType.PROFILE_GREEN,
    ProfileType.REGULAR: TariffType.REGULAR,
}


def applicable(
    tariffs: Iterable[Tariff], when: datetime, profile_type: ProfileType | None = None, *, ad_hoc: bool = False
) -> list[Tariff]:
    """The tariffs of a connector that hold for a session, those made for its kind first (TAR-14, TAR-17).

    `profile_type` is the charging preference, if the driver has one; `ad_hoc` says that the driver pays at the charge
    point. A tariff holds from `start_date_time` until before `end_date_time`, so that a successor can follow at once.
    """
    kind = TariffType.AD_HOC_PAYMENT if ad_hoc else _TYPE_OF[profile_type or ProfileType.REGULAR]
    holding = [tariff for tariff in tariffs if _holds(tariff, when) and tariff.type in {kind, None}]
    return sorted(holding, key=lambda tariff: tariff.type is None)


def _holds(tariff: Tariff, when: datetime) -> bool:
    return (tariff.start_date_time is None or tariff.start_date_time <= when) and (
        tariff.end_date_time is None or when < tariff.end_date_time
    )
