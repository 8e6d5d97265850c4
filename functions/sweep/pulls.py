"""Lists of partners that are to be asked for: never got yet, due again, or broken off."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import itemgetter

from ocpi import clock
from ocpi.parties.own import OwnPlatform
from ocpi.parties.pull import lists_of, modules
from ocpi.parties.rhythm import is_due
from ocpi.push.breaker import Breaker, Breakers
from ocpi.push.messages import PullMessage
from ocpi.store.partner import Partner, PartnerStatus
from ocpi.store.pulls import Pulls

MOST_AT_ONCE = 200
"""So many modules are asked for in one sweep, those first that have waited longest."""

NEVER = datetime.min.replace(tzinfo=UTC)
"""Since when a list is due that was never asked for."""


@dataclass(frozen=True)
class DuePulls:
    """Finds what is to be asked for."""

    own: OwnPlatform
    pulls: Pulls
    breakers: Breakers

    def messages(self, partners: Iterable[Partner]) -> list[PullMessage]:
        """One for each module with a list that is due; none for partners that are not to be called now."""
        now, breakers = clock.now(), self.breakers.all()
        callable_ = (
            partner
            for partner in partners
            if partner.status is PartnerStatus.REGISTERED and breakers.get(partner.id, Breaker()).allows(now)
        )
        due = sorted((each for partner in callable_ for each in self._due(partner, now)), key=itemgetter(0))
        return list(dict.fromkeys(message for _, message in due))[:MOST_AT_ONCE]

    def _due(self, partner: Partner, now: datetime) -> Iterator[tuple[datetime, PullMessage]]:
        """Since when which lists of a partner are due."""
        known = {record.asked_of(partner.id).key: record for record in self.pulls.of_partner(partner.id)}
        for module in modules(self.own, partner):
            for asked in lists_of(self.own, partner, module):
                record = known.get(asked.key)
                if record is None or is_due(record, now):
                    since = record.next_at if record and record.next_at else NEVER
                    yield since, PullMessage(partner_id=partner.id, module=module)
