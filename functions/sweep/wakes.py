"""Partners that are owed something, though nothing on a queue says so: a message may be lost, a mark is not."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ocpi import clock
from ocpi.push.breaker import Breaker, Breakers, BreakerState
from ocpi.push.due import DueObjects
from ocpi.store.partner import Partner, PartnerStatus


@dataclass(frozen=True)
class Owed:
    """Finds the partners whom something is due to."""

    due: DueObjects
    breakers: Breakers

    def partners(self, partners: Iterable[Partner]) -> Iterator[str]:
        """The ids of those that may be sent something now, or are to be asked whether they are back."""
        known = self.breakers.all()
        for partner in partners:
            if partner.status is PartnerStatus.REGISTERED and self._is_to_be_woken(partner, known.get(partner.id)):
                yield partner.id

    def _is_to_be_woken(self, partner: Partner, breaker: Breaker | None) -> bool:
        breaker = breaker or Breaker()
        if breaker.state is BreakerState.OPEN:
            return breaker.probes(clock.now()) or breaker.outdated(partner.last_updated)
        return breaker.rested(clock.now()) and self.due.any(partner.id)
