"""A month of a site, read from the store: what control has brought, and its report."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from ocpi import zones
from ocpi.energy.report import Month, Report, Visits, reported
from ocpi.energy.savings import Savings, compared, savings
from ocpi.sites.record import SLOT, slot_of
from ocpi.sites.site import Site, SiteError
from ocpi.store.ledgers import Ledgers

LONGEST_VISIT = timedelta(days=14)
"""A visit is on record when it ends: one that was there at the end of a month is looked for so long after it."""

_MONTH = re.compile(r"20\d\d-(0[1-9]|1[0-2])", re.ASCII)


@dataclass(frozen=True)
class Months:
    """What the ledger knows of months, which are written ``2026-11`` and begin at midnight at the site.

    Of a month that is not over, what has been so far is counted. All raise SiteError where `month` is none, or has not
    begun.
    """

    ledgers: Ledgers

    def savings(self, site: Site, month: str, now: datetime) -> Savings:
        """What controlled charging has brought in a month."""
        span = month_of(site, month, now)
        visits = self._visits(site.id, span).all
        rows = compared(site, visits, self.ledgers.loads(site.id, span.start, span.end), span.start, span.end)
        return savings(site, visits, rows, span.start, span.end)

    def report(self, site: Site, month: str, now: datetime) -> Report:
        """The report of a month; :func:`ocpi.energy.report.html` makes a page of it."""
        span = month_of(site, month, now)
        slots = self.ledgers.loads(site.id, span.start, span.end)
        events = list(self.ledgers.events(site.id, span.start, span.end))
        signals = self.ledgers.signals(site.id, span.start, span.end)
        return reported(site, span, slots, self._visits(site.id, span), events, signals, now)

    def _visits(self, site_id: str, span: Month) -> Visits:
        """Those that were there at some time of a month."""
        over = self.ledgers.visits(site_id, span.start, span.end + LONGEST_VISIT)
        book = self.ledgers.book(site_id)
        return Visits(
            over=[visit for visit in over if visit.arrival < span.end],
            ongoing=[visit for visit in book.ongoing() if visit.arrival < span.end] if book else (),
        )


def month_of(site: Site, text: str, now: datetime) -> Month:
    """A month of a site, as far as it has come.

    Raises:
        SiteError: it is none, or it has not begun.
    """
    if not _MONTH.fullmatch(text):
        raise SiteError([f"month: must be a month such as 2026-11, is {text!r}"])
    first = datetime(int(text[:4]), int(text[5:]), 1, tzinfo=site.zone)
    after = (first + timedelta(days=31)).replace(day=1)
    start, end = zones.moment(first), zones.moment(after)
    if start + SLOT > now:
        raise SiteError([f"month: {text} has not begun at the site"])
    return Month(text, start, min(end, slot_of(now)), over=end <= now)
