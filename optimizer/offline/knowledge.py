"""What a policy knows of the cars that are there: all of it, nothing, or what past visits taught."""

from dataclasses import dataclass, field
from enum import StrEnum
from zoneinfo import ZoneInfo

from optimizer.beliefs import TOP_UP_KWH
from optimizer.history import Arrival, Assumed, History
from optimizer.history import Visit as LearnedVisit
from optimizer.offline.garage import Garage
from optimizer.offline.sessions_file import Visit


class Beliefs(StrEnum):
    """What is known of a car on arrival."""

    TOLD = "told"
    """When it will really leave, and what it will really take."""
    LEARNED = "learned"
    """What its driver said, and what visits that were over by then taught."""
    UNKNOWN = "unknown"
    """Nothing: the site's assumptions stand in."""


@dataclass
class Knowledge:
    """What is believed at a moment; it is told of every visit that is over, in the order in which they end."""

    beliefs: Beliefs
    garage: Garage
    assumed: Assumed
    zone: ZoneInfo
    _history: History = field(init=False)

    def __post_init__(self) -> None:
        self._history = History({}, self.zone)

    def believe(self, car: int, step: int, taken_kwh: float) -> tuple[float, float]:
        """When a car leaves, in steps, and the energy in kWh that it still takes."""
        if self.beliefs is Beliefs.TOLD:
            return float(self.garage.leaves[car]), max(float(self.garage.need_kwh[car]) - taken_kwh, 0.0)
        arrival = self._arrival(self.garage.visits[car])
        belief = self._history.believe(arrival, self.garage.time_of(step), taken_kwh, self.assumed)
        return self.garage.step_of(belief.departure), max(belief.energy_kwh - taken_kwh, TOP_UP_KWH)

    def over(self, visit: Visit) -> None:
        """Learn from a visit that has ended."""
        if self.beliefs is Beliefs.LEARNED:
            ended = LearnedVisit(self._arrival(visit), visit.departure, visit.energy_kwh)
            self._history = self._history.after(ended)

    def _arrival(self, visit: Visit) -> Arrival:
        if self.beliefs is Beliefs.UNKNOWN:
            return Arrival(at=visit.arrival, evse_uid=visit.station)
        return Arrival(
            at=visit.arrival,
            evse_uid=visit.station,
            driver=f"driver:{visit.driver}" if visit.driver else None,
            told_departure=visit.told_departure,
            told_kwh=visit.told_kwh,
        )
