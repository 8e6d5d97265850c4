"""Getting from a partner what it owns, by its lists: at first, now and then, and after an outage (TRA-45)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from urllib.parse import urlencode
from uuid import uuid4

from ocpi import clock
from ocpi.parties.calling import Calling, address
from ocpi.parties.own import INTERFACES, OwnPlatform
from ocpi.parties.rhythm import LONGEST_WAIT, USUAL, Rhythm, backoff, is_due
from ocpi.parties.taking import Pulled, Taking, Vanished, changed_since
from ocpi.store.lists import Lists
from ocpi.store.objects import Objects
from ocpi.store.partner import Partner
from ocpi.store.pulls import (
    MAX_REASON_LENGTH,
    MOST_EXAMPLES,
    SEEN_KEPT,
    Checkpoint,
    PulledList,
    PullRecord,
    Pulls,
    Skipped,
)
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

LEASE = timedelta(minutes=20)
"""For so long nobody else takes up a pull that has begun; longer than a function may run."""

GOES_ON_FOR = timedelta(hours=12)
"""A pull that was broken off is gone on with for so long after it began; then it begins anew."""

FAILURES_AT_ONE_PAGE = 5
"""After so many in a row a pull that was broken off begins anew."""

LONGEST_OVERLAP = timedelta(days=1)
"""Where the list has moved in each pull, the next one asks again for what has changed in so much time."""

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
                it is everything: it may not have had the objects of a party then that was offline.
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
            in_time: whether there is time for a further page. Once there is none, the list stays due as of now.
        """
        for asked in lists_of(self.own, partner, module) if module in self.modules(partner) else ():
            now = clock.now()
            if not is_due(self.pulls.get(asked), now):
                continue
            if not in_time():
                return
            record = self.pulls.change(asked, partial(_begun, now=now))
            full = module in _FULL_BY_ITSELF and self.rhythm.is_full(record, now)
            begins = None if full else _since(partner, record)
            pulled = Pulled(module)
            reading = _Reading(self, partner, asked, pulled, in_time=in_time)
            reading.read(_unfinished(record, now) or _start(partner, module, begins, full=full))
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
                self._change(partial(_failed, error=error, now=clock.now()))

    def _read(self, reached: Checkpoint) -> None:
        pulling, asked = self.pulling, self.asked
        routing = Routing(asked.own_party, asked.party) if asked.party else None
        home = address(self.partner, asked.module, InterfaceRole.SENDER)
        for page in crawl(pulling.calling.client(self.partner, routing), home, reached.place):
            reached = self._take(page, reached)
            self.progress(self.pulled, page.total)
            if page.following and self.remembered:
                paused = not self.in_time()
                self._change(partial(_came_to, reached=reached, paused=paused))
                if paused:
                    return
        self._end(reached)

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
        if _sweeps(reached, self.asked.module):
            self.pulled.gone += self._let_go(reached, record)
        if self.remembered:
            now = clock.now()
            next_at = self.pulling.rhythm.following(self.partner, self.asked, now)
            self._change(partial(_ended, reached=reached, next_at=next_at))

    def _let_go(self, reached: Checkpoint, record: PullRecord) -> int:
        """What is not on a list that moved meanwhile may have been missed, once; hardly twice."""
        told = _what_tells_what_is_gone(record, reached)
        if not told:
            return 0
        seen = set[str]().union(*(self.pulling.pulls.seen(each.pull_id) for each in told))
        owner = None if self.partner.is_hub else self.asked.party
        vanished = Vanished(self.pulling.objects, self.pulling.lists, self.partner, self.asked.module)
        return vanished.let_go(seen, owner, min(each.began for each in told))

    def _change(self, change: Callable[[PullRecord], PullRecord]) -> None:
        self.pulling.pulls.change(self.asked, change)


def _sweeps(reached: Checkpoint, module: ModuleID) -> bool:
    """Whether what is not on the list is let go of."""
    return reached.full and module in _REPLACED


def _has_moved(reached: Checkpoint) -> bool:
    """Whether objects may have been missed between two pages: what is changed or new may stand in for what is gone."""
    return reached.moved and reached.place.pages > 0


def _what_tells_what_is_gone(record: PullRecord, reached: Checkpoint) -> list[Checkpoint]:
    """The full pulls which together tell what the list does not have; none as long as that is not sure."""
    if not reached.full:
        return []
    if not _has_moved(reached):
        return [reached]
    before = record.unsure
    if before is None or before.pull_id == reached.pull_id or before.began + SEEN_KEPT < reached.began:
        return []
    return [before, reached]


def _start(partner: Partner, module: ModuleID, since: datetime | None, *, full: bool) -> Checkpoint:
    now = clock.now()
    place = Place(_url(partner, module, since))
    return Checkpoint(pull_id=uuid4().hex, began=now, begins_next=now, full=full, place=place, objects=0, skipped=0)


def _since(partner: Partner, record: PullRecord) -> datetime | None:
    return None if partner.is_hub else record.since


def _unfinished(record: PullRecord, now: datetime) -> Checkpoint | None:
    """Where to go on with a pull that was broken off, if that is of any use."""
    reached = record.checkpoint
    if reached is None or reached.began + GOES_ON_FOR < now or record.failures > FAILURES_AT_ONE_PAGE:
        return None
    return reached


def _begun(record: PullRecord, now: datetime) -> PullRecord:
    """Until it has come to its end it counts as failed: who began it may have been killed."""
    failures = record.failures + 1
    next_at = now + max(LEASE, backoff(failures))
    return record.model_copy(update={"failures": failures, "next_at": next_at})


def _came_to(record: PullRecord, reached: Checkpoint, *, paused: bool) -> PullRecord:
    """A page was taken; `paused` if the next one is for another time, which is now."""
    changes = {"checkpoint": reached, "failures": 0} | ({"next_at": clock.now()} if paused else {})
    return record.model_copy(update=changes)


def _ended(record: PullRecord, reached: Checkpoint, next_at: datetime) -> PullRecord:
    """After a pull that was broken off, what has changed since it began is not left for later."""
    moved = _has_moved(reached)
    broken_off = record.last_error is not None and record.last_error >= reached.began
    changes: dict[str, object] = {
        "last_success": reached.began,
        "since": _next_since(record, reached) if moved else reached.begins_next,
        "failures": 0,
        "next_at": reached.began if moved and broken_off else next_at,
        "objects": reached.objects,
        "skipped": reached.skipped,
        "examples": reached.examples,
        "checkpoint": None,
    }
    if reached.full:
        sure = bool(_what_tells_what_is_gone(record, reached))
        unsure = reached.model_copy(update={"examples": ()})
        changes |= {"last_full": reached.began, "unsure": None} if sure else {"unsure": unsure}
    return record.model_copy(update=changes)


def _next_since(record: PullRecord, reached: Checkpoint) -> datetime | None:
    """After a pull that may have missed something, the next one asks for the same again."""
    asked_from = record.since or record.last_full
    if record.last_success is None or (asked_from and asked_from + LONGEST_OVERLAP > reached.began):
        return record.since
    return record.last_success


def _failed(record: PullRecord, error: BrokenList | PartnerUnreachable | Busy, now: datetime) -> PullRecord:
    """A list that is wrong is begun anew, and not soon; else the pull goes on where it stopped."""
    broken = isinstance(error, BrokenList)
    wait = LONGEST_WAIT if broken else backoff(max(record.failures, 1))
    if isinstance(error, PartnerUnreachable) and error.retry_after:
        wait = min(max(wait, error.retry_after), LONGEST_WAIT)
    return record.model_copy(
        update={
            "last_error": now,
            "reason": str(error)[:MAX_REASON_LENGTH],
            "failures": max(record.failures, 1),
            "next_at": now + wait,
            "checkpoint": None if broken else record.checkpoint,
        }
    )


def _short(skipped: Skipped) -> Skipped:
    return replace(skipped, reason=skipped.reason[:MAX_REASON_LENGTH])


def _url(partner: Partner, module: ModuleID, since: datetime | None) -> str:
    url = address(partner, module, InterfaceRole.SENDER)
    if since is None and module is ModuleID.SESSIONS:
        since = EVER
    return f"{url}?{urlencode({'date_from': format_datetime(since)})}" if since else url


def _parties(roles: Sequence[CredentialsRole], module: ModuleID, side: InterfaceRole) -> list[Party]:
    """The parties among `roles` that have one side of a module; all of them if none has by the book."""
    having = [role for role in roles if (module, side) in INTERFACES[role.role]] or roles
    return list(dict.fromkeys(Party(role.country_code, role.party_id) for role in having))
