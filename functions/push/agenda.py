"""In which order a partner is sent what is due, so that nothing that fails holds up anything else."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ocpi.push.breaker import Breaker
from ocpi.push.due import DueObject
from ocpi.types.versions import ModuleID


@dataclass(frozen=True)
class Agenda:
    """What is to be sent to a partner in a round, as long as it takes it, and when the rest is.

    Attributes:
        now: what never failed before what did, and the oldest change first; then the trials.
        trials: one object of each module that was left alone and is to be tried, the one that was tried least.
        later: when further objects may be sent.
    """

    now: list[DueObject]
    trials: dict[ModuleID, DueObject]
    later: list[datetime]

    @classmethod
    def of(cls, all_due: Sequence[DueObject], breaker: Breaker, now: datetime) -> "Agenda":
        """For all that is due, in the order of its last_updated."""
        ripe = [due for due in all_due if due.not_before is None or due.not_before <= now]
        well = [due for due in ripe if not breaker.leaves_alone(due.object_id.module)]
        trials = {
            module: min(of_module, key=lambda due: due.attempts)
            for module, sickness in breaker.sick.items()
            if sickness.retry_at
            and sickness.retry_at <= now
            and (of_module := [due for due in ripe if due.object_id.module is module])
        }
        later = [due.not_before for due in all_due if due.not_before and due.not_before > now]
        return cls([*sorted(well, key=lambda due: due.attempts > 0), *trials.values()], trials, later)
