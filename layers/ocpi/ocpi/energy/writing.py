"""How a site is read, and an edit of it written: together with who did it, and with a plan asked for at once."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel, ValidationError

from ocpi import clock, wire
from ocpi.energy.edit import By, Changed, Edit, Known, NoSuchSite, Odd, Taken, Unreadable
from ocpi.logs import logger
from ocpi.push.messages import Reason, SiteMessage
from ocpi.push.queue import FifoQueue, NotSent
from ocpi.sites.record import Event
from ocpi.sites.site import LocationRef, Site, SiteError, parse_site
from ocpi.store.keys import ObjectId
from ocpi.store.ledgers import Ledgers
from ocpi.store.sites import SiteConfig, Sites
from ocpi.store.table import Conflict, attempts

LONGEST_KEPT = 50_000
"""So many characters of what was before an edit, and after it, are kept with it; what is longer is in the backups."""

LONGEST_SITE = 300_000
"""So many characters a site may have: it is one item of the table."""


@dataclass(frozen=True)
class Writing:
    """Where sites are written.

    Args:
        sites: where they are stored.
        ledgers: what has happened at them: where edits are noted.
        queue: hears at once that a site is to be planned.
    """

    sites: Sites
    ledgers: Ledgers
    queue: FifoQueue

    def read(self, site_id: str) -> tuple[Known, SiteConfig]:
        """A site, and the item that it stands in.

        Raises:
            NoSuchSite: there is none.
            Unreadable: it cannot be read.
        """
        config = self.sites.config(site_id)
        if config is None:
            raise NoSuchSite(site_id)
        try:
            return Known(in_full(parse_site(config.document)), config.revision), config
        except SiteError as error:
            raise Unreadable(f"site {site_id!r}: {error}") from None

    def edit(self, site_id: str, by: By, change: Callable[[Site], Edit]) -> Known:
        """Do an edit; one that goes together with any other is tried again on what somebody else has written."""
        for _ in attempts():
            known, config = self.read(site_id)
            if by.revision not in (None, known.revision):
                raise changed(config)
            wanted = change(known.site)
            if wanted.after == known.site:
                return known
            strange = wanted.after.odd(known.site)
            try:
                return self.write(replace(wanted, odd=[*wanted.odd, *strange]), config, by)
            except Conflict:
                continue
        raise AssertionError  # attempts() raises Busy

    def write(self, edit: Edit, config: SiteConfig | None, by: By) -> Known:
        """Write a site with what the audit trail says of it, and have it planned.

        Args:
            edit: what becomes of the site.
            config: the site as it was read, None for a new one.
            by: who does it.

        Raises:
            Odd: it has to be confirmed.
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
        location, before = site.location.of(site.partner_id), stands_for(config)
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
        self.wake(site.id)
        return Known(site, revision)

    def wake(self, site_id: str) -> None:
        """Have a site planned at once. What is written in the table is noticed anyhow, if some seconds later."""
        try:
            message = SiteMessage(site_id=site_id, reason=Reason.SITE)
            self.queue.send([(message.group, message)])
        except (NotSent, BotoCoreError, ClientError):
            logger.exception("a site was not put on the queue at once", site_id=site_id)


def in_full(site: Site) -> Site:
    """The site with all limits as a base, a calendar and what is dated, also if they were given as periods."""
    feeders = tuple(each.model_copy(update={"limits": each.all_limits}) for each in site.feeders)
    return site.model_copy(update={"limits": site.all_limits, "feeders": feeders})


class _Standing(BaseModel):
    """What a stored site stands for, also one that another version of us has written and this one cannot read."""

    partner_id: str
    location: LocationRef


def stands_for(config: SiteConfig | None) -> ObjectId | None:
    """The Location of a stored site; None if it cannot be told."""
    try:
        standing = _Standing.model_validate_json(config.document) if config else None
    except ValidationError:
        return None
    return standing.location.of(standing.partner_id) if standing else None


def changed(config: SiteConfig) -> Changed:
    """That somebody has changed a site, as far as it is known who and what."""
    event = Event.model_validate_json(config.change) if config.change else None
    return Changed(event.author, event.text, event.at) if event else Changed(None, None, None)


def _kept(part: object) -> str | None:
    """What was before or after an edit, as JSON."""
    if part is None:
        return None
    text = wire.dumps(part).decode()
    return text if len(text) <= LONGEST_KEPT else None
