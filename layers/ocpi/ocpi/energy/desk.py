"""What is edited at a site, for the energy API and the command line alike.

A site is read, changed, looked over for oddities, and written together with who changed what; then it is planned anew
at once. Who edits what somebody else has changed meanwhile is told by whom. Grid operators' signals have a desk of
their own (:mod:`ocpi.energy.signal_desk`).
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from ocpi import clock, wire
from ocpi.energy.anew import PLACE, gone, moved, places, signed
from ocpi.energy.edit import By, Edit, Known, Moved, Odd, OverrideChanged, Unreadable
from ocpi.energy.location import check_evses, location_of
from ocpi.energy.signals import cap_of
from ocpi.energy.writing import Writing, changed, in_full, stands_for
from ocpi.sites.limits import LATEST, Cap, Limit, Override, WeeklyLimit, said, span
from ocpi.sites.reading import problems_of
from ocpi.sites.record import Event, EventKind
from ocpi.sites.series import FRESH, SeriesKind, Worth
from ocpi.sites.site import GRID, Rates, Site, SiteError, parse_site
from ocpi.sites.steps import Steps
from ocpi.sites.time_of_use import TimeOfUse
from ocpi.sites.upload import MOST_PER_KWH, check_measured_at, odd, odd_measurement, read_series
from ocpi.store.objects import Objects
from ocpi.store.partners import Partners
from ocpi.store.series import SeriesStore
from ocpi.store.table import Busy, Conflict
from ocpi.types.primitives import format_datetime

DATED = ("overrides", "caps")
"""What of the limits of a node has a beginning and an end."""

PRICES = ("price_per_kwh", "feed_in_per_kwh", "demand_charge")
"""What of a site says what energy costs."""

_A_BIT_KW = 0.05
"""A measurement that is no further above what counted needs no new plan."""


@dataclass(frozen=True)
class Measured:
    """What meters say now: base load right at a node (less than zero flows in), solar power of the site, in kW."""

    base_load_kw: float | None = None
    pv_kw: float | None = None

    def values(self, node: str) -> Iterator[tuple[SeriesKind, str, float]]:
        """What was measured, each with its node."""
        if self.base_load_kw is not None:
            yield SeriesKind.MEASURED_BASE_LOAD, node, self.base_load_kw
        if self.pv_kw is not None:
            yield SeriesKind.MEASURED_PV, GRID, self.pv_kw


@dataclass(frozen=True)
class Desk:
    """Where sites are edited.

    All edits raise :class:`NoSuchSite`; :class:`Changed` if `by.revision` is not the site's any more; :class:`Odd`
    unless `by.confirmed`; and SiteError where the site could not be, one line for each wrong place. An edit that
    changes nothing is not written.

    Args:
        writing: how it is written.
        series: prices, base load and solar power over time.
        partners: who has the Locations that sites stand for.
        objects: those Locations.
    """

    writing: Writing
    series: SeriesStore
    partners: Partners
    objects: Objects

    def get(self, site_id: str) -> Known:
        """The site as it is stored."""
        known, _ = self.writing.read(site_id)
        return known

    # The site as a whole

    def create(self, document: bytes, by: By) -> Known:
        """Describe a new site.

        Raises:
            Changed: there is one of that id already.
            Taken: another site stands for its Location.
        """
        site = in_full(parse_site(document))
        self._check_partner(site)
        if any(branch.calendar.limits.caps for branch in site.branches()):
            raise SiteError(["limits.caps: they come by grid operators' signals: leave them out"])
        config = self.writing.sites.config(site.id)
        if config:
            raise changed(config)
        site = signed(site, by.author, {}, {})
        edit = Edit(site, EventKind.SITE, "the site, which is new", None, _document(site), odd=site.odd(None))
        try:
            return self.writing.write(edit, None, by)
        except Conflict:
            config = self.writing.sites.config(site.id)
            raise (changed(config) if config else Busy) from None

    def replace(self, site_id: str, document: bytes, by: By, *, may_move: bool = True) -> Known:
        """Describe a site anew. What grid operators have signalled stays as it is; an override that is left out by
        somebody who has not looked at the site first is odd.

        Args:
            site_id: which site.
            document: how it is from now on.
            by: who describes it.
            may_move: whether as one of another Location, too.

        Raises:
            Moved: it is one of another Location, and may not be.
            Taken: another site stands for its Location.
        """
        described = in_full(parse_site(document))
        if described.id != site_id:
            raise SiteError([f"id: must be {site_id!r}, as the site is called"])

        def described_anew(before: Site) -> Edit:
            if not may_move and (elsewhere := moved(described, before)):
                raise Moved(elsewhere)
            self._check_partner(described)
            known = {branch.id: branch.calendar.limits for branch in before.branches()}
            overrides, caps = ({node: getattr(each, part) for node, each in known.items()} for part in DATED)
            after = signed(described, by.author, overrides, caps)
            old, new = _document(before), _document(after)
            differing = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
            then, now = ({name: each.get(name) for name in differing} for each in (old, new))
            left_out = [] if by.revision else [*gone(after, before, clock.now())]
            return Edit(after, EventKind.SITE, f"the site: {', '.join(differing)}", then, now, odd=left_out)

        try:
            return self.writing.edit(site_id, by, described_anew)
        except Unreadable:
            return self._replace_unreadable(described, by, may_move=may_move)

    def _replace_unreadable(self, site: Site, by: By, *, may_move: bool) -> Known:
        """The same where nobody can tell what the site was, but for what grid operators have signalled."""
        config, now = self.writing.sites.config(site.id), clock.now()
        if config and by.revision not in (None, config.revision):
            raise changed(config)
        stood_for = stands_for(config)
        if not may_move and (stood_for is None or stood_for.text != site.location.of(site.partner_id).text):
            raise Moved(PLACE)
        self._check_partner(site)
        caps = defaultdict[str, list[Cap]](list)
        for signal in self.writing.ledgers.signals(site.id, now, LATEST):
            if not signal.cancelled_at:
                caps[signal.node].append(cap_of(signal))
        after = signed(site, by.author, {}, caps)
        edit = Edit(after, EventKind.SITE, "the site, which could not be read", None, _document(after))
        return self.writing.write(edit, config, by)

    # Limits

    def set_base(self, site_id: str, node: str, limit: Limit, by: By) -> Known:
        """Set the limit that holds where nothing else does."""

        def based(before: Site) -> Edit:
            text = f"limit of {node}: {said(limit)}"
            return Edit(
                before.with_base(node, limit), EventKind.LIMIT, text, before.limits_of(node).base, limit, subject=node
            )

        return self.writing.edit(site_id, by, based)

    def set_weekly(self, site_id: str, node: str, weekly: Sequence[WeeklyLimit], by: By) -> Known:
        """Set the weekly calendar of a limit."""

        def scheduled(before: Site) -> Edit:
            text = f"weekly calendar of {node}: {len(weekly) or 'no'} {'entry' if len(weekly) == 1 else 'entries'}"
            known = before.limits_of(node).weekly
            return Edit(before.with_weekly(node, weekly), EventKind.WEEKLY, text, known, weekly, subject=node)

        return self.writing.edit(site_id, by, scheduled)

    def add_override(self, site_id: str, node: str, override: Override, by: By) -> Known:
        """Let another limit hold for a while; one that is there already, under the same id, stays as it is.

        Raises:
            OverrideChanged: there is one of its id that is not the same.
            SiteError: it is over already, or cannot be.
        """

        def overridden(before: Site) -> Edit:
            now = clock.now()
            known = next((each for each in before.limits_of(node).overrides if each.id == override.id), None)
            if known and not _same(known, override, now):
                raise OverrideChanged
            if known is None and override.ends <= now:
                was = f"was at {format_datetime(override.ends)}, and it is {format_datetime(now)}: nothing to do"
                raise SiteError([f"{places(before)[node]}.overrides.end: {was}"])
            after = before if known else before.with_override(node, override)
            text = f"limit of {node} {span(override)}: {said(override)}"
            return Edit(after, EventKind.OVERRIDE, text, None, override, subject=node)

        return self.writing.edit(site_id, by, overridden)

    def remove_override(self, site_id: str, node: str, override_id: str, by: By) -> Known:
        """Take an override back."""

        def taken_back(before: Site) -> Edit:
            after = before.without_override(node, override_id)
            (known,) = (each for each in before.limits_of(node).overrides if each.id == override_id)
            text = f"limit of {node} {span(known)}: no longer {said(known)}"
            return Edit(after, EventKind.OVERRIDE, text, known, None, subject=node)

        return self.writing.edit(site_id, by, taken_back)

    # Prices and priorities

    def set_prices(self, site_id: str, prices: Mapping[str, object], by: By) -> Known:
        """Set the :data:`PRICES` as site files write them; None, or one that is left out, takes it away."""
        problems = [f"{name}: unknown field: there are {', '.join(PRICES)}" for name in prices if name not in PRICES]
        if problems:
            raise SiteError(problems)

        def priced(before: Site) -> Edit:
            wanted = {name: prices.get(name) for name in PRICES}
            try:
                after = Site.model_validate({**dict(before), **wanted})
            except ValidationError as error:
                raise SiteError(problems_of(error, Site)) from None
            old, new = ({name: getattr(site, name) for name in PRICES} for site in (before, after))
            return Edit(after, EventKind.PRICES, "prices", old, new, odd=[*_odd_prices(before, after)])

        return self.writing.edit(site_id, by, priced)

    def set_priorities(self, site_id: str, priorities: Mapping[str, float], by: By) -> Known:
        """Set the priorities of some EVSEs, by uid; those that are not named keep theirs.

        Raises:
            SiteError: there is no such EVSE, or no such priority.
        """

        def preferred(before: Site) -> Edit:
            check_evses("priorities", priorities, before, location_of(before, self.objects))
            text = "priorities: " + ", ".join(f"{uid} {priority:g}" for uid, priority in priorities.items())
            old = {each.evse_uid: each.priority for each in before.evses}
            return Edit(before.with_priorities(priorities), EventKind.PRIORITIES, text[:500], old, priorities)

        return self.writing.edit(site_id, by, preferred)

    # Series

    def upload(self, site_id: str, kind: SeriesKind, node: str, text: bytes, content_type: str, by: By) -> Steps:
        """Take prices of the day ahead, or a forecast, as a file says them; returns the steps.

        Raises:
            WrongInput: the file is wrong, or the series is of no such node.
        """
        site, now = self.get(site_id).site, clock.now()
        _check_node(site, kind, node)
        steps = read_series(kind, text, content_type, site.zone)
        problems = odd(kind, node, steps, site, self.series.known(site_id, now), now)
        if problems and not by.confirmed:
            raise Odd(problems)
        self.series.put(site_id, kind, node, steps, now)
        self._note_series(site_id, EventKind.SERIES, kind, node, steps, by)
        return steps

    def remove_series(self, site_id: str, kind: SeriesKind, node: str, start: datetime, end: datetime, by: By) -> Steps:
        """Take back what was uploaded of a time, so that what the site's file says counts; returns what that was.

        Raises:
            WrongInput: the series is of no such node.
        """
        _check_node(self.get(site_id).site, kind, node)
        steps = self.series.remove(site_id, kind, node, start, end, clock.now())
        if steps:
            self._note_series(site_id, EventKind.SERIES_REMOVED, kind, node, steps, by)
        return steps

    def _note_series(self, site_id: str, event: EventKind, kind: SeriesKind, node: str, steps: Steps, by: By) -> None:
        """Note that steps came or went, and have the site planned."""
        text = f"{kind} from {format_datetime(steps[0].start)} to {format_datetime(steps[-1].end)}"
        self.writing.ledgers.note_event(
            site_id,
            Event(
                at=clock.now(),
                kind=event,
                text=text if node == GRID else f"{text}, {node}",
                author=by.author,
                reason=by.reason,
                subject=kind,
            ),
        )
        self.writing.wake(site_id)

    def measure(self, site_id: str, at: datetime, measured: Measured, by: By, node: str = GRID) -> None:
        """Take what meters say. More base load than what counted asks for a plan.

        Raises:
            WrongInput: it was long ago or is yet to come, or there is no such node.
        """
        site, now, at = self.get(site_id).site, clock.now(), at.replace(microsecond=0)
        branch = site.branch(node)
        check_measured_at(at, now)
        known = self.series.known(site_id, now)
        strange = [
            problem
            for kind, of_node, kw in measured.values(node)
            for problem in odd_measurement(kind, of_node, at, kw, site, known)
        ]
        if strange and not by.confirmed:
            raise Odd(strange)
        counted_kw = Worth(site, known, now).base_load_kw(branch, now)
        for kind, of_node, kw in measured.values(node):
            self.series.measured(site_id, kind, of_node, at, kw, now)
        if at > now - FRESH and (measured.base_load_kw or 0.0) > counted_kw + _A_BIT_KW:
            self.writing.wake(site_id)

    def _check_partner(self, site: Site) -> None:
        if self.partners.get(site.partner_id) is None:
            raise SiteError([f"partner_id: there is no partner {site.partner_id!r}"])


def _same(one: Override, other: Override, now: datetime) -> bool:
    """Whether two overrides are one that was sent twice: then both may hold from now on, as of when they were sent."""
    parts = ("limit_a", "limit_kw", "end", "reason", "author")
    begun = max(one.begins, other.begins) <= now
    return all(getattr(one, part) == getattr(other, part) for part in parts) and (begun or one.start == other.start)


def _check_node(site: Site, kind: SeriesKind, node: str) -> None:
    """Raises:
    SiteError: there is no such node, or the series is of the whole site.
    """
    if node != GRID and not kind.is_of_a_node:
        raise SiteError([f"node: {kind} is of the whole site: leave the node out"])
    site.branch(node)


def _odd_prices(before: Site, after: Site) -> Iterator[str]:
    """Prices that were hardly meant in the currencies that are in use for them, a line each."""
    for name in ("price_per_kwh", "feed_in_per_kwh"):
        highest, known = (_highest(getattr(site, name)) for site in (after, before))
        if highest > MOST_PER_KWH and highest > 2 * known:
            yield f"{name}: {highest:g} for a kWh is very much: is it in cents, or for a MWh?"


def _highest(rates: Rates | None) -> float:
    match rates:
        case None:
            return 0.0
        case TimeOfUse():
            return max([rates.base, *(each.value for each in rates.weekly)])
        case tuple():
            return max(rates)
    return rates


def _document(site: Site) -> wire.JsonObject:
    return wire.loads_object(wire.dumps(site))
