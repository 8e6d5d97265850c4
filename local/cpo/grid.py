"""The limit of the grid connection over time, read from the site file that the platform is given too."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from local.cpo.cars import Floats
from local.cpo.site import PHASES


class SiteFileError(ValueError):
    """The site file is no site file; the message says where."""


@dataclass(frozen=True)
class GridLimit:
    """What the connection may carry: per phase (A) and, where the limit was given in kW, in total.

    `starts` are rising instants, the first being the beginning of time; `limit_a` is (periods, 3), `limit_kw`
    (periods,).
    """

    starts: tuple[datetime, ...]
    limit_a: Floats
    limit_kw: Floats

    def period(self, moment: datetime) -> int:
        """The number of the period that holds at an instant."""
        return sum(start <= moment for start in self.starts) - 1

    def kw(self, moment: datetime) -> float:
        """The total limit at an instant, in kW."""
        return float(self.limit_kw[self.period(moment)])

    def lowest_kw(self, start: datetime, end: datetime) -> float:
        """The lowest total limit in force within [start, end)."""
        return float(self.limit_kw[self.period(start) : sum(begin < end for begin in self.starts)].min())


def read_site_file(path: Path) -> GridLimit:
    """The limits of a site file (JSON with `voltage_v` and `limits`, as the CLI checks and stores it).

    Raises:
        SiteFileError: no such file, no JSON, or a limit without its parts.
    """
    try:
        return grid_limit(json.loads(path.read_text()))
    except (OSError, ValueError) as error:
        raise SiteFileError(f"{path}: {error}") from error


def grid_limit(site: dict[str, Any]) -> GridLimit:
    """The limits out of the content of a site file.

    Raises:
        SiteFileError: a part is missing or wrong.
    """
    try:
        voltage_v = float(site["voltage_v"])
        periods = _periods(site["limits"])
        amperes = [_limit_a(period, voltage_v) for period in periods]
        starts = [_start(period) for period in periods]
    except (KeyError, TypeError, ValueError) as error:
        raise SiteFileError(f"limits: {error!r} is missing or wrong") from error
    if not starts or starts != sorted(starts):
        raise SiteFileError("limits: there is none, or they are out of order")
    limit_a = np.array(amperes)
    return GridLimit(tuple(starts), limit_a, limit_a.sum(axis=1) * voltage_v / 1000)


def _periods(limits: Any) -> list[dict[str, Any]]:
    """The base, the overrides in their order, and the base again after each of them; or periods as they are."""
    if isinstance(limits, list):
        return limits
    overrides = limits.get("overrides", [])
    dated = [each for override in overrides for each in (override, limits["base"] | {"start": override["end"]})]
    return [limits["base"], *dated]


def _limit_a(period: dict[str, Any], voltage_v: float) -> list[float]:
    if period.get("limit_kw") is not None:
        return [float(period["limit_kw"]) * 1000 / voltage_v / len(PHASES)] * len(PHASES)
    return [float(period["limit_a"][phase]) for phase in PHASES]


def _start(period: dict[str, Any]) -> datetime:
    start = period.get("start")
    return datetime.fromisoformat(start) if start else datetime.min.replace(tzinfo=UTC)
