"""Every edit of a site, for the energy API and the command line alike.

A site is read, changed, looked over for oddities, and written together with who changed what; then it is planned anew
at once. Who edits what somebody else has changed meanwhile is told by whom.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel, ValidationError

from ocpi import clock, wire
from ocpi.energy.signals import acknowledge, cap_of, same
from ocpi.logs import logger
from ocpi.push.messages import Reason, SiteMessage
from ocpi.push.queue import FifoQueue, NotSent
from ocpi.sites.limits import Limit, Override, WeeklyLimit, span
from ocpi.sites.reading import problems_of
from ocpi.sites.record import Event, EventKind, Signal
from ocpi.sites.series import FRESH, SeriesKind, Worth
from ocpi.sites.site import GRID, LocationRef, Rates, Site, SiteError, parse_site
from ocpi.sites.steps import Steps
from ocpi.sites.time_of_use import TimeOfUse
from ocpi.sites.upload import MOST_PER_KWH, check_measured_at, odd, odd_measurement, read_series
from ocpi.store.keys import ObjectId
from ocpi.store.ledgers import Ledgers
from ocpi.store.partners import Partners
from ocpi.store.series import SeriesStore
from ocpi.store.sites import SiteConfig, Sites
from ocpi.store.table import Busy, Conflict, attempts
from ocpi.types.primitives import format_datetime

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

LONGEST_KEPT = 50_000
"""So many characters of what was before an edit, and after it, are kept with it; what is longer is in the backups."""

LONGEST_SITE = 300_000
"""So many characters a site may have: it is one item of the table."""

PRICES = ("price_per_kwh", "feed_in_per_kwh", "demand_charge")
"""What of a site says what energy costs."""

_A_BIT_KW = 0.05
"""A measurement that is no further above what counted needs no new plan."""


@dataclass(frozen=True)
class By:
    """Who edits a site, and on what terms.

    `revision` is the one that was looked at: if the site has another by now, nothing is changed. None is for edits
    that go together with any other. `confirmed` takes odd values, too. `reason` is what the audit trail says of it.
    """

    author: str
    revision: str | None = None
    confirmed: bool = False
    reason: str | None = None


@dataclass(frozen=True)
class Known:
    """A site as it is stored; `revision` changes with every write."""

    site: Site
    revision: str


class NoSuchSite(Exception):
    """There is no site of that id."""


class Unreadable(Exception):
    """The site was written by another version of us, in a way that this one cannot read; it can be described anew."""


class NoSuchSignal(Exception):
    """There is no signal of that id."""


class SignalChanged(Exception):
    """A signal of that id is there already, with other content."""


class Changed(Exception):
    """Somebody else has changed the site since it was read: `by` whom, `what` and when (None: it is not known)."""

    def __init__(self, by: str | None, what: str | None, at: datetime | None) -> None:
        super().__init__(by, what, at)
        self.by = by
        self.what = what
        self.at = at


class Taken(SiteError):
    """Another site stands for the Location already: `site_id`."""

    def __init__(self, site_id: str) -> None:
        super().__init__(["location: another site stands for it already"])
        self.site_id = site_id


class Odd(Exception):
    """What is asked for can be, but hardly is meant: `problems` has one line each, beginning with its path."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


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
class Edit:
    """What becomes of a site: how it is `after`, and what the audit trail says of it.

    Args:
        after: the new site.
        kind: what the event is about.
        text: what was done, in a line.
        before: what was there before, as far as it concerns the edit.
        now: what is there now instead.
        subject: a node, or a signal.
        odd: what has to be confirmed first.
        noted: what is written with it.
    """

    after: Site
    kind: EventKind
    text: str
    before: object
    now: object
    subject: str = ""
    odd: Sequence[str] = ()
    noted: "Sequence[TransactWriteItemTypeDef]" = ()


@dataclass(frozen=True)
class Desk:
    """Where sites are edited.

    All edits raise :class:`NoSuchSite`; :class:`Changed` if `by.revision` is not the site's any more; :class:`Odd`
    unless `by.confirmed`; and SiteError where the site could not be, one line for each wrong place. An edit that
    changes nothing is not written.

    Args:
        sites: where they are stored.
        ledgers: what has happened at them: where edits are noted.
        series: prices, base load and solar power over time.
        partners: who has the Locations that sites stand for.
        queue: hears at once that a site is to be planned.
    """

    sites: Sites
    ledgers: Ledgers
    series: SeriesStore
    partners: Partners
    queue: FifoQueue

    def get(self, site_id: str) -> Known:
        """The site as it is stored."""
        known, _ = self._read(site_id)
        return known

    # The site as a whole

    def create(self, document: bytes, by: By) -> Known:
        """Describe a new site.

        Raises:
            Changed: there is one of that id already.
            Taken: another site stands for its Location.
        """
        site = self._described(document)
        if any(branch.calendar.limits.caps for branch in site.branches()):
            raise SiteError(["limits.caps: they come by grid operators' signals: leave them out"])
        config = self.sites.config(site.id)
        if config:
            raise _changed(config)
        site = _signed(site, None, by.author)
        edit = Edit(site, EventKind.SITE, "the site, which is new", None, _document(site), odd=site.odd(None))
        try:
            return self._write(edit, None, by)
        except Conflict:
            config = self.sites.config(site.id)
            raise (_changed(config) if config else Busy) from None

    def replace(self, site_id: str, document: bytes, by: By) -> Known:
        """Describe a site anew. What grid operators have signalled stays as it is.

        Raises:
            Taken: another site stands for its Location.
        """
        described = self._described(document)
        if described.id != site_id:
            raise SiteError([f"id: must be {site_id!r}, as the site is called"])

        def described_anew(before: Site) -> Edit:
            after = _signed(_with_caps_of(described, before), before, by.author)
            old, new = _document(before), _document(after)
            changed = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
            then, now = ({name: each.get(name) for name in changed} for each in (old, new))
            return Edit(after, EventKind.SITE, f"the site: {', '.join(changed)}", then, now)

        try:
            return self._edit(site_id, by, described_anew)
        except Unreadable:
            return self._replace_unreadable(described, by)

    def _replace_unreadable(self, site: Site, by: By) -> Known:
        config = self.sites.config(site.id)
        if config and by.revision not in (None, config.revision):
            raise _changed(config)
        after = _signed(site, None, by.author)
        return self._write(
            Edit(after, EventKind.SITE, "the site, which could not be read", None, _document(after)), config, by
        )

    # Limits

    def set_base(self, site_id: str, node: str, limit: Limit, by: By) -> Known:
        """Set the limit that holds where nothing else does."""

        def based(before: Site) -> Edit:
            text = f"limit of {node}: {_said(limit)}"
            return Edit(
                before.with_base(node, limit), EventKind.LIMIT, text, before.limits_of(node).base, limit, subject=node
            )

        return self._edit(site_id, by, based)

    def set_weekly(self, site_id: str, node: str, weekly: Sequence[WeeklyLimit], by: By) -> Known:
        """Set the weekly calendar of a limit."""

        def scheduled(before: Site) -> Edit:
            text = f"weekly limits of {node}: {len(weekly) or 'none'}"
            known = before.limits_of(node).weekly
            return Edit(before.with_weekly(node, weekly), EventKind.WEEKLY, text, known, weekly, subject=node)

        return self._edit(site_id, by, scheduled)

    def add_override(self, site_id: str, node: str, override: Override, by: By) -> Known:
        """Let another limit hold for a while; the same override again changes nothing."""

        def overridden(before: Site) -> Edit:
            known = before.limits_of(node).overrides
            added = override in known
            after = before if added else before.with_override(node, override)
            text = f"limit of {node} {span(override)}: {_said(override)}"
            return Edit(after, EventKind.OVERRIDE, text, None, override, subject=node)

        return self._edit(site_id, by, overridden)

    def remove_override(self, site_id: str, node: str, override_id: str, by: By) -> Known:
        """Take an override back."""

        def taken_back(before: Site) -> Edit:
            after = before.without_override(node, override_id)
            (known,) = (each for each in before.limits_of(node).overrides if each.id == override_id)
            text = f"limit of {node} {span(known)}: no longer {_said(known)}"
            return Edit(after, EventKind.OVERRIDE, text, known, None, subject=node)

        return self._edit(site_id, by, taken_back)

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

        return self._edit(site_id, by, priced)

    def set_priorities(self, site_id: str, priorities: Mapping[str, float], by: By) -> Known:
        """Set the priorities of some EVSEs, by uid; those that are not named keep theirs."""

        def preferred(before: Site) -> Edit:
            text = "priorities: " + ", ".join(f"{uid} {priority:g}" for uid, priority in priorities.items())
            old = {each.evse_uid: each.priority for each in before.evses}
            return Edit(before.with_priorities(priorities), EventKind.PRIORITIES, text[:500], old, priorities)

        return self._edit(site_id, by, preferred)

    # Series

    def upload(self, site_id: str, kind: SeriesKind, node: str, text: bytes, content_type: str, by: By) -> Steps:
        """Take prices of the day ahead, or a forecast, as a file says them; returns the steps.

        Raises:
            WrongInput: the file is wrong, or the series is of no such node.
        """
        site, now = self.get(site_id).site, clock.now()
        if node != GRID and not kind.is_of_a_node:
            raise SiteError([f"node: {kind} is of the whole site: leave the node out"])
        site.branch(node)
        steps = read_series(kind, text, content_type, site.zone)
        problems = odd(kind, node, steps, site, self.series.known(site_id, now), now)
        if problems and not by.confirmed:
            raise Odd(problems)
        self.series.put(site_id, kind, node, steps, now)
        text_of = f"{kind} from {format_datetime(steps[0].start)} to {format_datetime(steps[-1].end)}"
        named = text_of if node == GRID else f"{text_of}, {node}"
        self.ledgers.note_event(
            site_id,
            Event(at=now, kind=EventKind.SERIES, text=named, author=by.author, reason=by.reason, subject=kind),
        )
        self._wake(site_id)
        return steps

    def measure(self, site_id: str, at: datetime, measured: Measured, by: By, node: str = GRID) -> None:
        """Take what meters say. More base load than what counted asks for a plan.

        Raises:
            WrongInput: it was long ago or is yet to come, or there is no such node.
        """
        site, now, at = self.get(site_id).site, clock.now(), at.replace(microsecond=0)
        branch = site.branch(node)
        check_measured_at(at, now)
        strange = [
            problem
            for kind, of_node, kw in measured.values(node)
            for problem in odd_measurement(kind, of_node, at, kw, site)
        ]
        if strange and not by.confirmed:
            raise Odd(strange)
        counted_kw = Worth(site, self.series.known(site_id, now), now).base_load_kw(branch, now)
        for kind, of_node, kw in measured.values(node):
            self.series.measured(site_id, kind, of_node, at, kw, now)
        if at > now - FRESH and (measured.base_load_kw or 0.0) > counted_kw + _A_BIT_KW:
            self._wake(site_id)

    # Grid operators' signals

    def signal(self, site_id: str, signal: Signal, by: By) -> Signal:
        """Curtail: take a grid operator's signal and say what will be done; the same one again changes nothing.

        A limit that is oddly low is taken all the same, with a warning: it is no danger to the grid.

        Raises:
            SignalChanged: there is one with its id and other content.
        """
        for _ in attempts():
            known = self.ledgers.signal(site_id, signal.signal_id)
            if known:
                if not same(known, signal):
                    raise SignalChanged
                return known
            try:
                return self._take(site_id, signal, by)
            except Conflict:
                continue
        raise AssertionError  # attempts() raises Busy

    def _take(self, site_id: str, signal: Signal, by: By) -> Signal:
        before, config = self._read(site_id)
        cap, now = cap_of(signal), signal.received_at
        after = before.site.pruned(now).with_cap(cap, signal.node)
        branch = before.site.branch(signal.node)
        raised = branch.power_kw(cap) > branch.power_kw(branch.calendar.limits.base)
        strange = after.odd(before.site)
        worth = Worth(before.site, self.series.known(site_id, now), now)
        taken = acknowledge(after, worth, signal, odd=() if raised else tuple(strange))
        text = f"signal {signal.signal_id}: limit of {signal.node} {span(cap)}: {_said(cap)}"
        edit = Edit(
            after,
            EventKind.SIGNAL,
            text,
            None,
            cap,
            subject=signal.signal_id,
            odd=strange if raised else (),
            noted=[self.ledgers.signal_action(site_id, taken)],
        )
        self._write(edit, config, replace(by, reason=by.reason or signal.reason))
        return taken

    def cancel_signal(self, site_id: str, signal_id: str, by: By) -> Signal:
        """Take a signal back; one that is over or was taken back already stays as it is.

        Raises:
            NoSuchSignal: there is none of that id.
        """
        for _ in attempts():
            known, now = self.ledgers.signal(site_id, signal_id), clock.now()
            if known is None:
                raise NoSuchSignal
            if known.cancelled_at or known.end <= now:
                return known
            before, config = self._read(site_id)
            cancelled = known.model_copy(update={"cancelled_at": now})
            edit = Edit(
                before.site.without_cap(signal_id),
                EventKind.SIGNAL_CANCELLED,
                f"signal {signal_id}: taken back",
                cap_of(known),
                None,
                subject=signal_id,
                noted=[self.ledgers.signal_action(site_id, cancelled, known)],
            )
            try:
                self._write(edit, config, by)
            except Conflict:
                continue
            return cancelled
        raise AssertionError  # attempts() raises Busy

    # How an edit is done

    def _edit(self, site_id: str, by: By, change: Callable[[Site], Edit]) -> Known:
        """Do an edit; one that goes together with any other is tried again on what somebody else has written."""
        for _ in attempts():
            known, config = self._read(site_id)
            if by.revision not in (None, known.revision):
                raise _changed(config)
            edit = change(known.site)
            if edit.after == known.site:
                return known
            strange = edit.after.odd(known.site)
            try:
                return self._write(replace(edit, odd=[*edit.odd, *strange]), config, by)
            except Conflict:
                continue
        raise AssertionError  # attempts() raises Busy

    def _write(self, edit: Edit, config: SiteConfig | None, by: By) -> Known:
        """Write a site with what the audit trail says of it, and have it planned.

        Raises:
            Conflict: somebody else has written it meanwhile.
            Taken: another site stands for its Location.
        """
        if edit.odd and not by.confirmed:
            raise Odd(edit.odd)
        now = clock.now()
        site = edit.after.pruned(now)
        document = wire.dumps(site).decode()
        if len(document) > LONGEST_SITE:
            raise SiteError([f"the site has {len(document):,} characters: {LONGEST_SITE:,} are the most"])
        event = Event(
            at=now,
            kind=edit.kind,
            text=edit.text,
            author=by.author,
            reason=by.reason,
            before=_kept(edit.before),
            after=_kept(edit.now),
            subject=edit.subject,
        )
        location, before = site.location.of(site.partner_id), _stands_for(config)
        try:
            revision = self.sites.put_config(
                site.id,
                document,
                location,
                config,
                before if before and before.text != location.text else None,
                change=event.model_dump_json(include={"at", "kind", "text", "author"}),
                noted=[self.ledgers.event_action(site.id, event), *edit.noted],
            )
        except Conflict:
            owner = self.sites.site_of(location.text)
            if owner not in (None, site.id):
                raise Taken(owner) from None
            raise
        self._wake(site.id)
        return Known(site, revision)

    def _read(self, site_id: str) -> tuple[Known, SiteConfig]:
        config = self.sites.config(site_id)
        if config is None:
            raise NoSuchSite(site_id)
        try:
            return Known(_in_full(parse_site(config.document)), config.revision), config
        except SiteError as error:
            raise Unreadable(f"site {site_id!r}: {error}") from None

    def _described(self, document: bytes) -> Site:
        site = _in_full(parse_site(document))
        if self.partners.get(site.partner_id) is None:
            raise SiteError([f"partner_id: there is no partner {site.partner_id!r}"])
        return site

    def _wake(self, site_id: str) -> None:
        """Have a site planned at once. What is written in the table is noticed anyhow, if some seconds later."""
        try:
            message = SiteMessage(site_id=site_id, reason=Reason.SITE)
            self.queue.send([(message.group, message)])
        except (NotSent, BotoCoreError, ClientError):
            logger.exception("a site was not put on the queue at once", site_id=site_id)


class _Standing(BaseModel):
    """What a stored site stands for, also one that another version of us has written and this one cannot read."""

    partner_id: str
    location: LocationRef


def _stands_for(config: SiteConfig | None) -> ObjectId | None:
    try:
        standing = _Standing.model_validate_json(config.document) if config else None
    except ValidationError:
        return None
    return standing.location.of(standing.partner_id) if standing else None


def _changed(config: SiteConfig) -> Changed:
    event = Event.model_validate_json(config.change) if config.change else None
    return Changed(event.author, event.text, event.at) if event else Changed(None, None, None)


def _in_full(site: Site) -> Site:
    """The site with all limits as a base, a calendar and what is dated, also if they were given as periods."""
    feeders = tuple(each.model_copy(update={"limits": each.all_limits}) for each in site.feeders)
    return site.model_copy(update={"limits": site.all_limits, "feeders": feeders})


def _signed(site: Site, before: Site | None, author: str) -> Site:
    """The site with its new overrides in the name of who has described it."""
    known = {each.id: each.calendar.limits.overrides for each in before.branches()} if before else {}
    for branch in site.branches():
        for override in branch.calendar.limits.overrides:
            if override not in known.get(branch.id, ()):
                named = override.model_copy(update={"author": author})
                site = site.without_override(branch.id, override.id).with_override(branch.id, named)
    return site


def _with_caps_of(site: Site, before: Site) -> Site:
    """The site with the caps that were there before, whatever its description says of them."""
    nodes = {branch.id for branch in site.branches()}
    for branch in site.branches():
        for cap in branch.calendar.limits.caps:
            site = site.without_cap(cap.signal_id)
    for branch in before.branches():
        for cap in branch.calendar.limits.caps:
            if branch.id not in nodes:
                until = format_datetime(cap.end)
                raise SiteError([f"feeders: {branch.id!r} must stay until {until}: signal {cap.signal_id} limits it"])
            site = site.with_cap(cap, branch.id)
    return site


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


def _kept(part: object) -> str | None:
    """What was before or after an edit, as JSON."""
    if part is None:
        return None
    text = wire.dumps(part).decode()
    return text if len(text) <= LONGEST_KEPT else None


def _said(limit: Limit) -> str:
    """A limit for people."""
    if limit.limit_a is None:
        return f"{limit.limit_kw:g} kW"
    return ", ".join(f"{phase} {limit_a:g} A" for phase, limit_a in limit.limit_a.items())
