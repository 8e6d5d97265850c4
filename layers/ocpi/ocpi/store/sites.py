"""Sites, what goes on at them now, their plans and the records of optimizer runs."""

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import batched
from typing import TYPE_CHECKING
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, ValidationError

from ocpi import clock, wire
from ocpi.logs import logger
from ocpi.store import keys
from ocpi.store.keys import ObjectId
from ocpi.store.leases import Lease, LeaseLost, Leases
from ocpi.store.profiles import ProfileState
from ocpi.store.table import Busy, Conflict, Item, Table, attempts
from ocpi.types.primitives import format_datetime

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

RUNS_KEPT = timedelta(days=90)
PART_BYTES = 350_000
"""How much of a document goes into one item, which holds 400 kB with its keys."""

PENDED_AT_ONCE = 49
"""Each takes two of the 100 actions of a transaction, and the lease one."""

REQUESTS_KEPT = timedelta(days=1)
PROFILES_KEPT = timedelta(days=365)
"""What is known of a profile outlives its last change by so much, should its session never be completed: longer than
any car stays, for a charge point obeys its profile until then."""


@dataclass(frozen=True)
class SiteConfig:
    """A site as its energy manager described it: `document` is the JSON, `revision` changes with every write.

    `change` is the last one, as JSON of an :class:`ocpi.sites.record.Event`; None if nobody has said what it was.
    """

    document: str
    revision: str
    change: str | None = None


@dataclass
class Place:
    """What goes on at a Location now. Sessions and profiles stand under the session's :attr:`ObjectId.text`.

    Of a session whose profile cannot be read there is only where it is, and of one that cannot be read itself nothing,
    an empty object: it is there all the same, and may draw anything.
    """

    sessions: dict[str, wire.JsonObject] = field(default_factory=dict)
    profiles: dict[str, ProfileState] = field(default_factory=dict)
    revisions: dict[str, str] = field(default_factory=dict)
    """Those of the profiles."""


class ProfileRequest(BaseModel):
    """What a request for a charging profile was about."""

    model_config = ConfigDict(frozen=True)

    partner_id: str
    location: str
    session: str


@dataclass(frozen=True)
class Pending:
    """A request for a charging profile that is to be sent: the state of its session as it will be.

    `revision` is that of the state before, None if there was none.
    """

    request_id: str
    request: ProfileRequest
    state: ProfileState
    revision: str | None


@dataclass(frozen=True)
class Run:
    """A run that is kept: its id begins with its time."""

    id: str
    record: wire.JsonObject


class Sites:
    """The sites table."""

    def __init__(self, table: str) -> None:
        self._table = Table(table)
        self.leases = Leases(table)

    # Sites

    def ids(self) -> list[str]:
        """The ids of all sites."""
        return [item["sk"] for item in self._table.query(keys.SITES)]

    def config(self, site_id: str) -> SiteConfig | None:
        """The site, or None."""
        item = self._table.get(keys.site_config(site_id))
        return SiteConfig(item["document"], item["revision"], item.get("change")) if item else None

    def put_config(
        self,
        site_id: str,
        document: str,
        location: ObjectId,
        known: SiteConfig | None,
        left: ObjectId | None,
        *,
        change: str | None = None,
        noted: "Iterable[TransactWriteItemTypeDef]" = (),
    ) -> str:
        """Create a site, or replace the one that was read as `known`; returns the new revision.

        Args:
            site_id: its id.
            document: the site as JSON.
            location: the Location that it stands for.
            known: what was read before, None for a new site.
            left: the Location that it stood for before, if that is another one.
            change: what was changed by whom, for whoever has the site as it was before.
            noted: what is written with it: all or nothing.

        Raises:
            Conflict: someone else changed the site meanwhile, or another site stands for the Location.
            Busy: someone else writes it at this moment.
        """
        item: Item = {"document": document, "revision": uuid4().hex} | ({"change": change} if change else {})
        unchanged = "revision = :read" if known else "attribute_not_exists(pk)"
        free = "attribute_not_exists(pk) OR site_id = :site"
        actions = [
            self._table.put_action(
                keys.site_config(site_id), item, unchanged, {":read": known.revision} if known else None
            ),
            self._table.put_action(keys.site_entry(site_id), {}),
            self._table.put_action(
                keys.place_site(location.text),
                {"site_id": site_id, "revision": item["revision"]},
                free,
                {":site": site_id},
            ),
            *noted,
        ]
        if left:
            actions.append(self._table.delete_action(keys.place_site(left.text)))
        self._table.transact(actions)
        return str(item["revision"])

    def site_of(self, location: str) -> str | None:
        """The id of the site that a Location belongs to."""
        item = self._table.get(keys.place_site(location))
        return item["site_id"] if item else None

    # What goes on at a Location

    def place(self, location: ObjectId) -> Place:
        """All ongoing sessions at a Location and what is known of their profiles."""
        place = Place()
        unreadable = set()
        for item in self._table.query(keys.place(location.text)):
            kind, _, session = item["sk"].partition("#")
            try:
                if kind + "#" == keys.SESSION:
                    place.sessions[session] = {}
                    place.sessions[session] = _object(item)
                elif kind + "#" == keys.PROFILE:
                    place.profiles[session] = _profile(item)
                    place.revisions[session] = item["revision"]
            except (KeyError, ValidationError, wire.NotJson):
                logger.exception("what goes on cannot be read", kind=kind, session_id=session)
                unreadable.add(session)
        place.sessions |= {session: _where(place.sessions[session]) for session in unreadable & place.sessions.keys()}
        return place

    def begin_session(self, location: str, session: ObjectId, document: str) -> None:
        """A session goes on; `document` is the Session as JSON."""
        self._table.put(keys.ongoing_session(location, session.text), {"document": document})

    def session(self, location: str, session: ObjectId) -> wire.JsonObject | None:
        """A session that goes on, as it was told last; None if it does not."""
        item = self._table.get(keys.ongoing_session(location, session.text))
        return _object(item) if item else None

    def end_session(self, location: str, session: ObjectId) -> None:
        """A session goes on no more at the Location."""
        self._table.delete(keys.ongoing_session(location, session.text))

    def forget_profile(self, location: str, session: ObjectId) -> None:
        """A session is over: no charge point obeys its profile any more."""
        self._table.delete(keys.session_profile(location, session.text))

    # Charging profiles

    def profile(self, location: str, session: str) -> ProfileState | None:
        """What is known of a session's charging profile."""
        item = self._table.get(keys.session_profile(location, session))
        return _profile(item) if item else None

    def change_profile(
        self, location: str, session: str, change: Callable[[ProfileState], ProfileState | None]
    ) -> ProfileState | None:
        """Change what is known of a session's profile, starting anew when someone else changed it meanwhile.

        Returns the new state; None if `change` wanted none.
        """
        key = keys.session_profile(location, session)
        for _ in attempts():
            item = self._table.get(key)
            state = change(_profile(item) if item else ProfileState())
            if state is None:
                return None
            new = _profile_item(state)
            unchanged = "revision = :read" if item else "attribute_not_exists(pk)"
            try:
                self._table.put(key, new, unchanged, {":read": item["revision"]} if item else None)
            except Conflict:
                continue
            return state
        return None

    def pend(self, lease: Lease, wanted: Sequence[Pending], now: datetime) -> Iterator[Sequence[Pending]]:
        """Note requests for charging profiles as pending, some at a time, as long as the site is the holder's.

        Yields those that are noted and may be sent; left out are sessions whose profile was changed by somebody else
        since it was read.

        Raises:
            LeaseLost: the site is somebody else's by now; nothing more was noted.
            Busy: others write the profiles all the time.
        """
        for batch in batched(wanted, PENDED_AT_ONCE, strict=False):
            yield self._pend(lease, batch, now)

    def _pend(self, lease: Lease, batch: Sequence[Pending], now: datetime) -> Sequence[Pending]:
        actions = [action for each in batch for action in self._pend_actions(each, now)]
        if self._transact_as(lease, actions):
            return batch
        if len(batch) == 1:
            return ()
        middle = len(batch) // 2
        return [*self._pend(lease, batch[:middle], now), *self._pend(lease, batch[middle:], now)]

    def _pend_actions(self, pending: Pending, now: datetime) -> "Iterator[TransactWriteItemTypeDef]":
        request, read = pending.request, pending.revision
        yield self._table.put_action(
            keys.profile_request(pending.request_id),
            request.model_dump() | {"expires_at": int((now + REQUESTS_KEPT).timestamp())},
        )
        yield self._table.put_action(
            keys.session_profile(request.location, request.session),
            _profile_item(pending.state),
            "revision = :read" if read else "attribute_not_exists(pk)",
            {":read": read} if read else None,
        )

    def _transact_as(self, lease: Lease, actions: "Sequence[TransactWriteItemTypeDef]") -> bool:
        """Write all or nothing; returns whether the conditions held.

        Raises:
            LeaseLost: the site is somebody else's by now.
        """
        for _ in attempts():
            try:
                self._table.transact([self.leases.check(lease), *actions])
            except Busy:
                continue
            except Conflict:
                if not self.leases.holds(lease):
                    raise LeaseLost from None
                return False
            return True
        raise AssertionError  # attempts() raises Busy

    def request(self, request_id: str) -> ProfileRequest | None:
        """What a request was about."""
        item = self._table.get(keys.profile_request(request_id))
        return ProfileRequest.model_validate(item) if item else None

    # Plans and runs

    def plan(self, site_id: str) -> wire.JsonObject | None:
        """The plan in force; None if there is none, or none that can be read."""
        head = self._table.get(keys.site_plan(site_id))
        try:
            outcome = self.outcome(site_id, head["run"]) if head else None
            found = outcome["plan"] if outcome else None
        except (KeyError, wire.NotJson, zlib.error):
            logger.exception("the plan in force cannot be read", site_id=site_id)
            return None
        return found if isinstance(found, dict) else None

    def put_plan(self, lease: Lease, run: str) -> None:
        """The plan in force is now that of this run.

        Raises:
            LeaseLost: the site is somebody else's by now.
        """
        self._transact_as(lease, [self._table.put_action(keys.site_plan(lease.site_id), {"run": run})])

    def keep_inputs(self, site_id: str, run: str, document: bytes, now: datetime) -> None:
        """Keep what a run has read."""
        self._put_parts(site_id, run, "inputs", document, now)

    def keep_outcome(self, site_id: str, run: str, document: bytes, now: datetime) -> None:
        """Keep what came of a run."""
        self._put_parts(site_id, run, "outcome", document, now)

    def inputs(self, site_id: str, run: str) -> bytes | None:
        """What a run had read, as it was kept."""
        return self._parts(site_id, run, "inputs")

    def outcome(self, site_id: str, run: str) -> wire.JsonObject | None:
        """What came of a run."""
        document = self._parts(site_id, run, "outcome")
        return wire.loads_object(document) if document else None

    def _put_parts(self, site_id: str, run: str, kind: str, document: bytes, now: datetime) -> None:
        """Store a document of any size, compressed; each part says how many there are."""
        compressed = zlib.compress(document)
        parts = [compressed[start : start + PART_BYTES] for start in range(0, len(compressed), PART_BYTES)]
        expires_at = int((now + RUNS_KEPT).timestamp())
        for number, part in enumerate(parts):
            item: Item = {"part": part, "parts": len(parts), "expires_at": expires_at}
            self._table.put(keys.run_part(site_id, run, kind, number), item)

    def _parts(self, site_id: str, run: str, kind: str) -> bytes | None:
        items = list(self._table.query(keys.run_parts(site_id, run, kind)))
        if not items or len(items) < items[0]["parts"]:
            return None
        return zlib.decompress(b"".join(item["part"].value for item in items))

    def put_run(self, site_id: str, run: str, record: object, now: datetime) -> None:
        """Keep the record of a run."""
        item: Item = {
            "document": wire.dumps(record).decode(),
            "expires_at": int((now + RUNS_KEPT).timestamp()),
        }
        self._table.put(keys.site_run(site_id, run), item)

    def runs(self, site_id: str) -> Iterator[wire.JsonObject]:
        """The records of all runs that are kept, oldest first."""
        return map(_object, self._table.query(keys.site_runs(site_id)))

    def last_run(self, site_id: str, moment: datetime) -> Run | None:
        """The last run in the second of `moment` or before; None if none is kept."""
        item = self._table.last(keys.site_runs(site_id), f"{format_datetime(moment.replace(microsecond=0))}~")
        return Run(item["sk"], _object(item)) if item else None


def run_id(moment: datetime) -> str:
    """An id for a run of this time, in whole seconds; ids are in the order of time."""
    return f"{format_datetime(moment)}#{uuid4().hex[:8]}"


def _profile_item(state: ProfileState) -> Item:
    return {
        "document": wire.dumps(state).decode(),
        "revision": uuid4().hex,
        "expires_at": int((clock.now() + PROFILES_KEPT).timestamp()),
    }


def _where(session: wire.JsonObject) -> wire.JsonObject:
    """All that counts of a session whose profile cannot be read."""
    return {name: session[name] for name in ("evse_uid", "connector_id") if name in session}


def _object(item: Item) -> wire.JsonObject:
    return wire.loads_object(item["document"])


def _profile(item: Item) -> ProfileState:
    return ProfileState.model_validate(_object(item))
