"""Getting from a partner what it owns, by its lists: at first, now and then, and after an outage (TRA-45)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import batched
from urllib.parse import urlencode
from uuid import uuid4

from ocpi import clock
from ocpi.parties.calling import Calling, address
from ocpi.parties.own import INTERFACES, OwnPlatform
from ocpi.parties.progress import NotDue, begun, came_to, ended, failed, those_that_tell, unfinished
from ocpi.parties.rhythm import USUAL, Rhythm
from ocpi.parties.taking import Missing, Pulled, Stock, Taking, changed_since
from ocpi.store.lists import Lists
from ocpi.store.objects import Objects
from ocpi.store.partner import Partner
from ocpi.store.pulls import MAX_REASON_LENGTH, MOST_EXAMPLES, Checkpoint, PulledList, PullRecord, Pulls, Skipped
from ocpi.store.table import Busy
from ocpi.transport.client import PartnerUnreachable
from ocpi.transport.crawling import BrokenList, FetchedPage, Place, crawl
from ocpi.transport.headers import Routing
from ocpi.types.credentials import CredentialsRole
from ocpi.types.parties import Party
from ocpi.types.primitives import Role, format_datetime
from ocpi.types.versions import InterfaceRole, ModuleID

MODULES = (
    ModuleID.HUB_CLIENT_INFO,
    ModuleID.LOCATIONS,
    ModuleID.TARIFFS,
    ModuleID.TOKENS,
    ModuleID.SESSIONS,
    ModuleID.CDRS,
)
"""The modules that have lists."""

EVER = datetime(1970, 1, 1, tzinfo=UTC)
"""The `date_from` of all Sessions, whose list is never asked for without one (SES-01)."""

_BY_PARTY = (ModuleID.SESSIONS, ModuleID.CDRS)
"""Lists that show each of our parties what concerns its own drivers."""

_REPLACED = (ModuleID.LOCATIONS, ModuleID.TARIFFS)
"""What is no longer valid once a full list does not have it (LOC-05, TAR-02). Tokens are never taken away (TOK-08)."""

_FULL_BY_ITSELF = (*_REPLACED, ModuleID.TOKENS)
"""What all there is of it is asked for now and then. Sessions and CDRs grow for ever, and none of them goes."""

PAGE = 100
"""How many objects a page is asked to have: a server may have more by itself than we read of one answer (TRA-19)."""

LET_GO_AT_ONCE = 100
"""After so many it is noted how far it is, as after a page."""

OFFLINE_FOR = timedelta(days=30)
"""A hub may have been without the Sessions and CDRs of a party for so long before the last pull: it was offline."""

MOST_BEHIND = timedelta(hours=1)
"""A partner's clock that is further behind than this is none to go by."""

type Progress = Callable[[Pulled, int | None], None]
"""Is told after each page how far it is, and how many objects the partner says there are."""


@dataclass(frozen=True)
class Pulling:
    """Pulls the lists of partners."""

    own: OwnPlatform
    objects: Objects
    lists: Lists
    pulls: Pulls
    calling: Calling
    rhythm: Rhythm = USUAL

    def modules(self, partner: Partner) -> list[ModuleID]:
        """What there is to pull."""
        return modules(self.own, partner)

    def pull(
        self,
        partner: Partner,
        module: ModuleID,
        progress: Progress = lambda _pulled, _total: None,
        *,
        since: datetime | None = None,
        full: bool = False,
    ) -> Pulled:
        """Store what the partner's list has, newest wins; an object that is wrong is left out (TRA-29, decision 35).

        Args:
            partner: whose list.
            module: which list.
            progress: is told after each page.
            since: what has changed since then; else since the last pull began that came to its end (TRA-45). Of a hub
                it is 30 days more of Sessions and CDRs, and else everything: it may not have had the objects of a party
                then that was offline.
            full: all there is, whenever it changed. Locations and Tariffs that are on no page are then no longer listed
                (LOC-05, TAR-02).
        """
        pulled = Pulled(module)
        for asked in lists_of(self.own, partner, module):
            begins = since if since or full else _since(partner, self.pulls.get(asked))
            reading = _Reading(self, partner, asked, pulled, progress, remembered=since is None)
            reading.read(_start(partner, module, begins, full=full))
            if pulled.error:
                break
        return pulled

    def pull_due(self, partner: Partner, module: ModuleID, in_time: Callable[[], bool]) -> Iterator[Pulled]:
        """Pull the lists of a module that are due, from where the last pull was broken off.

        Args:
            partner: whose lists.
            module: which lists.
            in_time: whether there is time for more. Once there is none, the list stays due as of now.
        """
        for asked in lists_of(self.own, partner, module) if module in self.modules(partner) else ():
            if not in_time():
                return
            now = clock.now()
            try:
                record = self.pulls.change(asked, partial(begun, now=now))
            except NotDue:
                continue
            full = module in _FULL_BY_ITSELF and self.rhythm.is_full(record, now)
            begins = None if full else _since(partner, record)
            pulled = Pulled(module)
            reading = _Reading(self, partner, asked, pulled, in_time=in_time)
            reading.read(unfinished(record, now) or _start(partner, module, begins, full=full))
            yield pulled


def modules(own: OwnPlatform, partner: Partner) -> list[ModuleID]:
    """What there is to pull of a partner: we are a receiver of it, and the partner offers its list."""
    return [
        module
        for module in MODULES
        if (module, InterfaceRole.RECEIVER) in own.interfaces and partner.endpoint(module, InterfaceRole.SENDER)
    ]


def lists_of(own: OwnPlatform, partner: Partner, module: ModuleID) -> Iterator[PulledList]:
    """Who asks whom for a module; a hub answers for all who are connected to it (ROU-20, ROU-26)."""
    if module is ModuleID.HUB_CLIENT_INFO:  # a configuration module (ROU-02)
        yield PulledList(partner.id, module)
        return
    ours = _parties(own.roles, module, InterfaceRole.RECEIVER)
    hub = partner.party(Role.HUB)
    theirs = [hub] if hub else _parties(partner.roles, module, InterfaceRole.SENDER)
    for own_party in ours if module in _BY_PARTY else ours[:1]:
        for party in theirs:
            yield PulledList(partner.id, module, own_party, party)


@dataclass
class _Reading:
    """One list that is being read."""

    pulling: Pulling
    partner: Partner
    asked: PulledList
    pulled: Pulled
    progress: Progress = lambda _pulled, _total: None
    in_time: Callable[[], bool] = lambda: True
    remembered: bool = True
    """Whether the next pull goes on from this one."""

    def read(self, reached: Checkpoint) -> None:
        """Read the list from there to its end, or until time is up or something is wrong."""
        try:
            self._read(reached)
        except (BrokenList, PartnerUnreachable, Busy) as error:
            self.pulled.error = str(error)
            if self.remembered:
                self._change(partial(failed, error=error, now=clock.now()))

    def _read(self, reached: Checkpoint) -> None:
        if not reached.at_end:
            for page in self._pages(reached.place):
                reached = self._take(page, reached)
                self.progress(self.pulled, page.total)
                if page.following and not self._goes_on(reached):
                    return
        self._end(reached)

    def _pages(self, place: Place) -> Iterator[FetchedPage]:
        asked = self.asked
        routing = Routing(asked.own_party, asked.party) if asked.party else None
        home = address(self.partner, asked.module, InterfaceRole.SENDER)
        return crawl(self.pulling.calling.client(self.partner, routing), home, place)

    def _goes_on(self, reached: Checkpoint) -> bool:
        """Note how far it is; returns whether there is time for more."""
        in_time = self.in_time()
        if self.remembered:
            self._change(partial(came_to, reached=reached, paused=None if in_time else clock.now()))
        return in_time

    def _take(self, page: FetchedPage, reached: Checkpoint) -> Checkpoint:
        pulled = self.pulled
        pulled.pages += 1
        if reached.place.pages == 0 and page.dated and page.dated + MOST_BEHIND > reached.began:
            reached = reached.model_copy(update={"begins_next": min(reached.begins_next, page.dated)})
        before = len(pulled.skipped)
        taking = Taking(self.pulling.own, self.pulling.objects, self.partner, pulled)
        names = [
            taking.take(item, f"object {place} of page {pulled.pages}") for place, item in enumerate(page.items, 1)
        ]
        if _sweeps(reached, self.asked.module):
            self.pulling.pulls.see(reached.pull_id, (name for name in names if name is not None))
        skipped = pulled.skipped[before:]
        longer_or_shorter = reached.place.pages > 0 and page.total != reached.place.total
        moved = longer_or_shorter or any(changed_since(item, reached.begins_next) for item in page.items)
        return reached.model_copy(
            update={
                "place": page.following or reached.place,
                "objects": reached.objects + len(page.items) - len(skipped),
                "skipped": reached.skipped + len(skipped),
                "examples": (*reached.examples, *map(_short, skipped))[:MOST_EXAMPLES],
                "moved": reached.moved or moved,
            }
        )

    def _end(self, reached: Checkpoint) -> None:
        record = self.pulling.pulls.get(self.asked)
        lacking = self._lacking([reached])
        told = those_that_tell(record, reached, many=lacking.many)
        if lacking.objects and not told:
            self.pulled.missing += len(lacking.objects)
        elif lacking.objects and not self._let_go(told, lacking, reached.model_copy(update={"at_end": True})):
            return
        if self.remembered:
            next_at = self.pulling.rhythm.following(self.partner, self.asked, clock.now())
            self._change(partial(ended, reached=reached, next_at=next_at, sure=bool(told)))

    def _lacking(self, told: Sequence[Checkpoint]) -> Missing:
        """What full pulls have not brought, if it is let go of."""
        if not all(_sweeps(each, self.asked.module) for each in told):
            return Missing()
        seen = set[str]().union(*(self.pulling.pulls.seen(each.pull_id) for each in told))
        owner = None if self.partner.is_hub else self.asked.party
        return Stock(self.pulling.lists, self.partner, self.asked.module).missing(seen, owner)

    def _let_go(self, told: Sequence[Checkpoint], lacking: Missing, reached: Checkpoint) -> bool:
        """Take what is gone out of our lists; returns whether there was time for all.

        From here on the list is not read again: whoever goes on finds in our lists what is still to go.
        """
        if len(told) > 1:
            lacking = self._lacking(told)
        since = min(each.began for each in told)
        for some in batched(lacking.objects, LET_GO_AT_ONCE, strict=False):
            if not self._goes_on(reached):
                return False
            self.pulled.gone += sum(self.pulling.objects.unlist(object_id, since) for object_id in some)
        return True

    def _change(self, change: Callable[[PullRecord], PullRecord]) -> None:
        self.pulling.pulls.change(self.asked, change)


def _sweeps(reached: Checkpoint, module: ModuleID) -> bool:
    """Whether what is not on the list is let go of."""
    return reached.full and module in _REPLACED


def _start(partner: Partner, module: ModuleID, since: datetime | None, *, full: bool) -> Checkpoint:
    now = clock.now()
    place = Place(_url(partner, module, since))
    return Checkpoint(pull_id=uuid4().hex, began=now, begins_next=now, full=full, place=place, objects=0, skipped=0)


def _since(partner: Partner, record: PullRecord) -> datetime | None:
    if not partner.is_hub:
        return record.since
    return record.since - OFFLINE_FOR if record.since and record.module in _BY_PARTY else None


def _short(skipped: Skipped) -> Skipped:
    return replace(skipped, reason=skipped.reason[:MAX_REASON_LENGTH])


def _url(partner: Partner, module: ModuleID, since: datetime | None) -> str:
    url = address(partner, module, InterfaceRole.SENDER)
    if since is None and module is ModuleID.SESSIONS:
        since = EVER
    filtered = {"date_from": format_datetime(since)} if since else {}
    return f"{url}?{urlencode(filtered | {'limit': PAGE})}"


def _parties(roles: Sequence[CredentialsRole], module: ModuleID, side: InterfaceRole) -> list[Party]:
    """The parties among `roles` that have one side of a module; all of them if none has by the book."""
    having = [role for role in roles if (module, side) in INTERFACES[role.role]] or roles
    return list(dict.fromkeys(Party(role.country_code, role.party_id) for role in having))
