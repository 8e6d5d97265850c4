"""What is learned of the visits of vehicles to a site: how long they stay, what they take, when they come.

It is kept per scope (the site, an EVSE, a driver) as counts in fixed bins, so it stays small whatever comes, and two
visits may be learned in any order. Counts halve every :data:`HALF_LIFE`: habits change. Who draws conclusions from it
is the optimizer.
"""

import math
from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ocpi import wire
from ocpi.logs import logger
from ocpi.types.primitives import DateTime
from ocpi.visits.visit import Visit

HALF_LIFE = timedelta(days=60)

BINS_PER_DOUBLING = 8
"""So a bin is 9 % wide, which is how exactly a quantile is known."""

LOWEST_BIN, HIGHEST_BIN = -4 * BINS_PER_DOUBLING, 8 * BINS_PER_DOUBLING - 1
"""From 1/16 to 256: of hours, of kWh, and of shares. What is less or more counts in the outermost."""

_PARTS_A_DAY = 8

_MOST_HALVED = 300
"""So often a count halves at most (50 years): beyond, a date is wrong, and a count would be nothing or infinite."""

Count = Annotated[float, Field(ge=0, le=1e100, allow_inf_nan=False)]
Counts = Mapping[int, Count]
"""How often a quantity fell into each bin."""

_Quantities = Mapping[Annotated[int, Field(ge=LOWEST_BIN, le=HIGHEST_BIN)], Count]
_HoursOfWeek = Mapping[Annotated[int, Field(ge=0, lt=7 * 24)], Count]
_Phases = Mapping[Annotated[int, Field(ge=1, le=3)], Count]


def bin_of(quantity: float) -> int:
    """The bin of a quantity that is 0 or more."""
    if quantity <= 0:
        return LOWEST_BIN
    return min(max(math.floor(BINS_PER_DOUBLING * math.log2(quantity)), LOWEST_BIN), HIGHEST_BIN)


def _bin_of(quantity: float | None) -> int | None:
    return None if quantity is None else bin_of(quantity)


def edge_of(number: float) -> float:
    """Where a bin begins; of a fraction, how far it is through the bin."""
    return math.exp2(number / BINS_PER_DOUBLING)


class Record(BaseModel):
    """What was learned in one scope.

    `stays` are hours by part of the week (see :func:`part_of_week`), `energies` kWh, `stay_shares` and `energy_shares`
    what of the told was true (1: all of it), `arrivals` counts by hour of the week, `phases` how many were metered.
    So that nothing has to be faded when a visit comes, a count tells what it was worth at `epoch`, and a later visit
    is worth more than 1; :meth:`faded` tells what it is worth at `as_of`. `since` is the first arrival.
    """

    model_config = ConfigDict(frozen=True)

    epoch: DateTime
    since: DateTime
    as_of: DateTime
    stays: Mapping[int, _Quantities] = {}
    energies: _Quantities = {}
    stay_shares: _Quantities = {}
    energy_shares: _Quantities = {}
    arrivals: _HoursOfWeek = {}
    phases: _Phases = {}

    @classmethod
    def beginning(cls, visit: Visit) -> Self:
        """Nothing learned yet."""
        return cls(epoch=visit.departure, since=visit.arrival.at, as_of=visit.departure)

    def observing(self, visit: Visit, zone: tzinfo) -> Self:
        """The same with one visit more; parts of the week are those of `zone`."""
        weight = 1 / fading(visit.departure - self.epoch)
        came = visit.arrival.at
        part = part_of_week(came, zone)
        return self.model_copy(
            update={
                "since": min(self.since, came),
                "as_of": max(self.as_of, visit.departure),
                "stays": {**self.stays, part: _counted(self.stays.get(part, {}), bin_of(visit.stay_h), weight)},
                "energies": _counted(self.energies, bin_of(visit.energy_kwh), weight),
                "stay_shares": _counted(self.stay_shares, _bin_of(visit.stay_share), weight),
                "energy_shares": _counted(self.energy_shares, _bin_of(visit.energy_share), weight),
                "arrivals": _counted(self.arrivals, hour_of_week(came, zone), weight),
                "phases": _counted(self.phases, visit.phases, weight),
            }
        )

    def faded(self, counts: Counts) -> Counts:
        """Counts of this record, as they are at `as_of`."""
        left = fading(self.as_of - self.epoch)
        return {number: count * left for number, count in counts.items()}

    def weeks(self, now: datetime) -> float:
        """How many weeks the faded counts stand for."""
        halves = (max(now, self.as_of) - self.since) / HALF_LIFE
        seen = HALF_LIFE / timedelta(weeks=1) * (1 - math.exp2(-halves)) / math.log(2)
        return seen / fading(max(now, self.as_of) - self.as_of)

    def document(self) -> wire.JsonObject:
        """For the store."""
        return wire.loads_object(self.model_dump_json(exclude_defaults=True))


def readable(documents: Mapping[str, wire.JsonObject]) -> dict[str, Record]:
    """What the store has, by scope; what cannot be read is learned anew."""
    records = {}
    for scope, document in documents.items():
        try:
            records[scope] = Record.model_validate(document)
        except ValidationError:
            logger.exception("what was learned cannot be read", scope=scope.partition(":")[0])
    return records


def observed(records: Mapping[str, Record], visit: Visit, zone: tzinfo) -> dict[str, Record]:
    """The records of all scopes that a visit tells of, with that visit learned.

    Args:
        records: what was learned before, by scope; none for a scope that is new.
        visit: a sensible one.
        zone: of the site.
    """
    return {scope: records.get(scope, Record.beginning(visit)).observing(visit, zone) for scope in visit.arrival.scopes}


def _counted(counts: Counts, found: int | None, weight: float) -> Counts:
    """With one more; six digits are enough."""
    return counts if found is None else {**counts, found: float(f"{counts.get(found, 0.0) + weight:.6g}")}


def fading(age: timedelta) -> float:
    """What is left of a count after so long; less than no time gives more."""
    return math.exp2(min(max(-(age / HALF_LIFE), -_MOST_HALVED), _MOST_HALVED))


def hour_of_week(moment: datetime, zone: tzinfo) -> int:
    """0 is the first hour of Monday."""
    local = moment.astimezone(zone)
    return local.weekday() * 24 + local.hour


def part_of_week(moment: datetime, zone: tzinfo) -> int:
    """Three hours of a working day (0 to 7), or of one of the weekend (8 to 15)."""
    day, hour = divmod(hour_of_week(moment, zone), 24)
    return hour * _PARTS_A_DAY // 24 + (_PARTS_A_DAY if day >= 5 else 0)
