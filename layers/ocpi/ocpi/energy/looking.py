"""What is to be seen of a site: all that the tables know of it, put together."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ocpi.energy.location import location_of
from ocpi.energy.picture import Picture, Told, picture
from ocpi.energy.planned import Planned, planned
from ocpi.push.breaker import Breakers
from ocpi.sites.series import Worth, day_ahead_missing
from ocpi.sites.site import Site
from ocpi.store.ledgers import Ledgers
from ocpi.store.objects import Objects
from ocpi.store.series import SeriesStore
from ocpi.store.sites import Sites

AHEAD = timedelta(hours=24)


@dataclass(frozen=True)
class Looking:
    """Where sites are looked at.

    Args:
        sites: what goes on there, and their plans.
        objects: their Locations.
        series: prices, base load and solar power over time.
        ledgers: what is on record.
        breakers: which partners are away.
    """

    sites: Sites
    objects: Objects
    series: SeriesStore
    ledgers: Ledgers
    breakers: Breakers

    def picture(self, site: Site, now: datetime) -> Picture:
        """A site as it is now."""
        known = self.series.known(site.id, now)
        told = Told(
            place=self.sites.place(site.location.of(site.partner_id)),
            worth=Worth(site, known, now),
            plan=self.sites.plan(site.id),
            run=self.sites.last_run(site.id, now),
            location=location_of(site, self.objects),
            breaker=self.breakers.get(site.partner_id),
            book=self.ledgers.book(site.id),
            missing=day_ahead_missing(site, known, now),
        )
        return picture(site, now, told)

    def planned(self, site: Site, now: datetime) -> Planned:
        """What is planned for the next :data:`AHEAD`."""
        return planned(site, self.sites.plan(site.id), self.worth(site, now), now, now + AHEAD)

    def worth(self, site: Site, now: datetime) -> Worth:
        """What counts at a site from now on."""
        return Worth(site, self.series.known(site.id, now), now)
